// An empty rpc: gRPC and nothing else, the first half of what a point read is compared with. The
// same generic callback service as ours, answering on gRPC's own thread.
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <unistd.h>

#include "common/rpc/quick_mutexes.h"
#include "tests/bench/bench.h"

namespace bangfu::bench {
namespace {

class EchoReactor : public grpc::ServerGenericBidiReactor {
 public:
  EchoReactor() { StartRead(&bytes_); }
  void OnReadDone(bool ok) override {
    if (ok) {
      StartWriteAndFinish(&bytes_, grpc::WriteOptions(), grpc::Status::OK);
    } else {
      Finish(grpc::Status::OK);
    }
  }
  void OnDone() override { delete this; }

 private:
  grpc::ByteBuffer bytes_;
};

class EchoService : public grpc::CallbackGenericService {
  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext*) override {
    return new EchoReactor();
  }
};

}  // namespace

Json Echo(const Flags& flags) {
  rpc::UseQuickMutexes();
  EchoService service;
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterCallbackGenericService(&service);
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  WriteWhole(flags.Text("port-file"), std::to_string(port));
  server->Wait();  // until it is ended
  return {};
}

}  // namespace bangfu::bench

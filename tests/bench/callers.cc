#include "tests/bench/callers.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <latch>
#include <memory>
#include <mutex>
#include <vector>

#include "common/base/strings.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/grpcpp.h"
#include "grpcpp/impl/codegen/proto_utils.h"

namespace bangfu::bench {
namespace {

std::shared_ptr<grpc::ChannelCredentials> Credentials(const std::string& ca) {
  if (ca.empty()) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = ReadWhole(ca);
  return grpc::SslCredentials(options);
}

// What the callers of one load share.
struct Shared {
  Shared(const Flags& flags, int callers, const UnaryLoad& what)
      : stub(grpc::CreateChannel(flags.Text("target"), Credentials(flags.Text("ca", "")))),
        load(what),
        service(flags.Text("service", "")),
        ended(callers) {
    if (const std::string token = flags.Text("token", ""); !token.empty()) {
      authorization = Cat("Bearer ", token);
    }
  }

  grpc::GenericStub stub;
  const UnaryLoad& load;
  const std::string service;
  std::string authorization;
  int64_t limit = 0;
  double end = 0;
  std::atomic<int64_t> next{0};
  std::latch ended;
  std::mutex mu;
  std::vector<double> latencies;
};

class Caller {
 public:
  explicit Caller(Shared& shared) : shared_(shared) {}

  void Next() {
    const int64_t n = shared_.next.fetch_add(1);
    before_ = Now();
    if ((shared_.limit > 0 && n >= shared_.limit) || before_ >= shared_.end) {
      shared_.ended.count_down();
      return;
    }
    context_ = std::make_unique<grpc::ClientContext>();
    if (!shared_.authorization.empty()) {
      context_->AddMetadata("authorization", shared_.authorization);
    }
    if (!shared_.service.empty()) context_->AddMetadata("x-bangfu-service", shared_.service);
    context_->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    request_ = shared_.load.request(n);
    response_.Clear();
    shared_.stub.UnaryCall(context_.get(), shared_.load.path, grpc::StubOptions(), &request_,
                           &response_, [this](grpc::Status status) { Take(status); });
  }

 private:
  void Take(const grpc::Status& status) {
    const double latency = Now() - before_;
    shared_.load.answer(response_, status.ok() ? std::string()
                                               : Cat(static_cast<int>(status.error_code()), ": ",
                                                     status.error_message()));
    {
      std::lock_guard lock(shared_.mu);
      shared_.latencies.push_back(latency);
    }
    Next();
  }

  Shared& shared_;
  std::unique_ptr<grpc::ClientContext> context_;
  grpc::ByteBuffer request_, response_;
  double before_ = 0;
};

}  // namespace

Outcome RunCallers(const Flags& flags, int callers, double seconds, int64_t limit, CpuClock& cpu,
                   const UnaryLoad& load) {
  Shared shared(flags, callers, load);
  shared.limit = limit;
  std::deque<Caller> all;
  for (int i = 0; i < callers; ++i) all.emplace_back(shared);
  cpu.Restart();
  const double start = Now();
  shared.end = start + seconds;
  for (Caller& caller : all) caller.Next();
  shared.ended.wait();
  Outcome outcome;
  outcome.seconds = Now() - start;
  outcome.cpu = cpu.Used();
  outcome.latencies = std::move(shared.latencies);
  std::sort(outcome.latencies.begin(), outcome.latencies.end());
  outcome.calls = static_cast<int64_t>(outcome.latencies.size());
  return outcome;
}

grpc::ByteBuffer ToBytes(const google::protobuf::Message& message) {
  const std::string text = message.SerializeAsString();
  const grpc::Slice slice(text);
  return grpc::ByteBuffer(&slice, 1);
}

bool FromBytes(grpc::ByteBuffer& bytes, google::protobuf::Message* message) {
  return grpc::GenericDeserialize<grpc::ProtoBufferReader, google::protobuf::Message>(&bytes,
                                                                                      message)
      .ok();
}

}  // namespace bangfu::bench

#include "tests/bench/callers.h"

#include <algorithm>
#include <deque>
#include <memory>
#include <optional>
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
  Shared(const Flags& flags, const UnaryLoad& what)
      : stub(grpc::CreateChannel(flags.Text("target"), Credentials(flags.Text("ca", "")))),
        load(what),
        service(flags.Text("service", "")) {
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
  int64_t next = 0;
  std::vector<double> latencies;
};

class Caller {
 public:
  Caller(Shared& shared, grpc::CompletionQueue& answers) : shared_(shared), answers_(answers) {}

  // Sends the next call; false when there is none.
  bool Next() {
    const int64_t n = shared_.next++;
    before_ = Now();
    if ((shared_.limit > 0 && n >= shared_.limit) || before_ >= shared_.end) return false;
    context_.emplace();
    if (!shared_.authorization.empty()) {
      context_->AddMetadata("authorization", shared_.authorization);
    }
    if (!shared_.service.empty()) context_->AddMetadata("x-bangfu-service", shared_.service);
    context_->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    response_.Clear();
    call_ = shared_.stub.PrepareUnaryCall(&*context_, shared_.load.path, shared_.load.request(n),
                                          &answers_);
    call_->StartCall();
    call_->Finish(&response_, &status_, this);
    return true;
  }

  void Take() {
    shared_.latencies.push_back(Now() - before_);
    shared_.load.answer(response_, status_.ok() ? std::string()
                                                : Cat(static_cast<int>(status_.error_code()), ": ",
                                                      status_.error_message()));
  }

 private:
  Shared& shared_;
  grpc::CompletionQueue& answers_;
  std::optional<grpc::ClientContext> context_;
  std::unique_ptr<grpc::GenericClientAsyncResponseReader> call_;
  grpc::ByteBuffer response_;
  grpc::Status status_;
  double before_ = 0;
};

}  // namespace

Outcome RunCallers(const Flags& flags, int callers, double seconds, int64_t limit, CpuClock& cpu,
                   const UnaryLoad& load) {
  Shared shared(flags, load);
  shared.limit = limit;
  grpc::CompletionQueue answers;
  std::deque<Caller> all;
  for (int i = 0; i < callers; ++i) all.emplace_back(shared, answers);
  cpu.Restart();
  const double start = Now();
  shared.end = start + seconds;
  int under_way = 0;
  for (Caller& caller : all) under_way += caller.Next();
  void* who = nullptr;
  bool ok = false;
  while (under_way > 0 && answers.Next(&who, &ok)) {
    auto* caller = static_cast<Caller*>(who);
    caller->Take();
    if (!caller->Next()) --under_way;
  }
  Outcome outcome;
  outcome.seconds = Now() - start;
  outcome.cpu = cpu.Used();
  answers.Shutdown();
  while (answers.Next(&who, &ok)) {
  }
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

// The way of a request, as one ordered list of stages (pipeline.cc). The transport (server.cc)
// knows gRPC and no rules; the pipeline knows the rules and no gRPC.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/auth/authenticator.h"
#include "common/base/clock.h"
#include "common/base/ulid.h"
#include "common/contract/access.h"
#include "common/contract/validator.h"
#include "common/metrics/metrics.h"
#include "common/rpc/call_context.h"
#include "common/rpc/lanes.h"
#include "common/rpc/router.h"
#include "common/trace/trace.h"

namespace bangfu::rpc {

// One rpc as served: the contract's word on it and the handler.
struct Method {
  std::string name;  // "bangfu.registry.v1.ProjectService.GetProject"
  contract::Method contract;
  std::vector<auth::Role> roles;
  std::vector<std::string> clauses;  // of the policy, which it serves; none: not narrowed
  Handler handler;
  const contract::Validator* validator = nullptr;
  const google::protobuf::FieldDescriptor* request_id = nullptr;  // for the log
  Lane* lane = nullptr;
  mutable metrics::Histogram latency;  // a handle: observing changes nothing here

  metrics::Counter& CodeCounter(absl::StatusCode code, metrics::Registry& metrics) const;

 private:
  mutable std::array<std::once_flag, 17> code_once_;
  mutable std::array<metrics::Counter, 17> codes_;
};

// What the pipeline asks of the wire.
class Transport {
 public:
  virtual ~Transport() = default;
  virtual bool Parse(google::protobuf::Message* request) = 0;
  virtual bool Cancelled() const = 0;
};

// One call on its way.
struct Call {
  const Method* method = nullptr;
  Transport* transport = nullptr;
  // Facts of the wire.
  std::string token;        // without "Bearer "
  std::string certificate;  // whose certificate the connection showed, verified; empty: none
  std::string traceparent;
  std::string client_ip;
  std::string source_system;
  absl::Time received;                           // real time
  absl::Time deadline = absl::InfiniteFuture();  // the client's; InfiniteFuture: none given
  // Results of stages.
  trace::TraceContext trace;
  auth::Caller caller;
  auth::RegionScope scope;
  int64_t grants_version = 0;                        // of the grants that were looked at
  absl::Time grants_until = absl::InfiniteFuture();  // when one of them begins or ends
  std::unique_ptr<google::protobuf::Message> request;
  std::unique_ptr<google::protobuf::Message> response;
  SubscriptionStep step;      // of a server stream, once it is set up
  std::unique_ptr<Call> now;  // of a source: who the caller is now, beside who began it
  std::string incident;       // the number under which a masked error is in the log
};

struct PipelineOptions {
  absl::Duration default_deadline = absl::Seconds(30);
  absl::Duration default_long_deadline = absl::Minutes(30);
  // Asked before each write: refuses it while the service is frozen (maintenance, restore) or must
  // not go by what it has copied. Must be quick.
  std::function<absl::Status()> takes_writes;
  // What people and client certificates may do; null: only what tokens say. Outlives the pipeline.
  const auth::GrantSource* grants = nullptr;
};

class Pipeline {
 public:
  // `clock` gives CallContext.now and judges tokens; deadlines are real time. All must outlive the
  // pipeline.
  Pipeline(PipelineOptions options, const Clock& clock, UlidGenerator& ids,
           auth::Authenticator& authenticator, metrics::Registry& metrics);

  // Takes every rpc of `services` with its handler from `router`. FAILED_PRECONDITION that names
  // everything wrong at once: an rpc without handler, access rule or compilable field rules, other
  // types than the contract's, a client stream, a handler of no served rpc.
  absl::Status Build(const Router& router, const std::vector<std::string>& services,
                     const std::function<Lane*(const contract::Method&)>& lane_of);

  // "/bangfu.registry.v1.ProjectService/GetProject"; nullptr when it is not served.
  const Method* Find(std::string_view path) const;
  const std::vector<std::string>& services() const { return services_; }

  // On the transport's thread, before the body is read; never waits on anything.
  absl::Status Admit(Call& call) const;
  // Hands the call to its lane; refused at once when there is no room. `run` executes on a worker.
  absl::Status Limit(const Call& call, Lane::Task run) const;
  // The same for a call of a method whose waiting calls are answered together.
  absl::Status LimitTogether(const Call& call, std::shared_ptr<Lane::Piece> piece) const;
  // On a worker: everything up to the answer in call.response, or call.step of a server stream.
  absl::Status Execute(Call& call, mysql::Session& session) const;
  // On a worker: the same for calls of one method with `together`; their outcomes in order.
  std::vector<absl::Status> ExecuteTogether(const std::vector<Call*>& calls,
                                            mysql::Session& session) const;
  // On a worker: one step of a subscription, or one message of a source.
  absl::StatusOr<Next> Step(Call& call, mysql::Session& session, const WriteMessage& write) const;
  // Once per call, last: what the caller may see of the outcome.
  absl::Status Finish(Call& call, absl::Status outcome) const;

  metrics::Registry& metrics() const { return metrics_; }

 private:
  friend struct Stages;
  CallContext MakeContext(Call& call, mysql::Session& session) const;

  const PipelineOptions options_;
  const Clock& clock_;
  UlidGenerator& ids_;
  auth::Authenticator& authenticator_;
  metrics::Registry& metrics_;
  std::map<std::string, std::unique_ptr<Method>, std::less<>> methods_;  // by path
  std::vector<std::string> services_;
};

}  // namespace bangfu::rpc

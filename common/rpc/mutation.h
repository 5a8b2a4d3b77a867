// The shape of every mutation: one transaction with the idempotency row, the writes, the audit rows
// and the feed rows (architecture: "the way of a request", step 5).
#pragma once

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "common/audit/audit.h"
#include "common/feed/outbox.h"
#include "common/idempotency/idempotency.h"
#include "common/rpc/call_context.h"
#include "google/protobuf/message.h"

namespace bangfu::rpc {

// What a mutation's body works with; made anew each time the body runs.
class Mutation {
 public:
  Mutation(CallContext& context, mysql::Tx& tx, std::string_view request_id)
      : context_(context), tx_(tx), request_id_(request_id) {}
  mysql::Tx& tx() { return tx_; }
  CallContext& context() { return context_; }

  // One audit row in the aggregate's hash chain, under the grant by which the caller may act at
  // `region_path`. `before` may be null (creation).
  absl::Status Audit(std::string_view aggregate_type, const Ulid& id, std::string_view region_path,
                     const google::protobuf::Message* before,
                     const google::protobuf::Message& after, std::string_view reason = "");
  // One event, carrying the state after the change. After the aggregate's own row was written.
  absl::Status Publish(std::string_view aggregate_type, const Ulid& id,
                       std::string_view region_path, const google::protobuf::Message& state);
  // The entry that Audit appends: for bulk work, which appends them together.
  audit::Entry EntryFor(std::string_view aggregate_type, const Ulid& id,
                        std::string_view region_path, const google::protobuf::Message* before,
                        const google::protobuf::Message& after, std::string_view reason = "") const;
  // Who acts, and under which grant: for rows that name a person.
  audit::Actor ActorAt(std::string_view region_path) const;
  const std::string& request_id() const { return request_id_; }

 private:
  CallContext& context_;
  mysql::Tx& tx_;
  const std::string request_id_;
};

// Runs `body` once per request_id of this caller and method. A repeated request gives the stored
// answer; the same id with another body is INVALID_ARGUMENT REQUEST_ID_REUSED; failures are not
// stored. A request that has `validate_only` set is checked in full and rolled back, nothing
// stored. The body may run more than once (deadlock, lost connection) and keeps no state outside
// itself.
//
//   return Mutate<Project>(context, request,
//                          [&](Mutation& m) -> absl::StatusOr<Project> { … });
template <typename Response, typename Request, typename F>
absl::StatusOr<Response> Mutate(CallContext& context, const Request& request, F body);

}  // namespace bangfu::rpc

#include "common/rpc/mutation_inl.h"

#include "common/rpc/mutation.h"

#include <optional>

#include "common/rpc/actor.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace bangfu::rpc {
namespace {

// "bangfu.registry.v1.ProjectService.UpdateProject" -> "ProjectService.UpdateProject"
std::string_view ActionOf(std::string_view method) {
  const size_t last = method.rfind('.');
  if (last == std::string_view::npos || last == 0) return method;
  const size_t before = method.rfind('.', last - 1);
  return before == std::string_view::npos ? method : method.substr(before + 1);
}

}  // namespace

audit::Actor Mutation::ActorAt(std::string_view region_path) const {
  return ActorOf(context_.caller, context_.roles, region_path);
}

audit::Entry Mutation::EntryFor(std::string_view aggregate_type, const Ulid& id,
                                std::string_view region_path,
                                const google::protobuf::Message* before,
                                const google::protobuf::Message& after,
                                std::string_view reason) const {
  audit::Entry entry;
  entry.aggregate_type = aggregate_type;
  entry.aggregate_id = id;
  entry.region_path = region_path;
  entry.action = ActionOf(context_.method);
  entry.actor = ActorAt(region_path);
  if (before != nullptr) entry.before_json = audit::ToJson(*before);
  entry.after_json = audit::ToJson(after);
  entry.reason = reason;
  entry.request_id = request_id_;
  entry.source_system = context_.caller.source_system;
  entry.client_ip = context_.caller.client_ip;
  entry.occurred_at = context_.now;
  return entry;
}

absl::Status Mutation::Audit(std::string_view aggregate_type, const Ulid& id,
                             std::string_view region_path, const google::protobuf::Message* before,
                             const google::protobuf::Message& after, std::string_view reason) {
  return audit::Append(tx_, EntryFor(aggregate_type, id, region_path, before, after, reason));
}

absl::Status Mutation::Publish(std::string_view aggregate_type, const Ulid& id,
                               std::string_view region_path,
                               const google::protobuf::Message& state) {
  return feed::Publish(tx_, feed::MakeEvent(aggregate_type, id, region_path, state, context_.now));
}

namespace internal {

absl::Status RunMutation(CallContext& context, const google::protobuf::Message& request,
                         const std::string& request_id, bool validate_only,
                         google::protobuf::Message* response,
                         const std::function<absl::Status(Mutation&)>& body) {
  const idempotency::Key key{context.caller.subject, context.method, request_id};
  const std::string body_bytes = idempotency::BodyBytes(request);
  bool checked_only = false;
  const auto run = [&](mysql::Tx& tx) -> absl::Status {
    checked_only = false;
    response->Clear();
    if (!validate_only) {
      ASSIGN_OR_RETURN(std::optional<std::string> stored,
                       idempotency::Begin(tx, key, body_bytes, context.now));
      if (stored) {
        return response->ParseFromString(*stored)
                   ? absl::OkStatus()
                   : absl::DataLossError("a stored answer is no message of its type");
      }
    }
    Mutation mutation(context, tx, request_id);
    RETURN_IF_ERROR(body(mutation));
    if (validate_only) {
      // Everything was done, so everything was checked; the error makes it undone.
      checked_only = true;
      return absl::CancelledError("validate_only");
    }
    return idempotency::Complete(tx, key, response->SerializeAsString());
  };
  absl::Status status = mysql::Transact(context.db, run);
  // The connection broke during COMMIT: the idempotency row knows whether it came through, and the
  // whole runs again if it did not.
  for (int again = 0; again < 2 && ReasonOf(status) == "COMMIT_UNKNOWN"; ++again) {
    status = mysql::Transact(context.db, run);
  }
  if (checked_only && absl::IsCancelled(status)) return absl::OkStatus();
  return status;
}

}  // namespace internal
}  // namespace bangfu::rpc

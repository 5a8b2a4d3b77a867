// One step over some evaluations, as every transition of their life is taken: loaded and locked,
// asked of the table, and written with trail, events and work.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "bangfu/evaluation/v1/evaluation.pb.h"
#include "bangfu/type/v1/common.pb.h"
#include "common/audit/audit.h"
#include "common/auth/caller.h"
#include "common/base/clock.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"
#include "common/rpc/call_context.h"
#include "common/rpc/mutation.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/workflow/proto.h"
#include "services/evaluation/api/actors.h"
#include "services/evaluation/domain/evaluation_actions.h"
#include "services/evaluation/facts/grant_scope.h"
#include "services/evaluation/jobs/outstanding_work.h"
#include "services/evaluation/store/evaluation_store.h"
#include "services/evaluation/store/subject_store.h"

namespace bangfu::evaluation {

// One evaluation in a step. A refused one is left as it stands.
struct Item {
  EvaluationRow row;
  v1::Evaluation before;
  v1::Evaluation message;
  SubjectRow subject;
  EvaluationSubject view;
  absl::Status refusal;
  auth::Facets acted_on;  // what the grant of the step's action has to cover
  bool changed = false;
};

struct StepNeeds {
  bool anywhere = false;         // the caller was let in by another record's region
  bool subjects_locked = false;  // the step changes what is in force
  bool arguments = false;
  std::optional<Ulid> argument_id;  // named by the request
};

// The evaluations of a step, locked (subjects first, where they are), with what the guards look at.
class Step {
 public:
  Step(rpc::Mutation& m, absl::CivilDay today) : m_(m), today_(today) {}

  absl::Status Load(const std::vector<Ulid>& ids, const StepNeeds& needs);

  // nullptr: not there, or not in scope.
  Item* Find(const Ulid& id) {
    auto it = items_.find(id);
    if (it == items_.end()) return nullptr;
    return auth::InScope(m_.context().scope, it->second.row.region_path) ? &it->second : nullptr;
  }
  // An evaluation that was locked along with the others.
  Item* FindLocked(const Ulid& id) {
    auto it = items_.find(id);
    return it == items_.end() ? nullptr : &it->second;
  }

  // Asks the table; on a refusal the item keeps it.
  bool May(Item& item, std::string_view action);

  // The roles of those grants of the caller that cover what the step is about.
  workflow::Actor ActorOn(const Item& item) const {
    return workflow::ActorAt(m_.context().caller, item.row.region_path, item.acted_on);
  }

  type::v1::Actor ActorFor(const Item& item) const { return ToMessage(ActingOn(item)); }

  // The caller under the grant that covers what the step is about.
  audit::Actor ActingOn(const Item& item) const;

  // Rows, trail and events of all that changed.
  absl::Status Write(std::string_view reason);

  rpc::Mutation& mutation() { return m_; }
  absl::CivilDay today() const { return today_; }
  std::map<Ulid, Item>& items() { return items_; }
  // As loaded: of those that the step locked, what is in force until it changes it.
  const SubjectMap& subjects() const { return subjects_; }
  // What is outstanding otherwise by the step: told by it, written with the rest.
  OutstandingChanges& outstanding() { return outstanding_; }

 private:
  rpc::Mutation& m_;
  const absl::CivilDay today_;
  std::string action_ = "publicity";  // the one that was taken; else the publicity's own end
  SubjectMap subjects_;
  GrantScope scope_;
  std::map<Ulid, Item> items_;
  OutstandingChanges outstanding_;
};

inline absl::CivilDay Today(const rpc::CallContext& context) { return ShanghaiDay(context.now); }

// As FillAllowedActions, read by `db`: within a step, by its transaction.
absl::Status FillActions(mysql::Executor& db, const rpc::CallContext& context,
                         const std::vector<v1::Evaluation*>& evaluations);

// A step of one evaluation: load, check the etag, let `act` do it, write, and show the result.
template <typename Request>
absl::StatusOr<v1::Evaluation> One(rpc::CallContext& context, const Request& request,
                                   const std::string& etag, const StepNeeds& needs,
                                   const std::function<absl::Status(Step&, Item&)>& act,
                                   std::string_view reason = "") {
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(request.id()));
  return rpc::Mutate<v1::Evaluation>(context, request,
                                     [&](rpc::Mutation& m) -> absl::StatusOr<v1::Evaluation> {
                                       Step step(m, Today(context));
                                       RETURN_IF_ERROR(step.Load({id}, needs));
                                       Item* item = step.Find(id);
                                       if (item == nullptr)
                                         return NotFound("evaluation", request.id());
                                       if (!etag.empty() && etag != item->message.etag())
                                         return EtagMismatch();
                                       RETURN_IF_ERROR(act(step, *item));
                                       if (!item->refusal.ok()) return item->refusal;
                                       RETURN_IF_ERROR(step.Write(reason));
                                       v1::Evaluation message = item->message;
                                       RETURN_IF_ERROR(FillActions(m.tx(), context, {&message}));
                                       return message;
                                     });
}

inline absl::StatusOr<std::optional<Ulid>> OptionalId(const std::string& text) {
  if (text.empty()) return std::optional<Ulid>();
  ASSIGN_OR_RETURN(Ulid id, Ulid::Parse(text));
  return std::optional<Ulid>(id);
}

}  // namespace bangfu::evaluation

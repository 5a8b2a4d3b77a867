#include "services/evaluation/api/lifecycle_step.h"

#include <utility>

#include "bangfu/evaluation/v1/events.pb.h"
#include "common/base/strings.h"
#include "common/feed/outbox.h"
#include "common/inbox/service.h"
#include "common/rpc/actor.h"
#include "services/evaluation/api/lifecycle_api.h"
#include "services/evaluation/api/trail.h"
#include "services/evaluation/convert/evaluation_message.h"
#include "services/evaluation/convert/evaluation_subject.h"
#include "services/evaluation/facts/work_calendar.h"
#include "services/evaluation/jobs/evaluation_work.h"
#include "services/evaluation/store/argument_store.h"
#include "services/evaluation/store/lifecycle_store.h"

namespace bangfu::evaluation {

using rpc::CallContext;

absl::Status Step::Load(const std::vector<Ulid>& ids, const StepNeeds& needs) {
  const CallContext& context = m_.context();
  // Which subject an evaluation is of never changes, so it may be read before the lock.
  ASSIGN_OR_RETURN(
      std::vector<EvaluationRow> found,
      GetEvaluations(m_.tx(), ids, needs.anywhere ? RegionScopes() : RegionScopes(context.scope)));
  std::vector<Ulid> subject_ids;
  for (const EvaluationRow& row : found) subject_ids.push_back(row.subject_id);
  if (needs.subjects_locked) {
    ASSIGN_OR_RETURN(subjects_, LockSubjects(m_.tx(), subject_ids));
  } else {
    ASSIGN_OR_RETURN(subjects_, LoadSubjects(m_.tx(), subject_ids, std::nullopt));
  }
  ASSIGN_OR_RETURN(scope_, GrantScope::Load(m_.tx(), context.caller, subject_ids, today_));
  std::vector<Ulid> locked_ids;
  for (const EvaluationRow& row : found) locked_ids.push_back(row.id);
  if (needs.subjects_locked) {
    for (const auto& [id, s] : subjects_) {
      if (s.effective_evaluation_id) locked_ids.push_back(*s.effective_evaluation_id);
    }
  }
  ASSIGN_OR_RETURN(std::vector<EvaluationRow> locked,
                   LockEvaluations(m_.tx(), locked_ids, std::nullopt));
  std::vector<ArgumentRow> arguments;
  std::optional<ArgumentRow> named;
  if (needs.argument_id) {
    ASSIGN_OR_RETURN(named, GetArgument(m_.tx(), *needs.argument_id, context.scope));
  }
  if (named || needs.arguments) {
    ASSIGN_OR_RETURN(arguments, LoadArguments(m_.tx(), subject_ids));
  }
  for (EvaluationRow& row : locked) {
    Item item;
    item.row = std::move(row);
    ASSIGN_OR_RETURN(item.message, ToMessage(item.row));
    item.before = item.message;
    if (auto s = subjects_.find(item.row.subject_id); s != subjects_.end()) {
      item.subject = s->second;
    }
    item.view = ToDomain(item.message, today_);
    item.view.subject_void = item.subject.is_void;
    item.view.subject_unverified = IsUnverified(item.subject);
    item.view.newer_effective =
        item.subject.effective_evaluation_id && *item.subject.effective_evaluation_id > item.row.id;
    if (named) {
      ASSIGN_OR_RETURN(item.view.argument, NamedArgument(*named, arguments));
    } else if (const ArgumentRow* argument = ArgumentFor(arguments, item.row.subject_id, "")) {
      ASSIGN_OR_RETURN(item.view.argument, ToDomain(*argument));
    }
    item.acted_on = scope_.Of(item.row.subject_id);
    Ulid id = item.row.id;
    items_.emplace(id, std::move(item));
  }
  return absl::OkStatus();
}

bool Step::May(Item& item, std::string_view action) {
  // A signature is for the money of its department, the other steps for the subject's.
  if (action == "sign") {
    item.acted_on = scope_.OfSigning(item.row.subject_id, item.view.department);
  }
  const workflow::Actor actor = ActorOn(item);
  absl::StatusOr<Phase> next = EvaluationTable().Execute(item.view, action, actor);
  if (!next.ok()) {
    item.refusal = next.status();
    return false;
  }
  item.message.set_state(static_cast<v1::EvaluationState>(*next));
  item.changed = true;
  action_ = action;
  return true;
}

audit::Actor Step::ActingOn(const Item& item) const {
  const CallContext& context = m_.context();
  return rpc::ActorOf(context.caller, context.roles, item.row.region_path, item.acted_on);
}

absl::Status Step::Write(std::string_view reason) {
  std::vector<EvaluationRow*> rows;
  std::vector<Item*> changed;
  for (auto& [id, item] : items_) {
    if (!item.changed) continue;
    StoreMessage(item.message, item.row);
    rows.push_back(&item.row);
    changed.push_back(&item);
  }
  RETURN_IF_ERROR(UpdateEvaluations(m_.tx(), rows));
  std::vector<audit::Entry> trail;
  std::vector<feed::OutboxEvent> events;
  for (Item* item : changed) {
    item->message.set_etag(Cat(item->row.version));
    audit::Entry& entry = trail.emplace_back(TrailOfCaller(m_, item->row.region_path));
    entry.actor = ActingOn(*item);
    entry.aggregate_type = kEvaluationAggregate;
    entry.aggregate_id = item->row.id;
    entry.region_path = item->row.region_path;
    entry.before_json = audit::ToJson(item->before);
    entry.after_json = audit::ToJson(item->message);
    entry.reason = reason;
    v1::EvaluationChanged event;
    *event.mutable_evaluation() = item->message;
    events.push_back(feed::MakeEvent(kEvaluationAggregate, item->row.id, item->row.region_path,
                                     event, m_.context().now));
  }
  if (!trail.empty()) RETURN_IF_ERROR(audit::AppendBatch(m_.tx(), trail));
  RETURN_IF_ERROR(feed::PublishBatch(m_.tx(), events));
  std::vector<EvaluationWork> works;
  for (Item* item : changed) {
    works.push_back(WorkOf(item->row, item->message, item->subject));
  }
  const inbox::Act act = inbox::ActOf(m_, action_, WorkCalendar);
  RETURN_IF_ERROR(SyncEvaluations(m_.tx(), works, act));
  return outstanding_.Sync(m_.tx(), act);
}

}  // namespace bangfu::evaluation

#include "services/evaluation/api/lifecycle_api.h"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "bangfu/evaluation/v1/evaluation_service.pb.h"
#include "bangfu/evaluation/v1/events.pb.h"
#include "bangfu/registry/v1/reference.pb.h"
#include "common/base/digest.h"
#include "common/base/strings.h"
#include "common/blob/service.h"
#include "common/feed/outbox.h"
#include "common/inbox/service.h"
#include "common/publicity/publicity.h"
#include "common/rpc/actor.h"
#include "common/rpc/bulk.h"
#include "common/rpc/covering.h"
#include "common/rpc/mutation.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/workflow/proto.h"
#include "services/evaluation/api/actors.h"
#include "services/evaluation/api/deps.h"
#include "services/evaluation/api/grant_scope.h"
#include "services/evaluation/api/trail.h"
#include "services/evaluation/convert/evaluation_message.h"
#include "services/evaluation/convert/evaluation_subject.h"
#include "services/evaluation/domain/evaluation_actions.h"
#include "services/evaluation/facts/departments.h"
#include "services/evaluation/facts/measure_codes.h"
#include "services/evaluation/facts/parameters.h"
#include "services/evaluation/facts/work_calendar.h"
#include "services/evaluation/jobs/evaluation_work.h"
#include "services/evaluation/jobs/ledger_entries.h"
#include "services/evaluation/jobs/ledger_work.h"
#include "services/evaluation/store/evaluation_store.h"
#include "services/evaluation/store/fact_store.h"
#include "services/evaluation/store/lifecycle_store.h"
#include "services/evaluation/store/reference_store.h"
#include "services/evaluation/store/subject_store.h"

namespace bangfu::evaluation {

namespace {

using rpc::CallContext;
using rpc::Mutation;

// --- a step over some evaluations
// ------------------------------------------------------------------

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
  Step(Mutation& m, absl::CivilDay today) : m_(m), today_(today) {}

  absl::Status Load(const std::vector<Ulid>& ids, const StepNeeds& needs) {
    const CallContext& context = m_.context();
    // Which subject an evaluation is of never changes, so it may be read before the lock.
    ASSIGN_OR_RETURN(std::vector<EvaluationRow> found,
                     GetEvaluations(m_.tx(), ids,
                                    needs.anywhere ? RegionScopes() : RegionScopes(context.scope)));
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
    std::map<Ulid, ArgumentRow> newest;
    std::optional<ArgumentRow> named;
    if (needs.argument_id) {
      ASSIGN_OR_RETURN(named, GetArgument(m_.tx(), *needs.argument_id, context.scope));
    } else if (needs.arguments) {
      ASSIGN_OR_RETURN(std::vector<ArgumentRow> rows, LoadArguments(m_.tx(), subject_ids));
      for (ArgumentRow& row : rows) {
        Ulid subject = row.subject_id;
        newest.try_emplace(subject, std::move(row));
      }
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
      item.view.newer_effective = item.subject.effective_evaluation_id &&
                                  *item.subject.effective_evaluation_id > item.row.id;
      if (named) {
        ASSIGN_OR_RETURN(item.view.argument, ToDomain(*named));
      } else if (auto a = newest.find(item.row.subject_id); a != newest.end()) {
        ASSIGN_OR_RETURN(item.view.argument, ToDomain(a->second));
      }
      item.acted_on = scope_.Of(item.row.subject_id);
      Ulid id = item.row.id;
      items_.emplace(id, std::move(item));
    }
    return absl::OkStatus();
  }

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
  bool May(Item& item, std::string_view action) {
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

  // The roles of those grants of the caller that cover what the step is about.
  workflow::Actor ActorOn(const Item& item) const {
    return workflow::ActorAt(m_.context().caller, item.row.region_path, item.acted_on);
  }

  type::v1::Actor ActorFor(const Item& item) const { return ToMessage(ActingOn(item)); }

  // The caller under the grant that covers what the step is about.
  audit::Actor ActingOn(const Item& item) const {
    const CallContext& context = m_.context();
    return rpc::ActorOf(context.caller, context.roles, item.row.region_path, item.acted_on);
  }

  // Rows, trail and events of all that changed.
  absl::Status Write(std::string_view reason) {
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
    return SyncEvaluations(m_.tx(), works, inbox::ActOf(m_, action_, WorkCalendar));
  }

  Mutation& mutation() { return m_; }
  absl::CivilDay today() const { return today_; }
  std::map<Ulid, Item>& items() { return items_; }

 private:
  Mutation& m_;
  const absl::CivilDay today_;
  std::string action_ = "publicity";  // the one that was taken; else the publicity's own end
  SubjectMap subjects_;
  GrantScope scope_;
  std::map<Ulid, Item> items_;
};

// --- what each step does to the items that may take it
// -----------------------------------------------

// The departments that have to confirm; the reviewer's signature is the lead's.
absl::Status BeginJoint(Step& step, const std::vector<Item*>& items) {
  std::vector<Ulid> subjects;
  for (Item* item : items) subjects.push_back(item->row.subject_id);
  ASSIGN_OR_RETURN(auto required,
                   RequiredDepartments(step.mutation().tx(), subjects, step.today()));
  for (Item* item : items) {
    item->message.clear_joint_signatures();
    const type::v1::Actor actor = step.ActorFor(*item);
    bool missing = false;
    for (const std::string& department : required[item->row.subject_id]) {
      v1::JointSignature* j = item->message.add_joint_signatures();
      j->set_department(department);
      if (department == kLeadDepartment) {
        *j->mutable_signed_by() = actor;
        SetTime(step.mutation().context().now, j->mutable_signed_at());
      } else {
        missing = true;
      }
    }
    *item->message.mutable_reviewed_by() = actor;
    item->message.set_state(missing ? v1::EVALUATION_STATE_COUNTY_REVIEWED
                                    : v1::EVALUATION_STATE_JOINT_CONFIRMED);
  }
  return absl::OkStatus();
}

absl::Status Accept(Step& step, const std::vector<Item*>& asked) {
  std::vector<Item*> done;
  for (Item* item : asked) {
    if (!step.May(*item, "accept")) continue;
    const ArgumentRecord* argument = item->view.argument ? &*item->view.argument : nullptr;
    ASSIGN_OR_RETURN(FourClass decided, CheckAccept(item->view.computed, argument, step.today()));
    item->message.set_final_class(static_cast<type::v1::FourClass>(decided));
    // The argument that the class rests on; the others only stand by.
    if (argument != nullptr &&
        (item->view.computed.result == Result::kManualReview || decided == FourClass::kAdjust)) {
      item->message.set_argument_id(argument->id);
    }
    done.push_back(item);
  }
  return BeginJoint(step, done);
}

absl::Status Sign(Step& step, const std::vector<Item*>& asked, const std::string& department) {
  for (Item* item : asked) {
    item->view.department = department;
    if (!step.May(*item, "sign")) continue;
    bool missing = false;
    for (v1::JointSignature& j : *item->message.mutable_joint_signatures()) {
      if (j.department() == department) {
        *j.mutable_signed_by() = step.ActorFor(*item);
        SetTime(step.mutation().context().now, j.mutable_signed_at());
      }
      missing = missing || !j.has_signed_by();
    }
    if (!missing) item->message.set_state(v1::EVALUATION_STATE_JOINT_CONFIRMED);
  }
  return absl::OkStatus();
}

absl::Status Publicise(Step& step, const std::vector<Item*>& asked,
                       const std::vector<std::string>& channels, const std::string& url) {
  Mutation& m = step.mutation();
  std::vector<Item*> done;
  std::vector<Ulid> ids;
  for (Item* item : asked) {
    if (!step.May(*item, "publicise")) continue;
    done.push_back(item);
    ids.push_back(item->row.id);
  }
  if (done.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(auto hashes, ExplanationHashes(m.tx(), ids));
  publicity::NewPublicity start;
  start.subject_type = kEvaluationAggregate;
  start.kind = kClassPublicity;
  start.channels = channels;
  start.url = url;
  ASSIGN_OR_RETURN(const DaysValue days, ReadDays(m.tx(), kClassPublicityDays, false));
  start.days_required = static_cast<int>(days.days);
  if (days.working) start.day_kind = publicity::DayKind::kWorking;
  const publicity::CalendarLookup calendar = ClassPublicityOptions().calendar;
  for (Item* item : done) {
    publicity::NewPublicity one = start;
    one.region_path = item->row.region_path;
    one.subject_id = item->row.id;
    // What is shown: the explanation and the class that stands at its end.
    one.content_sha256 = Sha256Hex(Cat(
        hashes[item->row.id], "\n", EnumName(static_cast<FourClass>(item->message.final_class()))));
    const rpc::Covering covering(m, item->acted_on);
    ASSIGN_OR_RETURN(publicity::v1::Publicity started,
                     publicity::StartPublicity(covering.mutation(), std::move(one), calendar,
                                               item->message.subject_name()));
    item->message.set_publicity_id(started.id());
    item->message.set_publicity_passed(false);
  }
  return absl::OkStatus();
}

absl::Status MakeEffective(Step& step, const std::vector<Item*>& asked) {
  Mutation& m = step.mutation();
  const absl::Time now = m.context().now;
  // Each rests on the argument that it names.
  std::vector<Ulid> argument_subjects;
  for (Item* item : asked) {
    if (!item->message.argument_id().empty()) argument_subjects.push_back(item->row.subject_id);
  }
  ASSIGN_OR_RETURN(std::vector<ArgumentRow> arguments, LoadArguments(m.tx(), argument_subjects));
  std::vector<Item*> done;
  std::vector<Ulid> subjects;
  for (Item* item : asked) {
    item->view.argument.reset();
    for (const ArgumentRow& a : arguments) {
      if (a.id.ToString() != item->message.argument_id()) continue;
      ASSIGN_OR_RETURN(item->view.argument, ToDomain(a));
    }
    // Of two of one subject in one call, the newer counts.
    auto twin = std::find_if(done.begin(), done.end(), [&](Item* other) {
      return other->row.subject_id == item->row.subject_id;
    });
    if (twin != done.end()) {
      item->refusal = FailedPrecondition("NEWER_EFFECTIVE", "同一批中已有该对象的评估生效");
      continue;
    }
    if (!step.May(*item, "make_effective")) continue;
    SetTime(now, item->message.mutable_effective_at());
    done.push_back(item);
    subjects.push_back(item->row.subject_id);
  }
  if (done.empty()) return absl::OkStatus();

  const rpc::Covering covering(m, done.front()->acted_on);
  EntryChanges entries(m.tx(), AuthorOf(covering.mutation()));
  RETURN_IF_ERROR(entries.Lock(subjects));
  std::vector<EffectiveChange> effective;
  for (Item* item : done) {
    if (item->subject.effective_evaluation_id) {
      Item* earlier = step.FindLocked(*item->subject.effective_evaluation_id);
      if (earlier != nullptr && earlier->row.state == v1::EVALUATION_STATE_EFFECTIVE) {
        earlier->message.set_state(v1::EVALUATION_STATE_SUPERSEDED);
        earlier->changed = true;
      }
    }
    entries.PutInForce(item->message, item->row.id, item->subject);
    effective.push_back({item->row.subject_id, item->row.id, item->message.final_class()});
  }
  RETURN_IF_ERROR(SetEffectives(m.tx(), effective, now));
  return entries.Write();
}

// --- what the caller could do
// ---------------------------------------------------------------------

absl::CivilDay Today(const CallContext& context) { return ShanghaiDay(context.now); }

bool Decides(const v1::Evaluation& evaluation) {
  return evaluation.state() == v1::EVALUATION_STATE_COMPUTED ||
         evaluation.state() == v1::EVALUATION_STATE_OVERRIDE_PROPOSED ||
         evaluation.state() == v1::EVALUATION_STATE_PUBLICISED;
}

// Signing for any of the departments that have not signed: allowed if it is for one of them, else
// the refusal of one that the caller's role could sign for. `action`: where none is missing.
workflow::AllowedAction NearestSigning(
    const EvaluationSubject& view, workflow::AllowedAction action,
    const std::function<workflow::AllowedAction(const std::string& department)>& signing) {
  bool first = true;
  for (const DepartmentSignature& d : view.departments) {
    if (!d.person.empty()) continue;
    workflow::AllowedAction one = signing(d.department);
    if (one.allowed) return one;
    if (first || action.refusal_reason == "ROLE_NOT_ALLOWED") action = std::move(one);
    first = false;
  }
  return action;
}

absl::Status FillActions(mysql::Executor& db, const CallContext& context,
                         const std::vector<v1::Evaluation*>& evaluations) {
  // What only a state that decides looks at, for all of them at once.
  std::vector<Ulid> subject_ids;
  for (const v1::Evaluation* evaluation : evaluations) {
    if (!Decides(*evaluation)) continue;
    ASSIGN_OR_RETURN(const Ulid subject_id, Ulid::Parse(evaluation->subject_id()));
    subject_ids.push_back(subject_id);
  }
  std::vector<ArgumentRow> arguments;
  SubjectMap subjects;
  if (!subject_ids.empty()) {
    ASSIGN_OR_RETURN(arguments, LoadArguments(db, subject_ids));
    ASSIGN_OR_RETURN(subjects, LoadSubjects(db, subject_ids, std::nullopt));
  }
  std::vector<Ulid> all_ids;
  for (const v1::Evaluation* evaluation : evaluations) {
    ASSIGN_OR_RETURN(all_ids.emplace_back(), Ulid::Parse(evaluation->subject_id()));
  }
  ASSIGN_OR_RETURN(const GrantScope scope,
                   GrantScope::Load(db, context.caller, all_ids, Today(context)));
  for (size_t i = 0; i < evaluations.size(); ++i) {
    v1::Evaluation* const evaluation = evaluations[i];
    EvaluationSubject view = ToDomain(*evaluation, Today(context));
    if (Decides(*evaluation)) {
      ASSIGN_OR_RETURN(const Ulid subject_id, Ulid::Parse(evaluation->subject_id()));
      ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(evaluation->id()));
      for (const ArgumentRow& row : arguments) {
        if (row.subject_id != subject_id || (!evaluation->argument_id().empty() &&
                                             row.id.ToString() != evaluation->argument_id())) {
          continue;
        }
        ASSIGN_OR_RETURN(view.argument, ToDomain(row));
        break;
      }
      if (auto s = subjects.find(subject_id); s != subjects.end()) {
        view.subject_void = s->second.is_void;
        view.subject_unverified = IsUnverified(s->second);
        view.newer_effective =
            s->second.effective_evaluation_id && *s->second.effective_evaluation_id > id;
      }
    }
    evaluation->clear_allowed_actions();
    const auto allowed = [&](const auth::Facets& thing) {
      return EvaluationTable().Allowed(
          view, workflow::ActorAt(context.caller, evaluation->region_path(), thing));
    };
    std::vector<workflow::AllowedAction> actions = allowed(scope.Of(all_ids[i]));
    // A signature is for one department and its money, the other steps for the subject's.
    for (workflow::AllowedAction& action : actions) {
      if (action.action != "sign") continue;
      const auto signing = [&](const std::string& department) {
        view.department = department;
        workflow::AllowedAction out = action;
        for (workflow::AllowedAction& one : allowed(scope.OfSigning(all_ids[i], department))) {
          if (one.action == "sign") out = std::move(one);
        }
        view.department.clear();
        return out;
      };
      action = NearestSigning(view, std::move(action), signing);
    }
    workflow::FillAllowedActions(actions, evaluation->mutable_allowed_actions());
    // What can be put on record for the subject, told with the evaluation that wants it.
    if (Decides(*evaluation)) {
      workflow::FillAllowedActions(
          SubjectTable().Allowed(
              view.subject_void ? SubjectPhase::kVoid : SubjectPhase::kLive,
              workflow::ActorAt(context.caller, evaluation->region_path(), scope.Of(all_ids[i]))),
          evaluation->mutable_allowed_actions());
    }
  }
  return absl::OkStatus();
}

// --- handlers ---------------------------------------------------------------------------------

// A step of one evaluation: load, check the etag, let `act` do it, write, and show the result.
template <typename Request>
absl::StatusOr<v1::Evaluation> One(CallContext& context, const Request& request,
                                   const std::string& etag, const StepNeeds& needs,
                                   const std::function<absl::Status(Step&, Item&)>& act,
                                   std::string_view reason = "") {
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(request.id()));
  return rpc::Mutate<v1::Evaluation>(context, request,
                                     [&](Mutation& m) -> absl::StatusOr<v1::Evaluation> {
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

absl::StatusOr<std::optional<Ulid>> OptionalId(const std::string& text) {
  if (text.empty()) return std::optional<Ulid>();
  ASSIGN_OR_RETURN(Ulid id, Ulid::Parse(text));
  return std::optional<Ulid>(id);
}

absl::StatusOr<v1::Evaluation> AcceptEvaluation(CallContext& context,
                                                const v1::AcceptEvaluationRequest& request) {
  ASSIGN_OR_RETURN(std::optional<Ulid> argument, OptionalId(request.argument_id()));
  return One(context, request, request.etag(), {.arguments = true, .argument_id = argument},
             [](Step& step, Item& item) { return Accept(step, {&item}); });
}

absl::StatusOr<v1::Evaluation> ProposeOverride(CallContext& context,
                                               const v1::ProposeOverrideRequest& request) {
  ASSIGN_OR_RETURN(std::optional<Ulid> argument, OptionalId(request.argument_id()));
  ASSIGN_OR_RETURN(const MeasureCatalogue catalogue, LoadMeasures(context.db, Today(context)));
  const OverrideReasonDef* reason = catalogue.FindOverrideReason(request.reason_code());
  if (reason == nullptr || !reason->in_force) {
    return InvalidField("reason_code", "没有此调整理由").Build();
  }
  return One(
      context, request, request.etag(), {.arguments = true, .argument_id = argument},
      [&](Step& step, Item& item) -> absl::Status {
        v1::Override proposed;
        proposed.set_from_class(static_cast<type::v1::FourClass>(
            ClassOf(item.view.computed.result).value_or(FourClass::kUnspecified)));
        proposed.set_to_class(request.to_class());
        proposed.set_reason_code(request.reason_code());
        proposed.set_reason_text(request.reason_text());
        *proposed.mutable_evidence() = request.evidence();
        *proposed.mutable_proposed_by() = step.ActorFor(item);
        item.view.override = ToDomain(proposed);
        if (!step.May(item, "propose_override")) return absl::OkStatus();
        RETURN_IF_ERROR(blob::UseEvidence(step.mutation(), proposed.mutable_evidence(),
                                          {"evaluation", item.row.id, "ProposeOverride", "evidence",
                                           EvaluationTable().EvidenceKinds("propose_override")}));
        proposed.set_needs_city_filing(proposed.from_class() == type::v1::FOUR_CLASS_UNSPECIFIED ||
                                       proposed.to_class() < proposed.from_class());
        *item.message.mutable_override() = std::move(proposed);
        item.message.clear_argument_id();
        if (item.view.argument && (argument || request.to_class() == type::v1::FOUR_CLASS_ADJUST)) {
          item.message.set_argument_id(item.view.argument->id);
        }
        return absl::OkStatus();
      },
      request.reason_text());
}

absl::StatusOr<v1::Evaluation> ApproveOverride(CallContext& context,
                                               const v1::ApproveOverrideRequest& request) {
  return One(context, request, request.etag(), {.arguments = true},
             [&](Step& step, Item& item) -> absl::Status {
               // The argument that the proposal names, not just any.
               ASSIGN_OR_RETURN(std::optional<Ulid> named, OptionalId(item.message.argument_id()));
               item.view.argument.reset();
               if (named) {
                 ASSIGN_OR_RETURN(ArgumentRow row,
                                  GetArgument(step.mutation().tx(), *named, std::nullopt));
                 ASSIGN_OR_RETURN(item.view.argument, ToDomain(row));
               }
               if (!step.May(item, "approve_override")) return absl::OkStatus();
               const workflow::Actor actor = step.ActorOn(item);
               Override override = *item.view.override;
               override.approver_person_id = actor.subject;
               override.approver_level = ApproverLevel(actor);
               ASSIGN_OR_RETURN(OverrideDecision decision,
                                CheckOverride(item.view.computed, override,
                                              item.view.argument ? &*item.view.argument : nullptr,
                                              step.today()));
               v1::Override* stored = item.message.mutable_override();
               *stored->mutable_approved_by() = step.ActorFor(item);
               stored->set_needs_city_filing(decision.needs_city_filing);
               ASSIGN_OR_RETURN(const int64_t months,
                                ReadParameter(step.mutation().tx(), kOverrideMonths));
               SetDay(OverrideExpiry(step.today(), months), stored->mutable_expires_on());
               item.message.set_final_class(static_cast<type::v1::FourClass>(decision.four_class));
               return BeginJoint(step, {&item});
             });
}

absl::StatusOr<v1::Evaluation> RejectOverride(CallContext& context,
                                              const v1::RejectOverrideRequest& request) {
  return One(
      context, request, request.etag(), {},
      [](Step& step, Item& item) -> absl::Status {
        if (!step.May(item, "reject_override")) return absl::OkStatus();
        item.message.clear_override();
        item.message.clear_argument_id();
        return absl::OkStatus();
      },
      request.reason());
}

absl::StatusOr<v1::Evaluation> FileOverride(CallContext& context,
                                            const v1::FileOverrideRequest& request) {
  return One(context, request, request.etag(), {}, [](Step& step, Item& item) -> absl::Status {
    if (step.May(item, "file_override")) item.message.mutable_override()->set_city_filed(true);
    return absl::OkStatus();
  });
}

absl::StatusOr<v1::Evaluation> SignJointly(CallContext& context,
                                           const v1::SignJointlyRequest& request) {
  return One(context, request, request.etag(), {},
             [&](Step& step, Item& item) { return Sign(step, {&item}, request.department()); });
}

absl::StatusOr<v1::Evaluation> StartClassPublicity(CallContext& context,
                                                   const v1::StartClassPublicityRequest& request) {
  const std::vector<std::string> channels(request.channels().begin(), request.channels().end());
  return One(context, request, request.etag(), {}, [&](Step& step, Item& item) {
    return Publicise(step, {&item}, channels, request.url());
  });
}

absl::StatusOr<v1::Evaluation> MakeOneEffective(CallContext& context,
                                                const v1::MakeEffectiveRequest& request) {
  return One(context, request, request.etag(), {.subjects_locked = true},
             [](Step& step, Item& item) { return MakeEffective(step, {&item}); });
}

absl::StatusOr<v1::BatchAdvanceResponse> BatchAdvance(CallContext& context,
                                                      const v1::BatchAdvanceRequest& request) {
  if (request.step() == v1::ADVANCE_STEP_SIGN && request.department().empty()) {
    return InvalidField("department", "联合确认须注明部门").Build();
  }
  if (request.step() == v1::ADVANCE_STEP_PUBLICISE && request.channels().empty()) {
    return InvalidField("channels", "公示须注明公示渠道").Build();
  }
  if (request.step() == v1::ADVANCE_STEP_REJECT_OVERRIDE && request.reason().empty()) {
    return InvalidField("reason", "驳回人工调整须注明理由").Build();
  }
  const auto run = [&](std::string_view step, auto one, auto handler,
                       const v1::BatchAdvanceRequest& bulk,
                       v1::BatchAdvanceResponse* out) -> absl::Status {
    return rpc::RunBulk(context, bulk, Cat("bangfu.evaluation.v1.EvaluationService.", step),
                        std::move(one), handler, out->mutable_results());
  };
  v1::BatchAdvanceResponse response;
  switch (request.step()) {
    case v1::ADVANCE_STEP_ACCEPT:
      RETURN_IF_ERROR(run("AcceptEvaluation", v1::AcceptEvaluationRequest(), AcceptEvaluation,
                          request, &response));
      return response;
    case v1::ADVANCE_STEP_SIGN: {
      v1::SignJointlyRequest one;
      one.set_department(request.department());
      RETURN_IF_ERROR(run("SignJointly", std::move(one), SignJointly, request, &response));
      return response;
    }
    case v1::ADVANCE_STEP_PUBLICISE: {
      v1::StartClassPublicityRequest one;
      *one.mutable_channels() = request.channels();
      RETURN_IF_ERROR(
          run("StartClassPublicity", std::move(one), StartClassPublicity, request, &response));
      return response;
    }
    case v1::ADVANCE_STEP_APPROVE_OVERRIDE:
      RETURN_IF_ERROR(run("ApproveOverride", v1::ApproveOverrideRequest(), ApproveOverride, request,
                          &response));
      return response;
    case v1::ADVANCE_STEP_REJECT_OVERRIDE: {
      v1::RejectOverrideRequest one;
      one.set_reason(request.reason());
      RETURN_IF_ERROR(run("RejectOverride", std::move(one), RejectOverride, request, &response));
      return response;
    }
    case v1::ADVANCE_STEP_FILE_OVERRIDE:
      RETURN_IF_ERROR(
          run("FileOverride", v1::FileOverrideRequest(), FileOverride, request, &response));
      return response;
    case v1::ADVANCE_STEP_MAKE_EFFECTIVE:
      break;
    default:
      return InvalidField("step", "没有此步骤").Build();
  }
  // Newest first: of two evaluations of one subject the newer is taken, wherever it stands in the
  // list. The answer keeps the list's order.
  v1::BatchAdvanceRequest newest_first = request;
  std::stable_sort(newest_first.mutable_items()->begin(), newest_first.mutable_items()->end(),
                   [](const auto& a, const auto& b) { return a.id() > b.id(); });
  v1::BatchAdvanceResponse done;
  RETURN_IF_ERROR(
      run("MakeEffective", v1::MakeEffectiveRequest(), MakeOneEffective, newest_first, &done));
  std::map<std::string_view, const type::v1::BulkResult*> by_id;
  for (const type::v1::BulkResult& result : done.results()) by_id[result.id()] = &result;
  for (const type::v1::BulkItem& item : request.items()) {
    *response.add_results() = *by_id.at(item.id());
  }
  return response;
}

absl::StatusOr<v1::Evaluation> VoidEvaluation(CallContext& context,
                                              const v1::VoidEvaluationRequest& request) {
  return One(
      context, request, request.etag(), {.subjects_locked = true},
      [&](Step& step, Item& item) -> absl::Status {
        Mutation& m = step.mutation();
        const bool in_force = item.row.state == v1::EVALUATION_STATE_EFFECTIVE;
        const bool public_now = item.row.state == v1::EVALUATION_STATE_PUBLICISED;
        if (!step.May(item, "void")) return absl::OkStatus();
        item.message.set_is_void(true);
        item.message.set_void_reason(request.reason());
        const rpc::Covering covering(m, item.acted_on);
        if (public_now) {
          RETURN_IF_ERROR(publicity::CancelRunning(covering.mutation(), item.row.id,
                                                   kClassPublicity, request.reason()));
        }
        if (!in_force) return absl::OkStatus();
        EntryChanges entries(m.tx(), AuthorOf(covering.mutation()));
        RETURN_IF_ERROR(entries.Lock({item.row.subject_id}));
        entries.Leave(item.row.subject_id, kEntryVoid, 0);
        RETURN_IF_ERROR(
            SetEffectives(m.tx(), {{item.row.subject_id, std::nullopt, 0}}, context.now));
        return entries.Write();
      },
      request.reason());
}

absl::StatusOr<v1::ArgumentRecord> RecordArgument(CallContext& context,
                                                  const v1::RecordArgumentRequest& request) {
  ASSIGN_OR_RETURN(const Ulid subject_id, Ulid::Parse(request.argument().subject_id()));
  const std::optional<absl::CivilDay> day = ToDay(request.argument().argued_on());
  if (!day) return InvalidField("argument.argued_on", "没有此日期").Build();
  ASSIGN_OR_RETURN(const MeasureCatalogue catalogue, LoadMeasures(context.db, Today(context)));
  const CauseDef* cause = catalogue.FindCause(request.argument().cause());
  if (!request.argument().cause().empty() && (cause == nullptr || !cause->in_force)) {
    return InvalidField("argument.cause", "没有此困难原因").Build();
  }
  return rpc::Mutate<v1::ArgumentRecord>(
      context, request, [&](Mutation& m) -> absl::StatusOr<v1::ArgumentRecord> {
        ASSIGN_OR_RETURN(SubjectMap subjects, LoadSubjects(m.tx(), {subject_id}, context.scope));
        auto subject = subjects.find(subject_id);
        if (subject == subjects.end()) {
          return NotFound("subject", request.argument().subject_id());
        }
        ASSIGN_OR_RETURN(const GrantScope scope,
                         GrantScope::Load(m.tx(), context.caller, {subject_id}, Today(context)));
        RETURN_IF_ERROR(
            SubjectTable()
                .Execute(subject->second.is_void ? SubjectPhase::kVoid : SubjectPhase::kLive,
                         "record_argument",
                         workflow::ActorAt(context.caller, subject->second.region_path,
                                           scope.Of(subject_id)))
                .status());
        const rpc::Covering covering(m, scope.Of(subject_id));
        v1::ArgumentRecord message = request.argument();
        ArgumentRow row;
        row.id = context.ids.Next();
        row.subject_id = subject_id;
        row.region_path = subject->second.region_path;
        row.conclusion = message.conclusion();
        row.named_class = message.named_class();
        row.cause = message.cause();
        row.argued_on = *day;
        row.recorded_at = context.now;
        message.set_id(row.id.ToString());
        *message.mutable_recorded_by() = ToMessage(covering.mutation().ActorAt(row.region_path));
        SetTime(context.now, message.mutable_recorded_at());
        row.payload = message.SerializeAsString();
        ASSIGN_OR_RETURN(ArgumentRecord record, ToDomain(row));
        if (absl::Status status = Validate(record, Today(context)); !status.ok()) {
          // The domain's field in the words of the contract.
          static const std::map<std::string, std::string> kFields = {{"panel_person_ids", "panel"},
                                                                     {"date", "argued_on"},
                                                                     {"four_class", "named_class"},
                                                                     {"opinion", "opinions"},
                                                                     {"attachments", "evidence"}};
          for (const FieldViolation& v : GetErrorDetail(status).violations) {
            auto name = kFields.find(v.field);
            return InvalidField(Cat("argument.", name == kFields.end() ? v.field : name->second),
                                v.description)
                .Build();
          }
          return status;
        }
        RETURN_IF_ERROR(
            blob::UseEvidence(m, message.mutable_evidence(),
                              {"argument", row.id, "RecordArgument", "argument.evidence",
                               SubjectTable().EvidenceKinds("record_argument")}));
        row.payload = message.SerializeAsString();
        RETURN_IF_ERROR(InsertArgument(m.tx(), row));
        // An argument is a fact: the next batch judges the subject again.
        RETURN_IF_ERROR(BumpFactsVersion(m.tx(), {subject_id}, context.now));
        RETURN_IF_ERROR(
            covering.mutation().Audit("argument", row.id, row.region_path, nullptr, message));
        RETURN_IF_ERROR(
            SyncEvaluationsOf(m.tx(), subjects, inbox::ActOf(m, "record_argument", WorkCalendar)));
        RETURN_IF_ERROR(
            SyncEntriesOf(m.tx(), {subject_id}, inbox::ActOf(m, "record_argument", WorkCalendar)));
        return message;
      });
}

absl::StatusOr<v1::ListArgumentsResponse> ListArguments(CallContext& context,
                                                        const v1::ListArgumentsRequest& request) {
  ASSIGN_OR_RETURN(const Ulid subject_id, Ulid::Parse(request.subject_id()));
  ASSIGN_OR_RETURN(std::vector<ArgumentRow> rows,
                   LoadArguments(context.db, {subject_id}, context.scope));
  v1::ListArgumentsResponse response;
  for (const ArgumentRow& row : rows) {
    if (!response.add_arguments()->ParseFromString(row.payload)) {
      return absl::DataLossError("a stored argument cannot be read");
    }
  }
  return response;
}

// --- what the publicity does to its evaluation ---------------------------------------------------

absl::StatusOr<std::string> TitleOfPublicity(mysql::Executor& db,
                                             const publicity::v1::Publicity& publicity) {
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(publicity.subject_id()));
  ASSIGN_OR_RETURN(const std::vector<EvaluationRow> rows, GetEvaluations(db, {id}, std::nullopt));
  if (rows.empty()) return publicity.subject_type();
  ASSIGN_OR_RETURN(const v1::Evaluation message, ToMessage(rows[0]));
  return message.subject_name();
}

absl::Status OnPublicity(Mutation& m, const publicity::v1::Publicity& publicity) {
  if (publicity.kind() != kClassPublicity) return absl::OkStatus();
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(publicity.subject_id()));
  Step step(m, ShanghaiDay(m.context().now));
  // By the publicity's region: the evaluation's may have got another code since.
  RETURN_IF_ERROR(step.Load({id}, {.anywhere = true}));
  Item* item = step.FindLocked(id);
  if (item == nullptr || item->row.state != v1::EVALUATION_STATE_PUBLICISED ||
      item->message.publicity_id() != publicity.id()) {
    return absl::OkStatus();
  }
  item->changed = true;
  if (publicity.state() == publicity::v1::PUBLICITY_STATE_PASSED) {
    item->message.set_publicity_passed(true);
    return step.Write("公示期满，无未决异议");
  }
  // An upheld objection sends the class back to the county's review; what was decided is void, the
  // trail keeps it.
  item->message.set_state(v1::EVALUATION_STATE_COMPUTED);
  item->message.set_final_class(type::v1::FOUR_CLASS_UNSPECIFIED);
  item->message.set_publicity_passed(false);
  item->message.clear_publicity_id();
  item->message.clear_override();
  item->message.clear_argument_id();
  item->message.clear_joint_signatures();
  item->message.clear_reviewed_by();
  return step.Write("公示异议成立，退回县级审定");
}

}  // namespace

absl::Status FillAllowedActions(const rpc::CallContext& context,
                                const std::vector<v1::Evaluation*>& evaluations) {
  return FillActions(context.db, context, evaluations);
}

publicity::ServiceOptions ClassPublicityOptions() {
  publicity::ServiceOptions options;
  options.calendar = WorkCalendar;
  options.answer_period = [](mysql::Executor& db) -> absl::StatusOr<publicity::AnswerPeriod> {
    ASSIGN_OR_RETURN(const DaysValue answer, ReadDays(db, kObjectionAnswerDays, true));
    return publicity::AnswerPeriod{
        static_cast<int>(answer.days),
        answer.working ? publicity::DayKind::kWorking : publicity::DayKind::kNatural};
  };
  options.on_passed = OnPublicity;
  options.on_upheld = OnPublicity;
  options.title = TitleOfPublicity;
  return options;
}

void RegisterLifecycleHandlers(rpc::Router& router, const Deps&) {
  const std::string service = "bangfu.evaluation.v1.EvaluationService.";
  router.Unary<v1::AcceptEvaluationRequest, v1::Evaluation>(service + "AcceptEvaluation",
                                                            AcceptEvaluation);
  router.Unary<v1::ProposeOverrideRequest, v1::Evaluation>(service + "ProposeOverride",
                                                           ProposeOverride);
  router.Unary<v1::ApproveOverrideRequest, v1::Evaluation>(service + "ApproveOverride",
                                                           ApproveOverride);
  router.Unary<v1::RejectOverrideRequest, v1::Evaluation>(service + "RejectOverride",
                                                          RejectOverride);
  router.Unary<v1::FileOverrideRequest, v1::Evaluation>(service + "FileOverride", FileOverride);
  router.Unary<v1::SignJointlyRequest, v1::Evaluation>(service + "SignJointly", SignJointly);
  router.Unary<v1::StartClassPublicityRequest, v1::Evaluation>(service + "StartClassPublicity",
                                                               StartClassPublicity);
  router.Unary<v1::MakeEffectiveRequest, v1::Evaluation>(service + "MakeEffective",
                                                         MakeOneEffective);
  router.Unary<v1::BatchAdvanceRequest, v1::BatchAdvanceResponse>(service + "BatchAdvance",
                                                                  BatchAdvance);
  router.Unary<v1::VoidEvaluationRequest, v1::Evaluation>(service + "VoidEvaluation",
                                                          VoidEvaluation);
  router.Unary<v1::RecordArgumentRequest, v1::ArgumentRecord>(service + "RecordArgument",
                                                              RecordArgument);
  router.Unary<v1::ListArgumentsRequest, v1::ListArgumentsResponse>(service + "ListArguments",
                                                                    ListArguments);
}

}  // namespace bangfu::evaluation

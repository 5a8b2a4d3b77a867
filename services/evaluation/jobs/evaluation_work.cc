#include "services/evaluation/jobs/evaluation_work.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "common/base/clock.h"
#include "common/base/strings.h"
#include "common/status/macros.h"
#include "common/workflow/departments.h"
#include "services/evaluation/convert/evaluation_message.h"
#include "services/evaluation/convert/evaluation_subject.h"
#include "services/evaluation/domain/evaluation_actions.h"
#include "services/evaluation/facts/grant_scope.h"
#include "services/evaluation/facts/parameters.h"
#include "services/evaluation/jobs/argument_work.h"
#include "services/evaluation/store/argument_store.h"
#include "services/evaluation/store/lifecycle_store.h"

namespace bangfu::evaluation {

namespace {

constexpr char kRecordArgument[] = "record_argument";
// What waits on an evaluation until the county has decided.
const std::vector<std::string>& ReviewActions() {
  static const auto* actions = new std::vector<std::string>{"accept", kRecordArgument};
  return *actions;
}

// Whether a step of the evaluation may rest on an argument.
bool AsksForArgument(const v1::Evaluation& m) {
  switch (m.state()) {
    case v1::EVALUATION_STATE_COMPUTED:
      return m.result() == v1::EVALUATION_RESULT_ADJUST ||
             m.result() == v1::EVALUATION_RESULT_MANUAL_REVIEW;
    case v1::EVALUATION_STATE_OVERRIDE_PROPOSED:
    case v1::EVALUATION_STATE_PUBLICISED:
      return !m.argument_id().empty();
    default:
      return false;
  }
}

struct Terms {
  int review = 0, step = 0;
};

// The arguments about the subjects, newest first, and those of them whose panel is waited for.
struct Argued {
  std::vector<ArgumentRow> all;
  std::set<Ulid> awaited;
};

// Whether an argument whose panel is waited for will let the class be accepted once they have
// signed: then the panel's signatures are the work.
bool WillDo(EvaluationSubject view, const Argued& argued, const Ulid& subject_id) {
  return std::any_of(argued.all.begin(), argued.all.end(), [&](const ArgumentRow& row) {
    if (row.subject_id != subject_id || !argued.awaited.contains(row.id)) return false;
    absl::StatusOr<ArgumentRecord> argument = ToDomain(row);
    if (!argument.ok()) return false;
    argument->state = ArgumentState::kSigned;
    view.argument = *std::move(argument);
    return !EvaluationTable().RolesFor(view, "accept", workflow::kAnybody).empty();
  });
}

inbox::Subject Waiting(const EvaluationWork& e, const Argued& argued, const Terms& terms,
                       const GrantScope& scope, absl::CivilDay today) {
  inbox::Subject out{kEvaluationSubject, e.id, {}, {}};
  const v1::Evaluation& m = *e.message;
  EvaluationSubject view = ToDomain(m, today);
  view.subject_void = e.subject_void;
  view.subject_unverified = e.subject_unverified;
  view.newer_effective = e.newer_effective;
  if (const ArgumentRow* row = ArgumentFor(argued.all, e.subject_id, m.argument_id())) {
    if (absl::StatusOr<ArgumentRecord> argument = ToDomain(*row); argument.ok()) {
      view.argument = *std::move(argument);
    }
  }
  std::vector<workflow::Person> persons = {view.computed_by, view.reviewed_by, view.override_by};
  for (const DepartmentSignature& d : view.departments) persons.push_back(d.person);
  if (view.argument) {
    persons.push_back(view.argument->recorded_by);
    for (const std::string& expert : view.argument->panel_person_ids) persons.emplace_back(expert);
  }

  for (const workflow::WaitingStep& step :
       workflow::WaitingSteps(EvaluationTable(), EvaluationWorks(), view, persons)) {
    if (step.action == "accept" && !e.is_latest) continue;
    inbox::Wanted w = inbox::WantedOf(step, e.region_path, m.subject_name());
    w.facets = scope.Of(e.subject_id);
    w.term_days = step.action == "accept" ? terms.review : terms.step;
    if (step.action != "sign") {
      out.wanted.push_back(std::move(w));
      continue;
    }
    for (const DepartmentSignature& d : view.departments) {
      if (!d.person.empty()) continue;
      inbox::Wanted one = w;
      one.slot = d.department;
      one.facets = scope.OfSigning(e.subject_id, d.department);
      one.roles = workflow::SigningRoles(d.department);
      std::erase_if(one.roles, [&](workflow::RoleId role) {
        return std::find(step.roles.begin(), step.roles.end(), role) == step.roles.end();
      });
      out.wanted.push_back(std::move(one));
    }
  }
  // Where the review waits for an argument, arguing is the work.
  const bool accepted_by_nobody =
      std::none_of(out.wanted.begin(), out.wanted.end(),
                   [](const inbox::Wanted& w) { return w.action == "accept"; });
  if (view.phase == Phase::kComputed && e.is_latest && !e.subject_void && !e.subject_unverified &&
      accepted_by_nobody && AsksForArgument(m) && !WillDo(view, argued, e.subject_id)) {
    inbox::Wanted w;
    w.kind = "EVALUATION_ARGUE";
    w.action = kRecordArgument;
    w.region_path = e.region_path;
    w.facets = scope.Of(e.subject_id);
    w.title = m.subject_name();
    w.roles = {kCountyOperator, kCountyApprover};
    w.term_days = terms.review;
    out.wanted.push_back(std::move(w));
  }
  return out;
}

absl::StatusOr<std::vector<inbox::Subject>> WaitingOn(
    mysql::Tx& tx, const std::vector<EvaluationWork>& evaluations, absl::Time now) {
  std::vector<Ulid> asking, subject_ids;
  for (const EvaluationWork& e : evaluations) {
    subject_ids.push_back(e.subject_id);
    if (AsksForArgument(*e.message)) asking.push_back(e.subject_id);
  }
  Argued argued;
  ASSIGN_OR_RETURN(argued.all, LoadArguments(tx, asking));
  ASSIGN_OR_RETURN(argued.awaited, Awaited(tx, argued.all, now));
  Terms terms;
  ASSIGN_OR_RETURN(const std::vector<int64_t> days, ReadParameters(tx, {kReviewDays, kStepDays}));
  terms.review = static_cast<int>(days[0]);
  terms.step = static_cast<int>(days[1]);
  std::vector<inbox::Subject> subjects;
  subjects.reserve(evaluations.size());
  const absl::CivilDay today = ShanghaiDay(now);
  ASSIGN_OR_RETURN(const GrantScope scope, GrantScope::Load(tx, subject_ids, today));
  for (const EvaluationWork& e : evaluations) {
    subjects.push_back(Waiting(e, argued, terms, scope, today));
  }
  return subjects;
}

// What waits on the publicities of evaluations, which are about their subjects.
absl::Status SyncPublicities(mysql::Tx& tx, const std::vector<EvaluationWork>& evaluations,
                             const inbox::Act& act) {
  std::vector<Ulid> subject_ids;
  std::map<Ulid, Ulid> publicities;  // and the subject
  for (const EvaluationWork& e : evaluations) {
    const absl::StatusOr<Ulid> publicity = Ulid::Parse(e.message->publicity_id());
    if (!publicity.ok()) continue;
    publicities.emplace(*publicity, e.subject_id);
    subject_ids.push_back(e.subject_id);
  }
  if (publicities.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const GrantScope scope, GrantScope::Load(tx, subject_ids, ShanghaiDay(act.now)));
  std::map<Ulid, auth::Facets> facets;
  for (const auto& [publicity, subject] : publicities) facets[publicity] = scope.Of(subject);
  return inbox::SetFacets(tx, facets);
}

}  // namespace

std::vector<inbox::Kind> EvaluationKinds() {
  return {{"EVALUATION_ACCEPT", "审定分类", kEvaluationSubject},
          {"EVALUATION_ARGUE", "组织论证", kEvaluationSubject},
          {"EVALUATION_APPROVE_OVERRIDE", "批准人工调整", kEvaluationSubject},
          {"EVALUATION_FILE_OVERRIDE", "人工调整市级备案", kEvaluationSubject},
          {"EVALUATION_SIGN", "部门联合确认", kEvaluationSubject},
          {"EVALUATION_PUBLICISE", "发起分类公示", kEvaluationSubject},
          {"EVALUATION_MAKE_EFFECTIVE", "分类生效", kEvaluationSubject}};
}

EvaluationWork WorkOf(const EvaluationRow& row, const v1::Evaluation& message,
                      const SubjectRow& subject) {
  EvaluationWork out;
  out.id = row.id;
  out.subject_id = row.subject_id;
  out.region_path = row.region_path;
  out.message = &message;
  out.subject_void = subject.is_void;
  out.subject_unverified = IsUnverified(subject);
  out.newer_effective =
      subject.effective_evaluation_id && *subject.effective_evaluation_id > row.id;
  out.is_latest = !subject.latest_evaluation_id || *subject.latest_evaluation_id == row.id;
  return out;
}

absl::Status SyncEvaluations(mysql::Tx& tx, const std::vector<EvaluationWork>& evaluations,
                             const inbox::Act& act) {
  if (evaluations.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(std::vector<inbox::Subject> subjects, WaitingOn(tx, evaluations, act.now));
  // What came into force bars the older ones of its subject that were made public.
  std::vector<Ulid> in_force;
  for (const EvaluationWork& e : evaluations) {
    if (e.message->state() == v1::EVALUATION_STATE_EFFECTIVE) in_force.push_back(e.subject_id);
  }
  ASSIGN_OR_RETURN(const std::vector<PublicisedEvaluation> publicised,
                   PublicisedEvaluations(tx, in_force));
  for (const PublicisedEvaluation& p : publicised) {
    const bool here = std::any_of(evaluations.begin(), evaluations.end(),
                                  [&](const EvaluationWork& e) { return e.id == p.id; });
    const bool older =
        std::any_of(evaluations.begin(), evaluations.end(), [&](const EvaluationWork& e) {
          return e.subject_id == p.subject_id && e.id > p.id &&
                 e.message->state() == v1::EVALUATION_STATE_EFFECTIVE;
        });
    if (!here && older) subjects.push_back({kEvaluationSubject, p.id, {}, {"make_effective"}});
  }
  return inbox::Sync(tx, subjects, act);
}

absl::Status SyncComputed(mysql::Tx& tx, const std::vector<EvaluationWork>& computed,
                          const std::vector<Ulid>& overtaken, inbox::Act act) {
  if (computed.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::vector<inbox::Subject> fresh, WaitingOn(tx, computed, act.now));
  if (!overtaken.empty()) {
    std::vector<inbox::Subject> gone;
    gone.reserve(overtaken.size());
    for (const Ulid& id : overtaken) gone.push_back({kEvaluationSubject, id, {}, ReviewActions()});
    RETURN_IF_ERROR(inbox::Sync(tx, gone, act));
  }
  act.fresh = true;
  return inbox::Sync(tx, fresh, act);
}

absl::Status SyncEvaluationsOf(mysql::Tx& tx, const SubjectMap& subjects, const inbox::Act& act) {
  std::vector<Ulid> ids;
  for (const auto& [id, subject] : subjects) ids.push_back(id);
  ASSIGN_OR_RETURN(const std::vector<EvaluationRow> rows, LockEvaluationsUnderWay(tx, ids));
  std::vector<v1::Evaluation> messages;
  messages.reserve(rows.size());
  std::vector<EvaluationWork> works;
  for (const EvaluationRow& row : rows) {
    ASSIGN_OR_RETURN(v1::Evaluation message, ToMessage(row));
    messages.push_back(std::move(message));
    works.push_back(WorkOf(row, messages.back(), subjects.at(row.subject_id)));
  }
  RETURN_IF_ERROR(SyncEvaluations(tx, works, act));
  return SyncPublicities(tx, works, act);
}

inbox::Source EvaluationSource() {
  return {kEvaluationSubject, PageEvaluationsUnderWay,
          [](mysql::Tx& tx, const std::vector<Ulid>& ids, const inbox::Act& act) -> absl::Status {
            // Subjects first, as every step does it.
            ASSIGN_OR_RETURN(const std::vector<EvaluationRow> read,
                             GetEvaluations(tx, ids, std::nullopt));
            std::vector<Ulid> subject_ids;
            for (const EvaluationRow& row : read) subject_ids.push_back(row.subject_id);
            ASSIGN_OR_RETURN(const SubjectMap subjects, LockSubjects(tx, subject_ids));
            ASSIGN_OR_RETURN(const std::vector<EvaluationRow> rows,
                             LockEvaluations(tx, ids, std::nullopt));
            std::vector<v1::Evaluation> messages;
            messages.reserve(rows.size());
            std::vector<EvaluationWork> works;
            for (const EvaluationRow& row : rows) {
              ASSIGN_OR_RETURN(v1::Evaluation message, ToMessage(row));
              messages.push_back(std::move(message));
              const auto subject = subjects.find(row.subject_id);
              works.push_back(WorkOf(row, messages.back(),
                                     subject == subjects.end() ? SubjectRow() : subject->second));
            }
            return SyncEvaluations(tx, works, act);
          }};
}

}  // namespace bangfu::evaluation

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "common/status/macros.h"
#include "common/workflow/proto.h"
#include "services/evaluation/api/lifecycle_api.h"
#include "services/evaluation/api/lifecycle_step.h"
#include "services/evaluation/convert/evaluation_subject.h"
#include "services/evaluation/domain/evaluation_actions.h"
#include "services/evaluation/facts/grant_scope.h"
#include "services/evaluation/store/argument_store.h"
#include "services/evaluation/store/subject_store.h"

namespace bangfu::evaluation {

namespace {

using rpc::CallContext;

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

}  // namespace

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
      if (const ArgumentRow* argument =
              ArgumentFor(arguments, subject_id, evaluation->argument_id())) {
        ASSIGN_OR_RETURN(view.argument, ToDomain(*argument));
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

absl::Status FillAllowedActions(const rpc::CallContext& context,
                                const std::vector<v1::Evaluation*>& evaluations) {
  return FillActions(context.db, context, evaluations);
}

}  // namespace bangfu::evaluation

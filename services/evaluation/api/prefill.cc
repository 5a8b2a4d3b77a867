#include "services/evaluation/api/prefill.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "bangfu/evaluation/v1/evaluation_service.pb.h"
#include "bangfu/evaluation/v1/fact.pb.h"
#include "bangfu/evaluation/v1/ledger_service.pb.h"
#include "common/base/clock.h"
#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/workflow/proto.h"
#include "services/evaluation/api/dispatch_figures.h"
#include "services/evaluation/convert/evaluation_message.h"
#include "services/evaluation/convert/evaluation_subject.h"
#include "services/evaluation/domain/evaluation_actions.h"
#include "services/evaluation/facts/grant_scope.h"
#include "services/evaluation/jobs/ledger_entries.h"
#include "services/evaluation/store/argument_store.h"
#include "services/evaluation/store/evaluation_store.h"
#include "services/evaluation/store/fact_store.h"
#include "services/evaluation/store/ledger_store.h"
#include "services/evaluation/store/subject_store.h"

namespace bangfu::evaluation {
namespace {

using dictionary::Prefilled;
using dictionary::v1::PrefillFormRequest;
using rpc::CallContext;

absl::StatusOr<Ulid> SubjectId(const PrefillFormRequest& request) {
  if (request.subject_id().empty()) return InvalidField("subject_id", "必填").Build();
  return Ulid::Parse(request.subject_id());
}

// The newest argument of a subject, if it counts, named as the source of what is offered.
absl::StatusOr<std::optional<ArgumentRow>> NewestArgument(CallContext& context, const Ulid& subject,
                                                          Prefilled* out) {
  ASSIGN_OR_RETURN(std::vector<ArgumentRow> rows,
                   LoadArguments(context.db, {subject}, context.scope));
  const ArgumentRow* row = ArgumentFor(rows, subject, "");
  if (row == nullptr || row->state != v1::ARGUMENT_STATE_SIGNED) return std::nullopt;
  out->records["evaluation.v1.ArgumentRecord"] = {row->id.ToString(), "论证记录"};
  return *row;
}

absl::StatusOr<Prefilled> PrefillPlan(CallContext& context, const PrefillFormRequest& request) {
  ASSIGN_OR_RETURN(const Ulid id, SubjectId(request));
  ASSIGN_OR_RETURN(const LedgerRow row, GetEntry(context.db, id, context.scope));
  ASSIGN_OR_RETURN(const v1::LedgerEntry entry, ToMessage(row));
  auto form = std::make_shared<v1::PlanMeasuresRequest>();
  form->set_id(entry.id());
  form->set_etag(entry.etag());
  Prefilled out{form, {}};
  // A plan that stands is changed, not written anew.
  if (entry.has_plan()) *form->mutable_plan() = entry.plan();
  ASSIGN_OR_RETURN(const auto argument, NewestArgument(context, row.subject_id, &out));
  if (argument) {
    form->mutable_plan()->set_cause(argument->cause);
    form->mutable_plan()->set_argument_id(argument->id.ToString());
  }
  return out;
}

// The forms of one evaluation that may name an argument.
template <typename Request>
absl::StatusOr<Prefilled> PrefillStep(CallContext& context, const PrefillFormRequest& request) {
  ASSIGN_OR_RETURN(const Ulid id, SubjectId(request));
  ASSIGN_OR_RETURN(const EvaluationRow row, GetEvaluation(context.db, id, context.scope));
  ASSIGN_OR_RETURN(const v1::Evaluation evaluation, ToMessage(row));
  auto form = std::make_shared<Request>();
  form->set_id(evaluation.id());
  form->set_etag(evaluation.etag());
  Prefilled out{form, {}};
  ASSIGN_OR_RETURN(const auto argument, NewestArgument(context, row.subject_id, &out));
  if (argument) form->set_argument_id(argument->id.ToString());
  return out;
}

// The department that the caller can sign for, among those that the money calls for.
absl::StatusOr<Prefilled> PrefillSignature(CallContext& context,
                                           const PrefillFormRequest& request) {
  ASSIGN_OR_RETURN(const Ulid id, SubjectId(request));
  ASSIGN_OR_RETURN(const EvaluationRow row, GetEvaluation(context.db, id, context.scope));
  ASSIGN_OR_RETURN(const v1::Evaluation evaluation, ToMessage(row));
  auto form = std::make_shared<v1::SignJointlyRequest>();
  form->set_id(evaluation.id());
  form->set_etag(evaluation.etag());
  Prefilled out{form, {}};
  const absl::CivilDay today = ShanghaiDay(context.now);
  ASSIGN_OR_RETURN(const GrantScope scope,
                   GrantScope::Load(context.db, context.caller, {row.subject_id}, today));
  EvaluationSubject view = ToDomain(evaluation, today);
  for (const v1::JointSignature& signature : evaluation.joint_signatures()) {
    if (signature.has_signed_by()) continue;
    view.department = signature.department();
    const auto actions = EvaluationTable().Allowed(
        view, workflow::ActorAt(context.caller, evaluation.region_path(),
                                scope.OfSigning(row.subject_id, signature.department())));
    if (std::none_of(actions.begin(), actions.end(), [](const workflow::AllowedAction& action) {
          return action.action == "sign" && action.allowed;
        })) {
      continue;
    }
    form->set_department(signature.department());
    out.records["evaluation.v1.JointSignature"] = {evaluation.id(), "须联合确认的部门"};
    break;
  }
  return out;
}

// What the expert has said of the subject last; the new score has a day of its own.
absl::StatusOr<Prefilled> PrefillScores(CallContext& context, const PrefillFormRequest& request) {
  ASSIGN_OR_RETURN(const Ulid id, SubjectId(request));
  ASSIGN_OR_RETURN(const SubjectMap subjects, LoadSubjects(context.db, {id}, context.scope));
  if (subjects.empty()) return NotFound("subject", request.subject_id()).Build();
  auto form = std::make_shared<v1::SubmitExpertScoresRequest>();
  v1::ExpertScore& score = *form->add_scores();
  Prefilled out{form, {}};
  ASSIGN_OR_RETURN(const std::vector<ExpertScoreRow> rows,
                   LoadExpertScores(context.db, {id}, ShanghaiDay(context.now)));
  for (const ExpertScoreRow& row : rows) {
    if (row.expert != context.caller.subject) continue;
    if (!score.ParseFromString(row.payload)) {
      return absl::DataLossError("a stored expert score cannot be read");
    }
    score.clear_expert();
    score.clear_scored_at();
    score.clear_scored_on();
    out.records["evaluation.v1.ExpertScore"] = {id.ToString(), "本人上次评分"};
  }
  score.set_subject_id(id.ToString());
  return out;
}

constexpr char kCriteriaField[] = "evaluation.v1.CriteriaSet.content_json";

// The month's own report, or what the last one before it reported on: values of a month are asked
// for anew. What the criteria take from these reports is there from the first month on; what
// records say already is not asked for.
absl::StatusOr<Prefilled> PrefillDispatch(CallContext& context, Evaluator& evaluator,
                                          const PrefillFormRequest& request) {
  ASSIGN_OR_RETURN(const Ulid id, SubjectId(request));
  if (request.period().empty()) return InvalidField("period", "须填写月份").Build();
  ASSIGN_OR_RETURN(const SubjectMap subjects, LoadSubjects(context.db, {id}, context.scope));
  const auto industry = subjects.find(id);
  if (industry == subjects.end()) return NotFound("subject", request.subject_id()).Build();
  if (industry->second.type != kIndustrySubject) {
    return InvalidField("subject_id", "不是县级帮扶产业").Build();
  }
  ASSIGN_OR_RETURN(
      const DispatchFigures figures,
      DispatchFiguresOf(context.db, evaluator, industry->second, ShanghaiDay(context.now)));
  auto form = std::make_shared<v1::SubmitDispatchReportRequest>();
  v1::DispatchReport& report = *form->mutable_report();
  Prefilled out{form, {}};
  ASSIGN_OR_RETURN(std::vector<DispatchReportRow> rows,
                   LoadDispatchReports(context.db, {id}, request.period(), request.period()));
  if (rows.empty()) {
    ASSIGN_OR_RETURN(rows, ListDispatchReports(context.db, id, request.period(), 1, context.scope));
  }
  std::set<std::string, std::less<>> offered;
  if (!rows.empty()) {
    v1::DispatchReport held;
    if (!held.ParseFromString(rows[0].payload)) {
      return absl::DataLossError("a stored dispatch report cannot be read");
    }
    const bool same = held.period() == request.period();
    if (same) report.set_etag(held.etag());
    for (const v1::DispatchFigure& figure : held.figures()) {
      if (figures.held.contains(figure.code())) continue;
      offered.insert(figure.code());
      v1::DispatchFigure& to = *report.add_figures();
      to = figure;
      // A report stored before values had presence: 0 was said.
      same ? to.set_value(figure.value()) : to.clear_value();
    }
    out.records["evaluation.v1.DispatchFigure"] = {held.id(), held.period() + "调度报告"};
  }
  for (const DispatchFigures::Wanted& wanted : figures.wanted) {
    if (!offered.insert(wanted.code).second) continue;
    for (const char* field : {"group", "code", "unit"}) {
      out.held_by[Cat("report.figures[", report.figures_size(), "].", field)] = kCriteriaField;
    }
    out.records["evaluation.v1.CriteriaSet"] = {figures.criteria_id, "评价标准"};
    v1::DispatchFigure& to = *report.add_figures();
    to.set_group(wanted.group);
    to.set_code(wanted.code);
    to.set_unit(wanted.unit);
  }
  report.set_industry_id(id.ToString());
  report.set_period(request.period());
  return out;
}

}  // namespace

std::map<std::string, dictionary::Prefiller, std::less<>> Prefills(Evaluator& evaluator) {
  return {
      {"bangfu.evaluation.v1.LedgerService.PlanMeasures", PrefillPlan},
      {"bangfu.evaluation.v1.EvaluationService.AcceptEvaluation",
       PrefillStep<v1::AcceptEvaluationRequest>},
      {"bangfu.evaluation.v1.EvaluationService.ProposeOverride",
       PrefillStep<v1::ProposeOverrideRequest>},
      {"bangfu.evaluation.v1.EvaluationService.SignJointly", PrefillSignature},
      {"bangfu.evaluation.v1.FactService.SubmitExpertScores", PrefillScores},
      {"bangfu.evaluation.v1.FactService.SubmitDispatchReport",
       [&evaluator](CallContext& context, const PrefillFormRequest& request) {
         return PrefillDispatch(context, evaluator, request);
       }},
  };
}

}  // namespace bangfu::evaluation

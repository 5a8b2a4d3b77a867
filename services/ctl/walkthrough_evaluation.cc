#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "bangfu/evaluation/v1/evaluation_service.pb.h"
#include "bangfu/evaluation/v1/fact.pb.h"
#include "bangfu/operation/v1/operation_service.pb.h"
#include "bangfu/registry/v1/industry.pb.h"
#include "common/base/strings.h"
#include "common/status/macros.h"
#include "services/ctl/evaluate.h"
#include "services/ctl/evidence.h"
#include "services/ctl/import.h"
#include "services/ctl/upload.h"
#include "services/ctl/walkthrough_internal.h"

namespace bangfu::ctl {
namespace {

using namespace registry::v1;
using namespace evaluation::v1;
using options::v1::ROLE_APPRAISER;
using options::v1::ROLE_CITY_SUPERVISOR;
using options::v1::ROLE_COUNTY_APPROVER;
using options::v1::ROLE_COUNTY_OPERATOR;

// The day of the evaluation: what experts say after it is no fact of its period.
google::type::Date DayOfEvaluation(const Walk& walk) {
  absl::CivilMonth month;
  if (!absl::ParseCivilTime(walk.options.period, &month)) return DateOf(walk.Today());
  return DateOf(std::min(absl::CivilDay(month + 1) - 1, walk.Today()));
}

absl::Status Experts(Walk& walk) {
  Title("专家评分：每个对象至少三名专家，取中位数");
  // A subject that the evaluation has not heard of yet cannot be scored.
  RETURN_IF_ERROR(walk.WaitForFeeds());
  for (int expert = 1; expert <= 3; ++expert) {
    ASSIGN_OR_RETURN(Context * appraiser,
                     walk.people.Get(ROLE_APPRAISER, walk.options.county, expert));
    ASSIGN_OR_RETURN(ScoreTotals totals,
                     ImportScoreFile(*appraiser, Cat(walk.options.data, "/scores-", expert, ".csv"),
                                     walk.options.county, false));
    std::printf("专家 %d　%s\n", expert, totals.Text().c_str());
    PrintRefused(totals.problems, 20);
    // The county's industries as well.
    ListIndustriesRequest list;
    list.set_region_code(walk.options.county);
    list.set_page_size(100);
    ASSIGN_OR_RETURN(auto industries,
                     appraiser->Call<ListIndustriesResponse>(
                         "bangfu.registry.v1.IndustryService.ListIndustries", list));
    if (industries.industries_size() == 0) continue;
    SubmitExpertScoresRequest scores;
    scores.set_request_id(Context::NewRequestId());
    for (const auto& industry : industries.industries()) {
      auto* score = scores.add_scores();
      score->set_subject_id(industry.id());
      score->set_market_outlook(70 + expert);
      score->set_resource_basis(72 + expert);
      score->set_opinion("样例评分");
      *score->mutable_scored_on() = DayOfEvaluation(walk);
    }
    RETURN_IF_ERROR(appraiser
                        ->Call<SubmitExpertScoresResponse>(
                            "bangfu.evaluation.v1.FactService.SubmitExpertScores", scores)
                        .status());
  }
  return absl::OkStatus();
}

absl::Status Evaluate(Walk& walk) {
  Title(Cat("批量评估 ", walk.options.county, "，", walk.options.period));
  RETURN_IF_ERROR(walk.WaitForFeeds());
  ASSIGN_OR_RETURN(Context * county, walk.people.Get(ROLE_COUNTY_OPERATOR, walk.options.county));
  StartBatchEvaluationRequest request;
  request.set_request_id(Context::NewRequestId());
  request.set_region_code(walk.options.county);
  request.set_period(walk.options.period);
  ASSIGN_OR_RETURN(auto operation, county->Call<operation::v1::Operation>(
                                       Cat(kEvaluation, "StartBatchEvaluation"), request));
  ASSIGN_OR_RETURN(operation, WaitForOperation(*county, "evaluation", operation, "评估"));
  BatchEvaluationResult result;
  if (operation.result().UnpackTo(&result)) std::printf("%s", RenderBatchResult(result).c_str());
  return absl::OkStatus();
}

absl::Status Argue(Walk& walk, Context& operator_context, const Evaluation& evaluation,
                   type::v1::FourClass named) {
  RecordArgumentRequest request;
  request.set_request_id(Context::NewRequestId());
  auto* argument = request.mutable_argument();
  argument->set_subject_id(evaluation.subject_id());
  for (int member = 1; member <= 3; ++member) {
    auto* panel = argument->add_panel();
    panel->set_person(Cat("sample-appraiser-", walk.options.county, "-", member));
    panel->set_name(Cat("样例专家", member));
    panel->set_organisation("样例单位");
  }
  *argument->mutable_argued_on() = DateOf(walk.Today());
  argument->set_conclusion(ARGUMENT_CONCLUSION_CLASS);
  argument->set_named_class(named);
  argument->set_opinions("论证组现场查看并听取村民代表意见，结论一致。");
  ASSIGN_OR_RETURN(*argument->add_evidence(),
                   SampleEvidence(operator_context, "evaluation", "ARGUMENT", "论证意见书（样例）",
                                  walk.options.county));
  ASSIGN_OR_RETURN(auto record, operator_context.Call<ArgumentRecord>(
                                    Cat(kEvaluation, "RecordArgument"), request));
  RETURN_IF_ERROR(walk.SignArgument(record));
  ASSIGN_OR_RETURN(Context * approver, walk.people.Get(ROLE_COUNTY_APPROVER, walk.options.county));
  AcceptEvaluationRequest accept;
  accept.set_request_id(Context::NewRequestId());
  accept.set_id(evaluation.id());
  accept.set_etag(evaluation.etag());
  accept.set_argument_id(record.id());
  return approver->Call<Evaluation>(Cat(kEvaluation, "AcceptEvaluation"), accept).status();
}

absl::Status Review(Walk& walk) {
  Title("县级审定：采纳、论证、人工调整一个");
  ASSIGN_OR_RETURN(Context * proposer,
                   walk.people.Get(ROLE_COUNTY_OPERATOR, walk.options.county, 3));
  ASSIGN_OR_RETURN(Context * approver, walk.people.Get(ROLE_COUNTY_APPROVER, walk.options.county));
  ASSIGN_OR_RETURN(auto computed, walk.Evaluations(EVALUATION_STATE_COMPUTED));
  std::vector<Evaluation> plain;
  bool overridden = false;
  for (const auto& evaluation : computed) {
    switch (evaluation.result()) {
      case EVALUATION_RESULT_ADJUST:
      case EVALUATION_RESULT_MANUAL_REVIEW: {
        auto named = evaluation.result() == EVALUATION_RESULT_ADJUST ||
                             evaluation.suggestion() == EVALUATION_RESULT_ADJUST
                         ? type::v1::FOUR_CLASS_ADJUST
                         : type::v1::FOUR_CLASS_REVITALIZE;
        RETURN_IF_ERROR(Argue(walk, *proposer, evaluation, named));
        std::printf("论证并由三名专家签字后认定 %s：%s\n", evaluation.subject_name().c_str(),
                    ClassText(named).c_str());
        break;
      }
      case EVALUATION_RESULT_UPGRADE:
        if (!overridden && evaluation.subject_type() == type::v1::SUBJECT_TYPE_PROJECT) {
          overridden = true;
          ProposeOverrideRequest propose;
          propose.set_request_id(Context::NewRequestId());
          propose.set_id(evaluation.id());
          propose.set_etag(evaluation.etag());
          propose.set_to_class(type::v1::FOUR_CLASS_CONSOLIDATE);
          propose.set_reason_code("DATA_OUTDATED");
          propose.set_reason_text(
              "冷藏设施已于上月建成投用，台账数据尚未更新，现场核查与专家意见一致认为链条已经完备"
              "。");
          ASSIGN_OR_RETURN(*propose.add_evidence(),
                           SampleEvidence(*proposer, "evaluation", "OVERRIDE_BASIS",
                                          "现场核查记录（样例）", walk.options.county));
          ASSIGN_OR_RETURN(auto proposed, proposer->Call<Evaluation>(
                                              Cat(kEvaluation, "ProposeOverride"), propose));
          ApproveOverrideRequest approve;
          approve.set_request_id(Context::NewRequestId());
          approve.set_id(proposed.id());
          approve.set_etag(proposed.etag());
          ASSIGN_OR_RETURN(auto approved, approver->Call<Evaluation>(
                                              Cat(kEvaluation, "ApproveOverride"), approve));
          ASSIGN_OR_RETURN(Context * city, walk.people.Get(ROLE_CITY_SUPERVISOR, walk.city));
          FileOverrideRequest file;
          file.set_request_id(Context::NewRequestId());
          file.set_id(approved.id());
          file.set_etag(approved.etag());
          RETURN_IF_ERROR(city->Call<Evaluation>(Cat(kEvaluation, "FileOverride"), file).status());
          std::printf("人工调整 %s：升级类 → 巩固类，两人经办，市级已备案，12 个月内有效\n",
                      evaluation.subject_name().c_str());
          break;
        }
        [[fallthrough]];
      case EVALUATION_RESULT_CONSOLIDATE:
      case EVALUATION_RESULT_REVITALIZE:
        plain.push_back(evaluation);
        break;
      default:
        break;  // no class: it stays computed and is counted apart
    }
  }
  RETURN_IF_ERROR(walk.Advance(*approver, ADVANCE_STEP_ACCEPT, plain, "采纳"));

  Title("联合确认");
  ASSIGN_OR_RETURN(auto reviewed, walk.Evaluations(EVALUATION_STATE_COUNTY_REVIEWED));
  std::map<std::string, std::vector<Evaluation>> by_department;
  for (const auto& evaluation : reviewed) {
    for (const auto& signature : evaluation.joint_signatures()) {
      if (!signature.has_signed_by()) by_department[signature.department()].push_back(evaluation);
    }
  }
  int number = 20;
  for (const auto& [department, evaluations] : by_department) {
    ASSIGN_OR_RETURN(Context * verifier, walk.Signer(department, ++number));
    RETURN_IF_ERROR(walk.Advance(*verifier, ADVANCE_STEP_SIGN, evaluations,
                                 Cat("签字 ", department), department));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status EvaluateAndReview(Walk& walk) {
  RETURN_IF_ERROR(Experts(walk));
  RETURN_IF_ERROR(Evaluate(walk));
  return Review(walk);
}

}  // namespace bangfu::ctl

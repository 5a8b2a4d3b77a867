#include <algorithm>
#include <set>

#include "common/blob/blob_for_test.h"
#include "common/testing/at_once.h"
#include "services/evaluation/api/evaluation_api_for_test.h"
#include "services/evaluation/domain/baseline.h"
#include "services/evaluation/store/fact_store.h"

namespace bangfu::evaluation {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using testing::StatusIs;

constexpr char kFacts[] = "bangfu.evaluation.v1.FactService.";

TEST_F(EvaluationApi, R029_R024_R025_R026_R027_R028_FiveDimensionsFromNamedRecords) {
  const std::string industry = world_.AddIndustry();
  const std::string project = world_.AddProject(industry);
  world_.Sync();
  world_.Score({project}, 85, 85);
  const v1::SubjectOutcome outcome = world_.EvaluateOne(project);
  ASSERT_TRUE(outcome.has_evaluation()) << outcome.refusal_zh();
  const v1::Evaluation& e = outcome.evaluation();
  EXPECT_EQ(e.result(), v1::EVALUATION_RESULT_CONSOLIDATE) << e.summary_zh();
  EXPECT_EQ(e.rule_id(), "G1");
  EXPECT_EQ(e.state(), v1::EVALUATION_STATE_COMPUTED);
  EXPECT_EQ(e.dimensions_size(), 5);
  EXPECT_EQ(e.watermarks_size(), 2);

  const v1::Explanation x = world_.Explain(e.id());
  EXPECT_EQ(x.indicators_size(), 21);  // the default set leaves D5-04 out
  std::set<std::string> sources;
  for (const v1::IndicatorLine& line : x.indicators()) {
    EXPECT_FALSE(line.raw().empty()) << line.code();
    EXPECT_FALSE(line.source_record().empty()) << line.code();
    EXPECT_FALSE(line.as_of().empty()) << line.code();
    EXPECT_FALSE(line.value_zh().empty()) << line.code();
    EXPECT_FALSE(line.source_zh().empty()) << line.code();
    EXPECT_EQ(line.unit_zh().empty(), line.unit() == "code") << line.code();
    if (line.code() == "D2-01") {
      EXPECT_EQ(line.value_zh(), "正常运营");
    }
    sources.insert(line.source());
  }
  EXPECT_EQ(sources, (std::set<std::string>{"registry", "asset", "evaluation"}));
  EXPECT_GT(x.gates_size(), 0);
  for (const v1::GateLine& gate : x.gates()) {
    EXPECT_THAT(gate.text_zh(), HasSubstr(Cat(gate.threshold_zh(), "：实际", gate.actual_zh())));
    EXPECT_THAT(gate.actual_zh(), HasSubstr(gate.unit_zh()));
  }
  for (const v1::KeyFigure& figure : e.key_figures()) {
    EXPECT_NE(figure.value_zh(), figure.raw()) << figure.code();
  }
  EXPECT_FALSE(e.confidence_zh().empty());
  // The words are no part of what is computed again.
  EXPECT_THAT(x.canonical_json(), Not(HasSubstr("value_zh")));
  EXPECT_EQ(x.canonical_sha256().size(), 64u);
  EXPECT_THAT(x.canonical_json(), HasSubstr("operation_report/"));
  ExpectRollupEqualsRecount();
}

TEST_F(EvaluationApi, R018_WorkOnAnEvaluationRestsWhileItsProjectIsNotVerified) {
  const std::string industry = world_.AddIndustry();
  const std::string project = world_.AddProject(industry);
  world_.Sync();
  world_.Score({project}, 85, 85);
  ASSERT_EQ(world_.EvaluateOne(project).refusal_reason(), "");
  const auto open = [&] {
    return world_.database().Int(
        "SELECT COUNT(*) FROM work_item WHERE subject_type = 'evaluation' AND open_mark = 1");
  };
  EXPECT_EQ(open(), 1);
  registry::v1::Project amended = sample::Project(project, industry);
  amended.set_verification_state(registry::v1::VERIFICATION_STATE_UNVERIFIED);
  world_.Tell(amended);
  world_.Sync();
  EXPECT_EQ(open(), 0);
  world_.Tell(sample::Project(project, industry));
  world_.Sync();
  EXPECT_EQ(open(), 1);
}

TEST_F(EvaluationApi, R018_UnverifiedAndVoidSubjectsAreRefused) {
  const std::string industry = world_.AddIndustry();
  const std::string project = world_.AddProject(industry);
  const std::string other = world_.AddProject(industry);
  registry::v1::Project unverified = sample::Project(project, industry);
  unverified.set_verification_state(registry::v1::VERIFICATION_STATE_UNVERIFIED);
  world_.Tell(unverified);
  registry::v1::Project gone = sample::Project(other, industry);
  gone.set_is_void(true);
  world_.Tell(gone);
  world_.Sync();
  world_.Score({project}, 85, 85);
  const std::string unknown = world_.NewId();
  ASSERT_OK_AND_ASSIGN(auto response, world_.Evaluate({project, other, unknown}, world_.County()));
  ASSERT_EQ(response.outcomes_size(), 3);
  EXPECT_EQ(response.outcomes(0).refusal_reason(), "NOT_VERIFIED");
  EXPECT_EQ(response.outcomes(1).refusal_reason(), "SUBJECT_VOID");
  EXPECT_EQ(response.outcomes(2).refusal_reason(), "RESOURCE_NOT_FOUND");
  EXPECT_EQ(world_.database().Int("SELECT COUNT(*) FROM evaluation"), 0);
  ExpectRollupEqualsRecount();
}

TEST_F(EvaluationApi, R031_AMissingLinkAndR033_AStandstillMoveTheClass) {
  const std::string industry = world_.AddIndustry();
  const std::string project = world_.AddProject(industry);
  world_.Sync();
  world_.Score({project}, 85, 85);
  ASSERT_EQ(world_.EvaluateOne(project).evaluation().result(), v1::EVALUATION_RESULT_CONSOLIDATE);

  registry::v1::Industry gap = sample::Industry(industry);
  gap.mutable_links()->DeleteSubrange(1, 1);  // no cold store in the county any more
  world_.Tell(gap);
  world_.Sync();
  v1::Evaluation upgrade = world_.EvaluateOne(project).evaluation();
  EXPECT_EQ(upgrade.result(), v1::EVALUATION_RESULT_UPGRADE);
  v1::Explanation x = world_.Explain(upgrade.id());
  ASSERT_GT(x.short_boards_size(), 0);
  EXPECT_EQ(x.short_boards(0).detail(), "COLD_STORAGE");
  EXPECT_EQ(x.nearest_better().class_(), type::v1::FOUR_CLASS_CONSOLIDATE);

  asset::v1::ProjectAssetFacts idle = sample::Assets(project);
  idle.set_operating_status(asset::v1::OPERATING_STATUS_SUSPENDED);
  SetDay(absl::CivilDay(2025, 12, 20), idle.mutable_idle_since());
  idle.set_in_use_value_fen(0);
  world_.Tell(idle);
  world_.Sync();
  v1::Evaluation revitalize = world_.EvaluateOne(project).evaluation();
  EXPECT_EQ(revitalize.result(), v1::EVALUATION_RESULT_REVITALIZE);
  EXPECT_EQ(revitalize.rule_id(), "G4");
  ExpectRollupEqualsRecount();
}

// A gap in the chain alone is no upgrade: the class is refused to what nobody has verified or
// reported on, and what has no resources behind it gets it only with a review.
TEST_F(EvaluationApi, R031_AMissingLinkAloneIsRefusedTheClass) {
  const std::string industry = world_.AddIndustry();
  const std::string project = world_.AddProject(industry);
  registry::v1::Industry gap = sample::Industry(industry);
  gap.mutable_links()->DeleteSubrange(1, 1);  // no cold store in the county
  world_.Tell(gap);
  registry::v1::Project unverified = sample::Project(project, industry);
  unverified.set_verification_state(registry::v1::VERIFICATION_STATE_UNVERIFIED);
  world_.Tell(unverified);
  world_.Sync();
  world_.Score({project}, 85, 30);
  const v1::SubjectOutcome refused = world_.EvaluateOne(project);
  EXPECT_EQ(refused.refusal_reason(), "NOT_VERIFIED");
  EXPECT_FALSE(refused.has_evaluation());
  EXPECT_EQ(world_.database().Int("SELECT COUNT(*) FROM evaluation"), 0);

  world_.Tell(sample::Project(project, industry));
  asset::v1::ProjectAssetFacts silent = sample::Assets(project);
  silent.set_income_reported(false);
  world_.Tell(silent);
  world_.Sync();
  EXPECT_EQ(world_.EvaluateOne(project).evaluation().result(),
            v1::EVALUATION_RESULT_INSUFFICIENT_DATA);

  world_.Tell(sample::Assets(project));
  world_.Sync();
  const v1::Evaluation unsupported = world_.EvaluateOne(project).evaluation();
  EXPECT_EQ(unsupported.result(), v1::EVALUATION_RESULT_UPGRADE);
  EXPECT_EQ(unsupported.rule_id(), "G3") << unsupported.summary_zh();
  EXPECT_TRUE(unsupported.review_required());

  world_.Score({project}, 85, 85);
  const v1::Evaluation supported = world_.EvaluateOne(project).evaluation();
  EXPECT_EQ(supported.result(), v1::EVALUATION_RESULT_UPGRADE);
  EXPECT_EQ(supported.rule_id(), "G2") << supported.summary_zh();
  EXPECT_FALSE(supported.review_required());
  ExpectRollupEqualsRecount();
}

TEST_F(EvaluationApi, R044_OnlyTheFullConjunctionProposesAdjust) {
  const std::string industry = world_.AddIndustry();
  const std::string project = world_.AddProject(industry);
  asset::v1::ProjectAssetFacts idle = sample::Assets(project);
  idle.set_operating_status(asset::v1::OPERATING_STATUS_IDLE);
  SetDay(absl::CivilDay(2024, 6, 1), idle.mutable_idle_since());
  idle.set_in_use_value_fen(0);
  for (auto& m : *idle.mutable_months()) {
    std::string month = m.month();
    m.Clear();
    m.set_month(month);
  }
  idle.set_linked_households(2);
  idle.set_linked_poor_households(1);
  idle.set_linked_monitored_households(0);
  idle.set_linkage_mode_count(1);
  world_.Tell(idle);
  world_.Sync();
  world_.Score({project}, 20, 30, /*tech_backward=*/true);
  v1::Evaluation adjust = world_.EvaluateOne(project).evaluation();
  EXPECT_EQ(adjust.result(), v1::EVALUATION_RESULT_ADJUST) << adjust.summary_zh();
  EXPECT_EQ(adjust.rule_id(), "H4");
  v1::Explanation x = world_.Explain(adjust.id());
  bool named = false;
  for (const v1::RuleTrace& r : x.rules_fired()) {
    if (r.rule_id() != "H4") continue;
    for (const v1::RuleInput& i : r.inputs()) {
      named |= i.name() == "tech_backward" && !i.source_record().empty();
    }
  }
  EXPECT_TRUE(named);
  // Without the technology being backward, a person decides.
  world_.Score({project}, 20, 30, false);
  v1::Evaluation manual = world_.EvaluateOne(project).evaluation();
  EXPECT_EQ(manual.result(), v1::EVALUATION_RESULT_MANUAL_REVIEW);
  EXPECT_EQ(manual.suggestion(), v1::EVALUATION_RESULT_ADJUST);
}

TEST_F(EvaluationApi, R008_WithoutEvidenceThereIsNoClass) {
  const std::string industry = world_.AddIndustry();
  const std::string project = world_.AddProject(industry);
  asset::v1::ProjectAssetFacts silent = sample::Assets(project);
  silent.set_income_reported(false);
  world_.Tell(silent);
  world_.Sync();
  world_.Score({project}, 85, 85);
  v1::Evaluation e = world_.EvaluateOne(project).evaluation();
  EXPECT_EQ(e.result(), v1::EVALUATION_RESULT_INSUFFICIENT_DATA);
  EXPECT_THAT(e.missing(), Contains("D3-01"));
  EXPECT_FALSE(e.has_total_bp());
}

TEST_F(EvaluationApi, TwoExpertsAreNoFact) {
  const std::string project = world_.AddProject(world_.AddIndustry());
  world_.Sync();
  v1::SubmitExpertScoresRequest request;
  for (const char* expert : {"zhang", "li"}) {
    request.set_request_id(world_.RequestId());
    request.clear_scores();
    request.add_scores()->set_subject_id(project);
    request.mutable_scores(0)->set_market_outlook(80);
    request.mutable_scores(0)->set_resource_basis(80);
    SetDay(sample::kScoredOn, request.mutable_scores(0)->mutable_scored_on());
    ASSERT_OK_AND_ASSIGN(auto response,
                         world_.server().Call<v1::SubmitExpertScoresResponse>(
                             Cat(kFacts, "SubmitExpertScores"), request,
                             world_.server().Token(auth::Role::ROLE_APPRAISER, "360733", expert)));
    EXPECT_EQ(response.accepted(), 1);
    EXPECT_EQ(response.complete(), 0);
  }
  EXPECT_THAT(world_.EvaluateOne(project).evaluation().missing(), Contains("D5-01"));
}

TEST_F(EvaluationApi, ExpertScoresAreCheckedAndStayInTheirRegion) {
  const std::string project = world_.AddProject(world_.AddIndustry());
  world_.Sync();
  v1::SubmitExpertScoresRequest request;
  request.set_request_id(world_.RequestId());
  request.add_scores()->set_subject_id(project);
  request.mutable_scores(0)->set_cause("NO_SUCH_CAUSE");
  const std::string method = Cat(kFacts, "SubmitExpertScores");
  auto refused = world_.server().Call<v1::SubmitExpertScoresResponse>(
      method, request, world_.server().Token(auth::Role::ROLE_APPRAISER, "36", "zhang"));
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kInvalidArgument, "FIELD_INVALID"));
  EXPECT_THAT(refused.status(), testing::HasViolation("scores[0].cause"));
  EXPECT_THAT(refused.status(), testing::HasViolation("scores[0].market_outlook"));
  request.mutable_scores(0)->clear_cause();
  request.mutable_scores(0)->set_market_outlook(80);
  EXPECT_THAT(
      world_.server().Call<v1::SubmitExpertScoresResponse>(
          method, request, world_.server().Token(auth::Role::ROLE_APPRAISER, "3601", "zhang")),
      StatusIs(absl::StatusCode::kNotFound, "RESOURCE_NOT_FOUND"));
  EXPECT_THAT(
      world_.server().Call<v1::SubmitExpertScoresResponse>(method, request, world_.County()),
      StatusIs(absl::StatusCode::kPermissionDenied));
}

TEST_F(EvaluationApi, SameFactsInAnotherOrderOnAnotherDayGiveTheSameBytes) {
  const std::string industry = world_.AddIndustry();
  const std::string project = world_.AddProject(industry);
  world_.Sync();
  world_.Score({project}, 85, 85);
  v1::Evaluation first = world_.EvaluateOne(project).evaluation();
  const v1::Explanation before = world_.Explain(first.id());
  // The record that holds the snapshot of that hash.
  EXPECT_EQ(before.snapshot_id(), first.id());
  EXPECT_EQ(before.snapshot_sha256(), first.snapshot_sha256());
  EXPECT_EQ(world_.database().Int("SELECT COUNT(*) FROM evaluation_record WHERE evaluation_id = ?",
                                  {*Ulid::Parse(before.snapshot_id())}),
            1);

  // Another day, and everything is told again, backwards.
  world_.server().clock().Advance(absl::Hours(50));
  std::vector<registry::v1::OperationReport> reports = sample::Reports(project);
  std::reverse(reports.begin(), reports.end());
  for (const auto& r : reports) world_.Tell(r);
  world_.Tell(sample::Assets(project));
  world_.Tell(sample::Project(project, industry));
  world_.Sync();
  v1::Evaluation again = world_.EvaluateOne(project).evaluation();
  EXPECT_EQ(again.id(), first.id()) << "unchanged facts and criteria are not evaluated again";
  EXPECT_EQ(world_.database().Int("SELECT COUNT(*) FROM evaluation"), 1);

  v1::VerifyEvaluationRequest verify;
  verify.set_id(first.id());
  const std::string method = Cat(kService, "VerifyEvaluation");
  ASSERT_OK_AND_ASSIGN(auto verified, world_.server().Call<v1::VerifyEvaluationResponse>(
                                          method, verify, world_.County()));
  EXPECT_TRUE(verified.identical());
  EXPECT_EQ(verified.stored_sha256(), before.canonical_sha256());
  // A record that somebody changed shows.
  world_.database().Run("UPDATE evaluation_record SET explanation = CONCAT('R', '{}');\n");
  ASSERT_OK_AND_ASSIGN(verified, world_.server().Call<v1::VerifyEvaluationResponse>(
                                     method, verify, world_.County()));
  EXPECT_FALSE(verified.identical());
}

TEST_F(EvaluationApi, ALaggingSourceIsNamedAndNothingIsComputed) {
  const std::string project = world_.AddProject(world_.AddIndustry());
  world_.Sync();
  world_.Score({project}, 85, 85);
  world_.server().clock().Advance(absl::Minutes(16));
  auto refused = world_.Evaluate({project}, world_.County());
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kUnavailable, "SOURCE_LAGGING"));
  EXPECT_THAT(GetErrorDetail(refused.status()).metadata, Contains(::testing::Key("source")));
  v1::StartBatchEvaluationRequest batch;
  batch.set_request_id(world_.RequestId());
  batch.set_region_code("360733");
  batch.set_period(sample::kPeriod);
  EXPECT_THAT(world_.server().Call<operation::v1::Operation>(Cat(kService, "StartBatchEvaluation"),
                                                             batch, world_.County()),
              StatusIs(absl::StatusCode::kUnavailable, "SOURCE_LAGGING"));
  EXPECT_EQ(world_.database().Int("SELECT COUNT(*) FROM operation"), 0);
  // The limit is the province's to set.
  world_.Parameter("EVALUATION_SOURCE_LAG_MINUTES", 60);
  world_.Sync();
  world_.server().clock().Advance(absl::Minutes(16));
  EXPECT_OK(world_.Evaluate({project}, world_.County()));
}

TEST_F(EvaluationApi, RequestsAreIdempotentAndScoped) {
  const std::string project = world_.AddProject(world_.AddIndustry());
  world_.Sync();
  world_.Score({project}, 85, 85);
  v1::EvaluateSubjectsRequest request;
  request.set_request_id("only-once");
  request.add_subject_ids(project);
  request.set_period(sample::kPeriod);
  const std::string method = Cat(kService, "EvaluateSubjects");
  ASSERT_OK_AND_ASSIGN(auto first, world_.server().Call<v1::EvaluateSubjectsResponse>(
                                       method, request, world_.County()));
  ASSERT_OK_AND_ASSIGN(auto second, world_.server().Call<v1::EvaluateSubjectsResponse>(
                                        method, request, world_.County()));
  EXPECT_EQ(first.SerializeAsString(), second.SerializeAsString());
  request.set_period("2026-01");
  EXPECT_THAT(world_.server().Call<v1::EvaluateSubjectsResponse>(method, request, world_.County()),
              StatusIs(absl::StatusCode::kInvalidArgument, "REQUEST_ID_REUSED"));

  const std::string id = first.outcomes(0).evaluation().id();
  v1::GetEvaluationRequest get;
  get.set_id(id);
  EXPECT_OK(
      world_.server().Call<v1::Evaluation>(Cat(kService, "GetEvaluation"), get, world_.County()));
  EXPECT_THAT(world_.server().Call<v1::Evaluation>(Cat(kService, "GetEvaluation"), get,
                                                   world_.County("360102")),
              StatusIs(absl::StatusCode::kNotFound));
  ASSERT_OK_AND_ASSIGN(auto foreign, world_.Evaluate({project}, world_.County("360102")));
  EXPECT_EQ(foreign.outcomes(0).refusal_reason(), "RESOURCE_NOT_FOUND");
  EXPECT_THAT(world_.Evaluate({project}, world_.County(), "2026-04"),
              StatusIs(absl::StatusCode::kInvalidArgument, "FIELD_INVALID"));
}

TEST_F(EvaluationApi, OfTwoEvaluationsAtOnceOneIsWritten) {
  const std::string project = world_.AddProject(world_.AddIndustry());
  world_.Sync();
  world_.Score({project}, 85, 85);
  v1::EvaluateSubjectsRequest requests[2];
  for (v1::EvaluateSubjectsRequest& request : requests) {
    request.set_request_id(world_.RequestId());
    request.add_subject_ids(project);
    request.set_period(sample::kPeriod);
  }
  const auto responses = testing::AtOnce(2, [&](int i) {
    return world_.server().Call<v1::EvaluateSubjectsResponse>(Cat(kService, "EvaluateSubjects"),
                                                              requests[i], world_.County());
  });
  for (const auto& response : responses) ASSERT_OK(response);
  EXPECT_FALSE(responses[0]->outcomes(0).evaluation().id().empty());
  EXPECT_EQ(responses[0]->outcomes(0).evaluation().id(),
            responses[1]->outcomes(0).evaluation().id());
  EXPECT_EQ(world_.database().Int("SELECT COUNT(*) FROM evaluation"), 1);
  ExpectRollupEqualsRecount();
}

TEST_F(EvaluationApi, ListsPageByKeysetAndFilter) {
  const std::string industry = world_.AddIndustry();
  std::vector<std::string> projects;
  for (int i = 0; i < 5; ++i) {
    projects.push_back(world_.AddProject(industry, i < 3 ? "360733101201" : "360733102200"));
  }
  world_.Sync();
  ASSERT_OK(world_.Evaluate(projects, world_.County()));
  v1::ListEvaluationsRequest request;
  request.set_page_size(2);
  std::set<std::string> seen;
  for (int page = 0; page < 4; ++page) {
    ASSERT_OK_AND_ASSIGN(auto response,
                         world_.server().Call<v1::ListEvaluationsResponse>(
                             Cat(kService, "ListEvaluations"), request, world_.County()));
    for (const v1::Evaluation& e : response.evaluations()) {
      EXPECT_TRUE(seen.insert(e.id()).second);
    }
    if (response.next_page_token().empty()) break;
    request.set_page_token(response.next_page_token());
  }
  EXPECT_EQ(seen.size(), 5u);
  request.set_region_code("360733102");
  EXPECT_THAT(world_.server().Call<v1::ListEvaluationsResponse>(Cat(kService, "ListEvaluations"),
                                                                request, world_.County()),
              StatusIs(absl::StatusCode::kInvalidArgument));  // a token of another query
  request.clear_page_token();
  ASSERT_OK_AND_ASSIGN(auto township,
                       world_.server().Call<v1::ListEvaluationsResponse>(
                           Cat(kService, "ListEvaluations"), request, world_.County()));
  EXPECT_EQ(township.evaluations_size(), 2);
  request.set_region_code("360102");
  ASSERT_OK_AND_ASSIGN(auto elsewhere,
                       world_.server().Call<v1::ListEvaluationsResponse>(
                           Cat(kService, "ListEvaluations"), request, world_.County()));
  EXPECT_EQ(elsewhere.evaluations_size(), 0);
}

TEST_F(EvaluationApi, WhatHangsOnASubjectFollowsItsRegion) {
  const std::string industry = world_.AddIndustry();
  const std::string project = world_.AddProject(industry);
  world_.Sync();
  world_.Score({project}, 85, 85);
  const std::string id = world_.EvaluateOne(project).evaluation().id();
  // 龙南县 became 龙南市: another code, and not a prefix of the old one.
  registry::v1::Project moved = sample::Project(project, industry);
  moved.set_region_path("360783101201");
  world_.Tell(moved);
  world_.Sync();
  v1::GetEvaluationRequest get;
  get.set_id(id);
  EXPECT_THAT(world_.server().Call<v1::Evaluation>(Cat(kService, "GetEvaluation"), get,
                                                   world_.County("360733")),
              StatusIs(absl::StatusCode::kNotFound));
  ASSERT_OK_AND_ASSIGN(auto seen,
                       world_.server().Call<v1::Evaluation>(Cat(kService, "GetEvaluation"), get,
                                                            world_.County("360783")));
  EXPECT_EQ(seen.region_path(), "360783101201");
  EXPECT_EQ(seen.region_code(), sample::kVillage);  // as filed
  ExpectRollupEqualsRecount();
}

TEST_F(EvaluationApi, R079_AnIndustryIsJudgedByItsProjects) {
  const std::string industry = world_.AddIndustry();
  const std::string good = world_.AddProject(industry);
  const std::string idle = world_.AddProject(industry);
  world_.Tell([&] {
    asset::v1::ProjectAssetFacts a = sample::Assets(idle);
    a.set_operating_status(asset::v1::OPERATING_STATUS_IDLE);
    SetDay(absl::CivilDay(2025, 1, 1), a.mutable_idle_since());
    a.set_operating_original_value_fen(1'000'000);
    a.set_in_use_value_fen(0);
    return a;
  }());
  world_.Sync();
  world_.Score({good, idle, industry}, 85, 85);
  // Asked for together: the projects come first, whatever the order.
  ASSERT_OK_AND_ASSIGN(auto response, world_.Evaluate({industry, good, idle}, world_.County()));
  const v1::Evaluation& e = response.outcomes(0).evaluation();
  EXPECT_EQ(e.subject_type(), type::v1::SUBJECT_TYPE_INDUSTRY);
  EXPECT_EQ(e.subject_id(), industry);
  EXPECT_EQ(e.result(), v1::EVALUATION_RESULT_CONSOLIDATE) << e.summary_zh();
  EXPECT_THAT(world_.Explain(e.id()).canonical_json(), HasSubstr("\"distribution\":[{"));
  ExpectRollupEqualsRecount();
}

TEST_F(EvaluationApi, R079_AnIndustryWithoutVerifiedProjectsIsRefused) {
  const std::string industry = world_.AddIndustry();
  world_.Sync();
  EXPECT_EQ(world_.EvaluateOne(industry).refusal_reason(), "NOT_VERIFIED");
}

TEST_F(EvaluationApi, FactsAreShownWithTheirSource) {
  const std::string project = world_.AddProject(world_.AddIndustry());
  world_.Sync();
  v1::ListFactsRequest request;
  request.set_subject_id(project);
  ASSERT_OK_AND_ASSIGN(auto facts, world_.server().Call<v1::ListFactsResponse>(
                                       Cat(kFacts, "ListFacts"), request, world_.County()));
  bool found = false;
  for (const v1::Fact& f : facts.facts()) {
    EXPECT_FALSE(f.source().empty()) << f.code();
    if (f.code() != "D3-02") continue;
    found = true;
    EXPECT_EQ(f.value(), 10000);
    EXPECT_THAT(f.source_record(), StartsWith("contract/"));
    EXPECT_GT(f.source_sequence(), 0);
  }
  EXPECT_TRUE(found);
  EXPECT_EQ(facts.watermarks_size(), 2);
}

TEST_F(EvaluationApi, AnAppraisalMakesH2AndIsRecordedOnce) {
  const std::string project = world_.AddProject(world_.AddIndustry());
  world_.Sync();
  world_.Score({project}, 85, 85);
  v1::RecordAppraisalRequest request;
  request.set_request_id(world_.RequestId());
  v1::Appraisal& a = *request.mutable_appraisal();
  a.set_subject_id(project);
  a.set_report_no("赣评〔2026〕3号");
  a.set_appraiser_org("江西某资产评估有限公司");
  a.set_no_revital_value(true);
  SetDay(absl::CivilDay(2026, 3, 2), a.mutable_appraised_on());
  ASSERT_OK_AND_ASSIGN(
      *a.add_evidence(),
      bangfu::testing::CompleteEvidence(world_.db(), world_.server().ids(),
                                        world_.server().clock().Now(), "APPRAISAL", "360733"));
  const std::string token = world_.server().Token(auth::Role::ROLE_APPRAISER, "360733", "zhang");
  EXPECT_THAT(world_.server().Call<v1::Appraisal>(Cat(kFacts, "RecordAppraisal"), request, token),
              StatusIs(absl::StatusCode::kInvalidArgument));  // tomorrow
  SetDay(absl::CivilDay(2026, 2, 1), a.mutable_appraised_on());
  ASSERT_OK_AND_ASSIGN(auto recorded, world_.server().Call<v1::Appraisal>(
                                          Cat(kFacts, "RecordAppraisal"), request, token));
  EXPECT_EQ(recorded.valid_to().year(), 2027);
  request.set_request_id(world_.RequestId());
  ASSERT_OK_AND_ASSIGN(
      *a.mutable_evidence(0),
      bangfu::testing::CompleteEvidence(world_.db(), world_.server().ids(),
                                        world_.server().clock().Now(), "APPRAISAL", "360733"));
  EXPECT_THAT(world_.server().Call<v1::Appraisal>(Cat(kFacts, "RecordAppraisal"), request, token),
              StatusIs(absl::StatusCode::kAlreadyExists, "APPRAISAL_EXISTS"));
  v1::Evaluation e = world_.EvaluateOne(project).evaluation();
  EXPECT_EQ(e.rule_id(), "H2");
  EXPECT_EQ(e.result(), v1::EVALUATION_RESULT_ADJUST);
}

}  // namespace
}  // namespace bangfu::evaluation

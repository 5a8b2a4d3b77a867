// Scores of experts by their day (评分日期): an evaluation of a past period takes what experts had
// said by its end.
#include "common/contract/time.h"
#include "services/evaluation/api/world_for_test.h"

namespace bangfu::evaluation {
namespace {

using absl::StatusCode;
using testing::StatusIs;

constexpr char kFacts[] = "bangfu.evaluation.v1.FactService.";

class ScoresByDay : public ::testing::Test {
 protected:
  ScoresByDay() : project_(world_.AddProject(world_.AddIndustry())) { world_.Sync(); }

  absl::StatusOr<v1::SubmitExpertScoresResponse> Say(
      const std::string& expert, int points, std::optional<absl::CivilDay> on = std::nullopt,
      bool validate_only = false) {
    v1::SubmitExpertScoresRequest request;
    request.set_request_id(world_.RequestId());
    request.set_validate_only(validate_only);
    v1::ExpertScore* score = request.add_scores();
    score->set_subject_id(project_);
    score->set_market_outlook(points);
    score->set_resource_basis(points);
    if (on) SetDay(*on, score->mutable_scored_on());
    return world_.server().Call<v1::SubmitExpertScoresResponse>(
        Cat(kFacts, "SubmitExpertScores"), request,
        world_.server().Token(auth::Role::ROLE_APPRAISER, "36", expert));
  }
  void AllSay(int points, std::optional<absl::CivilDay> on = std::nullopt) {
    for (const char* expert : {"expert-zhang", "expert-li", "expert-wang"}) {
      ASSERT_OK(Say(expert, points, on));
    }
  }
  std::vector<std::string> Listed(bool include_earlier) {
    v1::ListExpertScoresRequest request;
    request.set_subject_id(project_);
    request.set_include_earlier(include_earlier);
    auto list = world_.server().Call<v1::ListExpertScoresResponse>(Cat(kFacts, "ListExpertScores"),
                                                                   request, world_.Province());
    EXPECT_OK(list);
    std::vector<std::string> out;
    if (!list.ok()) return out;
    for (const v1::ExpertScore& s : list->scores()) {
      out.push_back(Cat(s.expert().subject(), " ", s.market_outlook(), " ",
                        absl::FormatCivilTime(*DayOf(s.scored_on()))));
    }
    return out;
  }
  v1::Evaluation In(const std::string& period) {
    auto outcome = world_.Evaluate({project_}, world_.Province(), period);
    EXPECT_OK(outcome);
    return outcome.ok() && outcome->outcomes_size() == 1 ? outcome->outcomes(0).evaluation()
                                                         : v1::Evaluation();
  }

  World world_;  // it is 1 March 2026
  const std::string project_;
};

TEST_F(ScoresByDay, APastPeriodIsJudgedByWhatWasSaidByItsEnd) {
  AllSay(85, sample::kScoredOn);
  const v1::Evaluation first = In("2026-02");
  ASSERT_EQ(first.result(), v1::EVALUATION_RESULT_CONSOLIDATE) << first.summary_zh();
  AllSay(10);  // today, after February
  // The same facts as of the same day: nothing to evaluate anew.
  EXPECT_EQ(In("2026-02").id(), first.id());
  const v1::Evaluation march = In("2026-03");
  EXPECT_FALSE(march.id().empty());
  EXPECT_NE(march.result(), v1::EVALUATION_RESULT_CONSOLIDATE);
}

TEST_F(ScoresByDay, WhatWasSaidAfterThePeriodIsNoFactOfIt) {
  AllSay(85);
  EXPECT_EQ(In("2026-02").result(), v1::EVALUATION_RESULT_INSUFFICIENT_DATA);
  EXPECT_EQ(In("2026-03").result(), v1::EVALUATION_RESULT_CONSOLIDATE);
}

TEST_F(ScoresByDay, EachExpertIsListedAsHeardLastAndOnRequestWithAllBefore) {
  AllSay(85, sample::kScoredOn);
  ASSERT_OK(Say("expert-li", 60));
  ASSERT_OK(Say("expert-li", 61));  // the same day once more
  const std::vector<std::string> last = {"expert-li 61 2026-03-01", "expert-wang 85 2026-02-10",
                                         "expert-zhang 85 2026-02-10"};
  EXPECT_EQ(Listed(false), last);
  const std::vector<std::string> all = {"expert-li 61 2026-03-01", "expert-li 85 2026-02-10",
                                        "expert-wang 85 2026-02-10", "expert-zhang 85 2026-02-10"};
  EXPECT_EQ(Listed(true), all);
}

TEST_F(ScoresByDay, TheDayIsNotInTheFutureAndExists) {
  const absl::CivilDay today(2026, 3, 1);
  const auto invalid = StatusIs(StatusCode::kInvalidArgument, "FIELD_INVALID");
  const auto tomorrow = Say("expert-li", 60, today + 1);
  EXPECT_THAT(tomorrow, invalid);
  EXPECT_THAT(tomorrow.status(), testing::HasViolation("scores[0].scored_on"));
  v1::SubmitExpertScoresRequest request;
  request.set_request_id(world_.RequestId());
  v1::ExpertScore* score = request.add_scores();
  score->set_subject_id(project_);
  score->set_market_outlook(80);
  score->mutable_scored_on()->set_year(2026);
  score->mutable_scored_on()->set_month(2);
  score->mutable_scored_on()->set_day(30);
  EXPECT_THAT(world_.server().Call<v1::SubmitExpertScoresResponse>(
                  Cat(kFacts, "SubmitExpertScores"), request,
                  world_.server().Token(auth::Role::ROLE_APPRAISER, "36", "expert-li")),
              invalid);
  ASSERT_OK(Say("expert-li", 60, today, /*validate_only=*/true));
  EXPECT_TRUE(Listed(true).empty());
}

TEST_F(ScoresByDay, HowManyExpertsMakeAFactIsTheProvincesToSay) {
  ASSERT_OK(Say("expert-zhang", 85, sample::kScoredOn));
  ASSERT_OK_AND_ASSIGN(auto two, Say("expert-li", 85, sample::kScoredOn));
  EXPECT_EQ(two.complete(), 0);
  EXPECT_EQ(In("2026-02").result(), v1::EVALUATION_RESULT_INSUFFICIENT_DATA);
  world_.Parameter("EXPERT_SCORES_MINIMUM", 2);
  world_.Sync();
  EXPECT_EQ(In("2026-02").result(), v1::EVALUATION_RESULT_CONSOLIDATE);
  ASSERT_OK_AND_ASSIGN(two, Say("expert-li", 85, sample::kScoredOn));
  EXPECT_EQ(two.complete(), 1);
}

TEST_F(ScoresByDay, TheShareOfReportedMonthsThatMakesAYearIsTheProvincesToSay) {
  AllSay(85, sample::kScoredOn);
  registry::v1::OperationReport silent = sample::Report(project_, "2025-03");
  silent.clear_revenue_fen();
  world_.Tell(silent);
  world_.Sync();
  const auto margin = [this] {
    v1::ListFactsRequest request;
    request.set_subject_id(project_);
    auto facts = world_.server().Call<v1::ListFactsResponse>(Cat(kFacts, "ListFacts"), request,
                                                             world_.Province());
    EXPECT_OK(facts);
    return std::any_of(facts->facts().begin(), facts->facts().end(),
                       [](const v1::Fact& f) { return f.code() == "D2-03"; });
  };
  EXPECT_TRUE(margin());  // eleven of twelve months
  world_.Parameter("REPORT_MONTHS_NEEDED_BP", 10000);
  world_.Sync();
  EXPECT_FALSE(margin());
}

}  // namespace
}  // namespace bangfu::evaluation

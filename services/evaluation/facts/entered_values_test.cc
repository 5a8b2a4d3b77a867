// What persons entered counts as of the day of the evaluation.
#include "common/testing/status_matchers.h"
#include "services/evaluation/facts/sample_for_test.h"
#include "services/evaluation/facts/snapshot_values.h"

namespace bangfu::evaluation {
namespace {

constexpr char kProject[] = "01JPRJ00000000000000000001";

class EnteredAsOf : public ::testing::Test {
 protected:
  void Score(const std::string& expert, int outlook, absl::CivilDay day) {
    v1::ExpertScore& s = entered_.scores.emplace_back(sample::Score(kProject, expert, outlook, 80));
    s.set_tech_backward(true);
    s.set_cause("POOR_PLANNING");
    SetDay(day, s.mutable_scored_on());
  }
  void Argue(const std::string& id, v1::ArgumentConclusion conclusion, const std::string& cause,
             absl::CivilDay day) {
    v1::ArgumentRecord& a = entered_.arguments.emplace_back();
    a.set_id(id);
    a.set_conclusion(conclusion);
    a.set_cause(cause);
    SetDay(day, a.mutable_argued_on());
  }
  Snapshot At(absl::CivilDay as_of) {
    Snapshot s;
    Values values(s);
    PutEntered(entered_, limits_, {"", as_of}, s, values);
    return s;
  }
  static FactValue Outlook(const Snapshot& s) {
    for (const FactValue& v : s.values) {
      if (v.code == "D5-01") return v;
    }
    return {};
  }
  FactLimits limits_;
  EnteredFacts entered_;
};

TEST_F(EnteredAsOf, ScoresCountFromTheirDayOn) {
  const absl::CivilDay third(2026, 3, 2);
  Score("zhang", 60, absl::CivilDay(2026, 2, 10));
  Score("li", 70, absl::CivilDay(2026, 2, 28));
  Score("wang", 80, third);
  // At the end of February two had spoken: no fact, and no flag of theirs.
  const Snapshot february = At(absl::CivilDay(2026, 2, 28));
  EXPECT_EQ(Outlook(february).state, FactState::kMissing);
  EXPECT_FALSE(february.facts.tech_backward);
  EXPECT_EQ(february.facts.cause, "");
  const Snapshot march = At(third);
  EXPECT_EQ(Outlook(march).number, 70);
  EXPECT_EQ(Outlook(march).as_of, third);
  EXPECT_TRUE(march.facts.tech_backward);
  EXPECT_EQ(march.facts.cause, "POOR_PLANNING");
}

TEST_F(EnteredAsOf, TheLastScoreOfAnExpertUpToTheDayCounts) {
  const absl::CivilDay first(2026, 2, 10);
  for (const char* expert : {"zhang", "li", "wang"}) {
    Score(expert, 90, first + 20);
    Score(expert, 60, first);
  }
  EXPECT_EQ(Outlook(At(first - 1)).state, FactState::kMissing);
  EXPECT_EQ(Outlook(At(first + 19)).number, 60);
  EXPECT_EQ(Outlook(At(first + 20)).number, 90);
}

TEST_F(EnteredAsOf, HowManyExpertsAreAFactIsAParameter) {
  Score("zhang", 60, sample::kScoredOn);
  Score("li", 80, sample::kScoredOn);
  EXPECT_EQ(Outlook(At(sample::kScoredOn)).state, FactState::kMissing);
  limits_.experts = 2;
  EXPECT_EQ(Outlook(At(sample::kScoredOn)).number, 70);
  entered_.scores.clear();
  limits_.experts = 0;  // nobody is no fact, whatever is asked for
  EXPECT_EQ(Outlook(At(sample::kScoredOn)).state, FactState::kMissing);
}

TEST_F(EnteredAsOf, ArgumentsCountFromTheirDayOn) {
  Argue("A", v1::ARGUMENT_CONCLUSION_FEASIBLE, "CASHFLOW_MARKET", absl::CivilDay(2026, 2, 1));
  Argue("B", v1::ARGUMENT_CONCLUSION_NOT_FEASIBLE, "POOR_PLANNING", absl::CivilDay(2026, 3, 5));
  const Snapshot january = At(absl::CivilDay(2026, 1, 31));
  EXPECT_EQ(january.facts.revitalise_feasible, Feasibility::kUnknown);
  EXPECT_EQ(january.facts.cause, "");
  const Snapshot february = At(absl::CivilDay(2026, 2, 28));
  EXPECT_EQ(february.facts.revitalise_feasible, Feasibility::kYes);
  EXPECT_EQ(february.facts.cause, "CASHFLOW_MARKET");
  const Snapshot march = At(absl::CivilDay(2026, 3, 31));
  EXPECT_EQ(march.facts.revitalise_feasible, Feasibility::kNo);
  EXPECT_EQ(march.facts.cause, "POOR_PLANNING");
}

// A panel that did not carry an argument leaves nothing standing of those before it.
TEST_F(EnteredAsOf, AnArgumentThatWasNotCarriedEndsTheOnesBefore) {
  Argue("01A", v1::ARGUMENT_CONCLUSION_FEASIBLE, "POOR_PLANNING", absl::CivilDay(2026, 1, 10));
  Argue("01B", v1::ARGUMENT_CONCLUSION_NOT_FEASIBLE, "", absl::CivilDay(2026, 2, 10));
  entered_.arguments.back().set_state(v1::ARGUMENT_STATE_NOT_CARRIED);
  const Snapshot january = At(absl::CivilDay(2026, 1, 31));
  EXPECT_EQ(january.facts.revitalise_feasible, Feasibility::kYes);
  EXPECT_EQ(january.facts.cause, "POOR_PLANNING");
  const Snapshot february = At(absl::CivilDay(2026, 2, 28));
  EXPECT_EQ(february.facts.revitalise_feasible, Feasibility::kUnknown);
  EXPECT_EQ(february.facts.cause, "");
  Argue("01C", v1::ARGUMENT_CONCLUSION_NOT_FEASIBLE, "", absl::CivilDay(2026, 3, 1));
  EXPECT_EQ(At(absl::CivilDay(2026, 3, 1)).facts.revitalise_feasible, Feasibility::kNo);
}

}  // namespace
}  // namespace bangfu::evaluation

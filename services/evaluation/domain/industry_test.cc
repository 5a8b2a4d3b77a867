#include "services/evaluation/domain/industry.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/evaluation/domain/engine.h"
#include "services/evaluation/domain/vectors_for_test.h"

namespace bangfu::evaluation {
namespace {

const Engine& FullEngine() {
  static const Engine& engine = *new Engine(*Engine::Create(BaselineV1()));
  return engine;
}

ProjectContribution Of(const std::string& vector, int64_t value_fen) {
  return ContributionOf(FullEngine().Evaluate(SnapshotOf(VectorNamed(vector)))->explanation,
                        value_fen);
}

// The industry-level facts D1 and D5 of vector f.
Snapshot Industry() {
  Snapshot s = SnapshotOf(VectorNamed("f"));
  s.subject_type = SubjectType::kIndustry;
  s.subject_id = "360733/FRUIT_VEG";
  s.stage = Stage::kUnspecified;
  std::erase_if(s.values, [](const FactValue& v) { return v.code[1] != '1' && v.code[1] != '5'; });
  return s;
}

TEST(Industry, R079_ValueWeightedMeanOfItsProjectsDecidesByTheSameGates) {
  Snapshot s = Industry();
  std::vector<ProjectContribution> projects = {Of("f", 3'000'000), Of("h", 1'000'000)};
  AggregateIndustry(FullEngine().criteria(), projects, s);
  Explanation e = FullEngine().Evaluate(s)->explanation;
  EXPECT_EQ(*e.dimensions[1].score_bp, 9820);
  EXPECT_EQ(*e.dimensions[2].score_bp, 9700);
  EXPECT_EQ(*e.dimensions[3].score_bp, 7763);  // (3 · 8950 + 4200) ÷ 4 = 7762.5
  EXPECT_EQ(e.result, Result::kConsolidate);
  ASSERT_EQ(e.distribution.size(), 2u);
  EXPECT_EQ(e.distribution[0].result, Result::kConsolidate);
  EXPECT_EQ(e.distribution[0].projects, 1);
  EXPECT_EQ(e.distribution[0].value_fen, 3'000'000);
}

TEST(Industry, R079_StandingValueMakesTheIndustryNotViable) {
  Snapshot s = Industry();
  std::vector<ProjectContribution> projects = {Of("f", 1'000'000), Of("p", 9'000'000)};
  AggregateIndustry(FullEngine().criteria(), projects, s);
  EXPECT_EQ(ValueOf(s, "D2-01").category, "SUSPENDED");
  EXPECT_EQ(ValueOf(s, "D2-02").number, 8);
  EXPECT_EQ(FullEngine().Evaluate(s)->explanation.result, Result::kRevitalize);
}

TEST(Industry, StatusFollowsTheShareOfRunningValue) {
  struct Case {
    int64_t running;
    const char* status;
  };
  for (const Case& c : std::vector<Case>{
           {8000, "NORMAL"}, {7999, "PARTIAL"}, {3000, "PARTIAL"}, {2999, "SUSPENDED"}}) {
    Snapshot s = Industry();
    std::vector<ProjectContribution> projects = {Of("f", c.running), Of("p", 10000 - c.running)};
    AggregateIndustry(FullEngine().criteria(), projects, s);
    EXPECT_EQ(ValueOf(s, "D2-01").category, c.status) << c.running;
  }
}

TEST(Industry, ProjectsOutsideClassificationCountInTheDistributionOnly) {
  Snapshot s = Industry();
  std::vector<ProjectContribution> projects = {Of("f", 100), Of("r", 100000)};
  AggregateIndustry(FullEngine().criteria(), projects, s);
  Explanation e = FullEngine().Evaluate(s)->explanation;
  EXPECT_EQ(*e.dimensions[1].score_bp, 9820);
  EXPECT_EQ(e.distribution.size(), 2u);
}

TEST(Industry, WithoutProjectsItIsInsufficientData) {
  Snapshot s = Industry();
  AggregateIndustry(FullEngine().criteria(), {}, s);
  EXPECT_EQ(FullEngine().Evaluate(s)->explanation.result, Result::kInsufficientData);
}

TEST(Industry, MostlyUnreportedValueHasNoScore) {
  Snapshot s = Industry();
  std::vector<ProjectContribution> projects = {Of("f", 5999), Of("d", 4001)};
  AggregateIndustry(FullEngine().criteria(), projects, s);
  Explanation e = FullEngine().Evaluate(s)->explanation;
  EXPECT_EQ(e.result, Result::kInsufficientData);
  ASSERT_EQ(e.missing.size(), 1u);
  EXPECT_EQ(e.missing[0].code, "D3");
}

TEST(Industry, HardRulesDoNotApply) {
  Snapshot s = Industry();
  s.facts.damaged_irreparable = true;
  std::vector<ProjectContribution> projects = {Of("f", 100)};
  AggregateIndustry(FullEngine().criteria(), projects, s);
  EXPECT_EQ(FullEngine().Evaluate(s)->explanation.result, Result::kConsolidate);
}

TEST(Industry, ProjectsWithoutValueWeighAlike) {
  Snapshot s = Industry();
  std::vector<ProjectContribution> projects = {Of("f", 0), Of("h", 0)};
  AggregateIndustry(FullEngine().criteria(), projects, s);
  EXPECT_EQ(*FullEngine().Evaluate(s)->explanation.dimensions[3].score_bp, 6575);
}

}  // namespace
}  // namespace bangfu::evaluation

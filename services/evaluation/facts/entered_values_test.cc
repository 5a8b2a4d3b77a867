// What persons entered counts as of the day of the evaluation.
#include "common/testing/status_matchers.h"
#include "services/evaluation/facts/snapshot_values.h"

namespace bangfu::evaluation {
namespace {

class EnteredAsOf : public ::testing::Test {
 protected:
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
    PutEntered(entered_, {"", as_of}, s, values);
    return s;
  }
  EnteredFacts entered_;
};

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

}  // namespace
}  // namespace bangfu::evaluation

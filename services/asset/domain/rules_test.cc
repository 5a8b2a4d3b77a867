#include "services/asset/domain/rules.h"

#include "common/testing/status_matchers.h"

namespace bangfu::asset {
namespace {

using absl::CivilDay;
using ::bangfu::testing::HasViolation;
using ::bangfu::testing::IsOk;
using ::bangfu::testing::StatusIs;

const CivilDay kToday(2026, 11, 24);

Use Report(UseState state, CivilDay since) {
  Use use;
  use.state = state;
  use.since = since;
  return use;
}

TEST(Use, SixMonthsTellSuspendedFromIdle) {
  Use use = Report(UseState::kSuspended, CivilDay(2026, 5, 24));
  use.idle_reason = "停产";
  ASSERT_OK(CheckUse({kToday, std::nullopt, std::nullopt, nullptr}, "use", &use));
  EXPECT_EQ(use.state, UseState::kIdle);
  EXPECT_EQ(use.idle_since, CivilDay(2026, 5, 24));
  use = Report(UseState::kIdle, CivilDay(2026, 5, 25));
  use.idle_reason = "停产";
  ASSERT_OK(CheckUse({kToday, std::nullopt, std::nullopt, nullptr}, "use", &use));
  EXPECT_EQ(use.state, UseState::kSuspended);
  EXPECT_TRUE(use.ever_used);
}

TEST(Use, PartialUseCountsItsShares) {
  Use use = Report(UseState::kPartial, CivilDay(2026, 1, 1));
  EXPECT_THAT(CheckUse({kToday, std::nullopt, std::nullopt, nullptr}, "use", &use),
              HasViolation("use.use_parts"));
  use.parts = {{"三处", 7500, UseState::kInUse}, {"一处", 2400, UseState::kIdle}};
  EXPECT_THAT(CheckUse({kToday, std::nullopt, std::nullopt, nullptr}, "use", &use),
              HasViolation("use.use_parts"));  // Σ ≠ 10000
  use.parts[1].share_bp = 2500;
  ASSERT_OK(CheckUse({kToday, std::nullopt, std::nullopt, nullptr}, "use", &use));
  EXPECT_EQ(InUseShareBp(use), 7500);
  use.parts[1].state = UseState::kInUse;
  EXPECT_THAT(CheckUse({kToday, std::nullopt, std::nullopt, nullptr}, "use", &use),
              HasViolation("use.use_parts"));  // nothing unused
}

TEST(Use, ReportsComeInOrderAndUseIsNotUndone) {
  Use before = Report(UseState::kInUse, CivilDay(2026, 6, 1));
  ASSERT_OK(CheckUse({kToday, std::nullopt, std::nullopt, nullptr}, "use", &before));
  Use use = Report(UseState::kOffSeason, CivilDay(2026, 5, 1));
  EXPECT_THAT(CheckUse({kToday, std::nullopt, std::nullopt, &before}, "use", &use),
              StatusIs(absl::StatusCode::kFailedPrecondition, "REPORT_OUT_OF_ORDER"));
  use = Report(UseState::kNotStarted, CivilDay(2026, 7, 1));
  EXPECT_THAT(CheckUse({kToday, std::nullopt, std::nullopt, &before}, "use", &use),
              StatusIs(absl::StatusCode::kFailedPrecondition, "USE_STATE_WRONG"));
  use = Report(UseState::kIdle, CivilDay(2026, 7, 1));
  EXPECT_THAT(CheckUse({kToday, std::nullopt, std::nullopt, &before}, "use", &use),
              HasViolation("use.idle_reason"));
  use = Report(UseState::kInUse, kToday + 1);
  EXPECT_THAT(CheckUse({kToday, std::nullopt, std::nullopt, &before}, "use", &use),
              HasViolation("use.since"));
  use = Report(UseState::kCultivating, CivilDay(2026, 7, 1));
  EXPECT_THAT(CheckUse({kToday, std::nullopt, std::nullopt, nullptr}, "use", &use),
              StatusIs(absl::StatusCode::kFailedPrecondition, "USE_STATE_WRONG"));
}

TEST(Shares, AddUpToTheWhole) {
  std::vector<FieldViolation> violations;
  CheckShares({5100, 4900}, false, "owners", &violations);
  CheckShares({0, 0}, true, "owners", &violations);
  EXPECT_TRUE(violations.empty());
  CheckShares({5100, 4899}, false, "owners", &violations);
  CheckShares({0, 0}, false, "holders", &violations);
  EXPECT_EQ(violations.size(), 2u);
  EXPECT_EQ(
      VillageShareBp({{OwnerLevel::kVillageCollective, 5100}, {OwnerLevel::kStateCounty, 4900}}),
      5100);
  EXPECT_EQ(VillageShareBp({{OwnerLevel::kVillageCollective, 0}}), std::nullopt);
}

TEST(Value, IsConserved) {
  std::vector<FieldViolation> violations;
  CheckConservation(44791, {31320, 13471}, "fund_sources", &violations);
  EXPECT_TRUE(violations.empty());
  CheckConservation(44791, {31320, 13472}, "fund_sources", &violations);
  EXPECT_EQ(violations.size(), 1u);
  CheckConservation(1, {INT64_MAX, 1}, "fund_sources", &violations);
  EXPECT_EQ(violations.size(), 2u);
}

TEST(Months, CountWholeOnes) {
  EXPECT_EQ(MonthsBetween(CivilDay(2026, 1, 31), CivilDay(2026, 2, 28)), 1);
  EXPECT_EQ(MonthsBetween(CivilDay(2026, 1, 15), CivilDay(2026, 2, 14)), 0);
  EXPECT_EQ(MonthsBetween(CivilDay(2026, 2, 14), CivilDay(2026, 1, 15)), 0);
  EXPECT_EQ(AddMonths(CivilDay(2018, 3, 15), 60), CivilDay(2023, 3, 15));
}

}  // namespace
}  // namespace bangfu::asset

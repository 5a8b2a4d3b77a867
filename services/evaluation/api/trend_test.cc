// Time series over the API: chain coverage and short boards (R006), income (R007).
#include <map>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/evaluation/api/lifecycle_world_for_test.h"
#include "services/evaluation/jobs/nightly.h"

namespace bangfu::evaluation {
namespace {

using absl::StatusCode;
using testing::HasViolation;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using testing::StatusIs;

class EvaluationTrends : public ::testing::Test {
 protected:
  absl::StatusOr<v1::ChainTrend> Chain(const v1::ListChainTrendRequest& request,
                                       const std::string& token) {
    return w_.Call<v1::ChainTrend>(Cat(kLedgerService, "ListChainTrend"), request, token);
  }
  absl::StatusOr<v1::IncomeSeries> Income(const v1::ListIncomeSeriesRequest& request,
                                          const std::string& token) {
    return w_.Call<v1::IncomeSeries>(Cat(kLedgerService, "ListIncomeSeries"), request, token);
  }
  void Night() {
    w_.world().Sync();
    ASSERT_OK(RecountAndRefresh(w_.db(), w_.server().ids(), w_.server().clock().Now()));
  }
  // A project whose ten households were paid in each of two months.
  void TellIncome(const std::string& id, const std::string& village, int64_t fen) {
    w_.world().Tell(sample::Project(id, "", village));
    asset::v1::ProjectAssetFacts facts;
    facts.set_project_id(id);
    facts.set_region_path(village);
    facts.set_household_income_reported(true);
    facts.set_linked_households(10);
    asset::v1::LinkedHouseholds* linked = facts.add_households_by_month();
    linked->set_month("2024-01");
    linked->set_households(10);
    for (const char* month : {"2025-02", "2026-01"}) {
      asset::v1::MonthlyFacts* m = facts.add_months();
      m->set_month(month);
      m->set_household_income_fen(fen);
    }
    w_.world().Tell(facts);
  }
  using ByMonth = std::map<std::string, int64_t>;
  ByMonth IncomeOf(const std::string& region) {
    v1::ListIncomeSeriesRequest request;
    request.set_region_code(region);
    request.set_months(60);
    auto series = Income(request, w_.Province());
    EXPECT_OK(series);
    ByMonth out;
    if (!series.ok()) return out;
    for (const v1::IncomeSeriesMonth& m : series->months()) out[m.month()] = m.income_fen();
    return out;
  }
  registry::v1::ShortBoard Board(const std::string& subject) {
    registry::v1::ShortBoard b;
    b.set_id(w_.world().NewId());
    b.set_subject_id(subject);
    b.set_region_path(sample::kCounty);
    b.set_kind("CHAIN");
    b.set_link_code("COLD_STORAGE");
    return b;
  }

  LifecycleWorld w_;
};

TEST_F(EvaluationTrends, R006_ChainCoverageAndShortBoardsByMonth) {
  World& world = w_.world();
  const std::string industry = world.AddIndustry();
  registry::v1::Industry gap = sample::Industry(industry);
  gap.mutable_links()->DeleteSubrange(1, 1);  // no cold store
  world.Tell(gap);
  const std::string project = world.AddProject(industry);
  registry::v1::ShortBoard of_industry = Board(industry);
  registry::v1::ShortBoard of_project = Board(project);
  world.Tell(of_industry);
  world.Tell(of_project);
  Night();
  Night();  // a second night of the month changes nothing
  const int applicable = world.database().Int("SELECT links_applicable FROM chain_trend");
  EXPECT_EQ(world.database().Int("SELECT COUNT(*) FROM chain_trend"), 1);
  EXPECT_EQ(applicable, 4);

  // Next month the cold store is there and both short boards are filled.
  w_.PassDays(31);
  world.Tell(sample::Industry(industry));
  for (registry::v1::ShortBoard* b : {&of_industry, &of_project}) {
    SetDay(ShanghaiDay(w_.server().clock().Now()), b->mutable_completed_on());
    world.Tell(*b);
  }
  Night();
  v1::ListChainTrendRequest request;
  request.set_industry_id(industry);
  auto trend = Chain(request, w_.Operator());
  ASSERT_OK(trend);
  ASSERT_THAT(trend->months(), SizeIs(2));
  EXPECT_EQ(trend->months(0).month(), "2026-03");
  EXPECT_EQ(trend->months(0).short_boards_open(), 2);
  EXPECT_EQ(trend->months(0).short_boards_completed(), 0);
  EXPECT_LT(trend->months(0).coverage_bp(), trend->months(1).coverage_bp());
  EXPECT_EQ(trend->months(0).links_applicable(), 4);
  EXPECT_EQ(trend->months(1).month(), "2026-04");
  EXPECT_EQ(trend->months(1).short_boards_open(), 0);
  EXPECT_EQ(trend->months(1).short_boards_completed(), 2);
  // The county, the city and the province are the sums of their industries.
  world.Tell(sample::Industry(w_.world().NewId(), "360734"));
  Night();
  for (const auto& [region, links] :
       std::map<std::string, int>{{"360733", 4}, {"3607", 8}, {"36", 8}}) {
    v1::ListChainTrendRequest area;
    area.set_region_code(region);
    auto sums = Chain(area, w_.Province());
    ASSERT_OK(sums);
    ASSERT_THAT(sums->months(), SizeIs(2)) << region;
    EXPECT_EQ(sums->months(1).links_applicable(), links) << region;
  }
  request.set_months(1);
  EXPECT_THAT(Chain(request, w_.Operator())->months(), SizeIs(1));
  // Another county's industry is not there; both or neither is no question; 60 months at most.
  request.set_months(0);
  EXPECT_THAT(Chain(request, w_.Operator("other", "360734")), StatusIs(StatusCode::kNotFound));
  request.set_region_code("360733");
  EXPECT_THAT(Chain(request, w_.Operator()), HasViolation("region_code"));
  request.clear_industry_id();
  request.set_region_code("360733101");
  EXPECT_THAT(Chain(request, w_.Operator()), HasViolation("region_code"));
  request.set_region_code("360733");
  request.set_months(61);
  EXPECT_THAT(Chain(request, w_.Operator()), HasViolation("months"));
}

TEST_F(EvaluationTrends, R007_IncomeByMonthOfAProjectAndOfAnArea) {
  World& world = w_.world();
  const auto tell = [&](const std::string& village, int64_t fen, int households) {
    const std::string id = world.NewId();
    world.Tell(sample::Project(id, "", village));
    asset::v1::ProjectAssetFacts facts;
    facts.set_project_id(id);
    facts.set_region_path(village);
    facts.set_household_income_reported(true);
    facts.set_linked_households(households + 1);
    asset::v1::LinkedHouseholds* linked = facts.add_households_by_month();
    linked->set_month("2024-01");
    linked->set_households(households);
    linked = facts.add_households_by_month();
    linked->set_month("2026-02");
    linked->set_households(households + 1);
    for (const char* month : {"2025-02", "2026-01", "2026-02"}) {
      asset::v1::MonthlyFacts* m = facts.add_months();
      m->set_month(month);
      m->set_household_income_fen(fen);
    }
    world.Tell(facts);
    return id;
  };
  const std::string project = tell("360733101201", 60'000, 10);
  tell("360733102201", 40'000, 30);
  Night();
  v1::ListIncomeSeriesRequest request;
  request.set_project_id(project);
  auto own = Income(request, w_.Operator());
  ASSERT_OK(own);
  ASSERT_THAT(own->months(), SizeIs(2));  // a year back: 2025-02 is outside
  EXPECT_EQ(own->months(0).month(), "2026-01");
  EXPECT_EQ(own->months(0).income_fen(), 60'000);
  EXPECT_EQ(own->months(0).households(), 10);
  EXPECT_EQ(own->months(0).income_per_household_fen(), 6'000);
  // One household more in the month after; the month before keeps its own.
  EXPECT_EQ(own->months(1).households(), 11);
  EXPECT_EQ(own->months(1).income_per_household_fen(), 5'455);
  request.set_months(24);
  EXPECT_THAT(Income(request, w_.Operator())->months(), SizeIs(3));
  for (const auto& [region, fen] : std::map<std::string, int64_t>{
           {"36", 100'000}, {"360733", 100'000}, {"360733101", 60'000}, {"360733102201", 40'000}}) {
    v1::ListIncomeSeriesRequest area;
    area.set_region_code(region);
    auto sums = Income(area, w_.Province());
    ASSERT_OK(sums);
    ASSERT_THAT(sums->months(), SizeIs(2)) << region;
    EXPECT_EQ(sums->months(1).income_fen(), fen) << region;
  }
  // What the facts no longer reach back to stays in the series of the area.
  w_.PassDays(36 * 31);
  Night();
  v1::ListIncomeSeriesRequest later;
  later.set_region_code("360733");
  later.set_months(60);
  EXPECT_THAT(Income(later, w_.Province())->months(), SizeIs(3));
  EXPECT_THAT(Income(request, w_.Operator("other", "360734")), StatusIs(StatusCode::kNotFound));
  request.set_region_code("360733");
  EXPECT_THAT(Income(request, w_.Operator()), HasViolation("region_code"));
  v1::ListIncomeSeriesRequest elsewhere;
  elsewhere.set_region_code("360734");
  auto none = Income(elsewhere, w_.Province());
  ASSERT_OK(none);
  EXPECT_THAT(none->months(), IsEmpty());
}

TEST_F(EvaluationTrends, R007_IncomeFollowsItsProjectToAnotherCounty) {
  World& world = w_.world();
  const std::string project = world.NewId();
  TellIncome(project, "360733101201", 60'000);
  Night();
  const ByMonth all = {{"2025-02", 60'000}, {"2026-01", 60'000}};
  ASSERT_EQ(IncomeOf("360733"), all);
  world.Tell(sample::Project(project, "", "360734101201"));
  world.Sync();
  // At once, and in the night, which counts it nowhere twice.
  for (int night = 0; night < 2; ++night) {
    EXPECT_THAT(IncomeOf("360733"), IsEmpty());
    EXPECT_EQ(IncomeOf("360734"), all);
    EXPECT_EQ(IncomeOf("3607"), all);
    Night();
  }
  // Rows of a county that has no project: of a night that ran while the last one left.
  world.database().Run(
      "INSERT INTO household_income (county, month, income_fen, households, households_known, "
      "refreshed_at) VALUES ('360733', '2026-01', 60000, 10, 1, '2026-02-28 18:00:00');\n");
  Night();
  EXPECT_EQ(IncomeOf("3607"), all);
}

TEST_F(EvaluationTrends, R007_IncomeBeyondTheFactsFollowsTheLastProjectOfACounty) {
  World& world = w_.world();
  const std::string first = world.NewId();
  const std::string second = world.NewId();
  TellIncome(first, "360733101201", 60'000);
  TellIncome(second, "360733102201", 40'000);
  Night();
  // The facts no longer reach back: what is kept of the county can no more be told apart.
  w_.PassDays(36 * 31);
  const ByMonth all = {{"2025-02", 100'000}, {"2026-01", 100'000}};
  world.Tell(sample::Project(first, "", "360734101201"));
  Night();
  EXPECT_EQ(IncomeOf("360733"), all);
  EXPECT_THAT(IncomeOf("360734"), IsEmpty());
  world.Tell(sample::Project(second, "", "360734101201"));
  Night();
  EXPECT_THAT(IncomeOf("360733"), IsEmpty());
  EXPECT_EQ(IncomeOf("360734"), all);
  EXPECT_EQ(IncomeOf("3607"), all);
}

TEST_F(EvaluationTrends, R007_AMonthWhoseHouseholdsWereNotKeptIsDividedByNoneOfToday) {
  World& world = w_.world();
  const std::string project = world.NewId();
  world.Tell(sample::Project(project, "", "360733101201"));
  asset::v1::ProjectAssetFacts facts;
  facts.set_project_id(project);
  facts.set_region_path("360733101201");
  facts.set_household_income_reported(true);
  facts.set_linked_households(20);
  facts.add_households_by_month()->set_month("2024-01");
  asset::v1::LinkedHouseholds* linked = facts.add_households_by_month();
  linked->set_month("2026-02");
  linked->set_households(20);
  for (const char* month : {"2026-01", "2026-02"}) {
    asset::v1::MonthlyFacts* m = facts.add_months();
    m->set_month(month);
    m->set_household_income_fen(100'000);
  }
  world.Tell(facts);
  Night();
  v1::ListIncomeSeriesRequest of_project, of_county;
  of_project.set_project_id(project);
  of_county.set_region_code("360733");
  for (const v1::ListIncomeSeriesRequest& request : {of_project, of_county}) {
    auto series = Income(request, w_.Operator());
    ASSERT_OK(series);
    ASSERT_THAT(series->months(), SizeIs(2));
    EXPECT_EQ(series->months(0).income_fen(), 100'000);
    EXPECT_EQ(series->months(0).households(), 0);
    EXPECT_EQ(series->months(0).income_per_household_fen(), 0);
    EXPECT_EQ(series->months(1).households(), 20);
    EXPECT_EQ(series->months(1).income_per_household_fen(), 5'000);
  }
}

}  // namespace
}  // namespace bangfu::evaluation

#include "services/asset/domain/schedule.h"

#include <numeric>

#include "common/testing/status_matchers.h"

namespace bangfu::asset {
namespace {

using absl::CivilDay;
using ::bangfu::testing::HasViolation;
using ::bangfu::testing::StatusIs;

std::vector<int64_t> Sums(const std::vector<Due>& dues) {
  std::vector<int64_t> out;
  for (const Due& due : dues) out.push_back(due.due_fen.value_or(-1));
  return out;
}

TEST(Schedule, AYearsRentInTwoParts) {
  // 前三年按固定资产投资的8%计取, 7月1日前和12月31日前分两次.
  const ScheduleStep step{CivilDay(2021, 1, 1), CivilDay(2023, 12, 31), 0, 800,
                          RateBase::kOriginalValue};
  ASSERT_OK_AND_ASSIGN(const auto dues,
                       ComputeDues({step}, {{7, 1}, {12, 31}}, CivilDay(2021, 1, 1),
                                   CivilDay(2025, 12, 31), 1840000000));
  ASSERT_EQ(dues.size(), 6u);
  EXPECT_EQ(dues[0].due_date, CivilDay(2021, 7, 1));
  EXPECT_EQ(dues[1].due_date, CivilDay(2021, 12, 31));
  EXPECT_EQ(dues[1].from, CivilDay(2021, 7, 2));
  EXPECT_THAT(Sums(dues), ::testing::Each(73600000));  // 1840万 × 8% ÷ 2 = 73.6万元
}

TEST(Schedule, RentStepsAndRises) {
  // 每3年上浮10%: 3000 yuan, then 3300, then 3630.
  const ScheduleStep rising{
      CivilDay(2020, 3, 1), CivilDay(2027, 2, 28), 300000, 0, RateBase::kUnspecified, 1000, 3};
  const ScheduleStep last{CivilDay(2027, 3, 1), CivilDay(2028, 2, 29), 500000};
  ASSERT_OK_AND_ASSIGN(const auto dues, ComputeDues({rising, last}, {}, CivilDay(2020, 3, 1),
                                                    CivilDay(2028, 2, 29), 0));
  EXPECT_THAT(Sums(dues), ::testing::ElementsAre(300000, 300000, 300000, 330000, 330000, 330000,
                                                 363000, 500000));
  EXPECT_EQ(dues[0].due_date, CivilDay(2021, 2, 28));
}

TEST(Schedule, PartsAddUpToTheFen) {
  // 100.00 yuan in three parts: 33.34 + 33.33 + 33.33.
  const ScheduleStep step{CivilDay(2024, 1, 1), CivilDay(2024, 12, 31), 10000};
  ASSERT_OK_AND_ASSIGN(const auto dues,
                       ComputeDues({step}, {{4, 30}, {8, 31}, {12, 31}}, CivilDay(2024, 1, 1),
                                   CivilDay(2024, 12, 31), 0));
  EXPECT_THAT(Sums(dues), ::testing::ElementsAre(3334, 3333, 3333));
}

TEST(Schedule, ACutYearBearsItsDays) {
  const ScheduleStep step{CivilDay(2023, 1, 1), CivilDay(2024, 3, 31), 366000};
  ASSERT_OK_AND_ASSIGN(const auto dues,
                       ComputeDues({step}, {}, CivilDay(2023, 1, 1), CivilDay(2024, 3, 31), 0));
  ASSERT_EQ(dues.size(), 2u);
  EXPECT_EQ(dues[1].due_fen, 91000);  // 91 of 366 days
  EXPECT_EQ(dues[1].due_date, CivilDay(2024, 3, 31));
}

TEST(Schedule, AShareOfSalesWaitsForItsBase) {
  // 350元/亩保底 + 大棚收入50%分红: a guaranteed sum and a share.
  const ScheduleStep step{CivilDay(2024, 1, 1), CivilDay(2024, 12, 31), 3500000, 5000,
                          RateBase::kSales};
  ASSERT_OK_AND_ASSIGN(const auto dues,
                       ComputeDues({step}, {}, CivilDay(2024, 1, 1), CivilDay(2024, 12, 31), 0));
  ASSERT_EQ(dues.size(), 1u);
  EXPECT_TRUE(NeedsBase(dues[0]));
  EXPECT_FALSE(dues[0].due_fen.has_value());
  EXPECT_EQ(WithBase(dues[0], 20000001).due_fen, 3500000 + 10000001);  // half a fen rounds up
  EXPECT_EQ(WithBase(dues[0], -5).due_fen, 3500000);                   // a loss gives no share
}

TEST(Schedule, RefusesWhatDoesNotFit) {
  const CivilDay from(2024, 1, 1);
  const CivilDay to(2024, 12, 31);
  EXPECT_THAT(ComputeDues({{from, to + 1, 100}}, {}, from, to, 0),
              HasViolation("terms.schedule[0]"));
  EXPECT_THAT(ComputeDues({{from, to, 100}, {to, to, 100}}, {}, from, to, 0),
              HasViolation("terms.schedule[1].from"));
  EXPECT_THAT(ComputeDues({{from, to, 0}}, {}, from, to, 0), HasViolation("terms.schedule[0]"));
  EXPECT_THAT(ComputeDues({{from, to, 0, 500}}, {}, from, to, 0),
              HasViolation("terms.schedule[0].rate_base"));
  EXPECT_THAT(ComputeDues({{from, to, 0, 500, RateBase::kOriginalValue}}, {}, from, to, 0),
              HasViolation("terms.schedule[0].rate_base"));
  EXPECT_THAT(ComputeDues({}, {}, to, from, 0), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(Schedule, SumsHoldForAnyShape) {
  for (int64_t yearly = 1; yearly < 4000; yearly += 37) {
    for (int parts = 1; parts <= 12; ++parts) {
      std::vector<DueDay> days;
      for (int m = 1; m <= parts; ++m) days.push_back({m, 31});
      ASSERT_OK_AND_ASSIGN(const auto dues,
                           ComputeDues({{CivilDay(2024, 1, 1), CivilDay(2025, 12, 31), yearly}},
                                       days, CivilDay(2024, 1, 1), CivilDay(2025, 12, 31), 0));
      int64_t sum = 0;
      for (const Due& due : dues) sum += *due.due_fen;
      ASSERT_EQ(sum, 2 * yearly);
    }
  }
}

}  // namespace
}  // namespace bangfu::asset

#include "common/base/clock.h"
#include "gtest/gtest.h"

namespace bangfu {
namespace {

TEST(ShanghaiDay, BeginsAtSixteenHoursUtc) {
  const absl::Time midnight =
      absl::FromCivil(absl::CivilSecond(2026, 3, 1, 16, 0, 0), absl::UTCTimeZone());
  EXPECT_EQ(ShanghaiDay(midnight), absl::CivilDay(2026, 3, 2));
  EXPECT_EQ(ShanghaiDay(midnight - absl::Nanoseconds(1)), absl::CivilDay(2026, 3, 1));
  EXPECT_EQ(StartOfShanghaiDay(absl::CivilDay(2026, 3, 2)), midnight);
}

TEST(SystemClock, Advances) {
  const absl::Time first = SystemClock().Now();
  EXPECT_GT(first, absl::UnixEpoch());
  EXPECT_GE(SystemClock().Now() + absl::Seconds(1), first);
}

}  // namespace
}  // namespace bangfu

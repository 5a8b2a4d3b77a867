#include "common/contract/time.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bangfu {
namespace {

TEST(MessageTime, GoesThereAndBackToTheMicrosecond) {
  for (const int64_t micros : {0L, 1L, 1'780'000'000'123'456L, -1L, -1'500'000L}) {
    google::protobuf::Timestamp stamp;
    SetTime(absl::FromUnixMicros(micros) + absl::Nanoseconds(400), &stamp);
    EXPECT_EQ(TimeOf(stamp), absl::FromUnixMicros(micros));
    EXPECT_GE(stamp.nanos(), 0);  // as the type demands
  }
}

TEST(MessageTime, ADayHasItsThreeParts) {
  google::type::Date date;
  SetDay(absl::CivilDay(2026, 2, 28), &date);
  EXPECT_EQ(date.year(), 2026);
  EXPECT_EQ(date.month(), 2);
  EXPECT_EQ(date.day(), 28);
  EXPECT_EQ(DayFrom(date), absl::CivilDay(2026, 2, 28));
  EXPECT_EQ(DayOf(date), absl::CivilDay(2026, 2, 28));
}

TEST(MessageTime, WhatIsNoDayOfTheCalendarIsNone) {
  google::type::Date date;
  EXPECT_EQ(DayOf(date), std::nullopt);
  date.set_year(2026);
  date.set_month(2);
  EXPECT_EQ(DayOf(date), std::nullopt);
  date.set_day(29);
  EXPECT_EQ(DayOf(date), std::nullopt);
}

TEST(MessageTime, AMomentIsADayInShanghai) {
  google::protobuf::Timestamp stamp;
  EXPECT_EQ(DayOf(stamp), std::nullopt);
  SetTime(absl::FromCivil(absl::CivilSecond(2026, 2, 28, 16, 0, 0), absl::UTCTimeZone()), &stamp);
  EXPECT_EQ(DayOf(stamp), absl::CivilDay(2026, 3, 1));
}

}  // namespace
}  // namespace bangfu

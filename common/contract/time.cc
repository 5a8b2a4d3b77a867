#include "common/contract/time.h"

#include <cstdint>

#include "common/base/clock.h"

namespace bangfu {

void SetTime(absl::Time time, google::protobuf::Timestamp* out) {
  constexpr int64_t kSecond = 1'000'000;
  const int64_t micros = absl::ToUnixMicros(time);
  const int64_t rest = (micros % kSecond + kSecond) % kSecond;  // before 1970, too
  out->set_seconds((micros - rest) / kSecond);
  out->set_nanos(static_cast<int32_t>(rest * 1000));
}

absl::Time TimeOf(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

void SetDay(absl::CivilDay day, google::type::Date* out) {
  out->set_year(static_cast<int32_t>(day.year()));
  out->set_month(day.month());
  out->set_day(day.day());
}

absl::CivilDay DayFrom(const google::type::Date& date) {
  return absl::CivilDay(date.year(), date.month(), date.day());
}

std::optional<absl::CivilDay> DayOf(const google::type::Date& date) {
  if (date.year() < 1 || date.month() < 1 || date.day() < 1) return std::nullopt;
  const absl::CivilDay day = DayFrom(date);
  if (day.year() != date.year() || day.month() != date.month() || day.day() != date.day()) {
    return std::nullopt;
  }
  return day;
}

std::optional<absl::CivilDay> DayOf(const google::protobuf::Timestamp& time) {
  if (time.seconds() == 0 && time.nanos() == 0) return std::nullopt;
  return ShanghaiDay(TimeOf(time));
}

}  // namespace bangfu

#include "common/contract/time.h"

#include <cstdint>

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

}  // namespace bangfu

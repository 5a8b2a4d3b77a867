// Moments and days in messages.
#pragma once

#include <optional>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "google/protobuf/timestamp.pb.h"
#include "google/type/date.pb.h"

namespace bangfu {

// To the microsecond, as the database keeps it.
void SetTime(absl::Time time, google::protobuf::Timestamp* out);
absl::Time TimeOf(const google::protobuf::Timestamp& time);
void SetDay(absl::CivilDay day, google::type::Date* out);
// Of a date that is known to be whole, as what was stored is.
absl::CivilDay DayFrom(const google::type::Date& date);
// Unset, or no day of the calendar: nullopt.
std::optional<absl::CivilDay> DayOf(const google::type::Date& date);
// The day in Shanghai; unset: nullopt.
std::optional<absl::CivilDay> DayOf(const google::protobuf::Timestamp& time);

}  // namespace bangfu

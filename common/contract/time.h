// Moments and days in messages.
#pragma once

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "google/protobuf/timestamp.pb.h"
#include "google/type/date.pb.h"

namespace bangfu {

// To the microsecond, as the database keeps it.
void SetTime(absl::Time time, google::protobuf::Timestamp* out);
absl::Time TimeOf(const google::protobuf::Timestamp& time);
void SetDay(absl::CivilDay day, google::type::Date* out);

}  // namespace bangfu

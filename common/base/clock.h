// Time is injected: nothing in this tree asks the operating system for it directly.
#pragma once

#include "absl/time/civil_time.h"
#include "absl/time/time.h"

namespace bangfu {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual absl::Time Now() const = 0;
};

// The machine's clock. Never destroyed.
const Clock& SystemClock();

// Civil days of officials' papers are days in Asia/Shanghai (UTC+8, no daylight saving since 1991).
absl::TimeZone ShanghaiTimeZone();
absl::CivilDay ShanghaiDay(absl::Time instant);
// The instant at which `day` begins in Asia/Shanghai.
absl::Time StartOfShanghaiDay(absl::CivilDay day);

}  // namespace bangfu

#include "common/base/clock.h"

#include "absl/time/clock.h"

namespace bangfu {
namespace {

class RealClock final : public Clock {
 public:
  absl::Time Now() const override { return absl::Now(); }
};

}  // namespace

const Clock& SystemClock() {
  static const RealClock* const clock = new RealClock;
  return *clock;
}

absl::TimeZone ShanghaiTimeZone() {
  // Fixed, so that a machine without time zone data counts the same days.
  static const absl::TimeZone zone = absl::FixedTimeZone(8 * 60 * 60);
  return zone;
}

absl::CivilDay ShanghaiDay(absl::Time instant) {
  return absl::ToCivilDay(instant, ShanghaiTimeZone());
}

absl::Time StartOfShanghaiDay(absl::CivilDay day) {
  return absl::FromCivil(day, ShanghaiTimeZone());
}

}  // namespace bangfu

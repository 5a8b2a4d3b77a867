// A clock that stands still until it is told.
#pragma once

#include <mutex>

#include "absl/time/time.h"
#include "common/base/clock.h"

namespace bangfu::testing {

class FakeClock final : public Clock {
 public:
  // 2026-03-01 09:00 in Shanghai, unless told otherwise.
  FakeClock()
      : now_(absl::FromCivil(absl::CivilSecond(2026, 3, 1, 1, 0, 0), absl::UTCTimeZone())) {}
  explicit FakeClock(absl::Time now) : now_(now) {}

  absl::Time Now() const override {
    std::lock_guard<std::mutex> lock(mu_);
    return now_;
  }
  void Set(absl::Time now) {
    std::lock_guard<std::mutex> lock(mu_);
    now_ = now;
  }
  void Advance(absl::Duration by) {
    std::lock_guard<std::mutex> lock(mu_);
    now_ += by;
  }

 private:
  mutable std::mutex mu_;
  absl::Time now_;
};

}  // namespace bangfu::testing

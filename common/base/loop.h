// The shape of every background job: a step that says how long it may rest, woken early on demand,
// stopped from another thread. Tests call the step itself and never sleep.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>

#include "absl/time/time.h"

namespace bangfu {

class Loop {
 public:
  // Calls `step` until Stop; after each call rests for the returned duration (zero: not at all),
  // or until Wake. Returns at once when Stop came first.
  void Run(const std::function<absl::Duration()>& step) {
    while (true) {
      {
        std::lock_guard lock(mu_);
        if (stopped_) return;
        woken_ = false;
      }
      const absl::Duration rest = step();
      std::unique_lock lock(mu_);
      if (rest > absl::ZeroDuration()) {
        cv_.wait_for(lock, absl::ToChronoNanoseconds(rest), [this] { return stopped_ || woken_; });
      }
      if (stopped_) return;
    }
  }

  // Thread safe.
  void Wake() {
    std::lock_guard lock(mu_);
    woken_ = true;
    cv_.notify_all();
  }
  void Stop() {
    std::lock_guard lock(mu_);
    stopped_ = true;
    cv_.notify_all();
  }
  bool stopped() const {
    std::lock_guard lock(mu_);
    return stopped_;
  }

 private:
  mutable std::mutex mu_;
  std::condition_variable cv_;
  bool stopped_ = false;
  bool woken_ = false;
};

}  // namespace bangfu

// Exponential backoff with full jitter.
#pragma once

#include <utility>

#include "absl/time/time.h"
#include "common/base/random.h"

namespace bangfu {

class Backoff {
 public:
  struct Options {
    absl::Duration initial = absl::Milliseconds(20);
    absl::Duration max = absl::Seconds(2);
  };
  Backoff(Options options, Random random) : options_(options), random_(std::move(random)) {}

  // The next wait, in [0, min(max, initial·2^n)].
  absl::Duration Next();
  void Reset() { attempt_ = 0; }

 private:
  Options options_;
  Random random_;
  int attempt_ = 0;
};

}  // namespace bangfu

// Randomness that repeats: the same seed gives the same numbers on every machine.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <random>

#include "common/base/random.h"

namespace bangfu::testing {

// The seed of this run: BANGFU_TEST_SEED, or 1.
uint64_t TestSeed();

// Copies share their state. Thread safe.
class SeededRandom {
 public:
  explicit SeededRandom(uint64_t seed = TestSeed()) : state_(std::make_shared<State>(seed)) {}

  uint64_t operator()() const {
    std::lock_guard<std::mutex> lock(state_->mu);
    return state_->engine();
  }
  // In [0, bound); bound > 0.
  uint64_t Below(uint64_t bound) const { return (*this)() % bound; }
  // In [low, high].
  int64_t Between(int64_t low, int64_t high) const {
    return low + static_cast<int64_t>(Below(static_cast<uint64_t>(high - low) + 1));
  }
  Random AsRandom() const {
    return [self = *this] { return self(); };
  }

 private:
  struct State {
    explicit State(uint64_t seed) : engine(seed) {}
    std::mutex mu;
    std::mt19937_64 engine;
  };
  std::shared_ptr<State> state_;
};

}  // namespace bangfu::testing

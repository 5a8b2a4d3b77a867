// How long a property test runs: BANGFU_DEEP=1 (tests/run --deep) asks for long runs with new
// seeds.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>

namespace bangfu::testing {

inline bool Deep() { return std::getenv("BANGFU_DEEP") != nullptr; }

// Rounds of a property test.
inline int Runs(int usual, int deep) { return Deep() ? deep : usual; }

// Its seed: BANGFU_TEST_SEED; else a new one in a deep run, `usual` otherwise. Printed, so that a
// failure can be had again.
inline uint32_t PropertySeed(uint32_t usual) {
  uint32_t seed = Deep() ? std::random_device()() : usual;
  if (const char* given = std::getenv("BANGFU_TEST_SEED")) {
    seed = static_cast<uint32_t>(std::strtoul(given, nullptr, 10));
  }
  std::printf("seed %u (BANGFU_TEST_SEED)\n", seed);
  return seed;
}

}  // namespace bangfu::testing

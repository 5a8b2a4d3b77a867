#include "common/testing/random.h"

#include <cstdlib>

namespace bangfu::testing {

uint64_t TestSeed() {
  const char* text = std::getenv("BANGFU_TEST_SEED");
  return text == nullptr ? 1 : std::strtoull(text, nullptr, 10);
}

}  // namespace bangfu::testing

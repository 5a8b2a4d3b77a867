#include "common/base/random.h"

#include <sys/random.h>

#include <cerrno>
#include <cstdlib>

namespace bangfu {

uint64_t SystemRandom() {
  uint64_t value = 0;
  // Up to 256 bytes come whole; only a signal before the pool is seeded interrupts.
  while (getrandom(&value, sizeof value, 0) != static_cast<ssize_t>(sizeof value)) {
    if (errno != EINTR) std::abort();  // no kernel randomness: identifiers would collide
  }
  return value;
}

}  // namespace bangfu

// Randomness is injected, as time is: 64 random bits a call. Thread safe where the receiver is.
#pragma once

#include <cstdint>
#include <functional>

namespace bangfu {

using Random = std::function<uint64_t()>;

// From the operating system; fit for identifiers and keys. Each thread takes them from the system a
// few at a time; none is given twice, also not after a fork.
uint64_t SystemRandom();

}  // namespace bangfu

// Ratios are integers in basis points (bp, 10 000 = 100 %).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace bangfu {

inline constexpr int32_t kBpOne = 10000;

// a·b ÷ c rounded half up (towards +infinity on a tie), exact in 128 bits. c > 0. A result
// outside int64 stays at its limit.
int64_t MulDivHalfUp(int64_t a, int64_t b, int64_t c);

// part ÷ whole in bp, rounded half up; 0 when whole is 0.
// RatioBp(4, 6) = 6667.
int64_t RatioBp(int64_t part, int64_t whole);

// Splits `total` by weights with the largest-remainder method: the parts sum to `total` exactly;
// equal remainders go to the earlier part. Weights >= 0, their sum > 0; otherwise
// there is no such split and the result is empty.
std::vector<int64_t> SplitLargestRemainder(int64_t total, std::span<const int64_t> weights);

}  // namespace bangfu

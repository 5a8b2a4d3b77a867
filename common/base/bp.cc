#include "common/base/bp.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <numeric>

#include "absl/numeric/int128.h"

namespace bangfu {
namespace {

using absl::int128;

int64_t Clamp(int128 v) {
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  if (v < int128(kMin)) return kMin;
  if (v > int128(kMax)) return kMax;
  return static_cast<int64_t>(v);
}

// floor(n ÷ d + ½), d > 0. Compares the remainder instead of doubling n, which could overflow.
int64_t DivHalfUp(int128 n, int128 d) {
  int128 q = n / d;
  int128 r = n % d;
  if (r < 0) {  // C++ divides towards zero
    q -= 1;
    r += d;
  }
  if (r >= d - r) q += 1;
  return Clamp(q);
}

}  // namespace

int64_t MulDivHalfUp(int64_t a, int64_t b, int64_t c) {
  // Scores and shares fit into 64 bits, and a batch asks for millions of them.
  if (int64_t n = 0; !__builtin_mul_overflow(a, b, &n)) {
    int64_t q = n / c;
    int64_t r = n % c;
    if (r < 0) {
      q -= 1;
      r += c;
    }
    return r >= c - r ? q + 1 : q;
  }
  return DivHalfUp(int128(a) * int128(b), int128(c));
}

int64_t RatioBp(int64_t part, int64_t whole) {
  if (whole == 0) return 0;
  int128 n = int128(part) * kBpOne;
  int128 d = whole;
  if (d < 0) {
    n = -n;
    d = -d;
  }
  return DivHalfUp(n, d);
}

std::vector<int64_t> SplitLargestRemainder(int64_t total, std::span<const int64_t> weights) {
  int128 sum = 0;
  for (const int64_t w : weights) {
    if (w < 0) return {};
    sum += w;
  }
  if (sum == 0) return {};
  // On the magnitude, so that a reversal splits exactly as the booking it reverses.
  const int sign = total < 0 ? -1 : 1;
  const int128 magnitude = total < 0 ? -int128(total) : int128(total);
  std::vector<int128> parts(weights.size());
  std::vector<int128> remainders(weights.size());
  int128 left = magnitude;
  for (size_t i = 0; i < weights.size(); ++i) {
    const int128 share = magnitude * weights[i];
    parts[i] = share / sum;
    remainders[i] = share % sum;
    left -= parts[i];
  }
  std::vector<size_t> order(weights.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return remainders[a] > remainders[b]; });
  // What is left is the sum of fractions below one, so fewer units than parts.
  for (size_t i = 0; left > 0; ++i, left -= 1) parts[order[i]] += 1;
  std::vector<int64_t> out;
  out.reserve(parts.size());
  for (const int128 p : parts) out.push_back(static_cast<int64_t>(p * sign));
  return out;
}

}  // namespace bangfu

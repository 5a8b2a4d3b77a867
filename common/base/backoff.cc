#include "common/base/backoff.h"

#include <algorithm>
#include <cstdint>

namespace bangfu {

absl::Duration Backoff::Next() {
  constexpr int kMaxShift = 30;  // beyond any sensible max; keeps the shift defined
  absl::Duration limit = options_.initial * (int64_t{1} << std::min(attempt_, kMaxShift));
  limit = std::min(limit, options_.max);
  if (attempt_ < kMaxShift) ++attempt_;
  const int64_t nanoseconds = std::max<int64_t>(absl::ToInt64Nanoseconds(limit), 0);
  return absl::Nanoseconds(
      static_cast<int64_t>(random_() % (static_cast<uint64_t>(nanoseconds) + 1)));
}

}  // namespace bangfu

// Exact decimal arithmetic on text: money and quantities never pass through a double.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace bangfu {

// Parses an ASCII decimal ("-12.3400", "1,234.5" with thousands commas) into value × 10^scale.
// Commas, if any, must stand between groups of three. Trailing zeros are no precision. 0 <= scale
// <=
// 18. Full-width text goes through Nfkc() first. InvalidArgument when it is not a number;
// OutOfRange when it has more than `scale` significant decimals or does not fit int64.
absl::StatusOr<int64_t> ParseScaledDecimal(std::string_view text, int scale);

// value / 10^scale as the shortest decimal: (72471248400, 10) -> "7.24712484".
std::string FormatScaledDecimal(int64_t value, int scale);

}  // namespace bangfu

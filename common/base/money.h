// Money is int64 fen (分, 1/100 yuan CNY). Officials write 元, 万元 and 亿元.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/base/decimal.h"

namespace bangfu {

enum class MoneyUnit { kFen, kYuan, kWanYuan, kYiYuan };

// Decimal digits between the unit and fen: 元 2, 万元 6, 亿元 10.
int MoneyUnitScale(MoneyUnit unit);

// Exact: "724.712484" 万元 -> 724712484. More precision than a fen is refused (OutOfRange).
absl::StatusOr<int64_t> ParseFen(std::string_view decimal, MoneyUnit unit);

// Exact, shortest: 724712484 -> "724.712484".
std::string FormatWanYuan(int64_t fen);
std::string FormatYuan(int64_t fen);

// Overflow is an error, not a wrap.
absl::StatusOr<int64_t> AddFen(int64_t a, int64_t b);

}  // namespace bangfu

#include "common/base/money.h"

namespace bangfu {

int MoneyUnitScale(MoneyUnit unit) {
  switch (unit) {
    case MoneyUnit::kFen:
      return 0;
    case MoneyUnit::kYuan:
      return 2;
    case MoneyUnit::kWanYuan:
      return 6;
    case MoneyUnit::kYiYuan:
      return 10;
  }
  return 0;
}

absl::StatusOr<int64_t> ParseFen(std::string_view decimal, MoneyUnit unit) {
  return ParseScaledDecimal(decimal, MoneyUnitScale(unit));
}

std::string FormatWanYuan(int64_t fen) {
  return FormatScaledDecimal(fen, MoneyUnitScale(MoneyUnit::kWanYuan));
}

std::string FormatYuan(int64_t fen) {
  return FormatScaledDecimal(fen, MoneyUnitScale(MoneyUnit::kYuan));
}

absl::StatusOr<int64_t> AddFen(int64_t a, int64_t b) {
  int64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) return absl::OutOfRangeError("sum of money overflows");
  return sum;
}

}  // namespace bangfu

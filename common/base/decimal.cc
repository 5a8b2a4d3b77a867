#include "common/base/decimal.h"

#include <algorithm>
#include <limits>

#include "absl/numeric/int128.h"

namespace bangfu {
namespace {

constexpr int kMaxScale = 18;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

absl::Status NotANumber() { return absl::InvalidArgumentError("not a decimal number"); }

// Drops the thousands commas. False when they do not stand between groups of three.
bool DropCommas(std::string_view in, std::string& out) {
  out.clear();
  size_t group = 0;
  bool grouped = false;
  for (const char c : in) {
    if (c == ',') {
      if (group == 0 || group > 3 || (grouped && group != 3)) return false;
      grouped = true;
      group = 0;
    } else if (IsDigit(c)) {
      out.push_back(c);
      ++group;
    } else {
      return false;
    }
  }
  return group > 0 && (!grouped || group == 3);
}

}  // namespace

absl::StatusOr<int64_t> ParseScaledDecimal(std::string_view text, int scale) {
  if (scale < 0 || scale > kMaxScale) return absl::InvalidArgumentError("scale outside 0..18");
  bool negative = false;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  const size_t point = text.find('.');
  std::string digits;
  if (!DropCommas(text.substr(0, point), digits)) return NotANumber();
  std::string_view fraction;
  if (point != std::string_view::npos) {
    fraction = text.substr(point + 1);
    if (fraction.empty() || !std::all_of(fraction.begin(), fraction.end(), IsDigit)) {
      return NotANumber();
    }
    while (!fraction.empty() && fraction.back() == '0') fraction.remove_suffix(1);
  }
  if (fraction.size() > static_cast<size_t>(scale)) {
    return absl::OutOfRangeError("more decimals than the unit has");
  }
  digits.append(fraction);
  digits.append(static_cast<size_t>(scale) - fraction.size(), '0');
  const absl::int128 limit = absl::int128(std::numeric_limits<int64_t>::max()) + (negative ? 1 : 0);
  absl::int128 value = 0;
  for (const char c : digits) {
    value = value * 10 + (c - '0');
    if (value > limit) return absl::OutOfRangeError("too large");
  }
  return static_cast<int64_t>(negative ? -value : value);
}

std::string FormatScaledDecimal(int64_t value, int scale) {
  scale = std::clamp(scale, 0, kMaxScale);
  // Unsigned negation is right for the smallest int64 too.
  uint64_t magnitude = value < 0 ? ~static_cast<uint64_t>(value) + 1 : static_cast<uint64_t>(value);
  std::string reversed;
  bool significant = false;  // a digit other than a trailing zero has been written
  for (int i = 0; i < scale; ++i, magnitude /= 10) {
    const char digit = static_cast<char>('0' + magnitude % 10);
    if (digit != '0') significant = true;
    if (significant) reversed.push_back(digit);
  }
  if (significant) reversed.push_back('.');
  do {
    reversed.push_back(static_cast<char>('0' + magnitude % 10));
    magnitude /= 10;
  } while (magnitude != 0);
  if (value < 0) reversed.push_back('-');
  return std::string(reversed.rbegin(), reversed.rend());
}

}  // namespace bangfu

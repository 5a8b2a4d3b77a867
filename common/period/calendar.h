// The spans that tables are reported for: a month 2026-10, a quarter 2026-Q4, a half-year 2026-H2.
#pragma once

#include <optional>
#include <string_view>

#include "absl/time/civil_time.h"

namespace bangfu::period {

struct Span {
  absl::CivilDay first, last;
};

// nullopt when the text is none of them.
inline std::optional<Span> ParseSpan(std::string_view text) {
  if (text.size() != 7 || text[4] != '-') return std::nullopt;
  int year = 0;
  for (char c : text.substr(0, 4)) {
    if (c < '0' || c > '9') return std::nullopt;
    year = year * 10 + (c - '0');
  }
  const char kind = text[5];
  const int number = text[6] - '0';
  int month = 0;
  int months = 0;
  if (kind == 'Q' && number >= 1 && number <= 4) {
    month = 3 * number - 2;
    months = 3;
  } else if (kind == 'H' && (number == 1 || number == 2)) {
    month = 6 * number - 5;
    months = 6;
  } else if (number >= 0 && number <= 9 && (kind == '0' || kind == '1')) {
    month = (kind - '0') * 10 + number;
    months = 1;
    if (month < 1 || month > 12) return std::nullopt;
  } else {
    return std::nullopt;
  }
  const absl::CivilMonth first(year, month);
  return Span{absl::CivilDay(first), absl::CivilDay(first + months) - 1};
}

}  // namespace bangfu::period

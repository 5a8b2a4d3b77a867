// The day at which facts are taken.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/civil_time.h"

namespace bangfu::evaluation {

struct Moment {
  std::string period;    // "2026-10"
  absl::CivilDay as_of;  // the last day of the period, or today when the period still runs
};

// nullopt when the text is not a month, or the month has not begun on `today`.
std::optional<Moment> MomentOf(std::string_view period, absl::CivilDay today);

// The twelve months that yearly figures look at, oldest first: the last one is the last that is
// over at as_of.
std::vector<absl::CivilMonth> YearBefore(absl::CivilDay as_of);
// "2026-10".
std::string MonthText(absl::CivilMonth month);
std::optional<absl::CivilMonth> ParseMonth(std::string_view text);

// Whole months from one day to another: 15 January to 14 March is 1. 0 when `to` is earlier.
int64_t WholeMonths(absl::CivilDay from, absl::CivilDay to);
// The day `months` later; a day that the month does not have is its last.
absl::CivilDay AddMonths(absl::CivilDay day, int64_t months);

}  // namespace bangfu::evaluation

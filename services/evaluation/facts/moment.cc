#include "services/evaluation/facts/moment.h"

#include <algorithm>
#include <cstdio>

namespace bangfu::evaluation {

namespace {

absl::CivilDay LastDay(absl::CivilMonth month) { return absl::CivilDay(month + 1) - 1; }

}  // namespace

std::optional<absl::CivilMonth> ParseMonth(std::string_view text) {
  if (text.size() != 7 || text[4] != '-') return std::nullopt;
  for (size_t i : {0, 1, 2, 3, 5, 6}) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
  }
  int year = 0;
  for (size_t i = 0; i < 4; ++i) year = year * 10 + (text[i] - '0');
  int month = (text[5] - '0') * 10 + (text[6] - '0');
  if (year < 1 || month < 1 || month > 12) return std::nullopt;
  return absl::CivilMonth(year, month);
}

std::optional<Moment> MomentOf(std::string_view period, absl::CivilDay today) {
  std::optional<absl::CivilMonth> month = ParseMonth(period);
  if (!month || absl::CivilDay(*month) > today) return std::nullopt;
  return Moment{std::string(period), std::min(LastDay(*month), today)};
}

std::vector<absl::CivilMonth> YearBefore(absl::CivilDay as_of) {
  absl::CivilMonth last(as_of);
  if (as_of != LastDay(last)) --last;
  std::vector<absl::CivilMonth> out;
  for (int i = 11; i >= 0; --i) out.push_back(last - i);
  return out;
}

std::string MonthText(absl::CivilMonth month) {
  char text[16];
  std::snprintf(text, sizeof text, "%04d-%02d", static_cast<int>(month.year() % 10000),
                month.month());
  return text;
}

int64_t WholeMonths(absl::CivilDay from, absl::CivilDay to) {
  if (to <= from) return 0;
  int64_t months = absl::CivilMonth(to) - absl::CivilMonth(from);
  if (AddMonths(from, months) > to) --months;
  return months;
}

absl::CivilDay AddMonths(absl::CivilDay day, int64_t months) {
  absl::CivilMonth month = absl::CivilMonth(day) + months;
  return absl::CivilDay(month.year(), month.month(), std::min(day.day(), LastDay(month).day()));
}

}  // namespace bangfu::evaluation

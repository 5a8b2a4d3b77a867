// Deadlines in natural days (自然日) and working days (工作日).
//
// Working days follow the State Council's yearly notice as imported. A year that is not imported
// counts Monday to Friday, and what was computed with it is provisional.
#pragma once

#include <map>
#include <set>

#include "absl/time/civil_time.h"

namespace bangfu::workflow {

// Values as in bangfu.publicity.v1.DayKind.
enum class DayKind { kNatural = 1, kWorking = 2 };

class Calendar {
 public:
  // Marks a year as imported: its days without an entry of their own are working from Monday to
  // Friday.
  void AddYear(absl::civil_year_t year) { years_.insert(year); }
  // A day as the notice has it; its year counts as imported.
  void AddDay(absl::CivilDay day, bool is_working) {
    years_.insert(day.year());
    days_[day] = is_working;
  }

  bool HasYear(absl::civil_year_t year) const { return years_.contains(year); }
  bool IsWorking(absl::CivilDay day) const {
    if (auto it = days_.find(day); it != days_.end()) return it->second;
    const absl::Weekday weekday = absl::GetWeekday(day);
    return weekday != absl::Weekday::saturday && weekday != absl::Weekday::sunday;
  }

 private:
  std::set<absl::civil_year_t> years_;
  std::map<absl::CivilDay, bool> days_;
};

struct Deadline {
  absl::CivilDay day;
  bool provisional = false;  // a day of a year that is not imported was counted
  friend bool operator==(const Deadline&, const Deadline&) = default;
};

// The last day of a period of `n` days that begins on `from`; the day itself does not count (民法典
// 第二百零一条). n <= 0 gives `from`.
inline Deadline AddDays(absl::CivilDay from, int n, DayKind kind, const Calendar& calendar) {
  Deadline deadline{from, false};
  if (n <= 0) return deadline;
  if (kind == DayKind::kNatural) {
    deadline.day = from + n;
    return deadline;
  }
  while (n > 0) {
    ++deadline.day;
    if (!calendar.HasYear(deadline.day.year())) deadline.provisional = true;
    if (calendar.IsWorking(deadline.day)) --n;
  }
  return deadline;
}

}  // namespace bangfu::workflow

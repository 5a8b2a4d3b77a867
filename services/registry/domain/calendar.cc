#include "services/registry/domain/calendar.h"

namespace bangfu::registry {

bool WorkCalendar::IsWorking(absl::CivilDay day) const {
  if (const auto found = days.find(day); found != days.end()) return found->second;
  const absl::Weekday weekday = absl::GetWeekday(day);
  return weekday != absl::Weekday::saturday && weekday != absl::Weekday::sunday;
}

Deadline AddNaturalDays(absl::CivilDay from, int days) { return {from + days, false}; }

Deadline AddWorkingDays(absl::CivilDay from, int days, const WorkCalendar& calendar) {
  Deadline out{from, false};
  int left = days;
  while (left > 0) {
    ++out.day;
    if (calendar.years.find(out.day.year()) == calendar.years.end()) out.provisional = true;
    if (calendar.IsWorking(out.day)) --left;
  }
  return out;
}

}  // namespace bangfu::registry

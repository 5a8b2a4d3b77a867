// Deadlines in natural or working days (domain.md §2.0 WorkCalendar, §3.9).
#pragma once

#include <map>
#include <set>

#include "absl/time/civil_time.h"

namespace bangfu::registry {

struct WorkCalendar {
  std::map<absl::CivilDay, bool> days;  // imported days that differ, or all
  std::set<int64_t> years;              // years of which the notice was imported

  // Monday to Friday where nothing was imported.
  bool IsWorking(absl::CivilDay day) const;
};

struct Deadline {
  absl::CivilDay day;
  bool provisional = false;  // crosses a year that is not imported
};
// The last day of a period of `days` that begins on the day after `from`. 0 days: `from` itself.
Deadline AddNaturalDays(absl::CivilDay from, int days);
Deadline AddWorkingDays(absl::CivilDay from, int days, const WorkCalendar& calendar);

}  // namespace bangfu::registry

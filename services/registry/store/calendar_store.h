// The work calendar: days that were entered as working or free.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "common/mysql/session.h"
#include "services/registry/domain/calendar.h"

namespace bangfu::registry {

struct WorkDayRow {
  absl::CivilDay day;
  bool is_working = true;
  std::string source;
};
absl::StatusOr<std::vector<WorkDayRow>> ListWorkDays(mysql::Executor& db, absl::CivilDay from,
                                                     absl::CivilDay to);
absl::Status UpsertWorkDays(mysql::Tx& tx, const std::vector<WorkDayRow>& rows);
// The days from `from` on for about two years, and the years of which something was imported.
absl::StatusOr<WorkCalendar> LoadCalendar(mysql::Executor& db, absl::CivilDay from);
// The days of these years, both among them.
absl::StatusOr<WorkCalendar> LoadCalendarOf(mysql::Executor& db, absl::civil_year_t first,
                                            absl::civil_year_t last);

}  // namespace bangfu::registry

#include "services/registry/store/calendar_store.h"

#include "common/status/macros.h"

namespace bangfu::registry {

absl::StatusOr<std::vector<WorkDayRow>> ListWorkDays(mysql::Executor& db, absl::CivilDay from,
                                                     absl::CivilDay to) {
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query("SELECT day, is_working, source FROM work_day WHERE day >= ? AND day <= ? ORDER "
               "BY day",
               {from, to}));
  std::vector<WorkDayRow> out;
  for (const mysql::Row& r : rows) out.push_back({r.Day(0), r.Bool(1), r.String(2)});
  return out;
}

absl::Status UpsertWorkDays(mysql::Tx& tx, const std::vector<WorkDayRow>& rows) {
  std::vector<mysql::Params> values;
  for (const WorkDayRow& r : rows) values.push_back({r.day, r.is_working, r.source});
  return mysql::BulkInsert(
             tx, "work_day", "(day, is_working, source)", values,
             "ON DUPLICATE KEY UPDATE is_working = VALUES(is_working), source = VALUES(source)")
      .status();
}

absl::StatusOr<WorkCalendar> LoadCalendar(mysql::Executor& db, absl::CivilDay from) {
  return LoadCalendarOf(db, from.year(), (from + 800).year());
}

absl::StatusOr<WorkCalendar> LoadCalendarOf(mysql::Executor& db, absl::civil_year_t first,
                                            absl::civil_year_t last) {
  ASSIGN_OR_RETURN(const std::vector<WorkDayRow> rows,
                   ListWorkDays(db, absl::CivilDay(first, 1, 1), absl::CivilDay(last, 12, 31)));
  WorkCalendar calendar;
  for (const WorkDayRow& row : rows) {
    calendar.days[row.day] = row.is_working;
    calendar.years.insert(row.day.year());
  }
  return calendar;
}

}  // namespace bangfu::registry

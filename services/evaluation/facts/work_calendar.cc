#include "services/evaluation/facts/work_calendar.h"

#include <optional>
#include <vector>

#include "bangfu/registry/v1/reference.pb.h"
#include "common/contract/time.h"
#include "common/status/macros.h"
#include "services/evaluation/convert/evaluation_message.h"
#include "services/evaluation/store/reference_store.h"

namespace bangfu::evaluation {

absl::StatusOr<workflow::Calendar> WorkCalendar(mysql::Executor& db, absl::civil_year_t first,
                                                absl::civil_year_t last) {
  workflow::Calendar calendar;
  ASSIGN_OR_RETURN(std::vector<ReferenceRow> rows, LoadReferences(db, kWorkDayRef));
  for (const ReferenceRow& row : rows) {
    registry::v1::WorkDay day;
    if (!day.ParseFromString(row.payload)) continue;
    std::optional<absl::CivilDay> date = DayOf(day.date());
    if (!date || date->year() < first || date->year() > last) continue;
    calendar.AddDay(*date, day.is_working());
  }
  return calendar;
}

}  // namespace bangfu::evaluation

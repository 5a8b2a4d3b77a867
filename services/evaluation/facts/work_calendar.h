// The registry's work calendar, as the feed copied it.
#pragma once

#include "absl/status/statusor.h"
#include "common/mysql/session.h"
#include "common/workflow/calendar.h"

namespace bangfu::evaluation {

absl::StatusOr<workflow::Calendar> WorkCalendar(mysql::Executor& db, absl::civil_year_t first,
                                                absl::civil_year_t last);

}  // namespace bangfu::evaluation

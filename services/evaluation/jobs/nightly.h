// What the night does: proves the roll-ups, refreshes the income of households and the month's
// chain coverage.
#pragma once

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/mysql/session.h"

namespace bangfu::evaluation {

// Counts every roll-up again. DATA_LOSS ROLLUP_DIFFERS naming the first differences when one is not
// equal to its recount: never repaired silently, since a difference is a fault to be found. Before
// that, household incomes and the chain trend are refreshed.
absl::Status RecountAndRefresh(mysql::Session& db, absl::Time now);

}  // namespace bangfu::evaluation

// What the night does: proves and mends the roll-ups, refreshes the income of households and the
// month's chain coverage.
#pragma once

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"

namespace bangfu::evaluation {

// Counts every roll-up again. DATA_LOSS ROLLUP_DIFFERS naming the first differences when one is not
// equal to its recount: a difference is a fault to be found. What differs is brought to its recount
// by then, a transaction for each county, with a row of the trail that holds both sides. Before
// that, household incomes and the chain trend are refreshed.
absl::Status RecountAndRefresh(mysql::Session& db, UlidGenerator& ids, absl::Time now);

}  // namespace bangfu::evaluation

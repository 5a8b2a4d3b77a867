// The month's chain coverage and short boards of every county industry, as the night sees them
// (R006).
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/mysql/session.h"

namespace bangfu::evaluation {

// Writes the present month of the counties inside `region`, one transaction a county; a later night
// of the month writes over it.
absl::Status RefreshChainTrend(mysql::Session& db, const std::string& region, absl::Time now);

}  // namespace bangfu::evaluation

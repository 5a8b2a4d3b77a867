// What time alone changes: cultivation that is over, six months of standing still, contracts that
// have run out, facts of a new month.
#pragma once

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/mysql/session.h"

namespace bangfu::asset {

// One bounded step; how many records it changed. 0: nothing left to do. Safe on several replicas.
absl::StatusOr<int64_t> AdvanceUseStates(mysql::Session& db, absl::Time now);
absl::StatusOr<int64_t> EndContracts(mysql::Session& db, absl::Time now);
absl::StatusOr<int64_t> RefreshDueFacts(mysql::Session& db, absl::Time now);
// All three until nothing is left.
absl::Status SweepAll(mysql::Session& db, absl::Time now);

}  // namespace bangfu::asset

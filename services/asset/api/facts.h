// Facts of projects: computed anew in the transaction of every change they rest on, published when
// they came out otherwise.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"
#include "services/asset/api/recorder.h"

namespace bangfu::asset::api {

// The projects that an asset belongs to: those whose facts it changes.
absl::StatusOr<std::vector<Ulid>> ProjectIdsOf(mysql::Executor& db, const Ulid& asset_id);

// Before the transaction's first write: locks the projects' facts, so that of two transactions the
// later one computes from what both have written.
absl::Status LockFacts(mysql::Tx& tx, const std::vector<Ulid>& projects);

// After the transaction's last write. The projects must be locked.
absl::Status RefreshFacts(mysql::Tx& tx, const std::vector<Ulid>& projects, absl::Time now,
                          Recorder& recorder);

}  // namespace bangfu::asset::api

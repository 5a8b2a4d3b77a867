// Lock exceptions: villages of a region may report past their deadline until one expires.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"
#include "services/registry/store/scope.h"

namespace bangfu::registry {

struct LockExceptionRow {
  Ulid id, campaign_id;
  std::string region_path;
  absl::Time expires_at;
  std::string bytes;
};
absl::Status InsertLockException(mysql::Tx& tx, const LockExceptionRow& row);
absl::StatusOr<bool> HasLockException(mysql::Executor& db, const Ulid& campaign_id,
                                      const std::string& village_path, absl::Time now);
// Of these villages those for which an exception holds now.
absl::StatusOr<std::set<std::string>> UnlockedVillages(mysql::Executor& db, const Ulid& campaign_id,
                                                       const std::vector<std::string>& villages,
                                                       absl::Time now);
struct LockQuery {
  RegionScope scope;
  Ulid campaign_id;
  std::optional<absl::Time> active_at;
  std::string after_path;
  Ulid after_id;
  int limit = 50;
};
absl::StatusOr<std::vector<LockExceptionRow>> ListLockExceptions(mysql::Executor& db,
                                                                 const LockQuery& query);

}  // namespace bangfu::registry

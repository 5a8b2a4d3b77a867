// Whether the process's keys are those that sealed this schema: a known text, sealed once under
// each key that was ever current.
#pragma once

#include "absl/status/status.h"
#include "common/migrate/migration.h"
#include "common/mysql/session.h"

namespace bangfu::seal {

inline migrate::Migrations CanarySchema() {
  return {{"seal", 1, "create_seal_canary", R"sql(CREATE TABLE seal_canary (
  kid VARCHAR(64) NOT NULL,
  sealed VARBINARY(255) NOT NULL,
  PRIMARY KEY (kid)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
)sql"}};
}

// FAILED_PRECONDITION SEAL_KEYS_WRONG when a key that once sealed here is missing from the ring or
// is another key of the same name. Leaves the canary of the current key where there is none.
absl::Status CheckCanary(mysql::Session& db);

}  // namespace bangfu::seal

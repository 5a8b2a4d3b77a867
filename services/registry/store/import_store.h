// Lookups of imports, one query per batch.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"

namespace bangfu::registry {

// Those of the codes that are registered.
absl::StatusOr<std::map<std::string, Ulid>> FindOperatorsByUscc(
    mysql::Executor& db, const std::vector<std::string>& usccs);

}  // namespace bangfu::registry

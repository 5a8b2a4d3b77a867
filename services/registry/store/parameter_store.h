// Parameters: figures of the domain that the province sets.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/mysql/session.h"

namespace bangfu::registry {

struct ParameterRow {
  std::string code, name_zh;
  int64_t value = 0;
  std::string unit;
  int day_kind = 0;
  bool unconfirmed = false;
  int64_t version = 0;
};
absl::StatusOr<std::vector<ParameterRow>> ListParameters(mysql::Executor& db);
// The first year that the survey reaches back to (INVENTORY_SCOPE_START_YEAR).
absl::StatusOr<int64_t> ScopeStartYear(mysql::Executor& db);
absl::StatusOr<std::optional<ParameterRow>> FindParameter(mysql::Executor& db,
                                                          const std::string& code);
// The parameter's value, or `otherwise` when there is none.
absl::StatusOr<int64_t> ParameterValue(mysql::Executor& db, const std::string& code,
                                       int64_t otherwise);
// Where the version is row.version - 1; ABORTED ETAG_MISMATCH otherwise.
absl::Status UpdateParameter(mysql::Tx& tx, const ParameterRow& row);

}  // namespace bangfu::registry

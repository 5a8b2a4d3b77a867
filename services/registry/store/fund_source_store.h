// Which department signs for the money of a source, and since when.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"
#include "services/registry/domain/inventory.h"

namespace bangfu::registry {

struct FundSourceDepartmentRow {
  Ulid id;
  DepartmentRule rule;
  bool unconfirmed = false;
  int64_t version = 1;
};
absl::StatusOr<std::vector<FundSourceDepartmentRow>> ListFundSourceDepartments(mysql::Executor& db);
absl::Status InsertFundSourceDepartment(mysql::Tx& tx, const FundSourceDepartmentRow& row);
absl::Status UpdateFundSourceDepartment(mysql::Tx& tx, const FundSourceDepartmentRow& row);

}  // namespace bangfu::registry

// Read copies of the work that the registry's monthly reports of operation tell of.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"

namespace bangfu::asset::store {

// nullopt: the report does not give the figure.
struct ReportCopy {
  Ulid project_id;
  std::string month;  // YYYY-MM
  Ulid id;
  std::optional<int64_t> workers;
  std::optional<int64_t> poor_workers;  // 脱贫 and 监测 together
  std::optional<int64_t> person_days;
  std::optional<int64_t> poor_person_days;
  std::optional<int64_t> wages_fen;
};

absl::Status PutReports(mysql::Tx& tx, const std::vector<ReportCopy>& rows);
absl::StatusOr<std::optional<ReportCopy>> FindReport(mysql::Executor& db, const Ulid& project_id,
                                                     const std::string& month);

}  // namespace bangfu::asset::store

// Monthly reports of projects, and of whom a month's report is missing.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"
#include "services/registry/store/project_store.h"
#include "services/registry/store/record_table.h"
#include "services/registry/store/scope.h"

namespace bangfu::registry {

struct ReportRow {
  Ulid project_id;
  std::string period;
  Ulid id;
  std::string region_path;
  bool late = false;
  int64_t version = 1;
  std::string record;
};
absl::StatusOr<std::map<std::pair<Ulid, std::string>, ReportRow>> LockReports(
    mysql::Tx& tx, const std::vector<std::pair<Ulid, std::string>>& keys);
// New ones (version 1) and those that LockReports gave; Conflict() when a new one is there
// meanwhile.
absl::Status StoreReports(mysql::Tx& tx, const std::vector<ReportRow>& rows);
absl::StatusOr<std::optional<ReportRow>> FindReport(mysql::Executor& db, const Ulid& project_id,
                                                    const std::string& period,
                                                    const RegionScope& scope);
// The last report before a month.
absl::StatusOr<std::optional<ReportRow>> LastReportBefore(mysql::Executor& db,
                                                          const Ulid& project_id,
                                                          const std::string& period);
struct ReportQuery {
  RegionScope scope;
  std::optional<Ulid> project_id;
  std::string period_from, period_to;
  std::string after_path, after_period;
  std::optional<Ulid> after_project;
  int limit = 50;
};
std::string ListReportsSql(const ReportQuery& query, mysql::Params* params);
absl::StatusOr<std::vector<ReportRow>> ListReports(mysql::Executor& db, const ReportQuery& query);
absl::StatusOr<std::vector<ReportRow>> ListReportsById(mysql::Executor& db,
                                                       const std::optional<RegionScope>& scope,
                                                       const Ulid& after, int limit);
// Projects in `states` without a report for the month, with the last month that they reported.
struct MissingRow {
  ProjectRow project;
  std::string last_period;
};
absl::StatusOr<std::vector<MissingRow>> ListMissingReports(
    mysql::Executor& db, const RegionScope& scope, const std::vector<int>& states,
    const std::string& period, const std::optional<After>& after, int limit);
// How many projects at each of the paths, in one of the states, have no report of the month; paths
// without any are left out.
absl::StatusOr<std::map<std::string, int64_t>> CountMissingReports(
    mysql::Executor& db, const std::vector<std::string>& paths, const std::vector<int>& states,
    const std::string& period);
// Paths after `after` at which projects are in one of the states, upwards.
absl::StatusOr<std::vector<std::string>> PathsWithProjects(mysql::Executor& db,
                                                           const std::vector<int>& states,
                                                           const std::string& after, int limit);
// Paths in a region at which projects are in one of the states, upwards.
absl::StatusOr<std::vector<std::string>> PathsWithProjectsBelow(mysql::Executor& db,
                                                                const std::vector<int>& states,
                                                                const std::string& region_path);

}  // namespace bangfu::registry

#include "services/registry/store/operation_report_store.h"

#include <cstddef>

#include "common/base/strings.h"
#include "common/status/macros.h"
#include "services/registry/store/statement.h"
#include "services/registry/store/stored_project.h"

namespace bangfu::registry {
namespace {

constexpr char kReportColumns[] =
    "o.project_id, o.period, o.id, o.region_path, o.late, o.version, o.record";

ReportRow ReportFrom(const mysql::Row& r) {
  return {r.Id(0), r.String(1), r.Id(2), r.String(3), r.Bool(4), r.Int(5), r.String(6)};
}

std::vector<ReportRow> ReportsFrom(const mysql::Rows& rows) {
  std::vector<ReportRow> out;
  out.reserve(rows.size());
  for (const mysql::Row& row : rows) out.push_back(ReportFrom(row));
  return out;
}

}  // namespace

absl::StatusOr<std::map<std::pair<Ulid, std::string>, ReportRow>> LockReports(
    mysql::Tx& tx, const std::vector<std::pair<Ulid, std::string>>& keys) {
  std::map<std::pair<Ulid, std::string>, ReportRow> out;
  if (keys.empty()) return out;
  std::string sql = Cat("SELECT ", kReportColumns,
                        " FROM operation_report o WHERE (o.project_id, o.period) IN (");
  mysql::Params params;
  for (size_t i = 0; i < keys.size(); ++i) {
    sql += i == 0 ? "(?, ?)" : ", (?, ?)";
    params.emplace_back(keys[i].first);
    params.emplace_back(keys[i].second);
  }
  sql += ") ORDER BY o.project_id, o.period FOR UPDATE";
  ASSIGN_OR_RETURN(const mysql::Rows rows, tx.Query(sql, params));
  for (const mysql::Row& row : rows) {
    ReportRow r = ReportFrom(row);
    out.emplace(std::make_pair(r.project_id, r.period), std::move(r));
  }
  return out;
}

absl::Status StoreReports(mysql::Tx& tx, const std::vector<ReportRow>& rows) {
  constexpr std::string_view kColumns =
      "(project_id, period, id, region_path, late, version, record)";
  std::vector<mysql::Params> made, changed;
  for (const ReportRow& r : rows) {
    (r.version == 1 ? made : changed)
        .push_back({r.project_id, r.period, r.id, r.region_path, r.late, r.version, r.record});
  }
  if (!made.empty()) {
    // What is not there cannot be locked: of two who are first the key lets one in.
    const absl::Status status = mysql::BulkInsert(tx, "operation_report", kColumns, made).status();
    if (mysql::IsDuplicateKey(status)) return mysql::Conflict();
    RETURN_IF_ERROR(status);
  }
  if (changed.empty()) return absl::OkStatus();
  return mysql::BulkInsert(
             tx, "operation_report", kColumns, changed,
             "ON DUPLICATE KEY UPDATE region_path = VALUES(region_path), late = VALUES(late), "
             "version = VALUES(version), record = VALUES(record)")
      .status();
}

absl::StatusOr<std::optional<ReportRow>> FindReport(mysql::Executor& db, const Ulid& project_id,
                                                    const std::string& period,
                                                    const RegionScope& scope) {
  mysql::Params params = {project_id, period};
  const std::string sql =
      Cat("SELECT ", kReportColumns,
          " FROM operation_report o WHERE o.project_id = ? AND o.period = ? AND ",
          mysql::RegionClause(scope, "o.region_path", &params));
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  if (rows.empty()) return std::optional<ReportRow>();
  return std::optional<ReportRow>(ReportFrom(rows[0]));
}

absl::StatusOr<std::optional<ReportRow>> LastReportBefore(mysql::Executor& db,
                                                          const Ulid& project_id,
                                                          const std::string& period) {
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(Cat("SELECT ", kReportColumns,
                   " FROM operation_report o WHERE o.project_id = ? AND o.period < ? ORDER BY "
                   "o.period DESC LIMIT 1"),
               {project_id, period}));
  if (rows.empty()) return std::optional<ReportRow>();
  return std::optional<ReportRow>(ReportFrom(rows[0]));
}

std::string ListReportsSql(const ReportQuery& q, mysql::Params* params) {
  std::string sql = Cat("SELECT ", kReportColumns, " FROM operation_report o WHERE ",
                        mysql::RegionClause(q.scope, "o.region_path", params));
  if (q.project_id) {
    sql += " AND o.project_id = ?";
    params->emplace_back(*q.project_id);
  }
  if (!q.period_from.empty()) {
    sql += " AND o.period >= ?";
    params->emplace_back(q.period_from);
  }
  if (!q.period_to.empty()) {
    sql += " AND o.period <= ?";
    params->emplace_back(q.period_to);
  }
  if (q.after_project) {
    sql +=
        " AND ((o.region_path = ? AND o.project_id = ? AND o.period > ?) OR (o.region_path = ? AND "
        "o.project_id > ?) OR o.region_path > ?)";
    params->emplace_back(q.after_path);
    params->emplace_back(*q.after_project);
    params->emplace_back(q.after_period);
    params->emplace_back(q.after_path);
    params->emplace_back(*q.after_project);
    params->emplace_back(q.after_path);
  }
  sql += " ORDER BY o.region_path, o.project_id, o.period LIMIT ?";
  params->emplace_back(q.limit);
  return sql;
}

absl::StatusOr<std::vector<ReportRow>> ListReports(mysql::Executor& db, const ReportQuery& query) {
  mysql::Params params;
  const std::string sql = ListReportsSql(query, &params);
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  return ReportsFrom(rows);
}

absl::StatusOr<std::vector<ReportRow>> ListReportsById(mysql::Executor& db,
                                                       const std::optional<RegionScope>& scope,
                                                       const Ulid& after, int limit) {
  mysql::Params params = {after};
  std::string sql = Cat("SELECT ", kReportColumns, " FROM operation_report o WHERE o.id > ?");
  if (scope) sql += Cat(" AND ", mysql::RegionClause(*scope, "o.region_path", &params));
  sql += " ORDER BY o.id LIMIT ?";
  params.emplace_back(limit);
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  return ReportsFrom(rows);
}

absl::StatusOr<std::vector<MissingRow>> ListMissingReports(
    mysql::Executor& db, const RegionScope& scope, const std::vector<int>& states,
    const std::string& period, const std::optional<After>& after, int limit) {
  mysql::Params params;
  std::string sql =
      Cat("SELECT ", kProjectColumns,
          ", COALESCE((SELECT MAX(o.period) FROM operation_report o WHERE o.project_id = p.id AND "
          "o.period < ?), '') FROM project p WHERE ");
  params.emplace_back(period);
  sql += mysql::RegionClause(scope, "p.region_path", &params);
  sql += Cat(" AND p.is_void = 0 AND ", InList("p.state", states, &params));
  sql +=
      " AND NOT EXISTS (SELECT 1 FROM operation_report m WHERE m.project_id = p.id AND m.period = "
      "?)";
  params.emplace_back(period);
  if (after) {
    sql += " AND ((p.region_path = ? AND p.id > ?) OR p.region_path > ?)";
    params.emplace_back(after->region_path);
    params.emplace_back(after->id);
    params.emplace_back(after->region_path);
  }
  sql += " ORDER BY p.region_path, p.id LIMIT ?";
  params.emplace_back(limit);
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  std::vector<MissingRow> out;
  for (const mysql::Row& row : rows) out.push_back({ProjectFrom(row), row.String(20)});
  return out;
}

absl::StatusOr<std::map<std::string, int64_t>> CountMissingReports(
    mysql::Executor& db, const std::vector<std::string>& paths, const std::vector<int>& states,
    const std::string& period) {
  std::map<std::string, int64_t> out;
  if (paths.empty()) return out;
  mysql::Params params = {period};
  for (const std::string& path : paths) params.emplace_back(path);
  std::string sql =
      Cat("SELECT p.region_path, COUNT(*) FROM project p LEFT JOIN operation_report m ON "
          "m.project_id = p.id AND m.period = ? WHERE p.region_path IN (",
          mysql::Placeholders(paths.size()), ") AND p.is_void = 0 AND m.project_id IS NULL AND ");
  sql += Cat(InList("p.state", states, &params), " GROUP BY p.region_path");
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  for (const mysql::Row& row : rows) out[row.String(0)] = row.Int(1);
  return out;
}

absl::StatusOr<std::vector<std::string>> PathsWithProjects(mysql::Executor& db,
                                                           const std::vector<int>& states,
                                                           const std::string& after, int limit) {
  mysql::Params params = {after};
  std::string sql = Cat(
      "SELECT DISTINCT p.region_path FROM project p WHERE p.region_path > ? AND p.is_void = 0 AND ",
      InList("p.state", states, &params), " ORDER BY p.region_path LIMIT ?");
  params.emplace_back(limit);
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  std::vector<std::string> out;
  for (const mysql::Row& row : rows) out.push_back(row.String(0));
  return out;
}

absl::StatusOr<std::vector<std::string>> PathsWithProjectsBelow(mysql::Executor& db,
                                                                const std::vector<int>& states,
                                                                const std::string& region_path) {
  mysql::Params params;
  std::string sql =
      Cat("SELECT DISTINCT p.region_path FROM project p WHERE ",
          mysql::RegionClause({region_path}, "p.region_path", &params), " AND p.is_void = 0 AND ");
  sql += Cat(InList("p.state", states, &params), " ORDER BY p.region_path");
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  std::vector<std::string> out;
  for (const mysql::Row& row : rows) out.push_back(row.String(0));
  return out;
}

}  // namespace bangfu::registry

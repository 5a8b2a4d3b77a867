#include "services/registry/store/completeness_store.h"

#include "common/base/strings.h"
#include "common/status/macros.h"

namespace bangfu::registry {
namespace {

using mysql::Params;
using mysql::RegionClause;

// "LEFT(x, n)", or one group for all.
std::string Group(std::string_view column, int digits) {
  return digits == 0 ? std::string("''") : Cat("LEFT(", column, ", ", digits, ")");
}

// Reports as they stood before an instant, from their steps; alias s.
constexpr char kStepBefore[] =
    " LEFT JOIN unit_report_step s ON s.unit_report_id = u.id AND s.step_no = (SELECT "
    "MAX(t.step_no) FROM "
    "unit_report_step t WHERE t.unit_report_id = u.id AND t.at < ?)";

// Reports whose step is past its day: the same rule as DueOn, in SQL so that pages are whole.
std::string OverdueSql(const OverdueQuery& query, std::string_view columns, Params* params) {
  std::string sql = Cat("SELECT ", columns, " FROM (SELECT u.id, u.region_code, u.region_path, ");
  if (query.before) {
    absl::StrAppend(
        &sql,
        "COALESCE(s.to_state, 1) AS state, COALESCE(s.return_to_level, 0) AS return_to_level, "
        "s.return_due_on AS return_due_on FROM unit_report u",
        kStepBefore);
    params->emplace_back(*query.before);
  } else {
    absl::StrAppend(&sql, "u.state, u.return_to_level, u.return_due_on FROM unit_report u");
  }
  absl::StrAppend(&sql, " WHERE u.campaign_id = ? AND ");
  params->emplace_back(query.campaign_id);
  absl::StrAppend(
      &sql, RegionClause(query.scope, "u.region_path", params),
      ") q WHERE CASE WHEN q.state = 9 AND q.return_due_on IS NOT NULL THEN q.return_due_on WHEN "
      "q.state IN (1, 2) OR (q.state = 9 AND q.return_to_level = 5) THEN ? WHEN q.state = 3 OR "
      "(q.state = 9 AND q.return_to_level = 4) THEN ? WHEN q.state IN (4, 7) OR (q.state = 9 AND "
      "q.return_to_level = 3) THEN ? ELSE NULL END < ?");
  params->emplace_back(query.deadlines.village);
  params->emplace_back(query.deadlines.township);
  params->emplace_back(query.deadlines.county);
  params->emplace_back(query.on);
  return sql;
}

}  // namespace

absl::StatusOr<std::vector<UnitGroup>> GroupUnits(mysql::Executor& db, const Ulid& campaign_id,
                                                  const RegionScope& scope, int digits,
                                                  std::optional<absl::Time> before) {
  Params params;
  std::string sql;
  if (before) {
    sql = Cat("SELECT ", Group("u.region_path", digits),
              " AS g, COALESCE(s.to_state, 1) AS st, COALESCE(s.is_nil, 0) AS nil, "
              "COALESCE(s.return_to_level, 0) "
              "AS lv, s.return_due_on AS due, COUNT(*) FROM unit_report u",
              kStepBefore, " WHERE u.campaign_id = ? AND ");
    params.emplace_back(*before);
  } else {
    sql = Cat("SELECT ", Group("u.region_path", digits),
              " AS g, u.state AS st, u.is_nil AS nil, u.return_to_level AS lv, u.return_due_on AS "
              "due, COUNT(*) "
              "FROM unit_report u WHERE u.campaign_id = ? AND ");
  }
  params.emplace_back(campaign_id);
  absl::StrAppend(&sql, RegionClause(scope, "u.region_path", &params),
                  " GROUP BY g, st, nil, lv, due");
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  std::vector<UnitGroup> out;
  for (const mysql::Row& r : rows) {
    out.push_back({r.String(0), static_cast<UnitReportState>(r.Int(1)), r.Bool(2),
                   static_cast<int>(r.Int(3)), r.OptDay(4), r.Int(5)});
  }
  return out;
}

absl::StatusOr<std::vector<ProjectGroup>> GroupProjects(mysql::Executor& db,
                                                        const RegionScope& scope, int digits,
                                                        std::optional<absl::Time> before) {
  Params params;
  std::string sql = Cat("SELECT ", Group("p.region_path", digits), " AS g, COUNT(*), CAST(SUM(");
  if (before) {
    // The first change since then tells from what it was changed; where there is none, it stands.
    absl::StrAppend(&sql,
                    "COALESCE((SELECT c.from_state FROM project_verification_change c WHERE "
                    "c.project_id = p.id AND c.changed_at >= ? ORDER BY c.changed_at LIMIT 1), "
                    "p.verification_state)");
    params.emplace_back(*before);
  } else {
    absl::StrAppend(&sql, "p.verification_state");
  }
  absl::StrAppend(&sql, " = 2) AS SIGNED) FROM project p WHERE ");
  if (before) {
    // Nothing changes a void project any more: what was written last is that it was voided.
    absl::StrAppend(&sql, "(p.is_void = 0 OR p.updated_at >= ?) AND ");
    params.emplace_back(*before);
  } else {
    absl::StrAppend(&sql, "p.is_void = 0 AND ");
  }
  absl::StrAppend(&sql, RegionClause(scope, "p.region_path", &params));
  if (before) {
    // An id begins with the milliseconds of its making.
    const int64_t ms = absl::ToUnixMillis(*before);
    std::string bytes(16, '\0');
    for (int i = 0; i < 6; ++i) bytes[i] = static_cast<char>((ms >> (8 * (5 - i))) & 0xff);
    absl::StrAppend(&sql, " AND p.id < ?");
    params.emplace_back(bytes);
  }
  absl::StrAppend(&sql, " GROUP BY g");
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  std::vector<ProjectGroup> out;
  for (const mysql::Row& r : rows) out.push_back({r.String(0), r.Int(1), r.Int(2)});
  return out;
}

absl::StatusOr<std::vector<UnitAt>> ListOverdue(mysql::Executor& db, const OverdueQuery& query) {
  Params params;
  std::string sql = OverdueSql(
      query, "q.id, q.region_code, q.region_path, q.state, q.return_to_level, q.return_due_on",
      &params);
  if (!query.after_path.empty()) {
    absl::StrAppend(&sql, " AND q.region_path > ?");
    params.emplace_back(query.after_path);
  }
  absl::StrAppend(&sql, " ORDER BY q.region_path LIMIT ", query.limit);
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  std::vector<UnitAt> out;
  for (const mysql::Row& r : rows) {
    out.push_back({r.Id(0), r.String(1), r.String(2), static_cast<UnitReportState>(r.Int(3)),
                   static_cast<int>(r.Int(4)), r.OptDay(5)});
  }
  return out;
}

absl::StatusOr<int64_t> CountOverdue(mysql::Executor& db, const OverdueQuery& query) {
  Params params;
  const std::string sql = OverdueSql(query, "COUNT(*)", &params);
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  return rows[0].Int(0);
}

}  // namespace bangfu::registry

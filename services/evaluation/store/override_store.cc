#include "services/evaluation/store/override_store.h"

#include "common/base/region.h"
#include "common/status/macros.h"
#include "services/evaluation/store/rows.h"

namespace bangfu::evaluation {

namespace {

constexpr char kColumns[] = "county, id, is_raised, payload, changed_at";

OverrideNoticeRow FromRow(const mysql::Row& row) {
  return {row.String(0), row.Id(1), row.Bool(2), row.String(3), row.Time(4)};
}

std::vector<OverrideNoticeRow> FromRows(const mysql::Rows& rows) {
  std::vector<OverrideNoticeRow> out;
  for (const mysql::Row& row : rows) out.push_back(FromRow(row));
  return out;
}

}  // namespace

absl::StatusOr<std::vector<Ulid>> ListExpiredOverrides(mysql::Executor& db, absl::CivilDay today,
                                                       int limit) {
  ASSIGN_OR_RETURN(
      mysql::Rows rows,
      db.Query("SELECT subject_id FROM ledger_entry WHERE is_open = 1 AND is_due = 0 AND "
               "override_expires_on < ? ORDER BY override_expires_on, subject_id LIMIT ?",
               {today, limit}));
  std::vector<Ulid> out;
  for (const mysql::Row& row : rows) out.push_back(row.Id(0));
  return out;
}

absl::StatusOr<std::map<std::string, int64_t>> CountDue(mysql::Executor& db,
                                                        const std::string& region, int digits) {
  mysql::Params params;
  const std::string where = mysql::RegionClause({region}, "region_path", &params);
  ASSIGN_OR_RETURN(mysql::Rows rows,
                   db.Query(Cat("SELECT LEFT(region_path, ", digits,
                                ") AS unit, COUNT(*) FROM ledger_entry WHERE is_due = 1 AND ",
                                where, " GROUP BY unit"),
                            params));
  std::map<std::string, int64_t> out;
  for (const mysql::Row& row : rows) out[row.String(0)] = row.Int(1);
  return out;
}

absl::StatusOr<OverrideNoticeRow> LockOverrideNotice(mysql::Tx& tx, const std::string& county,
                                                     const Ulid& new_id, absl::Time now) {
  RETURN_IF_ERROR(tx.Execute("INSERT IGNORE INTO override_notice (county, id, is_raised, payload, "
                             "changed_at) VALUES (?, ?, 0, '', ?)",
                             {county, new_id, now})
                      .status());
  ASSIGN_OR_RETURN(mysql::Rows rows, tx.Query(Cat("SELECT ", kColumns,
                                                  " FROM override_notice WHERE county = ? "
                                                  "FOR UPDATE"),
                                              {county}));
  if (rows.empty()) return absl::InternalError("override_notice: the row is not there");
  return FromRow(rows[0]);
}

absl::Status UpdateOverrideNotice(mysql::Tx& tx, const OverrideNoticeRow& row) {
  return tx
      .Execute(
          "UPDATE override_notice SET is_raised = ?, payload = ?, changed_at = ? "
          "WHERE county = ?",
          {row.raised, row.payload, row.changed_at, row.county})
      .status();
}

absl::StatusOr<std::vector<OverrideNoticeRow>> ListOverrideNotices(mysql::Executor& db,
                                                                   const std::string& region) {
  mysql::Params params;
  const std::string where = mysql::RegionClause({region.substr(0, 6)}, "county", &params);
  ASSIGN_OR_RETURN(mysql::Rows rows,
                   db.Query(Cat("SELECT ", kColumns, " FROM override_notice WHERE is_raised = 1 ",
                                "AND ", where, " ORDER BY county"),
                            params));
  return FromRows(rows);
}

absl::StatusOr<std::vector<OverrideNoticeRow>> PageOverrideNotices(mysql::Executor& db,
                                                                   const Ulid& after, int limit,
                                                                   const RegionScopes& scope) {
  mysql::Params params{after};
  const std::string where = AndScope(scope, "county", &params);
  params.emplace_back(limit);
  ASSIGN_OR_RETURN(mysql::Rows rows,
                   db.Query(Cat("SELECT ", kColumns, " FROM override_notice WHERE id > ? AND ",
                                "payload <> ''", where, " ORDER BY id LIMIT ?"),
                            params));
  return FromRows(rows);
}

}  // namespace bangfu::evaluation

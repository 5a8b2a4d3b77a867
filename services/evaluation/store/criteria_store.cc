#include "services/evaluation/store/criteria_store.h"

#include <algorithm>

#include "common/base/region.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/evaluation/store/rows.h"

namespace bangfu::evaluation {

namespace {

constexpr char kColumns[] =
    "id, region_code, version_no, state, effective_from, effective_to, content, content_sha256, "
    "note_zh, created_by, payload, version";

CriteriaRow FromRow(const mysql::Row& row) {
  CriteriaRow c;
  c.id = row.Id(0);
  c.region_code = row.String(1);
  c.version_no = static_cast<int32_t>(row.Int(2));
  c.state = static_cast<int>(row.Int(3));
  c.effective_from = row.OptDay(4);
  c.effective_to = row.OptDay(5);
  c.content = row.String(6);
  c.content_sha256 = row.String(7);
  c.note_zh = row.String(8);
  c.created_by = row.String(9);
  c.payload = row.String(10);
  c.version = row.Int(11);
  return c;
}

std::vector<CriteriaRow> FromRows(const mysql::Rows& rows) {
  std::vector<CriteriaRow> out;
  for (const mysql::Row& row : rows) out.push_back(FromRow(row));
  return out;
}

absl::StatusOr<CriteriaRow> Find(mysql::Executor& db, const Ulid& id, std::string_view suffix) {
  ASSIGN_OR_RETURN(
      mysql::Rows rows,
      db.Query(Cat("SELECT ", kColumns, " FROM criteria_set WHERE id = ?", suffix), {id}));
  if (rows.empty()) return NotFound("criteria_set", id.ToString());
  return FromRow(rows[0]);
}

}  // namespace

absl::Status InsertCriteria(mysql::Tx& tx, const CriteriaRow& c) {
  return tx
      .Execute(Cat("INSERT INTO criteria_set (", kColumns,
                   ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
               {c.id, c.region_code, c.version_no, c.state, c.effective_from, c.effective_to,
                c.content, c.content_sha256, c.note_zh, c.created_by, c.payload, c.version})
      .status();
}

absl::StatusOr<int32_t> NextCriteriaVersion(mysql::Executor& db, const std::string& region_code) {
  ASSIGN_OR_RETURN(
      mysql::Rows rows,
      db.Query("SELECT COALESCE(MAX(version_no), 0) + 1 FROM criteria_set WHERE region_code = ?",
               {region_code}));
  return static_cast<int32_t>(rows[0].Int(0));
}

absl::StatusOr<CriteriaRow> GetCriteria(mysql::Executor& db, const Ulid& id) {
  return Find(db, id, "");
}

absl::StatusOr<CriteriaRow> LockCriteria(mysql::Tx& tx, const Ulid& id) {
  return Find(tx, id, " FOR UPDATE");
}

absl::Status UpdateCriteria(mysql::Tx& tx, CriteriaRow& c) {
  ASSIGN_OR_RETURN(
      int64_t matched,
      tx.Execute("UPDATE criteria_set SET state = ?, effective_from = ?, effective_to = ?, "
                 "payload = ?, version = version + 1 WHERE id = ? AND version = ?",
                 {c.state, c.effective_from, c.effective_to, c.payload, c.id, c.version}));
  if (matched == 0) return EtagMismatch();
  ++c.version;
  return absl::OkStatus();
}

absl::Status ClaimCriteriaScope(mysql::Tx& tx, const std::string& region_code) {
  return tx
      .Execute(
          "INSERT INTO criteria_scope (region_code, version) VALUES (?, 1) "
          "ON DUPLICATE KEY UPDATE version = version + 1",
          {region_code})
      .status();
}

absl::StatusOr<std::vector<CriteriaRow>> ListActiveCriteria(mysql::Executor& db,
                                                            const std::string& region_code) {
  ASSIGN_OR_RETURN(mysql::Rows rows,
                   db.Query(Cat("SELECT ", kColumns,
                                " FROM criteria_set WHERE region_code = ? AND state = ? "
                                "ORDER BY effective_from, version_no"),
                            {region_code, kCriteriaActive}));
  return FromRows(rows);
}

absl::StatusOr<std::optional<CriteriaRow>> FindCriteriaInForce(mysql::Executor& db,
                                                               const std::string& region_code,
                                                               absl::CivilDay on) {
  std::vector<std::string> codes;
  for (std::string code = region_code; !code.empty(); code = RegionParent(code)) {
    codes.push_back(code);
  }
  mysql::Params params;
  std::string where = InClause("region_code", codes, &params);
  params.insert(params.end(), {kCriteriaActive, on, on});
  ASSIGN_OR_RETURN(
      mysql::Rows rows,
      db.Query(
          Cat("SELECT ", kColumns, " FROM criteria_set WHERE ", where,
              " AND state = ? AND effective_from <= ? AND (effective_to IS NULL OR "
              "effective_to > ?) ORDER BY CHAR_LENGTH(region_code) DESC, version_no DESC LIMIT 1"),
          params));
  if (rows.empty()) return std::optional<CriteriaRow>();
  return std::optional<CriteriaRow>(FromRow(rows[0]));
}

absl::StatusOr<std::vector<CriteriaRow>> ListCriteria(
    mysql::Executor& db, const std::optional<std::pair<std::string, int32_t>>& after, int limit) {
  mysql::Params params;
  std::string where = "TRUE";
  if (after) {
    where = "region_code >= ? AND (region_code > ? OR version_no < ?)";
    params = {after->first, after->first, after->second};
  }
  params.emplace_back(limit);
  ASSIGN_OR_RETURN(mysql::Rows rows,
                   db.Query(Cat("SELECT ", kColumns, " FROM criteria_set WHERE ", where,
                                " ORDER BY region_code, version_no DESC LIMIT ?"),
                            params));
  return FromRows(rows);
}

absl::StatusOr<std::vector<CriteriaRow>> PageCriteriaById(
    mysql::Executor& db, const Ulid& after, int limit,
    const std::optional<std::vector<std::string>>& scope) {
  mysql::Params params{after};
  std::string where = AndScope(scope, "region_code", &params);
  params.emplace_back(limit);
  ASSIGN_OR_RETURN(mysql::Rows rows,
                   db.Query(Cat("SELECT ", kColumns, " FROM criteria_set WHERE id > ?", where,
                                " ORDER BY id LIMIT ?"),
                            params));
  return FromRows(rows);
}

}  // namespace bangfu::evaluation

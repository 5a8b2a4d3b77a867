#include "services/evaluation/store/reference_store.h"

#include "common/status/macros.h"
#include "services/evaluation/store/rows.h"

namespace bangfu::evaluation {

namespace {

constexpr char kColumns[] = "kind, ref_key, region_path, payload, source_sequence";

std::vector<ReferenceRow> FromRows(const mysql::Rows& rows) {
  std::vector<ReferenceRow> out;
  out.reserve(rows.size());
  for (const mysql::Row& row : rows) {
    out.push_back({row.String(0), row.String(1), row.String(2), row.String(3), row.Int(4)});
  }
  return out;
}

RegionRow RegionFrom(const mysql::Row& row) {
  return {
      row.String(0), row.String(1), static_cast<int>(row.Int(2)),
      row.String(3), row.String(4), {static_cast<int>(row.Int(5)), static_cast<int>(row.Int(6))}};
}
constexpr std::string_view kRegion =
    "code, name, level, parent_code, region_path, start_year, end_year";

}  // namespace

absl::Status PutReferences(mysql::Tx& tx, const std::vector<ReferenceRow>& rows) {
  if (rows.empty()) return absl::OkStatus();
  std::vector<mysql::Params> values;
  values.reserve(rows.size());
  for (const ReferenceRow& r : rows) {
    values.push_back({r.kind, r.key, r.region_path, r.payload, r.source_sequence});
  }
  return mysql::BulkInsert(tx, "reference_copy", kColumns, values,
                           "ON DUPLICATE KEY UPDATE region_path = VALUES(region_path), "
                           "payload = VALUES(payload), source_sequence = VALUES(source_sequence)")
      .status();
}

absl::StatusOr<std::vector<ReferenceRow>> LoadReferences(mysql::Executor& db,
                                                         std::string_view kind) {
  ASSIGN_OR_RETURN(
      mysql::Rows rows,
      db.Query(Cat("SELECT ", kColumns, " FROM reference_copy WHERE kind = ? ORDER BY ref_key"),
               {kind}));
  return FromRows(rows);
}

absl::StatusOr<std::vector<ReferenceRow>> LoadReferences(mysql::Executor& db, std::string_view kind,
                                                         const std::vector<std::string>& keys) {
  if (keys.empty()) return std::vector<ReferenceRow>();
  mysql::Params params{kind};
  std::string where = InClause("ref_key", keys, &params);
  ASSIGN_OR_RETURN(
      mysql::Rows rows,
      db.Query(Cat("SELECT ", kColumns, " FROM reference_copy WHERE kind = ? AND ", where),
               params));
  return FromRows(rows);
}

absl::StatusOr<std::optional<ReferenceRow>> GetReference(mysql::Executor& db, std::string_view kind,
                                                         std::string_view key) {
  ASSIGN_OR_RETURN(
      mysql::Rows rows,
      db.Query(Cat("SELECT ", kColumns, " FROM reference_copy WHERE kind = ? AND ref_key = ?"),
               {kind, key}));
  if (rows.empty()) return std::optional<ReferenceRow>();
  return std::optional<ReferenceRow>(FromRows(rows)[0]);
}

absl::StatusOr<std::vector<ReferenceRow>> LoadCodes(mysql::Executor& db, std::string_view list) {
  // '0' is the character after '/'.
  ASSIGN_OR_RETURN(mysql::Rows rows,
                   db.Query(Cat("SELECT ", kColumns,
                                " FROM reference_copy WHERE kind = ? AND ref_key > ? AND "
                                "ref_key < ? ORDER BY ref_key"),
                            {kCodeRef, Cat(list, "/"), Cat(list, "0")}));
  return FromRows(rows);
}

absl::StatusOr<std::vector<ReferenceRow>> LoadReferencesInRegion(mysql::Executor& db,
                                                                 std::string_view kind,
                                                                 const std::string& region) {
  mysql::Params params{kind};
  std::string where = mysql::RegionClause({region}, "region_path", &params);
  ASSIGN_OR_RETURN(
      mysql::Rows rows,
      db.Query(Cat("SELECT ", kColumns, " FROM reference_copy WHERE kind = ? AND ", where),
               params));
  return FromRows(rows);
}

absl::Status PutRegions(mysql::Tx& tx, const std::vector<RegionRow>& rows) {
  if (rows.empty()) return absl::OkStatus();
  std::vector<std::string> codes;
  codes.reserve(rows.size());
  for (const RegionRow& r : rows) codes.push_back(r.code);
  ASSIGN_OR_RETURN(const std::vector<RegionRow> held, GetRegions(tx, codes));
  std::map<std::string_view, RegionYears> years;
  for (const RegionRow& r : held) years.emplace(r.code, r.years);
  std::vector<mysql::Params> values;
  values.reserve(rows.size());
  for (const RegionRow& r : rows) {
    const auto [it, is_new] = years.emplace(r.code, r.years);
    if (!is_new && !TakesOver(r.years, it->second)) continue;
    it->second = r.years;
    values.push_back(
        {r.code, r.name, r.level, r.parent_code, r.region_path, r.years.start, r.years.end});
  }
  if (values.empty()) return absl::OkStatus();
  return mysql::BulkInsert(tx, "region_copy", kRegion, values,
                           "ON DUPLICATE KEY UPDATE name = VALUES(name), level = VALUES(level), "
                           "parent_code = VALUES(parent_code), region_path = VALUES(region_path), "
                           "start_year = VALUES(start_year), end_year = VALUES(end_year)")
      .status();
}

absl::StatusOr<std::optional<RegionRow>> GetRegion(mysql::Executor& db, const std::string& code) {
  ASSIGN_OR_RETURN(std::vector<RegionRow> rows, GetRegions(db, {code}));
  if (rows.empty()) return std::optional<RegionRow>();
  return std::optional<RegionRow>(rows[0]);
}

absl::StatusOr<std::vector<RegionRow>> GetRegions(mysql::Executor& db,
                                                  const std::vector<std::string>& codes) {
  std::vector<RegionRow> out;
  if (codes.empty()) return out;
  mysql::Params params;
  std::string where = InClause("code", codes, &params);
  ASSIGN_OR_RETURN(mysql::Rows rows,
                   db.Query(Cat("SELECT ", kRegion, " FROM region_copy WHERE ", where), params));
  for (const mysql::Row& row : rows) out.push_back(RegionFrom(row));
  return out;
}

absl::StatusOr<std::vector<RegionRow>> ListChildRegions(mysql::Executor& db,
                                                        const std::string& parent) {
  // A region that is no longer in use has another one's path.
  ASSIGN_OR_RETURN(mysql::Rows rows,
                   db.Query(Cat("SELECT ", kRegion,
                                " FROM region_copy WHERE parent_code = ? AND code = region_path "
                                "ORDER BY code"),
                            {parent}));
  std::vector<RegionRow> out;
  for (const mysql::Row& row : rows) out.push_back(RegionFrom(row));
  return out;
}

absl::Status PutUnitReports(mysql::Tx& tx, const std::vector<UnitReportRow>& rows) {
  if (rows.empty()) return absl::OkStatus();
  std::vector<mysql::Params> values;
  for (const UnitReportRow& r : rows) {
    values.push_back({r.campaign_id, r.region_path, r.state, r.is_nil, r.source_sequence});
  }
  return mysql::BulkInsert(
             tx, "unit_report_copy", "campaign_id, region_path, state, is_nil, source_sequence",
             values,
             "ON DUPLICATE KEY UPDATE state = VALUES(state), is_nil = VALUES(is_nil), "
             "source_sequence = VALUES(source_sequence)")
      .status();
}

}  // namespace bangfu::evaluation

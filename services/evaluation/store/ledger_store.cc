#include "services/evaluation/store/ledger_store.h"

#include <algorithm>
#include <array>
#include <memory>

#include "common/base/digest.h"
#include "common/base/region.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/evaluation/store/rows.h"
#include "services/evaluation/store/subject_store.h"

namespace bangfu::evaluation {

namespace {

constexpr char kColumns[] =
    "id, evaluation_id, subject_type, subject_id, region_path, class, state, is_open, entered_at, "
    "left_at, leave_reason, left_to, is_overridden, invested_fen, asset_value_fen, row_hash, "
    "details, version, override_expires_on, is_due";

constexpr char kIncomeColumns[] =
    "county, month, income_fen, households, households_known, refreshed_at";
constexpr char kComparedColumns[] = "county, last_month, month, income_fen, households, left_out";

LedgerRow FromRow(const mysql::Row& row) {
  LedgerRow e;
  e.id = row.Id(0);
  e.evaluation_id = row.Id(1);
  e.subject_type = static_cast<int>(row.Int(2));
  e.subject_id = row.Id(3);
  e.region_path = row.String(4);
  e.four_class = static_cast<int>(row.Int(5));
  e.state = static_cast<int>(row.Int(6));
  e.open = row.Bool(7);
  e.entered_at = row.Time(8);
  e.left_at = row.OptTime(9);
  e.leave_reason = row.String(10);
  e.left_to = static_cast<int>(row.Int(11));
  e.overridden = row.Bool(12);
  e.invested_fen = row.Int(13);
  e.asset_value_fen = row.Int(14);
  e.row_hash = row.String(15);
  e.details = row.String(16);
  e.version = row.Int(17);
  e.override_expires_on = row.OptDay(18);
  e.due = row.Bool(19);
  return e;
}

std::vector<LedgerRow> FromRows(const mysql::Rows& rows) {
  std::vector<LedgerRow> out;
  out.reserve(rows.size());
  for (const mysql::Row& row : rows) out.push_back(FromRow(row));
  return out;
}

mysql::Param OpenMark(const LedgerRow& e) {
  return e.open ? mysql::Param(1) : mysql::Param(nullptr);
}

mysql::Param ExpiryOf(const LedgerRow& e) {
  return e.override_expires_on ? mysql::Param(*e.override_expires_on) : mysql::Param(nullptr);
}

std::string HashOf(const LedgerRow& e) {
  return e.signed_content.empty() ? e.row_hash : Sha256(e.signed_content);
}

mysql::Params Values(const LedgerRow& e, int64_t version) {
  return {e.id,           e.evaluation_id, e.subject_type, e.subject_id,   e.region_path,
          e.four_class,   e.state,         OpenMark(e),    e.entered_at,   e.left_at,
          e.leave_reason, e.left_to,       e.overridden,   e.invested_fen, e.asset_value_fen,
          HashOf(e),      e.details,       version,        ExpiryOf(e),    e.due};
}

absl::StatusOr<LedgerRow> Find(mysql::Executor& db, const Ulid& id, const RegionScopes& scope,
                               std::string_view suffix) {
  mysql::Params params{id};
  std::string where = AndScope(scope, "region_path", &params);
  ASSIGN_OR_RETURN(
      mysql::Rows rows,
      db.Query(Cat("SELECT ", kColumns, " FROM ledger_entry WHERE id = ?", where, suffix), params));
  if (rows.empty()) return NotFound("ledger_entry", id.ToString());
  return FromRow(rows[0]);
}

SignatureRow SignatureFromRow(const mysql::Row& row) {
  SignatureRow s;
  s.id = row.Id(0);
  s.region_code = row.String(1);
  s.signature_no = row.Int(2);
  s.rows_sha256 = row.String(3);
  s.row_count = row.Int(4);
  s.signed_by = row.String(5);
  s.payload = row.String(6);
  s.signed_at = row.Time(7);
  return s;
}

std::string CountyOf(const std::string& path) { return RegionAncestor(path, RegionLevel::kCounty); }

Figures FiguresAt(const mysql::Row& row, size_t i) {
  return {row.Int(i), row.Int(i + 1), row.Int(i + 2), row.Int(i + 3)};
}

// Rows of county, subject type, class, slot, entries, overridden and the two amounts.
absl::Status AddToClasses(mysql::Tx& tx, const std::vector<mysql::Params>& values) {
  return mysql::BulkInsert(tx, "class_rollup",
                           "county, subject_type, class, slot, entries, overridden, invested_fen, "
                           "asset_value_fen",
                           values,
                           "ON DUPLICATE KEY UPDATE entries = entries + VALUES(entries), "
                           "overridden = overridden + VALUES(overridden), "
                           "invested_fen = invested_fen + VALUES(invested_fen), "
                           "asset_value_fen = asset_value_fen + VALUES(asset_value_fen)")
      .status();
}

}  // namespace

absl::Status InsertEntries(mysql::Tx& tx, const std::vector<LedgerRow>& rows) {
  if (rows.empty()) return absl::OkStatus();
  std::vector<mysql::Params> values;
  values.reserve(rows.size());
  for (const LedgerRow& e : rows) values.push_back(Values(e, e.version));
  return mysql::BulkInsert(tx, "ledger_entry", kColumns, values).status();
}

absl::Status UpdateEntries(mysql::Tx& tx, const std::vector<LedgerRow*>& rows) {
  if (rows.empty()) return absl::OkStatus();
  if (rows.size() == 1) return UpdateEntry(tx, *rows[0]);
  // An upsert whose insert half never happens, since the rows are locked.
  std::vector<mysql::Params> values;
  values.reserve(rows.size());
  for (LedgerRow* e : rows) values.push_back(Values(*e, ++e->version));
  return mysql::BulkInsert(
             tx, "ledger_entry", kColumns, values,
             "ON DUPLICATE KEY UPDATE evaluation_id = VALUES(evaluation_id), "
             "state = VALUES(state), is_open = VALUES(is_open), left_at = VALUES(left_at), "
             "leave_reason = VALUES(leave_reason), left_to = VALUES(left_to), "
             "is_overridden = VALUES(is_overridden), invested_fen = VALUES(invested_fen), "
             "asset_value_fen = VALUES(asset_value_fen), row_hash = VALUES(row_hash), "
             "details = VALUES(details), version = VALUES(version), "
             "override_expires_on = VALUES(override_expires_on), is_due = VALUES(is_due)")
      .status();
}

absl::Status UpdateEntry(mysql::Tx& tx, LedgerRow& e) {
  ASSIGN_OR_RETURN(
      int64_t matched,
      tx.Execute("UPDATE ledger_entry SET evaluation_id = ?, state = ?, is_open = ?, left_at = ?, "
                 "leave_reason = ?, left_to = ?, is_overridden = ?, invested_fen = ?, "
                 "asset_value_fen = ?, row_hash = ?, details = ?, override_expires_on = ?, "
                 "is_due = ?, version = version + 1 "
                 "WHERE id = ? AND version = ?",
                 {e.evaluation_id, e.state, OpenMark(e), e.left_at, e.leave_reason, e.left_to,
                  e.overridden, e.invested_fen, e.asset_value_fen, HashOf(e), e.details,
                  ExpiryOf(e), e.due, e.id, e.version}));
  if (matched == 0) return EtagMismatch();
  ++e.version;
  return absl::OkStatus();
}

absl::StatusOr<LedgerRow> GetEntry(mysql::Executor& db, const Ulid& id, const RegionScopes& scope) {
  return Find(db, id, scope, "");
}

absl::StatusOr<std::vector<LedgerRow>> GetEntries(mysql::Executor& db, const std::vector<Ulid>& ids,
                                                  const RegionScopes& scope) {
  if (ids.empty()) return std::vector<LedgerRow>();
  mysql::Params params;
  std::string where = InClause("id", ids, &params);
  where += AndScope(scope, "region_path", &params);
  ASSIGN_OR_RETURN(mysql::Rows rows,
                   db.Query(Cat("SELECT ", kColumns, " FROM ledger_entry WHERE ", where), params));
  return FromRows(rows);
}

absl::StatusOr<LedgerRow> LockEntry(mysql::Tx& tx, const Ulid& id, const RegionScopes& scope) {
  return Find(tx, id, scope, " FOR UPDATE");
}

absl::StatusOr<std::vector<LedgerRow>> LockEntries(mysql::Tx& tx, std::vector<Ulid> ids) {
  if (ids.empty()) return std::vector<LedgerRow>();
  std::sort(ids.begin(), ids.end());
  mysql::Params params;
  const std::string where = InClause("id", ids, &params);
  ASSIGN_OR_RETURN(mysql::Rows rows, tx.Query(Cat("SELECT ", kColumns, " FROM ledger_entry WHERE ",
                                                  where, " ORDER BY id FOR UPDATE"),
                                              params));
  return FromRows(rows);
}

absl::StatusOr<std::vector<std::string>> PathsWithEntries(mysql::Executor& db,
                                                          const std::string& after, int limit) {
  ASSIGN_OR_RETURN(mysql::Rows rows,
                   db.Query("SELECT DISTINCT region_path FROM ledger_entry WHERE is_open = 1 AND "
                            "region_path > ? ORDER BY region_path LIMIT ?",
                            {after, limit}));
  std::vector<std::string> out;
  for (const mysql::Row& row : rows) out.push_back(row.String(0));
  return out;
}

absl::StatusOr<absl::flat_hash_map<Ulid, LedgerRow>> LockOpenEntries(
    mysql::Tx& tx, const std::vector<Ulid>& subject_ids) {
  absl::flat_hash_map<Ulid, LedgerRow> out;
  if (subject_ids.empty()) return out;
  mysql::Params params;
  std::string where = InClause("subject_id", subject_ids, &params);
  ASSIGN_OR_RETURN(mysql::Rows rows,
                   tx.Query(Cat("SELECT ", kColumns, " FROM ledger_entry WHERE ", where,
                                " AND is_open = 1 ORDER BY subject_id FOR UPDATE"),
                            params));
  for (LedgerRow& row : FromRows(rows)) {
    Ulid subject = row.subject_id;
    out.emplace(subject, std::move(row));
  }
  return out;
}

absl::StatusOr<std::vector<LedgerRow>> ListEntries(mysql::Executor& db, const EntryQuery& query,
                                                   const RegionScopes& scope) {
  mysql::Params params;
  std::string where = "TRUE";
  if (query.subject_id) {
    where += " AND subject_id = ?";
    params.emplace_back(*query.subject_id);
  }
  if (query.four_class != 0) {
    where += " AND class = ?";
    params.emplace_back(query.four_class);
  }
  if (query.subject_type != 0) {
    where += " AND subject_type = ?";
    params.emplace_back(query.subject_type);
  }
  where += AndScope(scope, "region_path", &params);
  if (query.region) {
    where += Cat(" AND ", mysql::RegionClause({*query.region}, "region_path", &params));
  }
  if (query.include_closed_out) {
    where += " AND (is_open = 1 OR leave_reason = 'CLOSED_OUT')";
  } else if (!query.include_left) {
    where += " AND is_open = 1";
  }
  if (query.due_only) where += " AND is_due = 1";
  if (query.after) {
    where += " AND region_path >= ? AND (region_path > ? OR id > ?)";
    params.emplace_back(query.after->first);
    params.emplace_back(query.after->first);
    params.emplace_back(query.after->second);
  }
  params.emplace_back(query.limit);
  ASSIGN_OR_RETURN(mysql::Rows rows, db.Query(Cat("SELECT ", kColumns, " FROM ledger_entry WHERE ",
                                                  where, " ORDER BY region_path, id LIMIT ?"),
                                              params));
  return FromRows(rows);
}

absl::StatusOr<std::vector<LedgerRow>> PageEntriesById(mysql::Executor& db, const Ulid& after,
                                                       int limit, const RegionScopes& scope) {
  mysql::Params params{after};
  std::string where = AndScope(scope, "region_path", &params);
  params.emplace_back(limit);
  ASSIGN_OR_RETURN(mysql::Rows rows,
                   db.Query(Cat("SELECT ", kColumns, " FROM ledger_entry WHERE id > ?", where,
                                " ORDER BY id LIMIT ?"),
                            params));
  return FromRows(rows);
}

absl::StatusOr<std::optional<SignatureRow>> NewestSignature(mysql::Executor& db,
                                                            const std::string& unit) {
  ASSIGN_OR_RETURN(
      mysql::Rows rows,
      db.Query("SELECT id, region_code, signature_no, rows_sha256, row_count, signed_by, payload, "
               "signed_at FROM ledger_signature WHERE region_code = ? ORDER BY signature_no DESC "
               "LIMIT 1",
               {unit}));
  if (rows.empty()) return std::nullopt;
  return SignatureFromRow(rows[0]);
}

absl::Status InsertSignature(mysql::Tx& tx, const SignatureRow& s) {
  return tx
      .Execute(
          "INSERT INTO ledger_signature (id, region_code, signature_no, rows_sha256, row_count, "
          "signed_by, payload, signed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
          {s.id, s.region_code, s.signature_no, s.rows_sha256, s.row_count, s.signed_by, s.payload,
           s.signed_at})
      .status();
}

absl::StatusOr<std::vector<SignatureRow>> PageSignaturesById(mysql::Executor& db, const Ulid& after,
                                                             int limit, const RegionScopes& scope) {
  mysql::Params params{after};
  std::string where = AndScope(scope, "region_code", &params);
  params.emplace_back(limit);
  ASSIGN_OR_RETURN(mysql::Rows rows,
                   db.Query(Cat("SELECT id, region_code, signature_no, rows_sha256, row_count, "
                                "signed_by, payload, signed_at FROM ledger_signature WHERE id > ?",
                                where, " ORDER BY id LIMIT ?"),
                            params));
  std::vector<SignatureRow> out;
  for (const mysql::Row& row : rows) out.push_back(SignatureFromRow(row));
  return out;
}

void ClassRollup::Add(const LedgerRow& row, int sign) {
  Sum& sum = sums_[{CountyOf(row.region_path), row.subject_type, row.four_class,
                    RollupSlot(row.subject_id)}];
  sum.entries += sign;
  sum.overridden += row.overridden ? sign : 0;
  sum.invested_fen += sign * row.invested_fen;
  sum.asset_value_fen += sign * row.asset_value_fen;
}

absl::Status ClassRollup::Write(mysql::Tx& tx) const {
  std::vector<mysql::Params> values;
  for (const auto& [key, sum] : sums_) {
    if (sum.entries == 0 && sum.overridden == 0 && sum.invested_fen == 0 &&
        sum.asset_value_fen == 0) {
      continue;
    }
    const auto& [county, type, four_class, slot] = key;
    values.push_back({county, type, four_class, slot, sum.entries, sum.overridden, sum.invested_fen,
                      sum.asset_value_fen});
  }
  if (values.empty()) return absl::OkStatus();
  return AddToClasses(tx, values);
}

Figures& Figures::operator+=(const Figures& other) {
  count += other.count;
  overridden += other.overridden;
  invested_fen += other.invested_fen;
  asset_value_fen += other.asset_value_fen;
  return *this;
}

absl::StatusOr<std::map<std::string, UnitFigures>> SumFigures(mysql::Executor& db,
                                                              const std::string& region, int digits,
                                                              FigureSet set) {
  // One statement, hence one moment for classes and results.
  mysql::Params params;
  std::string sql;
  if (digits <= 6) {
    const std::string unit = Cat("LEFT(county, ", digits, ") AS unit");
    sql = Cat("SELECT 1, ", unit,
              ", subject_type, class, CAST(SUM(entries) AS SIGNED), "
              "CAST(SUM(overridden) AS SIGNED), CAST(SUM(invested_fen) AS SIGNED), "
              "CAST(SUM(asset_value_fen) AS SIGNED) FROM class_rollup WHERE ",
              mysql::RegionClause({region}, "county", &params),
              " GROUP BY unit, subject_type, class");
    if (set == FigureSet::kClassesAndResults) {
      sql += Cat(" UNION ALL SELECT 2, ", unit,
                 ", subject_type, result, CAST(SUM(subjects) AS SIGNED), 0, "
                 "CAST(SUM(invested_fen) AS SIGNED), CAST(SUM(asset_value_fen) AS SIGNED) "
                 "FROM result_rollup WHERE ",
                 mysql::RegionClause({region}, "county", &params),
                 " GROUP BY unit, subject_type, result");
    }
  } else {
    const std::string unit = Cat("LEFT(region_path, ", digits, ") AS unit");
    sql = Cat("SELECT 1, ", unit,
              ", subject_type, class, COUNT(*), CAST(SUM(is_overridden) AS SIGNED), "
              "CAST(SUM(invested_fen) AS SIGNED), CAST(SUM(asset_value_fen) AS SIGNED) "
              "FROM ledger_entry WHERE is_open = 1 AND ",
              mysql::RegionClause({region}, "region_path", &params),
              " GROUP BY unit, subject_type, class");
    if (set == FigureSet::kClassesAndResults) {
      sql += Cat(" UNION ALL SELECT 2, ", unit, ", subject_type, ", ResultCellSql(),
                 " AS cell, COUNT(*), 0, "
                 "CAST(SUM(invested_fen) AS SIGNED), CAST(SUM(asset_value_fen) AS SIGNED) "
                 "FROM subject WHERE is_void = 0 AND ",
                 mysql::RegionClause({region}, "region_path", &params),
                 " GROUP BY unit, subject_type, cell");
    }
  }
  ASSIGN_OR_RETURN(mysql::Rows rows, db.Query(sql, params));
  std::map<std::string, UnitFigures> out;
  for (const mysql::Row& row : rows) {
    Figures figures = FiguresAt(row, 4);
    if (figures == Figures()) continue;
    UnitFigures& unit = out[row.String(1)];
    auto& cells = row.Int(0) == 1 ? unit.classes : unit.results;
    cells[{static_cast<int>(row.Int(2)), static_cast<int>(row.Int(3))}] += figures;
  }
  return out;
}

absl::StatusOr<Recount> RecountRollups(mysql::Executor& db, const std::string& region) {
  Recount out;
  const std::string of_county = region.substr(0, 6);
  struct Side {
    std::string_view table, kept;
    std::string counted;
  };
  const std::array<Side, 2> sides = {
      Side{"class_rollup",
           "SELECT county, subject_type, class AS cell, SUM(entries) AS kn, SUM(overridden) AS ko, "
           "SUM(invested_fen) AS ki, SUM(asset_value_fen) AS ka, 0 AS cn, 0 AS co, 0 AS ci, "
           "0 AS ca FROM class_rollup WHERE ",
           "SELECT LEFT(region_path, 6), subject_type, class, 0, 0, 0, 0, COUNT(*), "
           "SUM(is_overridden), SUM(invested_fen), SUM(asset_value_fen) FROM ledger_entry "
           "WHERE is_open = 1 AND "},
      Side{"result_rollup",
           "SELECT county, subject_type, result AS cell, SUM(subjects) AS kn, 0 AS ko, "
           "SUM(invested_fen) AS ki, SUM(asset_value_fen) AS ka, 0 AS cn, 0 AS co, 0 AS ci, "
           "0 AS ca FROM result_rollup WHERE ",
           Cat("SELECT county, subject_type, ", ResultCellSql(),
               " AS cell, 0, 0, 0, 0, COUNT(*), 0, SUM(invested_fen), SUM(asset_value_fen) "
               "FROM subject WHERE is_void = 0 AND ")},
  };
  for (const Side& side : sides) {
    const bool classes = side.table == "class_rollup";
    mysql::Params params;
    std::string first = mysql::RegionClause({of_county}, "county", &params);
    std::string second =
        mysql::RegionClause({of_county}, classes ? "region_path" : "county", &params);
    std::string_view group = classes ? " GROUP BY LEFT(region_path, 6), subject_type, class"
                                     : " GROUP BY county, subject_type, cell";
    // Both sides in one statement, hence at one moment.
    ASSIGN_OR_RETURN(
        mysql::Rows rows,
        db.Query(Cat("SELECT county, subject_type, cell, CAST(SUM(kn) AS SIGNED), "
                     "CAST(SUM(ko) AS SIGNED), CAST(SUM(ki) AS SIGNED), CAST(SUM(ka) AS SIGNED), "
                     "CAST(SUM(cn) AS SIGNED), CAST(SUM(co) AS SIGNED), CAST(SUM(ci) AS SIGNED), "
                     "CAST(SUM(ca) AS SIGNED) FROM (",
                     side.kept, first, " GROUP BY county, subject_type, cell UNION ALL ",
                     side.counted, second, group,
                     ") both_sides GROUP BY county, subject_type, cell "
                     "ORDER BY county, subject_type, cell"),
                 params));
    for (const mysql::Row& row : rows) {
      ++out.cells;
      RollupDifference d{
          std::string(side.table),      row.String(0),     static_cast<int>(row.Int(1)),
          static_cast<int>(row.Int(2)), FiguresAt(row, 3), FiguresAt(row, 7)};
      if (d.kept != d.counted) out.differences.push_back(std::move(d));
    }
  }
  return out;
}

absl::StatusOr<std::vector<RollupRepair>> RepairRollups(mysql::Tx& tx, const std::string& county) {
  std::vector<RollupRepair> out;
  // As RollupSlot.
  const std::string slot = Cat("MOD(ASCII(RIGHT(subject_id, 1)), ", kRollupSlots, ")");
  // In the order in which writers come to them.
  for (std::string_view table : {"result_rollup", "class_rollup"}) {
    const bool classes = table == "class_rollup";
    mysql::Params params{county};
    std::string counted;
    if (classes) {
      const std::string where = InCounty(county, "region_path", &params);
      counted = Cat("SELECT subject_type, class, ", slot,
                    ", 0, 0, 0, 0, COUNT(*), SUM(is_overridden), SUM(invested_fen), "
                    "SUM(asset_value_fen) FROM ledger_entry WHERE is_open = 1 AND ",
                    where, " GROUP BY subject_type, class, ", slot);
    } else {
      params.emplace_back(county);
      counted = Cat("SELECT subject_type, ", ResultCellSql(), " AS cell, ", slot,
                    ", 0, 0, 0, 0, COUNT(*), 0, SUM(invested_fen), SUM(asset_value_fen) FROM "
                    "subject WHERE is_void = 0 AND county = ? GROUP BY subject_type, cell, ",
                    slot);
    }
    const std::string_view kept =
        classes ? "SELECT subject_type, class AS cell, slot, entries AS kn, overridden AS ko, "
                  "invested_fen AS ki, asset_value_fen AS ka, 0 AS cn, 0 AS co, 0 AS ci, 0 AS ca "
                  "FROM class_rollup WHERE county = ?"
                : "SELECT subject_type, result AS cell, slot, subjects AS kn, 0 AS ko, "
                  "invested_fen AS ki, asset_value_fen AS ka, 0 AS cn, 0 AS co, 0 AS ci, 0 AS ca "
                  "FROM result_rollup WHERE county = ?";
    // Both sides in one statement, hence at one moment.
    ASSIGN_OR_RETURN(
        const mysql::Rows rows,
        tx.Query(Cat("SELECT subject_type, cell, slot, CAST(SUM(kn) AS SIGNED), "
                     "CAST(SUM(ko) AS SIGNED), CAST(SUM(ki) AS SIGNED), CAST(SUM(ka) AS SIGNED), "
                     "CAST(SUM(cn) AS SIGNED), CAST(SUM(co) AS SIGNED), CAST(SUM(ci) AS SIGNED), "
                     "CAST(SUM(ca) AS SIGNED) FROM (",
                     kept, " UNION ALL ", counted,
                     ") both_sides GROUP BY subject_type, cell, slot "
                     "ORDER BY subject_type, cell, slot"),
                 params));
    std::vector<mysql::Params> values;
    for (const mysql::Row& row : rows) {
      RollupRepair repair;
      repair.cell = {std::string(table),
                     county,
                     static_cast<int>(row.Int(0)),
                     static_cast<int>(row.Int(1)),
                     FiguresAt(row, 3),
                     FiguresAt(row, 7)};
      repair.slot = static_cast<int>(row.Int(2));
      const RollupDifference& d = repair.cell;
      if (d.kept == d.counted) continue;
      mysql::Params& value = values.emplace_back(mysql::Params{
          county, d.subject_type, d.key, repair.slot, d.counted.count - d.kept.count});
      if (classes) value.emplace_back(d.counted.overridden - d.kept.overridden);
      value.emplace_back(d.counted.invested_fen - d.kept.invested_fen);
      value.emplace_back(d.counted.asset_value_fen - d.kept.asset_value_fen);
      out.push_back(std::move(repair));
    }
    if (values.empty()) continue;
    const absl::Status added = classes ? AddToClasses(tx, values) : AddToResults(tx, values);
    RETURN_IF_ERROR(added);
  }
  return out;
}

VillageFigures& VillageFigures::operator+=(const VillageFigures& other) {
  due += other.due;
  reported += other.reported;
  nil += other.nil;
  return *this;
}

absl::StatusOr<std::map<std::string, VillageFigures>> SumVillages(mysql::Executor& db,
                                                                  const std::string& region,
                                                                  int digits) {
  std::map<std::string, VillageFigures> out;
  mysql::Params params;
  std::string where = mysql::RegionClause({region}, "region_path", &params);
  ASSIGN_OR_RETURN(
      mysql::Rows due,
      db.Query(
          Cat("SELECT LEFT(region_path, ", digits,
              ") AS unit, COUNT(*) FROM region_copy WHERE level = 5 AND code = region_path AND ",
              where, " GROUP BY unit"),
          params));
  for (const mysql::Row& row : due) out[row.String(0)].due = row.Int(1);
  mysql::Params again;
  where = mysql::RegionClause({region}, "region_path", &again);
  // States 3 … 8: handed up and not returned.
  ASSIGN_OR_RETURN(
      mysql::Rows reported,
      db.Query(Cat("SELECT LEFT(u.region_path, ", digits,
                   ") AS unit, CAST(SUM(u.state BETWEEN 3 AND 8) AS SIGNED), "
                   "CAST(SUM(u.state BETWEEN 3 AND 8 AND u.is_nil = 1) AS SIGNED) "
                   "FROM unit_report_copy u JOIN (SELECT region_path, MAX(campaign_id) AS newest "
                   "FROM unit_report_copy WHERE ",
                   where,
                   " GROUP BY region_path) n ON n.region_path = u.region_path AND "
                   "n.newest = u.campaign_id GROUP BY unit"),
               again));
  for (const mysql::Row& row : reported) {
    VillageFigures& figures = out[row.String(0)];
    figures.reported = row.Int(1);
    figures.nil = row.Int(2);
  }
  return out;
}

absl::Status StreamFacts(mysql::Executor& db, const std::string& region, std::string_view kind,
                         const std::function<void(std::string_view payload)>& take) {
  mysql::Params params;
  std::string where = mysql::RegionClause({region}, "s.region_path", &params);
  params.emplace_back(kind);
  return db.Stream(Cat("SELECT f.payload FROM subject s JOIN fact_source f ON f.subject_id = "
                       "s.subject_id WHERE s.subject_type = 1 AND s.is_void = 0 AND ",
                       where, " AND f.kind = ?"),
                   params, [&take](const mysql::Row& row) {
                     take(row.String(0));
                     return absl::OkStatus();
                   });
}

absl::StatusOr<std::vector<IncomeMonth>> ListIncome(mysql::Executor& db, const std::string& region,
                                                    const std::string& from_month) {
  mysql::Params params;
  std::string where = mysql::RegionClause({region.substr(0, 6)}, "county", &params);
  params.emplace_back(from_month);
  ASSIGN_OR_RETURN(mysql::Rows rows,
                   db.Query(Cat("SELECT month, CAST(SUM(income_fen) AS SIGNED), "
                                "CAST(SUM(households) AS SIGNED), "
                                "CAST(MIN(households_known) AS SIGNED) FROM household_income "
                                "WHERE ",
                                where, " AND month >= ? GROUP BY month ORDER BY month"),
                            params));
  std::vector<IncomeMonth> out;
  for (const mysql::Row& row : rows) {
    out.push_back({row.String(0), row.Int(1), row.Int(2), row.Bool(3)});
  }
  return out;
}

absl::StatusOr<ComparedIncome> ListComparedIncome(mysql::Executor& db, const std::string& region,
                                                  const std::string& last_month) {
  mysql::Params params;
  std::string where = mysql::RegionClause({region.substr(0, 6)}, "county", &params);
  params.emplace_back(last_month);
  ASSIGN_OR_RETURN(mysql::Rows rows,
                   db.Query(Cat("SELECT month, CAST(SUM(income_fen) AS SIGNED), "
                                "CAST(SUM(households) AS SIGNED), CAST(SUM(left_out) AS SIGNED) "
                                "FROM household_income_compared WHERE ",
                                where, " AND last_month = ? GROUP BY month ORDER BY month"),
                            params));
  ComparedIncome out;
  out.last_month = last_month;
  for (const mysql::Row& row : rows) {
    out.months.push_back({row.String(0), row.Int(1), row.Int(2), true});
    out.left_out = row.Int(3);
  }
  return out;
}

absl::StatusOr<std::vector<std::string>> ListIncomeCounties(mysql::Executor& db,
                                                            const std::string& region) {
  mysql::Params params;
  const std::string of_months = mysql::RegionClause({region.substr(0, 6)}, "county", &params);
  const std::string of_years = mysql::RegionClause({region.substr(0, 6)}, "county", &params);
  ASSIGN_OR_RETURN(
      mysql::Rows rows,
      db.Query(Cat("SELECT county FROM household_income WHERE ", of_months,
                   " UNION SELECT county FROM household_income_compared WHERE ", of_years),
               params));
  std::vector<std::string> out;
  for (const mysql::Row& row : rows) out.push_back(row.String(0));
  return out;
}

absl::Status PutIncome(mysql::Tx& tx, const std::string& county, const std::string& from_month,
                       const std::vector<IncomeMonth>& months,
                       const std::vector<ComparedIncome>& compared, absl::Time now) {
  RETURN_IF_ERROR(tx.Execute("DELETE FROM household_income WHERE county = ? AND month >= ?",
                             {county, from_month})
                      .status());
  RETURN_IF_ERROR(
      tx.Execute("DELETE FROM household_income_compared WHERE county = ?", {county}).status());
  std::vector<mysql::Params> values;
  for (const IncomeMonth& m : months) {
    if (m.month < from_month) continue;
    values.push_back({county, m.month, m.income_fen, m.households, m.households_known, now});
  }
  if (!values.empty()) {
    RETURN_IF_ERROR(mysql::BulkInsert(tx, "household_income", kIncomeColumns, values).status());
  }
  values.clear();
  for (const ComparedIncome& c : compared) {
    for (const IncomeMonth& m : c.months) {
      values.push_back({county, c.last_month, m.month, m.income_fen, m.households, c.left_out});
    }
  }
  if (values.empty()) return absl::OkStatus();
  return mysql::BulkInsert(tx, "household_income_compared", kComparedColumns, values).status();
}

absl::Status GiveIncome(mysql::Tx& tx, const std::string& from, const std::string& to,
                        absl::Time now) {
  ASSIGN_OR_RETURN(
      const mysql::Rows months,
      tx.Query("SELECT month, income_fen, households, households_known FROM household_income "
               "WHERE county = ? FOR UPDATE",
               {from}));
  ASSIGN_OR_RETURN(const mysql::Rows compared,
                   tx.Query("SELECT last_month, month, income_fen, households, left_out FROM "
                            "household_income_compared WHERE county = ? FOR UPDATE",
                            {from}));
  for (const char* sql : {"DELETE FROM household_income WHERE county = ?",
                          "DELETE FROM household_income_compared WHERE county = ?"}) {
    RETURN_IF_ERROR(tx.Execute(sql, {from}).status());
  }
  std::vector<mysql::Params> values;
  for (const mysql::Row& row : months) {
    values.push_back({to, row.String(0), row.Int(1), row.Int(2), row.Bool(3), now});
  }
  if (!values.empty()) {
    RETURN_IF_ERROR(
        mysql::BulkInsert(tx, "household_income", kIncomeColumns, values,
                          "ON DUPLICATE KEY UPDATE income_fen = income_fen + VALUES(income_fen), "
                          "households = households + VALUES(households), households_known = "
                          "LEAST(households_known, VALUES(households_known)), "
                          "refreshed_at = VALUES(refreshed_at)")
            .status());
  }
  values.clear();
  for (const mysql::Row& row : compared) {
    values.push_back({to, row.String(0), row.String(1), row.Int(2), row.Int(3), row.Int(4)});
  }
  if (values.empty()) return absl::OkStatus();
  return mysql::BulkInsert(
             tx, "household_income_compared", kComparedColumns, values,
             "ON DUPLICATE KEY UPDATE income_fen = income_fen + VALUES(income_fen), "
             "households = households + VALUES(households), left_out = left_out + VALUES(left_out)")
      .status();
}

}  // namespace bangfu::evaluation

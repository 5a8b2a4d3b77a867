#include "services/evaluation/store/ledger_unit_store.h"

#include <array>
#include <memory>
#include <optional>

#include "common/base/digest.h"
#include "common/base/strings.h"
#include "common/status/macros.h"
#include "services/evaluation/store/rows.h"

namespace bangfu::evaluation {

namespace {

constexpr char kColumns[] =
    "unit, own_rows, own_sha256, entry_rows, sha256, signed_sha256, signed_by, "
    "signed_delegated_by, "
    "units, units_unsigned";
constexpr size_t kCountyDigits = 6;
constexpr std::array<size_t, 3> kSigning = {12, 9, 6};

using Units = std::map<std::string, LedgerUnit>;

LedgerUnit FromRow(const mysql::Row& row, size_t at = 0) {
  LedgerUnit u;
  u.unit = row.String(at);
  u.own_rows = row.Int(at + 1);
  u.own_sha256 = row.String(at + 2);
  u.rows = row.Int(at + 3);
  u.sha256 = row.String(at + 4);
  u.signed_sha256 = row.String(at + 5);
  u.signed_by = row.String(at + 6);
  u.signed_delegated_by = row.String(at + 7);
  u.units = row.Int(at + 8);
  u.units_unsigned = row.Int(at + 9);
  return u;
}

absl::Status LoadInto(mysql::Executor& db, std::string_view where, const mysql::Params& params,
                      Units* out) {
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   db.Query(Cat("SELECT ", kColumns, " FROM ledger_unit WHERE ", where), params));
  for (const mysql::Row& row : rows) {
    LedgerUnit unit = FromRow(row);
    std::string path = unit.unit;
    out->insert_or_assign(std::move(path), std::move(unit));
  }
  return absl::OkStatus();
}

// Hashes of the rows of each path, in the order of the paths.
class OwnRows {
 public:
  void Add(const std::string& path, const std::string& row_hash) {
    if (path != path_) Close();
    if (!stream_) {
      path_ = path;
      stream_.emplace();
    }
    stream_->Update(row_hash);
    ++rows_;
  }
  std::map<std::string, std::pair<int64_t, std::string>> Finish() {
    Close();
    return std::move(out_);
  }

 private:
  void Close() {
    if (!stream_) return;
    out_[path_] = {rows_, stream_->Finish()};
    stream_.reset();
    rows_ = 0;
  }
  std::string path_;
  std::optional<Sha256Stream> stream_;
  int64_t rows_ = 0;
  std::map<std::string, std::pair<int64_t, std::string>> out_;
};

// A unit anew out of its own rows and the units right inside it.
void Combine(const Units& units, LedgerUnit* unit) {
  unit->rows = unit->own_rows;
  unit->units = 0;
  int64_t inside_unsigned = 0;
  std::vector<std::pair<std::string, std::string>> inside;
  for (auto it = units.upper_bound(unit->unit);
       it != units.end() && it->first.starts_with(unit->unit); ++it) {
    if (DigitsAbove(it->first.size()) != unit->unit.size() || it->second.rows == 0) continue;
    unit->rows += it->second.rows;
    unit->units += it->second.units;
    inside_unsigned += it->second.units_unsigned;
    inside.emplace_back(it->first, it->second.sha256);
  }
  unit->sha256 = UnitSha256(unit->own_sha256, inside);
  unit->units_unsigned = inside_unsigned + (unit->is_unsigned() ? 1 : 0);
  if (unit->rows > 0 && unit->unit.size() >= kCountyDigits) ++unit->units;
}

}  // namespace

size_t DigitsAbove(size_t digits) {
  switch (digits) {
    case 12:
      return 9;
    case 9:
      return 6;
    case 6:
      return 4;
    case 4:
      return 2;
    default:
      return 0;
  }
}

std::string UnitSha256(std::string_view own_sha256,
                       const std::vector<std::pair<std::string, std::string>>& inside) {
  if (inside.empty()) return std::string(own_sha256);
  std::string text = Cat("ledger-unit/1\n", HexEncode(own_sha256), "\n");
  for (const auto& [unit, sha256] : inside) text += Cat(unit, " ", HexEncode(sha256), "\n");
  return Sha256(text);
}

absl::StatusOr<std::map<std::string, LedgerUnit>> RefreshUnits(mysql::Tx& tx,
                                                               const std::set<std::string>& paths) {
  Units touched;
  if (paths.empty()) return touched;
  std::vector<std::string> short_paths, counties, townships;
  std::set<std::string> above[2];
  for (const std::string& path : paths) {
    if (path.size() < kCountyDigits) {
      short_paths.push_back(path);
      continue;
    }
    for (const size_t digits : kSigning) {
      if (path.size() >= digits) touched[path.substr(0, digits)];
    }
    above[0].insert(path.substr(0, kCountyDigits));
    if (path.size() >= 9) above[1].insert(path.substr(0, 9));
  }
  counties.assign(above[0].begin(), above[0].end());
  townships.assign(above[1].begin(), above[1].end());

  mysql::Params params;
  std::string where =
      InClause("region_path", std::vector<std::string>(paths.begin(), paths.end()), &params);
  OwnRows own_rows;
  RETURN_IF_ERROR(tx.Stream(Cat("SELECT region_path, row_hash FROM ledger_entry WHERE is_open = 1 "
                                "AND ",
                                where, " ORDER BY region_path, id"),
                            params, [&](const mysql::Row& row) {
                              own_rows.Add(row.String(0), row.String(1));
                              return absl::OkStatus();
                            }));
  const auto own = own_rows.Finish();

  // Those touched, and what lies right inside them.
  Units units;
  if (!counties.empty()) {
    params.clear();
    where = InClause("unit", counties, &params);
    RETURN_IF_ERROR(LoadInto(tx, Cat("digits = 6 AND ", where), params, &units));
    params.clear();
    where = mysql::RegionClause(counties, "unit", &params);
    RETURN_IF_ERROR(LoadInto(tx, Cat("digits = 9 AND ", where), params, &units));
  }
  if (!townships.empty()) {
    params.clear();
    where = mysql::RegionClause(townships, "unit", &params);
    RETURN_IF_ERROR(LoadInto(tx, Cat("digits = 12 AND ", where), params, &units));
  }
  for (const std::string& path : short_paths) {
    RETURN_IF_ERROR(
        LoadInto(tx, "digits = ? AND unit = ?", {static_cast<int64_t>(path.size()), path}, &units));
  }
  const Units before = units;
  for (const std::string& path : paths) {
    LedgerUnit& unit = units[path];
    unit.unit = path;
    const auto it = own.find(path);
    unit.own_rows = it == own.end() ? 0 : it->second.first;
    unit.own_sha256 = it == own.end() ? "" : it->second.second;
    if (path.size() >= kCountyDigits) continue;
    unit.rows = unit.own_rows;
    unit.sha256 = unit.own_sha256;
  }
  for (const size_t digits : kSigning) {
    for (auto& [path, kept] : touched) {
      if (path.size() != digits) continue;
      LedgerUnit& unit = units[path];
      unit.unit = path;
      Combine(units, &unit);
      kept = unit;
    }
  }
  std::vector<mysql::Params> values;
  for (const auto& [path, u] : units) {
    const auto old = before.find(path);
    if (old != before.end() ? old->second == u : u.rows == 0) continue;
    values.push_back({static_cast<int64_t>(path.size()), path, u.own_rows, u.own_sha256, u.rows,
                      u.sha256, u.signed_sha256, u.signed_by, u.signed_delegated_by,
                      u.is_unsigned() ? mysql::Param(1) : mysql::Param(nullptr), u.units,
                      u.units_unsigned});
  }
  if (values.empty()) return touched;
  RETURN_IF_ERROR(
      mysql::BulkInsert(
          tx, "ledger_unit",
          "digits, unit, own_rows, own_sha256, entry_rows, sha256, signed_sha256, signed_by, "
          "signed_delegated_by, is_unsigned, units, units_unsigned",
          values,
          "ON DUPLICATE KEY UPDATE own_rows = VALUES(own_rows), own_sha256 = VALUES(own_sha256), "
          "entry_rows = VALUES(entry_rows), sha256 = VALUES(sha256), is_unsigned = "
          "VALUES(is_unsigned), units = VALUES(units), units_unsigned = VALUES(units_unsigned)")
          .status());
  return touched;
}

absl::Status SetUnitSigned(mysql::Tx& tx, const std::string& unit, const std::string& sha256,
                           const workflow::Person& signed_by) {
  return tx
      .Execute(
          "UPDATE ledger_unit SET signed_sha256 = UNHEX(?), signed_by = ?, signed_delegated_by = ? "
          "WHERE digits = ? AND unit = ?",
          {sha256, signed_by.subject, signed_by.delegated_by, static_cast<int64_t>(unit.size()),
           unit})
      .status();
}

absl::StatusOr<std::map<std::string, LedgerUnit>> LoadUnits(mysql::Executor& db,
                                                            const std::string& region,
                                                            UnitDepth depth) {
  const bool add_up = region.size() < kCountyDigits;
  const std::string_view digits =
      add_up && depth == UnitDepth::kCounties ? "(2, 4, 6)" : "(2, 4, 6, 9, 12)";
  mysql::Params params;
  const std::string where = mysql::RegionClause({region}, "unit", &params);
  Units units;
  RETURN_IF_ERROR(LoadInto(db, Cat("digits IN ", digits, " AND ", where), params, &units));
  if (add_up) {
    std::set<std::string> cities;
    for (const auto& [path, unit] : units) {
      if (path.size() >= 4) cities.insert(path.substr(0, 4));
    }
    // Cities first: the province is made of them.
    for (const std::string& path : cities) {
      units[path].unit = path;
      Combine(units, &units[path]);
    }
    if (region.size() == 2) {
      units[region].unit = region;
      Combine(units, &units[region]);
    }
  }
  std::erase_if(units, [](const auto& u) { return u.second.rows == 0; });
  return units;
}

absl::StatusOr<std::map<std::string, workflow::Person>> SignersInside(
    mysql::Executor& db, const std::vector<std::string>& regions) {
  std::map<std::string, workflow::Person> out;
  if (regions.empty()) return out;
  mysql::Params params;
  const std::string where = mysql::RegionClause(regions, "unit", &params);
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   db.Query(Cat("SELECT unit, signed_by, signed_delegated_by FROM ledger_unit "
                                "WHERE digits IN (9, 12) AND ",
                                where, " AND entry_rows > 0 AND signed_by <> ''"),
                            params));
  for (const mysql::Row& row : rows) {
    out.emplace(row.String(0), workflow::Person(row.String(1), row.String(2)));
  }
  for (const std::string& region : regions) out.erase(region);
  return out;
}

absl::StatusOr<std::vector<std::string>> UnsignedInside(mysql::Executor& db,
                                                        const std::string& region, int limit) {
  mysql::Params params;
  std::string sql;
  for (const int digits : {6, 9, 12}) {
    params.emplace_back(digits);
    const std::string where = mysql::RegionClause({region}, "unit", &params);
    params.emplace_back(limit);
    sql += Cat(sql.empty() ? "" : " UNION ALL ",
               "(SELECT unit FROM ledger_unit WHERE is_unsigned = 1 AND digits = ? AND ", where,
               " ORDER BY unit LIMIT ?)");
  }
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  std::set<std::string> sorted;
  for (const mysql::Row& row : rows) sorted.insert(row.String(0));
  return std::vector<std::string>(sorted.begin(), sorted.end());
}

absl::StatusOr<std::map<std::string, LedgerCounts>> CountLedgers(mysql::Executor& db,
                                                                 const std::string& region,
                                                                 int digits) {
  mysql::Params params{digits, digits};
  // Equal values, so that the key is read in as many ranges as there are levels.
  std::string levels;
  for (const int level : {6, 9, 12}) {
    if (level <= digits) levels += Cat(levels.empty() ? "" : ", ", level);
  }
  const std::string where = mysql::RegionClause({region}, "unit", &params);
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(Cat("SELECT unit, IF(digits = ?, units, 1), IF(digits = ?, units_unsigned, "
                   "IFNULL(is_unsigned, 0)) FROM ledger_unit WHERE digits IN (",
                   levels, ") AND ", where, " AND entry_rows > 0"),
               params));
  std::map<std::string, LedgerCounts> out;
  for (const mysql::Row& row : rows) out[row.String(0)] = {row.Int(1), row.Int(2)};
  return out;
}

absl::StatusOr<UnitRecount> RecountUnits(mysql::Executor& db, const std::string& region) {
  const std::string whole = region.substr(0, kCountyDigits);
  mysql::Params params;
  const std::string first = mysql::RegionClause({whole}, "unit", &params);
  const std::string second = mysql::RegionClause({whole}, "region_path", &params);
  Units kept, counted;
  OwnRows own_rows;
  // Both sides in one statement, hence at one moment.
  RETURN_IF_ERROR(db.Stream(
      Cat("SELECT ", kColumns,
          ", '' AS id, 1 AS side FROM ledger_unit WHERE digits IN (2, 4, 6, 9, 12) AND ", first,
          " UNION ALL SELECT region_path, 0, '', 0, row_hash, '', '', '', 0, 0, id, 2 "
          "FROM ledger_entry WHERE is_open = 1 AND ",
          second, " ORDER BY unit, id"),
      params, [&](const mysql::Row& row) {
        LedgerUnit unit = FromRow(row);
        if (row.Int(11) == 1) {
          std::string path = unit.unit;
          kept.emplace(std::move(path), std::move(unit));
        } else {
          own_rows.Add(unit.unit, unit.sha256);
        }
        return absl::OkStatus();
      }));
  const auto own = own_rows.Finish();
  for (const auto& [path, unit] : kept) counted[path].unit = path;
  for (const auto& [path, rows] : own) {
    for (size_t digits = path.size(); digits >= kCountyDigits; digits = DigitsAbove(digits)) {
      counted[path.substr(0, digits)].unit = path.substr(0, digits);
    }
    counted[path].unit = path;
    counted[path].own_rows = rows.first;
    counted[path].own_sha256 = rows.second;
  }
  for (auto& [path, unit] : counted) {
    const auto it = kept.find(path);
    if (it != kept.end()) {
      unit.signed_sha256 = it->second.signed_sha256;
      unit.signed_by = it->second.signed_by;
      unit.signed_delegated_by = it->second.signed_delegated_by;
    }
    if (path.size() >= kCountyDigits) continue;
    unit.rows = unit.own_rows;
    unit.sha256 = unit.own_sha256;
  }
  for (const size_t digits : kSigning) {
    for (auto& [path, unit] : counted) {
      if (path.size() == digits) Combine(counted, &unit);
    }
  }
  UnitRecount out;
  for (const auto& [path, unit] : counted) {
    ++out.units;
    const auto it = kept.find(path);
    if (it != kept.end() && it->second == unit) continue;
    if (it == kept.end() && unit.rows == 0) continue;
    UnitDifference d;
    if (it != kept.end()) d.kept = it->second;
    d.kept.unit = path;
    d.counted = unit;
    out.differences.push_back(std::move(d));
  }
  return out;
}

}  // namespace bangfu::evaluation

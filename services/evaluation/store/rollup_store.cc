#include "services/evaluation/store/rollup_store.h"

#include <algorithm>
#include <array>
#include <memory>

#include "common/base/region.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/evaluation/store/rows.h"
#include "services/evaluation/store/subject_store.h"

namespace bangfu::evaluation {

namespace {

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

}  // namespace bangfu::evaluation

#include "services/evaluation/store/close_out_store.h"

#include <functional>
#include <string_view>

#include "common/base/bp.h"
#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/status/macros.h"
#include "services/evaluation/store/rows.h"
#include "services/evaluation/store/subject_store.h"

namespace bangfu::evaluation {

namespace {

// Numbers of type.v1.FourClass.
constexpr int kConsolidateClass = 1;
constexpr int kUpgradeClass = 2;
constexpr int kRevitalizeClass = 3;
constexpr int kAdjustClass = 4;
constexpr size_t kCountyDigits = 6;

struct Figure {
  std::string_view column;
  int64_t CloseOuts::*member;
};
// In the order of every statement here.
constexpr Figure kFigures[] = {{"revitalize_due", &CloseOuts::revitalize_due},
                               {"revitalized", &CloseOuts::revitalized},
                               {"revitalize_value_fen", &CloseOuts::revitalize_value_fen},
                               {"revitalized_value_fen", &CloseOuts::revitalized_value_fen},
                               {"due", &CloseOuts::due},
                               {"to_consolidate", &CloseOuts::to_consolidate},
                               {"to_upgrade", &CloseOuts::to_upgrade},
                               {"exited", &CloseOuts::exited},
                               {"reclassified", &CloseOuts::reclassified}};

CloseOuts CloseOutsAt(const mysql::Row& row, size_t at) {
  CloseOuts out;
  for (const Figure& figure : kFigures) out.*figure.member = row.Int(at++);
  return out;
}

std::string UnitOf(std::string_view column, int digits) {
  return Cat("LEFT(", column, ", ", digits, ")");
}
// Which rows, by a column of paths; adds to `params`.
using Where = std::function<std::string(std::string_view column, mysql::Params* params)>;
Where Inside(const std::string& region) {
  return [region](std::string_view column, mysql::Params* params) {
    return mysql::RegionClause({region}, column, params);
  };
}

// Side 1, unit and figures, as they are kept.
std::string KeptSql(std::string_view unit, const Where& where, mysql::Params* params) {
  std::string sql = Cat("SELECT 1, ", unit, " AS unit");
  for (const Figure& figure : kFigures) sql += Cat(", CAST(SUM(", figure.column, ") AS SIGNED)");
  return Cat(sql, " FROM close_out_rollup WHERE ", where("county", params), " GROUP BY unit");
}

// Side 2, unit and figures, as the entries make them; two rows a unit, which add up.
std::string CountedSql(std::string_view unit, const Where& where, mysql::Params* params) {
  constexpr std::string_view kClosed = "e.is_open IS NULL AND e.leave_reason = 'CLOSED_OUT'";
  constexpr std::string_view kBetter =
      "e.is_open IS NULL AND (e.left_to IN (1, 2) OR e.leave_reason = 'CLOSED_OUT')";
  const auto sum = [](std::string_view what) { return Cat("CAST(SUM(", what, ") AS SIGNED)"); };
  const auto of_newest = [&](std::string_view classes, std::string_view figures) {
    const std::string inside = where("region_path", params);
    return Cat(
        "SELECT 2, ", unit, " AS unit, ", figures,
        " FROM ledger_entry e JOIN (SELECT subject_id, MAX(id) AS id FROM ledger_entry WHERE "
        "class IN (",
        classes, ") AND subject_type = 1 AND leave_reason <> 'VOID' AND ", inside,
        " GROUP BY subject_id) newest ON newest.id = e.id GROUP BY unit");
  };
  const std::string revitalize =
      of_newest("3", Cat("COUNT(*), ", sum(kBetter), ", ", sum("e.asset_value_fen"), ", ",
                         sum(Cat("CASE WHEN ", kBetter, " THEN e.asset_value_fen ELSE 0 END")),
                         ", 0, 0, 0, 0, 0"));
  const std::string both = of_newest(
      "3, 4",
      Cat("0, 0, 0, 0, COUNT(*), ", sum(Cat(kClosed, " AND e.left_to = 1")), ", ",
          sum(Cat(kClosed, " AND e.left_to = 2")), ", ",
          sum(Cat(kClosed, " AND e.left_to NOT IN (1, 2)")), ", ",
          sum("e.is_open IS NULL AND e.leave_reason <> 'CLOSED_OUT' AND e.left_to IN (1, 2)")));
  return Cat(revitalize, " UNION ALL ", both);
}

// Adds to the roll-up, by county and slot.
absl::Status AddSums(mysql::Tx& tx, const std::map<std::pair<std::string, int>, CloseOuts>& sums) {
  std::vector<mysql::Params> values;
  for (const auto& [key, sum] : sums) {
    if (sum == CloseOuts()) continue;
    mysql::Params& row = values.emplace_back(mysql::Params{key.first, key.second});
    for (const Figure& figure : kFigures) row.emplace_back(sum.*figure.member);
  }
  if (values.empty()) return absl::OkStatus();
  std::string columns = "county, slot";
  std::string update = "ON DUPLICATE KEY UPDATE ";
  for (const Figure& figure : kFigures) {
    const std::string_view c = figure.column;
    columns += Cat(", ", c);
    update += Cat(c == kFigures[0].column ? "" : ", ", c, " = ", c, " + VALUES(", c, ")");
  }
  return mysql::BulkInsert(tx, "close_out_rollup", columns, values, update).status();
}

}  // namespace

CloseOuts& CloseOuts::operator+=(const CloseOuts& other) {
  for (const Figure& figure : kFigures) this->*figure.member += other.*figure.member;
  return *this;
}

absl::StatusOr<std::map<std::string, CloseOuts>> SumCloseOuts(mysql::Executor& db,
                                                              const std::string& region,
                                                              int digits) {
  mysql::Params params;
  const std::string sql =
      digits <= static_cast<int>(kCountyDigits)
          ? KeptSql(UnitOf("county", digits), Inside(region), &params)
          : CountedSql(UnitOf("e.region_path", digits), Inside(region), &params);
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  std::map<std::string, CloseOuts> out;
  for (const mysql::Row& row : rows) {
    const CloseOuts sums = CloseOutsAt(row, 2);
    // A unit whose last such entry went elsewhere has none.
    if (sums == CloseOuts()) continue;
    out[row.String(1)] += sums;
  }
  return out;
}

int64_t ShareBp(int64_t part, int64_t whole) {
  return whole <= 0 ? 0 : MulDivHalfUp(part, 10000, whole);
}

int64_t RevitalizationRateBp(const CloseOuts& s) {
  if (s.revitalize_due <= 0) return 0;
  if (s.revitalize_value_fen <= 0) return ShareBp(s.revitalized, s.revitalize_due);
  // (a/b + c/d) / 2, rounded once: each part in millionths first.
  const int64_t value = MulDivHalfUp(s.revitalized_value_fen, 1000000, s.revitalize_value_fen);
  const int64_t count = MulDivHalfUp(s.revitalized, 1000000, s.revitalize_due);
  return (value + count + 100) / 200;
}

bool CloseOutRollup::Counts(const LedgerRow& row) {
  return row.subject_type == kProjectSubject &&
         (row.four_class == kRevitalizeClass || row.four_class == kAdjustClass) &&
         row.leave_reason != kEntryVoid;
}

CloseOutRollup::Entry CloseOutRollup::EntryOf(const LedgerRow& row) {
  Entry entry;
  entry.county = RegionAncestor(row.region_path, RegionLevel::kCounty);
  entry.four_class = row.four_class;
  entry.asset_value_fen = row.asset_value_fen;
  if (!row.open) {
    entry.closed_out = row.leave_reason == kClosedOut;
    entry.left_to = row.left_to;
  }
  return entry;
}

absl::Status CloseOutRollup::Lock(mysql::Tx& tx, const std::vector<Ulid>& subject_ids) {
  if (subject_ids.empty()) return absl::OkStatus();
  mysql::Params params;
  const std::string where = InClause("subject_id", subject_ids, &params);
  // Else a small table tempts the optimizer to read, and wait for, entries of others.
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      tx.Query(Cat("SELECT id, subject_type, subject_id, region_path, class, is_open, "
                   "leave_reason, left_to, asset_value_fen FROM ledger_entry FORCE INDEX "
                   "(one_open) WHERE ",
                   where, " ORDER BY subject_id FOR UPDATE"),
               params));
  for (const mysql::Row& found : rows) {
    LedgerRow row;
    row.id = found.Id(0);
    row.subject_type = static_cast<int>(found.Int(1));
    row.subject_id = found.Id(2);
    row.region_path = found.String(3);
    row.four_class = static_cast<int>(found.Int(4));
    row.open = found.Bool(5);
    row.leave_reason = found.String(6);
    row.left_to = static_cast<int>(found.Int(7));
    row.asset_value_fen = found.Int(8);
    Put(row);
  }
  Count(-1, &before_);
  return absl::OkStatus();
}

void CloseOutRollup::Put(const LedgerRow& row) {
  if (Counts(row)) {
    entries_[row.subject_id].insert_or_assign(row.id, EntryOf(row));
  } else if (const auto found = entries_.find(row.subject_id); found != entries_.end()) {
    found->second.erase(row.id);
  }
}

void CloseOutRollup::Move(const Ulid& subject_id, const std::string& region_path) {
  const auto found = entries_.find(subject_id);
  if (found == entries_.end()) return;
  for (auto& [id, entry] : found->second) {
    entry.county = RegionAncestor(region_path, RegionLevel::kCounty);
  }
}

void CloseOutRollup::Count(int sign, Sums* sums) const {
  const auto is_better = [](const Entry& e) {
    return e.left_to == kConsolidateClass || e.left_to == kUpgradeClass;
  };
  for (const auto& [subject_id, entries] : entries_) {
    const int slot = RollupSlot(subject_id);
    const Entry* last = nullptr;
    const Entry* last_to_revitalize = nullptr;
    for (const auto& [id, entry] : entries) {
      last = &entry;
      if (entry.four_class == kRevitalizeClass) last_to_revitalize = &entry;
    }
    if (last_to_revitalize != nullptr) {
      const Entry& e = *last_to_revitalize;
      CloseOuts& sum = (*sums)[{e.county, slot}];
      sum.revitalize_due += sign;
      sum.revitalize_value_fen += sign * e.asset_value_fen;
      if (e.closed_out || is_better(e)) {
        sum.revitalized += sign;
        sum.revitalized_value_fen += sign * e.asset_value_fen;
      }
    }
    if (last != nullptr) {
      CloseOuts& sum = (*sums)[{last->county, slot}];
      sum.due += sign;
      if (!last->closed_out) {
        sum.reclassified += is_better(*last) ? sign : 0;
      } else if (last->left_to == kConsolidateClass) {
        sum.to_consolidate += sign;
      } else if (last->left_to == kUpgradeClass) {
        sum.to_upgrade += sign;
      } else {
        sum.exited += sign;
      }
    }
  }
}

absl::Status CloseOutRollup::Write(mysql::Tx& tx) const {
  Sums sums = before_;
  Count(+1, &sums);
  return AddSums(tx, sums);
}

absl::StatusOr<CloseOutRecount> RecountCloseOuts(mysql::Executor& db, const std::string& region) {
  const std::string whole = region.substr(0, kCountyDigits);
  const int digits = static_cast<int>(kCountyDigits);
  mysql::Params params;
  const std::string kept = KeptSql(UnitOf("county", digits), Inside(whole), &params);
  const std::string counted = CountedSql(UnitOf("e.region_path", digits), Inside(whole), &params);
  // Both sides in one statement, hence at one moment.
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(Cat(kept, " UNION ALL ", counted), params));
  std::map<std::string, CloseOutDifference> counties;
  for (const mysql::Row& row : rows) {
    CloseOutDifference& county = counties[row.String(1)];
    (row.Int(0) == 1 ? county.kept : county.counted) += CloseOutsAt(row, 2);
  }
  CloseOutRecount out;
  out.counties = static_cast<int64_t>(counties.size());
  for (auto& [county, sides] : counties) {
    if (sides.kept == sides.counted) continue;
    sides.county = county;
    out.differences.push_back(std::move(sides));
  }
  return out;
}

absl::StatusOr<std::vector<CloseOutRepair>> RepairCloseOuts(mysql::Tx& tx,
                                                            const std::string& county) {
  mysql::Params params;
  const Where where = [&county](std::string_view column, mysql::Params* of) {
    return InCounty(county, column, of);
  };
  const std::string kept = KeptSql("slot", where, &params);
  // As RollupSlot.
  const std::string counted =
      CountedSql(Cat("MOD(ASCII(RIGHT(e.subject_id, 1)), ", kRollupSlots, ")"), where, &params);
  // Both sides in one statement, hence at one moment.
  ASSIGN_OR_RETURN(const mysql::Rows rows, tx.Query(Cat(kept, " UNION ALL ", counted), params));
  std::map<int, CloseOutRepair> slots;
  for (const mysql::Row& row : rows) {
    CloseOutRepair& slot = slots[static_cast<int>(row.Int(1))];
    (row.Int(0) == 1 ? slot.kept : slot.counted) += CloseOutsAt(row, 2);
  }
  std::vector<CloseOutRepair> out;
  std::map<std::pair<std::string, int>, CloseOuts> missing;
  for (auto& [number, slot] : slots) {
    if (slot.kept == slot.counted) continue;
    slot.slot = number;
    CloseOuts& sum = missing[{county, number}];
    for (const Figure& figure : kFigures) {
      sum.*figure.member = slot.counted.*figure.member - slot.kept.*figure.member;
    }
    out.push_back(slot);
  }
  RETURN_IF_ERROR(AddSums(tx, missing));
  return out;
}

}  // namespace bangfu::evaluation

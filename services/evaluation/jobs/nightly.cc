#include "services/evaluation/jobs/nightly.h"

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/audit/audit.h"
#include "common/base/digest.h"
#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/inbox/inbox.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/evaluation/facts/work_calendar.h"
#include "services/evaluation/jobs/chain_trend.h"
#include "services/evaluation/jobs/household_income.h"
#include "services/evaluation/jobs/ledger_work.h"
#include "services/evaluation/store/close_out_store.h"
#include "services/evaluation/store/ledger_unit_store.h"
#include "services/evaluation/store/rollup_store.h"

namespace bangfu::evaluation {

namespace {

constexpr size_t kCountyDigits = 6;

// The name of a county's roll-ups in the trail and among the claims.
Ulid RollupsId(const std::string& county) {
  std::string bytes = Cat("ROLLUPS", county);
  bytes.resize(16, '\0');
  return Ulid::FromBytes(bytes).value_or(Ulid());
}

std::string Json(const Figures& f) {
  return Cat("{\"count\":", f.count, ",\"overridden\":", f.overridden,
             ",\"investedFen\":", f.invested_fen, ",\"assetValueFen\":", f.asset_value_fen, "}");
}
std::string Json(const CloseOuts& c) {
  return Cat("{\"revitalizeDue\":", c.revitalize_due, ",\"revitalized\":", c.revitalized,
             ",\"revitalizeValueFen\":", c.revitalize_value_fen,
             ",\"revitalizedValueFen\":", c.revitalized_value_fen, ",\"due\":", c.due,
             ",\"toConsolidate\":", c.to_consolidate, ",\"toUpgrade\":", c.to_upgrade,
             ",\"exited\":", c.exited, ",\"reclassified\":", c.reclassified, "}");
}
std::string Json(const LedgerUnit& u) {
  return Cat("{\"rows\":", u.rows, ",\"sha256\":\"", HexEncode(u.sha256), "\",\"units\":", u.units,
             ",\"unitsUnsigned\":", u.units_unsigned, "}");
}

std::string CountyOfUnit(const UnitDifference& d) {
  return d.counted.unit.substr(0, kCountyDigits);
}

// Members of an object for the trail.
void AddMember(std::string_view name, const std::string& value, std::string* members) {
  *members += Cat(members->empty() ? "" : ",", "\"", name, "\":", value);
}

// Brings what differs in a county to its recount, in the order in which writers come to the rows.
absl::Status RepairCounty(mysql::Tx& tx, const std::string& county, UlidGenerator& ids,
                          absl::Time now) {
  // Two that repair wait for each other; the second finds nothing left.
  RETURN_IF_ERROR(inbox::Claim(tx, {RollupsId(county)}));
  ASSIGN_OR_RETURN(const std::vector<RollupRepair> cells, RepairRollups(tx, county));
  ASSIGN_OR_RETURN(const std::vector<CloseOutRepair> close_outs, RepairCloseOuts(tx, county));
  ASSIGN_OR_RETURN(const UnitRecount units, RecountUnits(tx, county));
  std::string before, after;
  for (const RollupRepair& r : cells) {
    const std::string name =
        Cat(r.cell.table, "/", r.cell.subject_type, "/", r.cell.key, "/", r.slot);
    AddMember(name, Json(r.cell.kept), &before);
    AddMember(name, Json(r.cell.counted), &after);
  }
  for (const CloseOutRepair& r : close_outs) {
    const std::string name = Cat("close_out_rollup/", r.slot);
    AddMember(name, Json(r.kept), &before);
    AddMember(name, Json(r.counted), &after);
  }
  std::vector<std::string> paths;
  for (const UnitDifference& d : units.differences) {
    if (CountyOfUnit(d) != county) continue;  // what lies inside a city is repaired by county
    paths.push_back(d.counted.unit);
    const std::string name = Cat("ledger_unit/", d.counted.unit);
    AddMember(name, Json(d.kept), &before);
    AddMember(name, Json(d.counted), &after);
  }
  if (!before.empty()) {
    audit::Entry entry;
    entry.aggregate_type = "rollups";
    entry.aggregate_id = RollupsId(county);
    entry.region_path = county;
    entry.action = "job.recount_rollups";
    entry.actor.subject = "system";
    entry.actor.name = "系统";
    entry.reason = "汇总与重数不等，已按重数更正";
    entry.before_json = Cat("{", before, "}");
    entry.after_json = Cat("{", after, "}");
    entry.occurred_at = now;
    RETURN_IF_ERROR(audit::Append(tx, entry));
  }
  // Under the claims of the units, as whoever changes or signs their ledgers.
  const inbox::Act act{ids, now, nullptr, "recount", WorkCalendar};
  return SyncSigning(tx, paths, act);
}

}  // namespace

absl::Status RecountAndRefresh(mysql::Session& db, UlidGenerator& ids, absl::Time now) {
  constexpr size_t kNamed = 10;
  RETURN_IF_ERROR(RefreshHouseholdIncome(db, kProvinceCode, now));
  RETURN_IF_ERROR(RefreshChainTrend(db, kProvinceCode, now));
  ASSIGN_OR_RETURN(const UnitRecount units, RecountUnits(db, kProvinceCode));
  ASSIGN_OR_RETURN(const CloseOutRecount close_outs, RecountCloseOuts(db, kProvinceCode));
  ASSIGN_OR_RETURN(Recount recount, RecountRollups(db, kProvinceCode));
  const size_t differences =
      recount.differences.size() + units.differences.size() + close_outs.differences.size();
  if (differences == 0) return absl::OkStatus();
  std::string named;
  for (size_t i = 0; i < recount.differences.size() && i < kNamed; ++i) {
    const RollupDifference& d = recount.differences[i];
    named += Cat(i > 0 ? "; " : "", d.table, " ", d.county, "/", d.subject_type, "/", d.key, " ",
                 d.kept.count, " != ", d.counted.count);
  }
  for (size_t i = 0; i < units.differences.size() && i < kNamed; ++i) {
    const UnitDifference& d = units.differences[i];
    named +=
        Cat(named.empty() ? "" : "; ", "ledger_unit ", d.counted.unit, " ", d.kept.rows, " ",
            HexEncode(d.kept.sha256), " != ", d.counted.rows, " ", HexEncode(d.counted.sha256));
  }
  for (size_t i = 0; i < close_outs.differences.size() && i < kNamed; ++i) {
    const CloseOutDifference& d = close_outs.differences[i];
    named += Cat(named.empty() ? "" : "; ", "close_out_rollup ", d.county, " ", d.kept.due, "/",
                 d.kept.revitalize_due, "/", d.kept.done(), " != ", d.counted.due, "/",
                 d.counted.revitalize_due, "/", d.counted.done());
  }
  std::set<std::string> counties;
  for (const RollupDifference& d : recount.differences) counties.insert(d.county);
  for (const CloseOutDifference& d : close_outs.differences) counties.insert(d.county);
  for (const UnitDifference& d : units.differences) counties.insert(CountyOfUnit(d));
  for (const std::string& county : counties) {
    const absl::Status repaired =
        mysql::Transact(db, [&](mysql::Tx& tx) { return RepairCounty(tx, county, ids, now); });
    if (!repaired.ok()) named += Cat("; ", county, " is not repaired: ", repaired.message());
  }
  return Error(absl::StatusCode::kDataLoss, "ROLLUP_DIFFERS")
      .Message(Cat(differences, " roll-ups differ: ", named))
      .Build();
}

}  // namespace bangfu::evaluation

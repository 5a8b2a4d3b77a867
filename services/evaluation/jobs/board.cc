#include "services/evaluation/jobs/board.h"

#include <optional>
#include <vector>

#include "bangfu/registry/v1/inventory.pb.h"
#include "common/base/bp.h"
#include "common/base/clock.h"
#include "common/base/region.h"
#include "common/contract/time.h"
#include "common/status/macros.h"
#include "services/evaluation/convert/evaluation_message.h"
#include "services/evaluation/store/board_store.h"
#include "services/evaluation/store/ledger_unit_store.h"
#include "services/evaluation/store/reference_store.h"
#include "services/evaluation/store/rollup_store.h"

namespace bangfu::evaluation {
namespace {

constexpr int kCountyDigits = 6;

struct Deadlines {
  std::optional<absl::CivilDay> village, township, county;
};

absl::StatusOr<std::map<std::string, Deadlines>> LoadDeadlines(mysql::Executor& db) {
  ASSIGN_OR_RETURN(const std::vector<ReferenceRow> rows, LoadReferences(db, kCampaignRef));
  std::map<std::string, Deadlines> out;
  for (const ReferenceRow& row : rows) {
    registry::v1::InventoryCampaign campaign;
    if (!campaign.ParseFromString(row.payload)) continue;
    out[row.key] = {DayOf(campaign.village_deadline()), DayOf(campaign.township_deadline()),
                    DayOf(campaign.county_deadline())};
  }
  return out;
}

bool Past(const std::optional<absl::CivilDay>& day, absl::CivilDay today) {
  return day && *day < today;
}

void AddVillages(const VillageStates& s, const Deadlines& deadlines, absl::CivilDay today,
                 v1::VillageProgress* out) {
  const int64_t n = s.villages;
  out->set_nil(out->nil() + s.nil);
  bool late = false;
  switch (static_cast<registry::v1::UnitReportState>(s.state)) {
    case registry::v1::UNIT_REPORT_STATE_NOT_STARTED:
      out->set_not_started(out->not_started() + n);
      late = Past(deadlines.village, today);
      break;
    case registry::v1::UNIT_REPORT_STATE_DRAFT:
      out->set_draft(out->draft() + n);
      late = Past(deadlines.village, today);
      break;
    case registry::v1::UNIT_REPORT_STATE_SUBMITTED:
      out->set_submitted(out->submitted() + n);
      late = Past(deadlines.township, today);
      break;
    case registry::v1::UNIT_REPORT_STATE_TOWNSHIP_PASSED:
      out->set_township_passed(out->township_passed() + n);
      late = Past(deadlines.county, today);
      break;
    case registry::v1::UNIT_REPORT_STATE_RETURNED:
      out->set_returned(out->returned() + n);
      break;
    case registry::v1::UNIT_REPORT_STATE_UNSPECIFIED:
      return;
    default:
      out->set_county_verified(out->county_verified() + n);
      break;
  }
  if (late) out->set_overdue(out->overdue() + n);
}

void SetShares(v1::VillageProgress* v) {
  const int64_t verified = v->county_verified();
  const int64_t reported = v->submitted() + v->township_passed() + verified;
  v->set_reported_bp(static_cast<int32_t>(RatioBp(reported, v->units())));
  v->set_verified_bp(static_cast<int32_t>(RatioBp(verified, v->units())));
}

}  // namespace

absl::StatusOr<std::map<std::string, v1::DashboardUnit>> CountUnits(mysql::Executor& db,
                                                                    const std::string& region,
                                                                    int digits,
                                                                    absl::CivilDay today) {
  std::map<std::string, v1::DashboardUnit> out;
  ASSIGN_OR_RETURN(const auto villages, SumVillages(db, region, digits));
  for (const auto& [unit, figures] : villages) {
    out[unit].mutable_villages()->set_units(figures.due);
  }
  ASSIGN_OR_RETURN(const std::vector<VillageStates> states, SumVillageStates(db, region, digits));
  ASSIGN_OR_RETURN(auto deadlines, LoadDeadlines(db));
  for (const VillageStates& s : states) {
    AddVillages(s, deadlines[s.campaign_id.ToString()], today, out[s.unit].mutable_villages());
  }
  // Cities and the province add up what the counties signed.
  ASSIGN_OR_RETURN(const auto ledgers, CountLedgers(db, region, digits));
  for (const auto& [path, counts] : ledgers) {
    out[path].set_ledgers(counts.ledgers);
    out[path].set_ledgers_unsigned(counts.unsigned_ones);
  }
  ASSIGN_OR_RETURN(const auto close_outs, SumCloseOuts(db, region, digits));
  for (const auto& [unit, sums] : close_outs) {
    v1::CloseOutFigures& f = *out[unit].mutable_close_outs();
    f.set_due(sums.due);
    f.set_to_consolidate(sums.to_consolidate);
    f.set_to_upgrade(sums.to_upgrade);
    f.set_exited(sums.exited);
    f.set_revitalize_due(sums.revitalize_due);
    f.set_revitalized(sums.revitalized);
    f.set_revitalize_value_fen(sums.revitalize_value_fen);
    f.set_revitalized_value_fen(sums.revitalized_value_fen);
  }
  for (auto& [path, unit] : out) {
    unit.set_region_code(path);
    SetShares(unit.mutable_villages());
  }
  return out;
}

void AddUnit(const v1::DashboardUnit& one, v1::DashboardUnit* sum) {
  const v1::VillageProgress& v = one.villages();
  v1::VillageProgress& vs = *sum->mutable_villages();
  vs.set_units(vs.units() + v.units());
  vs.set_not_started(vs.not_started() + v.not_started());
  vs.set_draft(vs.draft() + v.draft());
  vs.set_returned(vs.returned() + v.returned());
  vs.set_submitted(vs.submitted() + v.submitted());
  vs.set_township_passed(vs.township_passed() + v.township_passed());
  vs.set_county_verified(vs.county_verified() + v.county_verified());
  vs.set_nil(vs.nil() + v.nil());
  vs.set_overdue(vs.overdue() + v.overdue());
  SetShares(&vs);
  sum->set_ledgers(sum->ledgers() + one.ledgers());
  sum->set_ledgers_unsigned(sum->ledgers_unsigned() + one.ledgers_unsigned());
  const v1::CloseOutFigures& c = one.close_outs();
  v1::CloseOutFigures& cs = *sum->mutable_close_outs();
  cs.set_due(cs.due() + c.due());
  cs.set_to_consolidate(cs.to_consolidate() + c.to_consolidate());
  cs.set_to_upgrade(cs.to_upgrade() + c.to_upgrade());
  cs.set_exited(cs.exited() + c.exited());
  cs.set_revitalize_due(cs.revitalize_due() + c.revitalize_due());
  cs.set_revitalized(cs.revitalized() + c.revitalized());
  cs.set_revitalize_value_fen(cs.revitalize_value_fen() + c.revitalize_value_fen());
  cs.set_revitalized_value_fen(cs.revitalized_value_fen() + c.revitalized_value_fen());
}

CloseOuts CloseOutsOf(const v1::DashboardUnit& unit) {
  const v1::CloseOutFigures& f = unit.close_outs();
  CloseOuts out;
  out.due = f.due();
  out.to_consolidate = f.to_consolidate();
  out.to_upgrade = f.to_upgrade();
  out.exited = f.exited();
  out.revitalize_due = f.revitalize_due();
  out.revitalized = f.revitalized();
  out.revitalize_value_fen = f.revitalize_value_fen();
  out.revitalized_value_fen = f.revitalized_value_fen();
  return out;
}

absl::Status RefreshBoards(mysql::Session& session, absl::Time now) {
  ASSIGN_OR_RETURN(const auto units,
                   CountUnits(session, kProvinceCode, kCountyDigits, ShanghaiDay(now)));
  std::vector<CountyBoardRow> rows;
  for (const auto& [county, unit] : units) {
    if (county.size() == kCountyDigits) rows.push_back({county, unit.SerializeAsString(), now});
  }
  return mysql::Transact(session, [&](mysql::Tx& tx) { return PutBoards(tx, rows); });
}

}  // namespace bangfu::evaluation

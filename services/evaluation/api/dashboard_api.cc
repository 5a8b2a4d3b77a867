// The first screen (首屏): one call, a handful of queries whatever the region holds.
#include <algorithm>
#include <map>
#include <optional>

#include "bangfu/evaluation/v1/dashboard.pb.h"
#include "common/feed/consumer.h"
#include "common/status/macros.h"
#include "services/evaluation/api/deps.h"
#include "services/evaluation/api/ledger_units.h"
#include "services/evaluation/api/progress.h"
#include "services/evaluation/convert/evaluation_message.h"
#include "services/evaluation/jobs/board.h"
#include "services/evaluation/store/board_store.h"
#include "services/evaluation/store/reference_store.h"
#include "services/evaluation/store/rollup_store.h"

namespace bangfu::evaluation {
namespace {

using rpc::CallContext;

// The counts of the region's children. Above the county they are the counties' as counted last;
// a county and what lies below is counted now.
absl::StatusOr<std::map<std::string, v1::DashboardUnit>> CountChildren(CallContext& context,
                                                                       const std::string& path,
                                                                       int digits,
                                                                       v1::Dashboard* dashboard) {
  if (digits > 6) return CountUnits(context.db, path, digits, ShanghaiDay(context.now));
  ASSIGN_OR_RETURN(const std::vector<CountyBoardRow> boards, LoadBoards(context.db, path));
  std::map<std::string, v1::DashboardUnit> out;
  std::optional<absl::Time> oldest;
  for (const CountyBoardRow& row : boards) {
    v1::DashboardUnit county;
    if (!county.ParseFromString(row.payload)) {
      return absl::DataLossError("the counts of a county cannot be read");
    }
    AddUnit(county, &out[row.county.substr(0, static_cast<size_t>(digits))]);
    oldest = oldest ? std::min(*oldest, row.counted_at) : row.counted_at;
  }
  if (oldest) SetTime(*oldest, dashboard->mutable_counted_at());
  return out;
}

void FillCells(const UnitFigures& figures, v1::DashboardUnit* unit) {
  for (const auto& [key, f] : figures.classes) {
    v1::RollupCell* cell = unit->add_cells();
    cell->set_subject_type(static_cast<type::v1::SubjectType>(key.first));
    cell->set_class_(static_cast<type::v1::FourClass>(key.second));
    cell->set_count(f.count);
    cell->set_invested_fen(f.invested_fen);
    cell->set_asset_value_fen(f.asset_value_fen);
  }
}

absl::Status FillSources(CallContext& context, v1::Dashboard* dashboard) {
  ASSIGN_OR_RETURN(const std::vector<feed::ConsumerProgress> all, feed::ReadProgress(context.db));
  for (const feed::ConsumerProgress& progress : all) {
    v1::DashboardSource& source = *dashboard->add_sources();
    source.mutable_watermark()->set_source(progress.source);
    source.mutable_watermark()->set_epoch(progress.epoch);
    source.mutable_watermark()->set_sequence(progress.sequence);
    source.set_behind(std::max<int64_t>(0, progress.source_last_sequence - progress.sequence));
    source.set_parked(progress.parked);
    if (progress.level_at == absl::InfinitePast()) continue;
    SetTime(progress.level_at, source.mutable_level_at());
    source.set_lag_seconds(
        std::max<int64_t>(0, absl::ToInt64Seconds(context.now - progress.level_at)));
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::Dashboard> GetDashboard(CallContext& context,
                                           const v1::GetDashboardRequest& request) {
  ASSIGN_OR_RETURN(const RegionRow region, ResolveRegion(context, request.region_code()));
  const std::string& path = region.region_path;
  const int digits = ChildDigits(path);
  v1::Dashboard dashboard;
  dashboard.set_region_code(path);
  dashboard.set_region_name(region.name);
  SetTime(context.now, dashboard.mutable_as_of());

  ASSIGN_OR_RETURN(auto figures,
                   SumFigures(context.db, path, digits, FigureSet::kClassesAndResults));
  ASSIGN_OR_RETURN(auto units, CountChildren(context, path, digits, &dashboard));
  ASSIGN_OR_RETURN(const std::vector<RegionRow> children, ListChildRegions(context.db, path));
  std::map<std::string, std::string> names;
  for (const RegionRow& child : children) names[child.region_path] = child.name;
  // What stands at the region itself: an industry of the county, a project of two townships.
  names[path] = region.name + "（本级）";
  ProgressInput input;
  v1::DashboardUnit& total = *dashboard.mutable_total();
  total.set_region_code(path);
  total.set_region_name(region.name);
  for (const auto& [unit, name] : names) {
    const bool itself = unit == path;
    if (!itself && unit.size() != static_cast<size_t>(digits)) continue;
    const auto counts = units.find(unit);
    const auto cells = figures.find(unit);
    if (counts != units.end()) AddUnit(counts->second, &total);
    if (cells != figures.end()) {
      for (const auto& [key, f] : cells->second.classes) input.figures.classes[key] += f;
      for (const auto& [key, f] : cells->second.results) input.figures.results[key] += f;
    }
    if (itself && counts == units.end() && cells == figures.end()) continue;
    v1::DashboardUnit& child = *dashboard.add_children();
    if (counts != units.end()) child = counts->second;
    child.set_region_code(unit);
    child.set_region_name(name);
    if (cells != figures.end()) FillCells(cells->second, &child);
  }
  FillCells(input.figures, &total);
  input.close_outs = CloseOutsOf(total);
  RETURN_IF_ERROR(FillProgress(context.db, path, ShanghaiDay(context.now), input,
                               dashboard.mutable_progress()));
  RETURN_IF_ERROR(FillSources(context, &dashboard));
  return dashboard;
}

}  // namespace

void RegisterDashboardHandlers(rpc::Router& router) {
  router.Unary<v1::GetDashboardRequest, v1::Dashboard>(
      "bangfu.evaluation.v1.DashboardService.GetDashboard", GetDashboard);
}

}  // namespace bangfu::evaluation

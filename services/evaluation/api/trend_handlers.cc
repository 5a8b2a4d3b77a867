// Time series of an area, an industry or a project (R006, R007).
#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "bangfu/asset/v1/events.pb.h"
#include "bangfu/evaluation/v1/ledger_service.pb.h"
#include "common/base/bp.h"
#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/evaluation/api/ledger_units.h"
#include "services/evaluation/convert/evaluation_message.h"
#include "services/evaluation/facts/moment.h"
#include "services/evaluation/jobs/household_income.h"
#include "services/evaluation/store/fact_store.h"
#include "services/evaluation/store/income_store.h"
#include "services/evaluation/store/subject_store.h"
#include "services/evaluation/store/trend_store.h"

namespace bangfu::evaluation {

namespace {

using rpc::CallContext;

constexpr int kMonthsDefault = 12;

// First and last month of a series: `count` months up to the present one.
struct Span {
  std::string from, to;
};
Span LastMonths(int count, absl::Time now) {
  const absl::CivilMonth to(ShanghaiDay(now));
  return {MonthText(to - ((count == 0 ? kMonthsDefault : count) - 1)), MonthText(to)};
}

// Exactly one of a region and a subject is asked for.
absl::Status CheckOneOf(const std::string& region, const std::string& id, std::string_view field) {
  if (region.empty() != id.empty()) return absl::OkStatus();
  return InvalidField(field, "区划代码与对象须填且只填一项");
}

absl::StatusOr<SubjectRow> FindOf(CallContext& context, const std::string& text, int type,
                                  std::string_view resource) {
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(text));
  ASSIGN_OR_RETURN(SubjectMap found, LoadSubjects(context.db, {id}, context.scope));
  auto it = found.find(id);
  if (it == found.end() || it->second.type != type) return NotFound(resource, text);
  return it->second;
}

absl::StatusOr<v1::ChainTrend> ListChainTrend(CallContext& context,
                                              const v1::ListChainTrendRequest& request) {
  RETURN_IF_ERROR(CheckOneOf(request.region_code(), request.industry_id(), "region_code"));
  v1::ChainTrend out;
  std::optional<Ulid> industry;
  if (!request.industry_id().empty()) {
    ASSIGN_OR_RETURN(SubjectRow subject,
                     FindOf(context, request.industry_id(), kIndustrySubject, "industry"));
    industry = subject.id;
    out.set_industry_id(subject.id.ToString());
    out.set_region_code(subject.region_path);
  } else {
    ASSIGN_OR_RETURN(RegionRow region, ResolveRegion(context, request.region_code()));
    if (region.region_path.size() > 6) {
      return InvalidField("region_code", "产业按县登记，请选县级及以上").Build();
    }
    out.set_region_code(region.region_path);
  }
  const Span span = LastMonths(request.months(), context.now);
  ASSIGN_OR_RETURN(std::vector<ChainMonth> months,
                   ListChainMonths(context.db, out.region_code(), industry, span.from, span.to));
  for (const ChainMonth& m : months) {
    v1::ChainTrendMonth* month = out.add_months();
    month->set_month(m.month);
    month->set_links_applicable(static_cast<int32_t>(m.links_applicable));
    month->set_links_present(static_cast<int32_t>(m.links_present));
    month->set_coverage_bp(static_cast<int32_t>(RatioBp(m.links_present, m.links_applicable)));
    month->set_short_boards_open(static_cast<int32_t>(m.short_boards_open));
    month->set_short_boards_completed(static_cast<int32_t>(m.short_boards_completed));
  }
  return out;
}

// Of a project, as the newest asset facts say.
absl::StatusOr<std::vector<IncomeMonth>> IncomeOfProject(mysql::Executor& db, const Ulid& id) {
  std::vector<IncomeMonth> out;
  ASSIGN_OR_RETURN(std::vector<FactSourceRow> rows, LoadFactSources(db, {id}, {kAssetFacts}));
  for (const FactSourceRow& row : rows) {
    asset::v1::ProjectAssetFacts facts;
    if (!facts.ParseFromString(row.payload)) {
      return absl::DataLossError("stored asset facts cannot be read");
    }
    out = HouseholdIncome(facts);
  }
  return out;
}

absl::StatusOr<v1::IncomeSeries> ListIncomeSeries(CallContext& context,
                                                  const v1::ListIncomeSeriesRequest& request) {
  RETURN_IF_ERROR(CheckOneOf(request.region_code(), request.project_id(), "region_code"));
  v1::IncomeSeries out;
  const Span span = LastMonths(request.months(), context.now);
  std::vector<IncomeMonth> months;
  if (!request.project_id().empty()) {
    ASSIGN_OR_RETURN(SubjectRow subject,
                     FindOf(context, request.project_id(), kProjectSubject, "project"));
    out.set_project_id(subject.id.ToString());
    out.set_region_code(subject.region_path);
    ASSIGN_OR_RETURN(months, IncomeOfProject(context.db, subject.id));
  } else {
    ASSIGN_OR_RETURN(RegionRow region, ResolveRegion(context, request.region_code()));
    out.set_region_code(region.region_path);
    // A county and above as of last night; below it, summed now.
    if (region.region_path.size() <= 6) {
      ASSIGN_OR_RETURN(months, ListIncome(context.db, region.region_path, span.from));
    } else {
      ASSIGN_OR_RETURN(months, SumHouseholdIncome(context.db, region.region_path));
    }
  }
  for (const IncomeMonth& m : months) {
    if (m.month < span.from || m.month > span.to) continue;
    v1::IncomeSeriesMonth* month = out.add_months();
    month->set_month(m.month);
    month->set_income_fen(m.income_fen);
    // Divided by the households of another time it would be a number of nobody.
    if (!m.households_known || m.households <= 0) continue;
    month->set_households(m.households);
    month->set_income_per_household_fen(MulDivHalfUp(m.income_fen, 1, m.households));
  }
  return out;
}

}  // namespace

void RegisterTrends(rpc::Router& router) {
  const std::string service = "bangfu.evaluation.v1.LedgerService.";
  router.Unary<v1::ListChainTrendRequest, v1::ChainTrend>(service + "ListChainTrend",
                                                          ListChainTrend);
  router.Unary<v1::ListIncomeSeriesRequest, v1::IncomeSeries>(service + "ListIncomeSeries",
                                                              ListIncomeSeries);
}

}  // namespace bangfu::evaluation

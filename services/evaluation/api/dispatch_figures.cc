#include "services/evaluation/api/dispatch_figures.h"

#include <algorithm>
#include <array>
#include <utility>

#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/evaluation/facts/fact_loader.h"
#include "services/evaluation/facts/moment.h"

namespace bangfu::evaluation {

namespace {

// In the order of the first digit of the development index's codes: L1-01 is of the first.
constexpr std::array<std::string_view, 6> kGroups = {"STRUCTURE", "MARKET", "BRAND",
                                                     "TECH",      "ENTITY", "INCOME"};

// Indicators of the development index that are an indicator of the facts under another code: chain
// links present, households linked per fund, income per household, income paid of what is due.
constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kSameFigure = {
    {{"L1-01", "D1-01"}, {"L6-01", "D4-01"}, {"L6-02", "D4-02"}, {"L6-03", "D3-02"}}};

std::string GroupOf(std::string_view code) {
  if (code.size() < 3 || code[0] != 'L' || code[2] != '-' || code[1] < '1' || code[1] > '6') {
    return "";
  }
  return std::string(kGroups[static_cast<size_t>(code[1] - '1')]);
}

}  // namespace

bool IsDispatchGroup(std::string_view group) {
  return std::find(kGroups.begin(), kGroups.end(), group) != kGroups.end();
}

absl::StatusOr<DispatchFigures> DispatchFiguresOf(mysql::Executor& db, Evaluator& evaluator,
                                                  const SubjectRow& industry,
                                                  absl::CivilDay today) {
  DispatchFigures out;
  const absl::StatusOr<CriteriaPtr> criteria =
      evaluator.CriteriaFor(db, industry.region_path, today);
  if (ReasonOf(criteria.status()) == "NO_CRITERIA") return out;
  RETURN_IF_ERROR(criteria.status());
  out.criteria_id = (*criteria)->id.ToString();
  const CriteriaSet& set = (*criteria)->engine.criteria();
  FactLoader loader({MonthText(absl::CivilMonth(today)), today});
  ASSIGN_OR_RETURN(const std::vector<SubjectFacts> facts,
                   loader.LoadIndustries(db, set, {industry}));
  for (const SubjectFacts& one : facts) {
    for (const FactValue& v : one.snapshot.values) {
      if (v.state == FactState::kPresent && v.source != FactSource::kDispatch) {
        out.held.emplace(v.code, v.code);
      }
    }
  }
  for (const IndicatorDef& indicator : set.indicators) {
    // Has its figure from elsewhere, be it there today or not.
    if (indicator.source != FactSource::kDispatch) out.held.emplace(indicator.code, indicator.code);
  }
  for (const auto& [code, fact] : kSameFigure) {
    // Criteria that ask dispatch reports for it by its own code get it from nowhere else.
    const bool is_asked = std::any_of(set.indicators.begin(), set.indicators.end(),
                                      [&, code = code](const IndicatorDef& i) {
                                        return i.code == code && i.source == FactSource::kDispatch;
                                      });
    if (!is_asked && out.held.contains(fact)) out.held.emplace(code, fact);
  }
  for (const IndicatorDef& indicator : set.indicators) {
    if (indicator.source != FactSource::kDispatch || out.held.contains(indicator.code)) continue;
    out.wanted.push_back({GroupOf(indicator.code), indicator.code, indicator.unit});
  }
  return out;
}

}  // namespace bangfu::evaluation

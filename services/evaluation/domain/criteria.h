// The criteria set (分类标准): dimensions, indicators, gate thresholds and every other constant of
// the decision, as data. The structure of the gates is code (engine.h). The numbers of the default
// set wait for the province's confirmation (待省厅确认).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/evaluation/domain/indicator.h"

namespace bangfu::evaluation {

// Constants of the decision. Units: bp unless said otherwise.
enum class Param {
  kViableD2 = 0,       // G0: D2 at least
  kViableD3,           // G0: D3 at least
  kViableIdleMonths,   // G0: idle months below (months)
  kChainComplete,      // chain_complete: D1-01 raw at least
  kMarketMargin,       // market_benefit: operating margin raw at least
  kMarketUtilisation,  // … else capacity utilisation raw at least
  kMarketReceived,     // … and received ÷ due raw at least
  kResourceSupport,    // resource_support: D5-03 raw at least (points)
  kConsolidateD1,      // G1
  kConsolidateD3,      // G1
  kConsolidateD4,      // G1
  kConsolidateD5,      // G1
  kUpgradeD5,          // G2: D5 at least
  kRevitalizeD5,       // G4: D5 at least
  kManualD5,           // G5: D5 at least
  kAdjustD4,           // H4: D4 below
  kAdjustD5,           // H4: D5 below
  kLifeExpiredShare,   // H3: share of value past its life at least
  kMinPresent,         // share of applicable weight a dimension needs
  kOverdueDays,        // days past the planned end after which works are overdue (days)
  kRampUpMonths,       // D3 is left out within so many months of production start (months)
  kLevelExcellent,     // 优
  kLevelGood,          // 良
  kLevelFair,          // 中
  kConfidenceHighCoverage,
  kConfidenceHighMargin,
  kConfidenceLowCoverage,
  kConfidenceLowMargin,
  kIndustryNormalShare,   // share of value running for an industry to be NORMAL
  kIndustryPartialShare,  // … to be PARTIAL
};
inline constexpr int kParamCount = static_cast<int>(Param::kIndustryPartialShare) + 1;

struct ParamInfo {
  Param param;
  std::string_view name;  // "consolidate_d3_min"
  std::string_view zh;
  std::string_view unit;
  int64_t min;
  int64_t max;
};
// In the order of Param.
std::span<const ParamInfo> ParamTable();

struct DimensionDef {
  std::string code;  // "D1"
  std::string name_zh;
  int32_t weight_bp = 0;                // all together 10000
  bool needs_operating_assets = false;  // left out where there are none, and in the ramp-up grace
  bool industry_aggregate = false;      // for an INDUSTRY: value-weighted mean of its projects
  friend bool operator==(const DimensionDef&, const DimensionDef&) = default;
};

struct CriteriaSet {
  int32_t version_no = 0;
  std::string scope_region;  // 12-digit code of the region whose set this is
  std::string name_zh;
  std::string note;         // "待省厅确认"
  std::string parent_hash;  // content hash of the set this one refines; "" for a baseline
  std::vector<DimensionDef> dimensions;
  std::vector<IndicatorDef> indicators;
  std::array<int64_t, kParamCount> params{};
  std::vector<FactSource> needed_sources;

  int64_t Get(Param param) const { return params[static_cast<size_t>(param)]; }
  void Set(Param param, int64_t value) { params[static_cast<size_t>(param)] = value; }
  friend bool operator==(const CriteriaSet&, const CriteriaSet&) = default;
};

// INVALID_ARGUMENT CRITERIA_INVALID with one violation per fault: dimension weights sum to 10000,
// codes unique, breakpoints monotone, thresholds inside their range and in order, everything that
// the gates read is there.
absl::Status Validate(const CriteriaSet& criteria);

// Canonical JSON: keys sorted, integers only, no white space; dimensions, indicators and sources
// sorted by code. Equal content gives equal bytes.
std::string CanonicalJson(const CriteriaSet& criteria);
// INVALID_ARGUMENT CRITERIA_MALFORMED on anything that CanonicalJson would not write. Does not
// validate the content.
absl::StatusOr<CriteriaSet> ParseCriteria(std::string_view json);
// SHA-256 of the canonical JSON, 64 lower-case digits.
std::string ContentHash(const CriteriaSet& criteria);

// The set without one indicator; sources that nothing else reads are no longer needed.
CriteriaSet WithoutIndicator(CriteriaSet criteria, std::string_view code);

}  // namespace bangfu::evaluation

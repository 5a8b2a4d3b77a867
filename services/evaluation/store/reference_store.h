// Read copies of the registry's reference data.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/region.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"

namespace bangfu::evaluation {

// Kinds of reference_copy, their key and the message that each holds (registry.v1).
inline constexpr std::string_view kTaxonomyRef =
    "taxonomy";  // "<version>/<code>": IndustryCategory
inline constexpr std::string_view kTaxonomyVersionRef = "taxonomy_version";  // "current": its text
inline constexpr std::string_view kCodeRef = "code";                 // "<list>/<code>": Code
inline constexpr std::string_view kParameterRef = "parameter";       // code: Parameter
inline constexpr std::string_view kWorkDayRef = "work_day";          // "2026-10-01": WorkDay
inline constexpr std::string_view kLeadingRef = "leading_industry";  // id: LeadingIndustry
inline constexpr std::string_view kDepartmentRef =
    "fund_source_department";                                 // id: FundSourceDepartment
inline constexpr std::string_view kOperatorRef = "operator";  // id: Operator
inline constexpr std::string_view kCampaignRef = "campaign";  // id: InventoryCampaign

struct ReferenceRow {
  std::string kind;
  std::string key;
  std::string region_path;
  std::string payload;
  int64_t source_sequence = 0;
};
absl::Status PutReferences(mysql::Tx& tx, const std::vector<ReferenceRow>& rows);
// All of a kind.
absl::StatusOr<std::vector<ReferenceRow>> LoadReferences(mysql::Executor& db,
                                                         std::string_view kind);
absl::StatusOr<std::vector<ReferenceRow>> LoadReferences(mysql::Executor& db, std::string_view kind,
                                                         const std::vector<std::string>& keys);
absl::StatusOr<std::optional<ReferenceRow>> GetReference(mysql::Executor& db, std::string_view kind,
                                                         std::string_view key);
// The codes of one list (kCodeRef).
absl::StatusOr<std::vector<ReferenceRow>> LoadCodes(mysql::Executor& db, std::string_view list);
// Of a kind, with a region_path inside `region`.
absl::StatusOr<std::vector<ReferenceRow>> LoadReferencesInRegion(mysql::Executor& db,
                                                                 std::string_view kind,
                                                                 const std::string& region);

struct RegionRow {
  std::string code;
  std::string name;
  int level = 0;  // number of registry.v1.RegionLevel
  std::string parent_code;
  std::string region_path;  // "" when only the township decides
  RegionYears years = {};
};
// Of each code the bearer of today, or else the last one (TakesOver).
absl::Status PutRegions(mysql::Tx& tx, const std::vector<RegionRow>& rows);
absl::StatusOr<std::optional<RegionRow>> GetRegion(mysql::Executor& db, const std::string& code);
// Names of codes; codes that are not known are left out.
absl::StatusOr<std::vector<RegionRow>> GetRegions(mysql::Executor& db,
                                                  const std::vector<std::string>& codes);
// Regions in use right below `parent`, by code.
absl::StatusOr<std::vector<RegionRow>> ListChildRegions(mysql::Executor& db,
                                                        const std::string& parent);

struct UnitReportRow {
  Ulid campaign_id;
  std::string region_path;
  int state = 0;  // number of registry.v1.UnitReportState
  bool is_nil = false;
  int64_t source_sequence = 0;
};
absl::Status PutUnitReports(mysql::Tx& tx, const std::vector<UnitReportRow>& rows);

}  // namespace bangfu::evaluation

// Rules of a project (domain.md §2.1, §3.1): what is in scope, what its money sums to, in which
// stage the existing stock may be registered, and what an amendment does to its verification.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"

namespace bangfu::registry {

// Numbers of bangfu.registry.v1.ProjectState.
enum class ProjectState : int {
  kUnspecified = 0,
  kDraft = 1,
  kDeclared = 2,
  kTownshipReviewed = 3,
  kArgued = 4,
  kPlanned = 5,
  kApproved = 6,
  kUnderConstruction = 7,
  kPaused = 8,
  kCompleted = 9,
  kAccepted = 10,
  kOperating = 11,
  kIdle = 12,
  kClosedOut = 13,
  kTerminated = 14,
  kSuperseded = 15,
};

// The stages that stock since 脱贫攻坚 may really be in (§3.1, "register legacy").
bool IsLegacyEntryState(ProjectState state);
// The stages in which a project is expected to report its operation every month.
bool IsProducingState(ProjectState state);
// The stages from COMPLETED on: a monthly report may exist.
bool MayReportOperation(ProjectState state);

// One row of declared funding, with what the FUND_SOURCE list says of its source.
struct FundingFact {
  bool is_public = false;
  // The amount when it is one definite number; ranges, bounds and masked texts feed no sum.
  std::optional<int64_t> exact_fen;
};

// FAILED_PRECONDITION OUT_OF_SCOPE unless one source is public: only what public money has
// supported is surveyed (policy, clause (一); R011).
absl::Status CheckScope(const std::vector<FundingFact>& funding);

struct FundingSums {
  int64_t declared_fen = 0;
  int64_t public_fen = 0;
};
// INVALID_ARGUMENT FIELD_INVALID when a sum leaves int64.
absl::StatusOr<FundingSums> SumFunding(const std::vector<FundingFact>& funding);

// PJ360733-2021-000123. county6: six digits; year 2012 … 2100; sequence from 1.
std::string FormatProjectCode(std::string_view county6, int year, int64_t sequence);

// Shares in bp of the covered regions: INVALID_ARGUMENT when those that are stated pass 10000.
absl::Status CheckShares(const std::vector<int32_t>& shares_bp);

// Whether a top-level field of Project is covered by the county's joint verification. Contact data,
// notes, evidence and other systems' ids are not: they may change without a new verification.
bool IsVerifiedField(std::string_view field);
// Fields that no update may touch.
bool IsImmutableField(std::string_view field);

// Levels of those who edit, as RegionLevel numbers: 5 village, 4 township, 3 county and above.
inline constexpr int kVillageLevel = 5;
inline constexpr int kTownshipLevel = 4;
inline constexpr int kCountyLevel = 3;

// Where the village's report stands when one of its projects is to be registered or changed.
struct EditWindow {
  bool has_report = false;      // the village stands in an open campaign
  int report_state = 0;         // UnitReportState
  bool past_deadline = false;   // of the village
  bool lock_exception = false;  // one that holds now
};
// Below the county nobody changes a record of a report that stands with a higher level, or after
// the deadline without a lock exception: FAILED_PRECONDITION REPORT_LOCKED. The county amends at
// any time (a verified record then turns UNVERIFIED).
absl::Status CheckEditWindow(const EditWindow& window, int editor_level);

// Days in their order where both are given; INVALID_ARGUMENT naming the later field.
struct ProjectDates {
  std::optional<absl::CivilDay> planned_start, planned_end, actual_start, actual_end, planting,
      production_start, design_capacity;
};
absl::Status CheckDates(const ProjectDates& dates, absl::CivilDay today);

// Checks on a monthly report. `today` in Shanghai; scope_start_year: no month before it;
// deadline_day: day of the following month.
struct ReportFigures {
  std::optional<int64_t> workers, poor_workers, person_days, poor_person_days;
  int stop_days = 0;
  std::string period;  // YYYY-MM
};
// INVALID_ARGUMENT FIELD_INVALID (parts beyond their whole, more days of standstill than the month
// has), FAILED_PRECONDITION PERIOD_IN_FUTURE.
absl::Status CheckReport(const ReportFigures& figures, absl::CivilDay today,
                         int64_t scope_start_year);
bool IsLateReport(std::string_view period, absl::CivilDay today, int64_t deadline_day);

// At most this many leading industries a county and plan period (R061).
inline constexpr int kLeadingPlaces = 2;
// "2026-2030": five years, INVALID_ARGUMENT FIELD_INVALID otherwise.
absl::Status CheckPlanPeriod(std::string_view period);

}  // namespace bangfu::registry

// The inventory (摸排, domain.md §3.2): steps of a village's report, who verifies jointly, how
// samples are drawn. Pure: states and facts in, decisions out.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/civil_time.h"
#include "common/workflow/departments.h"
#include "common/workflow/work.h"
#include "common/workflow/workflow.h"

namespace bangfu::registry {

// Numbers of bangfu.registry.v1.UnitReportState.
enum class UnitReportState : int {
  kUnspecified = 0,
  kNotStarted = 1,
  kDraft = 2,
  kSubmitted = 3,
  kTownshipPassed = 4,
  kCountyVerified = 5,
  kCitySampledOk = 6,
  kCitySampledIssue = 7,
  kProvConfirmed = 8,
  kReturned = 9,
};
std::string UnitReportStateLabel(UnitReportState state);
bool IsTownshipPassed(UnitReportState state);  // passed or beyond
bool IsCountyVerified(UnitReportState state);  // verified or beyond

// What the guards of a step look at.
struct UnitReportSubject {
  UnitReportState state = UnitReportState::kNotStarted;
  bool campaign_open = true;
  // Past the village's deadline and no lock exception holds.
  bool locked = false;
  // Of a submit: the flag as asked for, the projects that the village has, who signs.
  bool is_nil = false;
  int64_t subjects = 0;
  std::string signatory;
  workflow::Person submitted_by;
  // RETURNED: the level that has to act (5 village, 4 township, 3 county).
  int return_to_level = 0;
  // The highest level that stands behind the report: 5 nobody, 4 township, 3 county, 2 city, 1
  // province.
  int approval_level = 5;
  // Of the joint verification: departments that have not signed, and the fund sources by which
  // each of them has to.
  std::vector<std::string> missing_departments;
  std::map<std::string, std::vector<std::string>> sources_of_department;
  // Samples that drew the report: by level (2 city, 1 province), whether its result is there.
  std::map<int, bool> samples;
  // A sample's result was recorded on the verification that stands.
  bool checked_above = false;
};

// Actions: save_draft, submit, pass, return, recall, sign, complete, record_sample_result,
// sample_ok, sample_issue, confirm, reopen. sample_ok, sample_issue, confirm and reopen are what
// becomes of the report by the result of a sample, the province's confirmation and a new subject.
const workflow::Table<UnitReportState, UnitReportSubject>& UnitReportTable();
// The actions that are somebody's work. A return is work only where a sample found an issue
// (IssueWork); a result waits for each level that drew the report (ResultWork).
const std::vector<workflow::Work>& UnitReportWorks();
const std::vector<workflow::Work>& ResultWork();
const std::vector<workflow::Work>& IssueWork();
// What has to be done before a project of a verified report is verified again: the county takes the
// verification back, or, where city or province have checked it, one of them returns the report.
const std::vector<workflow::Work>& ReverifyWorks();
// The roles that draw a level's samples (2 city, 1 province) and record their results.
std::vector<workflow::RoleId> SampleRoles(int level);
// The level that `state` means was reached last; 5 when none above the village.
int ApprovalLevel(UnitReportState state);
// Who has to act next, as a region level (5 … 1); 0: nobody.
int WaitingLevel(UnitReportState state, int return_to_level);
// To which level a return goes when a holder of these roles asks for it in this state: one below
// the highest of them that the table lets act.
int ReturnLevel(UnitReportState state, int return_to_level);

// A village that declares nothing must have nothing, one that has something must not declare
// nothing (零报告). FAILED_PRECONDITION NIL_WITH_SUBJECTS, NO_SUBJECTS.
absl::Status CheckNil(bool is_nil, int64_t subjects);

// --- Joint verification (R017)

struct FundingRef {
  std::string source_code;
  std::string task_code;
};
struct DepartmentRule {
  std::string source_code;
  std::string task_code;  // empty: every task
  std::string department_code;
  absl::CivilDay valid_from;
  std::optional<absl::CivilDay> valid_to;  // last day
};
struct RequiredDepartment {
  std::string department_code;
  bool is_lead = false;
  std::vector<std::string> source_codes;  // sorted, unique
};
using workflow::kLeadDepartment;
// Agriculture first, then every department that a rule of the day names for one of the sources, by
// code.
std::vector<RequiredDepartment> ResolveDepartments(const std::vector<FundingRef>& funding,
                                                   const std::vector<DepartmentRule>& rules,
                                                   absl::CivilDay day);

// --- Sampling (R016)

// The lower ends of the strata above the lowest, in fen, rising; of samples that name none of their
// own.
inline const std::vector<int64_t> kDefaultStrata = {50'000'000, 200'000'000, 1'000'000'000};
// Stratum of a village by what public money it holds: 0 nothing, 1 below the first floor, 2 below
// the second …
int FundStratum(int64_t public_fen, const std::vector<int64_t>& floors_fen);

inline constexpr std::string_view kSampleAlgorithm = "sha256-strata-v1";
struct SampleCandidate {
  std::string id;
  int stratum = 0;
};
// Of each stratum ceil(n · rate) ids, those with the smallest SHA-256 of "seed|id". The same seed
// and population give the same sample, whatever the order; a higher rate gives a superset. By id.
std::vector<std::string> DrawSample(std::vector<SampleCandidate> population, std::string_view seed,
                                    int32_t rate_bp);
// SHA-256 in hexadecimal over the population, whatever its order: proves what was drawn from.
std::string PopulationDigest(std::vector<SampleCandidate> population);
// True when the share of issues is above the limit: enlarge, or re-check everything.
bool EnlargementRequired(int64_t issues, int64_t results, int32_t limit_bp);

// --- Deadlines

// The day by which the waiting level has to have acted, from the campaign's three deadlines and a
// return that stands; nullopt: nobody waits.
struct CampaignDeadlines {
  absl::CivilDay village, township, county;
};
std::optional<absl::CivilDay> DueOn(UnitReportState state, int return_to_level,
                                    std::optional<absl::CivilDay> return_due_on,
                                    const CampaignDeadlines& deadlines);

}  // namespace bangfu::registry

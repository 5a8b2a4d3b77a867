// The inventory's rows: campaigns, village reports with their steps, joint verification, samples,
// lock exceptions, and the counts over them. Whole records are the contract's bytes; columns win
// over them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"
#include "services/registry/domain/inventory.h"
#include "services/registry/store/scope.h"
#include "services/registry/store/unit_report_store.h"

namespace bangfu::registry {

// --- Campaigns

// Numbers of bangfu.registry.v1.CampaignState.
inline constexpr int kCampaignPlanned = 1;
inline constexpr int kCampaignOpen = 2;
inline constexpr int kCampaignClosed = 3;
inline constexpr int kCampaignOpening = 4;

struct CampaignRow {
  Ulid id;
  std::string region_path;
  int state = kCampaignPlanned;
  CampaignDeadlines deadlines;
  int64_t unit_count = 0;
  int64_t version = 1;
  std::string bytes;
};
// A campaign is seen by whoever has a region in it or around it. NOT_FOUND otherwise.
absl::StatusOr<CampaignRow> GetCampaign(mysql::Executor& db, const Ulid& id,
                                        const RegionScope& scope, bool for_update = false);
absl::Status InsertCampaign(mysql::Tx& tx, const CampaignRow& row);
// Where the stored version is row.version - 1. ABORTED ETAG_MISMATCH otherwise.
absl::Status UpdateCampaign(mysql::Tx& tx, const CampaignRow& row);
struct CampaignQuery {
  RegionScope scope;
  std::string includes_path;  // only those whose region is it or above it
  int state = 0;
  std::string after_path;
  Ulid after_id;
  int limit = 50;
};
absl::StatusOr<std::vector<CampaignRow>> ListCampaigns(mysql::Executor& db,
                                                       const CampaignQuery& query);

// --- Village reports

// A report with what its campaign says of it: one read.
struct UnitWithCampaign {
  UnitReportRow unit;
  int campaign_state = kCampaignOpen;
  CampaignDeadlines deadlines;
};
struct VillageRow {
  std::string code, name, region_path;
};
// Villages in use under a path that come after one of them, in order.
absl::StatusOr<std::vector<VillageRow>> VillagesAfter(mysql::Executor& db,
                                                      const std::string& region_path,
                                                      const std::string& after, int limit);
absl::StatusOr<int64_t> CountVillages(mysql::Executor& db, const std::string& region_path);
// Claims every county with a village in use under the path; gives how many.
// FAILED_PRECONDITION CAMPAIGN_OVERLAP when another campaign has one of them.
absl::StatusOr<int64_t> ClaimCounties(mysql::Tx& tx, const Ulid& campaign_id,
                                      const std::string& region_path);
// Makes an act for a region of the campaign and the campaign's closing wait for each other. Gives
// false when it has been closed, or has nothing there.
absl::StatusOr<bool> TouchOpenCounties(mysql::Tx& tx, const Ulid& campaign_id,
                                       const std::string& region_path);
// Bulk. FAILED_PRECONDITION CAMPAIGN_OVERLAP when a village stands in another open campaign.
absl::Status OpenUnits(mysql::Tx& tx, const std::vector<UnitReportRow>& units);
absl::StatusOr<int64_t> CountUnits(mysql::Executor& db, const Ulid& campaign_id);
// The claims on counties and villages.
absl::Status ReleaseClaims(mysql::Tx& tx, const Ulid& campaign_id);
absl::StatusOr<UnitWithCampaign> GetUnit(mysql::Executor& db, const Ulid& id,
                                         const RegionScope& scope, bool for_update = false);
// Writes the unit where the stored version is unit.version - 1, and its step. ETAG_MISMATCH
// otherwise.
absl::Status StepUnit(mysql::Tx& tx, const UnitReportRow& unit, UnitReportState from,
                      std::string_view action, std::string_view actor, absl::Time now);
// Province's confirmation of many (locked by the caller): one UPDATE and their steps.
absl::Status ConfirmUnits(mysql::Tx& tx, const std::vector<UnitReportRow>& units,
                          std::string_view actor, absl::Time now);
// Marks drawn reports.
absl::Status MarkSampled(mysql::Tx& tx, const std::vector<Ulid>& ids, int level);
// Those that are there, in no order. Two queries.
absl::StatusOr<std::vector<UnitWithCampaign>> GetUnits(mysql::Executor& db,
                                                       const std::vector<Ulid>& ids,
                                                       const RegionScope& scope);
struct UnitQuery {
  RegionScope scope;
  Ulid campaign_id;
  std::vector<int> states;  // empty: all
  bool nil_only = false;
  bool verifiable_only = false;  // with the county: TOWNSHIP_PASSED or returned to it
  std::string after_path;
  int limit = 50;
  bool for_update = false;
};
// By region_path.
absl::StatusOr<std::vector<UnitReportRow>> ListUnits(mysql::Executor& db, const UnitQuery& query);
// Makes registering a project in these villages and submitting their reports wait for each other.
// Gives true when one of them stands in an open campaign.
absl::StatusOr<bool> TouchOpenUnits(mysql::Tx& tx, const std::vector<std::string>& village_paths);

// --- Projects of a village: those that lie in it or cover it, void ones left out

struct VillageCount {
  int64_t projects = 0, verified = 0;
};
absl::StatusOr<std::map<std::string, VillageCount>> CountProjects(
    mysql::Executor& db, const std::vector<std::string>& villages);
struct VillageProject {
  Ulid id;
  std::string region_path;
  int verification_state = 0;
  int64_t version = 0;
  std::string bytes;
};
absl::StatusOr<std::vector<VillageProject>> LockVillageProjects(mysql::Tx& tx,
                                                                const std::string& village);
absl::StatusOr<std::map<std::string, std::vector<Ulid>>> VillageProjectIds(
    mysql::Executor& db, const std::vector<std::string>& villages);
// New verification state, version and record of projects that LockVillageProjects gave; a few
// statements.
absl::Status UpdateVerification(mysql::Tx& tx, const std::vector<VillageProject>& projects,
                                absl::Time now);
absl::StatusOr<std::map<std::string, std::vector<FundingRef>>> FundingOfVillages(
    mysql::Executor& db, const std::vector<std::string>& villages);

// --- Joint verification

struct SignatureRow {
  Ulid unit_report_id;
  int64_t round = 0;
  std::string department_code, region_path, signed_by;
  absl::Time signed_at;
  std::string bytes;
};
absl::Status InsertSignature(mysql::Tx& tx, const SignatureRow& row);
// Of the units' present rounds.
absl::StatusOr<std::vector<SignatureRow>> Signatures(mysql::Executor& db,
                                                     const std::vector<UnitReportRow>& units);
struct FindingRow {
  Ulid id, unit_report_id, project_id;
  std::string region_path;
  int level = 0, action = 0;
  std::string field, bytes;
};
absl::Status InsertFindings(mysql::Tx& tx, const std::vector<FindingRow>& rows);
absl::StatusOr<std::vector<FindingRow>> Findings(mysql::Executor& db,
                                                 const std::vector<Ulid>& unit_ids);
// The county's findings, of whatever round, that dispute one of these projects in another report of
// the unit's campaign that stands verified. However the project stands by now: a report that was
// taken back since has made it UNVERIFIED.
absl::StatusOr<std::vector<FindingRow>> DisputesElsewhere(
    mysql::Executor& db, const std::vector<VillageProject>& projects, const UnitReportRow& unit);
// When each report came to the county the last time, passed by the township or sent back to the
// county: what the county has found since is of the round that stands. Reports that never came to
// it are missing.
absl::StatusOr<std::map<Ulid, absl::Time>> CountyRounds(mysql::Executor& db,
                                                        const std::set<Ulid>& unit_ids);

// --- Samples

struct SampleRow {
  Ulid id, campaign_id;
  std::string region_path;
  int level = 0;
  std::string seed;
  int64_t drawn = 0, results_recorded = 0, issues = 0;
  int64_t version = 1;
  std::string bytes;
};
struct SampleUnitRow {
  Ulid sample_id, unit_report_id;
  std::string region_path;
  int stratum = 0;
  bool has_result = false, issue = false;
  std::string bytes;
};
absl::StatusOr<SampleRow> GetSample(mysql::Executor& db, const Ulid& id, const RegionScope& scope,
                                    bool for_update = false);
absl::StatusOr<std::optional<SampleRow>> FindSample(mysql::Tx& tx, const Ulid& campaign_id,
                                                    const std::string& region_path, int level);
absl::Status InsertSample(mysql::Tx& tx, const SampleRow& row);  // ALREADY_EXISTS: SAMPLE_EXISTS
absl::Status UpdateSample(mysql::Tx& tx, const SampleRow& row);  // version - 1
absl::Status InsertSampleUnits(mysql::Tx& tx, const std::vector<SampleUnitRow>& rows);
absl::StatusOr<std::vector<SampleUnitRow>> SampleUnits(mysql::Executor& db, const Ulid& sample_id);
// False when the unit is not in the sample or has its result already.
absl::StatusOr<bool> RecordResult(mysql::Tx& tx, const SampleUnitRow& row);
// Counties (six digits) inside a region that a campaign covers; of all that are open.
absl::StatusOr<std::vector<std::string>> CountiesOfCampaign(mysql::Executor& db,
                                                            const Ulid& campaign_id,
                                                            const std::string& region_path);
absl::StatusOr<std::vector<std::pair<Ulid, std::string>>> CountiesOfOpenCampaigns(
    mysql::Executor& db);
// A sample that drew a report.
struct SampleOfUnit {
  Ulid unit_report_id;
  int level = 0;
  bool has_result = false;
  std::string bytes;  // SampleUnit, of a result
};
absl::StatusOr<std::vector<SampleOfUnit>> SamplesOf(mysql::Executor& db,
                                                    const std::vector<Ulid>& unit_report_ids);
struct SampleQuery {
  RegionScope scope;
  Ulid campaign_id;
  std::string after_path;
  Ulid after_id;
  int limit = 50;
};
absl::StatusOr<std::vector<SampleRow>> ListSamples(mysql::Executor& db, const SampleQuery& query);
// Samples drawn around a region (its city's, its province's), and results still missing inside it.
struct SampleStanding {
  std::vector<SampleRow> samples;
  int64_t missing_results = 0;
};
absl::StatusOr<SampleStanding> SamplesAround(mysql::Executor& db, const Ulid& campaign_id,
                                             const std::string& region_path);
// Reports with an issue of any sample in the region.
absl::StatusOr<std::vector<Ulid>> UnitsWithIssue(mysql::Executor& db, const Ulid& campaign_id,
                                                 const std::string& region_path);
struct StratumRow {
  Ulid unit_report_id;
  std::string region_path;
  int64_t public_fen = 0;
};
// Reports that can be drawn (verified by the county, not confirmed) with the public money of their
// villages' projects.
absl::StatusOr<std::vector<StratumRow>> SamplePopulation(mysql::Executor& db,
                                                         const Ulid& campaign_id,
                                                         const std::string& region_path);

// --- Lock exceptions

struct LockExceptionRow {
  Ulid id, campaign_id;
  std::string region_path;
  absl::Time expires_at;
  std::string bytes;
};
absl::Status InsertLockException(mysql::Tx& tx, const LockExceptionRow& row);
absl::StatusOr<bool> HasLockException(mysql::Executor& db, const Ulid& campaign_id,
                                      const std::string& village_path, absl::Time now);
// Of these villages those for which an exception holds now.
absl::StatusOr<std::set<std::string>> UnlockedVillages(mysql::Executor& db, const Ulid& campaign_id,
                                                       const std::vector<std::string>& villages,
                                                       absl::Time now);
struct LockQuery {
  RegionScope scope;
  Ulid campaign_id;
  std::optional<absl::Time> active_at;
  std::string after_path;
  Ulid after_id;
  int limit = 50;
};
absl::StatusOr<std::vector<LockExceptionRow>> ListLockExceptions(mysql::Executor& db,
                                                                 const LockQuery& query);

// --- Counts

// One group of reports: of one part of the region, alike in all that completeness counts by.
struct UnitGroup {
  std::string path;  // cut to the digits asked for
  UnitReportState state = UnitReportState::kNotStarted;
  bool is_nil = false;
  int return_to_level = 0;
  std::optional<absl::CivilDay> return_due_on;
  int64_t units = 0;
};
// As they stand, or as of the end of a past day, from the steps. `digits`: 0 = one group for all.
absl::StatusOr<std::vector<UnitGroup>> GroupUnits(mysql::Executor& db, const Ulid& campaign_id,
                                                  const RegionScope& scope, int digits,
                                                  std::optional<absl::Time> before);
struct ProjectGroup {
  std::string path;
  int64_t projects = 0, verified = 0;
};
// Projects on record, and those of them that are verified: as they stand, or those registered
// before an instant as they stood then.
absl::StatusOr<std::vector<ProjectGroup>> GroupProjects(mysql::Executor& db,
                                                        const RegionScope& scope, int digits,
                                                        std::optional<absl::Time> before);
struct UnitAt {
  Ulid id;
  std::string region_code, region_path;
  UnitReportState state = UnitReportState::kNotStarted;
  int return_to_level = 0;
  std::optional<absl::CivilDay> return_due_on;
};
struct OverdueQuery {
  RegionScope scope;
  Ulid campaign_id;
  CampaignDeadlines deadlines;
  absl::CivilDay on;
  std::optional<absl::Time> before;  // the end of a past day; unset: as they stand
  std::string after_path;
  int limit = 50;
};
absl::StatusOr<std::vector<UnitAt>> ListOverdue(mysql::Executor& db, const OverdueQuery& query);
absl::StatusOr<int64_t> CountOverdue(mysql::Executor& db, const OverdueQuery& query);

std::vector<std::string> AncestorsOf(std::string_view path);  // itself included, province first

}  // namespace bangfu::registry

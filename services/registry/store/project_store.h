// Projects and the rows beside them: funding, regions, content items, external ids, search grams.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"
#include "services/registry/store/record_table.h"
#include "services/registry/store/scope.h"

namespace bangfu::registry {

struct FundingRow {
  std::string source_code, task_code;
  int year = 0;
  std::optional<int64_t> exact_fen;
  int parse_state = 0;
  bool is_public = false;
};
struct CoveredRow {
  std::string region_path;
  bool is_lead = false;
  int32_t share_bp = 0;
};
struct ContentRow {
  Ulid id;
  std::string region_path;
  std::string category_code;
  int64_t budget_fen = 0;
};

// A project as stored: columns, its record's bytes, and the rows beside it.
struct ProjectRow {
  Ulid id;
  std::string project_code;
  std::string region_path;
  int state = 0;
  int verification_state = 0;
  int origin = 0;
  std::string project_type, category, industry_code;
  std::optional<Ulid> industry_id, operator_id, campaign_id;
  int year = 0;
  int64_t declared_total_fen = 0;
  int64_t public_total_fen = 0;
  bool is_void = false;
  bool is_sample = false;
  int64_t version = 1;
  absl::Time updated_at;
  std::string record;
  // Written, not read.
  std::vector<FundingRow> funding;
  std::vector<CoveredRow> regions;
  std::vector<ContentRow> content;
  std::vector<std::pair<std::string, std::string>> external_ids;
  std::string search_text;
  std::string name;
  // Of the rows beside it, those that a replacement writes anew; the others stand as they are.
  // Funding is always among them: whether a source is public is the code list's to say, today's.
  struct Anew {
    bool regions = true, content = true, external_ids = true, name = true, search_text = true;
  } anew;
};

// Of a year and a name as it is matched; 16 bytes.
std::string NameHash(int year, std::string_view name);
// The natural key under which tables speak of a project.
struct ProjectName {
  std::string region_path;
  std::string name_hash;
  friend auto operator<=>(const ProjectName&, const ProjectName&) = default;
};
// Projects under these keys that are not void; the one registered first where a key is not unique.
absl::StatusOr<std::map<ProjectName, Ulid>> FindProjectNames(mysql::Executor& db,
                                                             const std::vector<ProjectName>& names);
absl::StatusOr<std::map<std::string, Ulid>> FindProjectCodes(mysql::Executor& db,
                                                             const std::vector<std::string>& codes);

// Who asks for which project: regions are prefixes of region_path.
struct ProjectKey {
  Ulid id;
  const RegionScope& scope;
};
// The project of each key, in their order: nullopt where there is none, or none that the scope
// sees. A project is seen from its lead region and, with `covering`, from each region that it
// covers. Read by key, with one query for all; a second only for those whose lead region is outside
// their scope.
absl::StatusOr<std::vector<std::optional<ProjectRow>>> FindProjects(
    mysql::Executor& db, const std::vector<ProjectKey>& keys, bool covering = true);
// The same of one: NOT_FOUND.
absl::StatusOr<ProjectRow> GetProject(mysql::Executor& db, const Ulid& id, const RegionScope& scope,
                                      bool covering = true);
// Those that are there for one scope.
absl::StatusOr<std::vector<ProjectRow>> GetProjects(mysql::Executor& db,
                                                    const std::vector<Ulid>& ids,
                                                    const RegionScope& scope);
// Locks the rows in id order; those that exist.
absl::StatusOr<std::map<Ulid, ProjectRow>> LockProjects(mysql::Tx& tx,
                                                        const std::vector<Ulid>& ids);
// Those of the ids that are void.
absl::StatusOr<std::set<Ulid>> VoidProjects(mysql::Executor& db, const std::set<Ulid>& ids);
// By (system, id): the project that holds it.
absl::StatusOr<std::map<std::pair<std::string, std::string>, Ulid>> FindExternalIds(
    mysql::Executor& db, const std::vector<std::pair<std::string, std::string>>& keys);
absl::StatusOr<std::optional<Ulid>> FindProjectByCode(mysql::Executor& db, const std::string& code);

// Takes `count` numbers of a county and year; gives the first. Holds the row to the end of `tx`.
absl::StatusOr<int64_t> ClaimSequence(mysql::Tx& tx, const std::string& county, int year,
                                      int64_t count);

// New projects in a handful of statements. ALREADY_EXISTS DUPLICATE_KEY on an external id.
absl::Status InsertProjects(mysql::Tx& tx, const std::vector<ProjectRow>& rows);
// Rows that LockProjects holds: everything is written anew. Where a verification state changes,
// NoteVerificationChanges comes first.
absl::Status ReplaceProjects(mysql::Tx& tx, const std::vector<ProjectRow>& rows);
// Keeps, of the projects whose stored verification state is another one than the one they are about
// to get, what it was until `now`. None: no statement.
absl::Status NoteVerificationChanges(mysql::Tx& tx, const std::vector<std::pair<Ulid, int>>& to,
                                     absl::Time now);

struct ProjectQuery {
  RegionScope scope;  // already narrowed to the region asked for
  bool include_covering = false;
  std::vector<int> states;
  std::vector<std::string> project_types;
  std::string industry_code, category, fund_source_code;
  std::optional<Ulid> industry_id, operator_id, campaign_id;
  int verification_state = 0;
  int year_from = 0, year_to = 0;
  bool include_void = false;
  // Newest change first inside this county ("" : by region_path, id).
  std::string updated_in_county;
  std::optional<After> after;
  std::optional<absl::Time> after_updated;
  int limit = 50;
};
std::string ListProjectsSql(const ProjectQuery& query, mysql::Params* params);
absl::StatusOr<std::vector<ProjectRow>> ListProjects(mysql::Executor& db,
                                                     const ProjectQuery& query);
// By id; for snapshots of the feed.
absl::StatusOr<std::vector<ProjectRow>> ListProjectsById(mysql::Executor& db,
                                                         const std::optional<RegionScope>& scope,
                                                         const Ulid& after, int limit);
// Projects whose text holds every gram, by (region_path, id).
std::string SearchProjectsSql(const std::vector<std::string>& grams, const RegionScope& scope,
                              const std::optional<After>& after, int limit, mysql::Params* params);
absl::StatusOr<std::vector<ProjectRow>> SearchProjects(mysql::Executor& db,
                                                       const std::vector<std::string>& grams,
                                                       const RegionScope& scope,
                                                       const std::optional<After>& after,
                                                       int limit);

// --- Monthly reports

struct ReportRow {
  Ulid project_id;
  std::string period;
  Ulid id;
  std::string region_path;
  bool late = false;
  int64_t version = 1;
  std::string record;
};
absl::StatusOr<std::map<std::pair<Ulid, std::string>, ReportRow>> LockReports(
    mysql::Tx& tx, const std::vector<std::pair<Ulid, std::string>>& keys);
absl::Status UpsertReports(mysql::Tx& tx, const std::vector<ReportRow>& rows);
absl::StatusOr<std::optional<ReportRow>> FindReport(mysql::Executor& db, const Ulid& project_id,
                                                    const std::string& period,
                                                    const RegionScope& scope);
// The last report before a month.
absl::StatusOr<std::optional<ReportRow>> LastReportBefore(mysql::Executor& db,
                                                          const Ulid& project_id,
                                                          const std::string& period);
struct ReportQuery {
  RegionScope scope;
  std::optional<Ulid> project_id;
  std::string period_from, period_to;
  std::string after_path, after_period;
  std::optional<Ulid> after_project;
  int limit = 50;
};
std::string ListReportsSql(const ReportQuery& query, mysql::Params* params);
absl::StatusOr<std::vector<ReportRow>> ListReports(mysql::Executor& db, const ReportQuery& query);
absl::StatusOr<std::vector<ReportRow>> ListReportsById(mysql::Executor& db,
                                                       const std::optional<RegionScope>& scope,
                                                       const Ulid& after, int limit);
// Projects in `states` without a report for the month, with the last month that they reported.
struct MissingRow {
  ProjectRow project;
  std::string last_period;
};
absl::StatusOr<std::vector<MissingRow>> ListMissingReports(
    mysql::Executor& db, const RegionScope& scope, const std::vector<int>& states,
    const std::string& period, const std::optional<After>& after, int limit);
// How many projects at each of the paths, in one of the states, have no report of the month; paths
// without any are left out.
absl::StatusOr<std::map<std::string, int64_t>> CountMissingReports(
    mysql::Executor& db, const std::vector<std::string>& paths, const std::vector<int>& states,
    const std::string& period);
// Paths after `after` at which projects are in one of the states, upwards.
absl::StatusOr<std::vector<std::string>> PathsWithProjects(mysql::Executor& db,
                                                           const std::vector<int>& states,
                                                           const std::string& after, int limit);
// Paths in a region at which projects are in one of the states, upwards.
absl::StatusOr<std::vector<std::string>> PathsWithProjectsBelow(mysql::Executor& db,
                                                                const std::vector<int>& states,
                                                                const std::string& region_path);

// --- County industries

// Projects of an industry that are not void.
absl::StatusOr<int64_t> CountIndustryProjects(mysql::Executor& db, const Ulid& industry_id);
// The industries of (county path, code) that exist.
absl::StatusOr<std::map<std::pair<std::string, std::string>, Ulid>> FindIndustries(
    mysql::Executor& db, const std::set<std::pair<std::string, std::string>>& keys);
// Technical service and training in a span of days; brands valid on its last day.
struct ServiceFigures {
  int64_t pairings = 0, teams = 0, visits = 0, trainings = 0, persons = 0, poor_labour_persons = 0,
          valid_brands = 0;
};
absl::StatusOr<ServiceFigures> SumServices(mysql::Executor& db, const RegionScope& scope,
                                           absl::CivilDay from, absl::CivilDay to);
// Takes a place of a county and plan period (leading_industry_place). The place taken; 0: both are
// taken; ALREADY_EXISTS LEADING_INDUSTRY_SELECTED when the industry holds one.
absl::StatusOr<int> ClaimLeadingPlace(mysql::Tx& tx, const std::string& region_path,
                                      const std::string& plan_period, const Ulid& industry_id,
                                      const Ulid& leading_id, int places);
absl::Status ReleaseLeadingPlace(mysql::Tx& tx, const Ulid& leading_id,
                                 const std::string& region_path, const std::string& plan_period);
// Places taken by county path in a plan period.
absl::StatusOr<std::map<std::string, int64_t>> CountLeading(mysql::Executor& db,
                                                            const std::string& plan_period,
                                                            const RegionScope& scope);

}  // namespace bangfu::registry

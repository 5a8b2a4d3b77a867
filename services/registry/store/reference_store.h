// Reference data: regions, organisations, codes, parameters, taxonomy, calendar.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"
#include "services/registry/domain/calendar.h"
#include "services/registry/domain/inventory.h"
#include "services/registry/store/scope.h"

namespace bangfu::registry {

// --- Regions

struct RegionSuccessorRow {
  std::string code;
  int year = 0;  // 0: the whole went over when the region ended; else a part of it in that year
  friend bool operator==(const RegionSuccessorRow&, const RegionSuccessorRow&) = default;
};
struct RegionRow {
  Ulid id;
  std::string code;
  int end_year = 0;
  int start_year = 0;
  std::string name, short_name;
  int level = 0;  // 1 province … 5 village
  std::string parent_code;
  std::string region_path;  // '' when several regions stand for it today
  bool is_extension = false;
  std::vector<std::string> flags;
  std::vector<RegionSuccessorRow> successors;
  int64_t version = 1;
};

// What a code as filed means today.
struct RegionHit {
  std::string path;  // '' when ambiguous
  std::string name;
  int level = 0;
  std::vector<std::string> candidates;  // when ambiguous: codes in use that stand for it
};
// Codes must be normalised. A code below a retired county is looked for below its one successor.
// Codes that are not known are missing from the result. Three queries at most.
absl::StatusOr<std::map<std::string, RegionHit>> LookupRegions(
    mysql::Executor& db, const std::vector<std::string>& codes);

absl::StatusOr<std::optional<RegionRow>> FindRegion(mysql::Executor& db, const std::string& code);
struct RegionQuery {
  std::string parent_code;
  int level = 0;  // 0: children; else everything of this level below the parent
  bool retired = false;
  std::string after_code;
  int after_end_year = -1;
  int limit = 100;
};
absl::StatusOr<std::vector<RegionRow>> ListRegions(mysql::Executor& db, const RegionQuery& query);
// Every row; for the matcher of names and for snapshots (after: id).
absl::StatusOr<std::vector<RegionRow>> LoadRegions(mysql::Executor& db);
absl::StatusOr<std::vector<RegionRow>> ListRegionsById(mysql::Executor& db, const Ulid& after,
                                                       int limit);
// By (code, end_year), of the rows that exist.
absl::StatusOr<std::vector<RegionRow>> LoadRegionsByCode(mysql::Executor& db,
                                                         const std::vector<std::string>& codes);
absl::Status UpsertRegions(mysql::Tx& tx, const std::vector<RegionRow>& rows);
// Recomputes region_path of retired rows from their successors; gives the rows that changed.
absl::StatusOr<std::vector<RegionRow>> RefreshRetiredPaths(mysql::Tx& tx);
// Ends the codes in use under one path that have a code in use under the other to go over into;
// gives their rows as they are now. A code that is known to have ended keeps the row that says so.
absl::StatusOr<std::vector<RegionRow>> RetireRegions(mysql::Tx& tx, const std::string& from,
                                                     const std::string& to, int year);
// Number and sum of versions: changes whenever a region does.
absl::StatusOr<std::pair<int64_t, int64_t>> RegionStamp(mysql::Executor& db);
// Names along the path, from the city on: 赣州市会昌县小密乡. Keyed by path.
absl::StatusOr<std::map<std::string, std::string>> RegionNames(
    mysql::Executor& db, const std::vector<std::string>& paths);

// --- Organisations

struct OrganisationRow {
  Ulid id;
  std::string org_code, name;
  int org_type = 0;
  std::string region_code, region_path, uscc;
  std::vector<std::string> clauses;
  std::string department_code;
  bool is_active = true;
  int64_t version = 1;
};
absl::StatusOr<std::optional<OrganisationRow>> FindOrganisation(mysql::Executor& db,
                                                                const std::string& org_code);
struct OrganisationQuery {
  std::string region_path;
  int org_type = 0;
  std::string clause;
  std::string after_path, after_code;
  int limit = 100;
};
absl::StatusOr<std::vector<OrganisationRow>> ListOrganisations(mysql::Executor& db,
                                                               const OrganisationQuery& query);
absl::StatusOr<std::vector<OrganisationRow>> ListOrganisationsById(mysql::Executor& db,
                                                                   const Ulid& after, int limit);
absl::Status UpsertOrganisations(mysql::Tx& tx, const std::vector<OrganisationRow>& rows);
// Adds those whose org_code is not there yet.
absl::Status AddOrganisations(mysql::Tx& tx, const std::vector<OrganisationRow>& rows);

// --- Codes

struct CodeRow {
  std::string list, code, name_zh, description_zh;
  std::vector<std::pair<std::string, std::string>> attributes;
  int sort = 0;
  std::optional<absl::CivilDay> valid_from, valid_to;
  int64_t version = 0;
  bool unconfirmed = false;

  std::string Attribute(std::string_view name) const;
  bool ValidOn(absl::CivilDay day) const {
    return (!valid_from || *valid_from <= day) && (!valid_to || day <= *valid_to);
  }
};
using CodeKey = std::pair<std::string, std::string>;  // list, code
// Those of the keys that exist.
absl::StatusOr<std::map<CodeKey, CodeRow>> LookupCodes(mysql::Executor& db,
                                                       const std::vector<CodeKey>& keys);
absl::StatusOr<std::vector<CodeRow>> ListCodes(mysql::Executor& db, const std::string& list);
absl::StatusOr<std::vector<CodeRow>> LoadCodes(mysql::Executor& db);
struct CodeListRow {
  std::string list, name_zh;
  int64_t version = 0;
  int64_t codes = 0;
};
absl::StatusOr<std::vector<CodeListRow>> ListCodeLists(mysql::Executor& db);
// Raises the version of each list (made when new) under its row lock and writes the rows with it.
absl::Status UpsertCodes(mysql::Tx& tx, std::vector<CodeRow>* rows);

struct ParameterRow {
  std::string code, name_zh;
  int64_t value = 0;
  std::string unit;
  int day_kind = 0;
  bool unconfirmed = false;
  int64_t version = 0;
};
absl::StatusOr<std::vector<ParameterRow>> ListParameters(mysql::Executor& db);
// The first year that the survey reaches back to (INVENTORY_SCOPE_START_YEAR).
absl::StatusOr<int64_t> ScopeStartYear(mysql::Executor& db);
absl::StatusOr<std::optional<ParameterRow>> FindParameter(mysql::Executor& db,
                                                          const std::string& code);
// The parameter's value, or `otherwise` when there is none.
absl::StatusOr<int64_t> ParameterValue(mysql::Executor& db, const std::string& code,
                                       int64_t otherwise);
// Where the version is row.version - 1; ABORTED ETAG_MISMATCH otherwise.
absl::Status UpdateParameter(mysql::Tx& tx, const ParameterRow& row);

struct FundSourceDepartmentRow {
  Ulid id;
  DepartmentRule rule;
  bool unconfirmed = false;
  int64_t version = 1;
};
absl::StatusOr<std::vector<FundSourceDepartmentRow>> ListFundSourceDepartments(mysql::Executor& db);
absl::Status InsertFundSourceDepartment(mysql::Tx& tx, const FundSourceDepartmentRow& row);
absl::Status UpdateFundSourceDepartment(mysql::Tx& tx, const FundSourceDepartmentRow& row);

// --- Taxonomy

struct CategoryRow {
  std::string taxonomy_version, code, name;
  int level = 0;  // 1 major, 2 speciality, 3 chain link
  std::string parent_code;
  std::vector<std::string> applicable_links;
  int cultivation_months = 0;
  std::vector<std::string> maps_from;
  bool unconfirmed = false;
  friend bool operator==(const CategoryRow&, const CategoryRow&) = default;
};
struct TaxonomyRow {
  std::string taxonomy_version, name;
  std::optional<absl::CivilDay> valid_from;
  bool is_current = false;
  int64_t majors = 0, specialities = 0, chain_links = 0;
};
absl::StatusOr<std::vector<TaxonomyRow>> ListTaxonomies(mysql::Executor& db);
absl::StatusOr<std::string> CurrentTaxonomy(mysql::Executor& db);
// Empty version: every version.
absl::StatusOr<std::vector<CategoryRow>> LoadCategories(mysql::Executor& db,
                                                        const std::string& version);
// Those of a version that exist among the codes, and those above them.
absl::StatusOr<std::map<std::string, CategoryRow>> LookupCategories(
    mysql::Executor& db, const std::string& version, const std::set<std::string>& codes);
absl::Status UpsertCategories(mysql::Tx& tx, const std::vector<CategoryRow>& rows);
absl::Status AddTaxonomy(mysql::Tx& tx, const std::string& version, const std::string& name);
absl::Status SetCurrentTaxonomy(mysql::Tx& tx, const std::string& version);

// --- Calendar

struct WorkDayRow {
  absl::CivilDay day;
  bool is_working = true;
  std::string source;
};
absl::StatusOr<std::vector<WorkDayRow>> ListWorkDays(mysql::Executor& db, absl::CivilDay from,
                                                     absl::CivilDay to);
absl::Status UpsertWorkDays(mysql::Tx& tx, const std::vector<WorkDayRow>& rows);
// The days from `from` on for about two years, and the years of which something was imported.
absl::StatusOr<WorkCalendar> LoadCalendar(mysql::Executor& db, absl::CivilDay from);
// The days of these years, both among them.
absl::StatusOr<WorkCalendar> LoadCalendarOf(mysql::Executor& db, absl::civil_year_t first,
                                            absl::civil_year_t last);

// A stable id for reference rows that have none of their own, for audit and feed: from their key.
Ulid IdOfKey(std::string_view kind, std::string_view key);

}  // namespace bangfu::registry

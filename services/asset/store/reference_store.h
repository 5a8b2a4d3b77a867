// Read copies of the registry's records, and what is looked up in them.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"
#include "common/workflow/calendar.h"

namespace bangfu::asset::store {

struct RegionCopy {
  std::string code;
  std::string name;
  std::string short_name;
  std::string region_path;  // today's; empty: only a township decides
  std::string parent_code;
  int level = 0;           // bangfu::RegionLevel
  int start_year = 0;      // 0: not known
  int end_year = 0;        // 0: in use
  std::string successors;  // "360482[2010];360483"
  bool is_extension = false;
};
struct CodeCopy {
  std::string list;
  std::string code;
  std::string name_zh;
  bool is_public = false;
  bool valid = true;
};
struct ProjectCopy {
  Ulid id;
  std::string project_code;
  std::string name;
  std::string region_path;
  int state = 0;  // registry.v1.ProjectState
  bool is_void = false;
  std::optional<absl::CivilDay> planting_date;
  std::string industry_code;
  std::vector<std::string> external_ids;  // written, not read back
  // What an asset's registration is offered.
  std::optional<Ulid> operator_id;
  int32_t latitude_e7 = 0, longitude_e7 = 0;
  std::vector<std::pair<std::string, int64_t>> funding;  // exact amounts in fen by source
  std::vector<std::string> fund_sources;                 // all that it declares, exact or not
  std::string planned_owner;
  // What a link with households is offered; nullopt: the project does not say.
  std::vector<std::string> linkage_modes;
  std::optional<int64_t> households, poor_households, monitored_households;
};
struct OperatorCopy {
  std::string uscc;
  Ulid id;
  std::string name;
  bool in_good_standing = true;
  bool qualified = true;
  std::optional<absl::CivilDay> qualification_ends;
};
struct IndustryCopy {
  std::string taxonomy_version;
  std::string code;
  int64_t cultivation_months = 0;
  std::string parent_code;  // empty: none is above it
};

// Of each code the bearer of today, or else the last one (TakesOver).
absl::Status PutRegions(mysql::Tx& tx, const std::vector<RegionCopy>& rows);
absl::Status PutCodes(mysql::Tx& tx, const std::vector<CodeCopy>& rows);
// By code.
absl::Status PutParameters(mysql::Tx& tx, const std::map<std::string, int64_t>& values);
absl::Status PutProjects(mysql::Tx& tx, const std::vector<ProjectCopy>& rows, int64_t generation);
absl::Status PutOperators(mysql::Tx& tx, const std::vector<OperatorCopy>& rows, int64_t generation);
absl::Status PutIndustries(mysql::Tx& tx, const std::vector<IndustryCopy>& rows);
// Whether it is a working day, by day.
absl::Status PutWorkDays(mysql::Tx& tx, const std::map<absl::CivilDay, bool>& days);

// Today's path of a region code; nullopt: unknown, empty: not decided.
absl::StatusOr<std::optional<std::string>> RegionPath(mysql::Executor& db, const std::string& code);
// `otherwise` while the registry has not told of it.
absl::StatusOr<int64_t> ParameterOf(mysql::Executor& db, const std::string& code,
                                    int64_t otherwise);
struct ParameterDef {
  const char* code;
  int64_t fallback;  // while the registry has not told of it; 待省厅确认
};
// In the order asked for; one query.
absl::StatusOr<std::vector<int64_t>> ParametersOf(mysql::Executor& db,
                                                  const std::vector<ParameterDef>& parameters);
// The registry's work calendar of these years, both included.
absl::StatusOr<workflow::Calendar> WorkCalendar(mysql::Executor& db, absl::civil_year_t first,
                                                absl::civil_year_t last);
absl::StatusOr<std::vector<RegionCopy>> AllRegions(mysql::Executor& db);
absl::StatusOr<std::optional<OperatorCopy>> FindOperator(mysql::Executor& db, const Ulid& id);
// Codes of one list that are valid.
absl::StatusOr<std::map<std::string, CodeCopy>> CodesOf(mysql::Executor& db,
                                                        const std::string& list);
absl::StatusOr<std::vector<ProjectCopy>> FindProjects(mysql::Executor& db,
                                                      const std::vector<Ulid>& ids);
// By code or by number in another system: (what was asked, project). Several projects of one name
// are all given.
absl::StatusOr<std::vector<std::pair<std::string, ProjectCopy>>> FindProjectsByKey(
    mysql::Executor& db, const std::vector<std::string>& keys);
// Copies that the last snapshot no longer had.
absl::Status VoidOlderProjects(mysql::Tx& tx, int64_t generation);
// Of these projects, those that have facts.
absl::StatusOr<std::vector<Ulid>> ProjectsWithFacts(mysql::Executor& db,
                                                    const std::vector<Ulid>& ids);
// Cultivation months of an industry in the newest version that names it; 0: none.
absl::StatusOr<int64_t> CultivationMonths(mysql::Executor& db, const std::string& industry_code);
// The industry and those above it, in any version of the taxonomy; nothing while the copies do not
// say what is above one of them.
absl::StatusOr<std::vector<std::string>> WithParents(mysql::Executor& db,
                                                     const std::string& industry_code);

}  // namespace bangfu::asset::store

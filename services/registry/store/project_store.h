// Projects and the rows beside them: funding, regions, content items, external ids, search grams.
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
#include "absl/time/time.h"
#include "common/base/ulid.h"
#include "common/external/external_ids.h"
#include "common/mysql/session.h"
#include "services/registry/store/record_table.h"
#include "services/registry/store/scope.h"

namespace bangfu::registry {

// Projects among those who bear numbers in other systems.
inline constexpr char kProjectExternal[] = "project";

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
  std::vector<external::Number> external_ids;
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
// The code of a project that is not void and names the operator; empty: none does.
absl::StatusOr<std::string> FindProjectOfOperator(mysql::Executor& db, const Ulid& operator_id);
// The code of one, wherever it lies, whose record names this id of `table` (of a helper, of a short
// board), those of the county of `region_path` first. Empty: none does. Nothing is searched for
// what no project ever named (RecordTable::EverNamed); for what was named once and is no more,
// every record is read: for what is rarely asked.
absl::StatusOr<std::string> FindProjectNaming(mysql::Executor& db, const RecordTable& table,
                                              const Ulid& id, const std::string& region_path);
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

}  // namespace bangfu::registry

// How projects are checked and written, one or five hundred at a time: the handlers and the import
// go the same way. All lookups of a batch are a handful of queries, and so are all its writes.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bangfu/registry/v1/project.pb.h"
#include "common/audit/service.h"
#include "common/auth/caller.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"
#include "services/registry/store/campaign_store.h"
#include "services/registry/store/code_list_store.h"
#include "services/registry/store/project_store.h"
#include "services/registry/store/region_store.h"
#include "services/registry/store/taxonomy_store.h"
#include "services/registry/store/unit_report_store.h"

namespace bangfu::registry {

// On whose behalf records are written; what audit rows say.
struct Author {
  const auth::Caller& caller;
  std::vector<auth::Role> roles;  // under which the caller acts
  std::string action;             // "ProjectService.RegisterProject"
  std::string request_id;
  absl::Time now;
  UlidGenerator& ids;
};

// What the checks of a batch need to know, read once.
struct ProjectReferences {
  absl::Time now;
  int64_t scope_start_year = 0;              // 脱贫攻坚以来
  std::map<std::string, RegionHit> regions;  // by normalised code
  std::map<CodeKey, CodeRow> codes;
  std::string taxonomy_version;
  // Of the current taxonomy: those that the projects name, and those above them.
  std::map<std::string, CategoryRow> categories;
  std::set<std::string> operators, helpers, short_boards;  // ids that exist
  std::map<std::string, OpenUnit> open_units;              // of lead and covered villages, by path
  std::map<Ulid, CampaignRef> campaigns;
  std::map<external::Number, Ulid> external_ids;
};
absl::StatusOr<ProjectReferences> LoadProjectReferences(
    mysql::Executor& db, const std::vector<const v1::Project*>& projects, absl::Time now);

// The lead region of a project and those that it covers, in today's paths.
std::set<std::string> RegionsOf(const v1::Project& project);
// The open report that decides when a project may be changed: its lead village's; for a project of
// a township or county, which has none of its own, that of the first village that it covers.
// nullptr: none is open.
const OpenUnit* LeadUnit(const std::map<std::string, OpenUnit>& open_units,
                         const v1::Project& project);

// Today's path of a code as filed; empty when it is not known or has several successors.
std::string PathOf(const ProjectReferences& references, const std::string& region_code);

struct ProjectCheckOptions {
  // Where the caller may write.
  auth::RegionScope scope;
  // 3 county, 4 township, 5 village (domain/project.h).
  int editor_level = 5;
  // A registration of existing stock, or a change of what is there.
  bool registering = true;
  // Whose external ids may be found: the project's own id when it changes.
  std::optional<Ulid> own_id;
  // Ids of its content items before the change.
  std::set<std::string> own_items;
  v1::DataQuality data_quality = v1::DATA_QUALITY_SELF_REPORTED;
};
// Checks everything that a project must hold and fills what the server sets (paths, sums, versions,
// defaults, campaign). What is wrong comes back all at once where it is of one kind; kinds in the
// order FIELD_INVALID, REGION_UNKNOWN / REGION_AMBIGUOUS, NOT_FOUND outside the scope,
// CODE_UNKNOWN, LEGACY_STATE_NOT_ALLOWED, OUT_OF_SCOPE, CAMPAIGN_NOT_OPEN, REPORT_LOCKED,
// EXTERNAL_ID_TAKEN.
absl::Status CheckProject(const ProjectReferences& references, const ProjectCheckOptions& options,
                          UlidGenerator& ids, v1::Project* project);

// Whether a field that the county has verified differs (IsVerifiedField).
bool VerifiedFieldChanged(const v1::Project& before, const v1::Project& after);

// The level at which the caller edits what is of `thing` in a region, by its grants of `roles`
// there: the village's where it has none, as who only reaches in from elsewhere decides nothing.
int EditorLevelAt(const auth::Caller& caller, const std::vector<auth::Role>& roles,
                  std::string_view region_path, const auth::Facets& thing);
// Whether the villages that a project (checked) comes to cover take it in. A report that was
// submitted is opened again only by who edits at that level in its own village, wherever the
// project is led from: REPORT_LOCKED, at project.covered_regions. `before` null: a registration.
// WriteProjects does the same under the reports' locks, for a batch as a whole.
absl::Status CheckCoveredVillages(const ProjectReferences& references, const auth::Caller& caller,
                                  const std::vector<auth::Role>& roles, const v1::Project* before,
                                  const v1::Project& project);

struct ProjectChange {
  v1::Project project;                // checked; `id` set by the caller (or empty: a new one)
  std::optional<v1::Project> before;  // of a change; nullopt: a registration
  int editor_level = 5;               // at its lead region
  std::string reason;
};
// Writes checked projects in `tx` with their industries, codes, audit rows and events, and with the
// monthly reports that wait where other projects run than before; fills id, project_code,
// industry_id, etag and audit fields. Changed rows must be locked (LockProjects) and `before.etag`
// their version. The reports of its villages, lead and covered, are locked before anything is
// written: each that gets the project as a new subject is opened again, where the author may do so
// there. Reports are locked by id, but after the projects, whereas the steps of a
// report lock it and then its projects: two that meet crosswise are a deadlock, and one of them
// runs again (mysql::Transact).
// Errors: REPORT_LOCKED when a report moved on; ALREADY_EXISTS EXTERNAL_ID_TAKEN.
absl::Status WriteProjects(mysql::Tx& tx, const Author& author, const ProjectReferences& references,
                           std::vector<ProjectChange>* changes);

// The contract's project of a row: the record with what columns decide.
v1::Project ProjectOf(const ProjectRow& row);
// As every answer shows it: contact data is masked.
v1::Project Masked(v1::Project project);
// The contact data of a project, for the one rpc that records who looks.
audit::SensitiveRecord SensitiveProjects();
// As other systems and the audit see it: without contact data and allowed actions.
v1::Project PublicProject(v1::Project project);

}  // namespace bangfu::registry

// What a project must hold before it is written, and what a batch of projects needs to know for
// that: all lookups of one are a handful of queries.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bangfu/registry/v1/project.pb.h"
#include "common/auth/caller.h"
#include "common/base/ulid.h"
#include "common/external/external_ids.h"
#include "common/mysql/session.h"
#include "services/registry/domain/project.h"
#include "services/registry/store/campaign_store.h"
#include "services/registry/store/code_list_store.h"
#include "services/registry/store/project_store.h"
#include "services/registry/store/region_store.h"
#include "services/registry/store/taxonomy_store.h"
#include "services/registry/store/unit_report_store.h"

namespace bangfu::registry {

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

// The region of a code as filed; nullptr: there is none.
const RegionHit* HitOf(const ProjectReferences& references, const std::string& code);
// Of each declared fund: its exact amount, where it has one, and whether its source is public
// today.
std::vector<FundingFact> FundingFacts(const ProjectReferences& references, const v1::Project& p);

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

absl::Status ExternalIdTaken();

}  // namespace bangfu::registry

// Counts over reports and projects, as they stand or as they stood, and reports past their day.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"
#include "services/registry/domain/inventory.h"
#include "services/registry/store/scope.h"

namespace bangfu::registry {

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
// before an instant, and not void by then, as they stood then.
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

}  // namespace bangfu::registry

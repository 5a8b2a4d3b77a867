// Where a project lies, whose reports that concerns, and who may change it there.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "bangfu/registry/v1/project.pb.h"
#include "common/auth/caller.h"
#include "services/registry/api/project_checks.h"
#include "services/registry/store/unit_report_store.h"

namespace bangfu::registry {

// The lead region of a project and those that it covers, in today's paths.
std::set<std::string> RegionsOf(const v1::Project& project);
// The open report that decides when a project may be changed: its lead village's; for a project of
// a township or county, which has none of its own, that of the first village that it covers.
// nullptr: none is open.
const OpenUnit* LeadUnit(const std::map<std::string, OpenUnit>& open_units,
                         const v1::Project& project);

// Where a project lay before a change, in today's codes: a village that was merged since is no
// other one.
std::set<std::string> RegionsBefore(const ProjectReferences& references, const v1::Project& before);

// Today's path of a code as filed; empty when it is not known or has several successors.
std::string PathOf(const ProjectReferences& references, const std::string& region_code);

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

// The refusal of a report that a project would come into from elsewhere.
absl::Status CoveredVillageLocked(const absl::Status& refused, const std::string& village);

}  // namespace bangfu::registry

#include "services/registry/api/project_villages.h"

#include <algorithm>
#include <utility>

#include "common/base/region.h"
#include "common/workflow/proto.h"
#include "services/registry/api/convert.h"
#include "services/registry/api/grant_scope.h"
#include "services/registry/domain/inventory.h"
#include "services/registry/domain/project_actions.h"

namespace bangfu::registry {

std::set<std::string> RegionsBefore(const ProjectReferences& references,
                                    const v1::Project& before) {
  std::set<std::string> paths = {before.region_path()};
  for (const v1::CoveredRegion& c : before.covered_regions()) {
    std::string path = PathOf(references, c.region_code());
    paths.insert(path.empty() ? c.region_path() : std::move(path));
  }
  return paths;
}

absl::Status CoveredVillageLocked(const absl::Status& refused, const std::string& village) {
  const ErrorDetail detail = GetErrorDetail(refused);
  const std::string zh = Cat("覆盖的村（", village, "）：", detail.message_zh);
  return Error(refused.code(), detail.reason)
      .Zh(zh)
      .With("region_code", village)
      .Field("project.covered_regions", zh);
}

int EditorLevelAt(const auth::Caller& caller, const std::vector<auth::Role>& roles,
                  std::string_view region_path, const auth::Facets& thing) {
  workflow::Actor actor = workflow::ActorAt(caller, region_path, thing);
  std::erase_if(actor.roles, [&](workflow::RoleId role) {
    return std::none_of(roles.begin(), roles.end(),
                        [&](auth::Role r) { return static_cast<int>(r) == role; });
  });
  return EditorLevel(actor);
}

absl::Status CheckCoveredVillages(const ProjectReferences& references, const auth::Caller& caller,
                                  const std::vector<auth::Role>& roles, const v1::Project* before,
                                  const v1::Project& project) {
  std::set<std::string> there = {project.region_path()};
  if (before != nullptr) there.merge(RegionsBefore(references, *before));
  const auth::Facets thing = FacetsOf(project, references.categories);
  for (const std::string& path : RegionsOf(project)) {
    const auto unit = references.open_units.find(path);
    if (unit == references.open_units.end() || there.count(path) > 0) continue;
    const absl::Status window =
        CheckEditWindow(unit->second.window, EditorLevelAt(caller, roles, path, thing));
    if (!window.ok()) return CoveredVillageLocked(window, path);
  }
  return absl::OkStatus();
}

const OpenUnit* LeadUnit(const std::map<std::string, OpenUnit>& open_units,
                         const v1::Project& project) {
  const auto find = [&](const std::string& path) {
    const auto found = open_units.find(path);
    return found == open_units.end() ? nullptr : &found->second;
  };
  if (const OpenUnit* unit = find(project.region_path())) return unit;
  if (LevelOfRegion(project.region_path()) == RegionLevel::kVillage) return nullptr;
  // The first village inside the lead region, else the first of all.
  const OpenUnit* other = nullptr;
  for (const std::string& path : RegionsOf(project)) {
    const OpenUnit* unit = find(path);
    if (unit == nullptr) continue;
    if (RegionContains(project.region_path(), path)) return unit;
    if (other == nullptr) other = unit;
  }
  return other;
}

std::set<std::string> RegionsOf(const v1::Project& project) {
  std::set<std::string> paths = {project.region_path()};
  for (const v1::CoveredRegion& c : project.covered_regions()) paths.insert(c.region_path());
  return paths;
}

std::string PathOf(const ProjectReferences& references, const std::string& region_code) {
  const RegionHit* hit = HitOf(references, region_code);
  return hit == nullptr ? std::string() : hit->path;
}

}  // namespace bangfu::registry

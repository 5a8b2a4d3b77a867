#include "common/auth/caller.h"

#include <algorithm>

#include "common/base/region.h"

namespace bangfu::auth {
namespace {

bool Holds(const Grant& grant, const std::vector<Role>& roles) {
  return roles.empty() || std::find(roles.begin(), roles.end(), grant.role) != roles.end();
}

}  // namespace

const Grant* Caller::Find(const std::vector<Role>& roles, std::string_view region_path) const {
  const Grant* lent = nullptr;
  for (const Grant& grant : grants) {
    // A grant without a region holds nowhere: an empty prefix would hold everywhere.
    if (!grant.region_path.empty() && Holds(grant, roles) &&
        RegionContains(grant.region_path, region_path)) {
      if (grant.delegated_by.empty()) return &grant;
      if (lent == nullptr) lent = &grant;
    }
  }
  return lent;
}

bool Caller::May(const std::vector<Role>& roles, std::string_view region_path) const {
  return Find(roles, region_path) != nullptr;
}

RegionScope Caller::Scope(const std::vector<Role>& roles) const {
  RegionScope all;
  for (const Grant& grant : grants) {
    if (!grant.region_path.empty() && Holds(grant, roles)) all.push_back(grant.region_path);
  }
  std::sort(all.begin(), all.end());
  RegionScope scope;
  for (std::string& path : all) {
    // In sorted order a prefix comes before everything inside it.
    if (scope.empty() || !RegionContains(scope.back(), path)) scope.push_back(std::move(path));
  }
  return scope;
}

bool InScope(const RegionScope& scope, std::string_view region_path) {
  return std::any_of(scope.begin(), scope.end(), [&](const std::string& prefix) {
    return RegionContains(prefix, region_path);
  });
}

}  // namespace bangfu::auth

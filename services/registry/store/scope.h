// Regions that a query may see, as prefixes of region_path (auth::RegionScope without the
// contract).
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "common/base/region.h"

namespace bangfu::registry {

using RegionScope = std::vector<std::string>;

// Whether the scope sees a region.
inline bool InScope(const RegionScope& scope, const std::string& region_path) {
  return std::any_of(scope.begin(), scope.end(), [&](const std::string& prefix) {
    return RegionContains(prefix, region_path);
  });
}

// The prefixes of `scope` cut to `region_path` (a filter inside what the caller may see); an empty
// path leaves the scope as it is. Empty: nothing is visible.
inline RegionScope Narrow(const RegionScope& scope, const std::string& region_path) {
  if (region_path.empty()) return scope;
  RegionScope out;
  for (const std::string& prefix : scope) {
    if (region_path.compare(0, prefix.size(), prefix) == 0) return {region_path};
    if (prefix.compare(0, region_path.size(), region_path) == 0) out.push_back(prefix);
  }
  return out;
}

}  // namespace bangfu::registry

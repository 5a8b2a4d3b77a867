// Regions in the feed.
#pragma once

#include <cstddef>
#include <vector>

#include "absl/status/status.h"
#include "common/rpc/mutation.h"
#include "services/registry/store/region_store.h"

namespace bangfu::registry {

// States in one event.
inline constexpr size_t kEventRegions = 500;

// Regions go into the feed in events of five hundred states: the province has twenty thousand.
absl::Status PublishRegions(rpc::Mutation& m, const std::vector<RegionRow>& rows);

}  // namespace bangfu::registry

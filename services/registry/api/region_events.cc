#include "services/registry/api/region_events.h"

#include <algorithm>

#include "bangfu/registry/v1/events.pb.h"
#include "common/status/macros.h"
#include "services/registry/api/reference_messages.h"

namespace bangfu::registry {

absl::Status PublishRegions(rpc::Mutation& m, const std::vector<RegionRow>& rows) {
  for (size_t begin = 0; begin < rows.size(); begin += kEventRegions) {
    v1::RegionsChanged event;
    const size_t end = std::min(rows.size(), begin + kEventRegions);
    for (size_t i = begin; i < end; ++i) *event.add_regions() = RegionMessage(rows[i]);
    RETURN_IF_ERROR(m.Publish("region_batch", rows[begin].id, "", event));
  }
  return absl::OkStatus();
}

}  // namespace bangfu::registry

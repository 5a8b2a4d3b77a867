// What the inventory commands look up, for the walkthrough as well.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "bangfu/registry/v1/inventory_service.pb.h"
#include "services/ctl/context.h"

namespace bangfu::ctl {

// The open campaign that covers a region, else the newest.
absl::StatusOr<std::string> CurrentCampaign(Context& context, const std::string& region);
// The report of one village in a campaign.
absl::StatusOr<registry::v1::InventoryUnitReport> FindUnit(Context& context,
                                                           const std::string& campaign,
                                                           const std::string& village);
std::string RenderCompleteness(const registry::v1::GetCompletenessResponse& response);

}  // namespace bangfu::ctl

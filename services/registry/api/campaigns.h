// Campaigns as the contract shows them, for the rpcs and for the work that opens one.
#pragma once

#include "bangfu/registry/v1/inventory.pb.h"
#include "services/registry/store/campaign_store.h"

namespace bangfu::registry::inventory {

// The operation that OpenCampaign starts; its request is the rpc's.
inline constexpr char kOpenCampaignKind[] = "open_campaign";
// The operation that clears the inbox after CloseCampaign; its request is the rpc's.
inline constexpr char kCloseCampaignKind[] = "close_campaign";

v1::InventoryCampaign CampaignMessage(const CampaignRow& row);
// Puts the message into the row's record; the columns are the caller's.
void StoreCampaign(const v1::InventoryCampaign& message, CampaignRow* row);

}  // namespace bangfu::registry::inventory

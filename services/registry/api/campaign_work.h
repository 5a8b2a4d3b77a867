// Campaigns (摸排批次) in the inbox: one that is planned waits to be opened, an open one of which
// the province has confirmed every report waits to be closed.
#pragma once

#include <set>
#include <vector>

#include "absl/status/status.h"
#include "common/base/ulid.h"
#include "common/inbox/inbox.h"
#include "common/inbox/recount.h"

namespace bangfu::registry {

std::vector<inbox::Kind> CampaignKinds();

// Makes the open items of the campaigns what their states and reports ask for. After a step of a
// campaign, and after reports became confirmed or left that state: two that do so at once wait for
// each other here.
absl::Status SyncCampaigns(mysql::Tx& tx, const std::set<Ulid>& ids, const inbox::Act& act);

// Campaigns that are not closed, for the recount.
inbox::Source CampaignSource();

}  // namespace bangfu::registry

// Steps of an inventory campaign (摸排批次).
#pragma once

#include <cstdint>
#include <string>

#include "common/workflow/workflow.h"

namespace bangfu::registry {

// Numbers of bangfu.registry.v1.CampaignState.
enum class CampaignState : int {
  kUnspecified = 0,
  kPlanned = 1,
  kOpen = 2,
  kClosed = 3,
  kOpening = 4
};
std::string CampaignStateLabel(CampaignState state);

struct CampaignSubject {
  CampaignState state = CampaignState::kPlanned;
  // Villages whose report the county has not verified; what a close without force waits for.
  int64_t pending = 0;
  bool force = false;
};

// Actions: open (the reports are then made in small steps: OPENING until all are there), close. A
// close refuses with UNITS_PENDING, with the number in metadata `pending`, and with
// CAMPAIGN_OPENING while reports are being made; by force it is done all the same.
const workflow::Table<CampaignState, CampaignSubject>& CampaignTransitions();

}  // namespace bangfu::registry

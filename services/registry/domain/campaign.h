// Steps of an inventory campaign (摸排批次).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/workflow/work.h"
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
  // Villages whose verified report a sample could be drawn from, of those that the caller sees.
  int64_t verified = 0;
};

// Actions: open (the reports are then made in small steps: OPENING until all are there), close,
// draw_sample, confirm. A
// close refuses with UNITS_PENDING, with the number in metadata `pending`, and with
// CAMPAIGN_OPENING while reports are being made; by force it is done all the same. draw_sample and
// confirm are done for a region of the campaign, and leave it open; what stands in the way in that
// region is the rpc's to say.
const workflow::Table<CampaignState, CampaignSubject>& CampaignTransitions();
// Those that are somebody's work on the campaign as a whole.
const std::vector<workflow::Work>& CampaignWorks();

}  // namespace bangfu::registry

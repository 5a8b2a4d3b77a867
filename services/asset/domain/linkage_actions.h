// Steps of a link with households (利益联结).
#pragma once

#include "common/workflow/workflow.h"

namespace bangfu::asset {

// By its last day and the day of asking.
enum class LinkageState { kRunning, kEnded };

using LinkageTable = workflow::Table<LinkageState, LinkageState>;
// update_counts and end, of one that is over LINKAGE_ENDED; record_income, of its months at any
// time.
const LinkageTable& Linkages();

}  // namespace bangfu::asset

// Steps of the records of an industry that have states: leading industries and brands.
#pragma once

#include "common/workflow/workflow.h"

namespace bangfu::registry {

enum class LeadingState { kSelected, kWithdrawn };
// Actions: withdraw.
const workflow::Table<LeadingState, LeadingState>& LeadingTransitions();

enum class BrandState { kRegistered, kEnded };
// Actions: end.
const workflow::Table<BrandState, BrandState>& BrandTransitions();

}  // namespace bangfu::registry

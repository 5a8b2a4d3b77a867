// Steps of a short board (短板).
#pragma once

#include <vector>

#include "common/workflow/work.h"
#include "common/workflow/workflow.h"

namespace bangfu::registry {

// kVoid: open, but of a project that is void.
enum class ShortBoardState { kOpen, kCompleted, kVoid };

// Actions: complete. Of a completed one: SHORT_BOARD_CLOSED; of a void project's: PROJECT_VOID.
const workflow::Table<ShortBoardState, ShortBoardState>& ShortBoardTransitions();
// The actions that are somebody's work.
const std::vector<workflow::Work>& ShortBoardWorks();

}  // namespace bangfu::registry

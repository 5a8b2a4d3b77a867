// Steps of a short board (短板).
#pragma once

#include <vector>

#include "common/workflow/work.h"
#include "common/workflow/workflow.h"

namespace bangfu::registry {

// kOfVoidProject: open, but of a project that is void.
enum class ShortBoardState { kOpen, kCompleted, kOfVoidProject, kVoid };

// Actions: complete, void. Of a completed one complete is SHORT_BOARD_CLOSED; of a void project's
// both are PROJECT_VOID, of a void one RECORD_VOID.
const workflow::Table<ShortBoardState, ShortBoardState>& ShortBoardTransitions();
// The actions that are somebody's work.
const std::vector<workflow::Work>& ShortBoardWorks();

}  // namespace bangfu::registry

// What of the evaluation's tables follows a region that gets another code. Subjects and what hangs
// on them move with the states of their projects and industries (move_store.h).
#pragma once

#include "common/recode/tables.h"

namespace bangfu::evaluation {

recode::Part RegionPart();

}  // namespace bangfu::evaluation

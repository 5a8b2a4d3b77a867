// Flags in the inbox: those to answer, and those that were answered and are to be closed.
#pragma once

#include <vector>

#include "common/flag/flag.h"
#include "common/inbox/inbox.h"
#include "common/inbox/recount.h"
#include "common/workflow/work.h"

namespace bangfu::flag {

std::vector<inbox::Kind> WorkKinds();
// The actions of Transitions() that are somebody's work.
const std::vector<workflow::Work>& Works();

// Makes the open items of a flag, which is locked, what its state asks for.
absl::Status SyncWork(mysql::Tx& tx, const v1::RecordFlag& flag, const inbox::Act& act);

// Flags that are not closed, for the recount.
inbox::Source WorkSource();

}  // namespace bangfu::flag

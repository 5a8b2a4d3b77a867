// Report periods in the inbox: every step of a table that waits, from the freezing to the
// acceptance above, each signature an item of its own. Freezing, signing and submitting are due on
// the table's cut-off: what passes it is overdue there as the period is late (逾期), and is urged
// from above like any item.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "common/inbox/inbox.h"
#include "common/inbox/recount.h"
#include "common/period/service.h"

namespace bangfu::period {

std::vector<inbox::Kind> WorkKinds();
// The actions of Transitions() that are somebody's work; signatures are counted unit by unit.
const std::vector<workflow::Work>& Works();

// Makes the open items of the revision, which is locked or new, what its state asks for.
absl::Status SyncWork(mysql::Tx& tx, const ServiceOptions& options, const PeriodRow& row,
                      const inbox::Act& act);
// The same for the tables above that may be made of this region's: whether they can be submitted
// hangs on the states below. Locks them.
absl::Status SyncWorkAbove(mysql::Tx& tx, const ServiceOptions& options, const v1::Period& below,
                           const inbox::Act& act);

// The newest revisions, for the recount.
inbox::Source WorkSource(ServiceOptions options);

}  // namespace bangfu::period

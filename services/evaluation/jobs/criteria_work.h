// Criteria sets in the inbox: a draft waits for its second person.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "common/inbox/inbox.h"
#include "common/inbox/recount.h"
#include "services/evaluation/store/criteria_store.h"

namespace bangfu::evaluation {

std::vector<inbox::Kind> CriteriaKinds();

// Makes the open items of criteria sets (locked, or new in this transaction) what their states ask
// for.
absl::Status SyncCriteria(mysql::Tx& tx, const std::vector<CriteriaRow>& rows,
                          const inbox::Act& act);

// Every draft, for the recount.
inbox::Source CriteriaSource();

}  // namespace bangfu::evaluation

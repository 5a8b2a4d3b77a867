// A change of what chain links rest on is data for the county industries whose links they are.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "common/mysql/session.h"
#include "services/evaluation/jobs/outstanding_work.h"
#include "services/evaluation/store/link_store.h"

namespace bangfu::evaluation {

// Of these (as they were and as they are) the industries with a link that rests on one of them and
// whose latest evaluation lacked data are to be evaluated anew. After the other subjects of the
// transaction are locked.
absl::Status SupplyByBases(mysql::Tx& tx, const std::vector<LinkBasisRow>& changed,
                           OutstandingChanges* outstanding);

}  // namespace bangfu::evaluation

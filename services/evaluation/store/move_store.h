// Subjects whose region has another code now (区划调整): what hangs on them follows.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"

namespace bangfu::evaluation {

// Evaluations, arguments, appraisals, dispatch reports and ledger entries of each (locked) subject
// take the new path, and the roll-ups of the ledger move with them. A unit that has gained or lost
// rows has to sign anew: its hash is another one.
absl::Status MoveSubjects(mysql::Tx& tx,
                          const std::vector<std::pair<Ulid, std::string>>& subjects_to_paths);

}  // namespace bangfu::evaluation

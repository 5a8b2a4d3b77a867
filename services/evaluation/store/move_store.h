// Subjects whose region has another code now (区划调整): what hangs on them follows.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"

namespace bangfu::evaluation {

// Evaluations, arguments, appraisals, dispatch reports and ledger entries of each (locked) subject
// take the new path, and the roll-ups of the ledger move with them. A unit that has gained or lost
// rows has to sign anew: its hash is another one.
absl::Status MoveSubjects(mysql::Tx& tx,
                          const std::vector<std::pair<Ulid, std::string>>& subjects_to_paths);

// Income of households is kept by county: of each county (old -> new) that its last project has
// left, to be called when the subjects say so, the income goes where that one went, whole. Until
// then what the facts still tell follows its project in the night, and what they no longer reach
// back to stays, since nobody can tell it apart.
absl::Status MoveIncome(mysql::Tx& tx, const std::map<std::string, std::string>& counties,
                        absl::Time now);

}  // namespace bangfu::evaluation

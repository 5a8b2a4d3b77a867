// Report periods whose region got another code.
//
// What is signed does not move: from the freeze on, rows, units, components, hashes and signatures
// keep the codes of their day, as the table was sent in. Who may see or go on with it is judged by
// today's path (recode::TodaysPath, WithFormerPaths). A period that holds no rows yet takes the new
// code: its rows will.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "common/mysql/session.h"
#include "common/recode/tables.h"

namespace bangfu::period {

// Gives the periods that took the new code. Where the new region has its own of the same table and
// period, the old one stays.
absl::StatusOr<int64_t> MoveOpenPeriods(mysql::Tx& tx, const recode::Move& move);

}  // namespace bangfu::period

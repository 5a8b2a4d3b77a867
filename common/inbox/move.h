// Items whose region got another code: they lie on the desks of today's regions.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "common/mysql/session.h"
#include "common/recode/tables.h"

namespace bangfu::inbox {

// Open items take their desks along, under the new path; they keep their opening, term and urging.
// Gives the items. What has the region in the subject itself (a unit's signature, a village's
// month) is for its service to close and open before.
absl::StatusOr<int64_t> MoveRegion(mysql::Tx& tx, const recode::Move& move);

}  // namespace bangfu::inbox

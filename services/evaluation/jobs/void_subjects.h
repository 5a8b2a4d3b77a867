// Subjects that the registry has voided leave the ledger.
#pragma once

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"

namespace bangfu::evaluation {

// Closes the open entries of voided subjects (VOID) and voids the evaluation that is in force for
// each, with trail and events, in chunks. Nothing to do: nothing is written. Safe when repeated,
// and from several processes.
absl::Status LeaveVoidSubjects(mysql::Session& db, UlidGenerator& ids, absl::Time now);

}  // namespace bangfu::evaluation

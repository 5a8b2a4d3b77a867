// What a new schema starts with.
#pragma once

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"

namespace bangfu::evaluation {

// Puts the provincial baseline, version 1 (待省厅确认; without D5-04 as long as no service keeps
// warnings), in force for the province when it has no criteria set at all. Safe from several
// processes at once, and when repeated.
absl::Status SeedBaseline(mysql::Session& db, UlidGenerator& ids, absl::Time now);

}  // namespace bangfu::evaluation

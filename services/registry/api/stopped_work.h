// Long work of the registry that stopped and waits to be resumed: the opening of a campaign, and
// the clearing of one that is closed.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "common/inbox/stopped.h"
#include "common/mysql/session.h"

namespace bangfu::registry {

// Working days to go on with what stopped.
absl::StatusOr<int64_t> ResumeDays(mysql::Executor& db);

// Until the campaign is closed by force, which leaves nothing to be opened.
inbox::StoppedKind StoppedOpening();
inbox::StoppedKind StoppedClosing();

}  // namespace bangfu::registry

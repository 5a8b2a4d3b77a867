// Reference data that a migration changed, in the feed.
#pragma once

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/mysql/session.h"

namespace bangfu::registry {

// Publishes each code list, parameter and fund source's department whose version is another than
// when this published it last, as their handlers do: a migration has no event, and who has a copy
// takes no snapshot once it is level. So a migration that changes one counts its version up. Work
// days, the taxonomy and regions have no version of the row: what changes them is a call. What a
// handler told by itself is told once more after the next start, which changes no copy.
absl::Status PublishChangedReferences(mysql::Session& session, absl::Time now);

}  // namespace bangfu::registry

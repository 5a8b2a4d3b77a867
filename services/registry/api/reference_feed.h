// Reference data that a migration changed, in the feed.
#pragma once

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/mysql/session.h"

namespace bangfu::registry {

// Publishes each code list, parameter, fund source's department, version of the taxonomy and year
// of work days that is another than when this published it last, as their handlers do: a migration
// has no event, and who has a copy takes no snapshot once it is level. The first three go by their
// version, so a migration that changes one counts it up; the others by a digest of what they tell.
// Regions and organisations change by calls alone. What a handler told by itself is told once more
// after the next start, which changes no copy.
absl::Status PublishChangedReferences(mysql::Session& session, absl::Time now);

}  // namespace bangfu::registry

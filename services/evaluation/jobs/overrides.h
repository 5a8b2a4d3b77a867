// The night's look at human overrides (§4.7): those whose day has passed are due for re-evaluation,
// and a county that overrides too large a share is reported to its city.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/base/ulid.h"
#include "common/feed/outbox.h"
#include "common/mysql/session.h"

namespace bangfu::evaluation {

inline constexpr char kOverrideNoticeAggregate[] = "override_notice";

// Marks the entries, with trail and events. The class stays in the ledger, since nothing takes its
// place without a procedure; the mark goes with the next evaluation that comes into force. A second
// night changes nothing.
absl::Status ExpireOverrides(mysql::Session& db, UlidGenerator& ids, absl::Time now);
// Raises a notice where the share of classes in force that rest on an override is above
// OVERRIDE_SHARE_LIMIT_BP, and takes it back where it no longer is; silent while nothing changes.
absl::Status NoticeOverrideShares(mysql::Session& db, UlidGenerator& ids, absl::Time now);

// Pages of the feed's snapshot (Snapshots::Add).
absl::StatusOr<std::vector<feed::OutboxEvent>> PageOverrideNoticeEvents(
    mysql::Executor& db, const Ulid& after, int limit,
    const std::optional<std::vector<std::string>>& scope);

}  // namespace bangfu::evaluation

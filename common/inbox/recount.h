// Items compared with the states that they stand for: fills the inbox of data that were there
// before it, and mends it should a service ever forget a step. Resumable.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/ulid.h"
#include "common/inbox/inbox.h"

namespace bangfu::inbox {

// One kind of subject that has work.
struct Source {
  std::string subject_type;  // "unit_report"
  // Ids of subjects that may have steps waiting, upwards after an id; none: that was all.
  std::function<absl::StatusOr<std::vector<Ulid>>(mysql::Executor&, const Ulid& after, int limit)>
      page;
  // Locks the subjects and says with Sync what waits on each; nothing on those that are not there.
  std::function<absl::Status(mysql::Tx&, const std::vector<Ulid>&, const Act&)> sync;
};

struct RecountOptions {
  absl::Duration every = absl::Hours(24);  // a source that was finished since then is passed over
  CalendarLookup calendar;
  std::function<bool()> stopped;  // asked between two chunks
};

// For every source: its subjects, from where the last run ended, and then the open items, whose
// subjects may have none waiting any more.
absl::Status Recount(mysql::Session& session, const std::vector<Source>& sources,
                     UlidGenerator& ids, absl::Time now, const RecountOptions& options);

}  // namespace bangfu::inbox

// Long work (operation room) that stopped short of its end, in the inbox: it waits for whom it can
// be resumed by, who started it and the province's administrators, until it goes on or there is
// nothing left to go on with.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/ulid.h"
#include "common/inbox/inbox.h"
#include "common/inbox/recount.h"
#include "common/operation/operation.h"

namespace bangfu::inbox {

struct StoppedKind {
  std::string operation;  // the runner's kind: "open_campaign"
  std::string code;       // of the work: CAMPAIGN_OPENING_RESUME
  std::string label_zh;
  // What it is about, for people.
  std::function<absl::StatusOr<std::string>(mysql::Executor&, const operation::v1::Operation&)>
      title;
  // Whether to go on would still do anything; empty: it would.
  std::function<absl::StatusOr<bool>(mysql::Executor&, const operation::v1::Operation&)> is_wanted =
      {};
  // Working days from the day on which it stopped; empty: no term.
  std::function<absl::StatusOr<int64_t>(mysql::Executor&)> days = {};
};
Kind KindOf(const StoppedKind& stopped);

// What the runner tells of its work (OperationRunner::Register).
operation::StandFunction StandOf(StoppedKind stopped, CalendarLookup calendar);

// Looks at these operations again, or at all of the kind that stopped in a region or below it:
// after something that they were about has changed. `page`: how many are held at a time.
absl::Status SyncStopped(mysql::Tx& tx, const StoppedKind& stopped, const std::vector<Ulid>& ids,
                         const Act& act);
absl::Status SyncStoppedIn(mysql::Tx& tx, const StoppedKind& stopped,
                           const std::string& region_path, const Act& act, int page = 500);

// Work of these kinds that stopped, for the recount: all of a service's together, since they are
// one kind of subject.
Source StoppedSource(std::vector<StoppedKind> kinds);

}  // namespace bangfu::inbox

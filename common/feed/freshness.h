// How old a service's copies of a peer's records may be while it still writes by them (§3.8).
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/mysql/session.h"

namespace bangfu::feed {

// UNAVAILABLE REFERENCE_STALE, with the source and when to try again, while the consumer of the
// source has never been level or is behind by more than `limit`.
absl::Status CheckFresh(mysql::Executor& db, std::string_view consumer, std::string_view source,
                        absl::Time now, absl::Duration limit);

// The same for every write of a service and all that it copies of one peer (who may do what, and
// what is judged by): a person whose right was taken away, or a rule that was changed, is not to go
// on for as long as the feed is cut. Held in memory, so that no write costs a query for it.
class CopyGuard {
 public:
  // `limit`: from the copy of the province's parameters.
  CopyGuard(const Clock& clock, std::string source, std::vector<std::string> consumers,
            std::function<absl::StatusOr<absl::Duration>(mysql::Executor&)> limit)
      : clock_(clock),
        source_(std::move(source)),
        consumers_(std::move(consumers)),
        limit_of_(std::move(limit)) {}

  // A point read per consumer, and the limit's. Thread safe.
  absl::Status Refresh(mysql::Executor& db);
  // Refresh has succeeded once.
  bool known() const { return known_; }
  // OK, or the refusal of a write at this instant; refused too before the first Refresh. Quick:
  // every write asks.
  absl::Status Check() const;

 private:
  const Clock& clock_;
  const std::string source_;
  const std::vector<std::string> consumers_;
  const std::function<absl::StatusOr<absl::Duration>(mysql::Executor&)> limit_of_;
  std::atomic<bool> known_{false};
  // Microseconds since 1970 up to which the copies may be written by.
  std::atomic<int64_t> good_until_us_{INT64_MIN};
};

}  // namespace bangfu::feed

// Reading one's own feed: positions, pulls, snapshots, epoch and retention.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bangfu/feed/v1/change_feed.pb.h"
#include "common/base/clock.h"
#include "common/base/ulid.h"
#include "common/feed/outbox.h"
#include "common/mysql/session.h"

namespace bangfu::feed {

// Prefixes of region_path; see auth::RegionScope.
using RegionPrefixes = std::vector<std::string>;

inline constexpr absl::Duration kRetention = absl::Hours(24 * 180);

struct FeedPosition {
  std::string epoch;
  int64_t first_sequence = 1;  // the earliest kept (last + 1 when none is)
  int64_t last_sequence = 0;
  int64_t unsequenced = 0;  // only from ReadPositionAndBacklog
};
absl::StatusOr<FeedPosition> ReadPosition(mysql::Executor& db);
absl::StatusOr<FeedPosition> ReadPositionAndBacklog(mysql::Executor& db);

struct PullQuery {
  std::string epoch;  // empty: any (first contact)
  int64_t after = 0;
  int limit = 0;                             // 0: 500; at most 5000
  std::vector<std::string> aggregate_types;  // empty: all
  // Who sees what: events of these regions and those that belong to no region. nullopt: everything
  // (inside the service's own process).
  std::optional<RegionPrefixes> scope;
};

// The events after a position, in order, at most about 2 MiB of them (one event at least).
// Errors: FAILED_PRECONDITION EPOCH_CHANGED; OUT_OF_RANGE CURSOR_EXPIRED; UNAVAILABLE FEED_BEHIND
// when `after` is past the feed's end (a replica that lags; if it stays, a restore that did not
// change the epoch).
absl::StatusOr<feed::v1::PullResponse> Pull(mysql::Executor& db, const std::string& source,
                                            const PullQuery& query, absl::Time now);

// What a service offers to a new subscriber: the present state of its records as events.
class SnapshotSource {
 public:
  virtual ~SnapshotSource() = default;
  virtual std::vector<std::string> aggregate_types() const = 0;
  // At most `limit` records of a type with id > `after`, by id, inside the regions (nullopt: all;
  // in the SQL). Fewer than `limit` ends the type.
  virtual absl::StatusOr<std::vector<OutboxEvent>> Page(
      mysql::Executor& db, const std::string& aggregate_type, const Ulid& after, int limit,
      const std::optional<RegionPrefixes>& scope) = 0;
};

// Several sources as one: a service's own records and those that its common rooms keep
// (publicities).
class CombinedSnapshot : public SnapshotSource {
 public:
  explicit CombinedSnapshot(std::vector<std::shared_ptr<SnapshotSource>> sources)
      : sources_(std::move(sources)) {}
  std::vector<std::string> aggregate_types() const override;
  absl::StatusOr<std::vector<OutboxEvent>> Page(
      mysql::Executor& db, const std::string& aggregate_type, const Ulid& after, int limit,
      const std::optional<RegionPrefixes>& scope) override;

 private:
  const std::vector<std::shared_ptr<SnapshotSource>> sources_;
};

// A snapshot as it is read: chunks of states and at last the watermark. The watermark is read
// BEFORE the states: a state may be newer than it, and the events after it are applied to it again.
// Since an event carries a whole state, the copy may step back for a moment and is level with its
// source once those events are through. Each event's sequence is the watermark. So the states need
// not be of one instant, and between two chunks no session and no transaction is held, only the
// last key and what is left of a page.
class SnapshotReading {
 public:
  // INVALID_ARGUMENT aggregate_types: one that `states` does not offer. `states` outlives it.
  static absl::StatusOr<SnapshotReading> Begin(mysql::Executor& db, std::string source,
                                               SnapshotSource& states,
                                               const std::vector<std::string>& aggregate_types,
                                               std::optional<RegionPrefixes> scope);
  // The next chunk; nullopt after the one that is complete.
  absl::StatusOr<std::optional<feed::v1::SnapshotResponse>> Next(mysql::Executor& db);

 private:
  SnapshotReading(std::string source, SnapshotSource& states, std::optional<RegionPrefixes> scope)
      : source_(std::move(source)), states_(&states), scope_(std::move(scope)) {}

  std::string source_;
  SnapshotSource* states_;
  std::optional<RegionPrefixes> scope_;
  FeedPosition position_;
  std::vector<std::string> types_;
  size_t type_ = 0;  // of types_
  Ulid after_;       // of this type
  std::vector<OutboxEvent> page_;
  size_t at_ = 0;  // of page_
  bool complete_ = false;
};

// The whole of one at once.
absl::Status Snapshot(mysql::Executor& db, const std::string& source, SnapshotSource& states,
                      const std::vector<std::string>& aggregate_types,
                      const std::optional<RegionPrefixes>& scope,
                      const std::function<absl::Status(const feed::v1::SnapshotResponse&)>& send);

// After a restore from backup, before the service serves again: positions of the old epoch mean
// nothing any more, and each consumer learns it at its next pull. Gives the new epoch.
absl::StatusOr<std::string> StartNewEpoch(mysql::Session& session, UlidGenerator& ids);

// Deletes one chunk of events older than `retention`; gives how many. 0: nothing left to do.
absl::StatusOr<int64_t> SweepRetention(mysql::Session& session, absl::Time now,
                                       absl::Duration retention = kRetention);

// The event as the contract shows it, and back.
void FillEvent(const OutboxEvent& event, feed::v1::Event* out);

}  // namespace bangfu::feed

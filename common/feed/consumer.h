// Following another service's feed: its events take effect here exactly once, in order.
//
// The cursor (`feed_cursor`) moves in the transaction of the effect and only from where this
// consumer read it, so a crash anywhere, a commit whose outcome is unknown, or a second replica
// repeats nothing and misses nothing. An event that cannot be applied is parked (`feed_parked`),
// and so are later events of the same aggregate, in order; the rest goes on. Another epoch at the
// source stops the consumer until a new snapshot was taken.
//
// The cursor also says which aggregate types it covers. A consumer that follows more takes a
// snapshot of the added types before it goes on from where it is (a backfill), and only then says
// so; a backfill broken off starts anew. Types no longer followed are covered no more: what changed
// meanwhile comes by a backfill when they are followed again. So it does for a type of which an
// upgrade made the copy hold more, since nobody changes what the older release left out.
//
// A source of an older release refuses types that it does not know. The consumer then goes on with
// what it covers, without a word about the others (no event of them is applied either), says in its
// row which ones it awaits, and asks again from time to time; the backfill that comes at last makes
// up for everything. Only a consumer that covers nothing yet has nothing to go on with.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bangfu/feed/v1/change_feed.pb.h"
#include "common/base/backoff.h"
#include "common/base/clock.h"
#include "common/base/loop.h"
#include "common/base/random.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"

namespace bangfu::feed {

// What an effect handler is given. Pointers are valid during the call only.
struct Batch {
  std::string source;
  std::string epoch;
  // Counts the snapshots taken so far. A handler that stores it on its copies can tell, when a
  // snapshot ends, which ones the source no longer has.
  int64_t generation = 0;
  bool snapshot = false;  // present states at a watermark rather than changes
  absl::Time now;
  std::vector<const feed::v1::Event*> events;  // in order; never empty
};

// Turns events into rows. Called in a transaction that may be run again: keeps no state outside it.
// Must be idempotent over whole states (after a snapshot, events older than the state come again).
// An error other than UNAVAILABLE, ABORTED, DEADLINE_EXCEEDED, CANCELLED and RESOURCE_EXHAUSTED
// means that an event of the batch cannot be applied; the consumer finds which one by halving the
// batch. Thread safe: a re-drive may run beside the consumer.
class EffectHandler {
 public:
  virtual ~EffectHandler() = default;
  virtual absl::Status Apply(mysql::Tx& tx, const Batch& batch) = 0;
  // After the last state of a snapshot, in the transaction that sets the cursor to its watermark:
  // copies of an older generation are gone at the source. Not after a backfill, whose states carry
  // the generation that the copies of the other types have.
  virtual absl::Status FinishSnapshot(mysql::Tx& tx, const std::string& source,
                                      int64_t generation) {
    (void)tx, (void)source, (void)generation;
    return absl::OkStatus();
  }
};

using PullFunction =
    std::function<absl::StatusOr<feed::v1::PullResponse>(const feed::v1::PullRequest&)>;
using SnapshotFunction = std::function<absl::Status(
    const feed::v1::SnapshotRequest&,
    const std::function<absl::Status(const feed::v1::SnapshotResponse&)>& on_message)>;

enum class ConsumerState {
  kNew = 0,  // never read
  kRunning = 1,
  kSnapshot = 2,       // a snapshot is being taken, or was broken off and starts anew
  kEpochChanged = 3,   // stopped: the source was restored
  kCursorExpired = 4,  // stopped: the source no longer keeps the next event
};

struct ConsumerOptions {
  std::string consumer;                      // name of this consumer: "evaluation.facts"
  std::string source;                        // service whose feed it is: "registry"
  std::string holder;                        // differs between processes
  std::vector<std::string> aggregate_types;  // empty: all; a longer list than before is backfilled
  // Of types named above whose copy holds more than it did in a former release: counted up, from 2,
  // with each such change. A copy of another version is taken anew by a backfill.
  std::map<std::string, int> copy_versions = {};
  int limit = 1000;  // events a pull
  // Take a new snapshot without being asked when the epoch changed or the cursor expired. Otherwise
  // the consumer stays stopped until RequestSnapshot.
  bool resnapshot = true;
  // Fetch the next events on another thread while these take effect; `pull` is then called from
  // that thread (never twice at once).
  bool prefetch = false;
  // More aggregates than this parked: the trouble is not an event's; the consumer stays where it
  // is.
  int max_parked_aggregates = 10000;
  absl::Duration lease = absl::Seconds(30);
  absl::Duration idle_rest = absl::Milliseconds(200);
  // How often an idle consumer notes that it is level.
  absl::Duration level_every = absl::Seconds(5);
  // When types that the source refused are asked for again, by the consumer's clock: soon at first,
  // since a rolling upgrade is a matter of minutes, then ever more rarely.
  Backoff::Options ask_again = {.initial = absl::Seconds(5), .max = absl::Minutes(5)};
  Random random = SystemRandom;
};

enum class StepResult {
  kApplied,        // events took effect (or were parked), or the cursor moved; there may be more
  kIdle,           // level with the source
  kNotHolder,      // another replica runs this consumer
  kStopped,        // see ConsumerState
  kSnapshotTaken,  // or a backfill
};

class Consumer {
 public:
  // `session` belongs to this object while it runs; it, `clock` and `handler` outlive it. Without
  // `snapshot` a new consumer begins at the first kept event, and of added types only what changes
  // from now on comes.
  Consumer(mysql::Session& session, const Clock& clock, ConsumerOptions options, PullFunction pull,
           EffectHandler& handler, SnapshotFunction snapshot = nullptr);
  ~Consumer();
  Consumer(const Consumer&) = delete;
  Consumer& operator=(const Consumer&) = delete;

  // One pull with its effects, or one snapshot. An error is transient: call again after a rest.
  absl::StatusOr<StepResult> StepOnce();

  // Steps until the loop is stopped, with backoff after errors. `on_error` also gets the refusals
  // of types, which are no errors of a step.
  void Run(Loop& loop, const std::function<void(const absl::Status&)>& on_error = {});

  // As last read or written; INFINITE_PAST-like defaults before the first step.
  ConsumerState state() const { return state_; }
  int64_t sequence() const { return sequence_; }
  // The last refusal of types that nobody was told of yet; OK: none.
  absl::Status TakeRefusal();

 private:
  struct Advance;
  struct Prefetched;

  // consumer.cc
  absl::StatusOr<feed::v1::PullResponse> PullAfter(int64_t after);
  // Applies events[begin, end) and moves the cursor; halves on an event that cannot be applied.
  absl::Status ApplyRange(const std::vector<const feed::v1::Event*>& events, size_t begin,
                          size_t end, const Advance& advance);
  absl::Status CommitRange(const std::vector<const feed::v1::Event*>& events, size_t begin,
                           size_t end, const Advance& advance, const absl::Status* park_reason,
                           absl::Status* apply_status);

  // consumer_cursor.cc
  absl::Status Load();
  absl::StatusOr<bool> HoldLease(absl::Time now);
  absl::Status RecordTypes(const std::string& types, const std::string& awaited);
  absl::Status StopAs(ConsumerState state, const absl::Status& why);
  absl::Status NoteLevel(const feed::v1::PullResponse& response, absl::Time level_at,
                         absl::Time now);
  void RecordError(const absl::Status& status);

  // consumer_snapshot.cc
  absl::StatusOr<StepResult> TakeSnapshot();
  // Makes the cursor cover what is followed; true when that took a backfill.
  absl::StatusOr<bool> CoverFollowed();
  void NoteRefusal(const absl::Status& refusal);
  // The names in covered_.
  std::set<std::string> CoveredNow() const;
  // What a pull asks for: what is followed, less what is awaited.
  std::vector<std::string> PulledTypes() const;
  // `refused`: the source does not know all of `added`; none of their states came.
  absl::Status Backfill(const std::set<std::string>& covered, const std::vector<std::string>& added,
                        bool* refused);

  mysql::Session& session_;
  const Clock& clock_;
  const ConsumerOptions options_;
  const PullFunction pull_;
  EffectHandler& handler_;
  const SnapshotFunction snapshot_;
  const std::string followed_;  // as covered_

  bool loaded_ = false;
  ConsumerState state_ = ConsumerState::kNew;
  std::string epoch_;
  int64_t sequence_ = 0;
  int64_t generation_ = 0;
  int64_t parked_version_ = 0;
  std::set<std::string> parked_;  // aggregate ids as text
  // The types that the cursor covers, as the row has them; nullopt: it does not say.
  std::optional<std::string> covered_;
  // Types that the source refused, joined like covered_, without versions; empty: none.
  std::string awaited_;
  Backoff ask_again_;
  absl::Time ask_at_ = absl::InfinitePast();
  absl::Status refusal_;  // see TakeRefusal
  std::string last_error_;
  absl::Time held_until_ = absl::InfinitePast();
  absl::Time level_noted_ = absl::InfinitePast();
  std::unique_ptr<Prefetched> prefetched_;
};

// A stopped (or running) consumer takes a new snapshot at its next step. NOT_FOUND when it has
// never run here.
absl::Status RequestSnapshot(mysql::Session& session, const std::string& consumer,
                             const std::string& source);

// How far a copy is, read from its row.
struct ConsumerProgress {
  std::string consumer;
  std::string source;
  ConsumerState state = ConsumerState::kNew;
  std::string epoch;
  int64_t sequence = 0;
  int64_t source_last_sequence = 0;
  // The last instant at which everything committed at the source was here. InfinitePast: never yet.
  absl::Time level_at = absl::InfinitePast();
  int64_t parked = 0;
  std::string last_error;
  // Aggregate types that the source, of an older release, refused to give; the copy has none of
  // their changes until it is upgraded.
  std::vector<std::string> awaited_types;

  // Zero or more; infinite before the first time level.
  absl::Duration Lag(absl::Time now) const {
    return std::max(now - level_at, absl::ZeroDuration());
  }
  bool running() const { return state == ConsumerState::kRunning; }
};
absl::StatusOr<std::vector<ConsumerProgress>> ReadProgress(mysql::Executor& db);
// For one watermark check; NOT_FOUND when the consumer has never run here.
absl::StatusOr<ConsumerProgress> ReadProgress(mysql::Executor& db, const std::string& consumer,
                                              const std::string& source);

struct Redriven {
  int applied = 0;
  int still_parked = 0;
};
// Applies the parked events of one aggregate again, in order, up to the first that still fails
// (whose error is noted). Safe beside the running consumer and when repeated.
absl::StatusOr<Redriven> Redrive(mysql::Session& session, const Clock& clock,
                                 EffectHandler& handler, const std::string& consumer,
                                 const std::string& source, const Ulid& aggregate_id);

}  // namespace bangfu::feed

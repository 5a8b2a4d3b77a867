// Gives committed outbox rows their sequence: gap-free from 1, in an order in which whatever was
// committed before another event's transaction published comes first (outbox.h).
//
// One holder per schema, by a lease row (`feed_meta`). The lease only saves work: what keeps two
// sequencers apart is the fence, checked under the row's lock in the transaction that moves the
// rows. So a holder that was thought dead and wakes up late moves nothing, and one that is killed
// at any point leaves either the whole batch moved or none of it.
#pragma once

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/loop.h"
#include "common/mysql/session.h"

namespace bangfu::feed {

struct SequencerOptions {
  // Who holds the lease; must differ between processes (and between two sequencers of one process).
  std::string holder;
  absl::Duration lease = absl::Seconds(10);
  // Between steps. An event waits no longer than this for its sequence: what is committed meanwhile
  // goes in one batch, which costs about as much as one event.
  absl::Duration rest = absl::Milliseconds(50);
  // Run last in each moving transaction; an error rolls it back. For tests of a killed sequencer.
  std::function<absl::Status(mysql::Tx&)> before_commit;
};

struct SequencerStep {
  bool holder = false;  // false: another one holds the lease
  int64_t moved = 0;    // events that got their sequence in this step
  absl::Duration rest;  // until the next step is due; zero while whole batches wait
};

class Sequencer {
 public:
  // `session` belongs to this object while it runs; `session` and `clock` outlive it.
  Sequencer(mysql::Session& session, const Clock& clock, SequencerOptions options);

  // Takes or renews the lease when due and moves one batch.
  absl::StatusOr<SequencerStep> StepOnce();

  // Steps until the loop is stopped; errors are passed to `on_error` and retried after a rest.
  void Run(Loop& loop, const std::function<void(const absl::Status&)>& on_error = {});

  // Lets the next holder in at once; for an orderly end.
  absl::Status Release();

 private:
  absl::Status HoldLease(absl::Time now);
  SequencerStep NotHolder() const;

  mysql::Session& session_;
  const Clock& clock_;
  const SequencerOptions options_;
  bool held_ = false;
  int64_t fence_ = 0;
  absl::Time renew_at_ = absl::InfinitePast();
};

}  // namespace bangfu::feed

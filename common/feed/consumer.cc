// The steps of a consumer: what is pulled takes effect here and moves the cursor.
#include "common/feed/consumer.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "bangfu/feed/v1/change_feed.pb.h"
#include "common/base/backoff.h"
#include "common/base/loop.h"
#include "common/base/random.h"
#include "common/base/ulid.h"
#include "common/feed/consumer_internal.h"
#include "common/mysql/session.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace bangfu::feed {

bool IsTransient(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kResourceExhausted:
      return true;
    default:
      return false;
  }
}

Consumer::Consumer(mysql::Session& session, const Clock& clock, ConsumerOptions options,
                   PullFunction pull, EffectHandler& handler, SnapshotFunction snapshot)
    : session_(session),
      clock_(clock),
      options_(std::move(options)),
      pull_(std::move(pull)),
      handler_(handler),
      snapshot_(std::move(snapshot)),
      followed_(JoinTypes(CoversOf(options_, TypesOf(options_)))),
      ask_again_(options_.ask_again, options_.random) {}

Consumer::~Consumer() = default;  // a fetch under way is waited for by its future

absl::StatusOr<feed::v1::PullResponse> Consumer::PullAfter(int64_t after) {
  if (prefetched_ != nullptr) {
    std::unique_ptr<Prefetched> ready = std::move(prefetched_);
    absl::StatusOr<feed::v1::PullResponse> response = ready->response.get();
    // Nor is it of use when the cursor covers more since: it leaves the events of the rest out.
    if (ready->after == after && ready->epoch == epoch_ && ready->types == PulledTypes() &&
        response.ok()) {
      return response;
    }
  }
  feed::v1::PullRequest request;
  request.set_epoch(epoch_);
  request.set_after(after);
  request.set_limit(options_.limit);
  for (const std::string& type : PulledTypes()) request.add_aggregate_types(type);
  return pull_(request);
}

absl::StatusOr<StepResult> Consumer::StepOnce() {
  const absl::Time now = clock_.Now();
  if (!loaded_) RETURN_IF_ERROR(Load());
  ASSIGN_OR_RETURN(const bool held, HoldLease(now));
  if (!held) return StepResult::kNotHolder;

  switch (state_) {
    case ConsumerState::kEpochChanged:
    case ConsumerState::kCursorExpired:
      if (options_.resnapshot && snapshot_) return TakeSnapshot();
      loaded_ = false;  // someone may have asked for a snapshot
      return StepResult::kStopped;
    case ConsumerState::kSnapshot:
      if (!snapshot_) {
        loaded_ = false;
        return StepResult::kStopped;
      }
      return TakeSnapshot();
    case ConsumerState::kNew:
      if (snapshot_) return TakeSnapshot();
      break;
    case ConsumerState::kRunning:
      break;
  }

  if (covered_ != followed_ || !awaited_.empty()) {
    const absl::StatusOr<bool> backfilled = CoverFollowed();
    if (!backfilled.ok()) {
      if (ReasonOf(backfilled.status()) == "EPOCH_CHANGED") {
        RETURN_IF_ERROR(StopAs(ConsumerState::kEpochChanged, backfilled.status()));
        return StepResult::kStopped;
      }
      loaded_ = false;
      RecordError(backfilled.status());
      return backfilled.status();
    }
    if (*backfilled) return StepResult::kSnapshotTaken;
  }

  absl::StatusOr<feed::v1::PullResponse> pulled = PullAfter(sequence_);
  if (!pulled.ok()) {
    const std::string reason = ReasonOf(pulled.status());
    if (reason == "EPOCH_CHANGED") {
      RETURN_IF_ERROR(StopAs(ConsumerState::kEpochChanged, pulled.status()));
      return StepResult::kStopped;
    }
    if (reason == "CURSOR_EXPIRED") {
      RETURN_IF_ERROR(StopAs(ConsumerState::kCursorExpired, pulled.status()));
      return StepResult::kStopped;
    }
    RecordError(pulled.status());
    return pulled.status();
  }
  const feed::v1::PullResponse& response = *pulled;
  // `now` was taken before the pull: everything committed by then, less what had no sequence yet,
  // is in it or was before.
  const bool level = response.next_after() >= response.last_sequence();
  const absl::Time level_at = now - absl::Milliseconds(response.unsequenced_age_ms());

  if (response.events().empty() && response.next_after() == sequence_ &&
      state_ == ConsumerState::kRunning) {
    RETURN_IF_ERROR(NoteLevel(response, level_at, now));
    return StepResult::kIdle;
  }

  if (options_.prefetch && !level) {
    feed::v1::PullRequest request;
    request.set_epoch(response.epoch());
    request.set_after(response.next_after());
    request.set_limit(options_.limit);
    prefetched_ = std::make_unique<Prefetched>();
    prefetched_->types = PulledTypes();
    for (const std::string& type : prefetched_->types) request.add_aggregate_types(type);
    prefetched_->after = response.next_after();
    prefetched_->epoch = response.epoch();
    prefetched_->response = std::async(
        std::launch::async, [pull = pull_, request = std::move(request)] { return pull(request); });
  }

  std::vector<const feed::v1::Event*> events;
  events.reserve(response.events_size());
  for (const feed::v1::Event& event : response.events()) events.push_back(&event);
  Advance advance;
  advance.epoch = response.epoch();
  advance.last = response.next_after();
  advance.source_last_sequence = response.last_sequence();
  if (level) advance.level_at = level_at;
  absl::Status applied = ApplyRange(events, 0, events.size(), advance);
  if (!applied.ok()) {
    loaded_ = false;  // what was committed is in the row
    RecordError(applied);
    return applied;
  }
  if (level) level_noted_ = now;
  return level ? (response.events().empty() ? StepResult::kIdle : StepResult::kApplied)
               : StepResult::kApplied;
}

absl::Status Consumer::ApplyRange(const std::vector<const feed::v1::Event*>& events, size_t begin,
                                  size_t end, const Advance& advance) {
  absl::Status apply_status;
  absl::Status status = CommitRange(events, begin, end, advance, nullptr, &apply_status);
  if (status.ok() || apply_status.ok() || IsTransient(apply_status)) return status;
  if (end - begin == 1) {
    if (static_cast<int>(parked_.size()) >= options_.max_parked_aggregates) {
      return Error(absl::StatusCode::kResourceExhausted, "FEED_PARKED_LIMIT")
          .Zh("搁置的记录过多，订阅已停在原处")
          .With("parked", absl::StrCat(parked_.size()));
    }
    const absl::Status why = apply_status;
    return CommitRange(events, begin, end, advance, &why, &apply_status);
  }
  const size_t middle = begin + (end - begin) / 2;
  Advance first = advance;
  first.last = events[middle - 1]->sequence();
  first.level_at.reset();
  RETURN_IF_ERROR(ApplyRange(events, begin, middle, first));
  return ApplyRange(events, middle, end, advance);
}

absl::Status Consumer::CommitRange(const std::vector<const feed::v1::Event*>& events, size_t begin,
                                   size_t end, const Advance& advance,
                                   const absl::Status* park_reason, absl::Status* apply_status) {
  const absl::Time now = clock_.Now();
  Batch batch;
  batch.source = options_.source;
  batch.epoch = advance.epoch;
  batch.generation = generation_;
  batch.snapshot = advance.snapshot;
  batch.now = now;
  std::vector<mysql::Params> park;
  std::set<std::string> park_ids;
  for (size_t i = begin; i < end; ++i) {
    const feed::v1::Event& event = *events[i];
    const bool known = !parked_.empty() && parked_.contains(event.aggregate_id());
    if (park_reason == nullptr && !known) {
      batch.events.push_back(&event);
      continue;
    }
    // An id that is none cannot be filed under its aggregate; it is filed under "no id".
    absl::StatusOr<Ulid> id = Ulid::Parse(event.aggregate_id());
    const Ulid aggregate = id.ok() ? *id : Ulid();
    park.push_back(ParkedRow(options_.consumer, options_.source, event, aggregate,
                             park_reason != nullptr && !known ? ErrorText(*park_reason)
                                                              : "an earlier event of it is parked",
                             now));
    park_ids.insert(aggregate.ToString());
  }
  const int64_t parked_version = parked_version_ + (park.empty() ? 0 : 1);

  absl::Status status = mysql::Transact(session_, [&](mysql::Tx& tx) -> absl::Status {
    *apply_status = absl::OkStatus();
    int64_t matched = 0;
    if (advance.snapshot) {
      const ConsumerState during =
          advance.backfill ? ConsumerState::kRunning : ConsumerState::kSnapshot;
      ASSIGN_OR_RETURN(
          matched,
          tx.Execute("UPDATE feed_cursor SET lease_until = ?, parked_version = ?, "
                     "updated_at = ? WHERE consumer = ? AND source = ? AND holder = ? "
                     "AND generation = ? AND parked_version = ? AND state = ?",
                     {now + options_.lease, parked_version, now, options_.consumer, options_.source,
                      options_.holder, generation_, parked_version_, static_cast<int>(during)}));
    } else {
      // First, so that a second replica waits here and then finds the cursor gone from where it
      // was. Nor does a cursor pass by what it says it covers: a replica of the release before asks
      // for fewer types.
      ASSIGN_OR_RETURN(
          matched,
          tx.Execute(
              "UPDATE feed_cursor SET state = ?, epoch = ?, sequence = ?, "
              "source_last_sequence = ?, level_at = COALESCE(?, level_at), lease_until = ?, "
              "parked_version = ?, last_error = '', updated_at = ? "
              "WHERE consumer = ? AND source = ? AND holder = ? AND sequence = ? "
              "AND generation = ? AND parked_version = ? AND state = ? "
              "AND aggregate_types <=> ?",
              {static_cast<int>(ConsumerState::kRunning), advance.epoch, advance.last,
               advance.source_last_sequence, advance.level_at, now + options_.lease, parked_version,
               now, options_.consumer, options_.source, options_.holder, sequence_, generation_,
               parked_version_, static_cast<int>(state_), covered_}));
    }
    if (matched != 1) return Moved();
    if (!batch.events.empty()) {
      *apply_status = handler_.Apply(tx, batch);
      RETURN_IF_ERROR(*apply_status);
    }
    if (!park.empty()) RETURN_IF_ERROR(Park(tx, park));
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  held_until_ = now + options_.lease;
  parked_version_ = parked_version;
  parked_.insert(park_ids.begin(), park_ids.end());
  if (!advance.snapshot) {
    state_ = ConsumerState::kRunning;
    epoch_ = advance.epoch;
    sequence_ = advance.last;
    last_error_.clear();
  }
  return absl::OkStatus();
}

void Consumer::Run(Loop& loop, const std::function<void(const absl::Status&)>& on_error) {
  Backoff backoff({.initial = absl::Milliseconds(100), .max = absl::Seconds(10)}, SystemRandom);
  loop.Run([&]() -> absl::Duration {
    absl::StatusOr<StepResult> result = StepOnce();
    if (const absl::Status refusal = TakeRefusal(); !refusal.ok() && on_error) on_error(refusal);
    if (!result.ok()) {
      if (on_error) on_error(result.status());
      return std::max(backoff.Next(), absl::Milliseconds(10));
    }
    backoff.Reset();
    switch (*result) {
      case StepResult::kApplied:
      case StepResult::kSnapshotTaken:
        return absl::ZeroDuration();
      case StepResult::kIdle:
        return options_.idle_rest;
      case StepResult::kNotHolder:
        return options_.lease / 3;
      case StepResult::kStopped:
        return absl::Seconds(1);
    }
    return options_.idle_rest;
  });
  // The next holder need not wait for the lease to end.
  (void)session_.Execute(
      "UPDATE feed_cursor SET holder = '' WHERE consumer = ? AND source = ? AND holder = ?",
      {options_.consumer, options_.source, options_.holder});
  held_until_ = absl::InfinitePast();
}

}  // namespace bangfu::feed

#include "common/feed/consumer.h"

#include <algorithm>
#include <future>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/base/backoff.h"
#include "common/base/random.h"
#include "common/base/text.h"
#include "common/feed/wire.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace bangfu::feed {
namespace {

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

absl::Status Moved() {
  return Error(absl::StatusCode::kAborted, "FEED_CURSOR_MOVED").Zh("订阅位置已被另一进程推进");
}

// Stands for all types where feed_cursor names those that a cursor covers.
constexpr char kEveryType[] = "*";

std::set<std::string> TypesOf(const ConsumerOptions& options) {
  if (options.aggregate_types.empty()) return {std::string(kEveryType)};
  return {options.aggregate_types.begin(), options.aggregate_types.end()};
}

std::string JoinTypes(const std::set<std::string>& types) { return absl::StrJoin(types, ","); }

// The source's word that it does not know a type it was asked for.
bool RefusesTypes(const absl::Status& status) {
  if (!absl::IsInvalidArgument(status)) return false;
  const ErrorDetail detail = GetErrorDetail(status);
  return std::any_of(
      detail.violations.begin(), detail.violations.end(),
      [](const FieldViolation& violation) { return violation.field == "aggregate_types"; });
}

std::string ErrorText(const absl::Status& status) { return Utf8Truncate(status.ToString(), 480); }

mysql::Params ParkedRow(const std::string& consumer, const feed::v1::Event& event, const Ulid& id,
                        const std::string& error, absl::Time now) {
  return {consumer,
          event.source(),
          id,
          event.sequence(),
          event.epoch(),
          event.aggregate_type(),
          event.region_path(),
          PayloadType(event.payload().type_url()),
          event.payload().value(),
          TimeFrom(event.occurred_at()),
          error,
          now};
}

constexpr std::string_view kParkedColumns =
    "(consumer, source, aggregate_id, sequence, epoch, aggregate_type, region_path, payload_type, "
    "payload, occurred_at, error, parked_at)";

}  // namespace

// Where the cursor goes with a range.
struct Consumer::Advance {
  bool snapshot = false;
  bool backfill = false;  // a snapshot of added types, beside a cursor that stays where it is
  std::string epoch;
  int64_t last = 0;  // after the whole range that ApplyRange was first called with
  int64_t source_last_sequence = 0;
  // Set on the last part only, when this pull makes the copy level.
  std::optional<absl::Time> level_at;
};

struct Consumer::Prefetched {
  int64_t after;
  std::string epoch;
  std::vector<std::string> types;
  std::future<absl::StatusOr<feed::v1::PullResponse>> response;
};

Consumer::Consumer(mysql::Session& session, const Clock& clock, ConsumerOptions options,
                   PullFunction pull, EffectHandler& handler, SnapshotFunction snapshot)
    : session_(session),
      clock_(clock),
      options_(std::move(options)),
      pull_(std::move(pull)),
      handler_(handler),
      snapshot_(std::move(snapshot)),
      followed_(JoinTypes(TypesOf(options_))),
      ask_again_(options_.ask_again, options_.random) {}

Consumer::~Consumer() = default;  // a fetch under way is waited for by its future

absl::Status Consumer::Load() {
  const absl::Time now = clock_.Now();
  RETURN_IF_ERROR(session_
                      .Execute("INSERT IGNORE INTO feed_cursor (consumer, source, state, epoch, "
                               "sequence, source_last_sequence, level_at, generation, "
                               "parked_version, holder, lease_until, last_error, updated_at) "
                               "VALUES (?, ?, 0, '', 0, 0, NULL, 0, 0, '', ?, '', ?)",
                               {options_.consumer, options_.source, now, now})
                      .status());
  ASSIGN_OR_RETURN(mysql::Rows rows,
                   session_.Query("SELECT state, epoch, sequence, generation, parked_version, "
                                  "last_error, holder, lease_until, aggregate_types, "
                                  "awaited_types FROM feed_cursor "
                                  "WHERE consumer = ? AND source = ?",
                                  {options_.consumer, options_.source}));
  if (rows.size() != 1) return Moved();
  const mysql::Row& row = rows[0];
  state_ = static_cast<ConsumerState>(row.Int(0));
  epoch_ = row.String(1);
  sequence_ = row.Int(2);
  generation_ = row.Int(3);
  parked_version_ = row.Int(4);
  last_error_ = row.String(5);
  held_until_ = row.String(6) == options_.holder ? row.Time(7) : absl::InfinitePast();
  covered_ = row.OptString(8);
  awaited_ = row.String(9);
  // Read after the version: a row parked or re-driven in between makes the next step read again.
  ASSIGN_OR_RETURN(rows, session_.Query("SELECT DISTINCT aggregate_id FROM feed_parked "
                                        "WHERE consumer = ? AND source = ?",
                                        {options_.consumer, options_.source}));
  parked_.clear();
  for (const mysql::Row& parked : rows) parked_.insert(parked.Id(0).ToString());
  loaded_ = true;
  return absl::OkStatus();
}

absl::StatusOr<bool> Consumer::HoldLease(absl::Time now) {
  if (held_until_ - options_.lease / 2 > now) return true;
  ASSIGN_OR_RETURN(int64_t matched,
                   session_.Execute("UPDATE feed_cursor SET holder = ?, lease_until = ? "
                                    "WHERE consumer = ? AND source = ? "
                                    "AND (holder = ? OR holder = '' OR lease_until < ?)",
                                    {options_.holder, now + options_.lease, options_.consumer,
                                     options_.source, options_.holder, now}));
  if (matched != 1) {
    held_until_ = absl::InfinitePast();
    loaded_ = false;
    return false;
  }
  // Newly ours: what another holder wrote meanwhile is not what we remember.
  if (held_until_ <= now) RETURN_IF_ERROR(Load());
  held_until_ = now + options_.lease;
  return true;
}

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
    park.push_back(ParkedRow(options_.consumer, event, aggregate,
                             park_reason != nullptr && !known ? ErrorText(*park_reason)
                                                              : "an earlier event of it is parked",
                             now));
    park.back()[1] = options_.source;
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
    if (!park.empty()) {
      RETURN_IF_ERROR(mysql::BulkInsert(tx, "feed_parked", kParkedColumns, park,
                                        " ON DUPLICATE KEY UPDATE error = VALUES(error), "
                                        "payload = VALUES(payload), parked_at = VALUES(parked_at)")
                          .status());
    }
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

absl::StatusOr<StepResult> Consumer::TakeSnapshot() {
  const absl::Time now = clock_.Now();
  prefetched_.reset();
  absl::Status begun = mysql::Transact(session_, [&](mysql::Tx& tx) -> absl::Status {
    ASSIGN_OR_RETURN(
        int64_t matched,
        tx.Execute("UPDATE feed_cursor SET state = ?, generation = ?, lease_until = ?, "
                   "parked_version = ?, updated_at = ? "
                   "WHERE consumer = ? AND source = ? AND holder = ? "
                   "AND generation = ?",
                   {static_cast<int>(ConsumerState::kSnapshot), generation_ + 1,
                    now + options_.lease, parked_version_ + 1, now, options_.consumer,
                    options_.source, options_.holder, generation_}));
    if (matched != 1) return Moved();
    // The states that come supersede what waited.
    return tx
        .Execute("DELETE FROM feed_parked WHERE consumer = ? AND source = ?",
                 {options_.consumer, options_.source})
        .status();
  });
  if (!begun.ok()) {
    loaded_ = false;
    return begun;
  }
  state_ = ConsumerState::kSnapshot;
  ++generation_;
  ++parked_version_;
  parked_.clear();

  bool complete = false;
  bool answered = false;
  std::string epoch;
  int64_t watermark = 0;
  const auto take = [&](const std::vector<std::string>& types) {
    feed::v1::SnapshotRequest request;
    for (const std::string& type : types) request.add_aggregate_types(type);
    return snapshot_(request, [&](const feed::v1::SnapshotResponse& message) {
      answered = true;
      if (message.complete()) {
        complete = true;
        epoch = message.epoch();
        watermark = message.watermark();
      }
      if (message.events().empty()) return absl::OkStatus();
      std::vector<const feed::v1::Event*> events;
      events.reserve(message.events_size());
      for (const feed::v1::Event& event : message.events()) events.push_back(&event);
      Advance advance;
      advance.snapshot = true;
      advance.epoch = message.events(0).epoch();
      return ApplyRange(events, 0, events.size(), advance);
    });
  };
  std::string covers = followed_;
  std::string awaited;
  absl::Status taken = take(options_.aggregate_types);
  if (!answered && RefusesTypes(taken)) {
    // A source that was restored is not to stop us for types that it does not know yet.
    const std::set<std::string> before =
        absl::StrSplit(covered_.value_or(""), ',', absl::SkipEmpty());
    std::set<std::string> kept;
    std::set<std::string> rest;
    for (const std::string& type : TypesOf(options_)) {
      (before.contains(type) ? kept : rest).insert(type);
    }
    if (!kept.empty() && !rest.empty()) {
      NoteRefusal(taken);
      covers = JoinTypes(kept);
      awaited = JoinTypes(rest);
      taken = take({kept.begin(), kept.end()});
    }
  }
  if (taken.ok() && !complete) {
    taken = Error(absl::StatusCode::kUnavailable, "FEED_SNAPSHOT_BROKEN_OFF").Zh("快照未取完");
  }
  if (taken.ok()) {
    const absl::Time end = clock_.Now();
    taken = mysql::Transact(session_, [&](mysql::Tx& tx) -> absl::Status {
      ASSIGN_OR_RETURN(int64_t matched,
                       tx.Execute("UPDATE feed_cursor SET state = ?, epoch = ?, sequence = ?, "
                                  "source_last_sequence = ?, lease_until = ?, last_error = '', "
                                  "updated_at = ?, aggregate_types = ?, awaited_types = ? "
                                  "WHERE consumer = ? AND source = ? "
                                  "AND holder = ? AND generation = ? AND state = ?",
                                  {static_cast<int>(ConsumerState::kRunning), epoch, watermark,
                                   watermark, end + options_.lease, end, covers, awaited,
                                   options_.consumer, options_.source, options_.holder, generation_,
                                   static_cast<int>(ConsumerState::kSnapshot)}));
      if (matched != 1) return Moved();
      return handler_.FinishSnapshot(tx, options_.source, generation_);
    });
  }
  loaded_ = false;
  if (!taken.ok()) {
    RecordError(taken);
    return taken;
  }
  RETURN_IF_ERROR(Load());
  return StepResult::kSnapshotTaken;
}

absl::StatusOr<bool> Consumer::CoverFollowed() {
  const std::set<std::string> covered =
      absl::StrSplit(covered_.value_or(""), ',', absl::SkipEmpty());
  // A cursor that has read nothing yet leaves nothing out. One whose types were not kept followed
  // what its release named, and a snapshot of everything at the upgrade is not worth the doubt.
  const bool whole =
      !covered_.has_value() || state_ == ConsumerState::kNew || covered.contains(kEveryType);
  std::set<std::string> covers;
  std::vector<std::string> added;
  for (const std::string& type : TypesOf(options_)) {
    if (whole || covered.contains(type)) {
      covers.insert(type);
    } else {
      added.push_back(type);
    }
  }
  const bool backfill = !added.empty() && snapshot_ != nullptr;
  if (backfill) {
    const std::string wanted = absl::StrJoin(added, ",");  // sorted, as TypesOf is
    // Refused a while ago, and the row says so: the source is left alone for now.
    if (awaited_ == wanted && covered_ == JoinTypes(covers) && clock_.Now() < ask_at_) return false;
    bool refused = false;
    const absl::Status taken = Backfill(covered, added, &refused);
    if (refused && !covers.empty()) {
      NoteRefusal(taken);
      RETURN_IF_ERROR(RecordTypes(JoinTypes(covers), wanted));
      return false;
    }
    RETURN_IF_ERROR(taken);
    covers.insert(added.begin(), added.end());
  }
  RETURN_IF_ERROR(RecordTypes(JoinTypes(covers), ""));
  ask_again_.Reset();
  ask_at_ = absl::InfinitePast();
  return backfill;
}

void Consumer::NoteRefusal(const absl::Status& refusal) {
  refusal_ = refusal;
  // Never at once: a step asks once at most.
  ask_at_ = clock_.Now() + std::max(ask_again_.Next(), options_.ask_again.initial);
}

absl::Status Consumer::TakeRefusal() { return std::exchange(refusal_, absl::OkStatus()); }

std::vector<std::string> Consumer::PulledTypes() const {
  if (awaited_.empty()) return options_.aggregate_types;
  return absl::StrSplit(covered_.value_or(""), ',', absl::SkipEmpty());
}

// The states go in as of the cursor: each is at least as new as the events up to there, which is
// all that a snapshot promises of its watermark, and those after it, whatever they did while the
// snapshot was read, are applied from there. So nothing of what was done needs to be remembered
// until the end: the same again is right from any point.
absl::Status Consumer::Backfill(const std::set<std::string>& covered,
                                const std::vector<std::string>& added, bool* refused) {
  const absl::Time now = clock_.Now();
  prefetched_.reset();
  // What waits of types that are not covered is superseded by the states that come: left by a
  // backfill broken off, or from when the type was followed before.
  std::string superseded = "DELETE FROM feed_parked WHERE consumer = ? AND source = ?";
  mysql::Params superseded_params = {options_.consumer, options_.source};
  if (!covered.empty()) {
    absl::StrAppend(&superseded, " AND aggregate_type NOT IN (",
                    mysql::Placeholders(covered.size()), ")");
    superseded_params.insert(superseded_params.end(), covered.begin(), covered.end());
  }
  std::set<std::string> parked;
  const absl::Status begun = mysql::Transact(session_, [&](mysql::Tx& tx) -> absl::Status {
    ASSIGN_OR_RETURN(
        int64_t matched,
        tx.Execute("UPDATE feed_cursor SET lease_until = ?, parked_version = ?, updated_at = ? "
                   "WHERE consumer = ? AND source = ? AND holder = ? AND sequence = ? "
                   "AND generation = ? AND parked_version = ? AND state = ? "
                   "AND aggregate_types <=> ?",
                   {now + options_.lease, parked_version_ + 1, now, options_.consumer,
                    options_.source, options_.holder, sequence_, generation_, parked_version_,
                    static_cast<int>(state_), covered_}));
    if (matched != 1) return Moved();
    RETURN_IF_ERROR(tx.Execute(superseded, superseded_params).status());
    ASSIGN_OR_RETURN(mysql::Rows rows, tx.Query("SELECT DISTINCT aggregate_id FROM feed_parked "
                                                "WHERE consumer = ? AND source = ?",
                                                {options_.consumer, options_.source}));
    parked.clear();
    for (const mysql::Row& row : rows) parked.insert(row.Id(0).ToString());
    return absl::OkStatus();
  });
  if (!begun.ok()) return begun;
  held_until_ = now + options_.lease;
  ++parked_version_;
  parked_ = std::move(parked);

  feed::v1::SnapshotRequest request;
  for (const std::string& type : added) {
    if (type != kEveryType) request.add_aggregate_types(type);
  }
  // States of another epoch, or older than the cursor, are not what its events go on from.
  const auto check = [&](const std::string& epoch, int64_t watermark) -> absl::Status {
    if (epoch != epoch_) {
      return Error(absl::StatusCode::kFailedPrecondition, "EPOCH_CHANGED")
          .Zh("数据源已从备份恢复，请重新取快照")
          .With("epoch", epoch);
    }
    if (watermark < sequence_) {
      return Error(absl::StatusCode::kUnavailable, "FEED_BEHIND")
          .Zh("数据源的变更落后于订阅位置")
          .With("last_sequence", absl::StrCat(watermark));
    }
    return absl::OkStatus();
  };
  bool complete = false;
  bool answered = false;
  const absl::Status taken =
      snapshot_(request, [&](const feed::v1::SnapshotResponse& message) -> absl::Status {
        answered = true;
        if (message.complete()) {
          RETURN_IF_ERROR(check(message.epoch(), message.watermark()));
          complete = true;
        }
        if (message.events().empty()) return absl::OkStatus();
        std::vector<feed::v1::Event> states(message.events().begin(), message.events().end());
        std::vector<const feed::v1::Event*> events;
        events.reserve(states.size());
        for (feed::v1::Event& state : states) {
          RETURN_IF_ERROR(check(state.epoch(), state.sequence()));
          state.set_sequence(sequence_);
          events.push_back(&state);
        }
        Advance advance;
        advance.snapshot = true;
        advance.backfill = true;
        advance.epoch = epoch_;
        return ApplyRange(events, 0, events.size(), advance);
      });
  *refused = !answered && RefusesTypes(taken);
  if (!taken.ok()) return taken;
  if (!complete) {
    return Error(absl::StatusCode::kUnavailable, "FEED_SNAPSHOT_BROKEN_OFF").Zh("快照未取完");
  }
  return absl::OkStatus();
}

absl::Status Consumer::RecordTypes(const std::string& types, const std::string& awaited) {
  if (covered_ == types && awaited_ == awaited) return absl::OkStatus();
  const absl::Time now = clock_.Now();
  ASSIGN_OR_RETURN(
      int64_t matched,
      session_.Execute(
          "UPDATE feed_cursor SET aggregate_types = ?, awaited_types = ?, lease_until = ?, "
          "last_error = '', updated_at = ? "
          "WHERE consumer = ? AND source = ? AND holder = ? AND sequence = ? "
          "AND generation = ? AND state = ? AND aggregate_types <=> ?",
          {types, awaited, now + options_.lease, now, options_.consumer, options_.source,
           options_.holder, sequence_, generation_, static_cast<int>(state_), covered_}));
  if (matched != 1) return Moved();
  covered_ = types;
  awaited_ = awaited;
  held_until_ = now + options_.lease;
  last_error_.clear();
  return absl::OkStatus();
}

absl::Status Consumer::StopAs(ConsumerState state, const absl::Status& why) {
  prefetched_.reset();
  loaded_ = false;
  ASSIGN_OR_RETURN(
      int64_t matched,
      session_.Execute("UPDATE feed_cursor SET state = ?, last_error = ?, updated_at = ? "
                       "WHERE consumer = ? AND source = ? AND holder = ? "
                       "AND generation = ? AND state = ?",
                       {static_cast<int>(state), ErrorText(why), clock_.Now(), options_.consumer,
                        options_.source, options_.holder, generation_, static_cast<int>(state_)}));
  if (matched == 1) state_ = state;
  return absl::OkStatus();
}

absl::Status Consumer::NoteLevel(const feed::v1::PullResponse& response, absl::Time level_at,
                                 absl::Time now) {
  if (now - level_noted_ < options_.level_every && last_error_.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(
      int64_t matched,
      session_.Execute(
          "UPDATE feed_cursor SET source_last_sequence = ?, level_at = ?, "
          "lease_until = ?, last_error = '', updated_at = ? "
          "WHERE consumer = ? AND source = ? AND holder = ? "
          "AND sequence = ? AND generation = ? AND state = ?",
          {response.last_sequence(), level_at, now + options_.lease, now, options_.consumer,
           options_.source, options_.holder, sequence_, generation_, static_cast<int>(state_)}));
  if (matched != 1) {
    loaded_ = false;
    return Moved();
  }
  held_until_ = now + options_.lease;
  level_noted_ = now;
  last_error_.clear();
  return absl::OkStatus();
}

void Consumer::RecordError(const absl::Status& status) {
  const std::string text = ErrorText(status);
  if (text == last_error_) return;
  last_error_ = text;
  // Best effort: what matters is that the work is tried again; the note serves who looks.
  (void)session_.Execute(
      "UPDATE feed_cursor SET last_error = ?, updated_at = ? "
      "WHERE consumer = ? AND source = ? AND holder = ?",
      {text, clock_.Now(), options_.consumer, options_.source, options_.holder});
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

absl::Status RequestSnapshot(mysql::Session& session, const std::string& consumer,
                             const std::string& source) {
  // A new generation: a step under way with what it remembers commits nothing.
  ASSIGN_OR_RETURN(int64_t matched,
                   session.Execute("UPDATE feed_cursor SET state = ?, generation = generation + 1 "
                                   "WHERE consumer = ? AND source = ?",
                                   {static_cast<int>(ConsumerState::kSnapshot), consumer, source}));
  if (matched != 1) return NotFound("consumer", consumer);
  return absl::OkStatus();
}

namespace {

constexpr char kProgress[] =
    "SELECT c.consumer, c.source, c.state, c.epoch, c.sequence, c.source_last_sequence, "
    "c.level_at, "
    "(SELECT COUNT(*) FROM feed_parked p WHERE p.consumer = c.consumer AND p.source = c.source), "
    "c.last_error, c.awaited_types FROM feed_cursor c";

ConsumerProgress ProgressFrom(const mysql::Row& row) {
  ConsumerProgress progress;
  progress.consumer = row.String(0);
  progress.source = row.String(1);
  progress.state = static_cast<ConsumerState>(row.Int(2));
  progress.epoch = row.String(3);
  progress.sequence = row.Int(4);
  progress.source_last_sequence = row.Int(5);
  progress.level_at = row.Time(6);
  progress.parked = row.Int(7);
  progress.last_error = row.String(8);
  progress.awaited_types = absl::StrSplit(row.String(9), ',', absl::SkipEmpty());
  return progress;
}

}  // namespace

absl::StatusOr<std::vector<ConsumerProgress>> ReadProgress(mysql::Executor& db) {
  ASSIGN_OR_RETURN(mysql::Rows rows,
                   db.Query(absl::StrCat(kProgress, " ORDER BY c.consumer, c.source")));
  std::vector<ConsumerProgress> all;
  for (const mysql::Row& row : rows) all.push_back(ProgressFrom(row));
  return all;
}

absl::StatusOr<ConsumerProgress> ReadProgress(mysql::Executor& db, const std::string& consumer,
                                              const std::string& source) {
  ASSIGN_OR_RETURN(mysql::Rows rows,
                   db.Query(absl::StrCat(kProgress, " WHERE c.consumer = ? AND c.source = ?"),
                            {consumer, source}));
  if (rows.empty()) return NotFound("consumer", consumer).Build();
  return ProgressFrom(rows[0]);
}

absl::StatusOr<Redriven> Redrive(mysql::Session& session, const Clock& clock,
                                 EffectHandler& handler, const std::string& consumer,
                                 const std::string& source, const Ulid& aggregate_id) {
  Redriven result;
  while (true) {
    enum class Outcome { kApplied, kNone };
    absl::Status apply_status;
    int64_t failing = 0;
    absl::StatusOr<Outcome> outcome =
        mysql::Transact(session, [&](mysql::Tx& tx) -> absl::StatusOr<Outcome> {
          apply_status = absl::OkStatus();
          // The cursor's lock: no step parks or applies events of this aggregate meanwhile.
          ASSIGN_OR_RETURN(mysql::Rows cursor,
                           tx.Query("SELECT generation FROM feed_cursor "
                                    "WHERE consumer = ? AND source = ? FOR UPDATE",
                                    {consumer, source}));
          if (cursor.empty()) return NotFound("consumer", consumer).Build();
          ASSIGN_OR_RETURN(
              mysql::Rows rows,
              tx.Query(
                  "SELECT sequence, epoch, aggregate_type, region_path, payload_type, payload, "
                  "occurred_at FROM feed_parked WHERE consumer = ? AND source = ? "
                  "AND aggregate_id = ? ORDER BY sequence LIMIT 1",
                  {consumer, source, aggregate_id}));
          if (rows.empty()) return Outcome::kNone;
          const mysql::Row& row = rows[0];
          feed::v1::Event event;
          event.set_sequence(row.Int(0));
          event.set_epoch(row.String(1));
          event.set_source(source);
          event.set_aggregate_type(row.String(2));
          event.set_aggregate_id(aggregate_id.ToString());
          event.set_region_path(row.String(3));
          event.mutable_payload()->set_type_url(absl::StrCat(kTypeUrlPrefix, row.String(4)));
          event.mutable_payload()->set_value(row.String(5));
          SetTimestamp(row.Time(6), event.mutable_occurred_at());
          failing = event.sequence();
          Batch batch;
          batch.source = source;
          batch.epoch = event.epoch();
          batch.generation = cursor[0].Int(0);
          batch.now = clock.Now();
          batch.events.push_back(&event);
          apply_status = handler.Apply(tx, batch);
          RETURN_IF_ERROR(apply_status);
          RETURN_IF_ERROR(tx.Execute("DELETE FROM feed_parked WHERE consumer = ? AND source = ? "
                                     "AND aggregate_id = ? AND sequence = ?",
                                     {consumer, source, aggregate_id, event.sequence()})
                              .status());
          // The running consumer's memory of what is parked is stale from here on.
          RETURN_IF_ERROR(tx.Execute("UPDATE feed_cursor SET parked_version = parked_version + 1 "
                                     "WHERE consumer = ? AND source = ?",
                                     {consumer, source})
                              .status());
          return Outcome::kApplied;
        });
    if (outcome.ok()) {
      if (*outcome == Outcome::kNone) return result;
      ++result.applied;
      continue;
    }
    if (apply_status.ok() || IsTransient(apply_status)) return outcome.status();
    RETURN_IF_ERROR(
        session
            .Execute("UPDATE feed_parked SET error = ? WHERE consumer = ? AND source = ? "
                     "AND aggregate_id = ? AND sequence = ?",
                     {ErrorText(apply_status), consumer, source, aggregate_id, failing})
            .status());
    ASSIGN_OR_RETURN(mysql::Rows rest,
                     session.Query("SELECT COUNT(*) FROM feed_parked WHERE consumer = ? "
                                   "AND source = ? AND aggregate_id = ?",
                                   {consumer, source, aggregate_id}));
    result.still_parked = static_cast<int>(rest[0].Int(0));
    return result;
  }
}

}  // namespace bangfu::feed

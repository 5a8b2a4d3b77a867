// Snapshots: of everything, and of the types that were added (a backfill); and the types that a
// source of an older release refuses.
#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "bangfu/feed/v1/change_feed.pb.h"
#include "common/base/strings.h"
#include "common/feed/consumer.h"
#include "common/feed/consumer_internal.h"
#include "common/mysql/session.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace bangfu::feed {
namespace {

// Stands for all types where feed_cursor names those that a cursor covers.
constexpr char kEveryType[] = "*";

// Of the copy of a type that is covered (type, type#2).
int VersionOfCover(std::string_view cover) {
  int version = 0;
  const size_t mark = cover.find('#');
  if (mark != cover.npos) ParseInt(cover.substr(mark + 1), &version);
  return version;
}

// The source's word that it does not know a type it was asked for.
bool RefusesTypes(const absl::Status& status) {
  if (!absl::IsInvalidArgument(status)) return false;
  const ErrorDetail detail = GetErrorDetail(status);
  return std::any_of(
      detail.violations.begin(), detail.violations.end(),
      [](const FieldViolation& violation) { return violation.field == "aggregate_types"; });
}

}  // namespace

std::set<std::string> TypesOf(const ConsumerOptions& options) {
  if (options.aggregate_types.empty()) return {std::string(kEveryType)};
  return {options.aggregate_types.begin(), options.aggregate_types.end()};
}

std::string CoverOf(const ConsumerOptions& options, const std::string& type) {
  const auto version = options.copy_versions.find(type);
  return version == options.copy_versions.end() ? type : Cat(type, "#", version->second);
}

std::set<std::string> CoversOf(const ConsumerOptions& options, const std::set<std::string>& types) {
  std::set<std::string> out;
  for (const std::string& type : types) out.insert(CoverOf(options, type));
  return out;
}

std::string TypeOfCover(std::string_view cover) {
  return std::string(cover.substr(0, cover.find('#')));
}

std::string JoinTypes(const std::set<std::string>& types) { return absl::StrJoin(types, ","); }

std::set<std::string> Consumer::CoveredNow() const {
  return absl::StrSplit(covered_.value_or(""), ',', absl::SkipEmpty());
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
    return DropParked(tx, options_.consumer, options_.source, {});
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
    std::set<std::string> before;
    for (const std::string& cover : CoveredNow()) before.insert(TypeOfCover(cover));
    std::set<std::string> kept;
    std::set<std::string> rest;
    for (const std::string& type : TypesOf(options_)) {
      (before.contains(type) ? kept : rest).insert(type);
    }
    if (!kept.empty() && !rest.empty()) {
      NoteRefusal(taken);
      covers = JoinTypes(CoversOf(options_, kept));
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
  const std::set<std::string> covered = CoveredNow();
  // A cursor that has read nothing yet leaves nothing out. One whose types were not kept followed
  // what its release named, and a snapshot of everything at the upgrade is not worth the doubt: but
  // for what that release's copies are known to lack.
  const bool none = state_ == ConsumerState::kNew;
  const bool whole = !covered_.has_value() || covered.contains(kEveryType);
  std::set<std::string> covers;
  std::vector<std::string> added;
  for (const std::string& type : TypesOf(options_)) {
    const std::string cover = CoverOf(options_, type);
    if (none || covered.contains(cover) || (whole && cover == type)) {
      covers.insert(cover);
    } else {
      added.push_back(type);
    }
  }
  // Until the source answers for what is added, a type whose copy only has to hold more is followed
  // on as it is.
  std::set<std::string> standing = covers;
  for (const std::string& type : added) {
    const int version = VersionOfCover(CoverOf(options_, type));
    if (whole && version > 0) standing.insert(type);
    for (const std::string& cover : covered) {
      if (TypeOfCover(cover) == type && VersionOfCover(cover) < version) standing.insert(cover);
    }
  }
  const bool backfill = !added.empty() && snapshot_ != nullptr;
  if (backfill) {
    const std::string wanted = absl::StrJoin(added, ",");  // sorted, as TypesOf is
    // Refused a while ago, and the row says so: the source is left alone for now.
    if (awaited_ == wanted && covered_ == JoinTypes(standing) && clock_.Now() < ask_at_) {
      return false;
    }
    bool refused = false;
    const absl::Status taken = Backfill(covered, added, &refused);
    if (refused && !standing.empty()) {
      NoteRefusal(taken);
      RETURN_IF_ERROR(RecordTypes(JoinTypes(standing), wanted));
      return false;
    }
    RETURN_IF_ERROR(taken);
    covers.merge(CoversOf(options_, {added.begin(), added.end()}));
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
  std::vector<std::string> out;
  for (const std::string& cover : CoveredNow()) out.push_back(TypeOfCover(cover));
  return out;
}

// The states go in as of the cursor: each is at least as new as the events up to there, which is
// all that a snapshot promises of its watermark, and those after it, whatever they did while the
// snapshot was read, are applied from there. So nothing of what was done needs to be remembered
// until the end: the same again is right from any point.
absl::Status Consumer::Backfill(const std::set<std::string>& covered,
                                const std::vector<std::string>& added, bool* refused) {
  prefetched_.reset();
  // A cursor that covers every type, or does not say what it covers, follows on whatever is parked
  // but what is added.
  const bool whole = !covered_.has_value() || covered.contains(kEveryType);
  const auto drop_superseded = [&]() -> absl::Status {
    const absl::Time now = clock_.Now();
    std::set<std::string> parked;
    const absl::Status dropped = mysql::Transact(session_, [&](mysql::Tx& tx) -> absl::Status {
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
      // What waits of types that are not covered is left by a backfill broken off, from when the
      // type was followed before, or from when its copy held less.
      std::set<std::string> kept;
      if (whole) {
        ASSIGN_OR_RETURN(kept, ParkedTypes(tx, options_.consumer, options_.source));
      } else {
        for (const std::string& cover : covered) kept.insert(TypeOfCover(cover));
      }
      for (const std::string& type : added) kept.erase(type);
      RETURN_IF_ERROR(DropParked(tx, options_.consumer, options_.source, kept));
      ASSIGN_OR_RETURN(parked, ParkedAggregates(tx, options_.consumer, options_.source));
      return absl::OkStatus();
    });
    if (!dropped.ok()) return dropped;
    held_until_ = now + options_.lease;
    ++parked_version_;
    parked_ = std::move(parked);
    return absl::OkStatus();
  };

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
  bool dropped = false;
  // Not before the source answers: of a type whose older copy is followed on when it is refused,
  // what is parked is wanted still.
  const auto drop_once = [&]() -> absl::Status {
    if (!dropped) RETURN_IF_ERROR(drop_superseded());
    dropped = true;
    return absl::OkStatus();
  };
  const absl::Status taken =
      snapshot_(request, [&](const feed::v1::SnapshotResponse& message) -> absl::Status {
        answered = true;
        if (message.complete()) {
          RETURN_IF_ERROR(check(message.epoch(), message.watermark()));
          RETURN_IF_ERROR(drop_once());
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
        RETURN_IF_ERROR(drop_once());
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

}  // namespace bangfu::feed

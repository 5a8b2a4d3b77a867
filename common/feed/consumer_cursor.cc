// The consumer's row in feed_cursor: read, held by its lease, kept up beside the events (level,
// types covered, errors, stops), and shown to those who ask how far a copy is.
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "bangfu/feed/v1/change_feed.pb.h"
#include "common/base/text.h"
#include "common/feed/consumer.h"
#include "common/feed/consumer_internal.h"
#include "common/mysql/session.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace bangfu::feed {
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

absl::Status Moved() {
  return Error(absl::StatusCode::kAborted, "FEED_CURSOR_MOVED").Zh("订阅位置已被另一进程推进");
}

std::string ErrorText(const absl::Status& status) { return Utf8Truncate(status.ToString(), 480); }

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
  ASSIGN_OR_RETURN(parked_, ParkedAggregates(session_, options_.consumer, options_.source));
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

}  // namespace bangfu::feed

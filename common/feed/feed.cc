#include "common/feed/feed.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/contract/time.h"
#include "common/feed/wire.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace bangfu::feed {
namespace {

constexpr int kDefaultLimit = 500;
constexpr int kMaxLimit = 5000;
constexpr size_t kMaxBytes = 2 << 20;
// A filter that lets little through still moves on after looking at this many events.
constexpr int64_t kFilterWindow = 20000;
constexpr int kSnapshotPage = 500;

absl::Status Expired(int64_t first) {
  return Error(absl::StatusCode::kOutOfRange, "CURSOR_EXPIRED")
      .Zh("订阅位置早于保留的变更，请重新取快照")
      .With("first_sequence", absl::StrCat(first));
}

absl::StatusOr<FeedPosition> PositionFrom(const absl::StatusOr<mysql::Rows>& rows) {
  if (!rows.ok()) return rows.status();
  if (rows->empty()) {
    return Error(absl::StatusCode::kInternal, "FEED_META_MISSING").Zh("变更订阅未初始化");
  }
  const mysql::Row& row = rows->front();
  return FeedPosition{row.String(0), row.Int(1), row.Int(2), 0};
}

}  // namespace

absl::StatusOr<FeedPosition> ReadPosition(mysql::Executor& db) {
  return PositionFrom(
      db.Query("SELECT epoch, first_sequence, last_sequence FROM feed_meta WHERE id = 1"));
}

absl::StatusOr<FeedPosition> ReadPositionAndBacklog(mysql::Executor& db) {
  ASSIGN_OR_RETURN(FeedPosition position, ReadPosition(db));
  ASSIGN_OR_RETURN(mysql::Rows rows, db.Query("SELECT COUNT(*) FROM feed_outbox"));
  position.unsequenced = rows.empty() ? 0 : rows[0].Int(0);
  return position;
}

void FillEvent(const OutboxEvent& event, feed::v1::Event* out) {
  out->set_aggregate_type(event.aggregate_type);
  out->set_aggregate_id(event.aggregate_id.ToString());
  out->set_region_path(event.region_path);
  out->mutable_payload()->set_type_url(absl::StrCat(kTypeUrlPrefix, event.payload_type));
  out->mutable_payload()->set_value(event.payload);
  SetTime(event.occurred_at, out->mutable_occurred_at());
}

absl::StatusOr<feed::v1::PullResponse> Pull(mysql::Executor& db, const std::string& source,
                                            const PullQuery& query, absl::Time now) {
  // The oldest row without a sequence, read before the position: what it stands for is not in what
  // we are about to give.
  ASSIGN_OR_RETURN(mysql::Rows oldest,
                   db.Query("SELECT occurred_at FROM feed_outbox ORDER BY id LIMIT 1"));
  ASSIGN_OR_RETURN(const FeedPosition position, ReadPosition(db));
  if (!query.epoch.empty() && query.epoch != position.epoch) {
    return Error(absl::StatusCode::kFailedPrecondition, "EPOCH_CHANGED")
        .Zh("数据源已从备份恢复，请重新取快照")
        .With("epoch", position.epoch);
  }
  if (query.after + 1 < position.first_sequence) return Expired(position.first_sequence);
  if (query.after > position.last_sequence) {
    return Error(absl::StatusCode::kUnavailable, "FEED_BEHIND")
        .Zh("数据源的变更落后于订阅位置")
        .With("last_sequence", absl::StrCat(position.last_sequence))
        .RetryAfter(absl::Seconds(1));
  }

  feed::v1::PullResponse response;
  response.set_epoch(position.epoch);
  response.set_last_sequence(position.last_sequence);
  if (!oldest.empty()) {
    const absl::Duration age = std::max(now - oldest[0].Time(0), absl::Milliseconds(1));
    response.set_unsequenced_age_ms(absl::ToInt64Milliseconds(age));
  }
  const int64_t limit = query.limit <= 0 ? kDefaultLimit : std::min(query.limit, kMaxLimit);
  const bool filtered = !query.aggregate_types.empty() || query.scope.has_value();
  const int64_t last =
      std::min(position.last_sequence, query.after + (filtered ? kFilterWindow : limit));
  response.set_next_after(last);
  if (last == query.after) return response;

  std::string sql =
      "SELECT sequence, aggregate_type, aggregate_id, region_path, payload_type, payload, "
      "occurred_at FROM feed_event WHERE sequence > ? AND sequence <= ?";
  mysql::Params params = {query.after, last};
  if (!query.aggregate_types.empty()) {
    absl::StrAppend(&sql, " AND aggregate_type IN (",
                    mysql::Placeholders(query.aggregate_types.size()), ")");
    params.insert(params.end(), query.aggregate_types.begin(), query.aggregate_types.end());
  }
  if (query.scope.has_value()) {
    absl::StrAppend(&sql, " AND (region_path = '' OR ",
                    mysql::RegionClause(*query.scope, "region_path", &params), ")");
  }
  sql += " ORDER BY sequence LIMIT ?";
  params.emplace_back(limit);

  size_t bytes = 0;
  bool full = false;
  absl::Status streamed = db.Stream(sql, params, [&](const mysql::Row& row) -> absl::Status {
    std::string payload = row.String(5);
    bytes += payload.size() + 128;
    if (bytes > kMaxBytes && response.events_size() > 0) {
      full = true;
      return absl::CancelledError("enough");
    }
    feed::v1::Event* event = response.add_events();
    event->set_sequence(row.Int(0));
    event->set_epoch(position.epoch);
    event->set_source(source);
    event->set_aggregate_type(row.String(1));
    event->set_aggregate_id(row.Id(2).ToString());
    event->set_region_path(row.String(3));
    event->mutable_payload()->set_type_url(absl::StrCat(kTypeUrlPrefix, row.String(4)));
    event->mutable_payload()->set_value(std::move(payload));
    SetTime(row.Time(6), event->mutable_occurred_at());
    return absl::OkStatus();
  });
  if (!streamed.ok() && !full) return streamed;
  if (full || response.events_size() == limit) {
    response.set_next_after(response.events(response.events_size() - 1).sequence());
  }
  // The retention sweep may have passed over us between the two reads; a gap must not go unseen.
  if (response.events_size() == 0 || response.events(0).sequence() != query.after + 1) {
    ASSIGN_OR_RETURN(const FeedPosition later, ReadPosition(db));
    if (query.after + 1 < later.first_sequence) return Expired(later.first_sequence);
  }
  return response;
}

std::vector<std::string> CombinedSnapshot::aggregate_types() const {
  std::vector<std::string> types;
  for (const auto& source : sources_) {
    for (const std::string& type : source->aggregate_types()) types.push_back(type);
  }
  return types;
}

absl::StatusOr<std::vector<OutboxEvent>> CombinedSnapshot::Page(
    mysql::Executor& db, const std::string& aggregate_type, const Ulid& after, int limit,
    const std::optional<RegionPrefixes>& scope) {
  for (const auto& source : sources_) {
    const std::vector<std::string> types = source->aggregate_types();
    if (std::find(types.begin(), types.end(), aggregate_type) != types.end()) {
      return source->Page(db, aggregate_type, after, limit, scope);
    }
  }
  return std::vector<OutboxEvent>();
}

absl::StatusOr<SnapshotReading> SnapshotReading::Begin(
    mysql::Executor& db, std::string source, SnapshotSource& states,
    const std::vector<std::string>& aggregate_types, std::optional<RegionPrefixes> scope) {
  SnapshotReading reading(std::move(source), states, std::move(scope));
  ASSIGN_OR_RETURN(reading.position_, ReadPosition(db));
  const std::vector<std::string> offered = states.aggregate_types();
  for (const std::string& type : aggregate_types) {
    if (std::find(offered.begin(), offered.end(), type) == offered.end()) {
      return InvalidField("aggregate_types", absl::StrCat("没有此类记录：", type));
    }
  }
  for (const std::string& type : offered) {
    if (aggregate_types.empty() ||
        std::find(aggregate_types.begin(), aggregate_types.end(), type) != aggregate_types.end()) {
      reading.types_.push_back(type);
    }
  }
  return reading;
}

absl::StatusOr<std::optional<feed::v1::SnapshotResponse>> SnapshotReading::Next(
    mysql::Executor& db) {
  feed::v1::SnapshotResponse response;
  while (at_ == page_.size() && type_ < types_.size()) {
    ASSIGN_OR_RETURN(page_, states_->Page(db, types_[type_], after_, kSnapshotPage, scope_));
    at_ = 0;
    if (!page_.empty()) after_ = page_.back().aggregate_id;
    if (page_.size() < static_cast<size_t>(kSnapshotPage)) {
      ++type_;
      after_ = Ulid();
    }
  }
  if (at_ == page_.size()) {
    if (complete_) return std::nullopt;
    complete_ = true;
    response.set_complete(true);
    response.set_epoch(position_.epoch);
    response.set_watermark(position_.last_sequence);
    return response;
  }
  for (size_t bytes = 0; at_ < page_.size() && bytes <= kMaxBytes; ++at_) {
    bytes += page_[at_].payload.size() + 128;
    feed::v1::Event* event = response.add_events();
    FillEvent(page_[at_], event);
    event->set_sequence(position_.last_sequence);
    event->set_epoch(position_.epoch);
    event->set_source(source_);
  }
  return response;
}

absl::Status Snapshot(mysql::Executor& db, const std::string& source, SnapshotSource& states,
                      const std::vector<std::string>& aggregate_types,
                      const std::optional<RegionPrefixes>& scope,
                      const std::function<absl::Status(const feed::v1::SnapshotResponse&)>& send) {
  ASSIGN_OR_RETURN(SnapshotReading reading,
                   SnapshotReading::Begin(db, source, states, aggregate_types, scope));
  while (true) {
    ASSIGN_OR_RETURN(const std::optional<feed::v1::SnapshotResponse> message, reading.Next(db));
    if (!message) return absl::OkStatus();
    RETURN_IF_ERROR(send(*message));
  }
}

absl::StatusOr<std::string> StartNewEpoch(mysql::Session& session, UlidGenerator& ids) {
  const std::string epoch = ids.Next().ToString();
  // The fence moves too: a sequencer that still runs against the restored schema stops.
  ASSIGN_OR_RETURN(int64_t matched,
                   session.Execute("UPDATE feed_meta SET epoch = ?, fence = fence + 1, holder = '' "
                                   "WHERE id = 1",
                                   {epoch}));
  if (matched != 1) {
    return Error(absl::StatusCode::kInternal, "FEED_META_MISSING").Zh("变更订阅未初始化").Build();
  }
  return epoch;
}

absl::StatusOr<int64_t> SweepRetention(mysql::Session& session, absl::Time now,
                                       absl::Duration retention) {
  ASSIGN_OR_RETURN(const FeedPosition position, ReadPosition(session));
  // Sequences are gap-free and their instants ascend, so one row tells about all before it.
  for (const int64_t chunk : {1000, 100, 10, 1}) {
    const int64_t last = position.first_sequence + chunk - 1;
    if (last > position.last_sequence) continue;
    ASSIGN_OR_RETURN(
        mysql::Rows rows,
        session.Query("SELECT sequenced_at FROM feed_event WHERE sequence = ?", {last}));
    if (rows.empty() || rows[0].Time(0) >= now - retention) continue;
    return mysql::Transact(session, [&](mysql::Tx& tx) -> absl::StatusOr<int64_t> {
      ASSIGN_OR_RETURN(int64_t matched, tx.Execute("UPDATE feed_meta SET first_sequence = ? "
                                                   "WHERE id = 1 AND first_sequence = ?",
                                                   {last + 1, position.first_sequence}));
      if (matched != 1) return int64_t{0};  // another replica sweeps
      return tx.Execute("DELETE FROM feed_event WHERE sequence >= ? AND sequence <= ?",
                        {position.first_sequence, last});
    });
  }
  return int64_t{0};
}

}  // namespace bangfu::feed

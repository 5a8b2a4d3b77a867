#include "common/feed/service.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/page_token.h"
#include "common/contract/time.h"
#include "common/feed/wire.h"
#include "common/rpc/mutation.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace bangfu::feed {
namespace {

using rpc::CallContext;

constexpr int kWatchLimit = 1000;
// A woken watch steps at once; one that nobody wakes looks this often.
constexpr absl::Duration kWatchRest = absl::Seconds(1);

class WatchSubscription : public rpc::Subscription<v1::PullResponse> {
 public:
  WatchSubscription(std::string source, PullQuery query)
      : source_(std::move(source)), query_(std::move(query)) {}

  absl::StatusOr<rpc::Next> Step(CallContext& context,
                                 rpc::Writer<v1::PullResponse>& writer) override {
    query_.scope = context.scope;  // as it is now: grants begin and end while a watch is open
    ASSIGN_OR_RETURN(v1::PullResponse response, Pull(context.db, source_, query_, context.now));
    // From here on a restore is noticed, whatever the client knew at first.
    query_.epoch = response.epoch();
    if (response.next_after() == query_.after) return rpc::Next::After(kWatchRest);
    RETURN_IF_ERROR(writer.Write(response));
    query_.after = response.next_after();
    return rpc::Next::After(query_.after < response.last_sequence() ? absl::ZeroDuration()
                                                                    : kWatchRest);
  }

 private:
  const std::string source_;
  PullQuery query_;
};

template <typename Request>
PullQuery QueryFrom(const CallContext& context, const Request& request) {
  PullQuery query;
  query.epoch = request.epoch();
  query.after = request.after();
  query.aggregate_types = {request.aggregate_types().begin(), request.aggregate_types().end()};
  query.scope = context.scope;
  return query;
}

absl::StatusOr<v1::FeedStatus> GetFeedStatus(CallContext& context, const std::string& source) {
  ASSIGN_OR_RETURN(const FeedPosition position, ReadPositionAndBacklog(context.db));
  ASSIGN_OR_RETURN(const std::vector<ConsumerProgress> consumers, ReadProgress(context.db));
  v1::FeedStatus status;
  status.set_source(source);
  status.set_epoch(position.epoch);
  status.set_last_sequence(position.last_sequence);
  status.set_unsequenced(position.unsequenced);
  for (const ConsumerProgress& progress : consumers) {
    v1::ConsumerStatus* out = status.add_consumers();
    out->set_source(progress.source);
    out->set_consumer(progress.consumer);
    out->set_epoch(progress.epoch);
    out->set_cursor(progress.sequence);
    out->set_source_last_sequence(progress.source_last_sequence);
    const absl::Duration lag = progress.Lag(context.now);
    out->set_lag_seconds(lag == absl::InfiniteDuration() ? -1 : absl::ToInt64Seconds(lag));
    out->set_parked(progress.parked);
    out->set_state(static_cast<v1::ConsumerState>(progress.state));
    out->set_last_error(progress.last_error);
    for (const std::string& type : progress.awaited_types) out->add_awaited_types(type);
  }
  return status;
}

absl::StatusOr<v1::ListParkedEventsResponse> ListParkedEvents(
    CallContext& context, const v1::ListParkedEventsRequest& request) {
  ASSIGN_OR_RETURN(const int page_size, ResolvePageSize(request.page_size()));
  ASSIGN_OR_RETURN(const std::vector<std::string> key,
                   DecodePageToken(request.page_token(), "parked"));
  mysql::Params params;
  std::string sql = absl::StrCat(
      "SELECT region_path, consumer, source, aggregate_id, sequence, epoch, aggregate_type, "
      "payload_type, payload, occurred_at, error FROM feed_parked "
      "FORCE INDEX (feed_parked_by_region) WHERE (region_path = '' OR ",
      mysql::RegionClause(context.scope, "region_path", &params), ")");
  if (!key.empty()) {
    absl::StatusOr<Ulid> aggregate =
        key.size() == 5 ? Ulid::Parse(key[3]) : absl::InvalidArgumentError("");
    int64_t sequence = 0;
    if (!aggregate.ok() || !absl::SimpleAtoi(key[4], &sequence)) {
      return InvalidField("page_token", "分页标记无效").Build();
    }
    sql +=
        " AND region_path >= ? AND (region_path, consumer, source, aggregate_id, sequence) > "
        "(?, ?, ?, ?, ?)";
    params.insert(params.end(), {key[0], key[0], key[1], key[2], *aggregate, sequence});
  }
  sql += " ORDER BY region_path, consumer, source, aggregate_id, sequence LIMIT ?";
  params.emplace_back(page_size);
  ASSIGN_OR_RETURN(mysql::Rows rows, context.db.Query(sql, params));
  v1::ListParkedEventsResponse response;
  for (const mysql::Row& row : rows) {
    v1::ParkedEvent* parked = response.add_parked();
    parked->set_consumer(row.String(1));
    parked->set_error(row.String(10));
    v1::Event* event = parked->mutable_event();
    event->set_region_path(row.String(0));
    event->set_source(row.String(2));
    event->set_aggregate_id(row.Id(3).ToString());
    event->set_sequence(row.Int(4));
    event->set_epoch(row.String(5));
    event->set_aggregate_type(row.String(6));
    event->mutable_payload()->set_type_url(absl::StrCat(kTypeUrlPrefix, row.String(7)));
    event->mutable_payload()->set_value(row.String(8));
    SetTime(row.Time(9), event->mutable_occurred_at());
  }
  if (rows.size() == static_cast<size_t>(page_size)) {
    const mysql::Row& last = rows.back();
    response.set_next_page_token(EncodePageToken({last.String(0), last.String(1), last.String(2),
                                                  last.Id(3).ToString(), absl::StrCat(last.Int(4))},
                                                 "parked"));
  }
  return response;
}

absl::StatusOr<v1::RedriveParkedEventsResponse> RedriveParkedEvents(
    CallContext& context, const v1::RedriveParkedEventsRequest& request,
    const std::vector<RedriveTarget>& consumers) {
  ASSIGN_OR_RETURN(const Ulid aggregate, Ulid::Parse(request.aggregate_id()));
  // The aggregate must lie in the caller's regions.
  mysql::Params params = {request.source(), aggregate};
  const std::string sql = absl::StrCat(
      "SELECT consumer, region_path FROM feed_parked WHERE source = ? AND aggregate_id = ? "
      "AND (region_path = '' OR ",
      mysql::RegionClause(context.scope, "region_path", &params), ") LIMIT 1");
  ASSIGN_OR_RETURN(mysql::Rows rows, context.db.Query(sql, params));
  // Each event is applied in a transaction of its own; doing it again changes nothing, so a retry
  // after a crash may come here again before it finds its stored answer.
  v1::RedriveParkedEventsResponse response;
  bool known = false;
  if (!rows.empty()) {
    for (const RedriveTarget& target : consumers) {
      if (target.source != request.source()) continue;
      known = true;
      absl::StatusOr<Redriven> redriven = Redrive(context.db, context.clock, *target.handler,
                                                  target.consumer, target.source, aggregate);
      if (absl::IsNotFound(redriven.status())) continue;  // that one has never run
      RETURN_IF_ERROR(redriven.status());
      response.set_applied(response.applied() + redriven->applied);
      response.set_still_parked(response.still_parked() + redriven->still_parked);
    }
  }
  const std::string region = rows.empty() ? "" : rows[0].String(1);
  return rpc::Mutate<v1::RedriveParkedEventsResponse>(
      context, request,
      [&](rpc::Mutation& mutation) -> absl::StatusOr<v1::RedriveParkedEventsResponse> {
        if (!known) return NotFound("parked_event", request.aggregate_id()).Build();
        RETURN_IF_ERROR(mutation.Audit("feed_parked", aggregate, region, nullptr, response));
        return response;
      });
}

}  // namespace

void RegisterChangeFeed(rpc::Router& router, ChangeFeedOptions options) {
  router.Unary<v1::PullRequest, v1::PullResponse>(
      "bangfu.feed.v1.ChangeFeed.Pull",
      [source = options.source](CallContext& context, const v1::PullRequest& request) {
        PullQuery query = QueryFrom(context, request);
        query.limit = request.limit();
        return Pull(context.db, source, query, context.now);
      });
  router.Subscribe<v1::WatchRequest, v1::PullResponse>(
      "bangfu.feed.v1.ChangeFeed.Watch",
      [source = options.source](CallContext& context, const v1::WatchRequest& request)
          -> absl::StatusOr<std::unique_ptr<rpc::Subscription<v1::PullResponse>>> {
        PullQuery query = QueryFrom(context, request);
        query.limit = kWatchLimit;
        return std::make_unique<WatchSubscription>(source, std::move(query));
      });
  std::shared_ptr<SnapshotSource> states = options.states;
  if (states == nullptr) {
    states = std::make_shared<CombinedSnapshot>(std::vector<std::shared_ptr<SnapshotSource>>());
  }
  router.ServerStream<v1::SnapshotRequest, v1::SnapshotResponse>(
      "bangfu.feed.v1.ChangeFeed.Snapshot",
      [source = options.source, states](CallContext& context, const v1::SnapshotRequest& request)
          -> absl::StatusOr<std::unique_ptr<rpc::Source<v1::SnapshotResponse>>> {
        ASSIGN_OR_RETURN(SnapshotReading reading,
                         SnapshotReading::Begin(
                             context.db, source, *states,
                             {request.aggregate_types().begin(), request.aggregate_types().end()},
                             context.scope));
        return rpc::MakeSource<v1::SnapshotResponse>(
            [states, reading = std::move(reading)](CallContext& c) mutable {
              return reading.Next(c.db);
            });
      });
  router.Unary<v1::GetFeedStatusRequest, v1::FeedStatus>(
      "bangfu.feed.v1.ChangeFeed.GetFeedStatus",
      [source = options.source](CallContext& context, const v1::GetFeedStatusRequest&) {
        return GetFeedStatus(context, source);
      });
  router.Unary<v1::ListParkedEventsRequest, v1::ListParkedEventsResponse>(
      "bangfu.feed.v1.ChangeFeed.ListParkedEvents", ListParkedEvents);
  router.Unary<v1::RedriveParkedEventsRequest, v1::RedriveParkedEventsResponse>(
      "bangfu.feed.v1.ChangeFeed.RedriveParkedEvents",
      [consumers = options.consumers](CallContext& context,
                                      const v1::RedriveParkedEventsRequest& request) {
        return RedriveParkedEvents(context, request, consumers);
      });
}

}  // namespace bangfu::feed

// Parked events: those that could not be applied and, of the same aggregates, the later ones; kept
// in order until they are re-driven or superseded.
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "bangfu/feed/v1/change_feed.pb.h"
#include "common/base/clock.h"
#include "common/base/ulid.h"
#include "common/contract/time.h"
#include "common/feed/consumer.h"
#include "common/feed/consumer_internal.h"
#include "common/feed/wire.h"
#include "common/mysql/session.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace bangfu::feed {
namespace {

constexpr std::string_view kParkedColumns =
    "(consumer, source, aggregate_id, sequence, epoch, aggregate_type, region_path, payload_type, "
    "payload, occurred_at, error, parked_at)";

}  // namespace

mysql::Params ParkedRow(const std::string& consumer, const std::string& source,
                        const feed::v1::Event& event, const Ulid& id, const std::string& error,
                        absl::Time now) {
  return {consumer,
          source,
          id,
          event.sequence(),
          event.epoch(),
          event.aggregate_type(),
          event.region_path(),
          PayloadType(event.payload().type_url()),
          event.payload().value(),
          TimeOf(event.occurred_at()),
          error,
          now};
}

absl::Status Park(mysql::Tx& tx, const std::vector<mysql::Params>& rows) {
  return mysql::BulkInsert(tx, "feed_parked", kParkedColumns, rows,
                           " ON DUPLICATE KEY UPDATE error = VALUES(error), "
                           "payload = VALUES(payload), parked_at = VALUES(parked_at)")
      .status();
}

absl::StatusOr<std::set<std::string>> ParkedAggregates(mysql::Executor& db,
                                                       const std::string& consumer,
                                                       const std::string& source) {
  ASSIGN_OR_RETURN(mysql::Rows rows, db.Query("SELECT DISTINCT aggregate_id FROM feed_parked "
                                              "WHERE consumer = ? AND source = ?",
                                              {consumer, source}));
  std::set<std::string> ids;
  for (const mysql::Row& row : rows) ids.insert(row.Id(0).ToString());
  return ids;
}

absl::StatusOr<std::set<std::string>> ParkedTypes(mysql::Executor& db, const std::string& consumer,
                                                  const std::string& source) {
  ASSIGN_OR_RETURN(mysql::Rows rows, db.Query("SELECT DISTINCT aggregate_type FROM feed_parked "
                                              "WHERE consumer = ? AND source = ?",
                                              {consumer, source}));
  std::set<std::string> types;
  for (const mysql::Row& row : rows) types.insert(row.String(0));
  return types;
}

absl::Status DropParked(mysql::Tx& tx, const std::string& consumer, const std::string& source,
                        const std::set<std::string>& kept) {
  std::string sql = "DELETE FROM feed_parked WHERE consumer = ? AND source = ?";
  mysql::Params params = {consumer, source};
  if (!kept.empty()) {
    absl::StrAppend(&sql, " AND aggregate_type NOT IN (", mysql::Placeholders(kept.size()), ")");
    params.insert(params.end(), kept.begin(), kept.end());
  }
  return tx.Execute(sql, params).status();
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
          SetTime(row.Time(6), event.mutable_occurred_at());
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

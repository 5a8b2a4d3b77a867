// A region that got another code: what lies under the old one moves under the new.
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bangfu/registry/v1/events.pb.h"
#include "bangfu/registry/v1/reference_service.pb.h"
#include "common/audit/audit.h"
#include "common/base/clock.h"
#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/feed/outbox.h"
#include "common/inbox/service.h"
#include "common/recode/recode.h"
#include "common/rpc/mutation.h"
#include "services/registry/api/convert.h"
#include "services/registry/api/grants.h"
#include "services/registry/api/handlers.h"
#include "services/registry/api/notices.h"
#include "services/registry/api/reference_messages.h"
#include "services/registry/api/region_events.h"
#include "services/registry/api/report_work.h"
#include "services/registry/api/unit_report_work.h"
#include "services/registry/store/region_part.h"
#include "services/registry/store/region_store.h"

namespace bangfu::registry {
namespace {

using rpc::Mutation;

// What subscribers hold under the old path: every state again, under the new one.
absl::Status PublishMoved(mysql::Tx& tx, const std::string& path, absl::Time now) {
  const auto source = MakeStates();
  for (const char* type : {"industry", "short_board", "leading_industry", "brand_certification",
                           "tech_pairing", "training_record", "helper_organisation", "campaign",
                           "unit_report", "project", "operation_report", notice::kAggregate}) {
    Ulid after;
    while (true) {
      ASSIGN_OR_RETURN(std::vector<feed::OutboxEvent> events,
                       source->Page(tx, type, after, kEventRegions, feed::RegionPrefixes{path}));
      if (events.empty()) break;
      after = events.back().aggregate_id;
      for (feed::OutboxEvent& event : events) event.occurred_at = now;
      RETURN_IF_ERROR(feed::PublishBatch(tx, events));
      if (events.size() < kEventRegions) break;
    }
  }
  return absl::OkStatus();
}

// The region as it ended: an import says that it went over into the other, this year or last, and
// the row of its use is there still. Else the region as it stands: a code that ended long ago and
// is in use came back for another region.
absl::StatusOr<std::optional<RegionRow>> EndedRegion(mysql::Executor& db, const std::string& from,
                                                     const std::string& to, absl::Time now) {
  ASSIGN_OR_RETURN(const std::vector<RegionRow> rows, LoadRegionsByCode(db, {from}));
  for (const RegionRow& row : rows) {
    if (row.end_year != 0 && row.end_year + 1 >= ShanghaiDay(now).year() && row.region_path == to) {
      return row;
    }
  }
  return FindRegion(db, from);
}

// The move, with the states of both regions that are known.
absl::Status PublishMove(Mutation& m, const recode::Move& move,
                         const std::optional<RegionRow>& old_row, const RegionRow& new_row) {
  v1::RegionsChanged event;
  if (old_row) *event.add_regions() = RegionMessage(*old_row);
  *event.add_regions() = RegionMessage(new_row);
  *event.add_moves() = RegionMoveMessage(move);
  return m.Publish("region_batch", new_row.id, "", event);
}

absl::StatusOr<v1::RecodeRegionResponse> RecodeRegion(Context& context,
                                                      const recode::Parts& of_rooms,
                                                      const v1::RecodeRegionRequest& request) {
  return rpc::Mutate<v1::RecodeRegionResponse>(
      context, request, [&](Mutation& m) -> absl::StatusOr<v1::RecodeRegionResponse> {
        const absl::StatusOr<std::string> from = NormalizeRegionCode(request.from_code());
        const absl::StatusOr<std::string> to = NormalizeRegionCode(request.to_code());
        if (!from.ok()) return RegionUnknown("from_code", request.from_code());
        if (!to.ok()) return RegionUnknown("to_code", request.to_code());
        if (from->size() != to->size() || *from == *to || from->size() < 6) {
          return InvalidField("to_code", "新旧区划须为同级且不同的县以下区划").Build();
        }
        ASSIGN_OR_RETURN(const std::optional<RegionRow> old_row,
                         EndedRegion(m.tx(), *from, *to, context.now));
        ASSIGN_OR_RETURN(const auto new_row, FindRegion(m.tx(), *to));
        if (!new_row || new_row->end_year != 0) return RegionUnknown("to_code", request.to_code());
        if (old_row && old_row->end_year == 0) {
          return FailedPrecondition("REGION_IN_USE", "原区划仍在使用").Build();
        }
        v1::RecodeRegionResponse response;
        const recode::Move move{context.ids.Next(), *from, *to, context.now};
        const inbox::Act act = inbox::ActOf(m, "recode", {});
        // What has its region in the subject itself opens anew, before what waits moves.
        recode::Parts all = {
            RegionPart(),
            {.rekey = [&](mysql::Tx& tx, const recode::Move&) -> absl::StatusOr<int64_t> {
              RETURN_IF_ERROR(SyncMovedMonthlyReports(tx, *from, *to, act));
              RETURN_IF_ERROR(SyncMovedReports(tx, *to, act));
              RETURN_IF_ERROR(SyncMovedConfirmations(tx, *from, *to, act));
              return 0;
            }}};
        all.insert(all.end(), of_rooms.begin(), of_rooms.end());
        const absl::StatusOr<int64_t> records = recode::Apply(m.tx(), all, move, context.clock);
        if (mysql::IsDuplicateKey(records.status())) {
          return FailedPrecondition("REGION_NOT_EMPTY",
                                    "新区划已有同一产业或同一批次的记录，须先合并")
              .Build();
        }
        RETURN_IF_ERROR(records.status());
        response.set_records(*records);
        RETURN_IF_ERROR(PublishMoved(m.tx(), *to, context.now));
        RETURN_IF_ERROR(RecodeGrants(m.tx(), *from, *to, context.now));
        RETURN_IF_ERROR(
            m.Audit("region_recode", move.id, "36", nullptr, request, request.reason()));
        // The codes below go the same way, so that no list of today's regions has them twice.
        const int year =
            old_row ? old_row->end_year : static_cast<int>(ShanghaiDay(context.now).year());
        ASSIGN_OR_RETURN(const std::vector<RegionRow> retired,
                         RetireRegions(m.tx(), *from, *to, year));
        RETURN_IF_ERROR(PublishRegions(m, retired));
        // Codes that had gone over into these lead on.
        ASSIGN_OR_RETURN(const std::vector<RegionRow> led_on, RefreshRetiredPaths(m.tx()));
        RETURN_IF_ERROR(PublishRegions(m, led_on));
        RETURN_IF_ERROR(PublishMove(m, move, old_row, *new_row));
        return response;
      });
}

}  // namespace

absl::Status PublishSwept(mysql::Tx& tx, const recode::Move& move, int64_t rows, absl::Time now) {
  if (rows > 0) RETURN_IF_ERROR(PublishMoved(tx, move.to, now));
  audit::Entry entry;
  entry.action = "job.sweep_moved_regions";
  entry.actor.subject = "system";
  entry.actor.name = "系统";
  entry.reason = Cat("区划调整：", move.from, "→", move.to);
  return RecodeGrants(tx, move.from, move.to, now, &entry);
}

void RegisterRegionRecode(rpc::Router& router, recode::Parts of_rooms) {
  router.Unary<v1::RecodeRegionRequest, v1::RecodeRegionResponse>(
      "bangfu.registry.v1.RegionService.RecodeRegion",
      [of_rooms = std::move(of_rooms)](Context& context, const v1::RecodeRegionRequest& request) {
        return RecodeRegion(context, of_rooms, request);
      });
}

}  // namespace bangfu::registry

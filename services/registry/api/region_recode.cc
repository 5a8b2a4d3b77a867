// A region that got another code: what lies under the old one moves under the new.
#include <string>
#include <utility>
#include <vector>

#include "bangfu/registry/v1/reference_service.pb.h"
#include "common/base/region.h"
#include "common/feed/outbox.h"
#include "common/inbox/service.h"
#include "common/rpc/mutation.h"
#include "services/registry/api/convert.h"
#include "services/registry/api/grants.h"
#include "services/registry/api/handlers.h"
#include "services/registry/api/region_events.h"
#include "services/registry/api/report_work.h"
#include "services/registry/store/reference_store.h"

namespace bangfu::registry {
namespace {

using rpc::Mutation;

// What subscribers hold under the old path: every state again, under the new one.
absl::Status PublishMoved(mysql::Tx& tx, const std::string& path, absl::Time now) {
  const auto source = MakeSnapshotSource();
  for (const char* type :
       {"industry", "short_board", "leading_industry", "brand_certification", "tech_pairing",
        "training_record", "unit_report", "project", "operation_report"}) {
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

absl::StatusOr<v1::RecodeRegionResponse> RecodeRegion(Context& context,
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
        ASSIGN_OR_RETURN(const auto old_row, FindRegion(m.tx(), *from));
        ASSIGN_OR_RETURN(const auto new_row, FindRegion(m.tx(), *to));
        if (!new_row || new_row->end_year != 0) return RegionUnknown("to_code", request.to_code());
        if (old_row && old_row->end_year == 0) {
          return FailedPrecondition("REGION_IN_USE", "原区划仍在使用").Build();
        }
        v1::RecodeRegionResponse response;
        const absl::StatusOr<int64_t> records = RewriteRegionPath(m.tx(), *from, *to);
        if (mysql::IsDuplicateKey(records.status())) {
          return FailedPrecondition("REGION_NOT_EMPTY",
                                    "新区划已有同一产业或同一批次的记录，须先合并")
              .Build();
        }
        RETURN_IF_ERROR(records.status());
        response.set_records(*records);
        RETURN_IF_ERROR(PublishMoved(m.tx(), *to, context.now));
        RETURN_IF_ERROR(RecodeGrants(m.tx(), *from, *to, context.now));
        RETURN_IF_ERROR(SyncMovedMonthlyReports(m.tx(), *from, *to, inbox::ActOf(m, "recode", {})));
        RETURN_IF_ERROR(
            m.Audit("region_recode", context.ids.Next(), "36", nullptr, request, request.reason()));
        if (old_row) RETURN_IF_ERROR(PublishRegions(m, {*old_row, *new_row}));
        return response;
      });
}

}  // namespace

void RegisterRegionRecode(rpc::Router& router) {
  router.Unary<v1::RecodeRegionRequest, v1::RecodeRegionResponse>(
      "bangfu.registry.v1.RegionService.RecodeRegion", RecodeRegion);
}

}  // namespace bangfu::registry

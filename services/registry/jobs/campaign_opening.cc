#include "services/registry/jobs/campaign_opening.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bangfu/registry/v1/events.pb.h"
#include "bangfu/registry/v1/inventory_service.pb.h"
#include "common/audit/actor.h"
#include "common/base/strings.h"
#include "common/feed/outbox.h"
#include "common/grants/copies.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/registry/api/campaign_work.h"
#include "services/registry/api/campaigns.h"
#include "services/registry/api/convert.h"
#include "services/registry/api/stopped_work.h"
#include "services/registry/api/unit_report_work.h"
#include "services/registry/api/unit_reports.h"
#include "services/registry/store/campaign_store.h"
#include "services/registry/store/claim_store.h"
#include "services/registry/store/unit_report_store.h"

namespace bangfu::registry {
namespace {

using operation::OperationContext;

class Opening {
 public:
  Opening(OperationContext& context, UlidGenerator& ids, const OpeningOptions& options)
      : context_(context), ids_(ids), options_(options) {}

  absl::StatusOr<std::unique_ptr<google::protobuf::Message>> Run() {
    RETURN_IF_ERROR(context_.Request(&request_));
    ASSIGN_OR_RETURN(campaign_, ParseId(request_.id(), "id"));
    ASSIGN_OR_RETURN(const int64_t total, CountVillages(context_.db(), context_.region_path()));
    std::string after = context_.resume_cursor();
    int64_t done = context_.done();
    while (true) {
      ASSIGN_OR_RETURN(const std::vector<VillageRow> villages,
                       VillagesAfter(context_.db(), context_.region_path(), after, options_.chunk));
      if (villages.empty()) break;
      done += static_cast<int64_t>(villages.size());
      after = villages.back().code;
      RETURN_IF_ERROR(mysql::Transact(context_.db(), [&](mysql::Tx& tx) -> absl::Status {
        ASSIGN_OR_RETURN(const CampaignRow campaign, LockOpening(tx));
        RETURN_IF_ERROR(MakeReports(tx, campaign, villages));
        if (options_.before_commit) RETURN_IF_ERROR(options_.before_commit(done));
        return context_.SaveCursor(tx, after, done);
      }));
      RETURN_IF_ERROR(context_.Progress(done, total, Cat("已生成", done, "个村的摸排报告")));
      if (static_cast<int>(villages.size()) < options_.chunk) break;
    }
    return mysql::Transact(
        context_.db(),
        [&](mysql::Tx& tx) -> absl::StatusOr<std::unique_ptr<google::protobuf::Message>> {
          return Finish(tx, after, done);
        });
  }

 private:
  absl::StatusOr<CampaignRow> Lock(mysql::Tx& tx) const {
    return GetCampaign(tx, campaign_, {context_.region_path()}, /*for_update=*/true);
  }
  // Closing meanwhile ends the work.
  absl::StatusOr<CampaignRow> LockOpening(mysql::Tx& tx) const {
    ASSIGN_OR_RETURN(CampaignRow row, Lock(tx));
    if (row.state != kCampaignOpening) {
      return FailedPrecondition("STATE_NOT_ALLOWED", "批次不在开放中")
          .With("state", absl::StrCat(row.state))
          .Build();
    }
    return row;
  }

  absl::Status MakeReports(mysql::Tx& tx, const CampaignRow& campaign,
                           const std::vector<VillageRow>& villages) const {
    std::vector<UnitReportRow> units;
    std::vector<feed::OutboxEvent> events;
    units.reserve(villages.size());
    events.reserve(villages.size());
    for (const VillageRow& village : villages) {
      UnitReportRow unit;
      unit.id = ids_.Next();
      unit.campaign_id = campaign_;
      unit.region_code = village.code;
      unit.region_path = village.region_path;
      unit.state = static_cast<int>(UnitReportState::kNotStarted);
      v1::InventoryUnitReport record;
      record.set_region_name(village.name);
      unit.record = ToBytes(record);
      v1::UnitReportChanged event;
      *event.mutable_unit_report() = UnitReportOf(unit);
      events.push_back(
          feed::MakeEvent("unit_report", unit.id, unit.region_path, event, context_.now()));
      units.push_back(std::move(unit));
    }
    RETURN_IF_ERROR(OpenUnits(tx, units));
    // The reports are made by the opening, which its own audit rows tell; each has its event.
    RETURN_IF_ERROR(feed::PublishBatch(tx, events));
    return OpenFreshReports(
        tx, units, {campaign.id, campaign.region_path, campaign.state, campaign.deadlines},
        {.ids = ids_, .now = context_.now(), .outcome = "open", .calendar = InboxCalendar()});
  }

  absl::StatusOr<std::unique_ptr<google::protobuf::Message>> Finish(mysql::Tx& tx,
                                                                    const std::string& cursor,
                                                                    int64_t done) const {
    ASSIGN_OR_RETURN(CampaignRow row, Lock(tx));
    // The run before this one ended between its last commit and the end of the operation.
    if (row.state == kCampaignOpen) {
      return std::make_unique<v1::InventoryCampaign>(inventory::CampaignMessage(row));
    }
    ASSIGN_OR_RETURN(row, LockOpening(tx));
    const v1::InventoryCampaign before = inventory::CampaignMessage(row);
    ASSIGN_OR_RETURN(row.unit_count, CountUnits(tx, campaign_));
    row.state = kCampaignOpen;
    row.version += 1;
    v1::InventoryCampaign after = before;
    after.set_state(v1::CAMPAIGN_STATE_OPEN);
    SetTime(context_.now(), after.mutable_opened_at());
    inventory::StoreCampaign(after, &row);
    RETURN_IF_ERROR(UpdateCampaign(tx, row));
    after = inventory::CampaignMessage(row);

    audit::Entry entry;
    entry.aggregate_type = "campaign";
    entry.aggregate_id = campaign_;
    entry.region_path = row.region_path;
    entry.action = inventory::kOpenCampaignKind;
    entry.actor = audit::ActorOf(context_.created_by());
    RETURN_IF_ERROR(grants::NameOrganisation(tx, &entry.actor));
    entry.before_json = audit::ToJson(before);
    entry.after_json = audit::ToJson(after);
    entry.request_id = request_.request_id();
    entry.occurred_at = context_.now();
    RETURN_IF_ERROR(audit::Append(tx, entry));
    v1::CampaignChanged event;
    *event.mutable_campaign() = after;
    RETURN_IF_ERROR(feed::Publish(
        tx, feed::MakeEvent("campaign", campaign_, row.region_path, event, context_.now())));
    RETURN_IF_ERROR(SyncCampaigns(
        tx, {campaign_},
        {.ids = ids_, .now = context_.now(), .outcome = "open", .calendar = InboxCalendar()}));
    RETURN_IF_ERROR(context_.SaveCursor(tx, cursor, done));
    return std::make_unique<v1::InventoryCampaign>(std::move(after));
  }

  OperationContext& context_;
  UlidGenerator& ids_;
  const OpeningOptions& options_;
  v1::OpenCampaignRequest request_;
  Ulid campaign_;
};

}  // namespace

void RegisterCampaignOpening(operation::OperationRunner& runner, UlidGenerator& ids,
                             OpeningOptions options) {
  runner.Register(
      inventory::kOpenCampaignKind,
      [&ids, options = std::move(options)](OperationContext& context) {
        return Opening(context, ids, options).Run();
      },
      inbox::StandOf(StoppedOpening(), InboxCalendar()));
}

}  // namespace bangfu::registry

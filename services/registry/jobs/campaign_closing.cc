#include "services/registry/jobs/campaign_closing.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bangfu/registry/v1/inventory_service.pb.h"
#include "common/base/strings.h"
#include "common/status/macros.h"
#include "services/registry/api/campaigns.h"
#include "services/registry/api/convert.h"
#include "services/registry/api/stopped_work.h"
#include "services/registry/api/unit_report_work.h"
#include "services/registry/store/unit_report_store.h"

namespace bangfu::registry {
namespace {

using operation::OperationContext;

absl::StatusOr<std::unique_ptr<google::protobuf::Message>> ClearInbox(
    OperationContext& context, UlidGenerator& ids, const ClosingOptions& options) {
  v1::CloseCampaignRequest request;
  RETURN_IF_ERROR(context.Request(&request));
  UnitQuery query;
  ASSIGN_OR_RETURN(query.campaign_id, ParseId(request.id(), "id"));
  query.scope = {context.region_path()};
  query.after_path = context.resume_cursor();
  query.limit = options.chunk;
  ASSIGN_OR_RETURN(const int64_t total, CountUnits(context.db(), query.campaign_id));
  int64_t done = context.done();
  while (true) {
    ASSIGN_OR_RETURN(const std::vector<UnitReportRow> units, ListUnits(context.db(), query));
    if (units.empty()) break;
    done += static_cast<int64_t>(units.size());
    query.after_path = units.back().region_path;
    const inbox::Act act{
        .ids = ids, .now = context.now(), .outcome = "close", .calendar = InboxCalendar()};
    RETURN_IF_ERROR(mysql::Transact(context.db(), [&](mysql::Tx& tx) -> absl::Status {
      RETURN_IF_ERROR(SyncClosedCampaign(tx, units, act));
      if (options.before_commit) RETURN_IF_ERROR(options.before_commit(done));
      return context.SaveCursor(tx, query.after_path, done);
    }));
    RETURN_IF_ERROR(context.Progress(done, total, Cat("已清理", done, "个村的待办")));
    if (static_cast<int>(units.size()) < options.chunk) break;
  }
  return nullptr;
}

}  // namespace

void RegisterCampaignClosing(operation::OperationRunner& runner, UlidGenerator& ids,
                             ClosingOptions options) {
  runner.Register(
      inventory::kCloseCampaignKind,
      [&ids, options = std::move(options)](OperationContext& context) {
        return ClearInbox(context, ids, options);
      },
      inbox::StandOf(StoppedClosing(), InboxCalendar()));
}

}  // namespace bangfu::registry

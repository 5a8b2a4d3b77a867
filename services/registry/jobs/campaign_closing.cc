#include "services/registry/jobs/campaign_closing.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bangfu/options/v1/access.pb.h"
#include "bangfu/registry/v1/inventory_service.pb.h"
#include "common/base/strings.h"
#include "common/status/macros.h"
#include "services/registry/api/campaigns.h"
#include "services/registry/api/convert.h"
#include "services/registry/api/unit_report_work.h"
#include "services/registry/domain/roles.h"
#include "services/registry/store/region_store.h"
#include "services/registry/store/unit_report_store.h"

namespace bangfu::registry {
namespace {

using operation::OperationContext;

constexpr char kSubjectType[] = "operation";
constexpr char kProvince[] = "36";
// Clearings that stopped and that nobody resumed: there are hardly any.
constexpr int kStopped = 500;

bool Stopped(const operation::v1::Operation& clearing) {
  return clearing.state() == operation::v1::OPERATION_STATE_FAILED ||
         clearing.state() == operation::v1::OPERATION_STATE_CANCELLED;
}

// The clearing's subject is claimed by then, so that what is read of it stays true.
absl::Status SyncClearing(mysql::Tx& tx, const Ulid& id, const operation::v1::Operation& clearing,
                          const inbox::Act& act) {
  inbox::Subject subject{kSubjectType, id, {}, {}};
  if (Stopped(clearing)) {
    ASSIGN_OR_RETURN(const auto names, RegionNames(tx, {clearing.region_path()}));
    const auto name = names.find(clearing.region_path());
    inbox::Wanted w;
    w.kind = "CAMPAIGN_CLOSING_RESUME";
    w.action = "resume";
    w.slot = "PROVINCE";
    w.title = Cat(name == names.end() ? clearing.region_path() : name->second,
                  "摸排批次已结束，各村待办尚未清理完");
    w.region_path = clearing.region_path();
    w.roles = {kProvAdmin};
    subject.wanted.push_back(w);
    options::v1::Role role = options::v1::ROLE_UNSPECIFIED;
    if (options::v1::Role_Parse(clearing.created_by().role(), &role) &&
        role != options::v1::ROLE_PROV_ADMIN) {
      w.slot = "STARTER";
      w.roles = {static_cast<int>(role)};
      w.assignee = clearing.created_by().subject();
      subject.wanted.push_back(std::move(w));
    }
  }
  return inbox::Sync(tx, {subject}, act);
}

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

std::vector<inbox::Kind> ClosingKinds() {
  return {{"CAMPAIGN_CLOSING_RESUME", "继续清理已结束批次的待办", kSubjectType}};
}

inbox::Source ClosingSource() {
  return {
      kSubjectType,
      [](mysql::Executor& db, const Ulid& after, int limit) -> absl::StatusOr<std::vector<Ulid>> {
        std::vector<Ulid> ids;
        for (const auto state :
             {operation::v1::OPERATION_STATE_FAILED, operation::v1::OPERATION_STATE_CANCELLED}) {
          operation::ListQuery query;
          query.scope = {kProvince};
          query.kind = inventory::kCloseCampaignKind;
          query.state = state;
          query.limit = kStopped;
          ASSIGN_OR_RETURN(const std::vector<operation::v1::Operation> stopped,
                           operation::List(db, query));
          for (const operation::v1::Operation& clearing : stopped) {
            ASSIGN_OR_RETURN(const Ulid id, ParseId(clearing.id(), "id"));
            if (id > after) ids.push_back(id);
          }
        }
        std::sort(ids.begin(), ids.end());
        if (ids.size() > static_cast<size_t>(limit)) ids.resize(static_cast<size_t>(limit));
        return ids;
      },
      [](mysql::Tx& tx, const std::vector<Ulid>& ids, const inbox::Act& act) -> absl::Status {
        RETURN_IF_ERROR(inbox::Claim(tx, ids));
        for (const Ulid& id : ids) {
          absl::StatusOr<operation::v1::Operation> clearing = operation::Get(tx, id, {kProvince});
          // What ended long ago is swept: nobody can resume it any more.
          if (absl::IsNotFound(clearing.status())) clearing = operation::v1::Operation();
          RETURN_IF_ERROR(clearing.status());
          RETURN_IF_ERROR(SyncClearing(tx, id, *clearing, act));
        }
        return absl::OkStatus();
      }};
}

void RegisterCampaignClosing(operation::OperationRunner& runner, UlidGenerator& ids,
                             ClosingOptions options) {
  runner.Register(
      inventory::kCloseCampaignKind,
      [&ids, options = std::move(options)](OperationContext& context) {
        return ClearInbox(context, ids, options);
      },
      [&ids](mysql::Tx& tx, const operation::v1::Operation& clearing,
             absl::Time now) -> absl::Status {
        ASSIGN_OR_RETURN(const Ulid id, ParseId(clearing.id(), "id"));
        RETURN_IF_ERROR(inbox::Claim(tx, {id}));
        return SyncClearing(tx, id, clearing,
                            {.ids = ids,
                             .now = now,
                             .outcome = Stopped(clearing) ? "stopped" : "resume",
                             .calendar = InboxCalendar()});
      });
}

}  // namespace bangfu::registry

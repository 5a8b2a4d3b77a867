#include "services/registry/api/campaign_work.h"

#include <optional>
#include <string>
#include <utility>

#include "bangfu/registry/v1/inventory.pb.h"
#include "common/base/strings.h"
#include "common/status/macros.h"
#include "common/workflow/work.h"
#include "services/registry/api/campaigns.h"
#include "services/registry/domain/campaign.h"
#include "services/registry/store/campaign_store.h"
#include "services/registry/store/parameter_store.h"
#include "services/registry/store/unit_report_store.h"

namespace bangfu::registry {
namespace {

constexpr char kSubjectType[] = "campaign";
// Working days; 待省厅确认.
constexpr int kOpenDays = 5;
constexpr int kCloseDays = 5;

}  // namespace

std::vector<inbox::Kind> CampaignKinds() {
  return {{"CAMPAIGN_OPEN", "开放摸排批次", kSubjectType},
          {"CAMPAIGN_CLOSE", "结束摸排批次", kSubjectType}};
}

absl::Status SyncCampaigns(mysql::Tx& tx, const std::set<Ulid>& ids, const inbox::Act& act) {
  if (ids.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(inbox::Claim(tx, {ids.begin(), ids.end()}));
  ASSIGN_OR_RETURN(const std::vector<CampaignRow> rows, CampaignsById(tx, ids));
  std::vector<inbox::Subject> subjects;
  for (const CampaignRow& row : rows) {
    inbox::Subject subject{kSubjectType, row.id, {}, {}};
    CampaignSubject standing;
    standing.state = static_cast<CampaignState>(row.state);
    // It could be closed as soon as every report is verified. It is work only when nothing else of
    // it waits: closing takes the samples and the confirmation away.
    if (standing.state == CampaignState::kOpen) {
      ASSIGN_OR_RETURN(const bool confirmed, AllConfirmed(tx, row.id));
      standing.pending = confirmed ? 0 : 1;
    }
    for (const workflow::WaitingStep& step :
         workflow::WaitingSteps(CampaignTransitions(), CampaignWorks(), standing, {})) {
      const bool opens = step.action == "open";
      ASSIGN_OR_RETURN(const int64_t days,
                       opens ? ParameterValue(tx, "CAMPAIGN_OPEN_DAYS", kOpenDays)
                             : ParameterValue(tx, "CAMPAIGN_CLOSE_DAYS", kCloseDays));
      inbox::Wanted w = inbox::WantedOf(
          step, row.region_path,
          Cat(inventory::CampaignMessage(row).name(), opens ? "" : "，各村成果均已确认"));
      w.facets = auth::Everything();
      w.term_days = static_cast<int>(days);
      subject.wanted.push_back(std::move(w));
    }
    subjects.push_back(std::move(subject));
  }
  return inbox::Sync(tx, subjects, act);
}

inbox::Source CampaignSource() {
  return {kSubjectType, OpenCampaignsAfter,
          [](mysql::Tx& tx, const std::vector<Ulid>& ids, const inbox::Act& act) -> absl::Status {
            return SyncCampaigns(tx, {ids.begin(), ids.end()}, act);
          }};
}

}  // namespace bangfu::registry

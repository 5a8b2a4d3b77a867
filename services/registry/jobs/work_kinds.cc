#include "services/registry/jobs/work_kinds.h"

#include "common/inbox/stopped.h"
#include "common/intake/engine.h"
#include "common/intake/import_service.h"
#include "common/notice/work.h"
#include "services/registry/api/campaign_work.h"
#include "services/registry/api/report_work.h"
#include "services/registry/api/short_board_work.h"
#include "services/registry/api/stopped_work.h"
#include "services/registry/api/unit_report_work.h"

namespace bangfu::registry {

std::vector<inbox::Kind> WorkKinds() {
  std::vector<inbox::Kind> kinds;
  for (const std::vector<inbox::Kind>& some :
       {UnitReportKinds(), ReportKinds(), ShortBoardKinds(), CampaignKinds(),
        ::bangfu::intake::WorkKinds(), notice::WorkKinds()}) {
    kinds.insert(kinds.end(), some.begin(), some.end());
  }
  for (const inbox::StoppedKind& stopped :
       {StoppedOpening(), StoppedClosing(), ::bangfu::intake::StoppedCommit({})}) {
    kinds.push_back(inbox::KindOf(stopped));
  }
  return kinds;
}

}  // namespace bangfu::registry

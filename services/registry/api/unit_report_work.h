// Village reports in the inbox: which of their steps wait for whom, and until when.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/inbox/inbox.h"
#include "common/inbox/recount.h"
#include "common/inbox/service.h"
#include "services/registry/store/campaign_store.h"
#include "services/registry/store/unit_report_store.h"

namespace bangfu::registry {

// The kinds of work on reports, for RegisterInboxService.
std::vector<inbox::Kind> UnitReportKinds();
// The registry's own calendar in the words of deadlines.
inbox::CalendarLookup InboxCalendar();

// Makes the open items of the reports what their states ask for. The rows are as they stand after
// the change and are locked.
absl::Status SyncUnitReports(mysql::Tx& tx, const std::vector<UnitReportRow>& units,
                             const inbox::Act& act);
// The county verifies the report: which departments have to sign follows its projects' money.
bool WithCounty(const UnitReportRow& unit);
// Whether work on the report follows from what its projects are: their money while it is with the
// county, and once it is verified whether they still are.
bool HasProjectWork(const UnitReportRow& unit);
// The same for the verified reports of these villages, of open campaigns: after projects of theirs
// are verified, or not any more, by another village's report.
absl::Status SyncReverification(mysql::Tx& tx, const std::set<std::string>& villages,
                                const inbox::Act& act);
// The same for reports of a region to which the villages of another code, and their projects, came.
absl::Status SyncMovedReports(mysql::Tx& tx, const std::string& to, const inbox::Act& act);
// The same for reports of the campaign that is closed or opened by this act: nothing waits any
// more, or, fresh, every village has to report until `village_deadline`.
absl::Status SyncClosedCampaign(mysql::Tx& tx, const std::vector<UnitReportRow>& units,
                                const inbox::Act& act);
absl::Status OpenFreshReports(mysql::Tx& tx, const std::vector<UnitReportRow>& units,
                              const CampaignRef& campaign, inbox::Act act);

// Makes what comes after a county's verification wait for the counties of a region in which every
// village is verified: a sample to be drawn by city or province, or to be enlarged by the level
// whose results ask for it; when the samples around are complete, the province's confirmation
// (which goes by county). SyncUnitReports does so for the counties of its reports.
absl::Status SyncConfirmations(mysql::Tx& tx, const Ulid& campaign_id,
                               const std::string& region_path, const inbox::Act& act);

// The same after the villages of a region moved to another code, for the counties on both sides.
absl::Status SyncMovedConfirmations(mysql::Tx& tx, const std::string& from, const std::string& to,
                                    const inbox::Act& act);

// The same after reports left the populations of these samples: with the last one that could still
// be drawn goes the demand to enlarge, which held up every county around.
absl::Status SyncLeftSamples(mysql::Tx& tx, const std::vector<Ulid>& samples,
                             const inbox::Act& act);

// Every report, and every county of an open campaign, for the recount.
inbox::Source UnitReportSource();
inbox::Source ConfirmationSource();

}  // namespace bangfu::registry

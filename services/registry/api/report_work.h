// Monthly operation reports in the inbox: one item per village and month, while a project of it has
// not reported.
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "bangfu/registry/v1/project.pb.h"
#include "common/base/clock.h"
#include "common/inbox/inbox.h"
#include "common/inbox/recount.h"

namespace bangfu::registry {

std::vector<inbox::Kind> ReportKinds();

// (region_path, period): after reports of them were written. Opens the item of last month only;
// those of earlier months tell how many are missing still, and are closed when none is.
absl::Status SyncMonthlyReports(mysql::Tx& tx,
                                const std::set<std::pair<std::string, std::string>>& months,
                                const inbox::Act& act);

// Adds the regions in which other projects run after the change of a project than before, or those
// of other money or another industry. `before` null: a new one.
void AddRegionsOfRunning(const v1::Project* before, const v1::Project& after,
                         std::set<std::string>* region_paths);
// After other projects run in these regions: last month's items, and those of earlier months that
// are open there. A bounded number of statements for all of them together; no region, none.
absl::Status SyncMonthlyReportsAt(mysql::Tx& tx, const std::set<std::string>& region_paths,
                                  const inbox::Act& act);
// After the projects of a region moved to another code: where they were and where they are. Every
// month that was open where they were, however long ago, is open where they are.
absl::Status SyncMovedMonthlyReports(mysql::Tx& tx, const std::string& from, const std::string& to,
                                     const inbox::Act& act);

// Villages with projects that run, for last month; this is also what opens the items of a month.
// `clock` outlives the source.
inbox::Source MonthlyReportSource(const Clock& clock);

}  // namespace bangfu::registry

// Monthly operation reports in the inbox: one item per village and month, while a project of it has
// not reported.
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "common/base/clock.h"
#include "common/inbox/inbox.h"
#include "common/inbox/recount.h"

namespace bangfu::registry {

std::vector<inbox::Kind> ReportKinds();

// (region_path, period): after reports of them were written. Opens the item of last month only;
// earlier months' items are closed when nothing is missing any more.
absl::Status SyncMonthlyReports(mysql::Tx& tx,
                                const std::set<std::pair<std::string, std::string>>& months,
                                const inbox::Act& act);

// Villages with projects that run, for last month; this is also what opens the items of a month.
// `clock` outlives the source.
inbox::Source MonthlyReportSource(const Clock& clock);

}  // namespace bangfu::registry

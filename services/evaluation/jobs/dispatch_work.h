// Dispatch reports (产业调度) in the inbox: one item per county industry and month that has ended
// without its report.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "common/inbox/inbox.h"
#include "common/inbox/recount.h"
#include "services/evaluation/store/subject_store.h"

namespace bangfu::evaluation {

inline constexpr char kSubmitDispatch[] = "submit_dispatch_report";

std::vector<inbox::Kind> DispatchKinds();

// After something of these industries changed (a report, their region or name, void): they are
// locked; other subjects are passed over. Opens the item of last month only, and only where the
// industry was entered before it ended; those of earlier months stay until they are reported.
absl::Status SyncDispatchReports(mysql::Tx& tx, const std::vector<SubjectRow>& subjects,
                                 const inbox::Act& act);

// Every industry that is not void; this is also what opens the items of a month.
inbox::Source DispatchSource();

}  // namespace bangfu::evaluation

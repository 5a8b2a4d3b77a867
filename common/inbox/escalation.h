// What is overdue rises by itself (逐级上报): it is shown to one level more above those who should
// act for each so many working days past its due date. A run that finds nothing new changes
// nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/inbox/inbox.h"
#include "common/mysql/session.h"

namespace bangfu::inbox {

struct EscalationOptions {
  // Working days for each level; 0: nothing rises. A level that is a year away is never reached.
  int64_t days = 0;
  CalendarLookup calendar;
  std::function<bool()> stopped;  // asked between two counties
  // For tests: may fail the transaction of a county.
  std::function<absl::Status(const std::string& county)> before_commit;
};

// Raises what is overdue on the day of `now`; gives how many items rose. Each county is a
// transaction of its own: one that fails keeps no other back, and the first failure is given when
// all were tried.
absl::StatusOr<int64_t> Escalate(mysql::Session& session, absl::Time now,
                                 const EscalationOptions& options);

}  // namespace bangfu::inbox

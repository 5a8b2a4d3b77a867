// The InboxService rpcs of a service.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/feed/feed.h"
#include "common/inbox/inbox.h"
#include "common/rpc/mutation.h"
#include "common/rpc/router.h"

namespace bangfu::inbox {

struct ServiceOptions {
  std::vector<Kind> kinds;  // a kind that is not listed is shown by its code
  CalendarLookup calendar;  // empty: Monday to Friday
  // After how many working days what is overdue rises to the next level; empty: nothing rises.
  std::function<absl::StatusOr<int64_t>(mysql::Executor&)> escalation_days;
};

// What a mutation does to the items of its subjects: in the caller's name, at its instant.
Act ActOf(rpc::Mutation& mutation, std::string_view outcome, CalendarLookup calendar);

// Urgings for the snapshot of a service's feed (aggregate type "work_urge").
std::shared_ptr<feed::SnapshotSource> UrgeStates();

// Working days before the due date from which an item is due soon.
inline constexpr int kSoonDays = 3;

// Registers bangfu.inbox.v1.InboxService.
void RegisterInboxService(rpc::Router& router, ServiceOptions options);

}  // namespace bangfu::inbox

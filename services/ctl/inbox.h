// Work that waits, over all services as one inbox.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bangfu/inbox/v1/inbox.pb.h"
#include "services/ctl/context.h"

namespace bangfu::ctl {

struct ServiceItem {
  std::string service;  // the one whose record it is
  inbox::v1::WorkItem item;
};
// The most urgent of what waits for the caller in any service, by due date. Each service is asked
// for `limit`, so that the first `limit` of all are right.
absl::StatusOr<std::vector<ServiceItem>> MyWork(Context& context,
                                                inbox::v1::ListMyWorkRequest request, int limit);
std::string RenderWork(const std::vector<ServiceItem>& items);

}  // namespace bangfu::ctl

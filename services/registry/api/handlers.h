// The rpcs of this service by group. What they share beside the CallContext is in the store.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/feed/feed.h"
#include "common/rpc/router.h"

namespace bangfu::registry {

void RegisterReferenceHandlers(
    rpc::Router& router);  // regions, organisations, codes, calendar, taxonomy
void RegisterProjectHandlers(rpc::Router& router);
void RegisterOperatorHandlers(rpc::Router& router);
void RegisterIndustryHandlers(rpc::Router& router);
void RegisterReportHandlers(rpc::Router& router);
void RegisterGrantHandlers(rpc::Router& router);

// The present state of every record, for new subscribers of the feed.
std::shared_ptr<feed::SnapshotSource> MakeSnapshotSource();

}  // namespace bangfu::registry

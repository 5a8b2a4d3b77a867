// The rpcs of this service by group. What they share beside the CallContext is in the store.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/feed/feed.h"
#include "common/recode/tables.h"
#include "common/rpc/router.h"

namespace bangfu::registry {

void RegisterRegionHandlers(rpc::Router& router);  // RegionService, but for RecodeRegion
// With what the rooms keep by region path: it moves in the transaction of the registry's own.
void RegisterRegionRecode(rpc::Router& router, recode::Parts of_rooms);
// Of rows that came under a re-coded region's old path after all and have moved now: their states
// again, for who copied them under it; and the grants that came so.
absl::Status PublishSwept(mysql::Tx& tx, const recode::Move& move, int64_t rows, absl::Time now);
void RegisterOrganisationHandlers(rpc::Router& router);
// CodeListService: its codes, its parameters, and the departments of the fund sources.
void RegisterCodeListHandlers(rpc::Router& router);
void RegisterParameterHandlers(rpc::Router& router);
void RegisterFundSourceHandlers(rpc::Router& router);
void RegisterCalendarHandlers(rpc::Router& router);
void RegisterTaxonomyHandlers(rpc::Router& router);
void RegisterProjectHandlers(rpc::Router& router);
void RegisterOperatorHandlers(rpc::Router& router);
void RegisterIndustryHandlers(rpc::Router& router);
void RegisterLeadingIndustryHandlers(rpc::Router& router);
void RegisterServiceRecordHandlers(rpc::Router& router);
void RegisterPairingHandlers(rpc::Router& router);
void RegisterShortBoardHandlers(rpc::Router& router);
void RegisterReportHandlers(rpc::Router& router);
void RegisterGrantHandlers(rpc::Router& router);

// The present state of every record, for new subscribers of the feed.
std::shared_ptr<feed::SnapshotSource> MakeSnapshotSource();

}  // namespace bangfu::registry

// The registry as host of supervision notices (督办/协调通知).
#pragma once

#include <memory>
#include <set>

#include "common/feed/feed.h"
#include "common/inbox/recount.h"
#include "common/notice/service.h"
#include "common/rpc/router.h"

namespace bangfu::registry {

void RegisterNotices(rpc::Router& router);
// The present state of everything that the registry's feed tells of, notices among it.
std::shared_ptr<feed::SnapshotSource> MakeStates();
inbox::Source NoticeSource();
// Brings what waits for notices about these projects after them.
absl::Status FollowNotices(mysql::Tx& tx, const std::set<Ulid>& projects);

}  // namespace bangfu::registry

// Short boards (短板) in the inbox: every one that is not made up waits for its completion, unless
// its project is void.
#pragma once

#include <set>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bangfu/registry/v1/industry.pb.h"
#include "common/inbox/inbox.h"
#include "common/inbox/recount.h"
#include "services/registry/domain/short_board.h"

namespace bangfu::registry {

std::vector<inbox::Kind> ShortBoardKinds();

// The state of each board, in their order.
absl::StatusOr<std::vector<ShortBoardState>> StatesOf(mysql::Executor& db,
                                                      const std::vector<v1::ShortBoard>& boards);

// Makes the open items of the boards, which are locked or new, what their states ask for.
absl::Status SyncShortBoards(mysql::Tx& tx, const std::vector<v1::ShortBoard>& boards,
                             const inbox::Act& act);
// The same of the boards of these projects that are not made up, which it locks. The caller holds
// the projects, so that no other board of them comes. A few statements for all.
absl::Status SyncShortBoardsOfProjects(mysql::Tx& tx, const std::set<Ulid>& projects,
                                       const inbox::Act& act);

inbox::Source ShortBoardSource();

}  // namespace bangfu::registry

// Short boards (短板) in the inbox: every one that is not made up waits for its completion.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "bangfu/registry/v1/industry.pb.h"
#include "common/inbox/inbox.h"
#include "common/inbox/recount.h"
#include "services/registry/domain/short_board.h"

namespace bangfu::registry {

std::vector<inbox::Kind> ShortBoardKinds();

ShortBoardState StateOf(const v1::ShortBoard& board);

// Makes the open items of the boards, which are locked or new, what their states ask for.
absl::Status SyncShortBoards(mysql::Tx& tx, const std::vector<v1::ShortBoard>& boards,
                             const inbox::Act& act);

inbox::Source ShortBoardSource();

}  // namespace bangfu::registry

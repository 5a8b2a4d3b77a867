// Ids of reference rows.
#pragma once

#include <string_view>

#include "common/base/ulid.h"

namespace bangfu::registry {

// A stable id for reference rows that have none of their own, for audit and feed: from their key.
Ulid IdOfKey(std::string_view kind, std::string_view key);

}  // namespace bangfu::registry

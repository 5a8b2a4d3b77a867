// Server and client error codes as statuses; inside this room only.
#pragma once

#include <string_view>

#include "absl/status/status.h"

namespace bangfu::mysql {

inline constexpr char kConflictReason[] = "TRANSACTION_CONFLICT";
inline constexpr char kUnavailableReason[] = "DATABASE_UNAVAILABLE";

absl::Status MapError(int code, std::string_view sql_state, std::string_view message);
// An error while connecting: never INTERNAL, the server is not to be had.
absl::Status MapConnectError(int code, std::string_view message);

// The connection's state is unknown after this error.
bool IsBroken(int code);
// The transaction is undone (or must be) and may succeed when run again.
bool IsConflict(const absl::Status& status);

}  // namespace bangfu::mysql

// How old a service's copies of a peer's records may be while it still writes by them (§3.8).
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/mysql/session.h"

namespace bangfu::feed {

// UNAVAILABLE REFERENCE_STALE, with the source and when to try again, while the consumer of the
// source has never been level or is behind by more than `limit`. `domain`: of the error; "" = the
// default.
absl::Status CheckFresh(mysql::Executor& db, std::string_view consumer, std::string_view source,
                        absl::Time now, absl::Duration limit, std::string_view domain = "");

}  // namespace bangfu::feed

// Writes wait while the copies of the registry's reference data are too old (§3.8).
#pragma once

#include <string>
#include <vector>

#include "common/rpc/router.h"

namespace bangfu::evaluation {

// Puts the check before every writing rpc of these services that is registered so far: UNAVAILABLE
// REFERENCE_STALE when the copies lag more than REFERENCE_LAG_MINUTES. One place, so that no
// handler can forget it. An evaluation itself pins its watermarks and names the source that lags
// (SOURCE_LAGGING), so it is left out.
void GuardWrites(rpc::Router& router, const std::vector<std::string>& services);

}  // namespace bangfu::evaluation

// Handlers of bangfu.registry.v1.InventoryService.
#pragma once

#include "common/base/random.h"
#include "common/rpc/router.h"

namespace bangfu::registry {

// `random`: seeds of samples whose caller names none.
void RegisterInventoryHandlers(rpc::Router& router, Random random = SystemRandom);

}  // namespace bangfu::registry

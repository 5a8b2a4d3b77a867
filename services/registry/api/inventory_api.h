// Handlers of bangfu.registry.v1.InventoryService and VerificationService.
#pragma once

#include "common/base/random.h"
#include "common/operation/operation.h"
#include "common/rpc/router.h"

namespace bangfu::registry {

// `operations` does the opening of campaigns and outlives the router. `random`: seeds of samples
// whose caller names none.
void RegisterInventoryHandlers(rpc::Router& router, operation::OperationRunner& operations,
                               Random random = SystemRandom);

}  // namespace bangfu::registry

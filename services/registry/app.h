// The composition root of bangfu-registry: the only place that builds things.
#pragma once

#include "common/operation/operation.h"
#include "common/recode/tables.h"
#include "common/runtime/service_main.h"

namespace bangfu::registry {

// The handlers of every rpc of this service, without its standard parts, and the kinds of long work
// that they start. All must outlive the router.
void RegisterHandlers(rpc::Router& router, operation::OperationRunner& operations,
                      UlidGenerator& ids);
// Full names of the services that RegisterHandlers serves.
std::vector<std::string> OwnServices();
// This service's tables beside the standard ones.
const migrate::Migrations& OwnMigrations();

// Everything of this service that follows a region to another code, or does not.
recode::Parts RegionParts();

runtime::ServiceDefinition Definition();

}  // namespace bangfu::registry

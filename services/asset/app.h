// The composition root of the asset service.
#pragma once

#include "common/recode/tables.h"
#include "common/runtime/service_main.h"

namespace bangfu::asset {

// Everything of this service that follows a region to another code, or does not.
recode::Parts RegionParts();

runtime::ServiceDefinition Definition();

}  // namespace bangfu::asset

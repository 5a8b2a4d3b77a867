// The composition root of bangfu-evaluation: the only place that builds things.
#pragma once

#include "common/recode/tables.h"
#include "common/runtime/service_main.h"

namespace bangfu::evaluation {

// Everything of this service that follows a region to another code, or does not.
recode::Parts RegionParts();

runtime::ServiceDefinition Definition();

}  // namespace bangfu::evaluation

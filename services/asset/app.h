// The composition root of the asset service.
#pragma once

#include "common/runtime/service_main.h"

namespace bangfu::asset {

runtime::ServiceDefinition Definition();

}  // namespace bangfu::asset

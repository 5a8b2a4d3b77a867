// The composition root of bangfu-evaluation: the only place that builds things.
#pragma once

#include "common/runtime/service_main.h"

namespace bangfu::evaluation {

runtime::ServiceDefinition Definition();

}  // namespace bangfu::evaluation

// What does a registry's long work in a test; made before the server that starts it.
#pragma once

#include "common/base/ulid.h"
#include "common/operation/operation.h"
#include "common/testing/clock.h"

namespace bangfu::registry {

struct LongWork {
  ::bangfu::testing::FakeClock operation_clock_;
  UlidGenerator operation_ids_{operation_clock_};
  operation::OperationRunner operations_{operation_clock_, {.holder = "operations"}};
};

}  // namespace bangfu::registry

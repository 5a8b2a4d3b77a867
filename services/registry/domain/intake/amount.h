// Moved to common/printed: every service reads printed tables.
#pragma once

#include "common/printed/amount.h"

namespace bangfu::registry::intake {
using namespace printed;  // NOLINT(google-build-using-namespace)
}  // namespace bangfu::registry::intake

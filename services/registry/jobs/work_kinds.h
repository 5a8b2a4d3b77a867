// Every kind of work that waits in the inbox of the registry, beside those of its standard parts.
#pragma once

#include <vector>

#include "common/inbox/inbox.h"

namespace bangfu::registry {

std::vector<inbox::Kind> WorkKinds();

}  // namespace bangfu::registry

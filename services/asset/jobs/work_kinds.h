// Every kind of work that waits in the inbox of assets, beside those of its standard parts.
#pragma once

#include <vector>

#include "common/inbox/inbox.h"

namespace bangfu::asset {

std::vector<inbox::Kind> WorkKinds();

}  // namespace bangfu::asset

// Every kind of work that waits in the inbox of evaluations, beside those of its standard parts.
#pragma once

#include <vector>

#include "common/inbox/inbox.h"

namespace bangfu::evaluation {

std::vector<inbox::Kind> WorkKinds();

}  // namespace bangfu::evaluation

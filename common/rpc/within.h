// Calls of a server to another, made on behalf of its own caller.
#pragma once

#include "common/rpc/call_context.h"
#include "common/rpc/client.h"

namespace bangfu::rpc {

// The call's deadline and trace go along.
CallOptions Within(const CallContext& context);

}  // namespace bangfu::rpc

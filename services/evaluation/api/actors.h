// Who acts, as messages and audit rows name him.
#pragma once

#include "bangfu/type/v1/common.pb.h"
#include "common/audit/audit.h"
#include "common/rpc/actor.h"

namespace bangfu::evaluation {

inline type::v1::Actor ToMessage(const audit::Actor& actor) { return rpc::ActorMessage(actor); }

}  // namespace bangfu::evaluation

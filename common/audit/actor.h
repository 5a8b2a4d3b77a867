// The person whom a record names, as the trail names who did a thing: for long work, which goes on
// after the call that started it.
#pragma once

#include "bangfu/type/v1/common.pb.h"
#include "common/audit/audit.h"

namespace bangfu::audit {

inline Actor ActorOf(const type::v1::Actor& actor) {
  return {actor.subject(),     actor.name(),         actor.role(),
          actor.region_path(), actor.delegated_by(), actor.grant_id()};
}

}  // namespace bangfu::audit

// Who acts, as messages and audit rows name him.
#pragma once

#include "bangfu/type/v1/common.pb.h"
#include "common/audit/audit.h"

namespace bangfu::evaluation {

inline type::v1::Actor ToMessage(const audit::Actor& actor) {
  type::v1::Actor out;
  out.set_subject(actor.subject);
  out.set_name(actor.name);
  out.set_role(actor.role);
  out.set_region_path(actor.region_path);
  return out;
}

}  // namespace bangfu::evaluation

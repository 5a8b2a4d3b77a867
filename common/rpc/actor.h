// The caller as rows and records name who did a thing: with the grant that let them, and on whose
// behalf.
#pragma once

#include <string_view>
#include <vector>

#include "bangfu/options/v1/access.pb.h"
#include "bangfu/type/v1/common.pb.h"
#include "common/audit/audit.h"
#include "common/auth/caller.h"

namespace bangfu::rpc {

// Under the grant that holds one of `roles` (none: any role) at the region.
inline audit::Actor ActorOf(const auth::Caller& caller, const std::vector<auth::Role>& roles,
                            std::string_view region_path) {
  audit::Actor actor;
  actor.subject = caller.subject;
  actor.name = caller.name;
  if (const auth::Grant* grant = caller.Find(roles, region_path)) {
    actor.role = options::v1::Role_Name(grant->role);
    actor.region_path = grant->region_path;
    actor.delegated_by = grant->delegated_by;
    if (!grant->id.is_zero()) actor.grant_id = grant->id.ToString();
    actor.org_code = grant->org_code;
    actor.org_name = grant->org_name;
  }
  return actor;
}

// Under the grant that covers a thing of these fund sources and industries, where one does.
inline audit::Actor ActorOf(const auth::Caller& caller, const std::vector<auth::Role>& roles,
                            std::string_view region_path, const auth::Facets& thing) {
  if (!caller.MindsFacets()) return ActorOf(caller, roles, region_path);
  auth::Caller covering = caller;
  const auth::ActingOn acting(covering, thing);
  return ActorOf(covering.May(roles, region_path) ? covering : caller, roles, region_path);
}

inline type::v1::Actor ActorMessage(const audit::Actor& actor) {
  type::v1::Actor out;
  out.set_subject(actor.subject);
  out.set_name(actor.name);
  out.set_role(actor.role);
  out.set_region_path(actor.region_path);
  out.set_delegated_by(actor.delegated_by);
  out.set_grant_id(actor.grant_id);
  return out;
}

}  // namespace bangfu::rpc

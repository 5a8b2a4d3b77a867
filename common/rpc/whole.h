// Acts on the whole of a unit or region: a village's report, a county's table.
#pragma once

#include <utility>

#include "common/auth/caller.h"
#include "common/rpc/call_context.h"

namespace bangfu::rpc {

// The handler of such an act, called for those of the caller's grants alone that are for every fund
// source and industry: by them it is decided, and they are what is written. The others are in
// `narrowed`, so that a table refuses with SCOPE_EXCLUDES who has the role by them only; a step
// without a table asks workflow::CheckWhole.
//
//   router.Unary<PassXRequest, X>(Cat(kService, "PassX"), rpc::OfWhole(Pass));
template <typename Handler>
auto OfWhole(Handler handler) {
  return [handler = std::move(handler)](CallContext& c, const auto& request) {
    if (!c.caller.MindsFacets()) return handler(c, request);
    auth::Caller caller = c.caller;
    const auth::ActingOn acting(caller, auth::Everything());
    CallContext context{caller,   c.db,       c.clock, c.ids,   c.now,      c.deadline,
                        c.method, c.trace_id, c.scope, c.roles, c.cancelled};
    return handler(context, request);
  };
}

}  // namespace bangfu::rpc

// A mutation in the name of those of the caller's grants that cover a thing: what it writes names
// the grant by which the step was allowed, not just any with the role.
#pragma once

#include <optional>

#include "common/auth/caller.h"
#include "common/rpc/call_context.h"
#include "common/rpc/mutation.h"

namespace bangfu::rpc {

//   const rpc::Covering covering(m, FacetsOf(…));
//   RETURN_IF_ERROR(covering.mutation().Audit(…));
//
// The step may be decided by it, too: what it leaves out is in `narrowed`. The mutation outlives it;
// where no grant is narrowed it is used as it is.
class Covering {
 public:
  Covering(Mutation& m, const auth::Facets& thing) : mutation_(&m) {
    if (!m.context().caller.MindsFacets()) return;
    narrowed_.emplace(m, thing);
    mutation_ = &narrowed_->mutation;
  }
  Covering(const Covering&) = delete;
  Covering& operator=(const Covering&) = delete;

  Mutation& mutation() const { return *mutation_; }
  const auth::Caller& caller() const { return mutation_->context().caller; }

 private:
  struct Narrowed {
    Narrowed(Mutation& m, const auth::Facets& thing)
        : caller(m.context().caller),
          acting(caller, thing),
          context(Of(m.context(), caller)),
          mutation(context, m.tx(), m.request_id()) {}
    static CallContext Of(const CallContext& c, const auth::Caller& caller) {
      return {caller,   c.db,       c.clock, c.ids,   c.now,      c.deadline,
              c.method, c.trace_id, c.scope, c.roles, c.cancelled};
    }
    auth::Caller caller;
    const auth::ActingOn acting;
    CallContext context;
    Mutation mutation;
  };
  std::optional<Narrowed> narrowed_;
  Mutation* mutation_;
};

}  // namespace bangfu::rpc

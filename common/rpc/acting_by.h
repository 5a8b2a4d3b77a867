// A mutation in the name of those roles of the rpc's that let the caller take the step: where they
// hold several of the rpc's, what it writes names the grant that allowed it, and not just the
// first.
#pragma once

#include <utility>
#include <vector>

#include "common/auth/caller.h"
#include "common/rpc/call_context.h"
#include "common/rpc/mutation.h"

namespace bangfu::rpc {

//   const rpc::ActingBy acting(covering.mutation(), {role});
//   RETURN_IF_ERROR(acting.mutation().Audit(…));
//
// The mutation that it is made of outlives it.
class ActingBy {
 public:
  ActingBy(Mutation& m, std::vector<auth::Role> roles)
      : context_(Of(m.context(), std::move(roles))), mutation_(context_, m.tx(), m.request_id()) {}
  ActingBy(const ActingBy&) = delete;
  ActingBy& operator=(const ActingBy&) = delete;

  Mutation& mutation() { return mutation_; }

 private:
  static CallContext Of(const CallContext& c, std::vector<auth::Role> roles) {
    CallContext context = c;
    context.roles = std::move(roles);
    return context;
  }
  CallContext context_;
  Mutation mutation_;
};

}  // namespace bangfu::rpc

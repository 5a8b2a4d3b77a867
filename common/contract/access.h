// What the contract says of an rpc: who may call it, whether it writes, which lane serves it. Read
// from the descriptors, so that contract and server cannot disagree.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "bangfu/options/v1/access.pb.h"
#include "google/protobuf/descriptor.h"

namespace bangfu::contract {

// The declared rule of an rpc. FAILED_PRECONDITION ACCESS_RULE_INVALID when there is none or it
// makes no sense: no mode, neither roles nor any_role (or both), or an rpc that peers call and that
// itself waits on a peer (a ring of such calls could lock up).
absl::StatusOr<options::v1::Access> AccessOf(const google::protobuf::MethodDescriptor& method);

// One rpc with everything a server or a tool wants to know of it.
struct Method {
  const google::protobuf::MethodDescriptor* descriptor = nullptr;
  options::v1::Access access;
  bool writes() const { return access.mode() == options::v1::ACCESS_MODE_WRITE; }
};

// The clauses of the policy that the rpc serves: its own, else its service's. None: no grant is
// narrowed by it.
std::vector<std::string> ClausesOf(const google::protobuf::MethodDescriptor& method);

// Descriptor of a service linked into this program; nullptr when there is none of that name.
const google::protobuf::ServiceDescriptor* FindService(std::string_view full_name);

// The rpcs of the named services in the order of the contract, each with its rule. The first
// unknown service or bad rule is the error.
absl::StatusOr<std::vector<Method>> Catalogue(const std::vector<std::string>& services);

}  // namespace bangfu::contract

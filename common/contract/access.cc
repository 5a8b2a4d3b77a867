#include "common/contract/access.h"

#include "bangfu/options/v1/scope.pb.h"
#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace bangfu::contract {
namespace {

absl::Status Invalid(std::string_view method, std::string_view why) {
  return Error(absl::StatusCode::kFailedPrecondition, "ACCESS_RULE_INVALID")
      .Message(Cat(method, ": ", why))
      .With("method", method);
}

}  // namespace

absl::StatusOr<options::v1::Access> AccessOf(const google::protobuf::MethodDescriptor& method) {
  if (!method.options().HasExtension(options::v1::access)) {
    return Invalid(method.full_name(), "has no bangfu.options.v1.access");
  }
  options::v1::Access access = method.options().GetExtension(options::v1::access);
  if (access.mode() != options::v1::ACCESS_MODE_READ &&
      access.mode() != options::v1::ACCESS_MODE_WRITE) {
    return Invalid(method.full_name(), "declares no access mode");
  }
  if (access.any_role() != access.roles().empty()) {
    return Invalid(method.full_name(), "declares roles and any_role, or neither");
  }
  for (int role : access.roles()) {
    if (role == options::v1::ROLE_UNSPECIFIED || !options::v1::Role_IsValid(role)) {
      return Invalid(method.full_name(), "declares an unknown role");
    }
  }
  if (access.peer_called() && access.lane() == options::v1::LANE_OUTBOUND) {
    return Invalid(method.full_name(), "is called by peers and waits on a peer");
  }
  return access;
}

std::vector<std::string> ClausesOf(const google::protobuf::MethodDescriptor& method) {
  const auto& own = method.options().GetRepeatedExtension(options::v1::rpc_clauses);
  const auto& all = method.service()->options().GetRepeatedExtension(options::v1::clauses);
  const auto& clauses = own.empty() ? all : own;
  return {clauses.begin(), clauses.end()};
}

const google::protobuf::ServiceDescriptor* FindService(std::string_view full_name) {
  return google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(
      std::string(full_name));
}

absl::StatusOr<std::vector<Method>> Catalogue(const std::vector<std::string>& services) {
  std::vector<Method> methods;
  for (const std::string& name : services) {
    const auto* service = FindService(name);
    if (service == nullptr) {
      return Error(absl::StatusCode::kFailedPrecondition, "SERVICE_UNKNOWN")
          .Message(Cat("no contract of service ", name, " is linked into this program"));
    }
    for (int i = 0; i < service->method_count(); ++i) {
      ASSIGN_OR_RETURN(auto access, AccessOf(*service->method(i)));
      methods.push_back({service->method(i), std::move(access)});
    }
  }
  return methods;
}

}  // namespace bangfu::contract

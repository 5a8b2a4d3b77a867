// grpc.reflection.v1alpha.ServerReflection over the generated pool, for grpcurl and its like.
#pragma once

#include <grpcpp/generic/async_generic_service.h>

#include <string>
#include <vector>

namespace bangfu::rpc {

inline constexpr char kReflectionService[] = "grpc.reflection.v1alpha.ServerReflection";
inline constexpr char kReflectionPath[] =
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";

// The reactor of one reflection stream; deletes itself. `services` (those that are served) must
// outlive it.
grpc::ServerGenericBidiReactor* NewReflectionReactor(const std::vector<std::string>& services);

}  // namespace bangfu::rpc

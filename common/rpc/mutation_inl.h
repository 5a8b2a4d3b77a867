// Included by mutation.h: the typed side of Mutate.
#pragma once

#include <utility>

#include "common/rpc/mutation.h"

namespace bangfu::rpc {

namespace internal {

// `body` fills `response` (cleared before each run).
absl::Status RunMutation(CallContext& context, const google::protobuf::Message& request,
                         const std::string& request_id, bool validate_only,
                         google::protobuf::Message* response,
                         const std::function<absl::Status(Mutation&)>& body);

}  // namespace internal

template <typename Response, typename Request, typename F>
absl::StatusOr<Response> Mutate(CallContext& context, const Request& request, F body) {
  bool validate_only = false;
  if constexpr (requires { request.validate_only(); }) validate_only = request.validate_only();
  Response response;
  absl::Status status = internal::RunMutation(context, request, request.request_id(), validate_only,
                                              &response, [&](Mutation& mutation) -> absl::Status {
                                                absl::StatusOr<Response> result = body(mutation);
                                                if (!result.ok()) return result.status();
                                                response = *std::move(result);
                                                return absl::OkStatus();
                                              });
  if (!status.ok()) return status;
  return response;
}

}  // namespace bangfu::rpc

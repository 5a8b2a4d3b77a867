// The OperationService rpcs of a service.
#pragma once

#include <functional>

#include "common/operation/operation.h"
#include "common/rpc/mutation.h"
#include "common/rpc/router.h"

namespace bangfu::operation {

// Registers bangfu.operation.v1.OperationService. Who sees a region sees its operations; only who
// started one, or a provincial administrator, cancels or resumes it. `wake` (may be empty) is
// called after a resume, so that a runner of this process looks at once. `stand` (may be empty) is
// told of both in their transactions.
void RegisterOperationService(rpc::Router& router, std::function<void()> wake = {},
                              StandFunction stand = {});

// Starts an operation inside a mutation, in the caller's name, with its audit row. Its id is new.
absl::StatusOr<v1::Operation> StartOperation(rpc::Mutation& mutation, std::string_view kind,
                                             std::string_view region_path,
                                             const google::protobuf::Message& request,
                                             int64_t total = 0);

}  // namespace bangfu::operation

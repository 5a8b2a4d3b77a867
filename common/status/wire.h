// absl::Status <-> google.rpc.Status, as it crosses the wire (gRPC's grpc-status-details-bin).
#pragma once

#include "absl/status/status.h"
#include "google/rpc/status.pb.h"

namespace bangfu {

// Carries code, message and every payload whose type URL begins with "type.googleapis.com/", in the
// order of the URLs, so that equal statuses give equal bytes. Other payloads are for this process
// only and stay behind.
google::rpc::Status ToRpcStatus(const absl::Status& status);

// The reverse. A code that is none becomes kUnknown; of two details of one type the last counts.
absl::Status FromRpcStatus(const google::rpc::Status& status);

}  // namespace bangfu

// What an operation was asked to do, for those who look at it while it does not run.
#pragma once

#include "absl/status/status.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"
#include "google/protobuf/message.h"

namespace bangfu::operation {

// NOT_FOUND when it is not there; INTERNAL when it was started with another message.
absl::Status ReadRequest(mysql::Executor& db, const Ulid& id, google::protobuf::Message* request);

}  // namespace bangfu::operation

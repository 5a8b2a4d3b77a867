// What a handler gets beside its request.
#pragma once

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/auth/caller.h"
#include "common/base/clock.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"

namespace bangfu::rpc {

struct CallContext {
  const auth::Caller& caller;
  mysql::Session& db;  // the worker's own session
  const Clock& clock;
  UlidGenerator& ids;
  absl::Time now;  // one instant for the whole call, or a stream's step
  absl::Time deadline;
  std::string method;  // "bangfu.registry.v1.ProjectService.GetProject"
  std::string trace_id;
  // Regions in which the roles that the rpc declares are held by the caller: the WHERE of every
  // query.
  auth::RegionScope scope;
  // The roles that the rpc declares (empty with any_role).
  std::vector<auth::Role> roles;
  std::function<bool()> cancelled;  // the client went away or the deadline passed
};

// Takes what a step of a subscription writes; it waits for nobody.
template <typename Response>
class Writer {
 public:
  virtual ~Writer() = default;
  virtual absl::Status Write(const Response& response) = 0;
};

}  // namespace bangfu::rpc

// The rpcs of bangfu.identity.v1.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/identity/freeze.h"
#include "common/rpc/router.h"
#include "common/rpc/server.h"

namespace bangfu::identity {

// Names of regions by path; paths that are not known are missing.
using RegionNames = std::function<absl::StatusOr<std::map<std::string, std::string>>(
    mysql::Executor&, const std::vector<std::string>& paths)>;

// From the copy of the registry's regions that a service keeps: a table with code and name. Along
// the path, from the city on: 赣州市会昌县.
RegionNames NamesFromCopy(std::string table);

struct ServiceOptions {
  std::string service;        // "registry"
  rpc::ServerOptions server;  // the limits that it holds callers to
  RegionNames region_names;   // empty: the service knows none
};

// `freeze` outlives the router's server.
void RegisterIdentity(rpc::Router& router, ServiceOptions options, const FreezeState& freeze);

}  // namespace bangfu::identity

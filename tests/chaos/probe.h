// What the parts of bangfu-probe share.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/auth/caller.h"

namespace bangfu::probe {

// "NOT_FOUND/RESOURCE_NOT_FOUND"
std::string Describe(const absl::Status& status);

// No answer may be one of these: they say that the server, not the caller, was wrong.
bool IsServersFault(const absl::Status& status);

// A token of the development key for one role in one region.
std::string MintFor(const std::string& directory, auth::Role role, const std::string& region,
                    const std::string& subject);

// The rpcs of our contracts that a server names by reflection.
absl::StatusOr<std::vector<std::string>> MethodsByReflection(const std::string& address);

}  // namespace bangfu::probe

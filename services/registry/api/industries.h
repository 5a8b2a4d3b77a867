// County industries that come into being with their first project.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "bangfu/registry/v1/industry.pb.h"
#include "services/registry/api/project_writer.h"

namespace bangfu::registry {

// The ids of the industries of (county path, industry code); those that are missing are made, with
// audit and event.
absl::StatusOr<std::map<std::pair<std::string, std::string>, Ulid>> EnsureIndustries(
    mysql::Tx& tx, const Author& author, const ProjectReferences& references,
    const std::set<std::pair<std::string, std::string>>& wanted);

v1::Industry IndustryOf(const Record& record);

}  // namespace bangfu::registry

// County industries: what the handlers of industries, leading industries and their records share.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "bangfu/registry/v1/industry.pb.h"
#include "common/rpc/mutation.h"
#include "services/registry/api/convert.h"
#include "services/registry/api/project_writer.h"
#include "services/registry/store/taxonomy_store.h"

namespace bangfu::registry {

// The ids of the industries of (county path, industry code); those that are missing are made, with
// audit and event.
absl::StatusOr<std::map<std::pair<std::string, std::string>, Ulid>> EnsureIndustries(
    mysql::Tx& tx, const Author& author, const ProjectReferences& references,
    const std::set<std::pair<std::string, std::string>>& wanted);

v1::Industry IndustryOf(const Record& record);

// The applicable links of an industry: its own, or its major's.
std::vector<std::string> ApplicableLinks(const std::vector<CategoryRow>& categories,
                                         const std::string& code);

// The path of a county of the caller's.
absl::StatusOr<std::string> CountyPath(Context& context, mysql::Executor& db,
                                       const std::string& code);

// Gets or makes; the winner of two callers at once is the one row that the unique key lets in.
absl::StatusOr<v1::Industry> EnsureCountyIndustry(Context& context, rpc::Mutation& m,
                                                  const std::string& county,
                                                  const std::string& code, bool emerging,
                                                  bool sample);

// A write about this industry is one of the scope of the caller's grants.
absl::Status CheckIndustryScope(const Context& context, mysql::Executor& db,
                                std::string_view region_path, const std::string& industry_code);

}  // namespace bangfu::registry

// Business codes of projects and industries to the ids that rpcs take.
#pragma once

#include <string>
#include <unordered_map>

#include "absl/status/statusor.h"
#include "services/ctl/context.h"

namespace bangfu::ctl {

struct SubjectRef {
  std::string id;
  std::string name;
  std::string region_path;
};
using SubjectMap = std::unordered_map<std::string, SubjectRef>;

// Every project of a region by project code and by each of its external ids; county industries by
// "<county>:<industry code>" when asked for.
absl::StatusOr<SubjectMap> LoadSubjects(Context& context, const std::string& region_code,
                                        bool with_industries);

// A ULID stands for itself; a project code is looked up.
absl::StatusOr<std::string> ResolveSubject(Context& context, const std::string& code_or_id);

}  // namespace bangfu::ctl

// Business codes of projects and industries to the ids that rpcs take.
#pragma once

#include <initializer_list>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/ctl/context.h"

namespace bangfu::ctl {

struct SubjectRef {
  std::string id;
  std::string name;
  std::string region_path;
};
using SubjectMap = std::unordered_map<std::string, SubjectRef>;

// How the codes of a file are looked up.
struct SubjectPlan {
  std::vector<std::string> projects;                            // by project code, one call each
  std::vector<std::pair<std::string, std::string>> industries;  // county and industry code
  std::set<std::string> listed;  // in the list of the region's projects, until all are found
};
// What looks like the project codes of a few subjects is asked for one by one; many, and numbers of
// other systems, are looked for in the list. County industries are "<county>:<industry code>" when
// there are any.
SubjectPlan PlanOf(const std::set<std::string>& codes, bool with_industries);

// The subjects of a region that these codes name, by code; what is not known is left out. A number
// of another system may look like a code of ours: what is not found as one is looked for in the
// list.
absl::StatusOr<SubjectMap> FindSubjects(Context& context, const std::string& region_code,
                                        const std::set<std::string>& codes, bool with_industries);

// Whether a lookup was refused for what these fields of its request hold and for nothing else: what
// the contract takes for no code is not known.
bool IsNoCode(const absl::Status& status, std::initializer_list<std::string_view> fields);

// A ULID stands for itself; a project code is looked up.
absl::StatusOr<std::string> ResolveSubject(Context& context, const std::string& code_or_id);

}  // namespace bangfu::ctl

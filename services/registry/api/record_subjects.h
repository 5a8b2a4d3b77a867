// What brands, pairings and trainings are about: the industry and the project that they name.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/workflow/workflow.h"
#include "services/registry/api/convert.h"
#include "services/registry/domain/record_actions.h"

namespace bangfu::registry {

// The subject of a record, when it names one: it must be visible, and a write about it one of the
// scope of the caller's grants.
absl::Status CheckSubjects(Context& context, mysql::Executor& db, const std::string& industry_id,
                           const std::string& project_id, std::string_view prefix);
// What of the subjects grants are narrowed by, of each that is there; at least one.
absl::StatusOr<std::vector<auth::Facets>> FacetsOfSubjects(Context& context, mysql::Executor& db,
                                                           const std::string& industry_id,
                                                           const std::string& project_id);
// What the caller could want to do with a record of this region about these subjects. Each step
// looks at the subjects as its rpc does, by CheckSubjects with the roles of its rows.
absl::StatusOr<std::vector<workflow::AllowedAction>> AllowedWithSubjects(
    Context& context, const RecordTransitions& table, const RecordSubject& record,
    const std::string& region_path, const std::string& industry_id, const std::string& project_id,
    std::string_view prefix);
// The path of a region of the caller's.
absl::StatusOr<std::string> OwnRegion(Context& context, mysql::Executor& db,
                                      const std::string& code, std::string_view field);

}  // namespace bangfu::registry

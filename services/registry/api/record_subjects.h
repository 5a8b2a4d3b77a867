// Records that stand or are void as subjects of their steps; and what brands, pairings and
// trainings are about: the industry and the project that they name.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/workflow/proto.h"
#include "common/workflow/workflow.h"
#include "services/registry/api/convert.h"
#include "services/registry/domain/record_actions.h"

namespace bangfu::registry {

// `used_by`: the code of a project that names it.
template <typename T>
RecordSubject SubjectOf(const T& record, std::string used_by = "") {
  return {record.is_void() ? RecordState::kVoid : RecordState::kStanding, std::move(used_by)};
}

// Whether the caller may take the step.
template <typename T>
absl::Status CheckStep(const Context& context, const RecordTransitions& table, const T& record,
                       std::string_view action, std::string used_by = "") {
  return table
      .Execute(SubjectOf(record, std::move(used_by)), action,
               workflow::ActorAt(context.caller, record.region_path()))
      .status();
}

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

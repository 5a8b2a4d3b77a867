#include "services/registry/api/record_subjects.h"

#include "bangfu/registry/v1/industry.pb.h"
#include "bangfu/registry/v1/project.pb.h"
#include "common/workflow/proto.h"
#include "services/registry/api/grant_scope.h"
#include "services/registry/api/industries.h"
#include "services/registry/api/record_message.h"
#include "services/registry/store/industry_store.h"
#include "services/registry/store/project_store.h"

namespace bangfu::registry {

absl::Status CheckSubjects(Context& context, mysql::Executor& db, const std::string& industry_id,
                           const std::string& project_id, std::string_view prefix) {
  if (const auto id = OptionalId(industry_id)) {
    const absl::StatusOr<Record> industry = IndustryTable().Get(db, *id, context.scope);
    if (!industry.ok()) return InvalidField(Cat(prefix, ".industry_id"), "产业不存在");
    RETURN_IF_ERROR(CheckIndustryScope(context, db, industry->region_path,
                                       MessageOf<v1::Industry>(*industry).industry_code()));
  }
  if (const auto id = OptionalId(project_id)) {
    const absl::StatusOr<ProjectRow> project = GetProject(db, *id, context.scope);
    if (!project.ok()) return InvalidField(Cat(prefix, ".project_id"), "项目不存在");
    ASSIGN_OR_RETURN(const Categories categories, CategoriesFor(db, context.caller));
    RETURN_IF_ERROR(workflow::CheckScope(
        context.caller, context.roles, project->region_path,
        FacetsOf(FromBytes<v1::Project>(project->record), categories), "办理该项目的事项"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<auth::Facets>> FacetsOfSubjects(Context& context, mysql::Executor& db,
                                                           const std::string& industry_id,
                                                           const std::string& project_id) {
  std::vector<auth::Facets> out;
  if (context.caller.MindsFacets()) {
    ASSIGN_OR_RETURN(const Categories categories, CategoriesFor(db, context.caller));
    if (const auto id = OptionalId(industry_id)) {
      ASSIGN_OR_RETURN(const Record industry, IndustryTable().Get(db, *id, {""}));
      out.push_back(
          FacetsOfIndustry(MessageOf<v1::Industry>(industry).industry_code(), categories));
    }
    if (const auto id = OptionalId(project_id)) {
      ASSIGN_OR_RETURN(const ProjectRow project, GetProject(db, *id, {""}, false));
      out.push_back(FacetsOf(FromBytes<v1::Project>(project.record), categories));
    }
  }
  if (out.empty()) out.emplace_back();
  return out;
}

absl::StatusOr<std::vector<workflow::AllowedAction>> AllowedWithSubjects(
    Context& context, const RecordTransitions& table, const RecordSubject& record,
    const std::string& region_path, const std::string& industry_id, const std::string& project_id,
    std::string_view prefix) {
  std::vector<workflow::AllowedAction> told =
      table.Allowed(record, workflow::ActorAt(context.caller, region_path));
  if (industry_id.empty() && project_id.empty()) return told;
  for (workflow::AllowedAction& action : told) {
    Context step = context;
    step.roles.clear();
    for (const auto& row : table.transitions()) {
      if (row.action != action.action) continue;
      for (const workflow::RoleId role : row.roles) {
        step.roles.push_back(static_cast<auth::Role>(role));
      }
    }
    step.scope = context.caller.Scope(step.roles);
    const absl::Status seen = CheckSubjects(step, context.db, industry_id, project_id, prefix);
    if (!seen.ok()) action = workflow::ActionOf(action.action, action.label_zh, seen);
  }
  return told;
}

absl::StatusOr<std::string> OwnRegion(Context& context, mysql::Executor& db,
                                      const std::string& code, std::string_view field) {
  ASSIGN_OR_RETURN(const std::string path, ResolvePath(db, code, field));
  RETURN_IF_ERROR(CheckInScope(context, path, code));
  return path;
}

}  // namespace bangfu::registry

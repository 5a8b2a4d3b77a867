#include "services/ctl/subjects.h"

#include "bangfu/registry/v1/industry.pb.h"
#include "bangfu/registry/v1/project_service.pb.h"
#include "common/base/strings.h"
#include "common/base/ulid.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace bangfu::ctl {

absl::StatusOr<SubjectMap> LoadSubjects(Context& context, const std::string& region_code,
                                        bool with_industries) {
  SubjectMap subjects;
  registry::v1::ListProjectsRequest request;
  request.set_region_code(region_code);
  request.set_page_size(500);
  do {
    ASSIGN_OR_RETURN(auto page, context.Call<registry::v1::ListProjectsResponse>(
                                    "bangfu.registry.v1.ProjectService.ListProjects", request));
    for (const auto& project : page.projects()) {
      SubjectRef ref{project.id(), project.name(), project.region_path()};
      subjects[project.project_code()] = ref;
      for (const auto& external : project.external_ids()) subjects[external.id()] = ref;
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  if (with_industries) {
    registry::v1::ListIndustriesRequest industries;
    industries.set_region_code(region_code);
    industries.set_page_size(500);
    do {
      ASSIGN_OR_RETURN(auto page,
                       context.Call<registry::v1::ListIndustriesResponse>(
                           "bangfu.registry.v1.IndustryService.ListIndustries", industries));
      for (const auto& industry : page.industries()) {
        subjects[Cat(industry.region_code(), ":", industry.industry_code())] =
            SubjectRef{industry.id(), industry.name(), industry.region_path()};
      }
      industries.set_page_token(page.next_page_token());
    } while (!industries.page_token().empty());
  }
  return subjects;
}

absl::StatusOr<std::string> ResolveSubject(Context& context, const std::string& code_or_id) {
  if (Ulid::Parse(code_or_id).ok()) return code_or_id;
  registry::v1::ListProjectsRequest request;
  request.set_project_code(code_or_id);
  request.set_page_size(2);
  ASSIGN_OR_RETURN(auto page, context.Call<registry::v1::ListProjectsResponse>(
                                  "bangfu.registry.v1.ProjectService.ListProjects", request));
  if (page.projects_size() != 1) return NotFound("project", code_or_id).Build();
  return page.projects(0).id();
}

}  // namespace bangfu::ctl

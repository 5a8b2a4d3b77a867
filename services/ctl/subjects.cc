#include "services/ctl/subjects.h"

#include <algorithm>

#include "bangfu/registry/v1/industry.pb.h"
#include "bangfu/registry/v1/project_service.pb.h"
#include "common/base/strings.h"
#include "common/base/ulid.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace bangfu::ctl {

namespace {

constexpr size_t kFewCodes = 200;  // more of them are found sooner in the list

}  // namespace

SubjectPlan PlanOf(const std::set<std::string>& codes, bool with_industries) {
  SubjectPlan plan;
  for (const std::string& code : codes) {
    const size_t colon = code.find(':');
    if (with_industries && colon != std::string::npos) {
      plan.industries.emplace_back(code.substr(0, colon), code.substr(colon + 1));
    } else if (code.starts_with("PJ")) {
      plan.projects.push_back(code);
    } else if (!code.empty()) {
      plan.listed.insert(code);
    }
  }
  if (plan.projects.size() > kFewCodes) {
    plan.listed.insert(plan.projects.begin(), plan.projects.end());
    plan.projects.clear();
  }
  return plan;
}

bool IsNoCode(const absl::Status& status, std::initializer_list<std::string_view> fields) {
  if (!absl::IsInvalidArgument(status)) return false;
  const ErrorDetail detail = GetErrorDetail(status);
  return !detail.violations.empty() &&
         std::all_of(detail.violations.begin(), detail.violations.end(),
                     [&](const FieldViolation& violation) {
                       return std::find(fields.begin(), fields.end(), violation.field) !=
                              fields.end();
                     });
}

absl::StatusOr<SubjectMap> FindSubjects(Context& context, const std::string& region_code,
                                        const std::set<std::string>& codes, bool with_industries) {
  constexpr char kListProjects[] = "bangfu.registry.v1.ProjectService.ListProjects";
  SubjectPlan plan = PlanOf(codes, with_industries);
  SubjectMap subjects;
  const auto take = [&](const std::string& code, const registry::v1::Project& project) {
    subjects[code] = SubjectRef{project.id(), project.name(), project.region_path()};
  };
  for (const std::string& code : plan.projects) {
    registry::v1::ListProjectsRequest request;
    request.set_region_code(region_code);
    request.set_project_code(code);
    request.set_page_size(1);
    const auto page = context.Call<registry::v1::ListProjectsResponse>(kListProjects, request);
    const bool no_code = IsNoCode(page.status(), {"project_code"});
    if (!no_code) RETURN_IF_ERROR(page.status());
    if (no_code || page->projects_size() == 0) {
      plan.listed.insert(code);
    } else {
      take(code, page->projects(0));
    }
  }
  for (const auto& [county, industry_code] : plan.industries) {
    registry::v1::ListIndustriesRequest request;
    request.set_region_code(county);
    request.set_industry_code(industry_code);
    request.set_page_size(1);
    const auto page = context.Call<registry::v1::ListIndustriesResponse>(
        "bangfu.registry.v1.IndustryService.ListIndustries", request);
    const std::string code = Cat(county, ":", industry_code);
    // The county stands in the file, too.
    const bool no_code = IsNoCode(page.status(), {"region_code", "industry_code"});
    if (!no_code) RETURN_IF_ERROR(page.status());
    if (no_code || page->industries_size() == 0) {
      plan.listed.insert(code);
      continue;
    }
    const auto& industry = page->industries(0);
    subjects[code] = SubjectRef{industry.id(), industry.name(), industry.region_path()};
  }
  registry::v1::ListProjectsRequest request;
  request.set_region_code(region_code);
  request.set_page_size(500);
  while (!plan.listed.empty()) {
    ASSIGN_OR_RETURN(auto page,
                     context.Call<registry::v1::ListProjectsResponse>(kListProjects, request));
    for (const auto& project : page.projects()) {
      if (plan.listed.erase(project.project_code()) > 0) take(project.project_code(), project);
      for (const auto& external : project.external_ids()) {
        if (plan.listed.erase(external.id()) > 0) take(external.id(), project);
      }
    }
    request.set_page_token(page.next_page_token());
    if (request.page_token().empty()) break;
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

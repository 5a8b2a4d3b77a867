#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bangfu/registry/v1/events.pb.h"
#include "bangfu/registry/v1/reference_service.pb.h"
#include "common/base/clock.h"
#include "common/base/strings.h"
#include "common/rpc/mutation.h"
#include "services/registry/api/convert.h"
#include "services/registry/api/handlers.h"
#include "services/registry/api/reference_messages.h"
#include "services/registry/store/organisation_store.h"
#include "services/registry/store/reference_id.h"

namespace bangfu::registry {
namespace {

using rpc::Mutation;

absl::StatusOr<v1::Organisation> GetOrganisation(Context& context,
                                                 const v1::GetOrganisationRequest& request) {
  ASSIGN_OR_RETURN(const auto row, FindOrganisation(context.db, request.org_code()));
  if (!row) return NotFound("organisation", request.org_code()).Build();
  return OrganisationMessage(*row);
}

absl::StatusOr<v1::ListOrganisationsResponse> ListOrganisationsRpc(
    Context& context, const v1::ListOrganisationsRequest& request) {
  ASSIGN_OR_RETURN(const Page page, OpenPage(request));
  OrganisationQuery query;
  ASSIGN_OR_RETURN(query.region_path,
                   ResolvePath(context.db, request.region_code(), "region_code"));
  query.org_type = request.org_type();
  query.clause = request.clause();
  query.limit = page.size + 1;
  if (page.key.size() == 2) {
    query.after_path = page.key[0];
    query.after_code = page.key[1];
  }
  ASSIGN_OR_RETURN(std::vector<OrganisationRow> rows, ListOrganisations(context.db, query));
  v1::ListOrganisationsResponse response;
  ClosePage(page, &rows, &response, [](const OrganisationRow& row) -> std::vector<std::string> {
    return {row.region_path, row.org_code};
  });
  for (const OrganisationRow& row : rows) *response.add_organisations() = OrganisationMessage(row);
  return response;
}

absl::StatusOr<v1::UpsertOrganisationsResponse> UpsertOrganisationsRpc(
    Context& context, const v1::UpsertOrganisationsRequest& request) {
  return rpc::Mutate<v1::UpsertOrganisationsResponse>(
      context, request, [&](Mutation& m) -> absl::StatusOr<v1::UpsertOrganisationsResponse> {
        std::vector<OrganisationRow> rows;
        std::set<std::string> org_codes;
        v1::UpsertOrganisationsResponse response;
        v1::OrganisationsChanged event;
        CodeCheck codes;
        for (int i = 0; i < request.organisations_size(); ++i) {
          const v1::Organisation& o = request.organisations(i);
          const std::string field = absl::StrCat("organisations[", i, "]");
          OrganisationRow row;
          row.org_code = o.org_code();
          row.id = IdOfKey("organisation", o.org_code());
          row.name = o.name();
          row.org_type = o.org_type();
          ASSIGN_OR_RETURN(row.region_path,
                           ResolvePath(m.tx(), o.region_code(), Cat(field, ".region_code")));
          row.region_code = o.region_code();
          row.uscc = o.uscc();
          row.clauses = {o.clauses().begin(), o.clauses().end()};
          row.department_code = o.department_code();
          codes.Want("DEPARTMENT", o.department_code(), Cat(field, ".department_code"));
          row.is_active = o.is_active();
          if (!org_codes.insert(row.org_code).second) {
            return InvalidField(Cat(field, ".org_code"), "机构代码重复").Build();
          }
          rows.push_back(std::move(row));
        }
        RETURN_IF_ERROR(codes.Run(m.tx(), ShanghaiDay(context.now)));
        std::map<std::string, OrganisationRow> before;
        RETURN_IF_ERROR(UpsertOrganisations(m.tx(), rows, &before));
        for (const OrganisationRow& row : rows) {
          ASSIGN_OR_RETURN(const auto written, FindOrganisation(m.tx(), row.org_code));
          const v1::Organisation message = OrganisationMessage(*written);
          const auto was = before.find(row.org_code);
          const v1::Organisation was_message =
              was == before.end() ? v1::Organisation() : OrganisationMessage(was->second);
          RETURN_IF_ERROR(m.Audit("organisation", written->id, written->region_path,
                                  was == before.end() ? nullptr : &was_message, message));
          *response.add_organisations() = message;
          *event.add_organisations() = message;
        }
        RETURN_IF_ERROR(m.Publish("organisation_batch", rows[0].id, "", event));
        return response;
      });
}

constexpr const char* kClauses[] = {"四",   "五",   "六",   "七",   "八",   "九",   "十",
                                    "十一", "十二", "十三", "十四", "十五", "十六", "十七"};

absl::StatusOr<v1::GetClauseMatrixResponse> GetClauseMatrix(
    Context& context, const v1::GetClauseMatrixRequest& request) {
  OrganisationQuery query;
  query.region_path = "36";
  query.org_type = v1::ORG_TYPE_PROV_OFFICE;
  query.limit = 500;
  ASSIGN_OR_RETURN(const std::vector<OrganisationRow> offices,
                   ListOrganisations(context.db, query));
  v1::GetClauseMatrixResponse response;
  for (const std::string clause : kClauses) {
    if (!request.clause().empty() && request.clause() != clause) continue;
    v1::ClauseResponsibility& row = *response.add_rows();
    row.set_clause(clause);
    row.set_binds_city_and_county_bureaus(true);
    for (const OrganisationRow& office : offices) {
      if (std::find(office.clauses.begin(), office.clauses.end(), clause) != office.clauses.end()) {
        *row.add_offices() = OrganisationMessage(office);
      }
    }
  }
  return response;
}

}  // namespace

void RegisterOrganisationHandlers(rpc::Router& router) {
  const std::string organisations = "bangfu.registry.v1.OrganisationService.";
  router.Unary<v1::GetOrganisationRequest, v1::Organisation>(organisations + "GetOrganisation",
                                                             GetOrganisation);
  router.Unary<v1::ListOrganisationsRequest, v1::ListOrganisationsResponse>(
      organisations + "ListOrganisations", ListOrganisationsRpc);
  router.Unary<v1::UpsertOrganisationsRequest, v1::UpsertOrganisationsResponse>(
      organisations + "UpsertOrganisations", UpsertOrganisationsRpc);
  router.Unary<v1::GetClauseMatrixRequest, v1::GetClauseMatrixResponse>(
      organisations + "GetClauseMatrix", GetClauseMatrix);
}

}  // namespace bangfu::registry

#include <algorithm>

#include "bangfu/registry/v1/events.pb.h"
#include "bangfu/registry/v1/industry.pb.h"
#include "common/rpc/mutation.h"
#include "common/workflow/proto.h"
#include "services/registry/api/convert.h"
#include "services/registry/api/grant_scope.h"
#include "services/registry/api/handlers.h"
#include "services/registry/api/industries.h"
#include "services/registry/api/record_message.h"
#include "services/registry/domain/project.h"
#include "services/registry/domain/record_actions.h"
#include "services/registry/store/industry_store.h"
#include "services/registry/store/region_store.h"

namespace bangfu::registry {
namespace {

using rpc::Mutation;

absl::Status PublishLeading(Mutation& m, const Ulid& id, const v1::LeadingIndustry* before,
                            const v1::LeadingIndustry& after, std::string_view reason) {
  RETURN_IF_ERROR(m.Audit("leading_industry", id, after.region_path(), before, after, reason));
  v1::LeadingIndustryChanged event;
  *event.mutable_leading_industry() = after;
  return m.Publish("leading_industry", id, after.region_path(), event);
}

mysql::Params LeadingColumns(const v1::LeadingIndustry& l) {
  return {l.plan_period(), OptionalId(l.industry_id()).value_or(Ulid()), l.is_active()};
}

absl::StatusOr<v1::LeadingIndustry> SelectLeading(Context& context,
                                                  const v1::SelectLeadingIndustryRequest& request) {
  return rpc::Mutate<v1::LeadingIndustry>(
      context, request, [&](Mutation& m) -> absl::StatusOr<v1::LeadingIndustry> {
        RETURN_IF_ERROR(CheckPlanPeriod(request.plan_period()));
        ASSIGN_OR_RETURN(const std::string county,
                         CountyPath(context, m.tx(), request.region_code()));
        RETURN_IF_ERROR(CheckIndustryScope(context, m.tx(), county, request.industry_code()));
        ASSIGN_OR_RETURN(
            const v1::Industry industry,
            EnsureCountyIndustry(context, m, county, request.industry_code(), false, false));
        const Ulid id = context.ids.Next();
        const Ulid industry_id = OptionalId(industry.id()).value_or(Ulid());
        ASSIGN_OR_RETURN(const int place, ClaimLeadingPlace(m.tx(), county, request.plan_period(),
                                                            industry_id, id, kLeadingPlaces));
        if (place == 0) {
          return FailedPrecondition("LEADING_INDUSTRY_LIMIT", "每县每规划期至多两个主导产业")
              .Build();
        }
        v1::LeadingIndustry l;
        l.set_id(id.ToString());
        l.set_region_code(county);
        l.set_region_path(county);
        l.set_plan_period(request.plan_period());
        l.set_industry_id(industry.id());
        l.set_industry_code(industry.industry_code());
        l.set_rank(place);
        l.set_is_active(true);
        RETURN_IF_ERROR(
            LeadingIndustryTable().Insert(m.tx(), RecordOf(id, 1, l), LeadingColumns(l)));
        l.set_etag(EtagOf(1));
        RETURN_IF_ERROR(PublishLeading(m, id, nullptr, l, ""));
        return l;
      });
}

LeadingState StateOf(const v1::LeadingIndustry& leading) {
  return leading.is_active() ? LeadingState::kSelected : LeadingState::kWithdrawn;
}

absl::StatusOr<workflow::Actor> ActorOf(const Context& context, mysql::Executor& db,
                                        const v1::LeadingIndustry& leading) {
  ASSIGN_OR_RETURN(const Categories categories, CategoriesFor(db, context.caller));
  return workflow::ActorAt(context.caller, leading.region_path(),
                           FacetsOfIndustry(leading.industry_code(), categories));
}

absl::StatusOr<v1::LeadingIndustry> GetLeading(Context& context,
                                               const v1::GetLeadingIndustryRequest& request) {
  ASSIGN_OR_RETURN(const Ulid id, ParseId(request.id(), "id"));
  ASSIGN_OR_RETURN(const Record record, LeadingIndustryTable().Get(context.db, id, context.scope));
  v1::LeadingIndustry leading = MessageOf<v1::LeadingIndustry>(record);
  ASSIGN_OR_RETURN(const workflow::Actor actor, ActorOf(context, context.db, leading));
  workflow::FillAllowedActions(LeadingTransitions().Allowed(StateOf(leading), actor),
                               leading.mutable_allowed_actions());
  return leading;
}

absl::StatusOr<v1::LeadingIndustry> WithdrawLeading(
    Context& context, const v1::WithdrawLeadingIndustryRequest& request) {
  return rpc::Mutate<v1::LeadingIndustry>(
      context, request, [&](Mutation& m) -> absl::StatusOr<v1::LeadingIndustry> {
        ASSIGN_OR_RETURN(const Ulid id, ParseId(request.id(), "id"));
        ASSIGN_OR_RETURN(const Record record,
                         LeadingIndustryTable().Get(m.tx(), id, context.scope));
        RETURN_IF_ERROR(CheckEtag(request.etag(), record.version));
        const v1::LeadingIndustry before = MessageOf<v1::LeadingIndustry>(record);
        RETURN_IF_ERROR(
            CheckIndustryScope(context, m.tx(), record.region_path, before.industry_code()));
        ASSIGN_OR_RETURN(const workflow::Actor actor, ActorOf(context, m.tx(), before));
        RETURN_IF_ERROR(LeadingTransitions().Execute(StateOf(before), "withdraw", actor).status());
        v1::LeadingIndustry l = before;
        l.set_is_active(false);
        l.set_withdraw_reason(request.reason());
        l.set_etag(EtagOf(record.version + 1));
        RETURN_IF_ERROR(LeadingIndustryTable().Update(m.tx(), RecordOf(id, record.version + 1, l),
                                                      LeadingColumns(l)));
        RETURN_IF_ERROR(ReleaseLeadingPlace(m.tx(), id, l.region_path(), l.plan_period()));
        RETURN_IF_ERROR(PublishLeading(m, id, &before, l, request.reason()));
        return l;
      });
}

absl::StatusOr<v1::ListLeadingIndustriesResponse> ListLeading(
    Context& context, const v1::ListLeadingIndustriesRequest& request) {
  ASSIGN_OR_RETURN(const Page page, OpenPage(request));
  ASSIGN_OR_RETURN(const RegionScope scope, ScopeAt(context, request.region_code()));
  std::vector<Condition> where;
  if (!request.plan_period().empty()) where.push_back(Equals("plan_period", request.plan_period()));
  if (!request.include_withdrawn()) where.push_back(Equals("is_active", true));
  ASSIGN_OR_RETURN(
      std::vector<Record> rows,
      LeadingIndustryTable().List(context.db, scope, where, page.after(), page.size + 1));
  v1::ListLeadingIndustriesResponse response;
  ClosePage(page, &rows, &response, RecordKey);
  for (const Record& row : rows)
    *response.add_leading_industries() = MessageOf<v1::LeadingIndustry>(row);
  return response;
}

absl::StatusOr<v1::ListLeadingIndustryGapsResponse> ListGaps(
    Context& context, const v1::ListLeadingIndustryGapsRequest& request) {
  RETURN_IF_ERROR(CheckPlanPeriod(request.plan_period()));
  ASSIGN_OR_RETURN(const RegionScope scope, ScopeAt(context, request.region_code()));
  ASSIGN_OR_RETURN(const auto counts, CountLeading(context.db, request.plan_period(), scope));
  v1::ListLeadingIndustryGapsResponse response;
  for (const std::string& prefix : scope) {
    RegionQuery query;
    query.parent_code = prefix.substr(0, std::min<size_t>(prefix.size(), 6));
    query.level = v1::REGION_LEVEL_COUNTY;
    query.limit = 500;
    ASSIGN_OR_RETURN(const std::vector<RegionRow> counties, ListRegions(context.db, query));
    for (const RegionRow& county : counties) {
      response.set_counties(response.counties() + 1);
      const auto found = counts.find(county.code);
      const int64_t selected = found == counts.end() ? 0 : found->second;
      if (selected >= 1 && selected <= kLeadingPlaces) continue;
      v1::LeadingIndustryGap& gap = *response.add_gaps();
      gap.set_region_code(county.code);
      gap.set_name(county.name);
      gap.set_selected(static_cast<int32_t>(selected));
    }
  }
  return response;
}

}  // namespace

void RegisterLeadingIndustryHandlers(rpc::Router& router) {
  const std::string service = "bangfu.registry.v1.IndustryService.";
  router.Unary<v1::SelectLeadingIndustryRequest, v1::LeadingIndustry>(
      service + "SelectLeadingIndustry", SelectLeading);
  router.Unary<v1::WithdrawLeadingIndustryRequest, v1::LeadingIndustry>(
      service + "WithdrawLeadingIndustry", WithdrawLeading);
  router.Unary<v1::GetLeadingIndustryRequest, v1::LeadingIndustry>(service + "GetLeadingIndustry",
                                                                   GetLeading);
  router.Unary<v1::ListLeadingIndustriesRequest, v1::ListLeadingIndustriesResponse>(
      service + "ListLeadingIndustries", ListLeading);
  router.Unary<v1::ListLeadingIndustryGapsRequest, v1::ListLeadingIndustryGapsResponse>(
      service + "ListLeadingIndustryGaps", ListGaps);
}

}  // namespace bangfu::registry

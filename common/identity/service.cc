#include "common/identity/service.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "common/base/page_token.h"
#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/contract/labels.h"
#include "common/grants/book.h"
#include "common/grants/copies.h"
#include "common/rpc/actor.h"
#include "common/rpc/mutation.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/workflow/proto.h"

namespace bangfu::identity {
namespace {

using grants::SetTime;
using rpc::CallContext;

constexpr int kMaxPageSize = 500;

// The one record of a service's freeze, for its audit chain.
Ulid FreezeId() { return Ulid::FromBytes(std::string(15, '\0') + '\1').value_or(Ulid()); }

v1::Freeze FreezeMessage(const FreezeRow& row, const std::string& service, absl::Time now) {
  v1::Freeze out;
  out.set_service(service);
  out.set_is_frozen(row.FrozenAt(now));
  if (row.version == 0) return out;
  out.set_reason(row.reason);
  if (row.until != absl::InfiniteFuture()) SetTime(row.until, out.mutable_until());
  *out.mutable_set_by() = row.set_by;
  SetTime(row.set_at, out.mutable_set_at());
  // A process has looked by then, whenever it looked last.
  SetTime(row.set_at + 2 * grants::kLook, out.mutable_effective_at());
  return out;
}

// As the process obeys it: the operators' file goes before the schema's state.
v1::Freeze FreezeNow(const FreezeState& state, const FreezeRow& row, const std::string& service,
                     absl::Time now) {
  v1::Freeze out = FreezeMessage(row, service, now);
  if (const absl::Status by_operator = state.ByOperator(); !by_operator.ok()) {
    out.set_is_frozen(true);
    out.set_by_operator(true);
    out.set_reason(GetErrorDetail(by_operator).message_zh);
  }
  return out;
}

// What the caller could want to do; SetFreeze refuses neither to whom its roles let through. Where
// only the operators' file freezes there is nothing that it could lift.
void TellActions(const auth::Caller& caller, const FreezeRow& row, absl::Time now,
                 v1::Freeze* freeze) {
  if (caller.Scope({auth::Role::ROLE_PROV_ADMIN}).empty()) return;
  std::vector<workflow::AllowedAction> told = {
      workflow::ActionOf("freeze", "冻结", absl::OkStatus())};
  if (row.FrozenAt(now)) told.push_back(workflow::ActionOf("lift", "恢复", absl::OkStatus()));
  workflow::FillAllowedActions(told, freeze->mutable_allowed_actions());
}

int32_t Waiting(const rpc::LaneOptions& lane) {
  return static_cast<int32_t>(std::ceil(static_cast<double>(lane.queue) * lane.caller_share));
}

v1::Limits LimitsOf(const rpc::ServerOptions& server) {
  v1::Limits limits;
  limits.set_default_page_size(ResolvePageSize(0).value_or(0));
  limits.set_max_page_size(kMaxPageSize);
  limits.set_max_request_bytes(server.max_receive_bytes);
  limits.set_default_deadline_seconds(
      static_cast<int32_t>(absl::ToInt64Seconds(server.pipeline.default_deadline)));
  limits.set_waiting_reads(Waiting(server.lanes.read));
  limits.set_waiting_writes(Waiting(server.lanes.write));
  limits.set_open_streams(server.max_subscriptions_per_caller);
  return limits;
}

// Grants of several regions are one right: of one id, or alike but for the region.
bool SameRight(const auth::Grant& a, const auth::Grant& b) {
  return a.id == b.id && a.role == b.role && a.clauses == b.clauses &&
         a.fund_sources == b.fund_sources && a.industries == b.industries &&
         a.org_code == b.org_code;
}

v1::HeldGrant HeldOf(const auth::Grant& grant) {
  v1::HeldGrant held;
  held.set_role(grant.role);
  held.set_role_zh(contract::EnumText(grant.role));
  for (const std::string& one : grant.clauses) held.mutable_scope()->add_clauses(one);
  for (const std::string& one : grant.fund_sources) held.mutable_scope()->add_fund_sources(one);
  for (const std::string& one : grant.industries) held.mutable_scope()->add_industries(one);
  held.set_source(v1::GRANT_SOURCE_TOKEN);
  if (grant.id.is_zero()) return held;
  held.set_source(v1::GRANT_SOURCE_GRANT);
  held.set_grant_id(grant.id.ToString());
  held.set_delegated_by(grant.delegated_by);
  held.set_org_code(grant.org_code);
  held.set_org_name(grant.org_name);
  SetTime(grant.from, held.mutable_valid_from());
  if (grant.to != absl::InfiniteFuture()) SetTime(grant.to, held.mutable_valid_to());
  return held;
}

absl::StatusOr<v1::WhoAmIResponse> WhoAmI(CallContext& context, const ServiceOptions& options,
                                          const v1::Limits& limits, const FreezeState& freeze) {
  const auth::Caller& caller = context.caller;
  v1::WhoAmIResponse response;
  response.set_service(options.service);
  response.set_person(caller.subject);
  response.set_person_name(caller.name);
  response.set_is_client(caller.is_system);
  *response.mutable_limits() = limits;
  *response.mutable_freeze() = FreezeNow(freeze, freeze.Get(), options.service, context.now);
  SetTime(context.now, response.mutable_server_time());
  std::map<std::string, std::string> names;
  if (options.region_names) {
    std::set<std::string> paths;
    for (const auth::Grant& grant : caller.grants) paths.insert(grant.region_path);
    if (!paths.empty()) {
      ASSIGN_OR_RETURN(names, options.region_names(context.db, {paths.begin(), paths.end()}));
    }
  }
  std::vector<const auth::Grant*> firsts;
  for (const auth::Grant& grant : caller.grants) {
    const auto same = std::find_if(firsts.begin(), firsts.end(), [&](const auth::Grant* first) {
      return SameRight(*first, grant);
    });
    const int place = static_cast<int>(same - firsts.begin());
    if (same == firsts.end()) {
      firsts.push_back(&grant);
      *response.add_grants() = HeldOf(grant);
    }
    v1::HeldRegion& region = *response.mutable_grants(place)->add_regions();
    region.set_region_path(grant.region_path);
    if (const auto name = names.find(grant.region_path); name != names.end()) {
      region.set_name(name->second);
    }
  }
  return response;
}

absl::StatusOr<v1::Freeze> SetFreeze(CallContext& context, const v1::SetFreezeRequest& request,
                                     const ServiceOptions& options, const FreezeState& freeze) {
  if (request.is_frozen() && request.reason().empty()) {
    return InvalidField("reason", "请说明冻结原因").Build();
  }
  if (request.has_until() &&
      (!request.is_frozen() || grants::TimeOf(request.until()) <= context.now)) {
    return InvalidField("until", "冻结截止时间须晚于现在").Build();
  }
  // The freeze concerns the service as a whole, which is the whole province's.
  const std::string& region = context.scope.front();
  return rpc::Mutate<v1::Freeze>(
      context, request, [&](rpc::Mutation& mutation) -> absl::StatusOr<v1::Freeze> {
        ASSIGN_OR_RETURN(FreezeRow row, ReadFreeze(mutation.tx()));
        const v1::Freeze before = FreezeMessage(row, options.service, context.now);
        const bool first = row.version == 0;
        ++row.version;
        row.is_frozen = request.is_frozen();
        row.reason = request.is_frozen() ? request.reason() : "";
        row.until = request.has_until() ? grants::TimeOf(request.until()) : absl::InfiniteFuture();
        row.set_by = rpc::ActorMessage(mutation.ActorAt(region));
        row.set_at = context.now;
        RETURN_IF_ERROR(WriteFreeze(mutation.tx(), row));
        const v1::Freeze after = FreezeMessage(row, options.service, context.now);
        RETURN_IF_ERROR(mutation.Audit("service_freeze", FreezeId(), region,
                                       first ? nullptr : &before, after, request.reason()));
        return FreezeNow(freeze, row, options.service, context.now);
      });
}

}  // namespace

RegionNames NamesFromCopy(std::string table) {
  return [table = std::move(table)](mysql::Executor& db, const std::vector<std::string>& paths)
             -> absl::StatusOr<std::map<std::string, std::string>> {
    std::map<std::string, std::string> names, out;
    for (const std::string& path : paths) {
      for (std::string code = path; !code.empty(); code = RegionParent(code)) names[code] = "";
    }
    if (names.empty()) return out;
    mysql::Params params;
    for (const auto& [code, name] : names) params.emplace_back(code);
    ASSIGN_OR_RETURN(const mysql::Rows rows,
                     db.Query(Cat("SELECT code, name FROM ", table, " WHERE code IN (",
                                  mysql::Placeholders(params.size()), ")"),
                              params));
    for (const mysql::Row& row : rows) names[row.String(0)] = row.String(1);
    for (const std::string& path : paths) {
      std::string name;
      for (std::string code = path; !code.empty(); code = RegionParent(code)) {
        // Everybody is of the province.
        if (code == path || !RegionParent(code).empty()) name = names[code] + name;
      }
      if (!name.empty()) out[path] = name;
    }
    return out;
  };
}

void RegisterIdentity(rpc::Router& router, ServiceOptions options, const FreezeState& freeze) {
  const v1::Limits limits = LimitsOf(options.server);
  router.Unary<v1::WhoAmIRequest, v1::WhoAmIResponse>(
      "bangfu.identity.v1.IdentityService.WhoAmI",
      [options, limits, &freeze](CallContext& context, const v1::WhoAmIRequest&) {
        return WhoAmI(context, options, limits, freeze);
      });
  router.Unary<v1::GetFreezeRequest, v1::Freeze>(
      "bangfu.identity.v1.FreezeService.GetFreeze",
      [service = options.service, &freeze](
          CallContext& context, const v1::GetFreezeRequest&) -> absl::StatusOr<v1::Freeze> {
        ASSIGN_OR_RETURN(const FreezeRow row, ReadFreeze(context.db));
        v1::Freeze out = FreezeNow(freeze, row, service, context.now);
        TellActions(context.caller, row, context.now, &out);
        return out;
      });
  router.Unary<v1::SetFreezeRequest, v1::Freeze>(
      "bangfu.identity.v1.FreezeService.SetFreeze",
      [options, &freeze](CallContext& context, const v1::SetFreezeRequest& request) {
        return SetFreeze(context, request, options, freeze);
      });
}

}  // namespace bangfu::identity

// A table's answers in the words of the contracts, and a caller in the words of a table.
#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

#include "bangfu/type/v1/common.pb.h"
#include "common/auth/caller.h"
#include "common/base/region.h"
#include "common/workflow/workflow.h"

namespace bangfu::workflow {

// The caller's roles at a region (held there or above it).
inline Actor ActorAt(const auth::Caller& caller, std::string_view region_path) {
  Actor actor;
  actor.subject = caller.subject;
  std::vector<RoleId> own;
  const auto add = [&](const std::vector<auth::Grant>& grants, std::vector<RoleId>* roles) {
    for (const auth::Grant& grant : grants) {
      const auto role = static_cast<RoleId>(grant.role);
      if (grant.region_path.empty() || !RegionContains(grant.region_path, region_path)) continue;
      if (std::find(roles->begin(), roles->end(), role) == roles->end()) roles->push_back(role);
      if (roles != &actor.roles) continue;
      if (grant.delegated_by.empty()) {
        own.push_back(role);
      } else {
        actor.lent.push_back({role, grant.delegated_by});
      }
    }
  };
  add(caller.grants, &actor.roles);
  add(caller.narrowed, &actor.narrowed);
  std::erase_if(actor.lent, [&](const Actor::Lent& lent) {
    return std::find(own.begin(), own.end(), lent.role) != own.end();
  });
  return actor;
}
// The same, of a thing of these fund sources and industries.
inline Actor ActorAt(const auth::Caller& caller, std::string_view region_path,
                     const auth::Facets& thing) {
  if (!caller.MindsFacets()) return ActorAt(caller, region_path);
  auth::Caller copy = caller;
  const auth::ActingOn acting(copy, thing);
  return ActorAt(copy, region_path);
}

// Who a record says did a thing.
inline Person PersonOf(const type::v1::Actor& actor) {
  return {actor.subject(), actor.delegated_by()};
}
// The caller in a step without a table, by the grant that holds one of `roles` there.
inline Person PersonAt(const auth::Caller& caller, const std::vector<auth::Role>& roles,
                       std::string_view region_path) {
  const auth::Grant* grant = caller.Find(roles, region_path);
  return {caller.subject, grant == nullptr ? "" : grant->delegated_by};
}

// For steps without a table: one of the caller's grants that hold `roles` at the region covers the
// thing. SCOPE_EXCLUDES when none does; OK where the caller holds none at all, which is refused by
// what looks at regions.
inline absl::Status CheckScope(const auth::Caller& caller, const std::vector<auth::Role>& roles,
                               std::string_view region_path, const auth::Facets& thing,
                               std::string_view label_zh) {
  if (!caller.MindsFacets() || !caller.May(roles, region_path)) return absl::OkStatus();
  auth::Caller covering = caller;
  const auth::ActingOn acting(covering, thing);
  if (covering.May(roles, region_path)) return absl::OkStatus();
  return ScopeExcludes(label_zh).Build();
}

// The same of an act on the whole of a unit or region, also of a caller who acts by the grants for
// everything alone (rpc::OfWhole).
inline absl::Status CheckWhole(const auth::Caller& caller, const std::vector<auth::Role>& roles,
                               std::string_view region_path, std::string_view label_zh) {
  const auth::Facets everything = auth::Everything();
  if (caller.Find(roles, region_path, everything) != nullptr) return absl::OkStatus();
  const Actor actor = ActorAt(caller, region_path, everything);
  const bool narrowed = std::any_of(roles.begin(), roles.end(), [&](auth::Role role) {
    return std::find(actor.narrowed.begin(), actor.narrowed.end(), static_cast<RoleId>(role)) !=
           actor.narrowed.end();
  });
  return narrowed ? ScopeExcludes(label_zh).Build() : absl::OkStatus();
}

// An action of a thing without a table: allowed when `check` is OK, else its refusal.
inline AllowedAction ActionOf(std::string_view action, std::string_view label_zh,
                              const absl::Status& check) {
  AllowedAction out;
  out.action = action;
  out.label_zh = label_zh;
  out.allowed = check.ok();
  if (!check.ok()) {
    const ErrorDetail detail = GetErrorDetail(check);
    out.refusal_reason = detail.reason;
    out.refusal_zh = detail.message_zh;
  }
  return out;
}

inline void FillAllowedActions(const std::vector<AllowedAction>& actions,
                               google::protobuf::RepeatedPtrField<type::v1::AllowedAction>* out) {
  for (const AllowedAction& action : actions) {
    type::v1::AllowedAction* to = out->Add();
    to->set_action(action.action);
    to->set_label_zh(action.label_zh);
    to->set_allowed(action.allowed);
    to->set_refusal_reason(action.refusal_reason);
    to->set_refusal_zh(action.refusal_zh);
    for (const std::string& kind : action.evidence_kinds) to->add_evidence_kinds(kind);
    for (const std::string& kind : action.evidence_required) to->add_evidence_required(kind);
  }
}

}  // namespace bangfu::workflow

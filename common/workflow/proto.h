// A table's answers in the words of the contracts, and a caller in the words of a table.
#pragma once

#include <string_view>
#include <vector>

#include "bangfu/type/v1/common.pb.h"
#include "common/auth/caller.h"
#include "common/workflow/workflow.h"

namespace bangfu::workflow {

// The caller's roles at a region (held there or above it).
inline Actor ActorAt(const auth::Caller& caller, std::string_view region_path) {
  Actor actor;
  actor.subject = caller.subject;
  for (const auth::Grant& grant : caller.grants) {
    if (region_path.substr(0, grant.region_path.size()) == grant.region_path &&
        !actor.Holds(static_cast<RoleId>(grant.role))) {
      actor.roles.push_back(static_cast<RoleId>(grant.role));
    }
  }
  return actor;
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
  }
}

}  // namespace bangfu::workflow

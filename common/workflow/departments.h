// Who signs for a department where several confirm one thing together: 会同核实 of a village's
// report, 联合确认 of a class (R017). Which departments have to is the money's affair, not decided
// here.
#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "common/status/error.h"
#include "common/workflow/workflow.h"

namespace bangfu::workflow {

// Codes of the DEPARTMENT list: the one that always leads (农业农村), and finance (财政).
inline constexpr std::string_view kLeadDepartment = "AGRICULTURE";
inline constexpr std::string_view kFinanceDepartment = "FINANCE";

// Roles that sign, in numbers of bangfu.options.v1.Role; the services' tables assert that they are
// theirs.
namespace signing {
inline constexpr RoleId kCountyOperator = 4;
inline constexpr RoleId kCountyApprover = 5;
inline constexpr RoleId kSectorVerifier = 7;
inline constexpr RoleId kFinanceOfficer = 8;
}  // namespace signing

// The roles that may sign for a department: agriculture's are the county's own, every other's is its
// sector's verifier, and the finance officer signs for finance alone.
inline std::vector<RoleId> SigningRoles(std::string_view department) {
  if (department == kLeadDepartment) return {signing::kCountyOperator, signing::kCountyApprover};
  if (department == kFinanceDepartment) {
    return {signing::kFinanceOfficer, signing::kSectorVerifier};
  }
  return {signing::kSectorVerifier};
}

// Whether the actor may sign for the department. The actor's roles are those of grants that cover
// the money for which it has to sign (workflow::ActorAt with those sources).
// PERMISSION_DENIED ROLE_NOT_ALLOWED, or SCOPE_EXCLUDES when the grants are for other money.
inline absl::Status CheckSigner(std::string_view department, const Actor& actor) {
  const std::vector<RoleId> roles = SigningRoles(department);
  if (std::any_of(roles.begin(), roles.end(), [&](RoleId role) { return actor.Holds(role); })) {
    return absl::OkStatus();
  }
  if (std::find_first_of(roles.begin(), roles.end(), actor.narrowed.begin(),
                         actor.narrowed.end()) != roles.end()) {
    return ScopeExcludes("代表该部门签字").With("department", department);
  }
  return Error(absl::StatusCode::kPermissionDenied, "ROLE_NOT_ALLOWED")
      .Zh("您的角色不能代表该部门签字")
      .With("department", department);
}

}  // namespace bangfu::workflow

// For tests: tries every (state, action, role) against a transition table.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "common/workflow/workflow.h"

namespace bangfu::workflow {

// The system itself, and each role of the contract.
inline std::vector<RoleId> EveryRole() {
  std::vector<RoleId> roles = {kSystem};
  for (RoleId role = 1; role <= 15; ++role) roles.push_back(role);
  return roles;
}

// Calls `attempt` for every state × every action of the table × every role. The attempt puts a
// subject into that state, with all guards satisfied and all evidence at hand, acts as a caller
// with that one role alone (through a handler, or Table::Execute), and gives the state afterwards
// or the refusal. Returns one line for each attempt that the table does not agree with; empty is
// good.
template <typename State, typename Subject>
std::vector<std::string> TryTriples(
    const Table<State, Subject>& table, const std::vector<State>& states,
    const std::vector<RoleId>& roles,
    const std::function<absl::StatusOr<State>(State, const std::string& action, RoleId)>& attempt) {
  std::vector<std::string> wrong;
  std::set<std::string> actions;
  for (const auto& row : table.transitions()) actions.insert(row.action);
  for (const State state : states) {
    for (const std::string& action : actions) {
      for (const RoleId role : roles) {
        bool role_somewhere = false;
        bool state_somewhere = false;
        std::vector<State> to;  // where several rows fit, their guards decide which
        for (const auto& row : table.transitions()) {
          if (row.action != action) continue;
          bool role_fits = false;
          bool state_fits = false;
          for (const RoleId r : row.roles) role_fits |= r == role;
          for (const State s : row.from) state_fits |= s == state;
          role_somewhere |= role_fits;
          state_somewhere |= state_fits;
          if (role_fits && state_fits) to.push_back(row.to);
        }
        const absl::StatusOr<State> got = attempt(state, action, role);
        const std::string where = absl::StrCat("state ", static_cast<int>(state), ", action ",
                                               action, ", role ", role, ": ");
        if (!to.empty()) {
          if (!got.ok()) {
            wrong.push_back(
                absl::StrCat(where, "allowed by the table, got ", got.status().ToString()));
          } else if (std::find(to.begin(), to.end(), *got) == to.end()) {
            wrong.push_back(absl::StrCat(where, "went to state ", static_cast<int>(*got)));
          }
          continue;
        }
        if (got.ok()) {
          wrong.push_back(absl::StrCat(where, "not in the table, but done"));
          continue;
        }
        const absl::StatusCode want = role_somewhere && !state_somewhere
                                          ? absl::StatusCode::kFailedPrecondition
                                          : absl::StatusCode::kPermissionDenied;
        if (got.status().code() != want) {
          wrong.push_back(absl::StrCat(where, "wrong refusal ", got.status().ToString()));
        }
      }
    }
  }
  return wrong;
}

}  // namespace bangfu::workflow

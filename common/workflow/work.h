// The steps of a workflow that wait for somebody, read off its transition table.
#pragma once

#include <string>
#include <vector>

#include "common/workflow/workflow.h"

namespace bangfu::workflow {

// An action of a table that is somebody's work (待办) while it can be taken. Declared beside the
// table; what merely could be done as well (返回, 作废) is not listed.
struct Work {
  std::string action;
  std::string kind;  // UNIT_REPORT_PASS: what inboxes sort and count by
};

// A step that waits now: who can take it, and which persons cannot although they hold the role.
struct WaitingStep {
  std::string action;
  std::string kind;
  std::vector<RoleId> roles;
  std::vector<std::string> excluded;  // by separation of duties
};

// Stands for a person of whom nothing is known. Not empty: records name nobody by an empty id.
inline constexpr char kAnybody[] = "\x01";

// The declared actions that a holder of some role could take now. `persons`: those who had a hand
// in the subject, whom a guard may keep out.
template <typename State, typename Subject>
std::vector<WaitingStep> WaitingSteps(const Table<State, Subject>& table,
                                      const std::vector<Work>& works, const Subject& subject,
                                      const std::vector<Person>& persons) {
  std::vector<WaitingStep> out;
  for (const Work& work : works) {
    std::vector<RoleId> roles = table.RolesFor(subject, work.action, kAnybody);
    if (roles.empty()) continue;
    WaitingStep step{work.action, work.kind, std::move(roles), {}};
    for (const Person& person : persons) {
      for (const std::string& name : {person.subject, person.delegated_by}) {
        if (name.empty() ||
            std::find(step.excluded.begin(), step.excluded.end(), name) != step.excluded.end()) {
          continue;
        }
        if (table.RolesFor(subject, work.action, name).empty()) step.excluded.push_back(name);
      }
    }
    out.push_back(std::move(step));
  }
  return out;
}

}  // namespace bangfu::workflow

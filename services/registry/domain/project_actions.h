// What may be done with a project as it stands: the table behind allowed_actions and the handlers
// of amendments. Neither changes the stage; the transitions of §3.1 get rpcs and rows of their own.
#pragma once

#include "common/workflow/workflow.h"
#include "services/registry/domain/project.h"

namespace bangfu::registry {

struct ProjectSubject {
  ProjectState state = ProjectState::kUnspecified;
  bool is_void = false;
  EditWindow window;
};

// The level at which these roles edit: 3 county, 4 township, 5 village.
int EditorLevel(const workflow::Actor& actor);
// Whether the window of editing matters to these roles: the county amends at any time, and others
// do not edit at all.
bool MindsEditWindow(const workflow::Actor& actor);
std::string ProjectStateLabel(ProjectState state);
// Actions: update, void, submit_operation_report (a month's figures, which leave the project as it
// is).
const workflow::Table<ProjectState, ProjectSubject>& ProjectTable();

}  // namespace bangfu::registry

// How the panel of an argument signs it (论证签字), and how it is taken back before that, as one
// table: behind SignArgument, WithdrawArgument and allowed_actions alike.
#pragma once

#include <string>
#include <vector>

#include "common/workflow/work.h"
#include "common/workflow/workflow.h"
#include "services/evaluation/domain/lifecycle.h"

namespace bangfu::evaluation {

// Numbers of evaluation.v1.PanelOpinion.
enum class PanelOpinion { kUnspecified = 0, kAgrees = 1, kDissents = 2 };

struct PanelSeat {
  std::string person;
  PanelOpinion opinion = PanelOpinion::kUnspecified;  // has not signed
};

struct ArgumentSubject {
  ArgumentState state = ArgumentState::kUnspecified;
  std::vector<PanelSeat> panel;
  bool subject_void = false;
};

// What an argument is with these signatures: one counts when all of its panel have signed and more
// than half agree. 待省厅确认.
ArgumentState StateOf(const std::vector<PanelSeat>& panel);

// Actions: sign_argument, by one of the panel, once and in person. PERMISSION_DENIED
// DELEGATE_NOT_ALLOWED; FAILED_PRECONDITION SUBJECT_VOID, NOT_NAMED, ALREADY_SIGNED. The state
// after it is StateOf's to say. withdraw_argument, by who may record one, while nobody's signature
// has settled it: FAILED_PRECONDITION SUBJECT_VOID, PANEL_DISSENTS.
const workflow::Table<ArgumentState, ArgumentSubject>& ArgumentTable();

// The refusal of one who holds the step's role by delegation alone; OK for others. An expert's
// opinion is nobody else's to give.
absl::Status CheckInPerson(const workflow::Actor& actor);

}  // namespace bangfu::evaluation

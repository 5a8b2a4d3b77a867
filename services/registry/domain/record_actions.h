// Steps of the records that are no projects: leading industries and brands; and operators, helper
// organisations, pairings and trainings, which stand or are void.
#pragma once

#include <string>

#include "common/workflow/workflow.h"

namespace bangfu::registry {

enum class LeadingState { kSelected, kWithdrawn };
// Actions: withdraw.
const workflow::Table<LeadingState, LeadingState>& LeadingTransitions();

enum class BrandState { kRegistered, kEnded };
// Actions: end.
const workflow::Table<BrandState, BrandState>& BrandTransitions();

enum class RecordState { kStanding, kVoid };
struct RecordSubject {
  RecordState state = RecordState::kStanding;
  std::string used_by;  // the code of a project that names it; empty: none does
};
using RecordTransitions = workflow::Table<RecordState, RecordSubject>;
// Of a void one every step is RECORD_VOID.
// Actions: update; void, OPERATOR_IN_USE or HELPER_IN_USE while a project names it.
const RecordTransitions& OperatorTransitions();
const RecordTransitions& HelperTransitions();
// Actions: add_visit, void.
const RecordTransitions& PairingTransitions();
// Actions: void.
const RecordTransitions& TrainingTransitions();

}  // namespace bangfu::registry

// What the evaluation's forms are filled with before a person sees them (预填, R129).
#pragma once

#include <map>
#include <string>

#include "common/dictionary/service.h"

namespace bangfu::evaluation {

// By the full name of the form's rpc. PlanMeasures starts from a ledger entry, AcceptEvaluation and
// ProposeOverride from an evaluation: each is offered the newest argument of the subject that
// counts.
std::map<std::string, dictionary::Prefiller, std::less<>> Prefills();

}  // namespace bangfu::evaluation

// What the evaluation's forms are filled with before a person sees them (预填, R129).
#pragma once

#include <map>
#include <string>

#include "common/dictionary/service.h"

namespace bangfu::evaluation {

class Evaluator;

// By the full name of the form's rpc. PlanMeasures starts from a ledger entry, AcceptEvaluation and
// ProposeOverride from an evaluation: each is offered the newest argument of the subject that
// counts; SignJointly the department that the caller can sign for. SubmitDispatchReport starts from
// a county industry and a month (dispatch_figures.h). `evaluator` outlives them.
std::map<std::string, dictionary::Prefiller, std::less<>> Prefills(Evaluator& evaluator);

}  // namespace bangfu::evaluation

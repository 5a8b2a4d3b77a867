// What the lifecycle handlers share with the rest of the service.
#pragma once

#include "bangfu/evaluation/v1/evaluation.pb.h"
#include "common/inbox/recount.h"
#include "common/publicity/service.h"
#include "common/rpc/call_context.h"

namespace bangfu::evaluation {

// What the caller could do with the evaluation now, or why not (Deps::allowed_actions). On an error
// of the database nothing is told.
absl::Status FillAllowedActions(const rpc::CallContext& context,
                                const std::vector<v1::Evaluation*>& evaluations);

// The kind of a class publicity (分类公示); its subject is the evaluation.
inline constexpr char kClassPublicity[] = "CLASS";
inline constexpr char kEvaluationAggregate[] = "evaluation";

// The service's copy of the work calendar, and what happens to an evaluation when its publicity has
// passed or an objection was upheld (back to COMPUTED).
publicity::ServiceOptions ClassPublicityOptions();
// The class publicities that run, for the recount.
inbox::Source ClassPublicitySource();

}  // namespace bangfu::evaluation

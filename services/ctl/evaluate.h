// Evaluations as text, for the walkthrough as well.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "bangfu/evaluation/v1/evaluation_service.pb.h"
#include "services/ctl/context.h"

namespace bangfu::ctl {

std::string ResultText(evaluation::v1::EvaluationResult result);
std::string ClassText(type::v1::FourClass value);
std::string EvaluationStateText(evaluation::v1::EvaluationState state);

// The explanation of one evaluation, a page of text: dimensions as bars, gates, numbers with their
// source records, what would have to change.
std::string RenderExplanation(const evaluation::v1::Evaluation& evaluation,
                              const evaluation::v1::Explanation& explanation, bool indicators);

absl::StatusOr<evaluation::v1::Explanation> Explain(Context& context,
                                                    const std::string& evaluation_id);
// The latest evaluation of a subject.
absl::StatusOr<evaluation::v1::Evaluation> LatestEvaluation(Context& context,
                                                            const std::string& subject_id);

std::string RenderBatchResult(const evaluation::v1::BatchEvaluationResult& result);
// Nothing left out: well; all of it: failed; else partly.
int ExitCodeOfEvaluations(int64_t evaluated, int64_t left_out);
int ExitCodeOfBatch(const evaluation::v1::BatchEvaluationResult& result);
int ExitCodeOfSubjects(const evaluation::v1::EvaluateSubjectsResponse& response);

}  // namespace bangfu::ctl

// Between the rows of an evaluation, the domain's explanation and the contract's messages.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "bangfu/evaluation/v1/evaluation.pb.h"
#include "common/contract/time.h"
#include "google/protobuf/timestamp.pb.h"
#include "google/type/date.pb.h"
#include "services/evaluation/domain/criteria.h"
#include "services/evaluation/domain/explanation.h"
#include "services/evaluation/domain/industry.h"
#include "services/evaluation/store/evaluation_store.h"

namespace bangfu::evaluation {

// The message as it stands: details with etag, state, class and void mark from the columns.
// The words of its figures are made here; allowed_actions is left empty. DATA_LOSS when the details
// cannot be read.
absl::StatusOr<v1::Evaluation> ToMessage(const EvaluationRow& row);
// confidence_zh and the words of the key figures, for a message that did not come out of a row.
void FillWords(v1::Evaluation& message);
// Puts a changed message into its row, details and columns alike; the version stays
// (UpdateEvaluation counts it up).
void StoreMessage(const v1::Evaluation& message, EvaluationRow& row);

// What the engine found, in the fields of the message that it decides; the rest stays.
void FillFromExplanation(const Explanation& explanation, v1::Evaluation& message);
// The contract's explanation, without what stands beside the canonical bytes. `criteria` is the set
// that it was computed with; the words for people are made here.
v1::Explanation ToMessage(const Explanation& explanation, const CriteriaSet& criteria);
// How a project counts for its industry, out of its newest evaluation.
ProjectContribution ContributionOf(const v1::Evaluation& project, int64_t value_fen);

v1::EvaluationResult ToMessage(Result result);
// The source as the contract names it: registry, asset …; what is entered here is evaluation's.
std::string SourceName(FactSource source);
Result FromMessage(v1::EvaluationResult result);

}  // namespace bangfu::evaluation

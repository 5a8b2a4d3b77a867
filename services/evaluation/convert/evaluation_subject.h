// Messages and rows as the domain's guards look at them.
#pragma once

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "bangfu/evaluation/v1/evaluation.pb.h"
#include "services/evaluation/domain/evaluation_actions.h"
#include "services/evaluation/domain/lifecycle.h"
#include "services/evaluation/store/fact_store.h"

namespace bangfu::evaluation {

// DATA_LOSS when the stored record cannot be read.
absl::StatusOr<ArgumentRecord> ToDomain(const ArgumentRow& row);
Override ToDomain(const v1::Override& message);
// Without what stands in other records: the subject's own state and the arguments.
EvaluationSubject ToDomain(const v1::Evaluation& message, absl::CivilDay today);

}  // namespace bangfu::evaluation

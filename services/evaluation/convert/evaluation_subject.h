// Messages and rows as the domain's guards look at them.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "bangfu/evaluation/v1/evaluation.pb.h"
#include "common/base/ulid.h"
#include "services/evaluation/domain/evaluation_actions.h"
#include "services/evaluation/domain/lifecycle.h"
#include "services/evaluation/store/argument_store.h"

namespace bangfu::evaluation {

// DATA_LOSS when the stored record cannot be read.
absl::StatusOr<ArgumentRecord> ToDomain(const ArgumentRow& row);
// Of arguments, newest first, the one that a step of the subject goes by: the named one; where none
// is named, the newest that counts, else the newest. nullptr: none.
const ArgumentRow* ArgumentFor(const std::vector<ArgumentRow>& arguments, const Ulid& subject_id,
                               const std::string& named);
Override ToDomain(const v1::Override& message);
// Without what stands in other records: the subject's own state and the arguments.
EvaluationSubject ToDomain(const v1::Evaluation& message, absl::CivilDay today);

}  // namespace bangfu::evaluation

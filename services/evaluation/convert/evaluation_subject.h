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
// is named, the newest, whether it counts or not: an older one is not taken in its place unless
// somebody says so. nullptr: none.
const ArgumentRow* ArgumentFor(const std::vector<ArgumentRow>& arguments, const Ulid& subject_id,
                               const std::string& named);
// One that a step names, as its guards look at it. Of arguments, newest first, with those about
// the same subject: where a newer one was not carried, the named one is not, either; another one is
// wanted. What a step was taken by before stays.
absl::StatusOr<ArgumentRecord> NamedArgument(const ArgumentRow& named,
                                             const std::vector<ArgumentRow>& arguments);
Override ToDomain(const v1::Override& message);
// Without what stands in other records: the subject's own state and the arguments.
EvaluationSubject ToDomain(const v1::Evaluation& message, absl::CivilDay today);

}  // namespace bangfu::evaluation

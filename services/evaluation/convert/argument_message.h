// An argument record and its signatures, between rows, message and the table of its actions.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "bangfu/evaluation/v1/evaluation.pb.h"
#include "services/evaluation/domain/argument_actions.h"
#include "services/evaluation/store/argument_store.h"

namespace bangfu::evaluation {

// The message as it stands, out of the row and those of the signatures that are its own;
// allowed_actions is left empty. DATA_LOSS when the payload cannot be read.
absl::StatusOr<v1::ArgumentRecord> ToMessage(const ArgumentRow& row,
                                             const std::vector<ArgumentSignatureRow>& signatures);
// Without what stands in other records: whether the subject is void.
ArgumentSubject SubjectOf(const v1::ArgumentRecord& message);

}  // namespace bangfu::evaluation

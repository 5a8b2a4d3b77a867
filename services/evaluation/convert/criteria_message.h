// Between the rows of the criteria sets and the contract.
#pragma once

#include "absl/status/statusor.h"
#include "bangfu/evaluation/v1/criteria.pb.h"
#include "services/evaluation/store/criteria_store.h"

namespace bangfu::evaluation {

// As it stands; allowed_actions is left empty.
absl::StatusOr<v1::CriteriaSet> ToMessage(const CriteriaRow& row);
// The actors and times of a message into the row's payload.
void StoreActors(const v1::CriteriaSet& message, CriteriaRow& row);

}  // namespace bangfu::evaluation

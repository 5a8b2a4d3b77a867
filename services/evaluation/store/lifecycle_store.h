// Bulk writes of the steps from computed to effective.
#pragma once

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"
#include "services/evaluation/store/evaluation_store.h"

namespace bangfu::evaluation {

// UpdateEvaluation for each of the rows, which the transaction has locked, in as few statements as
// fit; counts their versions up.
absl::Status UpdateEvaluations(mysql::Tx& tx, std::vector<EvaluationRow*> rows);

// Voided subjects that still have a class in force, at most `limit`.
absl::StatusOr<std::vector<Ulid>> ListVoidInForce(mysql::Executor& db, int limit);

// SHA-256 of the explanations, by evaluation; 64 digits.
absl::StatusOr<absl::flat_hash_map<Ulid, std::string>> ExplanationHashes(
    mysql::Executor& db, const std::vector<Ulid>& evaluation_ids);

// The explanations as canonical JSON, by evaluation.
absl::StatusOr<absl::flat_hash_map<Ulid, std::string>> LoadExplanations(
    mysql::Executor& db, const std::vector<Ulid>& evaluation_ids);

// Evaluations of these subjects that are neither in force nor past it, locked in id order.
absl::StatusOr<std::vector<EvaluationRow>> LockEvaluationsUnderWay(
    mysql::Tx& tx, const std::vector<Ulid>& subject_ids);
struct PublicisedEvaluation {
  Ulid id;
  Ulid subject_id;
};
// Ids of those that are made public.
absl::StatusOr<std::vector<PublicisedEvaluation>> PublicisedEvaluations(
    mysql::Executor& db, const std::vector<Ulid>& subject_ids);
// Ids of evaluations under way of all subjects, by id.
absl::StatusOr<std::vector<Ulid>> PageEvaluationsUnderWay(mysql::Executor& db, const Ulid& after,
                                                          int limit);

}  // namespace bangfu::evaluation

// The four-class decision: integers only, total, deterministic. The decision order is fixed:
// P0 E1 H1 H2 H3 P1 G0 H4 G1 G2 G3 G4 G5 G6, the first match wins.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/evaluation/domain/criteria.h"
#include "services/evaluation/domain/explanation.h"
#include "services/evaluation/domain/facts.h"

namespace bangfu::evaluation {

struct Outcome {
  Explanation explanation;
  std::string explanation_json;  // canonical
  std::string snapshot_json;     // canonical: what to store, so that it can be computed again
};

// Holds a validated criteria set with its hash; immutable, so one engine serves many threads.
class Engine {
 public:
  // INVALID_ARGUMENT as Validate().
  static absl::StatusOr<Engine> Create(CriteriaSet criteria);

  // FAILED_PRECONDITION SUBJECT_VOID or SUBJECT_NOT_VERIFIED (rule P0); INVALID_ARGUMENT
  // SNAPSHOT_INVALID when the snapshot names a value twice or no subject. Else always a result.
  absl::StatusOr<Outcome> Evaluate(const Snapshot& snapshot) const;

  const CriteriaSet& criteria() const { return criteria_; }
  const std::string& criteria_hash() const { return hash_; }

 private:
  friend class Decision;  // decision.h
  Engine() = default;

  CriteriaSet criteria_;
  std::string hash_;
  std::vector<std::vector<size_t>> members_;  // indicator indices by dimension index
};

// For a single evaluation; a batch builds one Engine.
absl::StatusOr<Outcome> Evaluate(const CriteriaSet& criteria, const Snapshot& snapshot);

}  // namespace bangfu::evaluation

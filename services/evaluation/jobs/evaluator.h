// From subjects to evaluations: locks the subjects, takes their facts, lets the engine decide, and
// writes evaluations, records, audit, events and roll-ups, all in the caller's transaction.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bangfu/evaluation/v1/evaluation.pb.h"
#include "bangfu/type/v1/common.pb.h"
#include "common/audit/audit.h"
#include "common/auth/caller.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"
#include "services/evaluation/domain/engine.h"
#include "services/evaluation/facts/fact_loader.h"
#include "services/evaluation/facts/moment.h"

namespace bangfu::evaluation {

// A criteria set ready to judge with.
struct LoadedCriteria {
  Ulid id;
  Engine engine;
};
using CriteriaPtr = std::shared_ptr<const LoadedCriteria>;
using Watermarks = std::vector<type::v1::Watermark>;

// What all evaluations of one call or chunk have in common.
struct EvaluationJob {
  Moment moment;
  CriteriaPtr criteria;
  std::optional<Ulid> run_id;
  type::v1::Actor computed_by;
  // Who, through what: the entries of the trail without record and states.
  audit::Entry audit;
  absl::Time now;
  // Whose call it is; null: the service's own.
  const auth::Caller* caller = nullptr;
  // Reference data and industries as read for an earlier chunk of the same county; null: read anew.
  FactLoader* loader = nullptr;
};

// What became of one subject: an evaluation, or a refusal.
struct SubjectOutcome {
  Ulid subject_id;
  int subject_type = 0;
  std::optional<v1::Evaluation> evaluation;
  // The newest evaluation stands: the same facts and criteria gave it.
  bool unchanged = false;
  int result = 0;              // of the evaluation; 0 with a refusal
  std::string refusal_reason;  // NOT_VERIFIED, SUBJECT_VOID, …
  std::string refusal_zh;
};

class Evaluator {
 public:
  // `ids` outlives the evaluator.
  explicit Evaluator(UlidGenerator& ids) : ids_(ids) {}

  // The set in force for a region on a day. FAILED_PRECONDITION NO_CRITERIA.
  absl::StatusOr<CriteriaPtr> CriteriaFor(mysql::Executor& db, const std::string& region_code,
                                          absl::CivilDay on);
  // By id; active sets never change, so each is parsed once.
  absl::StatusOr<CriteriaPtr> CriteriaById(mysql::Executor& db, const Ulid& id);

  // Where the copies of the sources that the criteria need stand, before a run or a call: what it
  // reads is at least as new. UNAVAILABLE SOURCE_LAGGING with metadata "source" when one is behind
  // its limit: the engine never computes with a hole.
  absl::StatusOr<Watermarks> PinWatermarks(mysql::Executor& db, const CriteriaSet& criteria,
                                           absl::Time now);

  // Evaluates subjects of one type, each with the watermarks at which its facts were taken: every
  // event up to there is in them, and none after it has touched the subject; but what a county's
  // subjects share (lists, its industries) is as of the run's first chunk there. Only what changed
  // is written; the others are returned as they stand when `with_unchanged`. Subjects that do not
  // exist are left out.
  absl::StatusOr<std::vector<SubjectOutcome>> Evaluate(mysql::Tx& tx, const EvaluationJob& job,
                                                       int subject_type,
                                                       const std::vector<Ulid>& subject_ids,
                                                       bool with_unchanged);

 private:
  UlidGenerator& ids_;
  std::mutex mu_;
  std::map<Ulid, CriteriaPtr> criteria_;
};

}  // namespace bangfu::evaluation

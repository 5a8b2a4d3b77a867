// The batch evaluation of a region as long work (批量评估): some counties at a time, in each the
// projects before the industries that add them up, in chunks that commit together with the county's
// cursor. A county that fails is named and the others go on; a process that dies leaves the next
// one at the last chunk of each county.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bangfu/evaluation/v1/evaluation_service.pb.h"
#include "common/inbox/stopped.h"
#include "common/operation/operation.h"
#include "services/evaluation/jobs/evaluator.h"

namespace bangfu::evaluation {

inline constexpr char kBatchKind[] = "evaluate_batch";

struct BatchOptions {
  int chunk = 500;  // projects a transaction; industries are fewer, since each reads its projects
  // Counties evaluated at a time, each on a session of its own; without `sessions` one.
  int workers = 4;
  std::function<std::unique_ptr<mysql::Session>()> sessions;
  // Run in the transaction of each chunk before its cursor is stored; an error rolls it back. For
  // tests of a killed or cancelled run. Called from every worker.
  std::function<absl::Status(const std::string& county, int64_t done)> before_commit;
};

// Pins a run to its criteria and to the least watermarks that it reads at, in the transaction that
// starts its operation, whose id is the run's; a chunk reads the facts of its own moment.
// FAILED_PRECONDITION NO_CRITERIA, UNAVAILABLE SOURCE_LAGGING; INVALID_ARGUMENT for a month that
// has not begun.
absl::Status PinRun(mysql::Tx& tx, Evaluator& evaluator, const Ulid& operation_id,
                    const std::string& region_path, const std::string& period,
                    const std::string& started_by, absl::Time now);

// Subjects inside a region: the total that progress counts towards.
absl::StatusOr<int64_t> CountSubjects(mysql::Executor& db, const std::string& region_path);

// A run that stopped waits to be resumed, until a later one of the same region and month began.
inbox::StoppedKind StoppedBatch();

// Both must outlive the runner.
void RegisterBatchEvaluation(operation::OperationRunner& runner, Evaluator& evaluator,
                             BatchOptions options = {});

}  // namespace bangfu::evaluation

// Batch runs: what they were pinned to, and how far each county is, so that a run goes on where it
// stopped.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"

namespace bangfu::evaluation {

struct RunRow {
  Ulid id;
  std::string region_code;
  std::string period;
  Ulid criteria_id;
  std::string watermarks;  // evaluation.v1.BatchEvaluationResult with its watermarks only
  std::string started_by;
  absl::Time started_at;
};

enum class CountyState { kWaiting = 0, kDone = 1, kFailed = 2 };

struct RunCountyRow {
  std::string county;
  CountyState state = CountyState::kWaiting;
  int cursor_type = 0;  // SubjectType under way; 0: not begun
  std::optional<Ulid> cursor_id;
  std::string counts;  // evaluation.v1.BatchEvaluationResult of this county
  std::string reason;  // of a failure
  int tries = 0;       // times taken up since its last committed chunk
};

// Does nothing when the run is there already.
absl::Status InsertRun(mysql::Tx& tx, const RunRow& run, const std::vector<std::string>& counties);
// nullopt: no such run.
absl::StatusOr<std::optional<RunRow>> FindRun(mysql::Executor& db, const Ulid& id);
// Whether a later run of the month was started for the region or one around it.
absl::StatusOr<bool> IsOvertaken(mysql::Executor& db, const RunRow& run);
absl::StatusOr<std::vector<RunCountyRow>> ListRunCounties(mysql::Executor& db, const Ulid& run_id);
absl::Status UpdateRunCounty(mysql::Executor& db, const Ulid& run_id, const RunCountyRow& county);
// One more try of a county that waits. Nothing else of its row: whoever is no longer the run's
// holder changes nothing by it.
absl::Status RaiseTries(mysql::Executor& db, const Ulid& run_id, RunCountyRow& county);
}  // namespace bangfu::evaluation

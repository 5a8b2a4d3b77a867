// Evaluations and what they rest on. `details` is the Evaluation message as it stands; the columns
// repeat what lists, transitions and roll-ups read (api/evaluation_convert.h keeps both alike).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"

namespace bangfu::evaluation {

struct EvaluationRow {
  Ulid id;
  std::optional<Ulid> run_id;
  int subject_type = 0;
  Ulid subject_id;
  std::string region_path;
  std::string period;  // "2026-10"
  Ulid criteria_id;
  std::string snapshot_sha256;
  int result = 0;       // number of evaluation.v1.EvaluationResult
  int state = 0;        // number of evaluation.v1.EvaluationState
  int final_class = 0;  // number of type.v1.FourClass
  std::optional<int32_t> total_bp;
  bool is_void = false;
  std::string details;
  absl::Time computed_at;
  std::string computed_by;
  int64_t version = 1;  // the etag
};

// What an evaluation was computed from and how: written once. Packed here, plain in memory.
struct EvaluationRecord {
  Ulid evaluation_id;
  std::string snapshot;     // canonical JSON
  std::string explanation;  // canonical JSON
  std::string explanation_sha256;
};

using RegionScopes = std::optional<std::vector<std::string>>;  // region prefixes; nullopt: anywhere

// In as few statements as fit.
absl::Status InsertEvaluations(mysql::Tx& tx, const std::vector<EvaluationRow>& rows);
absl::Status InsertEvaluationRecords(mysql::Tx& tx, const std::vector<EvaluationRecord>& records);

// NOT_FOUND when there is none, or none in scope.
absl::StatusOr<EvaluationRow> GetEvaluation(mysql::Executor& db, const Ulid& id,
                                            const RegionScopes& scope);
// Locked until the transaction ends, in the order of their ids; what is not there or not in scope
// is left out.
absl::StatusOr<std::vector<EvaluationRow>> LockEvaluations(mysql::Tx& tx, std::vector<Ulid> ids,
                                                           const RegionScopes& scope);
// Those that exist, in no order.
absl::StatusOr<std::vector<EvaluationRow>> GetEvaluations(mysql::Executor& db,
                                                          const std::vector<Ulid>& ids,
                                                          const RegionScopes& scope);

// Writes result, state, final_class, is_void and details of a row that was read at `row.version`,
// and counts its version up. ABORTED ETAG_MISMATCH when it is another version now.
absl::Status UpdateEvaluation(mysql::Tx& tx, EvaluationRow& row);

struct EvaluationQuery {
  std::optional<std::string> region;  // prefix of region_path
  std::optional<Ulid> subject_id;
  int subject_type = 0;        // 0: both
  int result = 0;              // 0: all
  int state = 0;               // 0: all
  bool in_force_once = false;  // only EFFECTIVE and SUPERSEDED
  std::string period;          // "": all
  bool include_void = false;
  // After the row (region_path, id) of the last page. With subject_id only the id counts.
  std::optional<std::pair<std::string, Ulid>> after;
  int limit = 50;
};
// By region_path and id, both downwards: newest first within a village. Of one subject: newest
// first.
absl::StatusOr<std::vector<EvaluationRow>> ListEvaluations(mysql::Executor& db,
                                                           const EvaluationQuery& query,
                                                           const RegionScopes& scope);

// By id upwards, after an id: for a copy of everything.
absl::StatusOr<std::vector<EvaluationRow>> PageEvaluationsById(mysql::Executor& db,
                                                               const Ulid& after, int limit,
                                                               const RegionScopes& scope);

absl::StatusOr<EvaluationRecord> GetEvaluationRecord(mysql::Executor& db,
                                                     const Ulid& evaluation_id);

// What tells whether a subject has to be evaluated again.
struct EvaluatedState {
  std::string snapshot_sha256;
  Ulid criteria_id;
  bool is_void = false;
};
// Of the newest evaluations, by evaluation id.
absl::StatusOr<absl::flat_hash_map<Ulid, EvaluatedState>> LoadEvaluatedStates(
    mysql::Executor& db, const std::vector<Ulid>& evaluation_ids);

}  // namespace bangfu::evaluation

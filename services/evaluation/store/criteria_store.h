// Criteria sets (评价标准) and the claim rows that keep one set in force per scope and day.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"

namespace bangfu::evaluation {

inline constexpr int kCriteriaDraft = 1;  // as evaluation.v1.CriteriaState
inline constexpr int kCriteriaActive = 2;
inline constexpr int kCriteriaRetired = 3;

struct CriteriaRow {
  Ulid id;
  std::string region_code;
  int32_t version_no = 0;
  int state = kCriteriaDraft;
  std::optional<absl::CivilDay> effective_from;
  std::optional<absl::CivilDay> effective_to;  // the first day on which it is no longer in force
  std::string content;                         // canonical JSON
  std::string content_sha256;
  std::string note_zh;
  std::string created_by;
  std::string payload;  // evaluation.v1.CriteriaSet: actors and times
  int64_t version = 1;
};

// ALREADY_EXISTS DUPLICATE_KEY when the version number is taken.
absl::Status InsertCriteria(mysql::Tx& tx, const CriteriaRow& row);
// The next version number of a region, from 1.
absl::StatusOr<int32_t> NextCriteriaVersion(mysql::Executor& db, const std::string& region_code);
// NOT_FOUND when there is none.
absl::StatusOr<CriteriaRow> GetCriteria(mysql::Executor& db, const Ulid& id);
absl::StatusOr<CriteriaRow> LockCriteria(mysql::Tx& tx, const Ulid& id);
// State, days, payload; counts the version up. ABORTED ETAG_MISMATCH.
absl::Status UpdateCriteria(mysql::Tx& tx, CriteriaRow& row);

// Counts the claim row of a scope up (making it first), so that of two activations at once one
// waits for the other and sees its outcome.
absl::Status ClaimCriteriaScope(mysql::Tx& tx, const std::string& region_code);
// Active sets of exactly this region, by effective_from.
absl::StatusOr<std::vector<CriteriaRow>> ListActiveCriteria(mysql::Executor& db,
                                                            const std::string& region_code);
// The set in force on a day for the nearest of the region and its ancestors; nullopt: none.
absl::StatusOr<std::optional<CriteriaRow>> FindCriteriaInForce(mysql::Executor& db,
                                                               const std::string& region_code,
                                                               absl::CivilDay on);
// By region, and of a region the newest version first, after the given pair.
absl::StatusOr<std::vector<CriteriaRow>> ListCriteria(
    mysql::Executor& db, const std::optional<std::pair<std::string, int32_t>>& after, int limit);

// By id upwards, after an id, of regions inside the scope (nullopt: all): for a copy of everything.
absl::StatusOr<std::vector<CriteriaRow>> PageCriteriaById(
    mysql::Executor& db, const Ulid& after, int limit,
    const std::optional<std::vector<std::string>>& scope);

}  // namespace bangfu::evaluation

// Overrides whose day has passed, and the notices of counties that override too much (§4.7).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"
#include "services/evaluation/store/evaluation_store.h"

namespace bangfu::evaluation {

// Subjects whose open entry rests on an override that ended before `today` and is not marked yet.
absl::StatusOr<std::vector<Ulid>> ListExpiredOverrides(mysql::Executor& db, absl::CivilDay today,
                                                       int limit);
// Open entries that are due for re-evaluation, by units of `digits` digits inside the region.
absl::StatusOr<std::map<std::string, int64_t>> CountDue(mysql::Executor& db,
                                                        const std::string& region, int digits);

struct OverrideNoticeRow {
  std::string county;
  Ulid id;
  bool raised = false;
  std::string payload;  // evaluation.v1.OverrideNotice
  absl::Time changed_at;
};
// Locked until the transaction ends; the row is put there when there is none (not raised), so that
// two who look at the same time wait for each other.
absl::StatusOr<OverrideNoticeRow> LockOverrideNotice(mysql::Tx& tx, const std::string& county,
                                                     const Ulid& new_id, absl::Time now);
absl::Status UpdateOverrideNotice(mysql::Tx& tx, const OverrideNoticeRow& row);
// Raised ones of the counties inside a region (or of the county that it lies in), by county.
absl::StatusOr<std::vector<OverrideNoticeRow>> ListOverrideNotices(mysql::Executor& db,
                                                                   const std::string& region);
// All that were ever raised, by id, for snapshots.
absl::StatusOr<std::vector<OverrideNoticeRow>> PageOverrideNotices(mysql::Executor& db,
                                                                   const Ulid& after, int limit,
                                                                   const RegionScopes& scope);

}  // namespace bangfu::evaluation

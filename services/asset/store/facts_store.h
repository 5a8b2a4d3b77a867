// What the facts of projects are computed from, read for many projects at once; and the facts as
// last published.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"
#include "services/asset/domain/facts.h"

namespace bangfu::asset::store {

struct FactsRow {
  Ulid project_id;
  int64_t version = 0;
  std::string region_path;
  std::string digest;  // of the facts without their day; empty: none yet
  std::string facts;   // bytes of asset.v1.ProjectAssetFacts
};

// Locks the rows of the projects until the end of the transaction (made when missing), so that the
// facts are computed from everything committed before. Ids sorted or not; the lock order is sorted.
absl::Status LockFacts(mysql::Tx& tx, std::vector<Ulid> projects);
// The locked rows, without the facts' bytes; in the order of the ids.
absl::StatusOr<std::vector<FactsRow>> ReadLocked(mysql::Executor& db,
                                                 const std::vector<Ulid>& projects);
absl::StatusOr<std::optional<FactsRow>> FindFacts(mysql::Executor& db, const Ulid& project_id,
                                                  const std::vector<std::string>& scope);
struct SavedFacts {
  Ulid project_id;
  std::string region_path;
  std::string digest;
  std::string facts;
  std::string month;                         // of the computation: "2026-10"
  std::optional<absl::CivilDay> refresh_on;  // the day on which time alone changes them
};
absl::Status SaveFacts(mysql::Tx& tx, const std::vector<SavedFacts>& facts);
// The facts came out as they were: only when they were computed is noted.
absl::Status TouchFacts(mysql::Tx& tx, const std::vector<SavedFacts>& facts);

// Projects whose facts time alone may have changed.
absl::StatusOr<std::vector<Ulid>> FactsToRefresh(mysql::Executor& db, absl::CivilDay today,
                                                 const std::string& month, int limit);
// Projects whose facts name the operator.
absl::StatusOr<std::vector<Ulid>> ProjectsOfOperators(mysql::Executor& db,
                                                      const std::vector<std::string>& usccs);
// For the snapshot of a new subscriber.
absl::StatusOr<std::vector<FactsRow>> FactsAfter(
    mysql::Executor& db, const Ulid& after, int limit,
    const std::optional<std::vector<std::string>>& scope);

// The input of each project, in the order of the ids: a fixed number of statements for all of them.
// `refresh`: per project, the next day on which a contract or link begins or ends.
absl::StatusOr<std::vector<FactInput>> LoadInputs(
    mysql::Executor& db, const std::vector<Ulid>& projects, absl::CivilDay today,
    std::vector<std::optional<absl::CivilDay>>* refresh);

}  // namespace bangfu::asset::store

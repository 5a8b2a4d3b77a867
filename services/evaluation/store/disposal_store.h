// Assets that have been disposed of (处置), from the asset service's feed, and their sums for T14.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"

namespace bangfu::evaluation {

struct DisposalRow {
  Ulid asset_id;
  std::string region_path;
  int64_t original_value_fen = 0;
  int64_t generation = 0;
};
// Inserts or replaces.
absl::Status PutDisposals(mysql::Tx& tx, const std::vector<DisposalRow>& rows);
// Those that are disposed of no longer (the disposal was reversed).
absl::Status DeleteDisposals(mysql::Tx& tx, const std::vector<Ulid>& asset_ids);
// After a snapshot: those that an older one brought are gone at the source.
absl::Status DeleteOldDisposals(mysql::Tx& tx, int64_t generation);

struct Disposals {
  int64_t count = 0;
  int64_t amount_fen = 0;  // original value
};
// By units of `digits` digits, as in SumFigures, out of the rows, which are few. nullopt: no asset
// is known as disposed of anywhere, so that nobody can tell a zero from what is not recorded.
absl::StatusOr<std::optional<std::map<std::string, Disposals>>> SumDisposals(
    mysql::Executor& db, const std::string& region, int digits);

}  // namespace bangfu::evaluation

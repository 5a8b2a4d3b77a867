// Grants: a record of the contract's bytes beside what queries and guards need of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"
#include "services/registry/domain/grants.h"
#include "services/registry/store/scope.h"

namespace bangfu::registry {

struct GrantRow {
  GrantFacts facts;         // without its scope: that is in the bytes
  std::string region_path;  // the lowest that holds all of its regions; '' when none does
  int64_t version = 1;
  std::optional<Ulid> source;  // of a delegated one
  std::string bytes;           // the contract's message
};

// New rows, with their regions.
absl::Status InsertGrants(mysql::Tx& tx, const std::vector<GrantRow>& rows);
// Writes state, validity and bytes where the stored version is row.version - 1. ABORTED
// ETAG_MISMATCH otherwise.
absl::Status UpdateGrant(mysql::Tx& tx, const GrantRow& row);

// Those of the ids that the viewer may see: their own, what was delegated from their own, and what
// touches the scope.
struct GrantViewer {
  std::string subject;
  RegionScope scope;
};
absl::StatusOr<std::vector<GrantRow>> FindGrants(mysql::Executor& db, const std::vector<Ulid>& ids,
                                                 const GrantViewer& viewer);
// As FindGrants for one, locked.
absl::StatusOr<std::optional<GrantRow>> LockGrant(mysql::Tx& tx, const Ulid& id,
                                                  const GrantViewer& viewer);

struct GrantQuery {
  RegionScope scope;
  std::string person;
  int role = 0;
  GrantState state = GrantState::kUnspecified;  // as of `now`
  absl::Time now;
  std::string after_path;
  std::optional<Ulid> after_id;
  int limit = 50;
};
// A grant of several regions comes once, under the first of them that is in the scope.
struct ListedGrant {
  std::string path;
  GrantRow row;
};
absl::StatusOr<std::vector<ListedGrant>> ListGrants(mysql::Executor& db, const GrantQuery& query);
// The statement of ListGrants, for the tests that read EXPLAIN.
std::string ListGrantsSql(const GrantQuery& query, mysql::Params* params);

// A person's (or client's) own, and those delegated from them: newest first, older than `before`.
absl::StatusOr<std::vector<GrantRow>> GrantsOfPerson(mysql::Executor& db,
                                                     const std::string& subject, bool is_client,
                                                     const std::optional<Ulid>& before, int limit);
absl::StatusOr<std::vector<GrantRow>> GrantsDelegatedBy(mysql::Executor& db,
                                                        const std::string& subject,
                                                        const std::optional<Ulid>& before,
                                                        int limit);

// Those of several persons that are not revoked, for guards: after LockPersons.
absl::StatusOr<std::vector<GrantRow>> StandingGrantsOf(mysql::Executor& db,
                                                       const std::vector<std::string>& subjects);
// What was delegated from a grant and is not revoked; locked.
absl::StatusOr<std::vector<GrantRow>> LockDelegated(mysql::Tx& tx, const Ulid& source);

// Raises the persons' rows, in one order for everybody.
absl::Status LockPersons(mysql::Tx& tx, std::vector<std::string> subjects);
// Raises the guard of a grant that must hold at `now` for what follows; false: it does not.
absl::StatusOr<bool> HoldGrant(mysql::Tx& tx, const Ulid& id, absl::Time now);

absl::StatusOr<bool> AnyGrant(mysql::Executor& db);

// For snapshots of the feed, by id; no scope: all.
absl::StatusOr<std::vector<GrantRow>> ListGrantsById(mysql::Executor& db,
                                                     const std::optional<RegionScope>& scope,
                                                     const Ulid& after, int limit);

// Rewrites the regions of grants from one prefix to another, and gives the rows concerned, whose
// bytes still say the old ones.
absl::StatusOr<std::vector<GrantRow>> MoveGrants(mysql::Tx& tx, const std::string& from,
                                                 const std::string& to);
// Bytes and version alone, after MoveGrants.
absl::Status RewriteGrant(mysql::Tx& tx, const GrantRow& row);

// The lowest region that holds all; '' for none.
std::string CommonRegion(const std::vector<std::string>& paths);

}  // namespace bangfu::registry

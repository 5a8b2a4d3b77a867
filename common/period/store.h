// All SQL on report periods.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "bangfu/period/v1/period.pb.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"
#include "common/period/rows.h"
#include "common/period/signing.h"

namespace bangfu::period {

using RegionScope = std::vector<std::string>;

// A revision: columns, and what stands in its details. Of the message, `etag`, `state`,
// `needs_update` and `newest` come from the columns; names, notes, lateness and allowed actions are
// never stored.
struct PeriodRow {
  Ulid id;
  v1::Period message;
  int64_t version = 1;
};

// ALREADY_EXISTS DUPLICATE_KEY when the revision, or another newest one, is there.
absl::Status InsertPeriod(mysql::Tx& tx, const PeriodRow& row);
// Under the version that was read; counts it up. ABORTED ETAG_MISMATCH otherwise.
absl::Status UpdatePeriod(mysql::Tx& tx, PeriodRow& row);
// NOT_FOUND when it is not there, or neither its region lies in the scope nor the scope in it.
absl::StatusOr<PeriodRow> GetPeriod(mysql::Executor& db, const Ulid& id, const RegionScope& scope);
absl::StatusOr<PeriodRow> LockPeriod(mysql::Tx& tx, const Ulid& id, const RegionScope& scope);
// Of any region, in the order of their ids.
absl::StatusOr<std::vector<PeriodRow>> LockPeriods(mysql::Tx& tx, const std::vector<Ulid>& ids);
// The newest revisions of the tables above this region, whatever their state.
absl::StatusOr<std::vector<PeriodRow>> LockAbove(mysql::Tx& tx, const std::string& table_no,
                                                 const std::string& period,
                                                 const std::string& region_path);
absl::StatusOr<std::vector<PeriodRow>> GetPeriods(mysql::Executor& db, const std::vector<Ulid>& ids,
                                                  const RegionScope& scope);
// Revision 0: the newest that is frozen. nullopt when there is none.
absl::StatusOr<std::optional<PeriodRow>> FindPeriod(mysql::Executor& db,
                                                    const std::string& table_no,
                                                    const std::string& period,
                                                    const std::string& region_path, int revision);

struct PeriodQuery {
  std::string table_no;  // empty: all
  std::optional<std::string> region;
  std::string period;
  int state = 0;
  std::optional<absl::CivilDay> late_on;  // only what is late on this day
  bool all_revisions = false;
  std::optional<std::pair<std::string, Ulid>> after;
  int limit = 50;
};
// By region path and id.
absl::StatusOr<std::vector<PeriodRow>> QueryPeriods(mysql::Executor& db, const PeriodQuery& query,
                                                    const RegionScope& scope);
// By id, for snapshots of the feed.
absl::StatusOr<std::vector<PeriodRow>> PagePeriodsById(mysql::Executor& db, const Ulid& after,
                                                       int limit,
                                                       const std::optional<RegionScope>& scope);

// --- what was frozen ---

// Replaces everything that was stored for the revision.
absl::Status PutFrozen(mysql::Tx& tx, const Ulid& id, const FrozenRows& rows,
                       const std::vector<Component>& components);
// Rows inside `regions`, in order, a chunk at a time. The hashes of the whole table are taken anew
// on the way: FAILED_PRECONDITION PERIOD_ROWS_DAMAGED at the end when they are not those of the
// freezing or of a signature, and what `sink` took is then not to be shown.
absl::Status ReadRows(mysql::Executor& db, const Ulid& id, const RegionScope& regions,
                      const RowSink& sink);

struct UnitRow {
  std::string region_path;
  UnitHash hash;
  std::string signed_by;
  std::string signature;  // type.v1.SignOff; empty: not signed
};
absl::StatusOr<std::vector<UnitRow>> LoadUnits(mysql::Executor& db, const Ulid& id);
SignBoard BoardOf(const std::vector<UnitRow>& units);
struct UnitQuery {
  std::optional<std::string> region;
  bool unsigned_only = false;
  std::string after;
  int limit = 50;
};
absl::StatusOr<std::vector<UnitRow>> ListUnits(mysql::Executor& db, const Ulid& id,
                                               const UnitQuery& query, const RegionScope& scope);
// Writes the signature if the unit still has that hash and has not signed: false otherwise.
absl::StatusOr<bool> SignUnit(mysql::Tx& tx, const Ulid& id, const UnitRow& unit);

// What the table was made of, with the state that each has now (0: none).
struct ComponentState {
  Component component;
  int state = 0;
};
absl::StatusOr<std::vector<ComponentState>> LoadComponents(mysql::Executor& db, const Ulid& id);
// The newest revisions of these regions that are frozen and stand. `lock`: for this transaction.
absl::StatusOr<std::vector<Component>> StandingComponents(mysql::Executor& db,
                                                          const std::string& table_no,
                                                          const std::string& period,
                                                          const std::vector<std::string>& regions,
                                                          bool lock);
// The frozen tables above that could be made of this region's need an update: each is given to
// `record` as it was and as it is.
absl::Status MarkAbove(
    mysql::Tx& tx, const std::string& table_no, const std::string& period,
    const std::string& region_path,
    const std::function<absl::Status(const v1::Period& before, const PeriodRow& after)>& record);

}  // namespace bangfu::period

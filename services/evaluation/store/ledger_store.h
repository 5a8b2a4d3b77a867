// The four-class ledger: its entries, who signed which rows, the roll-ups of it and the recount
// that proves them. What units hash to is in ledger_unit_store.h, 盘活率 and 销号率 in
// close_out_store.h.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"
#include "services/evaluation/store/evaluation_store.h"

namespace bangfu::evaluation {

inline constexpr char kReclassified[] = "RECLASSIFIED";  // 类别变更
inline constexpr char kClosedOut[] = "CLOSED_OUT";       // 销号
inline constexpr char kEntryVoid[] = "VOID";             // 作废

struct LedgerRow {
  Ulid id;
  Ulid evaluation_id;
  int subject_type = 0;
  Ulid subject_id;
  std::string region_path;
  int four_class = 0;
  int state = 0;  // number of evaluation.v1.LedgerEntryState
  bool open = true;
  absl::Time entered_at;
  std::optional<absl::Time> left_at;
  std::string leave_reason;
  int left_to = 0;
  bool overridden = false;
  std::optional<absl::CivilDay> override_expires_on;
  bool due = false;  // for re-evaluation
  int64_t invested_fen = 0;
  int64_t asset_value_fen = 0;
  std::string signed_content;  // what a signature covers: hashed into row_hash; empty when read
  std::string row_hash;        // 32 bytes
  std::string details;         // evaluation.v1.LedgerEntry
  int64_t version = 1;
};

absl::Status InsertEntries(mysql::Tx& tx, const std::vector<LedgerRow>& rows);
// Everything of a row that the transaction has locked; counts the versions up.
absl::Status UpdateEntries(mysql::Tx& tx, const std::vector<LedgerRow*>& rows);
// One row that was read at `row.version`. ABORTED ETAG_MISMATCH when it is another version now.
absl::Status UpdateEntry(mysql::Tx& tx, LedgerRow& row);
// NOT_FOUND when there is none in scope.
absl::StatusOr<LedgerRow> GetEntry(mysql::Executor& db, const Ulid& id, const RegionScopes& scope);
// Those of the ids that are in scope, in no order.
absl::StatusOr<std::vector<LedgerRow>> GetEntries(mysql::Executor& db, const std::vector<Ulid>& ids,
                                                  const RegionScopes& scope);
absl::StatusOr<LedgerRow> LockEntry(mysql::Tx& tx, const Ulid& id, const RegionScopes& scope);
// Those of `ids` that exist, locked in their order.
absl::StatusOr<std::vector<LedgerRow>> LockEntries(mysql::Tx& tx, std::vector<Ulid> ids);
// Paths after `after` at which entries are open, upwards.
absl::StatusOr<std::vector<std::string>> PathsWithEntries(mysql::Executor& db,
                                                          const std::string& after, int limit);
// The open entries of these subjects, locked in the order of their ids.
absl::StatusOr<absl::flat_hash_map<Ulid, LedgerRow>> LockOpenEntries(
    mysql::Tx& tx, const std::vector<Ulid>& subject_ids);

struct EntryQuery {
  std::optional<std::string> region;
  std::optional<Ulid> subject_id;
  int subject_type = 0;  // 0: both
  int four_class = 0;    // 0: all
  bool include_left = false;
  // Those that were closed out, too (T2 of 盘活类 and 调整类).
  bool include_closed_out = false;
  bool due_only = false;
  std::optional<std::pair<std::string, Ulid>> after;
  int limit = 50;
};
// By region_path and id.
absl::StatusOr<std::vector<LedgerRow>> ListEntries(mysql::Executor& db, const EntryQuery& query,
                                                   const RegionScopes& scope);
// By id, for snapshots.
absl::StatusOr<std::vector<LedgerRow>> PageEntriesById(mysql::Executor& db, const Ulid& after,
                                                       int limit, const RegionScopes& scope);

// --- signatures ---

struct SignatureRow {
  Ulid id;
  std::string region_code;
  int64_t signature_no = 0;
  std::string rows_sha256;
  int64_t row_count = 0;
  std::string signed_by;
  std::string payload;  // type.v1.SignOff
  absl::Time signed_at;
};
absl::StatusOr<std::optional<SignatureRow>> NewestSignature(mysql::Executor& db,
                                                            const std::string& unit);
// ALREADY_EXISTS DUPLICATE_KEY when the number is taken: another one signed at the same moment.
absl::Status InsertSignature(mysql::Tx& tx, const SignatureRow& row);
absl::StatusOr<std::vector<SignatureRow>> PageSignaturesById(mysql::Executor& db, const Ulid& after,
                                                             int limit, const RegionScopes& scope);

// --- roll-ups ---

// Changes to class_rollup, by county, type, class and slot; sorted, so that transactions lock the
// rows in one order.
class ClassRollup {
 public:
  void Add(const LedgerRow& row, int sign);
  absl::Status Write(mysql::Tx& tx) const;

 private:
  struct Sum {
    int64_t entries = 0;
    int64_t overridden = 0;
    int64_t invested_fen = 0;
    int64_t asset_value_fen = 0;
  };
  std::map<std::tuple<std::string, int, int, int>, Sum> sums_;
};

struct Figures {
  int64_t count = 0;
  int64_t overridden = 0;
  int64_t invested_fen = 0;
  int64_t asset_value_fen = 0;
  Figures& operator+=(const Figures& other);
  friend bool operator==(const Figures&, const Figures&) = default;
};
// Of one unit: by subject type and class, and by subject type and cell of the results (ResultCell),
// where every subject stands once.
struct UnitFigures {
  std::map<std::pair<int, int>, Figures> classes;
  std::map<std::pair<int, int>, Figures> results;
};
// What is summed up. Classes alone are a quarter of a province's rows.
enum class FigureSet { kClasses, kClassesAndResults };
// Figures of the units of `digits` digits inside `region`, by their path, as of one moment. Down to
// counties out of the roll-ups, below them out of the rows. What lies higher than such a unit
// stands under the region's own path.
absl::StatusOr<std::map<std::string, UnitFigures>> SumFigures(mysql::Executor& db,
                                                              const std::string& region, int digits,
                                                              FigureSet set);

// Where a roll-up differs from its recount, at one moment. Empty is good.
struct RollupDifference {
  std::string table;  // class_rollup, result_rollup
  std::string county;
  int subject_type = 0;
  int key = 0;  // class, or cell of the results
  Figures kept;
  Figures counted;
};
struct Recount {
  int64_t cells = 0;
  std::vector<RollupDifference> differences;
};
absl::StatusOr<Recount> RecountRollups(mysql::Executor& db, const std::string& region);
// Brings the class and result roll-ups of a county to what its entries and subjects make, slot by
// slot; gives what was kept otherwise. The differences are added, as writers add their changes, and
// not set: whoever writes meanwhile changes both sides of a difference alike. The caller sees to it
// that nobody else repairs the county at the same time.
struct RollupRepair {
  RollupDifference cell;
  int slot = 0;
};
absl::StatusOr<std::vector<RollupRepair>> RepairRollups(mysql::Tx& tx, const std::string& county);

// --- villages and households ---

struct VillageFigures {
  int64_t due = 0;       // villages of the region
  int64_t reported = 0;  // handed up in their newest campaign, not returned
  int64_t nil = 0;       // of these: 零报告
  VillageFigures& operator+=(const VillageFigures& other);
};
absl::StatusOr<std::map<std::string, VillageFigures>> SumVillages(mysql::Executor& db,
                                                                  const std::string& region,
                                                                  int digits);

// The payloads of a kind of fact_source of the projects inside a region that are not void.
absl::Status StreamFacts(mysql::Executor& db, const std::string& region, std::string_view kind,
                         const std::function<void(std::string_view payload)>& take);

struct IncomeMonth {
  std::string month;  // "2026-10"
  int64_t income_fen = 0;
  // Linked in that month; where its number was not kept, those linked when the facts were taken.
  int64_t households = 0;
  bool households_known = true;  // of every project: the number is the month's own
};
// As refreshed, oldest first: of the counties inside the region (or the county that it lies in).
absl::StatusOr<std::vector<IncomeMonth>> ListIncome(mysql::Executor& db, const std::string& region,
                                                    const std::string& from_month);
// Two years of those projects alone whose households are known in each of their months.
struct ComparedIncome {
  std::string last_month;
  std::vector<IncomeMonth> months;  // all twenty-four, oldest first; empty: no project reports it
  int64_t left_out = 0;             // projects whose households are not known in each
};
// As refreshed, of the counties inside the region. Empty: not refreshed for years that end so.
absl::StatusOr<ComparedIncome> ListComparedIncome(mysql::Executor& db, const std::string& region,
                                                  const std::string& last_month);
// Counties (six digits) inside the region that rows are kept of, whether or not it has projects.
absl::StatusOr<std::vector<std::string>> ListIncomeCounties(mysql::Executor& db,
                                                            const std::string& region);
// Replaces what is compared of a county, and its months from `from_month` on; what lies before it
// stays, since the facts no longer reach back so far.
absl::Status PutIncome(mysql::Tx& tx, const std::string& county, const std::string& from_month,
                       const std::vector<IncomeMonth>& months,
                       const std::vector<ComparedIncome>& compared, absl::Time now);
// Gives the rows of a county to another one, on top of what that has.
absl::Status GiveIncome(mysql::Tx& tx, const std::string& from, const std::string& to,
                        absl::Time now);

}  // namespace bangfu::evaluation

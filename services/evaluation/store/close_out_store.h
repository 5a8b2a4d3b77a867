// 盘活率 and 销号率 out of the ledger: the figures that they are made of, the roll-up that keeps
// them by county (close_out_rollup) and the recount that proves it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"
#include "services/evaluation/store/ledger_store.h"
#include "services/evaluation/store/rollup_store.h"

namespace bangfu::evaluation {

// Of projects, by their last entry in each of the two classes; voided entries do not count. A class
// that became better by re-evaluation is progress, but no close-out (销号): that has a procedure of
// its own.
struct CloseOuts {
  int64_t revitalize_due = 0;  // 需盘活
  int64_t revitalized = 0;     // 盘活: in 巩固类 or 升级类 now, or closed out
  int64_t revitalize_value_fen = 0;
  int64_t revitalized_value_fen = 0;
  int64_t due = 0;  // 应销号: 盘活类 and 调整类
  int64_t to_consolidate = 0;
  int64_t to_upgrade = 0;
  int64_t exited = 0;
  int64_t reclassified = 0;  // in 巩固类 or 升级类 now, not closed out
  int64_t done() const { return to_consolidate + to_upgrade + exited; }
  CloseOuts& operator+=(const CloseOuts& other);
  friend bool operator==(const CloseOuts&, const CloseOuts&) = default;
};
// By units of `digits` digits, as in SumFigures: down to counties out of the roll-up.
absl::StatusOr<std::map<std::string, CloseOuts>> SumCloseOuts(mysql::Executor& db,
                                                              const std::string& region,
                                                              int digits);
// Half-up; 0 of 0 is 0.
int64_t ShareBp(int64_t part, int64_t whole);
// [(盘活资产金额 ÷ 需盘活总金额) + (盘活数量 ÷ 需盘活总数量)] ÷ 2; where no value is known the
// count alone.
int64_t RevitalizationRateBp(const CloseOuts& sums);

// Changes to close_out_rollup, by county and slot; sorted, so that transactions lock the rows in
// one order. A voided entry gives way to an earlier one and a new one takes the place of another,
// so that an entry alone does not tell what it changes: Lock before the entries are written, then
// Put or Move what is written, then Write.
class CloseOutRollup {
 public:
  // Reads and locks the entries of the subjects, once; they themselves are locked, so that nobody
  // adds an entry meanwhile.
  absl::Status Lock(mysql::Tx& tx, const std::vector<Ulid>& subject_ids);
  // An entry of a locked subject, new or changed.
  void Put(const LedgerRow& row);
  // All entries of a locked subject lie at another place.
  void Move(const Ulid& subject_id, const std::string& region_path);
  absl::Status Write(mysql::Tx& tx) const;

 private:
  struct Entry {
    std::string county;
    int four_class = 0;
    int64_t asset_value_fen = 0;
    bool closed_out = false;
    int left_to = 0;  // 0 while it is open
  };
  using Sums = std::map<std::pair<std::string, int>, CloseOuts>;
  static bool Counts(const LedgerRow& row);
  static Entry EntryOf(const LedgerRow& row);
  void Count(int sign, Sums* sums) const;

  std::map<Ulid, std::map<Ulid, Entry>> entries_;  // by subject and id: those that count
  Sums before_;  // what the subjects counted when they were locked, with a minus
};

// Where the roll-up differs from a recount of the entries, at one moment. Empty is good.
struct CloseOutDifference {
  std::string county;
  CloseOuts kept;
  CloseOuts counted;
};
struct CloseOutRecount {
  int64_t counties = 0;
  std::vector<CloseOutDifference> differences;
};
// All entries of the county of `region` (or of the city or the province).
absl::StatusOr<CloseOutRecount> RecountCloseOuts(mysql::Executor& db, const std::string& region);
// As RepairRollups (ledger_store.h): what was kept otherwise, by slot.
struct CloseOutRepair {
  int slot = 0;
  CloseOuts kept;
  CloseOuts counted;
};
absl::StatusOr<std::vector<CloseOutRepair>> RepairCloseOuts(mysql::Tx& tx,
                                                            const std::string& county);

}  // namespace bangfu::evaluation

// The sums of the four-class ledger (汇总) as they are kept with each change, the recount that
// proves them, and the villages of T14.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/mysql/session.h"
#include "services/evaluation/store/ledger_store.h"

namespace bangfu::evaluation {

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

struct VillageFigures {
  int64_t due = 0;       // villages of the region
  int64_t reported = 0;  // handed up in their newest campaign, not returned
  int64_t nil = 0;       // of these: 零报告
  VillageFigures& operator+=(const VillageFigures& other);
};
absl::StatusOr<std::map<std::string, VillageFigures>> SumVillages(mysql::Executor& db,
                                                                  const std::string& region,
                                                                  int digits);

}  // namespace bangfu::evaluation

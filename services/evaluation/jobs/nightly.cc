#include "services/evaluation/jobs/nightly.h"

#include <string>

#include "common/base/digest.h"
#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/evaluation/jobs/chain_trend.h"
#include "services/evaluation/jobs/household_income.h"
#include "services/evaluation/store/close_out_store.h"
#include "services/evaluation/store/ledger_store.h"
#include "services/evaluation/store/ledger_unit_store.h"

namespace bangfu::evaluation {

absl::Status RecountAndRefresh(mysql::Session& db, absl::Time now) {
  constexpr char kProvince[] = "36";
  constexpr size_t kNamed = 10;
  RETURN_IF_ERROR(RefreshHouseholdIncome(db, kProvince, now));
  RETURN_IF_ERROR(RefreshChainTrend(db, kProvince, now));
  ASSIGN_OR_RETURN(const UnitRecount units, RecountUnits(db, kProvince));
  ASSIGN_OR_RETURN(const CloseOutRecount close_outs, RecountCloseOuts(db, kProvince));
  ASSIGN_OR_RETURN(Recount recount, RecountRollups(db, kProvince));
  const size_t differences =
      recount.differences.size() + units.differences.size() + close_outs.differences.size();
  if (differences == 0) return absl::OkStatus();
  std::string named;
  for (size_t i = 0; i < recount.differences.size() && i < kNamed; ++i) {
    const RollupDifference& d = recount.differences[i];
    named += Cat(i > 0 ? "; " : "", d.table, " ", d.county, "/", d.subject_type, "/", d.key, " ",
                 d.kept.count, " != ", d.counted.count);
  }
  for (size_t i = 0; i < units.differences.size() && i < kNamed; ++i) {
    const UnitDifference& d = units.differences[i];
    named +=
        Cat(named.empty() ? "" : "; ", "ledger_unit ", d.counted.unit, " ", d.kept.rows, " ",
            HexEncode(d.kept.sha256), " != ", d.counted.rows, " ", HexEncode(d.counted.sha256));
  }
  for (size_t i = 0; i < close_outs.differences.size() && i < kNamed; ++i) {
    const CloseOutDifference& d = close_outs.differences[i];
    named += Cat(named.empty() ? "" : "; ", "close_out_rollup ", d.county, " ", d.kept.due, "/",
                 d.kept.revitalize_due, "/", d.kept.done(), " != ", d.counted.due, "/",
                 d.counted.revitalize_due, "/", d.counted.done());
  }
  return Error(absl::StatusCode::kDataLoss, "ROLLUP_DIFFERS")
      .Message(Cat(differences, " roll-ups differ: ", named))
      .Build();
}

}  // namespace bangfu::evaluation

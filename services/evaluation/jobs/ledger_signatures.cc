#include "services/evaluation/jobs/ledger_signatures.h"

#include <map>
#include <utility>

#include "common/base/digest.h"
#include "common/status/macros.h"

namespace bangfu::evaluation {

namespace {

constexpr size_t kCountyDigits = 6;

}  // namespace

absl::Status LedgerSignatures::Load(mysql::Executor& db, const std::string& region,
                                    UnitDepth depth) {
  ASSIGN_OR_RETURN(auto loaded, LoadUnits(db, region, depth));
  std::map<std::string, period::UnitState> units;
  for (auto& [path, unit] : loaded) {
    period::UnitState& state = units[path];
    state.rows = unit.rows;
    state.sha256 = HexEncode(unit.sha256);
    state.signed_sha256 = HexEncode(unit.signed_sha256);
    state.signed_by = {std::move(unit.signed_by), std::move(unit.signed_delegated_by)};
  }
  board_ = period::SignBoard(std::move(units));
  return absl::OkStatus();
}

absl::StatusOr<UnsignedUnits> UnsignedOf(mysql::Executor& db, const std::string& region,
                                         const period::SignBoard& board, bool with_self,
                                         int limit) {
  UnsignedUnits out;
  if (region.size() >= kCountyDigits) {
    out.named = board.Unsigned(region, with_self);
    out.count = static_cast<int64_t>(out.named.size());
    return out;
  }
  ASSIGN_OR_RETURN(const auto counts, CountLedgers(db, region, kCountyDigits));
  for (const auto& [county, ledgers] : counts) out.count += ledgers.unsigned_ones;
  if (out.count == 0) return out;
  ASSIGN_OR_RETURN(out.named, UnsignedInside(db, region, limit));
  return out;
}

}  // namespace bangfu::evaluation

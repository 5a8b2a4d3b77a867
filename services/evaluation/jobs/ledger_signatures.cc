#include "services/evaluation/jobs/ledger_signatures.h"

#include <utility>

#include "common/status/macros.h"

namespace bangfu::evaluation {

absl::Status LedgerSignatures::Load(mysql::Executor& db, const std::string& region) {
  ASSIGN_OR_RETURN(auto hashes, HashLedger(db, region));
  ASSIGN_OR_RETURN(newest_, NewestSignatures(db, region));
  std::map<std::string, period::UnitState> units;
  for (auto& [unit, hash] : hashes) {
    period::UnitState& state = units[unit];
    state.rows = hash.rows;
    state.sha256 = std::move(hash.sha256);
    if (const SignatureRow* newest = NewestOf(unit)) {
      state.signed_sha256 = newest->rows_sha256;
      state.signed_by = newest->signed_by;
    }
  }
  board_ = period::SignBoard(std::move(units));
  return absl::OkStatus();
}

const SignatureRow* LedgerSignatures::NewestOf(const std::string& unit) const {
  auto it = newest_.find(unit);
  return it == newest_.end() ? nullptr : &it->second;
}

}  // namespace bangfu::evaluation

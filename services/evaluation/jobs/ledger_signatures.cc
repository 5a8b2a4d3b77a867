#include "services/evaluation/jobs/ledger_signatures.h"

#include "common/status/macros.h"

namespace bangfu::evaluation {

absl::Status LedgerSignatures::Load(mysql::Executor& db, const std::string& region) {
  ASSIGN_OR_RETURN(units_, HashLedger(db, region));
  ASSIGN_OR_RETURN(newest_, NewestSignatures(db, region));
  return absl::OkStatus();
}

const UnitHash* LedgerSignatures::Find(const std::string& unit) const {
  auto it = units_.find(unit);
  return it == units_.end() ? nullptr : &it->second;
}

const SignatureRow* LedgerSignatures::NewestOf(const std::string& unit) const {
  auto it = newest_.find(unit);
  return it == newest_.end() ? nullptr : &it->second;
}

bool LedgerSignatures::Stands(const std::string& unit) const {
  const UnitHash* hash = Find(unit);
  const SignatureRow* signature = NewestOf(unit);
  return hash != nullptr && signature != nullptr && signature->rows_sha256 == hash->sha256;
}

std::vector<std::string> LedgerSignatures::Unsigned(const std::string& unit, bool with_self) const {
  std::vector<std::string> out;
  // Units are sorted by path: those inside `unit` follow it.
  for (auto it = units_.lower_bound(unit); it != units_.end() && it->first.starts_with(unit);
       ++it) {
    const std::string& path = it->first;
    if (path.size() < 6 || (path == unit && !with_self)) continue;
    if (!Stands(path)) out.push_back(path);
  }
  return out;
}

bool LedgerSignatures::Complete(const std::string& unit) const {
  if (unit.size() >= 6) return Find(unit) == nullptr || Stands(unit);
  for (auto it = units_.lower_bound(unit); it != units_.end() && it->first.starts_with(unit);
       ++it) {
    if (it->first.size() == 6 && !Stands(it->first)) return false;
  }
  return true;
}

}  // namespace bangfu::evaluation

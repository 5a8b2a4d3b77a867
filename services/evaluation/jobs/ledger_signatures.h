// Who has signed the ledger of a region, and for the rows as they are now.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "services/evaluation/store/ledger_store.h"

namespace bangfu::evaluation {

// Signatures of a region and everything below it, at one moment.
class LedgerSignatures {
 public:
  absl::Status Load(mysql::Executor& db, const std::string& region);

  // Rows and hash; nullptr: the unit has no open entries, so nobody has to sign.
  const UnitHash* Find(const std::string& unit) const;
  const SignatureRow* NewestOf(const std::string& unit) const;
  // The newest signature covers the present rows.
  bool Stands(const std::string& unit) const;
  // Counties, townships and villages with entries below `unit` (and itself, when it signs and
  // `with_self`) that have not signed the present rows, by path.
  std::vector<std::string> Unsigned(const std::string& unit, bool with_self) const;
  // Nothing of it is missing; counties and below by their own signature, above by their counties'.
  bool Complete(const std::string& unit) const;
  const std::map<std::string, UnitHash>& units() const { return units_; }

 private:
  std::map<std::string, UnitHash> units_;
  std::map<std::string, SignatureRow> newest_;
};

}  // namespace bangfu::evaluation

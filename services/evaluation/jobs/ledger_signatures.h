// Who has signed the ledger of a region, and for the rows as they are now.
#pragma once

#include <map>
#include <string>

#include "absl/status/status.h"
#include "common/period/signing.h"
#include "services/evaluation/store/ledger_store.h"

namespace bangfu::evaluation {

// Signatures of a region and everything below it, at one moment.
class LedgerSignatures {
 public:
  absl::Status Load(mysql::Executor& db, const std::string& region);

  const period::SignBoard& board() const { return board_; }
  const SignatureRow* NewestOf(const std::string& unit) const;

 private:
  period::SignBoard board_;
  std::map<std::string, SignatureRow> newest_;
};

}  // namespace bangfu::evaluation

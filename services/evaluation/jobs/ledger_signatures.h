// Who has signed the ledger of a region, and for the rows as they are now.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/period/signing.h"
#include "services/evaluation/store/ledger_store.h"
#include "services/evaluation/store/ledger_unit_store.h"

namespace bangfu::evaluation {

// Signatures of a region and everything below it, at one moment; of a city or the province only
// counties, unless villages are asked for. No entry is read.
class LedgerSignatures {
 public:
  absl::Status Load(mysql::Executor& db, const std::string& region,
                    UnitDepth depth = UnitDepth::kCounties);

  const period::SignBoard& board() const { return board_; }

 private:
  period::SignBoard board_;
};

// Who has not signed inside a region.
struct UnsignedUnits {
  int64_t count = 0;
  std::vector<std::string> named;  // by path: at least the first `limit`, and those of high level
};
absl::StatusOr<UnsignedUnits> UnsignedOf(mysql::Executor& db, const std::string& region,
                                         const period::SignBoard& board, bool with_self, int limit);

}  // namespace bangfu::evaluation

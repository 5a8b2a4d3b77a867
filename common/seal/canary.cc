#include "common/seal/canary.h"

#include "common/base/strings.h"
#include "common/seal/seal.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace bangfu::seal {
namespace {

constexpr char kContext[] = "seal_canary.sealed";
constexpr char kText[] = "bangfu";

}  // namespace

absl::Status CheckCanary(mysql::Session& db) {
  const Keyring& ring = Ring();
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query("SELECT kid, sealed FROM seal_canary", {}));
  bool current = false;
  for (const mysql::Row& row : rows) {
    const absl::StatusOr<std::string> opened = ring.Open(row.String(1), kContext);
    if (!opened.ok() || *opened != kText) {
      return Error(absl::StatusCode::kFailedPrecondition, "SEAL_KEYS_WRONG")
          .Message(Cat("records of this schema are sealed under key ", row.String(0),
                       ", which the seal keys lack or differ in"));
    }
    current |= row.String(0) == ring.current();
  }
  if (current) return absl::OkStatus();
  // A second process of the same start may be quicker.
  return db
      .Execute("INSERT IGNORE INTO seal_canary (kid, sealed) VALUES (?, ?)",
               {ring.current(), ring.Seal(kText, kContext)})
      .status();
}

}  // namespace bangfu::seal

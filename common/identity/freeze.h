// Freeze mode: the state in the schema, which every process of the service looks at, and the
// refusal of writes.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bangfu/identity/v1/identity_service.pb.h"
#include "common/base/clock.h"
#include "common/mysql/session.h"

namespace bangfu::identity {

// FAILED_PRECONDITION SERVICE_FROZEN with the reason as the person is to read it.
absl::Status Frozen(std::string_view reason_zh);

struct FreezeRow {
  int64_t version = 0;
  bool is_frozen = false;
  std::string reason;
  absl::Time until = absl::InfiniteFuture();
  type::v1::Actor set_by;
  absl::Time set_at = absl::InfinitePast();

  bool FrozenAt(absl::Time now) const { return is_frozen && now < until; }
};
absl::StatusOr<FreezeRow> ReadFreeze(mysql::Executor& db);
// Where the version is row.version - 1; ABORTED TRANSACTION_CONFLICT otherwise: run again.
absl::Status WriteFreeze(mysql::Tx& tx, const FreezeRow& row);

// As this process knows it.
class FreezeState {
 public:
  // `by_operator`: what stands beside the schema's state (a file), asked for each write; may be
  // empty.
  FreezeState(const Clock& clock, std::function<absl::Status()> by_operator)
      : clock_(clock), by_operator_(std::move(by_operator)) {}

  // One point read. Thread safe.
  absl::Status Refresh(mysql::Session& session);
  // OK, or the refusal of a write at this instant. Quick: every write asks.
  absl::Status Check() const;
  // The same for work that no call brings, from the start of the process on: refused, too, until
  // the state was read once.
  absl::Status CheckWork() const;
  // The refusal by the operators' file; OK when there is none.
  absl::Status ByOperator() const { return by_operator_ ? by_operator_() : absl::OkStatus(); }
  FreezeRow Get() const;

 private:
  const Clock& clock_;
  const std::function<absl::Status()> by_operator_;
  std::atomic<bool> is_known_{false};
  std::atomic<bool> is_frozen_{false};  // spares the lock while nothing is frozen
  mutable std::mutex mu_;
  FreezeRow row_;
};

}  // namespace bangfu::identity

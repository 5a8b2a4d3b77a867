#include "common/identity/freeze.h"

#include "common/base/text.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace bangfu::identity {

absl::Status Frozen(std::string_view reason_zh) {
  return Error(absl::StatusCode::kFailedPrecondition, "SERVICE_FROZEN")
      .Message("writes are frozen")
      .Zh(reason_zh.empty() ? "系统维护中，暂停写入，查询不受影响" : Utf8Truncate(reason_zh, 1000));
}

absl::StatusOr<FreezeRow> ReadFreeze(mysql::Executor& db) {
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   db.Query("SELECT version, is_frozen, reason, until_at, set_by, set_at "
                            "FROM service_freeze WHERE id = 1"));
  if (rows.empty()) return absl::InternalError("service_freeze has no row");
  FreezeRow row;
  row.version = rows[0].Int(0);
  row.is_frozen = rows[0].Bool(1);
  row.reason = rows[0].String(2);
  row.until = rows[0].OptTime(3).value_or(absl::InfiniteFuture());
  row.set_by.ParseFromString(rows[0].String(4));
  row.set_at = rows[0].Time(5);
  return row;
}

absl::Status WriteFreeze(mysql::Tx& tx, const FreezeRow& row) {
  ASSIGN_OR_RETURN(
      const int64_t written,
      tx.Execute(
          "UPDATE service_freeze SET version = ?, is_frozen = ?, reason = ?, until_at = ?, "
          "set_by = ?, set_at = ? WHERE id = 1 AND version = ?",
          {row.version, row.is_frozen, row.reason,
           row.until == absl::InfiniteFuture() ? mysql::Param(nullptr) : mysql::Param(row.until),
           row.set_by.SerializeAsString(), row.set_at, row.version - 1}));
  return written == 1 ? absl::OkStatus() : mysql::Conflict();
}

absl::Status FreezeState::Refresh(mysql::Session& session) {
  ASSIGN_OR_RETURN(FreezeRow row, ReadFreeze(session));
  std::lock_guard lock(mu_);
  is_frozen_ = row.is_frozen;
  row_ = std::move(row);
  is_known_ = true;
  return absl::OkStatus();
}

absl::Status FreezeState::CheckWork() const { return is_known_ ? Check() : Frozen("尚未读到"); }

absl::Status FreezeState::Check() const {
  if (absl::Status status = ByOperator(); !status.ok()) return status;
  if (!is_frozen_) return absl::OkStatus();
  std::lock_guard lock(mu_);
  return row_.FrozenAt(clock_.Now()) ? Frozen(row_.reason) : absl::OkStatus();
}

FreezeRow FreezeState::Get() const {
  std::lock_guard lock(mu_);
  return row_;
}

}  // namespace bangfu::identity

// The four-class ledger: its entries, and who signed which rows. Its sums are in rollup_store.h,
// what units hash to in ledger_unit_store.h, 盘活率 and 销号率 in close_out_store.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"
#include "services/evaluation/store/evaluation_store.h"

namespace bangfu::evaluation {

inline constexpr char kReclassified[] = "RECLASSIFIED";  // 类别变更
inline constexpr char kClosedOut[] = "CLOSED_OUT";       // 销号
inline constexpr char kEntryVoid[] = "VOID";             // 作废

struct LedgerRow {
  Ulid id;
  Ulid evaluation_id;
  int subject_type = 0;
  Ulid subject_id;
  std::string region_path;
  int four_class = 0;
  int state = 0;  // number of evaluation.v1.LedgerEntryState
  bool open = true;
  absl::Time entered_at;
  std::optional<absl::Time> left_at;
  std::string leave_reason;
  int left_to = 0;
  bool overridden = false;
  std::optional<absl::CivilDay> override_expires_on;
  bool due = false;  // for re-evaluation
  int64_t invested_fen = 0;
  int64_t asset_value_fen = 0;
  std::string signed_content;  // what a signature covers: hashed into row_hash; empty when read
  std::string row_hash;        // 32 bytes
  std::string details;         // evaluation.v1.LedgerEntry
  int64_t version = 1;
};

absl::Status InsertEntries(mysql::Tx& tx, const std::vector<LedgerRow>& rows);
// Everything of a row that the transaction has locked; counts the versions up.
absl::Status UpdateEntries(mysql::Tx& tx, const std::vector<LedgerRow*>& rows);
// One row that was read at `row.version`. ABORTED ETAG_MISMATCH when it is another version now.
absl::Status UpdateEntry(mysql::Tx& tx, LedgerRow& row);
// NOT_FOUND when there is none in scope.
absl::StatusOr<LedgerRow> GetEntry(mysql::Executor& db, const Ulid& id, const RegionScopes& scope);
// Those of the ids that are in scope, in no order.
absl::StatusOr<std::vector<LedgerRow>> GetEntries(mysql::Executor& db, const std::vector<Ulid>& ids,
                                                  const RegionScopes& scope);
absl::StatusOr<LedgerRow> LockEntry(mysql::Tx& tx, const Ulid& id, const RegionScopes& scope);
// Those of `ids` that exist, locked in their order.
absl::StatusOr<std::vector<LedgerRow>> LockEntries(mysql::Tx& tx, std::vector<Ulid> ids);
// Paths after `after` at which entries are open, upwards.
absl::StatusOr<std::vector<std::string>> PathsWithEntries(mysql::Executor& db,
                                                          const std::string& after, int limit);
// The open entries of these subjects, locked in the order of their ids.
absl::StatusOr<absl::flat_hash_map<Ulid, LedgerRow>> LockOpenEntries(
    mysql::Tx& tx, const std::vector<Ulid>& subject_ids);

struct EntryQuery {
  std::optional<std::string> region;
  std::optional<Ulid> subject_id;
  int subject_type = 0;  // 0: both
  int four_class = 0;    // 0: all
  bool include_left = false;
  // Those that were closed out, too (T2 of 盘活类 and 调整类).
  bool include_closed_out = false;
  bool due_only = false;
  std::optional<std::pair<std::string, Ulid>> after;
  int limit = 50;
};
// By region_path and id.
absl::StatusOr<std::vector<LedgerRow>> ListEntries(mysql::Executor& db, const EntryQuery& query,
                                                   const RegionScopes& scope);
// By id, for snapshots.
absl::StatusOr<std::vector<LedgerRow>> PageEntriesById(mysql::Executor& db, const Ulid& after,
                                                       int limit, const RegionScopes& scope);

struct SignatureRow {
  Ulid id;
  std::string region_code;
  int64_t signature_no = 0;
  std::string rows_sha256;
  int64_t row_count = 0;
  std::string signed_by;
  std::string payload;  // type.v1.SignOff
  absl::Time signed_at;
};
absl::StatusOr<std::optional<SignatureRow>> NewestSignature(mysql::Executor& db,
                                                            const std::string& unit);
// ALREADY_EXISTS DUPLICATE_KEY when the number is taken: another one signed at the same moment.
absl::Status InsertSignature(mysql::Tx& tx, const SignatureRow& row);
absl::StatusOr<std::vector<SignatureRow>> PageSignaturesById(mysql::Executor& db, const Ulid& after,
                                                             int limit, const RegionScopes& scope);

}  // namespace bangfu::evaluation

// Rows of income received and of dividends.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"
#include "services/asset/domain/types.h"
#include "services/asset/store/page_key.h"

namespace bangfu::asset::store {

struct IncomeRow {
  Ulid id;
  std::optional<Ulid> contract_id;
  int32_t due_no = 0;
  std::optional<Ulid> asset_id;
  int64_t received_fen = 0;
  absl::CivilDay received_on;
  std::string voucher_no;
  std::optional<Ulid> reverses_id;
  std::string reason;
  std::string recorded_by;
  absl::Time recorded_at;
  std::optional<Ulid> reversed_by;  // read only: the record that takes this one back
};
absl::Status InsertIncome(mysql::Tx& tx, const std::vector<IncomeRow>& rows);
absl::StatusOr<std::optional<IncomeRow>> FindIncome(mysql::Executor& db, const Ulid& id);
// Those of the ids that are there, in no order.
absl::StatusOr<std::vector<IncomeRow>> FindIncomes(mysql::Executor& db,
                                                   const std::vector<Ulid>& ids);
absl::StatusOr<std::vector<IncomeRow>> ListIncome(mysql::Executor& db,
                                                  const std::optional<Ulid>& contract_id,
                                                  const std::optional<Ulid>& asset_id,
                                                  const std::optional<Ulid>& after, int limit);
// Of these contracts those with an income record.
absl::StatusOr<std::set<Ulid>> ContractsWithIncome(mysql::Executor& db,
                                                   const std::vector<Ulid>& contract_ids);

// Those that owe a part of what comes out (产量、销售额、利润) for a time that has begun: somebody
// has to state how much it was.
absl::StatusOr<std::set<Ulid>> ContractsWithBases(mysql::Executor& db,
                                                  const std::vector<Ulid>& contract_ids,
                                                  absl::CivilDay today);

struct DividendRow {
  Ulid id;
  int64_t version = 1;
  std::optional<Ulid> project_id;
  Ulid asset_id;
  std::string region_path;
  DividendUse use = DividendUse::kUnspecified;
  std::string period;
  absl::CivilDay declared_on;
  int64_t declared_fen = 0;
  int64_t paid_fen = 0;
  std::optional<absl::CivilDay> last_paid_on;
  int64_t households = 0;
  int64_t poor_households = 0;
  std::string void_reason;  // empty: it stands
};
absl::Status InsertDividend(mysql::Tx& tx, const DividendRow& row);
struct DividendPayment {
  Ulid dividend_id;
  Ulid id;
  int64_t paid_fen = 0;
  absl::CivilDay paid_on;
  std::string voucher_no;
};
// In bulk, with their payments; sums of the rows as they stand.
absl::Status InsertDividends(mysql::Tx& tx, const std::vector<DividendRow>& rows,
                             const std::vector<DividendPayment>& payments);
// Adds a payment as long as it stays within what was declared: false when it would not. ABORTED
// ETAG_MISMATCH on another version.
absl::StatusOr<bool> PayDividend(mysql::Tx& tx, DividendRow* row, const Ulid& payment_id,
                                 int64_t paid_fen, absl::CivilDay paid_on,
                                 const std::string& voucher);
// One of which nothing is paid. ABORTED ETAG_MISMATCH when it is otherwise by now.
absl::Status VoidDividend(mysql::Tx& tx, DividendRow* row, const std::string& reason);
absl::StatusOr<std::optional<DividendRow>> FindDividend(mysql::Executor& db, const Ulid& id,
                                                        const std::vector<std::string>& scope,
                                                        bool for_update = false);
// Those that stand and are not paid in full, by id.
absl::StatusOr<std::vector<Ulid>> UnpaidDividendsAfter(mysql::Executor& db, const Ulid& after,
                                                       int limit);
// The same of these assets; and the asset of each.
absl::StatusOr<std::vector<std::pair<Ulid, Ulid>>> UnpaidDividendsOfAssets(
    mysql::Executor& db, const std::vector<Ulid>& assets);
// Locked in the order of their ids.
absl::StatusOr<std::vector<DividendRow>> LockDividends(mysql::Tx& tx, const std::vector<Ulid>& ids);
absl::StatusOr<std::vector<DividendRow>> ListDividends(
    mysql::Executor& db, const std::vector<std::string>& scope, const std::string& region_prefix,
    const std::optional<Ulid>& project_id, bool unpaid, const PageKey& after, int limit);

}  // namespace bangfu::asset::store

// Rows of contracts, income, dividends, links with households and employment.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"
#include "services/asset/domain/schedule.h"
#include "services/asset/domain/types.h"

namespace bangfu::asset::store {

// Where a page begins: behind this (region_path, id).
struct PageKey {
  std::string region_path;
  std::optional<Ulid> id;  // absent: from the first
};

struct ContractRow {
  Ulid id;
  int64_t version = 1;
  std::string region_path;
  ContractState state = ContractState::kActive;
  absl::CivilDay start_date;
  absl::CivilDay end_date;
  std::optional<absl::CivilDay> ended_on;
  std::string end_reason;
  std::string operator_uscc;
  bool sample = false;
  std::optional<std::string> natural_key;
  std::string terms;       // bytes of asset.v1.ContractTerms
  std::string created_by;  // bytes of type.v1.Actor
  absl::Time created_at;
};

// Sums over the dues of a contract.
struct ContractSums {
  int64_t due_fen = 0;
  int64_t received_fen = 0;
  int64_t arrears_fen = 0;  // due on or before the day, not received
  std::optional<absl::CivilDay> oldest_arrears;
};

struct ContractAsset {
  Ulid asset_id;
  int64_t weight_fen = 0;
};
struct ContractProject {
  Ulid project_id;
  int64_t weight = 0;
};

struct NewContract {
  ContractRow row;
  std::vector<ContractAsset> assets;
  std::vector<ContractProject> projects;
  std::vector<Due> dues;
  std::map<int32_t, int64_t> received;  // by number of the due; of imported income
};
absl::Status InsertContracts(mysql::Tx& tx, const std::vector<NewContract>& contracts);
// ABORTED ETAG_MISMATCH when it is no longer at row->version.
absl::Status UpdateContract(mysql::Tx& tx, ContractRow* row);
absl::StatusOr<std::optional<ContractRow>> FindContract(mysql::Executor& db, const Ulid& id,
                                                        const std::vector<std::string>& scope,
                                                        bool for_update = false);
// Those of the ids that are there, in no order.
absl::StatusOr<std::vector<ContractRow>> FindContracts(mysql::Executor& db,
                                                       const std::vector<Ulid>& ids,
                                                       const std::vector<std::string>& scope);
struct ContractFilter {
  std::string region_prefix;
  std::optional<Ulid> asset_id;
  int state = 0;  // 0: all but VOID
  bool in_arrears = false;
  absl::CivilDay today;
};
absl::StatusOr<std::vector<ContractRow>> ListContracts(mysql::Executor& db,
                                                       const std::vector<std::string>& scope,
                                                       const ContractFilter& filter,
                                                       const PageKey& after, int limit);
absl::StatusOr<std::vector<ContractRow>> ContractsAfter(
    mysql::Executor& db, const Ulid& after, int limit,
    const std::optional<std::vector<std::string>>& scope);
// In the order of `ids`.
absl::StatusOr<std::vector<ContractSums>> SumsOf(mysql::Executor& db, const std::vector<Ulid>& ids,
                                                 absl::CivilDay today);
absl::StatusOr<std::vector<ContractAsset>> AssetsOfContract(mysql::Executor& db, const Ulid& id);
// The bytes of every asset's AssetDetails, with its contract.
absl::StatusOr<std::vector<std::pair<Ulid, std::string>>> AssetDetailsOfContracts(
    mysql::Executor& db, const std::vector<Ulid>& contract_ids);
absl::StatusOr<std::vector<Ulid>> ProjectsOfContract(mysql::Executor& db, const Ulid& id);
// ACTIVE contracts whose last day is past.
absl::StatusOr<std::vector<Ulid>> ContractsToEnd(mysql::Executor& db, absl::CivilDay today,
                                                 int limit);

struct DueRow {
  Due due;
  int64_t received_fen = 0;
};
absl::StatusOr<std::vector<DueRow>> ListDues(mysql::Executor& db, const Ulid& contract_id,
                                             int32_t after_no, int limit);
absl::StatusOr<std::optional<DueRow>> FindDue(mysql::Executor& db, const Ulid& contract_id,
                                              int32_t no);
// What waits on a contract: its earliest due whose base nobody has stated, and its earliest whose
// sum is known and not received in full. Contracts without either are left out.
struct OpenDue {
  int32_t due_no = 0;
  absl::CivilDay from;
  absl::CivilDay due_date;
};
struct OpenDues {
  std::optional<OpenDue> base;
  std::optional<OpenDue> income;
};
absl::StatusOr<std::map<Ulid, OpenDues>> OldestOpenDues(mysql::Executor& db,
                                                        const std::vector<Ulid>& contract_ids);
absl::Status SetDueBase(mysql::Tx& tx, const Ulid& contract_id, const Due& due);
// Adds to what is received, as long as it stays within [0, due]; false: it would not.
absl::StatusOr<bool> AddReceived(mysql::Tx& tx, const Ulid& contract_id, int32_t no, int64_t fen);
// Dues that begin after the day fall away; the one that runs on it is cut (given whole).
absl::Status DeleteDuesAfter(mysql::Tx& tx, const Ulid& contract_id, absl::CivilDay day);
absl::Status ReplaceDue(mysql::Tx& tx, const Ulid& contract_id, const Due& due);

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
};
absl::Status InsertIncome(mysql::Tx& tx, const std::vector<IncomeRow>& rows);
absl::StatusOr<std::optional<IncomeRow>> FindIncome(mysql::Executor& db, const Ulid& id);
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
absl::StatusOr<std::optional<DividendRow>> FindDividend(mysql::Executor& db, const Ulid& id,
                                                        const std::vector<std::string>& scope,
                                                        bool for_update = false);
// Those that are not paid in full, by id.
absl::StatusOr<std::vector<Ulid>> UnpaidDividendsAfter(mysql::Executor& db, const Ulid& after,
                                                       int limit);
// Locked in the order of their ids.
absl::StatusOr<std::vector<DividendRow>> LockDividends(mysql::Tx& tx, const std::vector<Ulid>& ids);
absl::StatusOr<std::vector<DividendRow>> ListDividends(
    mysql::Executor& db, const std::vector<std::string>& scope, const std::string& region_prefix,
    const std::optional<Ulid>& project_id, bool unpaid, const PageKey& after, int limit);

struct LinkageRow {
  Ulid id;
  int64_t version = 1;
  Ulid project_id;
  std::string region_path;
  std::string mode_code;
  std::string operator_uscc;
  std::string operator_name;
  int64_t households = 0;
  int64_t poor_households = 0;
  int64_t monitored_households = 0;
  absl::CivilDay start_date;
  std::optional<absl::CivilDay> end_date;
  std::string end_reason;
  int64_t income_paid_fen = 0;  // Σ of its months; not written here
};
// With their households, which hold from the start of each.
absl::Status InsertLinkages(mysql::Tx& tx, const std::vector<LinkageRow>& rows);
absl::Status UpdateLinkage(mysql::Tx& tx, LinkageRow* row);  // ABORTED ETAG_MISMATCH
// The row's households hold from that day on, in place of what was told of later days; what held
// before stays known.
absl::Status PutLinkageCount(mysql::Tx& tx, const LinkageRow& row, absl::CivilDay since);
absl::Status PutLinkageIncome(mysql::Tx& tx, const LinkageRow& row, const std::string& month,
                              int64_t paid_fen);
struct LinkageIncome {
  Ulid linkage_id;
  Ulid project_id;
  std::string month;
  int64_t paid_fen = 0;
};
absl::Status InsertLinkageIncome(mysql::Tx& tx, const std::vector<LinkageIncome>& rows);
absl::StatusOr<std::optional<LinkageRow>> FindLinkage(mysql::Executor& db, const Ulid& id,
                                                      const std::vector<std::string>& scope);
// Codes of the modes in which links of the project run on that day.
absl::StatusOr<std::set<std::string>> LinkedModes(mysql::Executor& db, const Ulid& project_id,
                                                  absl::CivilDay day);
absl::StatusOr<std::vector<LinkageRow>> ListLinkages(mysql::Executor& db,
                                                     const std::vector<std::string>& scope,
                                                     const std::string& region_prefix,
                                                     const std::optional<Ulid>& project_id,
                                                     const PageKey& after, int limit);

struct EmploymentRow {
  Ulid id;
  int64_t version = 1;
  Ulid project_id;
  std::string region_path;
  std::string month;
  EmploymentKind kind = EmploymentKind::kUnspecified;
  int64_t workers = 0;
  int64_t poor_workers = 0;
  int64_t monitored_workers = 0;
  int64_t person_days = 0;
  int64_t poor_person_days = 0;
  int64_t wages_fen = 0;
  int64_t poor_wages_fen = 0;
  EmploymentSource source = EmploymentSource::kEntered;
  std::optional<Ulid> operation_report_id;
};
absl::Status InsertEmployment(mysql::Tx& tx, const EmploymentRow& row);
absl::Status UpdateEmployment(mysql::Tx& tx, EmploymentRow* row);  // ABORTED ETAG_MISMATCH
absl::StatusOr<std::optional<EmploymentRow>> FindEmployment(mysql::Executor& db,
                                                            const Ulid& project_id,
                                                            const std::string& month,
                                                            EmploymentKind kind);
absl::StatusOr<std::vector<EmploymentRow>> ListEmployment(mysql::Executor& db,
                                                          const std::vector<std::string>& scope,
                                                          const std::string& region_prefix,
                                                          const std::optional<Ulid>& project_id,
                                                          const PageKey& after, int limit);

}  // namespace bangfu::asset::store

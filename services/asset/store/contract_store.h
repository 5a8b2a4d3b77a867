// Rows of contracts and of what falls due by them.
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
#include "services/asset/store/page_key.h"

namespace bangfu::asset::store {

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
// Contracts over any of the assets.
absl::StatusOr<std::vector<Ulid>> ContractsOfAssets(mysql::Executor& db,
                                                    const std::vector<Ulid>& assets);
struct ContractFilter {
  std::string region_prefix;
  std::optional<Ulid> asset_id;
  std::optional<Ulid> id;
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
// The same, and what has been received and declared of each asset.
struct AssetMoney {
  ContractAsset part;
  int64_t received_fen = 0;
  int64_t declared_fen = 0;
};
absl::StatusOr<std::map<Ulid, std::vector<AssetMoney>>> AssetMoneyOfContracts(
    mysql::Executor& db, const std::vector<Ulid>& contract_ids);
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

}  // namespace bangfu::asset::store

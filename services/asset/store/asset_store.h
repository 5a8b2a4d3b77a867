// Rows of the asset ledger. All SQL of assets is here; messages of the contract are bytes to it.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "common/base/ulid.h"
#include "common/external/external_ids.h"
#include "common/mysql/session.h"
#include "services/asset/domain/types.h"

namespace bangfu::asset::store {

// Assets among those who bear numbers in other systems.
inline constexpr char kAssetExternal[] = "asset";

struct AssetRow {
  Ulid id;
  int64_t version = 1;
  std::string asset_code;
  std::optional<std::string> natural_key;    // 32 bytes; of imported rows
  std::optional<std::string> import_digest;  // of what the imported row said
  std::string name;
  AssetClass asset_class = AssetClass::kUnspecified;
  AssetForm asset_form = AssetForm::kUnspecified;
  std::string region_code;
  std::string region_path;
  int64_t original_value_fen = 0;
  bool value_exact = true;
  std::optional<absl::CivilDay> formed_date;
  std::optional<absl::CivilDay> expire_date;
  std::optional<absl::CivilDay> planting_date;
  std::optional<absl::CivilDay> cultivation_ends;
  OperateMode operate_mode = OperateMode::kUnspecified;
  std::string operator_uscc;
  int om_parts = 0;  // 1 person, 2 rules, 4 money
  std::optional<int64_t> owned_village_bp;
  std::optional<int64_t> income_village_bp;
  TitleStatus title_status = TitleStatus::kUnregistered;
  std::string title_cert_no;
  std::string title_disputed_by;  // an Actor, while the title is disputed
  std::optional<absl::CivilDay> title_date;
  CustodyStatus custody_status = CustodyStatus::kNotHandedOver;
  std::string custodian;
  std::optional<absl::CivilDay> transferred_date;
  UseState use_state = UseState::kNotStarted;
  absl::CivilDay use_since;
  std::optional<absl::CivilDay> idle_since;
  int64_t in_use_share_bp = 0;
  bool irreparable = false;
  bool ever_used = false;
  std::string use_report;  // bytes of asset.v1.UseReport
  AssetState state = AssetState::kActive;
  std::string void_reason;
  Outcome adjustment_outcome = Outcome::kNone;
  Inspection last_inspection = Inspection::kUnspecified;
  std::optional<absl::CivilDay> last_inspection_on;
  std::optional<Ulid> contract_id;
  int64_t received_fen = 0;
  int64_t declared_fen = 0;
  bool sample = false;
  std::string open_questions;  // comma separated
  std::string details;         // bytes of asset.v1.AssetDetails
  std::string created_by;      // bytes of type.v1.Actor
  absl::Time created_at;
  std::string updated_by;
  absl::Time updated_at;
};

// The part of an asset that came from a project.
struct ProjectShare {
  Ulid project_id;
  int32_t share_bp = 0;
  int64_t value_fen = 0;
};

// New rows with their projects and numbers in other systems; a handful of statements for any
// number.
struct NewAsset {
  AssetRow row;
  std::vector<ProjectShare> projects;
  std::vector<external::Number> external_ids;
};
absl::Status InsertAssets(mysql::Tx& tx, const std::vector<NewAsset>& assets);

// Writes what moves; ABORTED ETAG_MISMATCH when the row is no longer at row->version, else raises
// it.
absl::Status UpdateAsset(mysql::Tx& tx, AssetRow* row);
// As UpdateAsset for rows that the transaction has locked: no version is compared.
absl::Status UpdateLockedAssets(mysql::Tx& tx, std::vector<AssetRow>* rows);
absl::Status ReplaceProjects(mysql::Tx& tx, const Ulid& asset_id,
                             const std::vector<ProjectShare>& projects);
absl::Status ReplaceExternalIds(mysql::Tx& tx, const Ulid& asset_id,
                                const std::vector<external::Number>& ids);

// One asset inside the regions; nullopt: none there.
absl::StatusOr<std::optional<AssetRow>> FindAsset(mysql::Executor& db, const Ulid& id,
                                                  const std::vector<std::string>& scope,
                                                  bool for_update = false);
absl::StatusOr<std::vector<AssetRow>> FindAssets(mysql::Executor& db, const std::vector<Ulid>& ids,
                                                 const std::vector<std::string>& scope,
                                                 bool for_update = false);
absl::StatusOr<std::vector<AssetRow>> FindByNaturalKeys(mysql::Executor& db,
                                                        const std::vector<std::string>& keys,
                                                        bool for_update = false);
// Projects of the assets: (asset, share).
absl::StatusOr<std::vector<std::pair<Ulid, ProjectShare>>> ProjectsOf(
    mysql::Executor& db, const std::vector<Ulid>& assets);

struct AssetFilter {
  std::string region_prefix;  // empty: the scope alone
  std::optional<Ulid> project_id;
  int asset_class = 0;
  int use_state = 0;
  int title_status = 0;
  int state = 0;  // 0: all but VOID
  std::string asset_code;
};
// In order of (region_path, id), after the key.
absl::StatusOr<std::vector<AssetRow>> ListAssets(mysql::Executor& db,
                                                 const std::vector<std::string>& scope,
                                                 const AssetFilter& filter,
                                                 const std::string& after_region,
                                                 const std::optional<Ulid>& after_id, int limit);

// True when a contract, income or a dividend names the asset.
absl::StatusOr<std::set<Ulid>> ReferencedAssets(mysql::Executor& db,
                                                const std::vector<Ulid>& asset_ids);

// Adds to what the asset has brought in, as long as it covers what was declared; false: it would
// not.
absl::StatusOr<bool> AddReceived(mysql::Tx& tx, const Ulid& asset_id, int64_t fen);
// Adds to what was declared, as long as it is covered by what came in; false: it would not.
absl::StatusOr<bool> AddDeclared(mysql::Tx& tx, const Ulid& asset_id, int64_t fen);

// The first numbers of `count` new codes for each prefix, in one statement each way.
absl::StatusOr<std::vector<int64_t>> TakeNumbers(
    mysql::Tx& tx, const std::vector<std::pair<std::string, int64_t>>& prefixes);

// Assets whose use state time alone has changed: cultivation over, or stopped for six months.
absl::StatusOr<std::vector<Ulid>> AssetsToAdvance(mysql::Executor& db, absl::CivilDay today,
                                                  absl::CivilDay stopped_before, int limit);

struct DescentRow {
  std::string county;
  int64_t year = 0;
  int64_t value_fen = 0;
  int64_t owned_known_fen = 0;
  int64_t owned_village_fen = 0;
  int64_t income_known_fen = 0;
  int64_t income_village_fen = 0;
};
absl::StatusOr<std::vector<DescentRow>> OwnershipDescent(mysql::Executor& db,
                                                         const std::vector<std::string>& scope,
                                                         const std::string& region_prefix);

// For the snapshot of a new subscriber: by id.
absl::StatusOr<std::vector<AssetRow>> AssetsAfter(
    mysql::Executor& db, const Ulid& after, int limit,
    const std::optional<std::vector<std::string>>& scope);

}  // namespace bangfu::asset::store

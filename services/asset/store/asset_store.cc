#include "services/asset/store/asset_store.h"

#include <algorithm>
#include <map>

#include "common/base/bp.h"
#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace bangfu::asset::store {
namespace {

using mysql::Param;
using mysql::Params;
using mysql::Row;

constexpr std::string_view kColumns =
    "id, version, asset_code, natural_key, import_digest, name, asset_class, asset_form, "
    "region_code, region_path, "
    "original_value_fen, value_exact, formed_date, expire_date, planting_date, cultivation_ends, "
    "operate_mode, operator_uscc, om_parts, owned_village_bp, income_village_bp, title_status, "
    "title_cert_no, title_disputed_by, title_date, custody_status, custodian, transferred_date, "
    "use_state, use_since, "
    "idle_since, in_use_share_bp, irreparable, ever_used, use_report, state, void_reason, "
    "adjustment_outcome, last_inspection, last_inspection_on, contract_id, received_fen, "
    "declared_fen, sample, open_questions, details, created_by, created_at, updated_by, updated_at";

AssetRow FromRow(const Row& r) {
  AssetRow a;
  size_t i = 0;
  a.id = r.Id(i++);
  a.version = r.Int(i++);
  a.asset_code = r.String(i++);
  a.natural_key = r.OptString(i++);
  a.import_digest = r.OptString(i++);
  a.name = r.String(i++);
  a.asset_class = static_cast<AssetClass>(r.Int(i++));
  a.asset_form = static_cast<AssetForm>(r.Int(i++));
  a.region_code = r.String(i++);
  a.region_path = r.String(i++);
  a.original_value_fen = r.Int(i++);
  a.value_exact = r.Bool(i++);
  a.formed_date = r.OptDay(i++);
  a.expire_date = r.OptDay(i++);
  a.planting_date = r.OptDay(i++);
  a.cultivation_ends = r.OptDay(i++);
  a.operate_mode = static_cast<OperateMode>(r.Int(i++));
  a.operator_uscc = r.String(i++);
  a.om_parts = static_cast<int>(r.Int(i++));
  a.owned_village_bp = r.OptInt(i++);
  a.income_village_bp = r.OptInt(i++);
  a.title_status = static_cast<TitleStatus>(r.Int(i++));
  a.title_cert_no = r.String(i++);
  a.title_disputed_by = r.String(i++);
  a.title_date = r.OptDay(i++);
  a.custody_status = static_cast<CustodyStatus>(r.Int(i++));
  a.custodian = r.String(i++);
  a.transferred_date = r.OptDay(i++);
  a.use_state = static_cast<UseState>(r.Int(i++));
  a.use_since = r.Day(i++);
  a.idle_since = r.OptDay(i++);
  a.in_use_share_bp = r.Int(i++);
  a.irreparable = r.Bool(i++);
  a.ever_used = r.Bool(i++);
  a.use_report = r.String(i++);
  a.state = static_cast<AssetState>(r.Int(i++));
  a.void_reason = r.String(i++);
  a.adjustment_outcome = static_cast<Outcome>(r.Int(i++));
  a.last_inspection = static_cast<Inspection>(r.Int(i++));
  a.last_inspection_on = r.OptDay(i++);
  if (!r.IsNull(i)) a.contract_id = r.Id(i);
  ++i;
  a.received_fen = r.Int(i++);
  a.declared_fen = r.Int(i++);
  a.sample = r.Bool(i++);
  a.open_questions = r.String(i++);
  a.details = r.String(i++);
  a.created_by = r.String(i++);
  a.created_at = r.Time(i++);
  a.updated_by = r.String(i++);
  a.updated_at = r.Time(i++);
  return a;
}

template <typename E>
int Number(E value) {
  return static_cast<int>(value);
}

Params ToParams(const AssetRow& a) {
  return {a.id,
          a.version,
          a.asset_code,
          a.natural_key,
          a.import_digest,
          a.name,
          Number(a.asset_class),
          Number(a.asset_form),
          a.region_code,
          a.region_path,
          a.original_value_fen,
          a.value_exact,
          a.formed_date,
          a.expire_date,
          a.planting_date,
          a.cultivation_ends,
          Number(a.operate_mode),
          a.operator_uscc,
          a.om_parts,
          a.owned_village_bp,
          a.income_village_bp,
          Number(a.title_status),
          a.title_cert_no,
          a.title_disputed_by,
          a.title_date,
          Number(a.custody_status),
          a.custodian,
          a.transferred_date,
          Number(a.use_state),
          a.use_since,
          a.idle_since,
          a.in_use_share_bp,
          a.irreparable,
          a.ever_used,
          a.use_report,
          Number(a.state),
          a.void_reason,
          Number(a.adjustment_outcome),
          Number(a.last_inspection),
          a.last_inspection_on,
          a.contract_id,
          a.received_fen,
          a.declared_fen,
          a.sample,
          a.open_questions,
          a.details,
          a.created_by,
          a.created_at,
          a.updated_by,
          a.updated_at};
}

std::vector<AssetRow> FromRows(const mysql::Rows& rows) {
  std::vector<AssetRow> out;
  out.reserve(rows.size());
  for (const Row& row : rows) out.push_back(FromRow(row));
  return out;
}

void AddIds(const std::vector<Ulid>& ids, Params* params) {
  for (const Ulid& id : ids) params->push_back(id);
}

void AppendProjects(const Ulid& asset_id, std::vector<ProjectShare> projects,
                    std::vector<Params>* rows) {
  std::sort(projects.begin(), projects.end(), [](const ProjectShare& a, const ProjectShare& b) {
    return a.project_id < b.project_id;
  });
  int32_t before = 0;
  for (const ProjectShare& p : projects) {
    rows->push_back({p.project_id, asset_id, p.share_bp, before, p.value_fen});
    before += p.share_bp;
  }
}

constexpr std::string_view kProjectColumns =
    "(project_id, asset_id, value_share_bp, share_before_bp, value_fen)";

}  // namespace

absl::Status InsertAssets(mysql::Tx& tx, const std::vector<NewAsset>& assets) {
  if (assets.empty()) return absl::OkStatus();
  std::vector<Params> rows;
  std::vector<Params> projects;
  std::vector<std::pair<Ulid, external::Number>> numbers;
  for (const NewAsset& asset : assets) {
    rows.push_back(ToParams(asset.row));
    AppendProjects(asset.row.id, asset.projects, &projects);
    for (const external::Number& number : asset.external_ids) {
      numbers.emplace_back(asset.row.id, number);
    }
  }
  RETURN_IF_ERROR(mysql::BulkInsert(tx, "asset", kColumns, rows).status());
  if (!projects.empty()) {
    RETURN_IF_ERROR(mysql::BulkInsert(tx, "asset_project", kProjectColumns, projects).status());
  }
  return external::InsertExternalIds(tx, kAssetExternal, numbers);
}

absl::Status UpdateAsset(mysql::Tx& tx, AssetRow* a) {
  ASSIGN_OR_RETURN(
      const int64_t matched,
      tx.Execute(
          "UPDATE asset SET version = version + 1, name = ?, asset_class = ?, asset_form = ?, "
          "original_value_fen = ?, value_exact = ?, formed_date = ?, expire_date = ?, "
          "planting_date = ?, cultivation_ends = ?, operate_mode = ?, operator_uscc = ?, om_parts "
          "= ?, "
          "owned_village_bp = ?, income_village_bp = ?, title_status = ?, title_cert_no = ?, "
          "title_disputed_by = ?, "
          "title_date = ?, custody_status = ?, custodian = ?, transferred_date = ?, use_state = ?, "
          "use_since = ?, idle_since = ?, in_use_share_bp = ?, irreparable = ?, ever_used = ?, "
          "use_report = ?, state = ?, void_reason = ?, adjustment_outcome = ?, last_inspection = "
          "?, "
          "last_inspection_on = ?, contract_id = ?, received_fen = ?, declared_fen = ?, "
          "open_questions = ?, details = ?, updated_by = ?, updated_at = ? "
          "WHERE id = ? AND version = ?",
          {a->name,
           Number(a->asset_class),
           Number(a->asset_form),
           a->original_value_fen,
           a->value_exact,
           a->formed_date,
           a->expire_date,
           a->planting_date,
           a->cultivation_ends,
           Number(a->operate_mode),
           a->operator_uscc,
           a->om_parts,
           a->owned_village_bp,
           a->income_village_bp,
           Number(a->title_status),
           a->title_cert_no,
           a->title_disputed_by,
           a->title_date,
           Number(a->custody_status),
           a->custodian,
           a->transferred_date,
           Number(a->use_state),
           a->use_since,
           a->idle_since,
           a->in_use_share_bp,
           a->irreparable,
           a->ever_used,
           a->use_report,
           Number(a->state),
           a->void_reason,
           Number(a->adjustment_outcome),
           Number(a->last_inspection),
           a->last_inspection_on,
           a->contract_id,
           a->received_fen,
           a->declared_fen,
           a->open_questions,
           a->details,
           a->updated_by,
           a->updated_at,
           a->id,
           a->version}));
  if (matched != 1) return EtagMismatch();
  ++a->version;
  return absl::OkStatus();
}

absl::Status UpdateLockedAssets(mysql::Tx& tx, std::vector<AssetRow>* rows) {
  if (rows->empty()) return absl::OkStatus();
  std::vector<Params> params;
  for (AssetRow& row : *rows) {
    ++row.version;
    params.push_back(ToParams(row));
  }
  return mysql::BulkInsert(
             tx, "asset", kColumns, params,
             "ON DUPLICATE KEY UPDATE version = VALUES(version), "
             "import_digest = VALUES(import_digest), name = VALUES(name), "
             "asset_class = VALUES(asset_class), asset_form = VALUES(asset_form), "
             "original_value_fen = VALUES(original_value_fen), value_exact = VALUES(value_exact), "
             "formed_date = VALUES(formed_date), expire_date = VALUES(expire_date), "
             "planting_date = VALUES(planting_date), cultivation_ends = VALUES(cultivation_ends), "
             "operate_mode = VALUES(operate_mode), operator_uscc = VALUES(operator_uscc), "
             "om_parts = VALUES(om_parts), owned_village_bp = VALUES(owned_village_bp), "
             "income_village_bp = VALUES(income_village_bp), title_status = VALUES(title_status), "
             "title_cert_no = VALUES(title_cert_no), "
             "title_disputed_by = VALUES(title_disputed_by), title_date = VALUES(title_date), "
             "custody_status = VALUES(custody_status), custodian = VALUES(custodian), "
             "transferred_date = VALUES(transferred_date), use_state = VALUES(use_state), "
             "use_since = VALUES(use_since), idle_since = VALUES(idle_since), "
             "in_use_share_bp = VALUES(in_use_share_bp), irreparable = VALUES(irreparable), "
             "ever_used = VALUES(ever_used), use_report = VALUES(use_report), state = "
             "VALUES(state), "
             "contract_id = VALUES(contract_id), received_fen = VALUES(received_fen), "
             "declared_fen = VALUES(declared_fen), open_questions = VALUES(open_questions), "
             "details = VALUES(details), updated_by = VALUES(updated_by), "
             "updated_at = VALUES(updated_at)")
      .status();
}

absl::Status ReplaceProjects(mysql::Tx& tx, const Ulid& asset_id,
                             const std::vector<ProjectShare>& projects) {
  RETURN_IF_ERROR(tx.Execute("DELETE FROM asset_project WHERE asset_id = ?", {asset_id}).status());
  if (projects.empty()) return absl::OkStatus();
  std::vector<Params> rows;
  AppendProjects(asset_id, projects, &rows);
  return mysql::BulkInsert(tx, "asset_project", kProjectColumns, rows).status();
}

absl::Status ReplaceExternalIds(mysql::Tx& tx, const Ulid& asset_id,
                                const std::vector<external::Number>& ids) {
  RETURN_IF_ERROR(external::DeleteExternalIds(tx, kAssetExternal, {asset_id}));
  std::vector<std::pair<Ulid, external::Number>> rows;
  for (const external::Number& number : ids) rows.emplace_back(asset_id, number);
  return external::InsertExternalIds(tx, kAssetExternal, rows);
}

absl::StatusOr<std::optional<AssetRow>> FindAsset(mysql::Executor& db, const Ulid& id,
                                                  const std::vector<std::string>& scope,
                                                  bool for_update) {
  Params params = {id};
  std::string sql = Cat("SELECT ", kColumns, " FROM asset WHERE id = ? AND ");
  sql += mysql::RegionClause(scope, "region_path", &params);
  if (for_update) sql += " FOR UPDATE";
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  if (rows.empty()) return std::nullopt;
  return FromRow(rows.front());
}

absl::StatusOr<std::vector<AssetRow>> FindAssets(mysql::Executor& db, const std::vector<Ulid>& ids,
                                                 const std::vector<std::string>& scope,
                                                 bool for_update) {
  if (ids.empty()) return std::vector<AssetRow>();
  Params params;
  AddIds(ids, &params);
  std::string sql = Cat("SELECT ", kColumns, " FROM asset WHERE id IN (",
                        mysql::Placeholders(ids.size()), ") AND ");
  sql += mysql::RegionClause(scope, "region_path", &params);
  sql += " ORDER BY id";
  if (for_update) sql += " FOR UPDATE";
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  return FromRows(rows);
}

absl::StatusOr<std::vector<AssetRow>> FindByNaturalKeys(mysql::Executor& db,
                                                        const std::vector<std::string>& keys,
                                                        bool for_update) {
  if (keys.empty()) return std::vector<AssetRow>();
  Params params(keys.begin(), keys.end());
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(Cat("SELECT ", kColumns, " FROM asset WHERE natural_key IN (",
                   mysql::Placeholders(keys.size()), ")", for_update ? " FOR UPDATE" : ""),
               params));
  return FromRows(rows);
}

absl::StatusOr<std::vector<std::pair<Ulid, ProjectShare>>> ProjectsOf(
    mysql::Executor& db, const std::vector<Ulid>& assets) {
  std::vector<std::pair<Ulid, ProjectShare>> out;
  if (assets.empty()) return out;
  Params params;
  AddIds(assets, &params);
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(Cat("SELECT asset_id, project_id, value_share_bp, value_fen FROM asset_project "
                   "WHERE asset_id IN (",
                   mysql::Placeholders(assets.size()), ") ORDER BY asset_id, project_id"),
               params));
  for (const Row& r : rows) {
    out.push_back({r.Id(0), {r.Id(1), static_cast<int32_t>(r.Int(2)), r.Int(3)}});
  }
  return out;
}

absl::StatusOr<std::vector<AssetRow>> ListAssets(mysql::Executor& db,
                                                 const std::vector<std::string>& scope,
                                                 const AssetFilter& filter,
                                                 const std::string& after_region,
                                                 const std::optional<Ulid>& after_id, int limit) {
  Params params;
  std::string sql = Cat("SELECT ", kColumns, " FROM asset WHERE ");
  sql += mysql::RegionClause(scope, "region_path", &params);
  if (!filter.region_prefix.empty()) {
    sql += " AND " + mysql::RegionClause({filter.region_prefix}, "region_path", &params);
  }
  if (filter.state != 0) {
    sql += " AND state = ?";
    params.push_back(filter.state);
  } else {
    sql += " AND state <> ?";
    params.push_back(Number(AssetState::kVoid));
  }
  const auto equals = [&](std::string_view column, int value) {
    if (value == 0) return;
    sql += Cat(" AND ", column, " = ?");
    params.push_back(value);
  };
  equals("asset_class", filter.asset_class);
  equals("use_state", filter.use_state);
  equals("title_status", filter.title_status);
  if (!filter.asset_code.empty()) {
    sql += " AND asset_code = ?";
    params.push_back(filter.asset_code);
  }
  if (filter.project_id) {
    sql += " AND id IN (SELECT asset_id FROM asset_project WHERE project_id = ?)";
    params.push_back(*filter.project_id);
  }
  if (after_id) {
    sql += " AND region_path >= ? AND (region_path > ? OR id > ?)";
    params.push_back(after_region);
    params.push_back(after_region);
    params.push_back(*after_id);
  }
  sql += " ORDER BY region_path, id LIMIT ?";
  params.push_back(limit);
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  return FromRows(rows);
}

absl::StatusOr<std::set<Ulid>> ReferencedAssets(mysql::Executor& db,
                                                const std::vector<Ulid>& asset_ids) {
  std::set<Ulid> out;
  if (asset_ids.empty()) return out;
  const std::string in = Cat(" IN (", mysql::Placeholders(asset_ids.size()), ")");
  Params params(asset_ids.begin(), asset_ids.end());
  params.emplace_back(Number(ContractState::kVoid));
  for (int i = 0; i < 2; ++i) params.insert(params.end(), asset_ids.begin(), asset_ids.end());
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(
          Cat("SELECT ca.asset_id FROM contract_asset ca JOIN operating_contract c ON c.id = "
              "ca.contract_id WHERE ca.asset_id",
              in, " AND c.state <> ? UNION SELECT asset_id FROM income_record WHERE asset_id", in,
              " UNION SELECT asset_id FROM dividend WHERE asset_id", in, " AND void_reason = ''"),
          params));
  for (const mysql::Row& row : rows) out.insert(row.Id(0));
  return out;
}

absl::StatusOr<bool> AddReceived(mysql::Tx& tx, const Ulid& asset_id, int64_t fen) {
  ASSIGN_OR_RETURN(const int64_t matched,
                   tx.Execute("UPDATE asset SET received_fen = received_fen + ? WHERE id = ? AND "
                              "received_fen + ? >= declared_fen",
                              {fen, asset_id, fen}));
  return matched == 1;
}

absl::StatusOr<bool> AddDeclared(mysql::Tx& tx, const Ulid& asset_id, int64_t fen) {
  ASSIGN_OR_RETURN(const int64_t matched,
                   tx.Execute("UPDATE asset SET declared_fen = declared_fen + ? WHERE id = ? AND "
                              "received_fen >= declared_fen + ?",
                              {fen, asset_id, fen}));
  return matched == 1;
}

absl::StatusOr<std::vector<int64_t>> TakeNumbers(
    mysql::Tx& tx, const std::vector<std::pair<std::string, int64_t>>& prefixes) {
  std::map<std::string, int64_t> wanted;
  for (const auto& [prefix, count] : prefixes) wanted[prefix] += count;
  std::vector<Params> rows;
  Params keys;
  for (const auto& [prefix, count] : wanted) {
    rows.push_back({prefix, count + 1});
    keys.push_back(prefix);
  }
  RETURN_IF_ERROR(mysql::BulkInsert(
                      tx, "asset_code_counter", "(prefix, next_number)", rows,
                      "ON DUPLICATE KEY UPDATE next_number = next_number + VALUES(next_number) - 1")
                      .status());
  ASSIGN_OR_RETURN(
      const mysql::Rows found,
      tx.Query(Cat("SELECT prefix, next_number FROM asset_code_counter WHERE prefix IN (",
                   mysql::Placeholders(keys.size()), ")"),
               keys));
  std::map<std::string, int64_t> next;
  for (const Row& r : found) next[r.String(0)] = r.Int(1) - wanted[r.String(0)];
  std::vector<int64_t> first;
  for (const auto& [prefix, count] : prefixes) {
    first.push_back(next[prefix]);
    next[prefix] += count;
  }
  return first;
}

absl::StatusOr<std::vector<Ulid>> AssetsToAdvance(mysql::Executor& db, absl::CivilDay today,
                                                  absl::CivilDay stopped_before, int limit) {
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(
          "(SELECT id FROM asset WHERE use_state = ? AND cultivation_ends < ? AND state IN (1, 2) "
          "LIMIT ?) UNION ALL (SELECT id FROM asset WHERE use_state = ? AND idle_since <= ? AND "
          "state IN (1, 2) LIMIT ?)",
          {Number(UseState::kCultivating), today, limit, Number(UseState::kSuspended),
           stopped_before, limit}));
  std::vector<Ulid> ids;
  for (const Row& r : rows) ids.push_back(r.Id(0));
  std::sort(ids.begin(), ids.end());
  if (ids.size() > static_cast<size_t>(limit)) ids.resize(static_cast<size_t>(limit));
  return ids;
}

absl::StatusOr<std::vector<DescentRow>> OwnershipDescent(mysql::Executor& db,
                                                         const std::vector<std::string>& scope,
                                                         const std::string& region_prefix) {
  Params params;
  // Fen × bp stays far below 2^63 for one asset; DECIMAL carries the sums.
  std::string sql =
      "SELECT SUBSTRING(region_path, 1, 6), COALESCE(YEAR(formed_date), 0), "
      "SUM(original_value_fen), "
      "SUM(CASE WHEN owned_village_bp IS NULL THEN 0 ELSE original_value_fen END), "
      "FLOOR(SUM(CASE WHEN owned_village_bp IS NULL THEN 0 ELSE "
      "original_value_fen * CAST(owned_village_bp AS DECIMAL(10)) END) / 10000), "
      "SUM(CASE WHEN income_village_bp IS NULL THEN 0 ELSE original_value_fen END), "
      "FLOOR(SUM(CASE WHEN income_village_bp IS NULL THEN 0 ELSE "
      "original_value_fen * CAST(income_village_bp AS DECIMAL(10)) END) / 10000) "
      "FROM asset WHERE value_exact = 1 AND state IN (1, 2) AND ";
  sql += mysql::RegionClause(scope, "region_path", &params);
  sql += " AND " + mysql::RegionClause({region_prefix}, "region_path", &params);
  sql += " GROUP BY 1, 2 ORDER BY 1, 2";
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  std::vector<DescentRow> out;
  for (const Row& r : rows) {
    const auto number = [&](size_t i) {
      int64_t value = 0;
      for (const char c : r.String(i)) {
        if (c == '.') break;
        value = value * 10 + (c - '0');
      }
      return value;
    };
    out.push_back({r.String(0), r.Int(1), number(2), number(3), number(4), number(5), number(6)});
  }
  return out;
}

absl::StatusOr<std::vector<AssetRow>> AssetsAfter(
    mysql::Executor& db, const Ulid& after, int limit,
    const std::optional<std::vector<std::string>>& scope) {
  Params params = {after};
  std::string sql = Cat("SELECT ", kColumns, " FROM asset WHERE id > ?");
  if (scope) sql += " AND " + mysql::RegionClause(*scope, "region_path", &params);
  sql += " ORDER BY id LIMIT ?";
  params.push_back(limit);
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  return FromRows(rows);
}

}  // namespace bangfu::asset::store

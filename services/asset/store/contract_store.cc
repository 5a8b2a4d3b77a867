#include "services/asset/store/contract_store.h"

#include <algorithm>
#include <map>

#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/asset/store/row_reading.h"

namespace bangfu::asset::store {
namespace {

using mysql::Params;
using mysql::Row;

constexpr std::string_view kContract =
    "id, version, region_path, state, start_date, end_date, ended_on, end_reason, operator_uscc, "
    "sample, natural_key, terms, created_by, created_at";

ContractRow ToContract(const Row& r) {
  ContractRow c;
  c.id = r.Id(0);
  c.version = r.Int(1);
  c.region_path = r.String(2);
  c.state = static_cast<ContractState>(r.Int(3));
  c.start_date = r.Day(4);
  c.end_date = r.Day(5);
  c.ended_on = r.OptDay(6);
  c.end_reason = r.String(7);
  c.operator_uscc = r.String(8);
  c.sample = r.Bool(9);
  c.natural_key = r.OptString(10);
  c.terms = r.String(11);
  c.created_by = r.String(12);
  c.created_at = r.Time(13);
  return c;
}

constexpr std::string_view kDue =
    "due_no, period_from, period_to, due_date, fixed_fen, rate_bp, rate_base, base_fen, due_fen, "
    "received_fen";

DueRow ToDue(const Row& r) {
  DueRow d;
  d.due.no = static_cast<int32_t>(r.Int(0));
  d.due.from = r.Day(1);
  d.due.to = r.Day(2);
  d.due.due_date = r.Day(3);
  d.due.fixed_fen = r.Int(4);
  d.due.rate_bp = static_cast<int32_t>(r.Int(5));
  d.due.base = static_cast<RateBase>(r.Int(6));
  d.due.base_fen = r.OptInt(7);
  d.due.due_fen = r.OptInt(8);
  d.received_fen = r.Int(9);
  return d;
}

Params DueParams(const Ulid& contract_id, const Due& d, int64_t received_fen) {
  return {contract_id, d.no,           d.from,     d.to,      d.due_date,  d.fixed_fen,
          d.rate_bp,   Number(d.base), d.base_fen, d.due_fen, received_fen};
}
constexpr std::string_view kDueColumns =
    "(contract_id, due_no, period_from, period_to, due_date, fixed_fen, rate_bp, rate_base, "
    "base_fen, "
    "due_fen, received_fen)";

}  // namespace

absl::Status InsertContracts(mysql::Tx& tx, const std::vector<NewContract>& contracts) {
  if (contracts.empty()) return absl::OkStatus();
  std::vector<Params> rows;
  std::vector<Params> assets;
  std::vector<Params> projects;
  std::vector<Params> dues;
  for (const NewContract& n : contracts) {
    const ContractRow& c = n.row;
    rows.push_back({c.id, c.version, c.region_path, Number(c.state), c.start_date, c.end_date,
                    c.ended_on, c.end_reason, c.operator_uscc, c.sample, c.natural_key, c.terms,
                    c.created_by, c.created_at});
    for (const ContractAsset& a : n.assets) assets.push_back({a.asset_id, c.id, a.weight_fen});
    std::vector<ContractProject> sorted = n.projects;
    std::sort(sorted.begin(), sorted.end(), [](const ContractProject& a, const ContractProject& b) {
      return a.project_id < b.project_id;
    });
    int64_t total = 0;
    for (const ContractProject& p : sorted) total += p.weight;
    int64_t before = 0;
    for (const ContractProject& p : sorted) {
      projects.push_back({p.project_id, c.id, p.weight, before, total});
      before += p.weight;
    }
    for (const Due& due : n.dues) {
      const auto received = n.received.find(due.no);
      dues.push_back(DueParams(c.id, due, received == n.received.end() ? 0 : received->second));
    }
  }
  RETURN_IF_ERROR(mysql::BulkInsert(tx, "operating_contract", kContract, rows).status());
  RETURN_IF_ERROR(
      mysql::BulkInsert(tx, "contract_asset", "(asset_id, contract_id, weight_fen)", assets)
          .status());
  if (!projects.empty()) {
    RETURN_IF_ERROR(mysql::BulkInsert(
                        tx, "contract_project",
                        "(project_id, contract_id, weight, weight_before, weight_total)", projects)
                        .status());
  }
  if (dues.empty()) return absl::OkStatus();
  return mysql::BulkInsert(tx, "income_due", kDueColumns, dues).status();
}

absl::Status UpdateContract(mysql::Tx& tx, ContractRow* c) {
  ASSIGN_OR_RETURN(
      const int64_t matched,
      tx.Execute("UPDATE operating_contract SET version = version + 1, state = ?, "
                 "ended_on = ?, end_reason = ?, terms = ? WHERE id = ? AND version = ?",
                 {Number(c->state), c->ended_on, c->end_reason, c->terms, c->id, c->version}));
  if (matched != 1) return EtagMismatch();
  ++c->version;
  return absl::OkStatus();
}

absl::StatusOr<std::optional<ContractRow>> FindContract(mysql::Executor& db, const Ulid& id,
                                                        const std::vector<std::string>& scope,
                                                        bool for_update) {
  Params params = {id};
  std::string sql = Cat("SELECT ", kContract, " FROM operating_contract WHERE id = ? AND ");
  sql += mysql::RegionClause(scope, "region_path", &params) + ForUpdate(for_update);
  return One<ContractRow>(db.Query(sql, params), ToContract);
}

absl::StatusOr<std::vector<ContractRow>> FindContracts(mysql::Executor& db,
                                                       const std::vector<Ulid>& ids,
                                                       const std::vector<std::string>& scope) {
  if (ids.empty()) return std::vector<ContractRow>();
  Params params(ids.begin(), ids.end());
  std::string sql = Cat("SELECT ", kContract, " FROM operating_contract WHERE id IN (",
                        mysql::Placeholders(ids.size()), ") AND ");
  sql += mysql::RegionClause(scope, "region_path", &params);
  return Map<ContractRow>(db.Query(sql, params), ToContract);
}

absl::StatusOr<std::vector<ContractRow>> ListContracts(mysql::Executor& db,
                                                       const std::vector<std::string>& scope,
                                                       const ContractFilter& filter,
                                                       const PageKey& after, int limit) {
  std::string conditions;
  Params values;
  if (filter.state != 0) {
    conditions += " AND state = ?";
    values.push_back(filter.state);
  } else {
    conditions += " AND state <> ?";
    values.push_back(Number(ContractState::kVoid));
  }
  if (filter.asset_id) {
    conditions += " AND id IN (SELECT contract_id FROM contract_asset WHERE asset_id = ?)";
    values.push_back(*filter.asset_id);
  }
  if (filter.id) {
    conditions += " AND id = ?";
    values.push_back(*filter.id);
  }
  if (filter.in_arrears) {
    conditions +=
        " AND EXISTS (SELECT 1 FROM income_due d WHERE d.contract_id = operating_contract.id AND "
        "d.due_date <= ? AND d.due_fen > d.received_fen)";
    values.push_back(filter.today);
  }
  Params params;
  const std::string page =
      Page(scope, filter.region_prefix, conditions, std::move(values), after, limit, &params);
  return Map<ContractRow>(
      db.Query(Cat("SELECT ", kContract, " FROM operating_contract WHERE ", page), params),
      ToContract);
}

absl::StatusOr<std::vector<ContractRow>> ContractsAfter(
    mysql::Executor& db, const Ulid& after, int limit,
    const std::optional<std::vector<std::string>>& scope) {
  Params params = {after};
  std::string sql = Cat("SELECT ", kContract, " FROM operating_contract WHERE id > ?");
  if (scope) sql += " AND " + mysql::RegionClause(*scope, "region_path", &params);
  sql += " ORDER BY id LIMIT ?";
  params.push_back(limit);
  return Map<ContractRow>(db.Query(sql, params), ToContract);
}

absl::StatusOr<std::vector<ContractSums>> SumsOf(mysql::Executor& db, const std::vector<Ulid>& ids,
                                                 absl::CivilDay today) {
  std::vector<ContractSums> out(ids.size());
  if (ids.empty()) return out;
  Params params = {today, today};
  for (const Ulid& id : ids) params.push_back(id);
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(Cat("SELECT contract_id, CAST(SUM(COALESCE(due_fen, 0)) AS SIGNED), "
                   "CAST(SUM(received_fen) AS SIGNED), "
                   "CAST(SUM(CASE WHEN due_date <= ? AND due_fen > received_fen THEN due_fen - "
                   "received_fen "
                   "ELSE 0 END) AS SIGNED), "
                   "MIN(CASE WHEN due_date <= ? AND due_fen > received_fen THEN due_date END) "
                   "FROM income_due WHERE contract_id IN (",
                   mysql::Placeholders(ids.size()), ") GROUP BY contract_id"),
               params));
  std::map<Ulid, ContractSums> by_id;
  for (const Row& r : rows) by_id[r.Id(0)] = {r.Int(1), r.Int(2), r.Int(3), r.OptDay(4)};
  for (size_t i = 0; i < ids.size(); ++i) out[i] = by_id[ids[i]];
  return out;
}

absl::StatusOr<std::vector<ContractAsset>> AssetsOfContract(mysql::Executor& db, const Ulid& id) {
  return Map<ContractAsset>(
      db.Query(
          "SELECT asset_id, weight_fen FROM contract_asset WHERE contract_id = ? ORDER BY asset_id",
          {id}),
      [](const Row& r) {
        return ContractAsset{r.Id(0), r.Int(1)};
      });
}

absl::StatusOr<std::map<Ulid, std::vector<AssetMoney>>> AssetMoneyOfContracts(
    mysql::Executor& db, const std::vector<Ulid>& contract_ids) {
  std::map<Ulid, std::vector<AssetMoney>> out;
  if (contract_ids.empty()) return out;
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(
          Cat("SELECT c.contract_id, c.asset_id, c.weight_fen, a.received_fen, a.declared_fen "
              "FROM contract_asset c JOIN asset a ON a.id = c.asset_id WHERE c.contract_id IN "
              "(",
              mysql::Placeholders(contract_ids.size()), ") ORDER BY c.contract_id, c.asset_id"),
          mysql::Params(contract_ids.begin(), contract_ids.end())));
  for (const Row& row : rows) {
    out[row.Id(0)].push_back({{row.Id(1), row.Int(2)}, row.Int(3), row.Int(4)});
  }
  return out;
}

absl::StatusOr<std::vector<std::pair<Ulid, std::string>>> AssetDetailsOfContracts(
    mysql::Executor& db, const std::vector<Ulid>& contract_ids) {
  if (contract_ids.empty()) return std::vector<std::pair<Ulid, std::string>>();
  const mysql::Params params(contract_ids.begin(), contract_ids.end());
  return Map<std::pair<Ulid, std::string>>(
      db.Query(Cat("SELECT c.contract_id, a.details FROM contract_asset c JOIN asset a ON a.id = "
                   "c.asset_id WHERE c.contract_id IN (",
                   mysql::Placeholders(contract_ids.size()), ")"),
               params),
      [](const Row& r) { return std::make_pair(r.Id(0), r.String(1)); });
}

absl::StatusOr<std::vector<Ulid>> ContractsOfAssets(mysql::Executor& db,
                                                    const std::vector<Ulid>& assets) {
  if (assets.empty()) return std::vector<Ulid>();
  const mysql::Params params(assets.begin(), assets.end());
  return Map<Ulid>(
      db.Query(Cat("SELECT DISTINCT contract_id FROM contract_asset WHERE asset_id IN (",
                   mysql::Placeholders(assets.size()), ")"),
               params),
      [](const Row& r) { return r.Id(0); });
}

absl::StatusOr<std::vector<Ulid>> ProjectsOfContract(mysql::Executor& db, const Ulid& id) {
  return Map<Ulid>(
      db.Query("SELECT project_id FROM contract_project WHERE contract_id = ? ORDER BY project_id",
               {id}),
      [](const Row& r) { return r.Id(0); });
}

absl::StatusOr<std::vector<Ulid>> ContractsToEnd(mysql::Executor& db, absl::CivilDay today,
                                                 int limit) {
  return Map<Ulid>(db.Query("SELECT id FROM operating_contract WHERE state = ? AND end_date < ? "
                            "ORDER BY end_date LIMIT ?",
                            {Number(ContractState::kActive), today, limit}),
                   [](const Row& r) { return r.Id(0); });
}

absl::StatusOr<std::vector<DueRow>> ListDues(mysql::Executor& db, const Ulid& contract_id,
                                             int32_t after_no, int limit) {
  return Map<DueRow>(
      db.Query(Cat("SELECT ", kDue,
                   " FROM income_due WHERE contract_id = ? AND due_no > ? ORDER BY due_no LIMIT ?"),
               {contract_id, after_no, limit}),
      ToDue);
}

absl::StatusOr<std::optional<DueRow>> FindDue(mysql::Executor& db, const Ulid& contract_id,
                                              int32_t no) {
  return One<DueRow>(
      db.Query(Cat("SELECT ", kDue, " FROM income_due WHERE contract_id = ? AND due_no = ?"),
               {contract_id, no}),
      ToDue);
}

absl::StatusOr<std::map<Ulid, OpenDues>> OldestOpenDues(mysql::Executor& db,
                                                        const std::vector<Ulid>& contract_ids) {
  std::map<Ulid, OpenDues> out;
  if (contract_ids.empty()) return out;
  mysql::Params params;
  for (const Ulid& id : contract_ids) params.emplace_back(id);
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(Cat("SELECT contract_id, due_no, period_from, due_date, due_fen IS NULL FROM "
                   "income_due WHERE contract_id IN (",
                   mysql::Placeholders(contract_ids.size()),
                   ") AND (due_fen IS NULL OR received_fen < due_fen) ORDER BY contract_id, "
                   "due_date, due_no"),
               params));
  for (const mysql::Row& row : rows) {
    OpenDues& dues = out[row.Id(0)];
    std::optional<OpenDue>& first = row.Bool(4) ? dues.base : dues.income;
    if (!first) first = OpenDue{static_cast<int32_t>(row.Int(1)), row.Day(2), row.Day(3)};
  }
  return out;
}

absl::Status SetDueBase(mysql::Tx& tx, const Ulid& contract_id, const Due& due) {
  return tx
      .Execute(
          "UPDATE income_due SET base_fen = ?, due_fen = ? WHERE contract_id = ? AND due_no = ?",
          {due.base_fen, due.due_fen, contract_id, due.no})
      .status();
}

absl::StatusOr<bool> AddReceived(mysql::Tx& tx, const Ulid& contract_id, int32_t no, int64_t fen) {
  ASSIGN_OR_RETURN(
      const int64_t matched,
      tx.Execute("UPDATE income_due SET received_fen = received_fen + ? WHERE contract_id = ? AND "
                 "due_no = ? AND due_fen IS NOT NULL AND received_fen + ? BETWEEN 0 AND due_fen",
                 {fen, contract_id, no, fen}));
  return matched == 1;
}

absl::Status DeleteDuesAfter(mysql::Tx& tx, const Ulid& contract_id, absl::CivilDay day) {
  return tx
      .Execute(
          "DELETE FROM income_due WHERE contract_id = ? AND period_from > ? AND received_fen = 0",
          {contract_id, day})
      .status();
}

absl::Status ReplaceDue(mysql::Tx& tx, const Ulid& contract_id, const Due& due) {
  return tx
      .Execute(
          "UPDATE income_due SET period_to = ?, due_date = ?, fixed_fen = ?, due_fen = ? "
          "WHERE contract_id = ? AND due_no = ?",
          {due.to, due.due_date, due.fixed_fen, due.due_fen, contract_id, due.no})
      .status();
}

}  // namespace bangfu::asset::store

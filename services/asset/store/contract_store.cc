#include "services/asset/store/contract_store.h"

#include <algorithm>
#include <map>

#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace bangfu::asset::store {
namespace {

using mysql::Param;
using mysql::Params;
using mysql::Row;

template <typename E>
int Number(E value) {
  return static_cast<int>(value);
}

std::optional<Ulid> OptId(const Row& r, size_t i) {
  if (r.IsNull(i)) return std::nullopt;
  return r.Id(i);
}

// "region in scope AND region in prefix AND behind the key ORDER BY region_path, id LIMIT n".
std::string Page(const std::vector<std::string>& scope, const std::string& region_prefix,
                 const std::string& conditions, Params conditions_params, const PageKey& after,
                 int limit, Params* params) {
  std::string sql = mysql::RegionClause(scope, "region_path", params);
  if (!region_prefix.empty()) {
    sql += " AND " + mysql::RegionClause({region_prefix}, "region_path", params);
  }
  sql += conditions;
  for (Param& p : conditions_params) params->push_back(std::move(p));
  if (after.id) {
    sql += " AND region_path >= ? AND (region_path > ? OR id > ?)";
    params->push_back(after.region_path);
    params->push_back(after.region_path);
    params->push_back(*after.id);
  }
  sql += " ORDER BY region_path, id LIMIT ?";
  params->push_back(limit);
  return sql;
}

template <typename T, typename F>
absl::StatusOr<std::vector<T>> Map(absl::StatusOr<mysql::Rows> rows, F from) {
  if (!rows.ok()) return rows.status();
  std::vector<T> out;
  out.reserve(rows->size());
  for (const Row& row : *rows) out.push_back(from(row));
  return out;
}

template <typename T, typename F>
absl::StatusOr<std::optional<T>> One(absl::StatusOr<mysql::Rows> rows, F from) {
  if (!rows.ok()) return rows.status();
  if (rows->empty()) return std::optional<T>();
  return std::optional<T>(from(rows->front()));
}

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

constexpr std::string_view kIncome =
    "id, contract_id, due_no, asset_id, received_fen, received_on, voucher_no, reverses_id, "
    "reason, "
    "recorded_by, recorded_at";

IncomeRow ToIncome(const Row& r) {
  IncomeRow i;
  i.id = r.Id(0);
  i.contract_id = OptId(r, 1);
  i.due_no = static_cast<int32_t>(r.Int(2));
  i.asset_id = OptId(r, 3);
  i.received_fen = r.Int(4);
  i.received_on = r.Day(5);
  i.voucher_no = r.String(6);
  i.reverses_id = OptId(r, 7);
  i.reason = r.String(8);
  i.recorded_by = r.String(9);
  i.recorded_at = r.Time(10);
  return i;
}

constexpr std::string_view kDividend =
    "id, version, project_id, asset_id, region_path, dividend_use, period, declared_on, "
    "declared_fen, "
    "paid_fen, last_paid_on, households, poor_households";

DividendRow ToDividend(const Row& r) {
  DividendRow d;
  d.id = r.Id(0);
  d.version = r.Int(1);
  d.project_id = OptId(r, 2);
  d.asset_id = r.Id(3);
  d.region_path = r.String(4);
  d.use = static_cast<DividendUse>(r.Int(5));
  d.period = r.String(6);
  d.declared_on = r.Day(7);
  d.declared_fen = r.Int(8);
  d.paid_fen = r.Int(9);
  d.last_paid_on = r.OptDay(10);
  d.households = r.Int(11);
  d.poor_households = r.Int(12);
  return d;
}

constexpr std::string_view kLinkage =
    "id, version, project_id, region_path, mode_code, operator_uscc, operator_name, households, "
    "poor_households, monitored_households, start_date, end_date, end_reason";
// With the sum of its months.
constexpr std::string_view kLinkageSum =
    ", CAST(COALESCE((SELECT SUM(paid_fen) FROM linkage_income WHERE linkage_id = linkage.id), 0) "
    "AS "
    "SIGNED)";

LinkageRow ToLinkage(const Row& r) {
  LinkageRow l;
  l.id = r.Id(0);
  l.version = r.Int(1);
  l.project_id = r.Id(2);
  l.region_path = r.String(3);
  l.mode_code = r.String(4);
  l.operator_uscc = r.String(5);
  l.operator_name = r.String(6);
  l.households = r.Int(7);
  l.poor_households = r.Int(8);
  l.monitored_households = r.Int(9);
  l.start_date = r.Day(10);
  l.end_date = r.OptDay(11);
  l.end_reason = r.String(12);
  l.income_paid_fen = r.Int(13);
  return l;
}

constexpr std::string_view kEmployment =
    "id, version, project_id, region_path, month, kind, workers, poor_workers, monitored_workers, "
    "person_days, poor_person_days, wages_fen, poor_wages_fen, source, operation_report_id";

EmploymentRow ToEmployment(const Row& r) {
  EmploymentRow e;
  e.id = r.Id(0);
  e.version = r.Int(1);
  e.project_id = r.Id(2);
  e.region_path = r.String(3);
  e.month = r.String(4);
  e.kind = static_cast<EmploymentKind>(r.Int(5));
  e.workers = r.Int(6);
  e.poor_workers = r.Int(7);
  e.monitored_workers = r.Int(8);
  e.person_days = r.Int(9);
  e.poor_person_days = r.Int(10);
  e.wages_fen = r.Int(11);
  e.poor_wages_fen = r.Int(12);
  e.source = static_cast<EmploymentSource>(r.Int(13));
  if (!r.IsNull(14)) e.operation_report_id = r.Id(14);
  return e;
}

std::string ForUpdate(bool for_update) { return for_update ? " FOR UPDATE" : ""; }

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

absl::Status InsertIncome(mysql::Tx& tx, const std::vector<IncomeRow>& rows) {
  if (rows.empty()) return absl::OkStatus();
  std::vector<Params> params;
  for (const IncomeRow& i : rows) {
    params.push_back({i.id, i.contract_id, i.due_no, i.asset_id, i.received_fen, i.received_on,
                      i.voucher_no, i.reverses_id, i.reason, i.recorded_by, i.recorded_at});
  }
  return mysql::BulkInsert(tx, "income_record", kIncome, params).status();
}

absl::StatusOr<std::optional<IncomeRow>> FindIncome(mysql::Executor& db, const Ulid& id) {
  return One<IncomeRow>(db.Query(Cat("SELECT ", kIncome, " FROM income_record WHERE id = ?"), {id}),
                        ToIncome);
}

absl::StatusOr<std::vector<IncomeRow>> ListIncome(mysql::Executor& db,
                                                  const std::optional<Ulid>& contract_id,
                                                  const std::optional<Ulid>& asset_id,
                                                  const std::optional<Ulid>& after, int limit) {
  std::string sql = Cat("SELECT ", kIncome, " FROM income_record WHERE ");
  Params params;
  if (contract_id) {
    sql += "contract_id = ?";
    params.push_back(*contract_id);
  } else {
    sql += "asset_id = ?";
    params.push_back(asset_id);
  }
  if (after) {
    sql += " AND id > ?";
    params.push_back(*after);
  }
  sql += " ORDER BY id LIMIT ?";
  params.push_back(limit);
  return Map<IncomeRow>(db.Query(sql, params), ToIncome);
}

absl::StatusOr<std::set<Ulid>> ContractsWithIncome(mysql::Executor& db,
                                                   const std::vector<Ulid>& contract_ids) {
  std::set<Ulid> out;
  if (contract_ids.empty()) return out;
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(Cat("SELECT DISTINCT contract_id FROM income_record WHERE contract_id IN (",
                   mysql::Placeholders(contract_ids.size()), ")"),
               Params(contract_ids.begin(), contract_ids.end())));
  for (const Row& row : rows) out.insert(row.Id(0));
  return out;
}

absl::StatusOr<std::set<Ulid>> ContractsWithBases(mysql::Executor& db,
                                                  const std::vector<Ulid>& contract_ids,
                                                  absl::CivilDay today) {
  std::set<Ulid> out;
  if (contract_ids.empty()) return out;
  Params params(contract_ids.begin(), contract_ids.end());
  params.insert(params.end(), {today, Number(RateBase::kOutput), Number(RateBase::kSales),
                               Number(RateBase::kProfit)});
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(Cat("SELECT DISTINCT contract_id FROM income_due WHERE contract_id IN (",
                   mysql::Placeholders(contract_ids.size()),
                   ") AND period_from <= ? AND rate_bp > 0 AND rate_base IN (?, ?, ?)"),
               params));
  for (const Row& row : rows) out.insert(row.Id(0));
  return out;
}

absl::Status InsertDividend(mysql::Tx& tx, const DividendRow& d) {
  return tx
      .Execute(Cat("INSERT INTO dividend (", kDividend, ") VALUES (", mysql::Placeholders(13), ")"),
               {d.id, d.version, d.project_id, d.asset_id, d.region_path, Number(d.use), d.period,
                d.declared_on, d.declared_fen, d.paid_fen, d.last_paid_on, d.households,
                d.poor_households})
      .status();
}

absl::Status InsertDividends(mysql::Tx& tx, const std::vector<DividendRow>& rows,
                             const std::vector<DividendPayment>& payments) {
  if (rows.empty()) return absl::OkStatus();
  std::vector<Params> params;
  for (const DividendRow& d : rows) {
    params.push_back({d.id, d.version, d.project_id, d.asset_id, d.region_path, Number(d.use),
                      d.period, d.declared_on, d.declared_fen, d.paid_fen, d.last_paid_on,
                      d.households, d.poor_households});
  }
  RETURN_IF_ERROR(mysql::BulkInsert(tx, "dividend", kDividend, params).status());
  if (payments.empty()) return absl::OkStatus();
  params.clear();
  for (const DividendPayment& p : payments) {
    params.push_back({p.dividend_id, p.id, p.paid_fen, p.paid_on, p.voucher_no});
  }
  return mysql::BulkInsert(tx, "dividend_payment",
                           "(dividend_id, id, paid_fen, paid_on, voucher_no)", params)
      .status();
}

absl::Status InsertLinkageIncome(mysql::Tx& tx, const std::vector<LinkageIncome>& rows) {
  if (rows.empty()) return absl::OkStatus();
  std::vector<Params> params;
  for (const LinkageIncome& i : rows) {
    params.push_back({i.linkage_id, i.month, i.project_id, i.paid_fen});
  }
  return mysql::BulkInsert(tx, "linkage_income", "(linkage_id, month, project_id, paid_fen)",
                           params)
      .status();
}

absl::StatusOr<bool> PayDividend(mysql::Tx& tx, DividendRow* row, const Ulid& payment_id,
                                 int64_t paid_fen, absl::CivilDay paid_on,
                                 const std::string& voucher) {
  if (row->paid_fen + paid_fen > row->declared_fen) return false;
  ASSIGN_OR_RETURN(
      const int64_t matched,
      tx.Execute("UPDATE dividend SET version = version + 1, paid_fen = paid_fen + ?, "
                 "last_paid_on = ? WHERE id = ? AND version = ? AND paid_fen + ? <= declared_fen",
                 {paid_fen, paid_on, row->id, row->version, paid_fen}));
  if (matched != 1) return EtagMismatch().Build();
  RETURN_IF_ERROR(tx.Execute("INSERT INTO dividend_payment (dividend_id, id, paid_fen, paid_on, "
                             "voucher_no) VALUES (?, ?, ?, ?, ?)",
                             {row->id, payment_id, paid_fen, paid_on, voucher})
                      .status());
  ++row->version;
  row->paid_fen += paid_fen;
  row->last_paid_on = paid_on;
  return true;
}

absl::StatusOr<std::optional<DividendRow>> FindDividend(mysql::Executor& db, const Ulid& id,
                                                        const std::vector<std::string>& scope,
                                                        bool for_update) {
  Params params = {id};
  std::string sql = Cat("SELECT ", kDividend, " FROM dividend WHERE id = ? AND ");
  sql += mysql::RegionClause(scope, "region_path", &params) + ForUpdate(for_update);
  return One<DividendRow>(db.Query(sql, params), ToDividend);
}

absl::StatusOr<std::vector<Ulid>> UnpaidDividendsAfter(mysql::Executor& db, const Ulid& after,
                                                       int limit) {
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   db.Query("SELECT id FROM dividend WHERE id > ? AND paid_fen < declared_fen "
                            "ORDER BY id LIMIT ?",
                            {after, limit}));
  std::vector<Ulid> out;
  for (const Row& row : rows) out.push_back(row.Id(0));
  return out;
}

absl::StatusOr<std::vector<DividendRow>> LockDividends(mysql::Tx& tx,
                                                       const std::vector<Ulid>& ids) {
  if (ids.empty()) return std::vector<DividendRow>();
  Params params;
  for (const Ulid& id : ids) params.emplace_back(id);
  return Map<DividendRow>(tx.Query(Cat("SELECT ", kDividend, " FROM dividend WHERE id IN (",
                                       mysql::Placeholders(ids.size()), ") ORDER BY id FOR UPDATE"),
                                   params),
                          ToDividend);
}

absl::StatusOr<std::vector<DividendRow>> ListDividends(
    mysql::Executor& db, const std::vector<std::string>& scope, const std::string& region_prefix,
    const std::optional<Ulid>& project_id, bool unpaid, const PageKey& after, int limit) {
  std::string conditions;
  Params values;
  if (project_id) {
    conditions += " AND project_id = ?";
    values.push_back(*project_id);
  }
  if (unpaid) conditions += " AND paid_fen < declared_fen";
  Params params;
  const std::string page =
      Page(scope, region_prefix, conditions, std::move(values), after, limit, &params);
  return Map<DividendRow>(
      db.Query(Cat("SELECT ", kDividend, " FROM dividend WHERE ", page), params), ToDividend);
}

absl::Status InsertLinkages(mysql::Tx& tx, const std::vector<LinkageRow>& rows) {
  if (rows.empty()) return absl::OkStatus();
  std::vector<Params> params;
  std::vector<Params> counts;
  for (const LinkageRow& l : rows) {
    params.push_back({l.id, l.version, l.project_id, l.region_path, l.mode_code, l.operator_uscc,
                      l.operator_name, l.households, l.poor_households, l.monitored_households,
                      l.start_date, l.end_date, l.end_reason});
    counts.push_back({l.id, l.start_date, l.project_id, l.households});
  }
  RETURN_IF_ERROR(mysql::BulkInsert(tx, "linkage", kLinkage, params).status());
  return mysql::BulkInsert(tx, "linkage_count", "(linkage_id, since, project_id, households)",
                           counts)
      .status();
}

absl::Status UpdateLinkage(mysql::Tx& tx, LinkageRow* l) {
  ASSIGN_OR_RETURN(const int64_t matched,
                   tx.Execute("UPDATE linkage SET version = version + 1, households = ?, "
                              "poor_households = ?, monitored_households = ?, end_date = ?, "
                              "end_reason = ? WHERE id = ? AND version = ?",
                              {l->households, l->poor_households, l->monitored_households,
                               l->end_date, l->end_reason, l->id, l->version}));
  if (matched != 1) return EtagMismatch();
  ++l->version;
  return absl::OkStatus();
}

absl::Status PutLinkageCount(mysql::Tx& tx, const LinkageRow& row, absl::CivilDay since) {
  RETURN_IF_ERROR(
      tx.Execute("DELETE FROM linkage_count WHERE linkage_id = ? AND since > ?", {row.id, since})
          .status());
  return tx
      .Execute(
          "INSERT INTO linkage_count (linkage_id, since, project_id, households) "
          "VALUES (?, ?, ?, ?) ON DUPLICATE KEY UPDATE households = VALUES(households)",
          {row.id, since, row.project_id, row.households})
      .status();
}

absl::Status PutLinkageIncome(mysql::Tx& tx, const LinkageRow& row, const std::string& month,
                              int64_t paid_fen) {
  return tx
      .Execute(
          "INSERT INTO linkage_income (linkage_id, month, project_id, paid_fen) "
          "VALUES (?, ?, ?, ?) ON DUPLICATE KEY UPDATE paid_fen = VALUES(paid_fen)",
          {row.id, month, row.project_id, paid_fen})
      .status();
}

absl::StatusOr<std::optional<LinkageRow>> FindLinkage(mysql::Executor& db, const Ulid& id,
                                                      const std::vector<std::string>& scope) {
  Params params = {id};
  std::string sql = Cat("SELECT ", kLinkage, kLinkageSum, " FROM linkage WHERE id = ? AND ");
  sql += mysql::RegionClause(scope, "region_path", &params);
  return One<LinkageRow>(db.Query(sql, params), ToLinkage);
}

absl::StatusOr<std::set<std::string>> LinkedModes(mysql::Executor& db, const Ulid& project_id,
                                                  absl::CivilDay day) {
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   db.Query("SELECT mode_code FROM linkage WHERE project_id = ? AND "
                            "start_date <= ? AND (end_date IS NULL OR end_date >= ?)",
                            {project_id, day, day}));
  std::set<std::string> out;
  for (const Row& r : rows) out.insert(r.String(0));
  return out;
}

absl::StatusOr<std::vector<LinkageRow>> ListLinkages(mysql::Executor& db,
                                                     const std::vector<std::string>& scope,
                                                     const std::string& region_prefix,
                                                     const std::optional<Ulid>& project_id,
                                                     const PageKey& after, int limit) {
  std::string conditions;
  Params values;
  if (project_id) {
    conditions = " AND project_id = ?";
    values.push_back(*project_id);
  }
  Params params;
  const std::string page =
      Page(scope, region_prefix, conditions, std::move(values), after, limit, &params);
  return Map<LinkageRow>(
      db.Query(Cat("SELECT ", kLinkage, kLinkageSum, " FROM linkage WHERE ", page), params),
      ToLinkage);
}

absl::Status InsertEmployment(mysql::Tx& tx, const EmploymentRow& e) {
  return tx
      .Execute(
          Cat("INSERT INTO employment (", kEmployment, ") VALUES (", mysql::Placeholders(15), ")"),
          {e.id, e.version, e.project_id, e.region_path, e.month, Number(e.kind), e.workers,
           e.poor_workers, e.monitored_workers, e.person_days, e.poor_person_days, e.wages_fen,
           e.poor_wages_fen, Number(e.source), e.operation_report_id})
      .status();
}

absl::Status UpdateEmployment(mysql::Tx& tx, EmploymentRow* e) {
  ASSIGN_OR_RETURN(
      const int64_t matched,
      tx.Execute("UPDATE employment SET version = version + 1, workers = ?, "
                 "poor_workers = ?, monitored_workers = ?, person_days = ?, "
                 "poor_person_days = ?, wages_fen = ?, poor_wages_fen = ?, source = ?, "
                 "operation_report_id = ? WHERE id = ? AND version = ?",
                 {e->workers, e->poor_workers, e->monitored_workers, e->person_days,
                  e->poor_person_days, e->wages_fen, e->poor_wages_fen, Number(e->source),
                  e->operation_report_id, e->id, e->version}));
  if (matched != 1) return EtagMismatch();
  ++e->version;
  return absl::OkStatus();
}

absl::StatusOr<std::optional<EmploymentRow>> FindEmployment(mysql::Executor& db,
                                                            const Ulid& project_id,
                                                            const std::string& month,
                                                            EmploymentKind kind) {
  return One<EmploymentRow>(
      db.Query(Cat("SELECT ", kEmployment,
                   " FROM employment WHERE project_id = ? AND month = ? AND kind = ?"),
               {project_id, month, Number(kind)}),
      ToEmployment);
}

absl::StatusOr<std::vector<EmploymentRow>> ListEmployment(mysql::Executor& db,
                                                          const std::vector<std::string>& scope,
                                                          const std::string& region_prefix,
                                                          const std::optional<Ulid>& project_id,
                                                          const PageKey& after, int limit) {
  std::string conditions;
  Params values;
  if (project_id) {
    conditions = " AND project_id = ?";
    values.push_back(*project_id);
  }
  Params params;
  const std::string page =
      Page(scope, region_prefix, conditions, std::move(values), after, limit, &params);
  return Map<EmploymentRow>(
      db.Query(Cat("SELECT ", kEmployment, " FROM employment WHERE ", page), params), ToEmployment);
}

}  // namespace bangfu::asset::store

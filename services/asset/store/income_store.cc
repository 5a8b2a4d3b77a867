#include "services/asset/store/income_store.h"

#include <utility>

#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/asset/store/row_reading.h"

namespace bangfu::asset::store {
namespace {

using mysql::Params;
using mysql::Row;

constexpr std::string_view kIncome =
    "id, contract_id, due_no, asset_id, received_fen, received_on, voucher_no, reverses_id, "
    "reason, "
    "recorded_by, recorded_at";
// To be read beside them: a reversal names what it takes back.
constexpr std::string_view kReversedBy =
    "(SELECT b.id FROM income_record b WHERE b.reverses_id = income_record.id)";

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
  i.reversed_by = OptId(r, 11);
  return i;
}

constexpr std::string_view kDividend =
    "id, version, project_id, asset_id, region_path, dividend_use, period, declared_on, "
    "declared_fen, "
    "paid_fen, last_paid_on, households, poor_households, void_reason";

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
  d.void_reason = r.String(13);
  return d;
}

}  // namespace

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
  ASSIGN_OR_RETURN(std::vector<IncomeRow> rows, FindIncomes(db, {id}));
  if (rows.empty()) return std::nullopt;
  return std::move(rows.front());
}

absl::StatusOr<std::vector<IncomeRow>> FindIncomes(mysql::Executor& db,
                                                   const std::vector<Ulid>& ids) {
  if (ids.empty()) return std::vector<IncomeRow>();
  return Map<IncomeRow>(
      db.Query(Cat("SELECT ", kIncome, ", ", kReversedBy, " FROM income_record WHERE id IN (",
                   mysql::Placeholders(ids.size()), ")"),
               Params(ids.begin(), ids.end())),
      ToIncome);
}

absl::StatusOr<std::vector<IncomeRow>> ListIncome(mysql::Executor& db,
                                                  const std::optional<Ulid>& contract_id,
                                                  const std::optional<Ulid>& asset_id,
                                                  const std::optional<Ulid>& after, int limit) {
  std::string sql = Cat("SELECT ", kIncome, ", ", kReversedBy, " FROM income_record WHERE ");
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
      .Execute(Cat("INSERT INTO dividend (", kDividend, ") VALUES (", mysql::Placeholders(14), ")"),
               {d.id, d.version, d.project_id, d.asset_id, d.region_path, Number(d.use), d.period,
                d.declared_on, d.declared_fen, d.paid_fen, d.last_paid_on, d.households,
                d.poor_households, d.void_reason})
      .status();
}

absl::Status InsertDividends(mysql::Tx& tx, const std::vector<DividendRow>& rows,
                             const std::vector<DividendPayment>& payments) {
  if (rows.empty()) return absl::OkStatus();
  std::vector<Params> params;
  for (const DividendRow& d : rows) {
    params.push_back({d.id, d.version, d.project_id, d.asset_id, d.region_path, Number(d.use),
                      d.period, d.declared_on, d.declared_fen, d.paid_fen, d.last_paid_on,
                      d.households, d.poor_households, d.void_reason});
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

absl::StatusOr<bool> PayDividend(mysql::Tx& tx, DividendRow* row, const Ulid& payment_id,
                                 int64_t paid_fen, absl::CivilDay paid_on,
                                 const std::string& voucher) {
  if (row->paid_fen + paid_fen > row->declared_fen) return false;
  ASSIGN_OR_RETURN(
      const int64_t matched,
      tx.Execute("UPDATE dividend SET version = version + 1, paid_fen = paid_fen + ?, "
                 "last_paid_on = ? WHERE id = ? AND version = ? AND void_reason = '' AND "
                 "paid_fen + ? <= declared_fen",
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

absl::Status VoidDividend(mysql::Tx& tx, DividendRow* row, const std::string& reason) {
  ASSIGN_OR_RETURN(const int64_t matched,
                   tx.Execute("UPDATE dividend SET version = version + 1, void_reason = ? WHERE id "
                              "= ? AND version = ? AND void_reason = '' AND paid_fen = 0",
                              {reason, row->id, row->version}));
  if (matched != 1) return EtagMismatch().Build();
  ++row->version;
  row->void_reason = reason;
  return absl::OkStatus();
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
                   db.Query("SELECT id FROM dividend WHERE id > ? AND paid_fen < declared_fen AND "
                            "void_reason = '' ORDER BY id LIMIT ?",
                            {after, limit}));
  std::vector<Ulid> out;
  for (const Row& row : rows) out.push_back(row.Id(0));
  return out;
}

absl::StatusOr<std::vector<std::pair<Ulid, Ulid>>> UnpaidDividendsOfAssets(
    mysql::Executor& db, const std::vector<Ulid>& assets) {
  std::vector<std::pair<Ulid, Ulid>> out;
  if (assets.empty()) return out;
  const Params params(assets.begin(), assets.end());
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   db.Query(Cat("SELECT id, asset_id FROM dividend WHERE asset_id IN (",
                                mysql::Placeholders(assets.size()),
                                ") AND paid_fen < declared_fen AND void_reason = ''"),
                            params));
  for (const Row& row : rows) out.emplace_back(row.Id(0), row.Id(1));
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
  if (unpaid) conditions += " AND paid_fen < declared_fen AND void_reason = ''";
  Params params;
  const std::string page =
      Page(scope, region_prefix, conditions, std::move(values), after, limit, &params);
  return Map<DividendRow>(
      db.Query(Cat("SELECT ", kDividend, " FROM dividend WHERE ", page), params), ToDividend);
}

}  // namespace bangfu::asset::store

#include "services/evaluation/store/income_store.h"

#include <map>
#include <utility>

#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/evaluation/store/rows.h"

namespace bangfu::evaluation {

namespace {

constexpr char kIncomeColumns[] =
    "county, month, income_fen, households, households_known, refreshed_at";
constexpr char kComparedColumns[] = "county, last_month, month, income_fen, households, left_out";

}  // namespace

absl::Status StreamFacts(mysql::Executor& db, const std::string& region, std::string_view kind,
                         const std::function<void(std::string_view payload)>& take) {
  mysql::Params params;
  std::string where = mysql::RegionClause({region}, "s.region_path", &params);
  params.emplace_back(kind);
  return db.Stream(Cat("SELECT f.payload FROM subject s JOIN fact_source f ON f.subject_id = "
                       "s.subject_id WHERE s.subject_type = 1 AND s.is_void = 0 AND ",
                       where, " AND f.kind = ?"),
                   params, [&take](const mysql::Row& row) {
                     take(row.String(0));
                     return absl::OkStatus();
                   });
}

absl::StatusOr<std::vector<IncomeMonth>> ListIncome(mysql::Executor& db, const std::string& region,
                                                    const std::string& from_month) {
  mysql::Params params;
  std::string where = mysql::RegionClause({region.substr(0, 6)}, "county", &params);
  params.emplace_back(from_month);
  ASSIGN_OR_RETURN(mysql::Rows rows,
                   db.Query(Cat("SELECT month, CAST(SUM(income_fen) AS SIGNED), "
                                "CAST(SUM(households) AS SIGNED), "
                                "CAST(MIN(households_known) AS SIGNED) FROM household_income "
                                "WHERE ",
                                where, " AND month >= ? GROUP BY month ORDER BY month"),
                            params));
  std::vector<IncomeMonth> out;
  for (const mysql::Row& row : rows) {
    out.push_back({row.String(0), row.Int(1), row.Int(2), row.Bool(3)});
  }
  return out;
}

absl::StatusOr<ComparedIncome> ListComparedIncome(mysql::Executor& db, const std::string& region,
                                                  const std::string& last_month) {
  mysql::Params params;
  std::string where = mysql::RegionClause({region.substr(0, 6)}, "county", &params);
  params.emplace_back(last_month);
  ASSIGN_OR_RETURN(mysql::Rows rows,
                   db.Query(Cat("SELECT month, CAST(SUM(income_fen) AS SIGNED), "
                                "CAST(SUM(households) AS SIGNED), CAST(SUM(left_out) AS SIGNED) "
                                "FROM household_income_compared WHERE ",
                                where, " AND last_month = ? GROUP BY month ORDER BY month"),
                            params));
  ComparedIncome out;
  out.last_month = last_month;
  for (const mysql::Row& row : rows) {
    out.months.push_back({row.String(0), row.Int(1), row.Int(2), true});
    out.left_out = row.Int(3);
  }
  return out;
}

absl::StatusOr<std::vector<std::string>> ListIncomeCounties(mysql::Executor& db,
                                                            const std::string& region) {
  mysql::Params params;
  const std::string of_months = mysql::RegionClause({region.substr(0, 6)}, "county", &params);
  const std::string of_years = mysql::RegionClause({region.substr(0, 6)}, "county", &params);
  ASSIGN_OR_RETURN(
      mysql::Rows rows,
      db.Query(Cat("SELECT county FROM household_income WHERE ", of_months,
                   " UNION SELECT county FROM household_income_compared WHERE ", of_years),
               params));
  std::vector<std::string> out;
  for (const mysql::Row& row : rows) out.push_back(row.String(0));
  return out;
}

absl::Status PutIncome(mysql::Tx& tx, const std::string& county, const std::string& from_month,
                       const std::vector<IncomeMonth>& months,
                       const std::vector<ComparedIncome>& compared, absl::Time now) {
  RETURN_IF_ERROR(tx.Execute("DELETE FROM household_income WHERE county = ? AND month >= ?",
                             {county, from_month})
                      .status());
  RETURN_IF_ERROR(
      tx.Execute("DELETE FROM household_income_compared WHERE county = ?", {county}).status());
  std::vector<mysql::Params> values;
  for (const IncomeMonth& m : months) {
    if (m.month < from_month) continue;
    values.push_back({county, m.month, m.income_fen, m.households, m.households_known, now});
  }
  if (!values.empty()) {
    RETURN_IF_ERROR(mysql::BulkInsert(tx, "household_income", kIncomeColumns, values).status());
  }
  values.clear();
  for (const ComparedIncome& c : compared) {
    for (const IncomeMonth& m : c.months) {
      values.push_back({county, c.last_month, m.month, m.income_fen, m.households, c.left_out});
    }
  }
  if (values.empty()) return absl::OkStatus();
  return mysql::BulkInsert(tx, "household_income_compared", kComparedColumns, values).status();
}

absl::Status GiveIncome(mysql::Tx& tx, const std::string& from, const std::string& to,
                        absl::Time now) {
  ASSIGN_OR_RETURN(
      const mysql::Rows months,
      tx.Query("SELECT month, income_fen, households, households_known FROM household_income "
               "WHERE county = ? FOR UPDATE",
               {from}));
  ASSIGN_OR_RETURN(const mysql::Rows compared,
                   tx.Query("SELECT last_month, month, income_fen, households, left_out FROM "
                            "household_income_compared WHERE county = ? FOR UPDATE",
                            {from}));
  for (const char* sql : {"DELETE FROM household_income WHERE county = ?",
                          "DELETE FROM household_income_compared WHERE county = ?"}) {
    RETURN_IF_ERROR(tx.Execute(sql, {from}).status());
  }
  std::vector<mysql::Params> values;
  for (const mysql::Row& row : months) {
    values.push_back({to, row.String(0), row.Int(1), row.Int(2), row.Bool(3), now});
  }
  if (!values.empty()) {
    RETURN_IF_ERROR(
        mysql::BulkInsert(tx, "household_income", kIncomeColumns, values,
                          "ON DUPLICATE KEY UPDATE income_fen = income_fen + VALUES(income_fen), "
                          "households = households + VALUES(households), households_known = "
                          "LEAST(households_known, VALUES(households_known)), "
                          "refreshed_at = VALUES(refreshed_at)")
            .status());
  }
  values.clear();
  for (const mysql::Row& row : compared) {
    values.push_back({to, row.String(0), row.String(1), row.Int(2), row.Int(3), row.Int(4)});
  }
  if (values.empty()) return absl::OkStatus();
  return mysql::BulkInsert(
             tx, "household_income_compared", kComparedColumns, values,
             "ON DUPLICATE KEY UPDATE income_fen = income_fen + VALUES(income_fen), "
             "households = households + VALUES(households), left_out = left_out + VALUES(left_out)")
      .status();
}

}  // namespace bangfu::evaluation

#include "services/registry/store/fund_source_store.h"

#include <utility>

#include "common/status/error.h"
#include "common/status/macros.h"

namespace bangfu::registry {

absl::StatusOr<std::vector<FundSourceDepartmentRow>> ListFundSourceDepartments(
    mysql::Executor& db) {
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query("SELECT id, source_code, task_code, department_code, valid_from, valid_to, "
               "unconfirmed, version FROM fund_source_department ORDER BY source_code, "
               "task_code, department_code, valid_from"));
  std::vector<FundSourceDepartmentRow> out;
  for (const mysql::Row& r : rows) {
    FundSourceDepartmentRow row;
    row.id = r.Id(0);
    row.rule = {r.String(1), r.String(2), r.String(3), r.Day(4), r.OptDay(5)};
    row.unconfirmed = r.Bool(6);
    row.version = r.Int(7);
    out.push_back(std::move(row));
  }
  return out;
}

absl::Status InsertFundSourceDepartment(mysql::Tx& tx, const FundSourceDepartmentRow& row) {
  return tx
      .Execute(
          "INSERT INTO fund_source_department (id, source_code, task_code, department_code, "
          "valid_from, "
          "valid_to, unconfirmed, version) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
          {row.id, row.rule.source_code, row.rule.task_code, row.rule.department_code,
           row.rule.valid_from, row.rule.valid_to, row.unconfirmed, row.version})
      .status();
}

absl::Status UpdateFundSourceDepartment(mysql::Tx& tx, const FundSourceDepartmentRow& row) {
  ASSIGN_OR_RETURN(
      const int64_t matched,
      tx.Execute("UPDATE fund_source_department SET valid_to = ?, unconfirmed = ?, version = ? "
                 "WHERE id = ? AND version = ?",
                 {row.rule.valid_to, row.unconfirmed, row.version, row.id, row.version - 1}));
  if (matched == 0) return EtagMismatch();
  return absl::OkStatus();
}

}  // namespace bangfu::registry

#include "services/registry/store/parameter_store.h"

#include <string_view>
#include <utility>

#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace bangfu::registry {
namespace {

absl::StatusOr<std::vector<ParameterRow>> QueryParameters(mysql::Executor& db,
                                                          std::string_view rest,
                                                          const mysql::Params& params) {
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(
          Cat("SELECT code, name_zh, value, unit, day_kind, unconfirmed, version FROM parameter ",
              rest),
          params));
  std::vector<ParameterRow> out;
  for (const mysql::Row& r : rows) {
    out.push_back({r.String(0), r.String(1), r.Int(2), r.String(3), static_cast<int>(r.Int(4)),
                   r.Bool(5), r.Int(6)});
  }
  return out;
}

}  // namespace

absl::StatusOr<std::vector<ParameterRow>> ListParameters(mysql::Executor& db) {
  return QueryParameters(db, "ORDER BY code", {});
}

absl::StatusOr<std::optional<ParameterRow>> FindParameter(mysql::Executor& db,
                                                          const std::string& code) {
  ASSIGN_OR_RETURN(std::vector<ParameterRow> rows, QueryParameters(db, "WHERE code = ?", {code}));
  if (rows.empty()) return std::optional<ParameterRow>();
  return std::optional<ParameterRow>(std::move(rows[0]));
}

absl::StatusOr<int64_t> ParameterValue(mysql::Executor& db, const std::string& code,
                                       int64_t otherwise) {
  ASSIGN_OR_RETURN(const std::optional<ParameterRow> row, FindParameter(db, code));
  return row ? row->value : otherwise;
}

absl::StatusOr<int64_t> ScopeStartYear(mysql::Executor& db) {
  return ParameterValue(db, "INVENTORY_SCOPE_START_YEAR", 2012);
}

absl::Status UpdateParameter(mysql::Tx& tx, const ParameterRow& row) {
  ASSIGN_OR_RETURN(
      const int64_t matched,
      tx.Execute(
          "UPDATE parameter SET value = ?, day_kind = ?, unconfirmed = ?, version = ? "
          "WHERE code = ? AND version = ?",
          {row.value, row.day_kind, row.unconfirmed, row.version, row.code, row.version - 1}));
  if (matched == 0) return EtagMismatch();
  return absl::OkStatus();
}

}  // namespace bangfu::registry

#include "services/evaluation/store/disposal_store.h"

#include "common/base/strings.h"
#include "common/status/macros.h"
#include "services/evaluation/store/rows.h"

namespace bangfu::evaluation {

absl::Status PutDisposals(mysql::Tx& tx, const std::vector<DisposalRow>& rows) {
  if (rows.empty()) return absl::OkStatus();
  std::vector<mysql::Params> values;
  values.reserve(rows.size());
  for (const DisposalRow& r : rows) {
    values.push_back({r.asset_id, r.region_path, r.original_value_fen, r.generation});
  }
  return mysql::BulkInsert(tx, "asset_disposal",
                           "asset_id, region_path, original_value_fen, generation", values,
                           "ON DUPLICATE KEY UPDATE region_path = VALUES(region_path), "
                           "original_value_fen = VALUES(original_value_fen), "
                           "generation = VALUES(generation)")
      .status();
}

absl::Status DeleteDisposals(mysql::Tx& tx, const std::vector<Ulid>& asset_ids) {
  if (asset_ids.empty()) return absl::OkStatus();
  mysql::Params params;
  const std::string where = InClause("asset_id", asset_ids, &params);
  return tx.Execute(Cat("DELETE FROM asset_disposal WHERE ", where), params).status();
}

absl::Status DeleteOldDisposals(mysql::Tx& tx, int64_t generation) {
  return tx.Execute("DELETE FROM asset_disposal WHERE generation < ?", {generation}).status();
}

absl::StatusOr<std::optional<std::map<std::string, Disposals>>> SumDisposals(
    mysql::Executor& db, const std::string& region, int digits) {
  mysql::Params params;
  const std::string where = mysql::RegionClause({region}, "region_path", &params);
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   db.Query(Cat("SELECT LEFT(region_path, ", digits,
                                ") AS unit, COUNT(*), CAST(SUM(original_value_fen) AS SIGNED) "
                                "FROM asset_disposal WHERE ",
                                where, " GROUP BY unit"),
                            params));
  std::map<std::string, Disposals> out;
  for (const mysql::Row& row : rows) out[row.String(0)] = {row.Int(1), row.Int(2)};
  if (out.empty()) {
    ASSIGN_OR_RETURN(const mysql::Rows any, db.Query("SELECT 1 FROM asset_disposal LIMIT 1"));
    if (any.empty()) return std::nullopt;
  }
  return out;
}

}  // namespace bangfu::evaluation

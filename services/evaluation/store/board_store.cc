#include "services/evaluation/store/board_store.h"

#include "common/base/strings.h"
#include "common/status/macros.h"

namespace bangfu::evaluation {

absl::StatusOr<std::vector<VillageStates>> SumVillageStates(mysql::Executor& db,
                                                            const std::string& region, int digits) {
  mysql::Params params;
  const std::string where = mysql::RegionClause({region}, "region_path", &params);
  ASSIGN_OR_RETURN(
      mysql::Rows rows,
      db.Query(Cat("SELECT LEFT(u.region_path, ", digits,
                   ") AS unit, u.campaign_id, u.state, COUNT(*), CAST(SUM(u.is_nil) AS SIGNED) "
                   "FROM unit_report_copy u JOIN (SELECT region_path, MAX(campaign_id) AS newest "
                   "FROM unit_report_copy WHERE ",
                   where,
                   " GROUP BY region_path) n ON n.region_path = u.region_path AND "
                   "n.newest = u.campaign_id GROUP BY unit, u.campaign_id, u.state"),
               params));
  std::vector<VillageStates> out;
  for (const mysql::Row& row : rows) {
    out.push_back({row.String(0), row.Id(1), static_cast<int>(row.Int(2)), row.Int(3), row.Int(4)});
  }
  return out;
}

absl::Status PutBoards(mysql::Tx& tx, const std::vector<CountyBoardRow>& rows) {
  if (rows.empty()) return absl::OkStatus();
  std::vector<mysql::Params> values;
  for (const CountyBoardRow& row : rows)
    values.push_back({row.county, row.payload, row.counted_at});
  return mysql::BulkInsert(
             tx, "county_board", "county, payload, counted_at", values,
             "ON DUPLICATE KEY UPDATE payload = VALUES(payload), counted_at = VALUES(counted_at)")
      .status();
}

absl::StatusOr<std::vector<CountyBoardRow>> LoadBoards(mysql::Executor& db,
                                                       const std::string& region) {
  mysql::Params params;
  const std::string where = mysql::RegionClause({region}, "county", &params);
  ASSIGN_OR_RETURN(
      mysql::Rows rows,
      db.Query(Cat("SELECT county, payload, counted_at FROM county_board WHERE ", where), params));
  std::vector<CountyBoardRow> out;
  for (const mysql::Row& row : rows) out.push_back({row.String(0), row.String(1), row.Time(2)});
  return out;
}

}  // namespace bangfu::evaluation

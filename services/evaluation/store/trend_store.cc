#include "services/evaluation/store/trend_store.h"

#include "common/base/strings.h"
#include "common/status/macros.h"
#include "services/evaluation/store/rows.h"
#include "services/evaluation/store/subject_store.h"

namespace bangfu::evaluation {

absl::Status PutChainMonths(mysql::Tx& tx, const std::vector<ChainMonth>& rows, absl::Time now) {
  if (rows.empty()) return absl::OkStatus();
  std::vector<mysql::Params> values;
  values.reserve(rows.size());
  for (const ChainMonth& m : rows) {
    values.push_back({m.industry_id, m.month, m.county, m.links_applicable, m.links_present,
                      m.short_boards_open, m.short_boards_completed, now});
  }
  return mysql::BulkInsert(
             tx, "chain_trend",
             "industry_id, month, county, links_applicable, links_present, short_boards_open, "
             "short_boards_completed, refreshed_at",
             values,
             "ON DUPLICATE KEY UPDATE county = VALUES(county), "
             "links_applicable = VALUES(links_applicable), "
             "links_present = VALUES(links_present), "
             "short_boards_open = VALUES(short_boards_open), "
             "short_boards_completed = VALUES(short_boards_completed), "
             "refreshed_at = VALUES(refreshed_at)")
      .status();
}

absl::StatusOr<std::vector<ChainMonth>> ListChainMonths(mysql::Executor& db,
                                                        const std::string& region,
                                                        const std::optional<Ulid>& industry_id,
                                                        const std::string& from_month,
                                                        const std::string& to_month) {
  mysql::Params params;
  std::string where;
  if (industry_id) {
    where = "industry_id = ?";
    params.emplace_back(*industry_id);
  } else {
    where = mysql::RegionClause({region}, "county", &params);
  }
  params.emplace_back(from_month);
  params.emplace_back(to_month);
  ASSIGN_OR_RETURN(
      mysql::Rows rows,
      db.Query(Cat("SELECT month, CAST(SUM(links_applicable) AS SIGNED), "
                   "CAST(SUM(links_present) AS SIGNED), CAST(SUM(short_boards_open) AS SIGNED), "
                   "CAST(SUM(short_boards_completed) AS SIGNED) FROM chain_trend WHERE ",
                   where, " AND month >= ? AND month <= ? GROUP BY month ORDER BY month"),
               params));
  std::vector<ChainMonth> out;
  for (const mysql::Row& row : rows) {
    ChainMonth& m = out.emplace_back();
    m.month = row.String(0);
    m.links_applicable = row.Int(1);
    m.links_present = row.Int(2);
    m.short_boards_open = row.Int(3);
    m.short_boards_completed = row.Int(4);
  }
  return out;
}

absl::StatusOr<std::vector<Ulid>> ListCountyIndustries(mysql::Executor& db,
                                                       const std::string& county) {
  ASSIGN_OR_RETURN(mysql::Rows rows,
                   db.Query("SELECT subject_id FROM subject WHERE county = ? AND subject_type = ? "
                            "AND is_void = 0 ORDER BY subject_id",
                            {county, kIndustrySubject}));
  std::vector<Ulid> out;
  for (const mysql::Row& row : rows) out.push_back(row.Id(0));
  return out;
}

absl::Status StreamShortBoards(
    mysql::Executor& db, const std::string& county,
    const std::function<void(const Ulid& industry_id, std::string_view payload)>& take) {
  return db.Stream(
      "SELECT COALESCE(s.industry_id, s.subject_id), f.payload FROM subject s JOIN fact_source f "
      "ON f.subject_id = s.subject_id WHERE s.county = ? AND s.is_void = 0 AND f.kind = "
      "'short_boards'",
      {county}, [&take](const mysql::Row& row) {
        take(row.Id(0), row.String(1));
        return absl::OkStatus();
      });
}

}  // namespace bangfu::evaluation

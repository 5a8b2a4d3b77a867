#include "services/evaluation/store/run_store.h"

#include "common/status/macros.h"
#include "services/evaluation/store/rows.h"

namespace bangfu::evaluation {

absl::Status InsertRun(mysql::Tx& tx, const RunRow& run, const std::vector<std::string>& counties) {
  RETURN_IF_ERROR(tx.Execute("INSERT IGNORE INTO evaluation_run (id, region_code, period, "
                             "criteria_id, watermarks, started_by, started_at) "
                             "VALUES (?, ?, ?, ?, ?, ?, ?)",
                             {run.id, run.region_code, run.period, run.criteria_id, run.watermarks,
                              run.started_by, run.started_at})
                      .status());
  if (counties.empty()) return absl::OkStatus();
  std::vector<mysql::Params> values;
  for (const std::string& county : counties) {
    values.push_back({run.id, county, static_cast<int>(CountyState::kWaiting)});
  }
  return mysql::BulkInsert(tx, "evaluation_run_county", "run_id, county, state", values, "",
                           "INSERT IGNORE INTO")
      .status();
}

absl::StatusOr<std::optional<RunRow>> FindRun(mysql::Executor& db, const Ulid& id) {
  ASSIGN_OR_RETURN(mysql::Rows rows,
                   db.Query("SELECT id, region_code, period, criteria_id, watermarks, started_by, "
                            "started_at FROM evaluation_run WHERE id = ?",
                            {id}));
  if (rows.empty()) return std::optional<RunRow>();
  const mysql::Row& row = rows[0];
  return std::optional<RunRow>(RunRow{row.Id(0), row.String(1), row.String(2), row.Id(3),
                                      row.String(4), row.String(5), row.Time(6)});
}

absl::StatusOr<bool> IsOvertaken(mysql::Executor& db, const RunRow& run) {
  ASSIGN_OR_RETURN(mysql::Rows rows,
                   db.Query("SELECT 1 FROM evaluation_run WHERE id > ? AND "
                            "period = ? AND ? LIKE CONCAT(region_code, '%') LIMIT 1",
                            {run.id, run.period, run.region_code}));
  return !rows.empty();
}

absl::StatusOr<std::vector<RunCountyRow>> ListRunCounties(mysql::Executor& db, const Ulid& run_id) {
  ASSIGN_OR_RETURN(
      mysql::Rows rows,
      db.Query("SELECT county, state, cursor_type, cursor_id, counts, reason, tries FROM "
               "evaluation_run_county WHERE run_id = ? ORDER BY county",
               {run_id}));
  std::vector<RunCountyRow> out;
  for (const mysql::Row& row : rows) {
    out.push_back({row.String(0), static_cast<CountyState>(row.Int(1)),
                   static_cast<int>(row.Int(2)), OptId(row, 3), row.String(4), row.String(5),
                   static_cast<int>(row.Int(6))});
  }
  return out;
}

absl::Status UpdateRunCounty(mysql::Executor& db, const Ulid& run_id, const RunCountyRow& c) {
  return db
      .Execute(
          "UPDATE evaluation_run_county SET state = ?, cursor_type = ?, cursor_id = ?, "
          "counts = ?, reason = ?, tries = ? WHERE run_id = ? AND county = ?",
          {static_cast<int>(c.state), c.cursor_type, c.cursor_id, c.counts, c.reason, c.tries,
           run_id, c.county})
      .status();
}

absl::Status RaiseTries(mysql::Executor& db, const Ulid& run_id, RunCountyRow& county) {
  RETURN_IF_ERROR(db.Execute("UPDATE evaluation_run_county SET tries = tries + 1 WHERE run_id = ? "
                             "AND county = ? AND state = ?",
                             {run_id, county.county, static_cast<int>(CountyState::kWaiting)})
                      .status());
  ++county.tries;
  return absl::OkStatus();
}

}  // namespace bangfu::evaluation

#include "services/asset/store/report_copy_store.h"

#include "common/status/macros.h"

namespace bangfu::asset::store {

absl::Status PutReports(mysql::Tx& tx, const std::vector<ReportCopy>& rows) {
  if (rows.empty()) return absl::OkStatus();
  std::vector<mysql::Params> params;
  for (const ReportCopy& r : rows) {
    params.push_back({r.project_id, r.month, r.id, r.workers, r.poor_workers, r.person_days,
                      r.poor_person_days, r.wages_fen});
  }
  return mysql::BulkInsert(
             tx, "operation_report_copy",
             "(project_id, month, id, workers, poor_workers, person_days, poor_person_days, "
             "wages_fen)",
             params,
             "ON DUPLICATE KEY UPDATE id = VALUES(id), workers = VALUES(workers), "
             "poor_workers = VALUES(poor_workers), person_days = VALUES(person_days), "
             "poor_person_days = VALUES(poor_person_days), wages_fen = VALUES(wages_fen)")
      .status();
}

absl::StatusOr<std::optional<ReportCopy>> FindReport(mysql::Executor& db, const Ulid& project_id,
                                                     const std::string& month) {
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query("SELECT project_id, month, id, workers, poor_workers, person_days, "
               "poor_person_days, wages_fen FROM operation_report_copy WHERE project_id = ? AND "
               "month = ?",
               {project_id, month}));
  if (rows.empty()) return std::nullopt;
  const mysql::Row& r = rows.front();
  return ReportCopy{r.Id(0),     r.String(1), r.Id(2),     r.OptInt(3),
                    r.OptInt(4), r.OptInt(5), r.OptInt(6), r.OptInt(7)};
}

}  // namespace bangfu::asset::store

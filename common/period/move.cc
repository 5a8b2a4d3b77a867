#include "common/period/move.h"

#include "bangfu/period/v1/period.pb.h"
#include "common/base/strings.h"
#include "common/status/macros.h"

namespace bangfu::period {

absl::StatusOr<int64_t> MoveOpenPeriods(mysql::Tx& tx, const recode::Move& move) {
  mysql::Params params = {v1::PERIOD_STATE_OPEN, v1::PERIOD_STATE_FREEZING};
  const std::string there = mysql::RegionClause({move.from}, "region_path", &params);
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   tx.Query(Cat("SELECT id, region_path, details FROM report_period WHERE state IN "
                                "(?, ?) AND ",
                                there, " ORDER BY id FOR UPDATE"),
                            params));
  int64_t moved = 0;
  for (const mysql::Row& row : rows) {
    v1::Period details;
    if (!details.ParseFromString(row.String(2))) {
      return absl::DataLossError("a stored period cannot be read");
    }
    const std::string path = move.NewPath(row.String(1));
    details.set_region_code(path);
    const absl::Status written =
        tx.Execute(
              "UPDATE report_period SET region_path = ?, details = ?, version = version + 1 "
              "WHERE id = ?",
              {path, details.SerializeAsString(), row.Id(0)})
            .status();
    if (mysql::IsDuplicateKey(written)) continue;
    RETURN_IF_ERROR(written);
    ++moved;
  }
  return moved;
}

}  // namespace bangfu::period

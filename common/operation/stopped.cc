#include "common/operation/stopped.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/status/macros.h"

namespace bangfu::operation {

bool HasStopped(const v1::Operation& operation) {
  return operation.state() == v1::OPERATION_STATE_FAILED ||
         operation.state() == v1::OPERATION_STATE_CANCELLED;
}

absl::StatusOr<std::vector<Ulid>> ListStopped(mysql::Executor& db, std::string_view kind,
                                              const std::string& region_path, const Ulid& after,
                                              int limit) {
  std::vector<Ulid> ids;
  // A statement for each state: only within one are the index's entries in the order of their ids.
  for (const v1::OperationState state :
       {v1::OPERATION_STATE_FAILED, v1::OPERATION_STATE_CANCELLED}) {
    mysql::Params params = {kind, static_cast<int>(state), after};
    const std::string region = mysql::RegionClause({region_path}, "region_path", &params);
    params.emplace_back(limit);
    ASSIGN_OR_RETURN(
        const mysql::Rows rows,
        db.Query(absl::StrCat("SELECT id FROM operation FORCE INDEX (operation_by_kind) WHERE "
                              "kind = ? AND state = ? AND id > ? AND ",
                              region, " ORDER BY id LIMIT ?"),
                 params));
    for (const mysql::Row& row : rows) ids.push_back(row.Id(0));
  }
  std::sort(ids.begin(), ids.end());
  if (ids.size() > static_cast<size_t>(limit)) ids.resize(static_cast<size_t>(limit));
  return ids;
}

}  // namespace bangfu::operation

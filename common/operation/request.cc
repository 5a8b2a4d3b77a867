#include "common/operation/request.h"

#include "common/status/error.h"
#include "common/status/macros.h"

namespace bangfu::operation {

absl::Status ReadRequest(mysql::Executor& db, const Ulid& id, google::protobuf::Message* request) {
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   db.Query("SELECT request_type, request FROM operation WHERE id = ?", {id}));
  if (rows.empty()) return NotFound("operation", id.ToString()).Build();
  if (request->GetDescriptor()->full_name() != rows[0].String(0) ||
      !request->ParseFromString(rows[0].String(1))) {
    return Error(absl::StatusCode::kInternal, "OPERATION_REQUEST_UNREADABLE").Build();
  }
  return absl::OkStatus();
}

}  // namespace bangfu::operation

// Who looked at what: reads that are recorded, as changes are in the trail. A look is recorded
// before it is answered.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/audit/audit.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"

namespace bangfu::audit {

struct Access {
  Ulid id;             // of the instant of the look
  std::string action;  // "AuditService.RevealSensitive"
  Actor actor;
  std::string aggregate_type;  // empty: no one record (an export)
  Ulid aggregate_id;
  std::string region_path;
  std::vector<std::string> fields;
  std::string reason;
  std::string request_id;
  std::string client_ip;
  absl::Time occurred_at;
};

absl::Status RecordAccess(mysql::Executor& db, const Access& access);

struct AccessQuery {
  std::vector<std::string> scope;
  std::optional<std::string> region;
  std::string subject;
  std::string aggregate_type;
  std::optional<Ulid> aggregate_id;
  std::optional<absl::Time> from, to;
  std::optional<Ulid> before;  // the last of the page before
  int limit = 50;
};
// Newest first.
absl::StatusOr<std::vector<Access>> ListAccesses(mysql::Executor& db, const AccessQuery& query);

}  // namespace bangfu::audit

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

// Gives at most `limit` accesses that belong to no anchor yet to this one; how many it were.
absl::StatusOr<int64_t> AnchorAccesses(mysql::Tx& tx, int64_t anchor_no, int limit);
struct AccessSum {
  int64_t count = 0;
  std::string hash;  // 32 bytes, over every column of each, in order of id
};
absl::StatusOr<AccessSum> HashAccesses(mysql::Executor& db, int64_t anchor_no);

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

// The rows of imports: import_job, import_chunk, import_row. Inside this room only.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bangfu/intake/v1/import_service.pb.h"
#include "common/base/ulid.h"
#include "common/intake/kind.h"
#include "common/mysql/session.h"

namespace bangfu::intake {

// One row of import_job.
struct JobRow {
  Ulid id;
  int64_t version = 0;
  std::string kind;
  std::string created_by;
  std::string created_by_name;  // beside `caller`, which may be another person's
  std::string batch_id;
  v1::ImportState state = v1::IMPORT_STATE_UNSPECIFIED;
  v1::ImportPolicy policy = v1::IMPORT_POLICY_UNSPECIFIED;
  int format = 0;
  std::string file_name;
  std::string region_code;
  std::string region_path;
  std::string default_money_unit;
  std::vector<std::string> fill_down;
  Ulid campaign_id;
  bool sample = false;
  int64_t size_bytes = 0;
  bool upload_complete = false;
  std::string sha256;
  std::string caller;        // EncodeCaller of the last step
  std::string validated_by;  // EncodeCaller of the last validation; empty: there was none
  absl::Time step_at;
  Ulid operation_id;
  int64_t total = 0, created = 0, updated = 0, unchanged = 0, warned = 0, held = 0, refused = 0;
  int64_t committed_through = 0;
  absl::Time created_at;

  void Count(Outcome outcome, int64_t by);  // in the field of the outcome and in total
  void ClearCounts() { total = created = updated = unchanged = warned = held = refused = 0; }
};

std::string EncodeCaller(const auth::Caller& caller);
absl::StatusOr<auth::Caller> DecodeCaller(std::string_view text);

absl::Status InsertJob(mysql::Tx& tx, const JobRow& job);
absl::StatusOr<std::optional<JobRow>> FindJob(mysql::Executor& db, const Ulid& id,
                                              bool for_update = false);
absl::StatusOr<std::optional<JobRow>> FindJobByBatch(mysql::Executor& db,
                                                     std::string_view created_by,
                                                     std::string_view batch_id);
// Writes everything that moves; ABORTED when the row is no longer at `job->version`, else raises
// it.
absl::Status UpdateJob(mysql::Executor& db, JobRow* job);

absl::Status InsertChunk(mysql::Tx& tx, const Ulid& id, int64_t offset, std::string_view bytes);
absl::StatusOr<std::optional<std::string>> ReadChunk(mysql::Executor& db, const Ulid& id,
                                                     int64_t offset);
// Each chunk in order; at most one in memory.
absl::Status ForEachChunk(mysql::Executor& db, const Ulid& id,
                          const std::function<absl::Status(std::string_view)>& on_chunk);

absl::Status InsertRows(mysql::Executor& db, const Ulid& id, const std::vector<StagedRow>& rows);
// Up to `limit` rows with row_no > after. `committable`: without the held and the refused, payloads
// included; else the report, payloads left out.
absl::StatusOr<std::vector<StagedRow>> ReadRows(mysql::Executor& db, const Ulid& id, int64_t after,
                                                int limit, bool committable,
                                                Outcome outcome = v1::ROW_OUTCOME_UNSPECIFIED);
// Rows after the cursor that are to be committed.
absl::StatusOr<int64_t> CountCommittable(mysql::Executor& db, const Ulid& id, int64_t after);
// New outcome, record and issues of rows that did not come out as foreseen.
absl::Status RewriteRows(mysql::Tx& tx, const Ulid& id, const std::vector<StagedRow>& rows);
// Deletes up to `limit` staged rows (or chunks); gives how many.
absl::StatusOr<int64_t> DeleteRows(mysql::Executor& db, const Ulid& id, int limit);
absl::StatusOr<int64_t> DeleteChunks(mysql::Executor& db, const Ulid& id, int limit);

// Imports begun before `before` whose bytes and rows are still there, the oldest first.
absl::StatusOr<std::vector<Ulid>> ExpiredJobs(mysql::Executor& db, absl::Time before, int limit);
// Validated imports whose rows are still there, by id.
absl::StatusOr<std::vector<Ulid>> ValidatedAfter(mysql::Executor& db, const Ulid& after, int limit);
absl::StatusOr<bool> IsSwept(mysql::Executor& db, const Ulid& id);
absl::Status MarkSwept(mysql::Executor& db, const Ulid& id);

}  // namespace bangfu::intake

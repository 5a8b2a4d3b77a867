#include "common/intake/job_store.h"

#include <algorithm>
#include <utility>

#include "common/base/strings.h"
#include "common/base/text.h"
#include "common/seal/seal.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "nlohmann/json.hpp"

namespace bangfu::intake {
namespace {

constexpr std::string_view kJobColumns =
    "id, version, kind, created_by, batch_id, state, policy, format, file_name, region_code, "
    "region_path, default_money_unit, campaign_id, sample, size_bytes, upload_complete, sha256, "
    "caller, step_at, operation_id, rows_total, rows_created, rows_updated, rows_unchanged, "
    "rows_warned, rows_held, rows_refused, committed_through, created_at, fill_down";

std::string PackList(const std::vector<std::string>& list) {
  return list.empty()
             ? ""
             : nlohmann::json(list).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::vector<std::string> UnpackList(const std::string& text) {
  std::vector<std::string> list;
  const nlohmann::json all = nlohmann::json::parse(text, nullptr, false);
  if (!all.is_array()) return list;
  for (const nlohmann::json& item : all) {
    if (item.is_string()) list.push_back(item.get<std::string>());
  }
  return list;
}

// Who began an import and who had it validated are kept with the caller of its last step.
std::string PackCallers(const JobRow& job) {
  nlohmann::json all = nlohmann::json::parse(job.caller, nullptr, false);
  if (!all.is_object()) return job.caller;
  all["begun_by_name"] = job.created_by_name;
  if (!job.validated_by.empty()) {
    all["validated_by"] = nlohmann::json::parse(job.validated_by, nullptr, false);
  }
  return all.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void UnpackCallers(JobRow* job) {
  const nlohmann::json all = nlohmann::json::parse(job->caller, nullptr, false);
  if (!all.is_object()) return;
  if (const auto by = all.find("validated_by"); by != all.end() && by->is_object()) {
    job->validated_by = by->dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }
  job->created_by_name = all.value("begun_by_name", "");
  // Stored before it was kept: known as long as the last step is theirs.
  if (job->created_by_name.empty() && all.value("subject", "") == job->created_by) {
    job->created_by_name = all.value("name", "");
  }
}

JobRow FromRow(const mysql::Row& r) {
  JobRow job;
  size_t i = 0;
  job.id = r.Id(i++);
  job.version = r.Int(i++);
  job.kind = r.String(i++);
  job.created_by = r.String(i++);
  job.batch_id = r.String(i++);
  job.state = static_cast<v1::ImportState>(r.Int(i++));
  job.policy = static_cast<v1::ImportPolicy>(r.Int(i++));
  job.format = static_cast<int>(r.Int(i++));
  job.file_name = r.String(i++);
  job.region_code = r.String(i++);
  job.region_path = r.String(i++);
  job.default_money_unit = r.String(i++);
  if (!r.IsNull(i)) job.campaign_id = r.Id(i);
  ++i;
  job.sample = r.Bool(i++);
  job.size_bytes = r.Int(i++);
  job.upload_complete = r.Bool(i++);
  job.sha256 = r.String(i++);
  job.caller = r.String(i++);
  job.step_at = r.Time(i++);
  if (!r.IsNull(i)) job.operation_id = r.Id(i);
  ++i;
  job.total = r.Int(i++);
  job.created = r.Int(i++);
  job.updated = r.Int(i++);
  job.unchanged = r.Int(i++);
  job.warned = r.Int(i++);
  job.held = r.Int(i++);
  job.refused = r.Int(i++);
  job.committed_through = r.Int(i++);
  job.created_at = r.Time(i++);
  job.fill_down = UnpackList(r.String(i++));
  UnpackCallers(&job);
  return job;
}

mysql::Param OrNull(const Ulid& id) {
  return id.is_zero() ? mysql::Param(nullptr) : mysql::Param(id);
}

absl::StatusOr<std::optional<JobRow>> One(absl::StatusOr<mysql::Rows> rows) {
  if (!rows.ok()) return rows.status();
  if (rows->empty()) return std::nullopt;
  return FromRow(rows->front());
}

// Tables as they come from offices hold names and telephone numbers wherever people put them: what
// is staged is sealed whole.
constexpr char kChunk[] = "import_chunk.bytes";
constexpr char kIssues[] = "import_row.issues";
constexpr char kPayload[] = "import_row.payload";

// Issues of a row as one value, in the wire form of an ImportRow.
mysql::Param PackIssues(const std::vector<Issue>& issues) {
  if (issues.empty()) return nullptr;
  v1::ImportRow row;
  for (const Issue& issue : issues) *row.add_issues() = issue;
  return seal::SealBytes(row.SerializeAsString(), kIssues);
}

absl::Status UnpackIssues(const std::string& sealed, std::vector<Issue>* issues) {
  ASSIGN_OR_RETURN(const std::string bytes, seal::OpenBytes(sealed, kIssues));
  v1::ImportRow row;
  if (!row.ParseFromString(bytes)) return absl::DataLossError("staged issues are malformed");
  for (Issue& issue : *row.mutable_issues()) issues->push_back(std::move(issue));
  return absl::OkStatus();
}

}  // namespace

Issue MakeIssue(std::string_view field, std::string_view reason, std::string_view raw_text,
                std::string_view understood, std::string_view proposal_zh) {
  Issue issue;
  issue.set_field(std::string(field));
  issue.set_reason(std::string(reason));
  issue.set_raw_text(Utf8Truncate(raw_text, 500));
  issue.set_understood(Utf8Truncate(understood, 500));
  issue.set_proposal_zh(Utf8Truncate(proposal_zh, 500));
  return issue;
}

void JobRow::Count(Outcome outcome, int64_t by) {
  total += by;
  switch (outcome) {
    case v1::ROW_OUTCOME_CREATED:
      created += by;
      break;
    case v1::ROW_OUTCOME_UPDATED:
      updated += by;
      break;
    case v1::ROW_OUTCOME_UNCHANGED:
      unchanged += by;
      break;
    case v1::ROW_OUTCOME_WARNED:
      warned += by;
      break;
    case v1::ROW_OUTCOME_HELD:
      held += by;
      break;
    case v1::ROW_OUTCOME_REFUSED:
      refused += by;
      break;
    default:
      break;
  }
}

std::string EncodeCaller(const auth::Caller& caller) {
  nlohmann::json j;
  j["subject"] = caller.subject;
  j["name"] = caller.name;
  j["system"] = caller.is_system;
  j["ip"] = caller.client_ip;
  j["source"] = caller.source_system;
  j["in_token"] = caller.grants_in_token;
  j["grants"] = nlohmann::json::array();
  for (const auth::Grant& grant : caller.grants) {
    j["grants"].push_back({{"role", static_cast<int>(grant.role)},
                           {"region", grant.region_path},
                           {"clauses", grant.clauses},
                           {"sources", grant.fund_sources},
                           {"industries", grant.industries},
                           {"id", grant.id.is_zero() ? "" : grant.id.ToString()},
                           {"delegated_by", grant.delegated_by},
                           {"org_code", grant.org_code},
                           {"org_name", grant.org_name}});
  }
  return j.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

absl::StatusOr<auth::Caller> DecodeCaller(std::string_view text) {
  const nlohmann::json j = nlohmann::json::parse(text, nullptr, false);
  if (j.is_discarded() || !j.is_object()) return absl::InternalError("stored caller is malformed");
  auth::Caller caller;
  caller.subject = j.value("subject", "");
  caller.name = j.value("name", "");
  caller.is_system = j.value("system", false);
  caller.client_ip = j.value("ip", "");
  caller.source_system = j.value("source", "");
  for (const nlohmann::json& g : j.value("grants", nlohmann::json::array())) {
    auth::Grant grant;
    grant.role = static_cast<auth::Role>(g.value("role", 0));
    grant.region_path = g.value("region", "");
    grant.clauses = g.value("clauses", std::vector<std::string>());
    grant.fund_sources = g.value("sources", std::vector<std::string>());
    grant.industries = g.value("industries", std::vector<std::string>());
    grant.id = Ulid::Parse(g.value("id", "")).value_or(Ulid());
    grant.delegated_by = g.value("delegated_by", "");
    grant.org_code = g.value("org_code", "");
    grant.org_name = g.value("org_name", "");
    caller.grants.push_back(std::move(grant));
  }
  // Callers that were stored before it was said: a right that came with a token has no id.
  const bool none_has_id = std::all_of(caller.grants.begin(), caller.grants.end(),
                                       [](const auth::Grant& grant) { return grant.id.is_zero(); });
  caller.grants_in_token = j.value("in_token", none_has_id);
  return caller;
}

absl::Status InsertJob(mysql::Tx& tx, const JobRow& j) {
  return tx
      .Execute(Cat("INSERT INTO import_job (", kJobColumns, ", swept) VALUES (",
                   mysql::Placeholders(30), ", 0)"),
               {j.id,
                j.version,
                j.kind,
                j.created_by,
                j.batch_id,
                static_cast<int>(j.state),
                static_cast<int>(j.policy),
                j.format,
                j.file_name,
                j.region_code,
                j.region_path,
                j.default_money_unit,
                OrNull(j.campaign_id),
                j.sample,
                j.size_bytes,
                j.upload_complete,
                j.sha256,
                PackCallers(j),
                j.step_at,
                OrNull(j.operation_id),
                j.total,
                j.created,
                j.updated,
                j.unchanged,
                j.warned,
                j.held,
                j.refused,
                j.committed_through,
                j.created_at,
                PackList(j.fill_down)})
      .status();
}

absl::StatusOr<std::optional<JobRow>> FindJob(mysql::Executor& db, const Ulid& id,
                                              bool for_update) {
  return One(db.Query(
      Cat("SELECT ", kJobColumns, " FROM import_job WHERE id = ?", for_update ? " FOR UPDATE" : ""),
      {id}));
}

absl::StatusOr<std::optional<JobRow>> FindJobByBatch(mysql::Executor& db,
                                                     std::string_view created_by,
                                                     std::string_view batch_id) {
  return One(db.Query(
      Cat("SELECT ", kJobColumns, " FROM import_job WHERE created_by = ? AND batch_id = ?"),
      {created_by, batch_id}));
}

absl::Status UpdateJob(mysql::Executor& db, JobRow* j) {
  ASSIGN_OR_RETURN(
      const int64_t matched,
      db.Execute(
          "UPDATE import_job SET version = version + 1, state = ?, size_bytes = ?, "
          "upload_complete = ?, sha256 = ?, caller = ?, step_at = ?, operation_id = ?, "
          "rows_total = ?, rows_created = ?, rows_updated = ?, rows_unchanged = ?, "
          "rows_warned = ?, rows_held = ?, rows_refused = ?, committed_through = ? "
          "WHERE id = ? AND version = ?",
          {static_cast<int>(j->state), j->size_bytes, j->upload_complete, j->sha256,
           PackCallers(*j), j->step_at, OrNull(j->operation_id), j->total, j->created, j->updated,
           j->unchanged, j->warned, j->held, j->refused, j->committed_through, j->id, j->version}));
  if (matched != 1) {
    return Error(absl::StatusCode::kAborted, "IMPORT_CHANGED")
        .Zh("导入任务已被其他操作改变，请重试");
  }
  ++j->version;
  return absl::OkStatus();
}

absl::Status InsertChunk(mysql::Tx& tx, const Ulid& id, int64_t offset, std::string_view bytes) {
  return tx
      .ExecuteOnce(
          "INSERT INTO import_chunk (import_id, chunk_offset, size_bytes, bytes) VALUES (?, ?, ?, "
          "?)",
          {id, offset, static_cast<int64_t>(bytes.size()), seal::SealBytes(bytes, kChunk)})
      .status();
}

absl::StatusOr<std::optional<std::string>> ReadChunk(mysql::Executor& db, const Ulid& id,
                                                     int64_t offset) {
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query("SELECT bytes FROM import_chunk WHERE import_id = ? AND chunk_offset = ?",
               {id, offset}));
  if (rows.empty()) return std::nullopt;
  ASSIGN_OR_RETURN(std::string bytes, seal::OpenBytes(rows.front().String(0), kChunk));
  return bytes;
}

absl::Status ForEachChunk(mysql::Executor& db, const Ulid& id,
                          const std::function<absl::Status(std::string_view)>& on_chunk) {
  int64_t offset = 0;
  while (true) {
    ASSIGN_OR_RETURN(const std::optional<std::string> bytes, ReadChunk(db, id, offset));
    if (!bytes) return absl::OkStatus();
    RETURN_IF_ERROR(on_chunk(*bytes));
    offset += static_cast<int64_t>(bytes->size());
  }
}

absl::Status InsertRows(mysql::Executor& db, const Ulid& id, const std::vector<StagedRow>& rows) {
  if (rows.empty()) return absl::OkStatus();
  std::vector<mysql::Params> params;
  params.reserve(rows.size());
  for (const StagedRow& row : rows) {
    params.push_back({id, row.row_no, static_cast<int>(row.outcome), Utf8Truncate(row.key, 300),
                      OrNull(row.record_id), PackIssues(row.issues),
                      row.payload.empty() ? mysql::Param(nullptr)
                                          : mysql::Param(seal::SealBytes(row.payload, kPayload))});
  }
  return mysql::BulkInsert(db, "import_row",
                           "(import_id, row_no, outcome, key_text, record_id, issues, payload)",
                           params)
      .status();
}

absl::StatusOr<std::vector<StagedRow>> ReadRows(mysql::Executor& db, const Ulid& id, int64_t after,
                                                int limit, bool committable, Outcome outcome) {
  std::string sql =
      Cat("SELECT row_no, outcome, key_text, record_id, issues, ", committable ? "payload" : "NULL",
          " FROM import_row WHERE import_id = ? AND ");
  mysql::Params params = {id};
  if (outcome != v1::ROW_OUTCOME_UNSPECIFIED) {
    sql += "outcome = ? AND ";
    params.push_back(static_cast<int>(outcome));
  }
  // Held and refused rows have no payload; the primary key's order is the file's.
  if (committable) sql += "payload IS NOT NULL AND ";
  sql += "row_no > ? ORDER BY row_no LIMIT ?";
  params.push_back(after);
  params.push_back(limit);
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  std::vector<StagedRow> out;
  out.reserve(rows.size());
  for (const mysql::Row& r : rows) {
    StagedRow row;
    row.row_no = r.Int(0);
    row.outcome = static_cast<Outcome>(r.Int(1));
    row.key = r.String(2);
    if (!r.IsNull(3)) row.record_id = r.Id(3);
    if (!r.IsNull(4)) RETURN_IF_ERROR(UnpackIssues(r.String(4), &row.issues));
    if (!r.IsNull(5)) {
      ASSIGN_OR_RETURN(row.payload, seal::OpenBytes(r.String(5), kPayload));
    }
    out.push_back(std::move(row));
  }
  return out;
}

absl::StatusOr<int64_t> CountCommittable(mysql::Executor& db, const Ulid& id, int64_t after) {
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query("SELECT COUNT(*) FROM import_row WHERE import_id = ? AND row_no > ? AND "
               "payload IS NOT NULL",
               {id, after}));
  return rows.empty() ? 0 : rows.front().Int(0);
}

absl::Status RewriteRows(mysql::Tx& tx, const Ulid& id, const std::vector<StagedRow>& rows) {
  if (rows.empty()) return absl::OkStatus();
  std::vector<mysql::Params> params;
  params.reserve(rows.size());
  for (const StagedRow& row : rows) {
    params.push_back({id, row.row_no, static_cast<int>(row.outcome), Utf8Truncate(row.key, 300),
                      OrNull(row.record_id), PackIssues(row.issues)});
  }
  return mysql::BulkInsert(tx, "import_row",
                           "(import_id, row_no, outcome, key_text, record_id, issues)", params,
                           "ON DUPLICATE KEY UPDATE outcome = VALUES(outcome), "
                           "record_id = VALUES(record_id), issues = VALUES(issues)")
      .status();
}

absl::StatusOr<int64_t> DeleteRows(mysql::Executor& db, const Ulid& id, int limit) {
  return db.Execute("DELETE FROM import_row WHERE import_id = ? LIMIT ?", {id, limit});
}

absl::StatusOr<int64_t> DeleteChunks(mysql::Executor& db, const Ulid& id, int limit) {
  return db.Execute("DELETE FROM import_chunk WHERE import_id = ? LIMIT ?", {id, limit});
}

absl::StatusOr<std::vector<Ulid>> ExpiredJobs(mysql::Executor& db, absl::Time before, int limit) {
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   db.Query("SELECT id FROM import_job WHERE swept = 0 AND created_at < ? "
                            "ORDER BY created_at LIMIT ?",
                            {before, limit}));
  std::vector<Ulid> ids;
  for (const mysql::Row& r : rows) ids.push_back(r.Id(0));
  return ids;
}

absl::StatusOr<std::vector<Ulid>> ValidatedAfter(mysql::Executor& db, const Ulid& after,
                                                 int limit) {
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   db.Query("SELECT id FROM import_job WHERE id > ? AND state = ? AND swept = 0 "
                            "ORDER BY id LIMIT ?",
                            {after, static_cast<int>(v1::IMPORT_STATE_VALIDATED), limit}));
  std::vector<Ulid> out;
  for (const mysql::Row& row : rows) out.push_back(row.Id(0));
  return out;
}

absl::StatusOr<bool> IsSwept(mysql::Executor& db, const Ulid& id) {
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   db.Query("SELECT swept FROM import_job WHERE id = ?", {id}));
  return !rows.empty() && rows[0].Bool(0);
}

absl::Status MarkSwept(mysql::Executor& db, const Ulid& id) {
  return db.Execute("UPDATE import_job SET swept = 1 WHERE id = ?", {id}).status();
}

}  // namespace bangfu::intake

#include "common/blob/blob.h"

#include <algorithm>
#include <utility>

#include "common/audit/actor_row.h"
#include "common/base/strings.h"
#include "common/blob/format.h"
#include "common/contract/time.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace bangfu::blob {
namespace {

constexpr char kColumns[] =
    "id, state, region_path, kind, title, content_type, size_bytes, sha256, received_bytes, "
    "taken_at, latitude_e7, longitude_e7, uploaded_subject, uploaded_name, uploaded_role, "
    "uploaded_region_path, created_at, completed_at, expires_at, refusal_reason, case_type, "
    "case_id, case_step, used_subject, used_name, used_role, used_region_path, used_at, "
    "uploaded_delegated_by, uploaded_grant_id, used_delegated_by, used_grant_id";

void SetTime(const std::optional<absl::Time>& time,
             google::protobuf::Timestamp* (*field)(v1::Blob&), v1::Blob& blob) {
  if (!time) return;
  bangfu::SetTime(*time, field(blob));
}

std::optional<absl::Time> TimeOf(bool present, const google::protobuf::Timestamp& time) {
  if (!present) return std::nullopt;
  return bangfu::TimeOf(time);
}

v1::Blob FromRow(const mysql::Row& row) {
  v1::Blob out;
  out.set_id(row.Id(0).ToString());
  out.set_state(static_cast<v1::BlobState>(row.Int(1)));
  out.set_region_path(row.String(2));
  out.set_kind(row.String(3));
  out.set_title(row.String(4));
  out.set_content_type(row.String(5));
  out.set_size_bytes(row.Int(6));
  out.set_sha256(row.String(7));
  out.set_received_bytes(row.Int(8));
  SetTime(
      row.OptTime(9), [](v1::Blob& b) { return b.mutable_taken_at(); }, out);
  out.set_latitude_e7(static_cast<int32_t>(row.Int(10)));
  out.set_longitude_e7(static_cast<int32_t>(row.Int(11)));
  *out.mutable_uploaded_by() = audit::ActorFromRow(row, 12, 28);
  SetTime(
      row.OptTime(16), [](v1::Blob& b) { return b.mutable_created_at(); }, out);
  SetTime(
      row.OptTime(17), [](v1::Blob& b) { return b.mutable_completed_at(); }, out);
  SetTime(
      row.OptTime(18), [](v1::Blob& b) { return b.mutable_expires_at(); }, out);
  out.set_refusal_reason(row.String(19));
  if (!row.IsNull(20)) {
    v1::BlobUse& use = *out.mutable_use();
    use.set_case_type(row.String(20));
    use.set_case_id(row.Id(21).ToString());
    use.set_step(row.String(22));
    *use.mutable_used_by() = audit::ActorFromRow(row, 23, 30);
    SetTime(
        row.OptTime(27), [](v1::Blob& b) { return b.mutable_use()->mutable_used_at(); }, out);
  }
  return out;
}

absl::StatusOr<v1::Blob> One(const absl::StatusOr<mysql::Rows>& rows, const Ulid& id) {
  if (!rows.ok()) return rows.status();
  if (rows->empty()) return NotFound("blob", id.ToString()).Build();
  return FromRow(rows->front());
}

absl::StatusOr<std::vector<v1::Blob>> All(const absl::StatusOr<mysql::Rows>& rows) {
  if (!rows.ok()) return rows.status();
  std::vector<v1::Blob> out;
  out.reserve(rows->size());
  for (const mysql::Row& row : *rows) out.push_back(FromRow(row));
  return out;
}

// Bytes that count no more against the person's quota.
absl::Status GiveBack(mysql::Tx& tx, const v1::Blob& blob) {
  return tx
      .Execute("UPDATE blob_quota SET waiting_bytes = waiting_bytes - ? WHERE subject = ?",
               {blob.size_bytes(), blob.uploaded_by().subject()})
      .status();
}

}  // namespace

absl::StatusOr<std::optional<Kind>> FindKind(mysql::Executor& db, std::string_view code) {
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   db.Query("SELECT code, name_zh, formats, max_bytes, valid FROM blob_kind "
                            "WHERE code = ?",
                            {code}));
  if (rows.empty() || !rows[0].Bool(4)) return std::nullopt;
  const mysql::Row& row = rows[0];
  return Kind{row.String(0), row.String(1), row.String(2), row.Int(3), true};
}

absl::Status PutKind(mysql::Tx& tx, std::string_view code, std::string_view name_zh,
                     std::string_view formats, int64_t max_mib, bool valid) {
  // Only what this build can check.
  std::string known;
  for (const Format& format : Formats()) {
    if (StrContains(Cat(",", formats, ","), Cat(",", format.name, ","))) {
      known += Cat(known.empty() ? "" : ",", format.name);
    }
  }
  RETURN_IF_ERROR(tx.Execute("INSERT IGNORE INTO blob_kind (code, name_zh, formats, max_bytes, "
                             "valid) SELECT ?, ?, formats, max_bytes, 1 FROM blob_kind "
                             "WHERE code = 'OTHER'",
                             {code, name_zh})
                      .status());
  return tx
      .Execute(
          "UPDATE blob_kind SET name_zh = ?, formats = IF(? = '', formats, ?), "
          "max_bytes = IF(? <= 0, max_bytes, ?), valid = ? WHERE code = ?",
          {name_zh, known, known, max_mib, max_mib << 20, valid, code})
      .status();
}

absl::Status PutSetting(mysql::Tx& tx, std::string_view code, int64_t value) {
  return tx.Execute("UPDATE blob_setting SET value = ? WHERE code = ?", {value, code}).status();
}

absl::StatusOr<int64_t> Setting(mysql::Executor& db, std::string_view code) {
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   db.Query("SELECT value FROM blob_setting WHERE code = ?", {code}));
  if (rows.empty()) return absl::DataLossError(Cat("no setting ", code));
  return rows[0].Int(0);
}

absl::StatusOr<v1::Blob> Get(mysql::Executor& db, const Ulid& id, std::string_view subject,
                             const std::vector<std::string>& scope) {
  mysql::Params params = {id, subject, static_cast<int>(v1::BLOB_STATE_COMPLETE)};
  const std::string regions = mysql::RegionClause(scope, "region_path", &params);
  return One(db.Query(Cat("SELECT ", kColumns,
                          " FROM blob_file WHERE id = ? AND (uploaded_subject = ? OR (state = ? "
                          "AND ",
                          regions, "))"),
                      params),
             id);
}

absl::StatusOr<v1::Blob> GetOwn(mysql::Executor& db, const Ulid& id, std::string_view subject) {
  return Get(db, id, subject, {});
}

absl::Status Insert(mysql::Tx& tx, const v1::Blob& blob, absl::Time now, absl::Time expires) {
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(blob.id()));
  ASSIGN_OR_RETURN(const int64_t quota_mib, Setting(tx, kQuotaMib));
  const std::string& subject = blob.uploaded_by().subject();
  RETURN_IF_ERROR(
      tx.Execute("INSERT IGNORE INTO blob_quota (subject, waiting_bytes) VALUES (?, 0)", {subject})
          .status());
  ASSIGN_OR_RETURN(const int64_t within,
                   tx.Execute("UPDATE blob_quota SET waiting_bytes = waiting_bytes + ? "
                              "WHERE subject = ? AND waiting_bytes + ? <= ?",
                              {blob.size_bytes(), subject, blob.size_bytes(), quota_mib << 20}));
  if (within == 0) {
    return Error(absl::StatusCode::kResourceExhausted, "EVIDENCE_QUOTA")
        .Zh(Cat("待使用的上传文件已超过", quota_mib, "MiB，请先提交或放弃已上传的文件"))
        .With("quota_bytes", Cat(quota_mib << 20));
  }
  return tx
      .Execute(
          "INSERT INTO blob_file (id, version, state, region_path, kind, title, content_type, "
          "size_bytes, sha256, received_bytes, taken_at, latitude_e7, longitude_e7, "
          "uploaded_subject, uploaded_name, uploaded_role, uploaded_region_path, created_at, "
          "completed_at, expires_at, refusal_reason, stored, case_type, case_id, case_step, "
          "used_subject, used_name, used_role, used_region_path, used_at, uploaded_delegated_by, "
          "uploaded_grant_id) VALUES (?, 1, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?, NULL, "
          "?, '', 1, NULL, NULL, '', '', '', '', '', NULL, ?, ?)",
          {id, static_cast<int>(v1::BLOB_STATE_BEGUN), blob.region_path(), blob.kind(),
           blob.title(), blob.content_type(), blob.size_bytes(), blob.sha256(),
           TimeOf(blob.has_taken_at(), blob.taken_at()), blob.latitude_e7(), blob.longitude_e7(),
           subject, blob.uploaded_by().name(), blob.uploaded_by().role(),
           blob.uploaded_by().region_path(), now, expires, blob.uploaded_by().delegated_by(),
           blob.uploaded_by().grant_id()})
      .status();
}

absl::StatusOr<bool> Advance(mysql::Executor& db, const Ulid& id, int64_t from, int64_t end) {
  ASSIGN_OR_RETURN(const int64_t rows,
                   db.Execute("UPDATE blob_file SET received_bytes = ?, version = version + 1 "
                              "WHERE id = ? AND state = ? AND received_bytes = ?",
                              {end, id, static_cast<int>(v1::BLOB_STATE_BEGUN), from}));
  return rows == 1;
}

absl::StatusOr<bool> MarkComplete(mysql::Tx& tx, const Ulid& id, absl::Time now) {
  ASSIGN_OR_RETURN(const int64_t rows,
                   tx.Execute("UPDATE blob_file SET state = ?, completed_at = ?, "
                              "version = version + 1 WHERE id = ? AND state = ?",
                              {static_cast<int>(v1::BLOB_STATE_COMPLETE), now, id,
                               static_cast<int>(v1::BLOB_STATE_BEGUN)}));
  return rows == 1;
}

absl::StatusOr<bool> Close(mysql::Tx& tx, const v1::Blob& blob, v1::BlobState to,
                           std::string_view reason) {
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(blob.id()));
  ASSIGN_OR_RETURN(
      const int64_t rows,
      tx.Execute("UPDATE blob_file SET state = ?, refusal_reason = ?, expires_at = NULL, "
                 "version = version + 1 WHERE id = ? AND state IN (?, ?) AND case_id IS NULL",
                 {static_cast<int>(to), reason, id, static_cast<int>(v1::BLOB_STATE_BEGUN),
                  static_cast<int>(v1::BLOB_STATE_COMPLETE)}));
  if (rows == 0) return false;
  RETURN_IF_ERROR(GiveBack(tx, blob));
  return true;
}

absl::StatusOr<std::vector<v1::Blob>> List(mysql::Executor& db, const ListQuery& query) {
  mysql::Params params;
  std::string sql = Cat("SELECT ", kColumns, " FROM blob_file WHERE ");
  if (!query.case_type.empty()) {
    sql += "case_type = ? AND case_id = ? AND ";
    params.emplace_back(query.case_type);
    params.emplace_back(query.case_id);
  }
  sql += mysql::RegionClause(query.scope, "region_path", &params);
  if (!query.region.empty()) {
    sql += Cat(" AND ", mysql::RegionClause({query.region}, "region_path", &params));
  }
  if (!query.after_id.is_zero()) {
    sql += " AND region_path >= ? AND (region_path > ? OR id > ?)";
    params.emplace_back(query.after_region_path);
    params.emplace_back(query.after_region_path);
    params.emplace_back(query.after_id);
  }
  sql += " AND state = ? ORDER BY region_path, id LIMIT ?";
  params.emplace_back(static_cast<int>(v1::BLOB_STATE_COMPLETE));
  params.emplace_back(query.limit);
  return All(db.Query(sql, params));
}

absl::StatusOr<std::vector<v1::Blob>> LockAll(mysql::Tx& tx, const std::vector<Ulid>& ids) {
  if (ids.empty()) return std::vector<v1::Blob>();
  mysql::Params params(ids.begin(), ids.end());
  return All(tx.Query(Cat("SELECT ", kColumns, " FROM blob_file WHERE id IN (",
                          mysql::Placeholders(ids.size()), ") ORDER BY id FOR UPDATE"),
                      params));
}

absl::StatusOr<bool> Take(mysql::Tx& tx, const v1::Blob& blob, const v1::BlobUse& use,
                          absl::Time now) {
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(blob.id()));
  ASSIGN_OR_RETURN(const Ulid case_id, Ulid::Parse(use.case_id()));
  ASSIGN_OR_RETURN(
      const int64_t rows,
      tx.Execute(
          "UPDATE blob_file SET case_type = ?, case_id = ?, case_step = ?, "
          "used_subject = ?, used_name = ?, used_role = ?, used_region_path = ?, "
          "used_delegated_by = ?, used_grant_id = ?, used_at = ?, expires_at = NULL, "
          "version = version + 1 "
          "WHERE id = ? AND state = ? AND case_id IS NULL",
          {use.case_type(), case_id, use.step(), use.used_by().subject(), use.used_by().name(),
           use.used_by().role(), use.used_by().region_path(), use.used_by().delegated_by(),
           use.used_by().grant_id(), now, id, static_cast<int>(v1::BLOB_STATE_COMPLETE)}));
  if (rows == 0) return false;
  RETURN_IF_ERROR(GiveBack(tx, blob));
  return true;
}

absl::StatusOr<std::vector<v1::Blob>> Expired(mysql::Executor& db, absl::Time now, int limit) {
  return All(db.Query(Cat("SELECT ", kColumns,
                          " FROM blob_file WHERE expires_at < ? ORDER BY expires_at, id LIMIT ?"),
                      {now, limit}));
}

absl::StatusOr<std::vector<Ulid>> ToRemove(mysql::Executor& db, int limit) {
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   db.Query("SELECT id FROM blob_file WHERE stored = 1 AND state IN (?, ?) LIMIT ?",
                            {static_cast<int>(v1::BLOB_STATE_REFUSED),
                             static_cast<int>(v1::BLOB_STATE_SWEPT), limit}));
  std::vector<Ulid> ids;
  for (const mysql::Row& row : rows) ids.push_back(row.Id(0));
  return ids;
}

absl::Status MarkRemoved(mysql::Executor& db, const Ulid& id) {
  return db.Execute("UPDATE blob_file SET stored = 0, version = version + 1 WHERE id = ?", {id})
      .status();
}

absl::StatusOr<Stored> CountStored(mysql::Executor& db, v1::BlobState state) {
  const char* bytes = state == v1::BLOB_STATE_COMPLETE ? "size_bytes" : "received_bytes";
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   db.Query(Cat("SELECT COUNT(*), COALESCE(SUM(", bytes,
                                "), 0) FROM blob_file WHERE stored = 1 AND state = ?"),
                            {static_cast<int>(state)}));
  if (rows.empty()) return Stored();
  return Stored{rows[0].Int(0), rows[0].Int(1)};
}

}  // namespace bangfu::blob

#include "common/draft/store.h"

#include "common/base/strings.h"
#include "common/seal/seal.h"
#include "common/status/macros.h"

namespace bangfu::draft {
namespace {

constexpr char kTitle[] = "draft.title";
constexpr char kContent[] = "draft.content";
constexpr int kSweepBatch = 500;

constexpr char kColumns[] =
    "id, version, form, title, subject_id, size_bytes, created_at, updated_at, expires_at";

absl::StatusOr<Draft> Read(const mysql::Row& row) {
  Draft draft;
  draft.id = row.Id(0);
  draft.version = row.Int(1);
  draft.form = row.String(2);
  ASSIGN_OR_RETURN(draft.title, seal::OpenText(row.String(3), kTitle));
  if (!row.IsNull(4)) draft.subject_id = row.Id(4);
  draft.size_bytes = row.Int(5);
  draft.created_at = row.Time(6);
  draft.updated_at = row.Time(7);
  draft.expires_at = row.Time(8);
  return draft;
}

mysql::Param IdOrNull(const Ulid& id) { return id.is_zero() ? mysql::Param(nullptr) : id; }

}  // namespace

absl::StatusOr<int64_t> ClaimAndCount(mysql::Tx& tx, std::string_view owner, absl::Time now) {
  RETURN_IF_ERROR(tx.Execute("INSERT INTO draft_claim (owner, saves) VALUES (?, 1) "
                             "ON DUPLICATE KEY UPDATE saves = saves + 1",
                             {owner})
                      .status());
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      tx.Query("SELECT COUNT(*) FROM draft WHERE owner = ? AND expires_at > ?", {owner, now}));
  return rows.empty() ? 0 : rows[0].Int(0);
}

absl::Status Insert(mysql::Tx& tx, std::string_view owner, const Draft& draft) {
  return tx
      .Execute(
          "INSERT INTO draft (owner, id, version, form, title, subject_id, content, "
          "size_bytes, created_at, updated_at, expires_at) "
          "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
          {owner, draft.id, draft.version, draft.form, seal::SealText(draft.title, kTitle),
           IdOrNull(draft.subject_id), seal::SealBytes(draft.content, kContent), draft.size_bytes,
           draft.created_at, draft.updated_at, draft.expires_at})
      .status();
}

absl::StatusOr<bool> Replace(mysql::Tx& tx, std::string_view owner, const Draft& draft,
                             int64_t version) {
  ASSIGN_OR_RETURN(
      const int64_t rows,
      tx.Execute("UPDATE draft SET version = ?, title = ?, subject_id = ?, content = ?, "
                 "size_bytes = ?, updated_at = ?, expires_at = ? "
                 "WHERE owner = ? AND id = ? AND version = ?",
                 {draft.version, seal::SealText(draft.title, kTitle), IdOrNull(draft.subject_id),
                  seal::SealBytes(draft.content, kContent), draft.size_bytes, draft.updated_at,
                  draft.expires_at, owner, draft.id, version}));
  return rows == 1;
}

absl::StatusOr<bool> Remove(mysql::Tx& tx, std::string_view owner, const Ulid& id,
                            std::optional<int64_t> version) {
  std::string sql = "DELETE FROM draft WHERE owner = ? AND id = ?";
  mysql::Params params = {owner, id};
  if (version) {
    sql += " AND version = ?";
    params.emplace_back(*version);
  }
  ASSIGN_OR_RETURN(const int64_t rows, tx.Execute(sql, params));
  return rows == 1;
}

absl::StatusOr<std::optional<Draft>> Find(mysql::Executor& db, std::string_view owner,
                                          const Ulid& id, absl::Time now) {
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(Cat("SELECT ", kColumns,
                   ", content FROM draft WHERE owner = ? AND id = ? AND expires_at > ?"),
               {owner, id, now}));
  if (rows.empty()) return std::optional<Draft>();
  ASSIGN_OR_RETURN(Draft draft, Read(rows[0]));
  ASSIGN_OR_RETURN(draft.content, seal::OpenBytes(rows[0].String(9), kContent));
  return std::optional<Draft>(std::move(draft));
}

absl::StatusOr<std::vector<Draft>> List(mysql::Executor& db, std::string_view owner,
                                        const ListQuery& query, absl::Time now) {
  std::string sql = Cat("SELECT ", kColumns, " FROM draft WHERE owner = ? AND expires_at > ?");
  mysql::Params params = {owner, now};
  if (!query.form.empty()) {
    sql += " AND form = ?";
    params.emplace_back(query.form);
  }
  if (!query.subject_id.is_zero()) {
    sql += " AND subject_id = ?";
    params.emplace_back(query.subject_id);
  }
  if (!query.before.is_zero()) {
    sql += " AND id < ?";
    params.emplace_back(query.before);
  }
  sql += " ORDER BY id DESC LIMIT ?";
  params.emplace_back(query.limit);
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  std::vector<Draft> drafts;
  for (const mysql::Row& row : rows) {
    ASSIGN_OR_RETURN(Draft draft, Read(row));
    drafts.push_back(std::move(draft));
  }
  return drafts;
}

absl::StatusOr<int64_t> Sweep(mysql::Session& db, absl::Time now) {
  return mysql::Transact(db, [&](mysql::Tx& tx) {
    return tx.Execute(
        "DELETE FROM draft WHERE expires_at <= ? ORDER BY expires_at, owner, id LIMIT ?",
        {now, kSweepBatch});
  });
}

}  // namespace bangfu::draft

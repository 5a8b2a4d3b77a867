#include "services/evaluation/store/lifecycle_store.h"

#include <algorithm>

#include "common/mysql/packed.h"
#include "common/status/macros.h"
#include "services/evaluation/store/rows.h"

namespace bangfu::evaluation {

absl::Status UpdateEvaluations(mysql::Tx& tx, std::vector<EvaluationRow*> rows) {
  if (rows.empty()) return absl::OkStatus();
  if (rows.size() == 1) return UpdateEvaluation(tx, *rows[0]);
  std::sort(rows.begin(), rows.end(),
            [](const EvaluationRow* a, const EvaluationRow* b) { return a->id < b->id; });
  // An upsert whose insert half never happens, since the rows are locked.
  std::vector<mysql::Params> values;
  values.reserve(rows.size());
  for (EvaluationRow* e : rows) {
    values.push_back({e->id, e->subject_type, e->subject_id, e->region_path, e->period,
                      e->criteria_id, e->snapshot_sha256, e->result, e->state, e->final_class,
                      e->is_void, e->details, e->computed_at, e->computed_by, e->version + 1});
    ++e->version;
  }
  return mysql::BulkInsert(
             tx, "evaluation",
             "id, subject_type, subject_id, region_path, period, criteria_id, snapshot_sha256, "
             "result, state, final_class, is_void, details, computed_at, computed_by, version",
             values,
             "ON DUPLICATE KEY UPDATE result = VALUES(result), state = VALUES(state), "
             "final_class = VALUES(final_class), is_void = VALUES(is_void), "
             "details = VALUES(details), version = VALUES(version)")
      .status();
}

absl::StatusOr<std::vector<Ulid>> ListVoidInForce(mysql::Executor& db, int limit) {
  ASSIGN_OR_RETURN(mysql::Rows rows,
                   db.Query("SELECT s.subject_id FROM subject s WHERE s.is_void = 1 AND "
                            "s.effective_class <> 0 ORDER BY s.subject_id LIMIT ?",
                            {limit}));
  std::vector<Ulid> out;
  for (const mysql::Row& row : rows) out.push_back(row.Id(0));
  return out;
}

absl::StatusOr<absl::flat_hash_map<Ulid, std::string>> ExplanationHashes(
    mysql::Executor& db, const std::vector<Ulid>& evaluation_ids) {
  absl::flat_hash_map<Ulid, std::string> out;
  if (evaluation_ids.empty()) return out;
  mysql::Params params;
  std::string where = InClause("evaluation_id", evaluation_ids, &params);
  ASSIGN_OR_RETURN(
      mysql::Rows rows,
      db.Query(Cat("SELECT evaluation_id, explanation_sha256 FROM evaluation_record WHERE ", where),
               params));
  for (const mysql::Row& row : rows) out.emplace(row.Id(0), row.String(1));
  return out;
}

absl::StatusOr<absl::flat_hash_map<Ulid, std::string>> LoadExplanations(
    mysql::Executor& db, const std::vector<Ulid>& evaluation_ids) {
  absl::flat_hash_map<Ulid, std::string> out;
  if (evaluation_ids.empty()) return out;
  mysql::Params params;
  std::string where = InClause("evaluation_id", evaluation_ids, &params);
  ASSIGN_OR_RETURN(
      mysql::Rows rows,
      db.Query(Cat("SELECT evaluation_id, explanation FROM evaluation_record WHERE ", where),
               params));
  for (const mysql::Row& row : rows) {
    ASSIGN_OR_RETURN(std::string json, mysql::Unpack(row.String(1)));
    out.emplace(row.Id(0), std::move(json));
  }
  return out;
}

absl::StatusOr<std::vector<EvaluationRow>> LockEvaluationsUnderWay(
    mysql::Tx& tx, const std::vector<Ulid>& subject_ids) {
  if (subject_ids.empty()) return std::vector<EvaluationRow>();
  mysql::Params params;
  const std::string where = InClause("subject_id", subject_ids, &params);
  ASSIGN_OR_RETURN(mysql::Rows rows,
                   tx.Query(Cat("SELECT id FROM evaluation WHERE ", where,
                                " AND state BETWEEN 1 AND 5 AND is_void = 0 ORDER BY id"),
                            params));
  std::vector<Ulid> ids;
  for (const mysql::Row& row : rows) ids.push_back(row.Id(0));
  return LockEvaluations(tx, std::move(ids), std::nullopt);
}

absl::StatusOr<std::vector<PublicisedEvaluation>> PublicisedEvaluations(
    mysql::Executor& db, const std::vector<Ulid>& subject_ids) {
  std::vector<PublicisedEvaluation> out;
  if (subject_ids.empty()) return out;
  mysql::Params params;
  const std::string where = InClause("subject_id", subject_ids, &params);
  ASSIGN_OR_RETURN(mysql::Rows rows, db.Query(Cat("SELECT id, subject_id FROM evaluation WHERE ",
                                                  where, " AND state = 5 ORDER BY id"),
                                              params));
  for (const mysql::Row& row : rows) out.push_back({row.Id(0), row.Id(1)});
  return out;
}

absl::StatusOr<std::vector<Ulid>> PageEvaluationsUnderWay(mysql::Executor& db, const Ulid& after,
                                                          int limit) {
  ASSIGN_OR_RETURN(mysql::Rows rows,
                   db.Query("SELECT id FROM evaluation WHERE id > ? AND state BETWEEN 1 AND 5 AND "
                            "is_void = 0 ORDER BY id LIMIT ?",
                            {after, limit}));
  std::vector<Ulid> out;
  for (const mysql::Row& row : rows) out.push_back(row.Id(0));
  return out;
}

}  // namespace bangfu::evaluation

#include "services/evaluation/store/evaluation_store.h"

#include <algorithm>
#include <utility>

#include "common/mysql/packed.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/evaluation/store/rows.h"

namespace bangfu::evaluation {

namespace {

constexpr char kColumns[] =
    "id, run_id, subject_type, subject_id, region_path, period, criteria_id, snapshot_sha256, "
    "result, state, final_class, total_bp, is_void, details, computed_at, computed_by, version";

EvaluationRow FromRow(const mysql::Row& row) {
  EvaluationRow e;
  e.id = row.Id(0);
  e.run_id = OptId(row, 1);
  e.subject_type = static_cast<int>(row.Int(2));
  e.subject_id = row.Id(3);
  e.region_path = row.String(4);
  e.period = row.String(5);
  e.criteria_id = row.Id(6);
  e.snapshot_sha256 = row.String(7);
  e.result = static_cast<int>(row.Int(8));
  e.state = static_cast<int>(row.Int(9));
  e.final_class = static_cast<int>(row.Int(10));
  if (!row.IsNull(11)) e.total_bp = static_cast<int32_t>(row.Int(11));
  e.is_void = row.Bool(12);
  e.details = row.String(13);
  e.computed_at = row.Time(14);
  e.computed_by = row.String(15);
  e.version = row.Int(16);
  return e;
}

std::vector<EvaluationRow> FromRows(const mysql::Rows& rows) {
  std::vector<EvaluationRow> out;
  out.reserve(rows.size());
  for (const mysql::Row& row : rows) out.push_back(FromRow(row));
  return out;
}

}  // namespace

absl::Status InsertEvaluations(mysql::Tx& tx, const std::vector<EvaluationRow>& rows) {
  if (rows.empty()) return absl::OkStatus();
  std::vector<mysql::Params> values;
  values.reserve(rows.size());
  for (const EvaluationRow& e : rows) {
    mysql::Param total = e.total_bp ? mysql::Param(int64_t{*e.total_bp}) : mysql::Param(nullptr);
    values.push_back({e.id, e.run_id, e.subject_type, e.subject_id, e.region_path, e.period,
                      e.criteria_id, e.snapshot_sha256, e.result, e.state, e.final_class, total,
                      e.is_void, e.details, e.computed_at, e.computed_by, e.version});
  }
  return mysql::BulkInsert(tx, "evaluation", kColumns, values).status();
}

absl::Status InsertEvaluationRecords(mysql::Tx& tx, const std::vector<EvaluationRecord>& records) {
  if (records.empty()) return absl::OkStatus();
  std::vector<mysql::Params> values;
  values.reserve(records.size());
  for (const EvaluationRecord& r : records) {
    values.push_back({r.evaluation_id, mysql::Pack(r.snapshot), mysql::Pack(r.explanation),
                      r.explanation_sha256});
  }
  return mysql::BulkInsert(tx, "evaluation_record",
                           "evaluation_id, snapshot, explanation, explanation_sha256", values)
      .status();
}

absl::StatusOr<EvaluationRow> GetEvaluation(mysql::Executor& db, const Ulid& id,
                                            const RegionScopes& scope) {
  mysql::Params params{id};
  std::string where = AndScope(scope, "region_path", &params);
  ASSIGN_OR_RETURN(
      mysql::Rows rows,
      db.Query(Cat("SELECT ", kColumns, " FROM evaluation WHERE id = ?", where), params));
  if (rows.empty()) return NotFound("evaluation", id.ToString());
  return FromRow(rows[0]);
}

absl::StatusOr<std::vector<EvaluationRow>> LockEvaluations(mysql::Tx& tx, std::vector<Ulid> ids,
                                                           const RegionScopes& scope) {
  if (ids.empty()) return std::vector<EvaluationRow>();
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  mysql::Params params;
  std::string where = InClause("id", ids, &params);
  where += AndScope(scope, "region_path", &params);
  ASSIGN_OR_RETURN(mysql::Rows rows, tx.Query(Cat("SELECT ", kColumns, " FROM evaluation WHERE ",
                                                  where, " ORDER BY id FOR UPDATE"),
                                              params));
  return FromRows(rows);
}

absl::StatusOr<std::vector<EvaluationRow>> GetEvaluations(mysql::Executor& db,
                                                          const std::vector<Ulid>& ids,
                                                          const RegionScopes& scope) {
  if (ids.empty()) return std::vector<EvaluationRow>();
  mysql::Params params;
  std::string where = InClause("id", ids, &params);
  where += AndScope(scope, "region_path", &params);
  ASSIGN_OR_RETURN(mysql::Rows rows,
                   db.Query(Cat("SELECT ", kColumns, " FROM evaluation WHERE ", where), params));
  return FromRows(rows);
}

absl::Status UpdateEvaluation(mysql::Tx& tx, EvaluationRow& row) {
  ASSIGN_OR_RETURN(
      int64_t matched,
      tx.Execute(
          "UPDATE evaluation SET result = ?, state = ?, final_class = ?, is_void = ?, "
          "details = ?, version = version + 1 WHERE id = ? AND version = ?",
          {row.result, row.state, row.final_class, row.is_void, row.details, row.id, row.version}));
  if (matched == 0) return EtagMismatch();
  ++row.version;
  return absl::OkStatus();
}

absl::StatusOr<std::vector<EvaluationRow>> ListEvaluations(mysql::Executor& db,
                                                           const EvaluationQuery& query,
                                                           const RegionScopes& scope) {
  mysql::Params params;
  std::string where = "TRUE";
  if (query.subject_id) {
    where += " AND subject_id = ?";
    params.emplace_back(*query.subject_id);
  }
  if (query.state != 0) {
    where += " AND state = ?";
    params.emplace_back(query.state);
  }
  if (query.in_force_once) where += " AND state IN (6, 7)";
  where += AndScope(scope, "region_path", &params);
  if (query.region) {
    where += Cat(" AND ", mysql::RegionClause({*query.region}, "region_path", &params));
  }
  if (query.subject_type != 0) {
    where += " AND subject_type = ?";
    params.emplace_back(query.subject_type);
  }
  if (query.result != 0) {
    where += " AND result = ?";
    params.emplace_back(query.result);
  }
  if (!query.period.empty()) {
    where += " AND period = ?";
    params.emplace_back(query.period);
  }
  if (!query.include_void) where += " AND is_void = 0";
  if (query.after) {
    if (query.subject_id) {
      where += " AND id < ?";
    } else {
      // The first half is a range on the index, the second drops the head of its last village.
      where += " AND region_path <= ? AND (region_path < ? OR id < ?)";
      params.emplace_back(query.after->first);
      params.emplace_back(query.after->first);
    }
    params.emplace_back(query.after->second);
  }
  params.emplace_back(query.limit);
  std::string_view order = query.subject_id ? "id DESC" : "region_path DESC, id DESC";
  ASSIGN_OR_RETURN(mysql::Rows rows, db.Query(Cat("SELECT ", kColumns, " FROM evaluation WHERE ",
                                                  where, " ORDER BY ", order, " LIMIT ?"),
                                              params));
  return FromRows(rows);
}

absl::StatusOr<std::vector<EvaluationRow>> PageEvaluationsById(mysql::Executor& db,
                                                               const Ulid& after, int limit,
                                                               const RegionScopes& scope) {
  mysql::Params params{after};
  std::string where = AndScope(scope, "region_path", &params);
  params.emplace_back(limit);
  ASSIGN_OR_RETURN(mysql::Rows rows,
                   db.Query(Cat("SELECT ", kColumns, " FROM evaluation WHERE id > ?", where,
                                " ORDER BY id LIMIT ?"),
                            params));
  return FromRows(rows);
}

absl::StatusOr<EvaluationRecord> GetEvaluationRecord(mysql::Executor& db,
                                                     const Ulid& evaluation_id) {
  ASSIGN_OR_RETURN(
      mysql::Rows rows,
      db.Query("SELECT snapshot, explanation, explanation_sha256 FROM evaluation_record "
               "WHERE evaluation_id = ?",
               {evaluation_id}));
  if (rows.empty()) return NotFound("evaluation_record", evaluation_id.ToString());
  EvaluationRecord record;
  record.evaluation_id = evaluation_id;
  ASSIGN_OR_RETURN(record.snapshot, mysql::Unpack(rows[0].String(0)));
  ASSIGN_OR_RETURN(record.explanation, mysql::Unpack(rows[0].String(1)));
  record.explanation_sha256 = rows[0].String(2);
  return record;
}

absl::StatusOr<absl::flat_hash_map<Ulid, EvaluatedState>> LoadEvaluatedStates(
    mysql::Executor& db, const std::vector<Ulid>& evaluation_ids) {
  absl::flat_hash_map<Ulid, EvaluatedState> out;
  if (evaluation_ids.empty()) return out;
  mysql::Params params;
  std::string where = InClause("id", evaluation_ids, &params);
  ASSIGN_OR_RETURN(
      mysql::Rows rows,
      db.Query(
          Cat("SELECT id, snapshot_sha256, criteria_id, is_void FROM evaluation WHERE ", where),
          params));
  for (const mysql::Row& row : rows) {
    out.emplace(row.Id(0), EvaluatedState{row.String(1), row.Id(2), row.Bool(3)});
  }
  return out;
}

}  // namespace bangfu::evaluation

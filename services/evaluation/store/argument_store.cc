#include "services/evaluation/store/argument_store.h"

#include <utility>

#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/evaluation/store/rows.h"

namespace bangfu::evaluation {

namespace {

// Numbers of evaluation.v1.ArgumentState.
constexpr int kSigning = 1;

constexpr char kArgumentColumns[] =
    "id, subject_id, region_path, conclusion, named_class, cause, argued_on, payload, recorded_at, "
    "state, version, withdrawal";

ArgumentRow ArgumentFrom(const mysql::Row& row) {
  ArgumentRow a;
  a.id = row.Id(0);
  a.subject_id = row.Id(1);
  a.region_path = row.String(2);
  a.conclusion = static_cast<int>(row.Int(3));
  a.named_class = static_cast<int>(row.Int(4));
  a.cause = row.String(5);
  a.argued_on = row.Day(6);
  a.payload = row.String(7);
  a.recorded_at = row.Time(8);
  a.state = static_cast<int>(row.Int(9));
  a.version = row.Int(10);
  a.withdrawal = row.OptString(11);
  return a;
}

std::vector<ArgumentRow> ArgumentsFrom(const mysql::Rows& rows) {
  std::vector<ArgumentRow> out;
  for (const mysql::Row& row : rows) out.push_back(ArgumentFrom(row));
  return out;
}

}  // namespace

absl::Status InsertArgument(mysql::Tx& tx, const ArgumentRow& a) {
  return tx
      .Execute(Cat("INSERT INTO argument_record (", kArgumentColumns,
                   ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
               {a.id, a.subject_id, a.region_path, a.conclusion, a.named_class, a.cause,
                a.argued_on, a.payload, a.recorded_at, a.state, a.version, a.withdrawal})
      .status();
}

absl::StatusOr<ArgumentRow> GetArgument(mysql::Executor& db, const Ulid& id,
                                        const std::optional<std::vector<std::string>>& scope) {
  ASSIGN_OR_RETURN(std::vector<ArgumentRow> rows, GetArguments(db, {id}, scope));
  if (rows.empty()) return NotFound("argument_record", id.ToString());
  return std::move(rows[0]);
}

absl::StatusOr<std::vector<ArgumentRow>> GetArguments(
    mysql::Executor& db, const std::vector<Ulid>& ids,
    const std::optional<std::vector<std::string>>& scope) {
  if (ids.empty()) return std::vector<ArgumentRow>();
  mysql::Params params;
  std::string where = InClause("id", ids, &params);
  where += AndScope(scope, "region_path", &params);
  ASSIGN_OR_RETURN(mysql::Rows rows,
                   db.Query(Cat("SELECT ", kArgumentColumns, " FROM argument_record WHERE ", where,
                                " ORDER BY id"),
                            params));
  return ArgumentsFrom(rows);
}

absl::StatusOr<ArgumentRow> LockArgument(mysql::Tx& tx, const Ulid& id) {
  ASSIGN_OR_RETURN(mysql::Rows rows, tx.Query(Cat("SELECT ", kArgumentColumns,
                                                  " FROM argument_record WHERE id = ? FOR UPDATE"),
                                              {id}));
  if (rows.empty()) return NotFound("argument_record", id.ToString());
  return ArgumentFrom(rows[0]);
}

absl::StatusOr<std::vector<ArgumentRow>> LoadArguments(
    mysql::Executor& db, const std::vector<Ulid>& subject_ids,
    const std::optional<std::vector<std::string>>& scope) {
  if (subject_ids.empty()) return std::vector<ArgumentRow>();
  mysql::Params params;
  std::string where = InClause("subject_id", subject_ids, &params);
  where += AndScope(scope, "region_path", &params);
  ASSIGN_OR_RETURN(mysql::Rows rows,
                   db.Query(Cat("SELECT ", kArgumentColumns, " FROM argument_record WHERE ", where,
                                " ORDER BY subject_id, argued_on DESC, id DESC"),
                            params));
  return ArgumentsFrom(rows);
}

absl::Status UpdateArgument(mysql::Tx& tx, ArgumentRow& row) {
  ++row.version;
  return tx
      .Execute("UPDATE argument_record SET state = ?, version = ?, withdrawal = ? WHERE id = ?",
               {row.state, row.version, row.withdrawal, row.id})
      .status();
}

absl::StatusOr<std::vector<Ulid>> PageUnsignedArguments(mysql::Executor& db, const Ulid& after,
                                                        int limit) {
  ASSIGN_OR_RETURN(
      mysql::Rows rows,
      db.Query("SELECT id FROM argument_record WHERE id > ? AND state = ? ORDER BY id LIMIT ?",
               {after, kSigning, limit}));
  std::vector<Ulid> out;
  for (const mysql::Row& row : rows) out.push_back(row.Id(0));
  return out;
}

absl::Status InsertArgumentSignature(mysql::Tx& tx, const ArgumentSignatureRow& row) {
  return tx
      .Execute(
          "INSERT INTO argument_signature (argument_id, person, opinion, dissent, signed_at) "
          "VALUES (?, ?, ?, ?, ?)",
          {row.argument_id, row.person, row.opinion, row.dissent, row.signed_at})
      .status();
}

absl::StatusOr<std::vector<ArgumentSignatureRow>> LoadArgumentSignatures(
    mysql::Executor& db, const std::vector<Ulid>& argument_ids) {
  std::vector<ArgumentSignatureRow> out;
  if (argument_ids.empty()) return out;
  mysql::Params params;
  const std::string where = InClause("argument_id", argument_ids, &params);
  ASSIGN_OR_RETURN(mysql::Rows rows,
                   db.Query(Cat("SELECT argument_id, person, opinion, dissent, signed_at FROM "
                                "argument_signature WHERE ",
                                where, " ORDER BY argument_id, person"),
                            params));
  for (const mysql::Row& row : rows) {
    out.push_back(
        {row.Id(0), row.String(1), static_cast<int>(row.Int(2)), row.String(3), row.Time(4)});
  }
  return out;
}

}  // namespace bangfu::evaluation

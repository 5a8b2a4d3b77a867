#include "services/evaluation/store/ledger_store.h"

#include <algorithm>
#include <array>
#include <memory>

#include "common/base/digest.h"
#include "common/base/region.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/evaluation/store/rows.h"
#include "services/evaluation/store/subject_store.h"

namespace bangfu::evaluation {

namespace {

constexpr char kColumns[] =
    "id, evaluation_id, subject_type, subject_id, region_path, class, state, is_open, entered_at, "
    "left_at, leave_reason, left_to, is_overridden, invested_fen, asset_value_fen, row_hash, "
    "details, version, override_expires_on, is_due";

LedgerRow FromRow(const mysql::Row& row) {
  LedgerRow e;
  e.id = row.Id(0);
  e.evaluation_id = row.Id(1);
  e.subject_type = static_cast<int>(row.Int(2));
  e.subject_id = row.Id(3);
  e.region_path = row.String(4);
  e.four_class = static_cast<int>(row.Int(5));
  e.state = static_cast<int>(row.Int(6));
  e.open = row.Bool(7);
  e.entered_at = row.Time(8);
  e.left_at = row.OptTime(9);
  e.leave_reason = row.String(10);
  e.left_to = static_cast<int>(row.Int(11));
  e.overridden = row.Bool(12);
  e.invested_fen = row.Int(13);
  e.asset_value_fen = row.Int(14);
  e.row_hash = row.String(15);
  e.details = row.String(16);
  e.version = row.Int(17);
  e.override_expires_on = row.OptDay(18);
  e.due = row.Bool(19);
  return e;
}

std::vector<LedgerRow> FromRows(const mysql::Rows& rows) {
  std::vector<LedgerRow> out;
  out.reserve(rows.size());
  for (const mysql::Row& row : rows) out.push_back(FromRow(row));
  return out;
}

mysql::Param OpenMark(const LedgerRow& e) {
  return e.open ? mysql::Param(1) : mysql::Param(nullptr);
}

mysql::Param ExpiryOf(const LedgerRow& e) {
  return e.override_expires_on ? mysql::Param(*e.override_expires_on) : mysql::Param(nullptr);
}

std::string HashOf(const LedgerRow& e) {
  return e.signed_content.empty() ? e.row_hash : Sha256(e.signed_content);
}

mysql::Params Values(const LedgerRow& e, int64_t version) {
  return {e.id,           e.evaluation_id, e.subject_type, e.subject_id,   e.region_path,
          e.four_class,   e.state,         OpenMark(e),    e.entered_at,   e.left_at,
          e.leave_reason, e.left_to,       e.overridden,   e.invested_fen, e.asset_value_fen,
          HashOf(e),      e.details,       version,        ExpiryOf(e),    e.due};
}

absl::StatusOr<LedgerRow> Find(mysql::Executor& db, const Ulid& id, const RegionScopes& scope,
                               std::string_view suffix) {
  mysql::Params params{id};
  std::string where = AndScope(scope, "region_path", &params);
  ASSIGN_OR_RETURN(
      mysql::Rows rows,
      db.Query(Cat("SELECT ", kColumns, " FROM ledger_entry WHERE id = ?", where, suffix), params));
  if (rows.empty()) return NotFound("ledger_entry", id.ToString());
  return FromRow(rows[0]);
}

SignatureRow SignatureFromRow(const mysql::Row& row) {
  SignatureRow s;
  s.id = row.Id(0);
  s.region_code = row.String(1);
  s.signature_no = row.Int(2);
  s.rows_sha256 = row.String(3);
  s.row_count = row.Int(4);
  s.signed_by = row.String(5);
  s.payload = row.String(6);
  s.signed_at = row.Time(7);
  return s;
}

}  // namespace

absl::Status InsertEntries(mysql::Tx& tx, const std::vector<LedgerRow>& rows) {
  if (rows.empty()) return absl::OkStatus();
  std::vector<mysql::Params> values;
  values.reserve(rows.size());
  for (const LedgerRow& e : rows) values.push_back(Values(e, e.version));
  return mysql::BulkInsert(tx, "ledger_entry", kColumns, values).status();
}

absl::Status UpdateEntries(mysql::Tx& tx, const std::vector<LedgerRow*>& rows) {
  if (rows.empty()) return absl::OkStatus();
  if (rows.size() == 1) return UpdateEntry(tx, *rows[0]);
  // An upsert whose insert half never happens, since the rows are locked.
  std::vector<mysql::Params> values;
  values.reserve(rows.size());
  for (LedgerRow* e : rows) values.push_back(Values(*e, ++e->version));
  return mysql::BulkInsert(
             tx, "ledger_entry", kColumns, values,
             "ON DUPLICATE KEY UPDATE evaluation_id = VALUES(evaluation_id), "
             "state = VALUES(state), is_open = VALUES(is_open), left_at = VALUES(left_at), "
             "leave_reason = VALUES(leave_reason), left_to = VALUES(left_to), "
             "is_overridden = VALUES(is_overridden), invested_fen = VALUES(invested_fen), "
             "asset_value_fen = VALUES(asset_value_fen), row_hash = VALUES(row_hash), "
             "details = VALUES(details), version = VALUES(version), "
             "override_expires_on = VALUES(override_expires_on), is_due = VALUES(is_due)")
      .status();
}

absl::Status UpdateEntry(mysql::Tx& tx, LedgerRow& e) {
  ASSIGN_OR_RETURN(
      int64_t matched,
      tx.Execute("UPDATE ledger_entry SET evaluation_id = ?, state = ?, is_open = ?, left_at = ?, "
                 "leave_reason = ?, left_to = ?, is_overridden = ?, invested_fen = ?, "
                 "asset_value_fen = ?, row_hash = ?, details = ?, override_expires_on = ?, "
                 "is_due = ?, version = version + 1 "
                 "WHERE id = ? AND version = ?",
                 {e.evaluation_id, e.state, OpenMark(e), e.left_at, e.leave_reason, e.left_to,
                  e.overridden, e.invested_fen, e.asset_value_fen, HashOf(e), e.details,
                  ExpiryOf(e), e.due, e.id, e.version}));
  if (matched == 0) return EtagMismatch();
  ++e.version;
  return absl::OkStatus();
}

absl::StatusOr<LedgerRow> GetEntry(mysql::Executor& db, const Ulid& id, const RegionScopes& scope) {
  return Find(db, id, scope, "");
}

absl::StatusOr<std::vector<LedgerRow>> GetEntries(mysql::Executor& db, const std::vector<Ulid>& ids,
                                                  const RegionScopes& scope) {
  if (ids.empty()) return std::vector<LedgerRow>();
  mysql::Params params;
  std::string where = InClause("id", ids, &params);
  where += AndScope(scope, "region_path", &params);
  ASSIGN_OR_RETURN(mysql::Rows rows,
                   db.Query(Cat("SELECT ", kColumns, " FROM ledger_entry WHERE ", where), params));
  return FromRows(rows);
}

absl::StatusOr<LedgerRow> LockEntry(mysql::Tx& tx, const Ulid& id, const RegionScopes& scope) {
  return Find(tx, id, scope, " FOR UPDATE");
}

absl::StatusOr<std::vector<LedgerRow>> LockEntries(mysql::Tx& tx, std::vector<Ulid> ids) {
  if (ids.empty()) return std::vector<LedgerRow>();
  std::sort(ids.begin(), ids.end());
  mysql::Params params;
  const std::string where = InClause("id", ids, &params);
  ASSIGN_OR_RETURN(mysql::Rows rows, tx.Query(Cat("SELECT ", kColumns, " FROM ledger_entry WHERE ",
                                                  where, " ORDER BY id FOR UPDATE"),
                                              params));
  return FromRows(rows);
}

absl::StatusOr<std::vector<std::string>> PathsWithEntries(mysql::Executor& db,
                                                          const std::string& after, int limit) {
  ASSIGN_OR_RETURN(mysql::Rows rows,
                   db.Query("SELECT DISTINCT region_path FROM ledger_entry WHERE is_open = 1 AND "
                            "region_path > ? ORDER BY region_path LIMIT ?",
                            {after, limit}));
  std::vector<std::string> out;
  for (const mysql::Row& row : rows) out.push_back(row.String(0));
  return out;
}

absl::StatusOr<absl::flat_hash_map<Ulid, LedgerRow>> LockOpenEntries(
    mysql::Tx& tx, const std::vector<Ulid>& subject_ids) {
  absl::flat_hash_map<Ulid, LedgerRow> out;
  if (subject_ids.empty()) return out;
  mysql::Params params;
  std::string where = InClause("subject_id", subject_ids, &params);
  ASSIGN_OR_RETURN(mysql::Rows rows,
                   tx.Query(Cat("SELECT ", kColumns, " FROM ledger_entry WHERE ", where,
                                " AND is_open = 1 ORDER BY subject_id FOR UPDATE"),
                            params));
  for (LedgerRow& row : FromRows(rows)) {
    Ulid subject = row.subject_id;
    out.emplace(subject, std::move(row));
  }
  return out;
}

absl::StatusOr<std::vector<LedgerRow>> ListEntries(mysql::Executor& db, const EntryQuery& query,
                                                   const RegionScopes& scope) {
  mysql::Params params;
  std::string where = "TRUE";
  if (query.subject_id) {
    where += " AND subject_id = ?";
    params.emplace_back(*query.subject_id);
  }
  if (query.four_class != 0) {
    where += " AND class = ?";
    params.emplace_back(query.four_class);
  }
  if (query.subject_type != 0) {
    where += " AND subject_type = ?";
    params.emplace_back(query.subject_type);
  }
  where += AndScope(scope, "region_path", &params);
  if (query.region) {
    where += Cat(" AND ", mysql::RegionClause({*query.region}, "region_path", &params));
  }
  if (query.include_closed_out) {
    where += " AND (is_open = 1 OR leave_reason = 'CLOSED_OUT')";
  } else if (!query.include_left) {
    where += " AND is_open = 1";
  }
  if (query.due_only) where += " AND is_due = 1";
  if (query.after) {
    where += " AND region_path >= ? AND (region_path > ? OR id > ?)";
    params.emplace_back(query.after->first);
    params.emplace_back(query.after->first);
    params.emplace_back(query.after->second);
  }
  params.emplace_back(query.limit);
  ASSIGN_OR_RETURN(mysql::Rows rows, db.Query(Cat("SELECT ", kColumns, " FROM ledger_entry WHERE ",
                                                  where, " ORDER BY region_path, id LIMIT ?"),
                                              params));
  return FromRows(rows);
}

absl::StatusOr<std::vector<LedgerRow>> PageEntriesById(mysql::Executor& db, const Ulid& after,
                                                       int limit, const RegionScopes& scope) {
  mysql::Params params{after};
  std::string where = AndScope(scope, "region_path", &params);
  params.emplace_back(limit);
  ASSIGN_OR_RETURN(mysql::Rows rows,
                   db.Query(Cat("SELECT ", kColumns, " FROM ledger_entry WHERE id > ?", where,
                                " ORDER BY id LIMIT ?"),
                            params));
  return FromRows(rows);
}

absl::StatusOr<std::optional<SignatureRow>> NewestSignature(mysql::Executor& db,
                                                            const std::string& unit) {
  ASSIGN_OR_RETURN(
      mysql::Rows rows,
      db.Query("SELECT id, region_code, signature_no, rows_sha256, row_count, signed_by, payload, "
               "signed_at FROM ledger_signature WHERE region_code = ? ORDER BY signature_no DESC "
               "LIMIT 1",
               {unit}));
  if (rows.empty()) return std::nullopt;
  return SignatureFromRow(rows[0]);
}

absl::Status InsertSignature(mysql::Tx& tx, const SignatureRow& s) {
  return tx
      .Execute(
          "INSERT INTO ledger_signature (id, region_code, signature_no, rows_sha256, row_count, "
          "signed_by, payload, signed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
          {s.id, s.region_code, s.signature_no, s.rows_sha256, s.row_count, s.signed_by, s.payload,
           s.signed_at})
      .status();
}

absl::StatusOr<std::vector<SignatureRow>> PageSignaturesById(mysql::Executor& db, const Ulid& after,
                                                             int limit, const RegionScopes& scope) {
  mysql::Params params{after};
  std::string where = AndScope(scope, "region_code", &params);
  params.emplace_back(limit);
  ASSIGN_OR_RETURN(mysql::Rows rows,
                   db.Query(Cat("SELECT id, region_code, signature_no, rows_sha256, row_count, "
                                "signed_by, payload, signed_at FROM ledger_signature WHERE id > ?",
                                where, " ORDER BY id LIMIT ?"),
                            params));
  std::vector<SignatureRow> out;
  for (const mysql::Row& row : rows) out.push_back(SignatureFromRow(row));
  return out;
}

}  // namespace bangfu::evaluation

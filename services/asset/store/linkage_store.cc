#include "services/asset/store/linkage_store.h"

#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/asset/store/row_reading.h"

namespace bangfu::asset::store {
namespace {

using mysql::Params;
using mysql::Row;

constexpr std::string_view kLinkage =
    "id, version, project_id, region_path, mode_code, operator_uscc, operator_name, households, "
    "poor_households, monitored_households, start_date, end_date, end_reason";
// With the sum of its months.
constexpr std::string_view kLinkageSum =
    ", CAST(COALESCE((SELECT SUM(paid_fen) FROM linkage_income WHERE linkage_id = linkage.id), 0) "
    "AS "
    "SIGNED)";

LinkageRow ToLinkage(const Row& r) {
  LinkageRow l;
  l.id = r.Id(0);
  l.version = r.Int(1);
  l.project_id = r.Id(2);
  l.region_path = r.String(3);
  l.mode_code = r.String(4);
  l.operator_uscc = r.String(5);
  l.operator_name = r.String(6);
  l.households = r.Int(7);
  l.poor_households = r.Int(8);
  l.monitored_households = r.Int(9);
  l.start_date = r.Day(10);
  l.end_date = r.OptDay(11);
  l.end_reason = r.String(12);
  l.income_paid_fen = r.Int(13);
  return l;
}

constexpr std::string_view kEmployment =
    "id, version, project_id, region_path, month, kind, workers, poor_workers, monitored_workers, "
    "person_days, poor_person_days, wages_fen, poor_wages_fen, source, operation_report_id";

EmploymentRow ToEmployment(const Row& r) {
  EmploymentRow e;
  e.id = r.Id(0);
  e.version = r.Int(1);
  e.project_id = r.Id(2);
  e.region_path = r.String(3);
  e.month = r.String(4);
  e.kind = static_cast<EmploymentKind>(r.Int(5));
  e.workers = r.Int(6);
  e.poor_workers = r.Int(7);
  e.monitored_workers = r.Int(8);
  e.person_days = r.Int(9);
  e.poor_person_days = r.Int(10);
  e.wages_fen = r.Int(11);
  e.poor_wages_fen = r.Int(12);
  e.source = static_cast<EmploymentSource>(r.Int(13));
  if (!r.IsNull(14)) e.operation_report_id = r.Id(14);
  return e;
}

// A page of the rows of a project, or of all.
std::string PageOf(const std::optional<Ulid>& project_id, const std::vector<std::string>& scope,
                   const std::string& region_prefix, const PageKey& after, int limit,
                   Params* params) {
  if (!project_id) return Page(scope, region_prefix, "", {}, after, limit, params);
  return Page(scope, region_prefix, " AND project_id = ?", {*project_id}, after, limit, params);
}

}  // namespace

absl::Status InsertLinkageIncome(mysql::Tx& tx, const std::vector<LinkageIncome>& rows) {
  if (rows.empty()) return absl::OkStatus();
  std::vector<Params> params;
  for (const LinkageIncome& i : rows) {
    params.push_back({i.linkage_id, i.month, i.project_id, i.paid_fen});
  }
  return mysql::BulkInsert(tx, "linkage_income", "(linkage_id, month, project_id, paid_fen)",
                           params)
      .status();
}

absl::Status InsertLinkages(mysql::Tx& tx, const std::vector<LinkageRow>& rows) {
  if (rows.empty()) return absl::OkStatus();
  std::vector<Params> params;
  std::vector<Params> counts;
  for (const LinkageRow& l : rows) {
    params.push_back({l.id, l.version, l.project_id, l.region_path, l.mode_code, l.operator_uscc,
                      l.operator_name, l.households, l.poor_households, l.monitored_households,
                      l.start_date, l.end_date, l.end_reason});
    counts.push_back({l.id, l.start_date, l.project_id, l.households});
  }
  RETURN_IF_ERROR(mysql::BulkInsert(tx, "linkage", kLinkage, params).status());
  return mysql::BulkInsert(tx, "linkage_count", "(linkage_id, since, project_id, households)",
                           counts)
      .status();
}

absl::Status UpdateLinkage(mysql::Tx& tx, LinkageRow* l) {
  ASSIGN_OR_RETURN(const int64_t matched,
                   tx.Execute("UPDATE linkage SET version = version + 1, households = ?, "
                              "poor_households = ?, monitored_households = ?, end_date = ?, "
                              "end_reason = ? WHERE id = ? AND version = ?",
                              {l->households, l->poor_households, l->monitored_households,
                               l->end_date, l->end_reason, l->id, l->version}));
  if (matched != 1) return EtagMismatch();
  ++l->version;
  return absl::OkStatus();
}

absl::Status PutLinkageCount(mysql::Tx& tx, const LinkageRow& row, absl::CivilDay since) {
  RETURN_IF_ERROR(
      tx.Execute("DELETE FROM linkage_count WHERE linkage_id = ? AND since > ?", {row.id, since})
          .status());
  return tx
      .Execute(
          "INSERT INTO linkage_count (linkage_id, since, project_id, households) "
          "VALUES (?, ?, ?, ?) ON DUPLICATE KEY UPDATE households = VALUES(households)",
          {row.id, since, row.project_id, row.households})
      .status();
}

absl::Status PutLinkageIncome(mysql::Tx& tx, const LinkageRow& row, const std::string& month,
                              int64_t paid_fen) {
  return tx
      .Execute(
          "INSERT INTO linkage_income (linkage_id, month, project_id, paid_fen) "
          "VALUES (?, ?, ?, ?) ON DUPLICATE KEY UPDATE paid_fen = VALUES(paid_fen)",
          {row.id, month, row.project_id, paid_fen})
      .status();
}

absl::StatusOr<std::optional<LinkageRow>> FindLinkage(mysql::Executor& db, const Ulid& id,
                                                      const std::vector<std::string>& scope) {
  Params params = {id};
  std::string sql = Cat("SELECT ", kLinkage, kLinkageSum, " FROM linkage WHERE id = ? AND ");
  sql += mysql::RegionClause(scope, "region_path", &params);
  return One<LinkageRow>(db.Query(sql, params), ToLinkage);
}

absl::StatusOr<std::set<std::string>> LinkedModes(mysql::Executor& db, const Ulid& project_id,
                                                  absl::CivilDay day) {
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   db.Query("SELECT mode_code FROM linkage WHERE project_id = ? AND "
                            "start_date <= ? AND (end_date IS NULL OR end_date >= ?)",
                            {project_id, day, day}));
  std::set<std::string> out;
  for (const Row& r : rows) out.insert(r.String(0));
  return out;
}

absl::StatusOr<std::vector<LinkageRow>> ListLinkages(mysql::Executor& db,
                                                     const std::vector<std::string>& scope,
                                                     const std::string& region_prefix,
                                                     const std::optional<Ulid>& project_id,
                                                     const PageKey& after, int limit) {
  Params params;
  const std::string page = PageOf(project_id, scope, region_prefix, after, limit, &params);
  return Map<LinkageRow>(
      db.Query(Cat("SELECT ", kLinkage, kLinkageSum, " FROM linkage WHERE ", page), params),
      ToLinkage);
}

absl::Status InsertEmployment(mysql::Tx& tx, const EmploymentRow& e) {
  return tx
      .Execute(
          Cat("INSERT INTO employment (", kEmployment, ") VALUES (", mysql::Placeholders(15), ")"),
          {e.id, e.version, e.project_id, e.region_path, e.month, Number(e.kind), e.workers,
           e.poor_workers, e.monitored_workers, e.person_days, e.poor_person_days, e.wages_fen,
           e.poor_wages_fen, Number(e.source), e.operation_report_id})
      .status();
}

absl::Status UpdateEmployment(mysql::Tx& tx, EmploymentRow* e) {
  ASSIGN_OR_RETURN(
      const int64_t matched,
      tx.Execute("UPDATE employment SET version = version + 1, workers = ?, "
                 "poor_workers = ?, monitored_workers = ?, person_days = ?, "
                 "poor_person_days = ?, wages_fen = ?, poor_wages_fen = ?, source = ?, "
                 "operation_report_id = ? WHERE id = ? AND version = ?",
                 {e->workers, e->poor_workers, e->monitored_workers, e->person_days,
                  e->poor_person_days, e->wages_fen, e->poor_wages_fen, Number(e->source),
                  e->operation_report_id, e->id, e->version}));
  if (matched != 1) return EtagMismatch();
  ++e->version;
  return absl::OkStatus();
}

absl::StatusOr<std::optional<EmploymentRow>> FindEmployment(mysql::Executor& db,
                                                            const Ulid& project_id,
                                                            const std::string& month,
                                                            EmploymentKind kind) {
  return One<EmploymentRow>(
      db.Query(Cat("SELECT ", kEmployment,
                   " FROM employment WHERE project_id = ? AND month = ? AND kind = ?"),
               {project_id, month, Number(kind)}),
      ToEmployment);
}

absl::StatusOr<std::vector<EmploymentRow>> ListEmployment(mysql::Executor& db,
                                                          const std::vector<std::string>& scope,
                                                          const std::string& region_prefix,
                                                          const std::optional<Ulid>& project_id,
                                                          const PageKey& after, int limit) {
  Params params;
  const std::string page = PageOf(project_id, scope, region_prefix, after, limit, &params);
  return Map<EmploymentRow>(
      db.Query(Cat("SELECT ", kEmployment, " FROM employment WHERE ", page), params), ToEmployment);
}

}  // namespace bangfu::asset::store

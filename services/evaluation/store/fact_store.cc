#include "services/evaluation/store/fact_store.h"

#include <utility>

#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/evaluation/store/rows.h"

namespace bangfu::evaluation {

namespace {

constexpr char kDispatchColumns[] =
    "id, industry_id, period, region_path, payload, version, reported_at";

DispatchReportRow DispatchFrom(const mysql::Row& row) {
  return {row.Id(0),     row.Id(1),  row.String(2), row.String(3),
          row.String(4), row.Int(5), row.Time(6)};
}

// A release that knows no day leaves the column's default.
constexpr char kScoreDay[] =
    "IF(scored_on = '1970-01-01', DATE(scored_at + INTERVAL 8 HOUR), scored_on)";

absl::StatusOr<mysql::Rows> QueryScores(mysql::Executor& db, std::string_view where,
                                        const mysql::Params& params) {
  return db.Query(
      Cat("SELECT subject_id, expert, ", kScoreDay, ", payload, scored_at FROM expert_score WHERE ",
          where, " ORDER BY subject_id, expert, 3 DESC, scored_at DESC"),
      params);
}

ExpertScoreRow ScoreFrom(const mysql::Row& row) {
  return {row.Id(0), row.String(1), row.Day(2), row.String(3), row.Time(4)};
}

}  // namespace

absl::Status PutFactSources(mysql::Tx& tx, const std::vector<FactSourceRow>& rows) {
  if (rows.empty()) return absl::OkStatus();
  std::vector<mysql::Params> values;
  values.reserve(rows.size());
  for (const FactSourceRow& r : rows) {
    values.push_back(
        {r.subject_id, r.kind, r.payload, r.source, r.source_sequence, r.generation, r.updated_at});
  }
  return mysql::BulkInsert(
             tx, "fact_source",
             "subject_id, kind, payload, source, source_sequence, generation, updated_at", values,
             "ON DUPLICATE KEY UPDATE payload = VALUES(payload), source = VALUES(source), "
             "source_sequence = VALUES(source_sequence), generation = VALUES(generation), "
             "updated_at = VALUES(updated_at)")
      .status();
}

absl::StatusOr<std::vector<FactSourceRow>> LoadFactSources(
    mysql::Executor& db, const std::vector<Ulid>& subject_ids,
    const std::vector<std::string_view>& kinds) {
  std::vector<FactSourceRow> out;
  if (subject_ids.empty()) return out;
  mysql::Params params;
  std::string where = InClause("subject_id", subject_ids, &params);
  if (!kinds.empty()) {
    where += Cat(" AND kind IN (", mysql::Placeholders(kinds.size()), ")");
    for (std::string_view kind : kinds) params.emplace_back(kind);
  }
  ASSIGN_OR_RETURN(mysql::Rows rows,
                   db.Query(Cat("SELECT subject_id, kind, payload, source, source_sequence, "
                                "generation, updated_at FROM fact_source WHERE ",
                                where),
                            params));
  out.reserve(rows.size());
  for (const mysql::Row& row : rows) {
    out.push_back({row.Id(0), row.String(1), row.String(2), row.String(3), row.Int(4), row.Int(5),
                   row.Time(6)});
  }
  return out;
}

absl::StatusOr<std::vector<std::string>> LoadFactPayloads(mysql::Executor& db,
                                                          const Ulid& subject_id,
                                                          std::string_view kind) {
  ASSIGN_OR_RETURN(mysql::Rows rows,
                   db.Query("SELECT payload FROM fact_source WHERE subject_id = ? AND kind = ? "
                            "UNION ALL SELECT f.payload FROM subject s JOIN fact_source f "
                            "ON f.subject_id = s.subject_id WHERE s.industry_id = ? AND f.kind = ?",
                            {subject_id, kind, subject_id, kind}));
  std::vector<std::string> out;
  out.reserve(rows.size());
  for (const mysql::Row& row : rows) out.push_back(row.String(0));
  return out;
}

absl::Status StreamMemberFacts(
    mysql::Executor& db, const std::vector<Ulid>& industry_ids, std::string_view kind,
    const std::function<absl::Status(const Ulid& industry_id, const std::string& payload)>& take) {
  if (industry_ids.empty()) return absl::OkStatus();
  mysql::Params params{kind};
  const std::string where = InClause("s.industry_id", industry_ids, &params);
  return db.Stream(Cat("SELECT s.industry_id, f.payload FROM subject s JOIN fact_source f "
                       "ON f.subject_id = s.subject_id AND f.kind = ? WHERE ",
                       where, " AND s.subject_type = 1 AND s.is_verified = 1 AND s.is_void = 0"),
                   params, [&](const mysql::Row& row) { return take(row.Id(0), row.String(1)); });
}

absl::StatusOr<std::vector<Ulid>> DeleteOldFactSources(mysql::Tx& tx, std::string_view source,
                                                       std::string_view kind, int64_t generation,
                                                       int limit) {
  ASSIGN_OR_RETURN(mysql::Rows rows,
                   tx.Query("SELECT subject_id FROM fact_source WHERE source = ? AND kind = ? AND "
                            "generation < ? ORDER BY subject_id LIMIT ? FOR UPDATE",
                            {source, kind, generation, limit}));
  std::vector<Ulid> ids;
  for (const mysql::Row& row : rows) ids.push_back(row.Id(0));
  if (ids.empty()) return ids;
  mysql::Params params{kind};
  std::string where = InClause("subject_id", ids, &params);
  RETURN_IF_ERROR(
      tx.Execute(Cat("DELETE FROM fact_source WHERE kind = ? AND ", where), params).status());
  return ids;
}

absl::Status PutExpertScores(mysql::Tx& tx, const std::vector<ExpertScoreRow>& rows) {
  if (rows.empty()) return absl::OkStatus();
  std::vector<mysql::Params> values;
  for (const ExpertScoreRow& r : rows) {
    values.push_back({r.subject_id, r.expert, r.scored_on, r.payload, r.scored_at});
  }
  return mysql::BulkInsert(
             tx, "expert_score", "subject_id, expert, scored_on, payload, scored_at", values,
             "ON DUPLICATE KEY UPDATE payload = VALUES(payload), scored_at = VALUES(scored_at)")
      .status();
}

absl::StatusOr<std::vector<ExpertScoreRow>> LoadExpertScores(mysql::Executor& db,
                                                             const std::vector<Ulid>& subject_ids,
                                                             absl::CivilDay as_of) {
  std::vector<ExpertScoreRow> out;
  if (subject_ids.empty()) return out;
  mysql::Params params;
  std::string where = InClause("subject_id", subject_ids, &params);
  params.emplace_back(as_of);
  ASSIGN_OR_RETURN(mysql::Rows rows,
                   QueryScores(db, Cat(where, " AND ", kScoreDay, " <= ?"), params));
  for (const mysql::Row& row : rows) {
    ExpertScoreRow score = ScoreFrom(row);
    const bool later_stands = !out.empty() && out.back().subject_id == score.subject_id &&
                              out.back().expert == score.expert;
    if (!later_stands) out.push_back(std::move(score));
  }
  return out;
}

absl::StatusOr<std::vector<ExpertScoreRow>> ListExpertScores(mysql::Executor& db,
                                                             const Ulid& subject_id) {
  ASSIGN_OR_RETURN(mysql::Rows rows, QueryScores(db, "subject_id = ?", {subject_id}));
  std::vector<ExpertScoreRow> out;
  out.reserve(rows.size());
  for (const mysql::Row& row : rows) out.push_back(ScoreFrom(row));
  return out;
}

absl::Status InsertAppraisal(mysql::Tx& tx, const AppraisalRow& row) {
  absl::Status status =
      tx.Execute(
            "INSERT INTO appraisal (id, subject_id, region_path, report_no, payload, recorded_at) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            {row.id, row.subject_id, row.region_path, row.report_no, row.payload, row.recorded_at})
          .status();
  if (mysql::IsDuplicateKey(status, "one_report")) {
    return Error(absl::StatusCode::kAlreadyExists, "APPRAISAL_EXISTS")
        .Zh(Cat("该对象已有报告号为", row.report_no, "的评估报告"))
        .Field("appraisal.report_no", "报告号已登记");
  }
  return status;
}

absl::StatusOr<std::vector<AppraisalRow>> LoadAppraisals(mysql::Executor& db,
                                                         const std::vector<Ulid>& subject_ids) {
  std::vector<AppraisalRow> out;
  if (subject_ids.empty()) return out;
  mysql::Params params;
  std::string where = InClause("subject_id", subject_ids, &params);
  ASSIGN_OR_RETURN(
      mysql::Rows rows,
      db.Query(Cat("SELECT id, subject_id, region_path, report_no, payload, recorded_at FROM "
                   "appraisal WHERE ",
                   where, " ORDER BY subject_id, id"),
               params));
  for (const mysql::Row& row : rows) {
    out.push_back({row.Id(0), row.Id(1), row.String(2), row.String(3), row.String(4), row.Time(5)});
  }
  return out;
}

absl::StatusOr<std::optional<DispatchReportRow>> LockDispatchReport(mysql::Tx& tx,
                                                                    const Ulid& industry_id,
                                                                    const std::string& period) {
  ASSIGN_OR_RETURN(mysql::Rows rows,
                   tx.Query(Cat("SELECT ", kDispatchColumns,
                                " FROM dispatch_report WHERE industry_id = ? AND period = ? "
                                "FOR UPDATE"),
                            {industry_id, period}));
  if (rows.empty()) return std::optional<DispatchReportRow>();
  return std::optional<DispatchReportRow>(DispatchFrom(rows[0]));
}

absl::Status PutDispatchReport(mysql::Tx& tx, const DispatchReportRow& r) {
  if (r.version == 1) {
    absl::Status status = tx.Execute(Cat("INSERT INTO dispatch_report (", kDispatchColumns,
                                         ") VALUES (?, ?, ?, ?, ?, ?, ?)"),
                                     {r.id, r.industry_id, r.period, r.region_path, r.payload,
                                      r.version, r.reported_at})
                              .status();
    if (mysql::IsDuplicateKey(status)) return EtagMismatch();
    return status;
  }
  ASSIGN_OR_RETURN(
      int64_t matched,
      tx.Execute("UPDATE dispatch_report SET region_path = ?, payload = ?, version = ?, "
                 "reported_at = ? WHERE id = ? AND version = ?",
                 {r.region_path, r.payload, r.version, r.reported_at, r.id, r.version - 1}));
  if (matched == 0) return EtagMismatch();
  return absl::OkStatus();
}

absl::StatusOr<std::vector<DispatchReportRow>> LoadDispatchReports(
    mysql::Executor& db, const std::vector<Ulid>& industry_ids, const std::string& from_period,
    const std::string& to_period) {
  std::vector<DispatchReportRow> out;
  if (industry_ids.empty()) return out;
  mysql::Params params;
  const std::string where = InClause("industry_id", industry_ids, &params);
  params.emplace_back(from_period);
  params.emplace_back(to_period);
  ASSIGN_OR_RETURN(mysql::Rows rows,
                   db.Query(Cat("SELECT ", kDispatchColumns, " FROM dispatch_report WHERE ", where,
                                " AND period >= ? AND period <= ? ORDER BY period DESC"),
                            params));
  for (const mysql::Row& row : rows) out.push_back(DispatchFrom(row));
  return out;
}

absl::StatusOr<std::set<std::pair<Ulid, std::string>>> ReportedMonths(
    mysql::Executor& db, const std::vector<Ulid>& industry_ids, const std::string& from_period,
    const std::string& to_period) {
  std::set<std::pair<Ulid, std::string>> out;
  if (industry_ids.empty()) return out;
  mysql::Params params;
  const std::string where = InClause("industry_id", industry_ids, &params);
  params.emplace_back(from_period);
  params.emplace_back(to_period);
  ASSIGN_OR_RETURN(mysql::Rows rows,
                   db.Query(Cat("SELECT industry_id, period FROM dispatch_report WHERE ", where,
                                " AND period >= ? AND period <= ?"),
                            params));
  for (const mysql::Row& row : rows) out.emplace(row.Id(0), row.String(1));
  return out;
}

absl::StatusOr<std::vector<DispatchReportRow>> ListDispatchReports(
    mysql::Executor& db, const Ulid& industry_id, const std::string& before, int limit,
    const std::optional<std::vector<std::string>>& scope) {
  mysql::Params params{industry_id};
  std::string where;
  if (!before.empty()) {
    where = " AND period < ?";
    params.emplace_back(before);
  }
  where += AndScope(scope, "region_path", &params);
  params.emplace_back(limit);
  ASSIGN_OR_RETURN(mysql::Rows rows, db.Query(Cat("SELECT ", kDispatchColumns,
                                                  " FROM dispatch_report WHERE industry_id = ?",
                                                  where, " ORDER BY period DESC LIMIT ?"),
                                              params));
  std::vector<DispatchReportRow> out;
  for (const mysql::Row& row : rows) out.push_back(DispatchFrom(row));
  return out;
}

}  // namespace bangfu::evaluation

#include "services/registry/store/sample_store.h"

#include <algorithm>
#include <map>
#include <set>

#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/registry/store/statement.h"

namespace bangfu::registry {
namespace {

using mysql::Params;
using mysql::Placeholders;
using mysql::RegionClause;

constexpr char kUnitColumns[] =
    "sample_id, unit_report_id, region_path, stratum, has_result, issue, record";
constexpr char kSampleColumns[] =
    "id, campaign_id, region_path, level, seed, drawn, results_recorded, issues, version, record";

SampleRow SampleFrom(const mysql::Row& r) {
  SampleRow s;
  s.id = r.Id(0);
  s.campaign_id = r.Id(1);
  s.region_path = r.String(2);
  s.level = static_cast<int>(r.Int(3));
  s.seed = r.String(4);
  s.drawn = r.Int(5);
  s.results_recorded = r.Int(6);
  s.issues = r.Int(7);
  s.version = r.Int(8);
  s.bytes = r.String(9);
  return s;
}

SampleUnitRow UnitFrom(const mysql::Row& r) {
  return {r.Id(0),   r.Id(1),   r.String(2), static_cast<int>(r.Int(3)),
          r.Bool(4), r.Bool(5), r.String(6)};
}

}  // namespace

absl::StatusOr<SampleRow> GetSample(mysql::Executor& db, const Ulid& id, const RegionScope& scope,
                                    bool for_update) {
  Params params = {id};
  std::string sql = Cat("SELECT ", kSampleColumns, " FROM sample WHERE id = ? AND ",
                        RegionClause(scope, "region_path", &params));
  if (for_update) absl::StrAppend(&sql, " FOR UPDATE");
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  if (rows.empty()) return NotFound("sample", id.ToString()).Build();
  return SampleFrom(rows[0]);
}

absl::StatusOr<std::optional<SampleRow>> FindSample(mysql::Tx& tx, const Ulid& campaign_id,
                                                    const std::string& region_path, int level,
                                                    bool for_update) {
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      tx.Query(Cat("SELECT ", kSampleColumns,
                   " FROM sample WHERE campaign_id = ? AND region_path = ? AND level = ?",
                   for_update ? " FOR UPDATE" : ""),
               {campaign_id, region_path, level}));
  if (rows.empty()) return std::optional<SampleRow>();
  return std::optional<SampleRow>(SampleFrom(rows[0]));
}

absl::StatusOr<std::vector<SampleRow>> SamplesById(mysql::Executor& db,
                                                   const std::vector<Ulid>& ids) {
  std::vector<SampleRow> out;
  if (ids.empty()) return out;
  Params params;
  AddAll(ids, &params);
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   db.Query(Cat("SELECT ", kSampleColumns, " FROM sample WHERE id IN (",
                                Placeholders(ids.size()), ") ORDER BY id"),
                            params));
  for (const mysql::Row& row : rows) out.push_back(SampleFrom(row));
  return out;
}

absl::Status InsertSample(mysql::Tx& tx, const SampleRow& row) {
  const absl::Status status =
      tx.Execute(
            Cat("INSERT INTO sample (", kSampleColumns, ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
            {row.id, row.campaign_id, row.region_path, row.level, row.seed, row.drawn,
             row.results_recorded, row.issues, row.version, row.bytes})
          .status();
  if (mysql::IsDuplicateKey(status)) {
    return FailedPrecondition("SAMPLE_EXISTS",
                              "该区域已抽样，此后没有新核实的村；需扩大抽查的请注明");
  }
  return status;
}

absl::Status UpdateSample(mysql::Tx& tx, const SampleRow& row) {
  ASSIGN_OR_RETURN(
      const int64_t matched,
      tx.Execute(
          "UPDATE sample SET drawn = ?, results_recorded = ?, issues = ?, version = ?, record "
          "= ? WHERE id = ? AND version = ?",
          {row.drawn, row.results_recorded, row.issues, row.version, row.bytes, row.id,
           row.version - 1}));
  if (matched == 0) return mysql::Conflict();
  return absl::OkStatus();
}

absl::Status InsertSampleUnits(mysql::Tx& tx, const std::vector<SampleUnitRow>& rows) {
  if (rows.empty()) return absl::OkStatus();
  std::vector<Params> values;
  for (const SampleUnitRow& u : rows) {
    values.push_back(
        {u.sample_id, u.unit_report_id, u.region_path, u.stratum, u.has_result, u.issue, u.bytes});
  }
  return mysql::BulkInsert(
             tx, "sample_unit",
             "(sample_id, unit_report_id, region_path, stratum, has_result, issue, record)", values)
      .status();
}

absl::StatusOr<std::vector<SampleUnitRow>> SampleUnits(mysql::Executor& db, const Ulid& sample_id,
                                                       int limit) {
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(Cat("SELECT ", kUnitColumns,
                   " FROM sample_unit FORCE INDEX (sample_unit_by_place) WHERE sample_id = ? "
                   "ORDER BY region_path, unit_report_id LIMIT ",
                   limit),
               {sample_id}));
  std::vector<SampleUnitRow> out;
  for (const mysql::Row& r : rows) out.push_back(UnitFrom(r));
  return out;
}

absl::StatusOr<std::vector<SampleUnitRow>> ListSampleUnits(mysql::Executor& db,
                                                           const SampleUnitQuery& query) {
  Params params = {query.sample_id};
  // A sample may be most of the table, or little of it; a page is read in its order all the same.
  std::string sql =
      Cat("SELECT ", kUnitColumns, " FROM sample_unit FORCE INDEX (",
          query.result ? "sample_unit_by_result" : "sample_unit_by_place", ") WHERE sample_id = ?");
  if (query.result) {
    absl::StrAppend(&sql, " AND has_result = ? AND issue = ?");
    params.emplace_back(query.result->first);
    params.emplace_back(query.result->second);
  }
  absl::StrAppend(&sql, " AND ", RegionClause(query.scope, "region_path", &params));
  if (!query.after_path.empty()) {
    absl::StrAppend(&sql, " AND (region_path > ? OR (region_path = ? AND unit_report_id > ?))");
    params.emplace_back(query.after_path);
    params.emplace_back(query.after_path);
    params.emplace_back(query.after_id);
  }
  absl::StrAppend(&sql, " ORDER BY region_path, unit_report_id LIMIT ", query.limit);
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  std::vector<SampleUnitRow> out;
  for (const mysql::Row& r : rows) out.push_back(UnitFrom(r));
  return out;
}

absl::StatusOr<std::vector<Ulid>> DrawnReports(mysql::Executor& db, const Ulid& sample_id) {
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query("SELECT unit_report_id FROM sample_unit WHERE sample_id = ?", {sample_id}));
  std::vector<Ulid> out;
  out.reserve(rows.size());
  for (const mysql::Row& r : rows) out.push_back(r.Id(0));
  return out;
}

absl::StatusOr<bool> CanDrawMore(mysql::Executor& db, const Ulid& sample_id) {
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query("SELECT EXISTS (SELECT 1 FROM sample_population p JOIN unit_report u ON u.id = "
               "p.unit_report_id LEFT JOIN sample_unit d ON d.sample_id = p.sample_id AND "
               "d.unit_report_id = p.unit_report_id WHERE p.sample_id = ? AND u.state IN (5, 6, 7) "
               "AND d.sample_id IS NULL)",
               {sample_id}));
  return rows[0].Bool(0);
}

absl::StatusOr<std::optional<SampleUnitRow>> FindSampleUnit(mysql::Executor& db,
                                                            const Ulid& sample_id,
                                                            const Ulid& unit_report_id) {
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   db.Query(Cat("SELECT ", kUnitColumns,
                                " FROM sample_unit WHERE sample_id = ? AND unit_report_id = ?"),
                            {sample_id, unit_report_id}));
  if (rows.empty()) return std::optional<SampleUnitRow>();
  return std::optional<SampleUnitRow>(UnitFrom(rows[0]));
}

absl::StatusOr<bool> RecordResult(mysql::Tx& tx, const SampleUnitRow& row) {
  ASSIGN_OR_RETURN(
      const int64_t matched,
      tx.Execute("UPDATE sample_unit SET has_result = 1, issue = ?, record = ? WHERE sample_id = ? "
                 "AND unit_report_id = ? AND has_result = 0",
                 {row.issue, row.bytes, row.sample_id, row.unit_report_id}));
  return matched > 0;
}

absl::StatusOr<std::vector<SampleRow>> ListSamples(mysql::Executor& db, const SampleQuery& query) {
  Params params = {query.campaign_id};
  std::string sql = Cat("SELECT ", kSampleColumns, " FROM sample WHERE campaign_id = ? AND ",
                        RegionClause(query.scope, "region_path", &params));
  if (!query.after_path.empty()) {
    absl::StrAppend(&sql, " AND (region_path > ? OR (region_path = ? AND id > ?))");
    params.emplace_back(query.after_path);
    params.emplace_back(query.after_path);
    params.emplace_back(query.after_id);
  }
  absl::StrAppend(&sql, " ORDER BY region_path, id LIMIT ", query.limit);
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  std::vector<SampleRow> out;
  for (const mysql::Row& row : rows) out.push_back(SampleFrom(row));
  return out;
}

absl::StatusOr<SampleStanding> SamplesAround(mysql::Executor& db, const Ulid& campaign_id,
                                             const std::string& region_path, bool for_update) {
  SampleStanding out;
  const std::vector<std::string> around = AncestorsOf(region_path);
  Params params = {campaign_id};
  AddAll(around, &params);
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   db.Query(Cat("SELECT ", kSampleColumns,
                                " FROM sample WHERE campaign_id = ? AND region_path IN (",
                                Placeholders(around.size()), ")", for_update ? " FOR UPDATE" : ""),
                            params));
  for (const mysql::Row& row : rows) out.samples.push_back(SampleFrom(row));
  if (out.samples.empty()) return out;
  Params missing;
  for (const SampleRow& sample : out.samples) missing.emplace_back(sample.id);
  const std::string sql =
      Cat("SELECT COUNT(*) FROM sample_unit WHERE sample_id IN (", Placeholders(out.samples.size()),
          ") AND has_result = 0 AND ", RegionClause({region_path}, "region_path", &missing));
  ASSIGN_OR_RETURN(const mysql::Rows count, db.Query(sql, missing));
  out.missing_results = count[0].Int(0);
  // A report is in one campaign, and in the populations of samples around it only.
  Params verified = {campaign_id};
  const std::string not_covered =
      Cat("SELECT COUNT(*) FROM unit_report u LEFT JOIN sample_population p ON p.unit_report_id = "
          "u.id WHERE u.campaign_id = ? AND u.state IN (5, 6, 7) AND p.sample_id IS NULL AND ",
          RegionClause({region_path}, "u.region_path", &verified));
  ASSIGN_OR_RETURN(const mysql::Rows later, db.Query(not_covered, verified));
  out.not_covered = later[0].Int(0);
  return out;
}

absl::StatusOr<std::vector<SampleOfUnit>> SamplesOf(mysql::Executor& db,
                                                    const std::vector<Ulid>& unit_report_ids) {
  std::vector<SampleOfUnit> out;
  if (unit_report_ids.empty()) return out;
  Params params;
  for (const Ulid& id : unit_report_ids) params.emplace_back(id);
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(
          Cat("SELECT su.unit_report_id, s.level, su.has_result, su.record FROM sample_unit su "
              "JOIN sample s ON s.id = su.sample_id WHERE su.unit_report_id IN (",
              Placeholders(unit_report_ids.size()), ")"),
          params));
  for (const mysql::Row& row : rows) {
    out.push_back({row.Id(0), static_cast<int>(row.Int(1)), row.Bool(2), row.String(3)});
  }
  return out;
}

absl::StatusOr<std::vector<Ulid>> UnitsWithIssue(mysql::Executor& db, const Ulid& campaign_id,
                                                 const std::string& region_path) {
  Params params = {campaign_id};
  const std::string sql =
      Cat("SELECT DISTINCT su.unit_report_id FROM sample s JOIN sample_unit su ON su.sample_id = "
          "s.id WHERE "
          "s.campaign_id = ? AND su.issue = 1 AND ",
          RegionClause({region_path}, "su.region_path", &params));
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  std::vector<Ulid> out;
  for (const mysql::Row& row : rows) out.push_back(row.Id(0));
  return out;
}

absl::StatusOr<std::vector<StratumRow>> SamplePopulation(mysql::Executor& db,
                                                         const Ulid& campaign_id,
                                                         const std::string& region_path,
                                                         const Ulid& sample_id) {
  // Two statements: joined in one, the sums are made anew for every report of the province when the
  // optimizer thinks them few.
  Params funded;
  ASSIGN_OR_RETURN(
      const mysql::Rows sums,
      db.Query(
          Cat("SELECT r.region_path, CAST(SUM(p.public_total_fen) AS SIGNED) FROM "
              "project_region r JOIN project p ON p.id = r.project_id WHERE p.is_void = 0 AND ",
              RegionClause({region_path}, "r.region_path", &funded), " GROUP BY r.region_path"),
          funded));
  std::map<std::string, int64_t> fen_of;
  for (const mysql::Row& row : sums) fen_of[row.String(0)] = row.Int(1);

  Params params = {sample_id, campaign_id};
  std::string sql = Cat(
      "SELECT u.id, u.region_path, 1, 0, s.sample_id IS NOT NULL FROM unit_report u LEFT JOIN "
      "sample_population s ON s.sample_id = ? AND s.unit_report_id = u.id WHERE u.campaign_id = ? "
      "AND u.state IN (5, 6, 7) AND ",
      RegionClause({region_path}, "u.region_path", &params));
  params.emplace_back(sample_id);
  params.emplace_back(campaign_id);
  absl::StrAppend(
      &sql,
      " UNION ALL SELECT u.id, u.region_path, 0, u.state = 8, 1 FROM sample_population s JOIN "
      "unit_report u ON u.id = s.unit_report_id WHERE s.sample_id = ? AND u.campaign_id = ? AND "
      "u.state NOT IN (5, 6, 7) AND ",
      RegionClause({region_path}, "u.region_path", &params), " ORDER BY 2");
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  std::vector<StratumRow> out;
  out.reserve(rows.size());
  for (const mysql::Row& row : rows) {
    const std::string path = row.String(1);
    const auto fen = fen_of.find(path);
    out.push_back({row.Id(0), path, fen == fen_of.end() ? 0 : fen->second, row.Bool(2), row.Bool(3),
                   row.Bool(4)});
  }
  return out;
}

absl::Status LockDrawable(mysql::Tx& tx, std::vector<StratumRow>* population) {
  constexpr size_t kChunk = 1000;
  std::vector<Ulid> ids;
  for (const StratumRow& row : *population) {
    if (row.can_be_drawn) ids.push_back(row.unit_report_id);
  }
  std::sort(ids.begin(), ids.end());
  std::set<Ulid> still;
  for (size_t begin = 0; begin < ids.size(); begin += kChunk) {
    const size_t count = std::min(kChunk, ids.size() - begin);
    Params params;
    for (size_t i = begin; i < begin + count; ++i) params.emplace_back(ids[i]);
    // By the primary key, as every step locks its report: whatever another key finds is locked in
    // it first.
    ASSIGN_OR_RETURN(
        const mysql::Rows rows,
        tx.Query(Cat("SELECT id FROM unit_report FORCE INDEX (PRIMARY) WHERE id IN (",
                     Placeholders(count), ") AND state IN (5, 6, 7) ORDER BY id FOR UPDATE"),
                 params));
    for (const mysql::Row& row : rows) still.insert(row.Id(0));
  }
  for (StratumRow& row : *population) {
    row.can_be_drawn = row.can_be_drawn && still.count(row.unit_report_id) > 0;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Ulid>> LeaveSamplePopulations(mysql::Tx& tx,
                                                         const std::vector<Ulid>& unit_report_ids) {
  std::vector<Ulid> out;
  if (unit_report_ids.empty()) return out;
  Params params;
  AddAll(unit_report_ids, &params);
  const std::string undrawn =
      Cat("FROM sample_population p LEFT JOIN sample_unit u ON u.sample_id = p.sample_id AND "
          "u.unit_report_id = p.unit_report_id WHERE p.unit_report_id IN (",
          Placeholders(unit_report_ids.size()), ") AND u.sample_id IS NULL");
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   tx.Query(Cat("SELECT DISTINCT p.sample_id ", undrawn), params));
  if (rows.empty()) return out;
  for (const mysql::Row& row : rows) out.push_back(row.Id(0));
  std::sort(out.begin(), out.end());
  Params samples;
  AddAll(out, &samples);
  // Of two that leave at once the second sees that the first is gone: whether the sample can still
  // be enlarged is asked after this.
  RETURN_IF_ERROR(tx.Query(Cat("SELECT id FROM sample FORCE INDEX (PRIMARY) WHERE id IN (",
                               Placeholders(out.size()), ") ORDER BY id FOR UPDATE"),
                           samples)
                      .status());
  RETURN_IF_ERROR(tx.Execute(Cat("DELETE p ", undrawn), params).status());
  return out;
}

absl::Status ChangeSamplePopulation(mysql::Tx& tx, const Ulid& sample_id,
                                    const std::vector<Ulid>& joining,
                                    const std::vector<Ulid>& leaving) {
  constexpr size_t kChunk = 1000;
  for (size_t begin = 0; begin < leaving.size(); begin += kChunk) {
    const size_t count = std::min(kChunk, leaving.size() - begin);
    Params params = {sample_id};
    for (size_t i = begin; i < begin + count; ++i) params.emplace_back(leaving[i]);
    RETURN_IF_ERROR(tx.ExecuteOnce(Cat("DELETE FROM sample_population WHERE sample_id = ? AND "
                                       "unit_report_id IN (",
                                       Placeholders(count), ")"),
                                   params)
                        .status());
  }
  if (joining.empty()) return absl::OkStatus();
  std::vector<Params> values;
  values.reserve(joining.size());
  for (const Ulid& id : joining) values.push_back({sample_id, id});
  return mysql::BulkInsert(tx, "sample_population", "(sample_id, unit_report_id)", values).status();
}

}  // namespace bangfu::registry

#include "services/registry/store/unit_report_store.h"

#include <algorithm>

#include "common/base/clock.h"
#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace bangfu::registry {
namespace {

constexpr char kInsertColumns[] =
    "(id, campaign_id, region_code, region_path, state, is_nil, late, in_city_sample, "
    "in_province_sample, "
    "reopened, submitted_by, passed_by, submitted_at, passed_at, verified_at, confirmed_at, "
    "return_to_level, "
    "return_due_on, verification_round, version, record)";

mysql::Params Values(const UnitReportRow& r) {
  return {r.id,
          r.campaign_id,
          r.region_code,
          r.region_path,
          r.state,
          r.is_nil,
          r.late,
          r.in_city_sample,
          r.in_province_sample,
          r.reopened,
          r.submitted_by,
          r.passed_by,
          r.submitted_at,
          r.passed_at,
          r.verified_at,
          r.confirmed_at,
          r.return_to_level,
          r.return_due_on,
          r.verification_round,
          r.version,
          r.record};
}

}  // namespace

std::string UnitReportColumns() {
  return "u.id, u.campaign_id, u.region_code, u.region_path, u.state, u.is_nil, u.late, "
         "u.in_city_sample, "
         "u.in_province_sample, u.reopened, u.submitted_by, u.passed_by, u.submitted_at, "
         "u.passed_at, "
         "u.verified_at, u.confirmed_at, u.return_to_level, u.return_due_on, u.verification_round, "
         "u.version, "
         "u.record";
}

UnitReportRow UnitReportFrom(const mysql::Row& r) {
  UnitReportRow u;
  u.id = r.Id(0);
  u.campaign_id = r.Id(1);
  u.region_code = r.String(2);
  u.region_path = r.String(3);
  u.state = static_cast<int>(r.Int(4));
  u.is_nil = r.Bool(5);
  u.late = r.Bool(6);
  u.in_city_sample = r.Bool(7);
  u.in_province_sample = r.Bool(8);
  u.reopened = static_cast<int>(r.Int(9));
  u.submitted_by = r.String(10);
  u.passed_by = r.String(11);
  u.submitted_at = r.OptTime(12);
  u.passed_at = r.OptTime(13);
  u.verified_at = r.OptTime(14);
  u.confirmed_at = r.OptTime(15);
  u.return_to_level = static_cast<int>(r.Int(16));
  u.return_due_on = r.OptDay(17);
  u.verification_round = static_cast<int>(r.Int(18));
  u.version = r.Int(19);
  u.record = r.String(20);
  return u;
}

absl::StatusOr<UnitReportRow> GetUnitReport(mysql::Executor& db, const Ulid& id,
                                            const RegionScope& scope) {
  mysql::Params params = {id};
  const std::string sql =
      Cat("SELECT ", UnitReportColumns(), " FROM unit_report u WHERE u.id = ? AND ",
          mysql::RegionClause(scope, "u.region_path", &params));
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  if (rows.empty()) return NotFound("unit_report", id.ToString()).Build();
  return UnitReportFrom(rows[0]);
}

absl::StatusOr<std::vector<UnitReportRow>> ListUnitReportsById(
    mysql::Executor& db, const std::optional<RegionScope>& scope, const Ulid& after, int limit) {
  mysql::Params params = {after};
  std::string sql = Cat("SELECT ", UnitReportColumns(), " FROM unit_report u WHERE u.id > ?");
  if (scope) sql += Cat(" AND ", mysql::RegionClause(*scope, "u.region_path", &params));
  sql += " ORDER BY u.id LIMIT ?";
  params.emplace_back(limit);
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  std::vector<UnitReportRow> out;
  for (const mysql::Row& row : rows) out.push_back(UnitReportFrom(row));
  return out;
}

absl::StatusOr<std::vector<UnitReportRow>> LockUnitReports(mysql::Tx& tx,
                                                           const std::vector<Ulid>& ids) {
  std::vector<UnitReportRow> out;
  if (ids.empty()) return out;
  mysql::Params params;
  for (const Ulid& id : ids) params.emplace_back(id);
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      tx.Query(Cat("SELECT ", UnitReportColumns(), " FROM unit_report u WHERE u.id IN (",
                   mysql::Placeholders(ids.size()), ") ORDER BY u.id FOR UPDATE"),
               params));
  for (const mysql::Row& row : rows) out.push_back(UnitReportFrom(row));
  return out;
}

absl::Status InsertUnitReports(mysql::Tx& tx, const std::vector<UnitReportRow>& rows) {
  if (rows.empty()) return absl::OkStatus();
  std::vector<mysql::Params> values;
  values.reserve(rows.size());
  for (const UnitReportRow& row : rows) values.push_back(Values(row));
  return mysql::BulkInsert(tx, "unit_report", kInsertColumns, values).status();
}

absl::Status UpdateUnitReport(mysql::Tx& tx, const UnitReportRow& r) {
  ASSIGN_OR_RETURN(
      const int64_t matched,
      tx.Execute("UPDATE unit_report SET state = ?, is_nil = ?, late = ?, in_city_sample = ?, "
                 "in_province_sample = ?, reopened = ?, submitted_by = ?, passed_by = ?, "
                 "submitted_at = ?, "
                 "passed_at = ?, verified_at = ?, confirmed_at = ?, return_to_level = ?, "
                 "return_due_on = ?, "
                 "verification_round = ?, version = ?, record = ? WHERE id = ? AND version = ?",
                 {r.state, r.is_nil, r.late, r.in_city_sample, r.in_province_sample, r.reopened,
                  r.submitted_by, r.passed_by, r.submitted_at, r.passed_at, r.verified_at,
                  r.confirmed_at, r.return_to_level, r.return_due_on, r.verification_round,
                  r.version, r.record, r.id, r.version - 1}));
  if (matched == 0) return EtagMismatch();
  return absl::OkStatus();
}

absl::Status AppendSteps(mysql::Tx& tx, const std::vector<UnitReportStep>& steps) {
  if (steps.empty()) return absl::OkStatus();
  std::map<Ulid, int64_t> last;
  for (const UnitReportStep& step : steps) last[step.unit_report_id] = 0;
  mysql::Params params;
  for (const auto& [id, no] : last) params.emplace_back(id);
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      tx.Query(Cat("SELECT unit_report_id, MAX(step_no) FROM unit_report_step WHERE unit_report_id "
                   "IN (",
                   mysql::Placeholders(last.size()), ") GROUP BY unit_report_id"),
               params));
  for (const mysql::Row& row : rows) last[row.Id(0)] = row.Int(1);
  std::vector<mysql::Params> values;
  for (const UnitReportStep& s : steps) {
    values.push_back({s.unit_report_id, ++last[s.unit_report_id], s.campaign_id, s.region_path,
                      s.action, s.from_state, s.to_state, s.is_nil, s.actor, s.at});
  }
  return mysql::BulkInsert(
             tx, "unit_report_step",
             "(unit_report_id, step_no, campaign_id, region_path, action, from_state, to_state, "
             "is_nil, actor, at)",
             values)
      .status();
}

absl::StatusOr<std::map<std::string, OpenUnit>> FindOpenUnits(
    mysql::Executor& db, const std::set<std::string>& village_paths, absl::Time now) {
  std::map<std::string, OpenUnit> out;
  if (village_paths.empty()) return out;
  mysql::Params params{now};
  for (const std::string& path : village_paths) params.emplace_back(path);
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(
          Cat("SELECT o.region_path, o.unit_report_id, o.campaign_id, u.state, c.village_deadline, "
              "u.return_due_on, EXISTS (SELECT 1 FROM lock_exception e WHERE e.campaign_id = "
              "o.campaign_id AND e.region_path IN (LEFT(o.region_path, 2), LEFT(o.region_path, 4), "
              "LEFT(o.region_path, 6), LEFT(o.region_path, 9), o.region_path) AND e.expires_at > "
              "?) "
              "FROM open_unit o JOIN unit_report u ON u.id = o.unit_report_id JOIN "
              "campaign c ON c.id = o.campaign_id WHERE o.region_path IN (",
              mysql::Placeholders(village_paths.size()), ")"),
          params));
  const absl::CivilDay today = ShanghaiDay(now);
  for (const mysql::Row& row : rows) {
    OpenUnit unit;
    unit.unit_report_id = row.Id(1);
    unit.campaign_id = row.Id(2);
    unit.window.has_report = true;
    unit.window.report_state = static_cast<int>(row.Int(3));
    // A return gives time of its own.
    const std::optional<absl::CivilDay> returned = row.OptDay(5);
    const absl::CivilDay due = returned ? std::max(*returned, row.Day(4)) : row.Day(4);
    unit.window.past_deadline = today > due;
    unit.window.lock_exception = unit.window.past_deadline && row.Int(6) != 0;
    out.emplace(row.String(0), std::move(unit));
  }
  return out;
}

absl::StatusOr<std::map<Ulid, CampaignRef>> FindCampaigns(mysql::Executor& db,
                                                          const std::set<Ulid>& ids) {
  std::map<Ulid, CampaignRef> out;
  if (ids.empty()) return out;
  mysql::Params params;
  for (const Ulid& id : ids) params.emplace_back(id);
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(Cat("SELECT id, region_path, state, village_deadline, township_deadline, "
                   "county_deadline FROM campaign WHERE id IN (",
                   mysql::Placeholders(ids.size()), ")"),
               params));
  for (const mysql::Row& row : rows) {
    out[row.Id(0)] = {row.Id(0),
                      row.String(1),
                      static_cast<int>(row.Int(2)),
                      {row.Day(3), row.Day(4), row.Day(5)}};
  }
  return out;
}

}  // namespace bangfu::registry

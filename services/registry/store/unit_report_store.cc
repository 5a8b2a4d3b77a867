#include "services/registry/store/unit_report_store.h"

#include <algorithm>

#include "common/base/clock.h"
#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/registry/store/statement.h"

namespace bangfu::registry {
namespace {

constexpr char kInsertColumns[] =
    "(id, campaign_id, region_code, region_path, state, is_nil, late, in_city_sample, "
    "in_province_sample, "
    "reopened, submitted_by, passed_by, submitted_at, passed_at, verified_at, confirmed_at, "
    "return_to_level, "
    "return_due_on, verification_round, version, record, submitted_delegated_by)";

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
          r.record,
          r.submitted_delegated_by};
}

int64_t State(UnitReportState state) { return static_cast<int64_t>(state); }

}  // namespace

std::string UnitReportColumns() {
  return "u.id, u.campaign_id, u.region_code, u.region_path, u.state, u.is_nil, u.late, "
         "u.in_city_sample, "
         "u.in_province_sample, u.reopened, u.submitted_by, u.passed_by, u.submitted_at, "
         "u.passed_at, "
         "u.verified_at, u.confirmed_at, u.return_to_level, u.return_due_on, u.verification_round, "
         "u.version, "
         "u.record, u.submitted_delegated_by";
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
  u.submitted_delegated_by = r.String(21);
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
                 "verification_round = ?, version = ?, record = ?, submitted_delegated_by = ? "
                 "WHERE id = ? AND version = ?",
                 {r.state,
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
                  r.record,
                  r.submitted_delegated_by,
                  r.id,
                  r.version - 1}));
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

absl::StatusOr<UnitWithCampaign> GetUnit(mysql::Executor& db, const Ulid& id,
                                         const RegionScope& scope, bool for_update) {
  // The campaign's row is read without a lock: its state moves by OpenCampaign and CloseCampaign
  // only, and closing takes the village's claim (open_unit) away.
  mysql::Params params = {id};
  std::string sql = Cat("SELECT ", UnitReportColumns(), " FROM unit_report u WHERE u.id = ? AND ",
                        mysql::RegionClause(scope, "u.region_path", &params));
  if (for_update) absl::StrAppend(&sql, " FOR UPDATE");
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  if (rows.empty()) return NotFound("unit_report", id.ToString()).Build();
  UnitWithCampaign out;
  out.unit = UnitReportFrom(rows[0]);
  ASSIGN_OR_RETURN(
      const mysql::Rows campaign,
      db.Query("SELECT state, village_deadline, township_deadline, county_deadline FROM campaign "
               "WHERE id = ?",
               {out.unit.campaign_id}));
  if (campaign.empty()) return absl::DataLossError("a report without its campaign");
  out.campaign_state = static_cast<int>(campaign[0].Int(0));
  out.deadlines = {campaign[0].Day(1), campaign[0].Day(2), campaign[0].Day(3)};
  return out;
}

absl::StatusOr<std::vector<UnitWithCampaign>> GetUnits(mysql::Executor& db,
                                                       const std::vector<Ulid>& ids,
                                                       const RegionScope& scope) {
  std::vector<UnitWithCampaign> out;
  if (ids.empty()) return out;
  mysql::Params params;
  AddAll(ids, &params);
  std::string sql = Cat("SELECT ", UnitReportColumns(), " FROM unit_report u WHERE u.id IN (",
                        mysql::Placeholders(ids.size()), ") AND ");
  absl::StrAppend(&sql, mysql::RegionClause(scope, "u.region_path", &params));
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  std::set<Ulid> campaigns;
  for (const mysql::Row& row : rows) {
    UnitWithCampaign one;
    one.unit = UnitReportFrom(row);
    campaigns.insert(one.unit.campaign_id);
    out.push_back(std::move(one));
  }
  if (out.empty()) return out;
  mysql::Params campaign_params;
  AddAll(campaigns, &campaign_params);
  ASSIGN_OR_RETURN(
      const mysql::Rows campaign_rows,
      db.Query(Cat("SELECT id, state, village_deadline, township_deadline, county_deadline FROM "
                   "campaign WHERE id IN (",
                   mysql::Placeholders(campaigns.size()), ")"),
               campaign_params));
  for (const mysql::Row& row : campaign_rows) {
    const Ulid id = row.Id(0);
    for (UnitWithCampaign& one : out) {
      if (one.unit.campaign_id != id) continue;
      one.campaign_state = static_cast<int>(row.Int(1));
      one.deadlines = {row.Day(2), row.Day(3), row.Day(4)};
    }
  }
  return out;
}

absl::StatusOr<std::vector<UnitReportRow>> ListUnits(mysql::Executor& db, const UnitQuery& query) {
  mysql::Params params = {query.campaign_id};
  std::string sql =
      Cat("SELECT ", UnitReportColumns(), " FROM unit_report u WHERE u.campaign_id = ? AND ",
          mysql::RegionClause(query.scope, "u.region_path", &params));
  if (!query.states.empty()) {
    absl::StrAppend(&sql, " AND u.state IN (", mysql::Placeholders(query.states.size()), ")");
    AddAll(query.states, &params);
  }
  if (query.nil_only) absl::StrAppend(&sql, " AND u.is_nil = 1");
  if (query.verifiable_only) {
    absl::StrAppend(&sql, " AND (u.state = ", State(UnitReportState::kTownshipPassed),
                    " OR (u.state = ", State(UnitReportState::kReturned),
                    " AND u.return_to_level = 3))");
  }
  if (!query.after_path.empty()) {
    absl::StrAppend(&sql, " AND u.region_path > ?");
    params.emplace_back(query.after_path);
  }
  absl::StrAppend(&sql, " ORDER BY u.region_path");
  if (query.limit > 0) absl::StrAppend(&sql, " LIMIT ", query.limit);
  if (query.for_update) absl::StrAppend(&sql, " FOR UPDATE");
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  std::vector<UnitReportRow> out;
  out.reserve(rows.size());
  for (const mysql::Row& row : rows) out.push_back(UnitReportFrom(row));
  return out;
}

absl::StatusOr<int64_t> CountUnits(mysql::Executor& db, const Ulid& campaign_id) {
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query("SELECT COUNT(*) FROM unit_report WHERE campaign_id = ?", {campaign_id}));
  return rows[0].Int(0);
}

absl::StatusOr<bool> AllConfirmed(mysql::Executor& db, const Ulid& campaign_id) {
  // From the index by state, on either side of it.
  for (const char* other : {"<", ">"}) {
    ASSIGN_OR_RETURN(const mysql::Rows rows,
                     db.Query(Cat("SELECT 1 FROM unit_report WHERE campaign_id = ? AND state ",
                                  other, " ? LIMIT 1"),
                              {campaign_id, State(UnitReportState::kProvConfirmed)}));
    if (!rows.empty()) return false;
  }
  return true;
}

absl::StatusOr<std::vector<std::string>> SubmittersOfAll(mysql::Executor& db,
                                                         const Ulid& campaign_id,
                                                         const std::string& region_path) {
  mysql::Params params = {campaign_id, State(UnitReportState::kCountyVerified),
                          State(UnitReportState::kCitySampledOk)};
  std::string sql =
      "SELECT DISTINCT submitted_by, submitted_delegated_by FROM unit_report WHERE campaign_id = ? "
      "AND state IN (?, ?) AND ";
  absl::StrAppend(&sql, RegionClause({region_path}, "region_path", &params));
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  std::vector<std::string> out;
  if (!rows.empty()) out = {rows[0].String(0), rows[0].String(1)};
  for (const mysql::Row& row : rows) {
    const std::string submitted_by = row.String(0), delegated_by = row.String(1);
    std::erase_if(out, [&](const std::string& name) {
      return name.empty() || (name != submitted_by && name != delegated_by);
    });
  }
  return out;
}

absl::Status StepUnit(mysql::Tx& tx, const UnitReportRow& unit, UnitReportState from,
                      std::string_view action, std::string_view actor, absl::Time now) {
  RETURN_IF_ERROR(UpdateUnitReport(tx, unit));
  // The version only rises, so it numbers the steps.
  return tx
      .Execute(
          "INSERT INTO unit_report_step (unit_report_id, step_no, campaign_id, region_path, "
          "action, "
          "from_state, to_state, is_nil, return_to_level, return_due_on, actor, at) VALUES (?, ?, "
          "?, ?, ?, "
          "?, ?, ?, ?, ?, ?, ?)",
          {unit.id, unit.version, unit.campaign_id, unit.region_path, action, State(from),
           unit.state, unit.is_nil, unit.return_to_level, unit.return_due_on, actor, now})
      .status();
}

absl::Status ConfirmUnits(mysql::Tx& tx, const std::vector<UnitReportRow>& units,
                          std::string_view actor, absl::Time now) {
  if (units.empty()) return absl::OkStatus();
  std::vector<mysql::Params> steps;
  steps.reserve(units.size());
  for (size_t begin = 0; begin < units.size(); begin += 1000) {
    const size_t end = std::min(units.size(), begin + 1000);
    mysql::Params params = {State(UnitReportState::kProvConfirmed), now};
    for (size_t i = begin; i < end; ++i) params.emplace_back(units[i].id);
    RETURN_IF_ERROR(
        tx.ExecuteOnce(Cat("UPDATE unit_report SET state = ?, confirmed_at = ?, version = version "
                           "+ 1 WHERE id IN (",
                           mysql::Placeholders(end - begin), ")"),
                       params)
            .status());
    for (size_t i = begin; i < end; ++i) {
      const UnitReportRow& u = units[i];
      steps.push_back({u.id, u.version + 1, u.campaign_id, u.region_path, "confirm", u.state,
                       State(UnitReportState::kProvConfirmed), u.is_nil, actor, now});
    }
  }
  return mysql::BulkInsert(
             tx, "unit_report_step",
             "(unit_report_id, step_no, campaign_id, region_path, action, from_state, to_state, "
             "is_nil, actor, at)",
             steps)
      .status();
}

absl::Status MarkSampled(mysql::Tx& tx, const std::vector<Ulid>& ids, int level) {
  const std::string column = level == 1 ? "in_province_sample" : "in_city_sample";
  for (size_t begin = 0; begin < ids.size(); begin += 1000) {
    const size_t end = std::min(ids.size(), begin + 1000);
    mysql::Params params;
    for (size_t i = begin; i < end; ++i) params.emplace_back(ids[i]);
    RETURN_IF_ERROR(tx.ExecuteOnce(Cat("UPDATE unit_report SET ", column,
                                       " = 1, version = version + 1 WHERE id IN (",
                                       mysql::Placeholders(end - begin), ")"),
                                   params)
                        .status());
  }
  return absl::OkStatus();
}

absl::StatusOr<std::map<Ulid, absl::Time>> CountyRounds(mysql::Executor& db,
                                                        const std::set<Ulid>& unit_ids) {
  std::map<Ulid, absl::Time> out;
  if (unit_ids.empty()) return out;
  mysql::Params params;
  for (const Ulid& id : unit_ids) params.emplace_back(id);
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(Cat("SELECT unit_report_id, MAX(at) FROM unit_report_step WHERE unit_report_id IN (",
                   mysql::Placeholders(unit_ids.size()),
                   ") AND (action = 'pass' OR (action IN ('return', 'recall') AND return_to_level "
                   "= 3)) GROUP BY unit_report_id"),
               params));
  for (const mysql::Row& row : rows) out[row.Id(0)] = row.Time(1);
  return out;
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

}  // namespace bangfu::registry

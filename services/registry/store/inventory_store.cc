#include "services/registry/store/inventory_store.h"

#include <algorithm>
#include <set>

#include "common/base/clock.h"
#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/registry/store/project_store.h"

namespace bangfu::registry {
namespace {

using mysql::Params;
using mysql::Placeholders;
using mysql::RegionClause;

constexpr char kCampaignColumns[] =
    "c.id, c.region_path, c.state, c.village_deadline, c.township_deadline, c.county_deadline, "
    "c.unit_count, "
    "c.version, c.record";

// A number of bangfu.registry.v1.FindingAction.
constexpr int kActionDisputed = 3;

CampaignRow CampaignFrom(const mysql::Row& r) {
  CampaignRow c;
  c.id = r.Id(0);
  c.region_path = r.String(1);
  c.state = static_cast<int>(r.Int(2));
  c.deadlines = {r.Day(3), r.Day(4), r.Day(5)};
  c.unit_count = r.Int(6);
  c.version = r.Int(7);
  c.bytes = r.String(8);
  return c;
}

template <typename T>
void AddAll(const T& values, Params* params) {
  for (const auto& value : values) params->emplace_back(value);
}

// Campaigns of a region inside the scope, or around a region of it.
std::string CampaignClause(const RegionScope& scope, Params* params) {
  if (scope.empty()) return "FALSE";
  std::string sql = Cat("(", RegionClause(scope, "c.region_path", params));
  std::vector<std::string> around;
  for (const std::string& prefix : scope) {
    for (std::string& path : AncestorsOf(prefix)) around.push_back(std::move(path));
  }
  std::sort(around.begin(), around.end());
  around.erase(std::unique(around.begin(), around.end()), around.end());
  absl::StrAppend(&sql, " OR c.region_path IN (", Placeholders(around.size()), "))");
  AddAll(around, params);
  return sql;
}

int64_t State(UnitReportState state) { return static_cast<int64_t>(state); }

// "LEFT(x, n)", or one group for all.
std::string Group(std::string_view column, int digits) {
  return digits == 0 ? std::string("''") : Cat("LEFT(", column, ", ", digits, ")");
}

absl::Status Overlap() {
  return FailedPrecondition("CAMPAIGN_OVERLAP", "部分村已在其他进行中的摸排批次");
}

// Reports as they stood before an instant, from their steps; alias s.
constexpr char kStepBefore[] =
    " LEFT JOIN unit_report_step s ON s.unit_report_id = u.id AND s.step_no = (SELECT "
    "MAX(t.step_no) FROM "
    "unit_report_step t WHERE t.unit_report_id = u.id AND t.at < ?)";

}  // namespace

std::vector<std::string> AncestorsOf(std::string_view path) {
  std::vector<std::string> out;
  for (const size_t digits : {2, 4, 6, 9, 12}) {
    if (path.size() >= digits) out.emplace_back(path.substr(0, digits));
  }
  return out;
}

// --- Campaigns

absl::StatusOr<CampaignRow> GetCampaign(mysql::Executor& db, const Ulid& id,
                                        const RegionScope& scope, bool for_update) {
  Params params = {id};
  std::string sql = Cat("SELECT ", kCampaignColumns, " FROM campaign c WHERE c.id = ? AND ",
                        CampaignClause(scope, &params));
  if (for_update) absl::StrAppend(&sql, " FOR UPDATE");
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  if (rows.empty()) return NotFound("campaign", id.ToString()).Build();
  return CampaignFrom(rows[0]);
}

absl::Status InsertCampaign(mysql::Tx& tx, const CampaignRow& row) {
  return tx
      .Execute(
          "INSERT INTO campaign (id, region_path, state, village_deadline, township_deadline, "
          "county_deadline, unit_count, version, record) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
          {row.id, row.region_path, row.state, row.deadlines.village, row.deadlines.township,
           row.deadlines.county, row.unit_count, row.version, row.bytes})
      .status();
}

absl::Status UpdateCampaign(mysql::Tx& tx, const CampaignRow& row) {
  ASSIGN_OR_RETURN(
      const int64_t matched,
      tx.Execute("UPDATE campaign SET state = ?, unit_count = ?, version = ?, record = ? WHERE "
                 "id = ? AND version = ?",
                 {row.state, row.unit_count, row.version, row.bytes, row.id, row.version - 1}));
  if (matched == 0) return EtagMismatch();
  return absl::OkStatus();
}

absl::StatusOr<std::vector<CampaignRow>> ListCampaigns(mysql::Executor& db,
                                                       const CampaignQuery& query) {
  Params params;
  std::string sql = Cat("SELECT ", kCampaignColumns, " FROM campaign c WHERE ",
                        CampaignClause(query.scope, &params));
  if (!query.includes_path.empty()) {
    const std::vector<std::string> around = AncestorsOf(query.includes_path);
    absl::StrAppend(&sql, " AND c.region_path IN (", Placeholders(around.size()), ")");
    AddAll(around, &params);
  }
  if (query.state != 0) {
    absl::StrAppend(&sql, " AND c.state = ?");
    params.emplace_back(query.state);
  }
  if (!query.after_path.empty()) {
    absl::StrAppend(&sql, " AND (c.region_path > ? OR (c.region_path = ? AND c.id > ?))");
    params.emplace_back(query.after_path);
    params.emplace_back(query.after_path);
    params.emplace_back(query.after_id);
  }
  absl::StrAppend(&sql, " ORDER BY c.region_path, c.id LIMIT ", query.limit);
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  std::vector<CampaignRow> out;
  for (const mysql::Row& row : rows) out.push_back(CampaignFrom(row));
  return out;
}

// --- Village reports

absl::StatusOr<std::vector<VillageRow>> VillagesAfter(mysql::Executor& db,
                                                      const std::string& region_path,
                                                      const std::string& after, int limit) {
  // The code of a region in use is its path.
  Params params;
  std::string sql =
      Cat("SELECT code, name, region_path FROM region FORCE INDEX (region_by_level) ",
          "WHERE level = 5 AND end_year = 0 AND ", RegionClause({region_path}, "code", &params),
          " AND code > ? ORDER BY code");
  params.emplace_back(after);
  absl::StrAppend(&sql, " LIMIT ", limit);
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  std::vector<VillageRow> out;
  out.reserve(rows.size());
  for (const mysql::Row& row : rows) out.push_back({row.String(0), row.String(1), row.String(2)});
  return out;
}

absl::StatusOr<int64_t> CountVillages(mysql::Executor& db, const std::string& region_path) {
  Params params;
  const std::string where = RegionClause({region_path}, "code", &params);
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(Cat("SELECT COUNT(*) FROM region WHERE level = 5 AND end_year = 0 AND ", where),
               params));
  return rows[0].Int(0);
}

absl::StatusOr<int64_t> ClaimCounties(mysql::Tx& tx, const Ulid& campaign_id,
                                      const std::string& region_path) {
  Params params;
  const std::string where = RegionClause({region_path}, "code", &params);
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      tx.Query(Cat("SELECT DISTINCT LEFT(region_path, 6) AS county FROM region WHERE level = 5 AND "
                   "end_year = 0 AND ",
                   where, " ORDER BY county"),
               params));
  std::vector<Params> claims;
  claims.reserve(rows.size());
  for (const mysql::Row& row : rows) claims.push_back({row.String(0), campaign_id});
  if (claims.empty()) return 0;
  const absl::Status claimed =
      mysql::BulkInsert(tx, "open_county", "(region_path, campaign_id)", claims).status();
  if (mysql::IsDuplicateKey(claimed)) return Overlap();
  RETURN_IF_ERROR(claimed);
  return static_cast<int64_t>(claims.size());
}

absl::Status OpenUnits(mysql::Tx& tx, const std::vector<UnitReportRow>& units) {
  std::vector<Params> claims;
  claims.reserve(units.size());
  for (const UnitReportRow& unit : units)
    claims.push_back({unit.region_path, unit.campaign_id, unit.id});
  const absl::Status claimed =
      mysql::BulkInsert(tx, "open_unit", "(region_path, campaign_id, unit_report_id)", claims)
          .status();
  if (mysql::IsDuplicateKey(claimed)) return Overlap();
  RETURN_IF_ERROR(claimed);
  return InsertUnitReports(tx, units);
}

absl::StatusOr<bool> TouchOpenCounties(mysql::Tx& tx, const Ulid& campaign_id,
                                       const std::string& region_path) {
  Params params = {campaign_id};
  const std::string where = RegionClause({region_path.substr(0, 6)}, "region_path", &params);
  ASSIGN_OR_RETURN(
      const int64_t matched,
      tx.Execute(
          Cat("UPDATE open_county SET touched = touched + 1 WHERE campaign_id = ? AND ", where),
          params));
  return matched > 0;
}

absl::StatusOr<int64_t> CountUnits(mysql::Executor& db, const Ulid& campaign_id) {
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query("SELECT COUNT(*) FROM unit_report WHERE campaign_id = ?", {campaign_id}));
  return rows[0].Int(0);
}

absl::Status ReleaseClaims(mysql::Tx& tx, const Ulid& campaign_id) {
  RETURN_IF_ERROR(
      tx.Execute("DELETE FROM open_unit WHERE campaign_id = ?", {campaign_id}).status());
  return tx.Execute("DELETE FROM open_county WHERE campaign_id = ?", {campaign_id}).status();
}

absl::StatusOr<UnitWithCampaign> GetUnit(mysql::Executor& db, const Ulid& id,
                                         const RegionScope& scope, bool for_update) {
  // The campaign's row is read without a lock: its state moves by OpenCampaign and CloseCampaign
  // only, and closing takes the village's claim (open_unit) away.
  Params params = {id};
  std::string sql = Cat("SELECT ", UnitReportColumns(), " FROM unit_report u WHERE u.id = ? AND ",
                        RegionClause(scope, "u.region_path", &params));
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
  Params params;
  AddAll(ids, &params);
  std::string sql = Cat("SELECT ", UnitReportColumns(), " FROM unit_report u WHERE u.id IN (",
                        Placeholders(ids.size()), ") AND ");
  absl::StrAppend(&sql, RegionClause(scope, "u.region_path", &params));
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  std::set<Ulid> campaigns;
  for (const mysql::Row& row : rows) {
    UnitWithCampaign one;
    one.unit = UnitReportFrom(row);
    campaigns.insert(one.unit.campaign_id);
    out.push_back(std::move(one));
  }
  if (out.empty()) return out;
  Params campaign_params;
  AddAll(campaigns, &campaign_params);
  ASSIGN_OR_RETURN(
      const mysql::Rows campaign_rows,
      db.Query(Cat("SELECT id, state, village_deadline, township_deadline, county_deadline FROM "
                   "campaign WHERE id IN (",
                   Placeholders(campaigns.size()), ")"),
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
  std::vector<Params> steps;
  steps.reserve(units.size());
  for (size_t begin = 0; begin < units.size(); begin += 1000) {
    const size_t end = std::min(units.size(), begin + 1000);
    Params params = {State(UnitReportState::kProvConfirmed), now};
    for (size_t i = begin; i < end; ++i) params.emplace_back(units[i].id);
    RETURN_IF_ERROR(
        tx.ExecuteOnce(Cat("UPDATE unit_report SET state = ?, confirmed_at = ?, version = version "
                           "+ 1 WHERE id IN (",
                           Placeholders(end - begin), ")"),
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
    Params params;
    for (size_t i = begin; i < end; ++i) params.emplace_back(ids[i]);
    RETURN_IF_ERROR(tx.ExecuteOnce(Cat("UPDATE unit_report SET ", column,
                                       " = 1, version = version + 1 WHERE id IN (",
                                       Placeholders(end - begin), ")"),
                                   params)
                        .status());
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<UnitReportRow>> ListUnits(mysql::Executor& db, const UnitQuery& query) {
  Params params = {query.campaign_id};
  std::string sql =
      Cat("SELECT ", UnitReportColumns(), " FROM unit_report u WHERE u.campaign_id = ? AND ",
          RegionClause(query.scope, "u.region_path", &params));
  if (!query.states.empty()) {
    absl::StrAppend(&sql, " AND u.state IN (", Placeholders(query.states.size()), ")");
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

absl::StatusOr<bool> TouchOpenUnits(mysql::Tx& tx, const std::vector<std::string>& village_paths) {
  if (village_paths.empty()) return false;
  std::vector<std::string> sorted = village_paths;
  std::sort(sorted.begin(), sorted.end());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  Params params;
  AddAll(sorted, &params);
  ASSIGN_OR_RETURN(
      const int64_t matched,
      tx.Execute(Cat("UPDATE open_unit SET touched = touched + 1 WHERE region_path IN (",
                     Placeholders(sorted.size()), ")"),
                 params));
  return matched > 0;
}

// --- Projects of a village

absl::StatusOr<std::map<std::string, VillageCount>> CountProjects(
    mysql::Executor& db, const std::vector<std::string>& villages) {
  std::map<std::string, VillageCount> out;
  if (villages.empty()) return out;
  Params params;
  AddAll(villages, &params);
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(
          Cat("SELECT r.region_path, COUNT(*), CAST(SUM(p.verification_state = 2) AS SIGNED) FROM "
              "project_region r JOIN project p ON p.id = r.project_id WHERE r.region_path IN (",
              Placeholders(villages.size()), ") AND p.is_void = 0 GROUP BY r.region_path"),
          params));
  for (const mysql::Row& row : rows) out[row.String(0)] = {row.Int(1), row.Int(2)};
  return out;
}

absl::StatusOr<std::vector<VillageProject>> LockVillageProjects(mysql::Tx& tx,
                                                                const std::string& village) {
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      tx.Query("SELECT p.id, p.region_path, p.verification_state, p.version, p.record FROM "
               "project_region r JOIN project p ON p.id = r.project_id WHERE r.region_path = ? AND "
               "p.is_void = 0 ORDER BY p.id FOR UPDATE",
               {village}));
  std::vector<VillageProject> out;
  for (const mysql::Row& row : rows) {
    out.push_back(
        {row.Id(0), row.String(1), static_cast<int>(row.Int(2)), row.Int(3), row.String(4)});
  }
  return out;
}

absl::StatusOr<std::map<std::string, std::vector<Ulid>>> VillageProjectIds(
    mysql::Executor& db, const std::vector<std::string>& villages) {
  std::map<std::string, std::vector<Ulid>> out;
  if (villages.empty()) return out;
  Params params;
  AddAll(villages, &params);
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(
          Cat("SELECT r.region_path, p.id FROM project_region r JOIN project p ON p.id = "
              "r.project_id WHERE r.region_path IN (",
              Placeholders(villages.size()), ") AND p.is_void = 0 ORDER BY r.region_path, p.id"),
          params));
  for (const mysql::Row& row : rows) out[row.String(0)].push_back(row.Id(1));
  return out;
}

absl::Status UpdateVerification(mysql::Tx& tx, const std::vector<VillageProject>& projects,
                                absl::Time now) {
  for (size_t begin = 0; begin < projects.size(); begin += 200) {
    const size_t end = std::min(projects.size(), begin + 200);
    std::string states = "CASE id", records = "CASE id";
    Params state_params, record_params, ids;
    for (size_t i = begin; i < end; ++i) {
      const VillageProject& p = projects[i];
      absl::StrAppend(&states, " WHEN ? THEN ?");
      absl::StrAppend(&records, " WHEN ? THEN ?");
      state_params.emplace_back(p.id);
      state_params.emplace_back(p.verification_state);
      record_params.emplace_back(p.id);
      record_params.emplace_back(p.bytes);
      ids.emplace_back(p.id);
    }
    Params params = std::move(state_params);
    params.emplace_back(now);
    params.insert(params.end(), record_params.begin(), record_params.end());
    params.insert(params.end(), ids.begin(), ids.end());
    std::vector<std::pair<Ulid, int>> to;
    for (size_t i = begin; i < end; ++i) {
      to.emplace_back(projects[i].id, projects[i].verification_state);
    }
    RETURN_IF_ERROR(NoteVerificationChanges(tx, to, now));
    RETURN_IF_ERROR(
        tx.ExecuteOnce(Cat("UPDATE project SET verification_state = ", states,
                           " END, version = version + 1, updated_at = ?, record = ", records,
                           " END WHERE id IN (", Placeholders(end - begin), ")"),
                       params)
            .status());
  }
  return absl::OkStatus();
}

absl::StatusOr<std::map<std::string, std::vector<FundingRef>>> FundingOfVillages(
    mysql::Executor& db, const std::vector<std::string>& villages) {
  std::map<std::string, std::vector<FundingRef>> out;
  if (villages.empty()) return out;
  Params params;
  AddAll(villages, &params);
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(
          Cat("SELECT DISTINCT r.region_path, f.source_code, f.task_code FROM project_region r "
              "JOIN project p ON p.id = r.project_id JOIN project_funding f ON f.project_id = "
              "p.id WHERE r.region_path IN (",
              Placeholders(villages.size()), ") AND p.is_void = 0"),
          params));
  for (const mysql::Row& row : rows) out[row.String(0)].push_back({row.String(1), row.String(2)});
  return out;
}

// --- Joint verification

absl::Status InsertSignature(mysql::Tx& tx, const SignatureRow& row) {
  const absl::Status status =
      tx.Execute(
            "INSERT INTO verification_signature (unit_report_id, verification_round, "
            "department_code, "
            "region_path, signed_by, signed_at, record) VALUES (?, ?, ?, ?, ?, ?, ?)",
            {row.unit_report_id, row.round, row.department_code, row.region_path, row.signed_by,
             row.signed_at, row.bytes})
          .status();
  if (mysql::IsDuplicateKey(status)) return FailedPrecondition("ALREADY_SIGNED", "该部门已签字");
  return status;
}

absl::StatusOr<std::vector<SignatureRow>> Signatures(mysql::Executor& db,
                                                     const std::vector<UnitReportRow>& units) {
  std::vector<SignatureRow> out;
  if (units.empty()) return out;
  Params params;
  std::string pairs;
  for (const UnitReportRow& unit : units) {
    absl::StrAppend(&pairs, pairs.empty() ? "" : " OR ",
                    "(unit_report_id = ? AND verification_round = ?)");
    params.emplace_back(unit.id);
    params.emplace_back(unit.verification_round);
  }
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(Cat("SELECT unit_report_id, verification_round, department_code, region_path, "
                   "signed_by, signed_at, record FROM verification_signature WHERE ",
                   pairs),
               params));
  for (const mysql::Row& r : rows) {
    out.push_back(
        {r.Id(0), r.Int(1), r.String(2), r.String(3), r.String(4), r.Time(5), r.String(6)});
  }
  return out;
}

absl::Status InsertFindings(mysql::Tx& tx, const std::vector<FindingRow>& rows) {
  if (rows.empty()) return absl::OkStatus();
  std::vector<Params> values;
  for (const FindingRow& f : rows) {
    values.push_back(
        {f.id, f.unit_report_id, f.project_id, f.region_path, f.level, f.action, f.field, f.bytes});
  }
  return mysql::BulkInsert(
             tx, "verification_finding",
             "(id, unit_report_id, project_id, region_path, level, action, field, record)", values)
      .status();
}

namespace {

FindingRow FindingFrom(const mysql::Row& r) {
  return {r.Id(0),
          r.Id(1),
          r.Id(2),
          r.String(3),
          static_cast<int>(r.Int(4)),
          static_cast<int>(r.Int(5)),
          r.String(6),
          r.String(7)};
}

}  // namespace

absl::StatusOr<std::vector<FindingRow>> Findings(mysql::Executor& db,
                                                 const std::vector<Ulid>& unit_ids) {
  std::vector<FindingRow> out;
  if (unit_ids.empty()) return out;
  Params params;
  AddAll(unit_ids, &params);
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(
          Cat("SELECT id, unit_report_id, project_id, region_path, level, action, field, record "
              "FROM verification_finding WHERE unit_report_id IN (",
              Placeholders(unit_ids.size()), ") ORDER BY unit_report_id, id"),
          params));
  for (const mysql::Row& row : rows) out.push_back(FindingFrom(row));
  return out;
}

absl::StatusOr<std::vector<FindingRow>> DisputesElsewhere(
    mysql::Executor& db, const std::vector<VillageProject>& projects, const UnitReportRow& unit) {
  std::vector<FindingRow> out;
  if (projects.empty()) return out;
  Params params;
  for (const VillageProject& p : projects) params.emplace_back(p.id);
  params.emplace_back(unit.campaign_id);
  params.emplace_back(unit.id);
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(Cat("SELECT f.id, f.unit_report_id, f.project_id, f.region_path, f.level, f.action, "
                   "f.field, f.record FROM verification_finding f JOIN unit_report u ON u.id = "
                   "f.unit_report_id WHERE f.project_id IN (",
                   Placeholders(projects.size()),
                   ") AND u.campaign_id = ? AND f.unit_report_id <> ? AND f.level = 3 AND f.action "
                   "= ",
                   kActionDisputed, " AND u.verified_at IS NOT NULL"),
               params));
  for (const mysql::Row& row : rows) out.push_back(FindingFrom(row));
  return out;
}

absl::StatusOr<std::map<Ulid, absl::Time>> CountyRounds(mysql::Executor& db,
                                                        const std::set<Ulid>& unit_ids) {
  std::map<Ulid, absl::Time> out;
  if (unit_ids.empty()) return out;
  Params params;
  for (const Ulid& id : unit_ids) params.emplace_back(id);
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(Cat("SELECT unit_report_id, MAX(at) FROM unit_report_step WHERE unit_report_id IN (",
                   Placeholders(unit_ids.size()),
                   ") AND (action = 'pass' OR (action IN ('return', 'recall') AND return_to_level "
                   "= 3)) GROUP BY unit_report_id"),
               params));
  for (const mysql::Row& row : rows) out[row.Id(0)] = row.Time(1);
  return out;
}

// --- Samples

namespace {

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
                                                    const std::string& region_path, int level) {
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      tx.Query(
          Cat("SELECT ", kSampleColumns,
              " FROM sample WHERE campaign_id = ? AND region_path = ? AND level = ? FOR UPDATE"),
          {campaign_id, region_path, level}));
  if (rows.empty()) return std::optional<SampleRow>();
  return std::optional<SampleRow>(SampleFrom(rows[0]));
}

absl::Status InsertSample(mysql::Tx& tx, const SampleRow& row) {
  const absl::Status status =
      tx.Execute(
            Cat("INSERT INTO sample (", kSampleColumns, ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
            {row.id, row.campaign_id, row.region_path, row.level, row.seed, row.drawn,
             row.results_recorded, row.issues, row.version, row.bytes})
          .status();
  if (mysql::IsDuplicateKey(status)) {
    return FailedPrecondition("SAMPLE_EXISTS", "该区域已抽样；需扩大抽查的请注明");
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

absl::StatusOr<std::vector<SampleUnitRow>> SampleUnits(mysql::Executor& db, const Ulid& sample_id) {
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(
          "SELECT sample_id, unit_report_id, region_path, stratum, has_result, issue, record FROM "
          "sample_unit WHERE sample_id = ? ORDER BY region_path",
          {sample_id}));
  std::vector<SampleUnitRow> out;
  for (const mysql::Row& r : rows) {
    out.push_back({r.Id(0), r.Id(1), r.String(2), static_cast<int>(r.Int(3)), r.Bool(4), r.Bool(5),
                   r.String(6)});
  }
  return out;
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
                                             const std::string& region_path) {
  SampleStanding out;
  const std::vector<std::string> around = AncestorsOf(region_path);
  Params params = {campaign_id};
  AddAll(around, &params);
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   db.Query(Cat("SELECT ", kSampleColumns,
                                " FROM sample WHERE campaign_id = ? AND region_path IN (",
                                Placeholders(around.size()), ")"),
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
  return out;
}

absl::StatusOr<std::vector<std::string>> CountiesOfCampaign(mysql::Executor& db,
                                                            const Ulid& campaign_id,
                                                            const std::string& region_path) {
  Params params = {campaign_id};
  const std::string clause = RegionClause({region_path}, "region_path", &params);
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   db.Query(Cat("SELECT DISTINCT LEFT(region_path, 6) FROM unit_report WHERE "
                                "campaign_id = ? AND ",
                                clause, " ORDER BY 1"),
                            params));
  std::vector<std::string> out;
  for (const mysql::Row& row : rows) out.push_back(row.String(0));
  return out;
}

absl::StatusOr<std::vector<std::pair<Ulid, std::string>>> CountiesOfOpenCampaigns(
    mysql::Executor& db) {
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   db.Query("SELECT DISTINCT campaign_id, LEFT(region_path, 6) FROM open_unit "
                            "ORDER BY 1, 2"));
  std::vector<std::pair<Ulid, std::string>> out;
  for (const mysql::Row& row : rows) out.emplace_back(row.Id(0), row.String(1));
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
                                                         const std::string& region_path) {
  Params params;
  std::string sql = Cat(
      "SELECT u.id, u.region_path, COALESCE(f.fen, 0) FROM unit_report u LEFT JOIN (SELECT "
      "r.region_path, CAST(SUM(p.public_total_fen) AS SIGNED) AS fen FROM project_region r JOIN "
      "project p ON p.id = r.project_id WHERE p.is_void = 0 AND ",
      RegionClause({region_path}, "r.region_path", &params),
      " GROUP BY r.region_path) f ON f.region_path = u.region_path WHERE u.campaign_id = ? AND "
      "u.state IN (5, 6, 7) AND ");
  params.emplace_back(campaign_id);
  absl::StrAppend(&sql, RegionClause({region_path}, "u.region_path", &params),
                  " ORDER BY u.region_path");
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  std::vector<StratumRow> out;
  out.reserve(rows.size());
  for (const mysql::Row& row : rows) out.push_back({row.Id(0), row.String(1), row.Int(2)});
  return out;
}

// --- Lock exceptions

absl::Status InsertLockException(mysql::Tx& tx, const LockExceptionRow& row) {
  return tx
      .Execute(
          "INSERT INTO lock_exception (id, campaign_id, region_path, expires_at, record) VALUES "
          "(?, ?, ?, ?, "
          "?)",
          {row.id, row.campaign_id, row.region_path, row.expires_at, row.bytes})
      .status();
}

absl::StatusOr<bool> HasLockException(mysql::Executor& db, const Ulid& campaign_id,
                                      const std::string& village_path, absl::Time now) {
  const std::vector<std::string> around = AncestorsOf(village_path);
  Params params = {campaign_id};
  AddAll(around, &params);
  params.emplace_back(now);
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(Cat("SELECT 1 FROM lock_exception WHERE campaign_id = ? AND region_path IN (",
                   Placeholders(around.size()), ") AND expires_at > ? LIMIT 1"),
               params));
  return !rows.empty();
}

absl::StatusOr<std::set<std::string>> UnlockedVillages(mysql::Executor& db, const Ulid& campaign_id,
                                                       const std::vector<std::string>& villages,
                                                       absl::Time now) {
  std::set<std::string> around;
  for (const std::string& village : villages) {
    for (std::string& path : AncestorsOf(village)) around.insert(std::move(path));
  }
  Params params = {campaign_id};
  AddAll(around, &params);
  params.emplace_back(now);
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(Cat("SELECT DISTINCT region_path FROM lock_exception WHERE campaign_id = ? AND "
                   "region_path IN (",
                   Placeholders(around.size()), ") AND expires_at > ?"),
               params));
  std::set<std::string> out;
  for (const mysql::Row& row : rows) {
    for (const std::string& village : villages) {
      if (RegionContains(row.String(0), village)) out.insert(village);
    }
  }
  return out;
}

absl::StatusOr<std::vector<LockExceptionRow>> ListLockExceptions(mysql::Executor& db,
                                                                 const LockQuery& query) {
  Params params = {query.campaign_id};
  std::string sql =
      Cat("SELECT id, campaign_id, region_path, expires_at, record FROM lock_exception WHERE "
          "campaign_id = ? AND ",
          RegionClause(query.scope, "region_path", &params));
  if (query.active_at) {
    absl::StrAppend(&sql, " AND expires_at > ?");
    params.emplace_back(*query.active_at);
  }
  if (!query.after_path.empty()) {
    absl::StrAppend(&sql, " AND (region_path > ? OR (region_path = ? AND id > ?))");
    params.emplace_back(query.after_path);
    params.emplace_back(query.after_path);
    params.emplace_back(query.after_id);
  }
  absl::StrAppend(&sql, " ORDER BY region_path, id LIMIT ", query.limit);
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  std::vector<LockExceptionRow> out;
  for (const mysql::Row& r : rows)
    out.push_back({r.Id(0), r.Id(1), r.String(2), r.Time(3), r.String(4)});
  return out;
}

// --- Counts

absl::StatusOr<std::vector<UnitGroup>> GroupUnits(mysql::Executor& db, const Ulid& campaign_id,
                                                  const RegionScope& scope, int digits,
                                                  std::optional<absl::Time> before) {
  Params params;
  std::string sql;
  if (before) {
    sql = Cat("SELECT ", Group("u.region_path", digits),
              " AS g, COALESCE(s.to_state, 1) AS st, COALESCE(s.is_nil, 0) AS nil, "
              "COALESCE(s.return_to_level, 0) "
              "AS lv, s.return_due_on AS due, COUNT(*) FROM unit_report u",
              kStepBefore, " WHERE u.campaign_id = ? AND ");
    params.emplace_back(*before);
  } else {
    sql = Cat("SELECT ", Group("u.region_path", digits),
              " AS g, u.state AS st, u.is_nil AS nil, u.return_to_level AS lv, u.return_due_on AS "
              "due, COUNT(*) "
              "FROM unit_report u WHERE u.campaign_id = ? AND ");
  }
  params.emplace_back(campaign_id);
  absl::StrAppend(&sql, RegionClause(scope, "u.region_path", &params),
                  " GROUP BY g, st, nil, lv, due");
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  std::vector<UnitGroup> out;
  for (const mysql::Row& r : rows) {
    out.push_back({r.String(0), static_cast<UnitReportState>(r.Int(1)), r.Bool(2),
                   static_cast<int>(r.Int(3)), r.OptDay(4), r.Int(5)});
  }
  return out;
}

absl::StatusOr<std::vector<ProjectGroup>> GroupProjects(mysql::Executor& db,
                                                        const RegionScope& scope, int digits,
                                                        std::optional<absl::Time> before) {
  Params params;
  std::string sql = Cat("SELECT ", Group("p.region_path", digits), " AS g, COUNT(*), CAST(SUM(");
  if (before) {
    // The first change since then tells from what it was changed; where there is none, it stands.
    absl::StrAppend(&sql,
                    "COALESCE((SELECT c.from_state FROM project_verification_change c WHERE "
                    "c.project_id = p.id AND c.changed_at >= ? ORDER BY c.changed_at LIMIT 1), "
                    "p.verification_state)");
    params.emplace_back(*before);
  } else {
    absl::StrAppend(&sql, "p.verification_state");
  }
  absl::StrAppend(&sql, " = 2) AS SIGNED) FROM project p WHERE p.is_void = 0 AND ",
                  RegionClause(scope, "p.region_path", &params));
  if (before) {
    // An id begins with the milliseconds of its making.
    const int64_t ms = absl::ToUnixMillis(*before);
    std::string bytes(16, '\0');
    for (int i = 0; i < 6; ++i) bytes[i] = static_cast<char>((ms >> (8 * (5 - i))) & 0xff);
    absl::StrAppend(&sql, " AND p.id < ?");
    params.emplace_back(bytes);
  }
  absl::StrAppend(&sql, " GROUP BY g");
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  std::vector<ProjectGroup> out;
  for (const mysql::Row& r : rows) out.push_back({r.String(0), r.Int(1), r.Int(2)});
  return out;
}

namespace {

// Reports whose step is past its day: the same rule as DueOn, in SQL so that pages are whole.
std::string OverdueSql(const OverdueQuery& query, std::string_view columns, Params* params) {
  std::string sql = Cat("SELECT ", columns, " FROM (SELECT u.id, u.region_code, u.region_path, ");
  if (query.before) {
    absl::StrAppend(
        &sql,
        "COALESCE(s.to_state, 1) AS state, COALESCE(s.return_to_level, 0) AS return_to_level, "
        "s.return_due_on AS return_due_on FROM unit_report u",
        kStepBefore);
    params->emplace_back(*query.before);
  } else {
    absl::StrAppend(&sql, "u.state, u.return_to_level, u.return_due_on FROM unit_report u");
  }
  absl::StrAppend(&sql, " WHERE u.campaign_id = ? AND ");
  params->emplace_back(query.campaign_id);
  absl::StrAppend(
      &sql, RegionClause(query.scope, "u.region_path", params),
      ") q WHERE CASE WHEN q.state = 9 AND q.return_due_on IS NOT NULL THEN q.return_due_on WHEN "
      "q.state IN (1, 2) OR (q.state = 9 AND q.return_to_level = 5) THEN ? WHEN q.state = 3 OR "
      "(q.state = 9 AND q.return_to_level = 4) THEN ? WHEN q.state IN (4, 7) OR (q.state = 9 AND "
      "q.return_to_level = 3) THEN ? ELSE NULL END < ?");
  params->emplace_back(query.deadlines.village);
  params->emplace_back(query.deadlines.township);
  params->emplace_back(query.deadlines.county);
  params->emplace_back(query.on);
  return sql;
}

}  // namespace

absl::StatusOr<std::vector<UnitAt>> ListOverdue(mysql::Executor& db, const OverdueQuery& query) {
  Params params;
  std::string sql = OverdueSql(
      query, "q.id, q.region_code, q.region_path, q.state, q.return_to_level, q.return_due_on",
      &params);
  if (!query.after_path.empty()) {
    absl::StrAppend(&sql, " AND q.region_path > ?");
    params.emplace_back(query.after_path);
  }
  absl::StrAppend(&sql, " ORDER BY q.region_path LIMIT ", query.limit);
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  std::vector<UnitAt> out;
  for (const mysql::Row& r : rows) {
    out.push_back({r.Id(0), r.String(1), r.String(2), static_cast<UnitReportState>(r.Int(3)),
                   static_cast<int>(r.Int(4)), r.OptDay(5)});
  }
  return out;
}

absl::StatusOr<int64_t> CountOverdue(mysql::Executor& db, const OverdueQuery& query) {
  Params params;
  const std::string sql = OverdueSql(query, "COUNT(*)", &params);
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  return rows[0].Int(0);
}

}  // namespace bangfu::registry

#include "services/asset/store/reference_store.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/status/macros.h"

namespace bangfu::asset::store {
namespace {

using mysql::Params;
using mysql::Row;

ProjectCopy ToProject(const Row& r) {
  ProjectCopy p;
  p.id = r.Id(0);
  p.project_code = r.String(1);
  p.name = r.String(2);
  p.region_path = r.String(3);
  p.state = static_cast<int>(r.Int(4));
  p.is_void = r.Bool(5);
  p.planting_date = r.OptDay(6);
  p.industry_code = r.String(7);
  if (!r.IsNull(8)) p.operator_id = r.Id(8);
  p.latitude_e7 = static_cast<int32_t>(r.Int(9));
  p.longitude_e7 = static_cast<int32_t>(r.Int(10));
  for (const absl::string_view part : absl::StrSplit(r.String(11), ';', absl::SkipEmpty())) {
    const std::pair<absl::string_view, absl::string_view> pair = absl::StrSplit(part, '=');
    int64_t fen = 0;
    p.fund_sources.emplace_back(pair.first);
    if (absl::SimpleAtoi(pair.second, &fen)) p.funding.emplace_back(std::string(pair.first), fen);
  }
  p.planned_owner = r.String(12);
  p.linkage_modes = absl::StrSplit(r.String(13), ';', absl::SkipEmpty());
  p.households = r.OptInt(14);
  p.poor_households = r.OptInt(15);
  p.monitored_households = r.OptInt(16);
  return p;
}
// source=fen;source=fen, with no amount behind a source that is declared without an exact one.
std::string FundingText(const ProjectCopy& p) {
  std::string out = absl::StrJoin(p.funding, ";", absl::PairFormatter("="));
  for (const std::string& source : p.fund_sources) {
    if (std::any_of(p.funding.begin(), p.funding.end(),
                    [&](const auto& exact) { return exact.first == source; })) {
      continue;
    }
    out += Cat(out.empty() ? "" : ";", source, "=");
  }
  return out;
}
constexpr std::string_view kProject =
    "id, project_code, name, region_path, state, is_void, planting_date, industry_code, "
    "operator_id, latitude_e7, longitude_e7, funding, planned_owner, linkage_modes, households, "
    "poor_households, monitored_households";

}  // namespace

absl::Status PutRegions(mysql::Tx& tx, const std::vector<RegionCopy>& rows) {
  if (rows.empty()) return absl::OkStatus();
  Params codes;
  for (const RegionCopy& r : rows) codes.emplace_back(r.code);
  ASSIGN_OR_RETURN(
      const mysql::Rows held,
      tx.Query(Cat("SELECT code, start_year, end_year FROM region_copy WHERE code IN (",
                   mysql::Placeholders(codes.size()), ")"),
               codes));
  std::map<std::string, RegionYears> years;
  for (const Row& r : held) {
    years[r.String(0)] = {static_cast<int>(r.Int(1)), static_cast<int>(r.Int(2))};
  }
  std::vector<Params> params;
  for (const RegionCopy& r : rows) {
    const RegionYears told{r.start_year, r.end_year};
    const auto [it, is_new] = years.emplace(r.code, told);
    if (!is_new && !TakesOver(told, it->second)) continue;
    it->second = told;
    params.push_back({r.code, r.name, r.short_name, r.region_path, r.parent_code, r.level,
                      r.start_year, r.end_year, r.successors, r.is_extension});
  }
  if (params.empty()) return absl::OkStatus();
  return mysql::BulkInsert(
             tx, "region_copy",
             "(code, name, short_name, region_path, parent_code, level, start_year, end_year, "
             "successors, is_extension)",
             params,
             "ON DUPLICATE KEY UPDATE name = VALUES(name), short_name = VALUES(short_name), "
             "region_path = VALUES(region_path), parent_code = VALUES(parent_code), "
             "level = VALUES(level), start_year = VALUES(start_year), end_year = VALUES(end_year), "
             "successors = VALUES(successors), is_extension = VALUES(is_extension)")
      .status();
}

absl::Status PutCodes(mysql::Tx& tx, const std::vector<CodeCopy>& rows) {
  if (rows.empty()) return absl::OkStatus();
  std::vector<Params> params;
  for (const CodeCopy& c : rows)
    params.push_back({c.list, c.code, c.name_zh, c.is_public, c.valid});
  return mysql::BulkInsert(
             tx, "code_copy", "(list_code, code, name_zh, is_public, valid)", params,
             "ON DUPLICATE KEY UPDATE name_zh = VALUES(name_zh), is_public = VALUES(is_public), "
             "valid = VALUES(valid)")
      .status();
}

absl::Status PutParameters(mysql::Tx& tx, const std::map<std::string, int64_t>& values) {
  if (values.empty()) return absl::OkStatus();
  std::vector<Params> params;
  for (const auto& [code, value] : values) params.push_back({code, value});
  return mysql::BulkInsert(tx, "parameter_copy", "(code, value)", params,
                           "ON DUPLICATE KEY UPDATE value = VALUES(value)")
      .status();
}

absl::StatusOr<int64_t> ParameterOf(mysql::Executor& db, const std::string& code,
                                    int64_t otherwise) {
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   db.Query("SELECT value FROM parameter_copy WHERE code = ?", {code}));
  return rows.empty() ? otherwise : rows[0].Int(0);
}

absl::StatusOr<std::vector<int64_t>> ParametersOf(mysql::Executor& db,
                                                  const std::vector<ParameterDef>& parameters) {
  std::vector<int64_t> out;
  Params codes;
  for (const ParameterDef& parameter : parameters) {
    out.push_back(parameter.fallback);
    codes.emplace_back(std::string(parameter.code));
  }
  if (out.empty()) return out;
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   db.Query(Cat("SELECT code, value FROM parameter_copy WHERE code IN (",
                                mysql::Placeholders(codes.size()), ")"),
                            codes));
  for (const mysql::Row& row : rows) {
    for (size_t i = 0; i < parameters.size(); ++i) {
      if (row.String(0) == parameters[i].code) out[i] = row.Int(1);
    }
  }
  return out;
}

absl::Status PutProjects(mysql::Tx& tx, const std::vector<ProjectCopy>& rows, int64_t generation) {
  if (rows.empty()) return absl::OkStatus();
  std::vector<Params> params;
  std::vector<Params> names;
  for (const ProjectCopy& p : rows) {
    if (!p.project_code.empty()) names.push_back({p.project_code, p.id});
    for (const std::string& key : p.external_ids) names.push_back({key, p.id});
    params.push_back({p.id, p.project_code, p.name, p.region_path, p.state, p.is_void,
                      p.planting_date, p.industry_code, p.operator_id, p.latitude_e7,
                      p.longitude_e7, FundingText(p), p.planned_owner,
                      absl::StrJoin(p.linkage_modes, ";"), p.households, p.poor_households,
                      p.monitored_households, generation});
  }
  if (!names.empty()) {
    RETURN_IF_ERROR(mysql::BulkInsert(tx, "project_name_copy", "(project_key, project_id)", names,
                                      "ON DUPLICATE KEY UPDATE project_id = VALUES(project_id)")
                        .status());
  }
  return mysql::BulkInsert(
             tx, "project_copy",
             "(id, project_code, name, region_path, state, is_void, planting_date, industry_code, "
             "operator_id, latitude_e7, longitude_e7, funding, planned_owner, linkage_modes, "
             "households, poor_households, monitored_households, generation)",
             params,
             "ON DUPLICATE KEY UPDATE project_code = VALUES(project_code), name = VALUES(name), "
             "region_path = VALUES(region_path), state = VALUES(state), is_void = VALUES(is_void), "
             "planting_date = VALUES(planting_date), industry_code = VALUES(industry_code), "
             "operator_id = VALUES(operator_id), latitude_e7 = VALUES(latitude_e7), "
             "longitude_e7 = VALUES(longitude_e7), funding = VALUES(funding), "
             "planned_owner = VALUES(planned_owner), linkage_modes = VALUES(linkage_modes), "
             "households = VALUES(households), poor_households = VALUES(poor_households), "
             "monitored_households = VALUES(monitored_households), "
             "generation = VALUES(generation)")
      .status();
}

absl::Status PutOperators(mysql::Tx& tx, const std::vector<OperatorCopy>& rows,
                          int64_t generation) {
  if (rows.empty()) return absl::OkStatus();
  std::vector<Params> params;
  for (const OperatorCopy& o : rows) {
    params.push_back(
        {o.uscc, o.id, o.name, o.in_good_standing, o.qualified, o.qualification_ends, generation});
  }
  return mysql::BulkInsert(
             tx, "operator_copy",
             "(uscc, id, name, in_good_standing, qualified, qualification_ends, generation)",
             params,
             "ON DUPLICATE KEY UPDATE id = VALUES(id), name = VALUES(name), "
             "in_good_standing = VALUES(in_good_standing), qualified = VALUES(qualified), "
             "qualification_ends = VALUES(qualification_ends), generation = VALUES(generation)")
      .status();
}

absl::Status PutIndustries(mysql::Tx& tx, const std::vector<IndustryCopy>& rows) {
  if (rows.empty()) return absl::OkStatus();
  std::vector<Params> params;
  for (const IndustryCopy& i : rows) {
    params.push_back({i.taxonomy_version, i.code, i.cultivation_months, i.parent_code});
  }
  return mysql::BulkInsert(
             tx, "industry_copy", "(taxonomy_version, code, cultivation_months, parent_code)",
             params,
             "ON DUPLICATE KEY UPDATE cultivation_months = VALUES(cultivation_months), "
             "parent_code = VALUES(parent_code)")
      .status();
}

absl::Status PutWorkDays(mysql::Tx& tx, const std::map<absl::CivilDay, bool>& days) {
  if (days.empty()) return absl::OkStatus();
  std::vector<Params> params;
  for (const auto& [day, is_working] : days) params.push_back({day, is_working});
  return mysql::BulkInsert(tx, "work_day_copy", "(day, is_working)", params,
                           "ON DUPLICATE KEY UPDATE is_working = VALUES(is_working)")
      .status();
}

absl::StatusOr<workflow::Calendar> WorkCalendar(mysql::Executor& db, absl::civil_year_t first,
                                                absl::civil_year_t last) {
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   db.Query("SELECT day, is_working FROM work_day_copy WHERE day BETWEEN ? AND ?",
                            {absl::CivilDay(first, 1, 1), absl::CivilDay(last, 12, 31)}));
  workflow::Calendar calendar;
  for (const Row& r : rows) calendar.AddDay(r.Day(0), r.Bool(1));
  return calendar;
}

absl::StatusOr<std::optional<std::string>> RegionPath(mysql::Executor& db,
                                                      const std::string& code) {
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   db.Query("SELECT region_path FROM region_copy WHERE code = ?", {code}));
  if (rows.empty()) return std::nullopt;
  return rows.front().String(0);
}

absl::StatusOr<std::vector<RegionCopy>> AllRegions(mysql::Executor& db) {
  std::vector<RegionCopy> out;
  // Streamed: a province is some 20,000 rows, and as cells they take several times what they say.
  RETURN_IF_ERROR(db.Stream(
      "SELECT code, name, short_name, region_path, parent_code, level, start_year, end_year, "
      "successors, is_extension FROM region_copy",
      {}, [&](const Row& r) {
        out.push_back({r.String(0), r.String(1), r.String(2), r.String(3), r.String(4),
                       static_cast<int>(r.Int(5)), static_cast<int>(r.Int(6)),
                       static_cast<int>(r.Int(7)), r.String(8), r.Bool(9)});
        return absl::OkStatus();
      }));
  return out;
}

absl::StatusOr<std::map<std::string, CodeCopy>> CodesOf(mysql::Executor& db,
                                                        const std::string& list) {
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(
          "SELECT list_code, code, name_zh, is_public, valid FROM code_copy WHERE list_code = ?",
          {list}));
  std::map<std::string, CodeCopy> out;
  for (const Row& r : rows) {
    if (r.Bool(4)) out[r.String(1)] = {r.String(0), r.String(1), r.String(2), r.Bool(3), true};
  }
  return out;
}

absl::StatusOr<std::optional<OperatorCopy>> FindOperator(mysql::Executor& db, const Ulid& id) {
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   db.Query("SELECT uscc, id, name, in_good_standing, qualified, "
                            "qualification_ends FROM operator_copy WHERE id = ? LIMIT 1",
                            {id}));
  if (rows.empty()) return std::nullopt;
  const Row& r = rows.front();
  return OperatorCopy{r.String(0), r.Id(1), r.String(2), r.Bool(3), r.Bool(4), r.OptDay(5)};
}

absl::StatusOr<std::vector<ProjectCopy>> FindProjects(mysql::Executor& db,
                                                      const std::vector<Ulid>& ids) {
  std::vector<ProjectCopy> out;
  if (ids.empty()) return out;
  Params params;
  for (const Ulid& id : ids) params.push_back(id);
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   db.Query(Cat("SELECT ", kProject, " FROM project_copy WHERE id IN (",
                                mysql::Placeholders(ids.size()), ")"),
                            params));
  for (const Row& r : rows) out.push_back(ToProject(r));
  return out;
}

absl::StatusOr<std::vector<std::pair<std::string, ProjectCopy>>> FindProjectsByKey(
    mysql::Executor& db, const std::vector<std::string>& keys) {
  std::vector<std::pair<std::string, ProjectCopy>> out;
  if (keys.empty()) return out;
  ASSIGN_OR_RETURN(const mysql::Rows names,
                   db.Query(Cat("SELECT project_key, project_id FROM project_name_copy WHERE "
                                "project_key IN (",
                                mysql::Placeholders(keys.size()), ")"),
                            Params(keys.begin(), keys.end())));
  std::vector<Ulid> ids;
  for (const Row& r : names) ids.push_back(r.Id(1));
  ASSIGN_OR_RETURN(const std::vector<ProjectCopy> projects, FindProjects(db, ids));
  std::map<Ulid, const ProjectCopy*> by_id;
  for (const ProjectCopy& p : projects) by_id[p.id] = &p;
  for (const Row& r : names) {
    if (const auto it = by_id.find(r.Id(1)); it != by_id.end()) {
      out.emplace_back(r.String(0), *it->second);
    }
  }
  return out;
}

absl::Status VoidOlderProjects(mysql::Tx& tx, int64_t generation) {
  return tx.Execute("UPDATE project_copy SET is_void = 1 WHERE generation < ?", {generation})
      .status();
}

absl::StatusOr<std::vector<Ulid>> ProjectsWithFacts(mysql::Executor& db,
                                                    const std::vector<Ulid>& ids) {
  std::vector<Ulid> out;
  if (ids.empty()) return out;
  Params params;
  for (const Ulid& id : ids) params.push_back(id);
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   db.Query(Cat("SELECT project_id FROM project_facts WHERE facts IS NOT NULL AND "
                                "project_id IN (",
                                mysql::Placeholders(ids.size()), ")"),
                            params));
  for (const Row& r : rows) out.push_back(r.Id(0));
  return out;
}

absl::StatusOr<int64_t> CultivationMonths(mysql::Executor& db, const std::string& industry_code) {
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   db.Query("SELECT cultivation_months FROM industry_copy WHERE code = ? "
                            "ORDER BY taxonomy_version DESC LIMIT 1",
                            {industry_code}));
  return rows.empty() ? 0 : rows.front().Int(0);
}

absl::StatusOr<std::vector<std::string>> WithParents(mysql::Executor& db,
                                                     const std::string& industry_code) {
  std::vector<std::string> out;
  if (industry_code.empty()) return out;
  out.push_back(industry_code);
  for (size_t i = 0; i < out.size(); ++i) {
    ASSIGN_OR_RETURN(
        const mysql::Rows rows,
        db.Query("SELECT DISTINCT parent_code FROM industry_copy WHERE code = ?", {out[i]}));
    for (const Row& r : rows) {
      if (r.IsNull(0)) return std::vector<std::string>();
      std::string parent = r.String(0);
      if (!parent.empty() && std::find(out.begin(), out.end(), parent) == out.end()) {
        out.push_back(std::move(parent));
      }
    }
  }
  return out;
}

}  // namespace bangfu::asset::store

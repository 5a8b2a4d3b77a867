#include "services/registry/store/industry_store.h"

#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace bangfu::registry {

absl::StatusOr<int64_t> CountIndustryProjects(mysql::Executor& db, const Ulid& industry_id) {
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   db.Query("SELECT COUNT(*) FROM project WHERE industry_id = ? AND is_void = 0",
                            {industry_id}));
  return rows[0].Int(0);
}

absl::StatusOr<std::map<std::pair<std::string, std::string>, Ulid>> FindIndustries(
    mysql::Executor& db, const std::set<std::pair<std::string, std::string>>& keys) {
  std::map<std::pair<std::string, std::string>, Ulid> out;
  if (keys.empty()) return out;
  std::set<std::string> counties;
  for (const auto& [county, code] : keys) counties.insert(county);
  mysql::Params params;
  for (const std::string& county : counties) params.emplace_back(county);
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(Cat("SELECT region_path, industry_code, id FROM industry WHERE region_path IN (",
                   mysql::Placeholders(counties.size()), ")"),
               params));
  for (const mysql::Row& row : rows) {
    const std::pair<std::string, std::string> key = {row.String(0), row.String(1)};
    if (keys.count(key) > 0) out[key] = row.Id(2);
  }
  return out;
}

absl::StatusOr<ServiceFigures> SumServices(mysql::Executor& db, const RegionScope& scope,
                                           absl::CivilDay from, absl::CivilDay to) {
  ServiceFigures f;
  mysql::Params params;
  std::string region = mysql::RegionClause(scope, "region_path", &params);
  params.emplace_back(to);
  params.emplace_back(from);
  ASSIGN_OR_RETURN(
      const mysql::Rows pairings,
      db.Query(Cat("SELECT COUNT(*), COUNT(DISTINCT team_name), CAST(COALESCE(SUM(visits), 0) AS "
                   "SIGNED) FROM tech_pairing WHERE ",
                   region,
                   " AND is_void = 0 AND (starts_on IS NULL OR starts_on <= ?) AND (ends_on IS "
                   "NULL OR ends_on >= ?)"),
               params));
  f.pairings = pairings[0].Int(0);
  f.teams = pairings[0].Int(1);
  f.visits = pairings[0].Int(2);
  params.clear();
  region = mysql::RegionClause(scope, "p.region_path", &params);
  params.emplace_back(from);
  params.emplace_back(to);
  ASSIGN_OR_RETURN(
      const mysql::Rows visits,
      db.Query(Cat("SELECT COUNT(*) FROM tech_pairing p JOIN pairing_visit v ON v.pairing_id = "
                   "p.id WHERE ",
                   region, " AND p.is_void = 0 AND v.visited_on >= ? AND v.visited_on <= ?"),
               params));
  f.visits += visits[0].Int(0);
  params.clear();
  region = mysql::RegionClause(scope, "region_path", &params);
  params.emplace_back(from);
  params.emplace_back(to);
  ASSIGN_OR_RETURN(
      const mysql::Rows trainings,
      db.Query(
          Cat("SELECT COUNT(*), CAST(COALESCE(SUM(persons), 0) AS SIGNED), "
              "CAST(COALESCE(SUM(poor_labour_persons), 0) AS SIGNED) FROM training_record WHERE ",
              region, " AND is_void = 0 AND held_on >= ? AND held_on <= ?"),
          params));
  f.trainings = trainings[0].Int(0);
  f.persons = trainings[0].Int(1);
  f.poor_labour_persons = trainings[0].Int(2);
  params.clear();
  region = mysql::RegionClause(scope, "region_path", &params);
  params.emplace_back(to);
  params.emplace_back(to);
  ASSIGN_OR_RETURN(
      const mysql::Rows brands,
      db.Query(Cat("SELECT COUNT(*) FROM brand_certification WHERE ", region,
                   " AND (valid_from IS NULL OR valid_from <= ?) AND (valid_to IS NULL OR valid_to "
                   ">= ?)"),
               params));
  f.valid_brands = brands[0].Int(0);
  return f;
}

absl::Status InsertPairingVisit(mysql::Tx& tx, const PairingVisitRow& row) {
  return tx
      .Execute("INSERT INTO pairing_visit (id, pairing_id, visited_on, record) VALUES (?, ?, ?, ?)",
               {row.id, row.pairing_id, row.visited_on, row.record})
      .status();
}

absl::StatusOr<int64_t> CountPairingVisits(mysql::Executor& db, const Ulid& pairing_id) {
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query("SELECT COUNT(*) FROM pairing_visit WHERE pairing_id = ?", {pairing_id}));
  return rows[0].Int(0);
}

absl::StatusOr<std::vector<PairingVisitRow>> ListPairingVisits(
    mysql::Executor& db, const Ulid& pairing_id,
    const std::optional<std::pair<absl::CivilDay, Ulid>>& after, int limit) {
  std::string sql =
      "SELECT id, pairing_id, visited_on, record FROM pairing_visit WHERE pairing_id = ?";
  mysql::Params params = {pairing_id};
  if (after) {
    sql.append(" AND ((visited_on = ? AND id > ?) OR visited_on > ?)");
    params.emplace_back(after->first);
    params.emplace_back(after->second);
    params.emplace_back(after->first);
  }
  sql.append(" ORDER BY visited_on, id LIMIT ?");
  params.emplace_back(limit);
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  std::vector<PairingVisitRow> out;
  out.reserve(rows.size());
  for (const mysql::Row& row : rows) {
    out.push_back({row.Id(0), row.Id(1), row.Day(2), row.String(3)});
  }
  return out;
}

absl::StatusOr<int> ClaimLeadingPlace(mysql::Tx& tx, const std::string& region_path,
                                      const std::string& plan_period, const Ulid& industry_id,
                                      const Ulid& leading_id, int places) {
  for (int place = 1; place <= places; ++place) {
    // Waits for a transaction that holds the same place, and then finds it taken or free.
    ASSIGN_OR_RETURN(
        const int64_t inserted,
        tx.Execute("INSERT IGNORE INTO leading_industry_place (region_path, plan_period, place, "
                   "industry_id, leading_industry_id) VALUES (?, ?, ?, ?, ?)",
                   {region_path, plan_period, place, industry_id, leading_id}));
    if (inserted > 0) return place;
    ASSIGN_OR_RETURN(
        const mysql::Rows held,
        tx.Query("SELECT place FROM leading_industry_place WHERE region_path = ? AND plan_period "
                 "= ? AND industry_id = ?",
                 {region_path, plan_period, industry_id}));
    if (!held.empty()) {
      return Error(absl::StatusCode::kAlreadyExists, "LEADING_INDUSTRY_SELECTED")
          .Zh("该产业已选为主导产业")
          .Build();
    }
  }
  return 0;
}

absl::Status ReleaseLeadingPlace(mysql::Tx& tx, const Ulid& leading_id,
                                 const std::string& region_path, const std::string& plan_period) {
  return tx
      .Execute(
          "DELETE FROM leading_industry_place WHERE region_path = ? AND plan_period = ? AND "
          "leading_industry_id = ?",
          {region_path, plan_period, leading_id})
      .status();
}

absl::StatusOr<std::map<std::string, int64_t>> CountLeading(mysql::Executor& db,
                                                            const std::string& plan_period,
                                                            const RegionScope& scope) {
  mysql::Params params;
  const std::string region = mysql::RegionClause(scope, "region_path", &params);
  params.emplace_back(plan_period);
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   db.Query(Cat("SELECT region_path, COUNT(*) FROM leading_industry WHERE ", region,
                                " AND plan_period = ? AND is_active = 1 GROUP BY region_path"),
                            params));
  std::map<std::string, int64_t> out;
  for (const mysql::Row& row : rows) out[row.String(0)] = row.Int(1);
  return out;
}

}  // namespace bangfu::registry

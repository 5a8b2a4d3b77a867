#include "services/registry/store/project_list_store.h"

#include <cstddef>
#include <string_view>

#include "common/base/strings.h"
#include "common/status/macros.h"
#include "services/registry/store/statement.h"
#include "services/registry/store/stored_project.h"

namespace bangfu::registry {

std::string ListProjectsSql(const ProjectQuery& q, mysql::Params* params) {
  std::string sql = Cat("SELECT ", kProjectColumns, " FROM project p");
  if (!q.updated_in_county.empty()) {
    sql += " FORCE INDEX (project_by_update) WHERE p.county_path = ? AND ";
    params->emplace_back(q.updated_in_county);
    sql += mysql::RegionClause(q.scope, "p.region_path", params);
  } else if (q.include_covering) {
    sql += " WHERE EXISTS (SELECT 1 FROM project_region r WHERE r.project_id = p.id AND ";
    sql += mysql::RegionClause(q.scope, "r.region_path", params);
    sql += ")";
  } else {
    // The order is the key's: a page costs its rows, whatever the table holds.
    if (q.industry_id) {
      sql += " FORCE INDEX (project_by_industry)";
    } else if (!q.operator_id && !q.campaign_id) {
      sql += " FORCE INDEX (project_by_region)";
    }
    sql += Cat(" WHERE ", mysql::RegionClause(q.scope, "p.region_path", params));
  }
  const auto equal = [&](std::string_view column, const auto& value) {
    sql += Cat(" AND ", column, " = ?");
    params->emplace_back(value);
  };
  if (!q.include_void) sql += " AND p.is_void = 0";
  if (!q.states.empty()) sql += Cat(" AND ", InList("p.state", q.states, params));
  if (!q.project_types.empty())
    sql += Cat(" AND ", InList("p.project_type", q.project_types, params));
  if (!q.industry_code.empty()) equal("p.industry_code", q.industry_code);
  if (!q.category.empty()) equal("p.category", q.category);
  if (q.industry_id) equal("p.industry_id", *q.industry_id);
  if (q.operator_id) equal("p.operator_id", *q.operator_id);
  if (q.campaign_id) equal("p.campaign_id", *q.campaign_id);
  if (q.verification_state != 0) equal("p.verification_state", q.verification_state);
  if (q.year_from != 0) {
    sql += " AND p.year >= ?";
    params->emplace_back(q.year_from);
  }
  if (q.year_to != 0) {
    sql += " AND p.year <= ?";
    params->emplace_back(q.year_to);
  }
  if (!q.fund_source_code.empty()) {
    sql +=
        " AND EXISTS (SELECT 1 FROM project_funding f WHERE f.project_id = p.id AND f.source_code "
        "= ?)";
    params->emplace_back(q.fund_source_code);
  }
  if (!q.updated_in_county.empty()) {
    if (q.after && q.after_updated) {
      sql += " AND ((p.updated_at = ? AND p.id < ?) OR p.updated_at < ?)";
      params->emplace_back(*q.after_updated);
      params->emplace_back(q.after->id);
      params->emplace_back(*q.after_updated);
    }
    sql += " ORDER BY p.updated_at DESC, p.id DESC LIMIT ?";
  } else {
    if (q.after) {
      sql += " AND ((p.region_path = ? AND p.id > ?) OR p.region_path > ?)";
      params->emplace_back(q.after->region_path);
      params->emplace_back(q.after->id);
      params->emplace_back(q.after->region_path);
    }
    sql += " ORDER BY p.region_path, p.id LIMIT ?";
  }
  params->emplace_back(q.limit);
  return sql;
}

absl::StatusOr<std::vector<ProjectRow>> ListProjects(mysql::Executor& db,
                                                     const ProjectQuery& query) {
  mysql::Params params;
  const std::string sql = ListProjectsSql(query, &params);
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  return ProjectsFrom(rows);
}

absl::StatusOr<std::vector<ProjectRow>> ListProjectsById(mysql::Executor& db,
                                                         const std::optional<RegionScope>& scope,
                                                         const Ulid& after, int limit) {
  mysql::Params params = {after};
  std::string sql = Cat("SELECT ", kProjectColumns, " FROM project p WHERE p.id > ?");
  if (scope) sql += Cat(" AND ", mysql::RegionClause(*scope, "p.region_path", &params));
  sql += " ORDER BY p.id LIMIT ?";
  params.emplace_back(limit);
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  return ProjectsFrom(rows);
}

std::string SearchProjectsSql(const std::vector<std::string>& grams, const RegionScope& scope,
                              const std::optional<After>& after, int limit, mysql::Params* params) {
  // In the order written: every pair is a point in the key of the first.
  std::string sql = Cat("SELECT STRAIGHT_JOIN ", kProjectColumns, " FROM project_gram g");
  for (size_t i = 1; i < grams.size(); ++i) {
    const std::string alias = Cat("g", i);
    sql += Cat(" JOIN project_gram ", alias, " ON ", alias, ".gram = ? AND ", alias,
               ".region_path = g.region_path AND ", alias, ".project_id = g.project_id");
    params->emplace_back(grams[i]);
  }
  sql += " JOIN project p ON p.id = g.project_id";
  sql += " WHERE g.gram = ? AND ";
  params->emplace_back(grams[0]);
  sql += mysql::RegionClause(scope, "g.region_path", params);
  sql += " AND p.is_void = 0";
  if (after) {
    sql += " AND ((g.region_path = ? AND g.project_id > ?) OR g.region_path > ?)";
    params->emplace_back(after->region_path);
    params->emplace_back(after->id);
    params->emplace_back(after->region_path);
  }
  sql += " ORDER BY g.region_path, g.project_id LIMIT ?";
  params->emplace_back(limit);
  return sql;
}

absl::StatusOr<std::vector<ProjectRow>> SearchProjects(mysql::Executor& db,
                                                       const std::vector<std::string>& grams,
                                                       const RegionScope& scope,
                                                       const std::optional<After>& after,
                                                       int limit) {
  if (grams.empty()) return std::vector<ProjectRow>();
  mysql::Params params;
  const std::string sql = SearchProjectsSql(grams, scope, after, limit, &params);
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  return ProjectsFrom(rows);
}

}  // namespace bangfu::registry

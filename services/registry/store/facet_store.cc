#include "services/registry/store/facet_store.h"

#include <utility>

#include "common/base/strings.h"
#include "common/status/macros.h"
#include "services/registry/store/statement.h"

namespace bangfu::registry {
namespace {

// The industry's code and a fund source, either of which may be missing, from cell 1 on.
void Add(const mysql::Row& row, FacetCodes* out) {
  if (const std::string industry = row.String(1); !industry.empty()) {
    out->industries.insert(industry);
  }
  if (const std::string source = row.String(2); !source.empty()) out->fund_sources.insert(source);
}

}  // namespace

absl::StatusOr<std::map<Ulid, FacetCodes>> FacetCodesOf(mysql::Executor& db,
                                                        const std::set<Ulid>& ids) {
  std::map<Ulid, FacetCodes> out;
  if (ids.empty()) return out;
  mysql::Params params;
  for (int twice = 0; twice < 2; ++twice) {
    for (const Ulid& id : ids) params.emplace_back(id);
  }
  const std::string list = mysql::Placeholders(ids.size());
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   db.Query(Cat("SELECT p.id, p.industry_code, COALESCE(f.source_code, '') FROM "
                                "project p LEFT JOIN project_funding f ON f.project_id = p.id "
                                "WHERE p.id IN (",
                                list,
                                ") UNION ALL SELECT i.id, i.industry_code, '' FROM industry i "
                                "WHERE i.id IN (",
                                list, ")"),
                            params));
  for (const mysql::Row& row : rows) Add(row, &out[row.Id(0)]);
  return out;
}

absl::StatusOr<std::map<std::string, FacetCodes>> FacetCodesOfMissingReports(
    mysql::Executor& db, const std::vector<std::string>& paths, const std::vector<int>& states,
    const std::string& period) {
  std::map<std::string, FacetCodes> out;
  if (paths.empty()) return out;
  mysql::Params params = {period};
  for (const std::string& path : paths) params.emplace_back(path);
  std::string sql =
      Cat("SELECT DISTINCT p.region_path, p.industry_code, COALESCE(f.source_code, '') FROM "
          "project p LEFT JOIN project_funding f ON f.project_id = p.id LEFT JOIN operation_report "
          "m ON m.project_id = p.id AND m.period = ? WHERE p.region_path IN (",
          mysql::Placeholders(paths.size()), ") AND p.is_void = 0 AND m.project_id IS NULL AND ");
  sql += InList("p.state", states, &params);
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  for (const mysql::Row& row : rows) Add(row, &out[row.String(0)]);
  return out;
}

absl::StatusOr<std::map<std::string, std::vector<std::string>>> IndustriesAbove(
    mysql::Executor& db, const std::set<std::string>& codes) {
  std::map<std::string, std::vector<std::string>> out;
  if (codes.empty()) return out;
  const mysql::Params params(codes.begin(), codes.end());
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(Cat("SELECT c.code, c.parent_code, COALESCE(p.parent_code, '') FROM taxonomy t JOIN "
                   "industry_category c ON c.taxonomy_version = t.taxonomy_version LEFT JOIN "
                   "industry_category p ON p.taxonomy_version = c.taxonomy_version AND p.code = "
                   "c.parent_code WHERE t.is_current = 1 AND c.code IN (",
                   mysql::Placeholders(codes.size()), ")"),
               params));
  for (const mysql::Row& row : rows) {
    for (const size_t level : {1, 2}) {
      if (std::string above = row.String(level); !above.empty()) {
        out[row.String(0)].push_back(std::move(above));
      }
    }
  }
  return out;
}

}  // namespace bangfu::registry

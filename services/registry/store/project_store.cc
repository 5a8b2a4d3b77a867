#include "services/registry/store/project_store.h"

#include <algorithm>
#include <cstddef>

#include "common/base/digest.h"
#include "common/base/strings.h"
#include "common/base/text.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/registry/store/statement.h"
#include "services/registry/store/stored_project.h"

namespace bangfu::registry {

absl::StatusOr<std::vector<std::optional<ProjectRow>>> FindProjects(
    mysql::Executor& db, const std::vector<ProjectKey>& keys, bool covering) {
  std::vector<std::optional<ProjectRow>> out(keys.size());
  std::map<Ulid, std::vector<size_t>> wanted;  // places of each id
  for (size_t i = 0; i < keys.size(); ++i) wanted[keys[i].id].push_back(i);
  if (wanted.empty()) return out;
  std::vector<Ulid> ids;
  for (const auto& [id, places] : wanted) ids.push_back(id);
  mysql::Params params;
  const std::string by_key = ids.size() == 1 ? "p.id = ?" : InList("p.id", ids, &params);
  if (ids.size() == 1) params.emplace_back(ids[0]);
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(Cat("SELECT ", kProjectColumns, " FROM project p WHERE ", by_key), params));
  std::map<Ulid, const mysql::Row*> elsewhere;  // seen by some, if at all, for what they cover
  std::map<Ulid, std::vector<std::string>> covered;
  for (const mysql::Row& row : rows) {
    const Ulid id = row.Id(0);
    const std::string lead = row.String(2);
    for (const size_t place : wanted[id]) {
      if (InScope(keys[place].scope, lead)) {
        out[place] = ProjectFrom(row);
      } else if (covering) {
        elsewhere[id] = &row;
      }
    }
  }
  if (elsewhere.empty()) return out;
  ids.clear();
  for (const auto& [id, row] : elsewhere) ids.push_back(id);
  params.clear();
  const std::string of_projects = InList("project_id", ids, &params);
  ASSIGN_OR_RETURN(
      const mysql::Rows regions,
      db.Query(Cat("SELECT project_id, region_path FROM project_region WHERE ", of_projects),
               params));
  for (const mysql::Row& row : regions) covered[row.Id(0)].push_back(row.String(1));
  for (const auto& [id, row] : elsewhere) {
    for (const size_t place : wanted[id]) {
      const std::vector<std::string>& paths = covered[id];
      if (!out[place] && std::any_of(paths.begin(), paths.end(), [&](const std::string& path) {
            return InScope(keys[place].scope, path);
          })) {
        out[place] = ProjectFrom(*row);
      }
    }
  }
  return out;
}

absl::StatusOr<ProjectRow> GetProject(mysql::Executor& db, const Ulid& id, const RegionScope& scope,
                                      bool covering) {
  ASSIGN_OR_RETURN(std::vector<std::optional<ProjectRow>> found,
                   FindProjects(db, {{id, scope}}, covering));
  if (!found[0]) return NotFound("project", id.ToString()).Build();
  return *std::move(found[0]);
}

absl::StatusOr<std::vector<ProjectRow>> GetProjects(mysql::Executor& db,
                                                    const std::vector<Ulid>& ids,
                                                    const RegionScope& scope) {
  std::vector<ProjectKey> keys;
  for (const Ulid& id : std::set<Ulid>(ids.begin(), ids.end())) keys.push_back({id, scope});
  ASSIGN_OR_RETURN(std::vector<std::optional<ProjectRow>> found, FindProjects(db, keys));
  std::vector<ProjectRow> out;
  for (std::optional<ProjectRow>& row : found) {
    if (row) out.push_back(*std::move(row));
  }
  return out;
}

absl::StatusOr<std::map<Ulid, ProjectRow>> LockProjects(mysql::Tx& tx,
                                                        const std::vector<Ulid>& ids) {
  std::map<Ulid, ProjectRow> out;
  if (ids.empty()) return out;
  mysql::Params params;
  const std::string in = InList("p.id", ids, &params);
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   tx.Query(Cat("SELECT ", kProjectColumns, " FROM project p WHERE ", in,
                                " ORDER BY p.id FOR UPDATE"),
                            params));
  for (const mysql::Row& row : rows) out.emplace(row.Id(0), ProjectFrom(row));
  return out;
}

absl::StatusOr<std::set<Ulid>> VoidProjects(mysql::Executor& db, const std::set<Ulid>& ids) {
  std::set<Ulid> out;
  if (ids.empty()) return out;
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   db.Query(Cat("SELECT id FROM project WHERE id IN (",
                                mysql::Placeholders(ids.size()), ") AND is_void = 1"),
                            mysql::Params(ids.begin(), ids.end())));
  for (const mysql::Row& row : rows) out.insert(row.Id(0));
  return out;
}

absl::StatusOr<std::string> FindProjectOfOperator(mysql::Executor& db, const Ulid& operator_id) {
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query("SELECT project_code FROM project WHERE operator_id = ? AND is_void = 0 "
               "ORDER BY region_path, id LIMIT 1",
               {operator_id}));
  return rows.empty() ? std::string() : rows[0].String(0);
}

absl::StatusOr<std::string> FindProjectNaming(mysql::Executor& db, const RecordTable& table,
                                              const Ulid& id, const std::string& region_path) {
  ASSIGN_OR_RETURN(const bool named, table.EverNamed(db, id));
  if (!named) return std::string();
  std::vector<std::string> regions;
  // Above the counties the first search would be the second one over again.
  if (region_path.size() >= 6) regions.push_back(region_path.substr(0, 6));
  regions.emplace_back();
  for (const std::string& region : regions) {
    mysql::Params params;
    std::string sql = "SELECT project_code FROM project WHERE is_void = 0";
    if (!region.empty()) {
      absl::StrAppend(&sql, " AND ", mysql::RegionClause({region}, "region_path", &params));
    }
    absl::StrAppend(&sql, " AND LOCATE(?, record) > 0 ORDER BY region_path, id LIMIT 1");
    params.emplace_back(id.ToString());
    ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
    if (!rows.empty()) return rows[0].String(0);
  }
  return std::string();
}

std::string NameHash(int year, std::string_view name) {
  return Sha256(Cat(year, "|", MatchKey(name))).substr(0, 16);
}

absl::StatusOr<std::map<ProjectName, Ulid>> FindProjectNames(
    mysql::Executor& db, const std::vector<ProjectName>& names) {
  std::map<ProjectName, Ulid> out;
  if (names.empty()) return out;
  std::vector<std::string> hashes;
  std::set<ProjectName> wanted;
  std::string low = names[0].region_path, high = low;
  for (const ProjectName& n : names) {
    hashes.push_back(n.name_hash);
    wanted.insert(n);
    low = std::min(low, n.region_path);
    high = std::max(high, n.region_path);
  }
  mysql::Params params;
  const std::string in = InList("n.name_hash", hashes, &params);
  params.emplace_back(low);
  params.emplace_back(high);
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(
          Cat("SELECT n.region_path, n.name_hash, n.project_id FROM project_name n JOIN project "
              "p ON p.id = n.project_id WHERE ",
              in, " AND n.region_path BETWEEN ? AND ? AND p.is_void = 0 ORDER BY n.project_id"),
          params));
  for (const mysql::Row& row : rows) {
    const ProjectName name{row.String(0), row.String(1)};
    if (wanted.count(name) > 0) out.emplace(name, row.Id(2));
  }
  return out;
}

absl::StatusOr<std::map<std::string, Ulid>> FindProjectCodes(
    mysql::Executor& db, const std::vector<std::string>& codes) {
  std::map<std::string, Ulid> out;
  if (codes.empty()) return out;
  mysql::Params params;
  const std::string in = InList("project_code", codes, &params);
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(Cat("SELECT project_code, id FROM project WHERE is_void = 0 AND ", in), params));
  for (const mysql::Row& row : rows) out[row.String(0)] = row.Id(1);
  return out;
}

absl::StatusOr<std::optional<Ulid>> FindProjectByCode(mysql::Executor& db,
                                                      const std::string& code) {
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   db.Query("SELECT id FROM project WHERE project_code = ?", {code}));
  if (rows.empty()) return std::optional<Ulid>();
  return std::optional<Ulid>(rows[0].Id(0));
}

}  // namespace bangfu::registry

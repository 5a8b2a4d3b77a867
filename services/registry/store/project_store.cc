#include "services/registry/store/project_store.h"

#include <algorithm>
#include <tuple>

#include "common/base/digest.h"
#include "common/base/strings.h"
#include "common/base/text.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace bangfu::registry {
namespace {

constexpr char kColumns[] =
    "p.id, p.project_code, p.region_path, p.state, p.verification_state, p.origin, p.project_type, "
    "p.category, p.industry_code, p.industry_id, p.operator_id, p.campaign_id, p.year, "
    "p.declared_total_fen, p.public_total_fen, p.is_void, p.is_sample, p.version, p.updated_at, "
    "p.record";
constexpr char kInsertColumns[] =
    "(id, project_code, region_path, county_path, state, verification_state, origin, project_type, "
    "category, "
    "industry_code, industry_id, operator_id, campaign_id, year, declared_total_fen, "
    "public_total_fen, is_void, "
    "is_sample, version, updated_at, record)";

std::optional<Ulid> OptId(const mysql::Row& row, size_t i) {
  if (row.IsNull(i)) return std::nullopt;
  return row.Id(i);
}

ProjectRow FromRow(const mysql::Row& r) {
  ProjectRow p;
  p.id = r.Id(0);
  p.project_code = r.String(1);
  p.region_path = r.String(2);
  p.state = static_cast<int>(r.Int(3));
  p.verification_state = static_cast<int>(r.Int(4));
  p.origin = static_cast<int>(r.Int(5));
  p.project_type = r.String(6);
  p.category = r.String(7);
  p.industry_code = r.String(8);
  p.industry_id = OptId(r, 9);
  p.operator_id = OptId(r, 10);
  p.campaign_id = OptId(r, 11);
  p.year = static_cast<int>(r.Int(12));
  p.declared_total_fen = r.Int(13);
  p.public_total_fen = r.Int(14);
  p.is_void = r.Bool(15);
  p.is_sample = r.Bool(16);
  p.version = r.Int(17);
  p.updated_at = r.Time(18);
  p.record = r.String(19);
  return p;
}

std::vector<ProjectRow> FromRows(const mysql::Rows& rows) {
  std::vector<ProjectRow> out;
  out.reserve(rows.size());
  for (const mysql::Row& row : rows) out.push_back(FromRow(row));
  return out;
}

mysql::Params Values(const ProjectRow& p) {
  return {p.id,
          p.project_code,
          p.region_path,
          p.region_path.substr(0, 6),
          p.state,
          p.verification_state,
          p.origin,
          p.project_type,
          p.category,
          p.industry_code,
          p.industry_id,
          p.operator_id,
          p.campaign_id,
          p.year,
          p.declared_total_fen,
          p.public_total_fen,
          p.is_void,
          p.is_sample,
          p.version,
          p.updated_at,
          p.record};
}

struct Gram {
  std::string gram;
  const ProjectRow* project;
};

// The rows beside the project, those that are written anew.
absl::Status InsertParts(mysql::Tx& tx, const std::vector<ProjectRow>& rows) {
  std::vector<mysql::Params> funding, regions, content, external, grams, names;
  std::vector<Gram> pairs;
  for (const ProjectRow& p : rows) {
    int seq = 0;
    for (const FundingRow& f : p.funding) {
      funding.push_back({p.id, ++seq, p.region_path, f.source_code, f.task_code, f.year,
                         f.exact_fen, f.parse_state, f.is_public});
    }
    if (p.anew.regions) {
      std::set<std::string> seen;
      for (const CoveredRow& c : p.regions) {
        if (seen.insert(c.region_path).second) {
          regions.push_back({c.region_path, p.id, c.is_lead, c.share_bp});
        }
      }
    }
    if (p.anew.content) {
      seq = 0;
      for (const ContentRow& c : p.content) {
        content.push_back({c.id, p.id, ++seq, c.region_path, c.category_code, c.budget_fen});
      }
    }
    if (p.anew.external_ids) {
      for (const auto& [system, id] : p.external_ids) external.push_back({system, id, p.id});
    }
    if (p.anew.name) names.push_back({NameHash(p.year, p.name), p.region_path, p.id});
    if (p.anew.search_text) {
      for (std::string& gram : Bigrams(p.search_text)) pairs.push_back({std::move(gram), &p});
    }
  }
  // By far the most rows: in the order of their index each of its pages is visited once.
  std::sort(pairs.begin(), pairs.end(), [](const Gram& x, const Gram& y) {
    return std::tie(x.gram, x.project->region_path, x.project->id) <
           std::tie(y.gram, y.project->region_path, y.project->id);
  });
  grams.reserve(pairs.size());
  for (Gram& pair : pairs) {
    grams.push_back({std::move(pair.gram), pair.project->region_path, pair.project->id});
  }
  const auto insert = [&](std::string_view table, std::string_view columns,
                          const std::vector<mysql::Params>& values,
                          std::string_view verb) -> absl::Status {
    if (values.empty()) return absl::OkStatus();
    return mysql::BulkInsert(tx, table, columns, values, "", verb).status();
  };
  RETURN_IF_ERROR(insert(
      "project_funding",
      "(project_id, seq, region_path, source_code, task_code, year, amount_fen, parse_state, "
      "is_public)",
      funding, "INSERT INTO"));
  RETURN_IF_ERROR(insert("project_region", "(region_path, project_id, is_lead, share_bp)", regions,
                         "INSERT INTO"));
  RETURN_IF_ERROR(insert("content_item",
                         "(id, project_id, seq, region_path, category_code, budget_fen)", content,
                         "INSERT INTO"));
  RETURN_IF_ERROR(insert("project_external", "(system_name, external_id, project_id)", external,
                         "INSERT INTO"));
  RETURN_IF_ERROR(
      insert("project_name", "(name_hash, region_path, project_id)", names, "INSERT INTO"));
  return insert("project_gram", "(gram, region_path, project_id)", grams, "INSERT IGNORE INTO");
}

template <typename T>
std::string InList(std::string_view column, const std::vector<T>& values, mysql::Params* params) {
  for (const T& v : values) params->emplace_back(v);
  return Cat(column, " IN (", mysql::Placeholders(values.size()), ")");
}

}  // namespace

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
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   db.Query(Cat("SELECT ", kColumns, " FROM project p WHERE ", by_key), params));
  std::map<Ulid, const mysql::Row*> elsewhere;  // seen by some, if at all, for what they cover
  std::map<Ulid, std::vector<std::string>> covered;
  for (const mysql::Row& row : rows) {
    const Ulid id = row.Id(0);
    const std::string lead = row.String(2);
    for (const size_t place : wanted[id]) {
      if (InScope(keys[place].scope, lead)) {
        out[place] = FromRow(row);
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
        out[place] = FromRow(*row);
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
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      tx.Query(Cat("SELECT ", kColumns, " FROM project p WHERE ", in, " ORDER BY p.id FOR UPDATE"),
               params));
  for (const mysql::Row& row : rows) out.emplace(row.Id(0), FromRow(row));
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

absl::StatusOr<std::map<std::pair<std::string, std::string>, Ulid>> FindExternalIds(
    mysql::Executor& db, const std::vector<std::pair<std::string, std::string>>& keys) {
  std::map<std::pair<std::string, std::string>, Ulid> out;
  std::map<std::string, std::vector<std::string>> by_system;
  for (const auto& [system, id] : keys) by_system[system].push_back(id);
  for (const auto& [system, ids] : by_system) {
    mysql::Params params = {system};
    const std::string in = InList("external_id", ids, &params);
    ASSIGN_OR_RETURN(
        const mysql::Rows rows,
        db.Query(
            Cat("SELECT external_id, project_id FROM project_external WHERE system_name = ? AND ",
                in),
            params));
    for (const mysql::Row& row : rows) out[{system, row.String(0)}] = row.Id(1);
  }
  return out;
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

absl::StatusOr<int64_t> ClaimSequence(mysql::Tx& tx, const std::string& county, int year,
                                      int64_t count) {
  RETURN_IF_ERROR(
      tx.Execute("INSERT INTO project_sequence (county_code, year, last_no) VALUES (?, ?, ?) ON "
                 "DUPLICATE KEY UPDATE last_no = last_no + VALUES(last_no)",
                 {county, year, count})
          .status());
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      tx.Query("SELECT last_no FROM project_sequence WHERE county_code = ? AND year = ?",
               {county, year}));
  return rows[0].Int(0) - count + 1;
}

absl::Status InsertProjects(mysql::Tx& tx, const std::vector<ProjectRow>& rows) {
  if (rows.empty()) return absl::OkStatus();
  std::vector<mysql::Params> values;
  for (const ProjectRow& p : rows) values.push_back(Values(p));
  RETURN_IF_ERROR(mysql::BulkInsert(tx, "project", kInsertColumns, values).status());
  return InsertParts(tx, rows);
}

absl::Status NoteVerificationChanges(mysql::Tx& tx, const std::vector<std::pair<Ulid, int>>& to,
                                     absl::Time now) {
  std::map<int, std::vector<Ulid>> by_state;
  for (const auto& [id, state] : to) by_state[state].push_back(id);
  for (const auto& [state, ids] : by_state) {
    mysql::Params params{now, state};
    const std::string in = InList("id", ids, &params);
    // Of two changes in one instant the first tells what stood before it.
    RETURN_IF_ERROR(
        tx.Execute(Cat("INSERT INTO project_verification_change (project_id, changed_at, "
                       "from_state) SELECT id, ?, verification_state FROM project WHERE "
                       "verification_state <> ? AND ",
                       in,
                       " ON DUPLICATE KEY UPDATE from_state = "
                       "project_verification_change.from_state"),
                   params)
            .status());
  }
  return absl::OkStatus();
}

absl::Status ReplaceProjects(mysql::Tx& tx, const std::vector<ProjectRow>& rows) {
  if (rows.empty()) return absl::OkStatus();
  std::vector<mysql::Params> values;
  std::map<std::string_view, std::vector<Ulid>> anew;  // by table
  for (const ProjectRow& p : rows) {
    values.push_back(Values(p));
    anew["project_funding"].push_back(p.id);
    if (p.anew.regions) anew["project_region"].push_back(p.id);
    if (p.anew.content) anew["content_item"].push_back(p.id);
    if (p.anew.external_ids) anew["project_external"].push_back(p.id);
    if (p.anew.name) anew["project_name"].push_back(p.id);
    if (p.anew.search_text) anew["project_gram"].push_back(p.id);
  }
  RETURN_IF_ERROR(
      mysql::BulkInsert(
          tx, "project", kInsertColumns, values,
          "ON DUPLICATE KEY UPDATE region_path = VALUES(region_path), county_path = "
          "VALUES(county_path), state = VALUES(state), verification_state = "
          "VALUES(verification_state), project_type = VALUES(project_type), category = "
          "VALUES(category), industry_code = VALUES(industry_code), industry_id = "
          "VALUES(industry_id), operator_id = VALUES(operator_id), campaign_id = "
          "VALUES(campaign_id), year = VALUES(year), declared_total_fen = "
          "VALUES(declared_total_fen), public_total_fen = VALUES(public_total_fen), is_void = "
          "VALUES(is_void), version = VALUES(version), updated_at = VALUES(updated_at), record "
          "= VALUES(record)")
          .status());
  for (const auto& [table, ids] : anew) {
    mysql::Params params;
    const std::string in = InList("project_id", ids, &params);
    RETURN_IF_ERROR(tx.Execute(Cat("DELETE FROM ", table, " WHERE ", in), params).status());
  }
  return InsertParts(tx, rows);
}

std::string ListProjectsSql(const ProjectQuery& q, mysql::Params* params) {
  std::string sql = Cat("SELECT ", kColumns, " FROM project p");
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
    if (!q.industry_id && !q.operator_id && !q.campaign_id)
      sql += " FORCE INDEX (project_by_region)";
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
  return FromRows(rows);
}

absl::StatusOr<std::vector<ProjectRow>> ListProjectsById(mysql::Executor& db,
                                                         const std::optional<RegionScope>& scope,
                                                         const Ulid& after, int limit) {
  mysql::Params params = {after};
  std::string sql = Cat("SELECT ", kColumns, " FROM project p WHERE p.id > ?");
  if (scope) sql += Cat(" AND ", mysql::RegionClause(*scope, "p.region_path", &params));
  sql += " ORDER BY p.id LIMIT ?";
  params.emplace_back(limit);
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  return FromRows(rows);
}

std::string SearchProjectsSql(const std::vector<std::string>& grams, const RegionScope& scope,
                              const std::optional<After>& after, int limit, mysql::Params* params) {
  // In the order written: every pair is a point in the key of the first.
  std::string sql = Cat("SELECT STRAIGHT_JOIN ", kColumns, " FROM project_gram g");
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
  return FromRows(rows);
}

// --- Monthly reports

namespace {

constexpr char kReportColumns[] =
    "o.project_id, o.period, o.id, o.region_path, o.late, o.version, o.record";

ReportRow ReportFrom(const mysql::Row& r) {
  return {r.Id(0), r.String(1), r.Id(2), r.String(3), r.Bool(4), r.Int(5), r.String(6)};
}

std::vector<ReportRow> ReportsFrom(const mysql::Rows& rows) {
  std::vector<ReportRow> out;
  out.reserve(rows.size());
  for (const mysql::Row& row : rows) out.push_back(ReportFrom(row));
  return out;
}

}  // namespace

absl::StatusOr<std::map<std::pair<Ulid, std::string>, ReportRow>> LockReports(
    mysql::Tx& tx, const std::vector<std::pair<Ulid, std::string>>& keys) {
  std::map<std::pair<Ulid, std::string>, ReportRow> out;
  if (keys.empty()) return out;
  std::string sql = Cat("SELECT ", kReportColumns,
                        " FROM operation_report o WHERE (o.project_id, o.period) IN (");
  mysql::Params params;
  for (size_t i = 0; i < keys.size(); ++i) {
    sql += i == 0 ? "(?, ?)" : ", (?, ?)";
    params.emplace_back(keys[i].first);
    params.emplace_back(keys[i].second);
  }
  sql += ") ORDER BY o.project_id, o.period FOR UPDATE";
  ASSIGN_OR_RETURN(const mysql::Rows rows, tx.Query(sql, params));
  for (const mysql::Row& row : rows) {
    ReportRow r = ReportFrom(row);
    out.emplace(std::make_pair(r.project_id, r.period), std::move(r));
  }
  return out;
}

absl::Status UpsertReports(mysql::Tx& tx, const std::vector<ReportRow>& rows) {
  if (rows.empty()) return absl::OkStatus();
  std::vector<mysql::Params> values;
  for (const ReportRow& r : rows) {
    values.push_back({r.project_id, r.period, r.id, r.region_path, r.late, r.version, r.record});
  }
  return mysql::BulkInsert(
             tx, "operation_report", "(project_id, period, id, region_path, late, version, record)",
             values,
             "ON DUPLICATE KEY UPDATE region_path = VALUES(region_path), late = VALUES(late), "
             "version = VALUES(version), record = VALUES(record)")
      .status();
}

absl::StatusOr<std::optional<ReportRow>> FindReport(mysql::Executor& db, const Ulid& project_id,
                                                    const std::string& period,
                                                    const RegionScope& scope) {
  mysql::Params params = {project_id, period};
  const std::string sql =
      Cat("SELECT ", kReportColumns,
          " FROM operation_report o WHERE o.project_id = ? AND o.period = ? AND ",
          mysql::RegionClause(scope, "o.region_path", &params));
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  if (rows.empty()) return std::optional<ReportRow>();
  return std::optional<ReportRow>(ReportFrom(rows[0]));
}

absl::StatusOr<std::optional<ReportRow>> LastReportBefore(mysql::Executor& db,
                                                          const Ulid& project_id,
                                                          const std::string& period) {
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(Cat("SELECT ", kReportColumns,
                   " FROM operation_report o WHERE o.project_id = ? AND o.period < ? ORDER BY "
                   "o.period DESC LIMIT 1"),
               {project_id, period}));
  if (rows.empty()) return std::optional<ReportRow>();
  return std::optional<ReportRow>(ReportFrom(rows[0]));
}

std::string ListReportsSql(const ReportQuery& q, mysql::Params* params) {
  std::string sql = Cat("SELECT ", kReportColumns, " FROM operation_report o WHERE ",
                        mysql::RegionClause(q.scope, "o.region_path", params));
  if (q.project_id) {
    sql += " AND o.project_id = ?";
    params->emplace_back(*q.project_id);
  }
  if (!q.period_from.empty()) {
    sql += " AND o.period >= ?";
    params->emplace_back(q.period_from);
  }
  if (!q.period_to.empty()) {
    sql += " AND o.period <= ?";
    params->emplace_back(q.period_to);
  }
  if (q.after_project) {
    sql +=
        " AND ((o.region_path = ? AND o.project_id = ? AND o.period > ?) OR (o.region_path = ? AND "
        "o.project_id > ?) OR o.region_path > ?)";
    params->emplace_back(q.after_path);
    params->emplace_back(*q.after_project);
    params->emplace_back(q.after_period);
    params->emplace_back(q.after_path);
    params->emplace_back(*q.after_project);
    params->emplace_back(q.after_path);
  }
  sql += " ORDER BY o.region_path, o.project_id, o.period LIMIT ?";
  params->emplace_back(q.limit);
  return sql;
}

absl::StatusOr<std::vector<ReportRow>> ListReports(mysql::Executor& db, const ReportQuery& query) {
  mysql::Params params;
  const std::string sql = ListReportsSql(query, &params);
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  return ReportsFrom(rows);
}

absl::StatusOr<std::vector<ReportRow>> ListReportsById(mysql::Executor& db,
                                                       const std::optional<RegionScope>& scope,
                                                       const Ulid& after, int limit) {
  mysql::Params params = {after};
  std::string sql = Cat("SELECT ", kReportColumns, " FROM operation_report o WHERE o.id > ?");
  if (scope) sql += Cat(" AND ", mysql::RegionClause(*scope, "o.region_path", &params));
  sql += " ORDER BY o.id LIMIT ?";
  params.emplace_back(limit);
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  return ReportsFrom(rows);
}

absl::StatusOr<std::vector<MissingRow>> ListMissingReports(
    mysql::Executor& db, const RegionScope& scope, const std::vector<int>& states,
    const std::string& period, const std::optional<After>& after, int limit) {
  mysql::Params params;
  std::string sql =
      Cat("SELECT ", kColumns,
          ", COALESCE((SELECT MAX(o.period) FROM operation_report o WHERE o.project_id = p.id AND "
          "o.period < ?), '') FROM project p WHERE ");
  params.emplace_back(period);
  sql += mysql::RegionClause(scope, "p.region_path", &params);
  sql += Cat(" AND p.is_void = 0 AND ", InList("p.state", states, &params));
  sql +=
      " AND NOT EXISTS (SELECT 1 FROM operation_report m WHERE m.project_id = p.id AND m.period = "
      "?)";
  params.emplace_back(period);
  if (after) {
    sql += " AND ((p.region_path = ? AND p.id > ?) OR p.region_path > ?)";
    params.emplace_back(after->region_path);
    params.emplace_back(after->id);
    params.emplace_back(after->region_path);
  }
  sql += " ORDER BY p.region_path, p.id LIMIT ?";
  params.emplace_back(limit);
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  std::vector<MissingRow> out;
  for (const mysql::Row& row : rows) out.push_back({FromRow(row), row.String(20)});
  return out;
}

absl::StatusOr<std::map<std::string, int64_t>> CountMissingReports(
    mysql::Executor& db, const std::vector<std::string>& paths, const std::vector<int>& states,
    const std::string& period) {
  std::map<std::string, int64_t> out;
  if (paths.empty()) return out;
  mysql::Params params = {period};
  for (const std::string& path : paths) params.emplace_back(path);
  std::string sql =
      Cat("SELECT p.region_path, COUNT(*) FROM project p LEFT JOIN operation_report m ON "
          "m.project_id = p.id AND m.period = ? WHERE p.region_path IN (",
          mysql::Placeholders(paths.size()), ") AND p.is_void = 0 AND m.project_id IS NULL AND ");
  sql += Cat(InList("p.state", states, &params), " GROUP BY p.region_path");
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  for (const mysql::Row& row : rows) out[row.String(0)] = row.Int(1);
  return out;
}

absl::StatusOr<std::vector<std::string>> PathsWithProjects(mysql::Executor& db,
                                                           const std::vector<int>& states,
                                                           const std::string& after, int limit) {
  mysql::Params params = {after};
  std::string sql = Cat(
      "SELECT DISTINCT p.region_path FROM project p WHERE p.region_path > ? AND p.is_void = 0 AND ",
      InList("p.state", states, &params), " ORDER BY p.region_path LIMIT ?");
  params.emplace_back(limit);
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  std::vector<std::string> out;
  for (const mysql::Row& row : rows) out.push_back(row.String(0));
  return out;
}

absl::StatusOr<std::vector<std::string>> PathsWithProjectsBelow(mysql::Executor& db,
                                                                const std::vector<int>& states,
                                                                const std::string& region_path) {
  mysql::Params params;
  std::string sql =
      Cat("SELECT DISTINCT p.region_path FROM project p WHERE ",
          mysql::RegionClause({region_path}, "p.region_path", &params), " AND p.is_void = 0 AND ");
  sql += Cat(InList("p.state", states, &params), " ORDER BY p.region_path");
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  std::vector<std::string> out;
  for (const mysql::Row& row : rows) out.push_back(row.String(0));
  return out;
}

// --- County industries

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
      db.Query(
          Cat("SELECT COUNT(*), COUNT(DISTINCT team_name), CAST(COALESCE(SUM(visits), 0) AS "
              "SIGNED) FROM tech_pairing WHERE ",
              region,
              " AND (starts_on IS NULL OR starts_on <= ?) AND (ends_on IS NULL OR ends_on >= ?)"),
          params));
  f.pairings = pairings[0].Int(0);
  f.teams = pairings[0].Int(1);
  f.visits = pairings[0].Int(2);
  params.clear();
  region = mysql::RegionClause(scope, "region_path", &params);
  params.emplace_back(from);
  params.emplace_back(to);
  ASSIGN_OR_RETURN(
      const mysql::Rows trainings,
      db.Query(
          Cat("SELECT COUNT(*), CAST(COALESCE(SUM(persons), 0) AS SIGNED), "
              "CAST(COALESCE(SUM(poor_labour_persons), 0) AS SIGNED) FROM training_record WHERE ",
              region, " AND held_on >= ? AND held_on <= ?"),
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

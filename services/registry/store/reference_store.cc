#include "services/registry/store/reference_store.h"

#include <algorithm>
#include <functional>
#include <set>
#include <unordered_map>

#include "absl/strings/numbers.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/base/digest.h"
#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/base/text.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace bangfu::registry {
namespace {

std::vector<std::string> SplitList(const std::string& text) {
  return absl::StrSplit(text, ',', absl::SkipEmpty());
}

std::string JoinSuccessors(const std::vector<RegionSuccessorRow>& successors) {
  std::vector<std::string> parts;
  for (const RegionSuccessorRow& s : successors) {
    parts.push_back(s.year == 0 ? s.code : Cat(s.code, "[", s.year, "]"));
  }
  return absl::StrJoin(parts, ";");
}

std::vector<RegionSuccessorRow> ParseSuccessors(const std::string& text) {
  std::vector<RegionSuccessorRow> out;
  for (const std::string& part :
       std::vector<std::string>(absl::StrSplit(text, ';', absl::SkipEmpty()))) {
    RegionSuccessorRow s;
    const size_t bracket = part.find('[');
    s.code = part.substr(0, bracket);
    if (bracket != std::string::npos) {
      (void)absl::SimpleAtoi(AbslView(std::string_view(part).substr(bracket + 1, 4)), &s.year);
    }
    out.push_back(std::move(s));
  }
  return out;
}

constexpr char kRegionColumns[] =
    "id, code, end_year, start_year, name, short_name, level, parent_code, region_path, "
    "is_extension, "
    "flags, successors, version";

RegionRow RegionFrom(const mysql::Row& r) {
  RegionRow row;
  row.id = r.Id(0);
  row.code = r.String(1);
  row.end_year = static_cast<int>(r.Int(2));
  row.start_year = static_cast<int>(r.Int(3));
  row.name = r.String(4);
  row.short_name = r.String(5);
  row.level = static_cast<int>(r.Int(6));
  row.parent_code = r.String(7);
  row.region_path = r.String(8);
  row.is_extension = r.Bool(9);
  row.flags = SplitList(r.String(10));
  row.successors = ParseSuccessors(r.String(11));
  row.version = r.Int(12);
  return row;
}

absl::StatusOr<std::vector<RegionRow>> QueryRegions(mysql::Executor& db, std::string_view rest,
                                                    const mysql::Params& params) {
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   db.Query(Cat("SELECT ", kRegionColumns, " FROM region ", rest), params));
  std::vector<RegionRow> out;
  out.reserve(rows.size());
  for (const mysql::Row& r : rows) out.push_back(RegionFrom(r));
  return out;
}

template <typename T>
void Append(mysql::Params* params, const std::vector<T>& values) {
  for (const T& v : values) params->emplace_back(v);
}

// The whole of a retired region went to these (parts of it in other years do not count).
std::vector<std::string> WholeSuccessors(const RegionRow& row) {
  std::vector<std::string> out;
  for (const RegionSuccessorRow& s : row.successors) {
    if (s.year == 0 || s.year == row.end_year) out.push_back(s.code);
  }
  return out;
}

}  // namespace

Ulid IdOfKey(std::string_view kind, std::string_view key) {
  const std::string digest = Sha256(Cat(kind, ":", key)).substr(0, 16);
  return Ulid::FromBytes(digest).value_or(Ulid());
}

absl::StatusOr<std::vector<RegionRow>> LoadRegionsByCode(mysql::Executor& db,
                                                         const std::vector<std::string>& codes) {
  if (codes.empty()) return std::vector<RegionRow>();
  mysql::Params params;
  Append(&params, codes);
  return QueryRegions(db, Cat("WHERE code IN (", mysql::Placeholders(codes.size()), ")"), params);
}

absl::StatusOr<std::map<std::string, RegionHit>> LookupRegions(
    mysql::Executor& db, const std::vector<std::string>& codes) {
  std::map<std::string, RegionHit> hits;
  std::set<std::string> wanted(codes.begin(), codes.end());
  wanted.erase("");
  // The counties above go along: a code that is not known may lie in one that is retired.
  std::set<std::string> asked = wanted;
  for (const std::string& code : wanted) {
    if (code.size() > 6) asked.insert(code.substr(0, 6));
  }
  ASSIGN_OR_RETURN(std::vector<RegionRow> rows,
                   LoadRegionsByCode(db, std::vector<std::string>(asked.begin(), asked.end())));
  std::map<std::string, const RegionRow*> best;  // in use, else the last
  for (const RegionRow& row : rows) {
    const RegionRow*& b = best[row.code];
    if (b == nullptr || row.end_year == 0 || (b->end_year != 0 && row.end_year > b->end_year))
      b = &row;
  }
  std::map<std::string, std::string> moved;  // code below the successor -> code as filed
  for (const std::string& code : wanted) {
    const auto found = best.find(code);
    if (found != best.end()) {
      const RegionRow& row = *found->second;
      hits[code] = {row.region_path, row.name, row.level,
                    row.region_path.empty() ? WholeSuccessors(row) : std::vector<std::string>()};
      continue;
    }
    if (code.size() <= 6) continue;
    const auto county = best.find(code.substr(0, 6));
    if (county == best.end() || county->second->end_year == 0 ||
        county->second->region_path.empty()) {
      continue;
    }
    moved[county->second->region_path + code.substr(6)] = code;
  }
  if (!moved.empty()) {
    std::vector<std::string> again;
    for (const auto& [code, filed] : moved) again.push_back(code);
    ASSIGN_OR_RETURN(const std::vector<RegionRow> successors, LoadRegionsByCode(db, again));
    for (const RegionRow& row : successors) {
      if (row.end_year == 0) hits[moved[row.code]] = {row.region_path, row.name, row.level, {}};
    }
  }
  return hits;
}

absl::StatusOr<std::optional<RegionRow>> FindRegion(mysql::Executor& db, const std::string& code) {
  ASSIGN_OR_RETURN(
      std::vector<RegionRow> rows,
      QueryRegions(db, "WHERE code = ? ORDER BY end_year = 0 DESC, end_year DESC LIMIT 1", {code}));
  if (rows.empty()) return std::optional<RegionRow>();
  return std::optional<RegionRow>(std::move(rows[0]));
}

absl::StatusOr<std::vector<RegionRow>> ListRegions(mysql::Executor& db, const RegionQuery& query) {
  std::string where;
  mysql::Params params;
  if (query.level == 0) {
    where = "WHERE parent_code = ?";
    params.emplace_back(query.parent_code);
  } else {
    where = Cat("WHERE level = ? AND (", mysql::RegionClause({query.parent_code}, "code", &params),
                ")");
    params.insert(params.begin(), query.level);
  }
  where += query.retired ? " AND end_year > 0" : " AND end_year = 0";
  if (query.after_end_year >= 0) {
    where += " AND (code > ? OR (code = ? AND end_year > ?))";
    params.emplace_back(query.after_code);
    params.emplace_back(query.after_code);
    params.emplace_back(query.after_end_year);
  }
  where += " ORDER BY code, end_year LIMIT ?";
  params.emplace_back(query.limit);
  return QueryRegions(db, where, params);
}

absl::StatusOr<std::vector<RegionRow>> LoadRegions(mysql::Executor& db) {
  return QueryRegions(db, "ORDER BY code, end_year", {});
}

absl::StatusOr<std::vector<RegionRow>> ListRegionsById(mysql::Executor& db, const Ulid& after,
                                                       int limit) {
  return QueryRegions(db, "WHERE id > ? ORDER BY id LIMIT ?", {after, limit});
}

absl::Status UpsertRegions(mysql::Tx& tx, const std::vector<RegionRow>& rows) {
  std::vector<mysql::Params> values;
  for (const RegionRow& r : rows) {
    values.push_back({r.id, r.code, r.end_year, r.start_year, r.name, r.short_name,
                      MatchKey(r.name), MatchKey(r.short_name), r.level, r.parent_code,
                      r.region_path, r.is_extension, absl::StrJoin(r.flags, ","),
                      JoinSuccessors(r.successors), r.version});
  }
  return mysql::BulkInsert(
             tx, "region",
             "(id, code, end_year, start_year, name, short_name, name_key, short_key, level, "
             "parent_code, "
             "region_path, is_extension, flags, successors, version)",
             values,
             "ON DUPLICATE KEY UPDATE start_year = VALUES(start_year), name = VALUES(name), "
             "short_name = "
             "VALUES(short_name), name_key = VALUES(name_key), short_key = VALUES(short_key), "
             "level = "
             "VALUES(level), parent_code = VALUES(parent_code), region_path = VALUES(region_path), "
             "is_extension = VALUES(is_extension), flags = VALUES(flags), successors = "
             "VALUES(successors), version = VALUES(version)")
      .status();
}

absl::StatusOr<std::vector<RegionRow>> RefreshRetiredPaths(mysql::Tx& tx) {
  ASSIGN_OR_RETURN(std::vector<RegionRow> retired, QueryRegions(tx, "WHERE end_year > 0", {}));
  if (retired.empty()) return retired;
  std::multimap<std::string, const RegionRow*> by_code;
  std::set<std::string> targets;
  for (const RegionRow& row : retired) {
    by_code.emplace(row.code, &row);
    for (const std::string& s : WholeSuccessors(row)) targets.insert(s);
  }
  std::set<std::string> in_use;
  ASSIGN_OR_RETURN(const std::vector<RegionRow> current,
                   LoadRegionsByCode(tx, std::vector<std::string>(targets.begin(), targets.end())));
  for (const RegionRow& row : current) {
    if (row.end_year == 0) in_use.insert(row.code);
  }
  // Follows successors to codes in use; chains are short, and a ring ends by its depth.
  const std::function<void(const RegionRow&, int, std::set<std::string>*)> follow =
      [&](const RegionRow& row, int depth, std::set<std::string>* out) {
        if (depth > 8) return;
        for (const std::string& code : WholeSuccessors(row)) {
          if (in_use.count(code) > 0) {
            out->insert(code);
            continue;
          }
          const auto [begin, end] = by_code.equal_range(code);
          for (auto it = begin; it != end; ++it) {
            if (it->second != &row) follow(*it->second, depth + 1, out);
          }
        }
      };
  std::vector<RegionRow> changed;
  for (const RegionRow& row : retired) {
    std::set<std::string> ends;
    follow(row, 0, &ends);
    const std::string path = ends.size() == 1 ? *ends.begin() : "";
    if (path == row.region_path) continue;
    RegionRow updated = row;
    updated.region_path = path;
    ++updated.version;
    changed.push_back(std::move(updated));
  }
  if (!changed.empty()) RETURN_IF_ERROR(UpsertRegions(tx, changed));
  return changed;
}

absl::StatusOr<std::vector<RegionRow>> RetireRegions(mysql::Tx& tx, const std::string& from,
                                                     const std::string& to, int year) {
  mysql::Params params;
  const std::string below = mysql::RegionClause({from}, "code", &params);
  ASSIGN_OR_RETURN(const std::vector<RegionRow> rows,
                   QueryRegions(tx, Cat("WHERE ", below, " ORDER BY code, end_year"), params));
  std::vector<std::string> offspring;
  std::set<std::string> ended;  // said so already
  for (const RegionRow& row : rows) {
    offspring.push_back(Cat(to, row.code.substr(from.size())));
    if (row.end_year != 0 && row.region_path == offspring.back()) ended.insert(row.code);
  }
  ASSIGN_OR_RETURN(const std::vector<RegionRow> there, LoadRegionsByCode(tx, offspring));
  std::set<std::string> in_use;
  for (const RegionRow& row : there) {
    if (row.end_year == 0) in_use.insert(row.code);
  }
  std::vector<RegionRow> retired;
  mysql::Params gone;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].end_year != 0 || !in_use.contains(offspring[i])) continue;
    gone.emplace_back(rows[i].code);
    if (ended.contains(rows[i].code)) continue;
    RegionRow row = rows[i];
    row.id = IdOfKey("region", Cat(row.code, ":", year));
    row.end_year = year;
    row.successors = {{offspring[i], 0}};
    row.region_path = offspring[i];
    ++row.version;
    retired.push_back(std::move(row));
  }
  if (gone.empty()) return retired;
  RETURN_IF_ERROR(tx.Execute(Cat("DELETE FROM region WHERE end_year = 0 AND code IN (",
                                 mysql::Placeholders(gone.size()), ")"),
                             gone)
                      .status());
  if (!retired.empty()) RETURN_IF_ERROR(UpsertRegions(tx, retired));
  return retired;
}

absl::StatusOr<std::pair<int64_t, int64_t>> RegionStamp(mysql::Executor& db) {
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query("SELECT COUNT(*), CAST(COALESCE(SUM(version), 0) AS SIGNED) FROM region"));
  return std::pair<int64_t, int64_t>(rows[0].Int(0), rows[0].Int(1));
}

absl::StatusOr<std::map<std::string, std::string>> RegionNames(
    mysql::Executor& db, const std::vector<std::string>& paths) {
  std::map<std::string, std::string> out;
  std::set<std::string> codes;
  static constexpr size_t kLengths[] = {4, 6, 9, 12};
  for (const std::string& path : paths) {
    for (const size_t n : kLengths) {
      if (path.size() >= n) codes.insert(path.substr(0, n));
    }
    if (path.size() == 2) codes.insert(path);
  }
  if (codes.empty()) return out;
  const mysql::Params params(codes.begin(), codes.end());
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   db.Query(Cat("SELECT code, name FROM region FORCE INDEX (PRIMARY) WHERE "
                                "end_year = 0 AND code IN (",
                                mysql::Placeholders(params.size()), ")"),
                            params));
  std::map<std::string, std::string> names;
  for (const mysql::Row& row : rows) names[row.String(0)] = row.String(1);
  for (const std::string& path : paths) {
    std::string name;
    for (const size_t n : kLengths) {
      if (path.size() >= n) name += names[path.substr(0, n)];
    }
    if (path.size() == 2) name = names[path];
    out[path] = name;
  }
  return out;
}

// --- Organisations

namespace {

constexpr char kOrganisationColumns[] =
    "id, org_code, name, org_type, region_code, region_path, uscc, clauses, department_code, "
    "is_active, "
    "version";

std::string JoinClauses(const std::vector<std::string>& clauses) {
  return clauses.empty() ? "" : Cat(",", absl::StrJoin(clauses, ","), ",");
}

absl::StatusOr<std::vector<OrganisationRow>> QueryOrganisations(mysql::Executor& db,
                                                                std::string_view rest,
                                                                const mysql::Params& params) {
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(Cat("SELECT ", kOrganisationColumns, " FROM organisation ", rest), params));
  std::vector<OrganisationRow> out;
  for (const mysql::Row& r : rows) {
    OrganisationRow row;
    row.id = r.Id(0);
    row.org_code = r.String(1);
    row.name = r.String(2);
    row.org_type = static_cast<int>(r.Int(3));
    row.region_code = r.String(4);
    row.region_path = r.String(5);
    row.uscc = r.String(6);
    row.clauses = SplitList(r.String(7));
    row.department_code = r.String(8);
    row.is_active = r.Bool(9);
    row.version = r.Int(10);
    out.push_back(std::move(row));
  }
  return out;
}

std::vector<mysql::Params> OrganisationValues(const std::vector<OrganisationRow>& rows) {
  std::vector<mysql::Params> values;
  for (const OrganisationRow& r : rows) {
    values.push_back({r.id, r.org_code, r.name, r.org_type, r.region_code, r.region_path, r.uscc,
                      JoinClauses(r.clauses), r.department_code, r.is_active, r.version});
  }
  return values;
}

}  // namespace

absl::StatusOr<std::optional<OrganisationRow>> FindOrganisation(mysql::Executor& db,
                                                                const std::string& org_code) {
  ASSIGN_OR_RETURN(std::vector<OrganisationRow> rows,
                   QueryOrganisations(db, "WHERE org_code = ?", {org_code}));
  if (rows.empty()) return std::optional<OrganisationRow>();
  return std::optional<OrganisationRow>(std::move(rows[0]));
}

absl::StatusOr<std::vector<OrganisationRow>> ListOrganisations(mysql::Executor& db,
                                                               const OrganisationQuery& query) {
  mysql::Params params;
  std::string where = Cat("FORCE INDEX (organisation_by_place) WHERE ",
                          mysql::RegionClause({query.region_path}, "region_path", &params));
  if (query.org_type != 0) {
    where += " AND org_type = ?";
    params.emplace_back(query.org_type);
  }
  if (!query.clause.empty()) {
    where += " AND LOCATE(?, clauses) > 0";
    params.emplace_back(Cat(",", query.clause, ","));
  }
  if (!query.after_code.empty()) {
    where += " AND region_path >= ? AND (region_path > ? OR org_code > ?)";
    params.emplace_back(query.after_path);
    params.emplace_back(query.after_path);
    params.emplace_back(query.after_code);
  }
  where += " ORDER BY region_path, org_code LIMIT ?";
  params.emplace_back(query.limit);
  return QueryOrganisations(db, where, params);
}

absl::StatusOr<std::vector<OrganisationRow>> ListOrganisationsById(mysql::Executor& db,
                                                                   const Ulid& after, int limit) {
  return QueryOrganisations(db, "WHERE id > ? ORDER BY id LIMIT ?", {after, limit});
}

absl::Status UpsertOrganisations(mysql::Tx& tx, const std::vector<OrganisationRow>& rows) {
  return mysql::BulkInsert(
             tx, "organisation", kOrganisationColumns, OrganisationValues(rows),
             "ON DUPLICATE KEY UPDATE name = VALUES(name), org_type = VALUES(org_type), "
             "region_code = VALUES(region_code), region_path = VALUES(region_path), uscc = "
             "VALUES(uscc), clauses = VALUES(clauses), department_code = "
             "VALUES(department_code), is_active = VALUES(is_active), version = version + 1")
      .status();
}

absl::Status AddOrganisations(mysql::Tx& tx, const std::vector<OrganisationRow>& rows) {
  if (rows.empty()) return absl::OkStatus();
  return mysql::BulkInsert(tx, "organisation", kOrganisationColumns, OrganisationValues(rows), "",
                           "INSERT IGNORE INTO")
      .status();
}

// --- Codes

namespace {

// The code first: LookupCodes chooses by it.
constexpr char kCodeColumns[] =
    "code, list, name_zh, description_zh, attributes, sort, valid_from, valid_to, version, "
    "unconfirmed";

CodeRow CodeFrom(const mysql::Row& r) {
  CodeRow row;
  row.code = r.String(0);
  row.list = r.String(1);
  row.name_zh = r.String(2);
  row.description_zh = r.String(3);
  for (const std::string& pair :
       std::vector<std::string>(absl::StrSplit(r.String(4), ';', absl::SkipEmpty()))) {
    const size_t equals = pair.find('=');
    row.attributes.emplace_back(pair.substr(0, equals),
                                equals == std::string::npos ? "" : pair.substr(equals + 1));
  }
  row.sort = static_cast<int>(r.Int(5));
  row.valid_from = r.OptDay(6);
  row.valid_to = r.OptDay(7);
  row.version = r.Int(8);
  row.unconfirmed = r.Bool(9);
  return row;
}

absl::StatusOr<std::vector<CodeRow>> QueryCodes(mysql::Executor& db, std::string_view rest,
                                                const mysql::Params& params) {
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   db.Query(Cat("SELECT ", kCodeColumns, " FROM code ", rest), params));
  std::vector<CodeRow> out;
  for (const mysql::Row& r : rows) out.push_back(CodeFrom(r));
  return out;
}

}  // namespace

std::string CodeRow::Attribute(std::string_view name) const {
  for (const auto& [key, value] : attributes) {
    if (key == name) return value;
  }
  return "";
}

absl::StatusOr<std::map<CodeKey, CodeRow>> LookupCodes(mysql::Executor& db,
                                                       const std::vector<CodeKey>& keys) {
  std::map<CodeKey, CodeRow> out;
  std::set<CodeKey> wanted;
  std::set<std::string> lists, codes;
  for (const CodeKey& key : keys) {
    if (key.second.empty()) continue;
    wanted.insert(key);
    lists.insert(key.first);
    codes.insert(key.second);
  }
  if (lists.empty()) return out;
  // One text whatever the codes: whole lists, each a few dozen rows of the primary key.
  const mysql::Params params(lists.begin(), lists.end());
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.QuerySome(Cat("SELECT ", kCodeColumns, " FROM code WHERE list IN (",
                       mysql::Placeholders(params.size()), ")"),
                   params, [&](const std::string& code) { return codes.count(code) > 0; }));
  for (const mysql::Row& row : rows) {
    CodeKey key{row.String(1), row.String(0)};
    if (wanted.count(key) > 0) out.emplace(std::move(key), CodeFrom(row));
  }
  return out;
}

absl::StatusOr<std::vector<CodeRow>> ListCodes(mysql::Executor& db, const std::string& list) {
  return QueryCodes(db, "WHERE list = ? ORDER BY sort, code", {list});
}
absl::StatusOr<std::vector<CodeRow>> LoadCodes(mysql::Executor& db) {
  return QueryCodes(db, "ORDER BY list, code", {});
}

absl::StatusOr<std::vector<CodeListRow>> ListCodeLists(mysql::Executor& db) {
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query("SELECT l.list, l.name_zh, l.version, (SELECT COUNT(*) FROM code c WHERE "
               "c.list = l.list) FROM code_list l ORDER BY l.list"));
  std::vector<CodeListRow> out;
  for (const mysql::Row& r : rows) out.push_back({r.String(0), r.String(1), r.Int(2), r.Int(3)});
  return out;
}

absl::Status UpsertCodes(mysql::Tx& tx, std::vector<CodeRow>* rows) {
  std::set<std::string> lists;
  for (const CodeRow& row : *rows) lists.insert(row.list);
  std::map<std::string, int64_t> versions;
  for (const std::string& list : lists) {
    RETURN_IF_ERROR(
        tx.Execute("INSERT INTO code_list (list, name_zh, version) VALUES (?, ?, 1) ON DUPLICATE "
                   "KEY UPDATE version = version + 1",
                   {list, list})
            .status());
    ASSIGN_OR_RETURN(const mysql::Rows found,
                     tx.Query("SELECT version FROM code_list WHERE list = ?", {list}));
    versions[list] = found[0].Int(0);
  }
  std::vector<mysql::Params> values;
  for (CodeRow& r : *rows) {
    r.version = versions[r.list];
    std::vector<std::string> pairs;
    for (const auto& [key, value] : r.attributes) pairs.push_back(Cat(key, "=", value));
    values.push_back({r.code, r.list, r.name_zh, r.description_zh, absl::StrJoin(pairs, ";"),
                      r.sort, r.valid_from, r.valid_to, r.version, r.unconfirmed});
  }
  return mysql::BulkInsert(
             tx, "code", kCodeColumns, values,
             "ON DUPLICATE KEY UPDATE name_zh = VALUES(name_zh), description_zh = "
             "VALUES(description_zh), attributes = VALUES(attributes), sort = VALUES(sort), "
             "valid_from = VALUES(valid_from), valid_to = VALUES(valid_to), version = "
             "VALUES(version), unconfirmed = VALUES(unconfirmed)")
      .status();
}

namespace {

absl::StatusOr<std::vector<ParameterRow>> QueryParameters(mysql::Executor& db,
                                                          std::string_view rest,
                                                          const mysql::Params& params) {
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(
          Cat("SELECT code, name_zh, value, unit, day_kind, unconfirmed, version FROM parameter ",
              rest),
          params));
  std::vector<ParameterRow> out;
  for (const mysql::Row& r : rows) {
    out.push_back({r.String(0), r.String(1), r.Int(2), r.String(3), static_cast<int>(r.Int(4)),
                   r.Bool(5), r.Int(6)});
  }
  return out;
}

}  // namespace

absl::StatusOr<std::vector<ParameterRow>> ListParameters(mysql::Executor& db) {
  return QueryParameters(db, "ORDER BY code", {});
}

absl::StatusOr<std::optional<ParameterRow>> FindParameter(mysql::Executor& db,
                                                          const std::string& code) {
  ASSIGN_OR_RETURN(std::vector<ParameterRow> rows, QueryParameters(db, "WHERE code = ?", {code}));
  if (rows.empty()) return std::optional<ParameterRow>();
  return std::optional<ParameterRow>(std::move(rows[0]));
}

absl::StatusOr<int64_t> ParameterValue(mysql::Executor& db, const std::string& code,
                                       int64_t otherwise) {
  ASSIGN_OR_RETURN(const std::optional<ParameterRow> row, FindParameter(db, code));
  return row ? row->value : otherwise;
}

absl::StatusOr<int64_t> ScopeStartYear(mysql::Executor& db) {
  return ParameterValue(db, "INVENTORY_SCOPE_START_YEAR", 2012);
}

absl::Status UpdateParameter(mysql::Tx& tx, const ParameterRow& row) {
  ASSIGN_OR_RETURN(
      const int64_t matched,
      tx.Execute(
          "UPDATE parameter SET value = ?, day_kind = ?, unconfirmed = ?, version = ? "
          "WHERE code = ? AND version = ?",
          {row.value, row.day_kind, row.unconfirmed, row.version, row.code, row.version - 1}));
  if (matched == 0) return EtagMismatch();
  return absl::OkStatus();
}

absl::StatusOr<std::vector<FundSourceDepartmentRow>> ListFundSourceDepartments(
    mysql::Executor& db) {
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query("SELECT id, source_code, task_code, department_code, valid_from, valid_to, "
               "unconfirmed, version FROM fund_source_department ORDER BY source_code, "
               "task_code, department_code, valid_from"));
  std::vector<FundSourceDepartmentRow> out;
  for (const mysql::Row& r : rows) {
    FundSourceDepartmentRow row;
    row.id = r.Id(0);
    row.rule = {r.String(1), r.String(2), r.String(3), r.Day(4), r.OptDay(5)};
    row.unconfirmed = r.Bool(6);
    row.version = r.Int(7);
    out.push_back(std::move(row));
  }
  return out;
}

absl::Status InsertFundSourceDepartment(mysql::Tx& tx, const FundSourceDepartmentRow& row) {
  return tx
      .Execute(
          "INSERT INTO fund_source_department (id, source_code, task_code, department_code, "
          "valid_from, "
          "valid_to, unconfirmed, version) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
          {row.id, row.rule.source_code, row.rule.task_code, row.rule.department_code,
           row.rule.valid_from, row.rule.valid_to, row.unconfirmed, row.version})
      .status();
}

absl::Status UpdateFundSourceDepartment(mysql::Tx& tx, const FundSourceDepartmentRow& row) {
  ASSIGN_OR_RETURN(
      const int64_t matched,
      tx.Execute("UPDATE fund_source_department SET valid_to = ?, unconfirmed = ?, version = ? "
                 "WHERE id = ? AND version = ?",
                 {row.rule.valid_to, row.unconfirmed, row.version, row.id, row.version - 1}));
  if (matched == 0) return EtagMismatch();
  return absl::OkStatus();
}

// --- Taxonomy

absl::StatusOr<std::vector<TaxonomyRow>> ListTaxonomies(mysql::Executor& db) {
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query("SELECT t.taxonomy_version, t.name, t.valid_from, t.is_current, "
               "CAST(COALESCE(SUM(c.level = 1), 0) AS SIGNED), CAST(COALESCE(SUM(c.level = 2), 0) "
               "AS SIGNED), "
               "CAST(COALESCE(SUM(c.level = 3), 0) AS SIGNED) FROM taxonomy t LEFT JOIN "
               "industry_category c "
               "ON c.taxonomy_version = t.taxonomy_version GROUP BY t.taxonomy_version, t.name, "
               "t.valid_from, t.is_current ORDER BY t.taxonomy_version"));
  std::vector<TaxonomyRow> out;
  for (const mysql::Row& r : rows) {
    out.push_back({r.String(0), r.String(1), r.OptDay(2), r.Bool(3), r.Int(4), r.Int(5), r.Int(6)});
  }
  return out;
}

absl::StatusOr<std::string> CurrentTaxonomy(mysql::Executor& db) {
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   db.Query("SELECT taxonomy_version FROM taxonomy WHERE is_current = 1 ORDER BY "
                            "taxonomy_version DESC LIMIT 1"));
  return rows.empty() ? std::string() : rows[0].String(0);
}

namespace {

absl::StatusOr<mysql::Rows> QueryCategories(mysql::Executor& db, const std::string& version) {
  std::string sql =
      "SELECT taxonomy_version, code, name, level, parent_code, applicable_links, "
      "cultivation_months, "
      "maps_from, unconfirmed FROM industry_category";
  mysql::Params params;
  if (!version.empty()) {
    sql += " WHERE taxonomy_version = ?";
    params.emplace_back(version);
  }
  return db.Query(sql + " ORDER BY taxonomy_version, code", params);
}

CategoryRow CategoryFrom(const mysql::Row& r) {
  return {r.String(0),
          r.String(1),
          r.String(2),
          static_cast<int>(r.Int(3)),
          r.String(4),
          SplitList(r.String(5)),
          static_cast<int>(r.Int(6)),
          SplitList(r.String(7)),
          r.Bool(8)};
}

}  // namespace

absl::StatusOr<std::vector<CategoryRow>> LoadCategories(mysql::Executor& db,
                                                        const std::string& version) {
  ASSIGN_OR_RETURN(const mysql::Rows rows, QueryCategories(db, version));
  std::vector<CategoryRow> out;
  for (const mysql::Row& r : rows) out.push_back(CategoryFrom(r));
  return out;
}

absl::StatusOr<std::map<std::string, CategoryRow>> LookupCategories(
    mysql::Executor& db, const std::string& version, const std::set<std::string>& codes) {
  std::map<std::string, CategoryRow> out;
  ASSIGN_OR_RETURN(const mysql::Rows rows, QueryCategories(db, version));
  // A few of many rows are wanted: the others stay as they came.
  std::unordered_map<std::string, const mysql::Row*> by_code;
  by_code.reserve(rows.size());
  for (const mysql::Row& row : rows) by_code.emplace(row.String(1), &row);
  for (std::string code : codes) {
    while (!code.empty() && out.count(code) == 0) {
      const auto found = by_code.find(code);
      if (found == by_code.end()) break;
      CategoryRow row = CategoryFrom(*found->second);
      std::string parent = row.parent_code;
      out.emplace(std::move(code), std::move(row));
      code = std::move(parent);
    }
  }
  return out;
}

absl::Status UpsertCategories(mysql::Tx& tx, const std::vector<CategoryRow>& rows) {
  std::vector<mysql::Params> values;
  for (const CategoryRow& r : rows) {
    values.push_back({r.taxonomy_version, r.code, r.name, r.level, r.parent_code,
                      absl::StrJoin(r.applicable_links, ","), r.cultivation_months,
                      absl::StrJoin(r.maps_from, ","), r.unconfirmed});
  }
  return mysql::BulkInsert(
             tx, "industry_category",
             "(taxonomy_version, code, name, level, parent_code, applicable_links, "
             "cultivation_months, "
             "maps_from, unconfirmed)",
             values,
             "ON DUPLICATE KEY UPDATE name = VALUES(name), level = VALUES(level), parent_code = "
             "VALUES(parent_code), applicable_links = VALUES(applicable_links), cultivation_months "
             "= "
             "VALUES(cultivation_months), maps_from = VALUES(maps_from), unconfirmed = "
             "VALUES(unconfirmed)")
      .status();
}

absl::Status AddTaxonomy(mysql::Tx& tx, const std::string& version, const std::string& name) {
  return tx
      .Execute(
          "INSERT IGNORE INTO taxonomy (taxonomy_version, name, valid_from, is_current) VALUES (?, "
          "?, "
          "NULL, 0)",
          {version, name})
      .status();
}

absl::Status SetCurrentTaxonomy(mysql::Tx& tx, const std::string& version) {
  return tx.Execute("UPDATE taxonomy SET is_current = (taxonomy_version = ?)", {version}).status();
}

// --- Calendar

absl::StatusOr<std::vector<WorkDayRow>> ListWorkDays(mysql::Executor& db, absl::CivilDay from,
                                                     absl::CivilDay to) {
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query("SELECT day, is_working, source FROM work_day WHERE day >= ? AND day <= ? ORDER "
               "BY day",
               {from, to}));
  std::vector<WorkDayRow> out;
  for (const mysql::Row& r : rows) out.push_back({r.Day(0), r.Bool(1), r.String(2)});
  return out;
}

absl::Status UpsertWorkDays(mysql::Tx& tx, const std::vector<WorkDayRow>& rows) {
  std::vector<mysql::Params> values;
  for (const WorkDayRow& r : rows) values.push_back({r.day, r.is_working, r.source});
  return mysql::BulkInsert(
             tx, "work_day", "(day, is_working, source)", values,
             "ON DUPLICATE KEY UPDATE is_working = VALUES(is_working), source = VALUES(source)")
      .status();
}

absl::StatusOr<WorkCalendar> LoadCalendar(mysql::Executor& db, absl::CivilDay from) {
  return LoadCalendarOf(db, from.year(), (from + 800).year());
}

absl::StatusOr<WorkCalendar> LoadCalendarOf(mysql::Executor& db, absl::civil_year_t first,
                                            absl::civil_year_t last) {
  ASSIGN_OR_RETURN(const std::vector<WorkDayRow> rows,
                   ListWorkDays(db, absl::CivilDay(first, 1, 1), absl::CivilDay(last, 12, 31)));
  WorkCalendar calendar;
  for (const WorkDayRow& row : rows) {
    calendar.days[row.day] = row.is_working;
    calendar.years.insert(row.day.year());
  }
  return calendar;
}

}  // namespace bangfu::registry

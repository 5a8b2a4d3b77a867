#include "services/registry/store/region_store.h"

#include <cstddef>
#include <functional>
#include <set>
#include <string_view>

#include "absl/strings/numbers.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/base/strings.h"
#include "common/base/text.h"
#include "common/status/macros.h"
#include "services/registry/store/reference_id.h"
#include "services/registry/store/statement.h"

namespace bangfu::registry {
namespace {

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

// The whole of a retired region went to these (parts of it in other years do not count).
std::vector<std::string> WholeSuccessors(const RegionRow& row) {
  std::vector<std::string> out;
  for (const RegionSuccessorRow& s : row.successors) {
    if (s.year == 0 || s.year == row.end_year) out.push_back(s.code);
  }
  return out;
}

}  // namespace

absl::StatusOr<std::vector<RegionRow>> LoadRegionsByCode(mysql::Executor& db,
                                                         const std::vector<std::string>& codes) {
  if (codes.empty()) return std::vector<RegionRow>();
  mysql::Params params;
  AddAll(codes, &params);
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

}  // namespace bangfu::registry

#include "common/audit/search.h"

#include <algorithm>
#include <set>
#include <utility>

#include "common/audit/rows.h"
#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/status/macros.h"

namespace bangfu::audit {

std::string OneCounty(const std::vector<std::string>& scope,
                      const std::optional<std::string>& region) {
  constexpr size_t kCountyDigits = 6;
  if (region && region->size() >= kCountyDigits) return region->substr(0, kCountyDigits);
  std::string county;
  for (const std::string& one : scope) {
    if (one.size() < kCountyDigits) return "";
    const std::string own = one.substr(0, kCountyDigits);
    if (!county.empty() && county != own) return "";
    county = own;
  }
  return county;
}

std::string Within(const std::vector<std::string>& regions, const std::vector<recode::Move>& moves,
                   std::string_view column, std::string_view time, mysql::Params* params) {
  // Nearly all regions have borne their code for all times: one condition, without a time.
  std::vector<std::string> always;
  std::vector<recode::FormerPath> limited;
  for (recode::FormerPath& borne : recode::BornePaths(moves, regions)) {
    if (borne.written_since == absl::InfinitePast() &&
        borne.written_until == absl::InfiniteFuture()) {
      always.push_back(std::move(borne.path));
    } else {
      limited.push_back(std::move(borne));
    }
  }
  std::string out = mysql::RegionClause(always, column, params);
  for (const recode::FormerPath& borne : limited) {
    out += Cat(" OR ", WithinBorne(borne, column, time, params));
  }
  return Cat("(", out, ")");
}

std::string WithinBorne(const recode::FormerPath& borne, std::string_view column,
                        std::string_view time, mysql::Params* params) {
  std::string out = mysql::RegionClause({borne.path}, column, params);
  const auto limit = [&](std::string_view how, absl::Time at) {
    if (at == absl::InfinitePast() || at == absl::InfiniteFuture()) return;
    out += Cat(" AND (", time, how, ") IS NOT FALSE");
    params->emplace_back(at);
  };
  limit(" > ?", borne.written_since);
  limit(" <= ?", borne.written_until);
  return Cat("(", out, ")");
}

std::string WithinChain(const std::vector<std::string>& regions,
                        const std::vector<recode::Move>& moves, mysql::Params* params) {
  std::vector<std::string> shared;  // codes that others bear or have borne
  for (const recode::FormerPath& borne : recode::BornePaths(moves, regions)) {
    if (borne.written_since != absl::InfinitePast() ||
        borne.written_until != absl::InfiniteFuture()) {
      shared.push_back(borne.path);
    }
  }
  std::string out = Within(regions, moves, "h.region_path", kHeadTime, params);
  if (shared.empty()) return out;
  out += Cat(" AND NOT (", mysql::RegionClause(shared, "l.region_path", params));
  out += Cat(" AND NOT ", Within(regions, moves, "l.region_path", "l.occurred_at", params), ")");
  out += Cat(" OR l.region_path = h.region_path AND ",
             Within(regions, moves, "l.region_path", "l.occurred_at", params));
  return Cat("(", out, ")");
}

std::vector<std::string> FormerCounties(const std::vector<std::string>& scope,
                                        const std::optional<std::string>& region,
                                        const std::vector<recode::Move>& moves) {
  std::set<std::string> counties;
  const std::vector<std::string> regions = region ? std::vector<std::string>{*region} : scope;
  for (const recode::FormerPath& former : recode::BornePaths(moves, regions)) {
    counties.insert(RegionAncestor(former.path, RegionLevel::kCounty));
  }
  counties.erase(OneCounty(scope, region));
  return {counties.begin(), counties.end()};
}

std::string CandidateSql(const Search& search, mysql::Params* params,
                         const std::vector<std::string>& former_counties) {
  constexpr char kOrder[] =
      " ORDER BY occurred_at DESC, aggregate_type DESC, aggregate_id DESC, chain_no DESC LIMIT ?";
  const auto among = [&](std::string_view index, std::string_view condition,
                         const mysql::Params& values) {
    std::string where(condition);
    params->insert(params->end(), values.begin(), values.end());
    if (search.from) {
      where += " AND occurred_at >= ?";
      params->emplace_back(*search.from);
    }
    if (search.to) {
      where += " AND occurred_at < ?";
      params->emplace_back(*search.to);
    }
    if (search.after) {
      const Place& p = *search.after;
      where +=
          " AND occurred_at <= ? AND (occurred_at < ? OR aggregate_type < ? OR (aggregate_type = ? "
          "AND (aggregate_id < ? OR (aggregate_id = ? AND chain_no < ?))))";
      const mysql::Params place = {p.occurred_at,    p.occurred_at,  p.aggregate_type,
                                   p.aggregate_type, p.aggregate_id, p.aggregate_id,
                                   p.chain_no};
      params->insert(params->end(), place.begin(), place.end());
    }
    params->emplace_back(search.candidates);
    return Cat(
        "SELECT aggregate_type, aggregate_id, chain_no, occurred_at FROM audit_log FORCE INDEX (",
        index, ") WHERE ", where, kOrder);
  };
  const std::string county = OneCounty(search.scope, search.region);
  if (search.aggregate_id) {
    // One chain: its entries are few.
    return among("PRIMARY", "aggregate_type = ? AND aggregate_id = ?",
                 {search.aggregate_type, *search.aggregate_id});
  }
  if (!search.subject.empty()) {
    return among("audit_log_by_actor", "actor_subject = ?", {search.subject});
  }
  if (county.empty()) return among("audit_log_by_time", "TRUE", {});
  std::string out = among("audit_log_by_county", "county = ?", {county});
  if (former_counties.empty()) return out;
  // The newest of each county, from its own index, and of those the newest.
  out = Cat("(", out, ")");
  for (const std::string& former : former_counties) {
    out += Cat(" UNION ALL (", among("audit_log_by_county", "county = ?", {former}), ")");
  }
  params->emplace_back(search.candidates);
  return Cat("SELECT * FROM (", out, ") u", kOrder);
}

namespace {

constexpr char kSamePlace[] =
    "l.aggregate_type = k.aggregate_type AND l.aggregate_id = k.aggregate_id AND l.chain_no = "
    "k.chain_no";
constexpr char kPlace[] = "l.region_path";
constexpr char kTime[] = "l.occurred_at";

absl::StatusOr<Found> SearchAmong(mysql::Executor& db, const Search& search,
                                  const std::vector<recode::Move>& moves) {
  Found found;
  mysql::Params params;
  const std::string candidates =
      CandidateSql(search, &params, FormerCounties(search.scope, search.region, moves));
  // How many there are, and the last of them: it tells where the next page goes on when few match.
  ASSIGN_OR_RETURN(mysql::Rows counted,
                   db.Query(Cat("SELECT COUNT(*) FROM (", candidates, ") k"), params));
  const int64_t count = counted[0].Int(0);
  if (count == 0) return found;
  ASSIGN_OR_RETURN(
      mysql::Rows last,
      db.Query(Cat("SELECT aggregate_type, aggregate_id, chain_no, occurred_at FROM (", candidates,
                   ") k ORDER BY occurred_at, aggregate_type, aggregate_id, chain_no LIMIT 1"),
               params));
  // Which of them match, by their keys alone; then those that are shown, in full.
  std::string keys = Cat("SELECT k.aggregate_type, k.aggregate_id, k.chain_no FROM (", candidates,
                         ") k JOIN audit_log l ON ", kSamePlace, " WHERE ",
                         Within(search.scope, moves, kPlace, kTime, &params));
  if (search.region) keys += Cat(" AND ", Within({*search.region}, moves, kPlace, kTime, &params));
  const std::pair<std::string_view, const std::string*> equal[] = {
      {"l.actor_subject", &search.subject},
      {"l.actor_delegated_by", &search.delegated_by},
      {"l.aggregate_type", &search.aggregate_type},
      {"l.action", &search.action}};
  for (const auto& [column, value] : equal) {
    if (value->empty()) continue;
    keys += Cat(" AND ", column, " = ?");
    params.emplace_back(*value);
  }
  keys +=
      " ORDER BY k.occurred_at DESC, k.aggregate_type DESC, k.aggregate_id DESC, k.chain_no DESC "
      "LIMIT ?";
  params.emplace_back(search.limit);
  ASSIGN_OR_RETURN(
      mysql::Rows rows,
      db.Query(
          Cat("SELECT ", kLogColumnsOfL, " FROM (", keys, ") k JOIN audit_log l ON ", kSamePlace,
              " ORDER BY l.occurred_at DESC, l.aggregate_type DESC, l.aggregate_id DESC, "
              "l.chain_no DESC"),
          params));
  for (const mysql::Row& row : rows) found.records.push_back(ReadRecord(row));
  if (rows.size() == static_cast<size_t>(search.limit)) {
    const Record& r = found.records.back();
    found.next =
        Place{r.entry.occurred_at, r.entry.aggregate_type, r.entry.aggregate_id, r.chain_no};
  } else if (count == search.candidates) {
    const mysql::Row& row = last[0];
    found.next = Place{row.Time(3), row.String(0), row.Id(1), row.Int(2)};
  }
  return found;
}

}  // namespace

absl::StatusOr<Found> SearchLog(mysql::Executor& db, const Search& search) {
  // Most pages are full of the first that come; only rare matches are looked for among many.
  ASSIGN_OR_RETURN(const std::vector<recode::Move> moves, recode::ListMoves(db));
  // A county whose code was another's before: its pages need not go through all that one did.
  Search own = search;
  absl::Time first = absl::InfiniteFuture();
  const std::vector<std::string> regions =
      search.region ? std::vector<std::string>{*search.region} : search.scope;
  for (const recode::FormerPath& borne : recode::BornePaths(moves, regions)) {
    first = std::min(first, borne.written_since);
  }
  if (first != absl::InfinitePast() && first != absl::InfiniteFuture()) {
    own.from = std::max(own.from.value_or(first), first);
  }
  Search few = own;
  few.candidates = std::min(search.candidates, 4 * search.limit);
  ASSIGN_OR_RETURN(Found found, SearchAmong(db, few, moves));
  const bool full = found.records.size() == static_cast<size_t>(search.limit);
  if (full || !found.next || few.candidates == search.candidates) return found;
  return SearchAmong(db, own, moves);
}

}  // namespace bangfu::audit

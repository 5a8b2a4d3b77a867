#include "services/registry/store/grant_store.h"

#include <algorithm>

#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace bangfu::registry {
namespace {

constexpr char kColumns[] =
    "g.id, g.version, g.region_path, g.subject, g.is_client, g.role, g.state, g.valid_from, "
    "g.valid_to, g.delegator, g.source_id, g.record";

mysql::Param EndOf(const Validity& validity) {
  return validity.to == absl::InfiniteFuture() ? mysql::Param(nullptr) : mysql::Param(validity.to);
}

GrantRow RowOf(const mysql::Row& r, size_t from = 0) {
  GrantRow row;
  row.facts.id = r.Id(from);
  row.version = r.Int(from + 1);
  row.region_path = r.String(from + 2);
  row.facts.person = r.String(from + 3);
  row.facts.is_client = r.Bool(from + 4);
  row.facts.role = static_cast<int>(r.Int(from + 5));
  row.facts.revoked = r.Int(from + 6) == static_cast<int>(GrantState::kRevoked);
  row.facts.validity.from = r.Time(from + 7);
  row.facts.validity.to = r.OptTime(from + 8).value_or(absl::InfiniteFuture());
  row.facts.delegator = r.String(from + 9);
  if (!r.IsNull(from + 10)) row.source = r.Id(from + 10);
  row.bytes = r.String(from + 11);
  return row;
}

// Fills the regions of the rows, in one query.
absl::StatusOr<std::vector<GrantRow>> WithRegions(mysql::Executor& db, std::vector<GrantRow> rows) {
  if (rows.empty()) return rows;
  mysql::Params params;
  for (const GrantRow& row : rows) params.emplace_back(row.facts.id);
  ASSIGN_OR_RETURN(
      const mysql::Rows regions,
      db.Query(Cat("SELECT grant_id, region_path FROM role_grant_region "
                   "WHERE grant_id IN (",
                   mysql::Placeholders(params.size()), ") ORDER BY grant_id, region_path"),
               params));
  for (const mysql::Row& region : regions) {
    for (GrantRow& row : rows) {
      if (row.facts.id == region.Id(0)) row.facts.regions.push_back(region.String(1));
    }
  }
  return rows;
}

absl::StatusOr<std::vector<GrantRow>> Select(mysql::Executor& db, std::string_view where,
                                             const mysql::Params& params) {
  ASSIGN_OR_RETURN(const mysql::Rows found,
                   db.Query(Cat("SELECT ", kColumns, " FROM role_grant g WHERE ", where), params));
  std::vector<GrantRow> rows;
  rows.reserve(found.size());
  for (const mysql::Row& row : found) rows.push_back(RowOf(row));
  return WithRegions(db, std::move(rows));
}

absl::StatusOr<std::vector<GrantRow>> NewestFirst(mysql::Executor& db, std::string where,
                                                  mysql::Params params,
                                                  const std::optional<Ulid>& before, int limit) {
  if (before) {
    where += " AND g.id < ?";
    params.emplace_back(*before);
  }
  params.emplace_back(limit);
  return Select(db, Cat(where, " ORDER BY g.id DESC LIMIT ?"), params);
}

std::string Visible(const GrantViewer& viewer, mysql::Params* params) {
  params->emplace_back(viewer.subject);
  params->emplace_back(viewer.subject);
  return Cat(
      "(g.subject = ? OR g.delegator = ? OR EXISTS (SELECT 1 FROM role_grant_region r "
      "WHERE r.grant_id = g.id AND ",
      mysql::RegionClause(viewer.scope, "r.region_path", params), "))");
}

}  // namespace

std::string CommonRegion(const std::vector<std::string>& paths) {
  if (paths.empty()) return "";
  std::string common = paths.front();
  for (const std::string& path : paths) {
    while (!common.empty() && !RegionContains(common, path)) common = RegionParent(common);
  }
  return common;
}

absl::Status InsertGrants(mysql::Tx& tx, const std::vector<GrantRow>& rows) {
  if (rows.empty()) return absl::OkStatus();
  std::vector<mysql::Params> grants, regions;
  for (const GrantRow& row : rows) {
    const GrantFacts& f = row.facts;
    const GrantState state = f.revoked ? GrantState::kRevoked : GrantState::kActive;
    grants.push_back({f.id, row.version, row.region_path, f.person, f.is_client, f.role,
                      static_cast<int>(state), f.validity.from, EndOf(f.validity), f.delegator,
                      row.source, 0, row.bytes});
    for (const std::string& region : f.regions) regions.push_back({f.id, region, f.person, f.role});
  }
  RETURN_IF_ERROR(mysql::BulkInsert(tx, "role_grant",
                                    "id, version, region_path, subject, is_client, role, state, "
                                    "valid_from, valid_to, delegator, source_id, guards, record",
                                    grants)
                      .status());
  return mysql::BulkInsert(tx, "role_grant_region", "grant_id, region_path, subject, role", regions)
      .status();
}

absl::Status UpdateGrant(mysql::Tx& tx, const GrantRow& row) {
  const GrantState state = row.facts.revoked ? GrantState::kRevoked : GrantState::kActive;
  ASSIGN_OR_RETURN(const int64_t written,
                   tx.Execute("UPDATE role_grant SET version = ?, state = ?, valid_to = ?, "
                              "record = ? WHERE id = ? AND version = ?",
                              {row.version, static_cast<int>(state), EndOf(row.facts.validity),
                               row.bytes, row.facts.id, row.version - 1}));
  return written == 1 ? absl::OkStatus() : EtagMismatch().Build();
}

absl::StatusOr<std::vector<GrantRow>> FindGrants(mysql::Executor& db, const std::vector<Ulid>& ids,
                                                 const GrantViewer& viewer) {
  if (ids.empty()) return std::vector<GrantRow>();
  mysql::Params params;
  for (const Ulid& id : ids) params.emplace_back(id);
  std::string where = Cat("g.id IN (", mysql::Placeholders(ids.size()), ") AND ");
  where += Visible(viewer, &params);
  return Select(db, where, params);
}

absl::StatusOr<std::optional<GrantRow>> LockGrant(mysql::Tx& tx, const Ulid& id,
                                                  const GrantViewer& viewer) {
  // The guard's counter is written first: whoever lends or takes back this grant waits here.
  RETURN_IF_ERROR(
      tx.Execute("UPDATE role_grant SET guards = guards + 1 WHERE id = ?", {id}).status());
  ASSIGN_OR_RETURN(std::vector<GrantRow> rows, FindGrants(tx, {id}, viewer));
  if (rows.empty()) return std::optional<GrantRow>();
  return std::optional<GrantRow>(std::move(rows.front()));
}

std::string ListGrantsSql(const GrantQuery& query, mysql::Params* params) {
  const char* index = !query.person.empty() ? "role_grant_region_by_subject"
                      : query.role != 0     ? "role_grant_region_by_role"
                                            : "role_grant_region_by_region";
  std::string sql =
      Cat("SELECT r.region_path, ", kColumns, " FROM role_grant_region r FORCE INDEX (", index,
          ") JOIN role_grant g ON g.id = r.grant_id WHERE ",
          mysql::RegionClause(query.scope, "r.region_path", params));
  if (!query.person.empty()) {
    sql += " AND r.subject = ?";
    params->emplace_back(query.person);
  }
  if (query.role != 0) {
    sql += " AND r.role = ?";
    params->emplace_back(query.role);
  }
  switch (query.state) {
    case GrantState::kUnspecified:
      break;
    case GrantState::kRevoked:
      sql += " AND g.state = 2";
      break;
    case GrantState::kActive:
      sql += " AND g.state = 1 AND g.valid_from <= ? AND (g.valid_to IS NULL OR g.valid_to > ?)";
      params->emplace_back(query.now);
      params->emplace_back(query.now);
      break;
    case GrantState::kPending:
      sql += " AND g.state = 1 AND g.valid_from > ?";
      params->emplace_back(query.now);
      break;
    case GrantState::kExpired:
      sql += " AND g.state = 1 AND g.valid_to <= ?";
      params->emplace_back(query.now);
      break;
  }
  if (query.after_id) {
    sql += " AND r.region_path >= ? AND (r.region_path > ? OR r.grant_id > ?)";
    params->emplace_back(query.after_path);
    params->emplace_back(query.after_path);
    params->emplace_back(*query.after_id);
  }
  sql +=
      Cat(" AND NOT EXISTS (SELECT 1 FROM role_grant_region e WHERE e.grant_id = r.grant_id "
          "AND e.region_path < r.region_path AND ",
          mysql::RegionClause(query.scope, "e.region_path", params),
          ") ORDER BY r.region_path, r.grant_id LIMIT ?");
  params->emplace_back(query.limit);
  return sql;
}

absl::StatusOr<std::vector<ListedGrant>> ListGrants(mysql::Executor& db, const GrantQuery& query) {
  mysql::Params params;
  const std::string sql = ListGrantsSql(query, &params);
  ASSIGN_OR_RETURN(const mysql::Rows found, db.Query(sql, params));
  std::vector<GrantRow> rows;
  for (const mysql::Row& row : found) rows.push_back(RowOf(row, 1));
  ASSIGN_OR_RETURN(rows, WithRegions(db, std::move(rows)));
  std::vector<ListedGrant> out;
  for (size_t i = 0; i < rows.size(); ++i) {
    out.push_back({found[i].String(0), std::move(rows[i])});
  }
  return out;
}

absl::StatusOr<std::vector<GrantRow>> GrantsOfPerson(mysql::Executor& db,
                                                     const std::string& subject, bool is_client,
                                                     const std::optional<Ulid>& before, int limit) {
  return NewestFirst(db, "g.subject = ? AND g.is_client = ?", {subject, is_client}, before, limit);
}

absl::StatusOr<std::vector<GrantRow>> GrantsDelegatedBy(mysql::Executor& db,
                                                        const std::string& subject,
                                                        const std::optional<Ulid>& before,
                                                        int limit) {
  return NewestFirst(db, "g.delegator = ?", {subject}, before, limit);
}

absl::StatusOr<std::vector<GrantRow>> StandingGrantsOf(mysql::Executor& db,
                                                       const std::vector<std::string>& subjects) {
  if (subjects.empty()) return std::vector<GrantRow>();
  mysql::Params params;
  for (const std::string& subject : subjects) params.emplace_back(subject);
  return Select(
      db, Cat("g.subject IN (", mysql::Placeholders(subjects.size()), ") AND g.state = 1"), params);
}

absl::StatusOr<std::vector<GrantRow>> LockDelegated(mysql::Tx& tx, const Ulid& source) {
  return Select(tx, "g.source_id = ? AND g.state = 1 ORDER BY g.id FOR UPDATE", {source});
}

absl::Status LockPersons(mysql::Tx& tx, std::vector<std::string> subjects) {
  std::sort(subjects.begin(), subjects.end());
  subjects.erase(std::unique(subjects.begin(), subjects.end()), subjects.end());
  std::vector<mysql::Params> rows;
  for (std::string& subject : subjects) rows.push_back({std::move(subject), 1});
  return mysql::BulkInsert(tx, "grant_person", "subject, version", rows,
                           "ON DUPLICATE KEY UPDATE version = version + 1")
      .status();
}

absl::StatusOr<bool> HoldGrant(mysql::Tx& tx, const Ulid& id, absl::Time now) {
  ASSIGN_OR_RETURN(
      const int64_t held,
      tx.Execute("UPDATE role_grant SET guards = guards + 1 WHERE id = ? AND "
                 "state = 1 AND valid_from <= ? AND (valid_to IS NULL OR valid_to > ?)",
                 {id, now, now}));
  return held == 1;
}

absl::StatusOr<bool> AnyGrant(mysql::Executor& db) {
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query("SELECT 1 FROM role_grant LIMIT 1"));
  return !rows.empty();
}

absl::StatusOr<std::vector<GrantRow>> ListGrantsById(mysql::Executor& db,
                                                     const std::optional<RegionScope>& scope,
                                                     const Ulid& after, int limit) {
  mysql::Params params = {after};
  std::string where = "g.id > ?";
  if (scope) where += Cat(" AND ", mysql::RegionClause(*scope, "g.region_path", &params));
  params.emplace_back(limit);
  return Select(db, Cat(where, " ORDER BY g.id LIMIT ?"), params);
}

absl::StatusOr<std::vector<GrantRow>> MoveGrants(mysql::Tx& tx, const std::string& from,
                                                 const std::string& to) {
  mysql::Params params;
  const std::string inside = mysql::RegionClause({from}, "region_path", &params);
  ASSIGN_OR_RETURN(
      const mysql::Rows found,
      tx.Query(Cat("SELECT DISTINCT grant_id FROM role_grant_region WHERE ", inside), params));
  if (found.empty()) return std::vector<GrantRow>();
  for (const char* table : {"IGNORE role_grant_region", "role_grant"}) {
    mysql::Params moved = {to, static_cast<int64_t>(from.size() + 1)};
    const std::string where = mysql::RegionClause({from}, "region_path", &moved);
    RETURN_IF_ERROR(
        tx.Execute(Cat("UPDATE ", table,
                       " SET region_path = CONCAT(?, SUBSTRING(region_path, ?)) WHERE ", where),
                   moved)
            .status());
  }
  // What is left would have become a region that its grant has already.
  RETURN_IF_ERROR(tx.Execute(Cat("DELETE FROM role_grant_region WHERE ", inside), params).status());
  std::vector<GrantRow> rows;
  constexpr size_t kAtOnce = 500;
  for (size_t begin = 0; begin < found.size(); begin += kAtOnce) {
    mysql::Params ids;
    for (size_t i = begin; i < std::min(found.size(), begin + kAtOnce); ++i) {
      ids.emplace_back(found[i].Id(0));
    }
    ASSIGN_OR_RETURN(
        std::vector<GrantRow> some,
        Select(tx, Cat("g.id IN (", mysql::Placeholders(ids.size()), ") ORDER BY g.id FOR UPDATE"),
               ids));
    for (GrantRow& row : some) rows.push_back(std::move(row));
  }
  return rows;
}

absl::Status RewriteGrant(mysql::Tx& tx, const GrantRow& row) {
  return tx
      .Execute("UPDATE role_grant SET version = ?, region_path = ?, record = ? WHERE id = ?",
               {row.version, row.region_path, row.bytes, row.facts.id})
      .status();
}

}  // namespace bangfu::registry

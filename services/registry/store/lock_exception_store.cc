#include "services/registry/store/lock_exception_store.h"

#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/status/macros.h"
#include "services/registry/store/statement.h"

namespace bangfu::registry {
namespace {

using mysql::Params;
using mysql::Placeholders;
using mysql::RegionClause;

}  // namespace

absl::Status InsertLockException(mysql::Tx& tx, const LockExceptionRow& row) {
  return tx
      .Execute(
          "INSERT INTO lock_exception (id, campaign_id, region_path, expires_at, record) VALUES "
          "(?, ?, ?, ?, "
          "?)",
          {row.id, row.campaign_id, row.region_path, row.expires_at, row.bytes})
      .status();
}

absl::StatusOr<bool> HasLockException(mysql::Executor& db, const Ulid& campaign_id,
                                      const std::string& village_path, absl::Time now) {
  const std::vector<std::string> around = AncestorsOf(village_path);
  Params params = {campaign_id};
  AddAll(around, &params);
  params.emplace_back(now);
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(Cat("SELECT 1 FROM lock_exception WHERE campaign_id = ? AND region_path IN (",
                   Placeholders(around.size()), ") AND expires_at > ? LIMIT 1"),
               params));
  return !rows.empty();
}

absl::StatusOr<std::set<std::string>> UnlockedVillages(mysql::Executor& db, const Ulid& campaign_id,
                                                       const std::vector<std::string>& villages,
                                                       absl::Time now) {
  std::set<std::string> around;
  for (const std::string& village : villages) {
    for (std::string& path : AncestorsOf(village)) around.insert(std::move(path));
  }
  Params params = {campaign_id};
  AddAll(around, &params);
  params.emplace_back(now);
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(Cat("SELECT DISTINCT region_path FROM lock_exception WHERE campaign_id = ? AND "
                   "region_path IN (",
                   Placeholders(around.size()), ") AND expires_at > ?"),
               params));
  std::set<std::string> out;
  for (const mysql::Row& row : rows) {
    for (const std::string& village : villages) {
      if (RegionContains(row.String(0), village)) out.insert(village);
    }
  }
  return out;
}

absl::StatusOr<std::vector<LockExceptionRow>> ListLockExceptions(mysql::Executor& db,
                                                                 const LockQuery& query) {
  Params params = {query.campaign_id};
  std::string sql =
      Cat("SELECT id, campaign_id, region_path, expires_at, record FROM lock_exception WHERE "
          "campaign_id = ? AND ",
          RegionClause(query.scope, "region_path", &params));
  if (query.active_at) {
    absl::StrAppend(&sql, " AND expires_at > ?");
    params.emplace_back(*query.active_at);
  }
  if (!query.after_path.empty()) {
    absl::StrAppend(&sql, " AND (region_path > ? OR (region_path = ? AND id > ?))");
    params.emplace_back(query.after_path);
    params.emplace_back(query.after_path);
    params.emplace_back(query.after_id);
  }
  absl::StrAppend(&sql, " ORDER BY region_path, id LIMIT ", query.limit);
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  std::vector<LockExceptionRow> out;
  for (const mysql::Row& r : rows)
    out.push_back({r.Id(0), r.Id(1), r.String(2), r.Time(3), r.String(4)});
  return out;
}

}  // namespace bangfu::registry

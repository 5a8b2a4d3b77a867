#include "services/registry/store/campaign_store.h"

#include <algorithm>

#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/registry/store/statement.h"

namespace bangfu::registry {
namespace {

using mysql::Params;
using mysql::Placeholders;
using mysql::RegionClause;

constexpr char kCampaignColumns[] =
    "c.id, c.region_path, c.state, c.village_deadline, c.township_deadline, c.county_deadline, "
    "c.unit_count, "
    "c.version, c.record";

CampaignRow CampaignFrom(const mysql::Row& r) {
  CampaignRow c;
  c.id = r.Id(0);
  c.region_path = r.String(1);
  c.state = static_cast<int>(r.Int(2));
  c.deadlines = {r.Day(3), r.Day(4), r.Day(5)};
  c.unit_count = r.Int(6);
  c.version = r.Int(7);
  c.bytes = r.String(8);
  return c;
}

// Campaigns of a region inside the scope, or around a region of it.
std::string CampaignClause(const RegionScope& scope, Params* params) {
  if (scope.empty()) return "FALSE";
  std::string sql = Cat("(", RegionClause(scope, "c.region_path", params));
  std::vector<std::string> around;
  for (const std::string& prefix : scope) {
    for (std::string& path : AncestorsOf(prefix)) around.push_back(std::move(path));
  }
  std::sort(around.begin(), around.end());
  around.erase(std::unique(around.begin(), around.end()), around.end());
  absl::StrAppend(&sql, " OR c.region_path IN (", Placeholders(around.size()), "))");
  AddAll(around, params);
  return sql;
}

}  // namespace

absl::StatusOr<CampaignRow> GetCampaign(mysql::Executor& db, const Ulid& id,
                                        const RegionScope& scope, bool for_update) {
  Params params = {id};
  std::string sql = Cat("SELECT ", kCampaignColumns, " FROM campaign c WHERE c.id = ? AND ",
                        CampaignClause(scope, &params));
  if (for_update) absl::StrAppend(&sql, " FOR UPDATE");
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  if (rows.empty()) return NotFound("campaign", id.ToString()).Build();
  return CampaignFrom(rows[0]);
}

absl::Status InsertCampaign(mysql::Tx& tx, const CampaignRow& row) {
  return tx
      .Execute(
          "INSERT INTO campaign (id, region_path, state, village_deadline, township_deadline, "
          "county_deadline, unit_count, version, record) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
          {row.id, row.region_path, row.state, row.deadlines.village, row.deadlines.township,
           row.deadlines.county, row.unit_count, row.version, row.bytes})
      .status();
}

absl::Status UpdateCampaign(mysql::Tx& tx, const CampaignRow& row) {
  ASSIGN_OR_RETURN(
      const int64_t matched,
      tx.Execute("UPDATE campaign SET state = ?, unit_count = ?, version = ?, record = ? WHERE "
                 "id = ? AND version = ?",
                 {row.state, row.unit_count, row.version, row.bytes, row.id, row.version - 1}));
  if (matched == 0) return EtagMismatch();
  return absl::OkStatus();
}

absl::StatusOr<std::vector<CampaignRow>> ListCampaigns(mysql::Executor& db,
                                                       const CampaignQuery& query) {
  Params params;
  std::string sql = Cat("SELECT ", kCampaignColumns, " FROM campaign c WHERE ",
                        CampaignClause(query.scope, &params));
  if (!query.includes_path.empty()) {
    const std::vector<std::string> around = AncestorsOf(query.includes_path);
    absl::StrAppend(&sql, " AND c.region_path IN (", Placeholders(around.size()), ")");
    AddAll(around, &params);
  }
  if (query.state != 0) {
    absl::StrAppend(&sql, " AND c.state = ?");
    params.emplace_back(query.state);
  }
  if (!query.after_path.empty()) {
    absl::StrAppend(&sql, " AND (c.region_path > ? OR (c.region_path = ? AND c.id > ?))");
    params.emplace_back(query.after_path);
    params.emplace_back(query.after_path);
    params.emplace_back(query.after_id);
  }
  absl::StrAppend(&sql, " ORDER BY c.region_path, c.id LIMIT ", query.limit);
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  std::vector<CampaignRow> out;
  for (const mysql::Row& row : rows) out.push_back(CampaignFrom(row));
  return out;
}

absl::StatusOr<bool> CountyHadCampaign(mysql::Executor& db, const std::string& region_path) {
  const std::vector<std::string> around = AncestorsOf(region_path.substr(0, 6));
  Params params;
  AddAll(around, &params);
  params.emplace_back(kCampaignClosed);
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(Cat("SELECT id FROM campaign WHERE region_path IN (", Placeholders(around.size()),
                   ") AND state = ? AND unit_count > 0 LIMIT 1"),
               params));
  return !rows.empty();
}

absl::StatusOr<std::vector<CampaignRow>> CampaignsById(mysql::Executor& db,
                                                       const std::set<Ulid>& ids) {
  std::vector<CampaignRow> out;
  if (ids.empty()) return out;
  Params params;
  for (const Ulid& id : ids) params.emplace_back(id);
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   db.Query(Cat("SELECT ", kCampaignColumns, " FROM campaign c WHERE c.id IN (",
                                Placeholders(ids.size()), ") ORDER BY c.id"),
                            params));
  for (const mysql::Row& row : rows) out.push_back(CampaignFrom(row));
  return out;
}

absl::StatusOr<std::vector<Ulid>> OpenCampaignsAfter(mysql::Executor& db, const Ulid& after,
                                                     int limit) {
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query("SELECT id FROM campaign WHERE id > ? AND state <> ? ORDER BY id LIMIT ?",
               {after, kCampaignClosed, limit}));
  std::vector<Ulid> out;
  for (const mysql::Row& row : rows) out.push_back(row.Id(0));
  return out;
}

absl::StatusOr<std::map<Ulid, CampaignRef>> FindCampaigns(mysql::Executor& db,
                                                          const std::set<Ulid>& ids) {
  std::map<Ulid, CampaignRef> out;
  if (ids.empty()) return out;
  Params params;
  for (const Ulid& id : ids) params.emplace_back(id);
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(Cat("SELECT id, region_path, state, village_deadline, township_deadline, "
                   "county_deadline FROM campaign WHERE id IN (",
                   Placeholders(ids.size()), ")"),
               params));
  for (const mysql::Row& row : rows) {
    out[row.Id(0)] = {row.Id(0),
                      row.String(1),
                      static_cast<int>(row.Int(2)),
                      {row.Day(3), row.Day(4), row.Day(5)}};
  }
  return out;
}

absl::StatusOr<std::vector<VillageRow>> VillagesAfter(mysql::Executor& db,
                                                      const std::string& region_path,
                                                      const std::string& after, int limit) {
  // The code of a region in use is its path.
  Params params;
  std::string sql =
      Cat("SELECT code, name, region_path FROM region FORCE INDEX (region_by_level) ",
          "WHERE level = 5 AND end_year = 0 AND ", RegionClause({region_path}, "code", &params),
          " AND code > ? ORDER BY code");
  params.emplace_back(after);
  absl::StrAppend(&sql, " LIMIT ", limit);
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  std::vector<VillageRow> out;
  out.reserve(rows.size());
  for (const mysql::Row& row : rows) out.push_back({row.String(0), row.String(1), row.String(2)});
  return out;
}

absl::StatusOr<int64_t> CountVillages(mysql::Executor& db, const std::string& region_path) {
  Params params;
  const std::string where = RegionClause({region_path}, "code", &params);
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(Cat("SELECT COUNT(*) FROM region WHERE level = 5 AND end_year = 0 AND ", where),
               params));
  return rows[0].Int(0);
}

absl::StatusOr<std::vector<std::string>> CountiesOfCampaign(mysql::Executor& db,
                                                            const Ulid& campaign_id,
                                                            const std::string& region_path) {
  Params params = {campaign_id};
  const std::string clause = RegionClause({region_path}, "region_path", &params);
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   db.Query(Cat("SELECT DISTINCT LEFT(region_path, 6) FROM unit_report WHERE "
                                "campaign_id = ? AND ",
                                clause, " ORDER BY 1"),
                            params));
  std::vector<std::string> out;
  for (const mysql::Row& row : rows) out.push_back(row.String(0));
  return out;
}

absl::StatusOr<std::vector<std::pair<Ulid, std::string>>> CountiesOfOpenCampaigns(
    mysql::Executor& db) {
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   db.Query("SELECT DISTINCT campaign_id, LEFT(region_path, 6) FROM open_unit "
                            "ORDER BY 1, 2"));
  std::vector<std::pair<Ulid, std::string>> out;
  for (const mysql::Row& row : rows) out.emplace_back(row.Id(0), row.String(1));
  return out;
}

}  // namespace bangfu::registry

#include "services/registry/store/claim_store.h"

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

absl::Status Overlap() {
  return FailedPrecondition("CAMPAIGN_OVERLAP", "部分村已在其他进行中的摸排批次");
}

}  // namespace

absl::StatusOr<int64_t> ClaimCounties(mysql::Tx& tx, const Ulid& campaign_id,
                                      const std::string& region_path) {
  Params params;
  const std::string where = RegionClause({region_path}, "code", &params);
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      tx.Query(Cat("SELECT DISTINCT LEFT(region_path, 6) AS county FROM region WHERE level = 5 AND "
                   "end_year = 0 AND ",
                   where, " ORDER BY county"),
               params));
  std::vector<Params> claims;
  claims.reserve(rows.size());
  for (const mysql::Row& row : rows) claims.push_back({row.String(0), campaign_id});
  if (claims.empty()) return 0;
  const absl::Status claimed =
      mysql::BulkInsert(tx, "open_county", "(region_path, campaign_id)", claims).status();
  if (mysql::IsDuplicateKey(claimed)) return Overlap();
  RETURN_IF_ERROR(claimed);
  return static_cast<int64_t>(claims.size());
}

absl::StatusOr<bool> TouchOpenCounties(mysql::Tx& tx, const Ulid& campaign_id,
                                       const std::string& region_path) {
  Params params = {campaign_id};
  const std::string where = RegionClause({region_path.substr(0, 6)}, "region_path", &params);
  ASSIGN_OR_RETURN(
      const int64_t matched,
      tx.Execute(
          Cat("UPDATE open_county SET touched = touched + 1 WHERE campaign_id = ? AND ", where),
          params));
  return matched > 0;
}

absl::Status OpenUnits(mysql::Tx& tx, const std::vector<UnitReportRow>& units) {
  std::vector<Params> claims;
  claims.reserve(units.size());
  for (const UnitReportRow& unit : units)
    claims.push_back({unit.region_path, unit.campaign_id, unit.id});
  const absl::Status claimed =
      mysql::BulkInsert(tx, "open_unit", "(region_path, campaign_id, unit_report_id)", claims)
          .status();
  if (mysql::IsDuplicateKey(claimed)) return Overlap();
  RETURN_IF_ERROR(claimed);
  return InsertUnitReports(tx, units);
}

absl::StatusOr<bool> TouchOpenUnits(mysql::Tx& tx, const std::vector<std::string>& village_paths) {
  if (village_paths.empty()) return false;
  std::vector<std::string> sorted = village_paths;
  std::sort(sorted.begin(), sorted.end());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  Params params;
  AddAll(sorted, &params);
  ASSIGN_OR_RETURN(
      const int64_t matched,
      tx.Execute(Cat("UPDATE open_unit SET touched = touched + 1 WHERE region_path IN (",
                     Placeholders(sorted.size()), ")"),
                 params));
  return matched > 0;
}

absl::Status ReleaseClaims(mysql::Tx& tx, const Ulid& campaign_id) {
  RETURN_IF_ERROR(
      tx.Execute("DELETE FROM open_unit WHERE campaign_id = ?", {campaign_id}).status());
  return tx.Execute("DELETE FROM open_county WHERE campaign_id = ?", {campaign_id}).status();
}

}  // namespace bangfu::registry

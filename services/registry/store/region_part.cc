#include "services/registry/store/region_part.h"

#include "common/base/strings.h"
#include "common/status/macros.h"

namespace bangfu::registry {
namespace {

constexpr size_t kCountyDigits = 6;

// The claims of campaigns: a county's goes over to the new one unless that has its own, and where
// villages came from elsewhere their campaign stands too. By the units, which have moved by now or
// have not.
absl::Status MoveClaims(mysql::Tx& tx, const recode::Move& move) {
  if (move.from.size() == kCountyDigits) {
    RETURN_IF_ERROR(
        tx.Execute("INSERT IGNORE INTO open_county (region_path, campaign_id) SELECT ?, "
                   "campaign_id FROM open_county WHERE region_path = ?",
                   {move.to, move.from})
            .status());
    RETURN_IF_ERROR(
        tx.Execute("DELETE FROM open_county WHERE region_path = ?", {move.from}).status());
  }
  mysql::Params params = {move.to.substr(0, kCountyDigits)};
  const std::string there = mysql::RegionClause({move.from, move.to}, "region_path", &params);
  return tx
      .Execute(Cat("INSERT IGNORE INTO open_county (region_path, campaign_id) SELECT DISTINCT ?, "
                   "campaign_id FROM open_unit WHERE ",
                   there),
               params)
      .status();
}

absl::StatusOr<int64_t> Rekey(mysql::Tx& tx, const recode::Move& move) {
  RETURN_IF_ERROR(MoveClaims(tx, move));
  // A township that went to another county takes its projects' county along.
  mysql::Params params = {move.to.substr(0, kCountyDigits)};
  const std::string there = mysql::RegionClause({move.from}, "region_path", &params);
  RETURN_IF_ERROR(
      tx.Execute(Cat("UPDATE project SET county_path = ? WHERE ", there), params).status());
  return 0;
}

}  // namespace

recode::Part RegionPart() {
  recode::Part part;
  for (const char* table : {"project",
                            "project_funding",
                            "project_region",
                            "content_item",
                            "project_gram",
                            "project_name",
                            "operator",
                            "helper_organisation",
                            "industry",
                            "short_board",
                            "leading_industry",
                            "leading_industry_place",
                            "brand_certification",
                            "tech_pairing",
                            "training_record",
                            "operation_report",
                            "campaign",
                            "unit_report",
                            "open_unit",
                            "unit_report_step",
                            "verification_signature",
                            "verification_finding",
                            "sample",
                            "sample_unit",
                            "lock_exception",
                            "organisation"}) {
    part.moving.push_back({table});
  }
  part.rekey = Rekey;
  part.rekeyed = {{"open_county"}, {"project", "county_path"}};
  part.staying = {
      {"region", "region_path", "today's path of a code, kept when regions are imported"},
      {"organisation", "region_code", "as filed"},
      {"unit_report", "region_code", "as filed"},
      {"project_sequence", "county_code", "numbers of codes that were given out"},
      {"role_grant", "region_path", "RecodeGrants, with the grant's record and its event"},
      {"role_grant_region", "region_path", "RecodeGrants, with the grant's record and its event"}};
  return part;
}

}  // namespace bangfu::registry

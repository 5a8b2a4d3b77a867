// Every query behind a read of this service is served by an index; of a list, by one with the
// region.
#include "common/testing/list_queries.h"

#include <gtest/gtest.h>

#include "services/registry/app.h"

namespace bangfu::registry {
namespace {

TEST(ListQueries, AreServedByAnIndexWithTheRegion) {
  testing::ListQueryOptions options;
  // A campaign has the reports of a province, a sample may have drawn them all.
  options.values = {{"*.campaign_id", testing::InventedId()},
                    {"sample_unit.sample_id", testing::InventedId()},
                    {"import_row.import_id", testing::InventedId()}};
  options.samples = {{"list", "FUND_SOURCE"}, {"plan_period", "2026-2030"}};
  options.requests = {
      {"ProjectService.ListProjects", {"region_code: '360733' include_covering: true"}},
      {"OperatorService.ListOperators", {"external_system: 'market' external_id: '7'"}},
      {"OperatorService.ListHelperOrganisations", {"external_system: 'market' external_id: '7'"}}};
  options.setup = [](testing::TestDatabase& database) {
    database.Run(
        "INSERT INTO region (id, code, end_year, start_year, name, short_name, name_key, "
        "short_key, level, parent_code, region_path, is_extension, flags, successors, version) "
        "VALUES (UNHEX(MD5('36')), '36', 0, 0, '江西省', '江西', '江西省', '江西', 1, '', '36', 0, "
        "'', '', 1), (UNHEX(MD5('360733')), '360733', 0, 0, '会昌县', '会昌', '会昌县', '会昌', 3, "
        "'3607', '360733', 0, '', '', 1);\n");
  };
  options.small = {{"code_list", "as many as the policy has vocabularies"},
                   {"code", "some hundred in all"},
                   {"parameter", "as many as the policy has figures"},
                   {"fund_source_department", "funding sources and their departments"},
                   {"taxonomy", "versions of the taxonomy"},
                   {"industry_category", "134 of the published taxonomy"},
                   {"work_day", "days of some years"}};
  options.accepted = {
      {"RegionService.ListRegions region", "a region's code is its place, and its parent's"},
      {"IndustryService.ListLeadingIndustryGaps region", "a region's code is its place"},
      {"RegionService.ResolveRegion region", "names are matched in memory, read when they change"}};
  testing::ExpectListsServedByIndexes(Definition(), options);
}

}  // namespace
}  // namespace bangfu::registry

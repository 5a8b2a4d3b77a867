// Every query behind a read of this service is served by an index; of a list, by one with the
// region.
#include "common/testing/list_queries.h"

#include <gtest/gtest.h>

#include "common/testing/clock.h"
#include "common/testing/status_matchers.h"
#include "services/evaluation/app.h"
#include "services/evaluation/jobs/bootstrap.h"

namespace bangfu::evaluation {
namespace {

TEST(ListQueries, AreServedByAnIndexWithTheRegion) {
  testing::ListQueryOptions options;
  options.values = {{"unit_report_copy.campaign_id", testing::InventedId()},
                    {"subject.subject_type", 1}};
  options.setup = [](testing::TestDatabase& database) {
    database.Run(
        "INSERT INTO region_copy (code, name, level, parent_code, region_path) VALUES "
        "('36', '江西省', 1, '', '36'), ('3607', '赣州市', 2, '36', '3607'), "
        "('360733', '会昌县', 3, '3607', '360733');\n");
    testing::FakeClock clock;
    UlidGenerator ids(clock);
    EXPECT_OK(SeedBaseline(database.db(), ids, absl::FromUnixSeconds(0)));
  };
  options.small = {{"criteria_set", "versions of the province's criteria and of some counties'"},
                   {"criteria_scope", "a row for each region that has criteria"}};
  options.requests = {
      {"LedgerService.ListChainTrend", {"region_code: \"360733\"", "region_code: \"360733\" months: 3"}},
      {"LedgerService.ListIncomeSeries", {"region_code: \"360733\" months: 3"}}};
  options.unset = {{"LedgerService.ListChainTrend.industry_id",
                    "the invented subjects are projects; of an industry the rows are read by key"}};
  options.accepted = {{"LedgerService.ListMeasures", "the seed's measures, in the program"}};
  testing::ExpectListsServedByIndexes(Definition(), options);
}

}  // namespace
}  // namespace bangfu::evaluation

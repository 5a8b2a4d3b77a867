// Every query behind a read of this service is served by an index; of a list, by one with the
// region.
#include "common/testing/list_queries.h"

#include <gtest/gtest.h>

#include "bangfu/period/v1/period.pb.h"
#include "common/base/digest.h"
#include "common/base/strings.h"
#include "common/testing/clock.h"
#include "common/testing/status_matchers.h"
#include "services/evaluation/app.h"
#include "services/evaluation/jobs/bootstrap.h"

namespace bangfu::evaluation {
namespace {

// Makes an invented period a frozen T2, without rows.
void PutFrozen(testing::TestDatabase& database, int i, int revision) {
  const Ulid id = testing::InventedId(i);
  period::v1::Period period;
  period.set_table_no("T2");
  period.set_region_code("360733");
  period.set_period("2026-10");
  period.set_revision(revision);
  period.mutable_frozen_at()->set_seconds(1793000000);
  period.set_rows_sha256(Sha256Hex(""));
  EXPECT_OK(database.db().Execute(
      "UPDATE report_period SET table_no = ?, region_path = ?, period = ?, revision = ?, "
      "newest = ?, state = ?, details = ? WHERE id = ?",
      {"T2", "360733", "2026-10", revision, i == 1 ? mysql::Param(nullptr) : mysql::Param(1),
       static_cast<int64_t>(period::v1::PERIOD_STATE_FROZEN), period.SerializeAsString(), id}));
  EXPECT_OK(database.db().Execute("DELETE FROM period_rows WHERE period_id = ?", {id}));
  EXPECT_OK(database.db().Execute(
      "UPDATE period_unit SET row_count = 0, rows_sha256 = ?, signed_by = '' WHERE period_id = ?",
      {Sha256Hex(""), id}));
}

TEST(ListQueries, AreServedByAnIndexWithTheRegion) {
  testing::ListQueryOptions options;
  options.values = {{"unit_report_copy.campaign_id", testing::InventedId()},
                    {"subject.subject_type", 1}};
  options.samples = {{"period", "2026-10"}};
  options.setup = [](testing::TestDatabase& database) {
    PutFrozen(database, 0, 2);
    PutFrozen(database, 1, 1);
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
      {"LedgerService.ListChainTrend",
       {"region_code: \"360733\"", "region_code: \"360733\" months: 3"}},
      {"LedgerService.ListIncomeSeries", {"region_code: \"360733\" months: 3"}},
      {"PeriodService.DiffPeriod", {Cat("other_id: '", testing::InventedId(1).ToString(), "'")}}};
  options.unset = {{"LedgerService.ListChainTrend.industry_id",
                    "the invented subjects are projects; of an industry the rows are read by key"},
                   {"LedgerService.ExportT14.period",
                    "a frozen T14 has rows; they are read as ExportT2 reads its own"}};
  options.accepted = {{"LedgerService.ListMeasures", "the seed's measures, in the program"}};
  testing::ExpectListsServedByIndexes(Definition(), options);
}

}  // namespace
}  // namespace bangfu::evaluation

#include "common/period/service_for_test.h"

namespace bangfu::period {
namespace {

using absl::StatusCode;
using ::bangfu::testing::HasViolation;
using ::bangfu::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ManyPeriods : public PeriodServiceTest {
 protected:
  // A county's table of a month, submitted.
  v1::Period Submitted(const std::string& period) {
    auto opened = Open(kCounty, operator_, period);
    EXPECT_OK(opened);
    if (!opened.ok()) return {};
    EXPECT_OK(Freeze(opened->id(), operator_));
    RunOperations();
    SignAll(opened->id());
    EXPECT_OK(Step<v1::SubmitPeriodRequest>("SubmitPeriod", opened->id(), operator_));
    return Get(opened->id());
  }
  template <typename Request>
  static void Add(const v1::Period& period, Request* request) {
    type::v1::BulkItem& item = *request->add_items();
    item.set_id(period.id());
    item.set_etag(period.etag());
  }
  int64_t Count(const std::string& table) {
    return server_.database().Int("SELECT COUNT(*) FROM " + table);
  }
};

TEST_F(ManyPeriods, R019_AreAcceptedWithAResultEach) {
  const v1::Period january = Submitted("2026-01");
  const v1::Period february = Submitted("2026-02");
  ASSERT_OK_AND_ASSIGN(const v1::Period open, Open(kCounty, operator_, "2025-12"));
  v1::BatchAcceptPeriodsRequest request;
  request.set_request_id("accept-many");
  Add(january, &request);
  Add(february, &request);
  request.mutable_items(1)->set_etag("99");
  Add(open, &request);
  request.add_items()->set_id(server_.ids().Next().ToString());
  EXPECT_THAT(Call<v1::BatchAcceptPeriodsResponse>("BatchAcceptPeriods", request, approver_),
              StatusIs(StatusCode::kPermissionDenied));

  // Looked at first: what would become of each, and nothing is stored.
  const int64_t told = Count("feed_outbox");
  request.set_validate_only(true);
  ASSERT_OK_AND_ASSIGN(const auto looked,
                       Call<v1::BatchAcceptPeriodsResponse>("BatchAcceptPeriods", request, city_));
  EXPECT_TRUE(looked.results(0).done());
  EXPECT_EQ(looked.results(2).refusal().reason(), "STATE_NOT_ALLOWED");
  EXPECT_EQ(Get(january.id()).SerializeAsString(), january.SerializeAsString());
  EXPECT_EQ(Count("feed_outbox"), told);
  EXPECT_THAT(Work(city_), ElementsAre("PERIOD_ACCEPT", "PERIOD_ACCEPT"));

  request.set_validate_only(false);
  ASSERT_OK_AND_ASSIGN(const auto first,
                       Call<v1::BatchAcceptPeriodsResponse>("BatchAcceptPeriods", request, city_));
  ASSERT_EQ(first.results_size(), 4);
  EXPECT_TRUE(first.results(0).done());
  EXPECT_EQ(first.results(0).id(), january.id());
  EXPECT_EQ(first.results(0).state(), "PERIOD_STATE_ACCEPTED");
  EXPECT_EQ(first.results(0).etag(), Get(january.id()).etag());
  EXPECT_EQ(first.results(1).refusal().reason(), "ETAG_MISMATCH");
  EXPECT_EQ(first.results(2).refusal().reason(), "STATE_NOT_ALLOWED");
  EXPECT_EQ(first.results(3).refusal().code(), static_cast<int>(StatusCode::kNotFound));
  EXPECT_EQ(Get(january.id()).decided_by().subject(), "city");
  EXPECT_EQ(Get(february.id()).state(), v1::PERIOD_STATE_SUBMITTED);
  EXPECT_THAT(Work(city_), ElementsAre("PERIOD_ACCEPT"));
  EXPECT_EQ(Count("audit_log WHERE action LIKE '%AcceptPeriod'"), 1);

  // Again, with the etag put right: what was done stays, what was refused is tried again.
  request.mutable_items(1)->set_etag(february.etag());
  ASSERT_OK_AND_ASSIGN(const auto second,
                       Call<v1::BatchAcceptPeriodsResponse>("BatchAcceptPeriods", request, city_));
  EXPECT_EQ(second.results(0).SerializeAsString(), first.results(0).SerializeAsString());
  EXPECT_TRUE(second.results(1).done());
  EXPECT_EQ(Count("audit_log WHERE action LIKE '%AcceptPeriod'"), 2);
  EXPECT_THAT(Work(city_), IsEmpty());
}

TEST_F(ManyPeriods, R019_AreReturnedForTheSameReasons) {
  const v1::Period january = Submitted("2026-01");
  const v1::Period february = Submitted("2026-02");
  v1::BatchReturnPeriodsRequest request;
  Add(january, &request);
  Add(february, &request);
  EXPECT_THAT(Call<v1::BatchReturnPeriodsResponse>("BatchReturnPeriods", request, city_),
              HasViolation("reasons"));
  request.add_reasons()->set_text("投入额与决算不符");
  // The county has submitted it: what stands above returns it now.
  ASSERT_OK_AND_ASSIGN(const auto below, Call<v1::BatchReturnPeriodsResponse>("BatchReturnPeriods",
                                                                              request, approver_));
  EXPECT_FALSE(below.results(0).done());
  ASSERT_OK_AND_ASSIGN(const auto returned,
                       Call<v1::BatchReturnPeriodsResponse>("BatchReturnPeriods", request, city_));
  ASSERT_EQ(returned.results_size(), 2);
  for (const auto& result : returned.results()) {
    EXPECT_TRUE(result.done());
    EXPECT_EQ(result.state(), "PERIOD_STATE_RETURNED");
    EXPECT_EQ(result.state_zh(), "已退回");
    const v1::Period period = Get(result.id());
    ASSERT_EQ(period.return_reasons_size(), 1);
    EXPECT_EQ(period.return_reasons(0).text(), "投入额与决算不符");
  }
  EXPECT_THAT(Work(operator_), ElementsAre("PERIOD_REISSUE", "PERIOD_REISSUE"));
}

}  // namespace
}  // namespace bangfu::period

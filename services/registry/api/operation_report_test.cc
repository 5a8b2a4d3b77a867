// Monthly reports of projects that run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "bangfu/dictionary/v1/dictionary_service.pb.h"
#include "google/protobuf/util/json_util.h"
#include "services/registry/api/registry_for_test.h"

namespace bangfu::registry {
namespace {

TEST_F(RegistryTest, MonthlyReportsAreOnePerProjectAndMonth) {
  const auto project = Register(SomeProject(), county_);
  ASSERT_THAT(project, IsOk());
  v1::SubmitOperationReportRequest submit;
  v1::OperationReport& r = *submit.mutable_report();
  r.set_project_id(project->id());
  r.set_period("2026-02");
  r.set_revenue_fen(1'000'000);
  r.set_cost_fen(900'000);
  r.set_workers(5);
  r.set_poor_workers(6);
  EXPECT_THAT(Call<v1::OperationReport>(kR, "SubmitOperationReport", submit, village_),
              HasViolation("report.poor_workers"));
  r.set_poor_workers(3);
  const auto made = Call<v1::OperationReport>(kR, "SubmitOperationReport", submit, village_);
  ASSERT_THAT(made, IsOk());
  EXPECT_FALSE(made->late());
  EXPECT_FALSE(made->has_sales_fen());  // not given is not zero
  submit.set_request_id("");
  r.set_revenue_fen(1'100'000);
  EXPECT_THAT(Call<v1::OperationReport>(kR, "SubmitOperationReport", submit, village_),
              StatusIs(Code::kAborted, "ETAG_MISMATCH"));
  submit.set_etag(made->etag());
  EXPECT_THAT(Call<v1::OperationReport>(kR, "SubmitOperationReport", submit, village_), IsOk());
  submit.set_request_id("");
  submit.set_etag("");
  r.set_period("2026-04");
  EXPECT_THAT(Call<v1::OperationReport>(kR, "SubmitOperationReport", submit, village_),
              StatusIs(Code::kFailedPrecondition, "PERIOD_IN_FUTURE"));
  r.set_period("2025-12");
  const auto late = Call<v1::OperationReport>(kR, "SubmitOperationReport", submit, village_);
  ASSERT_THAT(late, IsOk());
  EXPECT_TRUE(late->late());

  dictionary::v1::PrefillFormRequest prefill;
  prefill.set_form(absl::StrCat(kR, "SubmitOperationReport"));
  prefill.set_subject_id(project->id());
  prefill.set_period("2026-03");
  const auto filled = Call<dictionary::v1::Prefill>(kDictionary, "PrefillForm", prefill, village_);
  ASSERT_THAT(filled, IsOk());
  v1::SubmitOperationReportRequest next;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(filled->request_json(), &next).ok());
  EXPECT_EQ(next.report().workers(), 5);
  EXPECT_FALSE(next.report().has_revenue_fen());
  ASSERT_GT(filled->fields_size(), 0);
  EXPECT_EQ(filled->fields(0).path(), "report.workers");
  EXPECT_EQ(filled->fields(0).held_by(), "registry.v1.OperationReport.workers");

  v1::ListMissingReportsRequest missing;
  missing.set_period("2026-01");
  const auto gaps =
      Call<v1::ListMissingReportsResponse>(kR, "ListMissingReports", missing, county_);
  ASSERT_THAT(gaps, IsOk());
  ASSERT_EQ(gaps->missing_size(), 1);
  EXPECT_EQ(gaps->missing(0).last_period(), "2025-12");
  missing.set_period("2026-02");
  EXPECT_EQ(Call<v1::ListMissingReportsResponse>(kR, "ListMissingReports", missing, county_)
                ->missing_size(),
            0);

  v1::Project works = SomeProject("在建项目");
  works.set_state(v1::PROJECT_STATE_UNDER_CONSTRUCTION);
  const auto building = Register(works, county_);
  ASSERT_THAT(building, IsOk());
  v1::BatchSubmitOperationReportsRequest batch;
  v1::OperationReport& one = *batch.add_reports();
  one.set_project_id(project->id());
  one.set_period("2026-01");
  v1::OperationReport& two = *batch.add_reports();
  two.set_project_id(building->id());
  two.set_period("2026-01");
  v1::OperationReport& three = *batch.add_reports();
  three.set_project_id(project->id());
  three.set_period("2026-02");
  v1::OperationReport& four = *batch.add_reports();
  four.set_project_id(project->id());
  four.set_period("2025-11");
  four.set_workers(2);
  four.set_poor_workers(3);
  // Only looked at: what would become of each, and nothing is stored.
  batch.set_validate_only(true);
  const int64_t stored = Int("SELECT COUNT(*) FROM operation_report");
  auto lines = Call<v1::BatchSubmitOperationReportsResponse>(kR, "BatchSubmitOperationReports",
                                                             batch, county_);
  ASSERT_THAT(lines, IsOk());
  EXPECT_EQ(lines->created(), 1);
  EXPECT_EQ(lines->refused(), 3);
  const std::string looked_at = lines->SerializeAsString();
  EXPECT_EQ(Int("SELECT COUNT(*) FROM operation_report"), stored);
  batch.set_validate_only(false);
  lines = Call<v1::BatchSubmitOperationReportsResponse>(kR, "BatchSubmitOperationReports", batch,
                                                        county_);
  ASSERT_THAT(lines, IsOk());
  EXPECT_EQ(lines->SerializeAsString(), looked_at);
  EXPECT_EQ(Int("SELECT COUNT(*) FROM operation_report"), stored + 1);
  EXPECT_EQ(lines->results(0).outcome(), "CREATED");
  EXPECT_EQ(lines->results(1).reason(), "NOT_PRODUCING");
  EXPECT_EQ(lines->results(2).reason(), "REPORT_DIFFERS");
  EXPECT_EQ(lines->results(2).refusal().code(), static_cast<int>(Code::kAlreadyExists));
  EXPECT_EQ(lines->results(2).refusal().reason(), "REPORT_DIFFERS");
  EXPECT_EQ(lines->results(2).refusal().fields_size(), 0);
  EXPECT_FALSE(lines->results(0).has_refusal());
  // What a form marks, as the single rpc's error names it.
  const auto& refusal = lines->results(3).refusal();
  EXPECT_EQ(refusal.reason(), lines->results(3).reason());
  EXPECT_EQ(refusal.message_zh(), lines->results(3).message_zh());
  ASSERT_EQ(refusal.fields_size(), 1);
  EXPECT_EQ(refusal.fields(0).field(), "report.poor_workers");
  EXPECT_FALSE(refusal.fields(0).message_zh().empty());
  lines = Call<v1::BatchSubmitOperationReportsResponse>(kR, "BatchSubmitOperationReports", batch,
                                                        county_);
  EXPECT_EQ(lines->unchanged(), 1);  // the same file again changes nothing
  lines = Call<v1::BatchSubmitOperationReportsResponse>(kR, "BatchSubmitOperationReports", batch,
                                                        other_county_);
  EXPECT_EQ(lines->refused(), 4);
  v1::ListOperationReportsRequest list;
  list.set_region_code("360733");
  list.set_page_size(2);
  auto page = Call<v1::ListOperationReportsResponse>(kR, "ListOperationReports", list, county_);
  ASSERT_THAT(page, IsOk());
  EXPECT_EQ(page->reports_size(), 2);
  list.set_page_token(page->next_page_token());
  page = Call<v1::ListOperationReportsResponse>(kR, "ListOperationReports", list, county_);
  EXPECT_EQ(page->reports_size(), 1);
}

}  // namespace
}  // namespace bangfu::registry

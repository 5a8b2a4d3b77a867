// Joint verification of many villages in one call: each report is judged by itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "bangfu/registry/v1/inventory_service.pb.h"
#include "common/base/strings.h"
#include "common/testing/at_once.h"
#include "services/registry/api/inventory_for_test.h"

namespace bangfu::registry {
namespace {

using absl::StatusCode;
using type::v1::BulkResult;
using Signed = v1::BatchSignVerificationsResponse;
using Completed = v1::BatchCompleteVerificationsResponse;

class BulkVerificationTest : public InventoryTest {
 protected:
  // A village's report with the township's consent, of a project of agriculture's money.
  v1::InventoryUnitReport Passed(const std::string& campaign, const std::string& village) {
    EXPECT_OK(Register(NewProject(Cat("油茶", village), village)));
    auto unit = Submit(Unit(campaign, village), false);
    EXPECT_OK(unit);
    if (unit.ok()) {
      unit = Pass(*unit, Township(village.substr(0, 9)));
      EXPECT_OK(unit);
    }
    return unit.ok() ? *unit : v1::InventoryUnitReport();
  }
  static void Add(const v1::InventoryUnitReport& unit,
                  google::protobuf::RepeatedPtrField<type::v1::BulkItem>* items) {
    type::v1::BulkItem& item = *items->Add();
    item.set_id(unit.id());
    item.set_etag(unit.etag());
  }
  static v1::BatchSignVerificationsRequest SignOf(
      const std::vector<v1::InventoryUnitReport>& units) {
    v1::BatchSignVerificationsRequest request;
    request.set_request_id("bulk-sign-1");
    request.set_department_code("AGRICULTURE");
    request.set_opinion("属实");
    for (const v1::InventoryUnitReport& unit : units) Add(unit, request.mutable_items());
    return request;
  }
  absl::StatusOr<Signed> BatchSign(const v1::BatchSignVerificationsRequest& request,
                                   const std::string& token) {
    return Verification<Signed>("BatchSignVerifications", request, token);
  }
  absl::StatusOr<Completed> BatchComplete(const v1::BatchCompleteVerificationsRequest& request,
                                          const std::string& token) {
    return Verification<Completed>("BatchCompleteVerifications", request, token);
  }
  int64_t Audited(const std::string& step) {
    return server_.database().Int(
        Cat("SELECT COUNT(*) FROM audit_log WHERE action = 'VerificationService.", step, "'"));
  }
};

TEST_F(BulkVerificationTest, R017_ABulkSignatureJudgesEachReportAlone) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  const v1::InventoryUnitReport first = Passed(campaign.id(), kVillage);
  v1::InventoryUnitReport stale = Passed(campaign.id(), kVillage2);
  stale.set_etag(Unit(campaign.id(), kVillage3).etag());
  const v1::InventoryUnitReport open = Unit(campaign.id(), kVillage3);
  const v1::InventoryUnitReport taken = Passed(campaign.id(), kVillage4);
  ASSERT_OK(Sign(taken.id(), taken.etag(), "AGRICULTURE", County("lead")));
  auto request = SignOf({first, stale, open, taken});
  request.mutable_items(3)->clear_etag();  // whatever stands
  request.add_items()->set_id(server_.ids().Next().ToString());

  // Only looked at: what would become of each report, under the same request id too.
  request.set_validate_only(true);
  ASSERT_OK_AND_ASSIGN(const Signed looked_at, BatchSign(request, County()));
  EXPECT_EQ(Audited("SignVerification"), 1);
  request.set_validate_only(false);
  ASSERT_OK_AND_ASSIGN(const Signed answer, BatchSign(request, County()));
  EXPECT_EQ(answer.SerializeAsString(), looked_at.SerializeAsString());
  ASSERT_EQ(answer.results_size(), 5);
  const BulkResult& done = answer.results(0);
  EXPECT_TRUE(done.done()) << done.refusal().message_zh();
  EXPECT_EQ(done.id(), first.id());
  EXPECT_EQ(done.state(), "UNIT_REPORT_STATE_TOWNSHIP_PASSED");
  EXPECT_EQ(done.state_zh(), "乡镇已审");
  EXPECT_EQ(done.etag(), Unit(campaign.id(), kVillage).etag());
  EXPECT_EQ(answer.results(1).refusal().reason(), "ETAG_MISMATCH");
  EXPECT_EQ(answer.results(2).refusal().reason(), "STATE_NOT_ALLOWED");
  EXPECT_FALSE(answer.results(2).refusal().message_zh().empty());
  EXPECT_EQ(answer.results(3).refusal().reason(), "ALREADY_SIGNED");
  EXPECT_EQ(answer.results(4).refusal().code(), static_cast<int>(StatusCode::kNotFound));
  const v1::VerificationTask task = Task(first.id());
  EXPECT_TRUE(task.departments(0).signed_());
  EXPECT_EQ(task.departments(0).signed_by().subject(), "operator");
  EXPECT_EQ(task.departments(0).opinion(), "属实");
  EXPECT_EQ(task.report_state(), v1::UNIT_REPORT_STATE_TOWNSHIP_PASSED);
  // Audited as the step itself, once.
  EXPECT_EQ(Audited("SignVerification"), 2);

  // The same call again: the same answers, and nothing twice.
  ASSERT_OK_AND_ASSIGN(const Signed again, BatchSign(request, County()));
  EXPECT_EQ(again.SerializeAsString(), answer.SerializeAsString());
  EXPECT_EQ(Audited("SignVerification"), 2);
}

TEST_F(BulkVerificationTest, R017_ABulkSignatureAsksForTheRoleAndTheMoneyOfTheStep) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  const v1::InventoryUnitReport plain = Passed(campaign.id(), kVillage);
  ASSERT_OK(Register(NewProject("整合资金大棚", kVillage2, "INTEGRATED_AGRI")));
  ASSERT_OK_AND_ASSIGN(auto mixed, Submit(Unit(campaign.id(), kVillage2), false));
  ASSERT_OK_AND_ASSIGN(mixed, Pass(mixed));
  const auto request = SignOf({plain, mixed});
  // Agriculture's signature is the county's own.
  ASSERT_OK_AND_ASSIGN(Signed answer, BatchSign(request, Sector()));
  for (const BulkResult& result : answer.results()) {
    EXPECT_EQ(result.refusal().reason(), "ROLE_NOT_ALLOWED");
  }
  // Who submitted one of them signs for the other alone.
  ASSERT_OK_AND_ASSIGN(answer, BatchSign(request, County(Cat("reporter-", kVillage))));
  EXPECT_EQ(answer.results(0).refusal().reason(), "SELF_APPROVAL");
  EXPECT_TRUE(answer.results(1).done());
  // Finance signs where its money is, and nowhere else.
  v1::BatchSignVerificationsRequest finance = SignOf({plain, mixed});
  finance.set_request_id("bulk-sign-finance");
  finance.set_department_code("FINANCE");
  for (auto& item : *finance.mutable_items()) item.clear_etag();
  ASSERT_OK_AND_ASSIGN(answer, BatchSign(finance, Sector()));
  EXPECT_EQ(answer.results(0).refusal().reason(), "DEPARTMENT_NOT_REQUIRED");
  EXPECT_TRUE(answer.results(1).done());
  // A village signs for nobody, and a bulk call is bounded.
  EXPECT_THAT(BatchSign(request, Village()), StatusIs(StatusCode::kPermissionDenied));
  v1::BatchSignVerificationsRequest many = SignOf({});
  for (int i = 0; i < 501; ++i) Add(plain, many.mutable_items());
  EXPECT_THAT(BatchSign(many, County()), HasViolation("items"));
  many.clear_items();
  EXPECT_THAT(BatchSign(many, County()), HasViolation("items"));
}

TEST_F(BulkVerificationTest, R017_ABulkCompletionVerifiesWhatEveryDepartmentHasSigned) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  const v1::InventoryUnitReport ready = Passed(campaign.id(), kVillage);
  const v1::InventoryUnitReport unsigned_yet = Passed(campaign.id(), kVillage2);
  const v1::InventoryUnitReport open = Unit(campaign.id(), kVillage3);
  ASSERT_OK_AND_ASSIGN(const v1::VerificationTask task,
                       Sign(ready.id(), ready.etag(), "AGRICULTURE", County("lead")));
  v1::BatchCompleteVerificationsRequest request;
  request.set_request_id("bulk-complete-1");
  for (const auto& unit : {ready, unsigned_yet, open}) Add(unit, request.mutable_items());
  request.mutable_items(0)->set_etag(task.etag());
  request.set_validate_only(true);
  ASSERT_OK_AND_ASSIGN(const Completed looked_at, BatchComplete(request, County()));
  EXPECT_EQ(Unit(campaign.id(), kVillage).state(), v1::UNIT_REPORT_STATE_TOWNSHIP_PASSED);
  request.set_validate_only(false);
  ASSERT_OK_AND_ASSIGN(const Completed answer, BatchComplete(request, County()));
  EXPECT_EQ(answer.SerializeAsString(), looked_at.SerializeAsString());
  ASSERT_EQ(answer.results_size(), 3);
  EXPECT_TRUE(answer.results(0).done()) << answer.results(0).refusal().message_zh();
  EXPECT_EQ(answer.results(0).state(), "UNIT_REPORT_STATE_COUNTY_VERIFIED");
  EXPECT_EQ(answer.results(0).etag(), Unit(campaign.id(), kVillage).etag());
  EXPECT_EQ(answer.results(1).refusal().reason(), "SIGNATURES_MISSING");
  EXPECT_EQ(answer.results(2).refusal().reason(), "STATE_NOT_ALLOWED");
  const v1::VerificationTask after = Task(ready.id());
  EXPECT_TRUE(after.complete());
  EXPECT_EQ(after.report_state(), v1::UNIT_REPORT_STATE_COUNTY_VERIFIED);
  ASSERT_EQ(after.project_ids_size(), 1);
  EXPECT_EQ(GetProject(after.project_ids(0)).verification_state(),
            v1::VERIFICATION_STATE_COUNTY_VERIFIED);
  EXPECT_EQ(Unit(campaign.id(), kVillage2).state(), v1::UNIT_REPORT_STATE_TOWNSHIP_PASSED);

  // What was refused is tried again: signed meanwhile, it is verified by the same call.
  ASSERT_OK_AND_ASSIGN(const v1::VerificationTask late,
                       Sign(unsigned_yet.id(), unsigned_yet.etag(), "AGRICULTURE", County("lead")));
  request.mutable_items(1)->set_etag(late.etag());
  ASSERT_OK_AND_ASSIGN(const Completed again, BatchComplete(request, County()));
  EXPECT_EQ(again.results(0).SerializeAsString(), answer.results(0).SerializeAsString());
  EXPECT_TRUE(again.results(1).done());
  EXPECT_EQ(Audited("CompleteVerification"), 4);  // two reports and their projects
  EXPECT_THAT(BatchComplete(request, Sector()), StatusIs(StatusCode::kPermissionDenied));
}

TEST_F(BulkVerificationTest, TwoBulkCallsAtOnceVerifyEachReportOnce) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  v1::BatchCompleteVerificationsRequest request;
  for (const char* village : {kVillage, kVillage2, kVillage3}) {
    const v1::InventoryUnitReport unit = Passed(campaign.id(), village);
    ASSERT_OK_AND_ASSIGN(const v1::VerificationTask task,
                         Sign(unit.id(), unit.etag(), "AGRICULTURE", County("lead")));
    Add(unit, request.mutable_items());
    request.mutable_items()->rbegin()->set_etag(task.etag());
  }
  std::vector<v1::BatchCompleteVerificationsRequest> requests(2, request);
  std::vector<std::string> tokens;
  for (int i = 0; i < 2; ++i) {
    requests[i].set_request_id(Cat("bulk-complete-", i));
    tokens.push_back(County(Cat("operator-", i)));
  }
  const auto answers =
      ::bangfu::testing::AtOnce(2, [&](int i) { return BatchComplete(requests[i], tokens[i]); });
  ASSERT_OK(answers[0]);
  ASSERT_OK(answers[1]);
  for (int i = 0; i < 3; ++i) {
    EXPECT_NE(answers[0]->results(i).done(), answers[1]->results(i).done());
    const BulkResult& lost =
        answers[0]->results(i).done() ? answers[1]->results(i) : answers[0]->results(i);
    EXPECT_EQ(lost.refusal().reason(), "ETAG_MISMATCH");
  }
}

}  // namespace
}  // namespace bangfu::registry

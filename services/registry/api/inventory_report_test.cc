// Village reports on their way up: nil returns, submitting, passing, returns, and the deadline.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "bangfu/registry/v1/inventory_service.pb.h"
#include "common/base/strings.h"
#include "common/testing/at_once.h"
#include "services/registry/api/inventory_for_test.h"

namespace bangfu::registry {
namespace {

using absl::StatusCode;

class InventoryReportTest : public InventoryTest {};

TEST_F(InventoryReportTest, R009_ANilReturnNeedsAVillageWithoutProjects) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  EXPECT_THAT(Submit(Unit(campaign.id(), kVillage), false),
              StatusIs(StatusCode::kFailedPrecondition, "NO_SUBJECTS"));
  ASSERT_OK(Register(NewProject("油茶基地")));
  EXPECT_THAT(Submit(Unit(campaign.id(), kVillage), true),
              StatusIs(StatusCode::kFailedPrecondition, "NIL_WITH_SUBJECTS"));
  ASSERT_OK_AND_ASSIGN(const auto submitted, Submit(Unit(campaign.id(), kVillage), false));
  EXPECT_EQ(submitted.state(), v1::UNIT_REPORT_STATE_SUBMITTED);
  EXPECT_EQ(submitted.project_count(), 1);
  EXPECT_FALSE(submitted.late());
  // Nil in the next village: the flag stays visible through the states.
  ASSERT_OK_AND_ASSIGN(auto nil, Submit(Unit(campaign.id(), kVillage2), true));
  EXPECT_TRUE(nil.is_nil());
  ASSERT_OK_AND_ASSIGN(nil, Pass(nil));
  EXPECT_TRUE(nil.is_nil());
  EXPECT_EQ(Total(campaign.id()).nil(), 1);
  // Who signs for the village has to be named.
  v1::SubmitUnitReportRequest request;
  request.set_request_id(RequestId());
  request.set_id(Unit(campaign.id(), kVillage3).id());
  request.set_etag(Unit(campaign.id(), kVillage3).etag());
  request.set_is_nil(true);
  EXPECT_THAT(Inventory<v1::InventoryUnitReport>("SubmitUnitReport", request, Village(kVillage3)),
              StatusIs(StatusCode::kFailedPrecondition, "SIGNATORY_REQUIRED"));
}

TEST_F(InventoryReportTest, R009_AProjectThatComesLaterOpensANilReturnAgain) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  ASSERT_OK_AND_ASSIGN(auto unit, Submit(Unit(campaign.id(), kVillage), true));
  ASSERT_OK(Pass(unit));
  ASSERT_OK(Register(NewProject("补登项目")));
  unit = Unit(campaign.id(), kVillage);
  EXPECT_EQ(unit.state(), v1::UNIT_REPORT_STATE_DRAFT);
  EXPECT_FALSE(unit.is_nil());
  EXPECT_EQ(unit.reopened(), 1);
  EXPECT_EQ(unit.project_count(), 1);
}

TEST_F(InventoryReportTest, R009_ANilReturnAndANewProjectAtTheSameMomentNeverStandTogether) {
  for (int round = 0; round < 6; ++round) {
    const v1::InventoryCampaign campaign = OpenCampaign();
    const v1::InventoryUnitReport unit = Unit(campaign.id(), kVillage4);
    const std::string village = Village(kVillage4), county = County();
    const v1::Project project = NewProject(Cat("竞争", round), kVillage4);
    v1::RegisterProjectRequest request;
    request.set_request_id(Cat("race-project-", round));
    *request.mutable_project() = project;
    ::bangfu::testing::AtOnce(2, [&](int i) {
      if (i == 0) return Submit(unit, true, village).status();
      return Call<v1::Project>("ProjectService", "RegisterProject", request, county).status();
    });
    const v1::InventoryUnitReport after = Unit(campaign.id(), kVillage4);
    EXPECT_FALSE(after.is_nil() && after.project_count() > 0) << round;
    server_.database().Run(
        "DELETE FROM open_unit;\nDELETE FROM open_county;\nDELETE FROM project_region;\nDELETE "
        "FROM project;\n");
  }
}

TEST_F(InventoryReportTest, R015_TheVillageReportsTheTownshipPassesInThisOrder) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  ASSERT_OK(Register(NewProject("油茶")));
  v1::InventoryUnitReport unit = Unit(campaign.id(), kVillage);
  EXPECT_THAT(Pass(unit), StatusIs(StatusCode::kFailedPrecondition, "STATE_NOT_ALLOWED"));
  v1::SaveUnitReportDraftRequest draft;
  draft.set_request_id(RequestId());
  draft.set_id(unit.id());
  draft.set_etag(unit.etag());
  draft.set_signatory("张三");
  draft.set_note("已逐项核对");
  ASSERT_OK_AND_ASSIGN(unit,
                       Inventory<v1::InventoryUnitReport>("SaveUnitReportDraft", draft, Village()));
  EXPECT_EQ(unit.state(), v1::UNIT_REPORT_STATE_DRAFT);
  const v1::InventoryUnitReport stale = unit;
  ASSERT_OK_AND_ASSIGN(unit, Submit(unit, false));
  EXPECT_EQ(unit.submitted_by().subject(), Cat("reporter-", kVillage));
  EXPECT_THAT(Submit(stale, false), StatusIs(StatusCode::kAborted, "ETAG_MISMATCH"));
  EXPECT_THAT(Pass(stale), StatusIs(StatusCode::kAborted, "ETAG_MISMATCH"));
  // Another township does not see it; the same person does not pass what he submitted.
  EXPECT_THAT(Pass(unit, Township(kOtherTownship)), StatusIs(StatusCode::kNotFound));
  EXPECT_THAT(
      Pass(unit, Token(options::v1::ROLE_TOWNSHIP_REVIEWER, kTownship, Cat("reporter-", kVillage))),
      StatusIs(StatusCode::kFailedPrecondition, "SELF_APPROVAL"));
  ASSERT_OK_AND_ASSIGN(unit, Pass(unit));
  EXPECT_EQ(unit.state(), v1::UNIT_REPORT_STATE_TOWNSHIP_PASSED);
  EXPECT_EQ(unit.note(), "已逐项核对");
  // Every step is in the audit trail and in the feed.
  EXPECT_EQ(server_.database().Int(
                "SELECT COUNT(*) FROM audit_log WHERE aggregate_type = 'unit_report' AND action "
                "LIKE 'InventoryService.%'"),
            3);
}

TEST_F(InventoryReportTest, R015_TwoReviewersAtOncePassOnce) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  ASSERT_OK_AND_ASSIGN(const auto unit, Submit(Unit(campaign.id(), kVillage), true));
  std::vector<v1::PassUnitReportRequest> requests(4);
  std::vector<std::string> tokens;
  for (int i = 0; i < 4; ++i) {
    tokens.push_back(Token(options::v1::ROLE_TOWNSHIP_REVIEWER, kTownship, Cat("reviewer-", i)));
    requests[i].set_request_id(Cat("pass-request-", i));
    requests[i].set_id(unit.id());
    requests[i].set_etag(unit.etag());
  }
  const auto results = ::bangfu::testing::AtOnce(4, [&](int i) {
    return Inventory<v1::InventoryUnitReport>("PassUnitReport", requests[i], tokens[i]).status();
  });
  int passed = 0;
  for (const absl::Status& status : results) {
    if (status.ok()) {
      ++passed;
    } else {
      EXPECT_THAT(status, StatusIs(StatusCode::kAborted, "ETAG_MISMATCH"));
    }
  }
  EXPECT_EQ(passed, 1);
}

TEST_F(InventoryReportTest, R016_ReturnsWithReasonsByFieldAndADayToActBy) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  ASSERT_OK(Register(NewProject("油茶")));
  ASSERT_OK_AND_ASSIGN(auto unit, Submit(Unit(campaign.id(), kVillage), false));
  v1::ReturnUnitReportRequest empty;
  empty.set_request_id(RequestId());
  empty.set_id(unit.id());
  empty.set_etag(unit.etag());
  EXPECT_THAT(Inventory<v1::InventoryUnitReport>("ReturnUnitReport", empty, Township()),
              StatusIs(StatusCode::kInvalidArgument));
  On(2026, 3, 6);  // a Friday: five working days end on the next Friday
  ASSERT_OK_AND_ASSIGN(unit, Return(unit, Township()));
  EXPECT_EQ(unit.state(), v1::UNIT_REPORT_STATE_RETURNED);
  EXPECT_EQ(unit.current_return().to_level(), v1::REGION_LEVEL_VILLAGE);
  EXPECT_EQ(unit.current_return().from_level(), v1::REGION_LEVEL_TOWNSHIP);
  EXPECT_EQ(unit.current_return().reasons(0).field(), "planned_total");
  EXPECT_EQ(unit.current_return().reasons(0).field_label_zh(), "计划总投资");
  EXPECT_EQ(unit.current_return().due_on().day(), 13);
  // No calendar was imported for the year.
  EXPECT_TRUE(unit.current_return().due_provisional());
  // The return gives time of its own beyond the village's deadline.
  On(2026, 3, 12);
  EXPECT_TRUE(Allowed(unit.id(), "submit", Village()).allowed);
  ASSERT_OK_AND_ASSIGN(unit, Submit(unit, false));
  EXPECT_TRUE(unit.late());
  EXPECT_FALSE(unit.has_current_return());
  // Passed: the township does not take it back, the county returns it to the township.
  ASSERT_OK_AND_ASSIGN(unit, Pass(unit));
  EXPECT_THAT(Return(unit, Township()),
              StatusIs(StatusCode::kFailedPrecondition, "APPROVED_ABOVE"));
  ASSERT_OK_AND_ASSIGN(unit, Return(unit, County()));
  EXPECT_EQ(unit.current_return().to_level(), v1::REGION_LEVEL_TOWNSHIP);
  EXPECT_THAT(Submit(unit, false), StatusIs(StatusCode::kFailedPrecondition, "STATE_NOT_ALLOWED"));
  ASSERT_OK_AND_ASSIGN(unit, Pass(unit));
  EXPECT_EQ(unit.state(), v1::UNIT_REPORT_STATE_TOWNSHIP_PASSED);
}

TEST_F(InventoryReportTest, R016_AReasonTellsTheNameOfItsFieldAndAnUnknownOneIsRefused) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  ASSERT_OK_AND_ASSIGN(const v1::Project project, Register(NewProject("油茶")));
  ASSERT_OK_AND_ASSIGN(const auto unit, Submit(Unit(campaign.id(), kVillage), false));
  v1::ReturnUnitReportRequest request;
  request.set_request_id(RequestId());
  request.set_id(unit.id());
  request.set_etag(unit.etag());
  const auto because = [&](const std::string& subject, const std::string& field) {
    auto* reason = request.add_reasons();
    reason->set_subject_id(subject);
    reason->set_field(field);
    reason->set_text("与资金文件不符");
  };
  const auto returned = [&] {
    return Inventory<v1::InventoryUnitReport>("ReturnUnitReport", request, Township());
  };
  because("", "signatory");
  because(project.id(), "declared_fundings[0].amount");
  const auto refused = returned();
  EXPECT_THAT(refused, HasViolation("reasons[1].field"));
  const ErrorDetail detail = GetErrorDetail(refused.status());
  ASSERT_FALSE(detail.violations.empty());
  EXPECT_THAT(detail.violations[0].description,
              ::testing::AllOf(::testing::HasSubstr("“declared_fundings[0].amount”"),
                               ::testing::HasSubstr("（declared_funding.amount）")));
  // A field of the report is none of a project.
  request.clear_reasons();
  because(project.id(), "signatory");
  EXPECT_THAT(returned(), HasViolation("reasons[0].field"));
  request.clear_reasons();
  because("", "signatory");
  because(project.id(), "declared_funding[0].amount");
  because("", "implementing_org");
  because("", "");
  request.mutable_reasons(3)->set_field_label_zh("这是客户端写的");
  ASSERT_OK_AND_ASSIGN(const auto after, returned());
  std::vector<std::string> labels;
  for (const auto& reason : after.current_return().reasons()) {
    labels.push_back(reason.field_label_zh());
  }
  EXPECT_THAT(labels, ::testing::ElementsAre("签字人", "资金构成 / 金额", "实施单位", ""));
}

TEST_F(InventoryReportTest, R016_AfterTheDeadlineOnlyALockExceptionOpensTheReport) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  On(2026, 3, 11);
  const v1::InventoryUnitReport unit = Unit(campaign.id(), kVillage);
  EXPECT_THAT(Submit(unit, true), StatusIs(StatusCode::kFailedPrecondition, "REPORT_LOCKED"));
  v1::GrantLockExceptionRequest grant;
  grant.set_request_id(RequestId());
  grant.set_campaign_id(campaign.id());
  grant.set_region_code(kTownship);
  grant.set_reason("汛情");
  const auto until = [&](absl::Duration from_now) {
    grant.set_request_id(RequestId());
    grant.mutable_expires_at()->set_seconds(absl::ToUnixSeconds(server_.clock().Now() + from_now));
  };
  until(absl::Hours(24 * 31));
  EXPECT_THAT(Inventory<v1::LockException>("GrantLockException", grant, Approver()),
              HasViolation("expires_at"));
  until(-absl::Hours(1));
  EXPECT_THAT(Inventory<v1::LockException>("GrantLockException", grant, Approver()),
              HasViolation("expires_at"));
  until(absl::Hours(48));
  EXPECT_THAT(Inventory<v1::LockException>("GrantLockException", grant, Village()),
              StatusIs(StatusCode::kPermissionDenied));
  EXPECT_THAT(Inventory<v1::LockException>("GrantLockException", grant, Approver(kOtherCounty)),
              StatusIs(StatusCode::kNotFound));
  grant.set_validate_only(true);
  ASSERT_OK(Inventory<v1::LockException>("GrantLockException", grant, Office()));
  grant.set_validate_only(false);
  ASSERT_OK(Inventory<v1::LockException>("GrantLockException", grant, Approver()));
  // Elsewhere it stays locked; here it is open until the hour, and late.
  EXPECT_THAT(Submit(Unit(campaign.id(), kVillage4), true),
              StatusIs(StatusCode::kFailedPrecondition, "REPORT_LOCKED"));
  ASSERT_OK_AND_ASSIGN(const auto submitted, Submit(unit, true));
  EXPECT_TRUE(submitted.late());
  v1::ListLockExceptionsRequest list;
  list.set_campaign_id(campaign.id());
  list.set_active_only(true);
  ASSERT_OK_AND_ASSIGN(
      auto locks, Inventory<v1::ListLockExceptionsResponse>("ListLockExceptions", list, County()));
  EXPECT_EQ(locks.lock_exceptions_size(), 1);
  server_.clock().Advance(absl::Hours(49));
  EXPECT_THAT(Submit(Unit(campaign.id(), kVillage2), true),
              StatusIs(StatusCode::kFailedPrecondition, "REPORT_LOCKED"));
  ASSERT_OK_AND_ASSIGN(
      locks, Inventory<v1::ListLockExceptionsResponse>("ListLockExceptions", list, County()));
  EXPECT_EQ(locks.lock_exceptions_size(), 0);
}

TEST_F(InventoryReportTest, R118_EveryLevelDoesItsOwnAndNoOther) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  ASSERT_OK(Register(NewProject("油茶")));
  const v1::InventoryUnitReport unit = Unit(campaign.id(), kVillage);
  for (const std::string& token : {Township(), County(), City(), Province()}) {
    EXPECT_THAT(Submit(unit, false, token), StatusIs(StatusCode::kPermissionDenied));
  }
  ASSERT_OK_AND_ASSIGN(const auto submitted, Submit(unit, false));
  for (const std::string& token : {Village(), County(), City(), Province()}) {
    EXPECT_THAT(Pass(submitted, token), StatusIs(StatusCode::kPermissionDenied));
  }
  ASSERT_OK_AND_ASSIGN(const auto passed, Pass(submitted));
  for (const std::string& token : {Village(), Township(), City(), Province()}) {
    EXPECT_THAT(Sign(passed.id(), passed.etag(), "AGRICULTURE", token),
                StatusIs(StatusCode::kPermissionDenied));
  }
  EXPECT_THAT(Sign(passed.id(), passed.etag(), "AGRICULTURE", County("x", kOtherCounty)),
              StatusIs(StatusCode::kNotFound));
  EXPECT_FALSE(
      Inventory<v1::InventoryUnitReport>("GetUnitReport", v1::GetUnitReportRequest(), "").ok());
}

TEST_F(InventoryReportTest, R015_ACountyOf170VillagesIsQuick) {
  for (int i = 0; i < 166; ++i)
    AddRegion(absl::StrCat(kOtherTownship, 300 + i), absl::StrCat("第", i, "村"));
  StoreRegions();
  const absl::Time begin = absl::Now();
  const v1::InventoryCampaign campaign = OpenCampaign();
  std::vector<v1::InventoryUnitReport> units = Units(campaign.id());
  ASSERT_EQ(units.size(), 170U);
  const std::string county = County();
  for (v1::InventoryUnitReport& unit : units) {
    ASSERT_OK_AND_ASSIGN(unit, Submit(unit, true));
    ASSERT_OK_AND_ASSIGN(unit, Pass(unit));
    ASSERT_OK_AND_ASSIGN(const auto task, Sign(unit.id(), unit.etag(), "AGRICULTURE", county));
    ASSERT_OK(Complete(unit.id(), task.etag(), county));
  }
  EXPECT_EQ(Total(campaign.id()).verified_bp(), 10000);
  const absl::Duration took = absl::Now() - begin;
  RecordProperty("milliseconds", static_cast<int>(absl::ToInt64Milliseconds(took)));
  EXPECT_LT(took, absl::Seconds(60)) << took;
}

}  // namespace
}  // namespace bangfu::registry

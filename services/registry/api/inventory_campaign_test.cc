// Campaigns: what they open and survey, who may end them, and how far they have come at any day.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "bangfu/registry/v1/inventory_service.pb.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"
#include "common/operation/operation.h"
#include "common/testing/at_once.h"
#include "services/registry/api/inventory_for_test.h"
#include "services/registry/jobs/campaign_opening.h"

namespace bangfu::registry {
namespace {

using absl::StatusCode;
using ::testing::ElementsAre;

class InventoryCampaignTest : public InventoryTest {};

TEST_F(InventoryCampaignTest, R009_OpeningMakesOneReportPerVillage) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  EXPECT_EQ(campaign.unit_count(), 4);
  EXPECT_EQ(campaign.state(), v1::CAMPAIGN_STATE_OPEN);
  std::vector<std::string> villages;
  for (const auto& unit : Units(campaign.id())) {
    villages.push_back(unit.region_path());
    EXPECT_EQ(unit.state(), v1::UNIT_REPORT_STATE_NOT_STARTED);
    EXPECT_FALSE(unit.region_name().empty());
  }
  EXPECT_THAT(villages, ElementsAre(kVillage, kVillage2, kVillage3, kVillage4));
  // A village sees its own report only.
  EXPECT_EQ(Units(campaign.id(), Village()).size(), 1U);
  // A village stands in one open campaign: another over the same county is refused, and nothing of
  // it stays.
  ASSERT_OK_AND_ASSIGN(const v1::InventoryCampaign second, CreateCampaign(kCounty));
  EXPECT_THAT(Open(second), StatusIs(StatusCode::kFailedPrecondition, "CAMPAIGN_OVERLAP"));
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM unit_report"), 4);
  // Each report has its event.
  EXPECT_EQ(server_.database().Int(
                "SELECT COUNT(*) FROM feed_outbox WHERE aggregate_type = 'unit_report'"),
            4);
}

TEST_F(InventoryCampaignTest, R009_OpeningGoesOnWhereItBrokeOff) {
  ASSERT_OK_AND_ASSIGN(const v1::InventoryCampaign created, CreateCampaign(kCounty));
  ASSERT_OK(Open(created));
  operation::OperationRunner runner(operation_clock_, {.holder = "breaks off"});
  int commits = 0;
  RegisterCampaignOpening(runner, operation_ids_, {.chunk = 1, .before_commit = [&](int64_t) {
                                                     return ++commits == 3
                                                                ? absl::UnavailableError("gone")
                                                                : absl::OkStatus();
                                                   }});
  ASSERT_THAT(runner.StepOnce(server_.database().db()), testing::IsOkAndHolds(true));
  const std::vector<v1::InventoryUnitReport> half = Units(created.id());
  ASSERT_EQ(half.size(), 2U);
  EXPECT_EQ(Campaign(created.id()).state(), v1::CAMPAIGN_STATE_OPENING);
  // No step before the last report is there.
  EXPECT_THAT(Submit(half[0], true), StatusIs(StatusCode::kFailedPrecondition));
  server_.clock().Advance(absl::Minutes(10));
  RunOperations();
  const v1::InventoryCampaign campaign = Campaign(created.id());
  EXPECT_EQ(campaign.state(), v1::CAMPAIGN_STATE_OPEN);
  EXPECT_EQ(campaign.unit_count(), 4);
  EXPECT_TRUE(campaign.has_opened_at());
  EXPECT_EQ(Units(created.id()).size(), 4U);
  EXPECT_EQ(server_.database().Int("SELECT COUNT(DISTINCT aggregate_id) FROM feed_outbox WHERE "
                                   "aggregate_type = 'unit_report'"),
            4);
  EXPECT_EQ(server_.database().Int(
                "SELECT COUNT(*) FROM feed_outbox WHERE aggregate_type = 'unit_report'"),
            4);
}

TEST_F(InventoryCampaignTest, R009_AnOpeningIsCancelledResumedAndClosedByForceOnly) {
  ASSERT_OK_AND_ASSIGN(const v1::InventoryCampaign created, CreateCampaign(kCounty));
  ASSERT_OK_AND_ASSIGN(const operation::v1::Operation opening, Open(created));
  ASSERT_OK_AND_ASSIGN(const Ulid id, Ulid::Parse(opening.id()));
  mysql::Session& db = server_.database().db();
  const absl::Time now = server_.clock().Now();
  ASSERT_OK(mysql::Transact(db, [&](mysql::Tx& tx) { return operation::Cancel(tx, id, now); }));
  RunOperations();
  EXPECT_EQ(Campaign(created.id()).state(), v1::CAMPAIGN_STATE_OPENING);
  ASSERT_OK(mysql::Transact(db, [&](mysql::Tx& tx) { return operation::Resume(tx, id, now); }));
  // Ended meanwhile: the work that is left finds it closed and makes nothing.
  v1::CloseCampaignRequest close;
  close.set_request_id(RequestId());
  close.set_id(created.id());
  close.set_etag(Campaign(created.id()).etag());
  EXPECT_THAT(Inventory<v1::InventoryCampaign>("CloseCampaign", close, Approver()),
              StatusIs(StatusCode::kFailedPrecondition, "CAMPAIGN_OPENING"));
  close.set_request_id(RequestId());
  close.set_force(true);
  close.set_reason("范围有误");
  ASSERT_OK(Inventory<v1::InventoryCampaign>("CloseCampaign", close, Approver()));
  RunOperations();
  EXPECT_EQ(Campaign(created.id()).state(), v1::CAMPAIGN_STATE_CLOSED);
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM unit_report"), 0);
  // Its counties are free again.
  EXPECT_EQ(OpenCampaign().unit_count(), 4);
}

TEST_F(InventoryCampaignTest, R009_OfTwoCampaignsOverOneCountyOpenedAtOnceOneOpens) {
  ASSERT_OK_AND_ASSIGN(const v1::InventoryCampaign county, CreateCampaign(kCounty));
  ASSERT_OK_AND_ASSIGN(const v1::InventoryCampaign province, CreateCampaign("36", Province()));
  const testing::Tally tally = testing::Outcomes(testing::AtOnce(
      2, [&](int i) { return i == 0 ? Open(county) : Open(province, Province()); }));
  EXPECT_EQ(tally, (testing::Tally{{"OK", 1}, {"FAILED_PRECONDITION/CAMPAIGN_OVERLAP", 1}}));
  RunOperations();
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM campaign WHERE state = 2"), 1);
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM unit_report"),
            server_.database().Int("SELECT SUM(unit_count) FROM campaign"));
  EXPECT_EQ(server_.database().Int("SELECT COUNT(DISTINCT campaign_id) FROM unit_report"), 1);
}

TEST_F(InventoryCampaignTest, R009_ACampaignIsOpenedOnce) {
  ASSERT_OK_AND_ASSIGN(const v1::InventoryCampaign created, CreateCampaign(kCounty));
  EXPECT_EQ(testing::Outcomes(testing::AtOnce(2, [&](int) { return Open(created); })),
            (testing::Tally{{"OK", 1}, {"ABORTED/ETAG_MISMATCH", 1}}));
  RunOperations();
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM operation"), 1);
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM unit_report"), 4);
}

TEST_F(InventoryCampaignTest, R009_ACampaignIsRefusedOutsideTheRegionAndWithDeadlinesOutOfOrder) {
  EXPECT_THAT(CreateCampaign(kOtherCounty), StatusIs(StatusCode::kNotFound));
  EXPECT_THAT(CreateCampaign(kCounty, Village()), StatusIs(StatusCode::kPermissionDenied));
  v1::CreateCampaignRequest create;
  create.set_request_id(RequestId());
  create.mutable_campaign()->set_name("x");
  create.mutable_campaign()->set_region_code(kCounty);
  SetDay(2013, 1, 1, create.mutable_campaign()->mutable_scope_start());
  SetDay(2026, 3, 10, create.mutable_campaign()->mutable_village_deadline());
  SetDay(2026, 3, 9, create.mutable_campaign()->mutable_township_deadline());
  SetDay(2026, 3, 31, create.mutable_campaign()->mutable_county_deadline());
  EXPECT_THAT(Inventory<v1::InventoryCampaign>("CreateCampaign", create, Approver()),
              HasViolation("campaign.township_deadline"));
}

TEST_F(InventoryCampaignTest, R009_ATownshipIsSurveyedAgainAfterTheCampaignOfItsCounty) {
  const v1::InventoryCampaign county = OpenCampaign();
  for (const char* region : {kTownship, kVillage4}) {
    EXPECT_THAT(CreateCampaign(region, County()), HasViolation("campaign.region_code"));
  }
  const auto close = [&](const std::string& id, bool force) {
    v1::CloseCampaignRequest request;
    request.set_request_id(RequestId());
    request.set_id(id);
    request.set_etag(Campaign(id).etag());
    request.set_force(force);
    if (force) request.set_reason("提前结束");
    return Inventory<v1::InventoryCampaign>("CloseCampaign", request, Approver());
  };
  ASSERT_OK(close(county.id(), true));
  RunOperations();
  ASSERT_OK_AND_ASSIGN(const v1::Project late, Register(NewProject("补登茶园")));
  EXPECT_NE(late.verification_state(), v1::VERIFICATION_STATE_COUNTY_VERIFIED);

  EXPECT_THAT(CreateCampaign(kTownship, Township()), StatusIs(StatusCode::kPermissionDenied));
  EXPECT_THAT(CreateCampaign(kTownship, County("other", kOtherCounty)),
              StatusIs(StatusCode::kNotFound));
  ASSERT_OK_AND_ASSIGN(const v1::InventoryCampaign created, CreateCampaign(kTownship, County()));
  ASSERT_OK(Open(created));
  RunOperations();
  const v1::InventoryCampaign campaign = Campaign(created.id());
  EXPECT_EQ(campaign.state(), v1::CAMPAIGN_STATE_OPEN);
  EXPECT_EQ(campaign.unit_count(), 3);
  const std::vector<std::string> villages = {kVillage, kVillage2, kVillage3};
  std::vector<std::string> reporting;
  for (const auto& unit : Units(campaign.id())) reporting.push_back(unit.region_path());
  EXPECT_EQ(reporting, villages);
  // The county stands in one campaign, whichever part of it reports.
  ASSERT_OK_AND_ASSIGN(const v1::InventoryCampaign whole, CreateCampaign(kCounty));
  EXPECT_THAT(Open(whole), StatusIs(StatusCode::kFailedPrecondition, "CAMPAIGN_OVERLAP"));
  EXPECT_THAT(close(campaign.id(), false),
              StatusIs(StatusCode::kFailedPrecondition, "UNITS_PENDING"));

  for (const std::string& village : villages) Verify(campaign.id(), village);
  EXPECT_EQ(GetProject(late.id()).verification_state(), v1::VERIFICATION_STATE_COUNTY_VERIFIED);
  EXPECT_EQ(Total(campaign.id()).units(), 3);
  EXPECT_EQ(Total(campaign.id(), kCounty).county_verified(), 3);
  ASSERT_OK_AND_ASSIGN(const v1::Sample sample, Draw(campaign.id(), "3607", City(), "seed", 10000));
  EXPECT_EQ(sample.drawn(), 3);
  for (const v1::SampleUnit& unit : sample.units()) {
    ASSERT_OK(Result(sample.id(), unit.unit_report_id(), false, City()));
  }
  ASSERT_OK_AND_ASSIGN(const auto confirmed, Confirm(campaign.id(), kCounty));
  EXPECT_EQ(confirmed.confirmed(), 3);
  ASSERT_OK(close(campaign.id(), false));
  RunOperations();
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM open_unit") +
                server_.database().Int("SELECT COUNT(*) FROM open_county"),
            0);
  // A village alone, then.
  EXPECT_EQ(OpenCampaign(kVillage4).unit_count(), 1);
}

TEST_F(InventoryCampaignTest, R010_TheScopeBeginsWhereTheCampaignSaysAndYearsGoBackTo2012) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  EXPECT_EQ(campaign.scope_start().year(), 2013);
  v1::Project old = NewProject("早年项目");
  old.set_year(2012);
  old.set_approved_year(2012);
  ASSERT_OK_AND_ASSIGN(const v1::Project stored, Register(old));
  EXPECT_EQ(stored.origin(), v1::PROJECT_ORIGIN_LEGACY);
  EXPECT_EQ(stored.campaign_id(), campaign.id());
  old.set_year(2011);
  EXPECT_THAT(Register(old), HasViolation("project.year"));
}

TEST_F(InventoryCampaignTest, R011_OnlyWhatPublicMoneyHasSupportedIsSurveyed) {
  OpenCampaign();
  EXPECT_OK(Register(NewProject("衔接", kVillage, "BRIDGE_PROVINCE")));
  EXPECT_OK(Register(NewProject("扶贫", kVillage, "LEGACY_SPECIAL")));
  EXPECT_THAT(Register(NewProject("自筹", kVillage, "SELF_RAISED")),
              StatusIs(StatusCode::kFailedPrecondition, "OUT_OF_SCOPE"));
}

TEST_F(InventoryCampaignTest, R012_IntegratedAgriculturalFundsAreASource) {
  OpenCampaign();
  ASSERT_OK_AND_ASSIGN(const auto p, Register(NewProject("整合", kVillage, "INTEGRATED_AGRI")));
  EXPECT_EQ(p.public_total_fen(), 50'000'000);
}

TEST_F(InventoryCampaignTest, R013_PairedAssistanceIsASourceAndUnknownCodesAreNot) {
  OpenCampaign();
  EXPECT_OK(Register(NewProject("定点", kVillage, "PAIRED_ASSIST")));
  EXPECT_THAT(Register(NewProject("未知", kVillage, "NO_SUCH_SOURCE")),
              StatusIs(StatusCode::kInvalidArgument));
}

TEST_F(InventoryCampaignTest, OutsideOfTheRegionTheStateOfACampaignIsNotTold) {
  const v1::InventoryCampaign campaign = OpenCampaign("36", Province());
  v1::CloseCampaignRequest close;
  close.set_request_id(RequestId());
  close.set_id(campaign.id());
  close.set_etag(campaign.etag());
  close.set_force(true);
  close.set_reason("机构调整");
  ASSERT_OK(Inventory<v1::InventoryCampaign>("CloseCampaign", close, Province()));
  v1::GrantLockExceptionRequest grant;
  grant.set_request_id(RequestId());
  grant.set_campaign_id(campaign.id());
  grant.set_region_code(kTownship);
  grant.set_reason("汛情");
  grant.mutable_expires_at()->set_seconds(
      absl::ToUnixSeconds(server_.clock().Now() + absl::Hours(48)));
  EXPECT_THAT(Inventory<v1::LockException>("GrantLockException", grant, Approver(kOtherCounty)),
              StatusIs(StatusCode::kNotFound, "RESOURCE_NOT_FOUND"));
  EXPECT_THAT(Inventory<v1::LockException>("GrantLockException", grant, Approver()),
              StatusIs(StatusCode::kFailedPrecondition, "CAMPAIGN_NOT_OPEN"));
  v1::ConfirmProvinceRequest confirm;
  confirm.set_request_id(RequestId());
  confirm.set_campaign_id(campaign.id());
  confirm.set_region_code(kCounty);
  EXPECT_THAT(Inventory<v1::ConfirmProvinceResponse>(
                  "ConfirmProvince", confirm,
                  Token(options::v1::ROLE_PROV_OFFICE, kOtherCounty, "elsewhere")),
              StatusIs(StatusCode::kNotFound, "RESOURCE_NOT_FOUND"));
  EXPECT_THAT(Inventory<v1::ConfirmProvinceResponse>("ConfirmProvince", confirm, Province()),
              StatusIs(StatusCode::kFailedPrecondition, "CAMPAIGN_CLOSED"));
}

TEST_F(InventoryCampaignTest, R018_CoverageCountsWhatTheCountyHasVerified) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  ASSERT_OK(Register(NewProject("甲")));
  ASSERT_OK(Register(NewProject("乙", kVillage2)));
  Verify(campaign.id(), kVillage);
  Verify(campaign.id(), kVillage4);  // nil
  v1::Completeness total = Total(campaign.id());
  EXPECT_EQ(total.units(), 4);
  EXPECT_EQ(total.county_verified(), 2);
  EXPECT_EQ(total.verified_bp(), 5000);
  EXPECT_EQ(total.projects(), 2);
  EXPECT_EQ(total.projects_verified(), 1);
  v1::ListVerificationTasksRequest list;
  list.set_campaign_id(campaign.id());
  ASSERT_OK_AND_ASSIGN(auto tasks, Verification<v1::ListVerificationTasksResponse>(
                                       "ListVerificationTasks", list, County()));
  EXPECT_EQ(tasks.tasks_size(), 0);
  ASSERT_OK_AND_ASSIGN(auto unit, Submit(Unit(campaign.id(), kVillage2), false));
  ASSERT_OK(Pass(unit));
  list.set_pending_department_code("AGRICULTURE");
  ASSERT_OK_AND_ASSIGN(tasks, Verification<v1::ListVerificationTasksResponse>(
                                  "ListVerificationTasks", list, County()));
  EXPECT_EQ(tasks.tasks_size(), 1);
  list.set_pending_department_code("FORESTRY");
  ASSERT_OK_AND_ASSIGN(tasks, Verification<v1::ListVerificationTasksResponse>(
                                  "ListVerificationTasks", list, County()));
  EXPECT_EQ(tasks.tasks_size(), 0);
  // A campaign with reports pending is not closed unless it is said why.
  v1::CloseCampaignRequest close;
  close.set_request_id(RequestId());
  close.set_id(campaign.id());
  close.set_etag(campaign.etag());
  EXPECT_THAT(Inventory<v1::InventoryCampaign>("CloseCampaign", close, Approver()),
              StatusIs(StatusCode::kFailedPrecondition, "UNITS_PENDING"));
  close.set_request_id(RequestId());
  close.set_force(true);
  EXPECT_THAT(Inventory<v1::InventoryCampaign>("CloseCampaign", close, Approver()),
              HasViolation("reason"));
  close.set_request_id(RequestId());
  close.set_reason("县级机构调整");
  ASSERT_OK(Inventory<v1::InventoryCampaign>("CloseCampaign", close, Approver()));
  EXPECT_THAT(Submit(Unit(campaign.id(), kVillage3), true),
              StatusIs(StatusCode::kFailedPrecondition, "CAMPAIGN_CLOSED"));
}

TEST_F(InventoryCampaignTest, R018_VerifiedProjectsAreCountedAsOfTheDay) {
  On(2026, 3, 2);
  const v1::InventoryCampaign campaign = OpenCampaign();
  ASSERT_OK_AND_ASSIGN(const v1::Project project, Register(NewProject("油茶")));
  ASSERT_OK(Register(NewProject("茶园", kVillage2)));
  On(2026, 3, 5);
  Verify(campaign.id(), kVillage);
  On(2026, 3, 9);
  v1::UpdateProjectRequest amend;
  amend.set_request_id(RequestId());
  amend.set_id(project.id());
  amend.set_etag(GetProject(project.id()).etag());
  amend.mutable_project()->set_name("油茶基地");
  amend.mutable_update_mask()->add_paths("name");
  amend.set_reason("名称有误");
  ASSERT_OK(Call<v1::Project>("ProjectService", "UpdateProject", amend, County()));
  On(2026, 3, 12);
  ASSERT_OK(Return(Unit(campaign.id(), kVillage), City()));
  On(2026, 3, 13);
  v1::VerificationTask task = Task(Unit(campaign.id(), kVillage).id());
  ASSERT_OK_AND_ASSIGN(task, Sign(task.unit_report_id(), task.etag(), "AGRICULTURE", County()));
  ASSERT_OK(Complete(task.unit_report_id(), task.etag()));
  On(2026, 3, 20);
  const auto verified = [&](int day) {
    const v1::Completeness total = Total(campaign.id(), "", absl::CivilDay(2026, 3, day));
    EXPECT_EQ(total.projects(), 2) << day;
    return total.projects_verified();
  };
  EXPECT_EQ(verified(2), 0);
  EXPECT_EQ(verified(4), 0);
  EXPECT_EQ(verified(5), 1);
  EXPECT_EQ(verified(8), 1);
  EXPECT_EQ(verified(9), 0);
  EXPECT_EQ(verified(12), 0);
  EXPECT_EQ(verified(13), 1);
  EXPECT_EQ(verified(20), 1);
  EXPECT_EQ(Total(campaign.id()).projects_verified(), 1);
  // Of the townships below as well.
  const v1::GetCompletenessResponse past =
      Counts(campaign.id(), kCounty, absl::CivilDay(2026, 3, 9));
  ASSERT_GT(past.children_size(), 0);
  EXPECT_EQ(past.children(0).projects_verified(), 0);
}

TEST_F(InventoryCampaignTest, R001_AProjectCountsUntilTheDayOnWhichItIsVoided) {
  On(2026, 3, 2);
  const v1::InventoryCampaign campaign = OpenCampaign();
  ASSERT_OK_AND_ASSIGN(const v1::Project gone, Register(NewProject("油茶")));
  ASSERT_OK(Register(NewProject("茶园", kVillage2)));
  On(2026, 3, 5);
  Verify(campaign.id(), kVillage);
  On(2026, 3, 9);
  v1::VoidProjectRequest drop;
  drop.set_request_id(RequestId());
  drop.set_id(gone.id());
  drop.set_etag(GetProject(gone.id()).etag());
  drop.set_reason("重复登记");
  ASSERT_OK(Call<v1::Project>("ProjectService", "VoidProject", drop, County()));
  On(2026, 3, 20);
  const auto at = [&](int day) {
    const v1::Completeness total = Total(campaign.id(), "", absl::CivilDay(2026, 3, day));
    return std::make_pair(total.projects(), total.projects_verified());
  };
  using Counted = std::pair<int64_t, int64_t>;
  EXPECT_EQ(Counted(at(1)), Counted(0, 0));
  EXPECT_EQ(Counted(at(2)), Counted(2, 0));
  EXPECT_EQ(Counted(at(5)), Counted(2, 1));
  EXPECT_EQ(Counted(at(8)), Counted(2, 1));
  EXPECT_EQ(Counted(at(9)), Counted(1, 0));
  EXPECT_EQ(Counted(at(20)), Counted(1, 0));
  EXPECT_EQ(Total(campaign.id()).projects(), 1);
}

TEST_F(InventoryCampaignTest, R001_CompletenessAtAnyDayWithTheOverdueList) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  On(2026, 3, 5);
  ASSERT_OK(Submit(Unit(campaign.id(), kVillage), true));
  On(2026, 3, 8);
  ASSERT_OK(Pass(Unit(campaign.id(), kVillage)));
  ASSERT_OK(Submit(Unit(campaign.id(), kVillage2), true));
  On(2026, 3, 25);
  v1::Completeness now = Total(campaign.id());
  EXPECT_EQ(now.township_passed(), 1);
  EXPECT_EQ(now.submitted(), 1);
  EXPECT_EQ(now.not_started(), 2);
  EXPECT_EQ(now.reported_bp(), 5000);
  EXPECT_EQ(now.overdue(), 3);  // two villages, and the township with what it was handed
  const v1::Completeness past = Total(campaign.id(), "", absl::CivilDay(2026, 3, 6));
  EXPECT_EQ(past.submitted(), 1);
  EXPECT_EQ(past.township_passed(), 0);
  EXPECT_EQ(past.not_started(), 3);
  EXPECT_EQ(past.overdue(), 0);
  const v1::Completeness later = Total(campaign.id(), "", absl::CivilDay(2026, 3, 21));
  EXPECT_EQ(later.overdue(), 3);

  const v1::GetCompletenessResponse county = Counts(campaign.id(), kCounty, {});
  ASSERT_EQ(county.children_size(), 2);
  EXPECT_EQ(county.children(0).region_name(), "小密乡");
  EXPECT_EQ(county.children(0).units(), 3);
  EXPECT_EQ(county.children(1).units(), 1);
  // A township's official gets his township, and nothing of the next.
  EXPECT_EQ(Total(campaign.id(), "", {}, Township()).units(), 3);
  v1::GetCompletenessRequest foreign;
  foreign.set_campaign_id(campaign.id());
  foreign.set_region_code(kOtherTownship);
  EXPECT_THAT(Inventory<v1::GetCompletenessResponse>("GetCompleteness", foreign, Township()),
              StatusIs(StatusCode::kNotFound));

  v1::ListOverdueRequest list;
  list.set_campaign_id(campaign.id());
  list.set_page_size(2);
  ASSERT_OK_AND_ASSIGN(auto page,
                       Inventory<v1::ListOverdueResponse>("ListOverdue", list, Province()));
  EXPECT_EQ(page.total(), 3);
  ASSERT_EQ(page.units_size(), 2);
  EXPECT_EQ(page.units(0).region_code(), kVillage2);
  EXPECT_EQ(page.units(0).waiting_level(), v1::REGION_LEVEL_TOWNSHIP);
  EXPECT_EQ(page.units(0).days_overdue(), 5);
  EXPECT_EQ(page.units(1).waiting_level(), v1::REGION_LEVEL_VILLAGE);
  EXPECT_EQ(page.units(1).days_overdue(), 15);
  list.set_page_token(page.next_page_token());
  ASSERT_OK_AND_ASSIGN(page, Inventory<v1::ListOverdueResponse>("ListOverdue", list, Province()));
  EXPECT_EQ(page.units_size(), 1);
  EXPECT_EQ(page.next_page_token(), "");
}

TEST_F(InventoryCampaignTest, R001_TheMilestoneSaysSinceWhenItIsOverdue) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  v1::GetMilestoneRequest request;
  request.set_campaign_id(campaign.id());
  ASSERT_OK_AND_ASSIGN(v1::Milestone m,
                       Inventory<v1::Milestone>("GetMilestone", request, Province()));
  EXPECT_EQ(m.target_date().year() * 10000 + m.target_date().month() * 100 + m.target_date().day(),
            20251031);
  EXPECT_FALSE(m.reached());
  EXPECT_EQ(m.days_overdue(), absl::CivilDay(2026, 3, 1) - absl::CivilDay(2025, 10, 31));
  EXPECT_THAT(m.summary_zh(), ::testing::HasSubstr("自2025年10月31日起逾期121天"));
  for (const char* village : {kVillage, kVillage2, kVillage3, kVillage4})
    Verify(campaign.id(), village);
  ASSERT_OK_AND_ASSIGN(m, Inventory<v1::Milestone>("GetMilestone", request, Province()));
  EXPECT_TRUE(m.reached());
  EXPECT_EQ(m.days_overdue(), 0);
}

}  // namespace
}  // namespace bangfu::registry

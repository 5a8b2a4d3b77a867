// InventoryService through its rpcs, on a real database.
#include "services/registry/domain/inventory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <thread>

#include "bangfu/registry/v1/reference_service.pb.h"
#include "common/testing/at_once.h"
#include "services/registry/api/inventory_fixture.h"
#include "services/registry/jobs/campaign_opening.h"

namespace bangfu::registry {
namespace {

using absl::StatusCode;
using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

class InventoryTest : public RegistryFixture {
 protected:
  v1::Completeness Total(const std::string& campaign, const std::string& region = "",
                         absl::CivilDay on = {}, const std::string& token = "") {
    return Counts(campaign, region, on, token).total();
  }
  v1::GetCompletenessResponse Counts(const std::string& campaign, const std::string& region,
                                     absl::CivilDay on, const std::string& token = "") {
    v1::GetCompletenessRequest request;
    request.set_campaign_id(campaign);
    request.set_region_code(region);
    if (on != absl::CivilDay())
      SetDay(static_cast<int>(on.year()), on.month(), on.day(), request.mutable_on());
    auto response = Inventory<v1::GetCompletenessResponse>("GetCompleteness", request,
                                                           token.empty() ? Province() : token);
    EXPECT_OK(response);
    return response.ok() ? *response : v1::GetCompletenessResponse();
  }
  void SetParameter(const std::string& code, int64_t value) {
    ASSERT_OK_AND_ASSIGN(const auto all, (Call<v1::ListParametersResponse>(
                                             "CodeListService", "ListParameters",
                                             v1::ListParametersRequest(), Province())));
    v1::SetParameterRequest request;
    request.set_request_id(RequestId());
    request.set_code(code);
    request.set_value(value);
    request.set_reason("省厅确认");
    for (const auto& p : all.parameters()) {
      if (p.code() == code) request.set_etag(p.etag());
    }
    ASSERT_OK(Call<v1::Parameter>("CodeListService", "SetParameter", request, Province()));
  }
  static std::vector<int64_t> Floors(const v1::Sample& sample) {
    return {sample.stratum_floors_fen().begin(), sample.stratum_floors_fen().end()};
  }
  // Of the drawn units, by village.
  static std::map<std::string, int> Strata(const v1::Sample& sample) {
    std::map<std::string, int> out;
    for (const auto& unit : sample.units()) out[unit.region_path()] = unit.stratum();
    return out;
  }
  v1::Sample SampleOf(const std::string& id) {
    v1::GetSampleRequest request;
    request.set_id(id);
    auto sample = Inventory<v1::Sample>("GetSample", request, Province());
    EXPECT_OK(sample);
    return sample.ok() ? *sample : v1::Sample();
  }
  // All pages of the sample's villages, by path.
  std::vector<std::string> Drawn(v1::ListSampleUnitsRequest request, const std::string& token) {
    std::vector<std::string> out;
    do {
      auto page = Inventory<v1::ListSampleUnitsResponse>("ListSampleUnits", request, token);
      EXPECT_OK(page);
      if (!page.ok()) return out;
      EXPECT_LE(page->units_size(), request.page_size() > 0 ? request.page_size() : 50);
      for (const v1::SampleUnit& unit : page->units()) out.push_back(unit.region_path());
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    return out;
  }
  absl::StatusOr<v1::ConfirmProvinceResponse> Confirm(const std::string& campaign,
                                                      const std::string& region) {
    v1::ConfirmProvinceRequest request;
    request.set_request_id(RequestId());
    request.set_campaign_id(campaign);
    request.set_region_code(region);
    return Inventory<v1::ConfirmProvinceResponse>("ConfirmProvince", request, Office());
  }
  struct Answer {
    bool allowed = false;
    std::string reason;
  };
  Answer Allowed(const std::string& unit, const std::string& action, const std::string& token) {
    v1::GetUnitReportRequest request;
    request.set_id(unit);
    auto report = Inventory<v1::InventoryUnitReport>("GetUnitReport", request, token);
    EXPECT_OK(report);
    if (report.ok()) {
      for (const auto& a : report->allowed_actions()) {
        if (a.action() == action) {
          Answer out;
          out.allowed = a.allowed();
          out.reason = a.refusal_reason();
          return out;
        }
      }
    }
    return {};
  }
};

TEST_F(InventoryTest, R009_OpeningMakesOneReportPerVillage) {
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

TEST_F(InventoryTest, R009_OpeningGoesOnWhereItBrokeOff) {
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

TEST_F(InventoryTest, R009_AnOpeningIsCancelledResumedAndClosedByForceOnly) {
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

TEST_F(InventoryTest, R009_OfTwoCampaignsOverOneCountyOpenedAtOnceOneOpens) {
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

TEST_F(InventoryTest, R009_ACampaignIsOpenedOnce) {
  ASSERT_OK_AND_ASSIGN(const v1::InventoryCampaign created, CreateCampaign(kCounty));
  EXPECT_EQ(testing::Outcomes(testing::AtOnce(2, [&](int) { return Open(created); })),
            (testing::Tally{{"OK", 1}, {"ABORTED/ETAG_MISMATCH", 1}}));
  RunOperations();
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM operation"), 1);
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM unit_report"), 4);
}

TEST_F(InventoryTest, R009_ACampaignIsRefusedOutsideTheRegionAndWithDeadlinesOutOfOrder) {
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

TEST_F(InventoryTest, R009_ATownshipIsSurveyedAgainAfterTheCampaignOfItsCounty) {
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

TEST_F(InventoryTest, R009_ANilReturnNeedsAVillageWithoutProjects) {
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

TEST_F(InventoryTest, R009_AProjectThatComesLaterOpensANilReturnAgain) {
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

TEST_F(InventoryTest, R009_ANilReturnAndANewProjectAtTheSameMomentNeverStandTogether) {
  for (int round = 0; round < 6; ++round) {
    const v1::InventoryCampaign campaign = OpenCampaign();
    const v1::InventoryUnitReport unit = Unit(campaign.id(), kVillage4);
    const std::string village = Village(kVillage4), county = County();
    const v1::Project project = NewProject(Cat("竞争", round), kVillage4);
    std::thread reporter([&] { (void)Submit(unit, true, village); });
    v1::RegisterProjectRequest request;
    request.set_request_id(Cat("race-project-", round));
    *request.mutable_project() = project;
    std::thread registrar(
        [&] { (void)Call<v1::Project>("ProjectService", "RegisterProject", request, county); });
    reporter.join();
    registrar.join();
    const v1::InventoryUnitReport after = Unit(campaign.id(), kVillage4);
    EXPECT_FALSE(after.is_nil() && after.project_count() > 0) << round;
    server_.database().Run(
        "DELETE FROM open_unit;\nDELETE FROM open_county;\nDELETE FROM project_region;\nDELETE "
        "FROM project;\n");
  }
}

TEST_F(InventoryTest, R010_TheScopeBeginsWhereTheCampaignSaysAndYearsGoBackTo2012) {
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

TEST_F(InventoryTest, R011_OnlyWhatPublicMoneyHasSupportedIsSurveyed) {
  OpenCampaign();
  EXPECT_OK(Register(NewProject("衔接", kVillage, "BRIDGE_PROVINCE")));
  EXPECT_OK(Register(NewProject("扶贫", kVillage, "LEGACY_SPECIAL")));
  EXPECT_THAT(Register(NewProject("自筹", kVillage, "SELF_RAISED")),
              StatusIs(StatusCode::kFailedPrecondition, "OUT_OF_SCOPE"));
}

TEST_F(InventoryTest, R012_IntegratedAgriculturalFundsAreASource) {
  OpenCampaign();
  ASSERT_OK_AND_ASSIGN(const auto p, Register(NewProject("整合", kVillage, "INTEGRATED_AGRI")));
  EXPECT_EQ(p.public_total_fen(), 50'000'000);
}

TEST_F(InventoryTest, R013_PairedAssistanceIsASourceAndUnknownCodesAreNot) {
  OpenCampaign();
  EXPECT_OK(Register(NewProject("定点", kVillage, "PAIRED_ASSIST")));
  EXPECT_THAT(Register(NewProject("未知", kVillage, "NO_SUCH_SOURCE")),
              StatusIs(StatusCode::kInvalidArgument));
}

TEST_F(InventoryTest, R015_TheVillageReportsTheTownshipPassesInThisOrder) {
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

TEST_F(InventoryTest, R015_TwoReviewersAtOncePassOnce) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  ASSERT_OK_AND_ASSIGN(const auto unit, Submit(Unit(campaign.id(), kVillage), true));
  std::vector<absl::Status> results(4);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < results.size(); ++i) {
    const std::string token =
        Token(options::v1::ROLE_TOWNSHIP_REVIEWER, kTownship, Cat("reviewer-", i));
    v1::PassUnitReportRequest request;
    request.set_request_id(Cat("pass-request-", i));
    request.set_id(unit.id());
    request.set_etag(unit.etag());
    threads.emplace_back([this, &results, i, token, request] {
      results[i] = Inventory<v1::InventoryUnitReport>("PassUnitReport", request, token).status();
    });
  }
  for (std::thread& t : threads) t.join();
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

TEST_F(InventoryTest, R016_ReturnsWithReasonsByFieldAndADayToActBy) {
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

TEST_F(InventoryTest, R016_NothingIsTakenBackBelowWhatStandsApprovedAbove) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  ASSERT_OK_AND_ASSIGN(const v1::Project project, Register(NewProject("油茶")));
  Verify(campaign.id(), kVillage);
  v1::InventoryUnitReport unit = Unit(campaign.id(), kVillage);
  EXPECT_EQ(unit.state(), v1::UNIT_REPORT_STATE_COUNTY_VERIFIED);
  EXPECT_THAT(Return(unit, Township()),
              StatusIs(StatusCode::kFailedPrecondition, "APPROVED_ABOVE"));
  EXPECT_THAT(Return(unit, County()), StatusIs(StatusCode::kFailedPrecondition, "APPROVED_ABOVE"));
  EXPECT_EQ(Allowed(unit.id(), "return", County()).reason, "APPROVED_ABOVE");
  // The city returns it to the county; the verification begins anew, and nothing stands behind the
  // project.
  ASSERT_OK_AND_ASSIGN(unit, Return(unit, City()));
  EXPECT_EQ(unit.current_return().to_level(), v1::REGION_LEVEL_COUNTY);
  EXPECT_EQ(GetProject(project.id()).verification_state(), v1::VERIFICATION_STATE_UNVERIFIED);
  v1::VerificationTask task = Task(unit.id());
  EXPECT_FALSE(task.departments(0).signed_());
  EXPECT_THAT(Complete(unit.id(), task.etag()),
              StatusIs(StatusCode::kFailedPrecondition, "SIGNATURES_MISSING"));
  ASSERT_OK_AND_ASSIGN(task, Sign(unit.id(), task.etag(), "AGRICULTURE", County()));
  ASSERT_OK(Complete(unit.id(), task.etag()));
  EXPECT_EQ(GetProject(project.id()).verification_state(), v1::VERIFICATION_STATE_COUNTY_VERIFIED);
}

TEST_F(InventoryTest, R016_TheCountyTakesItsOwnVerificationBack) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  ASSERT_OK_AND_ASSIGN(const v1::Project project, Register(NewProject("油茶")));
  On(2026, 3, 6);  // a Friday
  Verify(campaign.id(), kVillage);
  v1::InventoryUnitReport unit = Unit(campaign.id(), kVillage);
  const auto recall = [&](const std::string& token, const std::string& reason) {
    v1::RecallUnitReportRequest request;
    request.set_request_id(RequestId());
    request.set_id(unit.id());
    request.set_etag(Unit(campaign.id(), kVillage).etag());
    request.set_reason(reason);
    return Inventory<v1::InventoryUnitReport>("RecallUnitReport", request, token);
  };
  const auto record = [&](const v1::Sample& sample, bool issue, const std::string& token) {
    v1::RecordSampleResultRequest result;
    result.set_request_id(RequestId());
    result.set_id(sample.id());
    result.set_unit_report_id(unit.id());
    result.set_issue(issue);
    result.set_note("入户核对");
    return Inventory<v1::Sample>("RecordSampleResult", result, token).status();
  };
  // A verified field is amended: the project is as if nobody had looked at it, and the report is
  // not.
  v1::UpdateProjectRequest amend;
  amend.set_request_id(RequestId());
  amend.set_id(project.id());
  amend.set_etag(GetProject(project.id()).etag());
  amend.mutable_project()->set_name("油茶基地");
  amend.mutable_update_mask()->add_paths("name");
  amend.set_reason("名称有误");
  ASSERT_OK(Call<v1::Project>("ProjectService", "UpdateProject", amend, County()));
  ASSERT_EQ(GetProject(project.id()).verification_state(), v1::VERIFICATION_STATE_UNVERIFIED);
  EXPECT_TRUE(Allowed(unit.id(), "recall", County()).allowed);
  EXPECT_THAT(recall(County(), ""), HasViolation("reason"));
  EXPECT_THAT(recall(City(), "名称有误"), StatusIs(StatusCode::kPermissionDenied));
  EXPECT_THAT(recall(County("operator", kOtherCounty), "名称有误"),
              StatusIs(StatusCode::kNotFound));
  ASSERT_OK_AND_ASSIGN(unit, recall(County(), "名称有误"));
  EXPECT_EQ(unit.state(), v1::UNIT_REPORT_STATE_RETURNED);
  EXPECT_EQ(unit.current_return().from_level(), v1::REGION_LEVEL_COUNTY);
  EXPECT_EQ(unit.current_return().to_level(), v1::REGION_LEVEL_COUNTY);
  EXPECT_EQ(unit.current_return().reasons(0).text(), "名称有误");
  EXPECT_EQ(unit.current_return().due_on().day(), 13);  // five working days
  EXPECT_FALSE(unit.has_verified_at());
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM audit_log WHERE action = "
                                   "'InventoryService.RecallUnitReport' AND aggregate_type = "
                                   "'unit_report' AND reason = '名称有误'"),
            1);
  EXPECT_THAT(recall(County(), "再次"),
              StatusIs(StatusCode::kFailedPrecondition, "STATE_NOT_ALLOWED"));
  // Every department signs anew; the project is verified with what it says now.
  v1::VerificationTask task = Task(unit.id());
  EXPECT_FALSE(task.departments(0).signed_());
  ASSERT_OK_AND_ASSIGN(task, Sign(unit.id(), task.etag(), "AGRICULTURE", County()));
  server_.clock().Advance(absl::Hours(1));
  ASSERT_OK(Complete(unit.id(), task.etag()));
  EXPECT_EQ(GetProject(project.id()).verification_state(), v1::VERIFICATION_STATE_COUNTY_VERIFIED);
  EXPECT_EQ(GetProject(project.id()).name(), "油茶基地");

  // Drawn alone is no result. A result of the province leaves the state, and stands on it.
  v1::DrawSampleRequest draw;
  draw.set_request_id(RequestId());
  draw.set_campaign_id(campaign.id());
  draw.set_region_code("36");
  draw.set_rate_bp(10000);
  ASSERT_OK_AND_ASSIGN(const v1::Sample province,
                       Inventory<v1::Sample>("DrawSample", draw, Province()));
  EXPECT_TRUE(Allowed(unit.id(), "recall", County()).allowed);
  EXPECT_TRUE(Allowed(unit.id(), "record_sample_result", Province()).allowed);
  EXPECT_EQ(Allowed(unit.id(), "record_sample_result", City()).reason, "NOT_IN_SAMPLE");
  ASSERT_OK(record(province, false, Province()));
  EXPECT_EQ(Unit(campaign.id(), kVillage).state(), v1::UNIT_REPORT_STATE_COUNTY_VERIFIED);
  EXPECT_EQ(Allowed(unit.id(), "recall", County()).reason, "APPROVED_ABOVE");
  EXPECT_THAT(recall(County(), "名称有误"),
              StatusIs(StatusCode::kFailedPrecondition, "APPROVED_ABOVE"));
  EXPECT_EQ(Allowed(unit.id(), "record_sample_result", Province()).reason, "RESULT_RECORDED");

  // What the city has sent back and the county has verified anew is the county's again.
  ASSERT_OK_AND_ASSIGN(unit, Return(Unit(campaign.id(), kVillage), City()));
  server_.clock().Advance(absl::Hours(1));
  task = Task(unit.id());
  ASSERT_OK_AND_ASSIGN(task, Sign(unit.id(), task.etag(), "AGRICULTURE", County()));
  ASSERT_OK(Complete(unit.id(), task.etag()));
  EXPECT_TRUE(Allowed(unit.id(), "recall", County()).allowed);
  // Until the city has looked at that.
  draw.set_request_id(RequestId());
  draw.set_region_code("3607");
  ASSERT_OK_AND_ASSIGN(const v1::Sample city, Inventory<v1::Sample>("DrawSample", draw, City()));
  ASSERT_OK(record(city, false, City()));
  EXPECT_THAT(recall(Approver(), "名称有误"),
              StatusIs(StatusCode::kFailedPrecondition, "APPROVED_ABOVE"));

  // No report changes after the end of the campaign.
  Verify(campaign.id(), kVillage2);
  v1::CloseCampaignRequest close;
  close.set_request_id(RequestId());
  close.set_id(campaign.id());
  close.set_etag(campaign.etag());
  close.set_force(true);
  close.set_reason("试点结束");
  ASSERT_OK(Inventory<v1::InventoryCampaign>("CloseCampaign", close, Approver()));
  EXPECT_EQ(Allowed(Unit(campaign.id(), kVillage2).id(), "recall", County()).reason,
            "CAMPAIGN_CLOSED");
}

TEST_F(InventoryTest, R017_ADepartmentSignsForItsOwnMoneyOnly) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  v1::Project relief = NewProject("以工代赈茶园");
  relief.mutable_declared_funding(0)->set_task_code("WORK_RELIEF");
  const std::string relief_source = relief.declared_funding(0).source_code();
  ASSERT_NE(relief_source, "INTEGRATED_AGRI");
  ASSERT_OK(Register(relief));
  ASSERT_OK(Register(NewProject("整合资金大棚", kVillage, "INTEGRATED_AGRI")));
  ASSERT_OK_AND_ASSIGN(auto unit, Submit(Unit(campaign.id(), kVillage), false));
  ASSERT_OK_AND_ASSIGN(unit, Pass(unit));
  v1::VerificationTask task = Task(unit.id());
  ASSERT_EQ(task.departments_size(), 3);  // agriculture, development and reform, finance

  // One grant for each of the lists of sources.
  const auto verifier = [&](const std::string& person,
                            const std::vector<std::vector<std::string>>& lists) {
    auth::Caller caller;
    caller.subject = person;
    for (const std::vector<std::string>& sources : lists) {
      auth::Grant& grant = caller.grants.emplace_back();
      grant.role = options::v1::ROLE_SECTOR_VERIFIER;
      grant.region_path = kCounty;
      grant.fund_sources = sources;
    }
    return server_.Token(caller);
  };
  const auto told = [&](const std::string& token) { return Allowed(unit.id(), "sign", token); };

  // Of money that the village does not have: nothing to sign, and the task says so.
  const std::string lottery = verifier("lottery", {{"LOTTERY"}});
  EXPECT_EQ(told(lottery).reason, "SCOPE_EXCLUDES");
  const auto refused = Sign(unit.id(), task.etag(), "FINANCE", lottery);
  EXPECT_THAT(refused, StatusIs(StatusCode::kPermissionDenied, "SCOPE_EXCLUDES"));
  EXPECT_FALSE(GetErrorDetail(refused.status()).message_zh.empty());
  // Of one department's money: that department's signature, not the other's.
  const std::string of_relief = verifier("relief", {{relief_source}});
  EXPECT_TRUE(told(of_relief).allowed);
  EXPECT_THAT(Sign(unit.id(), task.etag(), "FINANCE", of_relief),
              StatusIs(StatusCode::kPermissionDenied, "SCOPE_EXCLUDES"));
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM verification_signature"), 0);
  ASSERT_OK_AND_ASSIGN(task, Sign(unit.id(), task.etag(), "DEVELOPMENT_REFORM", of_relief));
  // What is left is finance's.
  EXPECT_EQ(told(of_relief).reason, "SCOPE_EXCLUDES");
  // One of two grants covers it.
  const std::string both = verifier("both", {{"LOTTERY"}, {"INTEGRATED_AGRI"}});
  EXPECT_TRUE(told(both).allowed);
  ASSERT_OK_AND_ASSIGN(task, Sign(unit.id(), task.etag(), "FINANCE", both));
  // A role that signs for no department is told so, whatever its money.
  EXPECT_THAT(Sign(unit.id(), task.etag(), "AGRICULTURE", both),
              StatusIs(StatusCode::kPermissionDenied, "ROLE_NOT_ALLOWED"));
}

TEST_F(InventoryTest, R017_ASignatureNamesTheGrantThatItWasGivenUnder) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  ASSERT_OK_AND_ASSIGN(const v1::Project project,
                       Register(NewProject("整合资金大棚", kVillage, "INTEGRATED_AGRI")));
  ASSERT_OK_AND_ASSIGN(auto unit, Submit(Unit(campaign.id(), kVillage), false));
  ASSERT_OK_AND_ASSIGN(unit, Pass(unit));
  // The county's operator first, then finance's for other money, then the one that counts.
  auth::Caller purse;
  purse.subject = "purse";
  const auto add = [&](auth::Role role, const std::string& region,
                       const std::vector<std::string>& sources) {
    auth::Grant& grant = purse.grants.emplace_back();
    grant.role = role;
    grant.region_path = region;
    grant.fund_sources = sources;
  };
  add(options::v1::ROLE_COUNTY_OPERATOR, kCounty, {});
  add(options::v1::ROLE_FINANCE_OFFICER, kCounty, {"LOTTERY"});
  add(options::v1::ROLE_FINANCE_OFFICER, "3607", {"INTEGRATED_AGRI"});
  v1::VerificationFinding finding;
  finding.set_project_id(project.id());
  finding.set_field("planned_total");
  finding.set_action(v1::FINDING_ACTION_CONFIRMED);
  ASSERT_OK_AND_ASSIGN(const v1::VerificationTask task,
                       Sign(unit.id(), unit.etag(), "FINANCE", server_.Token(purse), {finding}));
  ASSERT_EQ(task.departments_size(), 2);
  ASSERT_EQ(task.departments(1).department_code(), "FINANCE");
  ASSERT_EQ(task.findings_size(), 1);
  for (const type::v1::Actor& by : {task.departments(1).signed_by(), task.findings(0).found_by()}) {
    EXPECT_EQ(by.subject(), "purse");
    EXPECT_EQ(by.role(), "ROLE_FINANCE_OFFICER");
    EXPECT_EQ(by.region_path(), "3607");
  }
  const auto rows = server_.database().db().Query(
      "SELECT actor_role, actor_region FROM audit_log WHERE action = "
      "'InventoryService.SignVerification'");
  ASSERT_OK(rows);
  ASSERT_EQ(rows->size(), 1u);
  EXPECT_EQ((*rows)[0].String(0), "ROLE_FINANCE_OFFICER");
  EXPECT_EQ((*rows)[0].String(1), "3607");
}

TEST_F(InventoryTest, R017_TheDepartmentsComeFromTheMoney) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  v1::Project first = NewProject("以工代赈茶园");
  first.mutable_declared_funding(0)->set_task_code("WORK_RELIEF");
  ASSERT_OK_AND_ASSIGN(const v1::Project a, Register(first));
  ASSERT_OK_AND_ASSIGN(const v1::Project b,
                       Register(NewProject("整合资金大棚", kVillage, "INTEGRATED_AGRI")));
  ASSERT_OK_AND_ASSIGN(auto unit, Submit(Unit(campaign.id(), kVillage), false));
  // Not before the township has passed it.
  EXPECT_THAT(Sign(unit.id(), unit.etag(), "AGRICULTURE", County()),
              StatusIs(StatusCode::kFailedPrecondition, "STATE_NOT_ALLOWED"));
  ASSERT_OK_AND_ASSIGN(unit, Pass(unit));
  v1::VerificationTask task = Task(unit.id());
  std::vector<std::string> departments;
  for (const auto& d : task.departments()) departments.push_back(d.department_code());
  EXPECT_THAT(departments, ElementsAre("AGRICULTURE", "DEVELOPMENT_REFORM", "FINANCE"));
  EXPECT_TRUE(task.departments(0).is_lead());
  EXPECT_EQ(task.departments(1).name_zh(), "发展改革部门");
  EXPECT_THAT(task.departments(2).source_codes(), ElementsAre("INTEGRATED_AGRI"));
  EXPECT_EQ(task.project_ids_size(), 2);
  EXPECT_EQ(task.missing_zh_size(), 3);

  EXPECT_THAT(Sign(unit.id(), task.etag(), "FORESTRY", Sector()),
              StatusIs(StatusCode::kFailedPrecondition, "DEPARTMENT_NOT_REQUIRED"));
  // Agriculture is the county's own, finance is finance's; a submitter verifies nothing.
  EXPECT_THAT(Sign(unit.id(), task.etag(), "AGRICULTURE", Sector()),
              StatusIs(StatusCode::kPermissionDenied, "ROLE_NOT_ALLOWED"));
  EXPECT_THAT(Sign(unit.id(), task.etag(), "DEVELOPMENT_REFORM",
                   Token(options::v1::ROLE_FINANCE_OFFICER, kCounty, "purse")),
              StatusIs(StatusCode::kPermissionDenied, "ROLE_NOT_ALLOWED"));
  EXPECT_THAT(Sign(unit.id(), task.etag(), "AGRICULTURE", County(Cat("reporter-", kVillage))),
              StatusIs(StatusCode::kFailedPrecondition, "SELF_APPROVAL"));
  ASSERT_OK_AND_ASSIGN(task, Sign(unit.id(), task.etag(), "AGRICULTURE", County()));
  EXPECT_THAT(Sign(unit.id(), task.etag(), "AGRICULTURE", County("another")),
              StatusIs(StatusCode::kFailedPrecondition, "ALREADY_SIGNED"));

  v1::VerificationFinding unknown;
  unknown.set_project_id(server_.ids().Next().ToString());
  unknown.set_action(v1::FINDING_ACTION_CONFIRMED);
  EXPECT_THAT(Sign(unit.id(), task.etag(), "FINANCE", Sector(), {unknown}),
              StatusIs(StatusCode::kFailedPrecondition, "FINDING_PROJECT_UNKNOWN"));
  v1::VerificationFinding disputed;
  disputed.set_project_id(b.id());
  disputed.set_field("planned_total");
  disputed.set_action(v1::FINDING_ACTION_DISPUTED);
  v1::VerificationFinding corrected;
  corrected.set_project_id(a.id());
  corrected.set_field("implementing_org");
  corrected.set_reported_text("村民委员会");
  corrected.set_verified_text("半迳村股份经济合作社");
  corrected.set_action(v1::FINDING_ACTION_CORRECTED);
  ASSERT_OK_AND_ASSIGN(task,
                       Sign(unit.id(), task.etag(), "FINANCE", Sector(), {disputed, corrected}));
  // One person speaks for one department.
  EXPECT_THAT(Sign(unit.id(), task.etag(), "DEVELOPMENT_REFORM", Sector()),
              StatusIs(StatusCode::kFailedPrecondition, "SAME_SIGNER"));
  EXPECT_THAT(Complete(unit.id(), task.etag()),
              StatusIs(StatusCode::kFailedPrecondition, "SIGNATURES_MISSING"));
  EXPECT_EQ(Allowed(unit.id(), "complete", County()).reason, "SIGNATURES_MISSING");
  ASSERT_OK_AND_ASSIGN(task, Sign(unit.id(), task.etag(), "DEVELOPMENT_REFORM", Sector("planner")));
  ASSERT_OK_AND_ASSIGN(task, Complete(unit.id(), task.etag()));
  EXPECT_TRUE(task.complete());
  EXPECT_EQ(task.missing_zh_size(), 0);
  EXPECT_EQ(task.findings_size(), 2);
  const v1::Project verified = GetProject(a.id());
  EXPECT_EQ(verified.verification_state(), v1::VERIFICATION_STATE_COUNTY_VERIFIED);
  EXPECT_EQ(verified.implementing_org(), "半迳村股份经济合作社");
  EXPECT_EQ(GetProject(b.id()).verification_state(), v1::VERIFICATION_STATE_DISPUTED);
}

TEST_F(InventoryTest, R018_CoverageCountsWhatTheCountyHasVerified) {
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
  ASSERT_OK_AND_ASSIGN(auto tasks, Inventory<v1::ListVerificationTasksResponse>(
                                       "ListVerificationTasks", list, County()));
  EXPECT_EQ(tasks.tasks_size(), 0);
  ASSERT_OK_AND_ASSIGN(auto unit, Submit(Unit(campaign.id(), kVillage2), false));
  ASSERT_OK(Pass(unit));
  list.set_pending_department_code("AGRICULTURE");
  ASSERT_OK_AND_ASSIGN(
      tasks, Inventory<v1::ListVerificationTasksResponse>("ListVerificationTasks", list, County()));
  EXPECT_EQ(tasks.tasks_size(), 1);
  list.set_pending_department_code("FORESTRY");
  ASSERT_OK_AND_ASSIGN(
      tasks, Inventory<v1::ListVerificationTasksResponse>("ListVerificationTasks", list, County()));
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

TEST_F(InventoryTest, OutsideOfTheRegionTheStateOfACampaignIsNotTold) {
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
                  Token(options::v1::ROLE_PROV_ADMIN, kOtherCounty, "elsewhere")),
              StatusIs(StatusCode::kNotFound, "RESOURCE_NOT_FOUND"));
  EXPECT_THAT(Inventory<v1::ConfirmProvinceResponse>("ConfirmProvince", confirm, Province()),
              StatusIs(StatusCode::kFailedPrecondition, "CAMPAIGN_CLOSED"));
}

TEST_F(InventoryTest, R018_VerifiedProjectsAreCountedAsOfTheDay) {
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

TEST_F(InventoryTest, R001_AProjectCountsUntilTheDayOnWhichItIsVoided) {
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

TEST_F(InventoryTest, R001_CompletenessAtAnyDayWithTheOverdueList) {
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

TEST_F(InventoryTest, R001_TheMilestoneSaysSinceWhenItIsOverdue) {
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

TEST_F(InventoryTest, R016_AfterTheDeadlineOnlyALockExceptionOpensTheReport) {
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

TEST_F(InventoryTest, R016_TheSameSeedDrawsTheSameSampleStratifiedByMoney) {
  for (int i = 0; i < 30; ++i)
    AddRegion(absl::StrCat(kOtherTownship, 300 + i), absl::StrCat("第", i, "村"));
  StoreRegions();
  const v1::InventoryCampaign campaign = OpenCampaign();
  EXPECT_THAT(Draw(campaign.id(), "3607", City()),
              StatusIs(StatusCode::kFailedPrecondition, "NOTHING_TO_SAMPLE"));
  // Every village verified, the money of two of them large.
  server_.database().Run("UPDATE unit_report SET state = 5;\n");
  ASSERT_OK(Register(NewProject("大项目", kVillage, "BRIDGE_CENTRAL", 2'000'000'000)));
  server_.database().Run("UPDATE unit_report SET state = 5;\n");
  EXPECT_THAT(Draw(campaign.id(), kCounty, City()),
              StatusIs(StatusCode::kFailedPrecondition, "OUTSIDE_SAMPLE_LEVEL"));
  EXPECT_THAT(Draw(campaign.id(), kCounty, Province()),
              StatusIs(StatusCode::kFailedPrecondition, "OUTSIDE_SAMPLE_LEVEL"));
  EXPECT_THAT(Draw(campaign.id(), "3607", City("3608")), StatusIs(StatusCode::kNotFound));
  ASSERT_OK_AND_ASSIGN(const v1::Sample sample, Draw(campaign.id(), "3607", City(), "2026-赣州"));
  EXPECT_EQ(sample.algorithm(), "sha256-strata-v1");
  EXPECT_EQ(sample.rate_bp(), 1000);
  EXPECT_EQ(sample.population(), 34);
  // One of each stratum at least: 33 villages without money give four, the one with it is drawn.
  EXPECT_EQ(sample.drawn(), 5);
  std::vector<std::string> drawn;
  bool rich = false;
  std::vector<SampleCandidate> population;
  const std::vector<int64_t> floors(sample.stratum_floors_fen().begin(),
                                    sample.stratum_floors_fen().end());
  EXPECT_EQ(floors, kDefaultStrata);
  for (const auto& unit : Units(campaign.id())) {
    population.push_back(
        {unit.id(), unit.region_path() == kVillage ? FundStratum(2'000'000'000, floors) : 0});
  }
  for (const auto& unit : sample.units()) {
    drawn.push_back(unit.unit_report_id());
    rich |= unit.region_path() == kVillage;
  }
  EXPECT_TRUE(rich);
  // Anyone can draw it again from what is stored.
  std::sort(drawn.begin(), drawn.end());
  EXPECT_EQ(DrawSample(population, sample.seed(), sample.rate_bp()), drawn);
  EXPECT_EQ(PopulationDigest(population), sample.population_sha256());
  EXPECT_THAT(Draw(campaign.id(), "3607", City()),
              StatusIs(StatusCode::kFailedPrecondition, "SAMPLE_EXISTS"));
  // The sample of one city is not there for the other.
  v1::GetSampleRequest get;
  get.set_id(sample.id());
  EXPECT_OK(Inventory<v1::Sample>("GetSample", get, City()));
  EXPECT_THAT(Inventory<v1::Sample>("GetSample", get, City("3608")),
              StatusIs(StatusCode::kNotFound));
  // A seed of the server's own is stored.
  ASSERT_OK_AND_ASSIGN(const v1::Sample province, Draw(campaign.id(), "36", Province()));
  EXPECT_EQ(province.seed().size(), 32U);
  EXPECT_EQ(province.level(), v1::REGION_LEVEL_PROVINCE);
}

TEST_F(InventoryTest, R016_ASampleKeepsTheStrataThatItWasDrawnBy) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  ASSERT_OK(Register(NewProject("甲", kVillage, "BRIDGE_CENTRAL", 90'000'000)));
  ASSERT_OK(Register(NewProject("乙", kVillage2, "BRIDGE_CENTRAL", 3'000'000'000)));
  server_.database().Run("UPDATE unit_report SET state = 5;\n");
  SetParameter("SAMPLE_STRATUM_LOW", 100);
  SetParameter("SAMPLE_STRATUM_HIGH", 3000);
  const std::vector<int64_t> in_force = {100'000'000, 200'000'000, 3'000'000'000};
  ASSERT_OK_AND_ASSIGN(v1::Sample sample, Draw(campaign.id(), "3607", City(), "seed", 5000));
  EXPECT_EQ(Floors(sample), in_force);
  auto drawn = Strata(sample);
  EXPECT_EQ(drawn[kVillage], 1);  // 90万元 is below 100
  EXPECT_EQ(drawn[kVillage2], 4);
  // What is entered later moves no village of a sample that is there.
  SetParameter("SAMPLE_STRATUM_LOW", 50);
  const std::string digest = sample.population_sha256();
  ASSERT_OK_AND_ASSIGN(sample, Draw(campaign.id(), "3607", City(), "", 10000, true));
  EXPECT_EQ(Floors(sample), in_force);
  EXPECT_EQ(sample.population_sha256(), digest);
  EXPECT_EQ(Strata(sample)[kVillage], 1);
  ASSERT_OK_AND_ASSIGN(const v1::Sample province, Draw(campaign.id(), "36", Province()));
  EXPECT_EQ(province.stratum_floors_fen(0), 50'000'000);
}

TEST_F(InventoryTest, R016_ASampleThatWasDrawnWithoutStrataIsEnlargedWithoutThem) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  ASSERT_OK(Register(NewProject("甲", kVillage, "BRIDGE_CENTRAL", 90'000'000)));
  ASSERT_OK(Register(NewProject("乙", kVillage2, "BRIDGE_CENTRAL", 3'000'000'000)));
  server_.database().Run("UPDATE unit_report SET state = 5;\n");
  const std::vector<std::string> parameters = {"SAMPLE_STRATUM_LOW", "SAMPLE_STRATUM_MIDDLE",
                                               "SAMPLE_STRATUM_HIGH"};
  for (const std::string& code : parameters) SetParameter(code, 0);
  ASSERT_OK_AND_ASSIGN(v1::Sample sample, Draw(campaign.id(), "3607", City(), "seed", 5000));
  EXPECT_EQ(Floors(sample), std::vector<int64_t>{1});
  const std::string digest = sample.population_sha256();
  SetParameter("SAMPLE_STRATUM_LOW", 50);
  ASSERT_OK_AND_ASSIGN(sample, Draw(campaign.id(), "3607", City(), "", 10000, true));
  EXPECT_EQ(Floors(sample), std::vector<int64_t>{1});
  EXPECT_EQ(sample.population_sha256(), digest);
  // All that hold money are one, whatever they hold; the others are none of them.
  std::map<std::string, int> drawn = Strata(sample);
  EXPECT_EQ(drawn[kVillage], drawn[kVillage2]);
  EXPECT_GT(drawn[kVillage], 0);
  ASSERT_EQ(drawn.count(kVillage3), 1U);
  EXPECT_EQ(drawn[kVillage3], 0);
}

TEST_F(InventoryTest, R016_IssuesEnlargeTheSampleAndTheProvinceConfirmsTheRest) {
  for (int i = 0; i < 16; ++i)
    AddRegion(absl::StrCat(kOtherTownship, 300 + i), absl::StrCat("第", i, "村"));
  StoreRegions();
  const v1::InventoryCampaign campaign = OpenCampaign();
  EXPECT_THAT(Confirm(campaign.id(), kCounty),
              StatusIs(StatusCode::kFailedPrecondition, "UNITS_PENDING"));
  server_.database().Run("UPDATE unit_report SET state = 5;\n");
  EXPECT_THAT(Confirm(campaign.id(), kCounty),
              StatusIs(StatusCode::kFailedPrecondition, "SAMPLE_INCOMPLETE"));
  ASSERT_OK_AND_ASSIGN(v1::Sample sample, Draw(campaign.id(), "3607", City(), "seed"));
  ASSERT_EQ(sample.drawn(), 2);
  EXPECT_THAT(Confirm(campaign.id(), kCounty),
              StatusIs(StatusCode::kFailedPrecondition, "SAMPLE_INCOMPLETE"));
  std::set<std::string> in_sample;
  for (const auto& unit : sample.units()) in_sample.insert(unit.unit_report_id());
  std::string outside;
  for (const auto& unit : Units(campaign.id())) {
    if (in_sample.count(unit.id()) == 0) outside = unit.id();
    EXPECT_EQ(unit.in_city_sample(), in_sample.count(unit.id()) > 0);
  }
  EXPECT_THAT(Result(sample.id(), outside, false, City()),
              StatusIs(StatusCode::kFailedPrecondition, "NOT_IN_SAMPLE"));
  const std::string bad = sample.units(0).unit_report_id(), good = sample.units(1).unit_report_id();
  ASSERT_OK(Result(sample.id(), bad, true, City()));
  EXPECT_THAT(Result(sample.id(), bad, false, City()),
              StatusIs(StatusCode::kFailedPrecondition, "RESULT_RECORDED"));
  ASSERT_OK_AND_ASSIGN(sample, Result(sample.id(), good, false, City()));
  EXPECT_EQ(sample.issue_rate_bp(), 5000);
  EXPECT_TRUE(sample.enlargement_required());
  EXPECT_THAT(Confirm(campaign.id(), kCounty),
              StatusIs(StatusCode::kFailedPrecondition, "ENLARGEMENT_REQUIRED"));
  EXPECT_THAT(Draw(campaign.id(), "3607", City(), "", 500, true), HasViolation("rate_bp"));
  ASSERT_OK_AND_ASSIGN(sample, Draw(campaign.id(), "3607", City(), "", 10000, true));
  EXPECT_EQ(sample.drawn(), 20);
  EXPECT_EQ(sample.results_recorded(), 2);
  for (const auto& unit : sample.units()) {
    if (unit.has_result()) continue;
    ASSERT_OK(Result(sample.id(), unit.unit_report_id(), false, City()));
  }
  // Everything was checked: the province confirms all but the one with the issue.
  ASSERT_OK_AND_ASSIGN(const auto confirmed, Confirm(campaign.id(), kCounty));
  EXPECT_EQ(confirmed.confirmed(), 19);
  EXPECT_EQ(confirmed.held_back(), 1);
  EXPECT_EQ(Total(campaign.id()).county_verified(), 20);
  ASSERT_OK_AND_ASSIGN(const auto again, Confirm(campaign.id(), kCounty));
  EXPECT_EQ(again.confirmed(), 0);
}

TEST_F(InventoryTest, R016_AnEnlargementStaysRequiredWhenDrawnVillagesWereSentBack) {
  for (int i = 0; i < 16; ++i)
    AddRegion(absl::StrCat(kOtherTownship, 300 + i), absl::StrCat("第", i, "村"));
  StoreRegions();
  const v1::InventoryCampaign campaign = OpenCampaign();
  server_.database().Run("UPDATE unit_report SET state = 5;\n");
  ASSERT_OK_AND_ASSIGN(v1::Sample sample, Draw(campaign.id(), "3607", City(), "seed", 5000));
  ASSERT_EQ(sample.drawn(), 10);
  const std::string digest = sample.population_sha256();
  for (int i = 0; i < sample.units_size(); ++i) {
    ASSERT_OK(Result(sample.id(), sample.units(i).unit_report_id(), i < 5, City()));
  }
  // The ten are with their villages while the sample is enlarged.
  server_.database().Run("UPDATE unit_report SET state = 9 WHERE in_city_sample = 1;\n");
  ASSERT_OK_AND_ASSIGN(sample, Draw(campaign.id(), "3607", City(), "", 6000, true));
  EXPECT_EQ(sample.population(), 20);
  EXPECT_EQ(sample.population_sha256(), digest);
  EXPECT_EQ(sample.drawn(), 12);
  EXPECT_TRUE(sample.enlargement_required());
  server_.database().Run("UPDATE unit_report SET state = 5;\n");
  const auto record = [&] {
    for (const v1::SampleUnit& unit : sample.units()) {
      if (unit.has_result()) continue;
      ASSERT_OK(Result(sample.id(), unit.unit_report_id(), false, City()));
    }
  };
  record();
  EXPECT_THAT(Confirm(campaign.id(), kCounty),
              StatusIs(StatusCode::kFailedPrecondition, "ENLARGEMENT_REQUIRED"));
  ASSERT_OK_AND_ASSIGN(sample, Draw(campaign.id(), "3607", City(), "", 10000, true));
  EXPECT_EQ(sample.drawn(), 20);
  EXPECT_FALSE(sample.enlargement_required());
  record();
  ASSERT_OK_AND_ASSIGN(const auto confirmed, Confirm(campaign.id(), kCounty));
  EXPECT_EQ(confirmed.confirmed(), 15);
  EXPECT_EQ(confirmed.held_back(), 5);
}

TEST_F(InventoryTest, R016_NoEnlargementIsDemandedWhereNothingIsLeftToDraw) {
  // A second county of the same city; its village holds money and is a stratum of its own.
  const std::string second = "360734", village = "360734101201";
  AddRegion(second, "寻乌县");
  AddRegion("360734101", "长宁镇");
  AddRegion(village, "三标村");
  StoreRegions();
  const v1::InventoryCampaign campaign = OpenCampaign("36", Province());
  ASSERT_OK(Register(NewProject("茶园", village), County("operator", second)));
  const auto verify = [&](const std::string& county) {
    server_.database().Run(
        Cat("UPDATE unit_report SET state = 5 WHERE region_path LIKE '", county, "%';\n"));
  };
  verify(kCounty);
  ASSERT_OK_AND_ASSIGN(v1::Sample sample, Draw(campaign.id(), "3607", City(), "seed", 1));
  ASSERT_EQ(sample.drawn(), 1);
  ASSERT_OK(Result(sample.id(), sample.units(0).unit_report_id(), false, City()));
  ASSERT_OK_AND_ASSIGN(auto confirmed, Confirm(campaign.id(), kCounty));
  EXPECT_EQ(confirmed.confirmed(), 4);

  verify(second);
  ASSERT_OK_AND_ASSIGN(sample, Draw(campaign.id(), "3607", City()));
  ASSERT_EQ(sample.drawn(), 2);
  ASSERT_EQ(sample.population(), 5);
  ASSERT_OK_AND_ASSIGN(sample,
                       Result(sample.id(), Unit(campaign.id(), village).id(), true, City()));
  // Half of the results are issues; but what was not drawn is confirmed.
  EXPECT_EQ(sample.issue_rate_bp(), 5000);
  EXPECT_FALSE(sample.enlargement_required());
  for (const int rate : {0, 10000}) {
    const auto refused = Draw(campaign.id(), "3607", City(), "", rate, true);
    EXPECT_THAT(refused, StatusIs(StatusCode::kFailedPrecondition, "NOTHING_TO_SAMPLE"));
  }
  EXPECT_EQ(SampleOf(sample.id()).rate_bp(), 1);
  ASSERT_OK_AND_ASSIGN(confirmed, Confirm(campaign.id(), second));
  EXPECT_EQ(confirmed.confirmed(), 0);
  EXPECT_EQ(confirmed.held_back(), 1);
}

TEST_F(InventoryTest, R016_AnEnlargementThatDrawsNothingLeavesTheRate) {
  for (int i = 0; i < 16; ++i)
    AddRegion(absl::StrCat(kOtherTownship, 300 + i), absl::StrCat("第", i, "村"));
  StoreRegions();
  const v1::InventoryCampaign campaign = OpenCampaign();
  server_.database().Run("UPDATE unit_report SET state = 5;\n");
  ASSERT_OK_AND_ASSIGN(v1::Sample sample, Draw(campaign.id(), "3607", City(), "seed", 10));
  ASSERT_EQ(sample.drawn(), 1);
  // Five in a hundred of twenty are one.
  EXPECT_THAT(Draw(campaign.id(), "3607", City(), "", 500, true), HasViolation("rate_bp"));
  sample = SampleOf(sample.id());
  EXPECT_EQ(sample.rate_bp(), 10);
  EXPECT_EQ(sample.drawn(), 1);
  // Who names no rate gets the first of 20, 40, 80 … that draws one more.
  ASSERT_OK_AND_ASSIGN(sample, Draw(campaign.id(), "3607", City(), "", 0, true));
  EXPECT_EQ(sample.rate_bp(), 640);
  EXPECT_EQ(sample.drawn(), 2);
}

TEST_F(InventoryTest, R016_ASamplesVillagesAreListedInPages) {
  const std::string second = "360734", village = "360734101201";
  AddRegion(second, "寻乌县");
  AddRegion("360734101", "长宁镇");
  AddRegion(village, "三标村");
  StoreRegions();
  const v1::InventoryCampaign campaign = OpenCampaign("36", Province());
  server_.database().Run("UPDATE unit_report SET state = 5;\n");
  ASSERT_OK_AND_ASSIGN(v1::Sample sample, Draw(campaign.id(), "3607", City(), "seed", 10000));
  ASSERT_EQ(sample.drawn(), 5);
  EXPECT_EQ(sample.units_total(), 5);
  const auto report = [&](const char* path) { return Unit(campaign.id(), path).id(); };
  ASSERT_OK(Result(sample.id(), report(kVillage2), true, City()));
  ASSERT_OK(Result(sample.id(), report(kVillage3), false, City()));

  v1::ListSampleUnitsRequest list;
  list.set_sample_id(sample.id());
  EXPECT_THAT(Drawn(list, City()), ElementsAre(kVillage, kVillage2, kVillage3, kVillage4, village));
  list.set_page_size(2);
  EXPECT_THAT(Drawn(list, City()), ElementsAre(kVillage, kVillage2, kVillage3, kVillage4, village));
  list.set_result(v1::SAMPLE_RESULT_PENDING);
  EXPECT_THAT(Drawn(list, City()), ElementsAre(kVillage, kVillage4, village));
  list.set_result(v1::SAMPLE_RESULT_OK);
  EXPECT_THAT(Drawn(list, City()), ElementsAre(kVillage3));
  list.set_result(v1::SAMPLE_RESULT_ISSUE);
  EXPECT_THAT(Drawn(list, City()), ElementsAre(kVillage2));
  list.clear_result();
  list.set_region_code(kCounty);
  EXPECT_THAT(Drawn(list, City()), ElementsAre(kVillage, kVillage2, kVillage3, kVillage4));
  list.set_region_code(second);
  EXPECT_THAT(Drawn(list, Province()), ElementsAre(village));

  // With what a result says, and for whom the sample is there.
  list.set_region_code(kCounty);
  list.set_result(v1::SAMPLE_RESULT_ISSUE);
  ASSERT_OK_AND_ASSIGN(const auto issues,
                       Inventory<v1::ListSampleUnitsResponse>("ListSampleUnits", list, Province()));
  ASSERT_EQ(issues.units_size(), 1);
  EXPECT_EQ(issues.units(0).unit_report_id(), report(kVillage2));
  EXPECT_FALSE(issues.units(0).region_name().empty());
  EXPECT_EQ(issues.units(0).note(), "入户核对");
  EXPECT_TRUE(issues.units(0).issue());
  for (const std::string& token : {City("3608"), County()}) {
    EXPECT_THAT(Inventory<v1::ListSampleUnitsResponse>("ListSampleUnits", list, token),
                StatusIs(StatusCode::kNotFound));
  }
}

TEST_F(InventoryTest, R016_AnAnswerCarriesAThousandVillagesOfASample) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  server_.database().Run("UPDATE unit_report SET state = 5;\n");
  ASSERT_OK_AND_ASSIGN(v1::Sample sample, Draw(campaign.id(), "3607", City(), "seed", 10000));
  // As of a city of many villages.
  std::vector<mysql::Params> more;
  for (int i = 0; i < 1000; ++i) {
    more.push_back({*Ulid::Parse(sample.id()), server_.ids().Next(),
                    absl::StrCat(kOtherTownship, 300 + i % 600), 0, false, false, std::string()});
  }
  ASSERT_OK(mysql::BulkInsert(
      server_.database().db(), "sample_unit",
      "(sample_id, unit_report_id, region_path, stratum, has_result, issue, record)", more));
  ASSERT_OK(server_.database().db().Execute("UPDATE sample SET drawn = drawn + 1000"));
  sample = SampleOf(sample.id());
  EXPECT_EQ(sample.drawn(), 1004);
  EXPECT_EQ(sample.units_total(), 1004);
  EXPECT_EQ(sample.units_size(), 1000);
  ASSERT_OK_AND_ASSIGN(sample,
                       Result(sample.id(), Unit(campaign.id(), kVillage).id(), false, City()));
  EXPECT_EQ(sample.units_total(), 1004);
  EXPECT_EQ(sample.units_size(), 1000);
  v1::ListSampleUnitsRequest list;
  list.set_sample_id(sample.id());
  list.set_page_size(300);
  EXPECT_EQ(Drawn(list, City()).size(), 1004U);
}

TEST_F(InventoryTest, R016_WhatIsVerifiedAfterADrawIsDrawnFromBeforeItIsConfirmed) {
  // A second county of the same city.
  const std::string second = "360734";
  AddRegion(second, "寻乌县");
  AddRegion("360734101", "长宁镇");
  for (int i = 0; i < 12; ++i)
    AddRegion(absl::StrCat("360734101", 201 + i), absl::StrCat("第", i, "村"));
  StoreRegions();
  const v1::InventoryCampaign campaign = OpenCampaign("36", Province());
  const auto verify = [&](const std::string& county) {
    server_.database().Run(
        Cat("UPDATE unit_report SET state = 5 WHERE region_path LIKE '", county, "%';\n"));
  };
  const auto record = [&](const v1::Sample& sample) {
    for (const v1::SampleUnit& unit : sample.units()) {
      if (unit.has_result()) continue;
      ASSERT_OK(Result(sample.id(), unit.unit_report_id(), false, Province()));
    }
  };
  verify(kCounty);
  ASSERT_OK_AND_ASSIGN(v1::Sample sample, Draw(campaign.id(), "36", Province(), "seed", 3000));
  EXPECT_EQ(sample.population(), 4);
  EXPECT_EQ(sample.drawn(), 2);
  record(sample);
  EXPECT_THAT(Draw(campaign.id(), "36", Province()),
              StatusIs(StatusCode::kFailedPrecondition, "SAMPLE_EXISTS"));

  verify(second);
  for (const std::string& region : {second, std::string("3607")}) {
    const auto refused = Confirm(campaign.id(), region);
    EXPECT_THAT(refused, StatusIs(StatusCode::kFailedPrecondition, "SAMPLE_INCOMPLETE"));
    EXPECT_EQ(GetErrorDetail(refused.status()).metadata["not_covered"], "12");
  }
  // The first one is not held up by it, and what it had drawn still counts in the draws to come.
  ASSERT_OK_AND_ASSIGN(auto confirmed, Confirm(campaign.id(), kCounty));
  EXPECT_EQ(confirmed.confirmed(), 4);

  std::set<std::string> expected;
  for (const v1::SampleUnit& unit : sample.units()) expected.insert(unit.unit_report_id());
  std::vector<SampleCandidate> population;
  std::map<std::string, std::string> villages;
  for (const auto& unit : Units(campaign.id())) {
    if (unit.region_path().substr(0, 4) != "3607") continue;
    population.push_back({unit.id(), 0});
    villages[unit.id()] = unit.region_path();
  }
  ASSERT_EQ(population.size(), 16U);
  int later = 0;
  for (const std::string& id : DrawSample(population, "seed", 3000)) {
    if (villages[id].substr(0, 6) != second) continue;
    expected.insert(id);
    ++later;
  }
  ASSERT_GT(later, 0);  // five are drawn of the sixteen, and four lie elsewhere
  EXPECT_THAT(Draw(campaign.id(), "36", Province(), "", 5000), HasViolation("rate_bp"));
  const std::string first = sample.id();
  ASSERT_OK_AND_ASSIGN(sample, Draw(campaign.id(), "36", Province()));
  EXPECT_EQ(sample.id(), first);
  EXPECT_EQ(sample.seed(), "seed");
  EXPECT_EQ(sample.rate_bp(), 3000);
  EXPECT_EQ(sample.population(), 16);
  EXPECT_EQ(sample.population_sha256(), PopulationDigest(population));
  EXPECT_EQ(sample.drawn(), 2 + later);
  std::set<std::string> drawn;
  for (const v1::SampleUnit& unit : sample.units()) drawn.insert(unit.unit_report_id());
  EXPECT_EQ(drawn, expected);
  EXPECT_THAT(Draw(campaign.id(), "36", Province()),
              StatusIs(StatusCode::kFailedPrecondition, "SAMPLE_EXISTS"));

  // Drawn alone is no result.
  const auto missing = Confirm(campaign.id(), second);
  EXPECT_THAT(missing, StatusIs(StatusCode::kFailedPrecondition, "SAMPLE_INCOMPLETE"));
  EXPECT_EQ(GetErrorDetail(missing.status()).metadata["missing"], absl::StrCat(later));
  record(sample);
  ASSERT_OK_AND_ASSIGN(confirmed, Confirm(campaign.id(), second));
  EXPECT_EQ(confirmed.confirmed(), 12);
}

TEST_F(InventoryTest, R016_SamplesFromBeforeHaveWhatStoodVerifiedWhenTheyWereDrawn) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  for (const char* village : {kVillage, kVillage2, kVillage4}) Verify(campaign.id(), village);
  ASSERT_OK(Return(Unit(campaign.id(), kVillage4), City()));
  server_.clock().Advance(absl::Hours(1));
  ASSERT_OK_AND_ASSIGN(const v1::Sample sample, Draw(campaign.id(), "3607", City(), "seed", 1));
  EXPECT_EQ(sample.drawn(), 1);
  server_.clock().Advance(absl::Hours(1));
  Verify(campaign.id(), kVillage3);
  const auto members = [&] {
    std::vector<std::string> out;
    auto rows = server_.database().db().Query(
        "SELECT u.region_path FROM sample_population p JOIN unit_report u ON u.id = "
        "p.unit_report_id ORDER BY u.region_path");
    EXPECT_OK(rows);
    for (const mysql::Row& row : *rows) out.push_back(row.String(0));
    return out;
  };
  EXPECT_THAT(members(), ElementsAre(kVillage, kVillage2));
  // As a schema that had no populations finds it.
  std::string fill;
  for (const migrate::Migration& step : RegistryMigrations()) {
    if (step.name == "sample_populations") {
      fill = step.sql.substr(step.sql.find("INSERT INTO sample_population"));
    }
  }
  ASSERT_FALSE(fill.empty());
  server_.database().Run("DELETE FROM sample_population;\n");
  server_.database().Run(fill);
  EXPECT_THAT(members(), ElementsAre(kVillage, kVillage2));
}

TEST_F(InventoryTest, R118_EveryLevelDoesItsOwnAndNoOther) {
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

TEST_F(InventoryTest, R119_TheCitySamplesAndReturnsAndEditsNothing) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  ASSERT_OK(Register(NewProject("油茶")));
  EXPECT_THAT(Register(NewProject("市里登记"), City()), StatusIs(StatusCode::kPermissionDenied));
  v1::InventoryUnitReport unit = Unit(campaign.id(), kVillage);
  v1::SaveUnitReportDraftRequest draft;
  draft.set_request_id(RequestId());
  draft.set_id(unit.id());
  draft.set_etag(unit.etag());
  EXPECT_THAT(Inventory<v1::InventoryUnitReport>("SaveUnitReportDraft", draft, City()),
              StatusIs(StatusCode::kPermissionDenied));
  // Below the county's verification there is nothing for the city to take back.
  EXPECT_THAT(Return(unit, City()), StatusIs(StatusCode::kFailedPrecondition, "STATE_NOT_ALLOWED"));
  Verify(campaign.id(), kVillage);
  ASSERT_OK_AND_ASSIGN(v1::Sample sample, Draw(campaign.id(), "3607", City(), "s", 10000));
  ASSERT_OK(Result(sample.id(), sample.units(0).unit_report_id(), true, City()));
  unit = Unit(campaign.id(), kVillage);
  EXPECT_EQ(unit.state(), v1::UNIT_REPORT_STATE_CITY_SAMPLED_ISSUE);
  EXPECT_THAT(Return(unit, City("3608")), StatusIs(StatusCode::kNotFound));
  ASSERT_OK_AND_ASSIGN(unit, Return(unit, City()));
  EXPECT_EQ(unit.current_return().from_level(), v1::REGION_LEVEL_CITY);
  EXPECT_EQ(unit.current_return().to_level(), v1::REGION_LEVEL_COUNTY);
}

TEST_F(InventoryTest, R015_ACountyOf170VillagesIsQuick) {
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

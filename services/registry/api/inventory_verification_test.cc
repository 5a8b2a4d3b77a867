// Joint verification of a village: the departments that its money asks for, their signatures, and
// who takes it back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "bangfu/registry/v1/inventory_service.pb.h"
#include "common/auth/caller.h"
#include "common/status/error.h"
#include "services/registry/api/inventory_for_test.h"

namespace bangfu::registry {
namespace {

using absl::StatusCode;
using ::testing::ElementsAre;

class InventoryVerificationTest : public InventoryTest {};

TEST_F(InventoryVerificationTest, R017_ADepartmentSignsForItsOwnMoneyOnly) {
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

TEST_F(InventoryVerificationTest, R017_ASignatureNamesTheGrantThatItWasGivenUnder) {
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
      "'VerificationService.SignVerification'");
  ASSERT_OK(rows);
  ASSERT_EQ(rows->size(), 1u);
  EXPECT_EQ((*rows)[0].String(0), "ROLE_FINANCE_OFFICER");
  EXPECT_EQ((*rows)[0].String(1), "3607");
}

TEST_F(InventoryVerificationTest, R017_TheDepartmentsComeFromTheMoney) {
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
  corrected.set_reported_text("not asked for");
  corrected.set_verified_text("半迳村股份经济合作社");
  corrected.set_action(v1::FINDING_ACTION_CORRECTED);
  ASSERT_OK_AND_ASSIGN(task,
                       Sign(unit.id(), task.etag(), "FINANCE", Sector(), {disputed, corrected}));
  // What was reported is on record: the project says it (R129).
  std::map<std::string, std::string> reported;
  for (const auto& f : task.findings()) reported[f.field()] = f.reported_text();
  EXPECT_EQ(reported["implementing_org"], "村民委员会");
  EXPECT_EQ(reported["planned_total"], "");
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

// A finding is about a value, a value of several parts, one in a list or the whole project; what is
// personal is not spread by it.
TEST_F(InventoryVerificationTest, R129_AFindingHasWhatTheProjectReported) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  v1::Project some = NewProject("以工代赈茶园");
  some.mutable_planned_total()->set_fen(60'000'000);
  some.mutable_planned_total()->set_text("60万元");
  some.mutable_planned_total()->set_parse_state(type::v1::AMOUNT_PARSE_STATE_EXACT);
  some.set_filler_phone("13807971234");
  ASSERT_OK_AND_ASSIGN(const v1::Project project, Register(some));
  ASSERT_OK_AND_ASSIGN(auto unit, Submit(Unit(campaign.id(), kVillage), false));
  ASSERT_OK_AND_ASSIGN(unit, Pass(unit));
  std::vector<v1::VerificationFinding> findings;
  for (const char* field :
       {"", "year", "project_type", "planned_total", "planned_total.fen",
        "declared_funding[0].amount.fen", "plan", "filler_phone", "work_for_relief"}) {
    v1::VerificationFinding& finding = findings.emplace_back();
    finding.set_project_id(project.id());
    finding.set_field(field);
    finding.set_action(v1::FINDING_ACTION_CONFIRMED);
  }
  ASSERT_OK_AND_ASSIGN(const v1::VerificationTask task,
                       Sign(unit.id(), unit.etag(), "AGRICULTURE", County(), findings));
  std::map<std::string, std::string> reported;
  for (const auto& f : task.findings()) reported[f.field()] = f.reported_text();
  EXPECT_THAT(reported,
              ::testing::UnorderedElementsAre(
                  ::testing::Pair("", ""), ::testing::Pair("year", "2021"),
                  ::testing::Pair("project_type", "PLANTING"),
                  ::testing::Pair("planned_total", "60000000；60万元"),
                  ::testing::Pair("planned_total.fen", "60000000"),
                  ::testing::Pair("declared_funding[0].amount.fen", "50000000"),
                  ::testing::Pair("plan", ""), ::testing::Pair("filler_phone", "138****1234"),
                  ::testing::Pair("work_for_relief", "")));
}

// Verified anew, what the first verification corrected is in the project: it is not what the report
// reported, unless the project was amended since.
TEST_F(InventoryVerificationTest, R129_WhatWasReportedIsNotAnEarlierCorrection) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  ASSERT_OK_AND_ASSIGN(const v1::Project project, Register(NewProject("油茶")));
  ASSERT_OK_AND_ASSIGN(auto unit, Submit(Unit(campaign.id(), kVillage), false));
  ASSERT_OK_AND_ASSIGN(unit, Pass(unit));
  v1::VerificationFinding corrected;
  corrected.set_project_id(project.id());
  corrected.set_field("implementing_org");
  corrected.set_action(v1::FINDING_ACTION_CORRECTED);
  const auto verify = [&](const std::string& org) -> std::string {
    corrected.set_verified_text(org);
    auto task = Sign(unit.id(), Task(unit.id()).etag(), "AGRICULTURE", County(), {corrected});
    EXPECT_OK(task);
    if (!task.ok()) return "";
    EXPECT_OK(Complete(unit.id(), task->etag()));
    EXPECT_EQ(GetProject(project.id()).implementing_org(), org);
    EXPECT_OK(Return(Unit(campaign.id(), kVillage), City()));
    return task->findings(task->findings_size() - 1).reported_text();
  };
  EXPECT_EQ(verify("半迳村股份经济合作社"), "村民委员会");
  EXPECT_EQ(verify("水东村股份经济合作社"), "村民委员会");
  EXPECT_EQ(verify("会昌县水利局"), "村民委员会");
}

TEST_F(InventoryVerificationTest, R016_NothingIsTakenBackBelowWhatStandsApprovedAbove) {
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

TEST_F(InventoryVerificationTest, R016_TheCountyTakesItsOwnVerificationBack) {
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

}  // namespace
}  // namespace bangfu::registry

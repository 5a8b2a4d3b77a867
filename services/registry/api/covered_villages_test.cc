// Projects that lie in several villages, and what the joint verification makes of them: whose
// report they open again, who settles what was disputed, and how corrections are written.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <thread>

#include "bangfu/registry/v1/reference_service.pb.h"
#include "common/testing/at_once.h"
#include "services/registry/api/inventory_fixture.h"

namespace bangfu::registry {
namespace {

using absl::StatusCode;
using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

class CoveredVillagesTest : public RegistryFixture {
 protected:
  // A project of two villages that the first one's verification, which is complete, disputes.
  v1::Project DisputedInTheFirstOfTwo(const std::string& campaign) {
    v1::Project both = NewProject("两村冷链");
    both.add_covered_regions()->set_region_code(kVillage2);
    auto project = Register(both);
    EXPECT_OK(project);
    auto unit = Submit(Unit(campaign, kVillage), false);
    EXPECT_OK(unit);
    unit = Pass(*unit);
    EXPECT_OK(unit);
    v1::VerificationFinding disputed;
    disputed.set_project_id(project->id());
    disputed.set_field("planned_total");
    disputed.set_action(v1::FINDING_ACTION_DISPUTED);
    const auto task = Sign(unit->id(), unit->etag(), "AGRICULTURE", County(), {disputed});
    EXPECT_OK(task);
    EXPECT_OK(Complete(unit->id(), task->etag()));
    return *project;
  }
  // Submitted and passed by the township.
  v1::InventoryUnitReport Passed(const std::string& campaign, const std::string& village) {
    auto unit = Submit(Unit(campaign, village), false);
    EXPECT_OK(unit);
    unit = Pass(*unit);
    EXPECT_OK(unit);
    return *unit;
  }
  static v1::VerificationFinding Found(const v1::Project& project, v1::FindingAction action) {
    v1::VerificationFinding finding;
    finding.set_project_id(project.id());
    finding.set_field("workers");
    finding.set_verified_text("12");
    finding.set_action(action);
    return finding;
  }
  static auth::Grant GrantOf(auth::Role role, std::string_view region) {
    auth::Grant grant;
    grant.role = role;
    grant.region_path = region;
    return grant;
  }
  std::string With(const std::string& person, std::vector<auth::Grant> grants) {
    auth::Caller caller;
    caller.subject = person;
    caller.grants = std::move(grants);
    return server_.Token(caller);
  }
};

TEST_F(CoveredVillagesTest, AProjectOfATownshipIsVerifiedThroughAVillageThatItCovers) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  v1::Project wide = NewProject("乡里的冷链", kTownship);
  EXPECT_THAT(Register(wide), HasViolation("project.covered_regions"));
  wide.add_covered_regions()->set_region_code(kOtherTownship);
  EXPECT_THAT(Register(wide), HasViolation("project.covered_regions"));
  wide.add_covered_regions()->set_region_code(kVillage);
  wide.add_covered_regions()->set_region_code(kVillage2);
  // The township registers it in the campaign of its villages.
  ASSERT_OK_AND_ASSIGN(v1::Project project, Register(wide, Township()));
  EXPECT_EQ(project.campaign_id(), campaign.id());
  // A change may not take the villages away.
  v1::UpdateProjectRequest update;
  update.set_request_id(RequestId());
  update.set_id(project.id());
  update.set_etag(project.etag());
  update.mutable_update_mask()->add_paths("covered_regions");
  update.mutable_project();
  EXPECT_THAT(Call<v1::Project>("ProjectService", "UpdateProject", update, County()),
              HasViolation("project.covered_regions"));

  EXPECT_EQ(Unit(campaign.id(), kVillage).project_count(), 1);
  EXPECT_EQ(Unit(campaign.id(), kVillage2).project_count(), 1);
  EXPECT_EQ(Unit(campaign.id(), kVillage3).project_count(), 0);
  Verify(campaign.id(), kVillage);
  project = GetProject(project.id());
  EXPECT_EQ(project.verification_state(), v1::VERIFICATION_STATE_COUNTY_VERIFIED);
  EXPECT_EQ(Unit(campaign.id(), kVillage2).verified_count(), 1);
  // It is verified once: the second village finds it so.
  Verify(campaign.id(), kVillage2);
  EXPECT_EQ(GetProject(project.id()).etag(), project.etag());
  // Its money draws the villages that it covers.
  Verify(campaign.id(), kVillage3);
  ASSERT_OK_AND_ASSIGN(const v1::Sample sample, Draw(campaign.id(), "3607", City(), "seed", 10000));
  std::map<std::string, int> strata;
  for (const auto& unit : sample.units()) strata[unit.region_path()] = unit.stratum();
  EXPECT_EQ(strata, (std::map<std::string, int>{{kVillage, 2}, {kVillage2, 2}, {kVillage3, 0}}));
}

TEST_F(CoveredVillagesTest, WhatOneVillageDisputesTheNextDoesNotSettle) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  const v1::Project project = DisputedInTheFirstOfTwo(campaign.id());
  EXPECT_EQ(GetProject(project.id()).verification_state(), v1::VERIFICATION_STATE_DISPUTED);
  Verify(campaign.id(), kVillage2);
  EXPECT_EQ(GetProject(project.id()).verification_state(), v1::VERIFICATION_STATE_DISPUTED);
  // Verified anew where it was disputed, it is settled.
  server_.clock().Advance(absl::Hours(1));
  ASSERT_OK_AND_ASSIGN(auto unit, Return(Unit(campaign.id(), kVillage), City()));
  ASSERT_OK_AND_ASSIGN(auto task, Sign(unit.id(), unit.etag(), "AGRICULTURE", County()));
  ASSERT_OK(Complete(unit.id(), task.etag()));
  EXPECT_EQ(GetProject(project.id()).verification_state(), v1::VERIFICATION_STATE_COUNTY_VERIFIED);
}

TEST_F(CoveredVillagesTest, ADisputeStandsWhateverBecomesOfAnotherReport) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  const v1::Project project = DisputedInTheFirstOfTwo(campaign.id());
  Verify(campaign.id(), kVillage2);
  const auto again = [&](const std::string& village, v1::VerificationState meanwhile) {
    server_.clock().Advance(absl::Hours(1));
    ASSERT_OK_AND_ASSIGN(auto returned, Return(Unit(campaign.id(), village), City()));
    EXPECT_EQ(GetProject(project.id()).verification_state(), meanwhile);
    ASSERT_OK_AND_ASSIGN(auto signed_again,
                         Sign(returned.id(), returned.etag(), "AGRICULTURE", County()));
    ASSERT_OK(Complete(returned.id(), signed_again.etag()));
  };
  // Sent back and verified anew, the second village's report still does not settle the first's.
  again(kVillage2, v1::VERIFICATION_STATE_DISPUTED);
  EXPECT_EQ(GetProject(project.id()).verification_state(), v1::VERIFICATION_STATE_DISPUTED);
  // What was disputed in a round that is over is disputed no more, there and elsewhere.
  again(kVillage, v1::VERIFICATION_STATE_UNVERIFIED);
  EXPECT_EQ(GetProject(project.id()).verification_state(), v1::VERIFICATION_STATE_COUNTY_VERIFIED);
  again(kVillage2, v1::VERIFICATION_STATE_COUNTY_VERIFIED);
  EXPECT_EQ(GetProject(project.id()).verification_state(), v1::VERIFICATION_STATE_COUNTY_VERIFIED);
}

TEST_F(CoveredVillagesTest, WhatAnotherReportVerifiedStandsWhenOneIsTakenBack) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  v1::Project wide = NewProject("两村冷链");
  wide.add_covered_regions()->set_region_code(kVillage2);
  ASSERT_OK_AND_ASSIGN(const v1::Project both, Register(wide));
  ASSERT_OK_AND_ASSIGN(const v1::Project narrow, Register(NewProject("油茶", kVillage2)));
  const auto state = [&](const v1::Project& project) {
    return GetProject(project.id()).verification_state();
  };
  const auto recall = [&](const std::string& village, int verified) {
    server_.clock().Advance(absl::Hours(1));
    const auto recalled = Recall(Unit(campaign.id(), village));
    ASSERT_OK(recalled);
    EXPECT_EQ(recalled->verified_count(), verified);
  };
  const auto verify_again = [&](const std::string& village,
                                const std::vector<v1::VerificationFinding>& findings) {
    server_.clock().Advance(absl::Hours(1));
    const v1::InventoryUnitReport unit = Unit(campaign.id(), village);
    ASSERT_OK_AND_ASSIGN(const auto task,
                         Sign(unit.id(), unit.etag(), "AGRICULTURE", County(), findings));
    ASSERT_OK(Complete(unit.id(), task.etag()));
  };
  Verify(campaign.id(), kVillage);
  server_.clock().Advance(absl::Hours(1));
  Verify(campaign.id(), kVillage2);
  ASSERT_EQ(state(both), v1::VERIFICATION_STATE_COUNTY_VERIFIED);
  const std::string etag = GetProject(both.id()).etag();
  recall(kVillage2, 1);
  EXPECT_EQ(state(both), v1::VERIFICATION_STATE_COUNTY_VERIFIED);
  EXPECT_EQ(GetProject(both.id()).etag(), etag);
  EXPECT_EQ(state(narrow), v1::VERIFICATION_STATE_UNVERIFIED);
  // No report is left that stands for it.
  recall(kVillage, 0);
  EXPECT_EQ(state(both), v1::VERIFICATION_STATE_UNVERIFIED);

  // A report from before an amendment does not stand for what was amended.
  verify_again(kVillage, {});
  server_.clock().Advance(absl::Hours(1));
  v1::UpdateProjectRequest amend;
  amend.set_request_id(RequestId());
  amend.set_id(both.id());
  amend.set_etag(GetProject(both.id()).etag());
  amend.mutable_project()->set_name("两村冷链库");
  amend.mutable_update_mask()->add_paths("name");
  amend.set_reason("名称有误");
  ASSERT_OK(Call<v1::Project>("ProjectService", "UpdateProject", amend, County()));
  ASSERT_EQ(state(both), v1::VERIFICATION_STATE_UNVERIFIED);
  verify_again(kVillage2, {});
  ASSERT_EQ(state(both), v1::VERIFICATION_STATE_COUNTY_VERIFIED);
  recall(kVillage2, 0);
  EXPECT_EQ(state(both), v1::VERIFICATION_STATE_UNVERIFIED);

  // Nor one from before the report that is taken back corrected it.
  recall(kVillage, 0);
  verify_again(kVillage, {});
  verify_again(kVillage2, {Found(both, v1::FINDING_ACTION_CORRECTED)});
  ASSERT_EQ(state(both), v1::VERIFICATION_STATE_COUNTY_VERIFIED);
  recall(kVillage2, 0);
  EXPECT_EQ(state(both), v1::VERIFICATION_STATE_UNVERIFIED);
}

TEST_F(CoveredVillagesTest, WhoeverSawNoCorrectionDoesNotStandForIt) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  v1::Project wide = NewProject("三村冷链");
  wide.add_covered_regions()->set_region_code(kVillage2);
  wide.add_covered_regions()->set_region_code(kVillage3);
  ASSERT_OK_AND_ASSIGN(const v1::Project project, Register(wide));
  const auto state = [&] { return GetProject(project.id()).verification_state(); };
  const auto recall = [&](const std::string& village) {
    server_.clock().Advance(absl::Hours(1));
    ASSERT_OK(Recall(Unit(campaign.id(), village)));
  };
  const auto verify = [&](const v1::InventoryUnitReport& unit,
                          const std::vector<v1::VerificationFinding>& findings) {
    server_.clock().Advance(absl::Hours(1));
    ASSERT_OK_AND_ASSIGN(const auto task,
                         Sign(unit.id(), unit.etag(), "AGRICULTURE", County(), findings));
    ASSERT_OK(Complete(unit.id(), task.etag()));
  };
  verify(Passed(campaign.id(), kVillage), {});
  // The second corrects it, the third sees it corrected; the first saw what it said before.
  verify(Passed(campaign.id(), kVillage2), {Found(project, v1::FINDING_ACTION_CORRECTED)});
  verify(Passed(campaign.id(), kVillage3), {});
  ASSERT_EQ(GetProject(project.id()).workers(), 12);
  recall(kVillage2);
  EXPECT_EQ(state(), v1::VERIFICATION_STATE_COUNTY_VERIFIED);
  recall(kVillage3);
  EXPECT_EQ(state(), v1::VERIFICATION_STATE_UNVERIFIED);

  // The report that corrected it in a round before has seen it when it is verified anew.
  verify(Unit(campaign.id(), kVillage3), {});
  verify(Unit(campaign.id(), kVillage2), {});
  ASSERT_EQ(state(), v1::VERIFICATION_STATE_COUNTY_VERIFIED);
  recall(kVillage3);
  EXPECT_EQ(state(), v1::VERIFICATION_STATE_COUNTY_VERIFIED);
  // The first again is not enough.
  recall(kVillage2);
  EXPECT_EQ(state(), v1::VERIFICATION_STATE_UNVERIFIED);
}

TEST_F(CoveredVillagesTest, ACorrectionStandsWithTheReportThatMadeIt) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  v1::Project wide = NewProject("三村冷链");
  wide.add_covered_regions()->set_region_code(kVillage2);
  wide.add_covered_regions()->set_region_code(kVillage3);
  ASSERT_OK_AND_ASSIGN(const v1::Project project, Register(wide));
  for (const char* village : {kVillage, kVillage2, kVillage3}) {
    const v1::InventoryUnitReport unit = Passed(campaign.id(), village);
    server_.clock().Advance(absl::Hours(1));
    std::vector<v1::VerificationFinding> findings;
    if (village == std::string(kVillage2)) {
      findings.push_back(Found(project, v1::FINDING_ACTION_CORRECTED));
    }
    ASSERT_OK_AND_ASSIGN(const auto task,
                         Sign(unit.id(), unit.etag(), "AGRICULTURE", County(), findings));
    ASSERT_OK(Complete(unit.id(), task.etag()));
  }
  for (const char* village : {kVillage3, kVillage}) {
    server_.clock().Advance(absl::Hours(1));
    ASSERT_OK(Recall(Unit(campaign.id(), village)));
    EXPECT_EQ(GetProject(project.id()).verification_state(),
              v1::VERIFICATION_STATE_COUNTY_VERIFIED);
  }
  server_.clock().Advance(absl::Hours(1));
  ASSERT_OK(Recall(Unit(campaign.id(), kVillage2)));
  EXPECT_EQ(GetProject(project.id()).verification_state(), v1::VERIFICATION_STATE_UNVERIFIED);
}

TEST_F(CoveredVillagesTest, AnotherCountyTakesBackWhatItSaidAlone) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  const v1::InventoryCampaign other = OpenCampaign(kOtherCounty, Approver(kOtherCounty));
  v1::Project wide = NewProject("跨县冷链");
  wide.add_covered_regions()->set_region_code(kOtherVillage);
  ASSERT_OK_AND_ASSIGN(const v1::Project project, Register(wide));
  const auto verify_other = [&](const v1::InventoryUnitReport& unit) {
    ASSERT_OK_AND_ASSIGN(const auto task, Sign(unit.id(), unit.etag(), "AGRICULTURE",
                                               County("lead-other", kOtherCounty)));
    ASSERT_OK(Complete(unit.id(), task.etag(), County("other", kOtherCounty)));
  };
  Verify(campaign.id(), kVillage);
  server_.clock().Advance(absl::Hours(1));
  verify_other(Passed(other.id(), kOtherVillage));
  server_.clock().Advance(absl::Hours(1));
  ASSERT_OK(Recall(Unit(other.id(), kOtherVillage), County("operator", kOtherCounty)));
  EXPECT_EQ(GetProject(project.id()).verification_state(), v1::VERIFICATION_STATE_COUNTY_VERIFIED);

  // Nor does it settle what the county that leads it disputes.
  ASSERT_OK_AND_ASSIGN(const auto unit, Recall(Unit(campaign.id(), kVillage)));
  ASSERT_EQ(GetProject(project.id()).verification_state(), v1::VERIFICATION_STATE_UNVERIFIED);
  ASSERT_OK_AND_ASSIGN(const auto task, Sign(unit.id(), unit.etag(), "AGRICULTURE", County(),
                                             {Found(project, v1::FINDING_ACTION_DISPUTED)}));
  ASSERT_OK(Complete(unit.id(), task.etag()));
  verify_other(Unit(other.id(), kOtherVillage));
  EXPECT_EQ(GetProject(project.id()).verification_state(), v1::VERIFICATION_STATE_DISPUTED);
  server_.clock().Advance(absl::Hours(1));
  ASSERT_OK(Recall(Unit(other.id(), kOtherVillage), County("operator", kOtherCounty)));
  EXPECT_EQ(GetProject(project.id()).verification_state(), v1::VERIFICATION_STATE_DISPUTED);
}

TEST_F(CoveredVillagesTest, ADisputeOfAnEarlierCampaignIsSettledByTheNext) {
  const v1::InventoryCampaign last = OpenCampaign();
  ASSERT_OK_AND_ASSIGN(const v1::Project project, Register(NewProject("油茶")));
  ASSERT_OK_AND_ASSIGN(auto unit, Submit(Unit(last.id(), kVillage), false));
  ASSERT_OK_AND_ASSIGN(unit, Pass(unit));
  v1::VerificationFinding disputed;
  disputed.set_project_id(project.id());
  disputed.set_field("planned_total");
  disputed.set_action(v1::FINDING_ACTION_DISPUTED);
  ASSERT_OK_AND_ASSIGN(auto task,
                       Sign(unit.id(), unit.etag(), "AGRICULTURE", County(), {disputed}));
  ASSERT_OK(Complete(unit.id(), task.etag()));
  ASSERT_EQ(GetProject(project.id()).verification_state(), v1::VERIFICATION_STATE_DISPUTED);
  v1::CloseCampaignRequest close;
  close.set_request_id(RequestId());
  close.set_id(last.id());
  close.set_etag(last.etag());
  close.set_force(true);
  close.set_reason("转入下一批次");
  ASSERT_OK(Inventory<v1::InventoryCampaign>("CloseCampaign", close, Approver()));
  const v1::InventoryCampaign next = OpenCampaign();
  Verify(next.id(), kVillage);
  EXPECT_EQ(GetProject(project.id()).verification_state(), v1::VERIFICATION_STATE_COUNTY_VERIFIED);
}

TEST_F(CoveredVillagesTest, WhatIsNoProjectOfTheVillageAnyMoreIsLeftAsItIs) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  ASSERT_OK_AND_ASSIGN(const v1::Project gone, Register(NewProject("作废的油茶")));
  ASSERT_OK_AND_ASSIGN(const v1::Project stays, Register(NewProject("油茶")));
  v1::Project wide = NewProject("两村冷链", kVillage2);
  wide.add_covered_regions()->set_region_code(kVillage);
  ASSERT_OK_AND_ASSIGN(const v1::Project left, Register(wide));
  ASSERT_OK_AND_ASSIGN(auto unit, Submit(Unit(campaign.id(), kVillage), false));
  ASSERT_OK_AND_ASSIGN(unit, Pass(unit));
  std::vector<v1::VerificationFinding> findings;
  for (const v1::Project* p : {&gone, &stays, &left}) {
    v1::VerificationFinding& f = findings.emplace_back();
    f.set_project_id(p->id());
    f.set_field("implementing_org");
    f.set_verified_text("股份经济合作社");
    f.set_action(v1::FINDING_ACTION_CORRECTED);
  }
  ASSERT_OK_AND_ASSIGN(auto task, Sign(unit.id(), unit.etag(), "AGRICULTURE", County(), findings));
  v1::VoidProjectRequest drop;
  drop.set_request_id(RequestId());
  drop.set_id(gone.id());
  drop.set_etag(gone.etag());
  drop.set_reason("重复登记");
  ASSERT_OK(Call<v1::Project>("ProjectService", "VoidProject", drop, County()));
  v1::UpdateProjectRequest uncover;
  uncover.set_request_id(RequestId());
  uncover.set_id(left.id());
  uncover.set_etag(left.etag());
  uncover.mutable_update_mask()->add_paths("covered_regions");
  uncover.mutable_project();
  ASSERT_OK(Call<v1::Project>("ProjectService", "UpdateProject", uncover, County()));
  ASSERT_OK(Complete(unit.id(), task.etag()));
  EXPECT_EQ(GetProject(stays.id()).implementing_org(), "股份经济合作社");
  EXPECT_EQ(GetProject(stays.id()).verification_state(), v1::VERIFICATION_STATE_COUNTY_VERIFIED);
  for (const v1::Project* p : {&gone, &left}) {
    const v1::Project now = GetProject(p->id());
    EXPECT_EQ(now.implementing_org(), "村民委员会") << now.name();
    EXPECT_EQ(now.verification_state(), v1::VERIFICATION_STATE_UNVERIFIED) << now.name();
  }
  EXPECT_EQ(Unit(campaign.id(), kVillage).verified_count(), 1);
}

// A report takes a grant for everything; what is corrected are projects, each by a grant for it.
TEST_F(CoveredVillagesTest, WhatAnotherCountyLeadsIsCorrectedByAGrantForItsMoney) {
  OpenCampaign();
  const v1::InventoryCampaign other = OpenCampaign(kOtherCounty, Approver(kOtherCounty));
  v1::Project wide = NewProject("跨县冷链");
  wide.add_covered_regions()->set_region_code(kOtherVillage);
  ASSERT_OK_AND_ASSIGN(const v1::Project project, Register(wide));
  const v1::InventoryUnitReport unit = Passed(other.id(), kOtherVillage);
  const auto of = [&](const std::string& source) {
    return With("of-two", {GrantOf(options::v1::ROLE_COUNTY_OPERATOR, kOtherCounty),
                           RegistryFixture::OfSource(source)});
  };
  const v1::VerificationFinding corrected = Found(project, v1::FINDING_ACTION_CORRECTED);
  EXPECT_THAT(Sign(unit.id(), unit.etag(), "AGRICULTURE", of("LOTTERY"), {corrected}),
              StatusIs(StatusCode::kPermissionDenied, "SCOPE_EXCLUDES"));
  const std::string source = project.declared_funding(0).source_code();
  ASSERT_OK_AND_ASSIGN(const auto task,
                       Sign(unit.id(), unit.etag(), "AGRICULTURE", of(source), {corrected}));
  EXPECT_THAT(Complete(unit.id(), task.etag(), of("LOTTERY")),
              StatusIs(StatusCode::kPermissionDenied, "SCOPE_EXCLUDES"));
  ASSERT_OK(Complete(unit.id(), task.etag(), of(source)));
  const v1::Project written = GetProject(project.id());
  EXPECT_EQ(written.workers(), 12);
  EXPECT_EQ(written.updated_by().region_path(), kCounty);
}

TEST_F(CoveredVillagesTest, WhatAnotherCountyLeadsIsDisputedNotCorrected) {
  OpenCampaign();
  const v1::InventoryCampaign other = OpenCampaign(kOtherCounty, Approver(kOtherCounty));
  v1::Project wide = NewProject("跨县冷链");
  wide.add_covered_regions()->set_region_code(kOtherVillage);
  ASSERT_OK_AND_ASSIGN(const v1::Project project, Register(wide));
  ASSERT_OK_AND_ASSIGN(const v1::Project own, Register(NewProject("油茶", kOtherVillage),
                                                       County("operator", kOtherCounty)));
  const v1::InventoryUnitReport unit = Passed(other.id(), kOtherVillage);
  const v1::VerificationFinding corrected = Found(project, v1::FINDING_ACTION_CORRECTED);
  const v1::VerificationFinding disputed = Found(project, v1::FINDING_ACTION_DISPUTED);
  const std::string lead = County("lead-other", kOtherCounty);

  const auto refused = Sign(unit.id(), unit.etag(), "AGRICULTURE", lead, {corrected});
  ASSERT_THAT(refused, StatusIs(StatusCode::kPermissionDenied, "NOT_LEAD_REGION"));
  EXPECT_NE(GetErrorDetail(refused.status()).message_zh.find("有争议"), std::string::npos);
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM verification_finding"), 0);
  // Nobody of the county could complete what a verifier of the province signed.
  EXPECT_THAT(Sign(unit.id(), unit.etag(), "AGRICULTURE",
                   With("of-province", {GrantOf(options::v1::ROLE_SECTOR_VERIFIER, "36"),
                                        GrantOf(options::v1::ROLE_COUNTY_OPERATOR, kOtherCounty)}),
                   {corrected}),
              StatusIs(StatusCode::kPermissionDenied, "NOT_LEAD_REGION"));
  // Whoever holds a role in both may sign with it; completing writes it, in its own name.
  const std::string both = With("of-two", {GrantOf(options::v1::ROLE_COUNTY_OPERATOR, kOtherCounty),
                                           GrantOf(options::v1::ROLE_COUNTY_OPERATOR, kCounty)});
  ASSERT_OK_AND_ASSIGN(auto task, Sign(unit.id(), unit.etag(), "AGRICULTURE", both,
                                       {corrected, Found(own, v1::FINDING_ACTION_CORRECTED)}));
  EXPECT_THAT(Complete(unit.id(), task.etag(), lead),
              StatusIs(StatusCode::kPermissionDenied, "NOT_LEAD_REGION"));
  EXPECT_EQ(GetProject(project.id()).workers(), 0);
  EXPECT_EQ(GetProject(project.id()).etag(), project.etag());
  ASSERT_OK(Complete(unit.id(), task.etag(), both));
  const v1::Project written = GetProject(project.id());
  EXPECT_EQ(written.workers(), 12);
  EXPECT_EQ(written.updated_by().role(), "ROLE_COUNTY_OPERATOR");
  EXPECT_EQ(written.updated_by().region_path(), kCounty);

  // In the next round the other county alone: what it leads is corrected, the rest disputed.
  server_.clock().Advance(absl::Hours(1));
  ASSERT_OK_AND_ASSIGN(const auto again, Return(Unit(other.id(), kOtherVillage), City("3608")));
  v1::VerificationFinding of_own = Found(own, v1::FINDING_ACTION_CORRECTED);
  of_own.set_verified_text("15");
  ASSERT_OK_AND_ASSIGN(task,
                       Sign(again.id(), again.etag(), "AGRICULTURE", lead, {disputed, of_own}));
  ASSERT_OK(Complete(again.id(), task.etag(), lead));
  const v1::Project raised = GetProject(project.id());
  EXPECT_EQ(raised.verification_state(), v1::VERIFICATION_STATE_DISPUTED);
  EXPECT_EQ(raised.workers(), 12);
  // Under the grant by which the village's report was completed.
  EXPECT_EQ(raised.updated_by().role(), "ROLE_COUNTY_OPERATOR");
  EXPECT_EQ(raised.updated_by().region_path(), kOtherCounty);
  v1::GetProjectRequest get;
  get.set_id(own.id());
  ASSERT_OK_AND_ASSIGN(const auto verified,
                       Call<v1::Project>("ProjectService", "GetProject", get, lead));
  EXPECT_EQ(verified.workers(), 15);
}

TEST_F(CoveredVillagesTest, AProjectOfAnotherCountyOpensNoReportThatStands) {
  OpenCampaign();
  const v1::InventoryCampaign other = OpenCampaign(kOtherCounty, Approver(kOtherCounty));
  v1::Project wide = NewProject("跨县冷链");
  wide.add_covered_regions()->set_region_code(kOtherVillage);
  // A report that is not submitted takes the project in.
  ASSERT_OK(Register(wide));
  ASSERT_OK_AND_ASSIGN(const v1::Project own, Register(NewProject("油茶")));
  ASSERT_EQ(Unit(other.id(), kOtherVillage).state(), v1::UNIT_REPORT_STATE_DRAFT);
  ASSERT_OK_AND_ASSIGN(auto unit, Submit(Unit(other.id(), kOtherVillage), false));
  ASSERT_OK_AND_ASSIGN(unit, Pass(unit));
  ASSERT_OK_AND_ASSIGN(const auto task, Sign(unit.id(), unit.etag(), "AGRICULTURE",
                                             County("lead-other", kOtherCounty)));
  ASSERT_OK(Complete(unit.id(), task.etag(), County("other", kOtherCounty)));
  unit = Unit(other.id(), kOtherVillage);
  ASSERT_EQ(unit.state(), v1::UNIT_REPORT_STATE_COUNTY_VERIFIED);
  ASSERT_EQ(unit.project_count(), 1);

  const auto refused = [&](const auto& answer) {
    EXPECT_THAT(answer, StatusIs(StatusCode::kFailedPrecondition, "REPORT_LOCKED"));
    EXPECT_THAT(answer, HasViolation("project.covered_regions"));
    const v1::InventoryUnitReport now = Unit(other.id(), kOtherVillage);
    EXPECT_EQ(now.etag(), unit.etag());
    EXPECT_EQ(now.state(), v1::UNIT_REPORT_STATE_COUNTY_VERIFIED);
    EXPECT_TRUE(now.has_verified_at());
    EXPECT_EQ(now.project_count(), 1);
  };
  wide.set_name("跨县冷链二期");
  refused(Register(wide));
  // Nor one of the county that lies in no village and covers the other's alone.
  v1::Project led_by_county = wide;
  led_by_county.set_region_code(kCounty);
  refused(Register(led_by_county));
  v1::UpdateProjectRequest update;
  update.set_request_id(RequestId());
  update.set_id(own.id());
  update.set_etag(own.etag());
  update.mutable_update_mask()->add_paths("covered_regions");
  update.mutable_project()->add_covered_regions()->set_region_code(kOtherVillage);
  refused(Call<v1::Project>("ProjectService", "UpdateProject", update, County()));
  EXPECT_EQ(GetProject(own.id()).etag(), own.etag());

  // Who is the county's operator in both opens it again.
  auth::Caller both;
  both.subject = "operator-of-two";
  for (const char* county : {kCounty, kOtherCounty}) {
    auth::Grant& grant = both.grants.emplace_back();
    grant.role = options::v1::ROLE_COUNTY_OPERATOR;
    grant.region_path = county;
  }
  ASSERT_OK(Register(wide, server_.Token(both)));
  unit = Unit(other.id(), kOtherVillage);
  EXPECT_EQ(unit.state(), v1::UNIT_REPORT_STATE_DRAFT);
  EXPECT_EQ(unit.reopened(), 1);
  EXPECT_EQ(unit.project_count(), 2);
}

TEST_F(CoveredVillagesTest, ATownshipOpensNoSubmittedReportOfItsNeighbour) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  ASSERT_OK(Submit(Unit(campaign.id(), kVillage2), /*is_nil=*/true));
  ASSERT_OK(Submit(Unit(campaign.id(), kVillage4), /*is_nil=*/true));
  const v1::InventoryUnitReport neighbour = Unit(campaign.id(), kVillage4);
  v1::Project wide = NewProject("两乡冷链");
  wide.add_covered_regions()->set_region_code(kVillage4);
  EXPECT_THAT(Register(wide, Township()),
              StatusIs(StatusCode::kFailedPrecondition, "REPORT_LOCKED"));
  EXPECT_EQ(Unit(campaign.id(), kVillage4).etag(), neighbour.etag());
  EXPECT_TRUE(Unit(campaign.id(), kVillage4).is_nil());
  // Its own it opens, and the county opens both.
  v1::Project narrow = NewProject("一乡冷链");
  narrow.add_covered_regions()->set_region_code(kVillage2);
  ASSERT_OK(Register(narrow, Township()));
  EXPECT_EQ(Unit(campaign.id(), kVillage2).state(), v1::UNIT_REPORT_STATE_DRAFT);
  ASSERT_OK(Register(wide));
  EXPECT_EQ(Unit(campaign.id(), kVillage4).state(), v1::UNIT_REPORT_STATE_DRAFT);
}

TEST_F(CoveredVillagesTest, ANewProjectReopensTheReportOfEveryVillageThatItCovers) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  Verify(campaign.id(), kVillage2);  // nil
  ASSERT_OK(Register(NewProject("石背茶园", kVillage3)));
  Verify(campaign.id(), kVillage3);
  const v1::InventoryUnitReport nil = Unit(campaign.id(), kVillage2);
  ASSERT_TRUE(nil.is_nil());
  const auto open_work = [&](const std::string& unit) {
    return server_.database().Int(
        "SELECT COUNT(*) FROM work_item WHERE subject_id = ? AND open_mark = 1 AND kind = "
        "'UNIT_REPORT_SUBMIT'",
        {Ulid::Parse(unit).value_or(Ulid())});
  };
  EXPECT_EQ(open_work(nil.id()), 0);
  v1::Project wide = NewProject("三村冷链");
  wide.add_covered_regions()->set_region_code(kVillage2);
  wide.add_covered_regions()->set_region_code(kVillage3);
  // Nobody below the county opens again what the county has verified.
  EXPECT_THAT(Register(wide, Village()),
              StatusIs(StatusCode::kFailedPrecondition, "REPORT_LOCKED"));
  EXPECT_TRUE(Unit(campaign.id(), kVillage2).is_nil());
  const int64_t events = server_.database().Int("SELECT COUNT(*) FROM feed_outbox");
  const int64_t audits =
      server_.database().Int("SELECT COUNT(*) FROM audit_log WHERE aggregate_type = 'unit_report'");
  ASSERT_OK_AND_ASSIGN(v1::Project project, Register(wide));
  for (const char* village : {kVillage2, kVillage3}) {
    const v1::InventoryUnitReport again = Unit(campaign.id(), village);
    EXPECT_EQ(again.state(), v1::UNIT_REPORT_STATE_DRAFT) << village;
    EXPECT_FALSE(again.is_nil());
    EXPECT_EQ(again.reopened(), 1);
    EXPECT_EQ(open_work(again.id()), 1);
  }
  EXPECT_EQ(Unit(campaign.id(), kVillage).state(), v1::UNIT_REPORT_STATE_DRAFT);
  // An event and an audit row of each of the three reports, and the project's event.
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM feed_outbox"), events + 4);
  EXPECT_EQ(
      server_.database().Int("SELECT COUNT(*) FROM audit_log WHERE aggregate_type = 'unit_report'"),
      audits + 3);

  // A village that a change adds gets it as a new subject, the others do not.
  Verify(campaign.id(), kVillage4);
  const std::string etag = Unit(campaign.id(), kVillage2).etag();
  v1::UpdateProjectRequest update;
  update.set_request_id(RequestId());
  update.set_id(project.id());
  update.set_etag(project.etag());
  update.mutable_update_mask()->add_paths("covered_regions");
  for (const char* village : {kVillage2, kVillage3, kVillage4}) {
    update.mutable_project()->add_covered_regions()->set_region_code(village);
  }
  ASSERT_OK(Call<v1::Project>("ProjectService", "UpdateProject", update, County()));
  EXPECT_EQ(Unit(campaign.id(), kVillage4).state(), v1::UNIT_REPORT_STATE_DRAFT);
  EXPECT_EQ(Unit(campaign.id(), kVillage2).etag(), etag);
}

TEST_F(CoveredVillagesTest, ACorrectionIsCheckedLikeAnUpdateAndFoundByItsText) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  v1::Project made = NewProject("油茶基地");
  made.mutable_planned_total()->set_fen(600'000'000);
  made.mutable_planned_total()->set_text("约600万元");
  made.mutable_planned_total()->set_parse_state(type::v1::AMOUNT_PARSE_STATE_APPROXIMATE);
  made.mutable_linkage()->set_beneficiary_households(20);
  ASSERT_OK_AND_ASSIGN(made, Register(made));
  ASSERT_OK_AND_ASSIGN(auto unit, Submit(Unit(campaign.id(), kVillage), false));
  ASSERT_OK_AND_ASSIGN(unit, Pass(unit));
  const auto correction = [&](const std::string& field, const std::string& value) {
    v1::VerificationFinding f;
    f.set_project_id(made.id());
    f.set_field(field);
    f.set_verified_text(value);
    f.set_action(v1::FINDING_ACTION_CORRECTED);
    return f;
  };
  const auto refused = [&](const v1::VerificationFinding& finding) {
    EXPECT_THAT(Sign(unit.id(), unit.etag(), "AGRICULTURE", County(), {finding}),
                HasViolation("findings[0].verified_text"))
        << finding.ShortDebugString();
  };
  std::string long_name;
  for (int i = 0; i < 201; ++i) long_name += "长";
  refused(correction("implementing_org", long_name));                // at most 200
  refused(correction("implementing_org", ""));                       // required
  refused(correction("workers", "1000001"));                         // at most a million
  refused(correction("approved_year", "1999"));                      // before the survey's scope
  refused(correction("linkage.beneficiary_poor_households", "21"));  // of 20
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM verification_finding"), 0);

  ASSERT_OK_AND_ASSIGN(auto task,
                       Sign(unit.id(), unit.etag(), "AGRICULTURE", County(),
                            {correction("implementing_org", "半迳股份经济合作社"),
                             correction("operator_text", "惠民合作社"), correction("workers", "12"),
                             correction("linkage.beneficiary_households", "30"),
                             correction("linkage.beneficiary_poor_households", "21"),
                             correction("planned_total.fen", "612000000")}));
  ASSERT_OK_AND_ASSIGN(task, Complete(unit.id(), task.etag()));
  EXPECT_TRUE(task.complete());
  const v1::Project verified = GetProject(made.id());
  EXPECT_EQ(verified.verification_state(), v1::VERIFICATION_STATE_COUNTY_VERIFIED);
  EXPECT_EQ(verified.data_quality(), v1::DATA_QUALITY_VERIFIED);
  EXPECT_EQ(verified.implementing_org(), "半迳股份经济合作社");
  EXPECT_EQ(verified.workers(), 12);
  EXPECT_EQ(verified.linkage().beneficiary_poor_households(), 21);
  EXPECT_EQ(verified.planned_total().fen(), 612'000'000);
  EXPECT_EQ(verified.planned_total().text(), "约600万元");
  EXPECT_EQ(verified.planned_total().parse_state(), type::v1::AMOUNT_PARSE_STATE_EXACT);
  EXPECT_EQ(verified.project_code(), made.project_code());
  EXPECT_EQ(Unit(campaign.id(), kVillage).verified_count(), 1);
  const auto found = [&](const std::string& text) {
    v1::SearchProjectsRequest search;
    search.set_query(text);
    const auto hits =
        Call<v1::SearchProjectsResponse>("ProjectService", "SearchProjects", search, County());
    EXPECT_OK(hits);
    return hits.ok() ? hits->projects_size() : -1;
  };
  EXPECT_EQ(found("股份经济"), 1);
  EXPECT_EQ(found("惠民"), 1);
  EXPECT_EQ(found("民委"), 0);  // of the old 村民委员会
  EXPECT_EQ(
      server_.database().Int("SELECT COUNT(*) FROM audit_log WHERE action = "
                             "'VerificationService.CompleteVerification' AND aggregate_type = "
                             "'project'"),
      1);
}

TEST_F(CoveredVillagesTest, ACorrectionIsRefusedAtTheFindingOfItsOwnProject) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  ASSERT_OK_AND_ASSIGN(const v1::Project a, Register(NewProject("甲")));
  ASSERT_OK_AND_ASSIGN(const v1::Project b, Register(NewProject("乙")));
  ASSERT_OK_AND_ASSIGN(auto unit, Submit(Unit(campaign.id(), kVillage), false));
  ASSERT_OK_AND_ASSIGN(unit, Pass(unit));
  const auto correction = [](const v1::Project& project, const std::string& value) {
    v1::VerificationFinding f;
    f.set_project_id(project.id());
    f.set_field("workers");
    f.set_verified_text(value);
    f.set_action(v1::FINDING_ACTION_CORRECTED);
    return f;
  };
  const auto sign = [&](const std::vector<v1::VerificationFinding>& findings) {
    return Sign(unit.id(), unit.etag(), "AGRICULTURE", County(), findings);
  };
  // At most a million: what the other project is corrected to has nothing wrong.
  EXPECT_THAT(sign({correction(a, "1000001"), correction(b, "12")}),
              HasViolation("findings[0].verified_text"));
  EXPECT_THAT(sign({correction(b, "1000001"), correction(a, "12")}),
              HasViolation("findings[0].verified_text"));
  EXPECT_THAT(sign({correction(b, "12"), correction(a, "1000001")}),
              HasViolation("findings[1].verified_text"));
}

}  // namespace
}  // namespace bangfu::registry

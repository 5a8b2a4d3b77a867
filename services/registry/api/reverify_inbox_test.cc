// A project of a verified report that was amended since, or disputed, waits to be verified anew:
// for whoever can have its report verified again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/base/strings.h"
#include "common/contract/time.h"
#include "common/inbox/recount.h"
#include "services/registry/api/inbox_for_test.h"
#include "services/registry/api/unit_report_work.h"

namespace bangfu::registry {
namespace {

using ::bangfu::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kKind[] = "UNIT_REPORT_REVERIFY";

class ReverifyInbox : public InboxTest {
 protected:
  std::vector<inbox::v1::WorkItem> Waiting(const std::string& token) {
    inbox::v1::ListMyWorkRequest request;
    request.add_kinds(kKind);
    return Mine(token, request);
  }
  // "action region" of each, and the end of its title.
  std::vector<std::string> Told(const std::string& token) {
    std::vector<std::string> out;
    for (const auto& item : Waiting(token)) {
      out.push_back(Cat(item.action(), " ", item.region_path(), " ",
                        item.title().substr(item.title().find("，") + 3)));
    }
    return out;
  }
  absl::StatusOr<v1::Project> Amend(const std::string& id, const std::string& name) {
    v1::UpdateProjectRequest amend;
    amend.set_request_id(RequestId());
    amend.set_id(id);
    amend.set_etag(GetProject(id).etag());
    amend.mutable_project()->set_name(name);
    amend.mutable_update_mask()->add_paths("name");
    amend.set_reason("名称有误");
    return Call<v1::Project>("ProjectService", "UpdateProject", amend, County());
  }
  // The county verifies a report again that is with it.
  void VerifyAnew(const std::string& campaign, const std::string& village,
                  const std::vector<v1::VerificationFinding>& findings = {}) {
    server_.clock().Advance(absl::Hours(1));
    const v1::InventoryUnitReport unit = Unit(campaign, village);
    ASSERT_OK_AND_ASSIGN(const auto task,
                         Sign(unit.id(), unit.etag(), "AGRICULTURE", County("lead"), findings));
    ASSERT_OK(Complete(unit.id(), task.etag(), County("lead")));
  }
  void TakeBack(const std::string& campaign, const std::string& village) {
    server_.clock().Advance(absl::Hours(1));
    ASSERT_OK(Recall(Unit(campaign, village)));
  }
  static v1::VerificationFinding Disputed(const std::string& project) {
    v1::VerificationFinding finding;
    finding.set_project_id(project);
    finding.set_field("workers");
    finding.set_action(v1::FINDING_ACTION_DISPUTED);
    return finding;
  }
};

TEST_F(ReverifyInbox, R002_AnAmendedProjectWaitsUntilItsReportIsVerifiedAnew) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  ASSERT_OK_AND_ASSIGN(const v1::Project first, Register(NewProject("油茶")));
  ASSERT_OK_AND_ASSIGN(const v1::Project second, Register(NewProject("茶园")));
  Verify(campaign.id(), kVillage);
  EXPECT_THAT(Waiting(County()), IsEmpty());
  ASSERT_OK(Amend(first.id(), "油茶基地"));
  for (const std::string& token : {County(), Approver()}) {
    EXPECT_THAT(Told(token), ElementsAre(Cat("recall ", kVillage, " 1个项目待复核")));
  }
  const inbox::v1::WorkItem item = Waiting(County())[0];
  EXPECT_EQ(item.kind_zh(), "撤回重核有变动或争议的项目");
  EXPECT_EQ(item.subject_type(), "unit_report");
  EXPECT_EQ(item.subject_id(), Unit(campaign.id(), kVillage).id());
  EXPECT_EQ(DayOf(item.due_on()), absl::CivilDay(2026, 3, 9));  // five working days
  for (const std::string& token :
       {Village(kVillage), Township(), City(), Province(), County("operator", kOtherCounty)}) {
    EXPECT_THAT(Waiting(token), IsEmpty());
  }
  // The same item, with its term, however many there are by now.
  ASSERT_OK(Amend(second.id(), "茶园基地"));
  EXPECT_THAT(Told(County()), ElementsAre(Cat("recall ", kVillage, " 2个项目待复核")));
  EXPECT_EQ(Waiting(County())[0].id(), item.id());
  ASSERT_OK(Amend(second.id(), "茶园基地一期"));
  EXPECT_THAT(Waiting(County()), SizeIs(1));

  TakeBack(campaign.id(), kVillage);
  EXPECT_THAT(Waiting(County()), IsEmpty());
  EXPECT_THAT(Done(County()),
              ::testing::Contains(::testing::Property(&inbox::v1::WorkItem::id, item.id())));
  VerifyAnew(campaign.id(), kVillage);
  EXPECT_THAT(Waiting(County()), IsEmpty());
}

TEST_F(ReverifyInbox, R002_ADisputedProjectWaitsToo) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  ASSERT_OK_AND_ASSIGN(const v1::Project project, Register(NewProject("油茶")));
  Verify(campaign.id(), kVillage);
  TakeBack(campaign.id(), kVillage);
  VerifyAnew(campaign.id(), kVillage, {Disputed(project.id())});
  ASSERT_EQ(GetProject(project.id()).verification_state(), v1::VERIFICATION_STATE_DISPUTED);
  EXPECT_THAT(Told(County()), ElementsAre(Cat("recall ", kVillage, " 1个项目待复核")));
  // A void project waits for nobody.
  ASSERT_OK(Void(GetProject(project.id())));
  EXPECT_THAT(Waiting(County()), IsEmpty());
}

TEST_F(ReverifyInbox, R002_WhatWasCheckedAboveIsReturnedFromThere) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  ASSERT_OK_AND_ASSIGN(const v1::Project project, Register(NewProject("油茶")));
  for (const char* village : {kVillage, kVillage2, kVillage3, kVillage4}) {
    Verify(campaign.id(), village);
  }
  server_.clock().Advance(absl::Hours(1));
  ASSERT_OK_AND_ASSIGN(const v1::Sample sample, Draw(campaign.id(), "3607", City(), "seed", 10000));
  ASSERT_OK(Result(sample.id(), Unit(campaign.id(), kVillage).id()));
  ASSERT_OK(Amend(project.id(), "油茶基地"));
  // The county cannot take it back any more.
  EXPECT_THAT(Waiting(County()), IsEmpty());
  EXPECT_THAT(Recall(Unit(campaign.id(), kVillage)),
              StatusIs(absl::StatusCode::kFailedPrecondition, "APPROVED_ABOVE"));
  for (const std::string& token : {City(), Province()}) {
    EXPECT_THAT(Told(token), ElementsAre(Cat("return ", kVillage, " 1个项目待复核")));
  }
  server_.clock().Advance(absl::Hours(1));
  ASSERT_OK(Return(Unit(campaign.id(), kVillage), City()));
  EXPECT_THAT(Waiting(City()), IsEmpty());
  VerifyAnew(campaign.id(), kVillage);
  for (const std::string& token : {City(), County()}) EXPECT_THAT(Waiting(token), IsEmpty());
}

TEST_F(ReverifyInbox, R002_AProjectOfTwoVillagesWaitsWhereItCanBeSettled) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  v1::Project wide = NewProject("两村冷链");
  wide.add_covered_regions()->set_region_code(kVillage2);
  ASSERT_OK_AND_ASSIGN(const v1::Project project, Register(wide));
  Verify(campaign.id(), kVillage);
  server_.clock().Advance(absl::Hours(1));
  Verify(campaign.id(), kVillage2);
  ASSERT_OK(Amend(project.id(), "两村冷链库"));
  EXPECT_THAT(Told(County()),
              ::testing::UnorderedElementsAre(Cat("recall ", kVillage, " 1个项目待复核"),
                                              Cat("recall ", kVillage2, " 1个项目待复核")));
  // Verified with the one, it waits at the other no more.
  TakeBack(campaign.id(), kVillage2);
  VerifyAnew(campaign.id(), kVillage2);
  EXPECT_THAT(Waiting(County()), IsEmpty());
  // What the one disputes is not settled by the other.
  TakeBack(campaign.id(), kVillage2);
  VerifyAnew(campaign.id(), kVillage2, {Disputed(project.id())});
  EXPECT_THAT(Told(County()), ElementsAre(Cat("recall ", kVillage2, " 1个项目待复核")));
  TakeBack(campaign.id(), kVillage2);
  EXPECT_THAT(Told(County()), ElementsAre(Cat("recall ", kVillage, " 1个项目待复核")));
  VerifyAnew(campaign.id(), kVillage2);
  EXPECT_THAT(Waiting(County()), IsEmpty());
}

TEST_F(ReverifyInbox, R002_WithTheCampaignNobodyCanVerifyAnyMore) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  ASSERT_OK_AND_ASSIGN(const v1::Project project, Register(NewProject("油茶")));
  Verify(campaign.id(), kVillage);
  ASSERT_OK(Amend(project.id(), "油茶基地"));
  ASSERT_THAT(Waiting(County()), SizeIs(1));
  // What was there before the inbox is filled in, and what stayed behind goes.
  for (const char* table : {"work_desk", "work_item"}) {
    server_.database().Run(Cat("DELETE FROM ", table, ";"));
  }
  const auto recount = [&] {
    return inbox::Recount(server_.database().db(), {UnitReportSource()}, server_.ids(),
                          server_.clock().Now(),
                          {.every = absl::ZeroDuration(), .calendar = InboxCalendar()});
  };
  ASSERT_OK(recount());
  EXPECT_THAT(Waiting(County()), SizeIs(1));
  server_.database().Run(Cat("UPDATE campaign SET state = ", kCampaignClosed, ";"));
  ASSERT_OK(recount());
  EXPECT_THAT(Waiting(County()), IsEmpty());
}

TEST_F(ReverifyInbox, R002_GoesWithTheRegion) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  ASSERT_OK_AND_ASSIGN(const v1::Project project, Register(NewProject("油茶")));
  Verify(campaign.id(), kVillage);
  ASSERT_OK(Amend(project.id(), "油茶基地"));
  ASSERT_THAT(Waiting(County()), SizeIs(1));
  const std::string id = Waiting(County())[0].id();
  // The village that it goes into has a project that nobody has verified.
  constexpr char kNewVillage[] = "360733101209";
  AddRegion(kNewVillage, "新半迳村");
  StoreRegions();
  ASSERT_OK(Register(NewProject("茶园", kNewVillage)));
  ASSERT_OK(MergeInto(kNewVillage));
  EXPECT_THAT(Told(County()), ElementsAre(Cat("recall ", kNewVillage, " 2个项目待复核")));
  EXPECT_EQ(Waiting(County())[0].id(), id);
}

}  // namespace
}  // namespace bangfu::registry

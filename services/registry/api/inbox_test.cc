// The inventory's inbox through the rpcs, on a real database: what waits for whom, and how it is
// urged and rises.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "bangfu/inbox/v1/inbox.pb.h"
#include "common/base/strings.h"
#include "common/contract/time.h"
#include "common/inbox/escalation.h"
#include "common/inbox/recount.h"
#include "common/operation/operation.h"
#include "common/testing/at_once.h"
#include "services/registry/api/inbox_for_test.h"
#include "services/registry/api/unit_report_work.h"
#include "services/registry/jobs/campaign_closing.h"
#include "services/registry/store/parameter_store.h"

namespace bangfu::registry {
namespace {

using absl::StatusCode;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_F(InboxTest, R002_WorkWalksUpFromTheVillageAndDownAgain) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  const std::vector<inbox::v1::WorkItem> village = Mine(Village());
  ASSERT_THAT(village, SizeIs(1));
  EXPECT_EQ(village[0].kind(), "UNIT_REPORT_SUBMIT");
  EXPECT_EQ(village[0].kind_zh(), "上报摸排报告");
  EXPECT_EQ(village[0].title(), "半迳村摸排报告");
  EXPECT_EQ(village[0].action(), "submit");
  EXPECT_EQ(village[0].subject_type(), "unit_report");
  EXPECT_EQ(DayOf(village[0].due_on()), absl::CivilDay(2026, 3, 10));
  EXPECT_EQ(village[0].due_state(), inbox::v1::DUE_STATE_AHEAD);
  EXPECT_TRUE(village[0].mine());
  EXPECT_TRUE(village[0].unread());
  EXPECT_THAT(Kinds(Township()), IsEmpty());

  ASSERT_OK(Register(NewProject("油茶基地"), Village()));
  v1::InventoryUnitReport unit = Unit(campaign.id(), kVillage);
  ASSERT_OK_AND_ASSIGN(unit, Submit(unit, false));
  EXPECT_THAT(Kinds(Village()), IsEmpty());
  ASSERT_THAT(Done(Village()), SizeIs(1));
  EXPECT_EQ(Done(Village())[0].outcome(), "submit");
  EXPECT_EQ(Done(Village())[0].state(), inbox::v1::WORK_STATE_DONE);
  EXPECT_EQ(Done(Village())[0].closed_by().role(), "ROLE_VILLAGE_REPORTER");
  EXPECT_THAT(Kinds(Township()), ElementsAre(Cat("UNIT_REPORT_PASS ", kVillage)));
  // Another township and another county have nothing of it.
  EXPECT_THAT(Kinds(Township(kOtherTownship)), IsEmpty());
  EXPECT_THAT(Kinds(Township("360822101")), IsEmpty());

  // Down: itemised, due in five working days, and in the village's inbox again.
  ASSERT_OK_AND_ASSIGN(unit, Return(unit, Township()));
  EXPECT_THAT(Kinds(Township()), IsEmpty());
  ASSERT_THAT(Done(Township()), SizeIs(1));
  EXPECT_EQ(Done(Township())[0].outcome(), "return");
  const std::vector<inbox::v1::WorkItem> returned = Mine(Village());
  ASSERT_THAT(returned, SizeIs(1));
  EXPECT_EQ(returned[0].kind(), "UNIT_REPORT_CORRECT");
  EXPECT_EQ(DayOf(returned[0].due_on()), absl::CivilDay(2026, 3, 9));

  // Up again, to the county: each department has its own item, and completing waits for all.
  ASSERT_OK_AND_ASSIGN(unit, Submit(unit, false));
  ASSERT_OK_AND_ASSIGN(unit, Pass(unit));
  EXPECT_THAT(Kinds(County()), ElementsAre(Cat("UNIT_REPORT_SIGN ", kVillage, " AGRICULTURE")));
  v1::VerificationTask task = Task(unit.id());
  const auto departments = task.departments();
  for (const auto& d : departments) {
    ASSERT_OK_AND_ASSIGN(task, Sign(unit.id(), task.etag(), d.department_code(),
                                    d.is_lead() ? County("lead") : Sector(d.department_code())));
  }
  EXPECT_THAT(Kinds(County()), ElementsAre(Cat("UNIT_REPORT_COMPLETE ", kVillage)));
  EXPECT_THAT(Kinds(Sector()), IsEmpty());
  ASSERT_OK(Complete(unit.id(), task.etag()));
  EXPECT_THAT(Kinds(County()), IsEmpty());
}

TEST_F(InboxTest, R002_WhoSubmittedDoesNotFindItToApprove) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  auth::Caller both;
  both.subject = "both";
  both.grants = {{auth::Role::ROLE_VILLAGE_REPORTER, kVillage},
                 {auth::Role::ROLE_TOWNSHIP_REVIEWER, kTownship}};
  ASSERT_OK(Submit(Unit(campaign.id(), kVillage), true, server_.Token(both)));
  EXPECT_THAT(Kinds(server_.Token(both)), IsEmpty());
  EXPECT_THAT(Kinds(Township()), ElementsAre(Cat("UNIT_REPORT_PASS ", kVillage)));
  // Who signed for one department does not sign for another.
  ASSERT_OK(Pass(Unit(campaign.id(), kVillage)));
  EXPECT_EQ(server_.database().Int(
                "SELECT COUNT(*) FROM work_item WHERE open_mark = 1 AND kind = 'UNIT_REPORT_SIGN' "
                "AND excluded LIKE '%|both|%'"),
            1);
}

TEST_F(InboxTest, R002_TwoWhoActAtOnceCloseOneItemOnce) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  ASSERT_OK(Submit(Unit(campaign.id(), kVillage), true));
  const v1::InventoryUnitReport unit = Unit(campaign.id(), kVillage);
  std::vector<std::string> tokens = {
      Token(options::v1::ROLE_TOWNSHIP_REVIEWER, kTownship, "one"),
      Token(options::v1::ROLE_TOWNSHIP_REVIEWER, kTownship, "other")};
  std::vector<v1::PassUnitReportRequest> requests(2);
  for (auto& request : requests) {
    request.set_request_id(RequestId());
    request.set_id(unit.id());
    request.set_etag(unit.etag());
  }
  const auto outcomes = ::bangfu::testing::AtOnce(2, [&](int i) {
    return Inventory<v1::InventoryUnitReport>("PassUnitReport", requests[i], tokens[i]).status();
  });
  EXPECT_EQ(outcomes[0].ok() + outcomes[1].ok(), 1) << outcomes[0] << outcomes[1];
  EXPECT_EQ(server_.database().Int(
                "SELECT COUNT(*) FROM work_item WHERE kind = 'UNIT_REPORT_PASS' AND state = 2"),
            1);
  EXPECT_EQ(Done(tokens[0]).size() + Done(tokens[1]).size(), 1U);
  EXPECT_EQ(Done(tokens[outcomes[0].ok() ? 0 : 1]).size(), 1U);
}

TEST_F(InboxTest, R002_IsUrgedFromAboveAndNotFromTheSideOrBelow) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  ASSERT_THAT(Mine(Village()), SizeIs(1));
  const std::string id = Mine(Village())[0].id();
  inbox::v1::MarkReadRequest read;
  read.set_request_id(RequestId());
  read.add_ids(id);
  ASSERT_OK_AND_ASSIGN(const auto marked,
                       Inbox<inbox::v1::MarkReadResponse>("MarkRead", read, Village()));
  EXPECT_EQ(marked.marked(), 1);
  EXPECT_FALSE(Mine(Village())[0].unread());
  EXPECT_EQ(Count(Village()).unread(), 0);
  // A mark is the person's own.
  EXPECT_TRUE(Mine(Token(options::v1::ROLE_VILLAGE_REPORTER, kVillage, "colleague"))[0].unread());
  read.set_request_id(RequestId());
  ASSERT_OK_AND_ASSIGN(const auto not_mine,
                       Inbox<inbox::v1::MarkReadResponse>("MarkRead", read, Township()));
  EXPECT_EQ(not_mine.marked(), 0);

  EXPECT_THAT(Urge(id, Village()), StatusIs(StatusCode::kPermissionDenied));
  EXPECT_THAT(Urge(id, Township(kOtherTownship)), StatusIs(StatusCode::kNotFound));
  EXPECT_THAT(Urge(id, County("operator", kOtherCounty)), StatusIs(StatusCode::kNotFound));
  EXPECT_THAT(Urge(id, Township(), absl::CivilDay(2026, 3, 1)),
              StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(Urge(id, Township(), absl::CivilDay(2026, 3, 10)),
              StatusIs(StatusCode::kInvalidArgument));
  ASSERT_OK_AND_ASSIGN(inbox::v1::WorkItem urged, Urge(id, Township(), absl::CivilDay(2026, 3, 4)));
  EXPECT_EQ(urged.urge_count(), 1);
  const std::vector<inbox::v1::WorkItem> mine = Mine(Village());
  ASSERT_THAT(mine, SizeIs(1));
  EXPECT_TRUE(mine[0].unread());
  EXPECT_EQ(DayOf(mine[0].due_on()), absl::CivilDay(2026, 3, 4));
  EXPECT_EQ(mine[0].due_state(), inbox::v1::DUE_STATE_SOON);
  EXPECT_EQ(mine[0].last_urge().note(), "请抓紧上报");
  EXPECT_EQ(mine[0].last_urge().by().subject(), "reviewer");
  EXPECT_EQ(
      server_.database().Int("SELECT COUNT(*) FROM feed_outbox WHERE aggregate_type = 'work_urge'"),
      1);
  // A draft keeps the item, and the urging with it.
  v1::SaveUnitReportDraftRequest draft;
  draft.set_request_id(RequestId());
  draft.set_id(mine[0].subject_id());
  draft.set_etag(Unit(campaign.id(), kVillage).etag());
  ASSERT_OK(Inventory<v1::InventoryUnitReport>("SaveUnitReportDraft", draft, Village()));
  ASSERT_THAT(Mine(Village()), SizeIs(1));
  EXPECT_EQ(Mine(Village())[0].id(), id);
  EXPECT_EQ(DayOf(Mine(Village())[0].due_on()), absl::CivilDay(2026, 3, 4));

  // The township's own step is not urged by the township, but by the county.
  ASSERT_OK(Submit(Unit(campaign.id(), kVillage), true));
  EXPECT_THAT(Urge(id, County()), StatusIs(StatusCode::kFailedPrecondition, "WORK_CLOSED"));
  const std::string pass = Mine(Township())[0].id();
  EXPECT_THAT(Urge(pass, Township()), StatusIs(StatusCode::kPermissionDenied, "URGE_NOT_ABOVE"));
  ASSERT_OK(Urge(pass, County()));
  ASSERT_OK(Urge(pass, Province()));
  EXPECT_EQ(Mine(Township())[0].urge_count(), 2);
}

TEST_F(InboxTest, CountsDueAndOverdueByTheWorkingCalendar) {
  OpenCampaign();
  // Due on 2026-03-10, a Tuesday. Wednesday the 11th is made a holiday.
  ImportHoliday(absl::CivilDay(2026, 3, 11));
  On(2026, 3, 5);  // Thursday: 6, 9, 10 are the next three working days
  EXPECT_EQ(Count(Village()).due_soon(), 1);
  On(2026, 3, 4);
  EXPECT_EQ(Count(Village()).due_soon(), 0);
  On(2026, 3, 10);
  EXPECT_EQ(Count(Village()).due_today(), 1);
  EXPECT_EQ(Count(Village()).overdue(), 0);
  On(2026, 3, 16);  // Thursday 12, Friday 13, Monday 16
  EXPECT_EQ(Count(Village()).overdue(), 1);
  const std::vector<inbox::v1::WorkItem> mine = Mine(Village());
  ASSERT_THAT(mine, SizeIs(1));
  EXPECT_EQ(mine[0].due_state(), inbox::v1::DUE_STATE_OVERDUE);
  EXPECT_EQ(mine[0].overdue_working_days(), 3);
  inbox::v1::ListMyWorkRequest overdue;
  overdue.set_overdue_only(true);
  EXPECT_THAT(Mine(Village(), overdue), SizeIs(1));
  // The levels above see what is overdue below them.
  inbox::v1::ListWorkBelowRequest below;
  below.set_overdue_only(true);
  ASSERT_OK_AND_ASSIGN(auto page,
                       Inbox<inbox::v1::ListWorkBelowResponse>("ListWorkBelow", below, County()));
  EXPECT_THAT(page.items(), SizeIs(4));
  EXPECT_FALSE(page.items(0).mine());
  ASSERT_OK_AND_ASSIGN(page, Inbox<inbox::v1::ListWorkBelowResponse>(
                                 "ListWorkBelow", below, County("operator", kOtherCounty)));
  EXPECT_THAT(page.items(), IsEmpty());
  below.set_page_size(3);
  ASSERT_OK_AND_ASSIGN(page,
                       Inbox<inbox::v1::ListWorkBelowResponse>("ListWorkBelow", below, County()));
  EXPECT_THAT(page.items(), SizeIs(3));
  below.set_page_token(page.next_page_token());
  ASSERT_OK_AND_ASSIGN(page,
                       Inbox<inbox::v1::ListWorkBelowResponse>("ListWorkBelow", below, County()));
  EXPECT_THAT(page.items(), SizeIs(1));
}

TEST_F(InboxTest, R118_WhatIsOverdueRisesToTheLevelsAbove) {
  const v1::InventoryCampaign campaign = OpenCampaign();  // villages are due on 2026-03-10
  ASSERT_OK(Submit(Unit(campaign.id(), kVillage2), true));
  mysql::Session& db = server_.database().db();
  const auto escalate = [&]() -> int64_t {
    inbox::EscalationOptions options;
    auto days = ParameterValue(db, "ESCALATION_DAYS", 0);
    EXPECT_OK(days);
    options.days = *days;
    options.calendar = InboxCalendar();
    auto risen = inbox::Escalate(db, server_.clock().Now(), options);
    EXPECT_OK(risen);
    return risen.value_or(-1);
  };
  ImportHoliday(absl::CivilDay(2026, 3, 11));
  On(2026, 3, 18);  // five working days: Thursday 12 … Wednesday 18
  EXPECT_EQ(escalate(), 0);
  EXPECT_THAT(Kinds(Township()), ElementsAre(Cat("UNIT_REPORT_PASS ", kVillage2)));
  On(2026, 3, 19);
  EXPECT_EQ(escalate(), 3);
  EXPECT_EQ(escalate(), 0);
  inbox::v1::ListMyWorkRequest risen;
  risen.set_escalated_only(true);
  ASSERT_THAT(Mine(Township(), risen), SizeIs(2));
  ASSERT_THAT(Mine(Township(kOtherTownship), risen), SizeIs(1));
  const inbox::v1::WorkItem item = Mine(Township(kOtherTownship), risen)[0];
  EXPECT_EQ(item.kind(), "UNIT_REPORT_SUBMIT");
  EXPECT_EQ(item.escalated_level(), 4);
  EXPECT_FALSE(item.mine());
  EXPECT_TRUE(item.unread());
  EXPECT_TRUE(item.has_escalated_at());
  const auto told = [](const inbox::v1::WorkItem& one, std::string_view action) {
    return std::any_of(one.allowed_actions().begin(), one.allowed_actions().end(),
                       [&](const auto& a) { return a.action() == action && a.allowed(); });
  };
  EXPECT_TRUE(told(item, "mark_read"));
  EXPECT_TRUE(told(item, "urge"));
  EXPECT_EQ(Count(Township()).escalated(), 2);
  EXPECT_EQ(Count(Township()).open(), 3);
  EXPECT_THAT(Mine(County(), risen), IsEmpty());
  // It stays the village's; the township urges it.
  EXPECT_TRUE(Mine(Village(kVillage4))[0].mine());
  ASSERT_OK(Urge(item.id(), Township(kOtherTownship)));
  inbox::v1::MarkReadRequest read;
  read.set_request_id(RequestId());
  read.add_ids(item.id());
  ASSERT_OK_AND_ASSIGN(const auto marked, Inbox<inbox::v1::MarkReadResponse>(
                                              "MarkRead", read, Township(kOtherTownship)));
  EXPECT_EQ(marked.marked(), 1);
  EXPECT_FALSE(told(Mine(Township(kOtherTownship), risen)[0], "mark_read"));
  On(2026, 3, 26);  // eleven working days
  EXPECT_EQ(escalate(), 3);
  EXPECT_THAT(Mine(County(), risen), SizeIs(3));
  EXPECT_THAT(Mine(Approver(), risen), SizeIs(3));
  EXPECT_THAT(Mine(Township(), risen), SizeIs(2));
  EXPECT_THAT(Mine(City(), risen), IsEmpty());
  // Done: it is gone from every desk in the step's transaction.
  v1::GrantLockExceptionRequest unlock;
  unlock.set_request_id(RequestId());
  unlock.set_campaign_id(campaign.id());
  unlock.set_region_code(kVillage4);
  unlock.mutable_expires_at()->set_seconds(
      absl::ToUnixSeconds(server_.clock().Now() + absl::Hours(48)));
  unlock.set_reason("受灾");
  ASSERT_OK(Inventory<v1::LockException>("GrantLockException", unlock, Approver()));
  ASSERT_OK(Submit(Unit(campaign.id(), kVillage4), true));
  EXPECT_THAT(Mine(County(), risen), SizeIs(2));
  EXPECT_THAT(Mine(Township(kOtherTownship), risen), IsEmpty());
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM work_desk d LEFT JOIN work_item w ON "
                                   "w.id = d.item_id AND w.open_mark = 1 WHERE w.id IS NULL"),
            0);
}

TEST_F(InboxTest, AClosedCampaignLeavesNothingBehind) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  ASSERT_OK(Submit(Unit(campaign.id(), kVillage), true));
  v1::CloseCampaignRequest close;
  close.set_request_id(RequestId());
  close.set_id(campaign.id());
  close.set_etag(campaign.etag());
  close.set_force(true);
  close.set_reason("试点结束");
  const auto open = [&] {
    return server_.database().Int("SELECT COUNT(*) FROM work_item WHERE open_mark = 1");
  };
  const int64_t before = open();
  ASSERT_OK(Inventory<v1::InventoryCampaign>("CloseCampaign", close, Approver()));
  // The process dies between two villages: what was done stays done, and the next one goes on.
  operation::OperationRunner runner(operation_clock_, {.holder = "breaks off"});
  std::vector<int64_t> chunks;
  RegisterCampaignClosing(runner, operation_ids_,
                          {.chunk = 1, .before_commit = [&](int64_t done) {
                             chunks.push_back(done);
                             return done == 3 ? absl::UnavailableError("gone") : absl::OkStatus();
                           }});
  operation_clock_.Set(server_.clock().Now());
  ASSERT_THAT(runner.StepOnce(server_.database().db()), testing::IsOkAndHolds(true));
  EXPECT_THAT(chunks, ElementsAre(1, 2, 3));
  EXPECT_LT(open(), before);
  EXPECT_GT(open(), 0);
  // Meanwhile nothing can be done with what is still shown, and no step makes more of it.
  const int64_t half = open();
  EXPECT_THAT(Submit(Unit(campaign.id(), kVillage4), true),
              StatusIs(StatusCode::kFailedPrecondition, "CAMPAIGN_CLOSED"));
  EXPECT_EQ(open(), half);
  server_.clock().Advance(absl::Minutes(10));
  RunOperations();
  EXPECT_EQ(open(), 0);
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM work_desk"), 0);
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM work_item WHERE outcome = 'close'"),
            before);
}

TEST_F(InboxTest, FillsTheInboxOfReportsThatWereThereBeforeIt) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  ASSERT_OK(Submit(Unit(campaign.id(), kVillage), true));
  mysql::Session& db = server_.database().db();
  for (const char* table : {"work_item", "work_desk"}) {
    ASSERT_OK(db.Execute(Cat("DELETE FROM ", table)));
  }
  const absl::Time now = server_.clock().Now();
  const inbox::RecountOptions options = {.every = absl::ZeroDuration(),
                                         .calendar = InboxCalendar()};
  ASSERT_OK(inbox::Recount(db, {UnitReportSource()}, server_.ids(), now, options));
  EXPECT_THAT(Kinds(Township()), ElementsAre(Cat("UNIT_REPORT_PASS ", kVillage)));
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM work_item WHERE open_mark = 1"), 4);
  // Again it changes nothing.
  ASSERT_OK(inbox::Recount(db, {UnitReportSource()}, server_.ids(), now, options));
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM work_item"), 4);
  // What stayed behind is taken away.
  ASSERT_OK(db.Execute("UPDATE unit_report SET state = 8 WHERE region_path = ?", {kVillage}));
  ASSERT_OK(inbox::Recount(db, {UnitReportSource()}, server_.ids(), now, options));
  EXPECT_THAT(Kinds(Township()), IsEmpty());
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM work_item WHERE open_mark = 1"), 3);
}

}  // namespace
}  // namespace bangfu::registry

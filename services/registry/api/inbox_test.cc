// The inventory's inbox through the rpcs, on a real database: what waits for whom, and that items
// are equal to states whatever happens.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <iostream>
#include <set>
#include <thread>

#include "bangfu/inbox/v1/inbox.pb.h"
#include "bangfu/operation/v1/operation_service.pb.h"
#include "bangfu/registry/v1/operation_report.pb.h"
#include "bangfu/registry/v1/reference_service.pb.h"
#include "common/inbox/escalation.h"
#include "common/operation/service.h"
#include "common/testing/deep.h"
#include "common/testing/random.h"
#include "services/registry/api/inventory_fixture.h"
#include "services/registry/api/report_work.h"
#include "services/registry/domain/inventory.h"
#include "services/registry/jobs/campaign_closing.h"

namespace bangfu::registry {
namespace {

using absl::StatusCode;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

class InboxTest : public RegistryFixture {
 protected:
  InboxTest() : InboxTest({}, {}) {}
  InboxTest(std::vector<std::string> more_services, std::function<void(rpc::Router&)> more)
      : RegistryFixture(std::move(more_services), std::move(more)) {
    On(2026, 3, 2);
  }

  // Accepted, but not running: no monthly report waits beside what the test is about.
  v1::Project NewProject(const std::string& name, const std::string& village = kVillage,
                         const std::string& source = "BRIDGE_CENTRAL") {
    v1::Project project = RegistryFixture::NewProject(name, village, source);
    project.set_state(v1::PROJECT_STATE_ACCEPTED);
    return project;
  }
  v1::Project NewRunning(const std::string& name, const std::string& village = kVillage) {
    return RegistryFixture::NewProject(name, village);
  }
  absl::StatusOr<v1::Project> Void(const v1::Project& project) {
    v1::VoidProjectRequest request;
    request.set_request_id(RequestId());
    request.set_id(project.id());
    request.set_etag(project.etag());
    request.set_reason("重复登记");
    return Call<v1::Project>("ProjectService", "VoidProject", request, County());
  }
  absl::Status ReportMonth(const std::string& project, const std::string& period,
                           std::string_view village = kVillage) {
    v1::SubmitOperationReportRequest request;
    request.set_request_id(RequestId());
    request.mutable_report()->set_project_id(project);
    request.mutable_report()->set_period(period);
    return Call<v1::OperationReport>("OperationReportService", "SubmitOperationReport", request,
                                     Village(village))
        .status();
  }
  template <typename Response, typename Request>
  absl::StatusOr<Response> Inbox(std::string_view method, const Request& request,
                                 const std::string& token) {
    return server_.Call<Response>(Cat("bangfu.inbox.v1.InboxService.", method), request, token);
  }
  std::vector<inbox::v1::WorkItem> Mine(const std::string& token,
                                        const inbox::v1::ListMyWorkRequest& request = {}) {
    auto page = Inbox<inbox::v1::ListMyWorkResponse>("ListMyWork", request, token);
    EXPECT_OK(page);
    if (!page.ok()) return {};
    return {page->items().begin(), page->items().end()};
  }
  // "kind region slot" of what waits for the caller.
  std::vector<std::string> Kinds(const std::string& token) {
    std::vector<std::string> out;
    for (const auto& item : Mine(token)) {
      out.push_back(
          Cat(item.kind(), " ", item.region_path(), item.slot().empty() ? "" : " ", item.slot()));
    }
    return out;
  }
  std::vector<inbox::v1::WorkItem> Done(const std::string& token) {
    auto page =
        Inbox<inbox::v1::ListMyDoneResponse>("ListMyDone", inbox::v1::ListMyDoneRequest(), token);
    EXPECT_OK(page);
    if (!page.ok()) return {};
    return {page->items().begin(), page->items().end()};
  }
  absl::StatusOr<inbox::v1::WorkItem> Urge(const std::string& id, const std::string& token,
                                           absl::CivilDay due = {}) {
    inbox::v1::UrgeWorkRequest request;
    request.set_request_id(RequestId());
    request.set_id(id);
    request.set_note("请抓紧上报");
    if (due != absl::CivilDay()) {
      SetDay(static_cast<int>(due.year()), due.month(), due.day(), request.mutable_due_on());
    }
    return Inbox<inbox::v1::WorkItem>("UrgeWork", request, token);
  }
  inbox::v1::WorkCount Count(const std::string& token) {
    auto count = Inbox<inbox::v1::CountMyWorkResponse>("CountMyWork",
                                                       inbox::v1::CountMyWorkRequest(), token);
    EXPECT_OK(count);
    return count.ok() ? count->total() : inbox::v1::WorkCount();
  }
  static absl::CivilDay DayOf(const google::type::Date& d) {
    return absl::CivilDay(d.year(), d.month(), d.day());
  }
  void ImportHoliday(absl::CivilDay day) {
    ASSERT_OK(mysql::Transact(server_.database().db(), [&](mysql::Tx& tx) {
      return UpsertWorkDays(tx, {{day, false, "国办通知"}});
    }));
  }
};

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

TEST_F(InboxTest, R002_ASampledVillageWaitsForTheLevelThatDrewIt) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  Verify(campaign.id(), kVillage);
  v1::DrawSampleRequest draw;
  draw.set_request_id(RequestId());
  draw.set_campaign_id(campaign.id());
  draw.set_region_code("3607");
  draw.set_rate_bp(10000);
  ASSERT_OK_AND_ASSIGN(const v1::Sample sample, Inventory<v1::Sample>("DrawSample", draw, City()));
  EXPECT_THAT(Kinds(City()), ElementsAre(Cat("SAMPLE_RESULT ", kVillage, " LEVEL_2")));
  EXPECT_THAT(Kinds(City("3608")), IsEmpty());
  EXPECT_THAT(Kinds(Province()), IsEmpty());
  v1::RecordSampleResultRequest result;
  result.set_request_id(RequestId());
  result.set_id(sample.id());
  result.set_unit_report_id(sample.units(0).unit_report_id());
  result.set_issue(true);
  result.set_note("入户核对");
  ASSERT_OK(Inventory<v1::Sample>("RecordSampleResult", result, City()));
  // An issue has to be sent down; then the county has it again.
  EXPECT_THAT(Kinds(City()), ElementsAre(Cat("UNIT_REPORT_SEND_BACK ", kVillage)));
  ASSERT_OK(Return(Unit(campaign.id(), kVillage), City()));
  EXPECT_THAT(Kinds(City()), IsEmpty());
  EXPECT_THAT(Kinds(County("another")),
              ElementsAre(Cat("UNIT_REPORT_SIGN ", kVillage, " AGRICULTURE")));
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
  std::vector<absl::Status> outcomes(2);
  std::vector<std::string> tokens = {
      Token(options::v1::ROLE_TOWNSHIP_REVIEWER, kTownship, "one"),
      Token(options::v1::ROLE_TOWNSHIP_REVIEWER, kTownship, "other")};
  std::vector<v1::PassUnitReportRequest> requests(2);
  for (auto& request : requests) {
    request.set_request_id(RequestId());
    request.set_id(unit.id());
    request.set_etag(unit.etag());
  }
  std::vector<std::thread> threads;
  for (size_t i = 0; i < 2; ++i) {
    threads.emplace_back([&, i] {
      outcomes[i] =
          Inventory<v1::InventoryUnitReport>("PassUnitReport", requests[i], tokens[i]).status();
    });
  }
  for (std::thread& thread : threads) thread.join();
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

TEST_F(InboxTest, R002_TheProvinceConfirmsACountyOnceEverythingIsThere) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  for (const char* village : {kVillage, kVillage2, kVillage3, kVillage4}) {
    EXPECT_THAT(Kinds(Province()), IsEmpty());
    Verify(campaign.id(), village);
  }
  // No sample yet: it is the city's or the province's to draw.
  EXPECT_THAT(Kinds(Province()), ElementsAre(Cat("SAMPLE_DRAW ", kCounty, " ", campaign.id())));
  v1::DrawSampleRequest draw;
  draw.set_request_id(RequestId());
  draw.set_campaign_id(campaign.id());
  draw.set_region_code("3607");
  draw.set_rate_bp(1);
  ASSERT_OK_AND_ASSIGN(const v1::Sample sample, Inventory<v1::Sample>("DrawSample", draw, City()));
  EXPECT_THAT(Kinds(Province()), IsEmpty());
  for (const v1::SampleUnit& unit : sample.units()) {
    v1::RecordSampleResultRequest result;
    result.set_request_id(RequestId());
    result.set_id(sample.id());
    result.set_unit_report_id(unit.unit_report_id());
    result.set_note("核对无误");
    ASSERT_OK(Inventory<v1::Sample>("RecordSampleResult", result, City()));
  }
  ASSERT_THAT(Mine(Province()), SizeIs(1));
  EXPECT_EQ(Mine(Province())[0].kind(), "INVENTORY_CONFIRM");
  EXPECT_EQ(Mine(Province())[0].title(), "赣州市会昌县摸排成果");
  v1::ConfirmProvinceRequest confirm;
  confirm.set_request_id(RequestId());
  confirm.set_campaign_id(campaign.id());
  confirm.set_region_code(kCounty);
  ASSERT_OK(Inventory<v1::ConfirmProvinceResponse>("ConfirmProvince", confirm, Province()));
  EXPECT_THAT(Kinds(Province()), IsEmpty());
  ASSERT_THAT(Done(Province()), SizeIs(1));
}

TEST_F(InboxTest, R016_AVerifiedCountyWaitsForItsSampleToBeDrawn) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  // Two strata, so that a small share draws two of four.
  ASSERT_OK(Register(NewProject("油茶基地", kVillage)));
  ASSERT_OK(Register(NewProject("脐橙基地", kVillage2)));
  const std::string office = Token(options::v1::ROLE_PROV_OFFICE, "36", "office");
  for (const char* village : {kVillage, kVillage2, kVillage3, kVillage4}) {
    EXPECT_THAT(Kinds(City()), IsEmpty());
    Verify(campaign.id(), village);
  }
  const std::string waits = Cat("SAMPLE_DRAW ", kCounty, " ", campaign.id());
  for (const std::string& token : {City(), Province(), office}) {
    EXPECT_THAT(Kinds(token), ElementsAre(waits));
  }
  EXPECT_THAT(Kinds(City("3608")), IsEmpty());
  EXPECT_THAT(Kinds(County()), IsEmpty());
  inbox::v1::WorkItem item = Mine(City())[0];
  EXPECT_EQ(item.kind_zh(), "抽取抽查样本");
  EXPECT_EQ(item.title(), "赣州市会昌县摸排成果，待抽查");
  EXPECT_EQ(item.action(), "draw_sample");
  EXPECT_EQ(DayOf(item.due_on()), absl::CivilDay(2026, 3, 16));  // ten working days
  // A village that goes back takes the county with it; the comparison brings back what was lost.
  ASSERT_OK(Return(Unit(campaign.id(), kVillage4), City()));
  EXPECT_THAT(Kinds(City()), IsEmpty());
  v1::VerificationTask task = Task(Unit(campaign.id(), kVillage4).id());
  ASSERT_OK_AND_ASSIGN(
      task, Sign(task.unit_report_id(), task.etag(), "AGRICULTURE", County("lead-again")));
  ASSERT_OK(Complete(task.unit_report_id(), task.etag()));
  EXPECT_THAT(Kinds(City()), ElementsAre(waits));
  mysql::Session& db = server_.database().db();
  for (const char* table : {"work_item", "work_desk"}) {
    ASSERT_OK(db.Execute(Cat("DELETE FROM ", table)));
  }
  ASSERT_OK(inbox::Recount(db, {ConfirmationSource()}, server_.ids(), server_.clock().Now(),
                           {.every = absl::ZeroDuration(), .calendar = InboxCalendar()}));
  EXPECT_THAT(Kinds(office), ElementsAre(waits));

  // Drawn by one of them: it waits for nobody any more.
  v1::DrawSampleRequest draw;
  draw.set_request_id(RequestId());
  draw.set_campaign_id(campaign.id());
  draw.set_region_code("3607");
  draw.set_rate_bp(1);
  ASSERT_OK_AND_ASSIGN(v1::Sample sample, Inventory<v1::Sample>("DrawSample", draw, City()));
  ASSERT_EQ(sample.units_size(), 2);
  EXPECT_THAT(Kinds(Province()), IsEmpty());
  EXPECT_THAT(Kinds(office), IsEmpty());
  EXPECT_THAT(Kinds(City()), SizeIs(2));  // the results
  ASSERT_THAT(Done(City()), ::testing::Not(IsEmpty()));
  EXPECT_EQ(Done(City())[0].kind(), "SAMPLE_DRAW");
  EXPECT_EQ(Done(City())[0].outcome(), "draw");

  // Too many issues, known when every result is there: the level whose sample it is draws more.
  const auto record = [&](const std::string& unit, bool issue) {
    v1::RecordSampleResultRequest result;
    result.set_request_id(RequestId());
    result.set_id(sample.id());
    result.set_unit_report_id(unit);
    result.set_issue(issue);
    result.set_note("入户核对");
    ASSERT_OK(Inventory<v1::Sample>("RecordSampleResult", result, City()));
  };
  record(sample.units(0).unit_report_id(), true);
  EXPECT_THAT(Kinds(City()), ::testing::Not(::testing::Contains(waits)));
  record(sample.units(1).unit_report_id(), false);
  EXPECT_THAT(Kinds(City()), ::testing::Contains(waits));
  EXPECT_THAT(Kinds(Province()), ::testing::Not(::testing::Contains(waits)));
  draw.set_request_id(RequestId());
  draw.set_rate_bp(10000);
  draw.set_enlarge(true);
  ASSERT_OK_AND_ASSIGN(sample, Inventory<v1::Sample>("DrawSample", draw, City()));
  EXPECT_THAT(Kinds(City()), ::testing::Not(::testing::Contains(waits)));
}

TEST_F(InboxTest, R016_ACountyThatIsVerifiedAfterTheDrawWaitsForAnother) {
  // A second county of the same city.
  const std::string second = "360734", village = "360734101201";
  AddRegion(second, "寻乌县");
  AddRegion("360734101", "长宁镇");
  AddRegion(village, "三标村");
  StoreRegions();
  const v1::InventoryCampaign campaign = OpenCampaign("36", Province());
  const auto waits = [&](std::string_view kind, std::string_view county) {
    return Cat(kind, " ", county, " ", campaign.id());
  };
  const auto record = [&](const v1::Sample& sample) {
    for (const v1::SampleUnit& unit : sample.units()) {
      if (unit.has_result()) continue;
      v1::RecordSampleResultRequest result;
      result.set_request_id(RequestId());
      result.set_id(sample.id());
      result.set_unit_report_id(unit.unit_report_id());
      result.set_note("核对无误");
      ASSERT_OK(Inventory<v1::Sample>("RecordSampleResult", result, City()));
    }
  };
  for (const char* one : {kVillage, kVillage2, kVillage3, kVillage4}) Verify(campaign.id(), one);
  EXPECT_THAT(Kinds(City()), ElementsAre(waits("SAMPLE_DRAW", kCounty)));
  ASSERT_OK_AND_ASSIGN(v1::Sample sample, Draw(campaign.id(), "3607", City(), "seed", 10000));
  record(sample);
  EXPECT_THAT(Kinds(City()), IsEmpty());
  EXPECT_THAT(Kinds(Province()), ElementsAre(waits("INVENTORY_CONFIRM", kCounty)));

  Verify(campaign.id(), village);
  EXPECT_THAT(Kinds(City()), ElementsAre(waits("SAMPLE_DRAW", second)));
  EXPECT_EQ(Mine(City())[0].title(), "赣州市寻乌县摸排成果，待抽查");
  EXPECT_THAT(Kinds(Province()), UnorderedElementsAre(waits("INVENTORY_CONFIRM", kCounty),
                                                      waits("SAMPLE_DRAW", second)));
  ASSERT_OK_AND_ASSIGN(sample, Draw(campaign.id(), "3607", City()));
  ASSERT_EQ(sample.drawn(), 5);
  EXPECT_THAT(Kinds(City()), ElementsAre(Cat("SAMPLE_RESULT ", village, " LEVEL_2")));
  EXPECT_THAT(Kinds(Province()), ElementsAre(waits("INVENTORY_CONFIRM", kCounty)));
  record(sample);
  EXPECT_THAT(Kinds(Province()), UnorderedElementsAre(waits("INVENTORY_CONFIRM", kCounty),
                                                      waits("INVENTORY_CONFIRM", second)));
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

TEST_F(InboxTest, R002_TwoVillagesThatAreCompletedAtOncePassTheCountyOn) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  Verify(campaign.id(), kVillage);
  v1::DrawSampleRequest draw;
  draw.set_request_id(RequestId());
  draw.set_campaign_id(campaign.id());
  draw.set_region_code("3607");
  draw.set_rate_bp(10000);
  ASSERT_OK_AND_ASSIGN(const v1::Sample sample, Inventory<v1::Sample>("DrawSample", draw, City()));
  v1::RecordSampleResultRequest result;
  result.set_request_id(RequestId());
  result.set_id(sample.id());
  result.set_unit_report_id(sample.units(0).unit_report_id());
  result.set_note("核对无误");
  ASSERT_OK(Inventory<v1::Sample>("RecordSampleResult", result, City()));
  Verify(campaign.id(), kVillage2);
  // The last two, up to their completion.
  std::vector<v1::CompleteVerificationRequest> requests;
  for (const char* village : {kVillage3, kVillage4}) {
    v1::InventoryUnitReport unit = Unit(campaign.id(), village);
    ASSERT_OK_AND_ASSIGN(unit, Submit(unit, true));
    ASSERT_OK_AND_ASSIGN(unit, Pass(unit));
    ASSERT_OK_AND_ASSIGN(const v1::VerificationTask task,
                         Sign(unit.id(), Task(unit.id()).etag(), "AGRICULTURE", County("lead")));
    v1::CompleteVerificationRequest& request = requests.emplace_back();
    request.set_request_id(RequestId());
    request.set_unit_report_id(unit.id());
    request.set_etag(task.etag());
  }
  std::vector<absl::Status> outcomes(2);
  std::vector<std::thread> threads;
  const std::string token = County("lead");
  for (size_t i = 0; i < 2; ++i) {
    threads.emplace_back([&, i] {
      outcomes[i] =
          Inventory<v1::VerificationTask>("CompleteVerification", requests[i], token).status();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_OK(outcomes[0]);
  EXPECT_OK(outcomes[1]);
  EXPECT_THAT(Mine(Province()), SizeIs(1));
}

TEST_F(InboxTest, AMonthThatIsNotReportedWaitsForTheVillage) {
  ASSERT_OK_AND_ASSIGN(const v1::Project one, Register(NewRunning("油茶基地"), County()));
  ASSERT_OK_AND_ASSIGN(const v1::Project other, Register(NewRunning("脐橙冷库"), County()));
  mysql::Session& db = server_.database().db();
  for (const char* table : {"work_item", "work_desk"}) {
    ASSERT_OK(db.Execute(Cat("DELETE FROM ", table)));  // as of data that were there before it
  }
  const std::vector<inbox::Source> sources = {MonthlyReportSource(server_.clock())};
  ASSERT_OK(inbox::Recount(db, sources, server_.ids(), server_.clock().Now(),
                           {.calendar = InboxCalendar()}));
  ASSERT_THAT(Mine(Village()), SizeIs(1));
  EXPECT_EQ(Mine(Village())[0].kind(), "OPERATION_REPORT");
  EXPECT_EQ(Mine(Village())[0].title(), "赣州市会昌县小密乡半迳村2026年2月运营月报，2个项目未报");
  EXPECT_EQ(DayOf(Mine(Village())[0].due_on()), absl::CivilDay(2026, 3, 10));
  EXPECT_THAT(Kinds(Village(kVillage2)), IsEmpty());
  for (const std::string& project : {one.id(), other.id()}) {
    EXPECT_THAT(Mine(Village()), SizeIs(1));
    ASSERT_OK(ReportMonth(project, "2026-02"));
  }
  EXPECT_THAT(Mine(Village()), IsEmpty());
  EXPECT_THAT(Done(Village()), SizeIs(1));
}

TEST_F(InboxTest, TheMonthFollowsTheProjectsThatRun) {
  const auto title = [&] {
    const std::vector<inbox::v1::WorkItem> mine = Mine(Village());
    return mine.size() == 1 ? mine[0].title() : Cat(mine.size(), " items");
  };
  const auto of = [](std::string_view month, int missing) {
    return Cat("赣州市会昌县小密乡半迳村2026年", month, "月运营月报，", missing, "个项目未报");
  };
  const auto claims = [&] {
    return server_.database().Int("SELECT COALESCE(SUM(touched), 0) FROM work_claim");
  };
  // What does not run is not reported, and costs the inbox nothing.
  ASSERT_OK(Register(NewProject("在册项目")));
  EXPECT_THAT(Mine(Village()), IsEmpty());
  EXPECT_EQ(claims(), 0);
  ASSERT_OK_AND_ASSIGN(const v1::Project one, Register(NewRunning("油茶基地")));
  EXPECT_EQ(title(), of("2", 1));
  ASSERT_OK_AND_ASSIGN(v1::Project other, Register(NewRunning("脐橙冷库")));
  EXPECT_EQ(title(), of("2", 2));
  EXPECT_THAT(Kinds(Village(kVillage2)), IsEmpty());
  // Nor does a change of a text.
  const int64_t before = claims();
  v1::UpdateProjectRequest update;
  update.set_request_id(RequestId());
  update.set_id(other.id());
  update.set_etag(other.etag());
  update.mutable_project()->set_implementing_org("小密乡农业服务中心");
  update.mutable_update_mask()->add_paths("implementing_org");
  ASSERT_OK_AND_ASSIGN(other,
                       Call<v1::Project>("ProjectService", "UpdateProject", update, County()));
  EXPECT_EQ(claims(), before);
  // A month later both wait; the earlier one tells how many are missing still.
  On(2026, 4, 2);
  ASSERT_OK_AND_ASSIGN(const v1::Project late, Register(NewRunning("茶园")));
  const auto titles = [&] {
    std::vector<std::string> out;
    for (const auto& item : Mine(Village())) out.push_back(item.title());
    return out;
  };
  EXPECT_THAT(titles(), ElementsAre(of("2", 3), of("3", 3)));
  ASSERT_OK(ReportMonth(one.id(), "2026-02"));
  EXPECT_THAT(titles(), ElementsAre(of("2", 2), of("3", 3)));
  ASSERT_OK(Void(late));
  EXPECT_THAT(titles(), ElementsAre(of("2", 1), of("3", 2)));
  ASSERT_OK(Void(other));
  EXPECT_THAT(titles(), ElementsAre(of("3", 1)));
  ASSERT_OK(Void(one));
  EXPECT_THAT(Mine(Village()), IsEmpty());
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM work_item WHERE open_mark = 1"), 0);
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM work_desk"), 0);
}

TEST_F(InboxTest, TwoProjectsThatAreVoidAtOnceLeaveNoMonthBehind) {
  ASSERT_OK_AND_ASSIGN(const v1::Project one, Register(NewRunning("油茶基地")));
  ASSERT_OK_AND_ASSIGN(const v1::Project other, Register(NewRunning("脐橙冷库")));
  ASSERT_THAT(Mine(Village()), SizeIs(1));
  const std::vector<v1::Project> projects = {one, other};
  std::vector<absl::Status> outcomes(2);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < 2; ++i) {
    threads.emplace_back([&, i] { outcomes[i] = Void(projects[i]).status(); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_OK(outcomes[0]);
  EXPECT_OK(outcomes[1]);
  EXPECT_THAT(Mine(Village()), IsEmpty());
}

TEST_F(InboxTest, TheMonthMovesWithItsRegion) {
  ASSERT_OK(Register(NewRunning("油茶基地")));
  ASSERT_THAT(Mine(Village()), SizeIs(1));
  constexpr char kNewVillage[] = "360733101209";
  AddRegion(kNewVillage, "新半迳村");
  StoreRegions();
  server_.database().Run(Cat("UPDATE region SET end_year = 2026 WHERE code = '", kVillage, "';"));
  v1::RecodeRegionRequest recode;
  recode.set_request_id(RequestId());
  recode.set_from_code(kVillage);
  recode.set_to_code(kNewVillage);
  recode.set_reason("并村");
  ASSERT_OK(Call<v1::RecodeRegionResponse>("RegionService", "RecodeRegion", recode, Province()));
  EXPECT_THAT(Mine(Village()), IsEmpty());
  ASSERT_THAT(Mine(Village(kNewVillage)), SizeIs(1));
  EXPECT_EQ(Mine(Village(kNewVillage))[0].title(),
            "赣州市会昌县小密乡新半迳村2026年2月运营月报，1个项目未报");
}

TEST_F(InboxTest, EveryOpenMonthMovesWithItsRegion) {
  constexpr char kNewVillage[] = "360733101209";
  AddRegion(kNewVillage, "新半迳村");
  StoreRegions();
  ASSERT_OK(Register(NewRunning("油茶基地")));
  ASSERT_OK_AND_ASSIGN(const v1::Project there, Register(NewRunning("脐橙冷库", kNewVillage)));
  // The villages that are put together differ in what they have reported.
  ASSERT_OK(ReportMonth(there.id(), "2026-02", kNewVillage));
  On(2026, 4, 2);
  ASSERT_OK(Register(NewRunning("茶园")));
  ASSERT_THAT(Mine(Village()), SizeIs(2));
  ASSERT_THAT(Mine(Village(kNewVillage)), IsEmpty());
  server_.database().Run(Cat("UPDATE region SET end_year = 2026 WHERE code = '", kVillage, "';"));
  v1::RecodeRegionRequest recode;
  recode.set_request_id(RequestId());
  recode.set_from_code(kVillage);
  recode.set_to_code(kNewVillage);
  recode.set_reason("并村");
  ASSERT_OK(Call<v1::RecodeRegionResponse>("RegionService", "RecodeRegion", recode, Province()));
  EXPECT_THAT(Mine(Village()), IsEmpty());
  std::vector<std::string> titles;
  for (const auto& item : Mine(Village(kNewVillage))) titles.push_back(item.title());
  EXPECT_THAT(titles, ElementsAre("赣州市会昌县小密乡新半迳村2026年2月运营月报，2个项目未报",
                                  "赣州市会昌县小密乡新半迳村2026年3月运营月报，3个项目未报"));
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

class ClosingTest : public InboxTest {
 protected:
  ClosingTest()
      : InboxTest({"bangfu.operation.v1.OperationService"}, [this](rpc::Router& router) {
          operation::RegisterOperationService(
              router, {},
              [this](mysql::Tx& tx, const operation::v1::Operation& clearing, absl::Time now) {
                return operations_.TellStand(tx, clearing, now);
              });
        }) {}

  // The clearing of a campaign that the county's approver closed by force.
  operation::v1::Operation Close(const v1::InventoryCampaign& campaign) {
    v1::CloseCampaignRequest close;
    close.set_request_id(RequestId());
    close.set_id(campaign.id());
    close.set_etag(campaign.etag());
    close.set_force(true);
    close.set_reason("试点结束");
    EXPECT_OK(Inventory<v1::InventoryCampaign>("CloseCampaign", close, Approver()));
    operation::v1::ListOperationsRequest list;
    list.set_kind("close_campaign");
    auto clearings =
        Operation<operation::v1::ListOperationsResponse>("ListOperations", list, Approver());
    EXPECT_OK(clearings);
    if (!clearings.ok() || clearings->operations_size() != 1) return {};
    return clearings->operations(0);
  }
  template <typename Response, typename Request>
  absl::StatusOr<Response> Operation(std::string_view method, const Request& request,
                                     const std::string& token) {
    return server_.Call<Response>(Cat("bangfu.operation.v1.OperationService.", method), request,
                                  token);
  }
  template <typename Request>
  absl::StatusOr<operation::v1::Operation> Steer(std::string_view method, const std::string& id,
                                                 const std::string& token) {
    Request request;
    request.set_request_id(RequestId());
    request.set_id(id);
    return Operation<operation::v1::Operation>(method, request, token);
  }
  // Waits for these who closed or may resume, as an action that the operation tells as allowed.
  void ExpectWaiting(const std::string& clearing) {
    for (const std::string& token : {Approver(), Province()}) {
      EXPECT_THAT(Kinds(token),
                  ElementsAre(::testing::StartsWith("CAMPAIGN_CLOSING_RESUME 360733")));
      operation::v1::GetOperationRequest get;
      get.set_id(clearing);
      auto told = Operation<operation::v1::Operation>("GetOperation", get, token);
      ASSERT_OK(told);
      bool resume = false;
      for (const auto& action : told->allowed_actions()) {
        resume |= action.action() == "resume" && action.allowed();
      }
      EXPECT_TRUE(resume);
    }
    EXPECT_THAT(Kinds(Token(options::v1::ROLE_COUNTY_APPROVER, kCounty, "another-approver")),
                IsEmpty());
  }
  int64_t OpenItems() {
    return server_.database().Int("SELECT COUNT(*) FROM work_item WHERE open_mark = 1");
  }
};

TEST_F(ClosingTest, R002_AClearingThatWasCancelledWaitsToBeResumed) {
  const operation::v1::Operation clearing = Close(OpenCampaign());
  EXPECT_THAT(Kinds(Approver()), IsEmpty());
  ASSERT_OK(
      Steer<operation::v1::CancelOperationRequest>("CancelOperation", clearing.id(), Approver()));
  EXPECT_GT(OpenItems(), 2);  // the villages' are there still
  ExpectWaiting(clearing.id());
  ASSERT_OK(
      Steer<operation::v1::ResumeOperationRequest>("ResumeOperation", clearing.id(), Province()));
  EXPECT_THAT(Kinds(Approver()), IsEmpty());
  EXPECT_THAT(Kinds(Province()), IsEmpty());
  RunOperations();
  EXPECT_EQ(OpenItems(), 0);
}

TEST_F(ClosingTest, R002_AClearingThatFailedWaitsToBeResumed) {
  const operation::v1::Operation clearing = Close(OpenCampaign());
  operation::OperationRunner runner(operation_clock_, {.holder = "fails"});
  RegisterCampaignClosing(runner, operation_ids_,
                          {.chunk = 1, .before_commit = [](int64_t done) -> absl::Status {
                             if (done < 2) return absl::OkStatus();
                             return absl::InternalError("broken");
                           }});
  operation_clock_.Set(server_.clock().Now());
  ASSERT_THAT(runner.StepOnce(server_.database().db()), testing::IsOkAndHolds(true));
  ExpectWaiting(clearing.id());
  // The recount finds what was forgotten, and what is gone.
  const auto recount = [&] {
    server_.clock().Advance(absl::Hours(25));
    ASSERT_OK(inbox::Recount(server_.database().db(), {ClosingSource()}, server_.ids(),
                             server_.clock().Now(), {.calendar = InboxCalendar()}));
  };
  for (const char* table : {"work_item", "work_desk"}) {
    server_.database().Run(Cat("DELETE FROM ", table, ";"));
  }
  recount();
  ExpectWaiting(clearing.id());
  server_.database().Run("DELETE FROM operation;");
  recount();
  EXPECT_EQ(OpenItems(), 0);
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

// --- whatever happens, items are equal to states

class InboxProperty : public InboxTest {
 protected:
  // What has to wait, from the reports as the contract shows them: "unit action slot".
  std::set<std::string> Expected(const std::string& campaign, bool open) {
    std::set<std::string> out;
    if (!open) return out;
    const std::vector<v1::InventoryUnitReport> units = Units(campaign);
    v1::ListSamplesRequest samples;
    samples.set_campaign_id(campaign);
    auto drawn = Inventory<v1::ListSamplesResponse>("ListSamples", samples, Province());
    EXPECT_OK(drawn);
    bool sampled = drawn->samples_size() > 0;
    bool to_draw = !sampled;
    for (const v1::Sample& sample : drawn->samples()) {
      sampled &= !sample.enlargement_required();
      to_draw |= sample.enlargement_required() && sample.results_recorded() == sample.drawn();
    }
    // What is taken back before it was drawn will not be what the sample was drawn from.
    for (const v1::InventoryUnitReport& unit : units) {
      const bool stands = unit.state() == v1::UNIT_REPORT_STATE_COUNTY_VERIFIED ||
                          unit.state() == v1::UNIT_REPORT_STATE_CITY_SAMPLED_OK ||
                          unit.state() == v1::UNIT_REPORT_STATE_CITY_SAMPLED_ISSUE ||
                          unit.state() == v1::UNIT_REPORT_STATE_PROV_CONFIRMED;
      const auto id = Ulid::Parse(unit.id());
      if (!stands && server_.database().Int(
                         "SELECT COUNT(*) FROM sample_unit WHERE unit_report_id = ?", {*id}) == 0) {
        population_.erase(unit.id());
      }
    }
    for (const std::string county : {kCounty, kOtherCounty}) {
      bool verified = true, waiting = false, covered = true;
      for (const v1::InventoryUnitReport& unit : units) {
        if (unit.region_path().substr(0, 6) != county) continue;
        const bool ready = unit.state() == v1::UNIT_REPORT_STATE_COUNTY_VERIFIED ||
                           unit.state() == v1::UNIT_REPORT_STATE_CITY_SAMPLED_OK;
        waiting |= ready;
        covered &= !ready || population_.count(unit.id()) > 0;
        verified &= ready || unit.state() == v1::UNIT_REPORT_STATE_CITY_SAMPLED_ISSUE ||
                    unit.state() == v1::UNIT_REPORT_STATE_PROV_CONFIRMED;
      }
      const int64_t missing = server_.database().Int(
          "SELECT COUNT(*) FROM sample_unit WHERE has_result = 0 AND LEFT(region_path, 6) = ?",
          {county});
      if (!verified || !waiting) continue;
      if (sampled && covered && missing == 0) out.insert(Cat(county, " confirm"));
      if (to_draw || !covered) out.insert(Cat(county, " draw_sample"));
    }
    for (const v1::InventoryUnitReport& unit : units) {
      const auto add = [&](std::string_view action, std::string_view slot = "") {
        out.insert(Cat(unit.id(), " ", action, " ", slot));
      };
      const auto county = [&] {
        const v1::VerificationTask task = TaskOf(unit.id());
        bool missing = false;
        for (const auto& d : task.departments()) {
          if (d.signed_()) continue;
          add("sign", d.department_code());
          missing = true;
        }
        if (!missing) add("complete");
      };
      switch (unit.state()) {
        case v1::UNIT_REPORT_STATE_NOT_STARTED:
        case v1::UNIT_REPORT_STATE_DRAFT:
          add("submit");
          break;
        case v1::UNIT_REPORT_STATE_SUBMITTED:
          add("pass");
          break;
        case v1::UNIT_REPORT_STATE_TOWNSHIP_PASSED:
          county();
          break;
        case v1::UNIT_REPORT_STATE_RETURNED:
          if (unit.current_return().to_level() == v1::REGION_LEVEL_VILLAGE) add("submit");
          if (unit.current_return().to_level() == v1::REGION_LEVEL_TOWNSHIP) add("pass");
          if (unit.current_return().to_level() == v1::REGION_LEVEL_COUNTY) county();
          break;
        case v1::UNIT_REPORT_STATE_CITY_SAMPLED_ISSUE:
          add("return");
          break;
        default:
          break;
      }
    }
    return out;
  }

  // What the province's sample is drawn from, followed through its draws: what is verified then,
  // and of what there was what is confirmed or drawn.
  void Drawn(const std::string& campaign, const v1::Sample& sample) {
    std::set<std::string> now;
    for (const v1::InventoryUnitReport& unit : Units(campaign)) {
      switch (unit.state()) {
        case v1::UNIT_REPORT_STATE_COUNTY_VERIFIED:
        case v1::UNIT_REPORT_STATE_CITY_SAMPLED_OK:
        case v1::UNIT_REPORT_STATE_CITY_SAMPLED_ISSUE:
          now.insert(unit.id());
          break;
        case v1::UNIT_REPORT_STATE_PROV_CONFIRMED:
          if (population_.count(unit.id()) > 0) now.insert(unit.id());
          break;
        default:
          break;
      }
    }
    for (const v1::SampleUnit& unit : sample.units()) now.insert(unit.unit_report_id());
    population_ = std::move(now);
    EXPECT_EQ(sample.population(), static_cast<int32_t>(population_.size()));
  }
  std::set<std::string> population_;

  // As the province sees it: the reports lie in two counties.
  v1::VerificationTask TaskOf(const std::string& unit) {
    v1::GetVerificationTaskRequest request;
    request.set_unit_report_id(unit);
    auto task = Inventory<v1::VerificationTask>("GetVerificationTask", request, Province());
    EXPECT_OK(task);
    return task.ok() ? *task : v1::VerificationTask();
  }
  std::set<std::string> Stored() {
    std::set<std::string> out;
    auto rows = server_.database().db().Query(
        "SELECT subject_id, action, slot, region_path FROM work_item WHERE open_mark = 1 AND "
        "action <> 'record_sample_result'");
    EXPECT_OK(rows);
    for (const mysql::Row& row : *rows) {
      if (row.String(1) == "confirm" || row.String(1) == "draw_sample") {
        out.insert(Cat(row.String(3), " ", row.String(1)));
        continue;
      }
      out.insert(Cat(row.Id(0).ToString(), " ", row.String(1), " ", row.String(2)));
    }
    return out;
  }
};

TEST_F(InboxProperty, R002_ItemsAreEqualToStatesAfterRandomSteps) {
  const uint64_t seed = testing::TestSeed();
  std::cout << "seed " << seed << " (BANGFU_TEST_SEED)" << std::endl;
  testing::SeededRandom random(seed);
  v1::InventoryCampaign campaign = OpenCampaign("36", Province());
  const std::vector<std::string> villages = {kVillage, kVillage2, kVillage3, kVillage4,
                                             kOtherVillage};
  int done = 0, recalled = 0, taken_in = 0;
  std::string sample;
  const int steps = ::bangfu::testing::Runs(1000, 10000);
  for (int i = 0; i < steps; ++i) {
    const std::string village = villages[random.Below(villages.size())];
    const std::string county = village.substr(0, 6);
    const v1::InventoryUnitReport unit = Unit(campaign.id(), village);
    absl::Status status;
    switch (random.Below(14)) {
      case 0: {
        v1::SaveUnitReportDraftRequest draft;
        draft.set_request_id(RequestId());
        draft.set_id(unit.id());
        draft.set_etag(unit.etag());
        status = Inventory<v1::InventoryUnitReport>("SaveUnitReportDraft", draft, Village(village))
                     .status();
        break;
      }
      case 1:
      case 2:
        status = Submit(unit, unit.project_count() == 0).status();
        break;
      case 3:
      case 4:
        status = Pass(unit).status();
        break;
      case 5: {
        const std::vector<std::string> who = {Township(village.substr(0, 9)),
                                              County("operator", county),
                                              City(village.substr(0, 4)), Province()};
        status = Return(unit, who[random.Below(who.size())]).status();
        break;
      }
      case 6:
      case 7: {
        const v1::VerificationTask task = TaskOf(unit.id());
        if (task.departments().empty()) break;
        const auto& d = task.departments(
            static_cast<int>(random.Below(static_cast<uint64_t>(task.departments_size()))));
        status = Sign(unit.id(), task.etag(), d.department_code(),
                      d.is_lead() ? County("lead", county)
                                  : Token(options::v1::ROLE_SECTOR_VERIFIER, county,
                                          Cat("of-", d.department_code())))
                     .status();
        break;
      }
      case 8:
        status = Complete(unit.id(), TaskOf(unit.id()).etag(), County("lead", county)).status();
        break;
      case 9: {
        // New subjects open reports again; few, or the lists get long.
        if (random.Below(8) != 0) break;
        static constexpr const char* kSources[] = {"BRIDGE_CENTRAL", "BRIDGE_COUNTY", "EAST_WEST"};
        status = Register(NewProject(Cat("项目", i), village, kSources[random.Below(3)]),
                          County("operator", county))
                     .status();
        break;
      }
      case 10: {
        v1::DrawSampleRequest draw;
        draw.set_request_id(RequestId());
        draw.set_campaign_id(campaign.id());
        draw.set_region_code("36");
        // The first one, one that takes in what was verified since, or a larger one.
        const bool enlarge = !sample.empty() && random.Below(2) == 0;
        if (sample.empty() || enlarge) {
          draw.set_rate_bp(static_cast<int32_t>(random.Between(1000, 10000)));
        }
        draw.set_enlarge(enlarge);
        auto drawn = Inventory<v1::Sample>("DrawSample", draw, Province());
        status = drawn.status();
        if (!drawn.ok()) break;
        taken_in += drawn->id() == sample && !enlarge ? 1 : 0;
        sample = drawn->id();
        Drawn(campaign.id(), *drawn);
        break;
      }
      case 11: {
        v1::ConfirmProvinceRequest confirm;
        confirm.set_request_id(RequestId());
        confirm.set_campaign_id(campaign.id());
        confirm.set_region_code(county);
        status =
            Inventory<v1::ConfirmProvinceResponse>("ConfirmProvince", confirm, Province()).status();
        break;
      }
      case 12: {
        v1::RecallUnitReportRequest recall;
        recall.set_request_id(RequestId());
        recall.set_id(unit.id());
        recall.set_etag(unit.etag());
        recall.set_reason("更正已核实内容");
        status = Inventory<v1::InventoryUnitReport>("RecallUnitReport", recall,
                                                    County("operator", county))
                     .status();
        recalled += status.ok() ? 1 : 0;
        break;
      }
      default: {
        if (sample.empty()) break;
        v1::RecordSampleResultRequest result;
        result.set_request_id(RequestId());
        result.set_id(sample);
        result.set_unit_report_id(unit.id());
        result.set_issue(random.Below(2) == 0);
        result.set_note("核对");
        status = Inventory<v1::Sample>("RecordSampleResult", result, Province()).status();
      }
    }
    ASSERT_NE(status.code(), StatusCode::kInternal) << status;
    done += status.ok() ? 1 : 0;
    ASSERT_EQ(Stored(), Expected(campaign.id(), true)) << "step " << i << ", seed " << seed;
  }
  std::cout << steps << " steps, " << done << " of them taken, " << taken_in
            << " draws for what was verified since" << std::endl;
  EXPECT_GT(done, steps / 10);
  EXPECT_GT(recalled, 0);
  EXPECT_GT(server_.database().Int("SELECT COUNT(*) FROM work_item WHERE kind = 'SAMPLE_DRAW'"), 0);
  // Results that are missing are work, and those that are there are not.
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM work_item WHERE open_mark = 1 AND action "
                                   "= 'record_sample_result'"),
            server_.database().Int("SELECT COUNT(*) FROM sample_unit su JOIN unit_report u ON u.id "
                                   "= su.unit_report_id WHERE su.has_result = 0 AND u.state IN "
                                   "(5, 6, 7, 8)"));
  // Each item lies on its desks, and nothing else does.
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM work_desk d LEFT JOIN work_item w ON "
                                   "w.id = d.item_id AND w.open_mark = 1 WHERE w.id IS NULL"),
            0);
}

}  // namespace
}  // namespace bangfu::registry

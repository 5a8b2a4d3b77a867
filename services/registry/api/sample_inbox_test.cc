// Samples and the confirmation of the province in the inbox: what waits for whom, and when.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "bangfu/inbox/v1/inbox.pb.h"
#include "common/base/strings.h"
#include "common/contract/time.h"
#include "common/inbox/recount.h"
#include "common/testing/at_once.h"
#include "services/registry/api/inbox_for_test.h"
#include "services/registry/api/unit_report_work.h"

namespace bangfu::registry {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

TEST_F(InboxTest, R002_ASampledVillageWaitsForTheLevelThatDrewIt) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  Verify(campaign.id(), kVillage);
  ASSERT_OK_AND_ASSIGN(const v1::Sample sample, DrawInCity(campaign));
  EXPECT_THAT(Kinds(City()), ElementsAre(Cat("SAMPLE_RESULT ", kVillage, " LEVEL_2")));
  EXPECT_THAT(Kinds(City("3608")), IsEmpty());
  EXPECT_THAT(Kinds(Province()), IsEmpty());
  ASSERT_OK(Result(sample.id(), sample.units(0).unit_report_id(), true));
  // An issue has to be sent down; then the county has it again.
  EXPECT_THAT(Kinds(City()), ElementsAre(Cat("UNIT_REPORT_SEND_BACK ", kVillage)));
  ASSERT_OK(Return(Unit(campaign.id(), kVillage), City()));
  EXPECT_THAT(Kinds(City()), IsEmpty());
  EXPECT_THAT(Kinds(County("another")),
              ElementsAre(Cat("UNIT_REPORT_SIGN ", kVillage, " AGRICULTURE")));
}

TEST_F(InboxTest, R002_TheProvinceConfirmsACountyOnceEverythingIsThere) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  for (const char* village : {kVillage, kVillage2, kVillage3, kVillage4}) {
    EXPECT_THAT(Kinds(Province()), IsEmpty());
    Verify(campaign.id(), village);
  }
  // No sample yet: it is the city's or the province's to draw.
  EXPECT_THAT(Kinds(Province()), ElementsAre(Cat("SAMPLE_DRAW ", kCounty, " ", campaign.id())));
  ASSERT_OK_AND_ASSIGN(const v1::Sample sample, DrawInCity(campaign, 1));
  EXPECT_THAT(Kinds(Province()), IsEmpty());
  for (const v1::SampleUnit& unit : sample.units()) {
    ASSERT_OK(Result(sample.id(), unit.unit_report_id()));
  }
  ASSERT_THAT(Mine(Province()), SizeIs(1));
  EXPECT_EQ(Mine(Province())[0].kind(), "INVENTORY_CONFIRM");
  EXPECT_EQ(Mine(Province())[0].title(), "赣州市会昌县摸排成果");
  v1::ConfirmProvinceRequest confirm;
  confirm.set_request_id(RequestId());
  confirm.set_campaign_id(campaign.id());
  confirm.set_region_code(kCounty);
  ASSERT_OK(Inventory<v1::ConfirmProvinceResponse>("ConfirmProvince", confirm, Province()));
  EXPECT_THAT(Kinds(Province()), ElementsAre(Cat("CAMPAIGN_CLOSE ", kCounty)));
  ASSERT_THAT(Done(Province()), SizeIs(1));
}

TEST_F(InboxTest, R016_AVerifiedCountyWaitsForItsSampleToBeDrawn) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  // Two strata, so that a small share draws two of four.
  ASSERT_OK(Register(NewProject("油茶基地", kVillage)));
  ASSERT_OK(Register(NewProject("脐橙基地", kVillage2)));
  const std::string office = Office();
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
    ASSERT_OK(Result(sample.id(), unit, issue));
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
      ASSERT_OK(Result(sample.id(), unit.unit_report_id()));
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

TEST_F(InboxTest, R002_TwoVillagesThatAreCompletedAtOncePassTheCountyOn) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  Verify(campaign.id(), kVillage);
  ASSERT_OK_AND_ASSIGN(const v1::Sample sample, DrawInCity(campaign));
  ASSERT_OK(Result(sample.id(), sample.units(0).unit_report_id()));
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
  const std::string token = County("lead");
  const auto outcomes = ::bangfu::testing::AtOnce(2, [&](int i) {
    return Verification<v1::VerificationTask>("CompleteVerification", requests[i], token);
  });
  EXPECT_OK(outcomes[0]);
  EXPECT_OK(outcomes[1]);
  EXPECT_THAT(Mine(Province()), SizeIs(1));
}

TEST_F(InboxTest, R016_ADemandToEnlargeGoesWithTheLastVillageThatCouldBeDrawn) {
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
  const std::set<std::string> villages = {kVillage, kVillage2, kVillage3, kVillage4, village};
  for (const std::string& one : villages) Verify(campaign.id(), one);
  ASSERT_OK_AND_ASSIGN(const v1::Sample sample, Draw(campaign.id(), "3607", City(), "seed", 8000));
  ASSERT_EQ(sample.drawn(), 4);
  std::set<std::string> undrawn = villages;
  bool issue = true;
  for (const v1::SampleUnit& unit : sample.units()) {
    undrawn.erase(unit.region_path());
    // One of the first county's, which has three at least.
    ASSERT_OK(Result(sample.id(), unit.unit_report_id(), issue));
    issue = false;
  }
  ASSERT_EQ(undrawn.size(), 1U);
  const std::string left = *undrawn.begin();
  const std::string its_county = left.substr(0, 6);
  const std::string other = its_county == second ? kCounty : second;
  EXPECT_THAT(Kinds(City()), ::testing::Contains(waits("SAMPLE_DRAW", other)));
  EXPECT_THAT(Kinds(Province()),
              ::testing::Not(::testing::Contains(waits("INVENTORY_CONFIRM", other))));

  // With it nothing is left to draw: the other county waits for the province, and for no sample.
  ASSERT_OK(Recall(Unit(campaign.id(), left), County("operator", its_county)));
  EXPECT_THAT(Kinds(City()), ::testing::Not(::testing::Contains(waits("SAMPLE_DRAW", other))));
  EXPECT_THAT(Kinds(Province()), ::testing::Contains(waits("INVENTORY_CONFIRM", other)));
  v1::GetSampleRequest get;
  get.set_id(sample.id());
  ASSERT_OK_AND_ASSIGN(const v1::Sample now, Inventory<v1::Sample>("GetSample", get, City()));
  EXPECT_FALSE(now.enlargement_required());
  v1::ConfirmProvinceRequest confirm;
  confirm.set_request_id(RequestId());
  confirm.set_campaign_id(campaign.id());
  confirm.set_region_code(other);
  EXPECT_OK(Inventory<v1::ConfirmProvinceResponse>("ConfirmProvince", confirm, Province()));
}

// Submitted by somebody who holds a role of each level too.
class OwnReport : public InboxTest {
 protected:
  // The person who reported a village, in another role.
  std::string Reporter(auth::Role role, std::string_view region,
                       std::string_view village = kVillage) {
    return Token(role, region, Cat("reporter-", village));
  }
  static std::string ReasonTold(const v1::InventoryUnitReport& report, std::string_view action) {
    for (const auto& told : report.allowed_actions()) {
      if (told.action() == action) return told.allowed() ? "allowed" : told.refusal_reason();
    }
    return "not told";
  }
  std::string ReasonTold(const std::string& unit, std::string_view action,
                         const std::string& token) {
    v1::GetUnitReportRequest get;
    get.set_id(unit);
    auto report = Inventory<v1::InventoryUnitReport>("GetUnitReport", get, token);
    EXPECT_OK(report);
    return report.ok() ? ReasonTold(*report, action) : "";
  }
  v1::ConfirmProvinceResponse Confirm(const std::string& campaign, const std::string& token) {
    v1::ConfirmProvinceRequest request;
    request.set_request_id(RequestId());
    request.set_campaign_id(campaign);
    request.set_region_code(kCounty);
    auto response = Inventory<v1::ConfirmProvinceResponse>("ConfirmProvince", request, token);
    EXPECT_OK(response);
    return response.ok() ? *response : v1::ConfirmProvinceResponse();
  }
};

TEST_F(OwnReport, R016_IsCompletedBySomebodyElse) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  ASSERT_OK_AND_ASSIGN(v1::InventoryUnitReport unit, Submit(Unit(campaign.id(), kVillage), true));
  ASSERT_OK_AND_ASSIGN(unit, Pass(unit));
  ASSERT_OK_AND_ASSIGN(v1::VerificationTask task,
                       Sign(unit.id(), unit.etag(), "AGRICULTURE", County("lead")));
  const auto own_is_refused = [&] {
    for (const auth::Role role :
         {options::v1::ROLE_COUNTY_OPERATOR, options::v1::ROLE_COUNTY_APPROVER}) {
      const std::string own = Reporter(role, kCounty);
      EXPECT_THAT(Complete(unit.id(), task.etag(), own),
                  StatusIs(absl::StatusCode::kFailedPrecondition, "SELF_APPROVAL"));
      EXPECT_EQ(ReasonTold(unit.id(), "complete", own), "SELF_APPROVAL");
      EXPECT_THAT(Kinds(own), IsEmpty());
    }
    EXPECT_THAT(Kinds(County()), ElementsAre(Cat("UNIT_REPORT_COMPLETE ", kVillage)));
  };
  own_is_refused();
  ASSERT_OK(Complete(unit.id(), task.etag()));
  // The same of what came back to the county.
  ASSERT_OK(Recall(Unit(campaign.id(), kVillage)));
  task = Task(unit.id());
  ASSERT_OK_AND_ASSIGN(task, Sign(unit.id(), task.etag(), "AGRICULTURE", County("lead")));
  own_is_refused();
  EXPECT_OK(Complete(unit.id(), task.etag()));
}

TEST_F(OwnReport, R016_IsCheckedAndConfirmedBySomebodyElse) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  for (const char* village : {kVillage, kVillage2, kVillage3, kVillage4}) {
    Verify(campaign.id(), village);
  }
  ASSERT_OK_AND_ASSIGN(const v1::Sample sample, Draw(campaign.id(), "3607", City(), "seed", 10000));
  const std::string of_city = Reporter(options::v1::ROLE_CITY_SUPERVISOR, "3607");
  const std::string own = Unit(campaign.id(), kVillage).id();
  EXPECT_EQ(ReasonTold(own, "record_sample_result", of_city), "SELF_APPROVAL");
  EXPECT_THAT(Kinds(City()), SizeIs(4));
  EXPECT_THAT(Kinds(of_city), UnorderedElementsAre(Cat("SAMPLE_RESULT ", kVillage2, " LEVEL_2"),
                                                   Cat("SAMPLE_RESULT ", kVillage3, " LEVEL_2"),
                                                   Cat("SAMPLE_RESULT ", kVillage4, " LEVEL_2")));
  for (const bool issue : {false, true}) {
    EXPECT_THAT(Result(sample.id(), own, issue, of_city),
                StatusIs(absl::StatusCode::kFailedPrecondition, "SELF_APPROVAL"));
  }
  for (const v1::SampleUnit& unit : sample.units()) {
    ASSERT_OK(Result(sample.id(), unit.unit_report_id()));
  }

  // Of a county that one reported a village of, the others are confirmed.
  const std::string waits = Cat("INVENTORY_CONFIRM ", kCounty, " ", campaign.id());
  const std::string of_office = Reporter(options::v1::ROLE_PROV_OFFICE, "36");
  const auto confirm = [&](const std::string& token) { return Confirm(campaign.id(), token); };
  EXPECT_EQ(ReasonTold(own, "confirm", of_office), "SELF_APPROVAL");
  EXPECT_THAT(Kinds(of_office), ElementsAre(waits));
  v1::ConfirmProvinceResponse confirmed = confirm(of_office);
  EXPECT_EQ(confirmed.confirmed(), 3);
  EXPECT_EQ(confirmed.held_back(), 1);
  EXPECT_EQ(Unit(campaign.id(), kVillage).state(), v1::UNIT_REPORT_STATE_CITY_SAMPLED_OK);
  // What is left is not theirs any more.
  EXPECT_THAT(Kinds(of_office), IsEmpty());
  EXPECT_THAT(Kinds(Office()), ElementsAre(waits));
  EXPECT_EQ(confirm(of_office).held_back(), 1);
  EXPECT_EQ(confirm(Office()).confirmed(), 1);
  EXPECT_THAT(Kinds(Office()), ElementsAre(Cat("CAMPAIGN_CLOSE ", kCounty)));
}

TEST_F(OwnReport, R016_WhatADeputySubmittedIsThePrincipalsOwnToo) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  for (const char* village : {kVillage, kVillage3}) {
    Verify(campaign.id(), village, Token(options::v1::ROLE_VILLAGE_REPORTER, village, "principal"));
  }
  for (const char* village : {kVillage2, kVillage4}) {
    Verify(campaign.id(), village,
           Lent("deputy", "principal", options::v1::ROLE_VILLAGE_REPORTER, village));
  }
  ASSERT_OK_AND_ASSIGN(const v1::Sample sample, Draw(campaign.id(), "3607", City(), "seed", 10000));
  for (const v1::SampleUnit& unit : sample.units()) {
    ASSERT_OK(Result(sample.id(), unit.unit_report_id()));
  }
  const std::string waits = Cat("INVENTORY_CONFIRM ", kCounty, " ", campaign.id());
  constexpr auth::Role kOffice = options::v1::ROLE_PROV_OFFICE;
  const std::string principal = Token(kOffice, "36", "principal");
  const std::string deputy = Token(kOffice, "36", "deputy");
  // All are the principal's own, two of them the deputy's as well.
  EXPECT_THAT(Kinds(principal), IsEmpty());
  EXPECT_THAT(Kinds(Lent("another", "principal", kOffice, "36")), IsEmpty());
  EXPECT_EQ(Confirm(campaign.id(), principal).held_back(), 4);
  EXPECT_THAT(Kinds(deputy), ElementsAre(waits));
  const v1::ConfirmProvinceResponse confirmed = Confirm(campaign.id(), deputy);
  EXPECT_EQ(confirmed.confirmed(), 2);
  EXPECT_EQ(confirmed.held_back(), 2);
  // What is left is nobody's of the two.
  EXPECT_THAT(Kinds(deputy), IsEmpty());
  EXPECT_THAT(Kinds(principal), IsEmpty());
  EXPECT_THAT(Kinds(Office()), ElementsAre(waits));
  EXPECT_EQ(Confirm(campaign.id(), Office()).confirmed(), 2);
}

}  // namespace
}  // namespace bangfu::registry

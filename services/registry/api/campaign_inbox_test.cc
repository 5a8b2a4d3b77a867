// Campaigns in the inbox: to be opened, and to be closed when the province has confirmed them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "bangfu/inbox/v1/inbox.pb.h"
#include "common/base/strings.h"
#include "common/contract/time.h"
#include "common/inbox/recount.h"
#include "common/operation/operation.h"
#include "services/registry/api/campaign_work.h"
#include "services/registry/api/inbox_for_test.h"
#include "services/registry/api/unit_report_work.h"

namespace bangfu::registry {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class CampaignInboxTest : public InboxTest {
 protected:
  // What of it is about campaigns.
  std::vector<std::string> Campaigns(const std::string& token) {
    std::vector<std::string> out = Kinds(token);
    std::erase_if(out, [](const std::string& kind) { return !kind.starts_with("CAMPAIGN_"); });
    return out;
  }
  // Every village verified and drawn, none with an issue.
  void Check(const std::string& campaign, const std::vector<std::string>& villages) {
    for (const std::string& village : villages) Verify(campaign, village);
    auto sample = Draw(campaign, "36", Province(), "", 10000);
    ASSERT_OK(sample);
    for (const v1::SampleUnit& unit : sample->units()) {
      ASSERT_OK(Result(sample->id(), unit.unit_report_id(), false, Province()));
    }
  }
  absl::Status Confirm(const std::string& campaign, const std::string& county) {
    v1::ConfirmProvinceRequest confirm;
    confirm.set_request_id(RequestId());
    confirm.set_campaign_id(campaign);
    confirm.set_region_code(county);
    return Inventory<v1::ConfirmProvinceResponse>("ConfirmProvince", confirm, Province()).status();
  }
  absl::Status Close(const v1::InventoryCampaign& campaign) {
    v1::CloseCampaignRequest close;
    close.set_request_id(RequestId());
    close.set_id(campaign.id());
    close.set_etag(campaign.etag());
    return Inventory<v1::InventoryCampaign>("CloseCampaign", close, Approver()).status();
  }
  void Recount() {
    ASSERT_OK(inbox::Recount(server_.database().db(), {CampaignSource()}, server_.ids(),
                             server_.clock().Now(),
                             {.every = absl::ZeroDuration(), .calendar = InboxCalendar()}));
  }
  void EmptyTheInbox() {
    for (const char* table : {"work_item", "work_desk"}) {
      server_.database().Run(Cat("DELETE FROM ", table, ";"));
    }
  }
  const std::vector<std::string> villages_ = {kVillage, kVillage2, kVillage3, kVillage4};
};

TEST_F(CampaignInboxTest, R001_APlannedCampaignWaitsForThoseWhoMayOpenIt) {
  ASSERT_OK_AND_ASSIGN(const v1::InventoryCampaign planned, CreateCampaign(kCounty));
  const std::string waits = Cat("CAMPAIGN_OPEN ", kCounty);
  for (const std::string& token : {Approver(), Office()}) {
    EXPECT_THAT(Kinds(token), ElementsAre(waits));
  }
  for (const std::string& token :
       {County(), City(), Village(),
        Token(options::v1::ROLE_COUNTY_APPROVER, kOtherCounty, "next door")}) {
    EXPECT_THAT(Kinds(token), IsEmpty());
  }
  const inbox::v1::WorkItem item = Mine(Approver())[0];
  EXPECT_EQ(item.kind_zh(), "开放摸排批次");
  EXPECT_EQ(item.title(), "2026年帮扶产业项目摸排");
  EXPECT_EQ(item.subject_id(), planned.id());
  EXPECT_EQ(item.action(), "open");
  EXPECT_EQ(DayOf(item.due_on()), absl::CivilDay(2026, 3, 9));  // five working days
  // What was forgotten comes back with the comparison.
  EmptyTheInbox();
  Recount();
  EXPECT_THAT(Kinds(Office()), ElementsAre(waits));
  // It goes with the opening, before the reports are made.
  ASSERT_OK(Open(planned));
  EXPECT_THAT(Kinds(Approver()), IsEmpty());
  EXPECT_THAT(Kinds(Office()), IsEmpty());
  ASSERT_THAT(Done(Approver()), SizeIs(1));
  EXPECT_EQ(Done(Approver())[0].outcome(), "open");
  RunOperations();
  EXPECT_THAT(Kinds(Approver()), IsEmpty());
  Recount();
  EXPECT_THAT(Kinds(Approver()), IsEmpty());
}

TEST_F(CampaignInboxTest, R001_TheTermsAreParameters) {
  server_.database().Run("UPDATE parameter SET value = 2 WHERE code = 'CAMPAIGN_OPEN_DAYS';");
  ImportHoliday(absl::CivilDay(2026, 3, 3));
  ASSERT_OK(CreateCampaign(kCounty));
  ASSERT_THAT(Mine(Approver()), SizeIs(1));
  EXPECT_EQ(DayOf(Mine(Approver())[0].due_on()), absl::CivilDay(2026, 3, 5));
}

TEST_F(CampaignInboxTest, R001_AConfirmedCampaignWaitsForThoseWhoMayCloseIt) {
  v1::InventoryCampaign campaign = OpenCampaign();
  for (const std::string& village : villages_) Verify(campaign.id(), village);
  // It could be closed by now, but the province's part is still to be done.
  EXPECT_THAT(Campaigns(Approver()), IsEmpty());
  ASSERT_OK_AND_ASSIGN(const v1::Sample sample, Draw(campaign.id(), "3607", City(), "", 10000));
  for (const v1::SampleUnit& unit : sample.units()) {
    ASSERT_OK(Result(sample.id(), unit.unit_report_id()));
  }
  EXPECT_THAT(Campaigns(Approver()), IsEmpty());
  ASSERT_OK(Confirm(campaign.id(), kCounty));
  const std::string waits = Cat("CAMPAIGN_CLOSE ", kCounty);
  for (const std::string& token : {Approver(), Office()}) {
    EXPECT_THAT(Campaigns(token), ElementsAre(waits));
  }
  EXPECT_THAT(Campaigns(County()), IsEmpty());
  const inbox::v1::WorkItem item = Mine(Approver())[0];
  EXPECT_EQ(item.kind_zh(), "结束摸排批次");
  EXPECT_EQ(item.title(), "2026年帮扶产业项目摸排，各村成果均已确认");
  EXPECT_EQ(DayOf(item.due_on()), absl::CivilDay(2026, 3, 9));

  // A report that goes back takes it away; when it is confirmed again, it is there again.
  ASSERT_OK(Return(Unit(campaign.id(), kVillage4), Province()));
  for (const std::string& token : {Approver(), Office()}) EXPECT_THAT(Campaigns(token), IsEmpty());
  Recount();
  EXPECT_THAT(Campaigns(Approver()), IsEmpty());
  const std::string unit = Unit(campaign.id(), kVillage4).id();
  v1::VerificationTask task = Task(unit);
  ASSERT_OK_AND_ASSIGN(task, Sign(unit, task.etag(), "AGRICULTURE", County("lead-again")));
  ASSERT_OK(Complete(unit, task.etag()));
  EXPECT_THAT(Campaigns(Approver()), IsEmpty());
  ASSERT_OK(Confirm(campaign.id(), kCounty));
  EXPECT_THAT(Campaigns(Approver()), ElementsAre(waits));
  EmptyTheInbox();
  Recount();
  EXPECT_THAT(Campaigns(Approver()), ElementsAre(waits));
  campaign = Campaign(campaign.id());
  ASSERT_OK(Close(campaign));
  EXPECT_THAT(Campaigns(Approver()), IsEmpty());
  EXPECT_THAT(Campaigns(Office()), IsEmpty());
  EXPECT_EQ(Done(Approver()).at(0).outcome(), "close");
}

TEST_F(CampaignInboxTest, R001_ANewSubjectOpensAConfirmedReport) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  Check(campaign.id(), villages_);
  ASSERT_OK(Confirm(campaign.id(), kCounty));
  EXPECT_THAT(Campaigns(Approver()), ElementsAre(Cat("CAMPAIGN_CLOSE ", kCounty)));
  ASSERT_OK(Register(NewProject("油茶基地", kVillage2)));
  EXPECT_THAT(Campaigns(Approver()), IsEmpty());
}

TEST_F(CampaignInboxTest, R001_AProvincesCampaignWaitsForEveryCounty) {
  const v1::InventoryCampaign campaign = OpenCampaign("36", Province());
  std::vector<std::string> villages = villages_;
  villages.push_back(kOtherVillage);
  Check(campaign.id(), villages);
  ASSERT_OK(Confirm(campaign.id(), kCounty));
  EXPECT_THAT(Campaigns(Office()), IsEmpty());
  ASSERT_OK(Confirm(campaign.id(), kOtherCounty));
  EXPECT_THAT(Campaigns(Office()), ElementsAre("CAMPAIGN_CLOSE 36"));
  EXPECT_THAT(Campaigns(Approver()), IsEmpty());  // not theirs to close
}

}  // namespace
}  // namespace bangfu::registry

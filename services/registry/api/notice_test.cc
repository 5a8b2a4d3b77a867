// 督办/协调通知: the city supervises what counties do, and changes nothing of their data.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "common/contract/access.h"
#include "google/protobuf/descriptor.h"
#include "services/registry/api/handlers.h"
#include "services/registry/api/notice_for_test.h"

namespace bangfu::registry {
namespace {

using absl::StatusCode;
using ::testing::AllOf;

TEST_F(NoticeTest, R119_TheCitySupervisesAndTheCountyKeepsItsData) {
  ASSERT_OK_AND_ASSIGN(const v1::Project project, Register(NewProject("油茶基地")));
  ASSERT_OK_AND_ASSIGN(const Notice sent, Issue(kCounty, City(), project.id()));
  EXPECT_EQ(sent.issuer_region_path(), "3607");
  ASSERT_OK_AND_ASSIGN(const Notice answered, Answer(sent.id(), Approver()));
  ASSERT_OK_AND_ASSIGN(const Notice closed, Close(sent.id(), City()));
  EXPECT_EQ(closed.state(), notice::v1::NOTICE_STATE_CLOSED);
  // The record is as it was, to the version.
  EXPECT_EQ(GetProject(project.id()).etag(), project.etag());

  // What the county keeps is the county's to change.
  v1::UpdateProjectRequest update;
  update.set_request_id(RequestId());
  update.set_id(project.id());
  update.set_etag(project.etag());
  *update.mutable_project() = project;
  update.mutable_update_mask()->add_paths("name");
  EXPECT_THAT(Call<v1::Project>("ProjectService", "UpdateProject", update, City()),
              StatusIs(StatusCode::kPermissionDenied, "ROLE_REQUIRED"));
  v1::VoidProjectRequest to_void;
  to_void.set_request_id(RequestId());
  to_void.set_id(project.id());
  to_void.set_etag(project.etag());
  to_void.set_reason("重复登记");
  EXPECT_THAT(Call<v1::Project>("ProjectService", "VoidProject", to_void, City()),
              StatusIs(StatusCode::kPermissionDenied, "ROLE_REQUIRED"));
  EXPECT_THAT(Register(NewProject("市里代报"), City()),
              StatusIs(StatusCode::kPermissionDenied, "ROLE_REQUIRED"));
  const v1::InventoryCampaign campaign = OpenCampaign();
  EXPECT_THAT(Pass(Unit(campaign.id(), kVillage), City()),
              StatusIs(StatusCode::kPermissionDenied, "ROLE_REQUIRED"));
}

// All that the city may write in the registry: it samples, and holds the course of the inventory.
TEST(NoticeContractTest, R119_NoRpcLetsTheCityEditRecords) {
  std::set<std::string> writes;
  const auto* pool = google::protobuf::DescriptorPool::generated_pool();
  for (const std::string& name : OwnServices()) {
    const auto* service = pool->FindServiceByName(name);
    ASSERT_NE(service, nullptr) << name;
    for (int i = 0; i < service->method_count(); ++i) {
      const auto access = contract::AccessOf(*service->method(i));
      ASSERT_OK(access);
      if (access->mode() != options::v1::ACCESS_MODE_WRITE) continue;
      for (const int role : access->roles()) {
        if (role == options::v1::ROLE_CITY_SUPERVISOR) writes.insert(service->method(i)->name());
      }
    }
  }
  EXPECT_EQ(writes,
            (std::set<std::string>{"BatchReturnUnitReports", "DrawSample", "GrantLockException",
                                   "RecordSampleResult", "ReturnUnitReport"}));
}

TEST_F(NoticeTest, R119_TheDefaultTermIsTheParametersInWorkingDays) {
  // Ten working days from Monday the second; the ninth is a holiday.
  ImportHoliday(absl::CivilDay(2026, 3, 9));
  ASSERT_OK_AND_ASSIGN(const Notice sent, Issue(kCounty, City()));
  EXPECT_EQ(DayFrom(sent.answer_due()), absl::CivilDay(2026, 3, 17));
  EXPECT_FALSE(sent.provisional());
  server_.database().Run("UPDATE parameter SET value = 3 WHERE code = 'NOTICE_ANSWER_DAYS';");
  ASSERT_OK_AND_ASSIGN(const Notice shorter, Issue(kCounty, City()));
  EXPECT_EQ(DayFrom(shorter.answer_due()), absl::CivilDay(2026, 3, 5));
  // A day that is named goes before it.
  ASSERT_OK_AND_ASSIGN(const Notice named, Issue(kCounty, City(), "", absl::CivilDay(2026, 4, 30)));
  EXPECT_EQ(DayFrom(named.answer_due()), absl::CivilDay(2026, 4, 30));
  EXPECT_THAT(Issue(kCounty, City(), "", absl::CivilDay(2026, 3, 1)),
              StatusIs(StatusCode::kInvalidArgument, "NOTICE_DUE_PAST"));
}

TEST_F(NoticeTest, R119_AnAnswerIsReviewedWithinTheParametersWorkingDays) {
  ImportHoliday(absl::CivilDay(2026, 3, 9));
  ASSERT_OK_AND_ASSIGN(const Notice sent, Issue(kCounty, City()));
  ASSERT_OK_AND_ASSIGN(const Notice answered, Answer(sent.id(), Approver()));
  // Five working days from Monday the second; the ninth is a holiday.
  EXPECT_EQ(DayFrom(answered.review_due()), absl::CivilDay(2026, 3, 10));
  server_.database().Run("UPDATE parameter SET value = 2 WHERE code = 'NOTICE_REVIEW_DAYS';");
  ASSERT_OK_AND_ASSIGN(const Notice next, Issue(kCounty, City()));
  ASSERT_OK_AND_ASSIGN(const Notice sooner, Answer(next.id(), Approver()));
  EXPECT_EQ(DayFrom(sooner.review_due()), absl::CivilDay(2026, 3, 4));
}

// Who copied a notice under the old path gets it under the new one.
TEST_F(NoticeTest, R130_ARecodedTownshipsNoticesAreTold) {
  ASSERT_OK_AND_ASSIGN(const Notice sent, Issue(kTownship, Approver()));
  ASSERT_OK(MergeTownship(kTownship, kOtherTownship));
  const auto told = [&] {
    return server_.database().Int(
        Cat("SELECT COUNT(*) FROM feed_outbox WHERE aggregate_type = 'supervision_notice' AND "
            "region_path = '",
            kOtherTownship, "'"));
  };
  EXPECT_EQ(told(), 1);
  ASSERT_OK_AND_ASSIGN(const Notice moved, Get(sent.id(), TownshipApprover(kOtherTownship)));
  EXPECT_EQ(moved.region_path(), kOtherTownship);
  // What came under the old path after all, as it is swept.
  const recode::Move move{server_.ids().Next(), kTownship, kOtherTownship, server_.clock().Now()};
  ASSERT_OK(mysql::Transact(server_.database().db(), [&](mysql::Tx& tx) {
    return PublishSwept(tx, move, 1, server_.clock().Now());
  }));
  EXPECT_EQ(told(), 2);
}

TEST_F(NoticeTest, R119_RefusedByName) {
  EXPECT_THAT(Issue("3607", City()), StatusIs(StatusCode::kPermissionDenied, "NOTICE_NOT_BELOW"));
  EXPECT_THAT(Issue("36", City()), StatusIs(StatusCode::kPermissionDenied, "NOTICE_NOT_BELOW"));
  EXPECT_THAT(Issue("3608", City()), StatusIs(StatusCode::kPermissionDenied, "NOTICE_NOT_BELOW"));
  EXPECT_THAT(Issue(kOtherCounty, City()), StatusIs(StatusCode::kNotFound));
  EXPECT_THAT(Issue("360799", City()), StatusIs(StatusCode::kInvalidArgument, "REGION_UNKNOWN"));
  EXPECT_THAT(Issue(kVillage, City()), StatusIs(StatusCode::kInvalidArgument, "NOTICE_NO_OFFICE"));
  EXPECT_THAT(Issue(kCounty, County()), StatusIs(StatusCode::kPermissionDenied, "ROLE_REQUIRED"));
  ASSERT_OK_AND_ASSIGN(const v1::Project project, Register(NewProject("油茶基地")));
  EXPECT_THAT(Issue(kOtherCounty, Province(), project.id()), StatusIs(StatusCode::kNotFound));
  notice::v1::IssueSupervisionNoticesRequest of_kind;
  of_kind.set_request_id(RequestId());
  of_kind.add_region_codes(kCounty);
  of_kind.set_kind(notice::v1::NOTICE_KIND_REMIND);
  of_kind.set_matter(notice::v1::NOTICE_MATTER_PROJECT);
  of_kind.set_title("月报");
  of_kind.set_text("请核实。");
  of_kind.set_subject_type("operation_report");  // nobody's grant would be asked about it
  of_kind.set_subject_id(project.id());
  EXPECT_THAT(Notices<notice::v1::IssueSupervisionNoticesResponse>("IssueSupervisionNotices",
                                                                   of_kind, City()),
              AllOf(StatusIs(StatusCode::kInvalidArgument, "NOTICE_SUBJECT_KIND"),
                    HasViolation("subject_type")));
  EXPECT_THAT(Issue(kCounty, City(), server_.ids().Next().ToString()),
              StatusIs(StatusCode::kNotFound));

  ASSERT_OK_AND_ASSIGN(const Notice sent, Issue(kTownship, Approver()));
  EXPECT_THAT(Answer(sent.id(), Approver()),
              StatusIs(StatusCode::kFailedPrecondition, "SAME_PERSON"));
  EXPECT_THAT(Answer(sent.id(), Token(options::v1::ROLE_COUNTY_APPROVER, kCounty, "colleague")),
              StatusIs(StatusCode::kPermissionDenied, "NOTICE_OF_ANOTHER_OFFICE"));
  EXPECT_THAT(Answer(sent.id(), TownshipApprover(kOtherTownship)), StatusIs(StatusCode::kNotFound));
  EXPECT_THAT(Get(sent.id(), City("3608")), StatusIs(StatusCode::kNotFound));
  EXPECT_THAT(Close(sent.id(), Approver()),
              StatusIs(StatusCode::kFailedPrecondition, "STATE_NOT_ALLOWED"));
  EXPECT_OK(Answer(sent.id(), TownshipApprover()));
  EXPECT_THAT(Close(sent.id(), City()),
              StatusIs(StatusCode::kPermissionDenied, "NOTICE_OF_ANOTHER_OFFICE"));
  EXPECT_OK(Close(sent.id(), Approver()));
}

}  // namespace
}  // namespace bangfu::registry

#include "common/notice/notice.h"

#include "bangfu/options/v1/access.pb.h"
#include "common/notice/work.h"
#include "common/status/error.h"
#include "common/testing/status_matchers.h"
#include "common/workflow/triples.h"

namespace bangfu::notice {
namespace {

using absl::StatusCode;
using ::bangfu::testing::StatusIs;
using options::v1::ROLE_CITY_SUPERVISOR;
using options::v1::ROLE_COUNTY_APPROVER;
using options::v1::ROLE_PROV_OFFICE;
using options::v1::ROLE_TOWNSHIP_APPROVER;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using v1::NoticeState;
using workflow::Actor;

v1::SupervisionNotice Notice(const std::string& issuer, const std::string& region,
                             NoticeState state = v1::NOTICE_STATE_OPEN) {
  v1::SupervisionNotice notice;
  notice.set_issuer_region_path(issuer);
  notice.set_region_path(region);
  notice.set_state(state);
  notice.mutable_issued_by()->set_subject("issuer");
  if (state != v1::NOTICE_STATE_OPEN) notice.mutable_answered_by()->set_subject("answerer");
  return notice;
}

RegionLevel LevelOf(workflow::RoleId role) {
  if (role == ROLE_TOWNSHIP_APPROVER) return RegionLevel::kTownship;
  if (role == ROLE_PROV_OFFICE) return RegionLevel::kProvince;
  if (role == ROLE_CITY_SUPERVISOR) return RegionLevel::kCity;
  return RegionLevel::kCounty;
}

TEST(NoticeTableTest, EveryRoleInEveryState) {
  EXPECT_THAT((workflow::TryTriples<NoticeState, Subject>(
                  Transitions(),
                  {v1::NOTICE_STATE_OPEN, v1::NOTICE_STATE_ANSWERED, v1::NOTICE_STATE_RETURNED,
                   v1::NOTICE_STATE_CLOSED, v1::NOTICE_STATE_WITHDRAWN},
                  workflow::EveryRole(),
                  [](NoticeState state, const std::string& action,
                     workflow::RoleId role) -> absl::StatusOr<NoticeState> {
                    Subject subject;
                    subject.state = state;
                    subject.addressed = subject.issuer = LevelOf(role);
                    return Transitions().Execute(subject, action, Actor{"person", {role}});
                  })),
              IsEmpty());
}

TEST(NoticeTableTest, TheAddressedOfficeAnswersAndTheAskingOneLooks) {
  const auto does = [](const v1::SupervisionNotice& notice, const char* action,
                       workflow::RoleId role) {
    return Transitions().Execute(SubjectOf(notice), action, Actor{"p", {role}}).status();
  };
  const auto another = StatusIs(StatusCode::kPermissionDenied, "NOTICE_OF_ANOTHER_OFFICE");
  const v1::SupervisionNotice to_county = Notice("3607", "360733");
  EXPECT_OK(does(to_county, "answer", ROLE_COUNTY_APPROVER));
  EXPECT_THAT(does(to_county, "answer", ROLE_CITY_SUPERVISOR), another);
  EXPECT_THAT(does(to_county, "answer", ROLE_PROV_OFFICE),
              StatusIs(StatusCode::kPermissionDenied, "ROLE_NOT_ALLOWED"));
  // To a township it is the township's to answer, whoever asked.
  for (const char* issuer : {"36", "3607", "360733"}) {
    const v1::SupervisionNotice to_township = Notice(issuer, "360733101");
    EXPECT_OK(does(to_township, "answer", ROLE_TOWNSHIP_APPROVER)) << issuer;
    EXPECT_THAT(does(to_township, "answer", ROLE_COUNTY_APPROVER), another) << issuer;
  }
  const v1::SupervisionNotice answered = Notice("3607", "360733101", v1::NOTICE_STATE_ANSWERED);
  for (const char* action : {"return", "close", "withdraw"}) {
    EXPECT_OK(does(answered, action, ROLE_CITY_SUPERVISOR)) << action;
    EXPECT_THAT(does(answered, action, ROLE_COUNTY_APPROVER), another) << action;
    EXPECT_THAT(does(answered, action, ROLE_PROV_OFFICE), another) << action;
  }
}

TEST(NoticeTableTest, DutiesAreSeparatedByPersonAndTheirDeputies) {
  const auto does = [](NoticeState state, const char* action, const Actor& actor) {
    return Transitions()
        .Execute(SubjectOf(Notice("360733", "360733101", state)), action, actor)
        .status();
  };
  const auto same = StatusIs(StatusCode::kFailedPrecondition, "SAME_PERSON");
  EXPECT_THAT(does(v1::NOTICE_STATE_OPEN, "answer", Actor{"issuer", {ROLE_TOWNSHIP_APPROVER}}),
              same);
  Actor deputy{"deputy", {ROLE_TOWNSHIP_APPROVER}};
  deputy.lent = {{ROLE_TOWNSHIP_APPROVER, "issuer"}};
  EXPECT_THAT(does(v1::NOTICE_STATE_OPEN, "answer", deputy), same);
  for (const char* action : {"return", "close"}) {
    EXPECT_THAT(does(v1::NOTICE_STATE_ANSWERED, action, Actor{"answerer", {ROLE_COUNTY_APPROVER}}),
                same)
        << action;
    EXPECT_OK(does(v1::NOTICE_STATE_ANSWERED, action, Actor{"issuer", {ROLE_COUNTY_APPROVER}}))
        << action;
  }
}

TEST(NoticeTableTest, EachStepIsTheStepOfOneOffice) {
  const v1::SupervisionNotice notice = Notice("3607", "360733101");
  EXPECT_THAT(ActingRoles(notice, "answer"), ElementsAre(ROLE_TOWNSHIP_APPROVER));
  for (const char* action : {"return", "close", "withdraw"}) {
    EXPECT_THAT(ActingRoles(notice, action), ElementsAre(ROLE_CITY_SUPERVISOR)) << action;
  }
  EXPECT_THAT(ActingRoles(Notice("36", "3607"), "close"), ElementsAre(ROLE_PROV_OFFICE));
}

}  // namespace
}  // namespace bangfu::notice

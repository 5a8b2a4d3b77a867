#include "common/flag/flag.h"

#include "bangfu/options/v1/access.pb.h"
#include "common/flag/work.h"
#include "common/status/error.h"
#include "common/testing/status_matchers.h"
#include "common/workflow/triples.h"

namespace bangfu::flag {
namespace {

using absl::StatusCode;
using ::bangfu::testing::StatusIs;
using options::v1::ROLE_AUDITOR;
using options::v1::ROLE_CITY_SUPERVISOR;
using options::v1::ROLE_COUNTY_APPROVER;
using options::v1::ROLE_PROV_OFFICE;
using ::testing::IsEmpty;
using v1::RECORD_FLAG_STATE_ANSWERED;
using v1::RECORD_FLAG_STATE_CLOSED;
using v1::RECORD_FLAG_STATE_OPEN;
using v1::RecordFlagState;
using workflow::Actor;

v1::RecordFlag Flag(const std::string& region, RecordFlagState state = RECORD_FLAG_STATE_OPEN) {
  v1::RecordFlag flag;
  flag.set_region_path(region);
  flag.set_state(state);
  flag.mutable_flagged_by()->set_subject("auditor");
  if (state != RECORD_FLAG_STATE_OPEN) flag.mutable_answered_by()->set_subject("approver");
  return flag;
}

RegionLevel OfficeOf(workflow::RoleId role) {
  if (role == ROLE_PROV_OFFICE) return RegionLevel::kProvince;
  if (role == ROLE_CITY_SUPERVISOR) return RegionLevel::kCity;
  return RegionLevel::kCounty;
}

TEST(FlagTableTest, EveryRoleInEveryState) {
  std::vector<workflow::RoleId> roles;
  for (int role = 1; role <= 15; ++role) roles.push_back(role);
  EXPECT_THAT(
      (workflow::TryTriples<RecordFlagState, Subject>(
          Transitions(),
          {RECORD_FLAG_STATE_OPEN, RECORD_FLAG_STATE_ANSWERED, RECORD_FLAG_STATE_CLOSED}, roles,
          [](RecordFlagState state, const std::string& action,
             workflow::RoleId role) -> absl::StatusOr<RecordFlagState> {
            Subject subject;
            subject.state = state;
            subject.office = OfficeOf(role);
            const std::string person = "person";
            if (action == "withdraw") subject.flagged_by = person;
            return Transitions().Execute(subject, action, Actor{person, {role}});
          })),
      IsEmpty());
}

TEST(FlagTableTest, TheOfficeOfTheRecordsLevelAnswers) {
  const auto answer = [](const std::string& region, workflow::RoleId role) {
    return Transitions().Execute(SubjectOf(Flag(region)), "answer", Actor{"p", {role}}).status();
  };
  for (const char* region : {"360733", "360733101", "360733101001"}) {
    EXPECT_OK(answer(region, ROLE_COUNTY_APPROVER)) << region;
    EXPECT_THAT(answer(region, ROLE_CITY_SUPERVISOR),
                StatusIs(StatusCode::kPermissionDenied, "FLAG_OF_ANOTHER_OFFICE"));
    EXPECT_THAT(answer(region, ROLE_PROV_OFFICE),
                StatusIs(StatusCode::kPermissionDenied, "FLAG_OF_ANOTHER_OFFICE"));
  }
  EXPECT_OK(answer("3607", ROLE_CITY_SUPERVISOR));
  EXPECT_THAT(answer("3607", ROLE_PROV_OFFICE),
              StatusIs(StatusCode::kPermissionDenied, "FLAG_OF_ANOTHER_OFFICE"));
  EXPECT_OK(answer("36", ROLE_PROV_OFFICE));
}

TEST(FlagTableTest, DutiesAreSeparatedByPersonAndTheirDeputies) {
  const Subject open = SubjectOf(Flag("360733"));
  const Subject answered = SubjectOf(Flag("360733", RECORD_FLAG_STATE_ANSWERED));
  EXPECT_THAT(
      Transitions().Execute(open, "answer", Actor{"auditor", {ROLE_COUNTY_APPROVER}}).status(),
      StatusIs(StatusCode::kFailedPrecondition, "SAME_PERSON"));
  Actor deputy{"deputy", {ROLE_COUNTY_APPROVER}};
  deputy.lent = {{ROLE_COUNTY_APPROVER, "auditor"}};
  EXPECT_THAT(Transitions().Execute(open, "answer", deputy).status(),
              StatusIs(StatusCode::kFailedPrecondition, "SAME_PERSON"));
  EXPECT_THAT(Transitions().Execute(answered, "close", Actor{"approver", {ROLE_AUDITOR}}).status(),
              StatusIs(StatusCode::kFailedPrecondition, "SAME_PERSON"));
  // Who flagged it may close it, and nobody else takes it back.
  EXPECT_OK(Transitions().Execute(answered, "close", Actor{"auditor", {ROLE_AUDITOR}}).status());
  EXPECT_THAT(Transitions().Execute(open, "withdraw", Actor{"other", {ROLE_AUDITOR}}).status(),
              StatusIs(StatusCode::kPermissionDenied, "FLAG_OF_ANOTHER_PERSON"));
}

}  // namespace
}  // namespace bangfu::flag

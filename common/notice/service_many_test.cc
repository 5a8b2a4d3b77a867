// Many notices at once: each is returned or closed for itself, with a result of its own.
#include "common/notice/service_for_test.h"

namespace bangfu::notice {
namespace {

using absl::StatusCode;
using ::bangfu::testing::HasViolation;
using ::bangfu::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ManyNotices : public NoticeServiceTest {
 protected:
  v1::SupervisionNotice Answered() {
    auto notice = Issue();
    EXPECT_OK(notice);
    auto answered = Answer(*notice, county_);
    EXPECT_OK(answered);
    return *answered;
  }
  static void Add(const v1::SupervisionNotice& notice, auto* request) {
    type::v1::BulkItem& item = *request->add_items();
    item.set_id(notice.id());
    item.set_etag(notice.etag());
  }
  absl::StatusOr<v1::BatchCloseSupervisionNoticesResponse> CloseAll(
      const v1::BatchCloseSupervisionNoticesRequest& request, const std::string& token) {
    return Call<v1::BatchCloseSupervisionNoticesResponse>("BatchCloseSupervisionNotices", request,
                                                          token);
  }
  v1::NoticeState StateOf(const std::string& id) {
    auto notice = Get(id, city_);
    EXPECT_OK(notice);
    return notice.ok() ? notice->state() : v1::NOTICE_STATE_UNSPECIFIED;
  }
};

TEST_F(ManyNotices, R119_AreClosedWithAResultForEach) {
  const v1::SupervisionNotice first = Answered();
  const v1::SupervisionNotice stale = Answered();
  ASSERT_OK_AND_ASSIGN(const v1::SupervisionNotice open, Issue());
  v1::BatchCloseSupervisionNoticesRequest request;
  request.set_request_id("close-many-1");
  Add(first, &request);
  Add(stale, &request);
  request.mutable_items(1)->set_etag("0");
  Add(open, &request);
  request.add_items()->set_id(server_.ids().Next().ToString());
  EXPECT_THAT(CloseAll(request, city_).status(), HasViolation("note"));
  request.set_note("整改安排可行，予以办结");

  // Only looked at: nothing is stored.
  request.set_validate_only(true);
  ASSERT_OK_AND_ASSIGN(const auto looked, CloseAll(request, city_));
  EXPECT_TRUE(looked.results(0).done());
  EXPECT_EQ(StateOf(first.id()), v1::NOTICE_STATE_ANSWERED);
  request.set_validate_only(false);

  ASSERT_OK_AND_ASSIGN(const auto closed, CloseAll(request, city_));
  ASSERT_EQ(closed.results_size(), 4);
  EXPECT_TRUE(closed.results(0).done());
  EXPECT_EQ(closed.results(0).state(), "NOTICE_STATE_CLOSED");
  EXPECT_EQ(closed.results(0).state_zh(), "已办结");
  EXPECT_EQ(closed.results(1).refusal().reason(), "ETAG_MISMATCH");
  EXPECT_EQ(closed.results(2).refusal().reason(), "STATE_NOT_ALLOWED");
  EXPECT_EQ(closed.results(3).refusal().code(), static_cast<int>(StatusCode::kNotFound));
  EXPECT_EQ(StateOf(first.id()), v1::NOTICE_STATE_CLOSED);
  EXPECT_EQ(StateOf(stale.id()), v1::NOTICE_STATE_ANSWERED);
  EXPECT_THAT(Work(city_), ElementsAre("NOTICE_REVIEW"));
  EXPECT_EQ(Steps(first.id()), 3);

  // Again, with the etag put right: what was done stays, what was refused is tried again.
  request.mutable_items(1)->set_etag(stale.etag());
  ASSERT_OK_AND_ASSIGN(const auto again, CloseAll(request, city_));
  EXPECT_EQ(again.results(0).SerializeAsString(), closed.results(0).SerializeAsString());
  EXPECT_TRUE(again.results(1).done());
  EXPECT_EQ(Steps(first.id()), 3);
  EXPECT_THAT(Work(city_), IsEmpty());
}

TEST_F(ManyNotices, R119_AreReturnedForOneReasonAndToOneDay) {
  const v1::SupervisionNotice first = Answered();
  const v1::SupervisionNotice second = Answered();
  v1::BatchReturnSupervisionNoticesRequest request;
  request.set_request_id("return-many-1");
  Add(first, &request);
  Add(second, &request);
  request.set_reason("未写明整改时限");
  SetDay(Today() + 4, request.mutable_answer_due());
  const auto give_back = [&](const std::string& token) {
    return Call<v1::BatchReturnSupervisionNoticesResponse>("BatchReturnSupervisionNotices", request,
                                                           token);
  };
  // The office above the one that asked has its own notices to return; another city sees none.
  ASSERT_OK_AND_ASSIGN(const auto above,
                       give_back(server_.Token(Role::ROLE_PROV_OFFICE, "36", "province")));
  EXPECT_EQ(above.results(0).refusal().reason(), "NOTICE_OF_ANOTHER_OFFICE");
  ASSERT_OK_AND_ASSIGN(const auto beside,
                       give_back(server_.Token(Role::ROLE_CITY_SUPERVISOR, "3608", "beside")));
  EXPECT_EQ(beside.results(0).refusal().code(), static_cast<int>(StatusCode::kNotFound));
  EXPECT_THAT(give_back(township_), StatusIs(StatusCode::kPermissionDenied, "ROLE_REQUIRED"));
  // A day that is over refuses each as it would refuse one.
  v1::BatchReturnSupervisionNoticesRequest past = request;
  SetDay(Today() - 1, past.mutable_answer_due());
  ASSERT_OK_AND_ASSIGN(const auto refused, Call<v1::BatchReturnSupervisionNoticesResponse>(
                                               "BatchReturnSupervisionNotices", past, city_));
  EXPECT_EQ(refused.results(0).refusal().reason(), "NOTICE_DUE_PAST");

  ASSERT_OK_AND_ASSIGN(const auto returned, give_back(city_));
  ASSERT_EQ(returned.results_size(), 2);
  for (const type::v1::BulkResult& result : returned.results()) {
    EXPECT_TRUE(result.done());
    ASSERT_OK_AND_ASSIGN(const v1::SupervisionNotice notice, Get(result.id(), county_));
    EXPECT_EQ(notice.return_reason(), "未写明整改时限");
    EXPECT_EQ(DayFrom(notice.answer_due()), Today() + 4);
    EXPECT_FALSE(notice.has_review_due());
  }
  EXPECT_THAT(Work(county_), ElementsAre("NOTICE_ANSWER", "NOTICE_ANSWER"));
}

// Whose grant is narrowed closes what it covers, and is told of the rest.
TEST_F(ManyNotices, R118_EachIsJudgedByItsRecord) {
  v1::IssueSupervisionNoticesRequest about = NoticeTo({kCounty});
  about.set_subject_type("project");
  about.set_subject_id(Recorded("project", kCounty).ToString());
  ASSERT_OK_AND_ASSIGN(const v1::SupervisionNotice of_project, Issue(about, city_));
  ASSERT_OK_AND_ASSIGN(const v1::SupervisionNotice answered, Answer(of_project, county_));
  const v1::SupervisionNotice of_none = Answered();
  v1::BatchCloseSupervisionNoticesRequest request;
  request.set_request_id("close-narrowed-1");
  request.set_note("安排可行");
  Add(answered, &request);
  Add(of_none, &request);
  ASSERT_OK_AND_ASSIGN(const auto closed, CloseAll(request, Narrowed(Role::ROLE_CITY_SUPERVISOR,
                                                                     "3607", "EAST_WEST")));
  EXPECT_EQ(closed.results(0).refusal().reason(), "SCOPE_EXCLUDES");
  EXPECT_TRUE(closed.results(1).done());
}

// An answer is looked at in five working days, or is overdue; one that was returned waits no more.
TEST_F(ManyNotices, AReviewHasATerm) {
  const v1::SupervisionNotice answered = Answered();
  absl::CivilDay due = Today();
  for (int days = 0; days < kDefaultReviewDays;) {
    const absl::Weekday day = absl::GetWeekday(++due);
    if (day != absl::Weekday::saturday && day != absl::Weekday::sunday) ++days;
  }
  EXPECT_EQ(DayFrom(answered.review_due()), due);
  ASSERT_THAT(Work(city_), ElementsAre("NOTICE_REVIEW"));
  EXPECT_EQ(DayFrom(Mine(city_)[0].due_on()), due);
  const auto city = [&] { return server_.Token(Role::ROLE_CITY_SUPERVISOR, "3607", "city"); };
  const auto overdue = [&] {
    auto counted = Call<v1::CountSupervisionNoticesResponse>(
        "CountSupervisionNotices", v1::CountSupervisionNoticesRequest(), city());
    EXPECT_OK(counted);
    int64_t out = 0;
    for (const v1::SupervisionNoticeCount& count : counted->counts()) out += count.overdue();
    return out;
  };
  server_.clock().Set(absl::FromCivil(due, absl::FixedTimeZone(8 * 3600)) + absl::Hours(9));
  EXPECT_EQ(overdue(), 0);
  server_.clock().Advance(absl::Hours(24));
  EXPECT_EQ(overdue(), 1);
  ASSERT_OK_AND_ASSIGN(const v1::SupervisionNotice returned, Return(answered, city()));
  EXPECT_FALSE(returned.has_review_due());
  EXPECT_EQ(overdue(), 0);
}

}  // namespace
}  // namespace bangfu::notice

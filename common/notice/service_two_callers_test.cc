// Of two callers at once at each step one wins.
#include "common/notice/service_for_test.h"

namespace bangfu::notice {
namespace {

TEST_F(NoticeServiceTest, OfTwoAtOnceOneAnswers) {
  const std::string tokens[] = {county_,
                                server_.Token(Role::ROLE_COUNTY_APPROVER, kCounty, "colleague")};
  for (int round = 0; round < 5; ++round) {
    ASSERT_OK_AND_ASSIGN(const v1::SupervisionNotice notice, Issue());
    const auto results = AtOnce(2, [&](int i) {
      v1::AnswerSupervisionNoticeRequest request;  // without an etag: whatever stands
      request.set_request_id(Cat("at-once-", round, "-", i));
      request.set_id(notice.id());
      request.set_answer("已付款");
      return Call<v1::SupervisionNotice>("AnswerSupervisionNotice", request, tokens[i]);
    });
    EXPECT_EQ(Outcomes(results), (Tally{{"OK", 1}, {"FAILED_PRECONDITION/STATE_NOT_ALLOWED", 1}}));
    EXPECT_THAT(Work(county_), IsEmpty());
  }
}

TEST_F(NoticeServiceTest, OfAWithdrawalAndAnAnswerOfWhatBothSawOneStands) {
  for (int round = 0; round < 5; ++round) {
    ASSERT_OK_AND_ASSIGN(const v1::SupervisionNotice notice, Issue());
    const auto results = AtOnce(
        2, [&](int i) { return i == 0 ? Withdraw(notice, city_) : Answer(notice, county_); });
    EXPECT_EQ(Outcomes(results), (Tally{{"OK", 1}, {"ABORTED/ETAG_MISMATCH", 1}}));
    ASSERT_OK_AND_ASSIGN(const v1::SupervisionNotice now, Get(notice.id(), city_));
    EXPECT_EQ(now.state(),
              results[0].ok() ? v1::NOTICE_STATE_WITHDRAWN : v1::NOTICE_STATE_ANSWERED);
    EXPECT_EQ(Steps(notice.id()), 2);
    EXPECT_EQ(OpenItems(notice.id()), results[0].ok() ? 0 : 1);
  }
}

// What is answered may be withdrawn, so that a withdrawal of whatever stands is taken in any order.
TEST_F(NoticeServiceTest, NoAnswerBringsAWithdrawnNoticeBack) {
  for (int round = 0; round < 5; ++round) {
    ASSERT_OK_AND_ASSIGN(v1::SupervisionNotice notice, Issue());
    notice.clear_etag();
    const auto results = AtOnce(
        2, [&](int i) { return i == 0 ? Withdraw(notice, city_) : Answer(notice, county_); });
    EXPECT_OK(results[0]);
    if (!results[1].ok()) {
      EXPECT_THAT(results[1], StatusIs(StatusCode::kFailedPrecondition, "STATE_NOT_ALLOWED"));
    }
    ASSERT_OK_AND_ASSIGN(const v1::SupervisionNotice now, Get(notice.id(), city_));
    EXPECT_EQ(now.state(), v1::NOTICE_STATE_WITHDRAWN);
    EXPECT_EQ(Steps(notice.id()), results[1].ok() ? 3 : 2);
    EXPECT_EQ(OpenItems(notice.id()), 0);
  }
}

TEST_F(NoticeServiceTest, OfAWithdrawalAndAnEndAtOnceOneStands) {
  const std::string colleague = server_.Token(Role::ROLE_CITY_SUPERVISOR, "3607", "colleague");
  for (int round = 0; round < 6; ++round) {
    const bool as_seen = round % 2 == 0;  // or whatever stands
    ASSERT_OK_AND_ASSIGN(v1::SupervisionNotice notice, Issue());
    ASSERT_OK_AND_ASSIGN(notice, Answer(notice, county_));
    if (!as_seen) notice.clear_etag();
    const auto results = AtOnce(
        2, [&](int i) { return i == 0 ? Withdraw(notice, city_) : Close(notice, colleague); });
    EXPECT_EQ(
        Outcomes(results),
        (Tally{{"OK", 1},
               {as_seen ? "ABORTED/ETAG_MISMATCH" : "FAILED_PRECONDITION/STATE_NOT_ALLOWED", 1}}));
    ASSERT_OK_AND_ASSIGN(const v1::SupervisionNotice now, Get(notice.id(), city_));
    EXPECT_EQ(now.state(), results[0].ok() ? v1::NOTICE_STATE_WITHDRAWN : v1::NOTICE_STATE_CLOSED);
    EXPECT_EQ(Steps(notice.id()), 3);
    EXPECT_EQ(OpenItems(notice.id()), 0);
  }
}

}  // namespace
}  // namespace bangfu::notice

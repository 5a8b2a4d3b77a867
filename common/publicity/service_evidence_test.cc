// Files of a showing and of an objection, and what becomes of a publicity after its last day.
#include "common/publicity/service_for_test.h"
#include "common/testing/at_once.h"

namespace bangfu::publicity {
namespace {

using absl::StatusCode;
using ::bangfu::testing::AtOnce;
using ::bangfu::testing::Outcomes;
using ::bangfu::testing::Tally;

class PublicityEvidenceTest : public PublicityServiceTest {
 protected:
  void PassTheLastDay() { server_.clock().Advance(absl::Hours(24 * 8)); }
  // Tokens of the day: those of the beginning are over by then.
  std::string Village() { return server_.Token(Role::ROLE_VILLAGE_REPORTER, "360733101", "v1"); }
  std::string Operator() { return server_.Token(Role::ROLE_COUNTY_OPERATOR, "360733", "o1"); }
  std::string Approver() { return server_.Token(Role::ROLE_COUNTY_APPROVER, "360733", "a1"); }

  absl::StatusOr<v1::Publicity> RaiseWith(const std::vector<type::v1::Evidence>& files,
                                          const std::string& etag = "",
                                          const std::string& text = "面积不对") {
    v1::RaiseObjectionRequest request;
    request.set_request_id(absl::StrCat("raise-with-", ++added_));
    request.set_id(id_);
    request.set_etag(etag);
    request.set_raised_by("王小明");
    request.set_text(text);
    for (const auto& file : files) *request.add_evidence() = file;
    return server_.Call<v1::Publicity>(absl::StrCat(kService, ".RaiseObjection"), request,
                                       Village());
  }
  absl::StatusOr<v1::Publicity> ConcludeNow() {
    v1::ConcludePublicityRequest request;
    request.set_request_id(absl::StrCat("conclude-", ++added_));
    request.set_id(id_);
    return server_.Call<v1::Publicity>(absl::StrCat(kService, ".ConcludePublicity"), request,
                                       Operator());
  }
  int InList(v1::PublicityState state) {
    v1::ListPublicitiesRequest request;
    request.set_state(state);
    auto page = server_.Call<v1::ListPublicitiesResponse>(
        absl::StrCat(kService, ".ListPublicities"), request, Operator());
    EXPECT_OK(page);
    if (!page.ok()) return -1;
    for (const v1::Publicity& one : page->publicities()) EXPECT_EQ(one.state(), state);
    return page->publicities_size();
  }
  static type::v1::AllowedAction Action(const v1::Publicity& publicity, const std::string& name) {
    for (const auto& action : publicity.allowed_actions()) {
      if (action.action() == name) return action;
    }
    ADD_FAILURE() << name << " is not told";
    return {};
  }
  int64_t Int(const std::string& sql) { return server_.database().Int(sql); }
};

TEST_F(PublicityEvidenceTest, FilesOfTheShowingStayWithIt) {
  ASSERT_OK_AND_ASSIGN(v1::Publicity publicity, Get(village_));
  const auto action = Action(publicity, "add_evidence");
  EXPECT_TRUE(action.allowed());
  EXPECT_THAT(action.evidence_kinds(), ::testing::ElementsAre("PUBLICITY", "PHOTO"));
  EXPECT_THAT(action.evidence_required(), ::testing::ElementsAre("ANY"));

  const auto board = File("PHOTO", "v1");
  const auto site = File("PUBLICITY", "v1");
  ASSERT_OK_AND_ASSIGN(publicity, Add({board, site}, village_, publicity.etag()));
  ASSERT_EQ(publicity.evidence_size(), 2);
  EXPECT_EQ(publicity.evidence(0).blob_id(), board.blob_id());
  EXPECT_EQ(publicity.state(), v1::PUBLICITY_STATE_RUNNING);
  // A later one comes behind them, from another person.
  ASSERT_OK_AND_ASSIGN(publicity, Add({File("PUBLICITY", "o1")}, operator_));
  ASSERT_OK_AND_ASSIGN(publicity, Get(approver_));
  ASSERT_EQ(publicity.evidence_size(), 3);
  EXPECT_EQ(publicity.evidence(1).sha256(), site.sha256());
  // Taken by the publicity, they are swept no more.
  EXPECT_EQ(Int("SELECT COUNT(*) FROM blob_file WHERE case_type = 'publicity' AND expires_at IS "
                "NULL"),
            3);
  EXPECT_EQ(Int("SELECT COUNT(*) FROM audit_log WHERE aggregate_type = 'publicity'"), 2);
  EXPECT_EQ(Int("SELECT COUNT(*) FROM feed_outbox WHERE aggregate_type = 'publicity'"), 2);
}

TEST_F(PublicityEvidenceTest, WhatIsNoFileOfTheShowingIsRefusedByName) {
  const auto refused = [&](const std::string& reason) {
    return StatusIs(StatusCode::kFailedPrecondition, reason);
  };
  EXPECT_THAT(Add({File("CONTRACT", "v1")}, village_), refused("EVIDENCE_KIND_NOT_WANTED"));
  auto other = File("PHOTO", "v1");
  other.set_sha256(std::string(64, '0'));
  EXPECT_THAT(Add({other}, village_), refused("EVIDENCE_DIGEST_MISMATCH"));
  other = File("PHOTO", "v1");
  other.set_blob_id(server_.ids().Next().ToString());
  EXPECT_THAT(Add({other}, village_), refused("EVIDENCE_UNKNOWN"));
  // What an objector brought is no file of the showing.
  const auto letter = File("PHOTO", "v1");
  ASSERT_OK(RaiseWith({letter}));
  EXPECT_THAT(Add({letter}, village_), refused("EVIDENCE_USED_ELSEWHERE"));
  const auto board = File("PHOTO", "v1");
  ASSERT_OK_AND_ASSIGN(v1::Publicity publicity, Add({board}, village_));
  EXPECT_THAT(Add({board}, village_), refused("EVIDENCE_ALREADY_LISTED"));
  EXPECT_THAT(RaiseWith({board}), refused("EVIDENCE_USED_ELSEWHERE"));
  EXPECT_THAT(Add({}, village_), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(Add({File("PHOTO", "v1")}, village_, "1"),
              StatusIs(StatusCode::kAborted, "ETAG_MISMATCH"));
  EXPECT_THAT(Add({File("PHOTO", "a1")}, approver_), StatusIs(StatusCode::kPermissionDenied));
  ASSERT_OK_AND_ASSIGN(publicity, Get(village_));
  EXPECT_EQ(publicity.evidence_size(), 1);
}

TEST_F(PublicityEvidenceTest, AtMostSoManyFiles) {
  for (int i = 0; i < kMaxEvidence / 10; ++i) {
    std::vector<type::v1::Evidence> ten;
    for (int k = 0; k < 10; ++k) ten.push_back(File("PHOTO", "v1"));
    ASSERT_OK(Add(ten, village_));
  }
  EXPECT_THAT(Add({File("PHOTO", "v1")}, village_),
              StatusIs(StatusCode::kFailedPrecondition, "EVIDENCE_TOO_MANY"));
}

TEST_F(PublicityEvidenceTest, AnObjectorsFilesAreWithTheObjection) {
  ASSERT_OK_AND_ASSIGN(v1::Publicity publicity, Get(village_));
  EXPECT_THAT(Action(publicity, "raise_objection").evidence_kinds(), ::testing::Contains("OTHER"));
  EXPECT_THAT(RaiseWith({File("APPRAISAL", "v1")}),
              StatusIs(StatusCode::kFailedPrecondition, "EVIDENCE_KIND_NOT_WANTED"));
  EXPECT_THAT(RaiseWith({}, "7"), StatusIs(StatusCode::kAborted, "ETAG_MISMATCH"));
  ASSERT_OK(Add({File("PHOTO", "v1")}, village_));
  const auto survey = File("OTHER", "v1");
  ASSERT_OK_AND_ASSIGN(publicity, RaiseWith({survey, File("CONTRACT", "v1")}));
  ASSERT_OK_AND_ASSIGN(publicity, RaiseWith({}));
  ASSERT_EQ(publicity.objections_size(), 2);
  ASSERT_EQ(publicity.objections(0).evidence_size(), 2);
  EXPECT_EQ(publicity.objections(0).evidence(0).blob_id(), survey.blob_id());
  EXPECT_EQ(publicity.objections(1).evidence_size(), 0);
  EXPECT_EQ(publicity.evidence_size(), 1);
  // Behind an objection's files there is room for those of the showing.
  ASSERT_OK_AND_ASSIGN(publicity, Add({File("PHOTO", "v1")}, village_));
  EXPECT_EQ(publicity.evidence_size(), 2);
  EXPECT_EQ(Int("SELECT COUNT(*) FROM blob_file WHERE case_type = 'objection'"), 2);
  // In the snapshot as in the events.
  ASSERT_OK_AND_ASSIGN(auto page, PublicityStates()->Page(server_.database().db(), "publicity",
                                                          Ulid(), 10, std::nullopt));
  v1::Publicity state;
  ASSERT_TRUE(state.ParseFromString(page[0].payload));
  EXPECT_EQ(state.objections(0).evidence_size(), 2);
}

TEST_F(PublicityEvidenceTest, AFileIsOfOneListHoweverManyNameIt) {
  const auto file = File("PHOTO", "v1");
  EXPECT_EQ(Outcomes(AtOnce(3, [&](int) { return Add({file}, village_); })),
            (Tally{{"OK", 1}, {"FAILED_PRECONDITION/EVIDENCE_ALREADY_LISTED", 2}}));
  EXPECT_EQ(Int("SELECT COUNT(*) FROM publicity_evidence"), 1);
  EXPECT_EQ(Int("SELECT COUNT(*) FROM feed_outbox WHERE aggregate_type = 'publicity'"), 1);
}

TEST_F(PublicityEvidenceTest, TheClockEndsIt) {
  ASSERT_OK(Raise("raise-0001"));
  EXPECT_EQ(InList(v1::PUBLICITY_STATE_OBJECTED), 1);
  EXPECT_EQ(InList(v1::PUBLICITY_STATE_ENDED), 0);
  PassTheLastDay();
  EXPECT_EQ(InList(v1::PUBLICITY_STATE_OBJECTED), 0);
  EXPECT_EQ(InList(v1::PUBLICITY_STATE_ENDED), 1);
  ASSERT_OK_AND_ASSIGN(v1::Publicity publicity, Get(Approver()));
  EXPECT_EQ(publicity.state(), v1::PUBLICITY_STATE_ENDED);
  EXPECT_TRUE(Action(publicity, "decide_objection").allowed());
  EXPECT_EQ(Action(publicity, "conclude").refusal_reason(), "OBJECTION_OPEN");
  EXPECT_THAT(ConcludeNow(), StatusIs(StatusCode::kFailedPrecondition, "OBJECTION_OPEN"));
  ASSERT_OK_AND_ASSIGN(publicity, Get(Village()));
  EXPECT_EQ(Action(publicity, "raise_objection").refusal_reason(), "PUBLICITY_NOT_RUNNING");
  EXPECT_THAT(RaiseWith({}), StatusIs(StatusCode::kFailedPrecondition, "PUBLICITY_NOT_RUNNING"));
  // Photographs come late, answers too.
  ASSERT_OK_AND_ASSIGN(publicity, Add({File("PHOTO", "v1")}, Village()));
  EXPECT_EQ(publicity.state(), v1::PUBLICITY_STATE_ENDED);
  EXPECT_EQ(InList(v1::PUBLICITY_STATE_ENDED), 1);
  EXPECT_EQ(Int("SELECT COUNT(*) FROM work_item WHERE open_mark = 1 AND kind = "
                "'OBJECTION_ANSWER'"),
            1);
  ASSERT_OK_AND_ASSIGN(publicity, Reject(publicity.objections(0).id(), Approver()));
  EXPECT_EQ(publicity.state(), v1::PUBLICITY_STATE_ENDED);
  EXPECT_EQ(Action(publicity, "decide_objection").refusal_reason(), "NO_OPEN_OBJECTION");
  EXPECT_TRUE(Action(publicity, "conclude").allowed());
  EXPECT_EQ(Int("SELECT COUNT(*) FROM work_item WHERE open_mark = 1"), 1);
  EXPECT_EQ(Int("SELECT COUNT(*) FROM work_item WHERE open_mark = 1 AND kind = "
                "'PUBLICITY_CONCLUDE'"),
            1);
  ASSERT_OK_AND_ASSIGN(publicity, ConcludeNow());
  EXPECT_EQ(publicity.state(), v1::PUBLICITY_STATE_PASSED);
  EXPECT_EQ(Int("SELECT COUNT(*) FROM work_item WHERE open_mark = 1"), 0);
  EXPECT_EQ(Int("SELECT COUNT(*) FROM told WHERE what = 'passed'"), 1);
  EXPECT_THAT(Add({File("PHOTO", "v1")}, Village()),
              StatusIs(StatusCode::kFailedPrecondition, "STATE_NOT_ALLOWED"));
}

TEST_F(PublicityEvidenceTest, AnObjectionIsUpheldAfterTheLastDayToo) {
  ASSERT_OK_AND_ASSIGN(v1::Publicity publicity, Raise("raise-0001"));
  PassTheLastDay();
  v1::DecideObjectionRequest decide;
  decide.set_request_id("decide-late");
  decide.set_id(id_);
  decide.set_objection_id(publicity.objections(0).id());
  decide.set_decision(v1::OBJECTION_STATE_UPHELD);
  decide.set_reply("面积确有误差");
  ASSERT_OK_AND_ASSIGN(
      publicity,
      server_.Call<v1::Publicity>(absl::StrCat(kService, ".DecideObjection"), decide, Approver()));
  EXPECT_EQ(publicity.state(), v1::PUBLICITY_STATE_UPHELD);
  EXPECT_EQ(Int("SELECT COUNT(*) FROM told WHERE what = 'upheld'"), 1);
  EXPECT_EQ(Int("SELECT COUNT(*) FROM work_item WHERE open_mark = 1"), 0);
}

TEST_F(PublicityEvidenceTest, SoManyFilesHaveToShowItAsItsKindAsksFor) {
  wanted_ = 2;
  ASSERT_OK(Add({File("PHOTO", "v1")}, village_));
  const auto open = [&](const char* kind) {
    return Int(
        absl::StrCat("SELECT COUNT(*) FROM work_item WHERE open_mark = 1 AND kind = '", kind, "'"));
  };
  // What waits is the file that is missing, with those who show it, by the last day; what would be
  // refused does not.
  EXPECT_EQ(open("PUBLICITY_EVIDENCE"), 1);
  EXPECT_EQ(open("PUBLICITY_CONCLUDE"), 0);
  PassTheLastDay();
  ASSERT_OK_AND_ASSIGN(v1::Publicity publicity, Get(Operator()));
  EXPECT_EQ(Action(publicity, "conclude").refusal_reason(), "PUBLICITY_EVIDENCE_MISSING");
  EXPECT_THAT(ConcludeNow(),
              StatusIs(StatusCode::kFailedPrecondition, "PUBLICITY_EVIDENCE_MISSING"));
  ASSERT_OK_AND_ASSIGN(publicity, Add({File("PUBLICITY", "o1")}, Operator()));
  EXPECT_TRUE(Action(publicity, "conclude").allowed());
  EXPECT_EQ(open("PUBLICITY_EVIDENCE"), 0);
  EXPECT_EQ(open("PUBLICITY_CONCLUDE"), 1);
  ASSERT_OK_AND_ASSIGN(publicity, ConcludeNow());
  EXPECT_EQ(publicity.state(), v1::PUBLICITY_STATE_PASSED);
}

}  // namespace
}  // namespace bangfu::publicity

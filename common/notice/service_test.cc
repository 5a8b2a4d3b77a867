#include "common/notice/service.h"

#include "common/notice/service_for_test.h"

namespace bangfu::notice {
namespace {

TEST_F(NoticeServiceTest, FromTheNoticeToItsEnd) {
  v1::IssueSupervisionNoticesRequest request = NoticeTo({"360733000000"});
  SetDay(Today() + 5, request.mutable_answer_due());
  ASSERT_OK_AND_ASSIGN(v1::SupervisionNotice notice, Issue(request, city_));
  ASSERT_OK_AND_ASSIGN(notice, Issue(request, city_));  // sent twice, issued once
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM supervision_notice"), 1);
  EXPECT_EQ(notice.state(), v1::NOTICE_STATE_OPEN);
  EXPECT_EQ(notice.region_path(), kCounty);
  EXPECT_EQ(notice.issuer_region_path(), "3607");
  EXPECT_EQ(notice.issued_by().subject(), "city");
  EXPECT_EQ(notice.issued_by().role(), "ROLE_CITY_SUPERVISOR");
  EXPECT_EQ(DayFrom(notice.answer_due()), Today() + 5);
  EXPECT_THAT(ActionsOf(notice), ElementsAre("answer: SAME_PERSON", "return: STATE_NOT_ALLOWED",
                                             "close: STATE_NOT_ALLOWED", "withdraw"));
  ASSERT_THAT(Work(county_), ElementsAre("NOTICE_ANSWER"));
  const inbox::v1::WorkItem item = Mine(county_)[0];
  EXPECT_EQ(DayFrom(item.due_on()), Today() + 5);
  EXPECT_EQ(item.title(), "督办通知：衔接资金支出进度偏慢");
  EXPECT_THAT(Work(city_), IsEmpty());
  EXPECT_THAT(Work(server_.Token(Role::ROLE_COUNTY_APPROVER, kOtherCounty, "other")), IsEmpty());

  // Only looked at: nothing is stored.
  EXPECT_OK(Answer(notice, county_, {}, true));
  ASSERT_OK_AND_ASSIGN(v1::SupervisionNotice answered, Answer(notice, county_));
  EXPECT_EQ(answered.state(), v1::NOTICE_STATE_ANSWERED);
  EXPECT_EQ(answered.answered_by().subject(), "county");
  EXPECT_THAT(Work(county_), IsEmpty());
  EXPECT_THAT(Work(city_), ElementsAre("NOTICE_REVIEW"));
  EXPECT_THAT(Answer(answered, county_),
              StatusIs(StatusCode::kFailedPrecondition, "STATE_NOT_ALLOWED"));

  ASSERT_OK_AND_ASSIGN(const v1::SupervisionNotice returned, Return(answered, city_));
  EXPECT_EQ(returned.state(), v1::NOTICE_STATE_RETURNED);
  EXPECT_EQ(returned.return_reason(), "未写明整改时限");
  EXPECT_EQ(returned.returns(), 1);
  EXPECT_EQ(DayFrom(returned.answer_due()), Today() + 3);
  EXPECT_THAT(Work(city_), IsEmpty());
  ASSERT_THAT(Work(county_), ElementsAre("NOTICE_ANSWER"));
  EXPECT_EQ(DayFrom(Mine(county_)[0].due_on()), Today() + 3);
  EXPECT_THAT(Close(returned, city_),
              StatusIs(StatusCode::kFailedPrecondition, "STATE_NOT_ALLOWED"));

  ASSERT_OK_AND_ASSIGN(answered, Answer(returned, county_));
  EXPECT_THAT(Close(returned, city_), StatusIs(StatusCode::kAborted, "ETAG_MISMATCH"));
  ASSERT_OK_AND_ASSIGN(const v1::SupervisionNotice closed, Close(answered, city_));
  EXPECT_EQ(closed.state(), v1::NOTICE_STATE_CLOSED);
  EXPECT_EQ(closed.closing_note(), "整改安排可行，予以办结");
  EXPECT_EQ(closed.closed_by().subject(), "city");
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM work_item WHERE open_mark = 1"), 0);
  EXPECT_THAT(Withdraw(closed, city_),
              StatusIs(StatusCode::kFailedPrecondition, "STATE_NOT_ALLOWED"));

  // Each step is in the trail, in words, and in the feed.
  EXPECT_EQ(server_.database().Int(
                "SELECT COUNT(*) FROM audit_log WHERE aggregate_type = 'supervision_notice'"),
            5);
  EXPECT_EQ(server_.database().Int(
                "SELECT COUNT(*) FROM feed_outbox WHERE aggregate_type = 'supervision_notice'"),
            5);
  std::map<std::string, std::string> changed;
  for (const contract::Difference& one :
       audit::ChangesOf(kAggregate, audit::ToJson(answered), audit::ToJson(closed))) {
    changed[one.field] = Cat(one.before, " → ", one.after);
  }
  EXPECT_EQ(changed["state"], "已答复 → 已办结");
}

TEST_F(NoticeServiceTest, IsWithdrawnByTheOfficeThatSentIt) {
  ASSERT_OK_AND_ASSIGN(const v1::SupervisionNotice notice, Issue());
  EXPECT_THAT(Withdraw(notice, server_.Token(Role::ROLE_PROV_OFFICE, "36", "office")),
              StatusIs(StatusCode::kPermissionDenied, "NOTICE_OF_ANOTHER_OFFICE"));
  EXPECT_THAT(Withdraw(notice, county_),
              StatusIs(StatusCode::kPermissionDenied, "NOTICE_OF_ANOTHER_OFFICE"));
  EXPECT_THAT(Withdraw(notice, server_.Token(Role::ROLE_CITY_SUPERVISOR, "3608", "other")),
              StatusIs(StatusCode::kNotFound));
  // By a colleague of the sender's.
  ASSERT_OK_AND_ASSIGN(
      const v1::SupervisionNotice withdrawn,
      Withdraw(notice, server_.Token(Role::ROLE_CITY_SUPERVISOR, "3607", "colleague")));
  EXPECT_EQ(withdrawn.state(), v1::NOTICE_STATE_WITHDRAWN);
  EXPECT_EQ(withdrawn.closing_note(), "数据已更新");
  EXPECT_THAT(Work(county_), IsEmpty());
  EXPECT_THAT(Answer(withdrawn, county_),
              StatusIs(StatusCode::kFailedPrecondition, "STATE_NOT_ALLOWED"));
}

TEST_F(NoticeServiceTest, GoesToRegionsBelowTheOfficeAllOrNone) {
  ASSERT_OK_AND_ASSIGN(const auto sent, Send(NoticeTo({kCounty, kOtherCounty}), city_));
  ASSERT_EQ(sent.notices_size(), 2);
  EXPECT_EQ(sent.notices(0).dispatch_id(), sent.notices(1).dispatch_id());
  EXPECT_EQ(sent.notices(1).region_path(), kOtherCounty);
  v1::ListSupervisionNoticesRequest together;
  together.set_dispatch_id(sent.notices(0).dispatch_id());
  EXPECT_THAT(List(together, city_), ElementsAre(sent.notices(0).id(), sent.notices(1).id()));
  // Each has its own answer.
  EXPECT_OK(Answer(sent.notices(0), county_));
  ASSERT_OK_AND_ASSIGN(const v1::SupervisionNotice other, Get(sent.notices(1).id(), city_));
  EXPECT_EQ(other.state(), v1::NOTICE_STATE_OPEN);

  const auto refused = [&](const std::vector<std::string>& regions, const std::string& token) {
    return Send(NoticeTo(regions), token).status();
  };
  const auto not_below = StatusIs(StatusCode::kPermissionDenied, "NOTICE_NOT_BELOW");
  EXPECT_THAT(refused({"3607"}, city_), not_below);
  EXPECT_THAT(refused({"36"}, city_), not_below);
  EXPECT_THAT(refused({"3608"}, city_), not_below);
  EXPECT_THAT(refused({kCounty, "3607"}, city_), HasViolation("region_codes[1]"));
  EXPECT_THAT(refused({"360822"}, city_), StatusIs(StatusCode::kNotFound));
  EXPECT_THAT(refused({kCounty}, county_), not_below);
  EXPECT_THAT(refused({kOtherCounty}, county_), not_below);
  EXPECT_THAT(refused({"360734101"}, county_), StatusIs(StatusCode::kNotFound));
  EXPECT_THAT(refused({"360733101001"}, city_),
              StatusIs(StatusCode::kInvalidArgument, "NOTICE_NO_OFFICE"));
  EXPECT_THAT(refused({kCounty, "360733000000"}, city_), HasViolation("region_codes[1]"));
  for (const Role role : {Role::ROLE_COUNTY_OPERATOR, Role::ROLE_AUDITOR, Role::ROLE_PROV_ADMIN}) {
    EXPECT_THAT(refused({kTownship}, server_.Token(role, "36", "official")),
                StatusIs(StatusCode::kPermissionDenied));
  }
  v1::IssueSupervisionNoticesRequest no_text = NoticeTo({kCounty});
  no_text.clear_text();
  EXPECT_THAT(Send(no_text, city_).status(), HasViolation("text"));
  v1::IssueSupervisionNoticesRequest check = NoticeTo({kCounty});
  check.set_validate_only(true);
  EXPECT_OK(Send(check, city_));
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM supervision_notice"), 2);
}

// The nearest office of one who acts for several sends it.
TEST_F(NoticeServiceTest, EachOfficeSendsInItsOwnNameAndAnswersForItself) {
  auth::Caller both;
  both.subject = "both";
  both.grants = {{Role::ROLE_CITY_SUPERVISOR, "3607", {}, {}, {}},
                 {Role::ROLE_COUNTY_APPROVER, kCounty, {}, {}, {}}};
  const std::string token = server_.Token(both);
  ASSERT_OK_AND_ASSIGN(const v1::SupervisionNotice to_township,
                       Issue(NoticeTo({kTownship}), token));
  EXPECT_EQ(to_township.issuer_region_path(), kCounty);
  EXPECT_EQ(to_township.issued_by().role(), "ROLE_COUNTY_APPROVER");
  EXPECT_THAT(Work(township_), ElementsAre("NOTICE_ANSWER"));
  EXPECT_THAT(Work(county_), IsEmpty());
  ASSERT_OK_AND_ASSIGN(const v1::SupervisionNotice answered, Answer(to_township, township_));
  EXPECT_THAT(Close(answered, city_),
              StatusIs(StatusCode::kPermissionDenied, "NOTICE_OF_ANOTHER_OFFICE"));
  EXPECT_THAT(Work(county_), ElementsAre("NOTICE_REVIEW"));
  EXPECT_THAT(Work(city_), IsEmpty());
  EXPECT_OK(Close(answered, county_));

  ASSERT_OK_AND_ASSIGN(const v1::SupervisionNotice to_county, Issue(NoticeTo({kCounty}), token));
  EXPECT_EQ(to_county.issuer_region_path(), "3607");
  EXPECT_THAT(Answer(to_county, token), StatusIs(StatusCode::kFailedPrecondition, "SAME_PERSON"));
  EXPECT_THAT(Work(token), IsEmpty());
  ASSERT_OK_AND_ASSIGN(const v1::SupervisionNotice theirs, Issue());
  ASSERT_OK_AND_ASSIGN(const v1::SupervisionNotice mine, Answer(theirs, token));
  EXPECT_THAT(Close(mine, token), StatusIs(StatusCode::kFailedPrecondition, "SAME_PERSON"));
  EXPECT_THAT(Return(mine, token), StatusIs(StatusCode::kFailedPrecondition, "SAME_PERSON"));
  EXPECT_THAT(Work(token), IsEmpty());

  // The city answers the province.
  const std::string office = server_.Token(Role::ROLE_PROV_OFFICE, "36", "office");
  ASSERT_OK_AND_ASSIGN(const v1::SupervisionNotice to_city, Issue(NoticeTo({"3607"}), office));
  EXPECT_THAT(Answer(to_city, county_), StatusIs(StatusCode::kNotFound));
  EXPECT_OK(Answer(to_city, city_));
}

TEST_F(NoticeServiceTest, TheTermIsADayToComeOrTheParameters) {
  ASSERT_OK_AND_ASSIGN(const v1::SupervisionNotice by_default, Issue());
  const workflow::Deadline due =
      workflow::AddDays(Today(), kDefaultAnswerDays, workflow::DayKind::kWorking, {});
  EXPECT_EQ(DayFrom(by_default.answer_due()), due.day);
  EXPECT_TRUE(by_default.provisional());
  v1::IssueSupervisionNoticesRequest request = NoticeTo({kCounty});
  SetDay(Today() - 1, request.mutable_answer_due());
  EXPECT_THAT(
      Send(request, city_).status(),
      AllOf(StatusIs(StatusCode::kInvalidArgument, "NOTICE_DUE_PAST"), HasViolation("answer_due")));
  SetDay(Today() + 400, request.mutable_answer_due());
  EXPECT_THAT(Send(request, city_).status(), HasViolation("answer_due"));
  SetDay(Today(), request.mutable_answer_due());
  EXPECT_OK(Send(request, city_));
}

TEST_F(NoticeServiceTest, NamesARecordThatTheRegionHolds) {
  const Ulid project = Recorded("project", "360733101001");
  v1::IssueSupervisionNoticesRequest request = NoticeTo({kCounty});
  request.set_subject_type("project");
  EXPECT_THAT(Send(request, city_).status(), HasViolation("subject_id"));
  request.set_subject_id(project.ToString());
  ASSERT_OK_AND_ASSIGN(const v1::SupervisionNotice notice, Issue(request, city_));
  EXPECT_EQ(notice.subject_id(), project.ToString());
  v1::ListSupervisionNoticesRequest about;
  about.set_subject_id(project.ToString());
  EXPECT_THAT(List(about, city_), ElementsAre(notice.id()));

  request = NoticeTo({kCounty, kOtherCounty});
  request.set_subject_type("project");
  request.set_subject_id(project.ToString());
  EXPECT_THAT(Send(request, city_).status(),
              StatusIs(StatusCode::kInvalidArgument, "NOTICE_ONE_REGION"));
  request = NoticeTo({kOtherCounty});
  request.set_subject_type("project");
  request.set_subject_id(project.ToString());
  EXPECT_THAT(Send(request, city_).status(), StatusIs(StatusCode::kNotFound));
  request = NoticeTo({kCounty});
  request.set_subject_type("asset");
  request.set_subject_id(project.ToString());
  EXPECT_THAT(Send(request, city_).status(), StatusIs(StatusCode::kNotFound));
}

// Of a record, its steps are those whose grants cover it; of none, everybody's of the office.
TEST_F(NoticeServiceTest, NarrowedGrantsTakeTheNoticesOfWhatTheyCover) {
  v1::IssueSupervisionNoticesRequest about = NoticeTo({kCounty});
  about.set_subject_type("project");
  about.set_subject_id(Recorded("project", "360733101001").ToString());
  const std::string other = Narrowed(Role::ROLE_CITY_SUPERVISOR, "3607", "OTHER");
  const std::string bridge = Narrowed(Role::ROLE_CITY_SUPERVISOR, "3607", "BRIDGE_CENTRAL");
  EXPECT_THAT(Send(about, other).status(),
              StatusIs(StatusCode::kPermissionDenied, "SCOPE_EXCLUDES"));
  EXPECT_OK(Send(NoticeTo({kOtherCounty}), other));
  about.set_request_id("issue-request-covered");
  ASSERT_OK_AND_ASSIGN(const v1::SupervisionNotice notice, Issue(about, bridge));
  const std::string county_other = Narrowed(Role::ROLE_COUNTY_APPROVER, kCounty, "OTHER");
  EXPECT_THAT(Work(county_other), IsEmpty());
  EXPECT_THAT(Work(county_), ElementsAre("NOTICE_ANSWER"));
  EXPECT_THAT(Answer(notice, county_other),
              StatusIs(StatusCode::kPermissionDenied, "SCOPE_EXCLUDES"));
  ASSERT_OK_AND_ASSIGN(const v1::SupervisionNotice seen, Get(notice.id(), county_other));
  EXPECT_EQ(ActionsOf(seen)[0], "answer: SCOPE_EXCLUDES");
  ASSERT_OK_AND_ASSIGN(const v1::SupervisionNotice answered, Answer(notice, county_));
  EXPECT_THAT(Close(answered, other), StatusIs(StatusCode::kPermissionDenied, "SCOPE_EXCLUDES"));
  // The record gets other money: what waits follows it.
  EXPECT_THAT(Work(other), IsEmpty());
  ASSERT_OK(mysql::Transact(server_.database().db(), [&](mysql::Tx& tx) {
    return FollowSubjects(tx, {{*Ulid::Parse(notice.subject_id()), {{"OTHER"}, {}}}});
  }));
  EXPECT_THAT(Work(other), ElementsAre("NOTICE_REVIEW"));
}

TEST_F(NoticeServiceTest, AnAnswerBringsTheFilesThatAreWanted) {
  v1::IssueSupervisionNoticesRequest request = NoticeTo({kCounty});
  request.set_needs_evidence(true);
  ASSERT_OK_AND_ASSIGN(const v1::SupervisionNotice sent, Issue(request, city_));
  ASSERT_OK_AND_ASSIGN(const v1::SupervisionNotice notice, Get(sent.id(), county_));
  EXPECT_THAT(notice.allowed_actions(0).evidence_required(), ElementsAre("ANY"));
  EXPECT_THAT(Answer(notice, county_),
              AllOf(StatusIs(StatusCode::kFailedPrecondition, "EVIDENCE_MISSING"),
                    HasViolation("evidence")));
  EXPECT_THAT(Answer(notice, county_, {File("somebody", kOtherCounty)}),
              StatusIs(StatusCode::kFailedPrecondition, "EVIDENCE_UNKNOWN"));
  const type::v1::Evidence photo = File("county");
  ASSERT_OK_AND_ASSIGN(const v1::SupervisionNotice answered, Answer(notice, county_, {photo}));
  ASSERT_EQ(answered.evidence_size(), 1);
  EXPECT_EQ(answered.evidence(0).blob_id(), photo.blob_id());
  ASSERT_OK_AND_ASSIGN(const v1::SupervisionNotice returned, Return(answered, city_));
  EXPECT_THAT(Answer(returned, county_, {photo}),
              StatusIs(StatusCode::kFailedPrecondition, "EVIDENCE_ALREADY_LISTED"));
  // What came before did not do: a new one is wanted, and added to it.
  EXPECT_THAT(Answer(returned, county_),
              StatusIs(StatusCode::kFailedPrecondition, "EVIDENCE_MISSING"));
  ASSERT_OK_AND_ASSIGN(const v1::SupervisionNotice seen, Get(returned.id(), county_));
  EXPECT_THAT(seen.allowed_actions(0).evidence_required(), ElementsAre("ANY"));
  ASSERT_OK_AND_ASSIGN(const v1::SupervisionNotice again,
                       Answer(returned, county_, {File("county")}));
  EXPECT_EQ(again.evidence_size(), 2);
  EXPECT_EQ(again.evidence(0).blob_id(), photo.blob_id());
}

TEST_F(NoticeServiceTest, IsListedAndCountedForThoseConcerned) {
  const auto a = Issue();
  v1::IssueSupervisionNoticesRequest inventory = NoticeTo({kCounty});
  inventory.set_matter(v1::NOTICE_MATTER_INVENTORY);
  inventory.set_kind(v1::NOTICE_KIND_REMIND);
  SetDay(Today() + 1, inventory.mutable_answer_due());
  const auto b = Issue(inventory, city_);
  const auto c = Issue(NoticeTo({kTownship}), county_);
  const auto d = Issue(NoticeTo({kOtherCounty}), city_);
  for (const auto* one : {&a, &b, &c, &d}) ASSERT_OK(*one);
  ASSERT_OK(Answer(*a, county_));
  v1::ListSupervisionNoticesRequest request;
  EXPECT_THAT(List(request, city_), ElementsAre(a->id(), b->id(), c->id(), d->id()));
  EXPECT_THAT(List(request, county_), ElementsAre(a->id(), b->id(), c->id()));
  EXPECT_THAT(List(request, township_), ElementsAre(c->id()));
  EXPECT_THAT(Call<v1::ListSupervisionNoticesResponse>(
                  "ListSupervisionNotices", request,
                  server_.Token(Role::ROLE_VILLAGE_REPORTER, "360733101001", "cadre")),
              StatusIs(StatusCode::kPermissionDenied));
  request.set_side(v1::NOTICE_SIDE_SENT);
  EXPECT_THAT(List(request, city_), ElementsAre(a->id(), b->id(), d->id()));
  EXPECT_THAT(List(request, county_), ElementsAre(c->id()));
  EXPECT_THAT(List(request, township_), IsEmpty());
  request.set_side(v1::NOTICE_SIDE_RECEIVED);
  EXPECT_THAT(List(request, city_), IsEmpty());
  EXPECT_THAT(List(request, county_), ElementsAre(a->id(), b->id()));
  request.Clear();
  request.set_page_size(2);
  std::string next;
  EXPECT_THAT(List(request, city_, &next), ElementsAre(a->id(), b->id()));
  request.set_page_token(next);
  EXPECT_THAT(List(request, city_), ElementsAre(c->id(), d->id()));
  request.set_state(v1::NOTICE_STATE_OPEN);  // the page of another list
  EXPECT_THAT(Call<v1::ListSupervisionNoticesResponse>("ListSupervisionNotices", request, city_),
              StatusIs(StatusCode::kInvalidArgument));
  request.Clear();
  request.set_state(v1::NOTICE_STATE_ANSWERED);
  EXPECT_THAT(List(request, city_), ElementsAre(a->id()));
  request.Clear();
  request.set_matter(v1::NOTICE_MATTER_INVENTORY);
  EXPECT_THAT(List(request, city_), ElementsAre(b->id()));
  request.Clear();
  request.set_kind(v1::NOTICE_KIND_REMIND);
  EXPECT_THAT(List(request, city_), ElementsAre(b->id()));
  request.Clear();
  SetDay(Today() + 2, request.mutable_due_before());
  EXPECT_THAT(List(request, city_), ElementsAre(b->id()));
  // What was answered: by the term to review it.
  request.set_state(v1::NOTICE_STATE_ANSWERED);
  ASSERT_OK_AND_ASSIGN(const v1::SupervisionNotice answered, Get(a->id(), city_));
  *request.mutable_due_before() = answered.review_due();
  EXPECT_THAT(List(request, city_), IsEmpty());
  SetDay(DayFrom(answered.review_due()) + 1, request.mutable_due_before());
  EXPECT_THAT(List(request, city_), ElementsAre(a->id()));
  request.Clear();
  request.set_region_code(kTownship);
  EXPECT_THAT(List(request, city_), ElementsAre(c->id()));

  v1::BatchGetSupervisionNoticesRequest many;
  many.add_ids(d->id());
  many.add_ids(b->id());
  ASSERT_OK_AND_ASSIGN(const auto got, Call<v1::BatchGetSupervisionNoticesResponse>(
                                           "BatchGetSupervisionNotices", many, county_));
  ASSERT_EQ(got.notices_size(), 1);
  EXPECT_EQ(ActionsOf(got.notices(0))[0], "answer");
  EXPECT_THAT(got.missing_ids(), ElementsAre(d->id()));

  server_.clock().Advance(absl::Hours(24 * 2));
  const std::string later = server_.Token(Role::ROLE_CITY_SUPERVISOR, "3607", "city");
  const auto counted = [&](const v1::CountSupervisionNoticesRequest& asked) {
    auto counts =
        Call<v1::CountSupervisionNoticesResponse>("CountSupervisionNotices", asked, later);
    EXPECT_OK(counts);
    std::vector<std::string> out;
    if (!counts.ok()) return out;
    for (const v1::SupervisionNoticeCount& one : counts->counts()) {
      out.push_back(Cat(v1::NoticeState_Name(one.state()), " ", one.notices(), " ", one.overdue()));
    }
    return out;
  };
  v1::CountSupervisionNoticesRequest asked;
  EXPECT_THAT(counted(asked), ElementsAre("NOTICE_STATE_OPEN 3 1", "NOTICE_STATE_ANSWERED 1 0"));
  asked.set_side(v1::NOTICE_SIDE_SENT);
  asked.set_matter(v1::NOTICE_MATTER_FUNDS);
  EXPECT_THAT(counted(asked), ElementsAre("NOTICE_STATE_OPEN 1 0", "NOTICE_STATE_ANSWERED 1 0"));
}

// Each step is written down under the grant that allowed it: of one who is of the city in their own
// right and of the county for another, that of the office whose step it is.
TEST_F(NoticeServiceTest, AStepIsOfTheGrantThatAllowedIt) {
  auth::Grant lent{Role::ROLE_COUNTY_APPROVER, kCounty, {}, {}, {}};
  lent.delegated_by = "chief";
  lent.id = server_.ids().Next();
  auth::Grant own{Role::ROLE_CITY_SUPERVISOR, "3607", {}, {}, {}};
  own.id = server_.ids().Next();
  held_.Set("both", {"both", {own, lent}, {}});
  const std::string both = ::bangfu::testing::PersonToken(server_, "both");
  const auto audited = [&](const v1::SupervisionNotice& notice) {
    const auto rows = server_.database().db().Query(
        "SELECT actor_role FROM audit_log WHERE aggregate_id = ? ORDER BY chain_no DESC LIMIT 1",
        {*Ulid::Parse(notice.id())});
    EXPECT_OK(rows);
    return rows.ok() && !rows->empty() ? rows->front().String(0) : std::string();
  };
  ASSERT_OK_AND_ASSIGN(const v1::SupervisionNotice to_county, Issue());
  ASSERT_OK_AND_ASSIGN(const v1::SupervisionNotice answered, Answer(to_county, both));
  EXPECT_EQ(answered.answered_by().role(), "ROLE_COUNTY_APPROVER");
  EXPECT_EQ(answered.answered_by().delegated_by(), "chief");
  EXPECT_EQ(audited(answered), "ROLE_COUNTY_APPROVER");
  // So that it is the chief's answer, too, whom the chief of the city may not be.
  EXPECT_THAT(Close(answered, server_.Token(Role::ROLE_CITY_SUPERVISOR, "3607", "chief")),
              StatusIs(StatusCode::kFailedPrecondition, "SAME_PERSON"));
  EXPECT_OK(Close(answered, city_));

  ASSERT_OK_AND_ASSIGN(const v1::SupervisionNotice below, Issue(NoticeTo({kTownship}), both));
  EXPECT_EQ(below.issued_by().role(), "ROLE_COUNTY_APPROVER");
  EXPECT_EQ(below.issued_by().delegated_by(), "chief");
  EXPECT_EQ(audited(below), "ROLE_COUNTY_APPROVER");
  ASSERT_OK_AND_ASSIGN(const v1::SupervisionNotice told, Answer(below, township_));
  ASSERT_OK_AND_ASSIGN(const v1::SupervisionNotice closed, Close(told, both));
  EXPECT_EQ(closed.closed_by().role(), "ROLE_COUNTY_APPROVER");
  EXPECT_EQ(closed.closed_by().delegated_by(), "chief");
  EXPECT_EQ(audited(closed), "ROLE_COUNTY_APPROVER");
}

// Of nobody's regions there is nothing on either side, whatever else is asked.
TEST_F(NoticeServiceTest, NoRegionsHaveNoSide) {
  ASSERT_OK(Issue());
  ListQuery query;
  query.filter = {.scope = {"36"}, .region = "3607", .kind = v1::NOTICE_KIND_SUPERVISE};
  ASSERT_OK_AND_ASSIGN(const auto all, notice::List(server_.database().db(), query));
  EXPECT_EQ(all.size(), 1u);
  query.filter.side = v1::NOTICE_SIDE_SENT;
  ASSERT_OK_AND_ASSIGN(const auto none, notice::List(server_.database().db(), query));
  EXPECT_THAT(none, IsEmpty());
}

}  // namespace
}  // namespace bangfu::notice

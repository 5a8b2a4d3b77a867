#include "common/notice/service.h"

#include <atomic>
#include <map>
#include <utility>

#include "bangfu/inbox/v1/inbox.pb.h"
#include "common/audit/audit.h"
#include "common/audit/changes.h"
#include "common/audit/schema.h"
#include "common/base/clock.h"
#include "common/base/strings.h"
#include "common/blob/blob_for_test.h"
#include "common/blob/schema.h"
#include "common/contract/time.h"
#include "common/feed/schema.h"
#include "common/idempotency/schema.h"
#include "common/inbox/move.h"
#include "common/inbox/recount.h"
#include "common/inbox/schema.h"
#include "common/inbox/service.h"
#include "common/notice/schema.h"
#include "common/recode/recode.h"
#include "common/recode/schema.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/testing/at_once.h"
#include "common/testing/held_grants.h"
#include "common/testing/random.h"
#include "common/testing/rpc_fixture.h"
#include "common/testing/status_matchers.h"

namespace bangfu::notice {
namespace {

using absl::StatusCode;
using auth::Role;
using ::bangfu::testing::AtOnce;
using ::bangfu::testing::HasViolation;
using ::bangfu::testing::Outcomes;
using ::bangfu::testing::RpcServer;
using ::bangfu::testing::StatusIs;
using ::bangfu::testing::Tally;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kCounty[] = "360733";
constexpr char kOtherCounty[] = "360734";
constexpr char kTownship[] = "360733101";

class NoticeServiceTest : public ::testing::Test {
 protected:
  NoticeServiceTest()
      : server_({.services = {kService, "bangfu.inbox.v1.InboxService"},
                 .migrations = migrate::Concat(Schema(), feed::Schema(), idempotency::Schema(),
                                               inbox::Schema(), audit::Schema(), blob::Schema(),
                                               recode::Schema()),
                 .server = held_.ServerOptions()},
                [this](rpc::Router& router) {
                  RegisterSupervisionNoticeService(router, {.facets = Facets()});
                  inbox::RegisterInboxService(router, {WorkKinds(), {}});
                }),
        city_(server_.Token(Role::ROLE_CITY_SUPERVISOR, "3607", "city")),
        county_(server_.Token(Role::ROLE_COUNTY_APPROVER, kCounty, "county")),
        township_(server_.Token(Role::ROLE_TOWNSHIP_APPROVER, kTownship, "township")) {}

  // Every project is of one source.
  static FacetsOf Facets() {
    return [](mysql::Executor&, const std::vector<const v1::SupervisionNotice*>& notices,
              absl::Time) -> absl::StatusOr<std::vector<auth::Facets>> {
      std::vector<auth::Facets> out(notices.size());
      for (size_t i = 0; i < notices.size(); ++i) {
        if (!notices[i]->subject_id().empty()) out[i].fund_sources = {"BRIDGE_CENTRAL"};
      }
      return out;
    };
  }
  // A record as the trail knows it.
  Ulid Recorded(const std::string& type, const std::string& region) {
    audit::Entry entry;
    entry.aggregate_type = type;
    entry.aggregate_id = server_.ids().Next();
    entry.region_path = region;
    entry.action = "Test";
    entry.actor = {"operator", "经办", "ROLE_COUNTY_OPERATOR", region};
    entry.after_json = "{}";
    entry.occurred_at = server_.clock().Now();
    EXPECT_OK(mysql::Transact(server_.database().db(),
                              [&](mysql::Tx& tx) { return audit::Append(tx, entry); }));
    return entry.aggregate_id;
  }
  absl::CivilDay Today() { return ShanghaiDay(server_.clock().Now()); }

  template <typename Response, typename Request>
  absl::StatusOr<Response> Call(std::string_view method, const Request& request,
                                const std::string& token) {
    return server_.Call<Response>(Cat(kService, ".", method), request, token);
  }
  v1::IssueSupervisionNoticesRequest NoticeTo(const std::vector<std::string>& regions) {
    v1::IssueSupervisionNoticesRequest request;
    request.set_request_id(Cat("issue-request-", ++requests_));
    for (const std::string& region : regions) request.add_region_codes(region);
    request.set_kind(v1::NOTICE_KIND_SUPERVISE);
    request.set_matter(v1::NOTICE_MATTER_FUNDS);
    request.set_title("衔接资金支出进度偏慢");
    request.set_text("截至上月底支出率低于全市平均，请说明原因并提出整改安排。");
    return request;
  }
  absl::StatusOr<v1::IssueSupervisionNoticesResponse> Send(
      const v1::IssueSupervisionNoticesRequest& request, const std::string& token) {
    return Call<v1::IssueSupervisionNoticesResponse>("IssueSupervisionNotices", request, token);
  }
  absl::StatusOr<v1::SupervisionNotice> Issue(const v1::IssueSupervisionNoticesRequest& request,
                                              const std::string& token) {
    ASSIGN_OR_RETURN(const auto sent, Send(request, token));
    EXPECT_EQ(sent.notices_size(), 1);
    return sent.notices(0);
  }
  // From the city to the county.
  absl::StatusOr<v1::SupervisionNotice> Issue() { return Issue(NoticeTo({kCounty}), city_); }
  absl::StatusOr<v1::SupervisionNotice> Answer(const v1::SupervisionNotice& notice,
                                               const std::string& token,
                                               const std::vector<type::v1::Evidence>& files = {},
                                               bool validate_only = false) {
    v1::AnswerSupervisionNoticeRequest request;
    request.set_request_id(Cat("answer-request-", ++requests_));
    request.set_id(notice.id());
    request.set_etag(notice.etag());
    request.set_answer("已督促两个项目按合同付款，月底前到位");
    for (const type::v1::Evidence& file : files) *request.add_evidence() = file;
    request.set_validate_only(validate_only);
    return Call<v1::SupervisionNotice>("AnswerSupervisionNotice", request, token);
  }
  absl::StatusOr<v1::SupervisionNotice> Return(const v1::SupervisionNotice& notice,
                                               const std::string& token) {
    v1::ReturnSupervisionNoticeRequest request;
    request.set_request_id(Cat("return-request-", ++requests_));
    request.set_id(notice.id());
    request.set_etag(notice.etag());
    request.set_reason("未写明整改时限");
    SetDay(Today() + 3, request.mutable_answer_due());
    return Call<v1::SupervisionNotice>("ReturnSupervisionNotice", request, token);
  }
  absl::StatusOr<v1::SupervisionNotice> Close(const v1::SupervisionNotice& notice,
                                              const std::string& token) {
    v1::CloseSupervisionNoticeRequest request;
    request.set_request_id(Cat("close-request-", ++requests_));
    request.set_id(notice.id());
    request.set_etag(notice.etag());
    request.set_note("整改安排可行，予以办结");
    return Call<v1::SupervisionNotice>("CloseSupervisionNotice", request, token);
  }
  absl::StatusOr<v1::SupervisionNotice> Withdraw(const v1::SupervisionNotice& notice,
                                                 const std::string& token) {
    v1::WithdrawSupervisionNoticeRequest request;
    request.set_request_id(Cat("withdraw-request-", ++requests_));
    request.set_id(notice.id());
    request.set_etag(notice.etag());
    request.set_reason("数据已更新");
    return Call<v1::SupervisionNotice>("WithdrawSupervisionNotice", request, token);
  }
  absl::StatusOr<v1::SupervisionNotice> Get(const std::string& id, const std::string& token) {
    v1::GetSupervisionNoticeRequest request;
    request.set_id(id);
    return Call<v1::SupervisionNotice>("GetSupervisionNotice", request, token);
  }
  std::vector<std::string> List(const v1::ListSupervisionNoticesRequest& request,
                                const std::string& token, std::string* next = nullptr) {
    auto listed =
        Call<v1::ListSupervisionNoticesResponse>("ListSupervisionNotices", request, token);
    EXPECT_OK(listed);
    std::vector<std::string> ids;
    if (!listed.ok()) return ids;
    for (const v1::SupervisionNotice& notice : listed->notices()) ids.push_back(notice.id());
    if (next != nullptr) *next = listed->next_page_token();
    return ids;
  }
  std::vector<inbox::v1::WorkItem> Mine(const std::string& token) {
    auto mine = server_.Call<inbox::v1::ListMyWorkResponse>(
        "bangfu.inbox.v1.InboxService.ListMyWork", inbox::v1::ListMyWorkRequest(), token);
    EXPECT_OK(mine);
    if (!mine.ok()) return {};
    return {mine->items().begin(), mine->items().end()};
  }
  std::vector<std::string> Work(const std::string& token) {
    std::vector<std::string> kinds;
    for (const inbox::v1::WorkItem& item : Mine(token)) kinds.push_back(item.kind());
    return kinds;
  }
  // "action" of what is allowed, "action: reason" of what is not.
  static std::vector<std::string> Actions(const v1::SupervisionNotice& notice) {
    std::vector<std::string> out;
    for (const type::v1::AllowedAction& action : notice.allowed_actions()) {
      out.push_back(action.allowed() ? action.action()
                                     : Cat(action.action(), ": ", action.refusal_reason()));
    }
    return out;
  }
  type::v1::Evidence File(std::string_view person, std::string_view region = kCounty) {
    auto evidence = ::bangfu::testing::CompleteEvidence(
        server_.database().db(), server_.ids(), server_.clock().Now(), "PHOTO", region, person);
    EXPECT_OK(evidence);
    return evidence.ok() ? *evidence : type::v1::Evidence();
  }
  // Steps of the notice's own trail.
  int64_t Steps(const std::string& id) {
    return server_.database().Int(
        "SELECT COUNT(*) FROM audit_log WHERE aggregate_type = 'supervision_notice' AND "
        "aggregate_id = ?",
        {*Ulid::Parse(id)});
  }
  int64_t OpenItems(const std::string& id) {
    return server_.database().Int(
        "SELECT COUNT(*) FROM work_item WHERE open_mark = 1 AND subject_id = ?",
        {*Ulid::Parse(id)});
  }
  // Holds the role there for these sources alone.
  std::string Narrowed(Role role, const std::string& region, const std::string& source) {
    auth::Caller caller;
    caller.subject = Cat("narrowed-", source);
    caller.grants = {{role, region, {}, {source}, {}}};
    return server_.Token(caller);
  }

  std::atomic<int> requests_ = 1000;  // taken from several threads
  ::bangfu::testing::HeldGrants held_;
  RpcServer server_;
  const std::string city_, county_, township_;
};

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
  EXPECT_THAT(Actions(notice), ElementsAre("answer: SAME_PERSON", "return: STATE_NOT_ALLOWED",
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
      workflow::AddDays(Today(), kAnswerDays, workflow::DayKind::kWorking, {});
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
  EXPECT_EQ(Actions(seen)[0], "answer: SCOPE_EXCLUDES");
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
  request.Clear();
  request.set_region_code(kTownship);
  EXPECT_THAT(List(request, city_), ElementsAre(c->id()));

  v1::BatchGetSupervisionNoticesRequest many;
  many.add_ids(d->id());
  many.add_ids(b->id());
  ASSERT_OK_AND_ASSIGN(const auto got, Call<v1::BatchGetSupervisionNoticesResponse>(
                                           "BatchGetSupervisionNotices", many, county_));
  ASSERT_EQ(got.notices_size(), 1);
  EXPECT_EQ(Actions(got.notices(0))[0], "answer");
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

TEST_F(NoticeServiceTest, FollowsARegionToAnotherCode) {
  ASSERT_OK_AND_ASSIGN(const v1::SupervisionNotice to_county, Issue());
  ASSERT_OK_AND_ASSIGN(const v1::SupervisionNotice to_township,
                       Issue(NoticeTo({kTownship}), county_));
  const recode::Move move{server_.ids().Next(), kCounty, "360783", server_.clock().Now()};
  ASSERT_OK(mysql::Transact(server_.database().db(), [&](mysql::Tx& tx) -> absl::Status {
    RETURN_IF_ERROR(inbox::MoveRegion(tx, move).status());
    return recode::Apply(tx, {RegionPart(), recode::RegionPart()}, move, server_.clock()).status();
  }));
  const std::string there = server_.Token(Role::ROLE_COUNTY_APPROVER, "360783", "there");
  EXPECT_THAT(Get(to_county.id(), county_), StatusIs(StatusCode::kNotFound));
  ASSERT_OK_AND_ASSIGN(const v1::SupervisionNotice moved, Get(to_county.id(), there));
  EXPECT_EQ(moved.region_path(), "360783");
  EXPECT_EQ(moved.issuer_region_path(), "3607");
  EXPECT_OK(Answer(moved, there));
  ASSERT_OK_AND_ASSIGN(const v1::SupervisionNotice below, Get(to_township.id(), there));
  EXPECT_EQ(below.region_path(), "360783101");
  EXPECT_EQ(below.issuer_region_path(), "360783");
  EXPECT_OK(Withdraw(below, there));
}

// A township that goes to another county answers to the office of that county from then on.
TEST_F(NoticeServiceTest, FollowsATownshipToAnotherCounty) {
  ASSERT_OK_AND_ASSIGN(const v1::SupervisionNotice by_county,
                       Issue(NoticeTo({kTownship}), county_));
  ASSERT_OK_AND_ASSIGN(const v1::SupervisionNotice by_city, Issue(NoticeTo({kTownship}), city_));
  ASSERT_OK_AND_ASSIGN(const v1::SupervisionNotice to_county, Issue());  // no township of it
  const auto moved = [&](const std::string& from, const std::string& to) {
    const recode::Move move{server_.ids().Next(), from, to, server_.clock().Now()};
    ASSERT_OK(mysql::Transact(server_.database().db(), [&](mysql::Tx& tx) -> absl::Status {
      RETURN_IF_ERROR(inbox::MoveRegion(tx, move).status());
      return recode::Apply(tx, {RegionPart(), recode::RegionPart()}, move, server_.clock())
          .status();
    }));
    server_.clock().Advance(absl::Minutes(1));
  };
  moved(kTownship, "360734105");
  const std::string province = server_.Token(Role::ROLE_PROV_OFFICE, "36", "office");
  ASSERT_OK_AND_ASSIGN(v1::SupervisionNotice of_county, Get(by_county.id(), province));
  EXPECT_EQ(of_county.issuer_region_path(), kOtherCounty);
  ASSERT_OK_AND_ASSIGN(v1::SupervisionNotice of_city, Get(by_city.id(), province));
  EXPECT_EQ(of_city.issuer_region_path(), "3607");
  ASSERT_OK_AND_ASSIGN(const v1::SupervisionNotice left, Get(to_county.id(), province));
  EXPECT_EQ(left.issuer_region_path(), "3607");
  // To another city, too.
  moved("360734105", "360822105");
  ASSERT_OK_AND_ASSIGN(of_county, Get(by_county.id(), province));
  EXPECT_EQ(of_county.issuer_region_path(), "360822");
  ASSERT_OK_AND_ASSIGN(of_city, Get(by_city.id(), province));
  EXPECT_EQ(of_city.issuer_region_path(), "3608");
  ASSERT_OK(Answer(of_county, server_.Token(Role::ROLE_TOWNSHIP_APPROVER, "360822105", "there")));
  const std::string theirs = server_.Token(Role::ROLE_COUNTY_APPROVER, "360822", "their county");
  EXPECT_THAT(Work(theirs), ElementsAre("NOTICE_REVIEW"));
  ASSERT_OK_AND_ASSIGN(of_county, Get(by_county.id(), theirs));
  EXPECT_OK(Close(of_county, theirs));
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

// Whatever is done in whatever order: an item waits exactly for what the notice's state asks.
TEST_F(NoticeServiceTest, ItemsAreWhatTheStatesAskFor) {
  ::bangfu::testing::SeededRandom random;
  std::map<std::string, v1::SupervisionNotice> notices;
  const auto any = [&]() -> const v1::SupervisionNotice& {
    return std::next(notices.begin(), static_cast<int>(random.Below(notices.size())))->second;
  };
  for (int step = 0; step < 120; ++step) {
    absl::StatusOr<v1::SupervisionNotice> done = absl::InternalError("");
    switch (notices.size() < 3 ? 0 : random.Below(6)) {
      case 0:
        done = Issue();
        break;
      case 1:
      case 2:
        done = Answer(any(), county_);
        break;
      case 3:
        done = Return(any(), city_);
        break;
      case 4:
        done = Close(any(), city_);
        break;
      default:
        done = Withdraw(any(), city_);
        break;
    }
    if (done.ok()) notices[done->id()] = *done;
    std::map<std::string, std::string> wanted, found;
    for (const auto& [id, notice] : notices) {
      const v1::NoticeState state = notice.state();
      if (state == v1::NOTICE_STATE_OPEN || state == v1::NOTICE_STATE_RETURNED) {
        wanted[id] = "NOTICE_ANSWER";
      }
      if (state == v1::NOTICE_STATE_ANSWERED) wanted[id] = "NOTICE_REVIEW";
    }
    ASSERT_OK_AND_ASSIGN(const mysql::Rows rows,
                         server_.database().db().Query(
                             "SELECT subject_id, kind FROM work_item WHERE open_mark = 1", {}));
    for (const mysql::Row& row : rows) found[row.Id(0).ToString()] = row.String(1);
    ASSERT_EQ(found, wanted) << "step " << step;
    ASSERT_EQ(rows.size(), wanted.size());
  }
}

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

// What the recount finds is what the steps themselves have laid there; a new subscriber gets the
// notices as they stand.
TEST_F(NoticeServiceTest, TheRecountAndTheSnapshotAgree) {
  ASSERT_OK_AND_ASSIGN(const v1::SupervisionNotice a, Issue());
  ASSERT_OK_AND_ASSIGN(const v1::SupervisionNotice b, Issue(NoticeTo({kOtherCounty}), city_));
  ASSERT_OK(Answer(a, county_));
  ASSERT_OK(server_.database().db().Execute("DELETE FROM work_desk", {}));
  ASSERT_OK(server_.database().db().Execute("DELETE FROM work_item", {}));
  ASSERT_OK(inbox::Recount(server_.database().db(), {WorkSource(Facets())}, server_.ids(),
                           server_.clock().Now(), {}));
  EXPECT_THAT(Work(city_), ElementsAre("NOTICE_REVIEW"));
  EXPECT_THAT(Work(server_.Token(Role::ROLE_COUNTY_APPROVER, kOtherCounty, "other")),
              ElementsAre("NOTICE_ANSWER"));

  const auto states = NoticeStates();
  EXPECT_THAT(states->aggregate_types(), ElementsAre(kAggregate));
  ASSERT_OK_AND_ASSIGN(
      const std::vector<feed::OutboxEvent> page,
      states->Page(server_.database().db(), kAggregate, Ulid(), 10, feed::RegionPrefixes{kCounty}));
  ASSERT_EQ(page.size(), 1u);
  v1::SupervisionNoticeChanged event;
  ASSERT_TRUE(event.ParseFromString(page[0].payload));
  EXPECT_EQ(event.notice().id(), a.id());
  EXPECT_EQ(event.notice().state(), v1::NOTICE_STATE_ANSWERED);
}

}  // namespace
}  // namespace bangfu::notice

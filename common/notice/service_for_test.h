// A service that hosts notices, its persons, and the steps they take.
#pragma once

#include <atomic>
#include <map>
#include <utility>

#include "bangfu/inbox/v1/inbox.pb.h"
#include "common/audit/audit.h"
#include "common/audit/changes.h"
#include "common/audit/recorded_for_test.h"
#include "common/audit/schema.h"
#include "common/base/clock.h"
#include "common/base/strings.h"
#include "common/blob/blob_for_test.h"
#include "common/blob/schema.h"
#include "common/contract/time.h"
#include "common/feed/schema.h"
#include "common/idempotency/schema.h"
#include "common/inbox/mine_for_test.h"
#include "common/inbox/move.h"
#include "common/inbox/recount.h"
#include "common/inbox/schema.h"
#include "common/inbox/service.h"
#include "common/notice/schema.h"
#include "common/notice/service.h"
#include "common/recode/recode.h"
#include "common/recode/schema.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/testing/at_once.h"
#include "common/testing/held_grants.h"
#include "common/testing/random.h"
#include "common/testing/rpc_fixture.h"
#include "common/testing/status_matchers.h"
#include "common/workflow/actions_for_test.h"

namespace bangfu::notice {

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
using workflow::ActionsOf;

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
    return audit::Recorded(server_, type, region);
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
    return inbox::MyWork(server_, token);
  }
  std::vector<std::string> Work(const std::string& token) { return inbox::MyKinds(server_, token); }
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

}  // namespace bangfu::notice

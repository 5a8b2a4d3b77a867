// Drafts over gRPC: whose they are, of which forms, how many, how large and how long.
#include "common/draft/service.h"

#include "bangfu/draft/v1/draft_service.pb.h"
#include "bangfu/testing/v1/sample.pb.h"
#include "common/base/strings.h"
#include "common/draft/schema.h"
#include "common/draft/store.h"
#include "common/idempotency/schema.h"
#include "common/testing/at_once.h"
#include "common/testing/held_grants.h"
#include "common/testing/rpc_fixture.h"
#include "common/testing/status_matchers.h"

namespace bangfu::draft {
namespace {

using absl::StatusCode;
using auth::Role;
using ::bangfu::testing::AtOnce;
using ::bangfu::testing::HasViolation;
using ::bangfu::testing::IsOkAndHolds;
using ::bangfu::testing::Outcomes;
using ::bangfu::testing::PersonToken;
using ::bangfu::testing::RpcServer;
using ::bangfu::testing::StatusIs;
using ::bangfu::testing::Tally;
using ::bangfu::testing::v1::CreateSampleRequest;
using ::bangfu::testing::v1::GetSampleRequest;
using ::bangfu::testing::v1::ListSamplesRequest;
using ::bangfu::testing::v1::ListSamplesResponse;
using ::bangfu::testing::v1::Sample;
using ::bangfu::testing::v1::StreamSamplesRequest;
using ::bangfu::testing::v1::WatchSamplesRequest;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kForm[] = "bangfu.testing.v1.SampleService.CreateSample";
constexpr char kDrafts[] = "bangfu.draft.v1.DraftService.";

// The form's rpc and what stands beside it.
void RegisterSamples(rpc::Router& router) {
  const std::string samples = "bangfu.testing.v1.SampleService.";
  const auto one = [](rpc::CallContext&, const auto&) -> absl::StatusOr<Sample> {
    return Sample();
  };
  router.Unary<GetSampleRequest, Sample>(samples + "GetSample", one);
  router.Unary<GetSampleRequest, Sample>(samples + "AskPeer", one);
  router.Unary<CreateSampleRequest, Sample>(samples + "CreateSample", one);
  router.Unary<ListSamplesRequest, ListSamplesResponse>(
      samples + "ListSamples",
      [](rpc::CallContext&, const ListSamplesRequest&) -> absl::StatusOr<ListSamplesResponse> {
        return ListSamplesResponse();
      });
  const auto none = [](rpc::CallContext&,
                       const auto&) -> absl::StatusOr<std::unique_ptr<rpc::Source<Sample>>> {
    return rpc::SourceOf<Sample>({});
  };
  router.ServerStream<StreamSamplesRequest, Sample>(samples + "StreamSamples", none);
  router.ServerStream<WatchSamplesRequest, Sample>(samples + "WatchSamples", none);
}

class DraftServiceTest : public ::testing::Test {
 protected:
  DraftServiceTest()
      : server_({.services = {"bangfu.draft.v1.DraftService", "bangfu.testing.v1.SampleService"},
                 .migrations = migrate::Concat(Schema(), idempotency::Schema()),
                 .server = held_.ServerOptions()},
                [this](rpc::Router& router) {
                  RegisterDraftService(
                      router, {.parameter = [this](mysql::Executor&, const std::string& code,
                                                   int64_t fallback) -> absl::StatusOr<int64_t> {
                        const auto set = parameters_.find(code);
                        return set == parameters_.end() ? fallback : set->second;
                      }});
                  RegisterSamples(router);
                }) {}

  v1::SaveDraftRequest Filled(const std::string& json, const std::string& title = "油茶基地") {
    v1::SaveDraftRequest request;
    request.set_request_id(Cat("request-", ++requests_));
    request.set_form(kForm);
    request.set_title(title);
    request.set_request_json(json);
    return request;
  }
  absl::StatusOr<v1::Draft> Save(const v1::SaveDraftRequest& request, const std::string& token) {
    return server_.Call<v1::Draft>(Cat(kDrafts, "SaveDraft"), request, token);
  }
  absl::StatusOr<v1::Draft> Get(const std::string& id, const std::string& token) {
    v1::GetDraftRequest request;
    request.set_id(id);
    return server_.Call<v1::Draft>(Cat(kDrafts, "GetDraft"), request, token);
  }
  absl::Status Delete(const std::string& id, const std::string& etag, const std::string& token,
                      bool validate_only = false) {
    v1::DeleteDraftRequest request;
    request.set_request_id(Cat("request-", ++requests_));
    request.set_id(id);
    request.set_etag(etag);
    request.set_validate_only(validate_only);
    return server_.Call<v1::DeleteDraftResponse>(Cat(kDrafts, "DeleteDraft"), request, token)
        .status();
  }
  absl::StatusOr<v1::ListDraftsResponse> List(const v1::ListDraftsRequest& request,
                                              const std::string& token) {
    return server_.Call<v1::ListDraftsResponse>(Cat(kDrafts, "ListDrafts"), request, token);
  }
  std::vector<std::string> Titles(const std::string& token, const std::string& subject = "",
                                  const std::string& form = "") {
    v1::ListDraftsRequest request;
    request.set_subject_id(subject);
    request.set_form(form);
    const auto page = List(request, token);
    EXPECT_OK(page.status());
    std::vector<std::string> out;
    if (!page.ok()) return out;
    for (const v1::Draft& draft : page->drafts()) out.push_back(draft.title());
    return out;
  }
  int64_t Rows() { return server_.database().Int("SELECT COUNT(*) FROM draft"); }

  ::bangfu::testing::HeldGrants held_;
  std::map<std::string, int64_t> parameters_;
  int requests_ = 0;
  RpcServer server_;
  const std::string county_ = server_.Token(Role::ROLE_COUNTY_OPERATOR, "360733", "li");
  const std::string colleague_ = server_.Token(Role::ROLE_COUNTY_OPERATOR, "360733", "wang");
  const std::string admin_ = server_.Token(Role::ROLE_PROV_ADMIN, "36", "admin");
};

TEST_F(DraftServiceTest, IsKeptAsItIsAndTellsWhatIsMissing) {
  v1::SaveDraftRequest first = Filled(R"({"sample": {"name": "油茶基地", "contactPhone": "138"}})");
  first.set_subject_id(server_.ids().Next().ToString());
  ASSERT_OK_AND_ASSIGN(const v1::Draft saved, Save(first, county_));
  EXPECT_EQ(saved.etag(), "1");
  EXPECT_EQ(saved.form(), kForm);
  EXPECT_EQ(saved.request_json(), "");  // the client has it
  ASSERT_THAT(saved.problems(), SizeIs(1));
  EXPECT_EQ(saved.problems(0).path(), "sample.kind");

  ASSERT_OK_AND_ASSIGN(const v1::Draft held, Get(saved.id(), county_));
  EXPECT_EQ(held.request_json(), R"({"sample":{"name":"油茶基地","contact_phone":"138"}})");
  EXPECT_EQ(held.title(), "油茶基地");
  EXPECT_EQ(held.subject_id(), first.subject_id());
  EXPECT_EQ(held.size_bytes(), static_cast<int>(held.request_json().size()));
  EXPECT_THAT(held.problems(), SizeIs(1));
  EXPECT_EQ(held.expires_at().seconds() - held.updated_at().seconds(), 30 * 24 * 3600);

  // Saved again: as a whole, and for as long again.
  server_.clock().Advance(absl::Hours(24));
  v1::SaveDraftRequest second = Filled(R"({"sample": {"kind": 1}})", "油茶加工厂");
  second.set_id(saved.id());
  second.set_etag(saved.etag());
  ASSERT_OK_AND_ASSIGN(const v1::Draft changed, Save(second, county_));
  EXPECT_EQ(changed.id(), saved.id());
  EXPECT_EQ(changed.etag(), "2");
  EXPECT_EQ(changed.subject_id(), "");
  EXPECT_EQ(changed.created_at().seconds(), saved.created_at().seconds());
  EXPECT_EQ(changed.expires_at().seconds() - saved.expires_at().seconds(), 24 * 3600);
  ASSERT_OK_AND_ASSIGN(const v1::Draft now, Get(saved.id(), county_));
  EXPECT_EQ(now.request_json(), R"({"sample":{"kind":"SAMPLE_KIND_FARM"}})");
  EXPECT_THAT(Titles(county_), ElementsAre("油茶加工厂"));
}

// A form holds names and telephone numbers.
TEST_F(DraftServiceTest, LiesSealedInTheDatabase) {
  ASSERT_OK(Save(Filled(R"({"sample": {"contact_phone": "13800001111"}})", "张三的登记"), county_));
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM draft WHERE content LIKE '%1380000%' OR "
                                   "title LIKE '%张三%'"),
            0);
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM idempotency_key WHERE response LIKE "
                                   "'%1380000%'"),
            0);
}

TEST_F(DraftServiceTest, BelongsToItsOwnerAlone) {
  held_.Set("principal",
            {"principal", {{.role = Role::ROLE_COUNTY_OPERATOR, .region_path = "360733"}}, {}});
  held_.Lend("deputy", "principal", Role::ROLE_COUNTY_OPERATOR, "360733", server_.ids().Next());
  const std::string principal = PersonToken(server_, "principal");
  const std::string deputy = PersonToken(server_, "deputy");
  ASSERT_OK_AND_ASSIGN(const v1::Draft draft, Save(Filled("{}"), principal));
  for (const std::string& other : {colleague_, admin_, deputy}) {
    EXPECT_THAT(Get(draft.id(), other).status(),
                StatusIs(StatusCode::kNotFound, "RESOURCE_NOT_FOUND"));
    EXPECT_THAT(Delete(draft.id(), "", other),
                StatusIs(StatusCode::kNotFound, "RESOURCE_NOT_FOUND"));
    EXPECT_THAT(Titles(other), IsEmpty());
  }
  for (const std::string& other : {colleague_, deputy}) {
    v1::SaveDraftRequest again = Filled("{}");
    again.set_id(draft.id());
    again.set_etag(draft.etag());
    EXPECT_THAT(Save(again, other).status(), StatusIs(StatusCode::kNotFound, "RESOURCE_NOT_FOUND"));
  }
  // A deputy has their own.
  ASSERT_OK(Save(Filled("{}", "代办"), deputy));
  EXPECT_THAT(Titles(principal), ElementsAre("油茶基地"));
  EXPECT_THAT(Titles(deputy), ElementsAre("代办"));
}

TEST_F(DraftServiceTest, IsOfAFormThatItsOwnerMaySubmitHere) {
  const auto refused = [&](const std::string& form, const std::string& token) {
    v1::SaveDraftRequest request = Filled("{}");
    request.set_form(form);
    return Save(request, token).status();
  };
  const auto unknown = StatusIs(StatusCode::kNotFound, "DRAFT_FORM_UNKNOWN");
  EXPECT_THAT(refused("bangfu.testing.v1.SampleService.Nothing", county_), unknown);
  EXPECT_THAT(refused("SampleService.CreateSample", county_), unknown);
  // Linked into this program, served by another.
  EXPECT_THAT(refused("bangfu.inbox.v1.InboxService.UrgeWork", county_), unknown);
  const auto reads = StatusIs(StatusCode::kInvalidArgument, "DRAFT_FORM_READS");
  EXPECT_THAT(refused("bangfu.testing.v1.SampleService.GetSample", county_), reads);
  EXPECT_THAT(refused(Cat(kDrafts, "SaveDraft"), county_), reads);
  const absl::Status role = refused(kForm, admin_);
  EXPECT_THAT(role, StatusIs(StatusCode::kPermissionDenied, "ROLE_REQUIRED"));
  EXPECT_EQ(GetErrorDetail(role).metadata["roles"], "ROLE_COUNTY_OPERATOR");
  EXPECT_EQ(Rows(), 0);
}

TEST_F(DraftServiceTest, RefusesWhatIsNoContentOfTheForm) {
  const absl::Status refused =
      Save(Filled(R"({"sample": {"nmae": "油茶", "amount_fen": "多"}})"), county_).status();
  EXPECT_THAT(refused, StatusIs(StatusCode::kInvalidArgument, "DRAFT_CONTENT_INVALID"));
  EXPECT_THAT(refused, HasViolation("sample.nmae"));
  EXPECT_THAT(refused, HasViolation("sample.amount_fen"));

  const auto large = [](size_t bytes) {
    return Cat(R"({"sample": {"name": ")", std::string(bytes, 'x'), "\"}}");
  };
  // Three bytes a character: the contract counts characters, the limit is of bytes.
  std::string chinese;
  while (chinese.size() <= 64 << 10) chinese += "帮";
  EXPECT_THAT(Save(Filled(Cat(R"({"sample": {"name": ")", chinese, "\"}}")), county_).status(),
              StatusIs(StatusCode::kInvalidArgument, "DRAFT_TOO_LARGE"));
  EXPECT_THAT(Save(Filled(large(66000)), county_).status(), HasViolation("request_json"));
  ASSERT_OK(Save(Filled(large(60000)), county_));
  parameters_[kMaxKib] = 1000;  // never more than the contract says
  EXPECT_THAT(Save(Filled(Cat(R"({"sample": {"name": ")", chinese, "\"}}")), county_).status(),
              StatusIs(StatusCode::kInvalidArgument, "DRAFT_TOO_LARGE"));
  parameters_[kMaxKib] = 1;
  const absl::Status small = Save(Filled(large(1100)), county_).status();
  EXPECT_THAT(small, StatusIs(StatusCode::kInvalidArgument, "DRAFT_TOO_LARGE"));
  EXPECT_EQ(GetErrorDetail(small).metadata["max_bytes"], "1024");
  EXPECT_EQ(Rows(), 1);
}

TEST_F(DraftServiceTest, IsNotWrittenOverWhatWasSavedMeanwhile) {
  ASSERT_OK_AND_ASSIGN(const v1::Draft draft, Save(Filled("{}"), county_));
  v1::SaveDraftRequest again = Filled(R"({"sample": {"name": "甲乙"}})");
  again.set_id(draft.id());
  EXPECT_THAT(Save(again, county_).status(), HasViolation("etag"));
  again.set_etag("1");
  ASSERT_OK(Save(again, county_));
  // Once more by the same request: the stored answer. Another one by the old etag: refused.
  ASSERT_OK_AND_ASSIGN(const v1::Draft same, Save(again, county_));
  EXPECT_EQ(same.etag(), "2");
  const auto stale = StatusIs(StatusCode::kAborted, "ETAG_MISMATCH");
  again.set_request_id("another-one");
  EXPECT_THAT(Save(again, county_).status(), stale);
  again.set_etag("x");
  EXPECT_THAT(Save(again, county_).status(), stale);
  EXPECT_THAT(Delete(draft.id(), "1", county_), stale);
  // A draft stays that of its form.
  again.set_etag("2");
  again.set_form(Cat(kDrafts, "DeleteDraft"));
  EXPECT_THAT(Save(again, county_).status(), StatusIs(StatusCode::kInvalidArgument));

  EXPECT_OK(Delete(draft.id(), "2", county_, true));
  EXPECT_EQ(Rows(), 1);
  EXPECT_OK(Delete(draft.id(), "2", county_));
  EXPECT_EQ(Rows(), 0);
  EXPECT_THAT(Delete(draft.id(), "", county_),
              StatusIs(StatusCode::kNotFound, "RESOURCE_NOT_FOUND"));
  again.set_form(kForm);
  again.set_request_id("yet-another");
  EXPECT_THAT(Save(again, county_).status(), StatusIs(StatusCode::kNotFound, "RESOURCE_NOT_FOUND"));
}

// A release may change a form, or take it away.
TEST_F(DraftServiceTest, IsGivenBackAlsoWhenItFitsTheFormNoMore) {
  Draft old;
  old.created_at = old.updated_at = server_.clock().Now();
  old.expires_at = old.created_at + absl::Hours(1);
  const auto problem = [&](const std::string& form) {
    old.id = server_.ids().Next();
    old.form = form;
    old.content = R"({"sample":{"colour":"红"}})";
    EXPECT_OK(mysql::Transact(server_.database().db(),
                              [&](mysql::Tx& tx) { return Insert(tx, "li", old); }));
    const auto held = Get(old.id.ToString(), county_);
    EXPECT_OK(held.status());
    if (!held.ok() || held->problems_size() != 1) return std::string("not told");
    EXPECT_EQ(held->request_json(), old.content);
    return Cat(held->problems(0).path(), ": ", held->problems(0).problem_zh());
  };
  EXPECT_EQ(problem(kForm), "sample.colour: 该表单没有此字段");
  EXPECT_EQ(problem("bangfu.testing.v1.SampleService.CreateOldSample"), ": 系统已不再有此表单");
}

TEST_F(DraftServiceTest, ACheckKeepsNothing) {
  v1::SaveDraftRequest check = Filled(R"({"sample": {"name": "甲"}})");
  check.set_validate_only(true);
  ASSERT_OK_AND_ASSIGN(const v1::Draft told, Save(check, county_));
  EXPECT_THAT(told.problems(), SizeIs(2));
  EXPECT_EQ(Rows(), 0);
}

TEST_F(DraftServiceTest, APersonHasNoMoreThanTheLimit) {
  parameters_[kPerPerson] = 2;
  ASSERT_OK_AND_ASSIGN(const v1::Draft first, Save(Filled("{}"), county_));
  ASSERT_OK(Save(Filled("{}"), county_));
  const absl::Status refused = Save(Filled("{}"), county_).status();
  EXPECT_THAT(refused, StatusIs(StatusCode::kResourceExhausted, "DRAFT_LIMIT"));
  EXPECT_EQ(GetErrorDetail(refused).metadata["limit"], "2");
  // Others have their own, and what is there may be saved again.
  ASSERT_OK(Save(Filled("{}"), colleague_));
  v1::SaveDraftRequest again = Filled("{}");
  again.set_id(first.id());
  again.set_etag(first.etag());
  ASSERT_OK(Save(again, county_));
  ASSERT_OK(Delete(first.id(), "", county_));
  EXPECT_OK(Save(Filled("{}"), county_).status());
}

TEST_F(DraftServiceTest, TwoAtOncePassNoLimitTogether) {
  parameters_[kPerPerson] = 1;
  std::vector<v1::SaveDraftRequest> requests;
  for (int i = 0; i < 4; ++i) requests.push_back(Filled("{}"));
  const auto outcomes = Outcomes(
      AtOnce(4, [&](int i) { return Save(requests[static_cast<size_t>(i)], county_).status(); }));
  EXPECT_EQ(outcomes, (Tally{{"OK", 1}, {"RESOURCE_EXHAUSTED/DRAFT_LIMIT", 3}}));
  EXPECT_EQ(Rows(), 1);
}

TEST_F(DraftServiceTest, WhatHasExpiredIsNotThereAndIsSwept) {
  parameters_[kKeepDays] = 2;
  parameters_[kPerPerson] = 2;
  ASSERT_OK_AND_ASSIGN(const v1::Draft old, Save(Filled("{}", "旧"), county_));
  server_.clock().Advance(absl::Hours(24));
  ASSERT_OK(Save(Filled("{}", "新"), county_));
  server_.clock().Advance(absl::Hours(24));
  EXPECT_THAT(Get(old.id(), county_).status(),
              StatusIs(StatusCode::kNotFound, "RESOURCE_NOT_FOUND"));
  EXPECT_THAT(Titles(county_), ElementsAre("新"));
  v1::SaveDraftRequest again = Filled("{}");
  again.set_id(old.id());
  again.set_etag(old.etag());
  EXPECT_THAT(Save(again, county_).status(), StatusIs(StatusCode::kNotFound, "RESOURCE_NOT_FOUND"));
  // Not swept yet, and counted no more.
  EXPECT_EQ(Rows(), 2);
  ASSERT_OK(Save(Filled("{}", "又一"), county_));
  EXPECT_THAT(Sweep(server_.database().db(), server_.clock().Now()), IsOkAndHolds(1));
  EXPECT_THAT(Sweep(server_.database().db(), server_.clock().Now()), IsOkAndHolds(0));
  EXPECT_THAT(Titles(county_), ElementsAre("又一", "新"));
}

TEST_F(DraftServiceTest, AreListedByFormAndSubjectInPages) {
  const std::string subject = server_.ids().Next().ToString();
  for (int i = 0; i < 5; ++i) {
    v1::SaveDraftRequest request = Filled("{}", Cat("第", i, "份"));
    if (i % 2 == 0) request.set_subject_id(subject);
    ASSERT_OK(Save(request, county_));
  }
  EXPECT_THAT(Titles(county_), ElementsAre("第4份", "第3份", "第2份", "第1份", "第0份"));
  EXPECT_THAT(Titles(county_, subject), ElementsAre("第4份", "第2份", "第0份"));
  EXPECT_THAT(Titles(county_, subject, kForm), SizeIs(3));
  EXPECT_THAT(Titles(county_, "", Cat(kDrafts, "DeleteDraft")), IsEmpty());

  v1::ListDraftsRequest request;
  request.set_page_size(2);
  std::vector<std::string> titles;
  do {
    ASSERT_OK_AND_ASSIGN(const v1::ListDraftsResponse page, List(request, county_));
    for (const v1::Draft& draft : page.drafts()) {
      titles.push_back(draft.title());
      EXPECT_EQ(draft.request_json(), "");
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_THAT(titles, ElementsAre("第4份", "第3份", "第2份", "第1份", "第0份"));
  // A token is of its own query, and of its own person.
  request.set_page_size(2);
  ASSERT_OK_AND_ASSIGN(const v1::ListDraftsResponse first, List(request, county_));
  request.set_page_token(first.next_page_token());
  EXPECT_THAT(List(request, colleague_).status(), StatusIs(StatusCode::kInvalidArgument));
  request.set_subject_id(subject);
  EXPECT_THAT(List(request, county_).status(), StatusIs(StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace bangfu::draft

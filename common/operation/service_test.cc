#include "common/operation/service.h"

#include <atomic>
#include <set>

#include "common/audit/schema.h"
#include "common/feed/schema.h"
#include "common/idempotency/schema.h"
#include "common/operation/schema.h"
#include "common/status/error.h"
#include "common/testing/at_once.h"
#include "common/testing/rpc_fixture.h"
#include "common/testing/status_matchers.h"

namespace bangfu::operation {
namespace {

using ::bangfu::testing::AtOnce;
using ::bangfu::testing::Outcomes;
using ::bangfu::testing::RpcServer;
using ::bangfu::testing::StatusIs;
using ::bangfu::testing::Tally;

constexpr char kGet[] = "bangfu.operation.v1.OperationService.GetOperation";
constexpr char kList[] = "bangfu.operation.v1.OperationService.ListOperations";
constexpr char kCancel[] = "bangfu.operation.v1.OperationService.CancelOperation";
constexpr char kResume[] = "bangfu.operation.v1.OperationService.ResumeOperation";

class OperationServiceTest : public ::testing::Test {
 protected:
  OperationServiceTest()
      : server_({.services = {"bangfu.operation.v1.OperationService"},
                 .migrations = migrate::Concat(Schema(), feed::Schema(), idempotency::Schema(),
                                               audit::Schema())},
                [this](rpc::Router& router) {
                  RegisterOperationService(router, [this] { ++wakes_; });
                }),
        owner_(server_.Token(auth::Role::ROLE_COUNTY_OPERATOR, "360733", "p1")) {}

  std::string StartOne() {
    const Ulid id = server_.ids().Next();
    type::v1::Actor actor;
    actor.set_subject("p1");
    const v1::GetOperationRequest work;
    EXPECT_OK(mysql::Transact(server_.database().db(), [&](mysql::Tx& tx) {
      return Start(tx, {.id = id,
                        .kind = "import",
                        .region_path = "360733",
                        .created_by = actor,
                        .request = work,
                        .now = server_.clock().Now()})
          .status();
    }));
    return id.ToString();
  }

  absl::StatusOr<v1::Operation> CancelOf(const std::string& id, const std::string& token) {
    v1::CancelOperationRequest request;
    request.set_request_id(absl::StrCat("cancel-request-", ++requests_));
    request.set_id(id);
    return server_.Call<v1::Operation>(kCancel, request, token);
  }
  absl::StatusOr<v1::Operation> ResumeOf(const std::string& id, const std::string& token) {
    v1::ResumeOperationRequest request;
    request.set_request_id(absl::StrCat("resume-request-", ++requests_));
    request.set_id(id);
    return server_.Call<v1::Operation>(kResume, request, token);
  }
  v1::OperationState StateOf(const std::string& id) {
    v1::GetOperationRequest request;
    request.set_id(id);
    const auto operation = server_.Call<v1::Operation>(kGet, request, owner_);
    EXPECT_OK(operation);
    return operation.ok() ? operation->state() : v1::OPERATION_STATE_UNSPECIFIED;
  }
  // Steps of the operation's own trail.
  int64_t Steps(const std::string& id, const std::string& where = "") {
    return server_.database().Int(
        "SELECT COUNT(*) FROM audit_log WHERE aggregate_type = 'operation' AND aggregate_id = ?" +
            where,
        {*Ulid::Parse(id)});
  }

  std::atomic<int> requests_ = 0;  // taken from several threads
  std::atomic<int> wakes_ = 0;
  RpcServer server_;
  const std::string owner_;
};

TEST_F(OperationServiceTest, ShowsItInItsRegionOnly) {
  v1::GetOperationRequest request;
  request.set_id(StartOne());
  ASSERT_OK_AND_ASSIGN(auto operation, server_.Call<v1::Operation>(kGet, request, owner_));
  EXPECT_EQ(operation.kind(), "import");
  EXPECT_THAT(server_.Call<v1::Operation>(
                  kGet, request, server_.Token(auth::Role::ROLE_COUNTY_OPERATOR, "360781", "p2")),
              StatusIs(absl::StatusCode::kNotFound));
  request.set_id("nonsense");
  EXPECT_THAT(server_.Call<v1::Operation>(kGet, request, owner_),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(OperationServiceTest, PagesThroughTheList) {
  for (int i = 0; i < 5; ++i) StartOne();
  v1::ListOperationsRequest request;
  request.set_page_size(2);
  std::set<std::string> seen;
  for (int pages = 0; pages < 5; ++pages) {
    ASSERT_OK_AND_ASSIGN(auto page,
                         server_.Call<v1::ListOperationsResponse>(kList, request, owner_));
    for (const auto& operation : page.operations()) EXPECT_TRUE(seen.insert(operation.id()).second);
    if (page.next_page_token().empty()) break;
    request.set_page_token(page.next_page_token());
  }
  EXPECT_EQ(seen.size(), 5u);
  request.set_kind("export");
  EXPECT_THAT(server_.Call<v1::ListOperationsResponse>(kList, request, owner_),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(OperationServiceTest, ItsOwnerCancelsAndResumesIt) {
  v1::CancelOperationRequest cancel;
  cancel.set_request_id("cancel-01");
  cancel.set_id(StartOne());
  EXPECT_THAT(server_.Call<v1::Operation>(
                  kCancel, cancel, server_.Token(auth::Role::ROLE_COUNTY_OPERATOR, "360733", "p2")),
              StatusIs(absl::StatusCode::kPermissionDenied, "OPERATION_OF_ANOTHER"));
  ASSERT_OK_AND_ASSIGN(auto operation, server_.Call<v1::Operation>(kCancel, cancel, owner_));
  EXPECT_EQ(operation.state(), v1::OPERATION_STATE_CANCELLED);
  v1::ResumeOperationRequest resume;
  resume.set_request_id("resume-01");
  resume.set_id(cancel.id());
  ASSERT_OK_AND_ASSIGN(
      operation, server_.Call<v1::Operation>(
                     kResume, resume, server_.Token(auth::Role::ROLE_PROV_ADMIN, "36", "p9")));
  EXPECT_EQ(operation.state(), v1::OPERATION_STATE_PENDING);
  EXPECT_EQ(wakes_, 1);
  resume.set_request_id("resume-02");
  EXPECT_THAT(server_.Call<v1::Operation>(kResume, resume, owner_),
              StatusIs(absl::StatusCode::kFailedPrecondition, "STATE_NOT_ALLOWED"));
}

TEST_F(OperationServiceTest, OfTwoAtOnceOneCancelsAndOneResumes) {
  const std::string tokens[] = {owner_, server_.Token(auth::Role::ROLE_PROV_ADMIN, "36", "p9")};
  const Tally one_of_two = {{"OK", 1}, {"FAILED_PRECONDITION/STATE_NOT_ALLOWED", 1}};
  for (int round = 0; round < 5; ++round) {
    wakes_ = 0;
    const std::string id = StartOne();
    EXPECT_EQ(Outcomes(AtOnce(2, [&](int i) { return CancelOf(id, tokens[i]); })), one_of_two);
    EXPECT_EQ(StateOf(id), v1::OPERATION_STATE_CANCELLED);
    EXPECT_EQ(Steps(id), 1);
    EXPECT_EQ(Outcomes(AtOnce(2, [&](int i) { return ResumeOf(id, tokens[i]); })), one_of_two);
    EXPECT_EQ(StateOf(id), v1::OPERATION_STATE_PENDING);
    EXPECT_EQ(Steps(id), 2);
    EXPECT_EQ(wakes_, 1);
  }
}

// Whoever comes second takes the work from where the first has left it, and the trail says so.
TEST_F(OperationServiceTest, OfACancellationAndAResumptionAtOnceTheTrailTellsWhichWasFirst) {
  for (int round = 0; round < 8; ++round) {
    const std::string id = StartOne();
    const auto results =
        AtOnce(2, [&](int i) { return i == 0 ? CancelOf(id, owner_) : ResumeOf(id, owner_); });
    EXPECT_OK(results[0]);
    if (!results[1].ok()) {
      EXPECT_THAT(results[1], StatusIs(absl::StatusCode::kFailedPrecondition, "STATE_NOT_ALLOWED"));
    }
    EXPECT_EQ(StateOf(id),
              results[1].ok() ? v1::OPERATION_STATE_PENDING : v1::OPERATION_STATE_CANCELLED);
    EXPECT_EQ(Steps(id), results[1].ok() ? 2 : 1);
    EXPECT_EQ(Steps(id,
                    " AND before_json LIKE '%OPERATION_STATE_PENDING%'"
                    " AND after_json LIKE '%OPERATION_STATE_CANCELLED%'"),
              1);
    EXPECT_EQ(Steps(id,
                    " AND before_json LIKE '%OPERATION_STATE_CANCELLED%'"
                    " AND after_json LIKE '%OPERATION_STATE_PENDING%'"),
              results[1].ok() ? 1 : 0);
  }
}

}  // namespace
}  // namespace bangfu::operation

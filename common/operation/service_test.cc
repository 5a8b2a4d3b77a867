#include "common/operation/service.h"

#include <set>

#include "common/audit/schema.h"
#include "common/feed/schema.h"
#include "common/idempotency/schema.h"
#include "common/operation/schema.h"
#include "common/status/error.h"
#include "common/testing/rpc_fixture.h"
#include "common/testing/status_matchers.h"

namespace bangfu::operation {
namespace {

using ::bangfu::testing::RpcServer;
using ::bangfu::testing::StatusIs;

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

}  // namespace
}  // namespace bangfu::operation

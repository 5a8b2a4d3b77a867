// What waits of a campaign whose opening or clearing stopped before its end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bangfu/operation/v1/operation_service.pb.h"
#include "common/base/strings.h"
#include "common/contract/time.h"
#include "common/inbox/recount.h"
#include "common/operation/operation.h"
#include "common/operation/service.h"
#include "services/registry/api/inbox_for_test.h"
#include "services/registry/api/stopped_work.h"
#include "services/registry/jobs/campaign_closing.h"
#include "services/registry/jobs/campaign_opening.h"

namespace bangfu::registry {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ClosingTest : public InboxTest {
 protected:
  ClosingTest()
      : InboxTest({"bangfu.operation.v1.OperationService"}, [this](rpc::Router& router) {
          operation::RegisterOperationService(
              router, {},
              [this](mysql::Tx& tx, const operation::v1::Operation& clearing, absl::Time now) {
                return operations_.TellStand(tx, clearing, now);
              });
        }) {}

  // The clearing of a campaign that the county's approver closed by force.
  operation::v1::Operation Close(const v1::InventoryCampaign& campaign) {
    v1::CloseCampaignRequest close;
    close.set_request_id(RequestId());
    close.set_id(campaign.id());
    close.set_etag(campaign.etag());
    close.set_force(true);
    close.set_reason("试点结束");
    EXPECT_OK(Inventory<v1::InventoryCampaign>("CloseCampaign", close, Approver()));
    operation::v1::ListOperationsRequest list;
    list.set_kind("close_campaign");
    auto clearings =
        Operation<operation::v1::ListOperationsResponse>("ListOperations", list, Approver());
    EXPECT_OK(clearings);
    if (!clearings.ok() || clearings->operations_size() != 1) return {};
    return clearings->operations(0);
  }
  template <typename Response, typename Request>
  absl::StatusOr<Response> Operation(std::string_view method, const Request& request,
                                     const std::string& token) {
    return server_.Call<Response>(Cat("bangfu.operation.v1.OperationService.", method), request,
                                  token);
  }
  template <typename Request>
  absl::StatusOr<operation::v1::Operation> Steer(std::string_view method, const std::string& id,
                                                 const std::string& token) {
    Request request;
    request.set_request_id(RequestId());
    request.set_id(id);
    return Operation<operation::v1::Operation>(method, request, token);
  }
  // Waits for these who closed or may resume, as an action that the operation tells as allowed.
  void ExpectWaiting(const std::string& clearing,
                     const std::string& kind = "CAMPAIGN_CLOSING_RESUME") {
    for (const std::string& token : {Approver(), Admin()}) {
      EXPECT_THAT(Kinds(token), ElementsAre(::testing::StartsWith(Cat(kind, " 360733"))));
      operation::v1::GetOperationRequest get;
      get.set_id(clearing);
      auto told = Operation<operation::v1::Operation>("GetOperation", get, token);
      ASSERT_OK(told);
      bool resume = false;
      for (const auto& action : told->allowed_actions()) {
        resume |= action.action() == "resume" && action.allowed();
      }
      EXPECT_TRUE(resume);
    }
    EXPECT_THAT(Kinds(Token(options::v1::ROLE_COUNTY_APPROVER, kCounty, "another-approver")),
                IsEmpty());
  }
  int64_t OpenItems() {
    return server_.database().Int("SELECT COUNT(*) FROM work_item WHERE open_mark = 1");
  }
};

TEST_F(ClosingTest, R002_AClearingThatWasCancelledWaitsToBeResumed) {
  const operation::v1::Operation clearing = Close(OpenCampaign());
  EXPECT_THAT(Kinds(Approver()), IsEmpty());
  ASSERT_OK(
      Steer<operation::v1::CancelOperationRequest>("CancelOperation", clearing.id(), Approver()));
  EXPECT_GT(OpenItems(), 2);  // the villages' are there still
  ExpectWaiting(clearing.id());
  ASSERT_OK(
      Steer<operation::v1::ResumeOperationRequest>("ResumeOperation", clearing.id(), Admin()));
  EXPECT_THAT(Kinds(Approver()), IsEmpty());
  EXPECT_THAT(Kinds(Admin()), IsEmpty());
  RunOperations();
  EXPECT_EQ(OpenItems(), 0);
}

TEST_F(ClosingTest, R002_AClearingThatFailedWaitsToBeResumed) {
  const operation::v1::Operation clearing = Close(OpenCampaign());
  operation::OperationRunner runner(operation_clock_, {.holder = "fails"});
  RegisterCampaignClosing(runner, operation_ids_,
                          {.chunk = 1, .before_commit = [](int64_t done) -> absl::Status {
                             if (done < 2) return absl::OkStatus();
                             return absl::InternalError("broken");
                           }});
  operation_clock_.Set(server_.clock().Now());
  ASSERT_THAT(runner.StepOnce(server_.database().db()), testing::IsOkAndHolds(true));
  ExpectWaiting(clearing.id());
  // The recount finds what was forgotten, and what is gone.
  const auto recount = [&] {
    server_.clock().Advance(absl::Hours(25));
    ASSERT_OK(inbox::Recount(server_.database().db(), {inbox::StoppedSource({StoppedClosing()})},
                             server_.ids(), server_.clock().Now(), {.calendar = InboxCalendar()}));
  };
  for (const char* table : {"work_item", "work_desk"}) {
    server_.database().Run(Cat("DELETE FROM ", table, ";"));
  }
  recount();
  ExpectWaiting(clearing.id());
  server_.database().Run("DELETE FROM operation;");
  recount();
  EXPECT_EQ(OpenItems(), 0);
}

TEST_F(ClosingTest, R002_AnOpeningThatWasCancelledWaitsToBeResumed) {
  ASSERT_OK_AND_ASSIGN(const v1::InventoryCampaign planned, CreateCampaign(kCounty));
  ASSERT_OK_AND_ASSIGN(const operation::v1::Operation opening, Open(planned));
  EXPECT_THAT(Kinds(Approver()), IsEmpty());
  ASSERT_OK(
      Steer<operation::v1::CancelOperationRequest>("CancelOperation", opening.id(), Approver()));
  ExpectWaiting(opening.id(), "CAMPAIGN_OPENING_RESUME");
  EXPECT_EQ(Mine(Approver())[0].kind_zh(), "继续开放摸排批次");
  EXPECT_EQ(Mine(Approver())[0].title(), "赣州市会昌县摸排批次尚未开放完毕，部分村未生成报告");
  // Two working days from Monday the 2nd.
  EXPECT_EQ(DayOf(Mine(Approver())[0].due_on()), absl::CivilDay(2026, 3, 4));
  ASSERT_OK(
      Steer<operation::v1::ResumeOperationRequest>("ResumeOperation", opening.id(), Approver()));
  EXPECT_THAT(Kinds(Approver()), IsEmpty());
  EXPECT_THAT(Kinds(Admin()), IsEmpty());
  RunOperations();
  EXPECT_EQ(Campaign(planned.id()).state(), v1::CAMPAIGN_STATE_OPEN);
  EXPECT_THAT(Kinds(Approver()), IsEmpty());
}

TEST_F(ClosingTest, R002_AnOpeningThatFailedWaitsUntilItIsAbandoned) {
  ASSERT_OK_AND_ASSIGN(const v1::InventoryCampaign planned, CreateCampaign(kCounty));
  ASSERT_OK_AND_ASSIGN(const operation::v1::Operation opening, Open(planned));
  operation::OperationRunner runner(operation_clock_, {.holder = "fails"});
  RegisterCampaignOpening(runner, operation_ids_,
                          {.chunk = 1, .before_commit = [](int64_t done) -> absl::Status {
                             if (done < 2) return absl::OkStatus();
                             return absl::InternalError("broken");
                           }});
  operation_clock_.Set(server_.clock().Now());
  ASSERT_THAT(runner.StepOnce(server_.database().db()), testing::IsOkAndHolds(true));
  ExpectWaiting(opening.id(), "CAMPAIGN_OPENING_RESUME");
  for (const char* table : {"work_item", "work_desk"}) {
    server_.database().Run(Cat("DELETE FROM ", table, ";"));
  }
  ASSERT_OK(inbox::Recount(server_.database().db(),
                           {inbox::StoppedSource({StoppedOpening(), StoppedClosing()})},
                           server_.ids(), server_.clock().Now(), {.calendar = InboxCalendar()}));
  ExpectWaiting(opening.id(), "CAMPAIGN_OPENING_RESUME");
  // Closed by force, there is nothing left to be opened.
  v1::CloseCampaignRequest close;
  close.set_request_id(RequestId());
  close.set_id(planned.id());
  close.set_etag(Campaign(planned.id()).etag());
  close.set_force(true);
  close.set_reason("范围有误");
  ASSERT_OK(Inventory<v1::InventoryCampaign>("CloseCampaign", close, Approver()));
  EXPECT_THAT(Kinds(Approver()), IsEmpty());
  EXPECT_THAT(Kinds(Admin()), IsEmpty());
  RunOperations();
  EXPECT_EQ(OpenItems(), 0);
}

}  // namespace
}  // namespace bangfu::registry

#include "common/feed/service.h"

#include <thread>

#include "bangfu/type/v1/common.pb.h"
#include "common/audit/schema.h"
#include "common/feed/remote.h"
#include "common/feed/schema.h"
#include "common/feed/sequencer.h"
#include "common/idempotency/schema.h"
#include "common/status/macros.h"
#include "common/testing/rpc_fixture.h"
#include "common/testing/status_matchers.h"

namespace bangfu::feed {
namespace {

using ::bangfu::testing::RpcServer;
using ::bangfu::testing::StatusIs;
using ::testing::HasSubstr;

migrate::Migrations TestSchema() {
  return migrate::Concat(Schema(), idempotency::Schema(), audit::Schema(),
                         migrate::Migrations{{"copies", 1, "create", R"sql(
CREATE TABLE copy (
  id BINARY(16) NOT NULL,
  value BIGINT NOT NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
)sql"}});
}

class States : public SnapshotSource {
 public:
  std::vector<std::string> aggregate_types() const override { return {"thing"}; }
  absl::StatusOr<std::vector<OutboxEvent>> Page(mysql::Executor&, const std::string& type,
                                                const Ulid& after, int,
                                                const std::optional<RegionPrefixes>&) override {
    std::vector<OutboxEvent> page;
    type::v1::Quantity state;
    state.set_value_milli(7);
    if (after.is_zero()) page.push_back(MakeEvent(type, id, "360733", state, absl::UnixEpoch()));
    return page;
  }
  Ulid id;
};

class CopyHandler : public EffectHandler {
 public:
  absl::Status Apply(mysql::Tx& tx, const Batch& batch) override {
    if (broken) return absl::InvalidArgumentError("broken");
    for (const v1::Event* event : batch.events) {
      type::v1::Quantity state;
      event->payload().UnpackTo(&state);
      RETURN_IF_ERROR(tx.Execute("INSERT INTO copy (id, value) VALUES (?, ?) "
                                 "ON DUPLICATE KEY UPDATE value = VALUES(value)",
                                 {*Ulid::Parse(event->aggregate_id()), state.value_milli()})
                          .status());
    }
    return absl::OkStatus();
  }
  std::atomic<bool> broken = false;
};

class ChangeFeedTest : public ::testing::Test {
 protected:
  ChangeFeedTest()
      : states_(std::make_shared<States>()),
        handler_(std::make_shared<CopyHandler>()),
        server_({.services = {"bangfu.feed.v1.ChangeFeed"}, .migrations = TestSchema()},
                [this](rpc::Router& router) {
                  RegisterChangeFeed(router, {.source = "things",
                                              .states = states_,
                                              .consumers = {{"copy", "things", handler_}}});
                }),
        session_(server_.database().Connect()),
        sequencer_(*session_, server_.clock(), {.holder = "s"}),
        province_(server_.Token(auth::Role::ROLE_PROV_ADMIN, "36")) {
    states_->id = server_.ids().Next();
  }

  void Publish(const std::string& region, int64_t value, Ulid id = {}) {
    type::v1::Quantity state;
    state.set_value_milli(value);
    ASSERT_OK(mysql::Transact(server_.database().db(), [&](mysql::Tx& tx) {
      return feed::Publish(tx, MakeEvent("thing", id.is_zero() ? server_.ids().Next() : id, region,
                                         state, server_.clock().Now()));
    }));
    ASSERT_OK(sequencer_.StepOnce().status());
  }

  std::shared_ptr<States> states_;
  std::shared_ptr<CopyHandler> handler_;
  RpcServer server_;
  std::unique_ptr<mysql::Session> session_;
  Sequencer sequencer_;
  const std::string province_;
};

TEST_F(ChangeFeedTest, PullsWhatLiesInTheCallersRegions) {
  Publish("360733", 1);
  Publish("360781", 2);
  v1::PullRequest request;
  ASSERT_OK_AND_ASSIGN(auto all, server_.Call<v1::PullResponse>("bangfu.feed.v1.ChangeFeed.Pull",
                                                                request, province_));
  EXPECT_EQ(all.events_size(), 2);
  ASSERT_OK_AND_ASSIGN(auto some, server_.Call<v1::PullResponse>(
                                      "bangfu.feed.v1.ChangeFeed.Pull", request,
                                      server_.Token(auth::Role::ROLE_SYSTEM_INTEGRATOR, "360733")));
  ASSERT_EQ(some.events_size(), 1);
  EXPECT_EQ(some.events(0).region_path(), "360733");
  EXPECT_EQ(some.next_after(), 2);
  EXPECT_THAT(
      server_.Call<v1::PullResponse>("bangfu.feed.v1.ChangeFeed.Pull", request,
                                     server_.Token(auth::Role::ROLE_VILLAGE_REPORTER, "360733")),
      StatusIs(absl::StatusCode::kPermissionDenied));
  request.set_epoch("another");
  EXPECT_THAT(server_.Call<v1::PullResponse>("bangfu.feed.v1.ChangeFeed.Pull", request, province_),
              StatusIs(absl::StatusCode::kFailedPrecondition, "EPOCH_CHANGED"));
}

TEST_F(ChangeFeedTest, WatchGivesEventsAsTheyCome) {
  Publish("360733", 1);
  v1::WatchRequest request;
  std::vector<int64_t> seen;
  absl::Status ended = server_.client().Read<v1::PullResponse>(
      "bangfu.feed.v1.ChangeFeed.Watch", request,
      [&](const v1::PullResponse& response) -> absl::Status {
        for (const v1::Event& event : response.events()) seen.push_back(event.sequence());
        if (seen.size() == 3) return absl::CancelledError("enough");
        Publish("360733", 2);
        server_.server().Wake();
        return absl::OkStatus();
      },
      {.timeout = absl::Seconds(30), .token = province_});
  EXPECT_EQ(ended.code(), absl::StatusCode::kCancelled);
  EXPECT_THAT(seen, ::testing::ElementsAre(1, 2, 3));
}

TEST_F(ChangeFeedTest, AConsumerFollowsThroughGrpc) {
  rpc::ClientOptions client_options;
  client_options.target = server_.target();
  client_options.token = [this]() -> absl::StatusOr<std::string> { return province_; };
  ASSERT_OK_AND_ASSIGN(auto client, rpc::Client::Create(client_options));
  Publish("360733", 3);
  auto session = server_.database().Connect();
  Consumer consumer(*session, server_.clock(),
                    {.consumer = "copy", .source = "things", .holder = "c"}, RemotePull(*client),
                    *handler_, RemoteSnapshot(*client));
  EXPECT_THAT(consumer.StepOnce(), testing::IsOkAndHolds(StepResult::kSnapshotTaken));
  EXPECT_EQ(server_.database().Int("SELECT value FROM copy"), 7);
  Publish("360733", 8, states_->id);
  EXPECT_THAT(consumer.StepOnce(), testing::IsOkAndHolds(StepResult::kApplied));
  EXPECT_EQ(server_.database().Int("SELECT value FROM copy"), 8);

  // A broken effect parks; the status shows it, the list names it, the re-drive applies it.
  handler_->broken = true;
  Publish("360733", 9, states_->id);
  EXPECT_THAT(consumer.StepOnce(), testing::IsOkAndHolds(StepResult::kApplied));
  handler_->broken = false;
  ASSERT_OK_AND_ASSIGN(auto status,
                       server_.Call<v1::FeedStatus>("bangfu.feed.v1.ChangeFeed.GetFeedStatus",
                                                    v1::GetFeedStatusRequest(), province_));
  ASSERT_EQ(status.consumers_size(), 1);
  EXPECT_EQ(status.consumers(0).parked(), 1);
  EXPECT_EQ(status.consumers(0).cursor(), 3);
  EXPECT_EQ(status.consumers(0).lag_seconds(), 0);
  EXPECT_EQ(status.consumers(0).state(), v1::CONSUMER_STATE_RUNNING);
  ASSERT_OK_AND_ASSIGN(auto parked, server_.Call<v1::ListParkedEventsResponse>(
                                        "bangfu.feed.v1.ChangeFeed.ListParkedEvents",
                                        v1::ListParkedEventsRequest(), province_));
  ASSERT_EQ(parked.parked_size(), 1);
  EXPECT_THAT(parked.parked(0).error(), HasSubstr("broken"));

  v1::RedriveParkedEventsRequest redrive;
  redrive.set_request_id("redrive-1");
  redrive.set_source("things");
  redrive.set_aggregate_id(states_->id.ToString());
  for (int i = 0; i < 2; ++i) {  // the second time it is the stored answer
    ASSERT_OK_AND_ASSIGN(auto redriven,
                         server_.Call<v1::RedriveParkedEventsResponse>(
                             "bangfu.feed.v1.ChangeFeed.RedriveParkedEvents", redrive, province_));
    EXPECT_EQ(redriven.applied(), 1);
  }
  EXPECT_EQ(server_.database().Int("SELECT value FROM copy"), 9);
  redrive.set_request_id("redrive-2");
  EXPECT_THAT(server_.Call<v1::RedriveParkedEventsResponse>(
                  "bangfu.feed.v1.ChangeFeed.RedriveParkedEvents", redrive, province_),
              StatusIs(absl::StatusCode::kNotFound));
}

// The refusal is known by what crosses the wire, and the status shows what is awaited.
TEST_F(ChangeFeedTest, ARefusedTypeIsShownAndTheRestGoesOn) {
  rpc::ClientOptions client_options;
  client_options.target = server_.target();
  client_options.token = [this]() -> absl::StatusOr<std::string> { return province_; };
  ASSERT_OK_AND_ASSIGN(auto client, rpc::Client::Create(client_options));
  auto session = server_.database().Connect();
  ConsumerOptions options;
  options.consumer = "copy";
  options.source = "things";
  options.holder = "c";
  options.aggregate_types = {"thing"};
  {
    Consumer before(*session, server_.clock(), options, RemotePull(*client), *handler_,
                    RemoteSnapshot(*client));
    EXPECT_THAT(before.StepOnce(), testing::IsOkAndHolds(StepResult::kSnapshotTaken));
  }
  Publish("360733", 8, states_->id);
  options.aggregate_types = {"other", "thing"};
  Consumer consumer(*session, server_.clock(), options, RemotePull(*client), *handler_,
                    RemoteSnapshot(*client));
  EXPECT_THAT(consumer.StepOnce(), testing::IsOkAndHolds(StepResult::kApplied));
  EXPECT_EQ(server_.database().Int("SELECT value FROM copy"), 8);
  ASSERT_OK_AND_ASSIGN(auto status,
                       server_.Call<v1::FeedStatus>("bangfu.feed.v1.ChangeFeed.GetFeedStatus",
                                                    v1::GetFeedStatusRequest(), province_));
  ASSERT_EQ(status.consumers_size(), 1);
  EXPECT_THAT(status.consumers(0).awaited_types(), ::testing::ElementsAre("other"));
  EXPECT_EQ(status.consumers(0).state(), v1::CONSUMER_STATE_RUNNING);
}

}  // namespace
}  // namespace bangfu::feed

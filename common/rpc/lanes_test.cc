#include "common/rpc/lanes.h"

#include <atomic>
#include <latch>

#include "common/status/error.h"
#include "common/testing/status_matchers.h"

namespace bangfu::rpc {
namespace {

using ::bangfu::testing::IsOk;
using ::bangfu::testing::StatusIs;

// Sessions that connect nowhere: they only would on first use.
std::unique_ptr<mysql::Session> NoSession() { return mysql::Session::Create({}); }

class LaneTest : public ::testing::Test {
 protected:
  metrics::Registry metrics_;
};

TEST_F(LaneTest, RunsTasksOnItsWorkersEachWithASessionOfItsOwn) {
  Lane lane("read", {.workers = 3, .queue = 100, .caller_share = 1}, NoSession, metrics_);
  std::mutex mu;
  std::map<std::thread::id, mysql::Session*> sessions;
  std::latch done(60);
  for (int i = 0; i < 60; ++i) {
    ASSERT_THAT(lane.Submit("a",
                            [&](mysql::Session& session) {
                              {
                                std::lock_guard lock(mu);
                                auto [it, fresh] =
                                    sessions.emplace(std::this_thread::get_id(), &session);
                                EXPECT_EQ(it->second, &session);
                              }
                              done.count_down();
                            }),
                IsOk());
  }
  done.wait();
  EXPECT_LE(sessions.size(), 3u);
}

TEST_F(LaneTest, RefusesAtOnceWhenFullAndSaysWhenToComeBack) {
  Lane lane("read", {.workers = 1, .queue = 4, .caller_share = 0.5}, NoSession, metrics_);
  std::latch running(1), release(1);
  ASSERT_THAT(lane.Submit("a",
                          [&](mysql::Session&) {
                            running.count_down();
                            release.wait();
                          }),
              IsOk());
  running.wait();
  std::atomic<int> ran = 0;
  const auto task = [&](mysql::Session&) { ++ran; };
  EXPECT_THAT(lane.Submit("a", task), IsOk());
  EXPECT_THAT(lane.Submit("a", task), IsOk());
  const absl::Status share = lane.Submit("a", task);
  EXPECT_THAT(share, StatusIs(absl::StatusCode::kResourceExhausted, "CALLER_SHARE_FULL"));
  EXPECT_GE(GetErrorDetail(share).retry_after, absl::Milliseconds(50));
  EXPECT_THAT(lane.Submit("b", task), IsOk());  // others are not shut out
  EXPECT_THAT(lane.Submit("c", task), IsOk());
  EXPECT_THAT(lane.Submit("d", task), StatusIs(absl::StatusCode::kResourceExhausted, "LANE_FULL"));
  release.count_down();
  lane.Stop();
  EXPECT_EQ(ran, 4);  // what was accepted runs, also at the end
  EXPECT_THAT(lane.Submit("a", task), StatusIs(absl::StatusCode::kUnavailable, "SHUTTING_DOWN"));
}

TEST_F(LaneTest, CallersTakeTurns) {
  Lane lane("read", {.workers = 1, .queue = 100, .caller_share = 1}, NoSession, metrics_);
  std::latch running(1), release(1);
  ASSERT_THAT(lane.Submit("x",
                          [&](mysql::Session&) {
                            running.count_down();
                            release.wait();
                          }),
              IsOk());
  running.wait();
  std::string order;
  for (int i = 0; i < 20; ++i) {
    ASSERT_THAT(lane.Submit("greedy", [&](mysql::Session&) { order += 'g'; }), IsOk());
  }
  for (int i = 0; i < 2; ++i) {
    ASSERT_THAT(lane.Submit("modest", [&](mysql::Session&) { order += 'm'; }), IsOk());
  }
  release.count_down();
  lane.Stop();
  EXPECT_EQ(order.substr(0, 4), "gmgm");
  EXPECT_EQ(order.size(), 22u);
}

TEST_F(LaneTest, ManyThreadsLoseNothing) {
  Lane lane("read", {.workers = 4, .queue = 50, .caller_share = 0.5}, NoSession, metrics_);
  std::atomic<int> accepted = 0, ran = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      const std::string caller(1, static_cast<char>('a' + t));
      for (int i = 0; i < 3000; ++i) {
        if (lane.Submit(caller, [&](mysql::Session&) { ++ran; }).ok()) ++accepted;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  lane.Stop();
  EXPECT_EQ(accepted, ran);
  EXPECT_GT(ran, 0);
}

}  // namespace
}  // namespace bangfu::rpc

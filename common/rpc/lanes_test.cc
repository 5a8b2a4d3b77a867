#include "common/rpc/lanes.h"

#include <array>
#include <atomic>
#include <latch>

#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/testing/status_matchers.h"

namespace bangfu::rpc {
namespace {

using ::bangfu::testing::IsOk;
using ::bangfu::testing::StatusIs;

// Sessions that connect nowhere: they only would on first use.
std::unique_ptr<mysql::Session> NoSession() { return mysql::Session::Create({}); }

// Keeps the only worker of a lane busy until it is released.
class Held {
 public:
  Held(Lane& lane, std::string_view caller) {
    EXPECT_THAT(lane.Submit(caller,
                            [this](mysql::Session&) {
                              running_.count_down();
                              release_.wait();
                            }),
                IsOk());
    running_.wait();
  }
  void Release() { release_.count_down(); }

 private:
  std::latch running_{1}, release_{1};
};

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
  Held held(lane, "a");
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
  held.Release();
  lane.Stop();
  EXPECT_EQ(ran, 4);  // what was accepted runs, also at the end
  EXPECT_THAT(lane.Submit("a", task), StatusIs(absl::StatusCode::kUnavailable, "SHUTTING_DOWN"));
}

TEST_F(LaneTest, CallersTakeTurns) {
  Lane lane("read", {.workers = 1, .queue = 100, .caller_share = 1}, NoSession, metrics_);
  Held held(lane, "x");
  std::string order;
  for (int i = 0; i < 20; ++i) {
    ASSERT_THAT(lane.Submit("greedy", [&](mysql::Session&) { order += 'g'; }), IsOk());
  }
  for (int i = 0; i < 2; ++i) {
    ASSERT_THAT(lane.Submit("modest", [&](mysql::Session&) { order += 'm'; }), IsOk());
  }
  held.Release();
  lane.Stop();
  EXPECT_EQ(order.substr(0, 4), "gmgm");
  EXPECT_EQ(order.size(), 22u);
}

TEST_F(LaneTest, ACallerLeavesAWorkerToOthers) {
  Lane lane("long", {.workers = 3, .queue = 100, .caller_share = 1, .for_others = 1}, NoSession,
            metrics_);
  Held first(lane, "greedy"), second(lane, "greedy");
  std::string order;
  std::latch third_ran(1);
  ASSERT_THAT(lane.Submit("greedy",
                          [&](mysql::Session&) {
                            order += 'g';
                            third_ran.count_down();
                          }),
              IsOk());
  std::latch other_ran(1);
  ASSERT_THAT(lane.Submit("other",
                          [&](mysql::Session&) {
                            order += 'o';
                            other_ran.count_down();
                          }),
              IsOk());
  other_ran.wait();  // though who came before still waits
  EXPECT_EQ(lane.queued(), 1u);
  first.Release();
  third_ran.wait();
  EXPECT_EQ(order, "og");
  second.Release();
  lane.Stop();
}

TEST_F(LaneTest, ACallerAloneHasOneWorkerInAnyCase) {
  Lane lane("long", {.workers = 1, .queue = 100, .caller_share = 1, .for_others = 1}, NoSession,
            metrics_);
  std::atomic<int> ran = 0;
  std::latch done(20);
  for (int i = 0; i < 20; ++i) {
    ASSERT_THAT(lane.Submit("a",
                            [&](mysql::Session&) {
                              ++ran;
                              done.count_down();
                            }),
                IsOk());
  }
  done.wait();
  lane.Stop();
  EXPECT_EQ(ran, 20);
}

TEST_F(LaneTest, WhoWaitsForHisOwnCallsStillRunsAtTheEnd) {
  Lane lane("long", {.workers = 2, .queue = 100, .caller_share = 1, .for_others = 1}, NoSession,
            metrics_);
  Held held(lane, "a");
  std::atomic<int> ran = 0;
  for (int i = 0; i < 10; ++i) {
    ASSERT_THAT(lane.Submit("a", [&](mysql::Session&) { ++ran; }), IsOk());
  }
  std::thread stopping([&] { lane.Stop(); });
  held.Release();
  stopping.join();
  EXPECT_EQ(ran, 10);
}

TEST_F(LaneTest, ManyThreadsLoseNothingWhereWorkersAreLeftToOthers) {
  Lane lane("long", {.workers = 4, .queue = 50, .caller_share = 0.5, .for_others = 2}, NoSession,
            metrics_);
  std::atomic<int> accepted = 0, ran = 0, most = 0;
  std::array<std::atomic<int>, 4> running{};
  std::vector<std::thread> threads;
  for (size_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      const std::string caller(1, static_cast<char>('a' + t));
      for (int i = 0; i < 3000; ++i) {
        const auto task = [&, t](mysql::Session&) {
          const int now = ++running[t];
          for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
          }
          ++ran;
          --running[t];
        };
        if (lane.Submit(caller, task).ok()) ++accepted;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  lane.Stop();
  EXPECT_EQ(accepted, ran);
  EXPECT_GT(ran, 0);
  EXPECT_LE(most, 2);
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

// Pieces that note how many of them were done at once.
class Noting : public Lane::Piece {
 public:
  Noting(const void* kind, std::function<void(size_t)> done)
      : kind_(kind), done_(std::move(done)) {}
  const void* kind() const override { return kind_; }
  void RunAll(mysql::Session&, std::vector<std::shared_ptr<Lane::Piece>> all) override {
    done_(all.size());
  }

 private:
  const void* kind_;
  std::function<void(size_t)> done_;
};

TEST_F(LaneTest, PiecesOfAKindAreDoneTogetherAndNobodyIsOvertaken) {
  Lane lane("read", {.workers = 1, .queue = 100, .caller_share = 1, .run_of_kind = 3}, NoSession,
            metrics_);
  Held held(lane, "x");
  const int kinds[2] = {};
  std::string order;
  const auto piece = [&](int kind) {
    return std::make_shared<Noting>(
        &kinds[kind], [&order, kind](size_t n) { order += Cat(kind == 0 ? "a" : "b", n, " "); });
  };
  // Each of another caller, so in the order of coming.
  int caller = 0;
  const auto submit = [&](auto what) {
    ASSERT_THAT(lane.Submit(Cat("caller ", ++caller), std::move(what)), IsOk());
  };
  for (int i = 0; i < 5; ++i) submit(piece(0));
  submit(piece(1));
  submit(piece(0));
  submit(Lane::Task([&](mysql::Session&) { order += "task "; }));
  submit(piece(1));
  submit(piece(1));
  held.Release();
  lane.Stop();
  EXPECT_EQ(order, "a3 a2 b1 a1 task b2 ");
}

TEST_F(LaneTest, ACallerWithManyPiecesLeavesTheTurnToOthers) {
  Lane lane("read", {.workers = 1, .queue = 100, .caller_share = 1, .run_of_kind = 4}, NoSession,
            metrics_);
  Held held(lane, "x");
  const int kind = 0;
  std::string order;
  for (int i = 0; i < 6; ++i) {
    ASSERT_THAT(lane.Submit("greedy", std::make_shared<Noting>(
                                          &kind, [&](size_t n) { order += Cat("g", n, " "); })),
                IsOk());
  }
  ASSERT_THAT(lane.Submit("modest", [&](mysql::Session&) { order += "m "; }), IsOk());
  held.Release();
  lane.Stop();
  EXPECT_EQ(order, "g1 m g4 g1 ");
}

// Only one worker is woken at a time: whoever waits is still run, by as many workers as it needs.
TEST_F(LaneTest, NobodyIsForgotten) {
  constexpr int kWorkers = 4;
  Lane lane("read", {.workers = kWorkers, .queue = 100, .caller_share = 1}, NoSession, metrics_);
  for (int round = 0; round < 200; ++round) {
    // Each task ends only when all of them run: with a worker asleep that should be awake, never.
    std::latch all(kWorkers), ended(kWorkers);
    for (int i = 0; i < kWorkers; ++i) {
      ASSERT_THAT(lane.Submit("a",
                              [&](mysql::Session&) {
                                all.arrive_and_wait();
                                ended.count_down();
                              }),
                  IsOk());
    }
    ended.wait();
  }
}

TEST_F(LaneTest, PiecesOfManyThreadsAreAllDone) {
  Lane lane("read", {.workers = 4, .queue = 50, .caller_share = 0.5}, NoSession, metrics_);
  std::atomic<size_t> accepted = 0, ran = 0;
  const int kinds[2] = {};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      const std::string caller(1, static_cast<char>('a' + t));
      for (int i = 0; i < 3000; ++i) {
        if (i % 5 == 4) {
          if (lane.Submit(caller, [&](mysql::Session&) { ++ran; }).ok()) ++accepted;
          continue;
        }
        const auto piece = std::make_shared<Noting>(&kinds[i % 2], [&](size_t n) { ran += n; });
        if (lane.Submit(caller, piece).ok()) ++accepted;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  lane.Stop();
  EXPECT_EQ(accepted, ran);
  EXPECT_GT(ran, 0u);
}

}  // namespace
}  // namespace bangfu::rpc

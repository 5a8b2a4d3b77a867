#include <atomic>
#include <thread>

#include "absl/cleanup/cleanup.h"
#include "common/rpc/server.h"
#include "common/rpc/server_for_test.h"
#include "common/status/error.h"

namespace bangfu::rpc {
namespace {

using ::bangfu::testing::IsOk;
using ::bangfu::testing::RpcServer;
using ::bangfu::testing::StatusIs;

// What the test's watch streams tell: numbers up to a limit that the test raises.
struct Told {
  std::atomic<int64_t> last{0};
  std::atomic<int> steps{0};
  std::atomic<int> alive{0};
  absl::Duration wait = absl::Hours(1);
};

class Numbers : public Subscription<sample::Sample> {
 public:
  Numbers(Told& source, const sample::WatchSamplesRequest& request)
      : source_(source), next_(request.after() + 1), until_(request.until()) {
    ++source_.alive;
  }
  ~Numbers() override { --source_.alive; }
  absl::StatusOr<Next> Step(CallContext& context, Writer<sample::Sample>& out) override {
    ++source_.steps;
    auto rows = context.db.Query("SELECT 1");
    if (!rows.ok()) return rows.status();
    for (const int64_t last = source_.last; next_ <= last; ++next_) {
      sample::Sample one;
      one.set_amount_fen(next_);
      if (absl::Status status = out.Write(one); !status.ok()) return status;
      if (next_ == until_) return Next::Done();
    }
    return Next::After(source_.wait);
  }

 private:
  Told& source_;
  int64_t next_;
  const int64_t until_;
};

// Counts on, one message a step, and notices when a step begins while another is under way.
class OneAtATime : public Subscription<sample::Sample> {
 public:
  OneAtATime(Told& source, int64_t until) : source_(source), until_(until) { ++source_.alive; }
  ~OneAtATime() override {
    EXPECT_FALSE(running_) << "it goes while a step of it is under way";
    --source_.alive;
  }
  absl::StatusOr<Next> Step(CallContext& context, Writer<sample::Sample>& out) override {
    EXPECT_FALSE(running_.exchange(true)) << "two steps of one watch at once";
    absl::Cleanup over = [this] { running_ = false; };
    ++source_.steps;
    auto rows = context.db.Query("SELECT 1");
    if (!rows.ok()) return rows.status();
    sample::Sample one;
    one.set_amount_fen(++told_);
    if (absl::Status status = out.Write(one); !status.ok()) return status;
    if (told_ == until_) return Next::Done();
    return Next::After(told_ % 2 == 0 ? absl::ZeroDuration() : absl::Microseconds(50));
  }

 private:
  Told& source_;
  const int64_t until_;
  std::atomic<bool> running_ = false;
  int64_t told_ = 0;
};

class StreamTest : public SampleServerTest {
 protected:
  StreamTest() {
    handlers_.watch = [this](CallContext&, const sample::WatchSamplesRequest& request)
        -> absl::StatusOr<std::unique_ptr<Subscription<sample::Sample>>> {
      if (request.after() < 0) return InvalidField("after", "不能为负");
      return std::make_unique<Numbers>(source_, request);
    };
  }
  absl::StatusOr<std::vector<sample::Sample>> Watch(int64_t after, int64_t until,
                                                    CallOptions options = {}) {
    sample::WatchSamplesRequest request;
    request.set_after(after);
    request.set_until(until);
    return server_->Read<sample::Sample>(kWatch, request, token_, std::move(options));
  }
  Told source_;
};

TEST_F(StreamTest, AWatchTellsWhatIsThereAndThenWhatComes) {
  StartServer();
  source_.last = 3;
  absl::StatusOr<std::vector<sample::Sample>> got;
  std::thread reader([&] { got = Watch(0, 6); });
  Await([&] { return source_.steps >= 1; });
  source_.last = 6;
  // It waits an hour by itself; Wake brings it on.
  Await([&] {
    server_->server().Wake(kWatch);
    return source_.alive == 0;
  });
  reader.join();
  ASSERT_THAT(got, IsOk());
  ASSERT_EQ(got->size(), 6u);
  EXPECT_EQ(got->back().amount_fen(), 6);
}

TEST_F(StreamTest, AWatchGoesOnByItselfWhenItsWaitIsOver) {
  source_.wait = absl::Milliseconds(5);
  StartServer();
  std::thread feeder([&] {
    for (int i = 1; i <= 5; ++i) {
      const int seen = source_.steps;
      Await([&] { return source_.steps > seen; });
      source_.last = i;
    }
  });
  auto got = Watch(0, 5);
  feeder.join();
  ASSERT_THAT(got, IsOk());
  EXPECT_EQ(got->size(), 5u);
}

TEST_F(StreamTest, WaitingWatchesHoldNoWorker) {
  ServerOptions options = RpcServer::DefaultServerOptions();
  options.lanes.long_running = {.workers = 1, .queue = 64, .caller_share = 1};
  StartServer(options);
  constexpr int kWatches = 40;
  std::vector<std::thread> readers;
  std::atomic<int> complete = 0;
  for (int i = 0; i < kWatches; ++i) {
    readers.emplace_back([&] {
      auto got = Watch(0, 1);
      if (got.ok() && got->size() == 1) ++complete;
    });
  }
  Await([&] { return source_.alive == kWatches && source_.steps >= kWatches; });
  // The one worker of the lane is free.
  sample::StreamSamplesRequest request;
  request.set_count(3);
  EXPECT_THAT(
      server_->Read<sample::Sample>(kStream, request, token_, {.timeout = absl::Seconds(10)}),
      IsOk());
  source_.last = 1;
  Await([&] {
    server_->server().Wake();
    return complete == kWatches;
  });
  for (auto& reader : readers) reader.join();
}

TEST_F(StreamTest, WatchesAreLimitedPerCaller) {
  ServerOptions options = RpcServer::DefaultServerOptions();
  options.max_subscriptions_per_caller = 1;
  StartServer(options);
  std::thread reader([&] { EXPECT_THAT(Watch(0, 1), IsOk()); });
  Await([&] { return source_.alive == 1 && source_.steps >= 1; });
  EXPECT_THAT(Watch(0, 1), StatusIs(absl::StatusCode::kResourceExhausted, "TOO_MANY_STREAMS"));
  source_.last = 1;
  Await([&] {
    server_->server().Wake();
    return source_.alive == 0;
  });
  reader.join();
  EXPECT_THAT(Watch(0, 1), IsOk());  // the place is free again
}

TEST_F(StreamTest, AWatchEndsWithItsDeadlineAndWhenItsClientGoes) {
  StartServer();
  EXPECT_THAT(Watch(0, 1, {.timeout = absl::Milliseconds(100)}),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  Await([&] { return source_.alive == 0; });
  auto client = Client::Create({.target = server_->target()});
  ASSERT_THAT(client, IsOk());
  std::thread reader([&] {
    EXPECT_THAT((*client)->Read<sample::Sample>(
                    kWatch, sample::WatchSamplesRequest(),
                    [](const sample::Sample&) { return absl::OkStatus(); }, {.token = token_}),
                StatusIs(absl::StatusCode::kCancelled));
  });
  Await([&] { return source_.alive == 1; });
  (*client)->CancelAll();
  reader.join();
  Await([&] { return source_.alive == 0; });
  EXPECT_THAT(Watch(-1, 0), StatusIs(absl::StatusCode::kInvalidArgument, "FIELD_INVALID"));
}

// A write that ends at once lets another thread begin the next step before the one that began the
// write goes on. Short waits, wakes, and clients that go midway bring that about; nothing here
// waits for it.
TEST_F(StreamTest, StepsOfOneWatchNeverRunAtTheSameTime) {
  constexpr int kReaders = 6;
  constexpr int kRounds = 24;
  constexpr int64_t kMessages = 100;
  handlers_.watch = [this](CallContext&, const sample::WatchSamplesRequest& request)
      -> absl::StatusOr<std::unique_ptr<Subscription<sample::Sample>>> {
    return std::make_unique<OneAtATime>(source_, request.until());
  };
  ServerOptions options = RpcServer::DefaultServerOptions();
  options.lanes.long_running = {.workers = 4, .queue = 64, .caller_share = 1};
  StartServer(options);
  std::atomic<bool> over = false;
  std::thread waker([&] {
    while (!over) {
      server_->server().Wake(kWatch);
      std::this_thread::yield();
    }
  });
  // Reads until `until` came (0: without an end), or to the `leave`th message; all in order.
  auto read = [&](int64_t until, int64_t leave, absl::Duration timeout) {
    sample::WatchSamplesRequest request;
    request.set_until(until);
    int64_t seen = 0;
    absl::Status status = server_->client().Read<sample::Sample>(
        kWatch, request,
        [&](const sample::Sample& one) {
          EXPECT_EQ(one.amount_fen(), ++seen);
          return seen == leave ? absl::AbortedError("enough") : absl::OkStatus();
        },
        {.timeout = timeout, .token = token_});
    if (until > 0) {
      EXPECT_EQ(seen, until);
    }
    return status;
  };
  std::vector<std::thread> readers;
  for (int i = 0; i < kReaders; ++i) {
    readers.emplace_back([&, i] {
      for (int round = i; round < i + kRounds; ++round) {
        switch (round % 3) {
          case 0:
            EXPECT_THAT(read(kMessages, 0, absl::Seconds(60)), IsOk());
            break;
          case 1:
            EXPECT_THAT(read(0, 1 + round, absl::Seconds(60)),
                        StatusIs(absl::StatusCode::kAborted));
            break;
          case 2:
            EXPECT_THAT(read(0, 0, absl::Milliseconds(2 + round)),
                        StatusIs(absl::StatusCode::kDeadlineExceeded));
            break;
        }
      }
    });
  }
  for (auto& reader : readers) reader.join();
  over = true;
  waker.join();
  Await([&] { return source_.alive == 0; });
}

TEST_F(StreamTest, ShutdownSendsWatchesElsewhere) {
  StartServer();
  std::thread reader(
      [&] { EXPECT_THAT(Watch(0, 1), StatusIs(absl::StatusCode::kUnavailable, "SHUTTING_DOWN")); });
  Await([&] { return source_.alive == 1 && source_.steps >= 1; });
  server_->server().Shutdown(absl::Seconds(30));
  reader.join();
  EXPECT_EQ(source_.alive, 0);
}

}  // namespace
}  // namespace bangfu::rpc

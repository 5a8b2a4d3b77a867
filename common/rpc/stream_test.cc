#include <atomic>
#include <latch>
#include <thread>

#include "common/rpc/server.h"
#include "common/rpc/server_for_test.h"
#include "common/status/error.h"

namespace bangfu::rpc {
namespace {

using ::bangfu::testing::IsOk;
using ::bangfu::testing::RpcServer;
using ::bangfu::testing::StatusIs;

// What the test's watch streams tell: numbers up to a limit that the test raises.
struct Source {
  std::atomic<int64_t> last{0};
  std::atomic<int> steps{0};
  std::atomic<int> alive{0};
  absl::Duration wait = absl::Hours(1);
};

class Numbers : public Subscription<sample::Sample> {
 public:
  Numbers(Source& source, const sample::WatchSamplesRequest& request)
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
  Source& source_;
  int64_t next_;
  const int64_t until_;
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
  template <typename Condition>
  void Await(Condition condition) {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition()) {
      ASSERT_LT(std::chrono::steady_clock::now(), give_up);
      std::this_thread::yield();
    }
  }
  Source source_;
};

TEST_F(StreamTest, DeliversEverythingInOrder) {
  StartServer();
  sample::StreamSamplesRequest request;
  request.set_count(20000);
  request.set_name_bytes(100);
  auto all = server_->Read<sample::Sample>(kStream, request, token_);
  ASSERT_THAT(all, IsOk());
  ASSERT_EQ(all->size(), 20000u);
  for (size_t i = 0; i < all->size(); ++i)
    ASSERT_EQ((*all)[i].amount_fen(), static_cast<int64_t>(i + 1));
  request.set_count(0);
  EXPECT_THAT(server_->Read<sample::Sample>(kStream, request, token_), IsOk());
}

TEST_F(StreamTest, CarriesTheErrorAfterWhatWasWritten) {
  handlers_.stream = [](CallContext&, const sample::StreamSamplesRequest&,
                        Writer<sample::Sample>& out) -> absl::Status {
    if (absl::Status status = out.Write(sample::Sample()); !status.ok()) return status;
    return FailedPrecondition("HALF_WAY", "中途失败");
  };
  StartServer();
  int seen = 0;
  EXPECT_THAT(server_->client().Read<sample::Sample>(kStream, sample::StreamSamplesRequest(),
                                                     [&](const sample::Sample&) {
                                                       ++seen;
                                                       return absl::OkStatus();
                                                     },
                                                     {.token = token_}),
              StatusIs(absl::StatusCode::kFailedPrecondition, "HALF_WAY"));
  EXPECT_EQ(seen, 1);
}

TEST_F(StreamTest, AHandlerStopsWhenItsClientDoes) {
  std::atomic<bool> stopped = false;
  handlers_.stream = [&](CallContext&, const sample::StreamSamplesRequest&,
                         Writer<sample::Sample>& out) -> absl::Status {
    sample::Sample one;
    one.set_name(std::string(1000, 'x'));
    for (;;) {
      if (absl::Status status = out.Write(one); !status.ok()) {
        stopped = true;
        return status;
      }
    }
  };
  StartServer();
  int seen = 0;
  EXPECT_THAT(server_->client().Read<sample::Sample>(kStream, sample::StreamSamplesRequest(),
                                                     [&](const sample::Sample&) -> absl::Status {
                                                       return ++seen < 10
                                                                  ? absl::OkStatus()
                                                                  : absl::OutOfRangeError("enough");
                                                     },
                                                     {.token = token_}),
              StatusIs(absl::StatusCode::kOutOfRange));
  Await([&] { return stopped.load(); });
  stopped = false;
  // A deadline ends it as well.
  EXPECT_THAT(server_->Read<sample::Sample>(kStream, sample::StreamSamplesRequest(), token_,
                                            {.timeout = absl::Milliseconds(500)}),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  Await([&] { return stopped.load(); });
}

TEST_F(StreamTest, AClientThatTakesNothingIsGivenUp) {
  ServerOptions options = RpcServer::DefaultServerOptions();
  options.stream_stall_timeout = absl::Milliseconds(100);
  absl::Status outcome;
  std::latch ended(1);
  handlers_.stream = [&](CallContext&, const sample::StreamSamplesRequest&,
                         Writer<sample::Sample>& out) -> absl::Status {
    sample::Sample one;
    one.set_name(std::string(100000, 'x'));
    absl::Status status;
    while ((status = out.Write(one)).ok()) {
    }
    outcome = status;
    ended.count_down();
    return status;
  };
  StartServer(options);
  const absl::Status seen = server_->client().Read<sample::Sample>(
      kStream, sample::StreamSamplesRequest(),
      [&](const sample::Sample&) {
        ended.wait();  // takes no more until the server has given up
        return absl::OkStatus();
      },
      {.token = token_});
  EXPECT_FALSE(seen.ok());
  EXPECT_THAT(outcome, StatusIs(absl::StatusCode::kDeadlineExceeded, "STREAM_STALLED"));
}

// A client of a stream that takes the first message, and the others when it is let go.
class SlowReader {
 public:
  SlowReader(RpcServer& server, std::string token)
      : thread_([this, &server, token = std::move(token)] {
          outcome_ =
              server.client().Read<sample::Sample>(kStream, sample::StreamSamplesRequest(),
                                                   [this](const sample::Sample&) {
                                                     go_.wait();
                                                     return absl::OkStatus();
                                                   },
                                                   {.timeout = absl::Minutes(2), .token = token});
        }) {}
  void Go() { go_.count_down(); }
  absl::Status End() {
    if (!go_.try_wait()) Go();
    thread_.join();
    return outcome_;
  }

 private:
  std::latch go_{1};
  absl::Status outcome_;
  std::thread thread_;
};

// More than the windows of a connection hold, so that writing it waits for the client.
constexpr int kLargeMessages = 200;
sample::Sample LargeSample() {
  sample::Sample one;
  one.set_name(std::string(100000, 'x'));
  return one;
}

TEST_F(StreamTest, ThreeSlowDownloadsOfOnePersonStopNobodyElse) {
  std::atomic<int> begun = 0;
  handlers_.stream = [&](CallContext& context, const sample::StreamSamplesRequest&,
                         Writer<sample::Sample>& out) -> absl::Status {
    if (context.caller.subject == "other") return out.Write(sample::Sample());
    ++begun;
    for (int i = 0; i < kLargeMessages; ++i) {
      if (absl::Status status = out.Write(LargeSample()); !status.ok()) return status;
    }
    return absl::OkStatus();
  };
  ServerOptions options = RpcServer::DefaultServerOptions();
  options.lanes.long_running = LanesOptions().long_running;
  // However slow the machine: it is the lane that keeps room, not the patience with slow clients.
  options.stream_stall_timeout_when_awaited = absl::Hours(1);
  StartServer(options);
  SlowReader first(*server_, token_), second(*server_, token_), third(*server_, token_);
  Await([&] { return begun == 2; });
  for (int i = 0; i < 5; ++i) {
    EXPECT_THAT(server_->Read<sample::Sample>(
                    kStream, sample::StreamSamplesRequest(),
                    server_->Token(auth::Role::ROLE_COUNTY_OPERATOR, "360733", "other"),
                    {.timeout = absl::Seconds(10)}),
                IsOk());
  }
  EXPECT_EQ(begun, 2);  // the third waits for the own ones
  // And nothing is lost of the slow ones, whichever of them is the one that waits.
  for (SlowReader* reader : {&first, &second, &third}) reader->Go();
  EXPECT_THAT(first.End(), IsOk());
  EXPECT_THAT(second.End(), IsOk());
  EXPECT_THAT(third.End(), IsOk());
  EXPECT_EQ(begun, 3);
}

TEST_F(StreamTest, AClientThatTakesNothingIsGivenUpSoonerWhileOthersWait) {
  std::atomic<int> begun = 0;
  handlers_.stream = [&](CallContext& context, const sample::StreamSamplesRequest&,
                         Writer<sample::Sample>& out) -> absl::Status {
    if (context.caller.subject == "other") return out.Write(sample::Sample());
    ++begun;
    absl::Status status;
    while ((status = out.Write(LargeSample())).ok()) {
    }
    return status;
  };
  ServerOptions options = RpcServer::DefaultServerOptions();
  options.lanes.long_running.workers = 1;
  options.stream_stall_timeout = absl::Hours(1);
  options.stream_stall_timeout_when_awaited = absl::Milliseconds(1);
  StartServer(options);
  SlowReader slow(*server_, token_);
  Await([&] { return begun == 1; });
  EXPECT_THAT(server_->Read<sample::Sample>(
                  kStream, sample::StreamSamplesRequest(),
                  server_->Token(auth::Role::ROLE_COUNTY_OPERATOR, "360733", "other"),
                  {.timeout = absl::Seconds(20)}),
              IsOk());
  EXPECT_FALSE(slow.End().ok());
}

TEST_F(StreamTest, TheLastMessageHoldsNoWorker) {
  std::latch written(1);
  handlers_.stream = [&](CallContext& context, const sample::StreamSamplesRequest&,
                         Writer<sample::Sample>& out) -> absl::Status {
    if (context.caller.subject == "other") return out.Write(sample::Sample());
    sample::Sample one;
    one.set_name(std::string(3 << 20, 'x'));
    for (int i = 0; i < 2; ++i) {
      if (absl::Status status = out.Write(one); !status.ok()) return status;
    }
    written.count_down();
    return FailedPrecondition("HALF_WAY", "中途失败");
  };
  ServerOptions options = RpcServer::DefaultServerOptions();
  options.lanes.long_running.workers = 1;
  options.stream_stall_timeout = absl::Hours(1);
  options.stream_stall_timeout_when_awaited = absl::Hours(1);
  StartServer(options);
  SlowReader slow(*server_, token_);
  written.wait();
  EXPECT_THAT(server_->Read<sample::Sample>(
                  kStream, sample::StreamSamplesRequest(),
                  server_->Token(auth::Role::ROLE_COUNTY_OPERATOR, "360733", "other"),
                  {.timeout = absl::Seconds(20)}),
              IsOk());
  EXPECT_THAT(slow.End(), StatusIs(absl::StatusCode::kFailedPrecondition, "HALF_WAY"));
}

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

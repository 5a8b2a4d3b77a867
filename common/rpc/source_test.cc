// Server streams that come to an end: read from a source as their client takes them.
#include <atomic>
#include <latch>
#include <thread>

#include "absl/strings/numbers.h"
#include "common/base/strings.h"
#include "common/rpc/server.h"
#include "common/rpc/server_for_test.h"
#include "common/status/error.h"

namespace bangfu::rpc {
namespace {

using ::bangfu::testing::IsOk;
using ::bangfu::testing::RpcServer;
using ::bangfu::testing::StatusIs;

// What becomes of the test's sources.
struct Seen {
  std::atomic<int> begun{0}, asked{0}, gone{0};
};

// More than the windows of a connection hold, so that writing it waits for the client.
constexpr int kLargeMessages = 200;

class Large final : public Source<sample::Sample> {
 public:
  Large(Seen& seen, int count, absl::Status end)
      : seen_(seen), count_(count), end_(std::move(end)) {
    ++seen_.begun;
  }
  ~Large() override { ++seen_.gone; }

  absl::StatusOr<std::optional<sample::Sample>> Pull(CallContext& context) override {
    EXPECT_FALSE(ended_);
    EXPECT_FALSE(running_.exchange(true));
    ++seen_.asked;
    // Each time with the session of the worker.
    if (auto rows = context.db.Query("SELECT 1"); !rows.ok()) return rows.status();
    running_ = false;
    sample::Sample one;
    if (at_ == count_) {
      ended_ = true;
      if (!end_.ok()) return end_;
      return std::nullopt;
    }
    one.set_amount_fen(++at_);
    one.set_name(std::string(100000, 'x'));
    return one;
  }

 private:
  Seen& seen_;
  const int count_;
  const absl::Status end_;
  int at_ = 0;
  bool ended_ = false;
  std::atomic<bool> running_ = false;
};

// A client of a stream that takes the first message, and the others when it is let go.
class SlowReader {
 public:
  SlowReader(Client& client, CallOptions options)
      : thread_([this, &client, options = std::move(options)] {
          outcome_ = client.Read<sample::Sample>(
              kStream, sample::StreamSamplesRequest(),
              [this](const sample::Sample&) {
                ++taken_;
                go_.wait();
                return absl::OkStatus();
              },
              options);
        }) {}
  int taken() const { return taken_; }
  void Go() { go_.count_down(); }
  absl::Status End() {
    if (!go_.try_wait()) Go();
    thread_.join();
    return outcome_;
  }

 private:
  std::latch go_{1};
  std::atomic<int> taken_ = 0;
  absl::Status outcome_;
  std::thread thread_;
};

class SourceTest : public SampleServerTest {
 protected:
  SourceTest() {
    handlers_.stream = [this](CallContext& context,
                              const sample::StreamSamplesRequest&) -> sample::Handlers::Streamed {
      if (context.caller.subject == "other") {
        return SourceOf<sample::Sample>({sample::Sample()});
      }
      return std::make_unique<Large>(seen_, count_, end_);
    };
  }
  void Start(ServerOptions options = RpcServer::DefaultServerOptions()) {
    StartServer(std::move(options));
    other_ = server_->Token(auth::Role::ROLE_COUNTY_OPERATOR, "360733", "other");
  }
  CallOptions Mine() { return {.timeout = absl::Minutes(2), .token = token_}; }
  absl::StatusOr<std::vector<sample::Sample>> ReadAs(const std::string& token) {
    return server_->Read<sample::Sample>(kStream, sample::StreamSamplesRequest(), token,
                                         {.timeout = absl::Seconds(10)});
  }
  // 0 while there is none.
  double Metric(const std::string& name) {
    const std::string all = server_->metrics().Expose();
    const size_t at = all.find(Cat(name, " "));
    if (at == std::string::npos) return 0;
    const size_t begin = at + name.size() + 1;
    double value = 0;
    EXPECT_TRUE(absl::SimpleAtod(all.substr(begin, all.find('\n', begin) - begin), &value));
    return value;
  }
  double Ended(std::string_view code) {
    return Metric(Cat("bangfu_rpc_calls_total{code=\"", code, "\",method=\"", kStream, "\"}"));
  }

  Seen seen_;
  int count_ = kLargeMessages;
  absl::Status end_;
  std::string other_;
};

TEST_F(SourceTest, DeliversEverythingInOrder) {
  handlers_.stream = sample::Handlers().stream;
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

TEST_F(SourceTest, ARefusalComesBeforeAnyMessage) {
  handlers_.stream = [](CallContext&,
                        const sample::StreamSamplesRequest&) -> sample::Handlers::Streamed {
    return InvalidField("format", "没有此文件格式");
  };
  StartServer();
  EXPECT_THAT(ReadAs(token_), StatusIs(absl::StatusCode::kInvalidArgument, "FIELD_INVALID"));
}

TEST_F(SourceTest, MoreSlowReadersThanWorkersStopNobody) {
  ServerOptions options = RpcServer::DefaultServerOptions();
  options.lanes.long_running = {.workers = 1, .queue = 64, .caller_share = 1};
  handlers_.watch = [](CallContext&, const sample::WatchSamplesRequest&)
      -> absl::StatusOr<std::unique_ptr<Subscription<sample::Sample>>> {
    return FailedPrecondition("SHORT", "");
  };
  Start(options);
  constexpr int kReaders = 6;
  std::vector<std::unique_ptr<SlowReader>> readers;
  for (int i = 0; i < kReaders; ++i) {
    readers.push_back(std::make_unique<SlowReader>(server_->client(), Mine()));
  }
  for (auto& reader : readers) Await([&] { return reader->taken() == 1; });
  // Another one's calls of the lane: a stream, and one that is over at once.
  for (int i = 0; i < 20; ++i) {
    EXPECT_THAT(ReadAs(other_), IsOk());
    EXPECT_THAT(server_->Read<sample::Sample>(kWatch, sample::WatchSamplesRequest(), other_,
                                              {.timeout = absl::Seconds(10)}),
                StatusIs(absl::StatusCode::kFailedPrecondition, "SHORT"));
  }
  EXPECT_EQ(seen_.gone, 0);
  EXPECT_LT(seen_.asked, kReaders * kLargeMessages);  // not read for nobody
  for (auto& reader : readers) reader->Go();
  for (auto& reader : readers) {
    EXPECT_THAT(reader->End(), IsOk());
    EXPECT_EQ(reader->taken(), kLargeMessages);
  }
  EXPECT_EQ(seen_.begun, kReaders);
  EXPECT_EQ(seen_.asked, kReaders * (kLargeMessages + 1));
  Await([&] { return Ended("OK") == kReaders + 20; });
  EXPECT_EQ(seen_.gone, kReaders);
}

TEST_F(SourceTest, CarriesTheErrorAfterWhatCameBefore) {
  end_ = FailedPrecondition("HALF_WAY", "中途失败");
  count_ = 50;
  Start();
  SlowReader reader(server_->client(), Mine());
  Await([&] { return reader.taken() == 1; });
  EXPECT_THAT(reader.End(), StatusIs(absl::StatusCode::kFailedPrecondition, "HALF_WAY"));
  EXPECT_EQ(reader.taken(), 50);
  EXPECT_EQ(seen_.gone, 1);
  EXPECT_EQ(Ended("FAILED_PRECONDITION"), 1);
}

TEST_F(SourceTest, ASourceGoesWhenItsClientDoes) {
  count_ = 1 << 30;
  Start();
  int seen = 0;
  EXPECT_THAT(server_->client().Read<sample::Sample>(
                  kStream, sample::StreamSamplesRequest(),
                  [&](const sample::Sample&) -> absl::Status {
                    return ++seen < 10 ? absl::OkStatus() : absl::OutOfRangeError("enough");
                  },
                  Mine()),
              StatusIs(absl::StatusCode::kOutOfRange));
  Await([&] { return seen_.gone == 1; });
  // A deadline ends it as well.
  EXPECT_THAT(server_->Read<sample::Sample>(kStream, sample::StreamSamplesRequest(), token_,
                                            {.timeout = absl::Milliseconds(500)}),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  Await([&] { return seen_.gone == 2; });
}

TEST_F(SourceTest, ACancelledClientIsNotWaitedFor) {
  Start();
  auto client = Client::Create({.target = server_->target()});
  ASSERT_THAT(client, IsOk());
  SlowReader reader(**client, Mine());
  Await([&] { return reader.taken() == 1; });
  (*client)->CancelAll();
  Await([&] { return Ended("CANCELLED") == 1; });  // before he takes anything more
  EXPECT_EQ(seen_.gone, 1);
  EXPECT_THAT(reader.End(), StatusIs(absl::StatusCode::kCancelled));
}

TEST_F(SourceTest, TheDeadlinePassesWhileTheClientTakesNothing) {
  Start();
  SlowReader reader(server_->client(), {.timeout = absl::Milliseconds(300), .token = token_});
  Await([&] { return seen_.gone == 1; });
  EXPECT_THAT(reader.End(), StatusIs(absl::StatusCode::kDeadlineExceeded));
}

TEST_F(SourceTest, ADeadlineThatTheClientDidNotSetHoldsWhileHeTakesNothing) {
  ServerOptions options = RpcServer::DefaultServerOptions();
  options.pipeline.default_long_deadline = absl::Milliseconds(300);
  Start(options);
  SlowReader reader(server_->client(), {.token = token_});
  Await([&] { return Ended("DEADLINE_EXCEEDED") == 1; });
  EXPECT_EQ(seen_.gone, 1);
  EXPECT_FALSE(reader.End().ok());
}

TEST_F(SourceTest, AClientThatTakesNothingIsGivenUp) {
  ServerOptions options = RpcServer::DefaultServerOptions();
  options.stream_idle_timeout = absl::Milliseconds(200);
  options.max_streams_per_caller = 1;
  Start(options);
  SlowReader reader(server_->client(), Mine());
  Await([&] { return Ended("DEADLINE_EXCEEDED") == 1; });
  EXPECT_EQ(seen_.gone, 1);
  EXPECT_FALSE(reader.End().ok());
  // And his place is free: one who takes what comes is not given up.
  Await([&] { return ReadAs(token_).ok(); });
}

TEST_F(SourceTest, StreamsAreLimitedPerCaller) {
  ServerOptions options = RpcServer::DefaultServerOptions();
  options.max_streams_per_caller = 1;
  Start(options);
  SlowReader reader(server_->client(), Mine());
  Await([&] { return reader.taken() == 1; });
  EXPECT_THAT(ReadAs(token_), StatusIs(absl::StatusCode::kResourceExhausted, "TOO_MANY_STREAMS"));
  EXPECT_EQ(seen_.begun, 1);  // refused before anything is read for it
  EXPECT_THAT(ReadAs(other_), IsOk());
  EXPECT_THAT(reader.End(), IsOk());
  Await([&] { return ReadAs(token_).ok(); });
}

TEST_F(SourceTest, AStreamWaitsWhereTheLaneIsFull) {
  ServerOptions options = RpcServer::DefaultServerOptions();
  options.lanes.long_running = {.workers = 1, .queue = 1, .caller_share = 1};
  std::latch held(1), release(1);
  handlers_.watch = [&](CallContext&, const sample::WatchSamplesRequest&)
      -> absl::StatusOr<std::unique_ptr<Subscription<sample::Sample>>> {
    held.count_down();
    release.wait();
    return FailedPrecondition("SHORT", "");
  };
  Start(options);
  SlowReader reader(server_->client(), Mine());
  Await([&] { return reader.taken() == 1; });
  // A message that is read ahead may have the one place when they come.
  const auto until_let_in = [&](const char* method, const google::protobuf::Message& request) {
    absl::Status status;
    do {
      status = server_->Read<sample::Sample>(method, request, other_, {.timeout = absl::Minutes(1)})
                   .status();
    } while (absl::IsResourceExhausted(status));
    return status;
  };
  std::thread holder([&] {
    EXPECT_THAT(until_let_in(kWatch, sample::WatchSamplesRequest()),
                StatusIs(absl::StatusCode::kFailedPrecondition, "SHORT"));
  });
  held.wait();
  std::thread queued(
      [&] { EXPECT_THAT(until_let_in(kStream, sample::StreamSamplesRequest()), IsOk()); });
  Await([&] { return Metric("bangfu_lane_waiting{lane=\"long\"}") == 1; });
  const std::string refused = "bangfu_lane_refused_total{lane=\"long\",why=\"full\"}";
  const double before = Metric(refused);
  reader.Go();
  Await([&] { return Metric(refused) > before; });
  EXPECT_EQ(seen_.gone, 0);
  release.count_down();
  holder.join();
  queued.join();
  EXPECT_THAT(reader.End(), IsOk());
  EXPECT_EQ(reader.taken(), kLargeMessages);
}

TEST_F(SourceTest, AtShutdownAStreamHasTheGraceToEnd) {
  Start();
  SlowReader reader(server_->client(), Mine());
  Await([&] { return reader.taken() == 1; });
  std::thread stopping([&] { server_->server().Shutdown(absl::Seconds(60)); });
  reader.Go();
  stopping.join();
  // All of it was sent. Whether he has it is not looked at: a connection that is closed may lose
  // what the systems of both ends still hold of it.
  EXPECT_EQ(seen_.asked, kLargeMessages + 1);
  EXPECT_EQ(seen_.gone, 1);
  EXPECT_EQ(Ended("OK"), 1);
  reader.End().IgnoreError();
}

TEST_F(SourceTest, AfterTheGraceNobodyIsWaitedFor) {
  Start();
  SlowReader reader(server_->client(), Mine());
  Await([&] { return reader.taken() == 1; });
  server_->server().Shutdown(absl::Milliseconds(100));
  EXPECT_EQ(seen_.gone, 1);
  EXPECT_FALSE(reader.End().ok());
}

}  // namespace
}  // namespace bangfu::rpc

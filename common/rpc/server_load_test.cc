// A server under load, while it drains, and at the end of a connection or a client.
#include <atomic>
#include <chrono>
#include <latch>
#include <thread>

#include "common/base/strings.h"
#include "common/rpc/server_for_test.h"
#include "common/status/error.h"
#include "common/testing/tcp_proxy.h"

namespace bangfu::rpc {
namespace {

using ::bangfu::testing::IsOk;
using ::bangfu::testing::RpcServer;
using ::bangfu::testing::StatusIs;

class ServerLoadTest : public SampleServerTest {};

TEST_F(ServerLoadTest, OverloadIsRefusedAtOnceWhileAcceptedCallsFinish) {
  ServerOptions options = RpcServer::DefaultServerOptions();
  options.lanes.read = {.workers = 2, .queue = 4, .caller_share = 0.5};
  std::latch release(1);
  handlers_.get = [&](CallContext&,
                      const sample::GetSampleRequest&) -> absl::StatusOr<sample::Sample> {
    release.wait();
    return sample::Sample();
  };
  StartServer(options);
  std::atomic<int> ok = 0, share = 0, full = 0, other = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 24; ++t) {
    threads.emplace_back([&, t] {
      sample::GetSampleRequest request;
      request.set_id("01ARZ3NDEKTSV4RRFFQ69G5FAV");
      const auto result = server_->Call<sample::Sample>(
          kGet, request,
          server_->Token(auth::Role::ROLE_COUNTY_OPERATOR, "36", Cat("person-", t % 4)));
      const std::string reason = ReasonOf(result.status());
      if (result.ok())
        ++ok;
      else if (reason == "LANE_FULL")
        ++full;
      else if (reason == "CALLER_SHARE_FULL")
        ++share;
      else
        ++other;
      if (!result.ok()) {
        EXPECT_GT(GetErrorDetail(result.status()).retry_after, absl::ZeroDuration());
      }
    });
  }
  // Everything beyond 2 running and 4 waiting is refused while those still wait; calls that come
  // before a worker has taken its first one find a place less.
  Await([&] { return share + full >= 18; });
  EXPECT_EQ(ok, 0);
  release.count_down();
  for (auto& thread : threads) thread.join();
  EXPECT_GE(ok, 4);
  EXPECT_LE(ok, 6);
  EXPECT_EQ(ok + share + full, 24);
  EXPECT_EQ(other, 0);
}

TEST_F(ServerLoadTest, GoodputHoldsUnderFourTimesTheLoad) {
  ServerOptions options = RpcServer::DefaultServerOptions();
  options.lanes.read = {.workers = 2, .queue = 8, .caller_share = 1};
  std::atomic<int> ran = 0;
  handlers_.get = [&](CallContext& c,
                      const sample::GetSampleRequest&) -> absl::StatusOr<sample::Sample> {
    // Takes a fixed 2 ms of waiting on the database.
    auto rows = c.db.Query("SELECT SLEEP(0.002)");
    if (!rows.ok()) return rows.status();
    ++ran;
    return sample::Sample();
  };
  StartServer(options);
  const auto offer = [&](int clients) {
    const int before = ran;
    std::atomic<bool> stop = false;
    std::vector<std::thread> threads;
    for (int t = 0; t < clients; ++t) {
      threads.emplace_back([&] {
        while (!stop) (void)Get();
      });
    }
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(400);
    std::mutex mu;
    std::condition_variable never;
    std::unique_lock lock(mu);
    never.wait_until(lock, end, [] { return false; });
    const int done = ran - before;
    stop = true;
    for (auto& thread : threads) thread.join();
    return done;
  };
  offer(2);  // connections, caches
  // A floor far below the figure of the bench, and the best of three: this machine runs other
  // things beside the test, and what collapses under load does so every time.
  std::string pairs;
  for (int i = 0; i < 3; ++i) {
    const int at_capacity = offer(4);
    const int overloaded = offer(24);
    if (overloaded > at_capacity / 2) return;
    absl::StrAppend(&pairs, " ", at_capacity, "->", overloaded);
  }
  FAIL() << "calls served at capacity and under four times the load:" << pairs;
}

TEST_F(ServerLoadTest, AnExpiredCallIsNotRun) {
  ServerOptions options = RpcServer::DefaultServerOptions();
  options.lanes.read = {.workers = 1, .queue = 10, .caller_share = 1};
  std::latch first_runs(1), release(1);
  std::atomic<int> runs = 0;
  handlers_.get = [&](CallContext&,
                      const sample::GetSampleRequest&) -> absl::StatusOr<sample::Sample> {
    if (++runs == 1) {
      first_runs.count_down();
      release.wait();
    }
    return sample::Sample();
  };
  StartServer(options);
  std::thread first([&] { EXPECT_THAT(Get(), IsOk()); });
  first_runs.wait();
  EXPECT_THAT(Get({.timeout = absl::Milliseconds(50)}),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  // The server counts from when the call arrived: a little later than its client.
  Await([expired = absl::Now() + absl::Milliseconds(200)] { return absl::Now() > expired; });
  release.count_down();
  first.join();
  EXPECT_THAT(Get(), IsOk());
  EXPECT_EQ(runs, 2);  // the first and the last
}

TEST_F(ServerLoadTest, AHandlerLearnsThatItsClientIsGone) {
  std::latch running(1);
  std::atomic<bool> saw = false;
  handlers_.get = [&](CallContext& c,
                      const sample::GetSampleRequest&) -> absl::StatusOr<sample::Sample> {
    EXPECT_LT(c.deadline, absl::Now() + absl::Minutes(1));
    running.count_down();
    while (!c.cancelled()) std::this_thread::yield();
    saw = true;
    return absl::CancelledError("client gone");
  };
  StartServer();
  auto client = Client::Create({.target = server_->target()});
  ASSERT_THAT(client, IsOk());
  std::thread caller([&] {
    sample::GetSampleRequest request;
    request.set_id("01ARZ3NDEKTSV4RRFFQ69G5FAV");
    EXPECT_THAT((*client)->Call<sample::Sample>(kGet, request, {.token = token_}),
                StatusIs(absl::StatusCode::kCancelled));
  });
  running.wait();
  (*client)->CancelAll();
  caller.join();
  Await([&] { return saw.load(); });
}

TEST_F(ServerLoadTest, DrainsUnderLoadWithoutLosingACall) {
  std::atomic<int> started = 0, finished = 0;
  std::latch some_run(4);
  handlers_.get = [&](CallContext& c,
                      const sample::GetSampleRequest&) -> absl::StatusOr<sample::Sample> {
    if (++started <= 4) some_run.count_down();
    auto rows = c.db.Query("SELECT SLEEP(0.02)");
    if (!rows.ok()) return rows.status();
    ++finished;
    return sample::Sample();
  };
  StartServer();
  std::atomic<int> ok = 0, refused = 0, other = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (;;) {
        const auto result = Get({.timeout = absl::Seconds(10)});
        if (result.ok()) {
          ++ok;
          continue;
        }
        absl::IsUnavailable(result.status()) || absl::IsDeadlineExceeded(result.status())
            ? ++refused
            : ++other;
        if (!absl::IsUnavailable(result.status())) ADD_FAILURE() << result.status();
        return;
      }
    });
  }
  some_run.wait();
  server_->server().SetServing(false);
  server_->server().Shutdown(absl::Seconds(10));
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(started, finished);  // nothing was cut
  EXPECT_EQ(ok, finished);       // and every answer arrived
  EXPECT_EQ(other, 0);
}

TEST_F(ServerLoadTest, HealthFollowsServing) {
  StartServer();
  const auto health = [&](const std::string& service) {
    std::string request;
    if (!service.empty())
      request = Cat("\x0a", std::string(1, static_cast<char>(service.size())), service);
    std::vector<std::string> answers;
    EXPECT_THAT(server_->client().Exchange("/grpc.health.v1.Health/Check", {request}, &answers),
                IsOk());
    return answers.empty() ? std::string() : answers[0];
  };
  EXPECT_EQ(health(""), "\x08\x01");  // SERVING
  EXPECT_EQ(health("bangfu.testing.v1.SampleService"), "\x08\x01");
  server_->server().SetServing(false);
  EXPECT_EQ(health(""), "\x08\x02");  // NOT_SERVING
  EXPECT_EQ(health("bangfu.testing.v1.SampleService"), "\x08\x02");
}

TEST_F(ServerLoadTest, ReadsAreTriedAgainWhenTheServerIsAway) {
  std::atomic<int> reads = 0, writes = 0;
  const auto away = [] {
    return Error(absl::StatusCode::kUnavailable, "AWAY").Zh("稍后重试").Build();
  };
  handlers_.get = [&](CallContext&,
                      const sample::GetSampleRequest&) -> absl::StatusOr<sample::Sample> {
    if (++reads < 3) return away();
    return sample::Sample();
  };
  handlers_.create = [&](CallContext&,
                         const sample::CreateSampleRequest&) -> absl::StatusOr<sample::Sample> {
    ++writes;
    return away();
  };
  StartServer();
  EXPECT_THAT(Get(), IsOk());
  EXPECT_EQ(reads, 3);
  sample::CreateSampleRequest request;
  request.set_request_id("request-1");
  request.mutable_sample()->set_name("油茶");
  request.mutable_sample()->set_kind(testing::v1::SAMPLE_KIND_FARM);
  EXPECT_THAT(server_->Call<sample::Sample>(kCreate, request, token_),
              StatusIs(absl::StatusCode::kUnavailable, "AWAY"));
  EXPECT_EQ(writes, 1);
}

TEST_F(ServerLoadTest, AConnectionOfAgeIsLeftForANewOneAndItsCallsEnd) {
  std::latch begun(1), go(1);
  handlers_.list =
      [&](CallContext&,
          const sample::ListSamplesRequest&) -> absl::StatusOr<sample::ListSamplesResponse> {
    begun.count_down();
    go.wait();
    return sample::ListSamplesResponse();
  };
  ServerOptions options = RpcServer::DefaultServerOptions();
  options.max_connection_age = absl::Milliseconds(300);
  options.max_connection_age_grace = absl::Minutes(5);
  StartServer(options);
  testing::TcpProxy proxy(server_->target());
  auto client = Client::Create({.target = Cat("127.0.0.1:", proxy.port()), .read_attempts = 1});
  ASSERT_THAT(client, IsOk());
  absl::Status outcome;
  std::thread slow([&] {
    outcome =
        (*client)
            ->Call<sample::ListSamplesResponse>(kList, sample::ListSamplesRequest(),
                                                {.timeout = absl::Minutes(1), .token = token_})
            .status();
  });
  begun.wait();
  EXPECT_EQ(proxy.accepted(), 1);
  sample::GetSampleRequest request;
  request.set_id("01ARZ3NDEKTSV4RRFFQ69G5FAV");
  // No call breaks while the client goes over.
  Await([&] {
    EXPECT_THAT((*client)->Call<sample::Sample>(kGet, request, {.token = token_}), IsOk());
    return proxy.accepted() > 1;
  });
  go.count_down();  // the call on the old connection goes on
  slow.join();
  EXPECT_THAT(outcome, IsOk());
}

TEST_F(ServerLoadTest, ACallThatOutlastsTheGraceOfItsConnectionEnds) {
  std::latch ended(1);
  handlers_.list =
      [&](CallContext& context,
          const sample::ListSamplesRequest&) -> absl::StatusOr<sample::ListSamplesResponse> {
    while (!context.cancelled()) std::this_thread::yield();
    ended.count_down();
    return absl::CancelledError("the client is gone");
  };
  ServerOptions options = RpcServer::DefaultServerOptions();
  options.max_connection_age = absl::Milliseconds(100);
  options.max_connection_age_grace = absl::Milliseconds(100);
  StartServer(options);
  auto client = Client::Create({.target = server_->target(), .read_attempts = 1});
  ASSERT_THAT(client, IsOk());
  EXPECT_THAT(
      (*client)->Call<sample::ListSamplesResponse>(kList, sample::ListSamplesRequest(),
                                                   {.timeout = absl::Minutes(1), .token = token_}),
      StatusIs(absl::StatusCode::kUnavailable));
  ended.wait();  // the handler was told
}

}  // namespace
}  // namespace bangfu::rpc

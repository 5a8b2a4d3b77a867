// Calls that a handler answers together.
#include <atomic>
#include <latch>
#include <stdexcept>
#include <thread>

#include "common/base/strings.h"
#include "common/rpc/server_for_test.h"
#include "common/status/error.h"

namespace bangfu::rpc {
namespace {

using ::bangfu::testing::IsOk;
using ::bangfu::testing::RpcServer;
using ::bangfu::testing::StatusIs;

// GetSample answered together with those that wait beside it.
class TogetherTest : public SampleServerTest {
 protected:
  using Calls = std::vector<Asked<sample::GetSampleRequest>>;
  using Answers = std::vector<absl::StatusOr<sample::Sample>>;

  void StartTogether() {
    ServerOptions options = RpcServer::DefaultServerOptions();
    options.lanes.read = {.workers = 1, .queue = 64, .caller_share = 1};
    server_ = std::make_unique<RpcServer>(
        RpcServer::Options{.services = {"bangfu.testing.v1.SampleService"},
                           .server = std::move(options)},
        [this](Router& router) {
          sample::Register(router, handlers_);
          router.UnaryTogether<sample::GetSampleRequest, sample::Sample>(
              kGet, [this](const Calls& calls) { return together_(calls); });
        });
    token_ = server_->Token(auth::Role::ROLE_COUNTY_OPERATOR, "360733");
  }

  // Holds the only worker until all of `tokens` wait for it, without those that are refused before;
  // what each of them was answered.
  std::vector<absl::StatusOr<sample::Sample>> CallAtOnce(const std::vector<std::string>& tokens,
                                                         size_t refused = 0,
                                                         const std::string& id = kId) {
    std::latch running(1), release(1);
    handlers_.list =
        [&](CallContext&,
            const sample::ListSamplesRequest&) -> absl::StatusOr<sample::ListSamplesResponse> {
      running.count_down();
      release.wait();
      return sample::ListSamplesResponse();
    };
    std::thread holder([&] {
      EXPECT_THAT(
          server_->Call<sample::ListSamplesResponse>(kList, sample::ListSamplesRequest(), token_),
          IsOk());
    });
    running.wait();
    std::vector<absl::StatusOr<sample::Sample>> answers(tokens.size());
    std::vector<std::thread> threads;
    for (size_t i = 0; i < tokens.size(); ++i) {
      threads.emplace_back([&, i] {
        sample::GetSampleRequest request;
        request.set_id(id);
        answers[i] = server_->Call<sample::Sample>(kGet, request, tokens[i], {});
      });
    }
    const std::string all = Cat("bangfu_lane_waiting{lane=\"read\"} ", tokens.size() - refused);
    Await([&] { return server_->metrics().Expose().find(all) != std::string::npos; });
    release.count_down();
    holder.join();
    for (auto& thread : threads) thread.join();
    return answers;
  }

  static constexpr char kId[] = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
  std::function<absl::StatusOr<Answers>(const Calls&)> together_;
};

TEST_F(TogetherTest, EachCallKeepsItsCallerItsScopeAndItsOutcome) {
  std::atomic<size_t> runs = 0;
  together_ = [&](const Calls& calls) -> absl::StatusOr<Answers> {
    ++runs;
    Answers answers;
    for (const auto& [context, request] : calls) {
      if (context.scope == auth::RegionScope{"360735"}) {
        answers.emplace_back(absl::NotFoundError("not for this county"));
        continue;
      }
      sample::Sample one;
      one.set_id(request.id());
      one.set_name(Cat(context.caller.subject, "|", context.scope[0], "|", calls.size()));
      answers.emplace_back(std::move(one));
    }
    return answers;
  };
  StartTogether();
  const std::string other = server_->Token(auth::Role::ROLE_COUNTY_OPERATOR, "360734");
  const std::string third = server_->Token(auth::Role::ROLE_COUNTY_OPERATOR, "360735");
  const auto answers = CallAtOnce({token_, other, third, token_, "a.b.c"}, 1);
  EXPECT_EQ(runs, 1u);
  for (const size_t i : {0u, 3u}) {
    ASSERT_THAT(answers[i], IsOk());
    EXPECT_EQ(answers[i]->name(), "person-1|360733|4");
  }
  ASSERT_THAT(answers[1], IsOk());
  EXPECT_EQ(answers[1]->name(), "person-1|360734|4");
  EXPECT_THAT(answers[2], StatusIs(absl::StatusCode::kNotFound, "RESOURCE_NOT_FOUND"));
  EXPECT_THAT(answers[4], StatusIs(absl::StatusCode::kUnauthenticated, "TOKEN_INVALID"));
}

TEST_F(TogetherTest, AnErrorOfTheRunAndAnExceptionReachEveryCallOfIt) {
  together_ = [](const Calls&) -> absl::StatusOr<Answers> {
    return absl::UnavailableError("the database went away");
  };
  StartTogether();
  for (const auto& answer : CallAtOnce({token_, token_})) {
    EXPECT_THAT(answer, StatusIs(absl::StatusCode::kUnavailable, "UNAVAILABLE"));
  }
  together_ = [](const Calls&) -> absl::StatusOr<Answers> { throw std::runtime_error("thrown"); };
  for (const auto& answer : CallAtOnce({token_, token_})) {
    EXPECT_THAT(answer, StatusIs(absl::StatusCode::kInternal, "INTERNAL"));
  }
  together_ = [](const Calls& calls) -> absl::StatusOr<Answers> {
    return Answers(calls.size() - 1, sample::Sample());
  };
  const auto answers = CallAtOnce({token_, token_});
  EXPECT_EQ(std::count_if(answers.begin(), answers.end(), [](const auto& a) { return a.ok(); }), 1);
}

TEST_F(TogetherTest, AMalformedRequestFailsAlone) {
  together_ = [](const Calls& calls) -> absl::StatusOr<Answers> {
    return Answers(calls.size(), sample::Sample());
  };
  StartTogether();
  for (const auto& answer : CallAtOnce({token_}, 0, "no id")) {
    EXPECT_THAT(answer, StatusIs(absl::StatusCode::kInvalidArgument, "FIELD_INVALID"));
  }
  for (const auto& answer : CallAtOnce({token_})) EXPECT_THAT(answer, IsOk());
}

}  // namespace
}  // namespace bangfu::rpc

// Handlers of the test contract, each replaceable, and a fixture around them. Tests only.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "bangfu/testing/v1/sample.pb.h"
#include "common/rpc/router.h"
#include "common/testing/rpc_fixture.h"
#include "common/testing/status_matchers.h"

namespace bangfu::rpc {

// Until it holds, twenty seconds at most.
template <typename Condition>
void Await(Condition condition) {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    ASSERT_LT(std::chrono::steady_clock::now(), give_up);
    std::this_thread::yield();
  }
}

inline constexpr char kGet[] = "bangfu.testing.v1.SampleService.GetSample";
inline constexpr char kList[] = "bangfu.testing.v1.SampleService.ListSamples";
inline constexpr char kCreate[] = "bangfu.testing.v1.SampleService.CreateSample";
inline constexpr char kStream[] = "bangfu.testing.v1.SampleService.StreamSamples";
inline constexpr char kWatch[] = "bangfu.testing.v1.SampleService.WatchSamples";
inline constexpr char kAsk[] = "bangfu.testing.v1.SampleService.AskPeer";

namespace sample {

using testing::v1::CreateSampleRequest;
using testing::v1::GetSampleRequest;
using testing::v1::ListSamplesRequest;
using testing::v1::ListSamplesResponse;
using testing::v1::Sample;
using testing::v1::StreamSamplesRequest;
using testing::v1::WatchSamplesRequest;

struct Handlers {
  std::function<absl::StatusOr<Sample>(CallContext&, const GetSampleRequest&)> get =
      [](CallContext&, const GetSampleRequest& request) -> absl::StatusOr<Sample> {
    Sample sample;
    sample.set_id(request.id());
    sample.set_name("油茶");
    return sample;
  };
  std::function<absl::StatusOr<ListSamplesResponse>(CallContext&, const ListSamplesRequest&)> list =
      [](CallContext& context, const ListSamplesRequest&) -> absl::StatusOr<ListSamplesResponse> {
    ListSamplesResponse response;
    for (const std::string& prefix : context.scope) response.add_scope(prefix);
    return response;
  };
  std::function<absl::StatusOr<Sample>(CallContext&, const CreateSampleRequest&)> create =
      [](CallContext&, const CreateSampleRequest& request) -> absl::StatusOr<Sample> {
    return request.sample();
  };
  using Streamed = absl::StatusOr<std::unique_ptr<Source<Sample>>>;
  std::function<Streamed(CallContext&, const StreamSamplesRequest&)> stream =
      [](CallContext&, const StreamSamplesRequest& request) -> Streamed {
    Sample sample;
    sample.set_name(std::string(static_cast<size_t>(request.name_bytes()), 'x'));
    return MakeSource<Sample>(
        [sample, count = request.count()](CallContext&) mutable -> std::optional<Sample> {
          if (sample.amount_fen() >= count) return std::nullopt;
          sample.set_amount_fen(sample.amount_fen() + 1);
          return sample;
        });
  };
  std::function<absl::StatusOr<std::unique_ptr<Subscription<Sample>>>(CallContext&,
                                                                      const WatchSamplesRequest&)>
      watch =
          [](CallContext&,
             const WatchSamplesRequest&) -> absl::StatusOr<std::unique_ptr<Subscription<Sample>>> {
    return absl::UnimplementedError("no watch in this test");
  };
  std::function<absl::StatusOr<Sample>(CallContext&, const GetSampleRequest&)> ask = get;
};

// The handlers are called through `handlers`, which must outlive the server.
inline void Register(Router& router, Handlers& handlers) {
  router.Unary<GetSampleRequest, Sample>(
      kGet, [&](CallContext& c, const GetSampleRequest& r) { return handlers.get(c, r); });
  router.Unary<ListSamplesRequest, ListSamplesResponse>(
      kList, [&](CallContext& c, const ListSamplesRequest& r) { return handlers.list(c, r); });
  router.Unary<CreateSampleRequest, Sample>(
      kCreate, [&](CallContext& c, const CreateSampleRequest& r) { return handlers.create(c, r); });
  router.ServerStream<StreamSamplesRequest, Sample>(
      kStream,
      [&](CallContext& c, const StreamSamplesRequest& r) { return handlers.stream(c, r); });
  router.Subscribe<WatchSamplesRequest, Sample>(
      kWatch, [&](CallContext& c, const WatchSamplesRequest& r) { return handlers.watch(c, r); });
  router.Unary<GetSampleRequest, Sample>(
      kAsk, [&](CallContext& c, const GetSampleRequest& r) { return handlers.ask(c, r); });
}

}  // namespace sample

class SampleServerTest : public ::testing::Test {
 protected:
  void StartServer(ServerOptions options = testing::RpcServer::DefaultServerOptions(),
                   migrate::Migrations migrations = {}) {
    server_ = std::make_unique<testing::RpcServer>(
        testing::RpcServer::Options{.services = {"bangfu.testing.v1.SampleService"},
                                    .migrations = std::move(migrations),
                                    .server = std::move(options)},
        [this](Router& router) { sample::Register(router, handlers_); });
    token_ = server_->Token(auth::Role::ROLE_COUNTY_OPERATOR, "360733");
  }
  absl::StatusOr<sample::Sample> Get(CallOptions options = {}) {
    sample::GetSampleRequest request;
    request.set_id("01ARZ3NDEKTSV4RRFFQ69G5FAV");
    return server_->Call<sample::Sample>(kGet, request, token_, std::move(options));
  }

  sample::Handlers handlers_;
  std::unique_ptr<testing::RpcServer> server_;
  std::string token_;
};

}  // namespace bangfu::rpc

// What a server must have to start.
#include "bangfu/testing/v1/broken.pb.h"
#include "common/base/strings.h"
#include "common/rpc/server_for_test.h"

namespace bangfu::rpc {
namespace {

using ::bangfu::testing::IsOk;
using ::bangfu::testing::StatusIs;
using ::testing::HasSubstr;

class StartTest : public SampleServerTest {
 protected:
  absl::Status Start(const Router& router, const std::vector<std::string>& services,
                     ServerOptions options = {}) {
    return Server::Start(
               std::move(options),
               {.clock = server_->clock(),
                .ids = server_->ids(),
                .authenticator = server_->authenticator(),
                .metrics = metrics_,
                .sessions =
                    [this] { return mysql::Session::Create(server_->database().options()); }},
               router, services)
        .status();
  }
  void SetUp() override { StartServer(); }
  metrics::Registry metrics_;
};

TEST_F(StartTest, AnIncompleteServerDoesNotStart) {
  const std::vector<std::string> sample = {"bangfu.testing.v1.SampleService"};
  Router router;
  const absl::Status empty = Start(router, sample);
  EXPECT_THAT(empty, StatusIs(absl::StatusCode::kFailedPrecondition, "SERVER_INCOMPLETE"));
  for (const char* method : {kGet, kList, kCreate, kStream, kWatch, kAsk}) {
    EXPECT_THAT(empty.ToString(), HasSubstr(Cat(method, ": no handler")));
  }
  sample::Register(router, handlers_);
  EXPECT_THAT(Start(router, sample), IsOk());
  EXPECT_THAT(Start(router, {}),
              StatusIs(absl::StatusCode::kFailedPrecondition, "SERVER_INCOMPLETE"));
  EXPECT_THAT(Start(router, {"bangfu.testing.v1.SampleService", "bangfu.nothing.v1.X"}),
              StatusIs(absl::StatusCode::kFailedPrecondition, "SERVER_INCOMPLETE"));
  // Other types than the contract's.
  router.Unary<sample::ListSamplesRequest, sample::Sample>(
      kGet, [](CallContext&, const sample::ListSamplesRequest&) -> absl::StatusOr<sample::Sample> {
        return sample::Sample();
      });
  EXPECT_THAT(Start(router, sample).ToString(), HasSubstr("types are not the contract's"));
  // A unary handler for a stream.
  sample::Register(router, handlers_);
  router.Unary<sample::StreamSamplesRequest, sample::Sample>(
      kStream,
      [](CallContext&, const sample::StreamSamplesRequest&) -> absl::StatusOr<sample::Sample> {
        return sample::Sample();
      });
  EXPECT_THAT(Start(router, sample).ToString(), HasSubstr("streaming differs"));
}

TEST_F(StartTest, ContractsWithoutUsableRulesAreNotServed) {
  using testing::v1::BadPattern;
  using testing::v1::BrokenRequest;
  const auto answer = [](CallContext&, const auto&) -> absl::StatusOr<BrokenRequest> {
    return BrokenRequest();
  };
  for (const char* service : {"NoRuleService", "NoModeService", "NobodyService", "RingService"}) {
    const std::string name = Cat("bangfu.testing.v1.", service);
    Router router;
    router.Unary<BrokenRequest, BrokenRequest>(name + ".Get", answer);
    EXPECT_THAT(Start(router, {name}),
                StatusIs(absl::StatusCode::kFailedPrecondition, "SERVER_INCOMPLETE"))
        << service;
  }
  Router router;
  router.Unary<BadPattern, BrokenRequest>("bangfu.testing.v1.BadPatternService.Get", answer);
  EXPECT_THAT(Start(router, {"bangfu.testing.v1.BadPatternService"}),
              StatusIs(absl::StatusCode::kFailedPrecondition, "SERVER_INCOMPLETE"));
}

TEST_F(StartTest, ASecondServerOnThePortIsRefused) {
  Router router;
  sample::Register(router, handlers_);
  ServerOptions options;
  options.port = server_->port();
  EXPECT_THAT(Start(router, {"bangfu.testing.v1.SampleService"}, options),
              StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace bangfu::rpc

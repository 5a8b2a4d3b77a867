// A service of the test contract, whole: what runtime_test starts as a process.
#include <atomic>

#include "bangfu/testing/v1/sample.pb.h"
#include "common/base/strings.h"
#include "common/idempotency/schema.h"
#include "common/rpc/within.h"
#include "common/runtime/service_main.h"

namespace bangfu {
namespace {

using namespace testing::v1;  // NOLINT(google-build-using-namespace): a test program of one file

constexpr char kService[] = "bangfu.testing.v1.SampleService";

absl::Status Compose(runtime::App& app) {
  rpc::Router& router = app.router();
  const std::string prefix = std::string(kService) + ".";
  auto& jobs_run = app.Make<std::atomic<int64_t>>(0);
  router.Unary<GetSampleRequest, Sample>(
      prefix + "GetSample",
      [&jobs_run](rpc::CallContext& context, const GetSampleRequest& r) -> absl::StatusOr<Sample> {
        // Slow enough to be under way when the process is told to stop.
        auto rows = context.db.Query("SELECT SLEEP(0.3)");
        if (!rows.ok()) return rows.status();
        Sample sample;
        sample.set_id(r.id());
        sample.set_amount_fen(jobs_run);
        return sample;
      });
  router.Unary<GetSampleRequest, Sample>(
      prefix + "AskPeer",
      [&app](rpc::CallContext& context, const GetSampleRequest& r) -> absl::StatusOr<Sample> {
        return app.peer("mate").Call<Sample>(Cat(kService, ".GetSample"), r, rpc::Within(context));
      });
  router.Unary<ListSamplesRequest, ListSamplesResponse>(
      prefix + "ListSamples",
      [](rpc::CallContext&, const ListSamplesRequest&) -> absl::StatusOr<ListSamplesResponse> {
        return ListSamplesResponse();
      });
  router.Unary<CreateSampleRequest, Sample>(
      prefix + "CreateSample",
      [](rpc::CallContext&, const CreateSampleRequest& r) -> absl::StatusOr<Sample> {
        return r.sample();
      });
  router.ServerStream<StreamSamplesRequest, Sample>(
      prefix + "StreamSamples", [](rpc::CallContext&, const StreamSamplesRequest&) {
        return absl::StatusOr<std::unique_ptr<rpc::Source<Sample>>>(
            rpc::SourceOf<Sample>({Sample()}));
      });
  router.ServerStream<WatchSamplesRequest, Sample>(
      prefix + "WatchSamples", [](rpc::CallContext&, const WatchSamplesRequest&) {
        return absl::StatusOr<std::unique_ptr<rpc::Source<Sample>>>(
            rpc::SourceOf<Sample>({Sample()}));
      });
  app.jobs().AddPeriodic("count", absl::Milliseconds(20), [&jobs_run](mysql::Session& session) {
    ++jobs_run;
    return session.Query("SELECT COUNT(*) FROM idempotency_key").status();
  });
  return absl::OkStatus();
}

}  // namespace
}  // namespace bangfu

int main(int argc, char** argv) {
  return bangfu::runtime::ServiceMain(argc, argv,
                                      {.name = "sample",
                                       .summary = "serves the test contract",
                                       .services = {bangfu::kService},
                                       .migrations = bangfu::idempotency::Schema(),
                                       .peers = {"mate"},
                                       .compose = bangfu::Compose});
}

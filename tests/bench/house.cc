// A service of the test contract with nothing but the common rooms: a point read of one row, and a
// mutation of one row with its idempotency, audit and feed rows.
#include "bangfu/testing/v1/sample.pb.h"
#include "common/audit/schema.h"
#include "common/feed/schema.h"
#include "common/feed/sequencer.h"
#include "common/feed/service.h"
#include "common/idempotency/schema.h"
#include "common/rpc/mutation.h"
#include "common/runtime/service_main.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace bangfu {
namespace {

using namespace testing::v1;  // NOLINT: a program of one file

constexpr char kService[] = "bangfu.testing.v1.SampleService";

absl::StatusOr<Sample> Get(rpc::CallContext& context, const GetSampleRequest& request) {
  const auto id = Ulid::Parse(request.id());
  if (!id.ok()) return InvalidField("id", "编号无效").Build();
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      context.db.Query("SELECT id, region_path, version, record FROM sample WHERE id = ?", {*id}));
  if (rows.empty()) return NotFound("sample", request.id()).Build();
  Sample sample;
  if (!sample.ParseFromString(rows[0].String(3))) return absl::InternalError("record");
  return sample;
}

absl::StatusOr<Sample> Create(rpc::CallContext& context, const CreateSampleRequest& request) {
  return rpc::Mutate<Sample>(context, request, [&](rpc::Mutation& m) -> absl::StatusOr<Sample> {
    const Ulid id = context.ids.Next();
    Sample sample = request.sample();
    sample.set_id(id.ToString());
    RETURN_IF_ERROR(
        m.tx()
            .Execute("INSERT INTO sample (id, region_path, version, record) VALUES (?, ?, ?, ?)",
                     {id, "360733101", 1, sample.SerializeAsString()})
            .status());
    RETURN_IF_ERROR(m.Audit("sample", id, "360733101", nullptr, sample));
    RETURN_IF_ERROR(m.Publish("sample", id, "360733101", sample));
    return sample;
  });
}

absl::Status Compose(runtime::App& app) {
  rpc::Router& router = app.router();
  const std::string prefix = std::string(kService) + ".";
  router.Unary<GetSampleRequest, Sample>(prefix + "GetSample", Get);
  router.Unary<CreateSampleRequest, Sample>(prefix + "CreateSample", Create);
  router.Unary<GetSampleRequest, Sample>(prefix + "AskPeer", Get);
  router.Unary<ListSamplesRequest, ListSamplesResponse>(
      prefix + "ListSamples",
      [](rpc::CallContext&, const ListSamplesRequest&) -> absl::StatusOr<ListSamplesResponse> {
        return ListSamplesResponse();
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
  feed::RegisterChangeFeed(router, {.source = "house"});
  app.jobs().Add("sequencer", [&app](mysql::Session& session, Loop& loop) {
    feed::Sequencer sequencer(session, app.clock(), {.holder = app.instance()});
    sequencer.Run(loop);
  });
  return absl::OkStatus();
}

}  // namespace
}  // namespace bangfu

int main(int argc, char** argv) {
  const bangfu::migrate::Migrations own = {{"house", 1, "create_sample",
                                            "CREATE TABLE sample (id BINARY(16) NOT NULL, "
                                            "region_path VARCHAR(12) NOT NULL, version BIGINT NOT "
                                            "NULL, record MEDIUMBLOB NOT NULL, PRIMARY KEY (id), "
                                            "KEY by_region (region_path, id)) ENGINE=InnoDB "
                                            "DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;\n"}};
  return bangfu::runtime::ServiceMain(
      argc, argv,
      {.name = "house",
       .summary = "serves the test contract with the common rooms",
       .services = {bangfu::kService, "bangfu.feed.v1.ChangeFeed"},
       .migrations = bangfu::migrate::Concat(bangfu::idempotency::Schema(), bangfu::audit::Schema(),
                                             bangfu::feed::Schema(), own),
       .compose = bangfu::Compose});
}

// How large a request may be, and what its caller is told when it is larger.
#include "common/rpc/server.h"
#include "common/rpc/server_for_test.h"
#include "common/status/error.h"

namespace bangfu::rpc {
namespace {

using testing::IsOk;
using testing::StatusIs;

class RequestSizeTest : public SampleServerTest {};

// A request of `bytes` on the wire that is well formed: what fills it is a field of a later
// contract.
sample::GetSampleRequest OfSize(size_t bytes) {
  sample::GetSampleRequest request;
  request.set_id("01ARZ3NDEKTSV4RRFFQ69G5FAV");
  std::string& filling =
      *request.GetReflection()->MutableUnknownFields(&request)->AddLengthDelimited(1000);
  filling.assign(bytes - 100, 'x');
  filling.append(bytes - request.ByteSizeLong(), 'x');
  return request;
}

TEST_F(RequestSizeTest, TellsWhyARequestIsTooLarge) {
  StartServer();
  const auto size =
      static_cast<size_t>(testing::RpcServer::DefaultServerOptions().max_receive_bytes);
  EXPECT_THAT(server_->Call<sample::Sample>(kGet, OfSize(size), token_), IsOk());
  for (const size_t over : {size + 1, 2 * size, 4 * size}) {
    const auto refused = server_->Call<sample::Sample>(kGet, OfSize(over), token_);
    EXPECT_THAT(refused, StatusIs(absl::StatusCode::kResourceExhausted, "REQUEST_TOO_LARGE"));
    EXPECT_EQ(GetErrorDetail(refused.status()).message_zh, "请求过大，不能超过4096KiB");
  }
  // Beyond that gRPC refuses by itself, and has no reason to give.
  EXPECT_THAT(server_->Call<sample::Sample>(kGet, OfSize(4 * size + 1), token_),
              StatusIs(absl::StatusCode::kResourceExhausted));
  // A stream's request too; and the caller's others go on.
  std::vector<std::string> answers;
  EXPECT_THAT(server_->client().Exchange("/bangfu.testing.v1.SampleService/StreamSamples",
                                         {OfSize(size + 1).SerializeAsString()}, &answers,
                                         {.token = token_}),
              StatusIs(absl::StatusCode::kResourceExhausted, "REQUEST_TOO_LARGE"));
  EXPECT_THAT(Get(), IsOk());
}

TEST_F(RequestSizeTest, WhoMayNotCallIsToldSoBeforeTheSizeOfTheRequest) {
  StartServer();
  EXPECT_THAT(server_->Call<sample::Sample>(kGet, OfSize(5 << 20), "garbage"),
              StatusIs(absl::StatusCode::kUnauthenticated, "TOKEN_INVALID"));
}

}  // namespace
}  // namespace bangfu::rpc

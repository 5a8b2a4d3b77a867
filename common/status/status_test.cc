#include <string>

#include "absl/status/statusor.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/status/wire.h"
#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "gtest/gtest.h"

namespace bangfu {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(Error, CarriesItsDetail) {
  const absl::Status status = Error(absl::StatusCode::kFailedPrecondition, "OUT_OF_SCOPE")
                                  .Domain("registry.bangfu")
                                  .Zh("该项目不在监管范围内")
                                  .With("project", "PJ1")
                                  .Field("project.funding[1]", "资金来源不符")
                                  .RetryAfter(absl::Milliseconds(1500));
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(status.message(), "OUT_OF_SCOPE");
  const ErrorDetail detail = GetErrorDetail(status);
  EXPECT_EQ(detail.reason, "OUT_OF_SCOPE");
  EXPECT_EQ(detail.domain, "registry.bangfu");
  EXPECT_EQ(detail.message_zh, "该项目不在监管范围内");
  EXPECT_THAT(detail.metadata, ElementsAre(Pair("project", "PJ1")));
  EXPECT_THAT(detail.violations, ElementsAre(FieldViolation{"project.funding[1]", "资金来源不符"}));
  EXPECT_EQ(detail.retry_after, absl::Milliseconds(1500));
}

TEST(Error, ShorthandsOfTheSharedVocabulary) {
  const absl::Status invalid = InvalidField("name", "不能为空").Field("code", "格式不对");
  EXPECT_EQ(invalid.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(invalid), "FIELD_INVALID");
  EXPECT_THAT(GetErrorDetail(invalid).violations,
              ElementsAre(FieldViolation{"name", "不能为空"}, FieldViolation{"code", "格式不对"}));
  const absl::Status missing = NotFound("project", "01ARZ3NDEKTSV4RRFFQ69G5FAV");
  EXPECT_EQ(missing.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReasonOf(missing), "RESOURCE_NOT_FOUND");
  EXPECT_EQ(GetErrorDetail(missing).metadata.at("resource"), "project");
  const absl::Status state = FailedPrecondition("WRONG_STATE", "当前状态不能提交");
  EXPECT_EQ(state.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(GetErrorDetail(state).message_zh, "当前状态不能提交");
  EXPECT_EQ(GetErrorDetail(state).domain, "");
  const absl::Status etag = EtagMismatch();
  EXPECT_EQ(etag.code(), absl::StatusCode::kAborted);
  EXPECT_EQ(ReasonOf(etag), "ETAG_MISMATCH");
}

TEST(Error, APlainStatusHasNoReason) {
  EXPECT_EQ(ReasonOf(absl::InternalError("x")), "");
  EXPECT_EQ(ReasonOf(absl::OkStatus()), "");
  EXPECT_THAT(GetErrorDetail(absl::InternalError("x")).violations, IsEmpty());
}

TEST(Error, AnUnreadableDetailCountsAsAbsent) {
  absl::Status status = absl::InternalError("x");
  status.SetPayload("type.googleapis.com/google.rpc.ErrorInfo", absl::Cord("\xff\xff\xff"));
  EXPECT_EQ(ReasonOf(status), "");
}

TEST(Wire, KeepsCodeMessageAndDetails) {
  const absl::Status status =
      InvalidField("name", "不能为空").With("k", "v").RetryAfter(absl::Seconds(2));
  const google::rpc::Status wire = ToRpcStatus(status);
  EXPECT_EQ(wire.code(), 3);
  ASSERT_EQ(wire.details_size(), 4);
  google::rpc::ErrorInfo info;
  ASSERT_TRUE(wire.details(1).UnpackTo(&info));
  EXPECT_EQ(info.reason(), "FIELD_INVALID");
  EXPECT_EQ(info.domain(), "bangfu");
  google::rpc::LocalizedMessage localized;
  ASSERT_TRUE(wire.details(2).UnpackTo(&localized));
  EXPECT_EQ(localized.locale(), "zh-CN");
  google::rpc::RetryInfo retry;
  ASSERT_TRUE(wire.details(3).UnpackTo(&retry));
  EXPECT_EQ(retry.retry_delay().seconds(), 2);
  EXPECT_EQ(FromRpcStatus(wire), status);
  EXPECT_EQ(ToRpcStatus(FromRpcStatus(wire)).SerializeAsString(), wire.SerializeAsString());
}

TEST(Wire, KeepsProcessPrivatePayloadsBack) {
  absl::Status status = absl::InternalError("x");
  status.SetPayload("bangfu/internal", absl::Cord("errno 1213"));
  EXPECT_EQ(ToRpcStatus(status).details_size(), 0);
}

TEST(Wire, OkAndUnknownCodes) {
  EXPECT_TRUE(FromRpcStatus(ToRpcStatus(absl::OkStatus())).ok());
  for (const int code : {-1, 17, 1000}) {
    google::rpc::Status wire;
    wire.set_code(code);
    wire.set_message("m");
    EXPECT_EQ(FromRpcStatus(wire), absl::UnknownError("m")) << code;
  }
}

absl::StatusOr<int> Half(int n) {
  if (n % 2 != 0) return absl::InvalidArgumentError("odd");
  return n / 2;
}

absl::StatusOr<int> Quarter(int n) {
  ASSIGN_OR_RETURN(const int half, Half(n));
  int quarter = 0;
  ASSIGN_OR_RETURN(quarter, Half(half));
  RETURN_IF_ERROR(quarter == 0 ? absl::OutOfRangeError("zero") : absl::OkStatus());
  return quarter;
}

TEST(Macros, ReturnEarly) {
  EXPECT_EQ(*Quarter(8), 2);
  EXPECT_EQ(Quarter(7).status(), absl::InvalidArgumentError("odd"));
  EXPECT_EQ(Quarter(6).status(), absl::InvalidArgumentError("odd"));
  EXPECT_EQ(Quarter(0).status(), absl::OutOfRangeError("zero"));
}

}  // namespace
}  // namespace bangfu

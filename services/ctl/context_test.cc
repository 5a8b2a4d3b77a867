#include "services/ctl/context.h"

#include "common/status/error.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace bangfu::ctl {
namespace {

TEST(ContextTest, ARefusalIsJsonWhenThatIsAskedFor) {
  const absl::Status status = Error(absl::StatusCode::kInvalidArgument, "FIELD_INVALID")
                                  .Zh("填写有误")
                                  .Field("name", "请填写")
                                  .Field("year", "不是年份")
                                  .With("row_no", "7");
  Context context;
  context.json = true;
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  EXPECT_EQ(context.Fail(status), kExitFailed);
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
  const auto json = nlohmann::json::parse(testing::internal::GetCapturedStderr());
  EXPECT_EQ(json["code"], "INVALID_ARGUMENT");
  EXPECT_EQ(json["reason"], "FIELD_INVALID");
  EXPECT_EQ(json["message"], "填写有误");
  ASSERT_EQ(json["violations"].size(), 2U);
  EXPECT_EQ(json["violations"][1]["field"], "year");
  EXPECT_EQ(json["violations"][1]["description"], "不是年份");
  EXPECT_EQ(json["metadata"]["row_no"], "7");

  context.json = false;
  testing::internal::CaptureStderr();
  EXPECT_EQ(context.Fail(status), kExitFailed);
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "失败：填写有误\n  INVALID_ARGUMENT / FIELD_INVALID\n  name: 请填写\n"
            "  year: 不是年份\n  row_no = 7\n");
}

TEST(ContextTest, EveryCodeHasItsExitCode) {
  EXPECT_EQ(ExitCodeOf(absl::OkStatus()), kExitOk);
  EXPECT_EQ(ExitCodeOf(absl::PermissionDeniedError("")), kExitDenied);
  EXPECT_EQ(ExitCodeOf(absl::UnauthenticatedError("")), kExitDenied);
  EXPECT_EQ(ExitCodeOf(absl::NotFoundError("")), kExitNotFound);
  EXPECT_EQ(ExitCodeOf(absl::UnavailableError("")), kExitUnavailable);
  EXPECT_EQ(ExitCodeOf(absl::FailedPreconditionError("")), kExitFailed);
}

// Whatever comes later: of several services the worst is told.
TEST(ContextTest, TheWorseExitCodeStays) {
  EXPECT_EQ(WorseExitCode(kExitOk, kExitOk), kExitOk);
  EXPECT_EQ(WorseExitCode(kExitUnavailable, kExitDenied), kExitUnavailable);
  EXPECT_EQ(WorseExitCode(kExitDenied, kExitUnavailable), kExitUnavailable);
  EXPECT_EQ(WorseExitCode(kExitPartial, kExitDenied), kExitDenied);
  EXPECT_EQ(WorseExitCode(kExitOk, kExitPartial), kExitPartial);
}

}  // namespace
}  // namespace bangfu::ctl

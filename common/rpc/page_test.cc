#include "common/rpc/page.h"

#include "common/base/page_token.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bangfu::rpc {
namespace {

using ::bangfu::testing::HasViolation;
using ::bangfu::testing::StatusIs;

TEST(PageStart, ComesBackFromItsToken) {
  const Ulid id = *Ulid::Parse("01JEXT00000000000000000001");
  const std::string token = EncodePageToken({"360733", id.ToString()}, "list");
  ASSERT_OK_AND_ASSIGN(const auto start, PageStartOf(token, "list"));
  ASSERT_TRUE(start.has_value());
  EXPECT_EQ(start->region_path, "360733");
  EXPECT_EQ(start->id, id);
  ASSERT_OK_AND_ASSIGN(const auto first, PageStartOf("", "list"));
  EXPECT_FALSE(first.has_value());
}

TEST(PageStart, OfAnotherListOrAnotherKeyIsRefused) {
  const std::string id = "01JEXT00000000000000000001";
  EXPECT_THAT(PageStartOf(EncodePageToken({"360733", id}, "list"), "other"),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(PageStartOf("x", "list"), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(PageStartOf(EncodePageToken({"360733"}, "list"), "list"), HasViolation("page_token"));
  EXPECT_THAT(PageStartOf(EncodePageToken({"360733", "x"}, "list"), "list"),
              HasViolation("page_token"));
}

}  // namespace
}  // namespace bangfu::rpc

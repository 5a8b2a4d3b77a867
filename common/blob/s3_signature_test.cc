// The examples that the specification gives, digit by digit.
#include "common/blob/s3_signature.h"

#include "common/base/digest.h"
#include "common/blob/s3_store.h"
#include "common/testing/clock.h"
#include "common/testing/status_matchers.h"

namespace bangfu::blob {
namespace {

using ::bangfu::testing::StatusIs;
using ::testing::EndsWith;

const S3Key kKey = {"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                    "us-east-1"};
const absl::Time kNow = absl::FromCivil(absl::CivilSecond(2013, 5, 24), absl::UTCTimeZone());
constexpr char kHost[] = "examplebucket.s3.amazonaws.com";

std::string Authorization(const S3Request& request) {
  return SignS3(request, kKey, kNow).at("authorization");
}

TEST(S3Signature, AsTheSpecificationsExamples) {
  EXPECT_THAT(
      Authorization({"GET", kHost, "/test.txt", {}, {{"range", "bytes=0-9"}}, Sha256Hex("")}),
      EndsWith("SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,Signature="
               "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"));
  EXPECT_THAT(Authorization({"GET", kHost, "/", {{"lifecycle", ""}}, {}, Sha256Hex("")}),
              EndsWith("fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"));
  EXPECT_THAT(
      Authorization({"GET", kHost, "/", {{"max-keys", "2"}, {"prefix", "J"}}, {}, Sha256Hex("")}),
      EndsWith("34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"));
}

TEST(S3Signature, EscapesQueries) {
  EXPECT_EQ(S3Query({{"prefix", "a/b c"}, {"list-type", "2"}}), "list-type=2&prefix=a%2Fb%20c");
  EXPECT_EQ(S3Escape("村~-_."), "%E6%9D%91~-_.");
}

TEST(S3Store, RefusesOptionsThatCannotBe) {
  testing::FakeClock clock;
  const S3Options good = {.endpoint = "http://127.0.0.1:1",
                          .bucket = "evidence",
                          .access_key = "a",
                          .secret_key = "s",
                          .connect_timeout = absl::Seconds(1)};
  const auto open = [&](auto change) {
    S3Options options = good;
    change(options);
    return OpenS3(options, clock).status();
  };
  const auto bad = StatusIs(absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(open([](S3Options& o) { o.endpoint = "s3.example.cn"; }), bad);
  EXPECT_THAT(open([](S3Options& o) { o.endpoint = "http://host/path"; }), bad);
  EXPECT_THAT(open([](S3Options& o) { o.bucket = "../x"; }), bad);
  EXPECT_THAT(open([](S3Options& o) { o.prefix = "a b"; }), bad);
  EXPECT_THAT(open([](S3Options& o) { o.secret_key.clear(); }), bad);
  // Nobody listens: said at the first use, and only that.
  auto store = OpenS3(good, clock);
  ASSERT_OK(store);
  EXPECT_THAT((*store)->Put(Ulid(), 0, "x"),
              StatusIs(absl::StatusCode::kUnavailable, "BLOB_STORE_UNAVAILABLE"));
}

}  // namespace
}  // namespace bangfu::blob

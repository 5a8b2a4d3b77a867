// What a draft may hold: whatever the form can, however much of it is missing.
#include "common/draft/content.h"

#include "bangfu/testing/v1/sample.pb.h"
#include "common/base/strings.h"
#include "common/testing/status_matchers.h"
#include "google/protobuf/util/json_util.h"

namespace bangfu::draft {
namespace {

using absl::StatusCode;
using ::bangfu::testing::HasViolation;
using ::bangfu::testing::StatusIs;
using ::bangfu::testing::v1::CreateSampleRequest;
using ::testing::ElementsAre;

absl::StatusOr<Content> Reads(std::string_view json) {
  return ReadContent(*CreateSampleRequest::descriptor(), json);
}
// The sample's fields as they stand in the form.
absl::StatusOr<Content> ReadsSample(std::string_view fields) {
  return Reads(Cat(R"({"sample": {)", fields, "}}"));
}
std::vector<std::string> Paths(const Content& content) {
  std::vector<std::string> out;
  for (const v1::DraftProblem& problem : content.problems) out.push_back(problem.path());
  return out;
}

TEST(DraftContent, NothingNeedBeThereAndWhatIsMissingIsTold) {
  ASSERT_OK_AND_ASSIGN(const Content empty, Reads("{}"));
  EXPECT_EQ(empty.json, "{}");
  // Not the request id: a client makes one when it submits.
  ASSERT_THAT(Paths(empty), ElementsAre("sample"));
  EXPECT_EQ(empty.problems[0].problem_zh(), "必填");

  ASSERT_OK_AND_ASSIGN(const Content begun, ReadsSample(R"("amount_fen": "5")"));
  ASSERT_THAT(Paths(begun), ElementsAre("sample.name", "sample.kind"));
  EXPECT_EQ(begun.problems[0].label_zh(), "名称");
}

TEST(DraftContent, WhatTheRulesRefuseIsKeptAndTold) {
  ASSERT_OK_AND_ASSIGN(
      const Content content,
      ReadsSample(R"("name": "甲", "kind": "SAMPLE_KIND_FARM", "amount_fen": "9000000",
                     "uscc": "9136", "parts": [{"name": "乙方", "kind": 99}])"));
  EXPECT_THAT(Paths(content), ElementsAre("sample.name", "sample.amount_fen", "sample.uscc",
                                          "sample.parts[0].kind"));
  EXPECT_THAT(content.json, ::testing::HasSubstr("9000000"));
}

TEST(DraftContent, IsWrittenAsTheContractNamesItsFields) {
  ASSERT_OK_AND_ASSIGN(const Content content,
                       Reads(R"({"requestId": "0123456789", "validateOnly": true,
                                 "sample": {"amountFen": 7, "madeBy": "我", "ownerLink": null}})"));
  // What belongs to a submission and what the server sets is no part of it.
  EXPECT_EQ(content.json, R"({"sample":{"amount_fen":"7"}})");
  CreateSampleRequest request;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(content.json, &request).ok());
  EXPECT_EQ(request.sample().amount_fen(), 7);
  // Saved again as it was given back, it is the same.
  ASSERT_OK_AND_ASSIGN(const Content again, Reads(content.json));
  EXPECT_EQ(again.json, content.json);
}

TEST(DraftContent, FieldsThatTheFormDoesNotHaveAreRefusedByPath) {
  const absl::Status refused =
      Reads(R"({"sampel": {}, "sample": {"parts": [{}, {"colour": 1}]}})").status();
  EXPECT_THAT(refused, StatusIs(StatusCode::kInvalidArgument, "DRAFT_CONTENT_INVALID"));
  EXPECT_THAT(refused, HasViolation("sampel"));
  EXPECT_THAT(refused, HasViolation("sample.parts[1].colour"));
  EXPECT_EQ(GetErrorDetail(refused).violations.size(), 2u);
}

TEST(DraftContent, ValuesOfAnotherTypeAreRefusedByPath) {
  const struct {
    std::string_view fields;
    std::string_view path;
  } cases[] = {
      {R"("name": 5)", "sample.name"},
      {R"("kind": "SAMPLE_KIND_SEA")", "sample.kind"},
      {R"("kind": true)", "sample.kind"},
      {R"("kinds": "SAMPLE_KIND_FARM")", "sample.kinds"},
      {R"("kinds": [null])", "sample.kinds[0]"},
      {R"("amount_fen": "many")", "sample.amount_fen"},
      {R"("amount_fen": 1.5)", "sample.amount_fen"},
      {R"("amount_fen": 9223372036854775808)", "sample.amount_fen"},
      {R"("rank": 2147483648)", "sample.rank"},
      {R"("scores": [1, "2", [3]])", "sample.scores[2]"},
      {R"("weight": "heavy")", "sample.weight"},
      {R"("parts": {})", "sample.parts"},
      {R"("parts": ["一"])", "sample.parts[0]"},
      {R"("started_on": "2026-01-31")", "sample.started_on"},
      {R"("started_on": {"year": "x"})", "sample.started_on.year"},
      {R"("seen_at": "yesterday")", "sample.seen_at"},
      {R"("owner_name": "张", "owner_link": {})", "sample.owner_name"},
      {R"("amount_fen": 1, "amountFen": 2)", "sample.amount_fen"},
  };
  for (const auto& one : cases) {
    const absl::Status refused = ReadsSample(one.fields).status();
    EXPECT_THAT(refused, StatusIs(StatusCode::kInvalidArgument, "DRAFT_CONTENT_INVALID"))
        << one.fields;
    ASSERT_EQ(GetErrorDetail(refused).violations.size(), 1u) << one.fields;
    // Of two that exclude each other either may be named.
    if (one.path != "sample.owner_name") {
      EXPECT_THAT(refused, HasViolation(std::string(one.path)));
    }
  }
  EXPECT_OK(ReadsSample(R"("seen_at": "2026-01-31T08:00:00Z", "scores": ["2"], "weight": 2,
                           "photo": "AAEC", "started_on": {"year": 2026, "month": 1})")
                .status());
}

TEST(DraftContent, WhatIsNoObjectIsRefused) {
  std::string deep = R"({"sample": )";
  for (int i = 0; i < 40; ++i) deep += R"({"parts": [)";
  for (const std::string& text :
       {std::string(), std::string("[]"), std::string("null"), std::string("{"),
        std::string("{\"a\": \"\xff\"}"), deep, std::string(60000, '[')}) {
    const absl::Status refused = Reads(text).status();
    EXPECT_THAT(refused, StatusIs(StatusCode::kInvalidArgument, "DRAFT_CONTENT_INVALID"))
        << text.substr(0, 20);
  }
  EXPECT_THAT(ReadsSample(R"("photo": "*")").status(),
              StatusIs(StatusCode::kInvalidArgument, "DRAFT_CONTENT_INVALID"));
}

// The details ride in the headers of the answer.
TEST(DraftContent, RefusalsStaySmall) {
  std::string text = "{";
  for (int i = 0; i < 500; ++i) text += Cat("\"", std::string(100, 'x'), i, "\": 1, ");
  text += R"("sample": {}})";
  const absl::Status refused = Reads(text).status();
  size_t bytes = 0;
  for (const FieldViolation& one : GetErrorDetail(refused).violations) {
    bytes += one.field.size() + one.description.size();
  }
  EXPECT_LT(bytes, 4096u);
  EXPECT_THAT(refused, HasViolation(""));
}

}  // namespace
}  // namespace bangfu::draft

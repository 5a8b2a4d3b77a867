#include "common/contract/validator.h"

#include <time.h>

#include <limits>

#include "bangfu/testing/v1/broken.pb.h"
#include "bangfu/testing/v1/sample.pb.h"
#include "common/status/error.h"

namespace bangfu::contract {
namespace {

using testing::v1::Sample;

Sample Good() {
  Sample s;
  s.set_name("油茶园");
  s.set_kind(testing::v1::SAMPLE_KIND_FARM);
  return s;
}

std::map<std::string, std::string> Check(const google::protobuf::Message& message) {
  auto validator = Validator::For(message.GetDescriptor());
  EXPECT_TRUE(validator.ok()) << validator.status();
  const absl::Status status = (*validator)->Validate(message);
  std::map<std::string, std::string> out;
  if (status.ok()) return out;
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(status), "FIELD_INVALID");
  for (const auto& v : GetErrorDetail(status).violations) {
    EXPECT_FALSE(v.description.empty());
    out[v.field] = v.description;
  }
  return out;
}

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

TEST(ValidatorTest, AcceptsWhatFollowsTheRules) {
  Sample s = Good();
  s.set_id("01ARZ3NDEKTSV4RRFFQ69G5FAV");
  s.set_region_code("360733000000");
  s.set_amount_fen(1000000);
  s.set_serial("abc-12");
  s.set_code("TEA-1_A");
  s.set_sha256(std::string(64, 'a'));
  s.set_period("2026-12");
  s.mutable_started_on()->set_year(2024);
  s.mutable_started_on()->set_month(2);
  s.mutable_started_on()->set_day(29);
  s.mutable_seen_at()->set_seconds(1);
  s.set_rank(1);
  s.set_owner_name("合作社");
  s.add_scores(5);
  *s.add_parts() = Good();
  EXPECT_THAT(Check(s), IsEmpty());
}

TEST(ValidatorTest, ReportsEveryViolationAtOnceWithItsPath) {
  Sample s;
  s.set_id("nonsense");
  s.set_name("一二三四五六七八九");
  s.set_amount_fen(-1);
  s.set_region_code("36073");
  s.set_uscc("91360000000000000X");
  s.mutable_started_on()->set_year(2023);
  s.mutable_started_on()->set_month(2);
  s.mutable_started_on()->set_day(29);
  s.mutable_seen_at()->set_nanos(-1);
  s.set_serial("ABC");
  s.set_code("小写");
  s.set_sha256("AA");
  s.set_period("2026-13");
  s.set_photo("12345");
  s.add_scores(1);
  s.add_scores(6);
  s.set_rank(0);
  s.mutable_owner_link();
  s.add_kinds(testing::v1::SAMPLE_KIND_FARM);
  s.add_kinds(static_cast<testing::v1::SampleKind>(99));
  s.set_weight(std::numeric_limits<double>::quiet_NaN());
  *s.add_parts() = Good();
  s.add_parts()->set_name("短名");
  std::vector<std::string> fields;
  for (const auto& [field, text] : Check(s)) fields.push_back(field);
  EXPECT_THAT(fields, UnorderedElementsAre("id", "name", "kind", "amount_fen", "region_code",
                                           "uscc", "started_on", "seen_at", "serial", "code",
                                           "sha256", "period", "photo", "scores[1]", "rank",
                                           "owner_link.id", "kinds[1]", "weight", "parts[1].kind"));
}

TEST(ValidatorTest, TellsRequiredFromOptional) {
  testing::v1::CreateSampleRequest request;
  EXPECT_THAT(Check(request),
              UnorderedElementsAre(Pair("request_id", "必填"), Pair("sample", "必填")));
  request.set_request_id("r-1");
  *request.mutable_sample() = Good();
  EXPECT_THAT(Check(request),
              ElementsAre(Pair("request_id", "请求编号应为8至64个字母、数字或_ . : -")));
  request.set_request_id("request-1");
  EXPECT_THAT(Check(request), IsEmpty());
}

TEST(ValidatorTest, MembersOfAOneofAreCheckedWhenSet) {
  Sample s = Good();
  EXPECT_THAT(Check(s), IsEmpty());  // none set: no complaint
  s.set_owner_name("");
  EXPECT_THAT(Check(s), ElementsAre(Pair("owner_name", "必填")));
  s.set_owner_name("一二三四五");
  EXPECT_THAT(Check(s), ElementsAre(Pair("owner_name", "不能超过4个字符")));
}

TEST(ValidatorTest, BoundsListsAndDepth) {
  Sample s = Good();
  for (int i = 0; i < 4; ++i) *s.add_parts() = Good();
  EXPECT_THAT(Check(s), ElementsAre(Pair("parts", "不能超过3项")));
  s.clear_parts();
  for (int i = 0; i < 1001; ++i) s.add_notes("x");
  EXPECT_THAT(Check(s), ElementsAre(Pair("notes", "不能超过1000项")));
  s.clear_notes();
  Sample* deep = &s;
  for (int i = 0; i < 60; ++i) {
    deep = deep->add_parts();
    *deep = Good();
  }
  const auto violations = Check(s);
  ASSERT_EQ(violations.size(), 1u);
  EXPECT_EQ(violations.begin()->second, "嵌套过深");
}

TEST(ValidatorTest, KeepsTheAnswerSmall) {
  testing::v1::Sample s = Good();
  for (int i = 0; i < 1000; ++i) s.add_scores(9);
  const auto violations = Check(s);
  EXPECT_LT(violations.size(), 300u);
  EXPECT_THAT(violations.at(""), ::testing::HasSubstr("另有"));
}

TEST(ValidatorTest, TakesWhatTheServerSetsFromNoClient) {
  testing::v1::CreateSampleRequest request;
  *request.mutable_sample() = Good();
  request.mutable_sample()->set_made_by("client");
  *request.mutable_sample()->add_parts() = Good();
  request.mutable_sample()->mutable_parts(0)->set_made_by("client");
  const auto validator = Validator::For(request.GetDescriptor());
  ASSERT_TRUE(validator.ok());
  (*validator)->ClearOutputOnly(&request);
  EXPECT_EQ(request.sample().made_by(), "");
  EXPECT_EQ(request.sample().parts(0).made_by(), "");
  EXPECT_EQ(request.sample().name(), "油茶园");
}

TEST(ValidatorTest, RefusesRulesThatCannotBeCompiled) {
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(ReasonOf(Validator::For(testing::v1::BadPattern::descriptor()).status()),
              "FIELD_RULE_INVALID");
    EXPECT_EQ(ReasonOf(Validator::For(testing::v1::MisplacedRule::descriptor()).status()),
              "FIELD_RULE_INVALID");
  }
}

double ThreadCpuNanoseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

TEST(ValidatorTest, CostsLessThanAMicrosecondOnAPointRead) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the time of instrumented code says nothing about the code";
#endif
  testing::v1::GetSampleRequest request;
  request.set_id("01ARZ3NDEKTSV4RRFFQ69G5FAV");
  const Validator* validator = *Validator::For(request.GetDescriptor());
  constexpr int kRuns = 20000;
  // The thread's own time, and the best of several rounds: the machine may be busy with something
  // else.
  double best = 1e9;
  for (int round = 0; round < 20; ++round) {
    const double start = ThreadCpuNanoseconds();
    for (int i = 0; i < kRuns; ++i) ASSERT_TRUE(validator->Validate(request).ok());
    best = std::min(best, (ThreadCpuNanoseconds() - start) / kRuns);
  }
  EXPECT_LT(best, 1000) << "ns per request";
}

}  // namespace
}  // namespace bangfu::contract

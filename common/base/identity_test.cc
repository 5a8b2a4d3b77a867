#include <set>
#include <string>
#include <thread>
#include <vector>

#include "common/base/backoff.h"
#include "common/base/digest.h"
#include "common/base/page_token.h"
#include "common/base/ulid.h"
#include "common/base/uscc.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bangfu {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class FixedClock final : public Clock {
 public:
  explicit FixedClock(int64_t ms) : ms_(ms) {}
  absl::Time Now() const override { return absl::FromUnixMillis(ms_); }
  void Set(int64_t ms) { ms_ = ms; }

 private:
  int64_t ms_;
};

TEST(Ulid, TextAndBytesAndBack) {
  const auto id = Ulid::Parse("01ARZ3NDEKTSV4RRFFQ69G5FAV");
  ASSERT_TRUE(id.ok());
  EXPECT_EQ(id->ToString(), "01ARZ3NDEKTSV4RRFFQ69G5FAV");
  EXPECT_EQ(absl::ToUnixMillis(id->time()), 1469922850259);
  EXPECT_EQ(*Ulid::Parse("01arz3ndektsv4rrffq69g5fav"), *id);
  EXPECT_EQ(*Ulid::FromBytes(id->bytes()), *id);
  EXPECT_EQ(Ulid::Parse("7ZZZZZZZZZZZZZZZZZZZZZZZZZ")->bytes(), std::string(16, '\xff'));
  EXPECT_FALSE(id->is_zero());
  EXPECT_TRUE(Ulid().is_zero());
  EXPECT_EQ(Ulid().ToString(), std::string(26, '0'));
}

TEST(Ulid, RefusesWhatIsNone) {
  for (const char* text : {"", "01ARZ3NDEKTSV4RRFFQ69G5FA", "01ARZ3NDEKTSV4RRFFQ69G5FAVX",
                           "8ZZZZZZZZZZZZZZZZZZZZZZZZZ", "01ARZ3NDEKTSV4RRFFQ69G5FAU",
                           "01ARZ3NDEKTSV4RRFFQ69G5FA\xe4"}) {
    EXPECT_EQ(Ulid::Parse(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
  EXPECT_FALSE(Ulid::FromBytes("short").ok());
}

TEST(UlidGenerator, IncreasesWhenTheClockStandsOrRunsBack) {
  FixedClock clock(1000);
  UlidGenerator generator(clock, [] { return ~uint64_t{0}; });
  Ulid last = generator.Next();
  EXPECT_EQ(absl::ToUnixMillis(last.time()), 1000);
  for (const int64_t ms : {1000, 1000, 999, 1, 1001, 1001, 1002, 1003, 1000}) {
    clock.Set(ms);
    const Ulid next = generator.Next();
    EXPECT_LT(last, next) << ms;
    EXPECT_LT(last.ToString(), next.ToString());
    last = next;
  }
}

TEST(UlidGenerator, GivesDistinctIdsToAllThreads) {
  UlidGenerator generator(SystemClock());
  std::vector<std::vector<std::string>> made(4);
  {
    std::vector<std::jthread> threads;
    for (auto& ids : made) {
      threads.emplace_back([&] {
        for (int i = 0; i < 1000; ++i) ids.push_back(generator.Next().ToString());
      });
    }
  }
  std::set<std::string> all;
  for (const auto& ids : made) all.insert(ids.begin(), ids.end());
  EXPECT_EQ(all.size(), 4000u);
}

TEST(Uscc, ChecksTheLastCharacter) {
  EXPECT_EQ(UsccCheckCharacter("91350100M000100Y4"), '3');
  EXPECT_EQ(*NormalizeUscc("91350100M000100Y43"), "91350100M000100Y43");
  EXPECT_EQ(*NormalizeUscc("91350100m000100y43"), "91350100M000100Y43");
  EXPECT_FALSE(NormalizeUscc("91350100M000100Y4Z").ok());
  EXPECT_FALSE(NormalizeUscc("91350100M000100Y44").ok());
  EXPECT_FALSE(NormalizeUscc("91350100M000100Y4").ok());
  EXPECT_EQ(UsccCheckCharacter("91350100I000100Y4"), '\0');
}

TEST(Uscc, ASumDivisibleBy31GivesZero) {
  EXPECT_EQ(UsccCheckCharacter("91360100MA300015X"), '0');
  EXPECT_TRUE(NormalizeUscc("91360100MA300015X0").ok());
}

TEST(Digest, Sha256OfWholeAndOfParts) {
  const std::string abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  EXPECT_EQ(Sha256Hex("abc"), abc);
  EXPECT_EQ(Sha256("").size(), 32u);
  Sha256Stream stream;
  stream.Update("a");
  stream.Update("");
  stream.Update("bc");
  EXPECT_EQ(HexEncode(stream.Finish()), abc);
}

TEST(PageToken, CarriesTheKeyOfItsOwnQuery) {
  const std::vector<std::string> key = {"360733", std::string("\0\xff", 2), ""};
  const std::string token = EncodePageToken(key, "query");
  EXPECT_EQ(*DecodePageToken(token, "query"), key);
  EXPECT_EQ(DecodePageToken(token, "other").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(*DecodePageToken("", "query"), IsEmpty());
  EXPECT_THAT(*DecodePageToken(EncodePageToken({}, "q"), "q"), IsEmpty());
}

TEST(PageToken, RefusesEveryDamage) {
  const std::string token = EncodePageToken({"360733", "x"}, "query");
  EXPECT_FALSE(DecodePageToken("%%%", "query").ok());
  for (size_t i = 1; i < token.size(); ++i) {
    EXPECT_FALSE(DecodePageToken(token.substr(0, i), "query").ok()) << i;
  }
}

TEST(PageSize, DefaultsAndLimits) {
  EXPECT_EQ(*ResolvePageSize(0), 50);
  EXPECT_EQ(*ResolvePageSize(7), 7);
  EXPECT_EQ(*ResolvePageSize(100000), 500);
  EXPECT_FALSE(ResolvePageSize(-1).ok());
}

TEST(Backoff, DoublesUpToItsMaximum) {
  // The highest draw of every range shows the range.
  uint64_t draw = 0;
  Backoff backoff({absl::Milliseconds(20), absl::Milliseconds(100)}, [&] { return draw; });
  std::vector<int64_t> waits;
  for (const int64_t limit : {20, 40, 80, 100, 100}) {
    draw = static_cast<uint64_t>(limit) * 1'000'000;
    waits.push_back(absl::ToInt64Milliseconds(backoff.Next()));
  }
  EXPECT_THAT(waits, ElementsAre(20, 40, 80, 100, 100));
  draw = 20'000'001;
  backoff.Reset();
  EXPECT_EQ(backoff.Next(), absl::ZeroDuration());
  for (int i = 0; i < 100; ++i) EXPECT_LE(backoff.Next(), absl::Milliseconds(100));
}

}  // namespace
}  // namespace bangfu

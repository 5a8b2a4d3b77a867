#include "common/base/text.h"

#include "common/base/decimal.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bangfu {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Text, KnowsUtf8) {
  EXPECT_TRUE(IsValidUtf8("冷库 abc 😀"));
  EXPECT_TRUE(IsValidUtf8(""));
  EXPECT_FALSE(IsValidUtf8("\xe5\x86"));
  EXPECT_FALSE(IsValidUtf8("a\xff"));
  EXPECT_FALSE(IsValidUtf8("\xc0\xaf"));
  EXPECT_FALSE(IsValidUtf8("\xed\xa0\x80"));
}

TEST(Text, NfkcMakesFullWidthHalfWidth) {
  EXPECT_EQ(Nfkc("１，２３４．５０"), "1,234.50");
  EXPECT_EQ(*ParseScaledDecimal(Nfkc("１，２３４．５０"), 2), 123450);
  EXPECT_EQ(Nfkc("冷库（二期）"), "冷库(二期)");
  EXPECT_EQ(Nfkc("\xff raw"), "\xff raw");
  EXPECT_EQ(Nfkc(""), "");
}

TEST(Text, MatchKeyIgnoresHowItWasTyped) {
  EXPECT_EQ(MatchKey(" 冷库（ＡＢＣ）\u3000二期。\u200b"), "冷库abc二期");
  EXPECT_EQ(MatchKey("產業幫扶項目"), "产业帮扶项目");
  EXPECT_EQ(MatchKey("產業—幫扶"), MatchKey("产业帮扶"));
  EXPECT_EQ(MatchKey("，。 "), "");
}

TEST(Text, BigramsAreUniquePairs) {
  EXPECT_THAT(Bigrams("冷库建设"), ElementsAre("冷库", "库建", "建设"));
  EXPECT_THAT(Bigrams("aaaa"), ElementsAre("aa"));
  EXPECT_THAT(Bigrams("库"), ElementsAre("库"));
  EXPECT_THAT(Bigrams(" 。"), IsEmpty());
  EXPECT_THAT(Bigrams("😀A"), ElementsAre("😀a"));
}

TEST(Text, CountsAndCutsByCodePoint) {
  EXPECT_EQ(Utf8Length("冷库ab😀"), 5u);
  EXPECT_EQ(Utf8Length("\xff\xff"), 2u);
  EXPECT_EQ(Utf8Truncate("冷库ab", 3), "冷库a");
  EXPECT_EQ(Utf8Truncate("冷库", 2), "冷库");
  EXPECT_EQ(Utf8Truncate("冷库", 0), "");
}

TEST(Text, Gb18030) {
  EXPECT_EQ(*Gb18030ToUtf8("\xc0\xe4\xbf\xe2,A"), "冷库,A");
  EXPECT_EQ(*Gb18030ToUtf8("\x81\x39\xee\x39"), "㐀");
  EXPECT_EQ(*Gb18030ToUtf8(""), "");
  EXPECT_EQ(Gb18030ToUtf8("\xff\xff").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Gb18030ToUtf8("abc\xc0").status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace bangfu

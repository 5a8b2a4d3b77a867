#include "common/printed/chinese.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bangfu::printed {
namespace {

using ::testing::ElementsAre;

TEST(Chinese, Helpers) {
  EXPECT_EQ(ChineseNumber("十五"), 15);
  EXPECT_EQ(ChineseNumber("一百二十"), 120);
  EXPECT_EQ(ChineseNumber("两"), 2);
  EXPECT_EQ(ChineseNumber("几"), -1);
  EXPECT_EQ(WithoutFormulaGuard("'=1"), "=1");
  EXPECT_EQ(WithoutFormulaGuard("'a"), "'a");
  EXPECT_THAT(SplitOutsideBrackets("甲(乙、丙)、丁", {"、"}), ElementsAre("甲(乙、丙)", "丁"));
}

}  // namespace
}  // namespace bangfu::printed

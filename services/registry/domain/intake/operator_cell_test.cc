#include "services/registry/domain/intake/operator_cell.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/strings.h"

namespace bangfu::registry::intake {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kCode[] = "91350100M000100Y43";

TEST(OperatorCell, NameAndCodeApart) {
  for (const std::string& cell :
       {Cat("会昌县惠民合作社", kCode), Cat("会昌县惠民合作社 ", kCode),
        Cat("会昌县惠民合作社（", kCode, "）"),
        Cat("会昌县惠民合作社(统一社会信用代码:", kCode, ")"),
        Cat("会昌县惠民合作社（统一社会信用代码：", kCode, "）"),
        Cat("会昌县惠民合作社，信用代码：", kCode), Cat("会昌县惠民合作社：", kCode),
        Cat("会昌县惠民合作社/", kCode), Cat("会昌县惠民合作社\n", kCode),
        Cat("会昌县惠民合作社、代码", kCode, "。"), Cat(kCode, " 会昌县惠民合作社"),
        Cat("【", kCode, "】会昌县惠民合作社")}) {
    const OperatorCell read = ReadOperatorCell(cell);
    EXPECT_EQ(read.name, "会昌县惠民合作社") << cell;
    EXPECT_THAT(read.codes, ElementsAre(kCode)) << cell;
  }
  EXPECT_THAT(ReadOperatorCell("惠民合作社（９１３５０１００Ｍ０００１００Ｙ４３）").codes,
              ElementsAre(kCode));
}

TEST(OperatorCell, NamesKeepTheirBracketsAndFigures) {
  EXPECT_EQ(ReadOperatorCell(Cat("江西（会昌）果业公司（", kCode, "）")).name,
            "江西(会昌)果业公司");
  EXPECT_EQ(ReadOperatorCell("会昌2021代码科技有限公司").name, "会昌2021代码科技有限公司");
  EXPECT_THAT(ReadOperatorCell("会昌2021代码科技有限公司").codes, IsEmpty());
  EXPECT_EQ(ReadOperatorCell("").name, "");
  EXPECT_EQ(ReadOperatorCell(kCode).name, "");
}

TEST(OperatorCell, WhatIsNoGoodCodeIsReadAsItCame) {
  EXPECT_THAT(ReadOperatorCell("惠民合作社 91350100M000100Y4").codes,
              ElementsAre("91350100M000100Y4"));
  EXPECT_THAT(ReadOperatorCell("惠民合作社 360733600012345").codes, ElementsAre("360733600012345"));
  EXPECT_THAT(ReadOperatorCell(Cat("甲合作社", kCode, "、乙合作社91350100M000100Y44")).codes,
              ElementsAre(kCode, "91350100M000100Y44"));
}

}  // namespace
}  // namespace bangfu::registry::intake

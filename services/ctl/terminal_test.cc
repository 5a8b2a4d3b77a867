#include "services/ctl/terminal.h"

#include "gtest/gtest.h"

namespace bangfu::ctl {
namespace {

TEST(TerminalTest, ChineseTakesTwoColumns) {
  EXPECT_EQ(DisplayWidth("盘活类"), 6u);
  EXPECT_EQ(DisplayWidth("PJ360733"), 8u);
  EXPECT_EQ(DisplayWidth("（二）"), 6u);
  EXPECT_EQ(PadRight("村", 4), "村  ");
  EXPECT_EQ(PadLeft("12", 4), "  12");
}

TEST(TerminalTest, TablesLineUp) {
  TextTable table({"类别", "数"}, {1});
  table.Row({"巩固类", "265"});
  table.Row({"盘活", "7"});
  EXPECT_EQ(table.Render(), "类别     数\n──────  ───\n巩固类  265\n盘活      7\n");
}

TEST(TerminalTest, BarsAndMoneyAreExact) {
  EXPECT_EQ(Bar(1, 2, 4), "██░░");
  EXPECT_EQ(Bar(0, 0, 3), "░░░");
  EXPECT_EQ(Percent(9999), "99.99 %");
  EXPECT_EQ(Wan(724712484), "724.712484");
}

}  // namespace
}  // namespace bangfu::ctl

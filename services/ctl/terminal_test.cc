#include "services/ctl/terminal.h"

#include "gtest/gtest.h"
#include "services/ctl/bulk.h"

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

TEST(TerminalTest, TimesAreThoseOfShanghai) {
  google::protobuf::Timestamp at;
  at.set_seconds(1793376005);
  EXPECT_EQ(TimeText(at), "2026-10-31 00:00");
  EXPECT_EQ(TimeText(at, "%H:%M:%S"), "2026-10-31 00:00:05");
}

TEST(TerminalTest, BarsAndMoneyAreExact) {
  EXPECT_EQ(Bar(1, 2, 4), "██░░");
  EXPECT_EQ(Bar(0, 0, 3), "░░░");
  EXPECT_EQ(Percent(9999), "99.99 %");
  EXPECT_EQ(Wan(724712484), "724.712484");
}

TEST(TerminalTest, ABulkStepTellsOfEachItem) {
  google::protobuf::RepeatedPtrField<type::v1::BulkResult> results;
  type::v1::BulkResult* done = results.Add();
  done->set_id("01J1");
  done->set_done(true);
  done->set_state_zh("已接收");
  type::v1::BulkResult* refused = results.Add();
  refused->set_id("01J2");
  refused->mutable_refusal()->set_message_zh("当前状态不能接收");
  EXPECT_EQ(RenderBulkResults(results),
            "01J1  已接收\n01J2  未办理：当前状态不能接收\n共 2，办理 1，未办理 1\n");
}

}  // namespace
}  // namespace bangfu::ctl

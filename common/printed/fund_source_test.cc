#include "common/printed/fund_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/printed/amount.h"

namespace bangfu::printed {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> Codes(std::string_view cell) {
  std::vector<std::string> out;
  for (const DeclaredSource& s : ParseFundSources(cell).items) out.push_back(s.source_code);
  return out;
}

TEST(FundSources, WithAmounts) {
  const DeclaredSources s =
      ParseFundSources("沪滇扶贫协作项目资金1000万元、整合部门资金1304.26万元、农户自筹11.35万元");
  ASSERT_EQ(s.items.size(), 3U);
  EXPECT_EQ(s.items[0].source_code, "EAST_WEST");
  EXPECT_EQ(s.items[1].source_code, "INTEGRATED_AGRI");
  EXPECT_EQ(s.items[2].source_code, "SELF_RAISED");
  EXPECT_EQ(s.items[2].amount.fen, 11350000);
}

TEST(FundSources, CodesByWords) {
  EXPECT_THAT(Codes("中央财政衔接资金2825万元、省级财政衔接资金733.83万元"),
              ElementsAre("BRIDGE_CENTRAL", "BRIDGE_PROVINCE"));
  EXPECT_THAT(Codes("市级财政衔接资金(九财乡振指〔2023〕17号)"), ElementsAre("BRIDGE_CITY"));
  EXPECT_THAT(Codes("2023年第二批中央财政衔接推进乡村振兴补助资金(青财农字〔2023〕505号)"),
              ElementsAre("BRIDGE_CENTRAL"));
  EXPECT_THAT(Codes("自治区(第二批)财政衔接资金"), ElementsAre("BRIDGE_PROVINCE"));
  EXPECT_THAT(Codes("财政扶贫资金313.2万元、自筹资金134.72万元"),
              ElementsAre("LEGACY_SPECIAL", "SELF_RAISED"));
  EXPECT_THAT(Codes("通道农商行授信150万元;村民入股"), ElementsAre("BANK_CREDIT", "SELF_RAISED"));
  EXPECT_THAT(Codes("中央专项彩票公益金"), ElementsAre("LOTTERY"));
  EXPECT_THAT(Codes("统筹整合财政涉农资金"), ElementsAre("INTEGRATED_AGRI"));
  EXPECT_THAT(Codes("财政资金"), ElementsAre(""));  // which one is asked
  EXPECT_THAT(Codes("绥财农【2022】9号、11号"), ElementsAre(""));
  EXPECT_THAT(Codes(""), IsEmpty());
  const DeclaredSources two = ParseFundSources("市、县两级衔接资金");
  ASSERT_EQ(two.items.size(), 1U);
  EXPECT_EQ(two.items[0].source_code, "");
  EXPECT_THAT(two.items[0].proposals, ElementsAre("BRIDGE_CITY", "BRIDGE_COUNTY"));
  const DeclaredSources task =
      ParseFundSources("2024年中央财政衔接推进乡村振兴补助资金-欠发达国有林场巩固提升");
  EXPECT_EQ(task.items[0].source_code, "BRIDGE_CENTRAL");
  EXPECT_EQ(task.items[0].task_code, "STATE_FOREST");
  EXPECT_EQ(ParseFundSources("中央衔接资金559万元(少数民族发展资金)").items[0].task_code, "ETHNIC");
}

TEST(FundSources, WithoutAmountsOrShares) {
  DeclaredSources s = ParseFundSources("中央衔接资金、地县配套资金");
  ASSERT_EQ(s.items.size(), 2U);
  EXPECT_EQ(s.items[0].amount.state, ParseState::kAbsent);
  EXPECT_EQ(s.items[1].source_code, "");
  s = ParseFundSources("省级730万元、市级394.2万元、县级配套362.128万元(未分摊)");
  ASSERT_EQ(s.items.size(), 3U);
  for (const DeclaredSource& item : s.items)
    EXPECT_EQ(item.amount.state, ParseState::kSplitUnknown) << item.raw;
  EXPECT_EQ(s.items[1].amount.programme_fen, 394200000);
  s = ParseFundSources("中央财政衔接推进乡村振兴补助资金(少数民族发展任务) 本次安排310万元");
  ASSERT_EQ(s.items.size(), 1U);
  EXPECT_TRUE(s.items[0].this_allocation);
  EXPECT_EQ(s.items[0].amount.fen, 310000000);
  s = ParseFundSources("财政补助资金,每村100万元");
  ASSERT_EQ(s.items.size(), 1U);
  EXPECT_EQ(s.items[0].amount.state, ParseState::kSplitUnknown);
  EXPECT_TRUE(ParseFundSources("省级投资1200万元等").incomplete);
  const DeclaredSource column = ParseFundColumn("中央衔接资金（万元）", "12.5", "");
  EXPECT_EQ(column.source_code, "BRIDGE_CENTRAL");
  EXPECT_EQ(column.amount.fen, 12500000);
}

}  // namespace
}  // namespace bangfu::printed

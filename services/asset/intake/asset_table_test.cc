#include "services/asset/intake/asset_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bangfu::asset::tables {
namespace {

TEST(AssetTable, HeadersInBothForms) {
  EXPECT_EQ(FieldOf("原值（万元）"), Field::kValue);
  EXPECT_EQ(FieldOf("original_value_text"), Field::kValue);
  EXPECT_EQ(FieldOf("年约定收益(万元)"), Field::kAgreed);
  EXPECT_EQ(FieldOf("户均增收（元）"), Field::kPerHousehold);
  EXPECT_EQ(FieldOf("别的"), Field::kNone);
  EXPECT_TRUE(ReadHeader({"资产名称", "原值（万元）", "使用状态"}).usable());
  EXPECT_FALSE(ReadHeader({"资产台账", "", ""}).usable());
}

TEST(AssetTable, WhatIsNoAssetIsSaidWhy) {
  EXPECT_EQ(RefusalOf("村集体经营性资产总计", "经营性资产", "", "")->reason, "SUMMARY_ROW");
  EXPECT_EQ(RefusalOf("到户类资产项目89个", "到户类资产", "", "汇总行;四位小数")->reason,
            "SUMMARY_ROW");
  EXPECT_EQ(RefusalOf("网具库房", "固定资产", "拟建", "")->reason, "ASSET_NOT_FORMED");
  EXPECT_EQ(RefusalOf("6栋厂房", "标准厂房", "在建", "")->reason, "ASSET_NOT_FORMED");
  EXPECT_EQ(RefusalOf("千亩大棚", "大棚", "在用", "企业投资,非财政资产")->reason, "OUT_OF_SCOPE");
  EXPECT_FALSE(
      RefusalOf("分宜县光伏扶贫电站", "光伏电站", "已并网发电", "四站合计7.51兆瓦").has_value());
}

TEST(AssetTable, PartialUseHasItsShares) {
  UseText use = UseOf("三处已出租、一处待租");
  EXPECT_EQ(use.state, UseState::kPartial);
  ASSERT_EQ(use.parts.size(), 2u);
  EXPECT_EQ(use.parts[0].share_bp, 7500);
  use = UseOf("部分使用60%");
  ASSERT_EQ(use.parts.size(), 2u);
  EXPECT_EQ(use.parts[0].share_bp, 6000);
  EXPECT_EQ(UseOf("部分使用62.5%").parts[1].share_bp, 3750);
  EXPECT_TRUE(UseOf("部分使用").parts.empty());  // asked for
  EXPECT_EQ(UseOf("由闲置转在用").state, UseState::kInUse);
  EXPECT_EQ(UseOf("未投产(油茶培育期)").state, UseState::kCultivating);
  EXPECT_EQ(UseOf("闲置").state, UseState::kIdle);
  EXPECT_EQ(UseOf("").state, UseState::kUnspecified);
}

TEST(AssetTable, OwnersAndShares) {
  const auto owners = OwnersOf("村集体占股51%、企业占股49%");
  ASSERT_EQ(owners.size(), 2u);
  EXPECT_EQ(owners[0].name, "村集体");
  EXPECT_EQ(owners[0].share_bp, 5100);
  EXPECT_EQ(owners[1].share_bp, 4900);
  EXPECT_EQ(OwnersOf("东洲村集体")[0].share_bp, 10000);
  for (const char* part : {"村集体占股51%", "村集体占股66.667%", "村集体占股150%"})
    EXPECT_EQ(OwnersOf(part)[0].share_bp, 0) << part;  // the others are not named
  EXPECT_EQ(OwnersOf("村集体占股100%")[0].share_bp, 10000);
  EXPECT_EQ(OwnersOf("村集体占股比例51%、企业 49%")[0].name, "村集体");
  const auto bracketed = OwnersOf("村集体（51%）、企业：49%");
  EXPECT_EQ(bracketed[0].name, "村集体");
  EXPECT_EQ(bracketed[1].name, "企业");
  EXPECT_EQ(bracketed[1].share_bp, 4900);
  const auto thirds = OwnersOf("甲村33.33%、乙村33.33%、丙村33.33%");
  EXPECT_EQ(thirds[0].share_bp, 3334);
  EXPECT_EQ(thirds[2].share_bp, 3333);
  EXPECT_EQ(OwnersOf("甲村60%、乙村60%")[0].share_bp, 0);  // no whole: asked for
  const auto halves = OwnersOf("村集体占股51.5%、企业48.5%");
  EXPECT_EQ(halves[0].share_bp, 5150);
  EXPECT_EQ(halves[1].share_bp, 4850);
  EXPECT_EQ(halves[1].name, "企业");
  EXPECT_EQ(OwnersOf("村集体占股66.667%、企业占股33.333%")[0].share_bp,
            0);                                            // no whole basis points
  EXPECT_EQ(OwnersOf("文河村、白里社区")[1].share_bp, 0);  // not stated
}

TEST(AssetTable, ConsumablesAreExpense) {
  const auto amount = ConsumablesIn("合作社返还受益3.2万元;原值含菌棒15万元(消耗品)");
  ASSERT_TRUE(amount.has_value());
  EXPECT_EQ(amount->fen, 15000000);
  EXPECT_FALSE(ConsumablesIn("原值不含税").has_value());
}

TEST(AssetTable, LinkModes) {
  const LinkModes modes = LinkModesOf("收益分红、就业务工、土地流转、别的");
  EXPECT_THAT(modes.codes, ::testing::ElementsAre("DIVIDEND", "EMPLOYMENT", "LAND_RENT"));
  EXPECT_THAT(modes.unknown, ::testing::ElementsAre("别的"));
}

}  // namespace
}  // namespace bangfu::asset::tables

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

TEST(AssetTable, HeadingsOfTheLedger) {
  const Header header =
      ReadHeader({"资产编码",       "名称",          "类别(经营/公益/到户)",
                  "形态",           "来源项目",      "资金来源",
                  "原值",           "现值",          "坐落",
                  "建成时间",       "权属级次",      "所有权人(份额)",
                  "收益权人(份额)", "确权状态/证号", "移交时间",
                  "经营方式",       "经营主体",      "合同起止",
                  "年约定收益",     "实际收益",      "收益分配(分红/公岗/公益/积累)",
                  "管护责任人",     "使用状态",      "闲置起始",
                  "保险",           "备注"});
  EXPECT_EQ(header.columns.size(), 26u);
  EXPECT_TRUE(header.others.empty());
  const Header more = ReadHeader({"名称", "资产名称", "面积", "面积", "note", "联系人", ""});
  ASSERT_EQ(more.others.size(), 6u);
  EXPECT_EQ(more.others[0].taken, "名称");
  EXPECT_EQ(more.others[1].name, "面积");
  EXPECT_EQ(more.others[2].name, "面积（第4列）");
  EXPECT_EQ(more.others[3].name, "note（第5列）");  // the note's own text is kept under note
  EXPECT_TRUE(more.others[4].personal);
  EXPECT_EQ(more.others[5].name, "第7列");
}

TEST(AssetTable, AmountsOfOwnersMakeShares) {
  const auto owners = OwnersOf("甲村30万元、乙村（70万元）");
  ASSERT_EQ(owners.size(), 2u);
  EXPECT_EQ(owners[0].name, "甲村");
  EXPECT_EQ(owners[0].share_bp, 3000);
  EXPECT_EQ(owners[1].name, "乙村");
  EXPECT_EQ(owners[1].share_bp, 7000);
  const auto thirds = OwnersOf("甲村10万元、乙村10万元、丙村10万元");
  EXPECT_EQ(thirds[0].share_bp + thirds[1].share_bp + thirds[2].share_bp, 10000);
  for (const char* open :
       {"甲村30万元、乙村", "甲村30万元、乙村70%", "甲村约30万元、乙村70万元",
        "甲村30万元、乙村70万元、丙村等", "甲村30万元", "甲村等5个村", "7个村"}) {
    EXPECT_EQ(OwnersOf(open)[0].share_bp, 0) << open;
  }
  EXPECT_EQ(OwnersOf("村集体占51%以上、企业占49%")[0].share_bp, 0);
  EXPECT_TRUE(OwnersOf("无").empty());
}

TEST(AssetTable, WhatIsNotClearIsNotGuessed) {
  for (const char* use : {"未出租", "停止运营", "未正常运营"}) {
    EXPECT_EQ(UseOf(use).state, UseState::kUnspecified) << use;
  }
  for (const char* use : {"部分使用，闲置40%", "部分使用约60%", "三处出租、一处闲置、两处维修",
                          "三处已出租、一处待租、数处未用"}) {
    EXPECT_EQ(UseOf(use).state, UseState::kPartial) << use;
    EXPECT_TRUE(UseOf(use).parts.empty()) << use;
  }
  EXPECT_EQ(UseOf("三处已出租、一处未出租").parts[0].share_bp, 7500);
  EXPECT_EQ(ModeOf("出租给合作社"), OperateMode::kLease);
  EXPECT_EQ(ModeOf("合作社+基地+农户"), OperateMode::kCooperate);
  EXPECT_EQ(ModeOf("无"), OperateMode::kNone);
  for (const char* mode : {"自营或出租", "未出租", "不详", ""}) EXPECT_FALSE(ModeOf(mode)) << mode;
  EXPECT_FALSE(ClassOf("非经营性资产"));
  EXPECT_FALSE(ClassOf("经营性/公益性"));
  EXPECT_EQ(InsuredOf("已投保"), true);
  EXPECT_EQ(InsuredOf("未投保"), false);
  EXPECT_EQ(InsuredOf("有"), true);
  for (const char* insured : {"", "部分投保", "正在办理投保", "2020年已到期"}) {
    EXPECT_FALSE(InsuredOf(insured).has_value()) << insured;
  }
}

TEST(AssetTable, TitleAndCertificateInOneCell) {
  struct Case {
    const char* text;
    std::optional<TitleStatus> status;
    const char* cert;
  };
  for (const Case& c :
       {Case{"已确权/赣(2021)第1号", TitleStatus::kRegistered, "赣(2021)第1号"},
        Case{"已确权，证号：赣(2021)第1号", TitleStatus::kRegistered, "赣(2021)第1号"},
        Case{"已确权（赣（2021）第1号）", TitleStatus::kRegistered, "赣(2021)第1号"},
        Case{"赣(2021)会昌县不动产权第0001号", TitleStatus::kRegistered,
             "赣(2021)会昌县不动产权第0001号"},
        Case{"已确权", TitleStatus::kRegistered, ""},
        Case{"2021年已确权", TitleStatus::kRegistered, ""},
        Case{"是", TitleStatus::kRegistered, ""}, Case{"未确权", TitleStatus::kUnregistered, ""},
        Case{"正在办理", TitleStatus::kUnregistered, ""},
        Case{"权属有争议", TitleStatus::kDisputed, ""}, Case{"部分确权", std::nullopt, ""},
        Case{"不清楚", std::nullopt, ""}, Case{"", std::nullopt, ""}}) {
    const TitleText title = TitleOf(c.text);
    EXPECT_EQ(title.status, c.status) << c.text;
    EXPECT_EQ(title.cert_no, c.cert) << c.text;
  }
}

TEST(AssetTable, TwoDaysInOneCell) {
  for (const char* text : {"2021-01-01至2029-12-31", "2021-01-01—2029-12-31",
                           "2021-01-01-2029-12-31", "2021年1月1日～2029年12月31日", "2021-2029"}) {
    ASSERT_TRUE(TermOf(text)) << text;
  }
  EXPECT_EQ(TermOf("2021-01-01-2029-12-31")->from, "2021-01-01");
  EXPECT_EQ(TermOf("2021-01-01-2029-12-31")->to, "2029-12-31");
  for (const char* text : {"", "长期", "2021-01-01", "2021年起", "五年"}) {
    EXPECT_FALSE(TermOf(text)) << text;
  }
}

TEST(AssetTable, LinkModes) {
  const LinkModes modes = LinkModesOf("收益分红、就业务工、土地流转、别的");
  EXPECT_THAT(modes.codes, ::testing::ElementsAre("DIVIDEND", "EMPLOYMENT", "LAND_RENT"));
  EXPECT_THAT(modes.unknown, ::testing::ElementsAre("别的"));
}

}  // namespace
}  // namespace bangfu::asset::tables

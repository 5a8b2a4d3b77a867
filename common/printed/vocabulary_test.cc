#include "common/printed/vocabulary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string_view>
#include <vector>

#include "absl/time/civil_time.h"
#include "common/base/strings.h"
#include "common/printed/amount.h"

namespace bangfu::printed {
namespace {

using ::testing::IsEmpty;

TEST(Words, Classes) {
  const std::vector<ClassSynonym> synonyms = {{"巩固一批", "CONSOLIDATE"},
                                              {"调整一批", "ADJUST"},
                                              {"另起炉灶类", "ADJUST"},
                                              {"另起炉灶一批", "ADJUST"},
                                              {"提升类", "UPGRADE"}};
  for (std::string_view w :
       {"调整类", "调整一批", "另起炉灶类", "另起炉灶一批", "調整類", "另起炉灶", "另起炉灶型"})
    EXPECT_EQ(ClassFromWord(w, synonyms), "ADJUST") << w;
  for (std::string_view w :
       {"提升类", "提升", "提升型", "提升一批", "提升类产业", "拟列入提升类项目"})
    EXPECT_EQ(ClassFromWord(w, synonyms), "UPGRADE") << w;
  EXPECT_EQ(ClassFromWord("拟列入巩固一批", synonyms), "CONSOLIDATE");
  EXPECT_EQ(ClassFromWord("升级类", {}), "UPGRADE");
  EXPECT_EQ(ClassFromWord("盘活 类", {}), "REVITALIZE");
  EXPECT_EQ(ClassFromWord("观望类", synonyms), "");
  // What is no name of the policy is known by the list alone.
  EXPECT_EQ(ClassFromWord("另起炉灶类", {}), "");
  EXPECT_EQ(ClassFromWord("提升", {}), "");
  // The whole word comes first, then the names of the policy; an end alone is no word.
  const std::vector<ClassSynonym> twice = {{"重来类", "ADJUST"},
                                           {"重来一批", "REVITALIZE"},
                                           {"升级一批", "CONSOLIDATE"},
                                           {"类", "ADJUST"}};
  EXPECT_EQ(ClassFromWord("重来类", twice), "ADJUST");
  EXPECT_EQ(ClassFromWord("重来一批", twice), "REVITALIZE");
  EXPECT_EQ(ClassFromWord("重来", twice), "");
  EXPECT_EQ(ClassFromWord("升级一批", twice), "CONSOLIDATE");
  EXPECT_EQ(ClassFromWord("升级类", twice), "UPGRADE");
  EXPECT_EQ(ClassFromWord("一批", twice), "");
}

TEST(Words, Stages) {
  EXPECT_EQ(StageFromStatus("在用").stage, "OPERATING");
  EXPECT_EQ(StageFromStatus("闲置").stage, "IDLE");
  EXPECT_EQ(StageFromStatus("在建").stage, "UNDER_CONSTRUCTION");
  EXPECT_EQ(StageFromStatus("已完成").stage, "COMPLETED");
  EXPECT_EQ(StageFromStatus("已完成40%左右,预计年中完工").stage, "UNDER_CONSTRUCTION");
  EXPECT_EQ(StageFromStatus("今年6月开工,计划今年11月底竣工验收").stage, "UNDER_CONSTRUCTION");
  EXPECT_EQ(StageFromStatus("2021-09-24开工,预计11月底竣工").stage, "UNDER_CONSTRUCTION");
  EXPECT_EQ(StageFromStatus("竣工(2024-03-01开工,2024-04-20全面完工)").stage, "COMPLETED");
  EXPECT_EQ(StageFromStatus("通过验收").stage, "ACCEPTED");
  EXPECT_EQ(StageFromStatus("不能实施,调整变更").stage, "TERMINATED");
  EXPECT_TRUE(StageFromStatus("审核符合").not_begun);
  EXPECT_EQ(StageFromStatus("好").stage, "");
}

TEST(Words, IndustriesByWholeWords) {
  EXPECT_EQ(MajorIndustryFrom("巩固拓展脱贫成果项目"), "");
  EXPECT_EQ(MajorIndustryFrom("脱贫成果园区"), "");
  for (const char* place :
       {"牛头村农机服务", "羊角镇电商中心", "鸡公山民宿", "桃源村光伏", "鱼米之乡道路硬化",
        "橙乡大道", "茶山村道路", "鹅湖村老街改造", "牛场村饮水", "桃园村文化广场"}) {
    EXPECT_EQ(MajorIndustryFrom(place), "") << place;
  }
  EXPECT_EQ(MajorIndustryFrom("肉牛"), "LIVESTOCK");
  EXPECT_EQ(MajorIndustryFrom("生态鱼养殖"), "AQUATIC");
  EXPECT_EQ(MajorIndustryFrom("羊肚菌种植"), "FRUIT_VEG");
  EXPECT_EQ(MajorIndustryFrom("果蔬"), "FRUIT_VEG");
  // A cell that is nothing else says it.
  EXPECT_EQ(MajorIndustryFrom("牛"), "LIVESTOCK");
  EXPECT_EQ(MajorIndustryFrom("牛、羊"), "LIVESTOCK");
  EXPECT_EQ(MajorIndustryFrom("牛、鱼"), "");
  EXPECT_EQ(MajorIndustryFrom("牛、光伏"), "");
}

TEST(Words, TypesYearsDaysCounts) {
  EXPECT_EQ(ProjectTypeFrom("债权投资"), "DEBT_INVEST");
  EXPECT_EQ(ProjectTypeFrom("产业发展项目"), "");
  EXPECT_EQ(ProjectTypeFrom("王家乡叶金木村饲料加工基地扩建项目"), "PROCESSING");
  EXPECT_EQ(ProjectTypeFrom("库房建设项目"), "COLD_CHAIN");
  EXPECT_EQ(ProjectTypeFrom("什么也不是"), "");
  EXPECT_EQ(ProjectTypeFrom("姜畈村高桥危桥改造"), "INFRA_SUPPORT");
  EXPECT_EQ(ProjectTypeFrom("高桥村合作社"), "");
  EXPECT_EQ(NatureFrom("扩建"), "EXPAND");
  EXPECT_EQ(MajorIndustryFrom("油茶1000亩"), "OIL");
  EXPECT_EQ(ParseYear("２０２１年度"), 2021);
  EXPECT_FALSE(ParseYear("2019-2021").has_value());
  EXPECT_EQ(ParseDay("2021年9月24日")->day, absl::CivilDay(2021, 9, 24));
  EXPECT_EQ(ParseDay("20210924")->day, absl::CivilDay(2021, 9, 24));
  EXPECT_FALSE(ParseDay("2021.9")->day_stated);
  EXPECT_FALSE(ParseDay("2021-02-30").has_value());
  EXPECT_FALSE(ParseDay("去年9月").has_value());
  EXPECT_EQ(ParseCount("1,546户"), 1546);
  EXPECT_FALSE(ParseCount("2万余").has_value());
  EXPECT_TRUE(IsDamagedCode("3.6E+11"));
  EXPECT_FALSE(IsDamagedCode("360733101201"));
  EXPECT_EQ(ImplausibleFigures("硬化道路长2950千米,路面宽4米").size(), 1U);
  EXPECT_EQ(ImplausibleFigures("20MW 与 20万兆瓦").size(), 1U);
  EXPECT_THAT(ImplausibleFigures("砌护渠道共计7.59千米"), IsEmpty());
}

TEST(Words, CountsAsTheyArePrinted) {
  const auto said = [](std::string_view cell) {
    const Count c = ParsePrintedCount(cell);
    return Cat(ParseStateName(c.state), " ", CountText(c));
  };
  EXPECT_EQ(said("20"), "EXACT 20");
  EXPECT_EQ(said("0户"), "EXACT 0");
  EXPECT_EQ(said("1,546户"), "EXACT 1546");
  EXPECT_EQ(said("共62户"), "EXACT 62");
  EXPECT_EQ(said("二十人"), "EXACT 20");
  EXPECT_EQ(said("28.1万人"), "EXACT 281000");
  EXPECT_EQ(said("２０人"), "EXACT 20");
  EXPECT_EQ(said("约20人"), "APPROXIMATE 约20");
  EXPECT_EQ(said("大约 20 人"), "APPROXIMATE 约20");
  EXPECT_EQ(said("20人左右"), "APPROXIMATE 约20");
  EXPECT_EQ(said("20余人"), "APPROXIMATE 20以上");
  EXPECT_EQ(said("二十余人"), "APPROXIMATE 20以上");
  EXPECT_EQ(said("十几人"), "APPROXIMATE 10以上");
  EXPECT_EQ(said("3万余人"), "APPROXIMATE 30000以上");
  EXPECT_EQ(said("不少于30人"), "APPROXIMATE 30以上");
  EXPECT_EQ(said("30人以上"), "APPROXIMATE 30以上");
  EXPECT_EQ(said("近100户"), "APPROXIMATE 100以下");
  EXPECT_EQ(said("不超过100户"), "APPROXIMATE 100以下");
  EXPECT_EQ(said("20-30人"), "RANGE 20—30");
  EXPECT_EQ(said("20人～30人"), "RANGE 20—30");
  EXPECT_EQ(said("30至20户"), "RANGE 20—30");
  EXPECT_EQ(said("*户"), "MASKED ");
  for (std::string_view cell :
       {"", "若干", "2个村,29个村民小组,1546户4850人", "1546户4850人", "360户(其中脱贫户21户)",
        "几十人", "0.5人", "8户建档立卡户", "-", "无"}) {
    EXPECT_EQ(said(cell), "ABSENT ") << cell;
    EXPECT_FALSE(ParsePrintedCount(cell).note_zh.empty());
    EXPECT_FALSE(ParseCount(cell).has_value());
  }
}

}  // namespace
}  // namespace bangfu::printed

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/strings.h"
#include "common/printed/amount.h"
#include "common/printed/chinese.h"
#include "common/printed/fund_source.h"
#include "common/printed/villages.h"
#include "common/printed/vocabulary.h"
#include "common/status/error.h"
#include "services/registry/domain/intake/project_table.h"

namespace bangfu::registry::intake {
namespace {

using namespace printed;  // what a cell says
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct AmountCase {
  std::string raw;
  ParseState state;
  std::optional<int64_t> fen, low, high;
};

class Amounts : public ::testing::TestWithParam<AmountCase> {};

TEST_P(Amounts, AsPublished) {
  const AmountCase& c = GetParam();
  const Amount a = ParseAmount(c.raw);
  EXPECT_EQ(ParseStateName(a.state), ParseStateName(c.state)) << c.raw << " " << a.note_zh;
  EXPECT_EQ(a.fen, c.fen) << c.raw;
  EXPECT_EQ(a.low_fen, c.low) << c.raw;
  EXPECT_EQ(a.high_fen, c.high) << c.raw;
  EXPECT_EQ(a.raw, c.raw);
}

constexpr std::nullopt_t kNo = std::nullopt;

INSTANTIATE_TEST_SUITE_P(
    Published, Amounts,
    ::testing::Values(AmountCase{"2315.61万元", ParseState::kExact, 231561'0000, kNo, kNo},
                      AmountCase{"724.712484万元", ParseState::kExact, 724712484, kNo, kNo},
                      AmountCase{"26045.5340万元", ParseState::kExact, 26045534000, kNo, kNo},
                      AmountCase{"159993.26元", ParseState::kExact, 15999326, kNo, kNo},
                      AmountCase{"2.23亿元", ParseState::kExact, 22300000000, kNo, kNo},
                      AmountCase{"6亿元", ParseState::kExact, 60000000000, kNo, kNo},
                      AmountCase{"1亿2000万元", ParseState::kExact, 12000000000, kNo, kNo},
                      AmountCase{"１，２３４．５万元", ParseState::kExact, 1234500000, kNo, kNo},
                      AmountCase{"３００萬元", ParseState::kExact, 300000000, kNo, kNo},
                      AmountCase{"2億圓", ParseState::kExact, 20000000000, kNo, kNo},
                      AmountCase{" 600万 ", ParseState::kExact, 600000000, kNo, kNo},
                      AmountCase{"-12.5万元", ParseState::kExact, -12500000, kNo, kNo},
                      AmountCase{"0.000001万元", ParseState::kExact, 1, kNo, kNo},
                      AmountCase{"1.00000000万元", ParseState::kExact, 1000000, kNo, kNo},
                      AmountCase{"1.0000001万元", ParseState::kAbsent, kNo, kNo, kNo},
                      AmountCase{"约600万元", ParseState::kApproximate, 600000000, kNo, kNo},
                      AmountCase{"約６００萬元", ParseState::kApproximate, 600000000, kNo, kNo},
                      AmountCase{"600万元左右", ParseState::kApproximate, 600000000, kNo, kNo},
                      AmountCase{"200余万元", ParseState::kApproximate, kNo, 200000000, kNo},
                      AmountCase{"1500多万元", ParseState::kApproximate, kNo, 1500000000, kNo},
                      AmountCase{"5000余万元", ParseState::kApproximate, kNo, 5000000000, kNo},
                      AmountCase{"近13万元", ParseState::kApproximate, kNo, kNo, 13000000},
                      AmountCase{"不超过13万元", ParseState::kApproximate, kNo, kNo, 13000000},
                      AmountCase{"突破50万元", ParseState::kApproximate, kNo, 50000000, kNo},
                      AmountCase{"800至1000元", ParseState::kRange, kNo, 80000, 100000},
                      AmountCase{"3000至4000元", ParseState::kRange, kNo, 300000, 400000},
                      AmountCase{"10万元—20万元", ParseState::kRange, kNo, 10000000, 20000000},
                      AmountCase{"*元", ParseState::kMasked, kNo, kNo, kNo},
                      AmountCase{"***万元", ParseState::kMasked, kNo, kNo, kNo},
                      AmountCase{"XX万元", ParseState::kMasked, kNo, kNo, kNo},
                      AmountCase{"投资万元", ParseState::kAbsent, kNo, kNo, kNo},
                      AmountCase{"", ParseState::kAbsent, kNo, kNo, kNo},
                      AmountCase{"/", ParseState::kAbsent, kNo, kNo, kNo},
                      AmountCase{"300", ParseState::kAbsent, kNo, kNo, kNo},
                      AmountCase{"3.6E+07元", ParseState::kAbsent, kNo, kNo, kNo},
                      AmountCase{"28.1万人", ParseState::kAbsent, kNo, kNo, kNo},
                      AmountCase{"99999999999999999999万元", ParseState::kAbsent, kNo, kNo, kNo},
                      AmountCase{"连续两年每年投入1000万元(全项目)", ParseState::kSplitUnknown, kNo,
                                 kNo, kNo},
                      AmountCase{"省级730万元、市级394.2万元、县级配套362.128万元(未分摊)",
                                 ParseState::kSplitUnknown, kNo, kNo, kNo},
                      AmountCase{"8060亩专项奖补:每亩500元;2020年每亩1000元",
                                 ParseState::kSplitUnknown, kNo, kNo, kNo},
                      AmountCase{"每村100万元", ParseState::kSplitUnknown, kNo, kNo, kNo},
                      AmountCase{"350元/亩", ParseState::kSplitUnknown, kNo, kNo, kNo},
                      AmountCase{"300万元、48万元", ParseState::kSplitUnknown, kNo, kNo, kNo}));

TEST(Amount, UnitFromCellThenHeaderThenTitleElseAsked) {
  Amount a = ParseAmount("300元", {"总投资（万元）", "单位：亿元"});
  EXPECT_EQ(a.fen, 30000);
  EXPECT_EQ(a.unit_source, UnitSource::kCell);
  a = ParseAmount("300", {"总投资（万元）", "单位：亿元"});
  EXPECT_EQ(a.fen, 300000000);
  EXPECT_EQ(a.unit_source, UnitSource::kHeader);
  a = ParseAmount("300", {"总投资", "2021年项目计划表 单位:元"});
  EXPECT_EQ(a.fen, 30000);
  EXPECT_EQ(a.unit_source, UnitSource::kTitle);
  a = ParseAmount("300", {"总投资", "多元化产业项目表"});
  EXPECT_EQ(a.unit_source, UnitSource::kAsk);
  EXPECT_FALSE(a.fen.has_value());
  EXPECT_EQ(a.state, ParseState::kAbsent);
  EXPECT_EQ(ParseAmount("800-1000", {"金额（元）", ""}).high_fen, 100000);
  EXPECT_EQ(ParseAmount("约300", {"金额（万元）", ""}).state, ParseState::kApproximate);
  EXPECT_EQ(ParseAmount("-3.5", {"金额（万元）", ""}).fen, -3500000);
  EXPECT_EQ(ParseAmount("13912345678", {"金额（分厘）", "单位：元"}).fen,
            1391234567800);  // looks like a phone number
  EXPECT_TRUE(ParseAmount("1.1234567", {"金额（万元）", ""}).refused);
}

TEST(Amount, TotalAndThisAllocationAreTwoFields) {
  const AllocationFigures f = ParseAllocation("总投资340万元，本次安排310万元");
  EXPECT_EQ(f.planned_total->fen, 340000000);
  EXPECT_EQ(f.allocation->fen, 310000000);
  EXPECT_FALSE(ParseAllocation("总投资340万元").allocation.has_value());
}

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
  EXPECT_EQ(SumCheck(s, ParseAmount("2315.61万元")).verdict, SumVerdict::kEqual);
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

TEST(Sums, ToleranceIsPerItem) {
  EXPECT_EQ(SumCheck({313200000, 134720000}, 447910000).verdict, SumVerdict::kRounding);
  EXPECT_EQ(SumCheck({313200000, 134720000}, 447910000).difference_fen, 10000);
  EXPECT_EQ(SumCheck({10000, 10000}, 0).verdict, SumVerdict::kRounding);
  EXPECT_EQ(SumCheck({10000, 10001}, 0).verdict, SumVerdict::kMismatch);
  EXPECT_EQ(SumCheck({}, 5).verdict, SumVerdict::kNotComparable);
  EXPECT_EQ(SumCheck({INT64_MAX, 1}, 5).verdict, SumVerdict::kNotComparable);
  EXPECT_EQ(SumCheck(ParseFundSources("省级投资1200万元等"), ParseAmount("1500万元")).verdict,
            SumVerdict::kNotComparable);
}

std::vector<std::string> Names(const PlaceList& list) {
  std::vector<std::string> out;
  for (const PlaceName& p : list.names) out.push_back(p.name);
  return out;
}

TEST(Villages, SeveralInOneCell) {
  EXPECT_THAT(Names(SplitVillages("立斯达村、邑等村")), ElementsAre("立斯达村", "邑等村"));
  PlaceList list = SplitVillages("尧口、陂角、大湾等行政村");
  EXPECT_THAT(Names(list), ElementsAre("尧口", "陂角", "大湾"));
  EXPECT_TRUE(list.incomplete);
  list = SplitVillages("罗厝村等15村社");
  EXPECT_THAT(Names(list), ElementsAre("罗厝村"));
  EXPECT_EQ(list.stated_count, 15);
  list = SplitVillages("荷塘村、杨家场村、官洲村、洪垅埂村、竹林村、芳兰村等7个村");
  EXPECT_EQ(list.names.size(), 6U);
  EXPECT_EQ(list.stated_count, 7);
  EXPECT_TRUE(list.incomplete);
  list = SplitVillages("杨家堡镇团山村、苏家堡村");
  EXPECT_THAT(Names(list), ElementsAre("团山村", "苏家堡村"));
  EXPECT_EQ(list.names[0].township, "杨家堡镇");
  EXPECT_FALSE(list.names[0].township_inferred);
  EXPECT_EQ(list.names[1].township, "杨家堡镇");
  EXPECT_TRUE(list.names[1].township_inferred);
  EXPECT_THAT(Names(SplitVillages("原东联村与原梨园村")), ElementsAre("东联村", "梨园村"));
  EXPECT_TRUE(SplitVillages("原东联村与原梨园村").names[0].former);
  EXPECT_THAT(Names(SplitVillages("和睦村")), ElementsAre("和睦村"));
  EXPECT_THAT(Names(SplitVillages("1村")), ElementsAre("1村"));
  EXPECT_THAT(Names(SplitVillages("镇前村")), ElementsAre("镇前村"));
  EXPECT_EQ(SplitVillages("三个村").stated_count, 3);
  EXPECT_TRUE(SplitVillages("全镇各村").all);
  EXPECT_THAT(SplitVillages("").names, IsEmpty());
  list = SplitTownships("新塘乡、新合镇、狮子镇等乡镇");
  EXPECT_THAT(Names(list), ElementsAre("新塘乡", "新合镇", "狮子镇"));
  EXPECT_TRUE(list.incomplete);
}

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

TEST(Words, TypesYearsDaysCounts) {
  EXPECT_EQ(ProjectTypeFrom("债权投资", "辣椒产业"), "DEBT_INVEST");
  EXPECT_EQ(ProjectTypeFrom("产业发展项目", "王家乡叶金木村饲料加工基地扩建项目"), "PROCESSING");
  EXPECT_EQ(ProjectTypeFrom("", "库房建设项目"), "COLD_CHAIN");
  EXPECT_EQ(ProjectTypeFrom("", "什么也不是"), "");
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

TEST(Table, WideFormWithTwoHeaderRows) {
  const std::vector<std::vector<std::string>> rows = {
      {"2024年衔接资金项目表", "", "", "", "", "", ""},
      {"单位：万元"},
      {"序号", "乡镇", "行政村", "项目名称", "项目总投资", "其中：资金来源", "其中：资金来源"},
      {"序号", "乡镇", "行政村", "项目名称", "项目总投资", "财政衔接资金", "其他资金"}};
  int header_rows = 0;
  auto map = FindHeader(rows, &header_rows);
  ASSERT_TRUE(map.ok()) << map.status();
  EXPECT_EQ(header_rows, 4);
  EXPECT_TRUE(map->wide());
  EXPECT_THAT(map->title, HasSubstr("单位：万元"));
  ProjectTableParser parser(*map);
  ParsedProjectRow a =
      parser.Parse(5, {"1", "白水湖街道", "白水湖村", "渔业科技养殖项目", "40", "30", "10"});
  EXPECT_EQ(a.planned_total.fen, 40000000);
  EXPECT_EQ(a.planned_total.unit_source, UnitSource::kTitle);
  ASSERT_EQ(a.sources.items.size(), 2U);
  EXPECT_EQ(a.sources.items[0].amount.fen, 30000000);
  EXPECT_EQ(a.sources.items[1].source_code, "OTHER");
  EXPECT_FALSE(a.report.Has("SUM_MISMATCH"));
  ParsedProjectRow b = parser.Parse(6, {"2", "白水湖街道", "大塘村", "道路", "41", "30", "10"});
  EXPECT_TRUE(b.report.Has("SUM_MISMATCH"));
  EXPECT_EQ(b.report.outcome, RowOutcome::kHeld);
  ParsedProjectRow sum = parser.Parse(7, {"小计", "", "", "", "81", "", ""});
  EXPECT_EQ(sum.kind, RowKind::kSubtotal);
  EXPECT_TRUE(sum.report.Has("SUMMARY_ONLY"));
  EXPECT_FALSE(sum.report.Has("SUM_MISMATCH"));
  parser.Parse(8, {"3", "白水湖街道", "白水湖村", "冷库", "9", "9", ""});
  ParsedProjectRow total = parser.Parse(9, {"合 计", "", "", "", "95", "", ""});
  EXPECT_EQ(total.kind, RowKind::kTotal);
  EXPECT_TRUE(total.report.Has("SUM_MISMATCH"));
}

TEST(Table, SubtotalWithoutALabelIsKnownByItsSum) {
  ColumnMap map;
  map.columns = {{ProjectField::kProjectName, "项目名称"},
                 {ProjectField::kPlannedTotal, "金额（万元）"}};
  ProjectTableParser parser(map);
  parser.Parse(1, {"甲村茶园", "10"});
  parser.Parse(2, {"乙村茶园", "20"});
  EXPECT_EQ(parser.Parse(3, {"", "30"}).kind, RowKind::kSubtotal);
}

TEST(Table, LongRowsOfOneProjectAreFoldedEqualRowsOfVillagesAreNot) {
  ColumnMap map;
  map.columns = {{ProjectField::kVillage, "村"},
                 {ProjectField::kProjectName, "项目名称"},
                 {ProjectField::kYear, "年度"},
                 {ProjectField::kFundSource, "资金来源"},
                 {ProjectField::kPlannedTotal, "金额（万元）"}};
  ProjectTableParser parser(map);
  std::vector<ParsedProjectRow> rows;
  rows.push_back(parser.Parse(1, {"甲村", "茶园", "2021", "中央衔接资金", "10"}));
  rows.push_back(parser.Parse(2, {"甲村", "茶园", "2021", "省级衔接资金", "5"}));
  rows.push_back(parser.Parse(3, {"乙村", "茶园", "2021", "中央衔接资金", "10"}));
  rows.push_back(parser.Parse(4, {"乙村", "茶园", "2021", "中央衔接资金", "10"}));
  FoldLongRows(&rows);
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_THAT(rows[0].folded_rows, ElementsAre(2));
  EXPECT_EQ(rows[0].planned_total.fen, 15000000);
  ASSERT_EQ(rows[0].sources.items.size(), 2U);
  EXPECT_EQ(rows[0].sources.items[0].amount.fen, 10000000);
  EXPECT_EQ(rows[0].sources.items[1].amount.fen, 5000000);
  EXPECT_TRUE(rows[2].report.Has("DUPLICATE_ROW"));
}

TEST(Table, FillsDownOnlyWhereTold) {
  ColumnMap map;
  map.columns = {{ProjectField::kTownship, "乡镇"}, {ProjectField::kProjectName, "项目名称"}};
  ProjectTableParser plain(map);
  plain.Parse(1, {"西源乡", "甲"});
  EXPECT_EQ(plain.Parse(2, {"", "乙"}).Text(ProjectField::kTownship), "");
  ProjectTableParser::Options options;
  options.fill_down = {ProjectField::kTownship};
  ProjectTableParser filling(map, options);
  filling.Parse(1, {"西源乡", "甲"});
  const ParsedProjectRow row = filling.Parse(2, {"", "乙"});
  EXPECT_EQ(row.Text(ProjectField::kTownship), "西源乡");
  EXPECT_TRUE(row.report.Has("FILLED_DOWN"));
}

TEST(Table, HeadersOfT1) {
  const std::vector<std::pair<std::string, ProjectField>> expected = {
      {"序号", ProjectField::kSerial},
      {"县", ProjectField::kCounty},
      {"乡镇", ProjectField::kTownship},
      {"村", ProjectField::kVillage},
      {"项目编码", ProjectField::kProjectCode},
      {"项目名称", ProjectField::kProjectName},
      {"产业类别（七大/134）", ProjectField::kIndustry},
      {"项目类型", ProjectField::kProjectType},
      {"建设性质", ProjectField::kNature},
      {"实施年度", ProjectField::kYear},
      {"建设内容及规模", ProjectField::kContent},
      {"总投资（万元）", ProjectField::kPlannedTotal},
      {"其中：各资金来源/中央衔接（万元）", ProjectField::kFundColumn},
      {"其中：各资金来源/自筹（万元）", ProjectField::kFundColumn},
      {"实施单位", ProjectField::kImplementingOrg},
      {"运营主体", ProjectField::kOperator},
      {"信用代码", ProjectField::kOperatorUscc},
      {"建成时间", ProjectField::kCompletedOn},
      {"投产时间", ProjectField::kProductionOn},
      {"当前状态", ProjectField::kStatus},
      {"形成资产（数量）", ProjectField::kAssetValue},
      {"形成资产/数量", ProjectField::kAssetQuantity},
      {"形成资产/原值（万元）", ProjectField::kAssetValue},
      {"年产值（万元）", ProjectField::kAnnualOutput},
      {"年收益（万元）", ProjectField::kAnnualIncome},
      {"带动户数/脱贫户", ProjectField::kPoorHouseholds},
      {"带动户数/监测户", ProjectField::kMonitoredHouseholds},
      {"务工人数", ProjectField::kWorkers},
      {"存在问题", ProjectField::kProblems},
      {"填报人", ProjectField::kPreparer},
      {"联系电话", ProjectField::kPhone},
      {"天气", ProjectField::kIgnored}};
  for (const auto& [header, field] : expected) EXPECT_EQ(FieldOfHeader(header), field) << header;
  int n = 0;
  EXPECT_EQ(ReasonOf(FindHeader({{"甲", "乙"}}, &n).status()), "TABLE_HEADER_NOT_FOUND");
}

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
}  // namespace bangfu::registry::intake

#include "services/registry/domain/intake/project_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>

#include "common/base/strings.h"
#include "common/printed/amount.h"
#include "common/printed/fund_source.h"
#include "common/status/error.h"
#include "services/registry/domain/intake/rows.h"

namespace bangfu::registry::intake {
namespace {

using namespace printed;  // what a cell says
using ::testing::ElementsAre;
using ::testing::HasSubstr;

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

TEST(Table, SharesOfTheVillages) {
  ColumnMap map;
  map.columns = {{ProjectField::kVillage, "村"},
                 {ProjectField::kProjectName, "项目名称"},
                 {ProjectField::kFundSource, "资金来源"},
                 {ProjectField::kPlannedTotal, "总投资"}};
  ProjectTableParser parser(map);
  const auto row = [&](const std::string& villages, const std::string& source,
                       const std::string& total) {
    return parser.Parse(1, {villages, "茶园", source, total});
  };
  const auto shares = [&](const std::string& villages, const std::string& source = "中央衔接资金",
                          const std::string& total = "100万元") {
    return row(villages, source, total).village_shares_bp;
  };
  EXPECT_THAT(shares("甲村（60％）、乙村（40％）"), ElementsAre(6000, 4000));
  EXPECT_THAT(shares("甲村33.33%、乙村33.33%、丙村33.33%"), ElementsAre(3334, 3333, 3333));
  // The rest is not stated: asked, and not inferred.
  EXPECT_THAT(shares("甲村（60％）、乙村"), ElementsAre(6000, 0));
  EXPECT_TRUE(row("甲村60%、乙村", "中央衔接资金", "100万元").report.Has("SHARES_UNCLEAR"));
  EXPECT_FALSE(row("甲村60%、乙村40%", "中央衔接资金", "100万元").report.Has("SHARES_UNCLEAR"));
  // Another table names the same project without them.
  const auto key = [&](const std::string& villages) {
    return row(villages, "中央衔接资金", "100万元").key;
  };
  EXPECT_EQ(key("甲村（60％）、乙村（40％）"), key("甲村、乙村"));
  EXPECT_EQ(key("上甲村60%、甲村投入40万元"), key("上甲村、甲村"));
  EXPECT_EQ(key("甲村60%和乙村40%"), key("甲村和乙村"));
  EXPECT_THAT(shares("甲村10万元、乙村20万元、丙村0.0001万元"), ElementsAre(3333, 6667, 0));
  EXPECT_THAT(shares("甲村、乙村、丙村", "财政补助资金，每村100万元"),
              ElementsAre(3334, 3333, 3333));
  EXPECT_THAT(shares("甲村、乙村", "中央衔接资金", "每个村50万元"), ElementsAre(5000, 5000));
  // Not stated, or not of the whole.
  EXPECT_TRUE(shares("甲村、乙村").empty());
  EXPECT_TRUE(shares("甲村", "每村100万元").empty());
  EXPECT_TRUE(shares("甲村、乙村等", "每村100万元").empty());
  EXPECT_TRUE(shares("甲村、乙村", "每村每年增收30万元").empty());
  EXPECT_TRUE(shares("甲村、乙村", "中央衔接资金，每村10万元；自筹30万元").empty());
  // What cannot be right is asked.
  for (const char* villages : {"甲村60%、乙村60%", "甲村60%、乙村20万元", "甲村20万元、乙村",
                               "甲村60%、乙村150%", "甲村33.333%、乙村66.667%"}) {
    const ParsedProjectRow asked = row(villages, "财政补助资金，每村100万元", "100万元");
    EXPECT_TRUE(asked.village_shares_bp.empty()) << villages;
    EXPECT_TRUE(asked.report.Has("SHARES_UNCLEAR")) << villages;
  }
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

std::string Other(const ParsedProjectRow& row, std::string_view column) {
  for (const ParsedProjectRow::OtherCell& other : row.others) {
    if (other.column == column) return other.text;
  }
  return "";
}

// What is said of columns: "COLUMN_IGNORED 天气".
std::vector<std::string> ColumnsTold(const ParsedProjectRow& row) {
  std::vector<std::string> out;
  for (const RowIssue& issue : row.report.issues) {
    if (HasPrefix(issue.reason, "COLUMN_")) out.push_back(Cat(issue.reason, " ", issue.field));
  }
  return out;
}

TEST(Table, TheDepartmentIsNotWhoBuilds) {
  int header_rows = 0;
  auto map = FindHeader({{"村", "项目名称", "年度", "主管部门", "实施单位"}}, &header_rows);
  ASSERT_TRUE(map.ok()) << map.status();
  ProjectTableParser parser(*map);
  const ParsedProjectRow both =
      parser.Parse(2, {"甲村", "茶园", "2021", "县农业农村局", "甲村村委会"});
  EXPECT_EQ(both.Text(ProjectField::kSupervisingDept), "县农业农村局");
  EXPECT_EQ(both.Text(ProjectField::kImplementingOrg), "甲村村委会");
  const ParsedProjectRow one = parser.Parse(3, {"甲村", "茶园", "2021", "县林业局", ""});
  EXPECT_EQ(one.Text(ProjectField::kImplementingOrg), "");
  // By whom it is run is no part of what finds a project again.
  EXPECT_EQ(one.key, both.key);
}

TEST(Table, WhatIsFilledDownEndsWithItsBlock) {
  ColumnMap map;
  map.columns = {{ProjectField::kCounty, "县"},
                 {ProjectField::kTownship, "乡镇"},
                 {ProjectField::kProjectCode, "项目编码"},
                 {ProjectField::kProjectName, "项目名称"},
                 {ProjectField::kFundSource, "资金来源"},
                 {ProjectField::kPlannedTotal, "金额（万元）"}};
  ProjectTableParser::Options options;
  options.fill_down = {ProjectField::kTownship, ProjectField::kProjectCode,
                       ProjectField::kProjectName};
  ProjectTableParser parser(map, options);
  std::vector<ParsedProjectRow> rows;
  rows.push_back(parser.Parse(2, {"甲县", "西源乡", "P-1", "茶园", "中央衔接资金", "10"}));
  rows.push_back(parser.Parse(3, {"甲县", "", "", "", "省级衔接资金", "5"}));
  // Its amount is the sum of those above, but it is the third source of what is named above.
  rows.push_back(parser.Parse(4, {"甲县", "", "", "", "市级衔接资金", "15"}));
  EXPECT_EQ(rows[2].kind, RowKind::kItem);
  const std::string key = rows[0].key;
  FoldLongRows(&rows);
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].planned_total.fen, 30000000);
  // Another project has another code.
  const ParsedProjectRow other = parser.Parse(5, {"甲县", "", "", "果园", "中央衔接资金", "7"});
  EXPECT_EQ(other.Text(ProjectField::kTownship), "西源乡");
  EXPECT_EQ(other.Text(ProjectField::kProjectCode), "");
  EXPECT_NE(other.key, key);
  // What labels a sum is no value, and what it ends does not go on below it.
  const ParsedProjectRow sum = parser.Parse(6, {"甲县", "西源乡小计", "", "", "", "37"});
  EXPECT_EQ(sum.kind, RowKind::kSubtotal);
  EXPECT_EQ(sum.Text(ProjectField::kProjectName), "");
  EXPECT_EQ(parser.Parse(7, {"甲县", "", "", "桃园", "", "1"}).Text(ProjectField::kTownship), "");
  // Another county has other townships.
  parser.Parse(8, {"甲县", "东源乡", "", "梨园", "", "1"});
  const ParsedProjectRow next = parser.Parse(9, {"乙县", "", "", "桑园", "", "1"});
  EXPECT_EQ(next.Text(ProjectField::kTownship), "");
  EXPECT_FALSE(next.report.Has("FILLED_DOWN"));
}

TEST(Table, ACodeIsNotFilledIntoAnotherVillagesProject) {
  ColumnMap map;
  map.columns = {
      {ProjectField::kVillage, "村"},           {ProjectField::kProjectCode, "项目编码"},
      {ProjectField::kProjectName, "项目名称"}, {ProjectField::kYear, "年度"},
      {ProjectField::kFundSource, "资金来源"},  {ProjectField::kPlannedTotal, "金额（万元）"}};
  ProjectTableParser::Options options;
  options.fill_down = {ProjectField::kProjectCode, ProjectField::kProjectName,
                       ProjectField::kFundSource};
  ProjectTableParser parser(map, options);
  std::vector<ParsedProjectRow> rows;
  rows.push_back(parser.Parse(2, {"甲村", "P-1", "产业路", "2021", "中央衔接资金", "10"}));
  rows.push_back(parser.Parse(3, {"乙村", "", "产业路", "2021", "省级衔接资金", "5"}));
  rows.push_back(parser.Parse(4, {"乙村", "", "产业路", "2022", "市级衔接资金", "3"}));
  EXPECT_EQ(rows[1].Text(ProjectField::kProjectCode), "");
  EXPECT_EQ(rows[2].Text(ProjectField::kProjectCode), "");
  // A blank name is the merged cell of one project, whose code is its own.
  rows.push_back(parser.Parse(5, {"丙村", "P-2", "水渠", "2022", "中央衔接资金", "4"}));
  EXPECT_EQ(parser.Parse(6, {"丁村", "", "", "2022", "省级衔接资金", "2"}).key, rows[3].key);
  FoldLongRows(&rows);
  EXPECT_EQ(rows.size(), 4U);
  // A source with its amount is not counted again for the row below.
  parser.Parse(7, {"甲村", "", "茶园", "2021", "中央衔接资金50万元", ""});
  EXPECT_EQ(parser.Parse(8, {"甲村", "", "果园", "2021", "", "9"}).Text(ProjectField::kFundSource),
            "");
}

TEST(Table, ASummaryIsKnownByWhatItPrints) {
  ColumnMap map;
  map.columns = {{ProjectField::kVillage, "村"},
                 {ProjectField::kProjectName, "项目名称"},
                 {ProjectField::kPlannedTotal, "金额（万元）"}};
  ProjectTableParser plain(map);
  ProjectTableParser::Options options;
  options.fill_down = {ProjectField::kVillage};
  ProjectTableParser filling(map, options);
  for (ProjectTableParser* parser : {&plain, &filling}) {
    parser->Parse(2, {"甲村", "茶园", "10"});
    EXPECT_NE(parser->Parse(3, {"", "15个拟脱贫村", "900"}).kind, RowKind::kItem);
  }
}

TEST(Table, WhatIsOfPeopleIsNoRawText) {
  int header_rows = 0;
  auto map = FindHeader(
      {{"村", "项目名称", "年度", "联系电话", "手机号", "负责人身份证号", "天气"}}, &header_rows);
  ASSERT_TRUE(map.ok()) << map.status();
  ProjectTableParser parser(*map);
  const ParsedProjectRow row = parser.Parse(
      2, {"甲村", "茶园", "2021", "13800000001", "13900000002", "360000200001010000", "晴"});
  EXPECT_EQ(row.Text(ProjectField::kPhone), "13800000001");
  ASSERT_EQ(row.others.size(), 1U);
  EXPECT_EQ(Other(row, "天气"), "晴");
  EXPECT_THAT(ColumnsTold(row),
              ElementsAre("COLUMN_PERSONAL 手机号", "COLUMN_PERSONAL 负责人身份证号",
                          "COLUMN_IGNORED 天气"));
}

TEST(Table, ARepeatedSourceOfALongTableIsHeldWhereverItStands) {
  ColumnMap map;
  map.columns = {{ProjectField::kVillage, "村"},
                 {ProjectField::kProjectName, "项目名称"},
                 {ProjectField::kFundSource, "资金来源"},
                 {ProjectField::kPlannedTotal, "金额（万元）"}};
  ProjectTableParser parser(map);
  std::vector<ParsedProjectRow> rows;
  rows.push_back(parser.Parse(2, {"甲村", "茶园", "中央衔接资金", "50"}));
  rows.push_back(parser.Parse(3, {"甲村", "茶园", "省级衔接资金", "30"}));
  rows.push_back(parser.Parse(4, {"甲村", "茶园", "省级衔接资金", "30"}));
  FoldLongRows(&rows);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].planned_total.fen, 80000000);
  EXPECT_TRUE(rows[1].report.Has("DUPLICATE_ROW"));
}

TEST(Table, ColumnsToFillDownAreNamedByTheirHeaders) {
  int header_rows = 0;
  auto map = FindHeader({{"地点", "地点", "项目名称", "年度", "总投资（万元）", "天气", "带动户数"},
                         {"乡镇", "村", "项目名称", "年度", "总投资（万元）", "天气", "带动户数"}},
                        &header_rows);
  ASSERT_TRUE(map.ok()) << map.status();
  EXPECT_EQ(header_rows, 2);
  const auto fields = FillDownFields(*map, {"乡镇", "地点/村", "项目名称（全称）", "乡镇"});
  ASSERT_TRUE(fields.ok()) << fields.status();
  EXPECT_THAT(*fields, ElementsAre(ProjectField::kTownship, ProjectField::kVillage,
                                   ProjectField::kProjectName));
  for (const auto& [header, reason] :
       {std::pair("总投资", "FILL_DOWN_NOT_ALLOWED"),
        std::pair("带动户数", "FILL_DOWN_NOT_ALLOWED"), std::pair("天气", "FILL_DOWN_NOT_ALLOWED"),
        std::pair("实施单位", "FILL_DOWN_COLUMN_UNKNOWN"),
        std::pair("", "FILL_DOWN_COLUMN_UNKNOWN")}) {
    EXPECT_EQ(ReasonOf(FillDownFields(*map, {header}).status()), reason) << header;
  }
}

TEST(Table, CellsThatNoFieldTakesAreKeptAndTheirColumnsToldOnce) {
  int header_rows = 0;
  auto map = FindHeader(
      {{"村", "项目名称", "年度", "天气", "备注", "说明", "备注", "", "amount_fen", "实施单位"}},
      &header_rows);
  ASSERT_TRUE(map.ok()) << map.status();
  ProjectTableParser parser(*map);
  // A summary takes no part: what it has is told at the first project.
  ParsedProjectRow sum = parser.Parse(2, {"合计", "", "", "多云", "", "", "", "", "", ""});
  EXPECT_THAT(ColumnsTold(sum), ElementsAre());
  ParsedProjectRow a =
      parser.Parse(3, {"甲村", "茶园", "2021", "晴", "", "二期", "已验收", "", "", "", "多一列"});
  EXPECT_EQ(a.Text(ProjectField::kNotes), "二期");
  EXPECT_EQ(Other(a, "天气"), "晴");
  EXPECT_EQ(Other(a, "备注（第7列）"), "已验收");
  EXPECT_EQ(Other(a, "第11列"), "多一列");
  EXPECT_THAT(ColumnsTold(a), ElementsAre("COLUMN_IGNORED 天气", "COLUMN_REPEATED 备注（第7列）",
                                          "COLUMN_IGNORED 第11列"));
  EXPECT_EQ(a.report.outcome, RowOutcome::kWarned);
  ParsedProjectRow b = parser.Parse(
      4, {"乙村", "茶园", "2021", "雨", "一期", "一期", "缓建", "九月", "100", "", "再一列"});
  EXPECT_EQ(b.Text(ProjectField::kNotes), "一期");
  EXPECT_EQ(Other(b, "天气"), "雨");
  EXPECT_EQ(Other(b, "说明"), "");  // the same again, as where cells are merged
  EXPECT_EQ(Other(b, "备注（第7列）"), "缓建");
  EXPECT_EQ(Other(b, "第8列"), "九月");
  EXPECT_EQ(Other(b, "amount_fen（第9列）"), "100");
  // Each column once in the table, at its first cell.
  EXPECT_THAT(ColumnsTold(b),
              ElementsAre("COLUMN_IGNORED 第8列", "COLUMN_IGNORED amount_fen（第9列）"));
}

TEST(Table, AnAmountOfAnUnknownSourceIsKept) {
  ColumnMap map;
  map.columns = {{ProjectField::kVillage, "村"},
                 {ProjectField::kProjectName, "项目名称"},
                 {ProjectField::kFundColumn, "资金来源/神秘款（万元）"}};
  ProjectTableParser parser(map);
  const ParsedProjectRow row = parser.Parse(2, {"甲村", "茶园", "12.5"});
  EXPECT_TRUE(row.report.Has("SOURCE_UNCLEAR"));
  EXPECT_EQ(Other(row, "资金来源/神秘款（万元）"), "12.5");
}

TEST(Table, TheTotalOfFoldedRowsDoesNotDependOnWhatTheyAddUpTo) {
  ColumnMap map;
  map.columns = {{ProjectField::kVillage, "村"},
                 {ProjectField::kProjectName, "项目名称"},
                 {ProjectField::kFundSource, "资金来源"},
                 {ProjectField::kPlannedTotal, "金额（万元）"}};
  const auto total = [&](const std::vector<std::string>& wan) {
    ProjectTableParser parser(map);
    const std::vector<std::string> sources = {"中央衔接资金", "省级衔接资金", "市级衔接资金"};
    std::vector<ParsedProjectRow> rows;
    for (size_t i = 0; i < wan.size(); ++i) {
      rows.push_back(
          parser.Parse(static_cast<int64_t>(i) + 2, {"甲村", "茶园", sources[i], wan[i]}));
    }
    FoldLongRows(&rows);
    EXPECT_EQ(rows.size(), 1U);
    return rows[0].planned_total.fen.value_or(-1) / 1'000'000;
  };
  EXPECT_EQ(total({"10", "5", "15"}), 30);   // the third is the sum of those before
  EXPECT_EQ(total({"10", "10", "20"}), 40);  // two alike, and one that is not
  EXPECT_EQ(total({"20", "10", "10"}), 40);
  EXPECT_EQ(total({"10", "10", "10"}), 10);  // each repeats the project's
}

TEST(Table, FoldedRowsLeaveTheirOtherCells) {
  ColumnMap map;
  map.columns = {
      {ProjectField::kVillage, "村"},          {ProjectField::kProjectName, "项目名称"},
      {ProjectField::kFundSource, "资金来源"}, {ProjectField::kPlannedTotal, "金额（万元）"},
      {ProjectField::kIgnored, "批次"},        {ProjectField::kIgnored, "天气"}};
  ProjectTableParser parser(map);
  std::vector<ParsedProjectRow> rows;
  rows.push_back(parser.Parse(1, {"甲村", "茶园", "中央衔接资金", "10", "第一批", ""}));
  rows.push_back(parser.Parse(2, {"甲村", "茶园", "省级衔接资金", "5", "第二批", "晴"}));
  rows.push_back(parser.Parse(3, {"甲村", "茶园", "市级衔接资金", "2", "第二批", "晴"}));
  FoldLongRows(&rows);
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(Other(rows[0], "批次"), "第一批；第二批");
  EXPECT_EQ(Other(rows[0], "天气"), "晴");
  EXPECT_THAT(ColumnsTold(rows[0]), ElementsAre("COLUMN_IGNORED 批次", "COLUMN_IGNORED 天气"));
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
      {"主管部门", ProjectField::kSupervisingDept},
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

TEST(Sums, ToleranceIsPerItem) {
  EXPECT_EQ(SumCheck({313200000, 134720000}, 447910000).verdict, SumVerdict::kRounding);
  EXPECT_EQ(SumCheck({313200000, 134720000}, 447910000).difference_fen, 10000);
  EXPECT_EQ(SumCheck({10000, 10000}, 0).verdict, SumVerdict::kRounding);
  EXPECT_EQ(SumCheck({10000, 10001}, 0).verdict, SumVerdict::kMismatch);
  EXPECT_EQ(SumCheck({}, 5).verdict, SumVerdict::kNotComparable);
  EXPECT_EQ(SumCheck({INT64_MAX, 1}, 5).verdict, SumVerdict::kNotComparable);
}

TEST(Sums, SourcesAgainstTheirTotal) {
  EXPECT_EQ(SumCheck(printed::ParseFundSources("沪滇扶贫协作项目资金1000万元、整合部门资金1304."
                                               "26万元、农户自筹11.35万元"),
                     printed::ParseAmount("2315.61万元"))
                .verdict,
            SumVerdict::kEqual);
  EXPECT_EQ(
      SumCheck(printed::ParseFundSources("省级投资1200万元等"), printed::ParseAmount("1500万元"))
          .verdict,
      SumVerdict::kNotComparable);
}

}  // namespace
}  // namespace bangfu::registry::intake

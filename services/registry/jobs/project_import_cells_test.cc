// What the columns and cells of 摸排登记表 say, and what is kept beside a project of what they do
// not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "bangfu/registry/v1/operator.pb.h"
#include "common/base/strings.h"
#include "common/base/uscc.h"
#include "services/registry/jobs/project_import_for_test.h"

namespace bangfu::registry {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST_F(ProjectImportTest, WhatIsExpectedIsAGoalAndNoIncome) {
  const auto with = [](std::string_view text, std::string_view more) {
    std::string out(text);
    out.insert(out.find('\n'), Cat(",", more));
    return out;
  };
  const std::string csv = Cat(with(kHeader, "年收益（万元）,年产值（万元）"),
                              with(Row(1), "预期30,预计可突破50万元"), with(Row(2), "6.5,50"));
  const iv1::Import import = Run("b", csv, County());
  ASSERT_EQ(import.rows_created(), 1);
  ASSERT_EQ(import.rows_warned(), 1);
  const auto rows = Rows(import.id(), County());
  auto at = rows.begin();
  const v1::Project expected = GetProject(at->second.record_id());
  EXPECT_THAT(Reasons(at->second), ::testing::Contains("EXPECTED_NOT_ACTUAL"));
  EXPECT_FALSE(expected.has_annual_income());
  EXPECT_FALSE(expected.has_annual_output_value());
  std::map<std::string, std::string> goals, raws;
  for (const auto& goal : expected.performance_goals()) goals[goal.indicator()] = goal.text();
  for (const auto& raw : expected.raw_texts()) raws[raw.field()] = raw.text();
  EXPECT_EQ(goals["年收益"], "预期30");
  EXPECT_EQ(goals["年产值"], "预计可突破50万元");
  EXPECT_EQ(raws["annual_income"], "预期30");
  EXPECT_EQ(raws["annual_output"], "预计可突破50万元");
  const v1::Project actual = GetProject((++at)->second.record_id());
  EXPECT_EQ(actual.annual_income().fen(), 6500000);
  EXPECT_EQ(actual.annual_output_value().fen(), 50000000);
}

TEST_F(ProjectImportTest, WhatAValueDoesNotSayStaysBesideItAndNothingBecomesZero) {
  constexpr char kColumns[] =
      "县,乡镇,村,项目名称,项目类型,建设性质,实施年度,总投资（万元）,中央衔接资金（万元）,实施单位,"
      "当前状态,带动户数,脱贫户,监测户,务工人数,建成时间,投产时间,计划竣工,批复年度,设计产能,"
      "产能单位\n";
  const std::string csv = Cat(
      kColumns,
      "会昌县,小密乡,半迳村,约数项目,产业发展项目,改扩建,2021,约80,50,村委会,运营,约420户,20余户,"
      "3户,"
      "20-30人,2021年9月,2022年,2021年底,十三五,约1000,吨\n",
      "会昌县,小密乡,半迳村,准数项目,种植,新建,2021,50,50,村委会,运营,20户,0,,12人,2021年9月24日,"
      "2022-03-01,2021-12-31,2020,1000,吨\n",
      "会昌县,小密乡,半迳村,遮盖项目,种植,新建,2021,50,50,村委会,运营,*户,8,,若干,,,,,,\n");
  const iv1::Import import = Run("a", csv, County());
  ASSERT_EQ(import.rows_warned() + import.rows_created(), 3) << import.ShortDebugString();
  const auto rows = Rows(import.id(), County());
  std::map<int64_t, v1::Project> projects;
  for (const auto& [no, row] : rows) projects[no] = GetProject(row.record_id());
  const auto raw = [](const v1::Project& p, const std::string& field) {
    for (const auto& one : p.raw_texts()) {
      if (one.field() == field) {
        return Cat(type::v1::AmountParseState_Name(one.parse_state()).substr(19), " ", one.text(),
                   " ", one.understood());
      }
    }
    return std::string();
  };
  const v1::Project& about = projects[2];
  EXPECT_FALSE(about.linkage().has_beneficiary_households());
  EXPECT_FALSE(about.linkage().has_beneficiary_poor_households());
  EXPECT_EQ(about.linkage().beneficiary_monitored_households(), 3);
  EXPECT_FALSE(about.has_workers());
  EXPECT_EQ(raw(about, "households"), "APPROXIMATE 约420户 约420");
  EXPECT_EQ(raw(about, "poor_households"), "APPROXIMATE 20余户 20以上");
  EXPECT_EQ(raw(about, "monitored_households"), "");
  EXPECT_EQ(raw(about, "workers"), "RANGE 20-30人 20—30");
  EXPECT_EQ(about.actual_end().month(), 9);
  EXPECT_EQ(raw(about, "completed_on"), "APPROXIMATE 2021年9月 2021-09");
  EXPECT_FALSE(about.has_production_start_date());
  EXPECT_EQ(raw(about, "production_on"), "APPROXIMATE 2022年 2022");
  EXPECT_FALSE(about.has_planned_end());
  EXPECT_EQ(raw(about, "planned_end"), "ABSENT 2021年底 ");
  EXPECT_EQ(raw(about, "approved_year"), "ABSENT 十三五 ");
  EXPECT_FALSE(about.has_design_capacity());
  EXPECT_EQ(raw(about, "design_capacity"), "APPROXIMATE 约1000 吨 约1000");
  EXPECT_EQ(raw(about, "project_type"), "UNSPECIFIED 产业发展项目 ");
  EXPECT_EQ(raw(about, "nature"), "UNSPECIFIED 改扩建 ");
  EXPECT_EQ(about.nature(), "EXPAND");
  EXPECT_EQ(about.planned_total().text(), "约80");
  EXPECT_EQ(about.planned_total().parse_state(), type::v1::AMOUNT_PARSE_STATE_APPROXIMATE);
  // Each is asked for in the row's line, with what was understood.
  std::map<std::string, std::string> asked;
  for (const auto& issue : rows.at(2).issues()) {
    asked[issue.field()] = Cat(issue.reason(), " ", issue.understood());
    EXPECT_FALSE(issue.proposal_zh().empty()) << issue.ShortDebugString();
  }
  EXPECT_EQ(asked["households"], "COUNT_APPROXIMATE 约420");
  EXPECT_EQ(asked["workers"], "COUNT_RANGE 20—30");
  EXPECT_EQ(asked["completed_on"], "DATE_APPROXIMATE 2021-09");
  EXPECT_EQ(asked["production_on"], "DATE_APPROXIMATE 2022");
  EXPECT_EQ(asked["planned_end"], "DATE_UNCLEAR ");
  EXPECT_EQ(asked["approved_year"], "YEAR_UNCLEAR ");

  // What a cell says in full needs no text beside it; none is none.
  const v1::Project& exact = projects[3];
  EXPECT_EQ(exact.linkage().beneficiary_households(), 20);
  EXPECT_TRUE(exact.linkage().has_beneficiary_poor_households());
  EXPECT_EQ(exact.linkage().beneficiary_poor_households(), 0);
  EXPECT_FALSE(exact.linkage().has_beneficiary_monitored_households());
  EXPECT_EQ(exact.workers(), 12);
  for (const char* field : {"households", "poor_households", "workers", "completed_on",
                            "production_on", "planned_end", "design_capacity", "nature"}) {
    EXPECT_EQ(raw(exact, field), "") << field;
  }

  const v1::Project& masked = projects[4];
  EXPECT_FALSE(masked.linkage().has_beneficiary_households());
  EXPECT_EQ(masked.linkage().beneficiary_poor_households(), 8);
  EXPECT_EQ(raw(masked, "households"), "MASKED *户 ");
  EXPECT_FALSE(masked.has_workers());
  EXPECT_EQ(raw(masked, "workers"), "ABSENT 若干 ");

  // The same again changes nothing. A later table that has counted settles what it has counted.
  EXPECT_EQ(Run("b", csv, County()).rows_unchanged(), 3);
  const std::string later =
      "县,乡镇,村,项目名称,项目类型,实施年度,中央衔接资金（万元）,实施单位,当前状态,务工人数,"
      "脱贫户\n"
      "会昌县,小密乡,半迳村,约数项目,产业发展项目,2021,50,村委会,运营,26,约25户\n";
  ASSERT_EQ(Run("c", later, County()).rows_updated(), 1);
  const v1::Project counted = GetProject(about.id());
  EXPECT_EQ(counted.workers(), 26);
  EXPECT_EQ(raw(counted, "workers"), "");
  EXPECT_EQ(raw(counted, "poor_households"), "APPROXIMATE 约25户 约25");
  EXPECT_EQ(raw(counted, "households"), "APPROXIMATE 约420户 约420");
  EXPECT_EQ(counted.linkage().beneficiary_monitored_households(), 3);
}

TEST_F(ProjectImportTest, ATextThatItsFieldHasNoRoomForIsKeptWhole) {
  std::string name;
  for (int i = 0; i < 230; ++i) name += "长";
  const std::string csv =
      Cat("县,乡镇,村,项目名称,项目类型,实施年度,中央衔接资金（万元）,实施单位,当前状态\n"
          "会昌县,小密乡,半迳村,",
          name, ",种植,2021,50,村委会,运营\n");
  const iv1::Import import = Run("a", csv, County());
  const v1::Project p = GetProject(Rows(import.id(), County()).begin()->second.record_id());
  EXPECT_EQ(p.name().size(), 600U);
  ASSERT_EQ(p.raw_texts_size(), 1);
  EXPECT_EQ(p.raw_texts(0).field(), "name");
  EXPECT_EQ(p.raw_texts(0).text(), name);
}

TEST_F(ProjectImportTest, TheDepartmentIsAFieldOfItsOwn) {
  const auto csv = [](std::string_view columns, std::string_view cells) {
    return Cat("县,乡镇,村,项目名称,项目类型,实施年度,中央衔接资金（万元）,当前状态,", columns,
               "\n会昌县,小密乡,半迳村,油茶基地,种植,2021,50,运营,", cells, "\n");
  };
  // A table that names the department alone says nothing of who builds.
  const std::string department = csv("主管部门", "县农业农村局");
  iv1::Import import = Run("a", department, County());
  const iv1::ImportRow row = Rows(import.id(), County()).begin()->second;
  EXPECT_THAT(Reasons(row), ::testing::Contains("ORG_MISSING"));
  const std::string id = row.record_id();
  EXPECT_EQ(GetProject(id).supervising_dept(), "县农业农村局");
  EXPECT_EQ(GetProject(id).implementing_org(), "");
  EXPECT_EQ(Run("b", department, County()).rows_unchanged(), 1);
  // Another table finds the same project, whoever it names.
  EXPECT_EQ(Run("c", csv("主管部门,实施单位", "县林业局,村委会"), County()).rows_updated(), 1);
  EXPECT_EQ(GetProject(id).supervising_dept(), "县林业局");
  EXPECT_EQ(GetProject(id).implementing_org(), "村委会");
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM project"), 1);
  // Taken before as who builds: the table that said so leaves that, and adds the department.
  EXPECT_EQ(Run("d", department, County()).rows_updated(), 1);
  EXPECT_EQ(GetProject(id).implementing_org(), "村委会");
  EXPECT_EQ(Run("e", department, County()).rows_unchanged(), 1);
}

TEST_F(ProjectImportTest, CellsOfABlockAreFilledDownInTheColumnsThatTheImportNames) {
  const std::string csv =
      "县,乡镇,村,项目名称,项目类型,实施年度,资金来源,金额（万元）,实施单位,当前状态,计划完工\n"
      "会昌县,小密乡,半迳村,油茶基地,种植,2021,中央衔接资金,50,村委会,运营,2021-12-31\n"
      ",,,,,,省级衔接资金,30,,,\n"
      ",,,冷库,冷链仓储,2021,中央衔接资金,20,,运营,\n"
      ",,小密村,桃园,种植,2021,中央衔接资金,10,,运营,\n";
  const std::vector<std::string> columns = {"县",       "乡镇",     "村",       "项目名称",
                                            "项目类型", "实施年度", "实施单位", "当前状态"};
  iv1::Import import = Validate("a", csv, County(), false, false, columns);
  ASSERT_EQ(import.fill_down_columns_size(), 8);
  import = Commit(import, County());
  const auto rows = Rows(import.id(), County());
  ASSERT_EQ(rows.size(), 4U);
  EXPECT_THAT(Reasons(rows.at(3)), ElementsAre("FOLDED"));
  const v1::Project first = GetProject(rows.at(2).record_id());
  EXPECT_EQ(first.declared_funding_size(), 2);
  EXPECT_EQ(first.planned_total().fen(), 80'000'000);
  const v1::Project second = GetProject(rows.at(4).record_id());
  EXPECT_EQ(second.region_path(), kVillage);
  EXPECT_EQ(second.implementing_org(), "村委会");
  EXPECT_EQ(GetProject(rows.at(5).record_id()).region_path(), kVillage2);
  EXPECT_EQ(rows.at(4).outcome(), iv1::ROW_OUTCOME_WARNED);
  int filled = 0;
  for (const auto& issue : rows.at(4).issues()) {
    if (issue.reason() != "FILLED_DOWN") continue;
    ++filled;
    EXPECT_FALSE(issue.understood().empty());
  }
  EXPECT_EQ(filled, 4);  // the place and who builds
  // Not told so, the table is taken as it stands.
  const iv1::Import plain = Validate("b", csv, County());
  EXPECT_EQ(plain.rows_held() + plain.rows_refused(), 3) << plain.ShortDebugString();
  EXPECT_EQ(Commit(Validate("c", csv, County(), false, false, columns), County()).rows_unchanged(),
            4);

  // Amounts are each row's own, and what is read beside T1 stands as it is.
  iv1::BeginImportRequest begin;
  begin.set_kind("projects");
  begin.set_batch_id("d");
  begin.set_format(type::v1::FILE_FORMAT_CSV);
  for (const char* column : {"金额（万元）", "中央衔接资金", "带动户数", "计划完工"}) {
    begin.set_request_id(RequestId());
    begin.clear_fill_down_columns();
    begin.add_fill_down_columns(column);
    EXPECT_THAT(Import<iv1::Import>("BeginImport", begin, County()),
                StatusIs(absl::StatusCode::kInvalidArgument, "FILL_DOWN_NOT_ALLOWED"))
        << column;
  }
  // What only the table can tell is refused with it.
  const iv1::Import without = Validate("e", csv, County(), false, false, {"建设性质"});
  EXPECT_EQ(without.state(), iv1::IMPORT_STATE_REFUSED);
  ASSERT_OK_AND_ASSIGN(const Ulid run, Ulid::Parse(without.operation_id()));
  const auto ended = operation::Get(*session_, run, {kCounty});
  ASSERT_OK(ended);
  EXPECT_THAT(ended->error().SerializeAsString(), HasSubstr("FILL_DOWN_COLUMN_UNKNOWN"));
  // The same batch filled down otherwise is another import.
  begin.set_request_id(RequestId());
  begin.set_batch_id("a");
  begin.clear_fill_down_columns();
  EXPECT_THAT(Import<iv1::Import>("BeginImport", begin, County()),
              StatusIs(absl::StatusCode::kInvalidArgument, "BATCH_ID_REUSED"));
}

TEST_F(ProjectImportTest, SourcesOfOneProjectBelongTogetherWhereverTheyStand) {
  constexpr char kColumns[] =
      "县,乡镇,村,项目名称,项目类型,实施年度,资金来源,金额（万元）,实施单位,当前状态\n";
  const auto row = [](std::string_view source, int wan) {
    return Cat("会昌县,小密乡,半迳村,油茶基地,种植,2021,", source, ",", wan, ",村委会,运营\n");
  };
  const auto between = [](int rows) {
    std::string out;
    for (int i = 0; i < rows; ++i) out += "合计,,,,,,,,,\n";
    return out;
  };
  // Sorted by source, further apart than the batches in which a table is read.
  const iv1::Import near = Run(
      "a", Cat(kColumns, row("中央衔接资金", 50), between(900), row("省级衔接资金", 30)), County());
  const auto rows = Rows(near.id(), County());
  EXPECT_THAT(Reasons(rows.at(903)), ElementsAre("FOLDED"));
  const v1::Project p = GetProject(rows.at(2).record_id());
  EXPECT_EQ(p.declared_funding_size(), 2);
  EXPECT_EQ(p.planned_total().fen(), 80'000'000);
  // Too far apart to be put together: said so, with what to do.
  const iv1::Import far = Validate("b",
                                   Cat(kColumns, row("中央衔接资金", 50), between(4100),
                                       row("省级衔接资金", 30), row("省级衔接资金", 30)),
                                   County());
  const auto lines = Rows(far.id(), County());
  const iv1::ImportRow& further = lines.at(4103);
  EXPECT_EQ(further.outcome(), iv1::ROW_OUTCOME_HELD);
  ASSERT_THAT(Reasons(further), ::testing::Contains("FURTHER_SOURCE"));
  EXPECT_THAT(further.ShortDebugString(), HasSubstr("FURTHER_SOURCE"));
  bool told = false;
  for (const auto& issue : further.issues()) {
    told |= issue.reason() == "FURTHER_SOURCE" && issue.raw_text() == "省级衔接资金" &&
            StrContains(issue.proposal_zh(), "第2行");
  }
  EXPECT_TRUE(told);
  EXPECT_THAT(Reasons(lines.at(4104)), ::testing::Contains("DUPLICATE_ROW"));
}

TEST_F(ProjectImportTest, ColumnsThatAreNotKnownStayAsTextAndAreToldOnce) {
  constexpr char kColumns[] =
      "县,乡镇,村,项目名称,产业类别,项目类型,实施年度,总投资（万元）,中央衔接资金（万元）,实施单位,"
      "当前状态,天气,责任单位,"
      "计划完工,计划竣工时间\n";
  const std::string csv =
      Cat(kColumns,
          "会昌县,小密乡,半迳村,油茶一,油料,种植,2021,50,50,村委会,运营,晴,乡政府,2021-12-31,2022-"
          "01-31\n"
          "会昌县,小密乡,半迳村,油茶二,油料,种植,2021,50,50,村委会,运营,雨,村委会,2021-12-31,\n");
  const iv1::Import import = Run("a", csv, County());
  const auto rows = Rows(import.id(), County());
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows.at(2).outcome(), iv1::ROW_OUTCOME_WARNED);
  std::map<std::string, std::string> told;
  for (const auto& issue : rows.at(2).issues()) {
    if (HasPrefix(issue.reason(), "COLUMN_"))
      told[issue.field()] = Cat(issue.reason(), " ", issue.raw_text());
  }
  EXPECT_EQ(told,
            (std::map<std::string, std::string>{{"天气", "COLUMN_IGNORED 晴"},
                                                {"责任单位", "COLUMN_REPEATED 乡政府"},
                                                {"计划竣工时间", "COLUMN_REPEATED 2022-01-31"}}));
  EXPECT_EQ(rows.at(3).outcome(), iv1::ROW_OUTCOME_CREATED) << rows.at(3).ShortDebugString();
  const auto texts = [&](int64_t row) {
    std::map<std::string, std::string> out;
    const v1::Project p = GetProject(rows.at(row).record_id());
    for (const auto& raw : p.raw_texts()) out[raw.field()] = raw.text();
    return out;
  };
  EXPECT_EQ(texts(2), (std::map<std::string, std::string>{
                          {"天气", "晴"}, {"责任单位", "乡政府"}, {"计划竣工时间", "2022-01-31"}}));
  EXPECT_EQ(texts(3), (std::map<std::string, std::string>{{"天气", "雨"}}));
  const v1::Project first = GetProject(rows.at(2).record_id());
  EXPECT_EQ(first.implementing_org(), "村委会");
  EXPECT_EQ(first.planned_end().year(), 2021);
  EXPECT_EQ(Run("b", csv, County()).rows_unchanged(), 2);

  // More than a project holds: the row waits.
  std::string header =
      "县,乡镇,村,项目名称,项目类型,实施年度,总投资（万元）,中央衔接资金（万元）,实施单位,当前状态";
  std::string line = "会昌县,小密乡,半迳村,宽表项目,种植,2021,50,50,村委会,运营";
  for (int i = 0; i <= 100; ++i) {
    header += Cat(",天气", i);
    line += ",晴";
  }
  const iv1::Import wide = Run("c", Cat(header, "\n", line, "\n"), County());
  EXPECT_EQ(wide.rows_held(), 1);
  EXPECT_THAT(Reasons(Rows(wide.id(), County()).begin()->second),
              ::testing::Contains("RAW_TEXTS_TOO_MANY"));
}

TEST_F(ProjectImportTest, TheClassThatATableClaimsIsKeptAsAClaim) {
  const auto csv = [](std::string_view word) {
    return Cat(
        "县,乡镇,村,项目名称,项目类型,实施年度,中央衔接资金（万元）,实施单位,当前状态,申报类别\n"
        "会昌县,小密乡,半迳村,油茶基地,种植,2021,50,村委会,运营,",
        word, "\n");
  };
  iv1::Import import = Run("a", csv("另起炉灶类"), County());
  const std::string id = Rows(import.id(), County()).begin()->second.record_id();
  EXPECT_EQ(GetProject(id).claimed_class(), type::v1::FOUR_CLASS_ADJUST);
  EXPECT_EQ(GetProject(id).raw_texts(0).text(), "另起炉灶类");
  import = Run("b", csv("推倒重来类"), County());
  EXPECT_THAT(Reasons(Rows(import.id(), County()).begin()->second),
              ::testing::Contains("CLASS_WORD_UNKNOWN"));
  EXPECT_EQ(GetProject(id).claimed_class(), type::v1::FOUR_CLASS_UNSPECIFIED);
  // The list says what the words mean.
  server_.database().Run(
      "INSERT INTO code (list, code, name_zh, description_zh, attributes, sort, valid_from, "
      "valid_to, version, unconfirmed) VALUES ('CLASS_SYNONYM', 'MINE', '推倒重来类', '', "
      "'class=REVITALIZE', 90, NULL, NULL, 1, 1);\n");
  import = Run("c", csv("推倒重来类"), County());
  EXPECT_EQ(GetProject(id).claimed_class(), type::v1::FOUR_CLASS_REVITALIZE);
}

TEST_F(ProjectImportTest, WhatTheNameSpeaksOfIsProposedAndNotTaken) {
  constexpr char kColumns[] =
      "县,乡镇,村,项目名称,产业类别,项目类型,实施年度,中央衔接资金（万元）,实施单位,当前状态\n";
  const auto line = [](std::string_view name, std::string_view industry, std::string_view type) {
    return Cat("会昌县,小密乡,半迳村,", name, ",", industry, ",", type, ",2021,50,村委会,运营\n");
  };
  const std::string csv =
      Cat(kColumns, line("蛋鸡养殖场", "", ""), line("巩固脱贫成果项目", "", "种植"),
          line("牛头坪项目", "特色产业", "种植"), line("油茶基地", "畜牧", "养殖"),
          line("蛋鸡养殖小区", "畜牧", "其他"));
  const iv1::Import import = Run("a", csv, County());
  const auto rows = Rows(import.id(), County());
  const auto asked = [&](int64_t row, std::string_view field) {
    for (const auto& issue : rows.at(row).issues()) {
      if (issue.field() != field) continue;
      return Cat(issue.reason(), " ", issue.understood(), " ", issue.proposal_zh());
    }
    return std::string();
  };
  const auto project = [&](int64_t row) { return GetProject(rows.at(row).record_id()); };
  EXPECT_EQ(asked(2, "industry"),
            "INDUSTRY_MISSING  产业类别未填，请选择，从项目名称看可能是「畜牧」");
  EXPECT_THAT(asked(2, "project_type"), HasSubstr("可能是「养殖」"));
  EXPECT_EQ(project(2).industry_code(), "");
  EXPECT_EQ(project(2).project_type(), "OTHER");
  EXPECT_EQ(asked(3, "industry"), "INDUSTRY_MISSING  产业类别未填，请选择");
  EXPECT_EQ(asked(4, "industry"), "INDUSTRY_UNCLEAR  产业类别未能识别，请选择");
  EXPECT_EQ(project(4).industry_code(), "");
  EXPECT_EQ(asked(5, "industry"), "");
  EXPECT_EQ(project(5).industry_code(), "LIVESTOCK");
  // 其他 is what the cell says.
  EXPECT_THAT(Reasons(rows.at(6)), ::testing::Not(::testing::Contains("PROJECT_TYPE_UNCLEAR")));
  EXPECT_EQ(project(6).project_type(), "OTHER");
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM industry"), 1);

  // What somebody has chosen since stays when the table comes again.
  v1::Project chosen = project(2);
  chosen.set_industry_code("LIVESTOCK");
  chosen.set_project_type("BREEDING");
  v1::UpdateProjectRequest update;
  update.set_request_id(RequestId());
  update.set_id(chosen.id());
  update.set_etag(chosen.etag());
  *update.mutable_project() = chosen;
  update.mutable_update_mask()->add_paths("industry_code");
  update.mutable_update_mask()->add_paths("project_type");
  ASSERT_OK(Call<v1::Project>("ProjectService", "UpdateProject", update, County()));
  EXPECT_EQ(Run("b", csv, County()).rows_unchanged(), 5);
  EXPECT_EQ(project(2).industry_code(), "LIVESTOCK");
  EXPECT_EQ(project(2).project_type(), "BREEDING");
}

TEST_F(ProjectImportTest, TheCodeBesideTheNameTellsTheOperator) {
  v1::CreateOperatorRequest create;
  create.set_request_id(RequestId());
  create.mutable_operator_()->set_uscc("91350100M000100Y43");
  create.mutable_operator_()->set_name("会昌县惠民合作社");
  create.mutable_operator_()->set_kind("COOPERATIVE");
  create.mutable_operator_()->set_region_code(kCounty);
  ASSERT_OK_AND_ASSIGN(const v1::Operator known,
                       Call<v1::Operator>("OperatorService", "CreateOperator", create, County()));
  const std::string other =
      Cat("93360733MA35ABCD1", std::string(1, UsccCheckCharacter("93360733MA35ABCD1")));
  int n = 0;
  std::string csv =
      "县,乡镇,村,项目名称,产业类别,项目类型,实施年度,总投资（万元）,中央衔接资金（万元）,实施单位,"
      "运营主体及信用"
      "代码,当前状态\n";
  for (const std::string& cell :
       {std::string("会昌县惠民合作社（统一社会信用代码：91350100m000100y43）"),
        Cat("会昌县新合作社 ", other), std::string("会昌县惠民合作社：91350100M000100Y44"),
        std::string("会昌县惠民合作社"),
        Cat("会昌县惠民合作社91350100M000100Y43、会昌县新合作社", other), std::string()}) {
    csv +=
        Cat("会昌县,小密乡,半迳村,油茶基地", ++n, ",油料,种植,2021,50,50,村委会,", cell, ",运营\n");
  }
  const iv1::Import import = Run("a", csv, County());
  const auto rows = Rows(import.id(), County());
  const auto told = [&](int64_t row) {
    const v1::Project p = GetProject(rows.at(row).record_id());
    std::string raws;
    for (const auto& raw : p.raw_texts()) raws += Cat(" ", raw.field(), "=", raw.text());
    return Cat(p.operator_id() == known.id() ? "known" : p.operator_id(), "|", p.operator_text(),
               "|", raws);
  };
  EXPECT_EQ(told(2),
            "known|会昌县惠民合作社| operator=会昌县惠民合作社（统一社会信用代码："
            "91350100m000100y43）");
  EXPECT_THAT(Reasons(rows.at(2)), ::testing::IsEmpty());
  EXPECT_EQ(told(3),
            Cat("|会昌县新合作社| operator=会昌县新合作社 ", other, " operator_uscc=", other));
  ASSERT_THAT(Reasons(rows.at(3)), ElementsAre("OPERATOR_UNKNOWN"));
  EXPECT_THAT(rows.at(3).issues(0).proposal_zh(), HasSubstr("请先登记“会昌县新合作社”"));
  EXPECT_EQ(told(4), "|会昌县惠民合作社：91350100M000100Y44|");
  EXPECT_THAT(Reasons(rows.at(4)), ElementsAre("USCC_INVALID"));
  EXPECT_EQ(told(5), "|会昌县惠民合作社|");
  EXPECT_THAT(Reasons(rows.at(5)), ElementsAre("USCC_MISSING"));
  EXPECT_EQ(told(6), Cat("|会昌县惠民合作社91350100M000100Y43、会昌县新合作社", other, "|"));
  EXPECT_THAT(Reasons(rows.at(6)), ElementsAre("OPERATOR_UNCLEAR"));
  EXPECT_EQ(told(7), "||");
  EXPECT_THAT(Reasons(rows.at(7)), ::testing::IsEmpty());

  // Once it is registered the same table links it.
  create.set_request_id(RequestId());
  create.mutable_operator_()->set_uscc(other);
  create.mutable_operator_()->set_name("会昌县新合作社");
  ASSERT_OK_AND_ASSIGN(const v1::Operator later,
                       Call<v1::Operator>("OperatorService", "CreateOperator", create, County()));
  EXPECT_EQ(Run("b", csv, County()).rows_updated(), 1);
  EXPECT_EQ(told(3), Cat(later.id(), "|会昌县新合作社| operator=会昌县新合作社 ", other));
}

}  // namespace
}  // namespace bangfu::registry

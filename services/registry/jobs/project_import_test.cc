// Projects from 摸排登记表: what a row becomes, what the second run finds again, and an import that
// goes on after its process died.
#include "services/registry/jobs/project_import.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "common/base/strings.h"
#include "common/intake/import_service.h"
#include "common/table/xlsx_writer.h"
#include "services/registry/jobs/project_import_for_test.h"

namespace bangfu::registry {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST_F(ProjectImportTest, R010_ARowBecomesAProjectAndTheSecondRunChangesNothing) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  const std::string csv = Cat("\xEF\xBB\xBF", kHeader, Row(1), Row(2), Row(3, "小密村"));
  iv1::Import import = Validate("a", csv, County());
  EXPECT_EQ(import.state(), iv1::IMPORT_STATE_VALIDATED);
  for (const auto& [no, row] : Rows(import.id(), County())) {
    EXPECT_EQ(row.outcome(), iv1::ROW_OUTCOME_CREATED) << row.ShortDebugString();
  }
  // A dry run writes nothing.
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM project"), 0);
  import = Commit(import, County());
  EXPECT_EQ(import.state(), iv1::IMPORT_STATE_COMMITTED);
  EXPECT_EQ(import.rows_created(), 3);
  const auto rows = Rows(import.id(), County());
  ASSERT_EQ(rows.size(), 3U);
  const v1::Project p = GetProject(rows.begin()->second.record_id());
  EXPECT_EQ(p.region_path(), kVillage);
  EXPECT_EQ(p.name(), "2021年半迳村油茶基地1项目");
  EXPECT_EQ(p.planned_total().fen(), 80'123'456);
  EXPECT_EQ(p.planned_total().text(), "80.123456");
  ASSERT_EQ(p.declared_funding_size(), 2);
  EXPECT_EQ(p.declared_funding(0).source_code(), "BRIDGE_CENTRAL");
  EXPECT_EQ(p.declared_funding(1).source_code(), "INTEGRATED_AGRI");
  EXPECT_EQ(p.public_total_fen(), 80'123'456);
  EXPECT_EQ(p.state(), v1::PROJECT_STATE_OPERATING);
  EXPECT_EQ(p.origin(), v1::PROJECT_ORIGIN_LEGACY);
  EXPECT_EQ(p.data_quality(), v1::DATA_QUALITY_IMPORTED);
  EXPECT_EQ(p.verification_state(), v1::VERIFICATION_STATE_UNVERIFIED);
  EXPECT_EQ(p.campaign_id(), campaign.id());
  EXPECT_EQ(p.industry_code(), "OIL");
  EXPECT_EQ(p.project_type(), "PLANTING");
  EXPECT_EQ(p.nature(), "NEW");
  EXPECT_EQ(p.content_items(0).category_code(), "COLD_STORE");
  EXPECT_THAT(p.chain_links(), ElementsAre("PLANT_BREED", "PRIMARY_PROC"));
  EXPECT_THAT(p.linkage().modes(), ElementsAre("DIVIDEND", "EMPLOYMENT"));
  EXPECT_EQ(p.linkage().beneficiary_poor_households(), 8);
  EXPECT_EQ(p.planned_end().month(), 12);
  EXPECT_EQ(p.planting_date().year(), 2021);
  EXPECT_EQ(p.production_start_date().year(), 2022);
  EXPECT_EQ(p.design_capacity().value_milli(), 1'000'000);
  EXPECT_EQ(p.design_capacity().unit(), "吨");
  EXPECT_EQ(p.performance_goals(0).text(), "带动脱贫户8户");
  EXPECT_EQ(p.external_ids(0).id(), "T-半迳村-1");
  EXPECT_THAT(p.project_code(), HasSubstr("PJ360733-2021-"));
  // Search finds it, the village's report counts it, audit and feed have it.
  v1::SearchProjectsRequest search;
  search.set_query("冷库");
  ASSERT_OK_AND_ASSIGN(const auto hits, (Call<v1::SearchProjectsResponse>(
                                            "ProjectService", "SearchProjects", search, County())));
  EXPECT_EQ(hits.projects_size(), 3);
  EXPECT_EQ(Unit(campaign.id(), kVillage).project_count(), 2);
  EXPECT_EQ(
      server_.database().Int("SELECT COUNT(*) FROM audit_log WHERE aggregate_type = 'project'"), 3);
  EXPECT_EQ(
      server_.database().Int("SELECT COUNT(*) FROM feed_outbox WHERE aggregate_type = 'project'"),
      3);
  // They run: last month's reports wait in both villages at once.
  const auto months = [&](std::string_view column) {
    return server_.database().Int(Cat("SELECT ", column,
                                      " FROM work_item WHERE open_mark = 1 AND kind = "
                                      "'OPERATION_REPORT'"));
  };
  EXPECT_EQ(months("COUNT(*)"), 2);
  EXPECT_EQ(months("SUM(title LIKE '%半迳村%，2个项目未报')"), 1);

  const iv1::Import again = Run("b", csv, County());
  EXPECT_EQ(months("COUNT(*)"), 2);
  EXPECT_EQ(months("MAX(version)"), 1);
  EXPECT_EQ(again.rows_unchanged(), 3);
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM project"), 3);
  EXPECT_EQ(server_.database().Int("SELECT MAX(version) FROM project"), 1);
}

TEST_F(ProjectImportTest, R014_ManyProjectsBelongToOneCountyIndustry) {
  std::string csv = kHeader;
  for (int i = 1; i <= 5; ++i) csv += Row(i, i % 2 == 0 ? "半迳村" : "小密村");
  EXPECT_EQ(Run("a", csv, County()).rows_created(), 5);
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM industry"), 1);
  EXPECT_EQ(server_.database().Int("SELECT COUNT(DISTINCT industry_id) FROM project"), 1);
}

TEST_F(ProjectImportTest, WithoutANumberTheNaturalKeyIsPlaceYearAndName) {
  std::string csv =
      "县,乡镇,村,项目名称,产业类别,项目类型,实施年度,总投资（万元）,中央衔接资金（万元）,实施单位,"
      "当前状态\n"
      "会昌县,小密乡,半迳村,油茶 基地,油料,种植,2021,50,50,村委会,运营\n";
  EXPECT_EQ(Run("a", csv, County()).rows_created() + Run("a2", csv, County()).rows_unchanged(), 2);
  // Another figure is an update of the same project; the same name of another year is another
  // project.
  const std::string changed =
      "县,乡镇,村,项目名称,产业类别,项目类型,实施年度,总投资（万元）,中央衔接资金（万元）,实施单位,"
      "当前状态\n"
      "会昌县,小密乡,半迳村,油茶基地,油料,种植,2021,60,60,村委会,运营\n"
      "会昌县,小密乡,半迳村,油茶基地,油料,种植,2022,60,60,村委会,运营\n";
  const iv1::Import import = Run("b", changed, County());
  EXPECT_EQ(import.rows_updated(), 1);
  EXPECT_EQ(import.rows_created(), 1);
  EXPECT_EQ(server_.database().Int("SELECT MAX(declared_total_fen) FROM project WHERE year = 2021"),
            60'000'000);
  // A project registered by hand is found by the table, too.
  v1::Project p = NewProject("手工登记项目", kVillage2);
  ASSERT_OK(Register(p));
  const std::string by_hand =
      "县,乡镇,村,项目名称,项目类型,实施年度,中央衔接资金（万元）,实施单位,当前状态\n"
      "会昌县,小密乡,小密村,手工登记项目,种植,2021,50,村民委员会,运营\n";
  Run("c", by_hand, County());
  EXPECT_EQ(
      server_.database().Int("SELECT COUNT(*) FROM project WHERE region_path = '360733101202'"), 1);
}

TEST_F(ProjectImportTest, EachBadRowHasItsLineAndTheGoodOnesGoIn) {
  const std::string csv = Cat(
      kHeader, Row(1),
      // No public money, another county, an unknown village, no state, a duplicate of the
      // first, sums that do not fit, a subtotal.
      "2,会昌县,小密乡,半迳村,,自筹项目,油料,种植,新建,2021,x,10,,,10,村委会,,,,,运营,,,,,,,,,,"
      "X2\n",
      "3,吉水县,文峰镇,文峰村,,外县项目,油料,种植,新建,2021,x,10,10,,,村委会,,,,,运营,,,,,,,,,,"
      "X3\n",
      "4,会昌县,小密乡,无此村,,无村项目,油料,种植,新建,2021,x,10,10,,,村委会,,,,,运营,,,,,,,,,,"
      "X4\n",
      "5,会昌县,小密乡,半迳村,,无状态项目,油料,种植,新建,2021,x,10,10,,,村委会,,,,,,,,,,,,,,,X5\n",
      Row(6, "半迳村", "T-半迳村-1"),
      "7,会昌县,小密乡,半迳村,,和不对项目,油料,种植,新建,2021,x,10,50,,,村委会,,,,,运营,,,,,,,,,,"
      "X7\n",
      "合计,,,,,,,,,,,120,,,,,,,,,,,,,,,,,,,\n");
  const iv1::Import import = Run("a", csv, County());
  const auto rows = Rows(import.id(), County());
  ASSERT_EQ(rows.size(), 8U);
  EXPECT_EQ(import.rows_created(), 1);
  const auto expect = [&](int64_t row_no, iv1::RowOutcome outcome, const std::string& reason) {
    const iv1::ImportRow& row = rows.at(row_no);
    EXPECT_EQ(row.outcome(), outcome) << row.ShortDebugString();
    EXPECT_THAT(Reasons(row), ::testing::Contains(reason));
    bool asked = false;
    for (const auto& issue : row.issues()) asked |= !issue.proposal_zh().empty();
    EXPECT_TRUE(asked) << row_no;
  };
  expect(3, iv1::ROW_OUTCOME_REFUSED, "OUT_OF_SCOPE");
  expect(4, iv1::ROW_OUTCOME_REFUSED, "REGION_FOREIGN");
  expect(5, iv1::ROW_OUTCOME_HELD, "VILLAGE_UNKNOWN");
  expect(6, iv1::ROW_OUTCOME_HELD, "FIELD_INVALID");
  expect(7, iv1::ROW_OUTCOME_HELD, "DUPLICATE_ROW");
  expect(8, iv1::ROW_OUTCOME_HELD, "SUM_MISMATCH");
  expect(9, iv1::ROW_OUTCOME_REFUSED, "SUMMARY_ONLY");
}

TEST_F(ProjectImportTest, AFileWithoutAHeaderIsRefusedAsAWhole) {
  const iv1::Import import = Validate("a", "甲,乙,丙\n1,2,3\n", County());
  EXPECT_EQ(import.state(), iv1::IMPORT_STATE_REFUSED);
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM project"), 0);
}

TEST_F(ProjectImportTest, AnImportThatDiedGoesOnToTheSameEnd) {
  OpenCampaign();
  std::string csv = kHeader;
  constexpr int kRows = 1300;
  for (int i = 1; i <= kRows; ++i)
    csv += Row(i, i % 3 == 0 ? "半迳村" : i % 3 == 1 ? "小密村" : "石背村");
  iv1::Import import = Validate("a", csv, County());
  EXPECT_EQ(import.rows_created(), kRows);
  Start("CommitImport", import.id(), County());
  // The process dies after its first chunk: what it committed stays, nothing else is there.
  std::vector<std::unique_ptr<::bangfu::intake::Kind>> kinds;
  kinds.push_back(MakeProjectImport(ids_));
  const ::bangfu::intake::Kinds known(std::move(kinds));
  ASSERT_OK_AND_ASSIGN(const Ulid id, Ulid::Parse(import.id()));
  ::bangfu::intake::Progress dies;
  int chunks = 0;
  dies.fence = [&](mysql::Tx&, int64_t) -> absl::Status {
    return ++chunks > 1 ? absl::CancelledError("killed") : absl::OkStatus();
  };
  EXPECT_FALSE(::bangfu::intake::Commit(*session_, known, id, dies).ok());
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM project"), 500);
  import = Get(import.id(), County());
  EXPECT_EQ(import.state(), iv1::IMPORT_STATE_COMMITTING);
  // The next one takes it up where it stands.
  RunAll();
  import = Get(import.id(), County());
  EXPECT_EQ(import.state(), iv1::IMPORT_STATE_COMMITTED);
  EXPECT_EQ(import.rows_created(), kRows);
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM project"), kRows);
  EXPECT_EQ(server_.database().Int("SELECT COUNT(DISTINCT project_code) FROM project"), kRows);
  EXPECT_EQ(
      server_.database().Int("SELECT COUNT(*) FROM audit_log WHERE aggregate_type = 'project'"),
      kRows);
  EXPECT_EQ(
      server_.database().Int("SELECT COUNT(*) FROM feed_outbox WHERE aggregate_type = 'project'"),
      kRows);
}

TEST_F(ProjectImportTest, TheSameFileInXlsxGivesTheSame) {
  std::string bytes;
  table::TableSpec spec;
  spec.table_no = "T1";
  spec.title_zh = "摸排登记表";
  for (const char* header : {"县", "乡镇", "村", "项目名称", "产业类别", "项目类型", "实施年度",
                             "实施单位", "当前状态"}) {
    table::ColumnSpec column;
    column.key = header;
    column.header_zh = header;
    spec.columns.push_back(column);
  }
  for (const char* header : {"总投资", "中央衔接资金"}) {
    table::ColumnSpec column;
    column.key = header;
    column.header_zh = header;
    column.unit = "万元";
    column.kind = table::ColumnKind::kWanYuan;
    spec.columns.push_back(column);
  }
  const auto writer =
      std::make_unique<table::XlsxWriter>(table::XlsxWriter::Options(), [&](std::string_view part) {
        bytes.append(part);
        return absl::OkStatus();
      });
  ASSERT_OK(writer->Begin(spec, {}));
  ASSERT_OK(writer->WriteRow({std::string("会昌县"), std::string("小密乡"), std::string("半迳村"),
                              std::string("油茶基地"), std::string("油料"), std::string("种植"),
                              std::string("2021"), std::string("村委会"), std::string("运营"),
                              int64_t{72'471'248}, int64_t{72'471'248}}));
  ASSERT_OK(writer->Finish());
  const iv1::Import import = Commit(Validate("x", bytes, County(), false, true), County());
  EXPECT_EQ(import.rows_created(), 1) << import.ShortDebugString();
  EXPECT_EQ(server_.database().Int("SELECT declared_total_fen FROM project"), 72'471'248);
}

TEST_F(ProjectImportTest, ThePublishedRowsEndInOneLineEachAndChangeNothingTwice) {
  std::ifstream file(std::string(BANGFU_SAMPLE_DIR) + "/published-projects.csv", std::ios::binary);
  std::stringstream bytes;
  bytes << file.rdbuf();
  for (const auto& [code, name] :
       std::vector<std::pair<std::string, std::string>>{{"3604", "九江市"},
                                                        {"360403", "浔阳区"},
                                                        {"360403008", "白水湖街道"},
                                                        {"360403008001", "白水湖村"},
                                                        {"360428", "都昌县"},
                                                        {"360428203", "西源乡"},
                                                        {"360428203201", "长溪村"},
                                                        {"360428203202", "沙塘村"}}) {
    AddRegion(code, name);
  }
  StoreRegions();
  const std::string system = Token(options::v1::ROLE_SYSTEM_INTEGRATOR, "36", "system");
  const iv1::Import first = Run("p1", bytes.str(), system);
  EXPECT_EQ(first.state(), iv1::IMPORT_STATE_COMMITTED);
  EXPECT_EQ(first.rows_total(), 184);
  const auto rows = Rows(first.id(), system);
  ASSERT_EQ(rows.size(), 184U);
  int foreign = 0;
  for (const auto& [no, row] : rows) {
    EXPECT_NE(row.outcome(), iv1::ROW_OUTCOME_UNSPECIFIED);
    if (row.outcome() == iv1::ROW_OUTCOME_HELD || row.outcome() == iv1::ROW_OUTCOME_REFUSED) {
      EXPECT_GT(row.issues_size(), 0) << no;
    }
    for (const std::string& reason : Reasons(row)) foreign += reason == "OTHER_PROVINCE" ? 1 : 0;
  }
  EXPECT_GT(foreign, 100);
  const int64_t projects = server_.database().Int("SELECT COUNT(*) FROM project");
  const iv1::Import second = Run("p2", bytes.str(), system);
  EXPECT_EQ(second.rows_created() + second.rows_updated(), 0);
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM project"), projects);
  RecordProperty("imported", static_cast<int>(projects));
}

TEST_F(ProjectImportTest, AProjectOfATownshipIsHeldUntilItNamesAVillage) {
  constexpr char kColumns[] =
      "县,乡镇,村,行政区划代码,项目名称,项目类型,实施年度,中央衔接资金（万元）,实施单位,当前状态\n";
  const std::string csv =
      Cat(kColumns, "会昌县,小密乡,,,乡里的冷链,冷链仓储,2021,50,乡政府,运营\n",
          "会昌县,小密乡,半迳村、小密村,,两村冷链,冷链仓储,2021,50,乡政府,运营\n",
          "会昌县,小密乡,半迳村、石背村,360733101,全乡冷链,冷链仓储,2021,50,乡政府,运营\n",
          "会昌县,,,360733,全县冷链,冷链仓储,2021,50,县农业农村局,运营\n",
          "会昌县,小密乡,半迳村（62.5％）、小密村(37.5%),,分股冷链,冷链仓储,2021,50,乡政府,运营\n");
  const iv1::Import import = Run("a", csv, County());
  const auto rows = Rows(import.id(), County());
  ASSERT_EQ(rows.size(), 5U);
  for (const int64_t held : {2, 5}) {
    EXPECT_EQ(rows.at(held).outcome(), iv1::ROW_OUTCOME_HELD) << rows.at(held).ShortDebugString();
    bool asked = false;
    for (const auto& issue : rows.at(held).issues()) {
      asked |= issue.field() == "covered_regions" && StrContains(issue.proposal_zh(), "覆盖的村");
    }
    EXPECT_TRUE(asked) << held;
  }
  const auto covered = [&](int64_t row) {
    const v1::Project p = GetProject(rows.at(row).record_id());
    std::vector<std::string> out = {p.region_path()};
    for (const auto& c : p.covered_regions()) out.push_back(Cat(c.region_path(), c.name_text()));
    return out;
  };
  EXPECT_THAT(covered(3), ElementsAre(kVillage, Cat(kVillage, "半迳村"), Cat(kVillage2, "小密村")));
  EXPECT_THAT(covered(4),
              ElementsAre(kTownship, Cat(kVillage, "半迳村"), Cat(kVillage3, "石背村")));
  EXPECT_THAT(covered(6), ElementsAre(kVillage, Cat(kVillage, "半迳村"), Cat(kVillage2, "小密村")));
  const auto shares = [&](int64_t row) {
    std::vector<int32_t> out;
    const v1::Project p = GetProject(rows.at(row).record_id());
    for (const auto& c : p.covered_regions()) out.push_back(c.share_bp());
    return out;
  };
  EXPECT_THAT(shares(3), ElementsAre(0, 0));
  EXPECT_THAT(shares(6), ElementsAre(6250, 3750));
  // A later table that does not name the villages again leaves them.
  const std::string later =
      Cat(kColumns, "会昌县,小密乡,,360733101,全乡冷链,冷链仓储,2021,60,乡政府,运营\n");
  EXPECT_EQ(Run("b", later, County()).rows_updated(), 1);
  EXPECT_THAT(covered(4),
              ElementsAre(kTownship, Cat(kVillage, "半迳村"), Cat(kVillage3, "石背村")));
}

TEST_F(ProjectImportTest, ATableThatStatesNoSharesLeavesThoseThatAreKnown) {
  const auto csv = [](std::string_view villages, std::string_view wan) {
    return Cat(
        "县,乡镇,村,项目编码,项目名称,项目类型,实施年度,中央衔接资金（万元）,实施单位,当前状态\n"
        "会昌县,小密乡,",
        villages, ",P-1,分股冷链,冷链仓储,2021,", wan, ",乡政府,运营\n");
  };
  const iv1::Import import = Run("a", csv("半迳村（60％）、小密村（40％）", "50"), County());
  const std::string id = Rows(import.id(), County()).begin()->second.record_id();
  const auto shares = [&] {
    std::vector<int32_t> out;
    const v1::Project p = GetProject(id);
    for (const auto& c : p.covered_regions()) out.push_back(c.share_bp());
    return out;
  };
  EXPECT_THAT(shares(), ElementsAre(6000, 4000));
  EXPECT_EQ(Run("b", csv("半迳村、小密村、石背村", "60"), County()).rows_updated(), 1);
  EXPECT_THAT(shares(), ElementsAre(6000, 4000, 0));
  EXPECT_EQ(Run("c", csv("半迳村（50％）、小密村（50％）", "60"), County()).rows_updated(), 1);
  EXPECT_THAT(shares(), ElementsAre(5000, 5000));
  // One that states some: those of the others stay where they go together.
  EXPECT_EQ(Run("d", csv("半迳村（30％）、小密村", "60"), County()).rows_updated(), 1);
  EXPECT_THAT(shares(), ElementsAre(3000, 5000));
  EXPECT_EQ(Run("e", csv("半迳村（70％）、小密村", "60"), County()).rows_updated(), 1);
  EXPECT_THAT(shares(), ElementsAre(7000, 0));
}

}  // namespace
}  // namespace bangfu::registry

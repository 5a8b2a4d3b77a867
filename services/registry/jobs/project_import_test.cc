// The import of 摸排登记表 through the import service, on a real database.
#include "services/registry/jobs/project_import.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>

#include "bangfu/intake/v1/import_service.pb.h"
#include "common/base/digest.h"
#include "common/intake/import_service.h"
#include "common/table/xlsx_writer.h"
#include "services/registry/api/convert.h"
#include "services/registry/api/inventory_fixture.h"

namespace bangfu::registry {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
namespace iv1 = ::bangfu::intake::v1;

constexpr char kHeader[] =
    "序号,县,乡镇,村,行政区划代码,项目名称,产业类别,项目类型,建设性质,实施年度,建设内容及规模,"
    "总投资（万元）,中央衔接资金（万元）,"
    "统筹整合涉农资金（万元）,自筹资金（万元）,实施单位,运营主体,运营主体信用代码,建成时间,"
    "投产时间,当前状态,带动户数,脱贫户,"
    "计划竣工,种植时间,设计产能,产能单位,产业链环节,联农带农方式,绩效目标,外部编号\n";

// Made before the server that uses them.
struct ImportParts {
  ::bangfu::testing::FakeClock clock_;
  UlidGenerator ids_{clock_};
  operation::OperationRunner runner_{clock_, {.holder = "r1"}};
  std::unique_ptr<::bangfu::intake::ImportService> imports_;
};

class ProjectImportTest : protected ImportParts, public RegistryFixture {
 protected:
  ProjectImportTest()
      : RegistryFixture({"bangfu.intake.v1.ImportService"},
                        [this](rpc::Router& router) {
                          std::vector<std::unique_ptr<::bangfu::intake::Kind>> kinds;
                          kinds.push_back(MakeProjectImport(ids_));
                          ::bangfu::intake::ImportServiceOptions options;
                          options.region_path = [](mysql::Executor& db, std::string_view code) {
                            return ResolvePath(db, std::string(code), "region_code");
                          };
                          imports_ = std::make_unique<::bangfu::intake::ImportService>(
                              std::move(kinds), options, runner_);
                          imports_->Register(router);
                        }),
        session_(server_.database().Connect()) {}

  template <typename Response, typename Request>
  absl::StatusOr<Response> Import(std::string_view method, const Request& request,
                                  const std::string& token) {
    return server_.Call<Response>(Cat("bangfu.intake.v1.ImportService.", method), request, token);
  }
  void RunAll() {
    while (true) {
      const absl::StatusOr<bool> ran = runner_.StepOnce(*session_);
      ASSERT_OK(ran);
      if (!*ran) return;
    }
  }
  // Uploaded and validated.
  iv1::Import Validate(const std::string& batch, std::string_view bytes, const std::string& token,
                       bool sample = false, bool xlsx = false,
                       const std::vector<std::string>& fill_down = {}) {
    iv1::BeginImportRequest begin;
    begin.set_request_id(RequestId());
    begin.set_kind("projects");
    begin.set_batch_id(batch);
    begin.set_file_name("摸排登记表.csv");
    begin.set_format(xlsx ? type::v1::FILE_FORMAT_XLSX : type::v1::FILE_FORMAT_CSV);
    begin.set_sample(sample);
    for (const std::string& column : fill_down) begin.add_fill_down_columns(column);
    auto import = Import<iv1::Import>("BeginImport", begin, token);
    EXPECT_OK(import);
    if (!import.ok()) return {};
    constexpr size_t kChunk = 1 << 20;
    for (size_t offset = 0; offset < bytes.size(); offset += kChunk) {
      iv1::UploadChunkRequest chunk;
      chunk.set_id(import->id());
      chunk.set_offset(static_cast<int64_t>(offset));
      chunk.set_data(std::string(bytes.substr(offset, kChunk)));
      if (offset + kChunk >= bytes.size()) {
        chunk.set_last(true);
        chunk.set_sha256(Sha256Hex(bytes));
      }
      EXPECT_OK(Import<iv1::Import>("UploadChunk", chunk, token));
    }
    Start("ValidateImport", import->id(), token);
    RunAll();
    return Get(import->id(), token);
  }
  void Start(std::string_view method, const std::string& id, const std::string& token) {
    iv1::ValidateImportRequest request;
    request.set_request_id(RequestId());
    request.set_id(id);
    EXPECT_OK(Import<operation::v1::Operation>(method, request, token));
  }
  iv1::Import Get(const std::string& id, const std::string& token) {
    iv1::GetImportRequest request;
    request.set_id(id);
    auto import = Import<iv1::Import>("GetImport", request, token);
    EXPECT_OK(import);
    return import.ok() ? *import : iv1::Import();
  }
  iv1::Import Commit(const iv1::Import& import, const std::string& token) {
    Start("CommitImport", import.id(), token);
    RunAll();
    return Get(import.id(), token);
  }
  iv1::Import Run(const std::string& batch, std::string_view bytes, const std::string& token) {
    return Commit(Validate(batch, bytes, token), token);
  }
  std::map<int64_t, iv1::ImportRow> Rows(const std::string& id, const std::string& token) {
    std::map<int64_t, iv1::ImportRow> out;
    iv1::ListImportRowsRequest request;
    request.set_id(id);
    request.set_page_size(500);
    while (true) {
      auto page = Import<iv1::ListImportRowsResponse>("ListImportRows", request, token);
      EXPECT_OK(page);
      if (!page.ok()) return out;
      for (const auto& row : page->rows()) out[row.row_no()] = row;
      if (page->next_page_token().empty()) return out;
      request.set_page_token(page->next_page_token());
    }
  }
  static std::vector<std::string> Reasons(const iv1::ImportRow& row) {
    std::vector<std::string> out;
    for (const auto& issue : row.issues()) out.push_back(issue.reason());
    return out;
  }
  // One good row of the table: 序号 as given.
  static std::string Row(int n, const std::string& village = "半迳村",
                         const std::string& extra_id = "") {
    return Cat(n, ",会昌县,小密乡,", village, ",,", "2021年", village, "油茶基地", n,
               "项目,油料,种植,新建,2021,新建油茶基地", n, "亩并配套冷库,80.123456,50,30.123456,,",
               village, "村民委员会,会昌县惠民合作社,,2021-11-30,2022-03-01,运营,20,8,",
               "2021-12-31,2021-03-01,1000,吨,\"种养,初加工\",收益分红、就业务工,带动脱贫户8户,",
               extra_id.empty() ? Cat("T-", village, "-", n) : extra_id, "\n");
  }

  std::unique_ptr<mysql::Session> session_;
};

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

TEST_F(ProjectImportTest, WhoMayNotRegisterProjectsMayNotImportThem) {
  iv1::BeginImportRequest begin;
  begin.set_request_id(RequestId());
  begin.set_kind("projects");
  begin.set_batch_id("a");
  begin.set_format(type::v1::FILE_FORMAT_CSV);
  EXPECT_THAT(Import<iv1::Import>("BeginImport", begin, Province()),
              StatusIs(absl::StatusCode::kPermissionDenied, "ROLE_NOT_ALLOWED"));
  // Who may, from the county up, needs no campaign.
  EXPECT_EQ(Run("b", Cat(kHeader, Row(1)), County()).rows_created(), 1);
  const std::string system = Token(options::v1::ROLE_SYSTEM_INTEGRATOR, "36", "system");
  EXPECT_EQ(Run("c", Cat(kHeader, Row(2)), system).rows_created(), 1);
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
      "县,乡镇,村,项目名称,项目类型,实施年度,总投资（万元）,中央衔接资金（万元）,实施单位,"
      "当前状态\n"
      "会昌县,小密乡,半迳村,油茶 基地,种植,2021,50,50,村委会,运营\n";
  EXPECT_EQ(Run("a", csv, County()).rows_created() + Run("a2", csv, County()).rows_unchanged(), 2);
  // Another figure is an update of the same project; the same name of another year is another
  // project.
  const std::string changed =
      "县,乡镇,村,项目名称,项目类型,实施年度,总投资（万元）,中央衔接资金（万元）,实施单位,"
      "当前状态\n"
      "会昌县,小密乡,半迳村,油茶基地,种植,2021,60,60,村委会,运营\n"
      "会昌县,小密乡,半迳村,油茶基地,种植,2022,60,60,村委会,运营\n";
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

TEST_F(ProjectImportTest, WhatTheCountyHasVerifiedIsHeldNotOverwritten) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  const std::string csv = Cat(kHeader, Row(1));
  ASSERT_EQ(Run("a", csv, County()).rows_created(), 1);
  Verify(campaign.id(), kVillage);
  // The same again is unchanged; a changed figure is asked for.
  EXPECT_EQ(Run("b", csv, County()).rows_unchanged(), 1);
  std::string changed = csv;
  changed.replace(changed.find("会昌县惠民合作社"), std::string("会昌县惠民合作社").size(),
                  "会昌县富民合作社");
  const iv1::Import held = Run("c", changed, County());
  EXPECT_EQ(held.rows_held(), 1);
  EXPECT_THAT(Reasons(Rows(held.id(), County()).begin()->second),
              ::testing::Contains("VERIFIED_RECORD"));
}

TEST_F(ProjectImportTest, WhatTheCountyHasNotVerifiedIsTakenIntoAVerifiedRecord) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  const auto csv = [](std::string_view organisation, std::string_view word) {
    return Cat(
        "县,乡镇,村,项目名称,项目类型,实施年度,中央衔接资金（万元）,实施单位,当前状态,申报类别\n"
        "会昌县,小密乡,半迳村,油茶基地,种植,2021,50,",
        organisation, ",运营,", word, "\n");
  };
  iv1::Import import = Run("a", csv("村委会", ""), County());
  ASSERT_EQ(import.rows_total(), 1);
  const std::string id = Rows(import.id(), County()).begin()->second.record_id();
  Verify(campaign.id(), kVillage);
  ASSERT_EQ(GetProject(id).verification_state(), v1::VERIFICATION_STATE_COUNTY_VERIFIED);
  // A claim and the text that it was read from are no part of what was verified.
  EXPECT_EQ(Run("b", csv("村委会", "另起炉灶类"), County()).rows_updated(), 1);
  EXPECT_EQ(GetProject(id).claimed_class(), type::v1::FOUR_CLASS_ADJUST);
  EXPECT_EQ(GetProject(id).verification_state(), v1::VERIFICATION_STATE_COUNTY_VERIFIED);
  EXPECT_EQ(Unit(campaign.id(), kVillage).state(), v1::UNIT_REPORT_STATE_COUNTY_VERIFIED);
  // Together with what was, they wait.
  EXPECT_EQ(Run("c", csv("合作社", "盘活类"), County()).rows_held(), 1);
  EXPECT_EQ(GetProject(id).claimed_class(), type::v1::FOUR_CLASS_ADJUST);
  // A disputed record waits with all that differs.
  server_.database().Run("UPDATE project SET verification_state = 3;\n");
  import = Run("d", csv("村委会", "盘活类"), County());
  EXPECT_EQ(import.rows_held(), 1);
  EXPECT_THAT(Reasons(Rows(import.id(), County()).begin()->second),
              ::testing::Contains("VERIFIED_RECORD"));
}

TEST_F(ProjectImportTest, ARowThatCoversALockedVillageIsRefusedAlone) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  ASSERT_OK(Submit(Unit(campaign.id(), kVillage2), /*is_nil=*/true));
  const v1::InventoryUnitReport submitted = Unit(campaign.id(), kVillage2);
  const std::string csv =
      "县,乡镇,村,项目名称,项目类型,实施年度,中央衔接资金（万元）,实施单位,当前状态\n"
      "会昌县,小密乡,半迳村、小密村,两村冷链,冷链仓储,2021,50,村委会,运营\n"
      "会昌县,小密乡,半迳村、石背村,邻村冷链,冷链仓储,2021,50,村委会,运营\n";
  const iv1::Import import = Run("a", csv, Village());
  const auto rows = Rows(import.id(), Village());
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows.at(2).outcome(), iv1::ROW_OUTCOME_REFUSED) << rows.at(2).ShortDebugString();
  EXPECT_THAT(Reasons(rows.at(2)), ::testing::Contains("REPORT_LOCKED"));
  EXPECT_NE(rows.at(3).outcome(), iv1::ROW_OUTCOME_REFUSED) << rows.at(3).ShortDebugString();
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM project"), 1);
  EXPECT_EQ(Unit(campaign.id(), kVillage2).etag(), submitted.etag());
  EXPECT_EQ(Unit(campaign.id(), kVillage3).project_count(), 1);
}

TEST_F(ProjectImportTest, R015_AVillageImportsItsOwnUntilItsReportIsLocked) {
  OpenCampaign();
  const std::string csv = Cat(kHeader, Row(1), Row(2, "小密村"));
  const iv1::Import own = Run("a", csv, Village());
  EXPECT_EQ(own.rows_created(), 1);
  EXPECT_EQ(own.rows_refused(), 1);
  On(2026, 3, 11);
  clock_.Set(server_.clock().Now());
  const iv1::Import late = Run("b", Cat(kHeader, Row(3)), Village());
  EXPECT_EQ(late.rows_refused(), 1);
  EXPECT_THAT(Reasons(Rows(late.id(), Village()).begin()->second),
              ::testing::Contains("REPORT_LOCKED"));
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
  for (const char* header :
       {"县", "乡镇", "村", "项目名称", "项目类型", "实施年度", "实施单位", "当前状态"}) {
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
                              std::string("油茶基地"), std::string("种植"), std::string("2021"),
                              std::string("村委会"), std::string("运营"), int64_t{72'471'248},
                              int64_t{72'471'248}}));
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
      "县,乡镇,村,项目名称,项目类型,实施年度,总投资（万元）,中央衔接资金（万元）,实施单位,当前状态,"
      "天气,责任单位,"
      "计划完工,计划竣工时间\n";
  const std::string csv = Cat(
      kColumns,
      "会昌县,小密乡,半迳村,油茶一,种植,2021,50,50,村委会,运营,晴,乡政府,2021-12-31,2022-01-31\n"
      "会昌县,小密乡,半迳村,油茶二,种植,2021,50,50,村委会,运营,雨,村委会,2021-12-31,\n");
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

TEST_F(ProjectImportTest, AnImportReopensTheReportsOfCoveredVillages) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  Verify(campaign.id(), kVillage2);
  Verify(campaign.id(), kVillage3);
  const std::string csv =
      "县,乡镇,村,项目名称,项目类型,实施年度,中央衔接资金（万元）,实施单位,当前状态\n"
      "会昌县,小密乡,半迳村、小密村、石背村,三村冷链,冷链仓储,2021,50,乡政府,运营\n";
  EXPECT_EQ(Run("a", csv, County()).rows_total(), 1);
  for (const char* village : {kVillage, kVillage2, kVillage3}) {
    EXPECT_EQ(Unit(campaign.id(), village).state(), v1::UNIT_REPORT_STATE_DRAFT) << village;
    EXPECT_EQ(Unit(campaign.id(), village).project_count(), 1);
  }
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

TEST_F(ProjectImportTest, RowsOutsideTheScopeOfTheGrantAreRefused) {
  auth::Caller caller;
  caller.subject = "person-narrow";
  auth::Grant& grant = caller.grants.emplace_back();
  grant.role = options::v1::ROLE_COUNTY_OPERATOR;
  grant.region_path = kCounty;
  grant.fund_sources = {"LOTTERY"};
  const std::string narrow = server_.Token(caller);
  const iv1::Import import = Run("b", Cat(kHeader, Row(1), Row(2)), narrow);
  EXPECT_EQ(import.rows_refused(), 2);
  EXPECT_EQ(import.rows_created(), 0);
  for (const auto& [no, row] : Rows(import.id(), narrow)) {
    EXPECT_THAT(Reasons(row), ::testing::Contains("SCOPE_EXCLUDES")) << no;
  }
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM project"), 0);
}

// Good when they were checked, outside of what the importer holds when they are committed: nothing
// is refused for good.
TEST_F(ProjectImportTest, R118_RowsThatTheGrantsDoNotCoverAnyMoreStopTheCommit) {
  auth::Caller caller;
  caller.subject = "person-narrow";
  auth::Grant& grant = caller.grants.emplace_back();
  grant.role = options::v1::ROLE_COUNTY_OPERATOR;
  grant.region_path = kCounty;
  const std::string wide = server_.Token(caller);
  const auto narrowed = [&](const std::string& region, const std::vector<std::string>& sources,
                            const std::vector<std::string>& industries) {
    auth::Caller less = caller;
    less.grants[0].region_path = region;
    less.grants[0].fund_sources = sources;
    less.grants[0].industries = industries;
    return server_.Token(less);
  };
  const iv1::Import import = Validate("b", Cat(kHeader, Row(1), Row(2, "小密村")), wide);
  ASSERT_EQ(import.rows_created(), 2);
  for (const std::string& token :
       {narrowed(kCounty, {"LOTTERY"}, {}), narrowed(kCounty, {}, {"NO_SUCH_INDUSTRY"}),
        narrowed(kVillage, {}, {})}) {
    Start("CommitImport", import.id(), token);
    RunAll();
    const iv1::Import stopped = Get(import.id(), wide);
    EXPECT_EQ(stopped.state(), iv1::IMPORT_STATE_COMMITTING);
    EXPECT_EQ(stopped.rows_refused(), 0);
    EXPECT_EQ(stopped.rows_created(), 2);
    EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM project"), 0);
    const auto run = Ulid::Parse(stopped.operation_id());
    ASSERT_OK(run);
    const auto ended = operation::Get(*session_, *run, {kCounty});
    ASSERT_OK(ended);
    EXPECT_EQ(ended->state(), operation::v1::OPERATION_STATE_FAILED);
    EXPECT_THAT(ended->error().SerializeAsString(), HasSubstr("IMPORT_NOT_COVERED"));
  }
  const iv1::Import done = Commit(import, wide);
  EXPECT_EQ(done.state(), iv1::IMPORT_STATE_COMMITTED);
  EXPECT_EQ(done.rows_created(), 2);
}

}  // namespace
}  // namespace bangfu::registry

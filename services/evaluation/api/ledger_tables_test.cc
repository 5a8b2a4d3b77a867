// The printed tables of the ledger, T2 and T14: their rows, and the bytes of their files.
#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/table/table.h"
#include "common/table/xlsx_reader.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/evaluation/api/ledger_file_for_test.h"
#include "services/evaluation/api/ledger_for_test.h"
#include "services/evaluation/domain/baseline.h"
#include "services/evaluation/domain/criteria.h"
#include "services/evaluation/store/reference_store.h"

namespace bangfu::evaluation {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class EvaluationLedgerTables : public EvaluationLedger {
 protected:
  LedgerFile ExportT2(type::v1::FourClass four_class, type::v1::FileFormat format, bool no_bom,
                      const std::string& region = "360733") {
    v1::ExportT2Request request;
    request.set_region_code(region);
    request.set_class_(four_class);
    request.set_format(format);
    request.set_no_bom(no_bom);
    request.set_preparer("王芳");
    request.set_reviewer("赵强");
    return ExportFile(w_, "ExportT2", request);
  }
  LedgerFile ExportT14(const std::string& region, type::v1::FileFormat format) {
    v1::ExportT14Request request;
    request.set_region_code(region);
    request.set_format(format);
    return ExportFile(w_, "ExportT14", request);
  }
  // 处置数 and 处置额 by the name of the unit, as the workbook has them.
  std::map<std::string, std::pair<std::string, std::string>> PrintedT14(const std::string& region) {
    std::map<std::string, std::pair<std::string, std::string>> out;
    const LedgerFile file = ExportT14(region, type::v1::FILE_FORMAT_XLSX);
    size_t count = 0, amount = 0;
    EXPECT_OK(table::ReadTable(file.bytes, {}, [&](const table::InputRow& row) {
      for (size_t i = 0; i < row.cells.size(); ++i) {
        if (row.cells[i].text == "处置数") count = i;
        if (row.cells[i].text == "处置额（万元）") amount = i;
      }
      if (count != 0 && row.cells.size() > std::max(count, amount)) {
        out[row.cells[1].text] = {row.cells[count].text, row.cells[amount].text};
      }
      return absl::OkStatus();
    }));
    EXPECT_EQ(amount, count + 1);
    return out;
  }
  // The asset service tells of an asset in that state; its id.
  std::string Hold(asset::v1::AssetState state, const std::string& place, int64_t value_fen,
                   const std::string& id = "") {
    asset::v1::Asset asset = sample::LinkAsset(id.empty() ? w_.world().NewId() : id, "AS", place);
    asset.set_state(state);
    asset.mutable_details()->set_original_value_fen(value_fen);
    w_.world().Tell(asset);
    w_.world().Sync();
    return asset.id();
  }
};

TEST_F(EvaluationLedgerTables, T14_CountsProjectsAndIndustriesApartAndVillagesAsReported) {
  InForce(v1::EVALUATION_RESULT_UPGRADE, {.village = kVillage1, .invested_fen = 1'234'567});
  InForce(v1::EVALUATION_RESULT_CONSOLIDATE,
          {.type = kIndustrySubject, .village = "360733", .name = "脐橙产业"});
  w_.Compute(w_.AddSubject({.village = kOtherCounty, .invested_fen = 5}),
             v1::EVALUATION_RESULT_MANUAL_REVIEW, "G5");
  const Ulid campaign = *Ulid::Parse(w_.world().NewId());
  ASSERT_OK(mysql::Transact(w_.db(), [&](mysql::Tx& tx) {
    return PutUnitReports(
        tx, {{campaign, kVillage1, registry::v1::UNIT_REPORT_STATE_COUNTY_VERIFIED, false, 1},
             {campaign, kVillage2, registry::v1::UNIT_REPORT_STATE_SUBMITTED, true, 2},
             {campaign, kOtherTownship, registry::v1::UNIT_REPORT_STATE_RETURNED, false, 3}});
  }));
  const v1::T14 t14 = T14("3607");
  ASSERT_EQ(t14.rows_size(), 2);
  const v1::T14Row& county = t14.rows(0);
  EXPECT_EQ(county.region_name(), "会昌县");
  EXPECT_EQ(county.villages_due(), 3);
  EXPECT_EQ(county.villages_reported(), 2);
  EXPECT_EQ(county.villages_nil(), 1);
  EXPECT_EQ(county.projects(), 1);
  EXPECT_EQ(county.industries(), 1);
  EXPECT_EQ(county.invested_fen(), 1'234'567);
  EXPECT_EQ(county.project_classes(1).share_bp(), 10000);
  EXPECT_EQ(county.industry_classes(0).count(), 1);
  EXPECT_FALSE(county.signed_());
  EXPECT_FALSE(t14.rows(1).signed_());  // no entries there: nothing that could be signed
  EXPECT_EQ(t14.rows(1).manual_review(), 1);
  EXPECT_EQ(t14.sum().projects(), 2);
  EXPECT_EQ(t14.sum().invested_fen(), 1'234'572);
  EXPECT_EQ(t14.sum().villages_due(), 4);
  EXPECT_EQ(t14.meta().draft_note(), "未定稿：会昌县（县级）尚未签字");
  // The province's one line is the city's sum.
  const v1::T14 province = T14("36");
  ASSERT_EQ(province.rows_size(), 1);
  EXPECT_EQ(province.rows(0).projects(), t14.sum().projects());
  EXPECT_EQ(province.rows(0).invested_fen(), t14.sum().invested_fen());
  EXPECT_EQ(province.sum().villages_reported(), 2);
}

TEST_F(EvaluationLedgerTables, T14_TheBytesOfTheCsv) {
  InForce(v1::EVALUATION_RESULT_UPGRADE, {.village = kVillage1, .invested_fen = 1'234'567});
  v1::ExportT14Request request;
  request.set_region_code("360733101");
  request.set_format(type::v1::FILE_FORMAT_CSV);
  request.set_no_bom(true);
  const LedgerFile file = ExportFile(w_, "ExportT14", request);
  EXPECT_EQ(
      file.bytes,
      "区划代码,县,摸排村数,应摸排,零报告村,项目/数,项目/投入额（万元）,项目/资产额（万元）,"
      "项目/巩固类数量,项目/巩固类金额（万元）,项目/巩固类占比（%）,"
      "项目/升级类数量,项目/升级类金额（万元）,项目/升级类占比（%）,"
      "项目/盘活类数量,项目/盘活类金额（万元）,项目/盘活类占比（%）,"
      "项目/调整类数量,项目/调整类金额（万元）,项目/调整类占比（%）,"
      "项目/数据不足,项目/人工研判,项目/暂不分类,项目/待认定,项目/未评估,项目/在册待处理,"
      "产业/数,产业/巩固类数量,产业/巩固类占比（%）,"
      "产业/升级类数量,产业/升级类占比（%）,产业/盘活类数量,产业/盘活类占比（%）,"
      "产业/调整类数量,产业/调整类占比（%）,应销号,已销号,已销号去向/巩固,已销号去向/升级,"
      "已销号去向/退出,盘活率（%）,盘活金额/盘活资产（万元）,盘活金额/需盘活（万元）,"
      "盘活金额/占比（%）,盘活数量/盘活,盘活数量/需盘活,盘活数量/占比（%）,"
      "重新认定转出（未销号）,处置数,处置额（万元）,人工调整率（%）,人工调整率提示,"
      "人工调整到期,签字状态\r\n"
      "360733101201,下营村,0,1,0,1,1.234567,80,0,0,0,1,1.234567,100,0,0,0,0,0,0,0,0,0,0,0,0,0,0,"
      "0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,,,0,,0,未签字\r\n"
      "360733101202,湘江村,0,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,"
      "0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,,,0,,0,无台账\r\n"
      "360733101,合计,0,2,0,1,1.234567,80,0,0,0,1,1.234567,100,0,0,0,0,0,0,0,0,0,0,0,0,0,0,"
      "0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,,,0,,0,未签字\r\n");
  EXPECT_EQ(file.name, "T14四个一批汇总表_麻州镇.csv");
  EXPECT_EQ(file.meta.row_count(), 3);
  const v1::T14 t14 = T14("360733101");
  EXPECT_EQ(file.meta.rows_sha256(), t14.meta().rows_sha256());
}

// What nobody has told of is no zero.
TEST_F(EvaluationLedgerTables, T14_WithoutAnyDisposalTheColumnsAreEmptyAndSayWhy) {
  InForce(v1::EVALUATION_RESULT_ADJUST);
  Hold(asset::v1::ASSET_STATE_ACTIVE, kVillage1, 100);
  Hold(asset::v1::ASSET_STATE_LOCKED_FOR_DISPOSAL, kVillage1, 100);
  for (const std::string region : {"36", "3607", "360733", "360733101", kVillage1}) {
    SCOPED_TRACE(region);
    const v1::T14 t14 = T14(region);
    EXPECT_THAT(t14.meta().filters(), HasSubstr("尚无处置数据"));
    EXPECT_FALSE(t14.sum().has_disposal_count());
    EXPECT_FALSE(t14.sum().has_disposal_amount_fen());
    for (const v1::T14Row& row : t14.rows()) {
      EXPECT_FALSE(row.has_disposal_count() || row.has_disposal_amount_fen());
    }
  }
  EXPECT_THAT(ExportT14("36", type::v1::FILE_FORMAT_CSV).bytes, HasSubstr("尚无处置数据"));
  const auto printed = PrintedT14("36");
  EXPECT_EQ(printed.at("合计").first, "");
  EXPECT_EQ(printed.at("合计").second, "");
}

TEST_F(EvaluationLedgerTables, T14_CountsWhatWasDisposedOfWhereItLay) {
  Hold(asset::v1::ASSET_STATE_DISPOSED, kVillage1, 1'234'567);
  const std::string reversed = Hold(asset::v1::ASSET_STATE_DISPOSED, kVillage2, 300);
  Hold(asset::v1::ASSET_STATE_DISPOSED, "360733101", 20);  // the township's own
  Hold(asset::v1::ASSET_STATE_DISPOSED, kOtherCounty, 5'000'000'001);
  for (const asset::v1::AssetState other :
       {asset::v1::ASSET_STATE_ACTIVE, asset::v1::ASSET_STATE_LOCKED_FOR_DISPOSAL,
        asset::v1::ASSET_STATE_PRINCIPAL_RECOVERED, asset::v1::ASSET_STATE_SPLIT,
        asset::v1::ASSET_STATE_MERGED, asset::v1::ASSET_STATE_VOID}) {
    Hold(other, kVillage1, 7);
  }
  struct Expected {
    std::string region;
    int64_t count, amount_fen;
  };
  const std::vector<Expected> all = {
      {"36", 4, 5'001'234'888},     {"3607", 4, 5'001'234'888}, {"360733", 3, 1'234'887},
      {"360733101", 3, 1'234'887},  {kVillage1, 1, 1'234'567},  {"360733102", 0, 0},
      {"360734", 1, 5'000'000'001},
  };
  const auto expect = [&](const Expected& e) {
    SCOPED_TRACE(e.region);
    const v1::T14 t14 = T14(e.region);
    EXPECT_THAT(t14.meta().filters(), Not(HasSubstr("处置")));
    ASSERT_TRUE(t14.sum().has_disposal_count() && t14.sum().has_disposal_amount_fen());
    EXPECT_EQ(t14.sum().disposal_count(), e.count);
    EXPECT_EQ(t14.sum().disposal_amount_fen(), e.amount_fen);
    // Each level is the sum of its children.
    int64_t count = 0, amount_fen = 0;
    for (const v1::T14Row& row : t14.rows()) {
      EXPECT_TRUE(row.has_disposal_count() && row.has_disposal_amount_fen()) << row.region_code();
      count += row.disposal_count();
      amount_fen += row.disposal_amount_fen();
    }
    EXPECT_EQ(count, e.count);
    EXPECT_EQ(amount_fen, e.amount_fen);
  };
  for (const Expected& e : all) expect(e);
  // In 万元, exact to the fen; a unit without any has a zero, now that it is one.
  const auto printed = PrintedT14("360733");
  EXPECT_EQ(printed.at("麻州镇"), std::make_pair(std::string("3"), std::string("1.234887")));
  EXPECT_EQ(printed.at("庄口镇"), std::make_pair(std::string("0"), std::string("0")));
  EXPECT_EQ(printed.at("合计"), std::make_pair(std::string("3"), std::string("1.234887")));
  EXPECT_EQ(PrintedT14("36").at("合计"),
            std::make_pair(std::string("4"), std::string("5001.234888")));
  // Told again, it counts once; reversed, it counts no more.
  Hold(asset::v1::ASSET_STATE_DISPOSED, kVillage2, 400, reversed);
  expect({"360733", 3, 1'234'987});
  Hold(asset::v1::ASSET_STATE_ACTIVE, kVillage2, 400, reversed);
  expect({"360733", 2, 1'234'587});
}

TEST_F(EvaluationLedgerTables, T2_AFormulaInANameIsText) {
  const Ulid subject =
      InForce(v1::EVALUATION_RESULT_REVITALIZE, {.village = kVillage1,
                                                 .name = "=HYPERLINK(\"http://x\",\"领款\")",
                                                 .invested_fen = 123'456'789,
                                                 .asset_value_fen = 50});
  const std::string argument = w_.Argue(subject, v1::ARGUMENT_CONCLUSION_FEASIBLE);
  v1::MeasurePlan plan = Plan("MANAGEMENT_IDLE", {"ENTRUST"}, argument);
  ASSERT_OK(PlanIt(subject, plan));
  ASSERT_OK(Sign(kVillage1, "cadre"));
  const LedgerFile bare =
      ExportT2(type::v1::FOUR_CLASS_REVITALIZE, type::v1::FILE_FORMAT_CSV, true);
  EXPECT_THAT(
      bare.bytes,
      StartsWith("序号,编码,名称,地点,资金来源,投入（万元）,资产原值（万元）,"
                 "五维得分/产业发展水平（分）,五维得分/经营管理状况（分）,"
                 "五维得分/项目资产收益（分）,五维得分/联农带农效果（分）,"
                 "五维得分/产业发展前景（分）,总分（分）,系统建议类别,认定类别,"
                 "认定依据/理由,认定时间,标准版本,主要短板/困难原因,采取措施,责任单位,"
                 "责任人,完成时限,进展,是否销号,销号时间,销号去向,签字状态（村/乡/县）\r\n"));
  const std::string row = bare.bytes.substr(bare.bytes.find("\r\n") + 2);
  EXPECT_EQ(row,
            "1,PJ360733-1,\"'=HYPERLINK(\"\"http://x\"\",\"\"领款\"\")\",会昌县麻州镇下营村,,"
            "123.456789,0.00005,80,80,,80,80,87.05,盘活类,盘活类,G4：各项良好,2026-03-09,1,"
            "市场前景好、带动能力强、停产闲置,ENTRUST "
            "委托经营,麻州镇人民政府,李明,2027-06-30,委托经营 0%,否,,,"
            "已签/未签/未签\r\n");
  EXPECT_EQ(bare.meta.row_count(), 1);
  // For people: byte order mark, the lines around the table, draft note, hash.
  const LedgerFile full =
      ExportT2(type::v1::FOUR_CLASS_REVITALIZE, type::v1::FILE_FORMAT_CSV, false);
  EXPECT_THAT(full.bytes, StartsWith("\xEF\xBB\xBFT2 四个一批台账（盘活类）（未定稿："));
  for (const char* part :
       {"填报单位,会昌县", "填报日期,2026-03-09", "填报人,王芳", "审核人,赵强",
        "筛选条件,盘活类；实时", "数据截至,2026-03-09", "行数,1,SHA-256,", "村级（签章）："}) {
    EXPECT_THAT(full.bytes, HasSubstr(part));
  }
  EXPECT_THAT(full.bytes, HasSubstr(full.meta.rows_sha256()));
  EXPECT_EQ(full.meta.rows_sha256(), bare.meta.rows_sha256());
}

TEST_F(EvaluationLedgerTables, T2_ALongTableIsReadByPagesAsItIsTaken) {
  InForce(v1::EVALUATION_RESULT_REVITALIZE, {.village = kVillage1});
  // Of before: as many again each time.
  for (int i = 0; i < 11; ++i) {
    for (const std::string& sql : {
             std::string("CREATE TEMPORARY TABLE again AS SELECT * FROM ledger_entry"),
             Cat("UPDATE again SET id = UNHEX(MD5(CONCAT(HEX(id), ", i, "))), is_open = NULL, ",
                 "leave_reason = 'CLOSED_OUT', left_at = entered_at"),
             std::string("INSERT INTO ledger_entry SELECT * FROM again"),
             std::string("DROP TEMPORARY TABLE again"),
         }) {
      ASSERT_OK(w_.db().Execute(sql));
    }
  }
  const LedgerFile csv = ExportT2(type::v1::FOUR_CLASS_REVITALIZE, type::v1::FILE_FORMAT_CSV, true);
  EXPECT_EQ(csv.meta.row_count(), 2048);
  size_t at = csv.bytes.find("\r\n");
  for (int64_t number = 1; number <= 2048; ++number) {
    ASSERT_NE(at, std::string::npos);
    ASSERT_THAT(csv.bytes.substr(at + 2, 16), StartsWith(Cat(number, ",PJ")));
    at = csv.bytes.find("\r\n", at + 2);
  }
  EXPECT_EQ(at + 2, csv.bytes.size());
  EXPECT_GT(csv.bytes.size(), 4u * (64 << 10));  // in several chunks
  const LedgerFile xlsx =
      ExportT2(type::v1::FOUR_CLASS_REVITALIZE, type::v1::FILE_FORMAT_XLSX, false);
  EXPECT_EQ(xlsx.meta.rows_sha256(), csv.meta.rows_sha256());
}

TEST_F(EvaluationLedgerTables, T2_TheWorkbookOpensWithCodesAsText) {
  for (int i = 0; i < 3; ++i)
    InForce(v1::EVALUATION_RESULT_UPGRADE, {.name = "+脐橙", .invested_fen = 725});
  const LedgerFile file = ExportT2(type::v1::FOUR_CLASS_UPGRADE, type::v1::FILE_FORMAT_XLSX, false);
  EXPECT_EQ(file.name, "T2四个一批台账_升级类_会昌县.xlsx");
  std::vector<table::InputRow> rows;
  ASSERT_OK(table::ReadTable(file.bytes, {}, [&](const table::InputRow& row) {
    rows.push_back(row);
    return absl::OkStatus();
  }));
  int found = 0;
  for (const table::InputRow& row : rows) {
    if (row.cells.size() < 6 || !row.cells[1].text.starts_with("PJ360733-")) continue;
    ++found;
    EXPECT_EQ(row.cells[1].kind, table::InputKind::kText);
    EXPECT_EQ(row.cells[2].text, "+脐橙");
    EXPECT_EQ(row.cells[5].text, "0.000725");
  }
  EXPECT_EQ(found, 3);
  v1::ExportT14Request request;
  request.set_region_code("36");
  request.set_format(type::v1::FILE_FORMAT_XLSX);
  const LedgerFile t14 = ExportFile(w_, "ExportT14", request);
  bool opens = false;
  ASSERT_OK(table::ReadTable(t14.bytes, {}, [&](const table::InputRow& row) {
    opens |= row.cells.size() > 1 && row.cells[1].text == "赣州市" &&
             row.cells[0].kind == table::InputKind::kText;
    return absl::OkStatus();
  }));
  EXPECT_TRUE(opens);
}

TEST_F(EvaluationLedgerTables, R028_T2_AFurtherDimensionHasItsColumn) {
  CriteriaSet set = DefaultCriteria();
  set.dimensions.push_back({"D6", "生态效益", 0, false, false});
  IndicatorDef indicator = set.indicators.front();
  indicator.code = "D6-01";
  indicator.dimension = "D6";
  indicator.missing_policy = MissingPolicy::kExclude;
  set.indicators.push_back(indicator);
  v1::CreateCriteriaDraftRequest draft;
  draft.set_region_code("36");
  draft.set_content_json(CanonicalJson(set));
  draft.set_note_zh("待省厅确认");
  const std::string service = "bangfu.evaluation.v1.CriteriaService.";
  auto drafted = w_.Call<v1::CriteriaSet>(Cat(service, "CreateCriteriaDraft"), draft,
                                          w_.world().Admin("wang"));
  ASSERT_OK(drafted);
  v1::ActivateCriteriaRequest activate;
  activate.set_id(drafted->id());
  SetDay(ShanghaiDay(w_.server().clock().Now()), activate.mutable_effective_from());
  ASSERT_OK(
      w_.Call<v1::CriteriaSet>(Cat(service, "ActivateCriteria"), activate, w_.world().Admin("li")));
  const LedgerFile t2 = ExportT2(type::v1::FOUR_CLASS_UPGRADE, type::v1::FILE_FORMAT_CSV, true);
  EXPECT_THAT(t2.bytes,
              HasSubstr("各维度得分/产业发展前景（分）,各维度得分/生态效益（分）,总分（分）"));
}

TEST_F(EvaluationLedgerTables, T2_AClassThatBecameBetterIsNoCloseOut) {
  const Ulid subject = InForce(v1::EVALUATION_RESULT_REVITALIZE);
  Classify(subject, v1::EVALUATION_RESULT_UPGRADE);
  const LedgerFile left =
      ExportT2(type::v1::FOUR_CLASS_REVITALIZE, type::v1::FILE_FORMAT_CSV, true);
  EXPECT_EQ(left.meta.row_count(), 0);
  const LedgerFile now = ExportT2(type::v1::FOUR_CLASS_UPGRADE, type::v1::FILE_FORMAT_CSV, true);
  EXPECT_EQ(now.meta.row_count(), 1);
  EXPECT_THAT(now.bytes, HasSubstr(",否,,,"));
}

TEST_F(EvaluationLedgerTables, R031_FromTheFactsToTheLineOfTheLedger) {
  World& world = w_.world();
  const std::string industry = world.AddIndustry();
  const std::string project = world.AddProject(industry);
  registry::v1::Industry gap = sample::Industry(industry);
  gap.mutable_links()->DeleteSubrange(1, 1);  // no cold store in the county
  world.Tell(gap);
  world.Sync();
  world.Score({project}, 85, 85);
  const v1::Evaluation computed = world.EvaluateOne(project).evaluation();
  ASSERT_EQ(computed.result(), v1::EVALUATION_RESULT_UPGRADE);
  const v1::Explanation explanation = world.Explain(computed.id());
  ASSERT_GT(explanation.short_boards_size(), 0);
  w_.BringInForce(*Ulid::Parse(computed.id()));
  const LedgerFile t2 = ExportT2(type::v1::FOUR_CLASS_UPGRADE, type::v1::FILE_FORMAT_CSV, true);
  EXPECT_EQ(t2.meta.row_count(), 1);
  EXPECT_THAT(t2.bytes, HasSubstr(explanation.short_boards(0).text_zh()));
  EXPECT_THAT(t2.bytes, HasSubstr(computed.subject_code()));
  w_.ExpectRollupsEqualRecount();
}

}  // namespace
}  // namespace bangfu::evaluation

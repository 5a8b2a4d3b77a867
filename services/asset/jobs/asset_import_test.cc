#include <fstream>
#include <sstream>

#include "services/asset/jobs/asset_import_for_test.h"

namespace bangfu::asset {
namespace {

TEST_F(AssetImportTest, R026_R027_ARowBringsAssetContractIncomeAndHouseholds) {
  const std::string id = Import(kT4 + RunningShed());
  EXPECT_EQ(Get(id).rows_created(), 1);
  EXPECT_EQ(Get(id).state(), intake_v1::IMPORT_STATE_COMMITTED);
  const v1::ProjectAssetFacts facts = Facts();
  EXPECT_EQ(facts.operating_original_value_fen(), 100123456);
  EXPECT_TRUE(facts.operating_value_confirmed());
  EXPECT_TRUE(facts.compliance().has_contract());
  EXPECT_TRUE(facts.maintenance_money());
  // The year's income is of the last full year: due and received on its last day.
  EXPECT_EQ(Month(facts, "2025-12").due_fen(), 6500000);
  EXPECT_EQ(Month(facts, "2025-12").received_of_due_fen(), 5200000);
  EXPECT_EQ(Month(facts, "2025-12").received_fen(), 5200000);
  EXPECT_EQ(Month(facts, "2024-12").due_fen(), 0);  // not known, so not claimed
  EXPECT_EQ(Month(facts, "2025-12").dividend_declared_fen(), 1500000);
  EXPECT_EQ(Month(facts, "2025-12").dividend_paid_fen(), 1200000);
  // 40 households × 3200 yuan as stated; the dividend is not added to it.
  EXPECT_EQ(Month(facts, "2025-12").household_income_fen(), 12800000);
  EXPECT_EQ(facts.linked_poor_households(), 38);
  EXPECT_EQ(facts.linked_monitored_households(), 2);
  EXPECT_EQ(facts.linkage_mode_count(), 2);
  v1::ListAssetsRequest list;
  ASSERT_OK_AND_ASSIGN(const auto assets,
                       Call<v1::ListAssetsResponse>("AssetService.ListAssets", list));
  ASSERT_EQ(assets.assets_size(), 1);
  EXPECT_EQ(assets.assets(0).title_status(), v1::TITLE_STATUS_REGISTERED);
  EXPECT_EQ(assets.assets(0).custody_status(), v1::CUSTODY_STATUS_HANDED_OVER);
  EXPECT_TRUE(assets.assets(0).sample());
  EXPECT_EQ(assets.assets(0).details().fund_sources_size(), 2);
  EXPECT_EQ(assets.assets(0).id(), Rows(id).begin()->second.record_id());
}

TEST_F(AssetImportTest, ARowOutsideTheScopeOfTheGrantIsRefused) {
  auth::Caller caller;
  caller.subject = "person-narrow";
  auth::Grant& bridge = caller.grants.emplace_back();
  bridge.role = ROLE_COUNTY_OPERATOR;
  bridge.region_path = "360733";
  bridge.fund_sources = {"BRIDGE_CENTRAL"};
  importer_ = server_.Token(caller);
  const std::string refused = Import(kT4 + RunningShed());
  EXPECT_EQ(Get(refused).rows_refused(), 1);
  EXPECT_EQ(Reasons(Rows(refused).begin()->second), "SCOPE_EXCLUDES ");
  EXPECT_EQ(Count("asset"), 0);
  // With a second grant it goes, and the audit names that one.
  auth::Grant special = caller.grants[0];
  special.role = options::v1::ROLE_TOWNSHIP_REVIEWER;
  special.fund_sources = {"LEGACY_SPECIAL"};
  caller.grants.push_back(special);
  importer_ = server_.Token(caller);
  const std::string id = Import(kT4 + RunningShed());
  EXPECT_EQ(Get(id).rows_created(), 1);
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM audit_log WHERE aggregate_type = 'asset' "
                                   "AND actor_role = 'ROLE_TOWNSHIP_REVIEWER'"),
            1);
}

// Good when it was checked, outside of what the importer holds when it is committed: the row is not
// refused for good.
TEST_F(AssetImportTest, R118_ARowThatTheGrantsDoNotCoverAnyMoreStopsTheCommit) {
  const std::string wide = importer_;
  auth::Caller caller;
  caller.subject = "person-1";
  auth::Grant& grant = caller.grants.emplace_back();
  grant.role = ROLE_COUNTY_OPERATOR;
  grant.region_path = "360733";
  grant.fund_sources = {"BRIDGE_CENTRAL"};
  const std::string other_money = server_.Token(caller);
  grant.fund_sources.clear();
  grant.role = options::v1::ROLE_TOWNSHIP_REVIEWER;
  grant.region_path = "360733102";
  const std::string other_place = server_.Token(caller);

  const std::string id = Import(kT4 + RunningShed(), /*commit=*/false);
  EXPECT_EQ(Get(id).rows_created(), 1);
  for (const std::string& token : {other_money, other_place}) {
    importer_ = token;
    Step("CommitImport", id);
    importer_ = wide;
    EXPECT_EQ(Get(id).state(), intake_v1::IMPORT_STATE_COMMITTING);
    EXPECT_EQ(Get(id).rows_refused(), 0);
    EXPECT_EQ(Get(id).rows_created(), 1);
    EXPECT_EQ(Count("asset"), 0);
  }
  Step("CommitImport", id);
  EXPECT_EQ(Get(id).state(), intake_v1::IMPORT_STATE_COMMITTED);
  EXPECT_EQ(Count("asset"), 1);

  // Nor when the asset is there already.
  std::string changed = RunningShed();
  changed.replace(changed.find("李四"), std::string("李四").size(), "王五");
  const std::string again = Import(kT4 + changed, /*commit=*/false);
  EXPECT_EQ(Get(again).rows_updated(), 1);
  importer_ = other_money;
  Step("CommitImport", again);
  importer_ = wide;
  EXPECT_EQ(Get(again).state(), intake_v1::IMPORT_STATE_COMMITTING);
  EXPECT_EQ(Get(again).rows_updated(), 1);
}

TEST_F(AssetImportTest, TheSecondRunChangesNothing) {
  Import(kT4 + RunningShed());
  const int64_t events = Count("feed_outbox");
  const std::string again = Import(kT4 + RunningShed());
  EXPECT_EQ(Get(again).rows_unchanged(), 1);
  EXPECT_EQ(Count("asset"), 1);
  EXPECT_EQ(Count("operating_contract"), 1);
  EXPECT_EQ(Count("income_record"), 1);
  EXPECT_EQ(Count("feed_outbox"), events);
  // Another value of the same asset updates it, and its money stays as it is booked.
  std::string changed = RunningShed();
  changed.replace(changed.find("100.123456"), 10, "101.123456");
  changed.replace(changed.find("自筹资金10万元"), std::string("自筹资金10万元").size(),
                  "自筹资金11万元");
  const std::string third = Import(kT4 + changed);
  EXPECT_EQ(Get(third).rows_updated(), 1) << Reasons(Rows(third).begin()->second);
  EXPECT_EQ(Count("asset"), 1);
  EXPECT_EQ(Count("operating_contract"), 1);
}

// Kept texts are no part of what a row says: with one more of them it is the row that it was.
TEST_F(AssetImportTest, MoreKeptTextsChangeNothing) {
  const std::string id = Import(kT4 + RunningShed());
  const v1::Asset asset = ServiceTest::Get(Rows(id).begin()->second.record_id());
  v1::UpdateAssetRequest update;
  update.set_request_id(RequestId());
  update.set_id(asset.id());
  update.set_etag(asset.etag());
  update.mutable_details()->set_note("已核对");
  update.mutable_update_mask()->add_paths("note");
  ASSERT_OK(Call<v1::Asset>("AssetService.UpdateAsset", update));
  const std::string head(kT4);
  const std::string row = RunningShed();
  const std::string wider = head.substr(0, head.size() - 2) + ",占地面积\r\n" +
                            row.substr(0, row.size() - 2) + ",30亩\r\n";
  const std::string again = Import(wider);
  EXPECT_EQ(Get(again).rows_unchanged(), 1) << Reasons(Rows(again).begin()->second);
  EXPECT_EQ(ServiceTest::Get(asset.id()).details().note(), "已核对");
}

// A table that says less, or less exactly, than what is there by now takes none of it away.
TEST_F(AssetImportTest, WhatATableDoesNotGiveStays) {
  std::string row = RunningShed();
  const auto put = [&row](const std::string& from, const std::string& to) {
    ASSERT_NE(row.find(from), std::string::npos) << from;
    row.replace(row.find(from), from.size(), to);
  };
  put("2020-11-30", "2019年6月");
  put("\r\n", ",是,约\r\n");
  const std::string head =
      std::string(kT4).substr(0, std::string(kT4).size() - 2) + ",是否投保,占地面积\r\n";
  const std::string id = Import(head + row);
  const v1::Asset asset = ServiceTest::Get(Rows(id).begin()->second.record_id());
  EXPECT_TRUE(asset.details().insured());
  EXPECT_EQ(Raw(asset, "formed_date"), "2019年6月");
  v1::UpdateAssetRequest update;
  update.set_request_id(RequestId());
  update.set_id(asset.id());
  update.set_etag(asset.etag());
  *update.mutable_details()->mutable_formed_date() = Date(2019, 6, 18);
  update.mutable_details()->set_latitude_e7(256000000);
  update.mutable_details()->set_longitude_e7(1157000000);
  update.mutable_details()->set_note("已核对");
  for (const char* path : {"formed_date", "latitude_e7", "longitude_e7", "note"}) {
    update.mutable_update_mask()->add_paths(path);
  }
  ASSERT_OK(Call<v1::Asset>("AssetService.UpdateAsset", update));
  put("专项扶贫资金90.123456万元、自筹资金10万元", "");
  put("水东村股份经济合作社,水东村股份经济合作社,", ",,");
  put("2021-02-01", "");
  put("李四", "王五");
  put(",是,约", ",,");
  const std::string again = Import(head + row);
  EXPECT_EQ(Get(again).rows_updated(), 1) << Reasons(Rows(again).begin()->second);
  v1::Asset now = ServiceTest::Get(asset.id());
  EXPECT_EQ(now.details().fund_sources_size(), 2);
  EXPECT_EQ(now.details().owners_size(), 1);
  EXPECT_EQ(now.details().income_right_holders_size(), 1);
  EXPECT_TRUE(now.details().insured());
  EXPECT_EQ(now.details().formed_date().day(), 18);
  EXPECT_EQ(Raw(now, "formed_date"), "");
  EXPECT_EQ(Raw(now, "占地面积"), "约");
  EXPECT_EQ(now.details().latitude_e7(), 256000000);
  EXPECT_EQ(now.details().note(), "已核对");
  EXPECT_EQ(now.custody_status(), v1::CUSTODY_STATUS_HANDED_OVER);
  EXPECT_THAT(now.open_questions(), ::testing::Not(::testing::Contains("fund_sources")));
  // Of another value the sources stay, and how they divide it is asked for. What is stated wins.
  put("100.123456", "110.123456");
  put(",资金来源,,", ",资金来源,否,");
  const std::string third = Import(head + row);
  EXPECT_EQ(Get(third).rows_updated(), 1) << Reasons(Rows(third).begin()->second);
  now = ServiceTest::Get(asset.id());
  EXPECT_EQ(now.details().original_value_fen(), 110123456);
  EXPECT_EQ(Facts().operating_original_value_fen(), 110123456);
  EXPECT_EQ(now.details().fund_sources_size(), 2);
  EXPECT_FALSE(now.details().insured());
  EXPECT_THAT(now.open_questions(), ::testing::Contains("fund_sources"));
}

TEST_F(AssetImportTest, ADayThatIsNotStatedInFullKeepsItsText) {
  std::string row = RunningShed();
  row.replace(row.find("2020-11-30"), 10, "2019年6月");
  row.replace(row.find("2021-02-01"), 10, "2021年");
  const std::string id = Import(kT4 + row);
  const intake_v1::ImportRow line = Rows(id).begin()->second;
  EXPECT_EQ(line.outcome(), intake_v1::ROW_OUTCOME_WARNED) << Reasons(line);
  ASSERT_EQ(line.issues_size(), 2) << Reasons(line);
  EXPECT_EQ(line.issues(0).reason(), "DATE_APPROXIMATE");
  EXPECT_EQ(line.issues(0).understood(), "2019-06");
  EXPECT_EQ(line.issues(1).reason(), "DATE_APPROXIMATE");
  EXPECT_EQ(line.issues(1).understood(), "2021");
  const v1::Asset asset = ServiceTest::Get(line.record_id());
  EXPECT_EQ(asset.details().formed_date().year(), 2019);
  EXPECT_EQ(asset.details().formed_date().month(), 6);
  EXPECT_EQ(asset.details().formed_date().day(), 1);
  EXPECT_EQ(Raw(asset, "formed_date"), "2019年6月");
  EXPECT_EQ(Raw(asset, "transferred_date"), "2021年");
  for (const v1::AssetRawText& raw : asset.details().raw_texts()) {
    if (raw.field() != "formed_date") continue;
    EXPECT_EQ(raw.understood(), "2019-06");
    EXPECT_EQ(raw.parse_state(), type::v1::AMOUNT_PARSE_STATE_APPROXIMATE);
  }
  // Another field leaves it; the day itself takes its place. No client writes one.
  v1::UpdateAssetRequest update;
  update.set_request_id(RequestId());
  update.set_id(asset.id());
  update.set_etag(asset.etag());
  update.mutable_details()->set_note("已核对");
  update.mutable_details()->add_raw_texts()->set_field("formed_date");
  update.mutable_update_mask()->add_paths("note");
  update.mutable_update_mask()->add_paths("raw_texts");
  ASSERT_OK_AND_ASSIGN(v1::Asset changed, Call<v1::Asset>("AssetService.UpdateAsset", update));
  EXPECT_EQ(changed.details().raw_texts_size(), asset.details().raw_texts_size());
  update.Clear();
  update.set_request_id(RequestId());
  update.set_id(asset.id());
  update.set_etag(changed.etag());
  *update.mutable_details()->mutable_formed_date() = Date(2019, 6, 1);
  update.mutable_update_mask()->add_paths("formed_date");
  ASSERT_OK_AND_ASSIGN(changed, Call<v1::Asset>("AssetService.UpdateAsset", update));
  EXPECT_EQ(Raw(changed, "formed_date"), "");
  EXPECT_EQ(Raw(changed, "transferred_date"), "2021年");
  v1::ReturnCustodyRequest back;
  back.set_request_id(RequestId());
  back.set_id(asset.id());
  back.set_etag(changed.etag());
  back.set_reason("移交后无人管护，退回");
  *back.mutable_returned_date() = Date(2026, 1, 5);
  ASSERT_OK_AND_ASSIGN(changed, Call<v1::Asset>("AssetService.ReturnCustody", back));
  EXPECT_EQ(Raw(changed, "transferred_date"), "");
}

TEST_F(AssetImportTest, WhatATableDoesNotSayIsAskedFor) {
  const std::string tail = ",360733101201,2020-11-30,村集体,水东村合作社,,,,,自营,,,,,,,,,,,,,,,,";
  const std::string id = Import(
      std::string(kT4) +
      Row("没有原值",
          "经营性,固定资产,EXT-PJ360733-2021-000001,专项扶贫资金," + tail + "在用,,,,,") +
      Row("约数",
          "经营性,固定资产,EXT-PJ360733-2021-000001,专项扶贫资金,约20万元" + tail + "在用,,,,,") +
      Row("余数",
          "经营性,固定资产,EXT-PJ360733-2021-000001,专项扶贫资金,20余万元" + tail + "在用,,,,,") +
      Row("自筹",
          "经营性,固定资产,EXT-PJ360733-2021-000001,自筹资金20万元,20" + tail + "在用,,,,,") +
      Row("不平", "经营性,固定资产,EXT-PJ360733-2021-000001,专项扶贫资金10万元、自筹资金5万元,20" +
                      tail + "在用,,,,,") +
      Row("差一点",
          "经营性,固定资产,EXT-PJ360733-2021-000001,专项扶贫资金10万元、自筹资金9.99万元,20" +
              tail + "在用,,,,,") +
      Row("部分",
          "经营性,固定资产,EXT-PJ360733-2021-000001,专项扶贫资金,20" + tail + "部分使用,,,,,") +
      Row("部分说清", "经营性,固定资产,EXT-PJ360733-2021-000001,专项扶贫资金,20" + tail +
                          "部分使用60%,2026-08-01,,,,") +
      Row("闲置无日期",
          "经营性,固定资产,EXT-PJ360733-2021-000001,专项扶贫资金,20" + tail + "闲置,,,,,") +
      Row("没有项目", "经营性,固定资产,,专项扶贫资金,20" + tail + "在用,,,,,") +
      Row("项目不存在", "经营性,固定资产,PJ000,专项扶贫资金,20" + tail + "在用,,,,,") +
      Row("在建棚",
          "经营性,固定资产,EXT-PJ360733-2021-000001,专项扶贫资金,20" + tail + "在建,,,,,") +
      Row("合计", "经营性,固定资产,,,240" + tail + ",,,,,") +
      Row("约数",
          "经营性,固定资产,EXT-PJ360733-2021-000001,专项扶贫资金,约20万元" + tail + "在用,,,,,"));
  auto rows = Rows(id);
  EXPECT_EQ(rows["没有原值"].outcome(), intake_v1::ROW_OUTCOME_HELD);
  EXPECT_EQ(rows["余数"].outcome(), intake_v1::ROW_OUTCOME_HELD) << Reasons(rows["余数"]);
  EXPECT_EQ(rows["自筹"].outcome(), intake_v1::ROW_OUTCOME_REFUSED);
  EXPECT_THAT(Reasons(rows["自筹"]), ::testing::HasSubstr("OUT_OF_SCOPE"));
  EXPECT_EQ(rows["不平"].outcome(), intake_v1::ROW_OUTCOME_HELD);
  EXPECT_THAT(Reasons(rows["不平"]), ::testing::HasSubstr("VALUE_NOT_CONSERVED"));
  EXPECT_EQ(rows["差一点"].outcome(), intake_v1::ROW_OUTCOME_WARNED);
  EXPECT_THAT(Reasons(rows["差一点"]), ::testing::HasSubstr("VALUE_ROUNDED"));
  EXPECT_EQ(rows["部分"].outcome(), intake_v1::ROW_OUTCOME_HELD);
  EXPECT_EQ(rows["部分说清"].outcome(), intake_v1::ROW_OUTCOME_CREATED)
      << Reasons(rows["部分说清"]);
  EXPECT_EQ(rows["闲置无日期"].outcome(), intake_v1::ROW_OUTCOME_HELD);
  EXPECT_EQ(rows["没有项目"].outcome(), intake_v1::ROW_OUTCOME_WARNED);
  EXPECT_EQ(rows["项目不存在"].outcome(), intake_v1::ROW_OUTCOME_HELD);
  EXPECT_EQ(rows["在建棚"].outcome(), intake_v1::ROW_OUTCOME_REFUSED);
  EXPECT_THAT(Reasons(rows["在建棚"]), ::testing::HasSubstr("ASSET_NOT_FORMED"));
  EXPECT_THAT(Reasons(rows["合计"]), ::testing::HasSubstr("SUMMARY_ROW"));
  EXPECT_THAT(Reasons(rows["约数"]), ::testing::HasSubstr("DUPLICATE_ROW"));
  // The approximate value is on record and feeds no indicator.
  EXPECT_FALSE(Facts().operating_value_confirmed());
  EXPECT_EQ(Count("asset"), 4);
}

TEST_F(AssetImportTest, StockInOtherStates) {
  const std::string head = "经营性,固定资产,EXT-PJ360733-2021-000001,专项扶贫资金,";
  const std::string id = Import(
      std::string(kT4) +
      Row("油茶林",
          "经营性,生物资产,EXT-PJ360733-2021-000001,专项扶贫资金,7,360733101201,2023-11-30,村集体,"
          "水东村合作社,,,,,"
          "自营,,,,,,,,,,,,,,,,培育期,,,2023-03-15,60,") +
      Row("冲毁的棚", head + "30,360733101201,2019-11-30,村集体,水东村合作社,,,,,租赁,众兴合作社,,"
                             "2020-01-01,2029-12-31,2,0,,,"
                             "3,0,,,,,,损毁,2026-06-01,是,,,洪水") +
      Row("别处的棚",
          head + "30,360111,2019-11-30,村集体,水东村合作社,,,,,自营,,,,,,,,,,,,,,,,在用,,,,,"));
  auto rows = Rows(id);
  EXPECT_EQ(rows["油茶林"].outcome(), intake_v1::ROW_OUTCOME_CREATED) << Reasons(rows["油茶林"]);
  // Households without the mode that links them make no link.
  EXPECT_EQ(Reasons(rows["冲毁的棚"]), "LINKAGE_INCOMPLETE ");
  EXPECT_FALSE(Facts().linkage_reported());
  EXPECT_EQ(rows["别处的棚"].outcome(), intake_v1::ROW_OUTCOME_REFUSED);
  EXPECT_THAT(Reasons(rows["别处的棚"]), ::testing::HasSubstr("REGION_FOREIGN"));
  const v1::ProjectAssetFacts facts = Facts();
  EXPECT_EQ(facts.cultivating_value_fen(), 7000000);
  EXPECT_FALSE(facts.damaged_irreparable());  // one of two
  EXPECT_TRUE(facts.income_reported());       // nothing came in of what was due
  EXPECT_EQ(Month(facts, "2025-12").due_fen(), 2000000);
  EXPECT_EQ(Month(facts, "2025-12").received_fen(), 0);
}

// Who keeps the province's reference data enters no assets, by table as little as one by one.
TEST_F(AssetImportTest, WhoKeepsReferenceDataImportsNoAssets) {
  importer_ = Token(ROLE_PROV_ADMIN, "36", "person-2");
  intake_v1::BeginImportRequest begin;
  begin.set_request_id(RequestId());
  begin.set_kind("assets");
  begin.set_batch_id("batch-of-reference");
  begin.set_format(type::v1::FILE_FORMAT_CSV);
  EXPECT_THAT(Intake<intake_v1::Import>("BeginImport", begin),
              StatusIs(absl::StatusCode::kPermissionDenied));
}

// The tables that governments have published, by the province's own system.
TEST_F(AssetImportTest, PublishedTables) {
  std::ifstream file(Cat(BANGFU_SAMPLE_DIR, "/published-assets.csv"));
  ASSERT_TRUE(file.good());
  std::stringstream bytes;
  bytes << file.rdbuf();
  importer_ = Token(options::v1::ROLE_SYSTEM_INTEGRATOR, "36", "person-2");
  const std::string id = Import(bytes.str());
  const intake_v1::Import import = Get(id);
  EXPECT_EQ(import.rows_total(), 77);  // one line each
  EXPECT_EQ(
      import.rows_created() + import.rows_warned() + import.rows_held() + import.rows_refused(),
      77);
  auto rows = Rows(id);
  EXPECT_THAT(Reasons(rows["村集体经营性资产总计"]), ::testing::HasSubstr("SUMMARY_ROW"));
  EXPECT_THAT(Reasons(rows["到户类资产项目89个"]), ::testing::HasSubstr("SUMMARY_ROW"));
  EXPECT_THAT(Reasons(rows["网具库房"]), ::testing::HasSubstr("ASSET_NOT_FORMED"));
  EXPECT_THAT(Reasons(rows["新港镇产业创新孵化园6栋厂房"]),
              ::testing::HasSubstr("ASSET_NOT_FORMED"));
  EXPECT_THAT(Reasons(rows["千亩大棚蔬菜基地(900余亩)"]), ::testing::HasSubstr("OUT_OF_SCOPE"));
  EXPECT_THAT(Reasons(rows["北坤浅村食用菌大棚(2栋)、晾晒棚1栋及4栋温室"]),
              ::testing::HasSubstr("CONSUMABLES_EXPENSED"));
  EXPECT_EQ(rows["四处共计7000立方米冷库(盘活其余闲置厂房)"].outcome(),
            intake_v1::ROW_OUTCOME_HELD);  // no value
  // Every line that is not taken says what is asked.
  for (const auto& [key, row] : rows) {
    if (row.outcome() != intake_v1::ROW_OUTCOME_HELD &&
        row.outcome() != intake_v1::ROW_OUTCOME_REFUSED) {
      continue;
    }
    ASSERT_GT(row.issues_size(), 0) << key;
    bool says = false;
    for (const intake_v1::RowIssue& issue : row.issues()) says |= !issue.proposal_zh().empty();
    EXPECT_TRUE(says) << key;
  }
  // Again: the same end.
  const int64_t assets = Count("asset");
  const std::string again = Import(bytes.str());
  EXPECT_EQ(Get(again).rows_created() + Get(again).rows_warned() + Get(again).rows_updated(), 0);
  EXPECT_EQ(Count("asset"), assets);
}

}  // namespace
}  // namespace bangfu::asset

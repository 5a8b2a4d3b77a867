// The ledger comes again: what it changes of an asset that is there, and what it leaves.
#include "bangfu/asset/v1/imported_asset.pb.h"
#include "common/seal/seal.h"
#include "services/asset/jobs/asset_import_for_test.h"

namespace bangfu::asset {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

class AssetReimportTest : public AssetImportTest {
 protected:
  void Put(const std::string& from, const std::string& to) {
    ASSERT_NE(row_.find(from), std::string::npos) << from;
    row_.replace(row_.find(from), from.size(), to);
  }
  // Imports the row as it is now; gives its line of the report.
  intake_v1::ImportRow Again() {
    const auto rows = Rows(Import(kT4 + row_));
    EXPECT_EQ(rows.size(), 1U);
    return rows.empty() ? intake_v1::ImportRow() : rows.begin()->second;
  }
  // The official's own change of the fields that the details have.
  v1::Asset Change(const std::string& id, const v1::AssetDetails& details,
                   std::initializer_list<const char*> paths) {
    v1::UpdateAssetRequest update;
    update.set_request_id(RequestId());
    update.set_id(id);
    update.set_etag(ServiceTest::Get(id).etag());
    *update.mutable_details() = details;
    for (const char* path : paths) update.mutable_update_mask()->add_paths(path);
    auto asset = Call<v1::Asset>("AssetService.UpdateAsset", update);
    EXPECT_OK(asset);
    return asset.ok() ? *asset : v1::Asset();
  }

  std::string row_ = RunningShed();
};

TEST_F(AssetReimportTest, SharesOfSeveralProjectsStandAndTheirFactsFollowTheValue) {
  const std::string other = Project("PJ360733-2021-000002", kVillage);
  const std::string id = Again().record_id();
  v1::AssetDetails details;
  details.add_source_projects()->set_project_id(project_);
  details.mutable_source_projects(0)->set_value_share_bp(6000);
  details.add_source_projects()->set_project_id(other);
  details.mutable_source_projects(1)->set_value_share_bp(4000);
  Change(id, details, {"source_projects"});
  EXPECT_EQ(Facts(other).operating_original_value_fen(), 40049382);
  Put("100.123456", "110.123456");
  Put("自筹资金10万元", "自筹资金20万元");
  EXPECT_EQ(Again().outcome(), intake_v1::ROW_OUTCOME_UPDATED);
  EXPECT_EQ(ServiceTest::Get(id).details().source_projects_size(), 2);
  EXPECT_EQ(Facts(project_).operating_original_value_fen(), 66074074);
  EXPECT_EQ(Facts(other).operating_original_value_fen(), 44049382);
}

TEST_F(AssetReimportTest, AnotherProjectTakesTheValueAlong) {
  const std::string other = Project("PJ360733-2021-000002", kVillage);
  const std::string text(kT4);
  const std::string head = text.substr(0, text.size() - 2) + ",资产编码\r\n";
  Put("\r\n", ",A-1\r\n");
  Import(head + row_);
  EXPECT_EQ(Facts().operating_original_value_fen(), 100123456);
  Put("EXT-PJ360733-2021-000001", "EXT-PJ360733-2021-000002");
  const std::string again = Import(head + row_);
  EXPECT_EQ(Get(again).rows_updated(), 1) << Reasons(Rows(again).begin()->second);
  EXPECT_EQ(Facts().operating_original_value_fen(), 0);
  EXPECT_EQ(Facts(other).operating_original_value_fen(), 100123456);
}

TEST_F(AssetReimportTest, OwnersOfARegisteredTitleStand) {
  const std::string id = Again().record_id();
  EXPECT_EQ(ServiceTest::Get(id).title_status(), v1::TITLE_STATUS_REGISTERED);
  Put("水东村股份经济合作社", "水西村股份经济合作社");
  Put("李四", "王五");
  const intake_v1::ImportRow line = Again();
  EXPECT_EQ(line.outcome(), intake_v1::ROW_OUTCOME_UPDATED);
  EXPECT_THAT(Reasons(line), HasSubstr("TITLE_REGISTERED"));
  const v1::Asset asset = ServiceTest::Get(id);
  ASSERT_EQ(asset.details().owners_size(), 1);
  EXPECT_EQ(asset.details().owners(0).name(), "水东村股份经济合作社");
  EXPECT_EQ(Raw(asset, "owners"), "水东村股份经济合作社");
  EXPECT_THAT(asset.details().maintenance().person(), ::testing::StartsWith("王"));
  // The same owners are no change to be told of.
  Put("水西村股份经济合作社", "水东村股份经济合作社");
  Put("王五", "赵六");
  EXPECT_THAT(Reasons(Again()), Not(HasSubstr("TITLE_REGISTERED")));
}

TEST_F(AssetReimportTest, OwnersWithoutATitleFollowTheTable) {
  Put("已确权,赣(2021)第1号", "未确权,");
  const std::string id = Again().record_id();
  Put("水东村股份经济合作社", "水西村股份经济合作社");
  EXPECT_THAT(Reasons(Again()), Not(HasSubstr("TITLE_REGISTERED")));
  EXPECT_EQ(ServiceTest::Get(id).details().owners(0).name(), "水西村股份经济合作社");
}

TEST_F(AssetReimportTest, AConfirmedValueAndItsFundingStayTogether) {
  Put("100.123456", "约100万元");
  Put("专项扶贫资金90.123456万元、自筹资金10万元", "专项扶贫资金");
  const std::string id = Again().record_id();
  EXPECT_THAT(ServiceTest::Get(id).open_questions(), Contains("original_value"));
  v1::AssetDetails details;
  details.set_original_value_fen(100300000);
  details.set_value_state(type::v1::AMOUNT_PARSE_STATE_EXACT);
  details.add_fund_sources()->set_source_code("LEGACY_SPECIAL");
  details.mutable_fund_sources(0)->set_amount_fen(100300000);
  Change(id, details, {"original_value_fen", "value_state", "fund_sources"});
  const auto confirmed = [&](int64_t fen) {
    const v1::Asset asset = ServiceTest::Get(id);
    EXPECT_EQ(asset.details().original_value_fen(), fen);
    EXPECT_EQ(asset.details().value_state(), type::v1::AMOUNT_PARSE_STATE_EXACT);
    ASSERT_EQ(asset.details().fund_sources_size(), 1);
    EXPECT_EQ(asset.details().fund_sources(0).amount_fen(), fen);
    EXPECT_EQ(Facts().operating_original_value_fen(), fen);
    EXPECT_TRUE(Facts().operating_value_confirmed());
    EXPECT_THAT(asset.open_questions(), Not(Contains("fund_sources")));
  };
  Put("李四", "王五");
  EXPECT_EQ(Again().outcome(), intake_v1::ROW_OUTCOME_UPDATED);
  confirmed(100300000);
  EXPECT_THAT(ServiceTest::Get(id).open_questions(), Not(Contains("original_value")));
  // Another text that is not exact either: asked, not taken.
  Put("约100万元", "约105万元");
  EXPECT_THAT(Reasons(Again()), HasSubstr("VALUE_APPROXIMATE"));
  confirmed(100300000);
  EXPECT_EQ(ServiceTest::Get(id).details().original_value_text(), "约105万元");
  EXPECT_THAT(ServiceTest::Get(id).open_questions(), Contains("original_value"));
  // Nobody has looked at the value by changing something else.
  v1::AssetDetails note;
  note.set_note("已核对");
  EXPECT_THAT(Change(id, note, {"note"}).open_questions(), Contains("original_value"));
  EXPECT_THAT(Change(id, details, {"original_value_fen"}).open_questions(),
              Not(Contains("original_value")));
  // The other source that has paid all has paid the value as it is known.
  Put("专项扶贫资金", "中央衔接资金");
  Again();
  confirmed(100300000);
  EXPECT_EQ(ServiceTest::Get(id).details().fund_sources(0).source_code(), "BRIDGE_CENTRAL");
  EXPECT_THAT(ServiceTest::Get(id).open_questions(), Not(Contains("original_value")));
  // What is printed exactly wins.
  Put("约105万元", "105万元");
  Again();
  confirmed(105000000);
}

TEST_F(AssetReimportTest, FundingDividedByHandIsNotMadeOneSourceAgain) {
  Put("100.123456", "约100万元");
  Put("专项扶贫资金90.123456万元、自筹资金10万元", "专项扶贫资金");
  const std::string id = Again().record_id();
  v1::AssetDetails details;
  details.set_original_value_fen(100300000);
  details.set_value_state(type::v1::AMOUNT_PARSE_STATE_EXACT);
  details.add_fund_sources()->set_source_code("LEGACY_SPECIAL");
  details.mutable_fund_sources(0)->set_amount_fen(100000000);
  details.add_fund_sources()->set_source_code("SELF_RAISED");
  details.mutable_fund_sources(1)->set_amount_fen(300000);
  Change(id, details, {"original_value_fen", "value_state", "fund_sources"});
  Put("李四", "王五");
  EXPECT_EQ(Again().outcome(), intake_v1::ROW_OUTCOME_UPDATED);
  EXPECT_EQ(ServiceTest::Get(id).details().fund_sources_size(), 2);
}

TEST_F(AssetReimportTest, ARowThatNamesItsProjectAndYearLaterIsTheAssetThatItWas) {
  const std::string full = row_;
  Put("EXT-PJ360733-2021-000001", "");
  Put("2020-11-30", "");
  const std::string bare = row_;
  const std::string id = Again().record_id();
  EXPECT_THAT(ServiceTest::Get(id).open_questions(), Contains("source_projects"));
  EXPECT_THAT(ServiceTest::Get(id).open_questions(), Contains("formed_date"));
  row_ = full;
  const intake_v1::ImportRow line = Again();
  EXPECT_EQ(line.outcome(), intake_v1::ROW_OUTCOME_UPDATED) << Reasons(line);
  EXPECT_EQ(line.record_id(), id);
  EXPECT_EQ(Count("asset"), 1);
  EXPECT_EQ(ServiceTest::Get(id).open_questions_size(), 0);
  EXPECT_EQ(Facts().operating_original_value_fen(), 100123456);
  EXPECT_EQ(Again().outcome(), intake_v1::ROW_OUTCOME_UNCHANGED);
  // Another project's, or another year's, is another asset.
  Project("PJ360733-2021-000002", kVillage);
  Put("EXT-PJ360733-2021-000001", "EXT-PJ360733-2021-000002");
  EXPECT_NE(Again().record_id(), id);
  row_ = full;
  Put("2020-11-30", "2019-11-30");
  EXPECT_NE(Again().record_id(), id);
  EXPECT_EQ(Count("asset"), 3);
  // Two rows of one table that both may be it: the second is asked about.
  row_ = bare + full;
  const std::string both = Import(kT4 + row_, /*commit=*/false);
  EXPECT_EQ(Get(both).rows_held(), 1);
  EXPECT_EQ(Get(both).rows_updated(), 1);
}

// Digests that were stored while kept texts were part of them.
TEST_F(AssetReimportTest, AnOlderDigestOfTheSameRowIsNoChange) {
  const std::string id = Import(kT4 + row_, /*commit=*/false);
  ASSERT_OK_AND_ASSIGN(const mysql::Rows staged, session_->Query("SELECT payload FROM import_row"));
  ASSERT_EQ(staged.size(), 1U);
  ASSERT_OK_AND_ASSIGN(const std::string payload,
                       seal::OpenBytes(staged.front().String(0), "import_row.payload"));
  v1::ImportedAsset imported;
  ASSERT_TRUE(imported.ParseFromString(payload));
  ASSERT_GT(imported.asset().details().raw_texts_size(), 0);
  imported.clear_content_digest();
  Step("CommitImport", id);
  ASSERT_OK(session_->Execute("UPDATE asset SET import_digest = ?",
                              {Sha256(imported.SerializeAsString())}));
  EXPECT_EQ(Again().outcome(), intake_v1::ROW_OUTCOME_UNCHANGED);
  Put("李四", "王五");
  EXPECT_EQ(Again().outcome(), intake_v1::ROW_OUTCOME_UPDATED);
}

}  // namespace
}  // namespace bangfu::asset

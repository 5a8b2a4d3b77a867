// A county that got another code: its assets, contracts, files, imports and work are those of the
// new code, whoever asks, and nothing is left under the old one.
#include "bangfu/inbox/v1/inbox.pb.h"
#include "common/blob/blob_for_test.h"
#include "common/recode/recode.h"
#include "services/asset/jobs/asset_import_for_test.h"

namespace bangfu::asset {
namespace {

using absl::StatusCode;

constexpr char kOldCounty[] = "360733";
constexpr char kNewCounty[] = "360799";

class AssetRecodeTest : public AssetImportTest {
 protected:
  // As the registry tells it: the projects under the new path, then the regions with the move.
  void Recode(const std::string& from, const std::string& to) {
    registry::v1::RegionsChanged regions;
    registry::v1::Region* now = regions.add_regions();
    now->set_code(to);
    now->set_name("会昌区");
    now->set_level(registry::v1::REGION_LEVEL_COUNTY);
    now->set_region_path(to);
    // The village's old code leads to where it is today.
    const std::string village = Cat(to, std::string(kVillage).substr(6));
    for (const std::string& code : {std::string(kVillage), village}) {
      registry::v1::Region* one = regions.add_regions();
      one->set_code(code);
      one->set_name("水东村");
      one->set_level(registry::v1::REGION_LEVEL_VILLAGE);
      one->set_region_path(village);
    }
    registry::v1::RegionMove* move = regions.add_moves();
    move->set_id(ids_.Next().ToString());
    move->set_from_path(from);
    move->set_to_path(to);
    move->mutable_moved_at()->set_seconds(absl::ToUnixSeconds(clock_.Now()));
    told_ = regions;
    Project("PJ360733-2021-000001", village, false, 11, project_);
    Apply({{"region_batch", &regions}});
  }
  size_t WorkOf(const std::string& token) {
    inbox::v1::ListMyWorkRequest request;
    request.set_page_size(500);
    auto page = server_.Call<inbox::v1::ListMyWorkResponse>(
        "bangfu.inbox.v1.InboxService.ListMyWork", request, token);
    EXPECT_OK(page);
    return page.ok() ? static_cast<size_t>(page->items_size()) : 0;
  }
  absl::StatusOr<v1::Asset> GetBy(const std::string& id, const std::string& token) {
    v1::GetAssetRequest r;
    r.set_id(id);
    return Call<v1::Asset>("AssetService.GetAsset", r, token);
  }

  registry::v1::RegionsChanged told_;
};

TEST_F(AssetRecodeTest, EverythingOfTheCountyFollowsItsCode) {
  v1::RegisterAssetRequest shed = Shed();
  shed.mutable_details()->add_ownership_basis("FUND_SOURCE");
  const v1::Asset asset = Registered(shed);
  const v1::OperatingContract contract = Signed(Lease(asset.id(), 12000000));
  const auto paper = ::bangfu::testing::CompleteEvidence(*session_, ids_, server_.clock().Now(),
                                                         "TITLE", kVillage);
  ASSERT_OK(paper);
  const std::string was = Token(ROLE_COUNTY_OPERATOR);
  const std::string is = Token(ROLE_COUNTY_OPERATOR, kNewCounty, "person-2");
  const size_t waiting = WorkOf(was);
  ASSERT_GT(waiting, 0u);
  EXPECT_THAT(GetBy(asset.id(), is), StatusIs(StatusCode::kNotFound));

  Recode(kOldCounty, kNewCounty);

  const auto read = GetBy(asset.id(), is);
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(read->region_path(), "360799101201");
  EXPECT_EQ(read->details().region_code(), kVillage);  // as filed
  EXPECT_THAT(GetBy(asset.id(), was), StatusIs(StatusCode::kNotFound));
  v1::GetContractRequest of_contract;
  of_contract.set_id(contract.id());
  EXPECT_THAT(Call<v1::OperatingContract>("ContractService.GetContract", of_contract, is), IsOk());
  EXPECT_THAT(Call<v1::OperatingContract>("ContractService.GetContract", of_contract, was),
              StatusIs(StatusCode::kNotFound));
  EXPECT_OK(blob::Get(*session_, *Ulid::Parse(paper->blob_id()), "", {kNewCounty}));
  EXPECT_EQ(WorkOf(was), 0u);
  EXPECT_EQ(WorkOf(is), waiting);
  // A step of the new officials takes the file that lay there.
  v1::DisputeTitleRequest dispute;
  dispute.set_request_id(RequestId());
  dispute.set_id(asset.id());
  dispute.set_etag(read->etag());
  dispute.set_reason("界址不清");
  *dispute.add_evidence() = *paper;
  EXPECT_THAT(Call<v1::Asset>("AssetService.DisputeTitle", dispute, is), IsOk());

  // Told again, it changes nothing; another snapshot brings no row back.
  Apply({{"region_batch", &told_}});
  EXPECT_THAT(GetBy(asset.id(), is), IsOk());
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM region_move"), 1);
}

// The ledger of a county that got another code is the ledger that it was, under either code.
TEST_F(AssetRecodeTest, ALedgerThatComesAgainMakesNoSecondAssets) {
  const auto coded = [](const std::string& table) {
    return Cat("资产编码,", std::string(kT4), "0001,", table);
  };
  const auto moved = [](std::string table) {
    const size_t at = table.find(kVillage);
    return table.replace(at, std::string(kVillage).size(), "360799101201");
  };
  const auto valued = [](std::string table) {
    table.replace(table.find("李四"), std::string("李四").size(), "王五");
    return table;
  };
  const std::string named = kT4 + RunningShed();
  const std::string numbered = coded(RunningShed("另一冷库"));
  Import(named);
  Import(numbered);
  ASSERT_EQ(Count("asset"), 2);
  Recode(kOldCounty, kNewCounty);
  importer_ = Token(ROLE_COUNTY_OPERATOR, kNewCounty, "person-2");
  for (const std::string& table : {named, numbered}) {
    for (const std::string& again : {table, moved(table)}) {
      const std::string id = Import(again);
      EXPECT_EQ(Get(id).rows_unchanged(), 1) << Reasons(Rows(id).begin()->second);
    }
    // What it says anew goes to the asset that is there, once.
    const std::string id = Import(valued(moved(table)));
    EXPECT_EQ(Get(id).rows_updated(), 1) << Reasons(Rows(id).begin()->second);
    const std::string second = Import(valued(moved(table)));
    EXPECT_EQ(Get(second).rows_unchanged(), 1) << Reasons(Rows(second).begin()->second);
  }
  EXPECT_EQ(Count("asset"), 2);
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM asset WHERE region_path = '360799101201'"),
            2);
}

TEST_F(AssetRecodeTest, RowsWithoutAnRpcOfTheirOwnFollow) {
  for (const char* table : {"dividend", "linkage", "employment", "operation", "import_job"}) {
    server_.database().Run(
        Cat("INSERT IGNORE INTO ", table, " (region_path) VALUES ('", kVillage, "');"));
  }
  Recode(kOldCounty, kNewCounty);
  for (const char* table : {"dividend", "linkage", "employment", "operation", "import_job"}) {
    EXPECT_EQ(server_.database().Int(
                  Cat("SELECT COUNT(*) FROM ", table, " WHERE region_path = '360799101201'")),
              1)
        << table;
  }
}

TEST_F(AssetRecodeTest, OfACodesBearersTheOneOfTodayIsKept) {
  const auto tell = [&](const char* name, int start, int end) {
    registry::v1::RegionsChanged changed;
    registry::v1::Region& region = *changed.add_regions();
    region.set_code("360402");
    region.set_name(name);
    region.set_level(registry::v1::REGION_LEVEL_COUNTY);
    region.set_region_path("360402");
    region.set_start_year(start);
    region.set_end_year(end);
    Apply({{"region_batch", &changed}});
    const auto rows = session_->Query("SELECT name FROM region_copy WHERE code = '360402'");
    EXPECT_OK(rows);
    return rows.ok() && rows->size() == 1 ? rows->front().String(0) : "";
  };
  EXPECT_EQ(tell("庐山区", 1980, 2016), "庐山区");
  EXPECT_EQ(tell("濂溪区", 2016, 0), "濂溪区");
  EXPECT_EQ(tell("庐山区", 1980, 2016), "濂溪区");
  EXPECT_EQ(tell("濂溪新区", 2016, 0), "濂溪新区");
}

}  // namespace
}  // namespace bangfu::asset

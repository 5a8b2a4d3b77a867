// Grants narrowed to a source or a clause: what of the work on assets is in whose inbox, and that
// it follows the assets' money.
#include "services/asset/jobs/asset_inbox_for_test.h"

namespace bangfu::asset {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;

class AssetNarrowedInbox : public AssetInboxTest {
 protected:
  std::string With(std::vector<auth::Grant> grants, auth::Role role, const std::string& region) {
    auth::Caller caller;
    caller.subject = "narrowed";
    caller.grants = std::move(grants);
    for (auth::Grant& grant : caller.grants) {
      grant.role = role;
      grant.region_path = region;
    }
    return server_.Token(caller);
  }
  static auth::Grant OfSource(const std::string& source) {
    auth::Grant grant;
    grant.fund_sources = {source};
    return grant;
  }
  static auth::Grant OfClause(const std::string& clause) {
    auth::Grant grant;
    grant.clauses = {clause};
    return grant;
  }
  std::string Township(std::vector<auth::Grant> grants) {
    return With(std::move(grants), auth::Role::ROLE_TOWNSHIP_REVIEWER,
                std::string(kVillage).substr(0, 9));
  }
  std::string Village(std::vector<auth::Grant> grants) {
    return With(std::move(grants), auth::Role::ROLE_VILLAGE_REPORTER, kVillage);
  }
  // The kinds in the inbox; the counts have to agree.
  std::vector<std::string> KindsOf(const std::string& token) {
    const std::vector<std::string> kinds = Kinds(token);
    auto counts = server_.Call<inbox::v1::CountMyWorkResponse>(
        "bangfu.inbox.v1.InboxService.CountMyWork", inbox::v1::CountMyWorkRequest(), token);
    EXPECT_OK(counts);
    if (counts.ok()) {
      EXPECT_EQ(counts->total().open(), static_cast<int64_t>(kinds.size()));
    }
    return kinds;
  }
  absl::StatusOr<v1::Asset> GiveMoney(const std::string& id, const std::string& source) {
    const v1::Asset asset = Get(id);
    v1::UpdateAssetRequest r;
    r.set_request_id(RequestId());
    r.set_id(id);
    r.set_etag(asset.etag());
    v1::AssetFunding* fund = r.mutable_details()->add_fund_sources();
    fund->set_source_code(source);
    fund->set_amount_fen(asset.details().original_value_fen());
    r.mutable_update_mask()->add_paths("fund_sources");
    return Call<v1::Asset>("AssetService.UpdateAsset", r);
  }
  int64_t Versions() { return server_.database().Int("SELECT SUM(version) FROM work_item"); }
};

TEST_F(AssetNarrowedInbox, R002_AnAssetWaitsForThoseWhoseMoneyItIs) {
  const v1::Asset asset = Registered(ShedWithBasis());
  const std::vector<std::string> both = {"ASSET_HAND_OVER", "ASSET_TITLE"};
  EXPECT_EQ(KindsOf(Township({auth::Grant()})), both);
  EXPECT_EQ(KindsOf(Township({OfSource("LEGACY_SPECIAL")})), both);
  const std::string bridge = Township({OfSource("BRIDGE_CENTRAL")});
  EXPECT_THAT(KindsOf(bridge), IsEmpty());
  EXPECT_EQ(KindsOf(Township({OfSource("BRIDGE_CENTRAL"), OfSource("LEGACY_SPECIAL")})), both);
  // By clauses that the service of assets does not serve it is nobody's work.
  EXPECT_THAT(KindsOf(Township({OfClause("十四")})), IsEmpty());
  EXPECT_EQ(KindsOf(Township({OfClause("十五")})), both);
  // Those to whom it is not shown are refused.
  v1::HandOverRequest r;
  r.set_request_id(RequestId());
  r.set_id(asset.id());
  r.set_etag(asset.etag());
  r.set_custodian("水东村委会");
  r.set_accepted_by("张三");
  *r.mutable_transferred_date() = Date(2021, 6, 1);
  EXPECT_THAT(Call<v1::Asset>(
                  "AssetService.HandOver", r,
                  With({OfSource("BRIDGE_CENTRAL")}, auth::Role::ROLE_COUNTY_OPERATOR, "360733")),
              StatusIs(absl::StatusCode::kPermissionDenied, "SCOPE_EXCLUDES"));
}

TEST_F(AssetNarrowedInbox, R118_AContractAndADividendFollowTheirAssetsMoney) {
  SetDay(2026, 11, 24);
  SetParameter("INCOME_SHOWN_DAYS", 400);
  const std::string asset = Earning(100000);
  ASSERT_OK(Declare(asset, 60000));
  const std::vector<std::string> both = {"DIVIDEND_PAY", "INCOME_RECORD"};
  EXPECT_EQ(KindsOf(Village({auth::Grant()})), both);
  EXPECT_EQ(KindsOf(Village({OfSource("LEGACY_SPECIAL")})), both);
  EXPECT_THAT(KindsOf(Village({OfSource("BRIDGE_CENTRAL")})), IsEmpty());
  EXPECT_EQ(KindsOf(Village({OfClause("十四")})), both);
  EXPECT_THAT(KindsOf(Village({OfClause("十五")})), IsEmpty());
  ASSERT_OK(GiveMoney(asset, "BRIDGE_CENTRAL"));
  EXPECT_THAT(KindsOf(Village({OfSource("LEGACY_SPECIAL")})), IsEmpty());
  EXPECT_EQ(KindsOf(Village({OfSource("BRIDGE_CENTRAL")})), both);
  EXPECT_THAT(KindsOf(Township({OfSource("LEGACY_SPECIAL")})), IsEmpty());
  EXPECT_THAT(KindsOf(Township({OfSource("BRIDGE_CENTRAL")})), Contains("ASSET_TITLE"));
  // Nothing is left to mend.
  const int64_t versions = Versions();
  ASSERT_OK(Recount());
  EXPECT_EQ(Versions(), versions);
}

// A kind that names no rpc of the contract would be of no clause at all.
TEST_F(AssetNarrowedInbox, EveryKindNamesAnRpcOfTheContract) {
  for (const inbox::Kind& kind : api::AssetKinds()) {
    EXPECT_NE(google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(kind.rpc),
              nullptr)
        << kind.code;
  }
}

}  // namespace
}  // namespace bangfu::asset

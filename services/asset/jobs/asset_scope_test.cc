// Grants narrowed to fund sources: what of assets, contracts and imports they open.
#include "services/asset/jobs/service_fixture_for_test.h"

namespace bangfu::asset {
namespace {

class AssetScopeTest : public ServiceTest {
 protected:
  // A county operator whose grants, one for each list, are for this money only.
  std::string Narrowed(const std::vector<std::vector<std::string>>& sources) {
    auth::Caller caller;
    caller.subject = "person-narrow";
    for (const std::vector<std::string>& one : sources) {
      auth::Grant& grant = caller.grants.emplace_back();
      grant.role = ROLE_COUNTY_OPERATOR;
      grant.region_path = "360733";
      grant.fund_sources = one;
    }
    return server_.Token(caller);
  }
  static auto Excluded() { return StatusIs(absl::StatusCode::kPermissionDenied, "SCOPE_EXCLUDES"); }
  std::string RefusalOf(const std::string& asset, const std::string& action,
                        const std::string& token) {
    v1::GetAssetRequest r;
    r.set_id(asset);
    const auto seen = Call<v1::Asset>("AssetService.GetAsset", r, token);
    EXPECT_OK(seen);  // reads are not narrowed
    if (!seen.ok()) return "";
    for (const type::v1::AllowedAction& a : seen->allowed_actions()) {
      if (a.action() == action) return a.allowed() ? "allowed" : a.refusal_reason();
    }
    return "not told";
  }

  // The regions of the grants under which what is of the type was changed.
  std::vector<std::string> AuditedAt(const std::string& type) {
    std::vector<std::string> out;
    const auto rows = server_.database().db().Query(
        "SELECT actor_region FROM audit_log WHERE aggregate_type = ?", {type});
    EXPECT_OK(rows);
    if (!rows.ok()) return out;
    for (const mysql::Row& row : *rows) out.push_back(row.String(0));
    return out;
  }

  const std::string special_ = Narrowed({{"LEGACY_SPECIAL"}});
  const std::string bridge_ = Narrowed({{"BRIDGE_CENTRAL"}});
  const std::string both_ = Narrowed({{"BRIDGE_CENTRAL"}, {"LEGACY_SPECIAL"}});
};

TEST_F(AssetScopeTest, AnAssetIsWrittenByThoseWhoseMoneyItIs) {
  EXPECT_THAT(Call<v1::Asset>("AssetService.RegisterAsset", Shed(), bridge_), Excluded());
  ASSERT_OK_AND_ASSIGN(const v1::Asset asset,
                       Call<v1::Asset>("AssetService.RegisterAsset", Shed(), special_));
  v1::HandOverRequest r;
  r.set_request_id(RequestId());
  r.set_id(asset.id());
  r.set_etag(asset.etag());
  r.set_custodian("水东村村民委员会");
  r.set_accepted_by("张三");
  *r.mutable_transferred_date() = Date(2021, 3, 1);
  EXPECT_EQ(RefusalOf(asset.id(), "hand_over", bridge_), "SCOPE_EXCLUDES");
  EXPECT_THAT(Call<v1::Asset>("AssetService.HandOver", r, bridge_), Excluded());
  EXPECT_EQ(Get(asset.id()).etag(), asset.etag());
  // Told as allowed or refused for another reason than the scope, and so does the step go.
  EXPECT_EQ(RefusalOf(asset.id(), "update", special_), "allowed");
  EXPECT_EQ(RefusalOf(asset.id(), "update", both_), "allowed");
}

TEST_F(AssetScopeTest, AnAssetDoesNotBecomeWhatTheGrantLeavesOut) {
  const v1::Asset asset = Registered(Shed());
  v1::UpdateAssetRequest r;
  r.set_request_id(RequestId());
  r.set_id(asset.id());
  r.set_etag(asset.etag());
  v1::AssetFunding* fund = r.mutable_details()->add_fund_sources();
  fund->set_source_code("BRIDGE_CENTRAL");
  fund->set_amount_fen(asset.details().original_value_fen());
  r.mutable_update_mask()->add_paths("fund_sources");
  EXPECT_THAT(Call<v1::Asset>("AssetService.UpdateAsset", r, special_), Excluded());
  EXPECT_THAT(Call<v1::Asset>("AssetService.UpdateAsset", r, bridge_), Excluded());
  EXPECT_EQ(Get(asset.id()).etag(), asset.etag());
  EXPECT_OK(Call<v1::Asset>("AssetService.UpdateAsset", r, both_));
}

TEST_F(AssetScopeTest, AContractAndItsIncomeFollowTheAssetsMoney) {
  const v1::Asset asset = Registered(Shed());
  EXPECT_THAT(Call<v1::OperatingContract>("ContractService.SignContract", Lease(asset.id(), 100000),
                                          bridge_),
              Excluded());
  ASSERT_OK_AND_ASSIGN(const v1::OperatingContract contract,
                       Call<v1::OperatingContract>("ContractService.SignContract",
                                                   Lease(asset.id(), 100000), special_));
  v1::RecordIncomeRequest r;
  r.set_request_id(RequestId());
  r.set_contract_id(contract.id());
  r.set_due_no(1);
  r.set_received_fen(100000);
  *r.mutable_received_on() = Date(2025, 6, 30);
  EXPECT_THAT(Call<v1::IncomeRecord>("ContractService.RecordIncome", r, bridge_), Excluded());
  EXPECT_OK(Call<v1::IncomeRecord>("ContractService.RecordIncome", r, special_));

  v1::GetContractRequest get;
  get.set_id(contract.id());
  ASSERT_OK_AND_ASSIGN(const v1::OperatingContract seen,
                       Call<v1::OperatingContract>("ContractService.GetContract", get, bridge_));
  ASSERT_FALSE(seen.allowed_actions().empty());
  for (const type::v1::AllowedAction& action : seen.allowed_actions()) {
    EXPECT_FALSE(action.allowed()) << action.action();
  }
}

TEST_F(AssetScopeTest, IncomeOfAnAssetIsReversedByThoseWhoseMoneyItIs) {
  const v1::Asset asset = Registered(Shed());
  v1::RecordIncomeRequest r;
  r.set_request_id(RequestId());
  r.set_asset_id(asset.id());
  r.set_received_fen(100000);
  *r.mutable_received_on() = Date(2025, 6, 30);
  ASSERT_OK_AND_ASSIGN(const v1::IncomeRecord income,
                       Call<v1::IncomeRecord>("ContractService.RecordIncome", r, special_));
  v1::ReverseIncomeRequest back;
  back.set_request_id(RequestId());
  back.set_id(income.id());
  back.set_reason("误记");
  EXPECT_THAT(Call<v1::IncomeRecord>("ContractService.ReverseIncome", back, bridge_), Excluded());
  EXPECT_OK(Call<v1::IncomeRecord>("ContractService.ReverseIncome", back, special_));
}

TEST_F(AssetScopeTest, TheAuditNamesTheGrantThatCoversTheMoney) {
  // The first with the role is for other money; the second tells itself by its region.
  auth::Caller caller;
  caller.subject = "person-narrow";
  for (const auto& [source, region] : std::vector<std::pair<std::string, std::string>>{
           {"BRIDGE_CENTRAL", "360733"}, {"LEGACY_SPECIAL", "3607"}}) {
    auth::Grant& grant = caller.grants.emplace_back();
    grant.role = ROLE_COUNTY_OPERATOR;
    grant.region_path = region;
    grant.fund_sources = {source};
  }
  const std::string token = server_.Token(caller);
  ASSERT_OK_AND_ASSIGN(const v1::Asset asset,
                       Call<v1::Asset>("AssetService.RegisterAsset", Shed(), token));
  EXPECT_EQ(asset.created_by().region_path(), "3607");
  ASSERT_OK_AND_ASSIGN(const v1::OperatingContract contract,
                       Call<v1::OperatingContract>("ContractService.SignContract",
                                                   Lease(asset.id(), 100000), token));
  EXPECT_EQ(contract.created_by().region_path(), "3607");
  v1::RecordIncomeRequest r;
  r.set_request_id(RequestId());
  r.set_contract_id(contract.id());
  r.set_due_no(1);
  r.set_received_fen(100000);
  *r.mutable_received_on() = Date(2025, 6, 30);
  ASSERT_OK_AND_ASSIGN(const v1::IncomeRecord income,
                       Call<v1::IncomeRecord>("ContractService.RecordIncome", r, token));
  EXPECT_EQ(income.recorded_by().region_path(), "3607");
  v1::GetContractRequest get;
  get.set_id(contract.id());
  ASSERT_OK_AND_ASSIGN(const v1::OperatingContract seen,
                       Call<v1::OperatingContract>("ContractService.GetContract", get, token));
  v1::TerminateContractRequest end;
  end.set_request_id(RequestId());
  end.set_id(contract.id());
  end.set_etag(seen.etag());
  *end.mutable_ended_on() = Date(2025, 12, 31);
  end.set_reason("协商解除");
  ASSERT_OK(Call<v1::OperatingContract>("ContractService.TerminateContract", end, token));
  // Registered, let, without operator again.
  EXPECT_EQ(AuditedAt("asset"), std::vector<std::string>(3, "3607"));
  EXPECT_EQ(AuditedAt("contract"), std::vector<std::string>(3, "3607"));
  EXPECT_EQ(AuditedAt("income"), std::vector<std::string>(1, "3607"));
}

}  // namespace
}  // namespace bangfu::asset

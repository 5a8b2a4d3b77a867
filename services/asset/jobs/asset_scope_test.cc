// Grants narrowed to fund sources or industries: what of assets, contracts, links, work and imports
// they open.
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
  // One whose grants, one for each list, are for these industries only.
  std::string OfIndustries(const std::vector<std::vector<std::string>>& industries) {
    auth::Caller caller;
    caller.subject = "person-narrow";
    for (const std::vector<std::string>& one : industries) {
      auth::Grant& grant = caller.grants.emplace_back();
      grant.role = ROLE_COUNTY_OPERATOR;
      grant.region_path = "360733";
      grant.industries = one;
    }
    return server_.Token(caller);
  }
  // Camellia under oil, and a project of it with an exact and an approximate amount.
  std::string CamelliaProject() {
    registry::v1::IndustryCategoriesChanged industries;
    for (const auto& [code, parent] : std::vector<std::pair<std::string, std::string>>{
             {"OIL", ""}, {"CAMELLIA", "OIL"}, {"TEA", ""}}) {
      registry::v1::IndustryCategory& one = *industries.add_categories();
      one.set_taxonomy_version("v1");
      one.set_code(code);
      one.set_parent_code(parent);
    }
    registry::v1::ProjectChanged changed;
    registry::v1::Project& p = *changed.mutable_project();
    p.set_id(ids_.Next().ToString());
    p.set_project_code("PJ360733-2022-000009");
    p.set_name("油茶基地");
    p.set_region_path(kVillage);
    p.set_state(registry::v1::PROJECT_STATE_OPERATING);
    p.set_industry_code("CAMELLIA");
    for (const auto& [source, state] :
         std::vector<std::pair<std::string, type::v1::AmountParseState>>{
             {"BRIDGE_CENTRAL", type::v1::AMOUNT_PARSE_STATE_EXACT},
             {"SELF_RAISED", type::v1::AMOUNT_PARSE_STATE_APPROXIMATE}}) {
      registry::v1::DeclaredFunding& funding = *p.add_declared_funding();
      funding.set_source_code(source);
      funding.mutable_amount()->set_fen(50000000);
      funding.mutable_amount()->set_parse_state(state);
    }
    Apply({{"industry_category_batch", &industries}, {"project", &changed}});
    return p.id();
  }
  // Another project, of the industry.
  std::string ProjectOf(const std::string& industry) {
    registry::v1::ProjectChanged changed;
    registry::v1::Project& p = *changed.mutable_project();
    p.set_id(ids_.Next().ToString());
    p.set_project_code("PJ360733-2022-000010");
    p.set_name("茶园");
    p.set_region_path(kVillage);
    p.set_state(registry::v1::PROJECT_STATE_OPERATING);
    p.set_industry_code(industry);
    Apply({{"project", &changed}});
    return p.id();
  }
  // A grant for each source, industry (empty: all) and region.
  struct Held {
    std::string source, industry, region;
  };
  std::string Holder(const std::vector<Held>& held) {
    auth::Caller caller;
    caller.subject = "person-narrow";
    for (const Held& one : held) {
      auth::Grant& grant = caller.grants.emplace_back();
      grant.role = ROLE_COUNTY_OPERATOR;
      grant.region_path = one.region;
      if (!one.source.empty()) grant.fund_sources = {one.source};
      if (!one.industry.empty()) grant.industries = {one.industry};
    }
    return server_.Token(caller);
  }
  v1::UpdateAssetRequest Change(const v1::Asset& asset, const std::string& field) {
    v1::UpdateAssetRequest r;
    r.set_request_id(RequestId());
    r.set_id(asset.id());
    r.set_etag(asset.etag());
    r.mutable_update_mask()->add_paths(field);
    return r;
  }
  v1::RecordLinkageRequest Link(const std::string& project) {
    v1::RecordLinkageRequest r;
    r.set_request_id(RequestId());
    r.set_project_id(project);
    r.set_mode_code("DIVIDEND");
    r.set_households(30);
    *r.mutable_start_date() = Date(2024, 1, 1);
    return r;
  }
  v1::RecordEmploymentRequest Work(const std::string& project, const std::string& month) {
    v1::RecordEmploymentRequest r;
    r.set_request_id(RequestId());
    r.set_project_id(project);
    r.set_month(month);
    r.set_kind(v1::EMPLOYMENT_KIND_ASSET_WORK);
    r.set_workers(5);
    r.set_person_days(100);
    return r;
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

// Of the projects that it is of, too: of each by a grant that covers its industry and the money.
TEST_F(AssetScopeTest, R118_AnAssetIsRegisteredByThoseWhoseProjectItIs) {
  const std::string project = CamelliaProject();
  const auto shed = [&] {
    v1::RegisterAssetRequest r = Shed();
    r.mutable_details()->clear_source_projects();
    r.mutable_details()->add_source_projects()->set_project_id(project);
    return r;
  };
  const std::string method = "AssetService.RegisterAsset";
  EXPECT_THAT(Call<v1::Asset>(method, shed(), OfIndustries({{"TEA"}})), Excluded());
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM asset"), 0);
  EXPECT_OK(Call<v1::Asset>(method, shed(), OfIndustries({{"TEA"}, {"OIL"}})));
  EXPECT_OK(Call<v1::Asset>(method, shed(), OfIndustries({{"CAMELLIA"}})));
  EXPECT_OK(Call<v1::Asset>(method, shed(), special_));
  // One grant has to cover both.
  EXPECT_THAT(
      Call<v1::Asset>(method, shed(),
                      Holder({{"LEGACY_SPECIAL", "TEA", "360733"}, {"LOTTERY", "OIL", "360733"}})),
      Excluded());
  // The audit names it.
  ASSERT_OK_AND_ASSIGN(
      const v1::Asset asset,
      Call<v1::Asset>(method, shed(), Holder({{"", "TEA", "360733"}, {"", "OIL", "3607"}})));
  EXPECT_EQ(asset.created_by().region_path(), "3607");
}

// Nor does it become one of another industry's project.
TEST_F(AssetScopeTest, R118_AnAssetIsGivenToNoProjectThatTheGrantLeavesOut) {
  const std::string camellia = CamelliaProject();
  const v1::Asset asset = Registered(Shed());
  v1::UpdateAssetRequest r;
  r.set_id(asset.id());
  r.set_etag(asset.etag());
  r.mutable_details()->add_source_projects()->set_project_id(camellia);
  r.mutable_update_mask()->add_paths("source_projects");
  r.set_request_id(RequestId());
  EXPECT_THAT(Call<v1::Asset>("AssetService.UpdateAsset", r, OfIndustries({{"TEA"}})), Excluded());
  EXPECT_EQ(Get(asset.id()).etag(), asset.etag());
  r.set_request_id(RequestId());
  EXPECT_OK(Call<v1::Asset>("AssetService.UpdateAsset", r, OfIndustries({{"OIL"}})));
}

// Nor is one taken from it; a project that stays as it is asks nobody.
TEST_F(AssetScopeTest, R118_OnlyProjectsThatChangeAreAskedAbout) {
  CamelliaProject();  // and what is above camellia
  const v1::Asset asset = Registered(Shed());
  const std::string teas = ProjectOf("TEA");
  v1::UpdateAssetRequest r = Change(asset, "source_projects");
  *r.mutable_details() = asset.details();
  const std::string tea = OfIndustries({{"TEA"}});
  ASSERT_OK_AND_ASSIGN(v1::Asset now, Call<v1::Asset>("AssetService.UpdateAsset", r, tea));
  r = Change(now, "source_projects");
  r.mutable_details()->add_source_projects()->set_project_id(teas);
  EXPECT_THAT(Call<v1::Asset>("AssetService.UpdateAsset", r, tea), Excluded());
  // Of its share a part, too.
  r = Change(now, "source_projects");
  for (const std::string& project : {project_, teas}) {
    v1::SourceProject& one = *r.mutable_details()->add_source_projects();
    one.set_project_id(project);
    one.set_value_share_bp(5000);
  }
  EXPECT_THAT(Call<v1::Asset>("AssetService.UpdateAsset", r, tea), Excluded());
  r.set_request_id(RequestId());
  EXPECT_THAT(Call<v1::Asset>("AssetService.UpdateAsset", r, OfIndustries({{"OIL"}})), Excluded());
  r.set_request_id(RequestId());
  EXPECT_OK(Call<v1::Asset>("AssetService.UpdateAsset", r, OfIndustries({{"TEA"}, {"OIL"}})));
}

// The project that it comes to by the money that it has then, and its own by other money.
TEST_F(AssetScopeTest, R118_ProjectsAreAskedAboutByTheMoneyThatTheAssetHasThen) {
  CamelliaProject();  // and what is above camellia
  const v1::Asset asset = Registered(Shed());
  const auto of = [&](const char* legacy, const char* bridge) {
    return Holder({{"LEGACY_SPECIAL", legacy, "360733"}, {"BRIDGE_CENTRAL", bridge, "360733"}});
  };
  const std::string teas = ProjectOf("TEA");
  const auto funded = [&](bool moved) {
    v1::UpdateAssetRequest r = Change(asset, "fund_sources");
    v1::AssetFunding& fund = *r.mutable_details()->add_fund_sources();
    fund.set_source_code("BRIDGE_CENTRAL");
    fund.set_amount_fen(asset.details().original_value_fen());
    if (!moved) return r;
    r.mutable_update_mask()->add_paths("source_projects");
    r.mutable_details()->add_source_projects()->set_project_id(teas);
    return r;
  };
  const std::string method = "AssetService.UpdateAsset";
  EXPECT_THAT(Call<v1::Asset>(method, funded(false), of("OIL", "TEA")), Excluded());
  EXPECT_THAT(Call<v1::Asset>(method, funded(true), of("TEA", "OIL")), Excluded());
  EXPECT_OK(Call<v1::Asset>(method, funded(true), of("OIL", "TEA")));
}

// One for every project rather than one for the first; what moves names the one for where it goes.
TEST_F(AssetScopeTest, R118_TheAuditNamesAGrantForEveryProject) {
  const std::string camellia = CamelliaProject();
  const std::string teas = ProjectOf("TEA");
  v1::RegisterAssetRequest shed = Shed();
  shed.mutable_details()->clear_source_projects();
  for (const std::string& project : {teas, camellia}) {
    v1::SourceProject& one = *shed.mutable_details()->add_source_projects();
    one.set_project_id(project);
    one.set_value_share_bp(5000);
  }
  ASSERT_OK_AND_ASSIGN(
      v1::Asset asset,
      Call<v1::Asset>("AssetService.RegisterAsset", shed,
                      Holder({{"", "TEA", "360733101"}, {"", "OIL", "360733"}, {"", "", "3607"}})));
  EXPECT_EQ(asset.created_by().region_path(), "3607");
  v1::UpdateAssetRequest r = Change(asset, "source_projects");
  r.mutable_details()->add_source_projects()->set_project_id(project_);
  ASSERT_OK_AND_ASSIGN(asset, Call<v1::Asset>("AssetService.UpdateAsset", r,
                                              Holder({{"", "TEA", "360733"}, {"", "", "36"}})));
  EXPECT_EQ(AuditedAt("asset"), (std::vector<std::string>{"3607", "36"}));
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
  v1::GetIncomeRequest get;
  get.set_id(income.id());
  ASSERT_OK_AND_ASSIGN(v1::IncomeRecord seen,
                       Call<v1::IncomeRecord>("ContractService.GetIncome", get, bridge_));
  ASSERT_EQ(seen.allowed_actions_size(), 1);
  EXPECT_EQ(seen.allowed_actions(0).refusal_reason(), "SCOPE_EXCLUDES");
  const absl::Status refused =
      Call<v1::IncomeRecord>("ContractService.ReverseIncome", back, bridge_).status();
  EXPECT_THAT(refused, Excluded());
  EXPECT_EQ(GetErrorDetail(refused).message_zh, seen.allowed_actions(0).refusal_zh());
  ASSERT_OK_AND_ASSIGN(seen, Call<v1::IncomeRecord>("ContractService.GetIncome", get, special_));
  ASSERT_EQ(seen.allowed_actions_size(), 1);
  EXPECT_TRUE(seen.allowed_actions(0).allowed());
  EXPECT_OK(Call<v1::IncomeRecord>("ContractService.ReverseIncome", back, special_));
}

// Of a contract: of the money of all its assets.
TEST_F(AssetScopeTest, IncomeOfAContractIsReversedByThoseWhoseMoneyItIs) {
  const v1::OperatingContract contract = Signed(Lease(Registered(Shed()).id(), 100000));
  ASSERT_OK_AND_ASSIGN(const v1::IncomeRecord income,
                       Receive(contract.id(), 1, 100000, Date(2025, 6, 30)));
  v1::BatchGetIncomeRequest get;
  get.add_ids(income.id());
  v1::ReverseIncomeRequest back;
  back.set_id(income.id());
  back.set_reason("误记");
  back.set_validate_only(true);
  for (const auto& [token, reason] : std::vector<std::pair<std::string, std::string>>{
           {bridge_, "SCOPE_EXCLUDES"}, {special_, ""}}) {
    ASSERT_OK_AND_ASSIGN(const auto seen, Call<v1::BatchGetIncomeResponse>(
                                              "ContractService.BatchGetIncome", get, token));
    ASSERT_EQ(seen.records_size(), 1);
    ASSERT_EQ(seen.records(0).allowed_actions_size(), 1);
    EXPECT_EQ(seen.records(0).allowed_actions(0).refusal_reason(), reason);
    back.set_request_id(RequestId());
    const auto made = Call<v1::IncomeRecord>("ContractService.ReverseIncome", back, token);
    EXPECT_EQ(GetErrorDetail(made.status()).reason, reason);
  }
}

TEST_F(AssetScopeTest, TheAuditNamesTheGrantThatCoversTheMoney) {
  const std::string token = OfTwoGrants("person-narrow");
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

// Links and work are of a project: of all money that it declares, its industry and what is above
// it.
TEST_F(AssetScopeTest, ALinkIsWrittenByThoseWhoseProjectItIs) {
  const std::string project = CamelliaProject();
  const std::string oil = OfIndustries({{"OIL"}});
  const std::vector<std::string> others = {special_, OfIndustries({{"TEA"}})};
  const std::string method = "ContractService.RecordLinkage";
  for (const std::string& other : others) {
    EXPECT_THAT(Call<v1::LinkageContract>(method, Link(project), other), Excluded());
  }
  for (const std::string& token :
       {bridge_, Narrowed({{"SELF_RAISED"}}), OfIndustries({{"CAMELLIA"}}),
        OfIndustries({{"TEA"}, {"OIL"}})}) {
    EXPECT_OK(Call<v1::LinkageContract>(method, Link(project), token));
  }
  ASSERT_OK_AND_ASSIGN(v1::LinkageContract link,
                       Call<v1::LinkageContract>(method, Link(project), oil));

  v1::UpdateLinkageCountsRequest counts;
  counts.set_id(link.id());
  counts.set_households(31);
  v1::RecordLinkageIncomeRequest income;
  income.set_id(link.id());
  income.set_month("2026-01");
  income.set_paid_fen(100000);
  v1::EndLinkageRequest end;
  end.set_id(link.id());
  *end.mutable_ended_on() = Date(2026, 10, 31);
  end.set_reason("合同期满");
  const auto step = [&](const std::string& name, auto request, const std::string& token) {
    request.set_request_id(RequestId());
    request.set_etag(link.etag());
    auto made = Call<v1::LinkageContract>("ContractService." + name, request, token);
    if (made.ok()) link = *made;
    return made;
  };
  v1::GetLinkageRequest get;
  get.set_id(link.id());
  for (const std::string& other : others) {
    EXPECT_THAT(step("UpdateLinkageCounts", counts, other), Excluded());
    EXPECT_THAT(step("RecordLinkageIncome", income, other), Excluded());
    EXPECT_THAT(step("EndLinkage", end, other), Excluded());
    ASSERT_OK_AND_ASSIGN(const v1::LinkageContract seen,
                         Call<v1::LinkageContract>("ContractService.GetLinkage", get, other));
    ASSERT_FALSE(seen.allowed_actions().empty());
    for (const type::v1::AllowedAction& action : seen.allowed_actions()) {
      EXPECT_EQ(action.refusal_reason(), "SCOPE_EXCLUDES") << action.action();
    }
  }
  EXPECT_OK(step("UpdateLinkageCounts", counts, oil));
  EXPECT_OK(step("RecordLinkageIncome", income, oil));
  ASSERT_OK_AND_ASSIGN(const v1::LinkageContract seen,
                       Call<v1::LinkageContract>("ContractService.GetLinkage", get, oil));
  for (const type::v1::AllowedAction& action : seen.allowed_actions()) {
    EXPECT_TRUE(action.allowed()) << action.action();
  }
  EXPECT_OK(step("EndLinkage", end, oil));
}

TEST_F(AssetScopeTest, WorkIsRecordedByThoseWhoseProjectItIs) {
  const std::string project = CamelliaProject();
  const std::string method = "ContractService.RecordEmployment";
  for (const std::string& other : {special_, OfIndustries({{"TEA"}})}) {
    EXPECT_THAT(Call<v1::EmploymentRecord>(method, Work(project, "2026-10"), other), Excluded());
  }
  EXPECT_OK(Call<v1::EmploymentRecord>(method, Work(project, "2026-09"), bridge_));
  ASSERT_OK_AND_ASSIGN(
      const v1::EmploymentRecord work,
      Call<v1::EmploymentRecord>(method, Work(project, "2026-10"), OfIndustries({{"OIL"}})));
  v1::RecordEmploymentRequest again = Work(project, "2026-10");
  again.set_etag(work.etag());
  EXPECT_THAT(Call<v1::EmploymentRecord>(method, again, OfIndustries({{"TEA"}})), Excluded());
  // Nobody is shut out by what is not known: copies of before do not say what is above an industry.
  ASSERT_OK(server_.database().db().Execute("UPDATE industry_copy SET parent_code = NULL"));
  EXPECT_OK(Call<v1::EmploymentRecord>(method, Work(project, "2026-08"), OfIndustries({{"OIL"}})));
  EXPECT_THAT(Call<v1::EmploymentRecord>(method, Work(project, "2026-07"), special_), Excluded());
}

TEST_F(AssetScopeTest, TheAuditOfALinkNamesTheGrantThatCoversTheProject) {
  const std::string project = CamelliaProject();
  auth::Caller caller;
  caller.subject = "person-narrow";
  for (const auto& [industry, region] :
       std::vector<std::pair<std::string, std::string>>{{"TEA", "360733"}, {"OIL", "3607"}}) {
    auth::Grant& grant = caller.grants.emplace_back();
    grant.role = ROLE_COUNTY_OPERATOR;
    grant.region_path = region;
    grant.industries = {industry};
  }
  const std::string token = server_.Token(caller);
  ASSERT_OK(Call<v1::LinkageContract>("ContractService.RecordLinkage", Link(project), token));
  ASSERT_OK(Call<v1::EmploymentRecord>("ContractService.RecordEmployment", Work(project, "2026-10"),
                                       token));
  EXPECT_EQ(AuditedAt("linkage"), std::vector<std::string>(1, "3607"));
  EXPECT_EQ(AuditedAt("employment"), std::vector<std::string>(1, "3607"));
}

}  // namespace
}  // namespace bangfu::asset

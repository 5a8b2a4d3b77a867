// Imports of assets by those whose grants are narrowed: a table does nothing that the rpc for the
// same step refuses to the same caller.
#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "services/asset/jobs/asset_import_for_test.h"

namespace bangfu::asset {
namespace {

constexpr std::string_view kLinks = "38,2,3200,收益分红、就业务工";

class AssetImportScopeTest : public AssetImportTest {
 protected:
  struct Scope {
    std::vector<std::string> clauses, fund_sources, industries;
  };
  // A county operator with a grant for each scope.
  std::string Narrowed(const std::vector<Scope>& scopes, const std::string& person = "person-1") {
    auth::Caller caller;
    caller.subject = person;
    for (const Scope& scope : scopes) {
      auth::Grant& grant = caller.grants.emplace_back();
      grant.role = ROLE_COUNTY_OPERATOR;
      grant.region_path = "360733";
      grant.clauses = scope.clauses;
      grant.fund_sources = scope.fund_sources;
      grant.industries = scope.industries;
    }
    return server_.Token(caller);
  }
  static std::string Without(std::string row, std::string_view cells) {
    const size_t at = row.find(cells);
    EXPECT_NE(at, std::string::npos);
    return row.replace(at, cells.size(),
                       std::string(std::count(cells.begin(), cells.end(), ','), ','));
  }
  // The one refusal of a table of one row: "field reason".
  std::string RefusalOf(const std::string& import) {
    EXPECT_EQ(Get(import).rows_refused(), 1);
    for (const auto& [key, row] : Rows(import)) {
      EXPECT_EQ(row.outcome(), intake_v1::ROW_OUTCOME_REFUSED);
      const intake_v1::RowIssue& last = row.issues(row.issues_size() - 1);
      return Cat(last.field(), " ", last.reason());
    }
    return "";
  }
  static auto Excluded() { return StatusIs(absl::StatusCode::kPermissionDenied, "SCOPE_EXCLUDES"); }
};

TEST_F(AssetImportScopeTest, LinksAreWrittenByThoseWhoseProjectItIs) {
  v1::RecordLinkageRequest link;
  link.set_request_id(RequestId());
  link.set_project_id(project_);
  link.set_mode_code("DIVIDEND");
  link.set_households(40);
  *link.mutable_start_date() = Date(2021, 1, 1);
  // Of all money that the project declares, while the asset is of its own.
  const std::string tea = Narrowed({{.industries = {"TEA"}}});
  EXPECT_THAT(Call<v1::LinkageContract>("ContractService.RecordLinkage", link, tea), Excluded());
  importer_ = tea;
  EXPECT_EQ(RefusalOf(Import(kT4 + RunningShed())), "来源项目 SCOPE_EXCLUDES");
  EXPECT_EQ(RefusalOf(Import(kT4 + Without(RunningShed("水东村晒场"), kLinks))),
            "来源项目 SCOPE_EXCLUDES");
  EXPECT_EQ(Count("asset"), 0);
  EXPECT_EQ(Count("linkage"), 0);
  importer_ = Narrowed({{.industries = {"TEA"}}, {.industries = {"CAMELLIA"}}});
  const std::string id = Import(kT4 + RunningShed());
  EXPECT_EQ(Get(id).rows_created(), 1);
  EXPECT_EQ(Count("linkage"), 2);
  // Of an asset that is there a table changes no link, nor the project.
  importer_ = tea;
  std::string changed = RunningShed();
  changed.replace(changed.find("李四"), std::string("李四").size(), "王五");
  EXPECT_EQ(Get(Import(kT4 + changed)).rows_updated(), 1);
}

TEST_F(AssetImportScopeTest, R118_LinksThatTheGrantsDoNotCoverAnyMoreStopTheCommit) {
  const std::string wide = importer_;
  const std::string id = Import(kT4 + RunningShed(), /*commit=*/false);
  importer_ = Narrowed({{.industries = {"TEA"}}});
  Step("CommitImport", id);
  importer_ = wide;
  EXPECT_EQ(Get(id).state(), intake_v1::IMPORT_STATE_COMMITTING);
  EXPECT_EQ(Get(id).rows_refused(), 0);
  EXPECT_EQ(Count("asset"), 0);
  Step("CommitImport", id);
  EXPECT_EQ(Get(id).state(), intake_v1::IMPORT_STATE_COMMITTED);
  EXPECT_EQ(Count("linkage"), 2);
}

TEST_F(AssetImportScopeTest, ContractAndMoneyAreForTheClausesOfTheirRpcs) {
  importer_ = Narrowed({{.clauses = {"四"}}});
  intake_v1::BeginImportRequest begin;
  begin.set_request_id(RequestId());
  begin.set_kind("assets");
  begin.set_batch_id("of four");
  begin.set_format(type::v1::FILE_FORMAT_CSV);
  EXPECT_THAT(Intake<intake_v1::Import>("BeginImport", begin), Excluded());
  // Assets are of fifteen, contracts and what comes of them of fourteen and sixteen.
  importer_ = Narrowed({{.clauses = {"十五"}}});
  const std::string dividends = "1.5,1.2,38,2,3200,收益分红、就业务工";
  const std::string income = Cat("5.2,", dividends);
  const std::string contract = Cat("2021-01-01,2029-12-31,6.5,", income);
  EXPECT_EQ(RefusalOf(Import(kT4 + RunningShed())), "合同起 SCOPE_EXCLUDES");
  const std::string no_contract = Without(RunningShed(), "2021-01-01,2029-12-31,6.5");
  EXPECT_EQ(RefusalOf(Import(kT4 + no_contract)), "实际收益 SCOPE_EXCLUDES");
  EXPECT_EQ(Count("asset"), 0);
  Import(kT4 + Without(RunningShed("水东村晒场"), contract));
  EXPECT_EQ(Count("asset"), 1);
  importer_ = Narrowed({{.clauses = {"十五"}}, {.clauses = {"十四"}}});
  EXPECT_EQ(Get(Import(kT4 + RunningShed())).rows_created(), 1);
  EXPECT_EQ(Count("operating_contract"), 1);
  EXPECT_EQ(Count("linkage"), 2);
  // The other grant has to cover the money, too.
  importer_ =
      Narrowed({{.clauses = {"十五"}}, {.clauses = {"十四"}, .fund_sources = {"BRIDGE_CENTRAL"}}});
  EXPECT_EQ(RefusalOf(Import(kT4 + RunningShed("水东村烘房"))), "合同起 SCOPE_EXCLUDES");
}

TEST_F(AssetImportScopeTest, TheAuditOfAContractNamesTheGrantThatCoversTheMoney) {
  importer_ = OfTwoGrants("person-1");
  const std::string id = Import(kT4 + RunningShed());
  ASSERT_EQ(Get(id).rows_created(), 1);
  for (const char* type : {"asset", "contract"}) {
    const auto rows = server_.database().db().Query(
        "SELECT actor_region FROM audit_log WHERE aggregate_type = ?", {type});
    ASSERT_OK(rows);
    ASSERT_EQ(rows->size(), 1) << type;
    EXPECT_EQ((*rows)[0].String(0), "3607") << type;
  }
  EXPECT_EQ(ServiceTest::Get(Rows(id).begin()->second.record_id()).created_by().region_path(),
            "3607");
}

TEST_F(AssetImportScopeTest, R118_NoRowTakesAnAssetToAProjectThatTheGrantsLeaveOut) {
  // Known by its code, of a project of camellia.
  const auto coded = [](std::string row) { return Cat("资产编码,", kT4, "KC-1,", std::move(row)); };
  const auto holder = [&](const std::vector<std::pair<std::vector<std::string>, std::string>>& of) {
    auth::Caller caller;
    caller.subject = "person-1";
    for (const auto& [industries, region] : of) {
      auth::Grant& grant = caller.grants.emplace_back();
      grant.role = ROLE_COUNTY_OPERATOR;
      grant.region_path = region;
      grant.industries = industries;
    }
    return server_.Token(caller);
  };
  importer_ = holder({{{"TEA"}, "360733"}, {{"CAMELLIA"}, "3607"}});
  const std::string id = Import(coded(RunningShed()));
  ASSERT_EQ(Get(id).rows_created(), 1);
  const std::string asset = Rows(id).begin()->second.record_id();
  EXPECT_EQ(ServiceTest::Get(asset).created_by().region_path(), "3607");
  registry::v1::ProjectChanged tea;
  tea.mutable_project()->set_id(ids_.Next().ToString());
  tea.mutable_project()->set_project_code("PJ360733-2022-000010");
  tea.mutable_project()->set_region_path(kVillage);
  tea.mutable_project()->set_state(registry::v1::PROJECT_STATE_OPERATING);
  tea.mutable_project()->set_industry_code("TEA");
  Apply({{"project", &tea}});
  std::string moved = RunningShed();
  const std::string project = "EXT-PJ360733-2021-000001";
  moved.replace(moved.find(project), project.size(), "PJ360733-2022-000010");
  // Neither from one nor to one, as soon as the table is checked.
  for (const char* industry : {"TEA", "CAMELLIA"}) {
    importer_ = Narrowed({{.industries = {industry}}});
    const std::string refused = Import(coded(moved), /*commit=*/false);
    EXPECT_EQ(RefusalOf(refused), "来源项目 SCOPE_EXCLUDES") << industry;
  }
  // The audit names the grant for both.
  importer_ =
      holder({{{"TEA"}, "360733"}, {{"CAMELLIA"}, "360733"}, {{"CAMELLIA", "TEA"}, "3607"}});
  EXPECT_EQ(Get(Import(coded(moved))).rows_updated(), 1);
  const v1::Asset now = ServiceTest::Get(asset);
  EXPECT_EQ(now.details().source_projects(0).project_id(), tea.project().id());
  EXPECT_EQ(now.updated_by().region_path(), "3607");
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM audit_log WHERE aggregate_type = 'asset' "
                                   "AND actor_region = '3607'"),
            2);
}

// What has become of a row's project since it was checked.
TEST_F(AssetImportScopeTest, AProjectThatWasVoidedMeanwhileFormsNoAsset) {
  const std::string id = Import(kT4 + RunningShed(), /*commit=*/false);
  EXPECT_EQ(Get(id).rows_created(), 1);
  Project("PJ360733-2021-000001", kVillage, /*is_void=*/true, 11, project_);
  Step("CommitImport", id);
  EXPECT_EQ(RefusalOf(id), "source_projects PROJECT_VOID");
  EXPECT_EQ(Count("asset"), 0);
}

TEST_F(AssetImportScopeTest, ACodeOpensNoAssetOfAnotherPlace) {
  const auto coded = [](std::string row) { return Cat("资产编码,", kT4, "KC-1,", std::move(row)); };
  const std::string id = Import(coded(RunningShed()));
  ASSERT_EQ(Get(id).rows_created(), 1);
  const v1::Asset asset = ServiceTest::Get(Rows(id).begin()->second.record_id());
  std::string theirs = RunningShed("别处的冷库");
  const auto replace = [&](const std::string& from, const std::string& to) {
    theirs.replace(theirs.find(from), from.size(), to);
  };
  replace("360733101201", kOtherCounty);
  replace("EXT-PJ360733-2021-000001", "");
  importer_ = Token(ROLE_COUNTY_OPERATOR, kOtherCounty, "person-2");
  EXPECT_EQ(RefusalOf(Import(coded(theirs))), "资产编码 REGION_FOREIGN");
  EXPECT_EQ(ServiceTest::Get(asset.id()).etag(), asset.etag());
}

}  // namespace
}  // namespace bangfu::asset

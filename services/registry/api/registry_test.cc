// The registry through gRPC over a real database: what each requirement asks for, and what is
// refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <set>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "bangfu/registry/v1/events.pb.h"
#include "bangfu/registry/v1/industry.pb.h"
#include "bangfu/registry/v1/inventory_service.pb.h"
#include "bangfu/registry/v1/operation_report.pb.h"
#include "bangfu/registry/v1/operator.pb.h"
#include "bangfu/registry/v1/project_service.pb.h"
#include "bangfu/registry/v1/reference_service.pb.h"
#include "common/base/region.h"
#include "common/runtime/standard_parts.h"
#include "common/testing/rpc_fixture.h"
#include "common/testing/status_matchers.h"
#include "google/protobuf/util/json_util.h"
#include "services/registry/api/dictionary.h"
#include "services/registry/api/handlers.h"
#include "services/registry/api/long_work_for_test.h"
#include "services/registry/api/project_writer.h"
#include "services/registry/app.h"
#include "services/registry/store/project_store.h"
#include "services/registry/store/record_table.h"

namespace bangfu::registry {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::HasViolation;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::IsOkAndHolds;
using ::testing::Not;
using testing::RpcServer;
using ::testing::SizeIs;
using testing::StatusIs;
using Code = absl::StatusCode;
namespace role = options::v1;

const char kP[] = "bangfu.registry.v1.ProjectService.";
const char kI[] = "bangfu.registry.v1.IndustryService.";
const char kO[] = "bangfu.registry.v1.OperatorService.";
const char kR[] = "bangfu.registry.v1.OperationReportService.";
const char kRegions[] = "bangfu.registry.v1.RegionService.";
const char kCodes[] = "bangfu.registry.v1.CodeListService.";
const char kTaxonomy[] = "bangfu.registry.v1.TaxonomyService.";
const char kOrganisations[] = "bangfu.registry.v1.OrganisationService.";
const char kInventory[] = "bangfu.registry.v1.InventoryService.";

constexpr char kVillage[] = "360733100001";

const char kDictionary[] = "bangfu.dictionary.v1.DictionaryService.";

std::vector<std::string> ServicesWithDictionary() {
  std::vector<std::string> services = OwnServices();
  services.push_back("bangfu.dictionary.v1.DictionaryService");
  return services;
}

class RegistryTest : protected LongWork, public ::testing::Test {
 protected:
  RegistryTest()
      : server_({.services = ServicesWithDictionary(),
                 .migrations = migrate::Concat(runtime::StandardMigrations(), OwnMigrations())},
                [this](rpc::Router& router) {
                  RegisterHandlers(router, operations_, operation_ids_);
                  dictionary::RegisterDictionaryService(router, MakeDictionaryOptions());
                }) {
    admin_ = server_.Token(role::ROLE_PROV_ADMIN, "36", "admin");
    county_ = server_.Token(role::ROLE_COUNTY_OPERATOR, "360733", "county-1");
    other_county_ = server_.Token(role::ROLE_COUNTY_OPERATOR, "360783", "county-2");
    township_ = server_.Token(role::ROLE_TOWNSHIP_REVIEWER, "360733100", "town-1");
    village_ = server_.Token(role::ROLE_VILLAGE_REPORTER, kVillage, "village-1");
    ImportSomeRegions();
  }

  std::string NextRequestId() { return absl::StrCat("request-", ++requests_); }

  template <typename Response, typename Request>
  absl::StatusOr<Response> Call(const char* service, const char* method, Request request,
                                const std::string& token) {
    if constexpr (requires { request.set_request_id(std::string()); }) {
      if (request.request_id().empty()) request.set_request_id(NextRequestId());
    }
    return server_.Call<Response>(absl::StrCat(service, method), request, token);
  }

  void ImportSomeRegions() {
    v1::ImportRegionsRequest request;
    const auto add = [&](const char* code, const char* name, int start = 0, int end = 0,
                         std::vector<const char*> successors = {}) {
      v1::Region& r = *request.add_regions();
      r.set_code(code);
      r.set_name(name);
      r.set_start_year(start);
      r.set_end_year(end);
      for (const char* s : successors) r.add_successors()->set_code(s);
    };
    add("36", "江西省");
    add("3607", "赣州市");
    add("3604", "九江市");
    add("360733", "会昌县");
    add("360733100", "文武坝镇");
    add("360733100001", "水东村");
    add("360733100002", "勤建村");
    add("360733101", "筠门岭镇");
    add("360733101001", "元兴村");
    add("360783", "龙南市", 2020);
    add("360783100", "龙南镇");
    add("360783100001", "新都村");
    add("360727", "龙南县", 1998, 2020, {"360783"});
    add("360402", "濂溪区", 2016);
    add("360483", "庐山市", 2016);
    add("360402", "庐山区", 1983, 2016, {"360402", "360483"});
    const auto imported =
        Call<v1::ImportRegionsResponse>(kRegions, "ImportRegions", request, admin_);
    ASSERT_THAT(imported, IsOk());
    ASSERT_EQ(imported->created(), 16);
  }

  static v1::Project SomeProject(const std::string& name = "水东村脐橙冷库建设项目",
                                 const std::string& region = kVillage) {
    v1::Project p;
    p.set_name(name);
    p.set_region_code(region);
    p.set_project_type("COLD_CHAIN");
    p.set_industry_code("FRUIT_VEG");
    p.set_year(2019);
    p.set_implementing_org("水东村民委员会");
    p.set_state(v1::PROJECT_STATE_OPERATING);
    Fund(&p, "LEGACY_SPECIAL", 40'000'000, "40万元");
    v1::ContentItem& item = *p.add_content_items();
    item.set_category_code("COLD_STORE");
    item.set_description("新建冷库一座500立方米");
    p.add_chain_links("COLD_STORAGE");
    return p;
  }
  static void Fund(v1::Project* p, const std::string& source, int64_t fen, const std::string& text,
                   type::v1::AmountParseState state = type::v1::AMOUNT_PARSE_STATE_EXACT) {
    v1::DeclaredFunding& f = *p->add_declared_funding();
    f.set_source_code(source);
    f.set_year(p->year());
    f.mutable_amount()->set_fen(fen);
    f.mutable_amount()->set_text(text);
    f.mutable_amount()->set_parse_state(state);
  }

  absl::StatusOr<v1::Project> Register(const v1::Project& project, const std::string& token) {
    v1::RegisterProjectRequest request;
    *request.mutable_project() = project;
    return Call<v1::Project>(kP, "RegisterProject", request, token);
  }
  absl::StatusOr<v1::Project> Get(const std::string& id, const std::string& token) {
    v1::GetProjectRequest request;
    request.set_id(id);
    return Call<v1::Project>(kP, "GetProject", request, token);
  }
  absl::StatusOr<v1::Project> Update(const v1::Project& project, std::vector<std::string> mask,
                                     const std::string& token, const std::string& reason = "") {
    v1::UpdateProjectRequest request;
    request.set_id(project.id());
    *request.mutable_project() = project;
    for (std::string& path : mask) request.mutable_update_mask()->add_paths(std::move(path));
    request.set_etag(project.etag());
    request.set_reason(reason);
    return Call<v1::Project>(kP, "UpdateProject", request, token);
  }
  v1::ListProjectsResponse List(const v1::ListProjectsRequest& request, const std::string& token) {
    auto listed = Call<v1::ListProjectsResponse>(kP, "ListProjects", request, token);
    EXPECT_THAT(listed, IsOk());
    return listed.ok() ? *listed : v1::ListProjectsResponse();
  }

  // An open campaign of the county, with a report for each village.
  std::string OpenCampaign() {
    v1::CreateCampaignRequest create;
    v1::InventoryCampaign& c = *create.mutable_campaign();
    c.set_name("2026年摸排");
    c.set_region_code("360733");
    const auto day = [](google::type::Date* d, int month, int date) {
      d->set_year(2026);
      d->set_month(month);
      d->set_day(date);
    };
    c.mutable_scope_start()->set_year(2014);
    c.mutable_scope_start()->set_month(1);
    c.mutable_scope_start()->set_day(1);
    day(c.mutable_village_deadline(), 3, 10);
    day(c.mutable_township_deadline(), 3, 20);
    day(c.mutable_county_deadline(), 3, 31);
    const std::string approver = server_.Token(role::ROLE_COUNTY_APPROVER, "360733", "approver");
    auto campaign = Call<v1::InventoryCampaign>(kInventory, "CreateCampaign", create, approver);
    EXPECT_THAT(campaign, IsOk());
    if (!campaign.ok()) return "";
    v1::OpenCampaignRequest open;
    open.set_id(campaign->id());
    open.set_etag(campaign->etag());
    EXPECT_THAT(Call<operation::v1::Operation>(kInventory, "OpenCampaign", open, approver), IsOk());
    EXPECT_THAT(operations_.StepOnce(server_.database().db()), IsOkAndHolds(true));
    return campaign->id();
  }

  int64_t Int(std::string_view sql) { return server_.database().Int(sql); }

  RpcServer server_;
  std::atomic<int> requests_ = 0;
  std::string admin_, county_, other_county_, township_, village_;
};

// --- Reference data

TEST_F(RegistryTest, R130_RealRegionsGiveCitiesCountiesAndTheirBureaus) {
  // The whole province, as it is published, and the history beside it.
  std::vector<v1::Region> regions;
  const auto read = [&](const std::string& file, auto parse) {
    std::ifstream in(std::string(BANGFU_SAMPLE_DIR) + "/" + file);
    ASSERT_TRUE(in.good()) << file;
    std::string line;
    std::getline(in, line);
    while (std::getline(in, line)) {
      if (!line.empty() && line.back() == '\r') line.pop_back();
      const std::vector<std::string> cells = absl::StrSplit(line, ',');
      regions.push_back(parse(cells));
    }
  };
  read("regions-36.csv", [](const std::vector<std::string>& c) {
    v1::Region r;
    r.set_code(c[0]);
    r.set_name(c[1]);
    r.set_parent_code(c[3]);
    return r;
  });
  ASSERT_EQ(regions.size(), 23959u);
  const size_t current = regions.size();
  read("region-history-36.csv", [](const std::vector<std::string>& c) {
    v1::Region r;
    r.set_code(c[0]);
    r.set_name(c[1]);
    int year = 0;
    if (absl::SimpleAtoi(c[5], &year)) r.set_start_year(year);
    if (absl::SimpleAtoi(c[6], &year)) r.set_end_year(year);
    for (const std::string& s :
         std::vector<std::string>(absl::StrSplit(c[7], ';', absl::SkipEmpty()))) {
      v1::RegionSuccessor& out = *r.add_successors();
      out.set_code(s.substr(0, 6));
      if (s.size() > 6 && absl::SimpleAtoi(s.substr(7, 4), &year)) out.set_year(year);
    }
    return r;
  });
  // A span of years in which a code changes only its name keeps one row per last year.
  std::set<std::pair<std::string, int>> keys;
  std::vector<v1::Region> unique;
  for (v1::Region& r : regions) {
    if (keys.insert({r.code(), r.end_year()}).second || unique.empty()) unique.push_back(r);
  }
  (void)current;
  int created = 0, unchanged = 0;
  for (int pass = 0; pass < 2; ++pass) {
    for (size_t begin = 0; begin < unique.size(); begin += 2000) {
      v1::ImportRegionsRequest request;
      for (size_t i = begin; i < std::min(unique.size(), begin + 2000); ++i)
        *request.add_regions() = unique[i];
      const auto imported =
          Call<v1::ImportRegionsResponse>(kRegions, "ImportRegions", request, admin_);
      ASSERT_THAT(imported, IsOk());
      (pass == 0 ? created : unchanged) += pass == 0 ? imported->created() : imported->unchanged();
    }
  }
  EXPECT_GT(created, 23900);
  EXPECT_EQ(unchanged, static_cast<int>(unique.size()));  // the second run changes nothing

  const auto count = [&](v1::OrgType type) {
    return Int(absl::StrCat("SELECT COUNT(*) FROM organisation WHERE org_type = ",
                            static_cast<int>(type)));
  };
  EXPECT_EQ(count(v1::ORG_TYPE_PROV_OFFICE), 19);
  EXPECT_EQ(count(v1::ORG_TYPE_CITY_BUREAU), 12);  // 11 cities and 赣江新区
  EXPECT_EQ(count(v1::ORG_TYPE_COUNTY_BUREAU), 100);

  // Old codes lead to today's path; one that split does not decide.
  v1::GetRegionRequest get;
  get.set_code("360727");
  EXPECT_EQ(Call<v1::Region>(kRegions, "GetRegion", get, county_)->region_path(), "360783");
  get.set_code("362128");  // 龙南县 in the prefecture of the time
  EXPECT_EQ(Call<v1::Region>(kRegions, "GetRegion", get, county_)->region_path(), "360783");
  EXPECT_EQ(Int("SELECT COUNT(*) FROM region WHERE code = '360402' AND end_year = 2016 AND "
                "region_path = ''"),
            1);

  // Names with a year.
  v1::ResolveRegionRequest resolve;
  resolve.set_county("九江县");
  resolve.set_year(2015);
  const auto at_year = Call<v1::ResolveRegionResponse>(kRegions, "ResolveRegion", resolve, county_);
  ASSERT_THAT(at_year, IsOk());
  EXPECT_EQ(at_year->grade(), v1::MATCH_GRADE_AT_YEAR);
  EXPECT_EQ(at_year->region().code(), "360404");
  resolve.set_county("庐山区");
  const auto split = Call<v1::ResolveRegionResponse>(kRegions, "ResolveRegion", resolve, county_);
  ASSERT_THAT(split, IsOk());
  EXPECT_EQ(split->grade(), v1::MATCH_GRADE_NONE);
  EXPECT_EQ(split->candidates_size(), 2);
}

TEST_F(RegistryTest, R065_ClauseMatrixNamesTheOffices) {
  const auto matrix = Call<v1::GetClauseMatrixResponse>(kOrganisations, "GetClauseMatrix",
                                                        v1::GetClauseMatrixRequest(), county_);
  ASSERT_THAT(matrix, IsOk());
  ASSERT_EQ(matrix->rows_size(), 14);
  std::map<std::string, std::set<std::string>> offices;
  for (const v1::ClauseResponsibility& row : matrix->rows()) {
    EXPECT_TRUE(row.binds_city_and_county_bureaus());
    for (const v1::Organisation& o : row.offices()) offices[row.clause()].insert(o.name());
  }
  EXPECT_THAT(offices["四"], SizeIs(11));
  EXPECT_EQ(offices["六"], (std::set<std::string>{"市场处", "监管处"}));
  EXPECT_THAT(offices["九"], SizeIs(10));
  EXPECT_THAT(offices["十五"], SizeIs(10));
  EXPECT_EQ(offices["十二"], offices["十四"]);
}

TEST_F(RegistryTest, R060_SpecialitiesAreImportedUnderTheirMajor) {
  v1::ListIndustryCategoriesRequest list;
  list.set_level(v1::INDUSTRY_LEVEL_MAJOR);
  const auto majors =
      Call<v1::ListIndustryCategoriesResponse>(kTaxonomy, "ListIndustryCategories", list, county_);
  ASSERT_THAT(majors, IsOk());
  EXPECT_EQ(majors->categories_size(), 7);

  v1::ImportIndustryCategoriesRequest import;
  v1::IndustryCategory& c = *import.add_categories();
  c.set_taxonomy_version("2025-7");
  c.set_code("CAMELLIA");
  c.set_name("油茶");
  c.set_level(v1::INDUSTRY_LEVEL_SPECIALITY);
  c.set_parent_code("NOBODY");
  c.set_cultivation_months(60);
  EXPECT_THAT(Call<v1::ImportIndustryCategoriesResponse>(kTaxonomy, "ImportIndustryCategories",
                                                         import, admin_),
              StatusIs(Code::kInvalidArgument, "PARENT_UNKNOWN"));
  c.set_parent_code("OIL");
  EXPECT_THAT(Call<v1::ImportIndustryCategoriesResponse>(kTaxonomy, "ImportIndustryCategories",
                                                         import, county_),
              StatusIs(Code::kPermissionDenied));
  auto imported = Call<v1::ImportIndustryCategoriesResponse>(kTaxonomy, "ImportIndustryCategories",
                                                             import, admin_);
  ASSERT_THAT(imported, IsOk());
  EXPECT_EQ(imported->created(), 1);
  imported = Call<v1::ImportIndustryCategoriesResponse>(kTaxonomy, "ImportIndustryCategories",
                                                        import, admin_);
  EXPECT_EQ(imported->unchanged(), 1);
  v1::Project p = SomeProject();
  p.set_industry_code("CAMELLIA");
  EXPECT_THAT(Register(p, county_), IsOk());
  p.set_industry_code("COLD_STORAGE");  // a chain link is no industry
  EXPECT_THAT(Register(p, county_), StatusIs(Code::kInvalidArgument, "CODE_UNKNOWN"));
}

TEST_F(RegistryTest, R013_FurtherFundSourcesAreData) {
  v1::Project p = SomeProject();
  p.clear_declared_funding();
  Fund(&p, "EMERGENCY_FUND", 100, "1元");
  EXPECT_THAT(Register(p, county_), AllOf(StatusIs(Code::kInvalidArgument, "CODE_UNKNOWN"),
                                          HasViolation("project.declared_funding[0].source_code")));
  v1::CreateCodesRequest create;
  v1::Code& code = *create.add_codes();
  code.set_list("FUND_SOURCE");
  code.set_code("EMERGENCY_FUND");
  code.set_name_zh("应急资金");
  v1::CodeAttribute& a = *code.add_attributes();
  a.set_name("is_public");
  a.set_value("1");
  EXPECT_THAT(Call<v1::CreateCodesResponse>(kCodes, "CreateCodes", create, county_),
              StatusIs(Code::kPermissionDenied));
  const auto created = Call<v1::CreateCodesResponse>(kCodes, "CreateCodes", create, admin_);
  ASSERT_THAT(created, IsOk());
  EXPECT_EQ(created->codes(0).version(), 2);
  EXPECT_THAT(Register(p, county_), IsOk());
  // A code that has ended is not taken any more.
  create.clear_request_id();
  create.mutable_codes(0)->mutable_valid_to()->set_year(2020);
  create.mutable_codes(0)->mutable_valid_to()->set_month(12);
  create.mutable_codes(0)->mutable_valid_to()->set_day(31);
  ASSERT_THAT(Call<v1::CreateCodesResponse>(kCodes, "CreateCodes", create, admin_), IsOk());
  EXPECT_THAT(Register(p, county_), StatusIs(Code::kInvalidArgument, "CODE_UNKNOWN"));
}

TEST_F(RegistryTest, ParametersAreServed) {
  const auto parameters = Call<v1::ListParametersResponse>(kCodes, "ListParameters",
                                                           v1::ListParametersRequest(), county_);
  ASSERT_THAT(parameters, IsOk());
  v1::SetParameterRequest set;
  set.set_code("CITY_SAMPLE_BP");
  set.set_value(1500);
  set.set_reason("省厅确认");
  set.set_etag("1");
  const auto changed = Call<v1::Parameter>(kCodes, "SetParameter", set, admin_);
  ASSERT_THAT(changed, IsOk());
  EXPECT_EQ(changed->value(), 1500);
  EXPECT_THAT(Call<v1::Parameter>(kCodes, "SetParameter", set, admin_),
              StatusIs(Code::kAborted, "ETAG_MISMATCH"));
}

// --- Projects

TEST_F(RegistryTest, R010_R011_R014_LegacyStockIsRegistered) {
  v1::Project p = SomeProject();
  p.set_approved_year(2012);
  Fund(&p, "SELF_RAISED", 8'000'000, "8万元");
  Fund(&p, "BRIDGE_COUNTY", 0, "约10万余元", type::v1::AMOUNT_PARSE_STATE_APPROXIMATE);
  const auto made = Register(p, county_);
  ASSERT_THAT(made, IsOk());
  EXPECT_EQ(made->project_code(), "PJ360733-2019-000001");
  EXPECT_EQ(made->origin(), v1::PROJECT_ORIGIN_LEGACY);
  EXPECT_EQ(made->verification_state(), v1::VERIFICATION_STATE_UNVERIFIED);
  EXPECT_EQ(made->declared_total_fen(), 48'000'000);  // the approximate amount feeds no sum
  EXPECT_EQ(made->public_total_fen(), 40'000'000);
  EXPECT_EQ(made->region_path(), kVillage);
  EXPECT_EQ(made->taxonomy_version(), "2025-7");
  EXPECT_FALSE(made->industry_id().empty());
  const auto read = Get(made->id(), township_);
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(read->declared_funding(2).amount().text(), "约10万余元");

  // Another project of the same kind belongs to the same county industry (R014).
  const auto second = Register(SomeProject("勤建村冷库", "360733100002"), county_);
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(second->industry_id(), made->industry_id());
  EXPECT_EQ(second->project_code(), "PJ360733-2019-000002");
  v1::GetIndustryRequest get;
  get.set_id(made->industry_id());
  const auto industry = Call<v1::Industry>(kI, "GetIndustry", get, county_);
  ASSERT_THAT(industry, IsOk());
  EXPECT_EQ(industry->project_count(), 2);
  EXPECT_EQ(industry->region_code(), "360733");
  v1::ListProjectsRequest list;
  list.set_industry_id(made->industry_id());
  EXPECT_EQ(List(list, county_).projects_size(), 2);
}

TEST_F(RegistryTest, R011_R012_WithoutPublicMoneyItIsOutOfScope) {
  v1::Project p = SomeProject();
  p.clear_declared_funding();
  Fund(&p, "SELF_RAISED", 100'000'000, "100万元");
  Fund(&p, "BANK_CREDIT", 50'000'000, "50万元");
  EXPECT_THAT(Register(p, county_), AllOf(StatusIs(Code::kFailedPrecondition, "OUT_OF_SCOPE"),
                                          HasViolation("project.declared_funding")));
  EXPECT_EQ(Int("SELECT COUNT(*) FROM project"), 0);
  Fund(&p, "INTEGRATED_AGRI", 0, "*元", type::v1::AMOUNT_PARSE_STATE_MASKED);
  EXPECT_THAT(Register(p, county_), IsOk());
}

TEST_F(RegistryTest, R010_HowFarTheSurveyReachesBackIsData) {
  v1::SetParameterRequest set;
  set.set_code("INVENTORY_SCOPE_START_YEAR");
  set.set_value(2014);
  set.set_reason("省厅确认");
  set.set_etag("1");
  ASSERT_THAT(Call<v1::Parameter>(kCodes, "SetParameter", set, admin_), IsOk());
  v1::Project p = SomeProject();
  p.set_year(2013);
  EXPECT_THAT(Register(p, county_), HasViolation("project.year"));
  p.set_year(2014);
  EXPECT_THAT(Register(p, county_), IsOk());
}

TEST_F(RegistryTest, R003_R005_TargetDaysAreParametersAndDays) {
  v1::SetParameterRequest set;
  set.set_code("TWO_YEAR_TARGET_DATE");
  set.set_reason("省厅确认");
  set.set_etag("1");
  for (const int64_t none : {0, 20271301, 20270230, 2027}) {
    set.set_value(none);
    EXPECT_THAT(Call<v1::Parameter>(kCodes, "SetParameter", set, admin_), HasViolation("value"))
        << none;
  }
  set.set_value(20271231);
  const auto changed = Call<v1::Parameter>(kCodes, "SetParameter", set, admin_);
  ASSERT_THAT(changed, IsOk());
  EXPECT_EQ(changed->value(), 20271231);
}

TEST_F(RegistryTest, R030_AMeasureNamesItsClass) {
  v1::CreateCodesRequest create;
  v1::Code* code = create.add_codes();
  code->set_list("MEASURE");
  code->set_code("LIVE_STREAMING");
  code->set_name_zh("直播带货");
  EXPECT_THAT(Call<v1::CreateCodesResponse>(kCodes, "CreateCodes", create, admin_),
              HasViolation("codes[0].attributes"));
  code->add_attributes()->set_name("class");
  code->mutable_attributes(0)->set_value("BEST");
  EXPECT_THAT(Call<v1::CreateCodesResponse>(kCodes, "CreateCodes", create, admin_),
              HasViolation("codes[0].attributes"));
  code->mutable_attributes(0)->set_value("UPGRADE");
  EXPECT_THAT(Call<v1::CreateCodesResponse>(kCodes, "CreateCodes", create, admin_), IsOk());
}

TEST_F(RegistryTest, R010_ProjectsBefore2012AndFutureStockAreRefused) {
  v1::Project p = SomeProject();
  p.set_year(2011);
  EXPECT_THAT(Register(p, county_), HasViolation("project.year"));
  p.set_year(2027);
  EXPECT_THAT(Register(p, county_), HasViolation("project.year"));
  p.set_year(2012);
  p.set_state(v1::PROJECT_STATE_PLANNED);
  EXPECT_THAT(Register(p, county_),
              StatusIs(Code::kFailedPrecondition, "LEGACY_STATE_NOT_ALLOWED"));
  p.set_state(v1::PROJECT_STATE_TERMINATED);
  EXPECT_THAT(Register(p, county_), IsOk());
}

TEST_F(RegistryTest, EveryMissingFieldIsNamedAtOnce) {
  const auto refused = Register(v1::Project(), county_);
  for (const char* field :
       {"project.name", "project.region_code", "project.project_type", "project.year",
        "project.implementing_org", "project.declared_funding", "project.state"}) {
    EXPECT_THAT(refused,
                AllOf(StatusIs(Code::kInvalidArgument, "FIELD_INVALID"), HasViolation(field)));
  }
}

TEST_F(RegistryTest, OldCodesKeepTheirFilingAndGetTodaysPath) {
  v1::Project p = SomeProject("龙南县大棚", "360727100001");
  const auto made = Register(p, other_county_);
  ASSERT_THAT(made, IsOk());
  EXPECT_EQ(made->region_code(), "360727100001");
  EXPECT_EQ(made->region_path(), "360783100001");
  v1::ListProjectsRequest list;
  list.set_region_code("360727");  // asked for by the old code too
  EXPECT_EQ(List(list, admin_).projects_size(), 1);
  p.set_region_code("360402");  // in use today as 濂溪区
  EXPECT_THAT(Register(p, admin_),
              StatusIs(Code::kPermissionDenied));  // the province registers nothing
  p.set_region_code("360999100001");
  EXPECT_THAT(Register(p, county_), StatusIs(Code::kInvalidArgument, "REGION_UNKNOWN"));
}

TEST_F(RegistryTest, R118_RegionsAndRolesDecide) {
  const auto made = Register(SomeProject(), county_);
  ASSERT_THAT(made, IsOk());
  // Another county does not see it, whatever it asks.
  EXPECT_THAT(Get(made->id(), other_county_), StatusIs(Code::kNotFound));
  EXPECT_THAT(Update(*made, {"note"}, other_county_), StatusIs(Code::kNotFound));
  EXPECT_EQ(List(v1::ListProjectsRequest(), other_county_).projects_size(), 0);
  v1::ListProjectsRequest list;
  list.set_region_code("360733");
  EXPECT_EQ(List(list, other_county_).projects_size(), 0);
  v1::BatchGetProjectsRequest batch;
  batch.add_ids(made->id());
  const auto got = Call<v1::BatchGetProjectsResponse>(kP, "BatchGetProjects", batch, other_county_);
  ASSERT_THAT(got, IsOk());
  EXPECT_EQ(got->missing_ids_size(), 1);
  EXPECT_THAT(Register(SomeProject("越界"), other_county_), StatusIs(Code::kNotFound));
  // A village writes in the village only.
  EXPECT_THAT(Register(SomeProject("邻村", "360733100002"), village_), StatusIs(Code::kNotFound));
  // Roles: the city supervises and edits nothing (R119); an auditor reads.
  for (const auto r : {role::ROLE_CITY_SUPERVISOR, role::ROLE_AUDITOR, role::ROLE_ORG_ADMIN}) {
    const std::string token = server_.Token(r, "3607", "reader");
    EXPECT_THAT(Get(made->id(), token), IsOk());
    EXPECT_THAT(Update(*made, {"note"}, token), StatusIs(Code::kPermissionDenied));
    EXPECT_THAT(Register(SomeProject("x"), token), StatusIs(Code::kPermissionDenied));
  }
  EXPECT_THAT(Get(made->id(), ""), StatusIs(Code::kUnauthenticated));
}

TEST_F(RegistryTest, EveryRpcWithoutATokenIsUnauthenticated) {
  const auto methods = server_.MethodsByReflection();
  ASSERT_THAT(methods, IsOk());
  int asked = 0;
  for (const std::string& method : *methods) {
    if (!absl::StartsWith(method, "bangfu.")) continue;
    ++asked;
    EXPECT_THAT(server_.Call<v1::Project>(method, v1::GetProjectRequest(), ""),
                StatusIs(Code::kUnauthenticated))
        << method;
  }
  EXPECT_GT(asked, 80);
}

TEST_F(RegistryTest, ARequestSentTwiceIsDoneOnce) {
  v1::RegisterProjectRequest request;
  request.set_request_id("same-request");
  *request.mutable_project() = SomeProject();
  const auto first = Call<v1::Project>(kP, "RegisterProject", request, county_);
  const auto again = Call<v1::Project>(kP, "RegisterProject", request, county_);
  ASSERT_THAT(first, IsOk());
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(first->id(), again->id());
  EXPECT_EQ(Int("SELECT COUNT(*) FROM project"), 1);
  request.mutable_project()->set_name("另一个项目");
  EXPECT_THAT(Call<v1::Project>(kP, "RegisterProject", request, county_),
              StatusIs(Code::kInvalidArgument, "REQUEST_ID_REUSED"));
  // Checked only: nothing is stored, not even the number.
  request.set_request_id("dry-run-1");
  request.set_validate_only(true);
  EXPECT_THAT(Call<v1::Project>(kP, "RegisterProject", request, county_), IsOk());
  EXPECT_EQ(Int("SELECT COUNT(*) FROM project"), 1);
}

TEST_F(RegistryTest, UpdatesTakeTheMaskTheEtagAndNothingElse) {
  const auto made = Register(SomeProject(), county_);
  ASSERT_THAT(made, IsOk());
  v1::Project change = *made;
  change.set_note("补充说明");
  change.set_name("不在掩码内");
  auto updated = Update(change, {"note"}, county_);
  ASSERT_THAT(updated, IsOk());
  EXPECT_EQ(updated->note(), "补充说明");
  EXPECT_EQ(updated->name(), made->name());
  EXPECT_NE(updated->etag(), made->etag());
  EXPECT_THAT(Update(change, {"note"}, county_), StatusIs(Code::kAborted, "ETAG_MISMATCH"));
  change.set_etag(updated->etag());
  EXPECT_THAT(Update(change, {"state"}, county_),
              StatusIs(Code::kInvalidArgument, "IMMUTABLE_FIELD"));
  EXPECT_THAT(Update(change, {"region_code"}, county_),
              StatusIs(Code::kInvalidArgument, "IMMUTABLE_FIELD"));
  EXPECT_THAT(Update(change, {"no_such_field"}, county_),
              StatusIs(Code::kInvalidArgument, "FIELD_INVALID"));
  // Lists are replaced whole and checked as at registration.
  change.clear_declared_funding();
  Fund(&change, "SELF_RAISED", 1, "1分");
  EXPECT_THAT(Update(change, {"declared_funding"}, county_),
              StatusIs(Code::kFailedPrecondition, "OUT_OF_SCOPE"));
  Fund(&change, "GOV_BOND", 5'000'000, "5万元");
  updated = Update(change, {"declared_funding"}, county_);
  ASSERT_THAT(updated, IsOk());
  EXPECT_EQ(updated->declared_total_fen(), 5'000'001);
  EXPECT_EQ(Int("SELECT COUNT(*) FROM project_funding"), 2);
  // The history tells who changed what.
  v1::ListProjectHistoryRequest history;
  history.set_id(made->id());
  const auto entries =
      Call<audit::v1::ListHistoryResponse>(kP, "ListProjectHistory", history, county_);
  ASSERT_THAT(entries, IsOk());
  ASSERT_EQ(entries->entries_size(), 3);
  EXPECT_EQ(entries->entries(0).action(), "ProjectService.UpdateProject");
  EXPECT_EQ(entries->entries(0).actor().subject(), "county-1");
  EXPECT_EQ(entries->entries(2).action(), "ProjectService.RegisterProject");
}

TEST_F(RegistryTest, TwoUpdatesAtOnceGiveOneWinner) {
  const auto made = Register(SomeProject(), county_);
  ASSERT_THAT(made, IsOk());
  for (int round = 0; round < 5; ++round) {
    const auto now = Get(made->id(), county_);
    ASSERT_THAT(now, IsOk());
    std::vector<absl::Status> results(2);
    std::vector<std::thread> threads;
    for (int i = 0; i < 2; ++i) {
      threads.emplace_back([&, i] {
        v1::Project change = *now;
        change.set_note(absl::StrCat("round ", round, " caller ", i));
        results[i] = Update(change, {"note"}, county_).status();
      });
    }
    for (std::thread& t : threads) t.join();
    EXPECT_EQ(results[0].ok() + results[1].ok(), 1);
    EXPECT_THAT(results[0].ok() ? results[1] : results[0],
                StatusIs(Code::kAborted, "ETAG_MISMATCH"));
  }
}

TEST_F(RegistryTest, AmendingWhatIsVerifiedUndoesTheVerification) {
  const auto made = Register(SomeProject(), county_);
  ASSERT_THAT(made, IsOk());
  server_.database().Run(
      "UPDATE project SET verification_state = 2;");  // as the joint verification does
  v1::Project change = *made;
  change.set_note("备注可以改");
  auto updated = Update(change, {"note"}, county_);
  ASSERT_THAT(updated, IsOk());
  EXPECT_EQ(updated->verification_state(), v1::VERIFICATION_STATE_COUNTY_VERIFIED);
  change = *updated;
  change.set_name("改名");
  EXPECT_THAT(Update(change, {"name"}, county_),
              StatusIs(Code::kFailedPrecondition, "AMEND_REASON_REQUIRED"));
  updated = Update(change, {"name"}, county_, "名称与批复不符");
  ASSERT_THAT(updated, IsOk());
  EXPECT_EQ(updated->verification_state(), v1::VERIFICATION_STATE_UNVERIFIED);
  EXPECT_EQ(Int("SELECT verification_state FROM project"), 1);
}

TEST_F(RegistryTest, AVoidProjectStaysWithItsReason) {
  v1::Project p = SomeProject();
  type::v1::ExternalId& e = *p.add_external_ids();
  e.set_system("national-antipoverty");
  e.set_id("XM-1");
  const auto made = Register(p, county_);
  ASSERT_THAT(made, IsOk());
  EXPECT_THAT(Register(p, county_), StatusIs(Code::kAlreadyExists, "EXTERNAL_ID_TAKEN"));
  v1::VoidProjectRequest request;
  request.set_id(made->id());
  request.set_etag(made->etag());
  request.set_reason("重复登记");
  EXPECT_THAT(Call<v1::Project>(kP, "VoidProject", request, village_),
              StatusIs(Code::kPermissionDenied));
  const auto gone = Call<v1::Project>(kP, "VoidProject", request, county_);
  ASSERT_THAT(gone, IsOk());
  EXPECT_TRUE(gone->is_void());
  EXPECT_THAT(Update(*gone, {"note"}, county_),
              StatusIs(Code::kFailedPrecondition, "PROJECT_VOID"));
  EXPECT_EQ(List(v1::ListProjectsRequest(), county_).projects_size(), 0);
  v1::ListProjectsRequest list;
  list.set_include_void(true);
  ASSERT_EQ(List(list, county_).projects_size(), 1);
  EXPECT_EQ(List(list, county_).projects(0).void_reason(), "重复登记");
  EXPECT_THAT(Register(p, county_), IsOk());  // its number is free again
  const auto read = Get(made->id(), county_);
  ASSERT_THAT(read, IsOk());
  for (const auto& action : read->allowed_actions()) {
    EXPECT_FALSE(action.allowed());
    EXPECT_EQ(action.refusal_reason(), "PROJECT_VOID");
  }
}

TEST_F(RegistryTest, TheSameExternalIdAtOnceGoesToOne) {
  std::vector<absl::Status> results(4);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      v1::Project p = SomeProject(absl::StrCat("项目", i));
      type::v1::ExternalId& e = *p.add_external_ids();
      e.set_system("national-antipoverty");
      e.set_id("XM-2");
      results[i] = Register(p, county_).status();
    });
  }
  for (std::thread& t : threads) t.join();
  int won = 0;
  for (const absl::Status& s : results) {
    won += s.ok();
    if (s.ok()) continue;
    EXPECT_THAT(s, StatusIs(Code::kAlreadyExists, "EXTERNAL_ID_TAKEN"));
  }
  EXPECT_EQ(won, 1);
  EXPECT_EQ(Int("SELECT COUNT(*) FROM project"), 1);
}

TEST_F(RegistryTest, ListsPageWithoutGapOrDouble) {
  std::set<std::string> made;
  for (int i = 0; i < 7; ++i) {
    v1::Project p =
        SomeProject(absl::StrCat("分页项目", i), i % 2 == 0 ? kVillage : "360733101001");
    p.set_year(2015 + i);
    const auto one = Register(p, county_);
    ASSERT_THAT(one, IsOk());
    made.insert(one->id());
  }
  for (const v1::ProjectOrder order : {v1::PROJECT_ORDER_REGION, v1::PROJECT_ORDER_UPDATED_DESC}) {
    v1::ListProjectsRequest list;
    list.set_page_size(3);
    list.set_region_code("360733");
    list.set_order(order);
    std::set<std::string> seen;
    int pages = 0;
    do {
      const v1::ListProjectsResponse page = List(list, county_);
      for (const v1::Project& p : page.projects()) EXPECT_TRUE(seen.insert(p.id()).second);
      list.set_page_token(page.next_page_token());
      ASSERT_LT(++pages, 10);
    } while (!list.page_token().empty());
    EXPECT_EQ(seen, made);
    EXPECT_EQ(pages, 3);
  }
  v1::ListProjectsRequest filter;
  filter.set_region_code("360733101");
  filter.set_year_from(2016);
  filter.set_year_to(2018);
  EXPECT_EQ(List(filter, county_).projects_size(), 2);
  filter.add_states(v1::PROJECT_STATE_IDLE);
  EXPECT_EQ(List(filter, county_).projects_size(), 0);
  filter.clear_states();
  filter.set_fund_source_code("LEGACY_SPECIAL");
  EXPECT_EQ(List(filter, county_).projects_size(), 2);
  filter.set_page_token("garbage");
  EXPECT_THAT(Call<v1::ListProjectsResponse>(kP, "ListProjects", filter, county_),
              StatusIs(Code::kInvalidArgument));
}

TEST_F(RegistryTest, ChineseTextIsFoundByItsCharacters) {
  ASSERT_THAT(Register(SomeProject("水东村脐橙冷库建设项目"), county_), IsOk());
  ASSERT_THAT(Register(SomeProject("水东村蔬菜大棚"), county_), IsOk());
  const auto search = [&](const char* text, const std::string& token) {
    v1::SearchProjectsRequest request;
    request.set_query(text);
    const auto found = Call<v1::SearchProjectsResponse>(kP, "SearchProjects", request, token);
    EXPECT_THAT(found, IsOk());
    return found.ok() ? found->projects_size() : -1;
  };
  EXPECT_EQ(search("脐橙冷库", county_), 1);
  EXPECT_EQ(search("蔬菜", county_), 1);
  EXPECT_EQ(search("水东", county_), 2);
  EXPECT_EQ(search("ＬＥＮＧ冷庫", county_), 0);
  EXPECT_EQ(search("冷庫", county_),
            2);  // traditional characters match simplified ones (content of both)
  EXPECT_EQ(search("油茶", county_), 0);
  EXPECT_EQ(search("水东", other_county_), 0);
  v1::SearchProjectsRequest request;
  request.set_query("冷");
  EXPECT_THAT(Call<v1::SearchProjectsResponse>(kP, "SearchProjects", request, county_),
              StatusIs(Code::kInvalidArgument));
}

TEST_F(RegistryTest, R064_RegionalProjectsAreSeenFromEveryRegionTheyCover) {
  v1::Project p = SomeProject("两县脐橙全产业链", "360733");
  p.set_category("FULL_CHAIN");
  p.set_regional_full_chain(true);
  EXPECT_THAT(Register(p, county_), HasViolation("project.covered_regions"));
  for (const char* code : {"360733100", "360783", "360733100001"}) {
    v1::CoveredRegion& c = *p.add_covered_regions();
    c.set_region_code(code);
    c.set_share_bp(3000);
  }
  const auto made = Register(p, county_);
  ASSERT_THAT(made, IsOk());
  EXPECT_EQ(made->covered_regions(1).region_path(), "360783");
  // The other county sees it and cannot write it.
  EXPECT_THAT(Get(made->id(), other_county_), IsOk());
  EXPECT_THAT(Update(*made, {"note"}, other_county_), StatusIs(Code::kNotFound));
  v1::ListProjectsRequest list;
  list.set_region_code("360783");
  EXPECT_EQ(List(list, other_county_).projects_size(), 0);
  list.set_include_covering(true);
  EXPECT_EQ(List(list, other_county_).projects_size(), 1);
}

TEST_F(RegistryTest, R063_ShortBoardProjectsAnswerAShortBoard) {
  const auto base = Register(SomeProject(), county_);
  ASSERT_THAT(base, IsOk());
  v1::Project p = SomeProject("补短板冷链设备");
  p.set_category("SHORTBOARD");
  EXPECT_THAT(Register(p, county_), AllOf(HasViolation("project.shortboard_sort"),
                                          HasViolation("project.short_board_id")));
  v1::CreateShortBoardRequest create;
  v1::ShortBoard& b = *create.mutable_short_board();
  b.set_subject_type(type::v1::SUBJECT_TYPE_INDUSTRY);
  b.set_subject_id(base->industry_id());
  b.set_kind("FACILITY");
  b.set_link_code("COLD_STORAGE");
  b.set_description("产地冷藏能力不足");
  EXPECT_THAT(Call<v1::ShortBoard>(kI, "CreateShortBoard", create, other_county_),
              StatusIs(Code::kNotFound));
  const auto board = Call<v1::ShortBoard>(kI, "CreateShortBoard", create, county_);
  ASSERT_THAT(board, IsOk());
  p.set_shortboard_sort("FACILITY");
  p.set_short_board_id(board->id());
  EXPECT_THAT(Register(p, county_), IsOk());
  v1::CompleteShortBoardRequest complete;
  complete.set_id(board->id());
  complete.mutable_completed_on()->set_year(2026);
  complete.mutable_completed_on()->set_month(2);
  complete.mutable_completed_on()->set_day(1);
  complete.set_note("冷库投用");
  complete.set_etag(board->etag());
  EXPECT_THAT(Call<v1::ShortBoard>(kI, "CompleteShortBoard", complete, county_), IsOk());
  complete.set_request_id("");
  complete.set_etag("2");
  EXPECT_THAT(Call<v1::ShortBoard>(kI, "CompleteShortBoard", complete, county_),
              StatusIs(Code::kFailedPrecondition, "SHORT_BOARD_CLOSED"));
  v1::ListShortBoardsRequest list;
  list.set_open_only(true);
  EXPECT_EQ(
      Call<v1::ListShortBoardsResponse>(kI, "ListShortBoards", list, county_)->short_boards_size(),
      0);
}

// --- County industries

TEST_F(RegistryTest, R061_AtMostTwoLeadingIndustriesWhoeverComesFirst) {
  const std::vector<std::string> codes = {"RICE", "OIL", "FRUIT_VEG", "TEA", "TCM", "AQUATIC"};
  std::vector<absl::StatusOr<v1::LeadingIndustry>> results(codes.size(), absl::UnknownError(""));
  std::vector<std::thread> threads;
  for (size_t i = 0; i < codes.size(); ++i) {
    threads.emplace_back([&, i] {
      v1::SelectLeadingIndustryRequest request;
      request.set_region_code("360733");
      request.set_plan_period("2026-2030");
      request.set_industry_code(codes[i]);
      results[i] = Call<v1::LeadingIndustry>(kI, "SelectLeadingIndustry", request, county_);
    });
  }
  for (std::thread& t : threads) t.join();
  std::vector<v1::LeadingIndustry> won;
  std::set<int> ranks;
  for (const auto& r : results) {
    if (r.ok()) {
      won.push_back(*r);
      ranks.insert(r->rank());
    } else {
      EXPECT_THAT(r, StatusIs(Code::kFailedPrecondition, "LEADING_INDUSTRY_LIMIT"));
    }
  }
  ASSERT_THAT(won, SizeIs(2));
  EXPECT_EQ(ranks, (std::set<int>{1, 2}));

  v1::SelectLeadingIndustryRequest again;
  again.set_region_code("360733");
  again.set_plan_period("2026-2030");
  again.set_industry_code(won[0].industry_code());
  EXPECT_THAT(Call<v1::LeadingIndustry>(kI, "SelectLeadingIndustry", again, county_),
              StatusIs(Code::kAlreadyExists, "LEADING_INDUSTRY_SELECTED"));
  again.set_plan_period("2026-2029");
  EXPECT_THAT(Call<v1::LeadingIndustry>(kI, "SelectLeadingIndustry", again, county_),
              StatusIs(Code::kInvalidArgument));
  again.set_plan_period("2021-2025");  // another period has places of its own
  EXPECT_THAT(Call<v1::LeadingIndustry>(kI, "SelectLeadingIndustry", again, county_), IsOk());

  // A place that is given back can be taken.
  v1::WithdrawLeadingIndustryRequest withdraw;
  withdraw.set_id(won[0].id());
  withdraw.set_reason("规划调整");
  withdraw.set_etag(won[0].etag());
  EXPECT_THAT(Call<v1::LeadingIndustry>(kI, "WithdrawLeadingIndustry", withdraw, county_),
              StatusIs(Code::kPermissionDenied));
  const std::string approver = server_.Token(role::ROLE_COUNTY_APPROVER, "360733", "approver");
  ASSERT_THAT(Call<v1::LeadingIndustry>(kI, "WithdrawLeadingIndustry", withdraw, approver), IsOk());
  again.set_plan_period("2026-2030");
  again.set_industry_code("LIVESTOCK");
  const auto taken = Call<v1::LeadingIndustry>(kI, "SelectLeadingIndustry", again, county_);
  ASSERT_THAT(taken, IsOk());
  EXPECT_EQ(taken->rank(), won[0].rank());

  // Counties without one are reported.
  v1::ListLeadingIndustryGapsRequest gaps;
  gaps.set_plan_period("2026-2030");
  const auto report =
      Call<v1::ListLeadingIndustryGapsResponse>(kI, "ListLeadingIndustryGaps", gaps, admin_);
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(report->counties(), 4);
  std::set<std::string> missing;
  for (const auto& g : report->gaps()) missing.insert(g.region_code());
  EXPECT_EQ(missing, (std::set<std::string>{"360402", "360483", "360783"}));
}

TEST_F(RegistryTest, R062_R066_ChainLinksOfACountyIndustry) {
  const auto project = Register(SomeProject(), county_);  // operates, COLD_STORAGE
  ASSERT_THAT(project, IsOk());
  v1::GetIndustryRequest get;
  get.set_id(project->industry_id());
  auto industry = Call<v1::Industry>(kI, "GetIndustry", get, county_);
  ASSERT_THAT(industry, IsOk());
  EXPECT_EQ(industry->applicable_links_size(), 10);
  EXPECT_EQ(industry->chain_coverage_bp(), 1000);
  v1::SetChainLinkRequest set;
  set.set_id(industry->id());
  set.mutable_link()->set_link_code("DEEP_PROC");
  set.mutable_link()->set_kind(v1::LINK_EVIDENCE_KIND_ASSET);
  set.mutable_link()->set_reference("AS360733-1");
  set.set_etag(industry->etag());
  ASSERT_THAT(Call<v1::Industry>(kI, "SetChainLink", set, county_), IsOk());
  industry = Call<v1::Industry>(kI, "GetIndustry", get, county_);
  EXPECT_EQ(industry->chain_coverage_bp(), 2000);
  EXPECT_EQ(industry->missing_links_size(), 8);
  // 稻米 has no cold storage link.
  v1::EnsureIndustryRequest ensure;
  ensure.set_region_code("360733");
  ensure.set_industry_code("RICE");
  const auto rice = Call<v1::Industry>(kI, "EnsureIndustry", ensure, county_);
  ASSERT_THAT(rice, IsOk());
  set.set_request_id("");
  set.set_id(rice->id());
  set.set_etag(rice->etag());
  set.mutable_link()->set_link_code("COLD_STORAGE");
  EXPECT_THAT(Call<v1::Industry>(kI, "SetChainLink", set, county_),
              StatusIs(Code::kFailedPrecondition, "LINK_NOT_APPLICABLE"));
  const auto same = Call<v1::Industry>(kI, "EnsureIndustry", ensure, county_);
  EXPECT_EQ(same->id(), rice->id());
}

TEST_F(RegistryTest, R066_OperatorsAreCheckedAndUnique) {
  v1::CreateOperatorRequest create;
  v1::Operator& o = *create.mutable_operator_();
  o.set_name("会昌县脐橙龙头企业有限公司");
  o.set_kind("LEADING_ENTERPRISE");
  o.set_region_code("360733");
  o.set_uscc("91350100M000100Y44");
  EXPECT_THAT(Call<v1::Operator>(kO, "CreateOperator", create, county_),
              StatusIs(Code::kInvalidArgument));
  o.set_uscc("91350100M000100Y43");
  const auto made = Call<v1::Operator>(kO, "CreateOperator", create, county_);
  ASSERT_THAT(made, IsOk());
  const auto twice = Call<v1::Operator>(kO, "CreateOperator", create, other_county_);
  EXPECT_THAT(twice, StatusIs(Code::kAlreadyExists, "USCC_TAKEN"));
  EXPECT_EQ(GetErrorDetail(twice.status()).metadata["operator_id"], made->id());
  v1::LookupOperatorRequest lookup;
  lookup.set_uscc("91350100M000100Y43");
  EXPECT_EQ(Call<v1::Operator>(kO, "LookupOperator", lookup, other_county_)->id(), made->id());
  v1::Project p = SomeProject();
  p.set_operator_id(made->id());
  EXPECT_THAT(Register(p, county_), IsOk());
  p.set_operator_id(server_.ids().Next().ToString());
  EXPECT_THAT(Register(p, county_), HasViolation("project.operator_id"));
}

TEST_F(RegistryTest, R070_BrandsCountWhileTheyAreValid) {
  const auto project = Register(SomeProject(), county_);
  ASSERT_THAT(project, IsOk());
  v1::CreateBrandCertificationRequest create;
  v1::BrandCertification& b = *create.mutable_brand();
  b.set_region_code("360733");
  b.set_industry_id(project->industry_id());
  b.set_brand_type("GREEN");
  b.set_name("会昌脐橙");
  b.set_certificate_no("GF360733");
  b.set_traceable(true);
  b.mutable_valid_from()->set_year(2024);
  b.mutable_valid_from()->set_month(1);
  b.mutable_valid_from()->set_day(1);
  b.mutable_expires_on()->set_year(2026);
  b.mutable_expires_on()->set_month(12);
  b.mutable_expires_on()->set_day(31);
  const auto made = Call<v1::BrandCertification>(kI, "CreateBrandCertification", create, county_);
  ASSERT_THAT(made, IsOk());
  EXPECT_THAT(Call<v1::BrandCertification>(kI, "CreateBrandCertification", create, county_),
              StatusIs(Code::kAlreadyExists, "BRAND_TAKEN"));
  const auto valid_on = [&](int year) {
    v1::ListBrandCertificationsRequest list;
    list.set_industry_id(project->industry_id());
    list.mutable_valid_on()->set_year(year);
    list.mutable_valid_on()->set_month(6);
    list.mutable_valid_on()->set_day(30);
    return Call<v1::ListBrandCertificationsResponse>(kI, "ListBrandCertifications", list, county_)
        ->brands_size();
  };
  EXPECT_EQ(valid_on(2023), 0);
  EXPECT_EQ(valid_on(2026), 1);
  EXPECT_EQ(valid_on(2027), 0);
  v1::EndBrandCertificationRequest end;
  end.set_id(made->id());
  end.set_etag(made->etag());
  end.set_reason("证书撤销");
  end.mutable_ended_on()->set_year(2026);
  end.mutable_ended_on()->set_month(1);
  end.mutable_ended_on()->set_day(1);
  ASSERT_THAT(Call<v1::BrandCertification>(kI, "EndBrandCertification", end, county_), IsOk());
  EXPECT_EQ(valid_on(2026), 0);
}

TEST_F(RegistryTest, R076_R077_PairingsAndTrainingsAreCounted) {
  v1::CreateTechPairingRequest pairing;
  v1::TechPairing& t = *pairing.mutable_pairing();
  t.set_region_code("360733");
  t.set_kind("SCIENCE_COURTYARD");
  t.set_team_name("脐橙科技小院");
  t.set_institution("江西农业大学");
  t.set_visits(12);
  t.mutable_period()->mutable_from()->set_year(2025);
  t.mutable_period()->mutable_from()->set_month(1);
  t.mutable_period()->mutable_from()->set_day(1);
  ASSERT_THAT(Call<v1::TechPairing>(kI, "CreateTechPairing", pairing, county_), IsOk());
  EXPECT_THAT(Call<v1::TechPairing>(kI, "CreateTechPairing", pairing, other_county_),
              StatusIs(Code::kNotFound));

  v1::CreateTrainingRecordRequest training;
  v1::TrainingRecord& r = *training.mutable_training();
  r.set_region_code("360733100");
  r.set_programme("HEAD_GOOSE");
  r.set_title("头雁培育班");
  r.set_persons(40);
  r.set_poor_labour_persons(41);
  r.mutable_held_on()->set_year(2026);
  r.mutable_held_on()->set_month(2);
  r.mutable_held_on()->set_day(10);
  EXPECT_THAT(Call<v1::TrainingRecord>(kI, "CreateTrainingRecord", training, county_),
              HasViolation("training.poor_labour_persons"));
  r.set_poor_labour_persons(25);
  ASSERT_THAT(Call<v1::TrainingRecord>(kI, "CreateTrainingRecord", training, county_), IsOk());
  v1::GetServiceSummaryRequest summary;
  summary.set_region_code("360733");
  summary.mutable_period()->mutable_from()->set_year(2026);
  summary.mutable_period()->mutable_from()->set_month(1);
  summary.mutable_period()->mutable_from()->set_day(1);
  summary.mutable_period()->mutable_to()->set_year(2026);
  summary.mutable_period()->mutable_to()->set_month(12);
  summary.mutable_period()->mutable_to()->set_day(31);
  const auto figures = Call<v1::ServiceSummary>(kI, "GetServiceSummary", summary, county_);
  ASSERT_THAT(figures, IsOk());
  EXPECT_EQ(figures->pairings(), 1);
  EXPECT_EQ(figures->visits(), 12);
  EXPECT_EQ(figures->persons(), 40);
  EXPECT_EQ(figures->poor_labour_persons(), 25);
}

// --- Monthly reports

TEST_F(RegistryTest, MonthlyReportsAreOnePerProjectAndMonth) {
  const auto project = Register(SomeProject(), county_);
  ASSERT_THAT(project, IsOk());
  v1::SubmitOperationReportRequest submit;
  v1::OperationReport& r = *submit.mutable_report();
  r.set_project_id(project->id());
  r.set_period("2026-02");
  r.set_revenue_fen(1'000'000);
  r.set_cost_fen(900'000);
  r.set_workers(5);
  r.set_poor_workers(6);
  EXPECT_THAT(Call<v1::OperationReport>(kR, "SubmitOperationReport", submit, village_),
              HasViolation("report.poor_workers"));
  r.set_poor_workers(3);
  const auto made = Call<v1::OperationReport>(kR, "SubmitOperationReport", submit, village_);
  ASSERT_THAT(made, IsOk());
  EXPECT_FALSE(made->late());
  EXPECT_FALSE(made->has_sales_fen());  // not given is not zero
  submit.set_request_id("");
  r.set_revenue_fen(1'100'000);
  EXPECT_THAT(Call<v1::OperationReport>(kR, "SubmitOperationReport", submit, village_),
              StatusIs(Code::kAborted, "ETAG_MISMATCH"));
  submit.set_etag(made->etag());
  EXPECT_THAT(Call<v1::OperationReport>(kR, "SubmitOperationReport", submit, village_), IsOk());
  submit.set_request_id("");
  submit.set_etag("");
  r.set_period("2026-04");
  EXPECT_THAT(Call<v1::OperationReport>(kR, "SubmitOperationReport", submit, village_),
              StatusIs(Code::kFailedPrecondition, "PERIOD_IN_FUTURE"));
  r.set_period("2025-12");
  const auto late = Call<v1::OperationReport>(kR, "SubmitOperationReport", submit, village_);
  ASSERT_THAT(late, IsOk());
  EXPECT_TRUE(late->late());

  dictionary::v1::PrefillFormRequest prefill;
  prefill.set_form(absl::StrCat(kR, "SubmitOperationReport"));
  prefill.set_subject_id(project->id());
  prefill.set_period("2026-03");
  const auto filled = Call<dictionary::v1::Prefill>(kDictionary, "PrefillForm", prefill, village_);
  ASSERT_THAT(filled, IsOk());
  v1::SubmitOperationReportRequest next;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(filled->request_json(), &next).ok());
  EXPECT_EQ(next.report().workers(), 5);
  EXPECT_FALSE(next.report().has_revenue_fen());
  ASSERT_GT(filled->fields_size(), 0);
  EXPECT_EQ(filled->fields(0).path(), "report.workers");
  EXPECT_EQ(filled->fields(0).held_by(), "registry.v1.OperationReport.workers");

  v1::ListMissingReportsRequest missing;
  missing.set_period("2026-01");
  const auto gaps =
      Call<v1::ListMissingReportsResponse>(kR, "ListMissingReports", missing, county_);
  ASSERT_THAT(gaps, IsOk());
  ASSERT_EQ(gaps->missing_size(), 1);
  EXPECT_EQ(gaps->missing(0).last_period(), "2025-12");
  missing.set_period("2026-02");
  EXPECT_EQ(Call<v1::ListMissingReportsResponse>(kR, "ListMissingReports", missing, county_)
                ->missing_size(),
            0);

  v1::Project works = SomeProject("在建项目");
  works.set_state(v1::PROJECT_STATE_UNDER_CONSTRUCTION);
  const auto building = Register(works, county_);
  ASSERT_THAT(building, IsOk());
  v1::BatchSubmitOperationReportsRequest batch;
  v1::OperationReport& one = *batch.add_reports();
  one.set_project_id(project->id());
  one.set_period("2026-01");
  v1::OperationReport& two = *batch.add_reports();
  two.set_project_id(building->id());
  two.set_period("2026-01");
  v1::OperationReport& three = *batch.add_reports();
  three.set_project_id(project->id());
  three.set_period("2026-02");
  auto lines = Call<v1::BatchSubmitOperationReportsResponse>(kR, "BatchSubmitOperationReports",
                                                             batch, county_);
  ASSERT_THAT(lines, IsOk());
  EXPECT_EQ(lines->results(0).outcome(), "CREATED");
  EXPECT_EQ(lines->results(1).reason(), "NOT_PRODUCING");
  EXPECT_EQ(lines->results(2).reason(), "REPORT_DIFFERS");
  lines = Call<v1::BatchSubmitOperationReportsResponse>(kR, "BatchSubmitOperationReports", batch,
                                                        county_);
  EXPECT_EQ(lines->unchanged(), 1);  // the same file again changes nothing
  lines = Call<v1::BatchSubmitOperationReportsResponse>(kR, "BatchSubmitOperationReports", batch,
                                                        other_county_);
  EXPECT_EQ(lines->refused(), 3);
  v1::ListOperationReportsRequest list;
  list.set_region_code("360733");
  list.set_page_size(2);
  auto page = Call<v1::ListOperationReportsResponse>(kR, "ListOperationReports", list, county_);
  ASSERT_THAT(page, IsOk());
  EXPECT_EQ(page->reports_size(), 2);
  list.set_page_token(page->next_page_token());
  page = Call<v1::ListOperationReportsResponse>(kR, "ListOperationReports", list, county_);
  EXPECT_EQ(page->reports_size(), 1);
}

// --- Registration inside the inventory

TEST_F(RegistryTest, R009_R015_RegistrationFollowsTheVillagesReport) {
  // Without an open campaign the village registers nothing; the county may (tests above).
  EXPECT_THAT(Register(SomeProject(), village_),
              StatusIs(Code::kFailedPrecondition, "CAMPAIGN_NOT_OPEN"));
  const std::string campaign = OpenCampaign();
  ASSERT_FALSE(campaign.empty());
  const auto first = Register(SomeProject(), village_);
  ASSERT_THAT(first, IsOk());
  EXPECT_EQ(first->campaign_id(), campaign);

  v1::ListUnitReportsRequest list;
  list.set_campaign_id(campaign);
  list.set_region_code(kVillage);
  const auto reports =
      Call<v1::ListUnitReportsResponse>(kInventory, "ListUnitReports", list, village_);
  ASSERT_THAT(reports, IsOk());
  ASSERT_EQ(reports->unit_reports_size(), 1);
  EXPECT_EQ(reports->unit_reports(0).state(), v1::UNIT_REPORT_STATE_DRAFT);  // it has begun
  v1::SubmitUnitReportRequest submit;
  submit.set_id(reports->unit_reports(0).id());
  submit.set_etag(reports->unit_reports(0).etag());
  submit.set_signatory("村支书");
  submit.set_is_nil(true);
  EXPECT_THAT(Call<v1::InventoryUnitReport>(kInventory, "SubmitUnitReport", submit, village_),
              StatusIs(Code::kFailedPrecondition, "NIL_WITH_SUBJECTS"));
  submit.set_is_nil(false);
  auto report = Call<v1::InventoryUnitReport>(kInventory, "SubmitUnitReport", submit, village_);
  ASSERT_THAT(report, IsOk());
  // What is submitted is not changed below; the township may still correct.
  v1::Project change = *first;
  change.set_name("改名");
  EXPECT_THAT(Update(change, {"name"}, village_),
              StatusIs(Code::kFailedPrecondition, "REPORT_LOCKED"));
  EXPECT_THAT(Register(SomeProject("迟到的项目"), village_),
              StatusIs(Code::kFailedPrecondition, "REPORT_LOCKED"));
  // A subject that the township registers later opens the report again.
  ASSERT_THAT(Register(SomeProject("乡镇补登"), township_), IsOk());
  v1::GetUnitReportRequest get;
  get.set_id(report->id());
  report = Call<v1::InventoryUnitReport>(kInventory, "GetUnitReport", get, county_);
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(report->state(), v1::UNIT_REPORT_STATE_DRAFT);
  EXPECT_EQ(report->reopened(), 1);
  EXPECT_EQ(report->project_count(), 2);
  // After the deadline nobody below the county registers.
  server_.clock().Set(
      absl::FromCivil(absl::CivilSecond(2026, 3, 11, 1, 0, 0), absl::UTCTimeZone()));
  const std::string late_village =
      server_.Token(role::ROLE_VILLAGE_REPORTER, kVillage, "village-1");
  EXPECT_THAT(Register(SomeProject("逾期"), late_village),
              StatusIs(Code::kFailedPrecondition, "REPORT_LOCKED"));
}

// --- Feed, audit and plans

TEST_F(RegistryTest, ChangesArePublishedWithTheirStateAndWithoutContactData) {
  v1::Project p = SomeProject();
  p.set_filler_name("张三");
  p.set_filler_phone("13800000000");
  const auto made = Register(p, county_);
  ASSERT_THAT(made, IsOk());
  auto rows = server_.database().db().Query(
      "SELECT payload FROM feed_outbox WHERE aggregate_type = 'project'");
  ASSERT_THAT(rows, IsOk());
  ASSERT_THAT(*rows, SizeIs(1));
  v1::ProjectChanged event;
  ASSERT_TRUE(event.ParseFromString((*rows)[0].String(0)));
  EXPECT_EQ(event.project().name(), made->name());
  EXPECT_EQ(event.project().project_code(), made->project_code());
  EXPECT_TRUE(event.project().filler_phone().empty());
  EXPECT_TRUE(event.project().filler_name().empty());
  EXPECT_EQ(Int("SELECT COUNT(*) FROM audit_log WHERE after_json LIKE '%13800000000%'"), 0);
}

TEST_F(RegistryTest, ContactDataIsMaskedAndShownOnlyByTheRpcThatRecordsIt) {
  v1::Project p = SomeProject();
  p.set_filler_name("张三丰");
  p.set_filler_phone("13812345678");
  const auto made = Register(p, county_);
  ASSERT_THAT(made, IsOk());
  EXPECT_EQ(made->filler_phone(), "138****5678");
  const std::string auditor = server_.Token(role::ROLE_AUDITOR, "36", "auditor");
  for (const std::string& token : {village_, county_, auditor}) {
    const auto seen = Get(made->id(), token);
    ASSERT_THAT(seen, IsOk());
    EXPECT_EQ(seen->filler_phone(), "138****5678");
    EXPECT_EQ(seen->filler_name(), "张**");
  }
  const auto id = Ulid::Parse(made->id());
  const auto read = SensitiveProjects().read(server_.database().db(), *id, {"360733"});
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(static_cast<const v1::Project&>(*read->message).filler_phone(), "13812345678");
  EXPECT_THAT(SensitiveProjects().read(server_.database().db(), *id, {"3601"}).status(),
              StatusIs(Code::kNotFound));
}

TEST_F(RegistryTest, AnAmountThatComesAsANumberIsExact) {
  v1::Project p = SomeProject();
  p.clear_declared_funding();
  v1::DeclaredFunding& f = *p.add_declared_funding();
  f.set_source_code("LOTTERY");
  f.mutable_amount()->set_fen(123);
  p.add_declared_funding()->set_source_code("EAST_WEST");
  const auto made = Register(p, county_);
  ASSERT_THAT(made, IsOk());
  EXPECT_EQ(made->declared_total_fen(), 123);
  EXPECT_EQ(made->declared_funding(0).amount().parse_state(), type::v1::AMOUNT_PARSE_STATE_EXACT);
  EXPECT_EQ(made->declared_funding(1).amount().parse_state(), type::v1::AMOUNT_PARSE_STATE_ABSENT);
}

TEST_F(RegistryTest, R017_SourcesAndTheirDepartmentsAreVersionedData) {
  v1::ListFundSourceDepartmentsRequest list;
  const auto before = Call<v1::ListFundSourceDepartmentsResponse>(
      kCodes, "ListFundSourceDepartments", list, county_);
  ASSERT_THAT(before, IsOk());
  const auto ethnic =
      std::find_if(before->rows().begin(), before->rows().end(), [](const auto& row) {
        return row.source_code() == "BRIDGE_CENTRAL" && row.task_code() == "ETHNIC";
      });
  ASSERT_NE(ethnic, before->rows().end());
  EXPECT_EQ(ethnic->department_code(), "ETHNIC_AFFAIRS");
  EXPECT_TRUE(ethnic->unconfirmed());
  v1::SetFundSourceDepartmentRequest set;
  v1::FundSourceDepartment& row = *set.mutable_row();
  row.set_source_code("LOTTERY");
  row.set_department_code("NO_SUCH");
  EXPECT_THAT(Call<v1::FundSourceDepartment>(kCodes, "SetFundSourceDepartment", set, admin_),
              StatusIs(Code::kInvalidArgument, "CODE_UNKNOWN"));
  row.set_department_code("FINANCE");
  EXPECT_THAT(Call<v1::FundSourceDepartment>(kCodes, "SetFundSourceDepartment", set, admin_),
              IsOk());
  EXPECT_THAT(Call<v1::FundSourceDepartment>(kCodes, "SetFundSourceDepartment", set, admin_),
              StatusIs(Code::kAlreadyExists));
  // A row ends by its last day and is seen no more after it.
  set.clear_request_id();
  row = *ethnic;
  row.mutable_valid_to()->set_year(2025);
  row.mutable_valid_to()->set_month(12);
  row.mutable_valid_to()->set_day(31);
  EXPECT_THAT(Call<v1::FundSourceDepartment>(kCodes, "SetFundSourceDepartment", set, admin_),
              IsOk());
  const auto after = Call<v1::ListFundSourceDepartmentsResponse>(
      kCodes, "ListFundSourceDepartments", list, county_);
  EXPECT_EQ(after->rows_size(), before->rows_size());  // one more, one less
  EXPECT_THAT(Call<v1::FundSourceDepartment>(kCodes, "SetFundSourceDepartment", set, admin_),
              StatusIs(Code::kAborted, "ETAG_MISMATCH"));
}

TEST_F(RegistryTest, DeadlinesCountWorkingDaysOfTheCalendar) {
  const char kCalendar[] = "bangfu.registry.v1.CalendarService.";
  v1::ComputeDeadlineRequest compute;
  const auto day = [](google::type::Date* d, int year, int month, int date) {
    d->set_year(year);
    d->set_month(month);
    d->set_day(date);
  };
  day(compute.mutable_from(), 2026, 9, 30);
  compute.set_days(5);
  compute.set_day_kind(v1::DAY_KIND_WORKING);
  auto deadline = Call<v1::ComputeDeadlineResponse>(kCalendar, "ComputeDeadline", compute, county_);
  ASSERT_THAT(deadline, IsOk());
  EXPECT_EQ(deadline->deadline().day(), 7);
  EXPECT_TRUE(deadline->provisional());
  v1::ImportWorkDaysRequest import;
  for (int d = 1; d <= 7; ++d) {
    v1::WorkDay& w = *import.add_days();
    day(w.mutable_date(), 2026, 10, d);
    w.set_is_working(false);
    w.set_source("国务院办公厅通知");
  }
  ASSERT_THAT(Call<v1::ImportWorkDaysResponse>(kCalendar, "ImportWorkDays", import, admin_),
              IsOk());
  deadline = Call<v1::ComputeDeadlineResponse>(kCalendar, "ComputeDeadline", compute, county_);
  EXPECT_EQ(deadline->deadline().day(), 14);
  EXPECT_FALSE(deadline->provisional());
  compute.set_day_kind(v1::DAY_KIND_NATURAL);
  deadline = Call<v1::ComputeDeadlineResponse>(kCalendar, "ComputeDeadline", compute, county_);
  EXPECT_EQ(deadline->deadline().day(), 5);
}

TEST_F(RegistryTest, TheSnapshotHoldsEveryKindOfRecord) {
  ASSERT_THAT(Register(SomeProject(), county_), IsOk());
  const auto source = MakeSnapshotSource();
  std::map<std::string, size_t> counts;
  for (const std::string& type : source->aggregate_types()) {
    Ulid after;
    while (true) {
      auto page = source->Page(server_.database().db(), type, after, 50, std::nullopt);
      ASSERT_THAT(page, IsOk()) << type;
      counts[type] += page->size();
      if (page->size() < 50) break;
      EXPECT_GT(page->back().aggregate_id, after);
      after = page->back().aggregate_id;
    }
  }
  EXPECT_EQ(counts["project"], 1u);
  EXPECT_EQ(counts["industry"], 1u);
  EXPECT_EQ(counts["region_batch"], 17u);
  EXPECT_GT(counts["code_batch"], 200u);
  // Another county's subscriber gets reference data and none of its projects.
  const auto foreign =
      source->Page(server_.database().db(), "project", Ulid(), 50, feed::RegionPrefixes{"360783"});
  ASSERT_THAT(foreign, IsOk());
  EXPECT_THAT(*foreign, IsEmpty());
}

TEST_F(RegistryTest, ADeepPageCostsNoMoreThanTheFirst) {
  ASSERT_THAT(Register(SomeProject("种子", "360783100001"), other_county_), IsOk());
  // Thousands in one village, all changed at one instant: the worst that a keyset can meet.
  server_.database().Run(
      "INSERT INTO project SELECT UNHEX(MD5(CONCAT(c.list, c.code, d.code))), "
      "LEFT(MD5(CONCAT(c.list, "
      "c.code, d.code)), 30), p.region_path, p.county_path, p.state, p.verification_state, "
      "p.origin, "
      "p.project_type, p.category, p.industry_code, NULL, NULL, NULL, p.year, 0, 0, 0, 0, 1, "
      "p.updated_at, p.record FROM project p JOIN code c JOIN (SELECT code FROM code WHERE list = "
      "'MEASURE') d;");
  ASSERT_GT(Int("SELECT COUNT(*) FROM project"), 5000);
  mysql::Session& db = server_.database().db();
  const auto rows_read = [&](const ProjectQuery& query) -> int64_t {
    const auto before = db.Query("SHOW SESSION STATUS LIKE 'Handler_read%'");
    const auto page = ListProjects(db, query);
    EXPECT_THAT(page, IsOk());
    EXPECT_EQ(page->size(), 51u);
    const auto after = db.Query("SHOW SESSION STATUS LIKE 'Handler_read%'");
    int64_t sum = 0;
    for (size_t i = 0; i < after->size(); ++i) {
      int64_t a = 0, b = 0;
      EXPECT_TRUE(absl::SimpleAtoi((*after)[i].String(1), &a));
      EXPECT_TRUE(absl::SimpleAtoi((*before)[i].String(1), &b));
      sum += a - b;
    }
    return sum;
  };
  const auto key_at = [&](int offset) {
    const auto rows = db.Query("SELECT id FROM project ORDER BY id LIMIT 1 OFFSET ?", {offset});
    return (*rows)[0].Id(0);
  };
  ProjectQuery query;
  query.scope = {"360783"};
  query.limit = 51;
  const int64_t first = rows_read(query);
  query.after = After{"360783100001", key_at(4000)};
  EXPECT_LE(rows_read(query), first + 20);
  query.updated_in_county = "360783";
  query.after_updated = server_.clock().Now();
  EXPECT_LE(rows_read(query), first + 20);
}

TEST_F(RegistryTest, ARecodedCountyKeepsItsRecords) {
  const auto made = Register(SomeProject("旧县", "360783100001"), other_county_);
  ASSERT_THAT(made, IsOk());
  // 360783 becomes another code, as 360727 did before.
  v1::ImportRegionsRequest import;
  const auto add = [&](const char* code, const char* name, int end, const char* successor) {
    v1::Region& r = *import.add_regions();
    r.set_code(code);
    r.set_name(name);
    r.set_end_year(end);
    if (*successor != 0) r.add_successors()->set_code(successor);
  };
  add("360799", "龙南区", 0, "");
  add("360799100", "龙南镇", 0, "");
  add("360799100001", "新都村", 0, "");
  ASSERT_THAT(Call<v1::ImportRegionsResponse>(kRegions, "ImportRegions", import, admin_), IsOk());
  v1::RecodeRegionRequest recode;
  recode.set_from_code("360783");
  recode.set_to_code("360799");
  recode.set_reason("撤市设区");
  EXPECT_THAT(Call<v1::RecodeRegionResponse>(kRegions, "RecodeRegion", recode, admin_),
              StatusIs(Code::kFailedPrecondition, "REGION_IN_USE"));
  server_.database().Run(
      "UPDATE region SET end_year = 2026, region_path = '360799' WHERE code = '360783';");
  recode.set_request_id("");
  EXPECT_THAT(Call<v1::RecodeRegionResponse>(kRegions, "RecodeRegion", recode, county_),
              StatusIs(Code::kPermissionDenied));
  const auto done = Call<v1::RecodeRegionResponse>(kRegions, "RecodeRegion", recode, admin_);
  ASSERT_THAT(done, IsOk());
  EXPECT_GE(done->records(), 5);
  // Subscribers get the state again, under the new path.
  EXPECT_EQ(
      Int("SELECT COUNT(*) FROM feed_outbox WHERE aggregate_type = 'project' AND region_path = "
          "'360799100001'"),
      1);
  const auto read = Get(made->id(), server_.Token(role::ROLE_COUNTY_OPERATOR, "360799", "new"));
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(read->region_path(), "360799100001");
  EXPECT_EQ(read->region_code(), "360783100001");  // as filed
  EXPECT_THAT(Get(made->id(), other_county_), StatusIs(Code::kNotFound));
}

}  // namespace
}  // namespace bangfu::registry

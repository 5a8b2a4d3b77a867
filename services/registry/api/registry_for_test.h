// The registry through gRPC over a real database, with the regions of two counties: for the tests
// of its resources, of what each requirement asks for and what is refused.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bangfu/registry/v1/industry.pb.h"
#include "bangfu/registry/v1/inventory_service.pb.h"
#include "bangfu/registry/v1/operation_report.pb.h"
#include "bangfu/registry/v1/operator.pb.h"
#include "bangfu/registry/v1/project_service.pb.h"
#include "bangfu/registry/v1/reference_service.pb.h"
#include "common/draft/service.h"
#include "common/external/schema.h"
#include "common/intake/schema.h"
#include "common/notice/schema.h"
#include "common/runtime/standard_parts.h"
#include "common/testing/rpc_fixture.h"
#include "common/testing/status_matchers.h"
#include "services/registry/api/dictionary.h"
#include "services/registry/api/handlers.h"
#include "services/registry/api/long_work_for_test.h"
#include "services/registry/app.h"
#include "services/registry/store/parameter_store.h"

namespace bangfu::registry {

using ::bangfu::testing::HasViolation;
using ::bangfu::testing::IsOk;
using ::bangfu::testing::IsOkAndHolds;
using ::bangfu::testing::RpcServer;
using ::bangfu::testing::StatusIs;
using Code = absl::StatusCode;
namespace role = options::v1;

inline constexpr char kP[] = "bangfu.registry.v1.ProjectService.";
inline constexpr char kI[] = "bangfu.registry.v1.IndustryService.";
inline constexpr char kO[] = "bangfu.registry.v1.OperatorService.";
inline constexpr char kR[] = "bangfu.registry.v1.OperationReportService.";
inline constexpr char kRegions[] = "bangfu.registry.v1.RegionService.";
inline constexpr char kCodes[] = "bangfu.registry.v1.CodeListService.";
inline constexpr char kTaxonomy[] = "bangfu.registry.v1.TaxonomyService.";
inline constexpr char kOrganisations[] = "bangfu.registry.v1.OrganisationService.";
inline constexpr char kInventory[] = "bangfu.registry.v1.InventoryService.";

inline constexpr char kDictionary[] = "bangfu.dictionary.v1.DictionaryService.";

class RegistryTest : protected LongWork, public ::testing::Test {
 protected:
  // 水东村 of 会昌县.
  static constexpr char kVillage[] = "360733100001";

  RegistryTest()
      : server_({.services = ServicesWithForms(),
                 .migrations =
                     migrate::Concat(runtime::StandardMigrations(), ::bangfu::intake::Schema(),
                                     external::Schema(), notice::Schema(), OwnMigrations())},
                [this](rpc::Router& router) {
                  RegisterHandlers(router, operations_, operation_ids_);
                  dictionary::RegisterDictionaryService(router, MakeDictionaryOptions());
                  draft::RegisterDraftService(router, {.parameter = ParameterValue});
                }) {
    admin_ = server_.Token(role::ROLE_PROV_ADMIN, "36", "admin");
    county_ = server_.Token(role::ROLE_COUNTY_OPERATOR, "360733", "county-1");
    other_county_ = server_.Token(role::ROLE_COUNTY_OPERATOR, "360783", "county-2");
    township_ = server_.Token(role::ROLE_TOWNSHIP_REVIEWER, "360733100", "town-1");
    village_ = server_.Token(role::ROLE_VILLAGE_REPORTER, kVillage, "village-1");
    ImportSomeRegions();
  }

  // Its own, with what serves its forms.
  static std::vector<std::string> ServicesWithForms() {
    std::vector<std::string> services = OwnServices();
    services.push_back("bangfu.dictionary.v1.DictionaryService");
    services.push_back("bangfu.draft.v1.DraftService");
    return services;
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

}  // namespace bangfu::registry

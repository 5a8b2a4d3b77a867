// A county with its villages on a served registry, for the tests of inventory and import.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "bangfu/registry/v1/inventory_service.pb.h"
#include "bangfu/registry/v1/project_service.pb.h"
#include "common/audit/schema.h"
#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/base/text.h"
#include "common/blob/schema.h"
#include "common/external/schema.h"
#include "common/feed/schema.h"
#include "common/flag/schema.h"
#include "common/grants/schema.h"
#include "common/idempotency/schema.h"
#include "common/inbox/schema.h"
#include "common/intake/schema.h"
#include "common/notice/schema.h"
#include "common/operation/schema.h"
#include "common/recode/schema.h"
#include "common/testing/held_grants.h"
#include "common/testing/rpc_fixture.h"
#include "common/testing/status_matchers.h"
#include "services/registry/api/campaign_work.h"
#include "services/registry/api/long_work_for_test.h"
#include "services/registry/api/report_work.h"
#include "services/registry/api/short_board_work.h"
#include "services/registry/api/stopped_work.h"
#include "services/registry/api/unit_report_work.h"
#include "services/registry/app.h"
#include "services/registry/jobs/campaign_closing.h"
#include "services/registry/jobs/work_kinds.h"
#include "services/registry/schema/migrations.h"
#include "services/registry/store/region_store.h"

namespace bangfu::registry {

using ::bangfu::testing::HasViolation;
using ::bangfu::testing::IsOk;
using ::bangfu::testing::RpcServer;
using ::bangfu::testing::StatusIs;

// 会昌县 with two townships of three and one village, 吉水县 with one village.
inline constexpr char kCounty[] = "360733";
inline constexpr char kTownship[] = "360733101";
inline constexpr char kVillage[] = "360733101201";
inline constexpr char kVillage2[] = "360733101202";
inline constexpr char kVillage3[] = "360733101203";
inline constexpr char kOtherTownship[] = "360733102";
inline constexpr char kVillage4[] = "360733102201";
inline constexpr char kOtherCounty[] = "360822";
inline constexpr char kOtherVillage[] = "360822101201";

inline migrate::Migrations FixtureMigrations() {
  return migrate::Concat(idempotency::Schema(), inbox::Schema(), audit::Schema(), blob::Schema(),
                         feed::Schema(), operation::Schema(), ::bangfu::intake::Schema(),
                         recode::Schema(), external::Schema(), flag::Schema(), grants::Schema(),
                         notice::Schema(), RegistryMigrations());
}

class RegistryFixture : protected LongWork, public ::testing::Test {
 protected:
  // What a thing tells of one of its steps; empty when it does not tell of it.
  template <typename Thing>
  static type::v1::AllowedAction ToldOf(const Thing& thing, std::string_view action) {
    for (const type::v1::AllowedAction& one : thing.allowed_actions()) {
      if (one.action() == action) return one;
    }
    return {};
  }
  explicit RegistryFixture(std::vector<std::string> more_services = {},
                           std::function<void(rpc::Router&)> more = {})
      : server_(Options(std::move(more_services), held_), [this, more](rpc::Router& router) {
          RegisterHandlers(router, operations_, operation_ids_);
          inbox::RegisterInboxService(router, {.kinds = WorkKinds(), .calendar = InboxCalendar()});
          if (more) more(router);
        }) {
    for (const auto& [code, name] :
         std::vector<std::pair<std::string, std::string>>{{"36", "江西省"},
                                                          {"3607", "赣州市"},
                                                          {kCounty, "会昌县"},
                                                          {kTownship, "小密乡"},
                                                          {kVillage, "半迳村"},
                                                          {kVillage2, "小密村"},
                                                          {kVillage3, "石背村"},
                                                          {kOtherTownship, "庄口镇"},
                                                          {kVillage4, "大排村"},
                                                          {"3608", "吉安市"},
                                                          {kOtherCounty, "吉水县"},
                                                          {"360822101", "文峰镇"},
                                                          {kOtherVillage, "文峰村"}}) {
      AddRegion(code, name);
    }
    StoreRegions();
  }

  static RpcServer::Options Options(std::vector<std::string> more,
                                    const ::bangfu::testing::HeldGrants& held) {
    RpcServer::Options options;
    options.server = held.ServerOptions();
    options.services = OwnServices();
    options.services.push_back("bangfu.inbox.v1.InboxService");
    for (std::string& service : more) options.services.push_back(std::move(service));
    options.migrations = FixtureMigrations();
    return options;
  }

  void AddRegion(const std::string& code, const std::string& name) {
    RegionRow row;
    row.id = server_.ids().Next();
    row.code = code;
    row.name = name;
    row.short_name = name;
    row.level = static_cast<int>(LevelOfRegion(code));
    row.parent_code = RegionParent(code);
    row.region_path = code;
    regions_.push_back(std::move(row));
  }
  void StoreRegions() {
    ASSERT_OK(mysql::Transact(server_.database().db(),
                              [&](mysql::Tx& tx) { return UpsertRegions(tx, regions_); }));
    regions_.clear();
  }

  template <typename Response, typename Request>
  absl::StatusOr<Response> Call(std::string_view service, std::string_view method,
                                const Request& request, const std::string& token) {
    return server_.Call<Response>(Cat("bangfu.registry.v1.", service, ".", method), request, token);
  }
  template <typename Response, typename Request>
  absl::StatusOr<Response> Inventory(std::string_view method, const Request& request,
                                     const std::string& token) {
    return Call<Response>("InventoryService", method, request, token);
  }
  template <typename Response, typename Request>
  absl::StatusOr<Response> Verification(const std::string& method, const Request& request,
                                        const std::string& token) {
    return Call<Response>("VerificationService", method, request, token);
  }
  std::string RequestId() { return Cat("request-", ++requests_); }  // from any thread
  std::string Token(auth::Role role, std::string_view region, std::string_view person) {
    return server_.Token(role, region, person);
  }
  // Of one who has this role on another's behalf, until the person is lent another.
  std::string Lent(const std::string& person, const std::string& by, auth::Role role,
                   const std::string& region) {
    held_.Lend(person, by, role, region, server_.ids().Next());
    return ::bangfu::testing::PersonToken(server_, person);
  }
  std::string Village(std::string_view region = kVillage) {
    return Token(options::v1::ROLE_VILLAGE_REPORTER, region, Cat("reporter-", region));
  }
  std::string Township(std::string_view region = kTownship) {
    return Token(options::v1::ROLE_TOWNSHIP_REVIEWER, region, "reviewer");
  }
  // The city's sample of what is verified: all of it, or this share.
  absl::StatusOr<v1::Sample> DrawInCity(const v1::InventoryCampaign& campaign,
                                        int rate_bp = 10000) {
    v1::DrawSampleRequest draw;
    draw.set_request_id(RequestId());
    draw.set_campaign_id(campaign.id());
    draw.set_region_code("3607");
    draw.set_rate_bp(rate_bp);
    return Inventory<v1::Sample>("DrawSample", draw, City());
  }
  // Grants of the county, narrowed to one thing; and somebody's token who holds them.
  static auth::Grant Of(auth::Role role = options::v1::ROLE_COUNTY_OPERATOR) {
    auth::Grant grant;
    grant.role = role;
    grant.region_path = kCounty;
    return grant;
  }
  static auth::Grant OfClause(const std::string& clause) {
    auth::Grant grant = Of();
    grant.clauses = {clause};
    return grant;
  }
  static auth::Grant OfSource(const std::string& source,
                              auth::Role role = options::v1::ROLE_COUNTY_OPERATOR) {
    auth::Grant grant = Of(role);
    grant.fund_sources = {source};
    return grant;
  }
  static auth::Grant OfIndustry(const std::string& industry) {
    auth::Grant grant = Of();
    grant.industries = {industry};
    return grant;
  }
  std::string With(std::vector<auth::Grant> grants) {
    auth::Caller caller;
    caller.subject = "narrowed";
    caller.grants = std::move(grants);
    return server_.Token(caller);
  }
  std::string County(std::string_view person = "operator", std::string_view region = kCounty) {
    return Token(options::v1::ROLE_COUNTY_OPERATOR, region, person);
  }
  std::string Approver(std::string_view region = kCounty) {
    return Token(options::v1::ROLE_COUNTY_APPROVER, region, "approver");
  }
  std::string Sector(std::string_view person = "verifier") {
    return Token(options::v1::ROLE_SECTOR_VERIFIER, kCounty, person);
  }
  std::string City(std::string_view region = "3607") {
    return Token(options::v1::ROLE_CITY_SUPERVISOR, region, Cat("city-", region));
  }
  std::string Admin() { return Token(options::v1::ROLE_PROV_ADMIN, "36", "admin"); }
  std::string Province() { return Token(options::v1::ROLE_PROV_OFFICE, "36", "province"); }
  std::string Office() { return Token(options::v1::ROLE_PROV_OFFICE, "36", "office"); }

  void On(int year, int month, int day) {
    server_.clock().Set(StartOfShanghaiDay(absl::CivilDay(year, month, day)) + absl::Hours(9));
  }

  // A campaign that is open: deadlines on 2026-03-10, 20 and 31.
  v1::InventoryCampaign OpenCampaign(const std::string& region = kCounty,
                                     const std::string& token = "") {
    auto created = CreateCampaign(region, token);
    EXPECT_OK(created);
    if (!created.ok()) return {};
    EXPECT_OK(Open(*created, token));
    RunOperations();
    return Campaign(created->id());
  }
  // Starts its opening.
  absl::StatusOr<operation::v1::Operation> Open(const v1::InventoryCampaign& campaign,
                                                const std::string& token = "") {
    v1::OpenCampaignRequest open;
    open.set_request_id(RequestId());
    open.set_id(campaign.id());
    open.set_etag(campaign.etag());
    return Inventory<operation::v1::Operation>("OpenCampaign", open,
                                               token.empty() ? Approver() : token);
  }
  v1::InventoryCampaign Campaign(const std::string& id) {
    v1::GetCampaignRequest get;
    get.set_id(id);
    auto campaign = Inventory<v1::InventoryCampaign>("GetCampaign", get, Province());
    EXPECT_OK(campaign);
    return campaign.ok() ? *campaign : v1::InventoryCampaign();
  }
  // Until no operation is left.
  void RunOperations() {
    operation_clock_.Set(server_.clock().Now());
    while (true) {
      const absl::StatusOr<bool> ran = operations_.StepOnce(server_.database().db());
      ASSERT_OK(ran);
      if (!*ran) return;
    }
  }
  absl::StatusOr<v1::InventoryCampaign> CreateCampaign(const std::string& region,
                                                       const std::string& token = "") {
    v1::CreateCampaignRequest create;
    create.set_request_id(RequestId());
    v1::InventoryCampaign* c = create.mutable_campaign();
    c->set_name("2026年帮扶产业项目摸排");
    c->set_region_code(region);
    SetDay(2013, 1, 1, c->mutable_scope_start());
    SetDay(2026, 3, 10, c->mutable_village_deadline());
    SetDay(2026, 3, 20, c->mutable_township_deadline());
    SetDay(2026, 3, 31, c->mutable_county_deadline());
    return Inventory<v1::InventoryCampaign>("CreateCampaign", create,
                                            token.empty() ? Approver() : token);
  }
  absl::StatusOr<v1::ShortBoard> CompleteBoard(const v1::ShortBoard& board,
                                               const std::string& token) {
    v1::CompleteShortBoardRequest complete;
    complete.set_request_id(RequestId());
    complete.set_id(board.id());
    complete.set_etag(board.etag());
    SetDay(2026, 3, 1, complete.mutable_completed_on());
    complete.set_note("冷库已投用");
    return Call<v1::ShortBoard>("IndustryService", "CompleteShortBoard", complete, token);
  }
  static void SetDay(int year, int month, int day, google::type::Date* out) {
    out->set_year(year);
    out->set_month(month);
    out->set_day(day);
  }

  v1::Project NewProject(const std::string& name, const std::string& village = kVillage,
                         const std::string& source = "BRIDGE_CENTRAL", int64_t fen = 50'000'000) {
    v1::Project p;
    p.set_name(name);
    p.set_region_code(village);
    p.set_project_type("PLANTING");
    p.set_industry_code("OIL");
    p.set_year(2021);
    p.set_implementing_org("村民委员会");
    p.set_state(v1::PROJECT_STATE_OPERATING);
    auto* f = p.add_declared_funding();
    f->set_source_code(source);
    f->set_year(2021);
    f->mutable_amount()->set_fen(fen);
    f->mutable_amount()->set_parse_state(type::v1::AMOUNT_PARSE_STATE_EXACT);
    return p;
  }
  absl::StatusOr<v1::Project> Register(const v1::Project& project, const std::string& token = "") {
    v1::RegisterProjectRequest request;
    request.set_request_id(RequestId());
    *request.mutable_project() = project;
    return Call<v1::Project>("ProjectService", "RegisterProject", request,
                             token.empty() ? County() : token);
  }
  v1::Project GetProject(const std::string& id) {
    v1::GetProjectRequest request;
    request.set_id(id);
    auto project = Call<v1::Project>("ProjectService", "GetProject", request, County());
    EXPECT_OK(project);
    return project.ok() ? *project : v1::Project();
  }

  std::vector<v1::InventoryUnitReport> Units(const std::string& campaign,
                                             const std::string& token = "") {
    v1::ListUnitReportsRequest request;
    request.set_campaign_id(campaign);
    request.set_page_size(500);
    auto list = Inventory<v1::ListUnitReportsResponse>("ListUnitReports", request,
                                                       token.empty() ? Province() : token);
    EXPECT_OK(list);
    if (!list.ok()) return {};
    return {list->unit_reports().begin(), list->unit_reports().end()};
  }
  v1::InventoryUnitReport Unit(const std::string& campaign, const std::string& village) {
    for (v1::InventoryUnitReport& unit : Units(campaign)) {
      if (unit.region_path() == village) return unit;
    }
    ADD_FAILURE() << village;
    return {};
  }

  absl::StatusOr<v1::InventoryUnitReport> Submit(const v1::InventoryUnitReport& unit, bool is_nil,
                                                 const std::string& token = "") {
    v1::SubmitUnitReportRequest request;
    request.set_request_id(RequestId());
    request.set_id(unit.id());
    request.set_etag(unit.etag());
    request.set_is_nil(is_nil);
    request.set_signatory("村支书");
    return Inventory<v1::InventoryUnitReport>("SubmitUnitReport", request,
                                              token.empty() ? Village(unit.region_path()) : token);
  }
  absl::StatusOr<v1::InventoryUnitReport> Pass(const v1::InventoryUnitReport& unit,
                                               const std::string& token = "") {
    v1::PassUnitReportRequest request;
    request.set_request_id(RequestId());
    request.set_id(unit.id());
    request.set_etag(unit.etag());
    return Inventory<v1::InventoryUnitReport>(
        "PassUnitReport", request,
        token.empty() ? Township(unit.region_path().substr(0, 9)) : token);
  }
  absl::StatusOr<v1::InventoryUnitReport> Return(const v1::InventoryUnitReport& unit,
                                                 const std::string& token,
                                                 const std::string& text = "金额与账册不符") {
    v1::ReturnUnitReportRequest request;
    request.set_request_id(RequestId());
    request.set_id(unit.id());
    request.set_etag(unit.etag());
    auto* reason = request.add_reasons();
    reason->set_field("planned_total");
    reason->set_text(text);
    return Inventory<v1::InventoryUnitReport>("ReturnUnitReport", request, token);
  }
  // What was found in a sampled village; the city's to say unless somebody else's token is given.
  absl::StatusOr<v1::Sample> Result(const std::string& sample, const std::string& unit_report,
                                    bool issue, const std::string& token) {
    v1::RecordSampleResultRequest request;
    request.set_request_id(RequestId());
    request.set_id(sample);
    request.set_unit_report_id(unit_report);
    request.set_issue(issue);
    request.set_note("入户核对");
    return Inventory<v1::Sample>("RecordSampleResult", request, token);
  }
  absl::StatusOr<v1::Sample> Result(const std::string& sample, const std::string& unit_report,
                                    bool issue = false) {
    return Result(sample, unit_report, issue, City());
  }
  absl::StatusOr<v1::InventoryUnitReport> Recall(const v1::InventoryUnitReport& unit,
                                                 const std::string& token = "") {
    v1::RecallUnitReportRequest request;
    request.set_request_id(RequestId());
    request.set_id(unit.id());
    request.set_etag(unit.etag());
    request.set_reason("名称有误");
    return Inventory<v1::InventoryUnitReport>("RecallUnitReport", request,
                                              token.empty() ? County() : token);
  }
  v1::VerificationTask Task(const std::string& unit, const std::string& token = "") {
    v1::GetVerificationTaskRequest request;
    request.set_unit_report_id(unit);
    auto task = Verification<v1::VerificationTask>("GetVerificationTask", request,
                                                   token.empty() ? County() : token);
    EXPECT_OK(task);
    return task.ok() ? *task : v1::VerificationTask();
  }
  absl::StatusOr<v1::VerificationTask> Sign(
      const std::string& unit, const std::string& etag, const std::string& department,
      const std::string& token, const std::vector<v1::VerificationFinding>& findings = {}) {
    v1::SignVerificationRequest request;
    request.set_request_id(RequestId());
    request.set_unit_report_id(unit);
    request.set_etag(etag);
    request.set_department_code(department);
    request.set_opinion("属实");
    for (const auto& f : findings) *request.add_findings() = f;
    return Verification<v1::VerificationTask>("SignVerification", request, token);
  }
  absl::StatusOr<v1::VerificationTask> Complete(const std::string& unit, const std::string& etag,
                                                const std::string& token = "") {
    v1::CompleteVerificationRequest request;
    request.set_request_id(RequestId());
    request.set_unit_report_id(unit);
    request.set_etag(etag);
    return Verification<v1::VerificationTask>("CompleteVerification", request,
                                              token.empty() ? County() : token);
  }
  // From where it stands to COUNTY_VERIFIED; agriculture and every sector sign.
  void Verify(const std::string& campaign, const std::string& village,
              const std::string& reporter = "") {
    v1::InventoryUnitReport unit = Unit(campaign, village);
    ASSERT_OK_AND_ASSIGN(unit, Submit(unit, unit.project_count() == 0, reporter));
    ASSERT_OK_AND_ASSIGN(unit, Pass(unit));
    v1::VerificationTask task = Task(unit.id(), County("operator", village.substr(0, 6)));
    const auto departments = task.departments();
    for (const auto& d : departments) {
      ASSERT_OK_AND_ASSIGN(
          task, Sign(unit.id(), task.etag(), d.department_code(),
                     d.is_lead() ? County(Cat("lead-", village.substr(0, 6)), village.substr(0, 6))
                                 : Sector(Cat("of-", d.department_code()))));
    }
    ASSERT_OK(Complete(unit.id(), task.etag(), County("lead", village.substr(0, 6))));
  }

  absl::StatusOr<v1::Sample> Draw(const std::string& campaign, const std::string& region,
                                  const std::string& token, const std::string& seed = "",
                                  int rate = 0, bool enlarge = false) {
    v1::DrawSampleRequest request;
    request.set_request_id(RequestId());
    request.set_campaign_id(campaign);
    request.set_region_code(region);
    request.set_seed(seed);
    request.set_rate_bp(rate);
    request.set_enlarge(enlarge);
    return Inventory<v1::Sample>("DrawSample", request, token);
  }

  ::bangfu::testing::HeldGrants held_;
  RpcServer server_;
  std::vector<RegionRow> regions_;
  std::atomic<int> requests_ = 0;
};

}  // namespace bangfu::registry

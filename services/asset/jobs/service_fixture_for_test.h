// A whole asset service in the test's process: real database, real gRPC, the registry's records fed
// in as events.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "bangfu/asset/v1/asset_service.pb.h"
#include "bangfu/asset/v1/contract_service.pb.h"
#include "bangfu/asset/v1/events.pb.h"
#include "bangfu/registry/v1/events.pb.h"
#include "common/audit/schema.h"
#include "common/base/digest.h"
#include "common/base/strings.h"
#include "common/blob/schema.h"
#include "common/external/schema.h"
#include "common/feed/schema.h"
#include "common/idempotency/schema.h"
#include "common/inbox/schema.h"
#include "common/inbox/service.h"
#include "common/intake/import_service.h"
#include "common/intake/schema.h"
#include "common/operation/schema.h"
#include "common/recode/schema.h"
#include "common/status/error.h"
#include "common/testing/rpc_fixture.h"
#include "common/testing/status_matchers.h"
#include "services/asset/api/asset_handlers.h"
#include "services/asset/api/asset_work.h"
#include "services/asset/api/contract_handlers.h"
#include "services/asset/api/prefill.h"
#include "services/asset/jobs/asset_import.h"
#include "services/asset/jobs/registry_copies.h"
#include "services/asset/jobs/sweep.h"
#include "services/asset/schema/migrations.h"
#include "services/asset/store/region_part.h"

namespace bangfu::asset {

using ::bangfu::testing::HasViolation;
using ::bangfu::testing::IsOk;
using ::bangfu::testing::StatusIs;
using options::v1::ROLE_COUNTY_APPROVER;
using options::v1::ROLE_COUNTY_OPERATOR;
using options::v1::ROLE_PROV_ADMIN;
using options::v1::ROLE_VILLAGE_REPORTER;

inline constexpr char kVillage[] = "360733101201";
inline constexpr char kOtherCounty[] = "360111";
inline constexpr char kOperator[] = "91360100MA300015X0";
inline constexpr char kOperator2[] = "91350100M000100Y43";

inline google::type::Date Date(int year, int month, int day) {
  google::type::Date date;
  date.set_year(year);
  date.set_month(month);
  date.set_day(day);
  return date;
}

class ServiceTest : public ::testing::Test {
 protected:
  static api::HandlerOptions Options() {
    api::HandlerOptions options;
    options.max_reference_lag = absl::InfiniteDuration();
    return options;
  }
  static migrate::Migrations Schema() {
    return migrate::Concat(idempotency::Schema(), inbox::Schema(), audit::Schema(), blob::Schema(),
                           feed::Schema(), operation::Schema(), ::bangfu::intake::Schema(),
                           recode::Schema(), external::Schema(), AssetMigrations());
  }

  explicit ServiceTest(api::HandlerOptions options = Options())
      : assets_(options),
        contracts_(options),
        runner_(clock_, {.holder = "r1"}),
        server_({.services = {"bangfu.asset.v1.AssetService", "bangfu.asset.v1.ContractService",
                              "bangfu.intake.v1.ImportService", "bangfu.inbox.v1.InboxService",
                              "bangfu.dictionary.v1.DictionaryService"},
                 .migrations = Schema()},
                [this, options](rpc::Router& router) {
                  assets_.Register(router);
                  contracts_.Register(router);
                  inbox::RegisterInboxService(router, api::AssetInbox());
                  dictionary::Options forms;
                  forms.prefills = api::Prefills();
                  dictionary::RegisterDictionaryService(router, std::move(forms));
                  std::vector<std::unique_ptr<::bangfu::intake::Kind>> kinds;
                  kinds.push_back(NewAssetImport(ids_, options));
                  imports_ = std::make_unique<::bangfu::intake::ImportService>(
                      std::move(kinds), ::bangfu::intake::ImportServiceOptions{RegionPathOf},
                      runner_);
                  imports_->Register(router);
                }),
        ids_(clock_),
        session_(server_.database().Connect()) {
    SetDay(2026, 11, 24);
    Reference();
  }

  // A county operator by two grants: the first is for other money than LEGACY_SPECIAL, and the
  // second tells itself by its region.
  std::string OfTwoGrants(const std::string& person) {
    auth::Caller caller;
    caller.subject = person;
    for (const auto& [source, region] : std::vector<std::pair<std::string, std::string>>{
             {"BRIDGE_CENTRAL", "360733"}, {"LEGACY_SPECIAL", "3607"}}) {
      auth::Grant& grant = caller.grants.emplace_back();
      grant.role = options::v1::ROLE_COUNTY_OPERATOR;
      grant.region_path = region;
      grant.fund_sources = {source};
    }
    return server_.Token(caller);
  }

  // Noon of that day in Shanghai, for the server and the operations.
  void SetDay(int year, int month, int day) {
    const absl::Time now =
        absl::FromCivil(absl::CivilSecond(year, month, day, 4, 0, 0), absl::UTCTimeZone());
    clock_.Set(now);
    server_.clock().Set(now);
  }

  void Apply(const std::vector<std::pair<std::string, const google::protobuf::Message*>>& states) {
    RegistryCopies copies({store::RegionPart(), inbox::RegionPart(), blob::RegionPart(),
                           operation::RegionPart(), ::bangfu::intake::RegionPart()},
                          clock_);
    ApplyBy(copies, states);
  }
  void ApplyBy(
      feed::EffectHandler& copies,
      const std::vector<std::pair<std::string, const google::protobuf::Message*>>& states) {
    std::vector<feed::v1::Event> events(states.size());
    feed::Batch batch;
    batch.source = "registry";
    batch.now = clock_.Now();
    for (size_t i = 0; i < states.size(); ++i) {
      events[i].set_aggregate_type(states[i].first);
      events[i].mutable_payload()->PackFrom(*states[i].second);
      batch.events.push_back(&events[i]);
    }
    ASSERT_OK(mysql::Transact(*session_, [&](mysql::Tx& tx) { return copies.Apply(tx, batch); }));
  }

  void Reference() {
    registry::v1::RegionsChanged regions;
    const auto region = [&](const char* code, const char* name, int level, const char* path = "") {
      registry::v1::Region* r = regions.add_regions();
      r->set_code(code);
      r->set_name(name);
      r->set_level(static_cast<registry::v1::RegionLevel>(level));
      r->set_region_path(*path == 0 ? code : path);
    };
    region("36", "江西省", 1);
    region("3607", "赣州市", 2);
    region("360733", "会昌县", 3);
    region("360733101", "文武坝镇", 4);
    region(kVillage, "水东村", 5);
    region("3601", "南昌市", 2);
    region(kOtherCounty, "青山湖区", 3);
    registry::v1::CodesChanged codes;
    const auto code = [&](const char* list, const char* value, const char* zh, bool is_public) {
      registry::v1::Code* c = codes.add_codes();
      c->set_list(list);
      c->set_code(value);
      c->set_name_zh(zh);
      registry::v1::CodeAttribute* a = c->add_attributes();
      a->set_name("is_public");
      a->set_value(is_public ? "1" : "0");
    };
    code("FUND_SOURCE", "LEGACY_SPECIAL", "专项扶贫资金", true);
    code("FUND_SOURCE", "BRIDGE_CENTRAL", "中央衔接资金", true);
    code("FUND_SOURCE", "SELF_RAISED", "自筹资金", false);
    code("LINKAGE_MODE", "DIVIDEND", "收益分红", false);
    code("LINKAGE_MODE", "EMPLOYMENT", "就业务工", false);
    code("LINKAGE_MODE", "LAND_RENT", "土地流转", false);
    code("ASSET_CATEGORY", "COLD_STORE", "冷库", false);
    code("ASSET_CATEGORY", "GREENHOUSE", "大棚", false);
    code("OWNERSHIP_BASIS", "FUND_SOURCE", "资金来源", false);
    code("COLD_CHAIN_KIND", "COUNTY", "县级产地冷链集配中心", false);
    code("ASSET_CATEGORY", "OPERATING", "经营性资产", false);
    registry::v1::Code& ended = *codes.mutable_codes(codes.codes_size() - 1);
    *ended.mutable_valid_to() = Date(2025, 12, 31);
    registry::v1::IndustryCategoriesChanged industries;
    registry::v1::IndustryCategory* oil = industries.add_categories();
    oil->set_taxonomy_version("v1");
    oil->set_code("CAMELLIA");
    oil->set_cultivation_months(60);
    registry::v1::OperatorChanged op;
    op.mutable_operator_()->set_id(ids_.Next().ToString());
    op.mutable_operator_()->set_uscc(kOperator);
    op.mutable_operator_()->set_name("众兴合作社");
    Apply({{"region_batch", &regions},
           {"code_batch", &codes},
           {"industry_category_batch", &industries},
           {"operator", &op}});
    project_ = Project("PJ360733-2021-000001", kVillage);
  }

  // A project as the registry publishes it; gives its id.
  std::string Project(const std::string& code, const std::string& region, bool is_void = false,
                      int state = 11, const std::string& id = "") {
    registry::v1::ProjectChanged changed;
    registry::v1::Project& p = *changed.mutable_project();
    p.set_id(id.empty() ? ids_.Next().ToString() : id);
    p.set_project_code(code);
    p.set_name(code);
    p.set_region_path(region);
    p.set_state(static_cast<registry::v1::ProjectState>(state));
    p.set_is_void(is_void);
    p.set_industry_code("CAMELLIA");
    p.add_external_ids()->set_id("EXT-" + code);
    Apply({{"project", &changed}});
    return p.id();
  }

  template <typename Response, typename Request>
  absl::StatusOr<Response> Call(const std::string& method, const Request& request,
                                const std::string& token = "") {
    return server_.Call<Response>("bangfu.asset.v1." + method, request,
                                  token.empty() ? Token(ROLE_COUNTY_OPERATOR) : token);
  }
  std::string Token(auth::Role role, const std::string& region = "360733",
                    const std::string& person = "person-1") {
    return server_.Token(role, region, person);
  }
  std::string RequestId() { return Cat("request-", ++request_); }

  // A shed of 100万元 in use, without contract.
  v1::RegisterAssetRequest Shed(int64_t value_fen = 100000000) {
    v1::RegisterAssetRequest r;
    r.set_request_id(RequestId());
    v1::AssetDetails& d = *r.mutable_details();
    d.set_name("水东村冷库");
    d.set_asset_class(v1::ASSET_CLASS_OPERATING);
    d.set_asset_form(v1::ASSET_FORM_FIXED);
    d.set_region_code(kVillage);
    d.add_source_projects()->set_project_id(project_);
    d.set_original_value_fen(value_fen);
    v1::AssetFunding* fund = d.add_fund_sources();
    fund->set_source_code("LEGACY_SPECIAL");
    fund->set_amount_fen(value_fen);
    *d.mutable_formed_date() = Date(2020, 11, 30);
    v1::AssetOwner* owner = d.add_owners();
    owner->set_name("水东村股份经济合作社");
    owner->set_level(v1::OWNER_LEVEL_VILLAGE_COLLECTIVE);
    owner->set_share_bp(10000);
    r.mutable_use()->set_use_state(v1::USE_STATE_IN_USE);
    *r.mutable_use()->mutable_since() = Date(2021, 3, 1);
    return r;
  }
  v1::Asset Registered(const v1::RegisterAssetRequest& r) {
    auto asset = Call<v1::Asset>("AssetService.RegisterAsset", r);
    EXPECT_OK(asset);
    return asset.ok() ? *asset : v1::Asset();
  }
  v1::Asset Get(const std::string& id) {
    v1::GetAssetRequest r;
    r.set_id(id);
    auto asset = Call<v1::Asset>("AssetService.GetAsset", r);
    EXPECT_OK(asset);
    return asset.ok() ? *asset : v1::Asset();
  }
  v1::ProjectAssetFacts Facts(const std::string& project = "") {
    v1::GetProjectAssetFactsRequest r;
    r.set_project_id(project.empty() ? project_ : project);
    auto facts = Call<v1::ProjectAssetFacts>("AssetService.GetProjectAssetFacts", r);
    EXPECT_OK(facts);
    return facts.ok() ? *facts : v1::ProjectAssetFacts();
  }
  static v1::MonthlyFacts Month(const v1::ProjectAssetFacts& facts, const std::string& month) {
    for (const v1::MonthlyFacts& m : facts.months()) {
      if (m.month() == month) return m;
    }
    return v1::MonthlyFacts();
  }
  int64_t Events(const std::string& type) {
    return server_.database().Int("SELECT COUNT(*) FROM feed_outbox WHERE aggregate_type = ?",
                                  {type});
  }

  v1::SignContractRequest Lease(const std::string& asset_id, int64_t yearly) {
    v1::SignContractRequest r;
    r.set_request_id(RequestId());
    v1::ContractTerms& t = *r.mutable_terms();
    t.add_asset_ids(asset_id);
    t.set_mode(v1::OPERATE_MODE_LEASE);
    t.set_owner_party("水东村股份经济合作社");
    t.set_operator_name("众兴合作社");
    t.set_operator_uscc(kOperator);
    *t.mutable_start_date() = Date(2025, 1, 1);
    *t.mutable_end_date() = Date(2027, 12, 31);
    v1::ScheduleStep* step = t.add_schedule();
    *step->mutable_from() = Date(2025, 1, 1);
    *step->mutable_to() = Date(2027, 12, 31);
    step->set_fixed_fen_per_year(yearly);
    v1::DueDay* due = t.add_due_days();
    due->set_month(6);
    due->set_day(30);
    return r;
  }
  v1::OperatingContract Signed(const v1::SignContractRequest& r) {
    auto contract = Call<v1::OperatingContract>("ContractService.SignContract", r);
    EXPECT_OK(contract);
    return contract.ok() ? *contract : v1::OperatingContract();
  }
  absl::StatusOr<v1::IncomeRecord> Receive(const std::string& contract, int due_no, int64_t fen,
                                           google::type::Date on) {
    v1::RecordIncomeRequest r;
    r.set_request_id(RequestId());
    r.set_contract_id(contract);
    r.set_due_no(due_no);
    r.set_received_fen(fen);
    *r.mutable_received_on() = on;
    return Call<v1::IncomeRecord>("ContractService.RecordIncome", r);
  }

  testing::FakeClock clock_;
  api::AssetHandlers assets_;
  api::ContractHandlers contracts_;
  operation::OperationRunner runner_;
  std::unique_ptr<::bangfu::intake::ImportService> imports_;
  testing::RpcServer server_;
  UlidGenerator ids_;
  std::unique_ptr<mysql::Session> session_;
  std::string project_;
  std::atomic<int> request_ = 0;  // taken from several threads
};

}  // namespace bangfu::asset

#include <memory>

#include "bangfu/identity/v1/identity_service.pb.h"
#include "common/audit/audit.h"
#include "common/audit/schema.h"
#include "common/feed/schema.h"
#include "common/grants/book.h"
#include "common/grants/copies.h"
#include "common/grants/schema.h"
#include "common/idempotency/schema.h"
#include "common/identity/freeze.h"
#include "common/identity/schema.h"
#include "common/identity/service.h"
#include "common/status/error.h"
#include "common/testing/rpc_fixture.h"
#include "common/testing/status_matchers.h"

namespace bangfu::identity {
namespace {

using ::bangfu::testing::IsOk;
using ::bangfu::testing::RpcServer;
using ::bangfu::testing::StatusIs;
using Code = absl::StatusCode;
namespace role = options::v1;

constexpr char kWhoAmI[] = "bangfu.identity.v1.IdentityService.WhoAmI";
constexpr char kGetFreeze[] = "bangfu.identity.v1.FreezeService.GetFreeze";
constexpr char kSetFreeze[] = "bangfu.identity.v1.FreezeService.SetFreeze";

class IdentityTest : public ::testing::Test {
 protected:
  IdentityTest() {
    RpcServer::Options options;
    options.services = {"bangfu.identity.v1.IdentityService", "bangfu.identity.v1.FreezeService"};
    options.migrations = migrate::Concat(idempotency::Schema(), audit::Schema(), feed::Schema(),
                                         grants::Schema(), Schema());
    options.server.pipeline.grants = &book_;
    options.server.pipeline.takes_writes = [this] { return freeze_->Check(); };
    server_ = std::make_unique<RpcServer>(options, [&](rpc::Router& router) {
      ServiceOptions mine;
      mine.service = "sample";
      mine.server = options.server;
      mine.region_names = [](mysql::Executor& db, const std::vector<std::string>& paths)
          -> absl::StatusOr<std::map<std::string, std::string>> {
        auto rows = db.Query("SELECT 1");
        if (!rows.ok()) return rows.status();
        std::map<std::string, std::string> names;
        for (const std::string& path : paths) names[path] = path == "360733" ? "会昌县" : "江西省";
        return names;
      };
      freeze_ = std::make_unique<FreezeState>(clock_, [this] { return by_operator_; });
      RegisterIdentity(router, std::move(mine), *freeze_);
    });
    admin_ = server_->Token(role::ROLE_PROV_ADMIN, "36", "admin");
    Look();
  }
  void Look() {
    ASSERT_THAT(freeze_->Refresh(server_->database().db()), IsOk());
    ASSERT_THAT(book_.Refresh(server_->database().db(), clock_.Now()), IsOk());
  }
  absl::StatusOr<v1::WhoAmIResponse> WhoAmI(const std::string& token) {
    return server_->Call<v1::WhoAmIResponse>(kWhoAmI, v1::WhoAmIRequest(), token);
  }
  absl::StatusOr<v1::Freeze> Set(bool frozen, const std::string& reason,
                                 absl::Time until = absl::InfiniteFuture()) {
    v1::SetFreezeRequest request;
    request.set_is_frozen(frozen);
    request.set_reason(reason);
    if (until != absl::InfiniteFuture()) grants::SetTime(until, request.mutable_until());
    request.set_request_id("request-" + std::to_string(++requests_));
    return server_->Call<v1::Freeze>(kSetFreeze, request, admin_);
  }

  testing::FakeClock clock_;  // of the freeze; the server's own stands still at the same time
  grants::GrantBook book_;
  absl::Status by_operator_;
  std::unique_ptr<FreezeState> freeze_;
  std::unique_ptr<RpcServer> server_;
  std::string admin_;
  int requests_ = 0;
};

TEST_F(IdentityTest, R118_WhoAmITellsWhatTheCallerMayDoHere) {
  auto me = WhoAmI(admin_);
  ASSERT_THAT(me, IsOk());
  EXPECT_EQ(me->service(), "sample");
  EXPECT_EQ(me->person(), "admin");
  ASSERT_EQ(me->grants_size(), 1);
  EXPECT_EQ(me->grants(0).role_zh(), "省级管理");
  EXPECT_EQ(me->grants(0).regions(0).name(), "江西省");
  EXPECT_EQ(me->grants(0).source(), v1::GRANT_SOURCE_TOKEN);
  EXPECT_EQ(me->limits().max_request_bytes(), 4 << 20);
  EXPECT_EQ(me->limits().default_page_size(), 50);
  EXPECT_GT(me->limits().waiting_reads(), 0);
  EXPECT_FALSE(me->freeze().is_frozen());
  EXPECT_TRUE(me->has_server_time());

  auth::Caller li;
  li.subject = "li";
  const std::string token = server_->Token(li);
  me = WhoAmI(token);
  ASSERT_THAT(me, IsOk());
  EXPECT_EQ(me->grants_size(), 0);
  type::v1::Grant grant;
  grant.set_id("01ARZ3NDEKTSV4RRFFQ69G5FAV");
  grant.set_person("li");
  grant.set_person_name("李四");
  grant.set_role(role::ROLE_COUNTY_APPROVER);
  for (const char* region : {"360733", "36"}) grant.add_regions()->set_region_path(region);
  grant.mutable_scope()->add_industries("TEA");
  grant.set_org_code("PROV_OFFICE_BANGFU");
  grant.set_org_name("帮扶处");
  grants::SetTime(clock_.Now(), grant.mutable_valid_from());
  grants::SetTime(clock_.Now() + absl::Hours(24), grant.mutable_valid_to());
  grant.mutable_delegated_by()->set_person("zhao");
  grant.set_state(type::v1::GRANT_STATE_ACTIVE);
  ASSERT_THAT(mysql::Transact(server_->database().db(),
                              [&](mysql::Tx& tx) { return grants::Write(tx, {grant}); }),
              IsOk());
  Look();
  me = WhoAmI(token);
  ASSERT_THAT(me, IsOk());
  EXPECT_EQ(me->person_name(), "李四");
  ASSERT_EQ(me->grants_size(), 1);
  const v1::HeldGrant& held = me->grants(0);
  EXPECT_EQ(held.role_zh(), "县级审批");
  ASSERT_EQ(held.regions_size(), 2);
  EXPECT_EQ(held.regions(0).name(), "会昌县");
  EXPECT_EQ(held.scope().industries(0), "TEA");
  EXPECT_EQ(held.delegated_by(), "zhao");
  EXPECT_EQ(held.org_code(), "PROV_OFFICE_BANGFU");
  EXPECT_EQ(held.org_name(), "帮扶处");
  EXPECT_EQ(held.grant_id(), grant.id());
  EXPECT_EQ(held.source(), v1::GRANT_SOURCE_GRANT);
  EXPECT_EQ(held.valid_to().seconds(), grant.valid_to().seconds());
}

TEST_F(IdentityTest, AFreezeRefusesWritesWithItsReasonAndCanBeLifted) {
  EXPECT_THAT(Set(true, ""), StatusIs(Code::kInvalidArgument, "FIELD_INVALID"));
  EXPECT_THAT(Set(true, "x", clock_.Now()), StatusIs(Code::kInvalidArgument, "FIELD_INVALID"));
  EXPECT_THAT(server_->Call<v1::Freeze>(kSetFreeze, v1::SetFreezeRequest(),
                                        server_->Token(role::ROLE_COUNTY_APPROVER, "360733")),
              StatusIs(Code::kPermissionDenied, "ROLE_REQUIRED"));
  auto frozen = Set(true, "年终决算，暂停填报");
  ASSERT_THAT(frozen, IsOk());
  EXPECT_TRUE(frozen->is_frozen());
  EXPECT_EQ(frozen->set_by().subject(), "admin");
  EXPECT_GT(frozen->effective_at().nanos() + frozen->effective_at().seconds(),
            frozen->set_at().seconds());
  Look();
  const absl::Status refusal = freeze_->Check();
  EXPECT_EQ(ReasonOf(refusal), "SERVICE_FROZEN");
  EXPECT_EQ(GetErrorDetail(refusal).message_zh, "年终决算，暂停填报");
  // It does not stand in its own way, and reads go on.
  EXPECT_TRUE(WhoAmI(admin_)->freeze().is_frozen());
  EXPECT_THAT(Set(true, "年终决算，至十二月底", clock_.Now() + absl::Hours(1)), IsOk());
  Look();
  clock_.Advance(absl::Hours(1));
  EXPECT_THAT(freeze_->Check(), IsOk());  // over by itself
  ASSERT_THAT(Set(false, ""), IsOk());
  Look();
  EXPECT_THAT(freeze_->Check(), IsOk());
  auto read = server_->Call<v1::Freeze>(kGetFreeze, v1::GetFreezeRequest(), admin_);
  ASSERT_THAT(read, IsOk());
  EXPECT_FALSE(read->is_frozen());
  // Three changes, one chain.
  auto rows = server_->database().db().Query(
      "SELECT COUNT(*) FROM audit_log WHERE aggregate_type = 'service_freeze'");
  EXPECT_EQ((*rows)[0].Int(0), 3);
}

TEST_F(IdentityTest, AFreezeTellsWhoMayFreezeAndLift) {
  const auto told = [&](const std::string& token) {
    std::vector<std::string> out;
    const auto read = server_->Call<v1::Freeze>(kGetFreeze, v1::GetFreezeRequest(), token);
    EXPECT_THAT(read, IsOk());
    if (!read.ok()) return out;
    for (const type::v1::AllowedAction& action : read->allowed_actions()) {
      EXPECT_TRUE(action.allowed()) << action.action();
      EXPECT_FALSE(action.label_zh().empty()) << action.action();
      out.push_back(action.action());
    }
    return out;
  };
  using Told = std::vector<std::string>;
  const std::string approver = server_->Token(role::ROLE_COUNTY_APPROVER, "360733");
  EXPECT_EQ(told(admin_), (Told{"freeze"}));
  EXPECT_EQ(told(approver), Told());
  // The operators' file is nothing that SetFreeze lifts.
  by_operator_ = Frozen("正在恢复备份");
  EXPECT_EQ(told(admin_), (Told{"freeze"}));
  by_operator_ = absl::OkStatus();
  const auto frozen = Set(true, "年终决算，暂停填报");
  ASSERT_THAT(frozen, IsOk());
  EXPECT_EQ(frozen->allowed_actions_size(), 0);  // on Get only
  EXPECT_EQ(told(admin_), (Told{"freeze", "lift"}));
  EXPECT_EQ(told(approver), Told());
  EXPECT_EQ(WhoAmI(admin_)->freeze().allowed_actions_size(), 0);
  ASSERT_THAT(Set(false, ""), IsOk());
  EXPECT_EQ(told(admin_), (Told{"freeze"}));
}

TEST_F(IdentityTest, TheOperatorsFileGoesBeforeTheState) {
  by_operator_ = Frozen("正在恢复备份");
  EXPECT_EQ(ReasonOf(freeze_->Check()), "SERVICE_FROZEN");
  auto me = WhoAmI(admin_);
  ASSERT_THAT(me, IsOk());
  EXPECT_TRUE(me->freeze().by_operator());
  EXPECT_EQ(me->freeze().reason(), "正在恢复备份");
}

}  // namespace
}  // namespace bangfu::identity

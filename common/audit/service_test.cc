#include "common/audit/service.h"

#include "bangfu/audit/v1/audit_service.pb.h"
#include "common/audit/audit.h"
#include "common/audit/schema.h"
#include "common/status/macros.h"
#include "common/testing/clock.h"
#include "common/testing/database.h"
#include "common/testing/proto_matchers.h"
#include "common/testing/random.h"
#include "common/testing/status_matchers.h"

namespace bangfu::audit {
namespace {

using ::bangfu::testing::EqualsProto;
using ::bangfu::testing::FakeClock;
using ::bangfu::testing::HasViolation;
using ::bangfu::testing::SeededRandom;
using ::bangfu::testing::TestDatabase;

class AuditServiceTest : public ::testing::Test {
 protected:
  AuditServiceTest() { RegisterAuditService(router_); }

  template <typename Response, typename Request>
  absl::StatusOr<Response> Call(const std::string& method, const Request& request,
                                const std::vector<std::string>& scope) {
    auth::Caller caller;
    rpc::CallContext context{caller, database_.db(), clock_, ids_, clock_.Now(), absl::InfiniteFuture(), method,
                             "", scope, {}, [] { return false; }};
    Response response;
    const rpc::Handler& handler = router_.handlers().find("bangfu.audit.v1.AuditService." + method)->second;
    RETURN_IF_ERROR(handler.unary(context, request, &response));
    return response;
  }
  absl::StatusOr<v1::ListHistoryResponse> List(const Ulid& id, const std::string& token,
                                               const std::vector<std::string>& scope = {"36"}) {
    v1::ListHistoryRequest request;
    request.set_aggregate_type("project");
    request.set_aggregate_id(id.ToString());
    request.set_page_size(2);
    request.set_page_token(token);
    return Call<v1::ListHistoryResponse>("ListHistory", request, scope);
  }

  Ulid Chain(int n, size_t bytes = 10) {
    Entry e;
    e.aggregate_type = "project";
    e.aggregate_id = ids_.Next();
    e.region_path = "360733";
    e.action = "ProjectService.CreateProject";
    e.actor = {"zhang.san", "张三", "ROLE_COUNTY_OPERATOR", "360733"};
    e.occurred_at = clock_.Now();
    for (int i = 1; i <= n; ++i) {
      e.before_json = e.after_json;
      e.after_json = std::string(bytes, static_cast<char>('0' + i));
      EXPECT_OK(mysql::Transact(database_.db(), [&](mysql::Tx& tx) { return Append(tx, e); }));
    }
    return e.aggregate_id;
  }

  FakeClock clock_;
  SeededRandom random_;
  UlidGenerator ids_{clock_, random_.AsRandom()};
  TestDatabase database_{Schema()};
  rpc::Router router_;
};

TEST_F(AuditServiceTest, HistoryPagesNewestFirst) {
  const Ulid id = Chain(5);
  std::string token;
  std::vector<int64_t> seen;
  do {
    ASSERT_OK_AND_ASSIGN(v1::ListHistoryResponse page, List(id, token));
    for (const v1::AuditEntry& e : page.entries()) seen.push_back(e.chain_no());
    token = page.next_page_token();
  } while (!token.empty());
  EXPECT_THAT(seen, ::testing::ElementsAre(5, 4, 3, 2, 1));
  ASSERT_OK_AND_ASSIGN(v1::ListHistoryResponse page, List(id, ""));
  const v1::AuditEntry& newest = page.entries(0);
  EXPECT_EQ(newest.actor().name(), "张三");
  EXPECT_EQ(newest.previous_hash(), page.entries(1).hash());
  EXPECT_EQ(newest.after_json(), "5555555555");
  EXPECT_EQ(newest.occurred_at().seconds(), absl::ToUnixSeconds(clock_.Now()));
  // A token belongs to its query.
  EXPECT_FALSE(List(ids_.Next(), page.next_page_token()).ok());
}

TEST_F(AuditServiceTest, APageDoesNotOutgrowAMessage) {
  const Ulid id = Chain(3, 2 << 20);
  ASSERT_OK_AND_ASSIGN(v1::ListHistoryResponse page, List(id, ""));
  EXPECT_EQ(page.entries_size(), 1);
  ASSERT_OK_AND_ASSIGN(page, List(id, page.next_page_token()));
  EXPECT_EQ(page.entries(0).chain_no(), 2);
}

TEST_F(AuditServiceTest, HistoryOfAnotherRegionIsNotThere) {
  const Ulid id = Chain(2);
  ASSERT_OK_AND_ASSIGN(v1::ListHistoryResponse page, List(id, "", {"360734"}));
  EXPECT_THAT(page, EqualsProto(""));
}

TEST_F(AuditServiceTest, VerifyReportsBrokenChainsAndAnchors) {
  const Ulid id = Chain(3);
  Chain(1);
  v1::VerifyAuditRequest request;
  ASSERT_OK_AND_ASSIGN(v1::VerifyAuditResponse report,
                       Call<v1::VerifyAuditResponse>("VerifyAudit", request, {"360733"}));
  EXPECT_THAT(report, EqualsProto("chains: 2 entries: 4"));

  ASSERT_OK(WriteAnchor(database_.db(), clock_.Now()));
  ASSERT_OK(database_.db().Execute("DELETE FROM audit_log WHERE aggregate_id = ?", {id}));
  ASSERT_OK(database_.db().Execute("DELETE FROM audit_head WHERE aggregate_id = ?", {id}));
  ASSERT_OK_AND_ASSIGN(report, Call<v1::VerifyAuditResponse>("VerifyAudit", request, {"360733"}));
  EXPECT_EQ(report.broken_size(), 0);
  ASSERT_OK_AND_ASSIGN(report, Call<v1::VerifyAuditResponse>("VerifyAudit", request, {"36"}));
  ASSERT_EQ(report.broken_size(), 2);
  EXPECT_EQ(report.broken(0).aggregate_id(), id.ToString());
  EXPECT_EQ(report.broken(0).problem(), "已锚定的记录缺失");

  request.set_aggregate_type("project");
  EXPECT_THAT(Call<v1::VerifyAuditResponse>("VerifyAudit", request, {"36"}), HasViolation("aggregate_id"));
}

}  // namespace
}  // namespace bangfu::audit

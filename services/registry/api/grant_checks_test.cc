// What a grant names of the reference data: clauses, sources, industries and organisations.
#include "services/registry/api/grant_checks.h"

#include <map>

#include "bangfu/audit/v1/audit_service.pb.h"
#include "services/registry/api/grants_for_test.h"

namespace bangfu::registry {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::HasViolation;
using ::testing::Pair;

// A clause that no office answers for, a source or an industry that is not there opens nothing, and
// nobody would notice: it is refused with its place and what was written.
TEST_F(GrantsTest, AScopeNamesOnlyWhatIsThere) {
  Grant wrong = Wanted("li", role::ROLE_COUNTY_OPERATOR, "360733");
  wrong.mutable_scope()->add_clauses("四");
  wrong.mutable_scope()->add_clauses("二十");
  EXPECT_THAT(Create(kAdmin, {wrong}).status(), HasViolation("grants[0].scope.clauses[1]"));

  // What the offices answer for is data: with the last one gone, nobody does.
  ASSERT_THAT(db().Execute("UPDATE organisation SET clauses = REPLACE(clauses, ',五,', ',')"),
              IsOk());
  wrong.mutable_scope()->set_clauses(1, "五");
  wrong.mutable_scope()->add_fund_sources("BRIDGE_CENTRAL");
  wrong.mutable_scope()->add_fund_sources("BRIDGE_CENTRAAL");
  wrong.mutable_scope()->add_industries("TEE");
  const auto refused = Create(kAdmin, {Wanted("a", role::ROLE_COUNTY_OPERATOR, "360733"), wrong});
  EXPECT_THAT(refused, StatusIs(Code::kInvalidArgument, "CODE_UNKNOWN"));
  std::map<std::string, std::string> named;
  for (const FieldViolation& one : GetErrorDetail(refused.status()).violations) {
    named[one.field] = one.description;
  }
  EXPECT_THAT(named,
              ElementsAre(Pair("grants[1].scope.clauses[1]", HasSubstr("五")),
                          Pair("grants[1].scope.fund_sources[1]", HasSubstr("BRIDGE_CENTRAAL")),
                          Pair("grants[1].scope.industries[0]", HasSubstr("TEE"))));

  // Nor is it lent.
  const Grant own = MustCreate(kAdmin, Wanted("li", role::ROLE_COUNTY_APPROVER, "360733"));
  v1::DelegateGrantRequest lend = Delegation(own, "wang");
  lend.mutable_scope()->add_clauses("五");
  EXPECT_THAT(Delegate("li", lend).status(), HasViolation("scope.clauses[0]"));
  lend.mutable_scope()->set_clauses(0, "四");
  EXPECT_THAT(Delegate("li", lend), IsOk());
}

TEST_F(GrantsTest, AGrantNamesTheOrganisationOnWhoseBehalfThePersonActs) {
  v1::UpsertOrganisationsRequest organisations;
  for (const auto& [code, name, active] : std::vector<std::tuple<const char*, const char*, bool>>{
           {"COUNTY_BUREAU_360733", "会昌县农业农村局", true},
           {"COUNTY_FORMER_360733", "会昌县扶贫办", false}}) {
    v1::Organisation& one = *organisations.add_organisations();
    one.set_org_code(code);
    one.set_name(name);
    one.set_org_type(v1::ORG_TYPE_COUNTY_BUREAU);
    one.set_region_code("360733");
    one.set_is_active(active);
  }
  organisations.set_request_id(NextRequestId());
  ASSERT_THAT(server_->Call<v1::UpsertOrganisationsResponse>(
                  "bangfu.registry.v1.OrganisationService.UpsertOrganisations", organisations,
                  server_->Token(role::ROLE_PROV_ADMIN, "36", "prov")),
              IsOk());
  const auto of = [](const char* person, auth::Role what, const char* region, const char* code) {
    Grant grant = Wanted(person, what, region);
    grant.set_org_code(code);
    return grant;
  };
  for (const char* code : {"COUNTY_BUREAU_399999", "COUNTY_FORMER_360733"}) {
    const auto refused = Create(kAdmin, {of("li", role::ROLE_ORG_ADMIN, "360733", code)});
    EXPECT_THAT(refused, StatusIs(Code::kInvalidArgument, "CODE_UNKNOWN")) << code;
    EXPECT_THAT(refused.status(), HasViolation("grants[0].org_code"));
  }
  // Of the next county, or of less than the grant.
  for (const auto& [what, region] :
       {std::pair{role::ROLE_COUNTY_OPERATOR, "360783"}, std::pair{role::ROLE_ORG_ADMIN, "3607"}}) {
    const auto refused = Create(kAdmin, {of("li", what, region, "COUNTY_BUREAU_360733")});
    EXPECT_THAT(refused, StatusIs(Code::kInvalidArgument, "ORG_OUTSIDE_REGION"));
    EXPECT_THAT(refused.status(), HasViolation("grants[0].org_code"));
  }
  const Grant own =
      MustCreate(kAdmin, of("li", role::ROLE_ORG_ADMIN, "360733", "COUNTY_BUREAU_360733"));
  EXPECT_EQ(own.org_name(), "会昌县农业农村局");
  // Below it; and a deputy acts for the same organisation.
  MustCreate(kAdmin,
             of("cadre", role::ROLE_TOWNSHIP_REVIEWER, "360733100", "COUNTY_BUREAU_360733"));
  const auto lent = Delegate("li", Delegation(own, "wang"));
  ASSERT_THAT(lent, IsOk());
  EXPECT_EQ(lent->org_code(), "COUNTY_BUREAU_360733");
  EXPECT_EQ(book_.Of("wang", false)->grants[0].org_name, "会昌县农业农村局");

  // Who acts under it is recorded with it, under the hash.
  const Grant made = MustCreate("wang", Wanted("x", role::ROLE_COUNTY_OPERATOR, "360733"));
  audit::v1::ListHistoryRequest history;
  history.set_aggregate_type("grant");
  history.set_aggregate_id(made.id());
  auto entries = server_->Call<audit::v1::ListHistoryResponse>(
      "bangfu.audit.v1.AuditService.ListHistory", history, Me(kAdmin));
  ASSERT_THAT(entries, IsOk());
  ASSERT_EQ(entries->entries_size(), 1);
  EXPECT_EQ(entries->entries(0).actor_org_code(), "COUNTY_BUREAU_360733");
  EXPECT_EQ(entries->entries(0).actor_org_name(), "会昌县农业农村局");
  // Of whom the grant names none, none is recorded.
  history.set_aggregate_id(own.id());
  entries = server_->Call<audit::v1::ListHistoryResponse>(
      "bangfu.audit.v1.AuditService.ListHistory", history, Me(kAdmin));
  ASSERT_THAT(entries, IsOk());
  EXPECT_EQ(entries->entries(0).actor_org_code(), "");
  const auto broken = [&] {
    auto verified = server_->Call<audit::v1::VerifyAuditResponse>(
        "bangfu.audit.v1.AuditService.VerifyAudit", audit::v1::VerifyAuditRequest(),
        server_->Token(role::ROLE_AUDITOR, "36", "auditor"));
    EXPECT_THAT(verified, IsOk());
    return verified.ok() ? verified->broken_size() : -1;
  };
  EXPECT_EQ(broken(), 0);
  ASSERT_THAT(db().Execute("UPDATE audit_log SET actor_org_name = '' WHERE actor_org_name <> ''"),
              IsOk());
  EXPECT_GT(broken(), 0);
}

}  // namespace
}  // namespace bangfu::registry

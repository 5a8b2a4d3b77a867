#include "services/registry/domain/grants.h"

#include <gtest/gtest.h>

#include "common/status/error.h"
#include "common/workflow/triples.h"
#include "services/registry/domain/roles.h"

namespace bangfu::registry {
namespace {

const absl::Time kNow = absl::FromCivil(absl::CivilDay(2026, 3, 1), absl::UTCTimeZone());

GrantFacts Approver(const std::string& person, std::vector<std::string> regions = {"360733"}) {
  GrantFacts grant;
  grant.person = person;
  grant.role = kCountyApprover;
  grant.regions = std::move(regions);
  grant.validity = {kNow - absl::Hours(24), kNow + absl::Hours(24 * 300)};
  return grant;
}

TEST(GrantRulesTest, R118_RolesAreHeldAtTheirLevelsAndByTheirKind) {
  const RoleRule county{{3}, false};
  EXPECT_TRUE(CheckRole(county, false, {3, 3}).ok());
  EXPECT_EQ(ReasonOf(CheckRole(county, false, {3, 2})), "ROLE_LEVEL_MISMATCH");
  EXPECT_EQ(ReasonOf(CheckRole(county, true, {3})), "ROLE_FOR_PERSONS");
  EXPECT_EQ(ReasonOf(CheckRole({{1, 2, 3}, true}, false, {3})), "ROLE_FOR_MACHINES");
}

TEST(GrantRulesTest, R118_NobodyGrantsBeyondTheirOwnRegionFieldOrToThemselves) {
  const std::vector<Administration> city = {{"3607", {}, ""}};
  EXPECT_TRUE(CheckGrant(city, "admin", Approver("li")).ok());
  EXPECT_EQ(CheckGrant(city, "admin", Approver("li", {"360733", "3604"})).code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(CheckGrant(city, "admin", Approver("li", {"36"})).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(CheckGrant({}, "admin", Approver("li")).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReasonOf(CheckGrant(city, "li", Approver("li"))), "SELF_GRANT");
  // Neither does a deputy grant to the one who is on leave.
  const std::vector<Administration> deputy = {{"3607", {}, "boss"}};
  EXPECT_EQ(ReasonOf(CheckGrant(deputy, "admin", Approver("boss"))), "SELF_GRANT");
  EXPECT_TRUE(CheckGrant({deputy[0], city[0]}, "admin", Approver("boss")).ok());
  const std::vector<Administration> tea = {{"3607", {{}, {}, {"TEA"}}, ""}};
  EXPECT_EQ(ReasonOf(CheckGrant(tea, "admin", Approver("li"))), "GRANT_BEYOND_SCOPE");
  GrantFacts narrow = Approver("li");
  narrow.scope.industries = {"TEA"};
  EXPECT_TRUE(CheckGrant(tea, "admin", narrow).ok());
  // Two rights in two regions are not one right in both.
  const std::vector<Administration> two = {{"360733", {}, ""}, {"360783", {}, ""}};
  EXPECT_EQ(ReasonOf(CheckGrant(two, "admin", Approver("li", {"360733", "360783"}))),
            "GRANT_BEYOND_SCOPE");
}

TEST(GrantRulesTest, DelegationStaysInsideTheGrantAndNeverGoesOnOrRound) {
  const GrantFacts source = Approver("li");
  GrantFacts wanted = Approver("wang");
  wanted.validity = {kNow, kNow + absl::Hours(24 * 10)};
  const DelegationRules rules{kNow, 30};
  EXPECT_TRUE(CheckDelegation(source, wanted, {}, rules).ok());

  GrantFacts lent = source;
  lent.delegator = "zhao";
  EXPECT_EQ(ReasonOf(CheckDelegation(lent, wanted, {}, rules)), "DELEGATION_CHAIN");
  GrantFacts own = wanted;
  own.person = "li";
  EXPECT_EQ(ReasonOf(CheckDelegation(source, own, {}, rules)), "DELEGATION_CIRCULAR");
  GrantFacts from_wang = Approver("li");
  from_wang.delegator = "wang";
  from_wang.validity = {kNow + absl::Hours(24 * 9), kNow + absl::Hours(24 * 20)};
  EXPECT_EQ(ReasonOf(CheckDelegation(source, wanted, {from_wang}, rules)), "DELEGATION_CIRCULAR");
  from_wang.validity.from = wanted.validity.to;  // one after the other is no circle
  EXPECT_TRUE(CheckDelegation(source, wanted, {from_wang}, rules).ok());
  GrantFacts longer = wanted;
  longer.validity.to = kNow + absl::Hours(24 * 31);
  EXPECT_EQ(ReasonOf(CheckDelegation(source, longer, {}, rules)), "DELEGATION_TOO_LONG");
  GrantFacts ending = source;
  ending.validity.to = kNow + absl::Hours(24 * 5);
  EXPECT_EQ(ReasonOf(CheckDelegation(ending, wanted, {}, rules)), "DELEGATION_OUTSIDE_GRANT");
  GrantFacts elsewhere = wanted;
  elsewhere.regions = {"360783"};
  EXPECT_EQ(ReasonOf(CheckDelegation(source, elsewhere, {}, rules)), "DELEGATION_OUTSIDE_GRANT");
  GrantFacts wider = source;
  wider.scope.fund_sources = {"LOTTERY"};
  EXPECT_EQ(ReasonOf(CheckDelegation(wider, wanted, {}, rules)), "DELEGATION_OUTSIDE_GRANT");
  GrantFacts over = source;
  over.validity.to = kNow;
  EXPECT_EQ(ReasonOf(CheckDelegation(over, wanted, {}, rules)), "GRANT_NOT_ACTIVE");
}

TEST(GrantRulesTest, ValidityIsHalfOpen) {
  const Validity validity{kNow, kNow + absl::Hours(1)};
  EXPECT_FALSE(validity.Holds(kNow - absl::Nanoseconds(1)));
  EXPECT_TRUE(validity.Holds(kNow));
  EXPECT_TRUE(validity.Holds(validity.to - absl::Nanoseconds(1)));
  EXPECT_FALSE(validity.Holds(validity.to));
  EXPECT_EQ(ReasonOf(CheckValidity({kNow, kNow}, kNow)), "VALIDITY_INVALID");
  EXPECT_EQ(ReasonOf(CheckValidity({kNow - absl::Hours(2), kNow}, kNow)), "VALIDITY_INVALID");
}

TEST(GrantRulesTest, R118_EveryStateActionAndRelationGoesByTheTable) {
  const std::vector<GrantState> states = {GrantState::kActive, GrantState::kRevoked,
                                          GrantState::kPending, GrantState::kExpired};
  const std::vector<workflow::RoleId> roles = {kOrgAdmin,       kGrantHolder,    kGrantDelegator,
                                               kCountyOperator, kCountyApprover, kProvAdmin};
  const auto attempt = [&](GrantState state, const std::string& action,
                           workflow::RoleId role) -> absl::StatusOr<GrantState> {
    GrantSubject subject;
    subject.state = state;
    subject.person = "li";
    subject.delegator = action == "end_delegation" ? "zhao" : "";
    return GrantTable().Execute(subject, action, {"admin", {role}});
  };
  EXPECT_EQ((workflow::TryTriples<GrantState, GrantSubject>(GrantTable(), states, roles, attempt)),
            std::vector<std::string>());
  GrantSubject own;
  own.person = "admin";
  EXPECT_EQ(ReasonOf(GrantTable().Execute(own, "revoke", {"admin", {kOrgAdmin}}).status()),
            "SELF_GRANT");
  // Nor through one who acts on their behalf.
  EXPECT_EQ(
      ReasonOf(GrantTable()
                   .Execute(own, "revoke", {"deputy", {kOrgAdmin}, {}, {{kOrgAdmin, "admin"}}})
                   .status()),
      "SELF_GRANT");
}

}  // namespace
}  // namespace bangfu::registry

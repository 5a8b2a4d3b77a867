// Who may give and take what, delegation for leave, two callers at once at every guard.
#include "services/registry/api/grants.h"

#include <set>

#include "bangfu/audit/v1/audit_service.pb.h"
#include "services/registry/api/grants_for_test.h"
#include "services/registry/store/reference_id.h"

namespace bangfu::registry {
namespace {

TEST_F(GrantsTest, R118_AdministratorsGrantWithinTheirRegionAndNeverAboveIt) {
  MustCreate(kAdmin, Wanted("city-admin", role::ROLE_ORG_ADMIN, "3607"));
  MustCreate("city-admin", Wanted("county-admin", role::ROLE_ORG_ADMIN, "360733"));
  const Grant approver =
      MustCreate("county-admin", Wanted("li", role::ROLE_COUNTY_APPROVER, "360733"));
  EXPECT_EQ(approver.regions(0).name(), "赣州市会昌县");
  EXPECT_EQ(approver.state(), type::v1::GRANT_STATE_ACTIVE);
  EXPECT_EQ(approver.granted_by().subject(), "county-admin");
  EXPECT_FALSE(approver.granted_by().grant_id().empty());

  EXPECT_THAT(Create("county-admin", {Wanted("x", role::ROLE_COUNTY_APPROVER, "360783")}),
              StatusIs(Code::kNotFound, "RESOURCE_NOT_FOUND"));
  EXPECT_THAT(Create("county-admin", {Wanted("x", role::ROLE_ORG_ADMIN, "3607")}),
              StatusIs(Code::kNotFound, "RESOURCE_NOT_FOUND"));
  EXPECT_THAT(
      Create("county-admin", {Wanted("county-admin", role::ROLE_COUNTY_OPERATOR, "360733")}),
      StatusIs(Code::kPermissionDenied, "SELF_GRANT"));
  EXPECT_THAT(Create("city-admin", {Wanted("x", role::ROLE_PROV_ADMIN, "3607")}),
              StatusIs(Code::kInvalidArgument, "ROLE_LEVEL_MISMATCH"));
  EXPECT_THAT(Create("city-admin", {Wanted("x", role::ROLE_SYSTEM_INTEGRATOR, "3607")}),
              StatusIs(Code::kInvalidArgument, "ROLE_FOR_MACHINES"));
  EXPECT_THAT(Create("li", {Wanted("x", role::ROLE_COUNTY_OPERATOR, "360733")}),
              StatusIs(Code::kPermissionDenied, "ROLE_REQUIRED"));
  EXPECT_THAT(Create(kAdmin, {Wanted("x", role::ROLE_COUNTY_OPERATOR, "369999")}),
              StatusIs(Code::kInvalidArgument, "REGION_UNKNOWN"));
  Grant backwards = Wanted("x", role::ROLE_COUNTY_OPERATOR, "360733");
  grants::SetTime(Now() - absl::Hours(1), backwards.mutable_valid_to());
  EXPECT_THAT(Create(kAdmin, {backwards}), StatusIs(Code::kInvalidArgument, "VALIDITY_INVALID"));
  EXPECT_THAT(Create(kAdmin, {Wanted("cert:bank", role::ROLE_COUNTY_OPERATOR, "360733")}),
              StatusIs(Code::kInvalidArgument, "FIELD_INVALID"));
  // An administrator of a narrower field grants no wider one.
  Grant tea = Wanted("tea-admin", role::ROLE_ORG_ADMIN, "3607");
  tea.mutable_scope()->add_industries("TEA");
  MustCreate(kAdmin, tea);
  EXPECT_THAT(Create("tea-admin", {Wanted("x", role::ROLE_COUNTY_OPERATOR, "360733")}),
              StatusIs(Code::kPermissionDenied, "GRANT_BEYOND_SCOPE"));
  Grant narrow = Wanted("x", role::ROLE_COUNTY_OPERATOR, "360733");
  narrow.mutable_scope()->add_industries("TEA");
  MustCreate("tea-admin", narrow);

  // Whom the county does not reach, it does not see either.
  v1::ListGrantsRequest list;
  auto seen = Call<v1::ListGrantsResponse>("county-admin", "ListGrants", list);
  ASSERT_THAT(seen, IsOk());
  for (const Grant& grant : seen->grants()) {
    EXPECT_EQ(grant.regions(0).region_path().substr(0, 6), "360733");
  }
  EXPECT_EQ(seen->grants_size(), 3);
  EXPECT_THAT(Revoke("county-admin", IdOfKey("grant", "first_admin").ToString()),
              StatusIs(Code::kNotFound, "RESOURCE_NOT_FOUND"));
  EXPECT_THAT(Get("li", approver.id()), IsOk());  // one's own
  EXPECT_THAT(Get("stranger", approver.id()), StatusIs(Code::kNotFound, "RESOURCE_NOT_FOUND"));
}

TEST_F(GrantsTest, ABatchIsRefusedWholeAndEachItemNamed) {
  const auto refused = Create(kAdmin, {Wanted("a", role::ROLE_COUNTY_OPERATOR, "360733"),
                                       Wanted("b", role::ROLE_PROV_OFFICE, "360733"),
                                       Wanted(kAdmin, role::ROLE_COUNTY_OPERATOR, "360733"),
                                       Wanted("a", role::ROLE_COUNTY_OPERATOR, "360733")});
  EXPECT_THAT(refused, StatusIs(Code::kInvalidArgument, "ROLE_LEVEL_MISMATCH"));
  const ErrorDetail detail = GetErrorDetail(refused.status());
  ASSERT_EQ(detail.violations.size(), 3u);
  EXPECT_EQ(detail.violations[0].field, "grants[1].role");
  EXPECT_EQ(detail.violations[1].field, "grants[2].person");
  EXPECT_EQ(detail.violations[2].field, "grants[3].person");
  v1::ListGrantsRequest list;
  list.set_person("a");
  EXPECT_EQ(Call<v1::ListGrantsResponse>(kAdmin, "ListGrants", list)->grants_size(), 0);
  // Checked and left.
  EXPECT_THAT(Create(kAdmin, {Wanted("a", role::ROLE_COUNTY_OPERATOR, "360733")}, true), IsOk());
  EXPECT_EQ(Call<v1::ListGrantsResponse>(kAdmin, "ListGrants", list)->grants_size(), 0);
  // Five hundred in one call.
  std::vector<Grant> many;
  for (int i = 0; i < 500; ++i) {
    many.push_back(Wanted("person-" + std::to_string(i), role::ROLE_COUNTY_OPERATOR, "360733"));
  }
  EXPECT_THAT(Create(kAdmin, many), IsOk());
  // The same again changes nothing.
  EXPECT_THAT(Create(kAdmin, many), StatusIs(Code::kAlreadyExists, "GRANT_EXISTS"));
  // By keyset, each once, though some hold in several regions.
  Grant wide = Wanted("wide", role::ROLE_SECTOR_VERIFIER, "360733");
  wide.add_regions()->set_code("360783");
  MustCreate(kAdmin, wide);
  std::set<std::string> ids;
  v1::ListGrantsRequest page;
  page.set_page_size(100);
  int rows = 0;
  do {
    auto listed = Call<v1::ListGrantsResponse>(kAdmin, "ListGrants", page);
    ASSERT_THAT(listed, IsOk());
    for (const Grant& grant : listed->grants()) ids.insert(grant.id());
    rows += listed->grants_size();
    page.set_page_token(listed->next_page_token());
  } while (!page.page_token().empty());
  EXPECT_EQ(rows, 502);
  EXPECT_EQ(ids.size(), 502u);
}

TEST_F(GrantsTest, R118_ARevokedGrantGivesNothingAndTakesWhatWasLentFromItAlong) {
  const Grant own = MustCreate(kAdmin, Wanted("li", role::ROLE_ORG_ADMIN, "360733"));
  const auto lent = Delegate("li", Delegation(own, "wang"));
  ASSERT_THAT(lent, IsOk());
  MustCreate("wang", Wanted("x", role::ROLE_COUNTY_OPERATOR, "360733"));
  EXPECT_THAT(Revoke("li", own.id()), StatusIs(Code::kPermissionDenied, "SELF_GRANT"));
  const auto revoked = Revoke(kAdmin, own.id());
  ASSERT_THAT(revoked, IsOk());
  EXPECT_EQ(revoked->state(), type::v1::GRANT_STATE_REVOKED);
  EXPECT_EQ(revoked->revoke_reason(), "调离");
  for (const char* who : {"li", "wang"}) {
    EXPECT_THAT(Create(who, {Wanted("y", role::ROLE_COUNTY_OPERATOR, "360733")}),
                StatusIs(Code::kPermissionDenied, "GRANT_REVOKED"))
        << who;
  }
  EXPECT_EQ(Get(kAdmin, lent->id())->state(), type::v1::GRANT_STATE_REVOKED);
  EXPECT_THAT(Revoke(kAdmin, own.id()), StatusIs(Code::kFailedPrecondition, "STATE_NOT_ALLOWED"));
  EXPECT_THAT(Delegate("li", Delegation(own, "zhao")),
              StatusIs(Code::kFailedPrecondition, "STATE_NOT_ALLOWED"));
}

TEST_F(GrantsTest, DelegationIsTimeBoxedNeverGoesOnAndNeverRound) {
  const Grant li = MustCreate(kAdmin, Wanted("li", role::ROLE_COUNTY_APPROVER, "360733"));
  const Grant wang = MustCreate(kAdmin, Wanted("wang", role::ROLE_COUNTY_APPROVER, "360733"));
  EXPECT_THAT(Delegate("li", Delegation(li, "li")),
              StatusIs(Code::kFailedPrecondition, "DELEGATION_CIRCULAR"));
  EXPECT_THAT(Delegate("li", Delegation(li, "wang", absl::Hours(24 * 31))),
              StatusIs(Code::kInvalidArgument, "DELEGATION_TOO_LONG"));
  EXPECT_THAT(Delegate("wang", Delegation(li, "zhao")),
              StatusIs(Code::kNotFound, "RESOURCE_NOT_FOUND"));
  EXPECT_THAT(Delegate(kAdmin, Delegation(li, "zhao")),
              StatusIs(Code::kPermissionDenied, "ROLE_NOT_ALLOWED"));
  auto lent = Delegate("li", Delegation(li, "wang"));
  ASSERT_THAT(lent, IsOk());
  EXPECT_EQ(lent->delegated_by().person(), "li");
  EXPECT_EQ(lent->delegated_by().grant_id(), li.id());
  EXPECT_THAT(Delegate("li", Delegation(li, "wang")),
              StatusIs(Code::kAlreadyExists, "GRANT_EXISTS"));
  EXPECT_THAT(Delegate("wang", Delegation(*lent, "zhao")),
              StatusIs(Code::kFailedPrecondition, "DELEGATION_CHAIN"));
  EXPECT_THAT(Delegate("wang", Delegation(wang, "li")),
              StatusIs(Code::kFailedPrecondition, "DELEGATION_CIRCULAR"));
  v1::ChangeGrantValidityRequest longer;
  longer.set_id(lent->id());
  longer.set_etag(lent->etag());
  longer.set_reason("x");
  EXPECT_THAT(Call<Grant>(kAdmin, "ChangeGrantValidity", longer),
              StatusIs(Code::kFailedPrecondition, "DELEGATED_GRANT"));
  // What each of them sees to do.
  EXPECT_EQ(AllowedText(*Get("li", li.id())), "end_delegation-NOT_DELEGATED delegate+ ");
  EXPECT_EQ(AllowedText(*Get("wang", lent->id())), "end_delegation+ delegate-DELEGATION_CHAIN ");
  EXPECT_EQ(AllowedText(*Get(kAdmin, li.id())),
            "revoke+ end_delegation-NOT_DELEGATED change_validity+ ");

  v1::EndDelegationRequest end;
  end.set_id(lent->id());
  EXPECT_THAT(Call<Grant>("stranger", "EndDelegation", end),
              StatusIs(Code::kNotFound, "RESOURCE_NOT_FOUND"));
  end.set_etag("0");
  EXPECT_THAT(Call<Grant>("wang", "EndDelegation", end), StatusIs(Code::kAborted, "ETAG_MISMATCH"));
  end.set_etag(lent->etag());
  EXPECT_THAT(Call<Grant>("wang", "EndDelegation", end), IsOk());
  EXPECT_THAT(Delegate("wang", Delegation(wang, "li")), IsOk());  // now it is no circle
  auto mine = Call<v1::ListMyGrantsResponse>("li", "ListMyGrants", v1::ListMyGrantsRequest());
  ASSERT_THAT(mine, IsOk());
  EXPECT_EQ(mine->grants_size(), 2);
  EXPECT_EQ(mine->delegated_size(), 1);

  // It ends by itself, to the minute.
  server_->clock().Advance(absl::Hours(24 * 7));
  EXPECT_EQ(Get("li", mine->grants(0).id())->state(), type::v1::GRANT_STATE_EXPIRED);
}

TEST_F(GrantsTest, MyGrantsComeInPagesNewestFirst) {
  std::vector<std::string> own, lent;
  for (int i = 0; i < 5; ++i) {
    if (i > 0) {
      ASSERT_THAT(Revoke(kAdmin, own.front()), IsOk());
    }
    const Grant made = MustCreate(kAdmin, Wanted("li", role::ROLE_COUNTY_APPROVER, "360733"));
    own.insert(own.begin(), made.id());
  }
  const auto last = Get("li", own.front());
  ASSERT_THAT(last, IsOk());
  for (const char* person : {"a", "b", "c"}) {
    const auto made = Delegate("li", Delegation(*last, person));
    ASSERT_THAT(made, IsOk());
    lent.insert(lent.begin(), made->id());
  }
  v1::ListMyGrantsRequest request;
  request.set_page_size(2);
  std::vector<std::string> seen_own, seen_lent;
  int pages = 0;
  do {
    const auto page = Call<v1::ListMyGrantsResponse>("li", "ListMyGrants", request);
    ASSERT_THAT(page, IsOk());
    EXPECT_LE(page->grants_size(), 2);
    EXPECT_LE(page->delegated_size(), 2);
    for (const Grant& grant : page->grants()) seen_own.push_back(grant.id());
    for (const Grant& grant : page->delegated()) seen_lent.push_back(grant.id());
    request.set_page_token(page->next_page_token());
    ++pages;
  } while (!request.page_token().empty() && pages < 10);
  EXPECT_EQ(pages, 3);
  EXPECT_EQ(seen_own, own);
  EXPECT_EQ(seen_lent, lent);

  // Who names no size gets what fits, as ever; a token of another list is refused.
  const auto all = Call<v1::ListMyGrantsResponse>("li", "ListMyGrants", v1::ListMyGrantsRequest());
  ASSERT_THAT(all, IsOk());
  EXPECT_EQ(all->grants_size(), 5);
  EXPECT_EQ(all->delegated_size(), 3);
  EXPECT_EQ(all->next_page_token(), "");
  v1::ListGrantsRequest others;
  others.set_page_size(1);
  const auto page = Call<v1::ListGrantsResponse>(kAdmin, "ListGrants", others);
  ASSERT_THAT(page, IsOk());
  ASSERT_NE(page->next_page_token(), "");
  request.set_page_token(page->next_page_token());
  EXPECT_THAT(Call<v1::ListMyGrantsResponse>("li", "ListMyGrants", request),
              StatusIs(Code::kInvalidArgument));
}

TEST_F(GrantsTest, R118_WhatIsLentIsAsNarrowAsWhatItIsLentFrom) {
  Grant narrow = Wanted("li", role::ROLE_COUNTY_APPROVER, "360733");
  narrow.mutable_scope()->add_industries("TEA");
  narrow.mutable_scope()->add_fund_sources("BRIDGE_CENTRAL");
  narrow.mutable_scope()->add_clauses("四");
  const Grant own = MustCreate(kAdmin, narrow);
  const auto lent = Delegate("li", Delegation(own, "wang"));
  ASSERT_THAT(lent, IsOk());
  EXPECT_EQ(lent->scope().SerializeAsString(), own.scope().SerializeAsString());
  EXPECT_EQ(lent->scope().industries(0), "TEA");
}

TEST_F(GrantsTest, R118_WhatADeputyDoesIsAuditedWithTheGrantAndOnWhoseBehalf) {
  const Grant own = MustCreate(kAdmin, Wanted("li", role::ROLE_ORG_ADMIN, "360733"));
  const auto lent = Delegate("li", Delegation(own, "wang"));
  ASSERT_THAT(lent, IsOk());
  // A deputy gives nothing to whom they stand in for.
  EXPECT_THAT(Create("wang", {Wanted("li", role::ROLE_COUNTY_OPERATOR, "360733")}),
              StatusIs(Code::kPermissionDenied, "SELF_GRANT"));
  const Grant made = MustCreate("wang", Wanted("x", role::ROLE_COUNTY_OPERATOR, "360733"));
  EXPECT_EQ(made.granted_by().delegated_by(), "li");
  audit::v1::ListHistoryRequest history;
  history.set_aggregate_type("grant");
  history.set_aggregate_id(made.id());
  auto entries = server_->Call<audit::v1::ListHistoryResponse>(
      "bangfu.audit.v1.AuditService.ListHistory", history, Me(kAdmin));
  ASSERT_THAT(entries, IsOk());
  ASSERT_EQ(entries->entries_size(), 1);
  const type::v1::Actor& actor = entries->entries(0).actor();
  EXPECT_EQ(actor.subject(), "wang");
  EXPECT_EQ(actor.delegated_by(), "li");
  EXPECT_EQ(actor.grant_id(), lent->id());
  auto verified = server_->Call<audit::v1::VerifyAuditResponse>(
      "bangfu.audit.v1.AuditService.VerifyAudit", audit::v1::VerifyAuditRequest(),
      server_->Token(role::ROLE_AUDITOR, "36", "auditor"));
  ASSERT_THAT(verified, IsOk());
  EXPECT_EQ(verified->broken_size(), 0);
  // On whose behalf is under the hash.
  ASSERT_THAT(db().Execute("UPDATE audit_log SET actor_delegated_by = '' WHERE "
                           "actor_delegated_by = 'li'"),
              IsOk());
  verified = server_->Call<audit::v1::VerifyAuditResponse>(
      "bangfu.audit.v1.AuditService.VerifyAudit", audit::v1::VerifyAuditRequest(),
      server_->Token(role::ROLE_AUDITOR, "36", "auditor"));
  ASSERT_THAT(verified, IsOk());
  EXPECT_GT(verified->broken_size(), 0);
}

TEST_F(GrantsTest, AnEarlierEndCutsWhatWasLent) {
  const Grant own = MustCreate(kAdmin, Wanted("li", role::ROLE_COUNTY_APPROVER, "360733"));
  const auto soon = Delegate("li", Delegation(own, "wang"));
  v1::DelegateGrantRequest later_request = Delegation(own, "zhao", absl::Hours(24 * 9));
  grants::SetTime(Now() + absl::Hours(24 * 8), later_request.mutable_valid_from());
  const auto later = Delegate("li", later_request);
  ASSERT_THAT(soon, IsOk());
  ASSERT_THAT(later, IsOk());
  EXPECT_EQ(later->state(), type::v1::GRANT_STATE_PENDING);
  v1::ChangeGrantValidityRequest change;
  change.set_id(own.id());
  change.set_etag(own.etag());
  change.set_reason("任期届满");
  const absl::Time end = Now() + absl::Hours(24 * 2);
  grants::SetTime(end, change.mutable_valid_to());
  ASSERT_THAT(Call<Grant>(kAdmin, "ChangeGrantValidity", change), IsOk());
  EXPECT_EQ(grants::TimeOf(Get("li", soon->id())->valid_to()), end);
  EXPECT_EQ(Get("li", later->id())->state(), type::v1::GRANT_STATE_REVOKED);
  EXPECT_THAT(Call<Grant>(kAdmin, "ChangeGrantValidity", change),
              StatusIs(Code::kAborted, "ETAG_MISMATCH"));
}

// A later end gives for the time that it adds: by the rules of granting.
TEST_F(GrantsTest, R118_WhoAdministersANarrowFieldMakesNoWiderGrantLast) {
  const auto end = [&](const std::string& who, const Grant& grant, int days) {
    const auto now = Get(kAdmin, grant.id());
    EXPECT_THAT(now, IsOk());
    v1::ChangeGrantValidityRequest change;
    change.set_id(grant.id());
    change.set_etag(now.ok() ? now->etag() : "");
    change.set_reason("续期");
    if (days > 0) grants::SetTime(Now() + absl::Hours(24 * days), change.mutable_valid_to());
    return Call<Grant>(who, "ChangeGrantValidity", change);
  };
  const auto until = [&](Grant grant, int days) {
    grants::SetTime(Now() + absl::Hours(24 * days), grant.mutable_valid_to());
    return MustCreate(kAdmin, grant);
  };
  Grant tea = Wanted("tea-admin", role::ROLE_ORG_ADMIN, "3607");
  tea.mutable_scope()->add_industries("TEA");
  MustCreate(kAdmin, tea);
  Grant money = Wanted("money-admin", role::ROLE_ORG_ADMIN, "3607");
  money.mutable_scope()->add_fund_sources("BRIDGE_CENTRAL");
  MustCreate(kAdmin, money);
  Grant clause = Wanted("clause-admin", role::ROLE_ORG_ADMIN, "3607");
  clause.mutable_scope()->add_clauses("四");
  MustCreate(kAdmin, clause);
  const Grant wide = until(Wanted("li", role::ROLE_COUNTY_APPROVER, "360733"), 30);
  for (const char* who : {"tea-admin", "money-admin", "clause-admin"}) {
    EXPECT_THAT(end(who, wide, 31), StatusIs(Code::kPermissionDenied, "GRANT_BEYOND_SCOPE")) << who;
    EXPECT_THAT(end(who, wide, 0), StatusIs(Code::kPermissionDenied, "GRANT_BEYOND_SCOPE")) << who;
  }
  EXPECT_EQ(Get(kAdmin, wide.id())->etag(), wide.etag());
  // What is theirs they extend, without end too; what takes away asks for no field of work.
  Grant own_field = Wanted("wang", role::ROLE_COUNTY_APPROVER, "360733");
  own_field.mutable_scope()->add_industries("TEA");
  const Grant narrow = until(own_field, 30);
  EXPECT_THAT(end("money-admin", narrow, 31),
              StatusIs(Code::kPermissionDenied, "GRANT_BEYOND_SCOPE"));
  EXPECT_THAT(end("tea-admin", narrow, 31), IsOk());
  const auto endless = end("tea-admin", narrow, 0);
  ASSERT_THAT(endless, IsOk());
  EXPECT_FALSE(endless->has_valid_to());
  EXPECT_THAT(end("tea-admin", wide, 20), IsOk());
  EXPECT_THAT(end("tea-admin", wide, 21), StatusIs(Code::kPermissionDenied, "GRANT_BEYOND_SCOPE"));
  EXPECT_THAT(end(kAdmin, wide, 30), IsOk());
  EXPECT_THAT(Revoke("tea-admin", wide.id()), IsOk());
  // What is over, or taken back, no change of its end brings to life again.
  EXPECT_THAT(end(kAdmin, wide, 30), StatusIs(Code::kFailedPrecondition, "STATE_NOT_ALLOWED"));
  const Grant brief = until(Wanted("zhao", role::ROLE_COUNTY_APPROVER, "360733"), 1);
  server_->clock().Advance(absl::Hours(25));
  EXPECT_THAT(end(kAdmin, brief, 30), StatusIs(Code::kFailedPrecondition, "STATE_NOT_ALLOWED"));
}

TEST_F(GrantsTest, R118_ALaterEndNeitherReachesIntoTheSameGrantNorIntoWhatIsLent) {
  Grant first = Wanted("li", role::ROLE_COUNTY_APPROVER, "360733");
  grants::SetTime(Now() + absl::Hours(24 * 10), first.mutable_valid_to());
  const Grant now = MustCreate(kAdmin, first);
  const auto lent = Delegate("li", Delegation(now, "wang"));
  ASSERT_THAT(lent, IsOk());
  Grant second = Wanted("li", role::ROLE_COUNTY_APPROVER, "360733");
  grants::SetTime(Now() + absl::Hours(24 * 20), second.mutable_valid_from());
  const Grant next = MustCreate(kAdmin, second);
  v1::ChangeGrantValidityRequest change;
  change.set_id(now.id());
  change.set_etag(now.etag());
  change.set_reason("续期");
  const auto refused = Call<Grant>(kAdmin, "ChangeGrantValidity", change);
  EXPECT_THAT(refused, StatusIs(Code::kAlreadyExists, "GRANT_EXISTS"));
  const ErrorDetail detail = GetErrorDetail(refused.status());
  EXPECT_EQ(detail.metadata.at("grant_id"), next.id());
  ASSERT_EQ(detail.violations.size(), 1u);
  EXPECT_EQ(detail.violations[0].field, "valid_to");
  // Up to where the other begins there is room; what was lent keeps the end that it was lent for.
  grants::SetTime(Now() + absl::Hours(24 * 20), change.mutable_valid_to());
  EXPECT_THAT(Call<Grant>(kAdmin, "ChangeGrantValidity", change), IsOk());
  EXPECT_EQ(Get("li", lent->id())->valid_to().SerializeAsString(),
            lent->valid_to().SerializeAsString());
}

// Of an extension and a grant of the same right at once, one comes through.
TEST_F(GrantsTest, AnExtensionAndTheSameGrantAtOnceDoNotOverlap) {
  for (int round = 0; round < 5; ++round) {
    Grant first = Wanted("twin-" + std::to_string(round), role::ROLE_COUNTY_OPERATOR, "360733");
    v1::CreateGrantsRequest create;
    *create.add_grants() = first;
    grants::SetTime(Now() + absl::Hours(24 * 20), create.mutable_grants(0)->mutable_valid_from());
    grants::SetTime(Now() + absl::Hours(24 * 10), first.mutable_valid_to());
    const Grant made = MustCreate(kAdmin, first);
    v1::ChangeGrantValidityRequest change;
    change.set_id(made.id());
    change.set_etag(made.etag());
    change.set_reason("续期");
    EXPECT_EQ(AtOnce([&] { return Raw<v1::CreateGrantsResponse>(kAdmin, "CreateGrants", create); },
                     [&] { return Raw<Grant>(kAdmin, "ChangeGrantValidity", change); }),
              std::pair(1, std::string("GRANT_EXISTS")));
  }
}

TEST_F(GrantsTest, OfTwoAtOnceWhoGrantTheSameOneComesThrough) {
  for (int round = 0; round < 5; ++round) {
    v1::CreateGrantsRequest request;
    *request.add_grants() =
        Wanted("twin-" + std::to_string(round), role::ROLE_COUNTY_OPERATOR, "360733");
    const auto create = [&] {
      return Raw<v1::CreateGrantsResponse>(kAdmin, "CreateGrants", request);
    };
    EXPECT_EQ(AtOnce(create, create), std::pair(1, std::string("GRANT_EXISTS")));
  }
}

TEST_F(GrantsTest, OfTwoAtOnceWhoLendToEachOtherOneComesThrough) {
  for (int round = 0; round < 5; ++round) {
    const std::string a = "a" + std::to_string(round), b = "b" + std::to_string(round);
    const Grant of_a = MustCreate(kAdmin, Wanted(a, role::ROLE_COUNTY_APPROVER, "360733"));
    const Grant of_b = MustCreate(kAdmin, Wanted(b, role::ROLE_COUNTY_APPROVER, "360733"));
    EXPECT_EQ(AtOnce([&] { return Raw<Grant>(a, "DelegateGrant", Delegation(of_a, b)); },
                     [&] { return Raw<Grant>(b, "DelegateGrant", Delegation(of_b, a)); }),
              std::pair(1, std::string("DELEGATION_CIRCULAR")));
  }
}

TEST_F(GrantsTest, OfBothWhoEndADelegationAtOnceOneDoes) {
  for (int round = 0; round < 6; ++round) {
    const bool as_seen = round % 2 == 0;  // or whatever stands
    const std::string a = "a" + std::to_string(round), b = "b" + std::to_string(round);
    const Grant own = MustCreate(kAdmin, Wanted(a, role::ROLE_COUNTY_APPROVER, "360733"));
    const auto lent = Delegate(a, Delegation(own, b));
    ASSERT_THAT(lent, IsOk());
    v1::EndDelegationRequest end;
    end.set_id(lent->id());
    if (as_seen) end.set_etag(lent->etag());
    EXPECT_EQ(AtOnce([&] { return Raw<Grant>(a, "EndDelegation", end); },
                     [&] { return Raw<Grant>(b, "EndDelegation", end); }),
              std::pair(1, std::string(as_seen ? "ETAG_MISMATCH" : "STATE_NOT_ALLOWED")));
    Look();
    EXPECT_EQ(Get(kAdmin, lent->id())->state(), type::v1::GRANT_STATE_REVOKED);
    EXPECT_EQ(Get(kAdmin, own.id())->state(), type::v1::GRANT_STATE_ACTIVE);
    EXPECT_EQ(server_->database().Int("SELECT COUNT(*) FROM audit_log WHERE aggregate_type = "
                                      "'grant' AND aggregate_id = ?",
                                      {*Ulid::Parse(lent->id())}),
              2);
    const auto deputy = book_.Of(b, false);
    EXPECT_TRUE(deputy == nullptr || deputy->grants.empty());
  }
}

TEST_F(GrantsTest, WhatIsLentWhileItsSourceIsTakenBackDoesNotStayBehind) {
  for (int round = 0; round < 5; ++round) {
    const std::string a = "a" + std::to_string(round);
    const Grant own = MustCreate(kAdmin, Wanted(a, role::ROLE_COUNTY_APPROVER, "360733"));
    v1::RevokeGrantRequest revoke;
    revoke.set_id(own.id());
    revoke.set_reason("调离");
    AtOnce([&] { return Raw<Grant>(a, "DelegateGrant", Delegation(own, "deputy")); },
           [&] { return Raw<Grant>(kAdmin, "RevokeGrant", revoke); });
    Look();
    EXPECT_EQ(Get(kAdmin, own.id())->state(), type::v1::GRANT_STATE_REVOKED);
    const auto deputy = book_.Of("deputy", false);
    EXPECT_TRUE(deputy == nullptr || deputy->grants.empty());
  }
}

TEST_F(GrantsTest, OfTwoAdministratorsWhoTakeEachOthersGrantOneStays) {
  for (int round = 0; round < 5; ++round) {
    const std::string a = "a" + std::to_string(round), b = "b" + std::to_string(round);
    const Grant of_a = MustCreate(kAdmin, Wanted(a, role::ROLE_ORG_ADMIN, "3607"));
    const Grant of_b = MustCreate(kAdmin, Wanted(b, role::ROLE_ORG_ADMIN, "3607"));
    v1::RevokeGrantRequest take_a, take_b;
    take_a.set_id(of_a.id());
    take_b.set_id(of_b.id());
    for (auto* request : {&take_a, &take_b}) request->set_reason("争执");
    const auto [through, reason] = AtOnce([&] { return Raw<Grant>(b, "RevokeGrant", take_a); },
                                          [&] { return Raw<Grant>(a, "RevokeGrant", take_b); });
    EXPECT_EQ(through, 1) << reason;
    EXPECT_EQ(reason, "ROLE_REQUIRED");
    Look();
  }
}

// The right is looked at again in the transaction: whoever loses it meanwhile grants nothing.
TEST_F(GrantsTest, R118_ARightThatIsTakenWhileInUseDoesNotCount) {
  for (int round = 0; round < 5; ++round) {
    const std::string a = "a" + std::to_string(round);
    const Grant own = MustCreate(kAdmin, Wanted(a, role::ROLE_ORG_ADMIN, "360733"));
    v1::RevokeGrantRequest revoke;
    revoke.set_id(own.id());
    revoke.set_reason("调离");
    ASSERT_THAT(Raw<Grant>(kAdmin, "RevokeGrant", revoke), IsOk());
    // This process has not looked yet and lets the call in.
    v1::CreateGrantsRequest request;
    *request.add_grants() = Wanted("late", role::ROLE_COUNTY_OPERATOR, "360733");
    EXPECT_THAT(Raw<v1::CreateGrantsResponse>(a, "CreateGrants", request),
                StatusIs(Code::kPermissionDenied, "ROLE_REQUIRED"));
    Look();
  }
}

TEST_F(GrantsTest, TheFirstAdministratorIsMadeOnceAndOnlyWhenThereIsNobody) {
  EXPECT_THAT(EnsureFirstAdmin(db(), Now(), "intruder", ""), IsOk());
  v1::ListGrantsRequest list;
  auto all = Call<v1::ListGrantsResponse>(kAdmin, "ListGrants", list);
  ASSERT_THAT(all, IsOk());
  ASSERT_EQ(all->grants_size(), 1);
  EXPECT_EQ(all->grants(0).person(), kAdmin);
  EXPECT_EQ(all->grants(0).person_name(), "王管理");
}

TEST_F(GrantsTest, ARecodeTakesTheGrantsAlong) {
  // Filed under the code of then, which is today's city of the same name.
  const Grant old = MustCreate(kAdmin, Wanted("li", role::ROLE_COUNTY_OPERATOR, "360727"));
  EXPECT_EQ(old.regions(0).code(), "360727");
  EXPECT_EQ(old.regions(0).region_path(), "360783");
  // As if the county had been renumbered after it was granted.
  ASSERT_THAT(mysql::Transact(
                  db(), [&](mysql::Tx& tx) { return RecodeGrants(tx, "360783", "360733", Now()); }),
              IsOk());
  Look();
  const auto held = book_.Of("li", false);
  ASSERT_NE(held, nullptr);
  EXPECT_EQ(held->grants[0].region_path, "360733");
  const auto moved = Get("li", old.id());
  ASSERT_THAT(moved, IsOk());
  EXPECT_EQ(moved->regions(0).code(), "360727");
  EXPECT_EQ(moved->regions(0).region_path(), "360733");
}

TEST_F(GrantsTest, ARecodeOfOneRegionOfAGrantIntoAnotherLeavesOne) {
  Grant both = Wanted("li", role::ROLE_COUNTY_OPERATOR, "360783");
  both.add_regions()->set_code("360733");
  const Grant old = MustCreate(kAdmin, both);
  ASSERT_EQ(old.regions_size(), 2);
  ASSERT_THAT(mysql::Transact(
                  db(), [&](mysql::Tx& tx) { return RecodeGrants(tx, "360783", "360733", Now()); }),
              IsOk());
  Look();
  const auto held = book_.Of("li", false);
  ASSERT_NE(held, nullptr);
  ASSERT_EQ(held->grants.size(), 1u);
  EXPECT_EQ(held->grants[0].region_path, "360733");
  const auto moved = Get("li", old.id());
  ASSERT_THAT(moved, IsOk());
  EXPECT_EQ(moved->regions_size(), 1);
}

TEST_F(GrantsTest, AGrantThatCameUnderTheOldCodeOfARegionIsSwept) {
  const Grant late = MustCreate(kAdmin, Wanted("li", role::ROLE_COUNTY_OPERATOR, "360783"));
  const recode::Move move{Ulid(), "360783", "360733", Now()};
  ASSERT_THAT(
      mysql::Transact(db(), [&](mysql::Tx& tx) { return PublishSwept(tx, move, 0, Now()); }),
      IsOk());
  Look();
  const auto held = book_.Of("li", false);
  ASSERT_NE(held, nullptr);
  EXPECT_EQ(held->grants[0].region_path, "360733");
  EXPECT_EQ(Get("li", late.id())->regions(0).region_path(), "360733");
  // Nobody asked for it, so the audit says what did it.
  EXPECT_EQ(server_->database().Int(
                "SELECT COUNT(*) FROM audit_log WHERE aggregate_type = 'grant' AND action = "
                "'job.sweep_moved_regions' AND reason LIKE '%360783→360733' AND before_json LIKE "
                "'%\"regionPath\":\"360783\"%' AND after_json NOT LIKE "
                "'%\"regionPath\":\"360783\"%'"),
            1);
}

TEST_F(GrantsTest, ListsGoByAnIndexOfTheRegion) {
  for (int i = 0; i < 3; ++i) {
    GrantQuery query;
    query.scope = {"360733"};
    query.now = Now();
    if (i == 1) query.person = "li";
    if (i == 2) query.role = role::ROLE_COUNTY_OPERATOR;
    mysql::Params params;
    const std::string sql = ListGrantsSql(query, &params);
    auto plan = db().Query("EXPLAIN " + sql, params);
    ASSERT_THAT(plan, IsOk());
    bool by_region = false;
    for (const mysql::Row& row : *plan) {
      if (row.String(2) == "r") by_region = row.String(5).find("role_grant_region_by") == 0;
    }
    EXPECT_TRUE(by_region) << sql;
  }
}

}  // namespace
}  // namespace bangfu::registry

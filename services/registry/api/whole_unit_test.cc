// Steps on the whole of a village, a region or a campaign: by a grant for some money or industries
// they are refused, are not offered and lie in no inbox; by one for everything they are taken, and
// that one is named.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "common/contract/time.h"
#include "common/inbox/recount.h"
#include "common/status/macros.h"
#include "services/registry/api/inbox_for_test.h"

namespace bangfu::registry {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::Not;

auto Excluded() { return StatusIs(absl::StatusCode::kPermissionDenied, "SCOPE_EXCLUDES"); }

class WholeUnit : public InboxTest {
 protected:
  // A step of the role, which is held narrowed in one region and for everything in a wider one.
  struct Step {
    std::string name;
    auth::Role role = options::v1::ROLE_UNSPECIFIED;
    std::string region, wider;
    std::string kind;  // of its work item; empty: it is nobody's work
    std::function<type::v1::AllowedAction(const std::string& token)> told;  // null: nowhere
    std::function<absl::Status(const std::string& token)> act;
    std::string audited;  // the type of what is changed
  };

  static auth::Grant Held(auth::Role role, const std::string& region, bool narrowed) {
    auth::Grant grant;
    grant.role = role;
    grant.region_path = region;
    // The very money and industry of the projects there, but not everything.
    if (narrowed) grant.fund_sources = {"BRIDGE_CENTRAL"};
    if (narrowed) grant.industries = {"OIL"};
    return grant;
  }
  std::string Person(const std::string& name, std::vector<auth::Grant> grants) {
    auth::Caller caller;
    caller.subject = name;
    caller.grants = std::move(grants);
    return server_.Token(caller);
  }
  std::vector<std::string> KindsOf(const std::string& token) {
    std::vector<std::string> out;
    for (const auto& item : Mine(token)) out.push_back(item.kind());
    return out;
  }
  std::string AuditedAt(const std::string& type) {
    const auto rows = server_.database().db().Query(
        "SELECT actor_region FROM audit_log WHERE aggregate_type = ? ORDER BY occurred_at DESC, "
        "aggregate_id DESC, chain_no DESC LIMIT 1",
        {type});
    EXPECT_OK(rows);
    return rows.ok() && !rows->empty() ? (*rows)[0].String(0) : "";
  }
  void Try(const Step& step) {
    SCOPED_TRACE(step.name);
    server_.clock().Advance(absl::Seconds(1));  // audit rows in order
    const auth::Grant narrow = Held(step.role, step.region, true);
    const std::string name = Cat("of-", step.name);
    const std::string narrowed = Person(name, {narrow});
    const std::string whole = Person(name, {narrow, Held(step.role, step.wider, false)});
    if (step.told) {
      const type::v1::AllowedAction refused = step.told(narrowed);
      EXPECT_EQ(refused.refusal_reason(), "SCOPE_EXCLUDES");
      EXPECT_FALSE(refused.refusal_zh().empty());
      EXPECT_TRUE(step.told(whole).allowed()) << step.told(whole).refusal_reason();
    }
    if (!step.kind.empty()) {
      EXPECT_THAT(KindsOf(narrowed), Not(Contains(step.kind)));
      EXPECT_THAT(KindsOf(whole), Contains(step.kind));
    }
    EXPECT_THAT(step.act(narrowed), Excluded());
    ASSERT_OK(step.act(whole));
    EXPECT_EQ(AuditedAt(step.audited), step.wider);
  }

  type::v1::AllowedAction ToldOfUnit(const std::string& village, std::string_view action,
                                     const std::string& token) {
    v1::GetUnitReportRequest get;
    get.set_id(Unit(campaign_.id(), village).id());
    auto unit = Inventory<v1::InventoryUnitReport>("GetUnitReport", get, token);
    EXPECT_OK(unit);
    return unit.ok() ? ToldOf(*unit, action) : type::v1::AllowedAction();
  }
  type::v1::AllowedAction ToldOfCampaign(std::string_view action, const std::string& token) {
    v1::GetCampaignRequest get;
    get.set_id(campaign_.id());
    auto campaign = Inventory<v1::InventoryCampaign>("GetCampaign", get, token);
    EXPECT_OK(campaign);
    return campaign.ok() ? ToldOf(*campaign, action) : type::v1::AllowedAction();
  }
  Step OnUnit(const std::string& action, auth::Role role, const std::string& region,
              const std::string& wider, const std::string& kind,
              std::function<absl::Status(const std::string& token)> act) {
    return {
        action,
        role,
        region,
        wider,
        kind,
        [this, action](const std::string& token) { return ToldOfUnit(kVillage, action, token); },
        std::move(act),
        "unit_report"};
  }
  v1::InventoryUnitReport Here() { return Unit(campaign_.id(), kVillage); }
  // Every department signs, by grants for its money alone.
  void SignAll() {
    const v1::VerificationTask task = Task(Here().id());
    for (const v1::RequiredDepartment& d : task.departments()) {
      auth::Grant grant =
          Of(d.is_lead() ? options::v1::ROLE_COUNTY_OPERATOR : options::v1::ROLE_SECTOR_VERIFIER);
      grant.fund_sources.assign(d.source_codes().begin(), d.source_codes().end());
      const std::string token = Person(Cat("of-", d.department_code()), {grant});
      EXPECT_TRUE(ToldOfUnit(kVillage, "sign", token).allowed());
      EXPECT_THAT(KindsOf(token), Contains("UNIT_REPORT_SIGN"));
      ASSERT_OK(Sign(Here().id(), Here().etag(), d.department_code(), token));
    }
  }
  Step Completing() {
    return {
        "complete",
        options::v1::ROLE_COUNTY_OPERATOR,
        kCounty,
        "3607",
        "UNIT_REPORT_COMPLETE",
        [this](const std::string& token) { return ToldOf(Task(Here().id(), token), "complete"); },
        [this](const std::string& token) {
          return Complete(Here().id(), Here().etag(), token).status();
        },
        "unit_report"};
  }

  v1::InventoryCampaign campaign_;
};

TEST_F(WholeUnit, R118_AWholeVillageOrCampaignTakesAGrantForEverything) {
  using namespace options::v1;  // the roles
  ASSERT_OK(Register(NewProject("油茶基地")));
  Try({"create", ROLE_COUNTY_APPROVER, kCounty, "3607", "", nullptr,
       [this](const std::string& token) -> absl::Status {
         ASSIGN_OR_RETURN(campaign_, CreateCampaign(kCounty, token));
         return absl::OkStatus();
       },
       "campaign"});
  Try({"open", ROLE_COUNTY_APPROVER, kCounty, "3607", "CAMPAIGN_OPEN",
       [this](const std::string& token) { return ToldOfCampaign("open", token); },
       [this](const std::string& token) { return Open(campaign_, token).status(); }, "campaign"});
  RunOperations();
  Try({"unlock", ROLE_COUNTY_APPROVER, kCounty, "3607", "", nullptr,
       [this](const std::string& token) {
         v1::GrantLockExceptionRequest request;
         request.set_request_id(RequestId());
         request.set_campaign_id(campaign_.id());
         request.set_region_code(kVillage);
         SetTime(server_.clock().Now() + absl::Hours(24), request.mutable_expires_at());
         request.set_reason("道路中断");
         return Inventory<v1::LockException>("GrantLockException", request, token).status();
       },
       "lock_exception"});

  Try(OnUnit(
      "save_draft", ROLE_VILLAGE_REPORTER, kVillage, kTownship, "UNIT_REPORT_SUBMIT",
      [this](const std::string& token) {
        v1::SaveUnitReportDraftRequest request;
        request.set_request_id(RequestId());
        request.set_id(Here().id());
        request.set_etag(Here().etag());
        request.set_signatory("村支书");
        return Inventory<v1::InventoryUnitReport>("SaveUnitReportDraft", request, token).status();
      }));
  Try(OnUnit("submit", ROLE_VILLAGE_REPORTER, kVillage, kTownship, "UNIT_REPORT_SUBMIT",
             [this](const std::string& token) { return Submit(Here(), false, token).status(); }));
  Try(OnUnit("return", ROLE_TOWNSHIP_REVIEWER, kTownship, kCounty, "UNIT_REPORT_PASS",
             [this](const std::string& token) { return Return(Here(), token).status(); }));
  ASSERT_OK(Submit(Here(), false));
  Try(OnUnit("pass", ROLE_TOWNSHIP_REVIEWER, kTownship, kCounty, "UNIT_REPORT_PASS",
             [this](const std::string& token) { return Pass(Here(), token).status(); }));
  SignAll();
  Try(Completing());
  Try(OnUnit("recall", ROLE_COUNTY_OPERATOR, kCounty, "3607", "",
             [this](const std::string& token) { return Recall(Here(), token).status(); }));
  SignAll();
  Try(Completing());

  for (const char* village : {kVillage2, kVillage3, kVillage4}) Verify(campaign_.id(), village);
  v1::Sample sample;
  Try({"draw", ROLE_CITY_SUPERVISOR, "3607", "36", "SAMPLE_DRAW",
       [this](const std::string& token) { return ToldOfCampaign("draw_sample", token); },
       [&](const std::string& token) -> absl::Status {
         ASSIGN_OR_RETURN(sample, Draw(campaign_.id(), "3607", token, "", 10000));
         return absl::OkStatus();
       },
       "sample"});
  ASSERT_EQ(sample.units_size(), 4);
  Try({"record", ROLE_CITY_SUPERVISOR, "3607", "36", "SAMPLE_RESULT",
       [&](const std::string& token) {
         v1::GetSampleRequest get;
         get.set_id(sample.id());
         auto seen = Inventory<v1::Sample>("GetSample", get, token);
         EXPECT_OK(seen);
         return seen.ok() ? ToldOf(*seen, "record_sample_result") : type::v1::AllowedAction();
       },
       [&](const std::string& token) {
         return Result(sample.id(), sample.units(0).unit_report_id(), false, token).status();
       },
       "sample"});
  for (int i = 1; i < sample.units_size(); ++i) {
    ASSERT_OK(Result(sample.id(), sample.units(i).unit_report_id()));
  }
  Try({"confirm", ROLE_PROV_OFFICE, kCounty, "36", "INVENTORY_CONFIRM",
       [this](const std::string& token) { return ToldOfCampaign("confirm", token); },
       [this](const std::string& token) {
         v1::ConfirmProvinceRequest request;
         request.set_request_id(RequestId());
         request.set_campaign_id(campaign_.id());
         request.set_region_code(kCounty);
         return Inventory<v1::ConfirmProvinceResponse>("ConfirmProvince", request, token).status();
       },
       "unit_report"});
  campaign_ = Campaign(campaign_.id());
  Try({"close", ROLE_COUNTY_APPROVER, kCounty, "3607", "CAMPAIGN_CLOSE",
       [this](const std::string& token) { return ToldOfCampaign("close", token); },
       [this](const std::string& token) {
         v1::CloseCampaignRequest request;
         request.set_request_id(RequestId());
         request.set_id(campaign_.id());
         request.set_etag(campaign_.etag());
         return Inventory<v1::InventoryCampaign>("CloseCampaign", request, token).status();
       },
       "campaign"});
}

// In bulk each report is refused by itself, as its own rpc refuses it.
TEST_F(WholeUnit, R118_ManyVillagesAtOnceAreNoOtherMatter) {
  campaign_ = OpenCampaign();
  ASSERT_OK(Submit(Here(), true));
  ASSERT_OK(Submit(Unit(campaign_.id(), kVillage2), true));
  v1::BatchPassUnitReportsRequest pass;
  for (const char* village : {kVillage, kVillage2}) {
    pass.add_items()->set_id(Unit(campaign_.id(), village).id());
  }
  const auto passed = [&](const std::vector<auth::Grant>& grants) {
    pass.set_request_id(RequestId());
    std::vector<std::string> out;
    auto response = Inventory<v1::BatchPassUnitReportsResponse>("BatchPassUnitReports", pass,
                                                                Person("reviewer", grants));
    EXPECT_OK(response);
    if (!response.ok()) return out;
    for (const type::v1::BulkResult& result : response->results()) {
      out.push_back(result.done() ? "" : result.refusal().reason());
    }
    return out;
  };
  const auth::Grant narrow = Held(options::v1::ROLE_TOWNSHIP_REVIEWER, kTownship, true);
  EXPECT_THAT(passed({narrow}), ::testing::ElementsAre("SCOPE_EXCLUDES", "SCOPE_EXCLUDES"));
  EXPECT_THAT(passed({narrow, Held(options::v1::ROLE_TOWNSHIP_REVIEWER, kCounty, false)}),
              ::testing::ElementsAre("", ""));
  EXPECT_EQ(AuditedAt("unit_report"), kCounty);
}

// Nor does what lies in the region of such a grant make an act elsewhere possible.
TEST_F(WholeUnit, ADrawIsOfferedOfWhatCanBeDrawn) {
  campaign_ = OpenCampaign("36", Province());
  Verify(campaign_.id(), kVillage);
  const std::string city = Person("city", {Held(options::v1::ROLE_CITY_SUPERVISOR, "3607", true),
                                           Held(options::v1::ROLE_CITY_SUPERVISOR, "3608", false)});
  EXPECT_EQ(ToldOfCampaign("draw_sample", city).refusal_reason(), "NOTHING_TO_SAMPLE");
  EXPECT_THAT(Draw(campaign_.id(), "3607", city), Excluded());
  EXPECT_THAT(Draw(campaign_.id(), "3608", city), StatusIs(absl::StatusCode::kFailedPrecondition));
  Verify(campaign_.id(), kOtherVillage, Village(kOtherVillage));
  EXPECT_TRUE(ToldOfCampaign("draw_sample", city).allowed());
}

// A deputy's own right to other money does not make one out of what was lent.
TEST_F(WholeUnit, R118_WhatThePrincipalSubmittedIsNotSignedByOwnRightsToOtherMoney) {
  v1::Project project = NewProject("以工代赈茶园");
  project.mutable_declared_funding(0)->set_task_code("WORK_RELIEF");
  ASSERT_OK(Register(project));
  campaign_ = OpenCampaign();
  ASSERT_OK(Submit(Here(), false));
  ASSERT_OK(Pass(Here()));
  const std::string department = "DEVELOPMENT_REFORM";
  const auto deputy = [&](const std::string& person, const std::string& own,
                          const std::string& principal) {
    auth::Grant lent = OfSource("BRIDGE_CENTRAL", options::v1::ROLE_SECTOR_VERIFIER);
    lent.delegated_by = principal;
    lent.id = server_.ids().Next();
    held_.Set(person,
              {person, {OfSource(own, options::v1::ROLE_SECTOR_VERIFIER), std::move(lent)}, {}});
    return ::bangfu::testing::PersonToken(server_, person);
  };
  const std::string submitter = Here().submitted_by().subject();
  const std::string refused = deputy("deputy-1", "LOTTERY", submitter);
  EXPECT_EQ(ToldOfUnit(kVillage, "sign", refused).refusal_reason(), "SELF_APPROVAL");
  EXPECT_THAT(KindsOf(refused), Not(Contains("UNIT_REPORT_SIGN")));
  EXPECT_THAT(Sign(Here().id(), Here().etag(), department, refused),
              StatusIs(absl::StatusCode::kFailedPrecondition, "SELF_APPROVAL"));
  // Lent by another, or by their own right to this money, they sign.
  const std::string other = deputy("deputy-2", "LOTTERY", "another");
  EXPECT_TRUE(ToldOfUnit(kVillage, "sign", other).allowed());
  EXPECT_THAT(KindsOf(other), Contains("UNIT_REPORT_SIGN"));
  const std::string own = deputy("deputy-3", "BRIDGE_CENTRAL", submitter);
  EXPECT_TRUE(ToldOfUnit(kVillage, "sign", own).allowed());
  EXPECT_THAT(KindsOf(own), Contains("UNIT_REPORT_SIGN"));
  EXPECT_OK(Sign(Here().id(), Here().etag(), department, own));
}

// Whoever holds nothing of the role is told so, not of a scope.
TEST_F(WholeUnit, AnotherRoleIsRefusedAsSuch) {
  campaign_ = OpenCampaign();
  EXPECT_THAT(Draw(campaign_.id(), "3607",
                   Person("city", {Held(options::v1::ROLE_PROV_OFFICE, "36", true)})),
              StatusIs(absl::StatusCode::kPermissionDenied, "ROLE_NOT_ALLOWED"));
}

// Items that opened before they kept what they take are brought after by the recount.
TEST_F(WholeUnit, TheRecountBringsEarlierItems) {
  campaign_ = OpenCampaign("36", Province());
  for (const char* village : {kVillage, kVillage2, kVillage3, kVillage4}) {
    Verify(campaign_.id(), village);
  }
  ASSERT_OK(CreateCampaign(kCounty));  // still to be opened
  const std::string narrowed =
      Person("reporter", {Held(options::v1::ROLE_VILLAGE_REPORTER, kOtherVillage, true)});
  const std::string approver =
      Person("approver", {Held(options::v1::ROLE_COUNTY_APPROVER, kCounty, true)});
  const std::string city = Person("city", {Held(options::v1::ROLE_CITY_SUPERVISOR, "3607", true)});
  server_.database().Run("UPDATE work_item SET fund_sources = '', industries = '';");
  server_.database().Run("UPDATE work_desk SET fund_sources = '', industries = '';");
  EXPECT_THAT(KindsOf(narrowed), Contains("UNIT_REPORT_SUBMIT"));
  EXPECT_THAT(KindsOf(approver), Contains("CAMPAIGN_OPEN"));
  EXPECT_THAT(KindsOf(city), Contains("SAMPLE_DRAW"));
  ASSERT_OK(inbox::Recount(server_.database().db(),
                           {UnitReportSource(), ConfirmationSource(), CampaignSource()},
                           server_.ids(), server_.clock().Now(), {.calendar = InboxCalendar()}));
  for (const std::string& token : {narrowed, approver, city}) {
    EXPECT_THAT(KindsOf(token), IsEmpty());
  }
  EXPECT_THAT(KindsOf(Village(kOtherVillage)), Contains("UNIT_REPORT_SUBMIT"));
  EXPECT_THAT(KindsOf(Approver()), Contains("CAMPAIGN_OPEN"));
  EXPECT_THAT(KindsOf(City()), Contains("SAMPLE_DRAW"));
}

}  // namespace
}  // namespace bangfu::registry

// A table is its region's as a whole: by grants for some money or industries its steps are refused,
// are not offered and lie in no inbox.
#include <functional>

#include "common/period/service_for_test.h"

namespace bangfu::period {
namespace {

using absl::StatusCode;
using ::bangfu::testing::StatusIs;
using ::testing::Contains;
using ::testing::IsEmpty;

class WholeTable : public PeriodServiceTest {
 protected:
  // A step of the role, which is held narrowed in one region and for everything in a wider one.
  struct Step {
    std::string action;
    Role role = Role::ROLE_UNSPECIFIED;
    std::string region, wider;
    std::string work;  // its item, as Work gives it
    std::function<absl::StatusOr<v1::Period>(const std::string& token)> take;
  };

  std::string Person(const std::string& name, std::vector<auth::Grant> grants) {
    auth::Caller caller;
    caller.subject = name;
    caller.grants = std::move(grants);
    return server_.Token(caller);
  }
  static auth::Grant Held(Role role, const std::string& region,
                          const std::vector<std::string>& industries) {
    auth::Grant grant;
    grant.role = role;
    grant.region_path = region;
    grant.industries = industries;
    return grant;
  }
  type::v1::AllowedAction Told(const std::string& action, const std::string& token) {
    const v1::Period period = Get(id_, token);
    for (const type::v1::AllowedAction& one : period.allowed_actions()) {
      if (one.action() == action) return one;
    }
    return {};
  }
  void Try(const Step& step) {
    SCOPED_TRACE(step.action);
    server_.clock().Advance(absl::Seconds(1));  // audit rows in order
    const auth::Grant narrow = Held(step.role, step.region, {"TEA"});
    const std::string name = Cat("of-", step.action, "-", step.region);
    const std::string narrowed = Person(name, {narrow});
    const std::string whole = Person(name, {narrow, Held(step.role, step.wider, {})});
    if (!id_.empty()) {
      EXPECT_EQ(Told(step.action, narrowed).refusal_reason(), "SCOPE_EXCLUDES");
      EXPECT_FALSE(Told(step.action, narrowed).refusal_zh().empty());
      EXPECT_TRUE(Told(step.action, whole).allowed()) << Told(step.action, whole).refusal_reason();
    }
    EXPECT_THAT(Work(narrowed), IsEmpty());
    if (!step.work.empty()) {
      EXPECT_THAT(Work(whole), Contains(step.work));
    }
    EXPECT_THAT(step.take(narrowed), StatusIs(StatusCode::kPermissionDenied, "SCOPE_EXCLUDES"));
    ASSERT_OK_AND_ASSIGN(const v1::Period after, step.take(whole));
    id_ = after.id();
    ASSERT_OK_AND_ASSIGN(
        const mysql::Rows rows,
        server_.database().db().Query("SELECT actor_region FROM audit_log WHERE aggregate_type = "
                                      "'period' ORDER BY occurred_at DESC, chain_no DESC LIMIT 1"));
    ASSERT_EQ(rows.size(), 1u);
    EXPECT_EQ(rows[0].String(0), step.wider);
    RunOperations();
  }
  Step Signing(const std::string& unit, const std::string& wider) {
    return {"sign",
            SignerOf(unit),
            unit,
            wider,
            Cat("PERIOD_SIGN ", unit),
            [this, unit](const std::string& token) {
              v1::SignPeriodRequest request;
              request.set_region_code(unit);
              request.set_rows_sha256(HashOf(id_, unit));
              return PeriodServiceTest::Step("SignPeriod", id_, token, request);
            }};
  }
  template <typename Request>
  std::function<absl::StatusOr<v1::Period>(const std::string&)> Plain(const std::string& rpc) {
    return [this, rpc](const std::string& token) {
      return PeriodServiceTest::Step<Request>(rpc, id_, token);
    };
  }

  std::string id_;
};

TEST_F(WholeTable, R118_EveryStepTakesAGrantForEverything) {
  Try({"freeze", Role::ROLE_COUNTY_OPERATOR, kCounty, "3607", "",
       [this](const std::string& token) { return Open(kCounty, token); }});
  Try({"freeze", Role::ROLE_COUNTY_OPERATOR, kCounty, "3607", "PERIOD_FREEZE",
       Plain<v1::FreezePeriodRequest>("FreezePeriod")});
  Try(Signing(kVillage1, kTownship));
  // Of the unit, too, it is told why.
  v1::ListPeriodUnitsRequest list;
  list.set_id(id_);
  list.set_region_code(kVillage2);
  ASSERT_OK_AND_ASSIGN(
      const auto units,
      Call<v1::ListPeriodUnitsResponse>(
          "ListPeriodUnits", list,
          Person("cadre", {Held(Role::ROLE_VILLAGE_REPORTER, kVillage2, {"TEA"})})));
  ASSERT_EQ(units.units_size(), 1);
  ASSERT_EQ(units.units(0).allowed_actions_size(), 1);
  EXPECT_EQ(units.units(0).allowed_actions(0).refusal_reason(), "SCOPE_EXCLUDES");
  ASSERT_OK(Sign(id_, kVillage2, "cadre-2"));
  Try(Signing(kTownship, kCounty));
  Try(Signing(kCounty, "3607"));
  Try({"submit", Role::ROLE_COUNTY_OPERATOR, kCounty, "3607", "PERIOD_SUBMIT",
       Plain<v1::SubmitPeriodRequest>("SubmitPeriod")});
  Try({"accept", Role::ROLE_CITY_SUPERVISOR, "3607", "36", "PERIOD_ACCEPT",
       Plain<v1::AcceptPeriodRequest>("AcceptPeriod")});
  Try({"return", Role::ROLE_CITY_SUPERVISOR, "3607", "36", "",
       [this](const std::string& token) { return Return(id_, token); }});
  Try({"reissue", Role::ROLE_COUNTY_OPERATOR, kCounty, "3607", "PERIOD_REISSUE",
       Plain<v1::ReissuePeriodRequest>("ReissuePeriod")});
}

TEST_F(WholeTable, R118_ManyTablesAtOnceAreNoOtherMatter) {
  id_ = Frozen().id();
  SignAll(id_);
  ASSERT_OK(PeriodServiceTest::Step<v1::SubmitPeriodRequest>("SubmitPeriod", id_, operator_));
  v1::BatchAcceptPeriodsRequest request;
  request.add_items()->set_id(id_);
  const auto accepted = [&](const std::vector<auth::Grant>& grants) {
    auto response = Call<v1::BatchAcceptPeriodsResponse>("BatchAcceptPeriods", request,
                                                         Person("supervisor", grants));
    EXPECT_OK(response);
    if (!response.ok() || response->results_size() != 1) return std::string("no result");
    return response->results(0).refusal().reason();
  };
  const auth::Grant narrow = Held(Role::ROLE_CITY_SUPERVISOR, "3607", {"TEA"});
  EXPECT_EQ(accepted({narrow}), "SCOPE_EXCLUDES");
  EXPECT_EQ(accepted({narrow, Held(Role::ROLE_CITY_SUPERVISOR, "36", {})}), "");
}

// A part of the region in which the caller holds less does not stand for the region.
TEST_F(WholeTable, WhoSignsForTheRegionIsToldOfIt) {
  id_ = Frozen().id();
  for (const char* village : {kVillage1, kVillage2}) ASSERT_OK(Sign(id_, village, village));
  ASSERT_OK(Sign(id_, kTownship, "township"));
  const std::string both = Person(
      "of-two",
      {Held(SignerOf(kCounty), "3607", {}), Held(Role::ROLE_VILLAGE_REPORTER, kVillage1, {"TEA"})});
  EXPECT_TRUE(Told("sign", both).allowed()) << Told("sign", both).refusal_reason();
  EXPECT_OK(Signing(kCounty, "3607").take(both));
}

// Under the codes that a table was frozen by, too, it is a matter of scope and not of the region.
TEST_F(WholeTable, ARegionThatGotAnotherCodeIsNarrowedAsBefore) {
  id_ = Frozen().id();
  server_.clock().Advance(absl::Seconds(1));
  UlidGenerator ids(server_.clock());
  ASSERT_OK(mysql::Transact(*session_, [&](mysql::Tx& tx) {
    return recode::Apply(tx, {RegionPart(), inbox::RegionPart(), operation::RegionPart()},
                         {ids.Next(), kCounty, "360799", server_.clock().Now()}, server_.clock())
        .status();
  }));
  const std::string narrowed =
      Person("cadre", {Held(Role::ROLE_VILLAGE_REPORTER, "360799101201", {"TEA"})});
  EXPECT_EQ(Told("sign", narrowed).refusal_reason(), "SCOPE_EXCLUDES");
}

}  // namespace
}  // namespace bangfu::period

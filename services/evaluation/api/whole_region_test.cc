// What is about every subject of a region, its ledger and its criteria: by a grant for some money
// or industries it is refused, is not offered and lies in no inbox; by one for everything it is
// done, and that one is named. The evaluation of a whole region is in evaluation_scope_test.cc.
#include <functional>
#include <string>
#include <vector>

#include "services/evaluation/api/inbox_for_test.h"
#include "services/evaluation/domain/baseline.h"
#include "services/evaluation/domain/criteria.h"

namespace bangfu::evaluation {
namespace {

using auth::Role;
using ::testing::Contains;
using ::testing::IsEmpty;
using testing::StatusIs;

class WholeRegion : public EvaluationInbox {
 protected:
  // An act of the role, which is held narrowed in one region and for everything in a wider one.
  struct Act {
    std::string name;
    Role role = Role::ROLE_UNSPECIFIED;
    std::string region, wider;
    std::string kind;  // of its work item; empty: it is nobody's work
    // What is told of the act; null: nowhere.
    std::function<absl::StatusOr<type::v1::AllowedAction>(const std::string& token)> told;
    std::function<absl::Status(const std::string& token)> take;
    std::string audited;  // the type of what is changed
  };

  std::string Person(const std::string& name, const std::vector<auth::Grant>& grants) {
    auth::Caller caller;
    caller.subject = name;
    caller.grants = grants;
    return w_.server().Token(caller);
  }
  void Try(const Act& act) {
    SCOPED_TRACE(act.name);
    w_.server().clock().Advance(absl::Seconds(1));  // audit rows in order
    auth::Grant narrow;
    narrow.role = act.role;
    narrow.region_path = act.region;
    narrow.industries = {"NAVEL_ORANGE"};
    auth::Grant wide;
    wide.role = act.role;
    wide.region_path = act.wider;
    const std::string narrowed = Person(act.name, {narrow});
    const std::string whole = Person(act.name, {narrow, wide});
    if (act.told) {
      ASSERT_OK_AND_ASSIGN(const type::v1::AllowedAction refused, act.told(narrowed));
      EXPECT_EQ(refused.refusal_reason(), "SCOPE_EXCLUDES");
      EXPECT_FALSE(refused.refusal_zh().empty());
      ASSERT_OK_AND_ASSIGN(const type::v1::AllowedAction allowed, act.told(whole));
      EXPECT_TRUE(allowed.allowed()) << allowed.refusal_reason();
    }
    if (!act.kind.empty()) {
      EXPECT_THAT(Kinds(narrowed), IsEmpty());
      EXPECT_THAT(Kinds(whole), Contains(act.kind));
    }
    EXPECT_THAT(act.take(narrowed),
                StatusIs(absl::StatusCode::kPermissionDenied, "SCOPE_EXCLUDES"));
    ASSERT_OK(act.take(whole));
    ASSERT_OK_AND_ASSIGN(
        const mysql::Rows rows,
        w_.db().Query("SELECT actor_region FROM audit_log WHERE aggregate_type = ? ORDER BY "
                      "occurred_at DESC, chain_no DESC LIMIT 1",
                      {act.audited}));
    ASSERT_EQ(rows.size(), 1u);
    EXPECT_EQ(rows[0].String(0), act.wider);
  }
  Act Signing(Role role, const std::string& unit, const std::string& wider) {
    return {Cat("of-", unit),
            role,
            unit,
            wider,
            "LEDGER_SIGN",
            [this, unit](const std::string& token) -> absl::StatusOr<type::v1::AllowedAction> {
              v1::GetLedgerStatusRequest request;
              request.set_region_code(unit);
              ASSIGN_OR_RETURN(const auto status,
                               w_.Call<v1::LedgerStatus>(Cat(kLedgerService, "GetLedgerStatus"),
                                                         request, token));
              return status.allowed_actions(0);
            },
            [this, unit](const std::string& token) {
              v1::SignLedgerRequest request;
              request.set_region_code(unit);
              request.set_rows_sha256(Status(unit).rows_sha256());
              return w_.Call<v1::LedgerStatus>(Cat(kLedgerService, "SignLedger"), request, token)
                  .status();
            },
            "ledger_signature"};
  }
};

TEST_F(WholeRegion, R118_ALedgerIsSignedAsAWhole) {
  w_.KnowIndustry("NAVEL_ORANGE", "FRUIT");
  w_.BringInForce(w_.Compute(w_.AddSubject({.industry_code = "NAVEL_ORANGE"}),
                             v1::EVALUATION_RESULT_UPGRADE, "G2"));
  Try(Signing(Role::ROLE_VILLAGE_REPORTER, "360733101201", "360733101"));
  Try(Signing(Role::ROLE_TOWNSHIP_APPROVER, "360733101", "360733"));
  Try(Signing(Role::ROLE_COUNTY_APPROVER, "360733", "3607"));
}

TEST_F(WholeRegion, R118_CriteriaAreForEverySubjectOfTheirRegion) {
  v1::CriteriaSet draft;
  Try({"drafter", Role::ROLE_PROV_ADMIN, "360733", "36", "", nullptr,
       [&](const std::string& token) -> absl::Status {
         CriteriaSet set = DefaultCriteria();
         set.parent_hash = ContentHash(DefaultCriteria());
         v1::CreateCriteriaDraftRequest request;
         request.set_region_code("360733");
         request.set_content_json(CanonicalJson(set));
         ASSIGN_OR_RETURN(draft, w_.Call<v1::CriteriaSet>(
                                     Cat(kCriteriaService, "CreateCriteriaDraft"), request, token));
         return absl::OkStatus();
       },
       "criteria_set"});
  Try({"activator", Role::ROLE_PROV_ADMIN, "360733", "36", "CRITERIA_ACTIVATE",
       [&](const std::string& token) -> absl::StatusOr<type::v1::AllowedAction> {
         v1::GetCriteriaSetRequest request;
         request.set_id(draft.id());
         ASSIGN_OR_RETURN(
             const auto seen,
             w_.Call<v1::CriteriaSet>(Cat(kCriteriaService, "GetCriteriaSet"), request, token));
         return seen.allowed_actions(0);
       },
       [&](const std::string& token) {
         v1::ActivateCriteriaRequest request;
         request.set_id(draft.id());
         SetDay(absl::CivilDay(2026, 4, 1), request.mutable_effective_from());
         return w_.Call<v1::CriteriaSet>(Cat(kCriteriaService, "ActivateCriteria"), request, token)
             .status();
       },
       "criteria_set"});
}

}  // namespace
}  // namespace bangfu::evaluation

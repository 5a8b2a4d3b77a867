// The joint confirmation by the departments, and grants that cover a part of the subjects.
#include "services/evaluation/api/lifecycle_for_test.h"
#include "services/evaluation/store/reference_store.h"

namespace bangfu::evaluation {
namespace {

using absl::StatusCode;
using testing::StatusIs;

TEST_F(EvaluationLifecycle, DepartmentsSignEachByAPersonOfItsOwn) {
  const Ulid subject = w_.AddSubject();
  w_.NeedDepartments(subject, {"DEVELOPMENT_REFORM", "ETHNIC"});
  const Ulid id = w_.Compute(subject, v1::EVALUATION_RESULT_UPGRADE, "G2");
  auto accepted = w_.Accept(id);
  ASSERT_OK(accepted);
  EXPECT_EQ(accepted->state(), v1::EVALUATION_STATE_COUNTY_REVIEWED);
  ASSERT_EQ(accepted->joint_signatures_size(), 3);
  EXPECT_EQ(accepted->joint_signatures(0).department(), "AGRICULTURE");
  EXPECT_FALSE(accepted->joint_signatures(1).has_signed_by());
  EXPECT_THAT(w_.Sign(id, "FORESTRY", "fang"),
              StatusIs(StatusCode::kFailedPrecondition, "DEPARTMENT_NOT_REQUIRED"));
  EXPECT_THAT(w_.Sign(id, "ETHNIC", "approver"),
              StatusIs(StatusCode::kFailedPrecondition, "SAME_PERSON"));
  auto one = w_.Sign(id, "ETHNIC", "minzong");
  ASSERT_OK(one);
  EXPECT_EQ(one->state(), v1::EVALUATION_STATE_COUNTY_REVIEWED);
  EXPECT_THAT(w_.Sign(id, "ETHNIC", "other"),
              StatusIs(StatusCode::kFailedPrecondition, "ALREADY_SIGNED"));
  EXPECT_THAT(w_.Sign(id, "DEVELOPMENT_REFORM", "minzong"),
              StatusIs(StatusCode::kFailedPrecondition, "SAME_PERSON"));
  auto both = w_.Sign(id, "DEVELOPMENT_REFORM", "fagai");
  ASSERT_OK(both);
  EXPECT_EQ(both->state(), v1::EVALUATION_STATE_JOINT_CONFIRMED);
}

TEST_F(EvaluationLifecycle, R017_ADepartmentConfirmsForItsOwnMoneyOnly) {
  const Ulid subject = w_.AddSubject();
  w_.NeedDepartments(subject, {"DEVELOPMENT_REFORM", "ETHNIC"});
  const Ulid id = w_.Compute(subject, v1::EVALUATION_RESULT_UPGRADE, "G2");
  ASSERT_OK(w_.Accept(id));
  const auto sign = [&](const std::string& department, const std::string& token) {
    v1::SignJointlyRequest request;
    request.set_department(department);
    return w_.Step("SignJointly", request, id, token);
  };
  const auth::Role verifier = auth::Role::ROLE_SECTOR_VERIFIER;
  // Of other money, of one department's money, and with a second grant for the other's.
  const std::string other = w_.Narrowed(verifier, "lottery", {{{"SOURCE_LOTTERY"}, {}}});
  const std::string ethnic = w_.Narrowed(verifier, "minzong", {{{"SOURCE_ETHNIC"}, {}}});
  const std::string both = w_.Narrowed(
      verifier, "fagai", {{{"SOURCE_LOTTERY"}, {}}, {{"SOURCE_DEVELOPMENT_REFORM"}, {}}});
  EXPECT_EQ(RefusalOf(GetAs(id, other), "sign"), "SCOPE_EXCLUDES");
  EXPECT_THAT(sign("ETHNIC", other), StatusIs(StatusCode::kPermissionDenied, "SCOPE_EXCLUDES"));
  EXPECT_EQ(RefusalOf(GetAs(id, ethnic), "sign"), "allowed");
  EXPECT_THAT(sign("DEVELOPMENT_REFORM", ethnic),
              StatusIs(StatusCode::kPermissionDenied, "SCOPE_EXCLUDES"));
  ASSERT_OK(sign("ETHNIC", ethnic));
  // What is left is another department's.
  EXPECT_EQ(RefusalOf(GetAs(id, ethnic), "sign"), "SCOPE_EXCLUDES");
  EXPECT_EQ(RefusalOf(GetAs(id, both), "sign"), "allowed");
  auto done = sign("DEVELOPMENT_REFORM", both);
  ASSERT_OK(done);
  EXPECT_EQ(done->state(), v1::EVALUATION_STATE_JOINT_CONFIRMED);
}

TEST_F(EvaluationLifecycle, R017_NobodySignsInTheNameOfAnotherDepartment) {
  const Ulid subject = w_.AddSubject();
  w_.NeedDepartments(subject, {"ETHNIC", "FINANCE"});
  const Ulid id = w_.Compute(subject, v1::EVALUATION_RESULT_UPGRADE, "G2");
  ASSERT_OK(w_.Accept(id));
  const auto sign = [&](const std::string& department, const std::string& token) {
    v1::SignJointlyRequest request;
    request.set_department(department);
    return w_.Step("SignJointly", request, id, token);
  };
  const auto not_the_role = StatusIs(StatusCode::kPermissionDenied, "ROLE_NOT_ALLOWED");
  const auto other_money = StatusIs(StatusCode::kPermissionDenied, "SCOPE_EXCLUDES");
  const auth::Role officer = auth::Role::ROLE_FINANCE_OFFICER;
  const auth::Role verifier = auth::Role::ROLE_SECTOR_VERIFIER;

  // The county's own signature was its review; it does not sign for the others, one by one or in
  // bulk.
  const auto no_signer = StatusIs(StatusCode::kPermissionDenied, "ROLE_REQUIRED");
  EXPECT_THAT(sign("ETHNIC", w_.Operator()), no_signer);
  EXPECT_THAT(sign("FINANCE", w_.Operator()), no_signer);
  EXPECT_EQ(RefusalOf(GetAs(id, w_.Operator()), "sign"), "not offered");
  v1::BatchAdvanceRequest bulk;
  bulk.set_step(v1::ADVANCE_STEP_SIGN);
  bulk.set_department("ETHNIC");
  bulk.add_items()->set_id(id.ToString());
  for (const std::string& token : {w_.Operator(), w_.Finance()}) {
    bulk.clear_request_id();
    ASSERT_OK_AND_ASSIGN(
        const auto refused,
        w_.Call<v1::BatchAdvanceResponse>(Cat(kEvaluationService, "BatchAdvance"), bulk, token));
    EXPECT_EQ(refused.results(0).refusal().reason(), "ROLE_NOT_ALLOWED");
  }

  // Finance's officer signs for finance alone, and for finance's money.
  EXPECT_THAT(sign("ETHNIC", w_.Finance()), not_the_role);
  EXPECT_THAT(sign("AGRICULTURE", w_.Finance()), not_the_role);
  const std::string lottery = w_.Narrowed(officer, "lottery", {{{"SOURCE_LOTTERY"}, {}}});
  EXPECT_THAT(sign("FINANCE", lottery), other_money);
  EXPECT_EQ(RefusalOf(GetAs(id, lottery), "sign"), "SCOPE_EXCLUDES");
  // A grant that covers the other department's money does not make its holder that department.
  const std::string misplaced = w_.Narrowed(officer, "misplaced", {{{"SOURCE_ETHNIC"}, {}}});
  EXPECT_THAT(sign("ETHNIC", misplaced), not_the_role);
  EXPECT_THAT(sign("FINANCE", misplaced), other_money);
  EXPECT_EQ(RefusalOf(GetAs(id, misplaced), "sign"), "SCOPE_EXCLUDES");
  // A verifier of another department's money does not sign for finance.
  const std::string ethnic = w_.Narrowed(verifier, "minzong", {{{"SOURCE_ETHNIC"}, {}}});
  EXPECT_THAT(sign("FINANCE", ethnic), other_money);
  const v1::Evaluation untouched = w_.Get(id);
  for (const v1::JointSignature& j : untouched.joint_signatures()) {
    EXPECT_EQ(j.has_signed_by(), j.department() == "AGRICULTURE") << j.department();
  }

  EXPECT_EQ(RefusalOf(GetAs(id, w_.Finance()), "sign"), "allowed");
  ASSERT_OK(sign("FINANCE", w_.Finance()));
  // What is left is no department of finance's.
  EXPECT_EQ(RefusalOf(GetAs(id, w_.Finance("another")), "sign"), "ROLE_NOT_ALLOWED");
  EXPECT_EQ(RefusalOf(GetAs(id, ethnic), "sign"), "allowed");
  ASSERT_OK_AND_ASSIGN(const v1::Evaluation done, sign("ETHNIC", ethnic));
  EXPECT_EQ(done.state(), v1::EVALUATION_STATE_JOINT_CONFIRMED);
}

TEST_F(EvaluationLifecycle, AGrantOfAnIndustryReviewsThatIndustryOnly) {
  w_.KnowIndustry("NAVEL_ORANGE", "FRUIT");
  const Ulid subject = w_.AddSubject({.industry_code = "NAVEL_ORANGE"});
  const Ulid id = w_.Compute(subject, v1::EVALUATION_RESULT_UPGRADE, "G2");
  const auth::Role approver = auth::Role::ROLE_COUNTY_APPROVER;
  const std::string tea = w_.Narrowed(approver, "tea", {{{}, {"TEA"}}});
  EXPECT_EQ(RefusalOf(GetAs(id, tea), "accept"), "SCOPE_EXCLUDES");
  EXPECT_THAT(w_.Step("AcceptEvaluation", v1::AcceptEvaluationRequest(), id, tea),
              StatusIs(StatusCode::kPermissionDenied, "SCOPE_EXCLUDES"));
  // An industry stands for those under it; a project without declared money is not narrowed by it.
  const std::string fruit = w_.Narrowed(approver, "fruit", {{{"SOURCE_LOTTERY"}, {"FRUIT"}}});
  EXPECT_EQ(RefusalOf(GetAs(id, fruit), "accept"), "allowed");
  ASSERT_OK(w_.Step("AcceptEvaluation", v1::AcceptEvaluationRequest(), id, fruit));
}

TEST_F(EvaluationLifecycle, TheAuditNamesTheGrantThatCoversTheSubject) {
  const Ulid subject = w_.AddSubject({.industry_code = "NAVEL_ORANGE"});
  w_.NeedDepartments(subject, {"ETHNIC"});
  const Ulid id = w_.Compute(subject, v1::EVALUATION_RESULT_UPGRADE, "G2");
  // The first grant with the role is for something else; the second tells itself by its region.
  const auto token = [&](auth::Role role, const std::string& person, const auth::Facets& other,
                         const auth::Facets& covering) {
    auth::Caller caller;
    caller.subject = person;
    for (const auto& [facets, region] :
         std::vector<std::pair<auth::Facets, std::string>>{{other, "360733"}, {covering, "3607"}}) {
      auth::Grant& grant = caller.grants.emplace_back();
      grant.role = role;
      grant.region_path = region;
      grant.fund_sources = facets.fund_sources;
      grant.industries = facets.industries;
    }
    return w_.server().Token(caller);
  };
  const auto approver = [&] {
    return token(auth::Role::ROLE_COUNTY_APPROVER, "approver", {{}, {"TEA"}},
                 {{}, {"NAVEL_ORANGE"}});
  };
  const auto accepted = w_.Step("AcceptEvaluation", v1::AcceptEvaluationRequest(), id, approver());
  ASSERT_OK(accepted);
  EXPECT_EQ(accepted->reviewed_by().region_path(), "3607");
  // A signature is under the grant for the department's money.
  v1::SignJointlyRequest sign;
  sign.set_department("ETHNIC");
  const auto signed_by = w_.Step("SignJointly", sign, id,
                                 token(auth::Role::ROLE_SECTOR_VERIFIER, "minzong",
                                       {{"SOURCE_LOTTERY"}, {}}, {{"SOURCE_ETHNIC"}, {}}));
  ASSERT_OK(signed_by);
  v1::StartClassPublicityRequest publicise;
  publicise.add_channels("村务公开栏");
  const auto publicised = w_.Step(
      "StartClassPublicity", publicise, id,
      token(auth::Role::ROLE_COUNTY_OPERATOR, "operator", {{}, {"TEA"}}, {{}, {"NAVEL_ORANGE"}}));
  ASSERT_OK(publicised);
  w_.PassDays(8);
  ASSERT_OK(w_.Conclude(publicised->publicity_id()));
  ASSERT_OK(w_.Step("MakeEffective", v1::MakeEffectiveRequest(), id, approver()));
  const auto audited = [&](const std::string& type, const std::string& action) {
    const auto rows =
        w_.db().Query("SELECT actor_region FROM audit_log WHERE aggregate_type = ? AND action = ?",
                      {type, action});
    EXPECT_OK(rows);
    return rows.ok() && rows->size() == 1 ? (*rows)[0].String(0) : "not once";
  };
  for (const char* step :
       {"AcceptEvaluation", "SignJointly", "StartClassPublicity", "MakeEffective"}) {
    EXPECT_EQ(audited("evaluation", Cat("EvaluationService.", step)), "3607") << step;
  }
  EXPECT_EQ(audited("publicity", "EvaluationService.StartClassPublicity"), "3607");
  EXPECT_EQ(audited("ledger_entry", "EvaluationService.MakeEffective"), "3607");
}

}  // namespace
}  // namespace bangfu::evaluation

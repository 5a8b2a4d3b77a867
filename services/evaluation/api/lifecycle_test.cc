#include <atomic>
#include <map>
#include <random>
#include <thread>

#include "common/testing/deep.h"
#include "common/workflow/triples.h"
#include "services/evaluation/api/lifecycle_world_for_test.h"
#include "services/evaluation/domain/evaluation_actions.h"
#include "services/evaluation/store/reference_store.h"

namespace bangfu::evaluation {
namespace {

using absl::StatusCode;
using testing::HasViolation;
using testing::StatusIs;

class EvaluationLifecycle : public ::testing::Test {
 protected:
  std::string RefusalOf(const v1::Evaluation& e, const std::string& action) {
    for (const auto& a : e.allowed_actions()) {
      if (a.action() == action) return a.allowed() ? "allowed" : a.refusal_reason();
    }
    return "not offered";
  }
  v1::Evaluation GetAs(const Ulid& id, const std::string& token) {
    v1::GetEvaluationRequest request;
    request.set_id(id.ToString());
    auto got = w_.Call<v1::Evaluation>(Cat(kEvaluationService, "GetEvaluation"), request, token);
    EXPECT_OK(got);
    return got.ok() ? *got : v1::Evaluation();
  }
  LifecycleWorld w_;
};

TEST_F(EvaluationLifecycle, R018_AProjectThatLostItsVerificationGoesNoFurther) {
  const Ulid subject = w_.AddSubject();
  const auto verified = [&](int yes) {
    ASSERT_OK(
        w_.db().Execute("UPDATE subject SET is_verified = ? WHERE subject_id = ?", {yes, subject}));
  };
  const auto refused = StatusIs(StatusCode::kFailedPrecondition, "NOT_VERIFIED");
  const Ulid id = w_.Compute(subject, v1::EVALUATION_RESULT_CONSOLIDATE);
  verified(0);
  EXPECT_EQ(RefusalOf(GetAs(id, w_.Approver()), "accept"), "NOT_VERIFIED");
  EXPECT_THAT(w_.Accept(id), refused);
  verified(1);
  ASSERT_OK(w_.Accept(id));
  verified(0);
  EXPECT_THAT(w_.Publicise(id), refused);
  verified(1);
  auto publicised = w_.Publicise(id);
  ASSERT_OK(publicised);
  w_.PassDays(8);
  ASSERT_OK(w_.Conclude(publicised->publicity_id()));
  // Amended between the publicity and its effect.
  verified(0);
  EXPECT_THAT(w_.MakeEffective(id), refused);
  EXPECT_FALSE(w_.OpenEntry(subject).ok());
  verified(1);
  EXPECT_OK(w_.MakeEffective(id));
}

TEST_F(EvaluationLifecycle, R019_TheWholeWayOpensTheLedgerEntry) {
  const Ulid subject = w_.AddSubject();
  const Ulid id = w_.Compute(subject, v1::EVALUATION_RESULT_CONSOLIDATE);
  EXPECT_THAT(w_.MakeEffective(id), StatusIs(StatusCode::kFailedPrecondition, "STATE_NOT_ALLOWED"));
  auto accepted = w_.Accept(id);
  ASSERT_OK(accepted);
  // No sector department: the reviewer's signature is the lead's, and nobody is missing.
  EXPECT_EQ(accepted->state(), v1::EVALUATION_STATE_JOINT_CONFIRMED);
  ASSERT_EQ(accepted->joint_signatures_size(), 1);
  EXPECT_EQ(accepted->joint_signatures(0).signed_by().subject(), "approver");
  EXPECT_EQ(accepted->final_class(), type::v1::FOUR_CLASS_CONSOLIDATE);
  auto publicised = w_.Publicise(id);
  ASSERT_OK(publicised);
  EXPECT_EQ(publicised->state(), v1::EVALUATION_STATE_PUBLICISED);
  EXPECT_THAT(w_.MakeEffective(id),
              StatusIs(StatusCode::kFailedPrecondition, "PUBLICITY_NOT_PASSED"));
  w_.PassDays(6);
  EXPECT_THAT(w_.Conclude(publicised->publicity_id()),
              StatusIs(StatusCode::kFailedPrecondition, "PUBLICITY_PERIOD_RUNNING"));
  w_.PassDays(2);
  ASSERT_OK(w_.Conclude(publicised->publicity_id()));
  EXPECT_TRUE(w_.Get(id).publicity_passed());
  auto effective = w_.MakeEffective(id);
  ASSERT_OK(effective);
  EXPECT_EQ(effective->state(), v1::EVALUATION_STATE_EFFECTIVE);
  ASSERT_OK_AND_ASSIGN(v1::LedgerEntry entry, w_.OpenEntry(subject));
  EXPECT_EQ(entry.class_(), type::v1::FOUR_CLASS_CONSOLIDATE);
  EXPECT_EQ(entry.evaluation_id(), id.ToString());
  EXPECT_EQ(entry.invested_fen(), 100'000'000);
  EXPECT_EQ(
      w_.database().Int("SELECT effective_class FROM subject WHERE subject_id = ?", {subject}), 1);
  // Trail and feed: each step of the evaluation, and the entry.
  EXPECT_EQ(w_.database().Int("SELECT COUNT(*) FROM audit_log WHERE aggregate_type = 'evaluation'"),
            4);
  EXPECT_EQ(w_.database().Int("SELECT COUNT(*) FROM feed_outbox WHERE aggregate_type = "
                              "'ledger_entry'"),
            1);
  w_.ExpectRollupsEqualRecount();
}

TEST_F(EvaluationLifecycle, ARepeatedRequestDoesNothingTwice) {
  const Ulid id = w_.Compute(w_.AddSubject(), v1::EVALUATION_RESULT_UPGRADE, "G2");
  v1::AcceptEvaluationRequest request;
  request.set_request_id("the-same");
  ASSERT_OK(w_.Step("AcceptEvaluation", request, id, w_.Approver()));
  auto again = w_.Step("AcceptEvaluation", request, id, w_.Approver());
  ASSERT_OK(again);
  EXPECT_EQ(again->etag(), "2");
}

TEST_F(EvaluationLifecycle, ValidateOnlyChecksAndStoresNothing) {
  const Ulid id = w_.Compute(w_.AddSubject(), v1::EVALUATION_RESULT_UPGRADE, "G2");
  v1::AcceptEvaluationRequest request;
  request.set_validate_only(true);
  ASSERT_OK(w_.Step("AcceptEvaluation", request, id, w_.Approver()));
  EXPECT_EQ(w_.Get(id).state(), v1::EVALUATION_STATE_COMPUTED);
}

TEST_F(EvaluationLifecycle, PersonsEtagAndRegionAreChecked) {
  const Ulid id = w_.Compute(w_.AddSubject(), v1::EVALUATION_RESULT_UPGRADE, "G2", "approver");
  EXPECT_THAT(w_.Accept(id), StatusIs(StatusCode::kFailedPrecondition, "SAME_PERSON"));
  v1::AcceptEvaluationRequest request;
  EXPECT_THAT(w_.Step("AcceptEvaluation", request, id, w_.Approver("360734")),
              StatusIs(StatusCode::kNotFound));
  request.set_etag("7");
  EXPECT_THAT(w_.Step("AcceptEvaluation", request, id,
                      w_.Token(auth::Role::ROLE_COUNTY_APPROVER, "360733", "another")),
              StatusIs(StatusCode::kAborted, "ETAG_MISMATCH"));
  EXPECT_EQ(RefusalOf(GetAs(id, w_.Approver()), "accept"), "SAME_PERSON");
  EXPECT_EQ(RefusalOf(GetAs(id, w_.Operator()), "accept"), "not offered");
  EXPECT_EQ(RefusalOf(GetAs(id, w_.Operator()), "propose_override"), "allowed");
}

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
  registry::v1::IndustryCategory category;
  category.set_taxonomy_version("JX2025");
  category.set_code("NAVEL_ORANGE");
  category.set_parent_code("FRUIT");
  ASSERT_OK(mysql::Transact(w_.db(), [&](mysql::Tx& tx) {
    return PutReferences(tx, {{std::string(kTaxonomyRef), "JX2025/NAVEL_ORANGE", "",
                               category.SerializeAsString(), 1}});
  }));
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

TEST_F(EvaluationLifecycle, AnOverrideTowardsABetterClassIsFiledBeforePublicity) {
  const Ulid subject = w_.AddSubject();
  const Ulid id = w_.Compute(subject, v1::EVALUATION_RESULT_UPGRADE, "G2");
  v1::ProposeOverrideRequest proposal = w_.Proposal(type::v1::FOUR_CLASS_CONSOLIDATE);
  proposal.set_reason_text("理由太短");
  EXPECT_THAT(w_.Step("ProposeOverride", proposal, id, w_.Operator()), HasViolation("reason_text"));
  proposal = w_.Proposal(type::v1::FOUR_CLASS_CONSOLIDATE);
  auto proposed = w_.Step("ProposeOverride", proposal, id, w_.Operator());
  ASSERT_OK(proposed);
  EXPECT_EQ(proposed->state(), v1::EVALUATION_STATE_OVERRIDE_PROPOSED);
  EXPECT_THAT(w_.Step("ApproveOverride", v1::ApproveOverrideRequest(), id,
                      w_.Token(auth::Role::ROLE_COUNTY_APPROVER, "360733", "operator")),
              StatusIs(StatusCode::kFailedPrecondition, "SAME_PERSON"));
  auto approved = w_.Step("ApproveOverride", v1::ApproveOverrideRequest(), id, w_.Approver());
  ASSERT_OK(approved);
  EXPECT_EQ(approved->final_class(), type::v1::FOUR_CLASS_CONSOLIDATE);
  EXPECT_EQ(approved->override().expires_on().year(), 2027);
  EXPECT_THAT(w_.Publicise(id), StatusIs(StatusCode::kFailedPrecondition, "CITY_FILING_REQUIRED"));
  ASSERT_OK(w_.Step("FileOverride", v1::FileOverrideRequest(), id, w_.City()));
  EXPECT_THAT(w_.Step("FileOverride", v1::FileOverrideRequest(), id, w_.City()),
              StatusIs(StatusCode::kFailedPrecondition, "FILING_NOT_REQUIRED"));
  w_.PassPublicity(id);
  ASSERT_OK(w_.MakeEffective(id));
  EXPECT_TRUE(w_.OpenEntry(subject)->is_overridden());
  w_.ExpectRollupsEqualRecount();
}

TEST_F(EvaluationLifecycle, TheCountyCannotOverrideAFindingOfFactOrAGap) {
  const Ulid hard = w_.Compute(w_.AddSubject(), v1::EVALUATION_RESULT_ADJUST, "H1");
  EXPECT_THAT(
      w_.Step("ProposeOverride", w_.Proposal(type::v1::FOUR_CLASS_UPGRADE), hard, w_.Operator()),
      StatusIs(StatusCode::kFailedPrecondition, "OVERRIDE_LOCKED"));
  const Ulid gap = w_.Compute(w_.AddSubject(), v1::EVALUATION_RESULT_INSUFFICIENT_DATA, "E1");
  EXPECT_THAT(w_.Accept(gap), StatusIs(StatusCode::kFailedPrecondition, "RESULT_HAS_NO_CLASS"));
  const std::string office = w_.Token(auth::Role::ROLE_PROV_OFFICE, "36", "office");
  ASSERT_OK(w_.Step("ProposeOverride", w_.Proposal(type::v1::FOUR_CLASS_UPGRADE), gap, office));
  EXPECT_THAT(w_.Step("ApproveOverride", v1::ApproveOverrideRequest(), gap, w_.Approver()),
              StatusIs(StatusCode::kFailedPrecondition, "OVERRIDE_LOCKED"));
  EXPECT_THAT(w_.Step("ApproveOverride", v1::ApproveOverrideRequest(), gap, office),
              StatusIs(StatusCode::kFailedPrecondition, "SAME_PERSON"));
  ASSERT_OK(w_.Step("ApproveOverride", v1::ApproveOverrideRequest(), gap,
                    w_.Token(auth::Role::ROLE_PROV_OFFICE, "36", "other office")));
  const Ulid none = w_.Compute(w_.AddSubject(), v1::EVALUATION_RESULT_NOT_APPLICABLE, "P1");
  EXPECT_THAT(w_.Accept(none), StatusIs(StatusCode::kFailedPrecondition, "RESULT_HAS_NO_CLASS"));
}

TEST_F(EvaluationLifecycle, ARejectedOverrideLeavesTheComputedClass) {
  const Ulid id = w_.Compute(w_.AddSubject(), v1::EVALUATION_RESULT_UPGRADE, "G2");
  ASSERT_OK(
      w_.Step("ProposeOverride", w_.Proposal(type::v1::FOUR_CLASS_REVITALIZE), id, w_.Operator()));
  v1::RejectOverrideRequest reject;
  reject.set_reason("材料不足");
  auto rejected = w_.Step("RejectOverride", reject, id, w_.Approver());
  ASSERT_OK(rejected);
  EXPECT_EQ(rejected->state(), v1::EVALUATION_STATE_COMPUTED);
  EXPECT_FALSE(rejected->has_override());
}

TEST_F(EvaluationLifecycle, R044_AdjustOnlyWithAnArgumentThatAgrees) {
  const Ulid subject = w_.AddSubject();
  const Ulid id = w_.Compute(subject, v1::EVALUATION_RESULT_ADJUST, "H4");
  EXPECT_THAT(w_.Accept(id), StatusIs(StatusCode::kFailedPrecondition, "ARGUMENT_REQUIRED"));
  EXPECT_EQ(RefusalOf(GetAs(id, w_.Approver()), "accept"), "ARGUMENT_REQUIRED");
  const std::string against = w_.Argue(subject, v1::ARGUMENT_CONCLUSION_FEASIBLE);
  EXPECT_THAT(w_.Accept(id, against),
              StatusIs(StatusCode::kFailedPrecondition, "ARGUMENT_CONTRADICTS"));
  const std::string of_another = w_.Argue(w_.AddSubject(), v1::ARGUMENT_CONCLUSION_NOT_FEASIBLE);
  EXPECT_THAT(w_.Accept(id, of_another),
              StatusIs(StatusCode::kFailedPrecondition, "ARGUMENT_SUBJECT"));
  const std::string argument = w_.Argue(subject, v1::ARGUMENT_CONCLUSION_NOT_FEASIBLE);
  w_.BringInForce(id, argument);
  EXPECT_EQ(w_.OpenEntry(subject)->class_(), type::v1::FOUR_CLASS_ADJUST);
  // An override into 调整类 wants one as well.
  const Ulid good = w_.Compute(w_.AddSubject(), v1::EVALUATION_RESULT_UPGRADE, "G2");
  EXPECT_THAT(
      w_.Step("ProposeOverride", w_.Proposal(type::v1::FOUR_CLASS_ADJUST), good, w_.Operator()),
      StatusIs(StatusCode::kFailedPrecondition, "ARGUMENT_REQUIRED"));
}

TEST_F(EvaluationLifecycle, R033_ManualReviewTakesTheClassThatThePanelNames) {
  const Ulid subject = w_.AddSubject();
  const Ulid id = w_.Compute(subject, v1::EVALUATION_RESULT_MANUAL_REVIEW, "G5");
  EXPECT_THAT(w_.Accept(id), StatusIs(StatusCode::kFailedPrecondition, "ARGUMENT_REQUIRED"));
  EXPECT_THAT(
      w_.Step("ProposeOverride", w_.Proposal(type::v1::FOUR_CLASS_UPGRADE), id, w_.Operator()),
      StatusIs(StatusCode::kFailedPrecondition, "OVERRIDE_NOT_ALLOWED"));
  w_.Argue(subject, v1::ARGUMENT_CONCLUSION_CLASS, type::v1::FOUR_CLASS_REVITALIZE);
  w_.BringInForce(id);
  EXPECT_EQ(w_.OpenEntry(subject)->class_(), type::v1::FOUR_CLASS_REVITALIZE);
}

TEST_F(EvaluationLifecycle, R034_AnArgumentNeedsThreePersonsAndItsPapers) {
  const Ulid subject = w_.AddSubject();
  const std::string method = Cat(kEvaluationService, "RecordArgument");
  auto request = w_.Argument(subject, v1::ARGUMENT_CONCLUSION_FEASIBLE);
  request.mutable_argument()->mutable_panel(2)->set_person("甲");
  EXPECT_THAT(w_.Call<v1::ArgumentRecord>(method, request, w_.Operator()),
              HasViolation("argument.panel"));
  request = w_.Argument(subject, v1::ARGUMENT_CONCLUSION_FEASIBLE);
  request.mutable_argument()->clear_evidence();
  EXPECT_THAT(w_.Call<v1::ArgumentRecord>(method, request, w_.Operator()),
              HasViolation("argument.evidence"));
  request = w_.Argument(subject, v1::ARGUMENT_CONCLUSION_CLASS);
  EXPECT_THAT(w_.Call<v1::ArgumentRecord>(method, request, w_.Operator()),
              HasViolation("argument.named_class"));
  request = w_.Argument(subject, v1::ARGUMENT_CONCLUSION_FEASIBLE);
  request.mutable_argument()->mutable_argued_on()->set_year(2099);
  EXPECT_THAT(w_.Call<v1::ArgumentRecord>(method, request, w_.Operator()),
              HasViolation("argument.argued_on"));
  request = w_.Argument(subject, v1::ARGUMENT_CONCLUSION_FEASIBLE);
  EXPECT_THAT(w_.Call<v1::ArgumentRecord>(method, request, w_.Operator("x", "360734")),
              StatusIs(StatusCode::kNotFound));
  const int64_t before = w_.database().Int("SELECT facts_version FROM subject");
  w_.Argue(subject, v1::ARGUMENT_CONCLUSION_FEASIBLE);
  EXPECT_EQ(w_.database().Int("SELECT facts_version FROM subject"), before + 1);
  v1::ListArgumentsRequest list;
  list.set_subject_id(subject.ToString());
  auto arguments = w_.Call<v1::ListArgumentsResponse>(Cat(kEvaluationService, "ListArguments"),
                                                      list, w_.Province());
  ASSERT_OK(arguments);
  ASSERT_EQ(arguments->arguments_size(), 1);
  EXPECT_EQ(arguments->arguments(0).recorded_by().subject(), "operator");
}

// What is told is what is checked: a kind that an action does not name is refused with its list.
TEST_F(EvaluationLifecycle, EachStepTellsTheKindsOfEvidenceThatItTakes) {
  const Ulid subject = w_.AddSubject();
  const Ulid id = w_.Compute(subject, v1::EVALUATION_RESULT_UPGRADE, "G2");
  std::map<std::string, std::vector<std::string>> told, required;
  const v1::Evaluation seen = GetAs(id, w_.Operator());
  for (const auto& action : seen.allowed_actions()) {
    told[action.action()].assign(action.evidence_kinds().begin(), action.evidence_kinds().end());
    required[action.action()].assign(action.evidence_required().begin(),
                                     action.evidence_required().end());
  }
  // What must come is told, and is what is missed.
  EXPECT_THAT(required["propose_override"], ::testing::ElementsAre("ANY"));
  EXPECT_THAT(required["record_argument"], ::testing::ElementsAre("ANY"));
  EXPECT_THAT(required["accept"], ::testing::IsEmpty());
  auto bare = w_.Argument(subject, v1::ARGUMENT_CONCLUSION_FEASIBLE);
  bare.mutable_argument()->clear_evidence();
  EXPECT_THAT(
      w_.Call<v1::ArgumentRecord>(Cat(kEvaluationService, "RecordArgument"), bare, w_.Operator()),
      StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(told["propose_override"], ::testing::Contains("OVERRIDE_BASIS"));
  EXPECT_THAT(told["record_argument"], ::testing::Contains("ARGUMENT"));
  auto contract = testing::CompleteEvidence(w_.db(), w_.server().ids(), w_.server().clock().Now(),
                                            "HAND_OVER", "360733", "operator");
  ASSERT_OK(contract);
  auto argument = w_.Argument(subject, v1::ARGUMENT_CONCLUSION_FEASIBLE);
  *argument.mutable_argument()->mutable_evidence(0) = *contract;
  auto refused = w_.Call<v1::ArgumentRecord>(Cat(kEvaluationService, "RecordArgument"), argument,
                                             w_.Operator());
  EXPECT_THAT(refused, StatusIs(StatusCode::kFailedPrecondition, "EVIDENCE_KIND_NOT_WANTED"));
  EXPECT_EQ(GetErrorDetail(refused.status()).metadata["wanted"],
            absl::StrJoin(told["record_argument"], ","));
  auto proposal = w_.Proposal(type::v1::FOUR_CLASS_CONSOLIDATE);
  *proposal.mutable_evidence(0) = *contract;
  auto not_taken = w_.Step("ProposeOverride", proposal, id, w_.Operator());
  EXPECT_THAT(not_taken, StatusIs(StatusCode::kFailedPrecondition, "EVIDENCE_KIND_NOT_WANTED"));
  EXPECT_EQ(GetErrorDetail(not_taken.status()).metadata["wanted"],
            absl::StrJoin(told["propose_override"], ","));
}

TEST_F(EvaluationLifecycle, AnUpheldObjectionSendsTheClassBackToTheReview) {
  const Ulid id = w_.Compute(w_.AddSubject(), v1::EVALUATION_RESULT_UPGRADE, "G2");
  ASSERT_OK(w_.Accept(id));
  auto started = w_.Publicise(id);
  ASSERT_OK(started);
  publicity::v1::RaiseObjectionRequest raise;
  raise.set_id(started->publicity_id());
  raise.set_raised_by("村民张某");
  raise.set_text("设备已停用半年");
  auto raised = w_.Call<publicity::v1::Publicity>(Cat(kPublicityService, "RaiseObjection"), raise,
                                                  w_.Operator());
  ASSERT_OK(raised);
  publicity::v1::DecideObjectionRequest decide;
  decide.set_id(started->publicity_id());
  decide.set_objection_id(raised->objections(0).id());
  decide.set_decision(publicity::v1::OBJECTION_STATE_UPHELD);
  decide.set_reply("情况属实，重新研判");
  ASSERT_OK(w_.Call<publicity::v1::Publicity>(Cat(kPublicityService, "DecideObjection"), decide,
                                              w_.Approver()));
  const v1::Evaluation back = w_.Get(id);
  EXPECT_EQ(back.state(), v1::EVALUATION_STATE_COMPUTED);
  EXPECT_EQ(back.final_class(), type::v1::FOUR_CLASS_UNSPECIFIED);
  EXPECT_EQ(back.publicity_id(), "");
  EXPECT_EQ(back.joint_signatures_size(), 0);
  // And may go the way again.
  w_.BringInForce(id);
}

TEST_F(EvaluationLifecycle, TheDaysOfThePublicityAreAParameter) {
  registry::v1::Parameter days;
  days.set_code("CLASS_PUBLICITY_DAYS");
  days.set_value(3);
  days.set_day_kind(registry::v1::DAY_KIND_WORKING);
  ASSERT_OK(mysql::Transact(w_.db(), [&](mysql::Tx& tx) {
    return PutReferences(
        tx, {{std::string(kParameterRef), days.code(), "", days.SerializeAsString(), 1}});
  }));
  const Ulid id = w_.Compute(w_.AddSubject(), v1::EVALUATION_RESULT_UPGRADE, "G2");
  ASSERT_OK(w_.Accept(id));
  auto started = w_.Publicise(id);
  ASSERT_OK(started);
  publicity::v1::GetPublicityRequest get;
  get.set_id(started->publicity_id());
  auto publicity =
      w_.Call<publicity::v1::Publicity>(Cat(kPublicityService, "GetPublicity"), get, w_.Province());
  ASSERT_OK(publicity);
  EXPECT_EQ(publicity->days_required(), 3);
  EXPECT_EQ(publicity->day_kind(), publicity::v1::DAY_KIND_WORKING);
  EXPECT_EQ(publicity->content_sha256().size(), 64u);
}

TEST_F(EvaluationLifecycle, ANewClassSupersedesTheOldOneAndItsEntry) {
  const Ulid subject = w_.AddSubject();
  const Ulid first = w_.Compute(subject, v1::EVALUATION_RESULT_REVITALIZE, "G4");
  w_.BringInForce(first);
  const std::string first_entry = w_.OpenEntry(subject)->id();
  const Ulid second = w_.Compute(subject, v1::EVALUATION_RESULT_UPGRADE, "G2");
  w_.BringInForce(second);
  EXPECT_EQ(w_.Get(first).state(), v1::EVALUATION_STATE_SUPERSEDED);
  ASSERT_OK_AND_ASSIGN(v1::LedgerEntry open, w_.OpenEntry(subject));
  EXPECT_NE(open.id(), first_entry);
  v1::GetLedgerEntryRequest get;
  get.set_id(first_entry);
  auto left = w_.Call<v1::LedgerEntry>(Cat(kLedgerService, "GetLedgerEntry"), get, w_.Province());
  ASSERT_OK(left);
  EXPECT_EQ(left->state(), v1::LEDGER_ENTRY_STATE_LEFT);
  EXPECT_EQ(left->leave_reason(), "RECLASSIFIED");
  EXPECT_EQ(left->left_to(), type::v1::FOUR_CLASS_UPGRADE);
  // Of the same class again: the entry stays, with what was planned.
  const Ulid third = w_.Compute(subject, v1::EVALUATION_RESULT_UPGRADE, "G2");
  w_.BringInForce(third);
  ASSERT_OK_AND_ASSIGN(v1::LedgerEntry same, w_.OpenEntry(subject));
  EXPECT_EQ(same.id(), open.id());
  EXPECT_EQ(same.evaluation_id(), third.ToString());
  EXPECT_EQ(w_.database().Int("SELECT COUNT(*) FROM evaluation WHERE state = 6"), 1);
  w_.ExpectRollupsEqualRecount();
}

TEST_F(EvaluationLifecycle, AVoidedEvaluationLeavesTheLedger) {
  const Ulid subject = w_.AddSubject();
  const Ulid id = w_.Compute(subject, v1::EVALUATION_RESULT_UPGRADE, "G2");
  w_.BringInForce(id);
  v1::VoidEvaluationRequest request;
  request.set_reason("对象登记有误");
  auto gone = w_.Step("VoidEvaluation", request, id, w_.Approver());
  ASSERT_OK(gone);
  EXPECT_TRUE(gone->is_void());
  EXPECT_FALSE(w_.OpenEntry(subject).ok());
  EXPECT_EQ(w_.database().Int("SELECT COUNT(*) FROM subject WHERE effective_class <> 0"), 0);
  EXPECT_EQ(w_.database().Int("SELECT COUNT(*) FROM ledger_entry WHERE leave_reason = 'VOID'"), 1);
  w_.ExpectRollupsEqualRecount();
  // In publicity: the publicity ends with it.
  const Ulid shown = w_.Compute(subject, v1::EVALUATION_RESULT_UPGRADE, "G2");
  ASSERT_OK(w_.Accept(shown));
  ASSERT_OK(w_.Publicise(shown));
  ASSERT_OK(w_.Step("VoidEvaluation", request, shown, w_.Approver()));
  EXPECT_EQ(w_.database().Int("SELECT COUNT(*) FROM publicity WHERE state = 5"), 1);
}

TEST_F(EvaluationLifecycle, OfTwoAtOnceOneIsInForce) {
  for (int round = 0; round < 5; ++round) {
    const Ulid subject = w_.AddSubject();
    std::vector<Ulid> ids;
    for (auto result : {v1::EVALUATION_RESULT_UPGRADE, v1::EVALUATION_RESULT_CONSOLIDATE}) {
      ids.push_back(w_.Compute(subject, result, "G2"));
      ASSERT_OK(w_.Accept(ids.back()));
      w_.PassPublicity(ids.back());
    }
    std::atomic<int> ready{0};
    std::vector<absl::Status> outcomes(2);
    std::vector<std::thread> threads;
    for (int i = 0; i < 2; ++i) {
      threads.emplace_back([&, i] {
        v1::MakeEffectiveRequest request;
        request.set_request_id(Cat("race-", round, "-", i));
        request.set_id(ids[i].ToString());
        ++ready;
        while (ready < 2) std::this_thread::yield();
        outcomes[i] = w_.server()
                          .Call<v1::Evaluation>(Cat(kEvaluationService, "MakeEffective"), request,
                                                w_.Approver())
                          .status();
      });
    }
    for (std::thread& t : threads) t.join();
    // The newer always comes into force; the older was first and is superseded, or came too late.
    EXPECT_OK(outcomes[1]);
    const v1::Evaluation older = w_.Get(ids[0]);
    if (outcomes[0].ok()) {
      EXPECT_EQ(older.state(), v1::EVALUATION_STATE_SUPERSEDED);
    } else {
      EXPECT_THAT(outcomes[0], StatusIs(StatusCode::kFailedPrecondition, "NEWER_EFFECTIVE"));
      EXPECT_EQ(older.state(), v1::EVALUATION_STATE_PUBLICISED);
    }
    EXPECT_EQ(w_.Get(ids[1]).state(), v1::EVALUATION_STATE_EFFECTIVE);
    EXPECT_EQ(
        w_.database().Int("SELECT COUNT(*) FROM ledger_entry WHERE subject_id = ? AND is_open = 1",
                          {subject}),
        1);
    EXPECT_EQ(w_.OpenEntry(subject)->evaluation_id(), ids[1].ToString());
  }
  w_.ExpectRollupsEqualRecount();
}

TEST_F(EvaluationLifecycle, OfTwoAcceptsAtOnceOneWins) {
  const Ulid id = w_.Compute(w_.AddSubject(), v1::EVALUATION_RESULT_UPGRADE, "G2");
  std::atomic<int> ready{0}, done{0}, refused{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&, i] {
      v1::AcceptEvaluationRequest request;
      request.set_request_id(Cat("accept-", i));
      request.set_id(id.ToString());
      ++ready;
      while (ready < 2) std::this_thread::yield();
      absl::Status status = w_.server()
                                .Call<v1::Evaluation>(Cat(kEvaluationService, "AcceptEvaluation"),
                                                      request, w_.Approver())
                                .status();
      status.ok() ? ++done : ++refused;
      if (!status.ok()) {
        EXPECT_THAT(status, StatusIs(StatusCode::kFailedPrecondition, "STATE_NOT_ALLOWED"));
      }
    });
  }
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(done, 1);
  EXPECT_EQ(refused, 1);
}

TEST_F(EvaluationLifecycle, ABatchGoesOnPastTheRefused) {
  v1::BatchAdvanceRequest request;
  std::vector<Ulid> good;
  for (int i = 0; i < 60; ++i) {
    good.push_back(w_.Compute(w_.AddSubject(), v1::EVALUATION_RESULT_UPGRADE, "G2"));
    request.add_items()->set_id(good.back().ToString());
  }
  const Ulid adjust = w_.Compute(w_.AddSubject(), v1::EVALUATION_RESULT_ADJUST, "H4");
  const Ulid elsewhere =
      w_.Compute(w_.AddSubject({.village = "360734101201"}), v1::EVALUATION_RESULT_UPGRADE, "G2");
  request.add_items()->set_id(adjust.ToString());
  request.add_items()->set_id(elsewhere.ToString());
  const auto advance = [&](v1::AdvanceStep step, const std::string& token) {
    request.set_step(step);
    request.clear_request_id();
    auto response =
        w_.Call<v1::BatchAdvanceResponse>(Cat(kEvaluationService, "BatchAdvance"), request, token);
    EXPECT_OK(response);
    std::map<std::string, int> counts;
    if (response.ok()) {
      for (const auto& r : response->results()) ++counts[r.done() ? "done" : r.refusal().reason()];
    }
    return counts;
  };
  using Counts = std::map<std::string, int>;
  request.set_validate_only(true);
  EXPECT_EQ(advance(v1::ADVANCE_STEP_ACCEPT, w_.Approver()),
            (Counts{{"done", 60}, {"ARGUMENT_REQUIRED", 1}, {"RESOURCE_NOT_FOUND", 1}}));
  request.set_validate_only(false);
  EXPECT_EQ(advance(v1::ADVANCE_STEP_ACCEPT, w_.Approver()),
            (Counts{{"done", 60}, {"ARGUMENT_REQUIRED", 1}, {"RESOURCE_NOT_FOUND", 1}}));
  EXPECT_EQ(advance(v1::ADVANCE_STEP_ACCEPT, w_.Operator()),
            (Counts{{"ROLE_NOT_ALLOWED", 61}, {"RESOURCE_NOT_FOUND", 1}}));
  request.add_channels("政府网站");
  EXPECT_EQ(advance(v1::ADVANCE_STEP_PUBLICISE, w_.Operator()),
            (Counts{{"done", 60}, {"STATE_NOT_ALLOWED", 1}, {"RESOURCE_NOT_FOUND", 1}}));
  w_.PassDays(8);
  for (const Ulid& id : good) ASSERT_OK(w_.Conclude(w_.Get(id).publicity_id()));
  request.set_validate_only(true);
  EXPECT_EQ(advance(v1::ADVANCE_STEP_MAKE_EFFECTIVE, w_.Approver()),
            (Counts{{"done", 60}, {"STATE_NOT_ALLOWED", 1}, {"RESOURCE_NOT_FOUND", 1}}));
  EXPECT_EQ(w_.database().Int("SELECT COUNT(*) FROM ledger_entry"), 0);
  request.set_validate_only(false);
  EXPECT_EQ(advance(v1::ADVANCE_STEP_MAKE_EFFECTIVE, w_.Approver()),
            (Counts{{"done", 60}, {"STATE_NOT_ALLOWED", 1}, {"RESOURCE_NOT_FOUND", 1}}));
  EXPECT_EQ(w_.database().Int("SELECT COUNT(*) FROM ledger_entry WHERE is_open = 1"), 60);
  EXPECT_EQ(w_.database().Int("SELECT COUNT(*) FROM subject WHERE effective_class = 2"), 60);
  w_.ExpectRollupsEqualRecount();
}

// Each item is stored by itself: what was done stays done when a later item ends the call, and the
// same call again answers for it and goes on.
TEST_F(EvaluationLifecycle, ABatchIsStoredItemByItem) {
  v1::BatchAdvanceRequest request;
  request.set_step(v1::ADVANCE_STEP_ACCEPT);
  request.set_request_id("batch-item-by-item");
  std::vector<Ulid> ids;
  for (int i = 0; i < 3; ++i) {
    ids.push_back(w_.Compute(w_.AddSubject(), v1::EVALUATION_RESULT_UPGRADE, "G2"));
    request.add_items()->set_id(ids.back().ToString());
  }
  // The second item is stale; nobody has taken it back when the first is stored.
  request.mutable_items(1)->set_etag("99");
  const auto advance = [&] {
    return w_.server().Call<v1::BatchAdvanceResponse>(Cat(kEvaluationService, "BatchAdvance"),
                                                      request, w_.Approver());
  };
  // Only looked at: what would become of each, and nothing is stored, under the same request id
  // too.
  request.set_validate_only(true);
  ASSERT_OK_AND_ASSIGN(const auto looked_at, advance());
  EXPECT_EQ(w_.Get(ids[0]).state(), v1::EVALUATION_STATE_COMPUTED);
  request.set_validate_only(false);
  ASSERT_OK_AND_ASSIGN(const auto first, advance());
  EXPECT_EQ(first.SerializeAsString(), looked_at.SerializeAsString());
  ASSERT_EQ(first.results_size(), 3);
  EXPECT_TRUE(first.results(0).done());
  EXPECT_EQ(first.results(1).refusal().reason(), "ETAG_MISMATCH");
  EXPECT_TRUE(first.results(2).done());
  // Audited as the step's own rpc, one entry and one stored answer an item.
  EXPECT_EQ(w_.database().Int("SELECT COUNT(*) FROM audit_log WHERE action = "
                              "'EvaluationService.AcceptEvaluation'"),
            2);
  EXPECT_EQ(w_.database().Int("SELECT COUNT(DISTINCT request_id) FROM audit_log WHERE action = "
                              "'EvaluationService.AcceptEvaluation'"),
            2);
  ASSERT_OK_AND_ASSIGN(const auto again, advance());
  EXPECT_EQ(again.SerializeAsString(), first.SerializeAsString());
  EXPECT_EQ(w_.database().Int("SELECT COUNT(*) FROM audit_log WHERE action = "
                              "'EvaluationService.AcceptEvaluation'"),
            2);
}

// Approved, rejected and filed in bulk as one by one: by the same roles and with the same duties
// kept apart, each item with its own result.
TEST_F(EvaluationLifecycle, OverridesGoOnInBulkEachWithItsResult) {
  const auto proposed = [&](const std::string& computer, const std::string& proposer,
                            const std::string& village = "360733101201") {
    const Ulid id = w_.Compute(w_.AddSubject({.village = village}), v1::EVALUATION_RESULT_UPGRADE,
                               "G2", computer);
    const std::string county = village.substr(0, 6);
    v1::ProposeOverrideRequest proposal = w_.Proposal(type::v1::FOUR_CLASS_CONSOLIDATE);
    *proposal.mutable_evidence(0) = w_.Paper(county);
    EXPECT_OK(w_.Step("ProposeOverride", proposal, id, w_.Operator(proposer, county)));
    return id;
  };
  const Ulid one = proposed("computer", "operator");
  const Ulid two = proposed("computer", "operator");
  const Ulid own_proposal = proposed("computer", "approver");
  const Ulid own_result = proposed("approver", "operator");
  const Ulid none = w_.Compute(w_.AddSubject(), v1::EVALUATION_RESULT_UPGRADE, "G2");
  const auto advance = [&](v1::AdvanceStep step, const std::vector<Ulid>& ids,
                           const std::string& token, const std::string& reason = "") {
    v1::BatchAdvanceRequest request;
    request.set_step(step);
    request.set_reason(reason);
    for (const Ulid& id : ids) request.add_items()->set_id(id.ToString());
    return w_.Call<v1::BatchAdvanceResponse>(Cat(kEvaluationService, "BatchAdvance"), request,
                                             token);
  };
  const auto outcomes = [&](v1::AdvanceStep step, const std::vector<Ulid>& ids,
                            const std::string& token, const std::string& reason = "") {
    auto response = advance(step, ids, token, reason);
    EXPECT_OK(response);
    std::vector<std::string> out;
    if (!response.ok()) return out;
    for (int i = 0; i < response->results_size(); ++i) {
      const type::v1::BulkResult& r = response->results(i);
      EXPECT_EQ(r.id(), ids[static_cast<size_t>(i)].ToString());
      out.push_back(r.done() ? r.state_zh() : r.refusal().reason());
    }
    return out;
  };
  using ::testing::ElementsAre;
  const v1::AdvanceStep approve = v1::ADVANCE_STEP_APPROVE_OVERRIDE;
  const v1::AdvanceStep reject = v1::ADVANCE_STEP_REJECT_OVERRIDE;
  const v1::AdvanceStep file = v1::ADVANCE_STEP_FILE_OVERRIDE;
  const Ulid elsewhere = proposed("computer", "operator", "360734101201");

  EXPECT_THAT(outcomes(approve, {one, elsewhere}, w_.Operator()),
              ElementsAre("ROLE_NOT_ALLOWED", "RESOURCE_NOT_FOUND"));
  EXPECT_THAT(
      outcomes(approve, {one, own_proposal, own_result, none, elsewhere, two}, w_.Approver()),
      ElementsAre("联合确认", "SAME_PERSON", "SAME_PERSON", "STATE_NOT_ALLOWED",
                  "RESOURCE_NOT_FOUND", "联合确认"));
  EXPECT_EQ(w_.Get(one).override().approved_by().subject(), "approver");
  EXPECT_EQ(w_.Get(one).final_class(), type::v1::FOUR_CLASS_CONSOLIDATE);
  EXPECT_TRUE(w_.Get(two).override().has_expires_on());
  EXPECT_EQ(w_.Get(own_proposal).state(), v1::EVALUATION_STATE_OVERRIDE_PROPOSED);
  // Each is audited as the step's own rpc.
  EXPECT_EQ(w_.database().Int("SELECT COUNT(*) FROM audit_log WHERE action = "
                              "'EvaluationService.ApproveOverride'"),
            2);
  // Neither does the province, whose business this is not.
  EXPECT_THAT(outcomes(approve, {elsewhere}, w_.Province()), ElementsAre("OVERRIDE_LEVEL"));
  EXPECT_THAT(outcomes(reject, {elsewhere}, w_.Province(), "材料不足"),
              ElementsAre("OVERRIDE_LEVEL"));
  EXPECT_THAT(outcomes(approve, {elsewhere}, w_.Approver("360734")), ElementsAre("联合确认"));

  // Who rejects says why; the reason is on each one's record.
  EXPECT_THAT(advance(reject, {own_proposal}, w_.Approver()), HasViolation("reason"));
  EXPECT_THAT(outcomes(reject, {own_proposal}, w_.City(), "材料不足"),
              ElementsAre("ROLE_NOT_ALLOWED"));
  EXPECT_THAT(outcomes(reject, {own_proposal, one, own_result}, w_.Approver(), "材料不足"),
              ElementsAre("已测算", "STATE_NOT_ALLOWED", "已测算"));
  EXPECT_FALSE(w_.Get(own_result).has_override());
  EXPECT_EQ(w_.database().Int("SELECT COUNT(*) FROM audit_log WHERE action = "
                              "'EvaluationService.RejectOverride' AND reason = '材料不足'"),
            2);

  // Filed by the city, once.
  EXPECT_THAT(outcomes(file, {one}, w_.Approver()), ElementsAre("ROLE_NOT_ALLOWED"));
  EXPECT_THAT(outcomes(file, {one, none, two}, w_.City()),
              ElementsAre("联合确认", "STATE_NOT_ALLOWED", "联合确认"));
  EXPECT_TRUE(w_.Get(one).override().city_filed());
  EXPECT_THAT(outcomes(file, {one}, w_.City()), ElementsAre("FILING_NOT_REQUIRED"));
}

TEST_F(EvaluationLifecycle, EveryStateActionAndRoleThroughTheHandlersIsAsTheTableSays) {
  // An evaluation in that state with every guard of the action satisfied; then the rpc.
  const std::function<absl::StatusOr<Phase>(Phase, const std::string&, workflow::RoleId)> attempt =
      [&](Phase phase, const std::string& action, workflow::RoleId role) -> absl::StatusOr<Phase> {
    const Ulid subject = w_.AddSubject();
    w_.NeedDepartments(subject, {"ETHNIC", "FINANCE"});
    // One of those that this role may override, if any.
    const bool locked = role == kProvOffice;
    const Ulid id =
        w_.Compute(subject, locked ? v1::EVALUATION_RESULT_ADJUST : v1::EVALUATION_RESULT_UPGRADE,
                   locked ? "H1" : "G2");
    absl::Status prepared = mysql::Transact(w_.db(), [&](mysql::Tx& tx) -> absl::Status {
      auto rows = LockEvaluations(tx, {id}, std::nullopt);
      if (!rows.ok()) return rows.status();
      EvaluationRow* row = &rows->at(0);
      auto m = ToMessage(*row);
      if (!m.ok()) return m.status();
      m->set_state(static_cast<v1::EvaluationState>(phase));
      if (phase >= Phase::kOverrideProposed) {
        const bool unfiled = action == "file_override";
        v1::Override* o = m->mutable_override();
        o->set_from_class(locked ? type::v1::FOUR_CLASS_ADJUST : type::v1::FOUR_CLASS_UPGRADE);
        o->set_to_class(type::v1::FOUR_CLASS_CONSOLIDATE);
        o->set_reason_code("SEASONAL");
        o->set_reason_text("上月投产的新生产线尚未反映在月报之中，实际产能利用率已达到九成");
        o->add_evidence()->set_sha256(std::string(64, 'a'));
        o->mutable_proposed_by()->set_subject("proposer");
        o->set_needs_city_filing(true);
        o->set_city_filed(!unfiled);
      }
      if (phase >= Phase::kCountyReviewed) {
        m->set_final_class(type::v1::FOUR_CLASS_CONSOLIDATE);
        for (const char* department : {"AGRICULTURE", "ETHNIC", "FINANCE"}) {
          m->add_joint_signatures()->set_department(department);
        }
        m->mutable_joint_signatures(0)->mutable_signed_by()->set_subject("lead");
      }
      m->set_publicity_passed(phase == Phase::kPublicised);
      StoreMessage(*m, *row);
      return UpdateEvaluation(tx, *row);
    });
    if (!prepared.ok()) return prepared;
    const std::string token = w_.Token(static_cast<auth::Role>(role), "36", "tester");
    absl::StatusOr<v1::Evaluation> done = absl::UnknownError("no such action");
    if (action == "accept") {
      done = w_.Step("AcceptEvaluation", v1::AcceptEvaluationRequest(), id, token);
    } else if (action == "propose_override") {
      done = w_.Step("ProposeOverride", w_.Proposal(type::v1::FOUR_CLASS_CONSOLIDATE), id, token);
    } else if (action == "approve_override") {
      done = w_.Step("ApproveOverride", v1::ApproveOverrideRequest(), id, token);
    } else if (action == "reject_override") {
      v1::RejectOverrideRequest request;
      request.set_reason("材料不足");
      done = w_.Step("RejectOverride", request, id, token);
    } else if (action == "file_override") {
      done = w_.Step("FileOverride", v1::FileOverrideRequest(), id, token);
    } else if (action == "sign") {
      v1::SignJointlyRequest request;
      request.set_department(role == kFinanceOfficer ? "FINANCE" : "ETHNIC");
      done = w_.Step("SignJointly", request, id, token);
    } else if (action == "publicise") {
      v1::StartClassPublicityRequest request;
      request.add_channels("村务公开栏");
      done = w_.Step("StartClassPublicity", request, id, token);
    } else if (action == "make_effective") {
      done = w_.Step("MakeEffective", v1::MakeEffectiveRequest(), id, token);
    } else if (action == "void") {
      v1::VoidEvaluationRequest request;
      request.set_reason("登记有误");
      done = w_.Step("VoidEvaluation", request, id, token);
    }
    if (!done.ok()) return done.status();
    return static_cast<Phase>(done->state());
  };
  const std::vector<Phase> states = {
      Phase::kComputed,   Phase::kOverrideProposed, Phase::kCountyReviewed, Phase::kJointConfirmed,
      Phase::kPublicised, Phase::kEffective,        Phase::kSuperseded,     Phase::kVoid};
  const std::vector<workflow::RoleId> roles = {kVillageReporter, kTownshipReviewer, kCountyOperator,
                                               kCountyApprover,  kSectorVerifier,   kFinanceOfficer,
                                               kCitySupervisor,  kProvOffice,       kProvAdmin};
  EXPECT_THAT(workflow::TryTriples(EvaluationTable(), states, roles, attempt),
              ::testing::IsEmpty());
}

TEST_F(EvaluationLifecycle, RollupsEqualTheirRecountAfterManyRandomSteps) {
  const uint32_t seed = testing::PropertySeed(std::random_device()());
  SCOPED_TRACE(Cat("seed ", seed));
  std::mt19937 random(seed);
  const auto below = [&](size_t n) { return static_cast<size_t>(random() % n); };
  const std::vector<std::string> villages = {"360733101201", "360733101202", "360733102201",
                                             "360734101201"};
  struct One {
    Ulid subject;
    std::vector<Ulid> evaluations;
  };
  std::vector<One> all;
  for (int i = 0; i < 24; ++i) {
    One one;
    one.subject = w_.AddSubject({.type = i % 4 == 0 ? kIndustrySubject : kProjectSubject,
                                 .village = villages[below(villages.size())],
                                 .invested_fen = static_cast<int64_t>(below(1'000'000'000)),
                                 .asset_value_fen = static_cast<int64_t>(below(1'000'000'000))});
    all.push_back(one);
  }
  // One person for each role over the whole city, so that the region is never the refusal.
  const std::string approver = w_.Token(auth::Role::ROLE_COUNTY_APPROVER, "3607", "approver");
  const std::string op = w_.Token(auth::Role::ROLE_COUNTY_OPERATOR, "3607", "operator");
  int done = 0, refused = 0;
  const auto count = [&](const absl::Status& status) {
    status.ok() ? ++done : ++refused;
    // Whatever is refused is refused by a rule, never by a fault.
    EXPECT_FALSE(absl::IsInternal(status) || absl::IsUnknown(status) || absl::IsDataLoss(status))
        << status;
  };
  const int steps = testing::Runs(2000, 10'000);
  for (int step = 0; step < steps; ++step) {
    One& one = all[below(all.size())];
    const size_t what = one.evaluations.empty() ? 0 : below(10);
    if (what == 0) {
      const v1::EvaluationResult results[] = {
          v1::EVALUATION_RESULT_CONSOLIDATE,       v1::EVALUATION_RESULT_UPGRADE,
          v1::EVALUATION_RESULT_REVITALIZE,        v1::EVALUATION_RESULT_ADJUST,
          v1::EVALUATION_RESULT_INSUFFICIENT_DATA, v1::EVALUATION_RESULT_MANUAL_REVIEW};
      one.evaluations.push_back(w_.Compute(one.subject, results[below(6)], "G2"));
      ++done;
      continue;
    }
    const Ulid id = one.evaluations[one.evaluations.size() - 1 -
                                    below(std::min<size_t>(2, one.evaluations.size()))];
    switch (what) {
      case 1:
      case 2:
      case 3:
        count(w_.Step("AcceptEvaluation", v1::AcceptEvaluationRequest(), id, approver).status());
        break;
      case 4: {
        v1::StartClassPublicityRequest request;
        request.add_channels("村务公开栏");
        count(w_.Step("StartClassPublicity", request, id, op).status());
        break;
      }
      case 5: {
        const std::string publicity_id = w_.Get(id).publicity_id();
        if (publicity_id.empty()) break;
        w_.PassDays(1);
        publicity::v1::ConcludePublicityRequest request;
        request.set_id(publicity_id);
        count(w_.Call<publicity::v1::Publicity>(Cat(kPublicityService, "ConcludePublicity"),
                                                request, op)
                  .status());
        break;
      }
      case 6:
      case 7:
        count(w_.Step("MakeEffective", v1::MakeEffectiveRequest(), id, approver).status());
        break;
      case 8: {
        if (below(3) == 0) {
          v1::VoidEvaluationRequest request;
          request.set_reason("随机作废");
          count(w_.Step("VoidEvaluation", request, id, approver).status());
        } else {
          count(w_.Step("ProposeOverride",
                        w_.Proposal(static_cast<type::v1::FourClass>(1 + below(3))), id, op)
                    .status());
          count(w_.Step("ApproveOverride", v1::ApproveOverrideRequest(), id, approver).status());
        }
        break;
      }
      case 9: {
        // What the registry says may change under way: money, and whether it is there at all.
        auto before = LoadSubjects(w_.db(), {one.subject}, std::nullopt);
        ASSERT_OK(before);
        SubjectRow changed = before->at(one.subject);
        changed.invested_fen = static_cast<int64_t>(below(1'000'000'000));
        changed.asset_value_fen = static_cast<int64_t>(below(1'000'000'000));
        if (below(4) == 0) changed.is_void = !changed.is_void;
        ASSERT_OK(mysql::Transact(
            w_.db(), [&](mysql::Tx& tx) { return PutSubjects(tx, {changed}, *before); }));
        ++done;
        break;
      }
    }
    if (step % 500 == 499) w_.ExpectRollupsEqualRecount();
  }
  w_.ExpectRollupsEqualRecount();
  std::cout << done << " steps done, " << refused << " refused" << std::endl;
  EXPECT_GT(done, 400);
  EXPECT_EQ(w_.database().Int("SELECT COUNT(*) FROM (SELECT subject_id FROM evaluation WHERE state "
                              "= 6 GROUP BY subject_id HAVING COUNT(*) > 1) twice"),
            0);
  EXPECT_EQ(w_.database().Int(
                "SELECT COUNT(*) FROM subject s LEFT JOIN ledger_entry e ON e.subject_id = "
                "s.subject_id AND e.is_open = 1 WHERE s.effective_class <> COALESCE(e.class, 0)"),
            0);
}

}  // namespace
}  // namespace bangfu::evaluation

// Overrides of a class, the arguments that they rest on, and the evidence of each step.
#include <map>

#include "services/evaluation/api/lifecycle_for_test.h"

namespace bangfu::evaluation {
namespace {

using absl::StatusCode;
using testing::HasViolation;
using testing::StatusIs;

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

}  // namespace
}  // namespace bangfu::evaluation

#include "common/testing/at_once.h"
#include "services/evaluation/api/lifecycle_for_test.h"
#include "services/evaluation/store/reference_store.h"

namespace bangfu::evaluation {
namespace {

using absl::StatusCode;
using testing::StatusIs;

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
    const auto outcomes = testing::AtOnce(2, [&](int i) {
      v1::MakeEffectiveRequest request;
      request.set_request_id(Cat("race-", round, "-", i));
      request.set_id(ids[i].ToString());
      return w_.server()
          .Call<v1::Evaluation>(Cat(kEvaluationService, "MakeEffective"), request, w_.Approver())
          .status();
    });
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
  EXPECT_EQ(testing::Outcomes(testing::AtOnce(2,
                                              [&](int i) {
                                                v1::AcceptEvaluationRequest request;
                                                request.set_request_id(Cat("accept-", i));
                                                request.set_id(id.ToString());
                                                return w_.server().Call<v1::Evaluation>(
                                                    Cat(kEvaluationService, "AcceptEvaluation"),
                                                    request, w_.Approver());
                                              })),
            (testing::Tally{{"OK", 1}, {"FAILED_PRECONDITION/STATE_NOT_ALLOWED", 1}}));
}

}  // namespace
}  // namespace bangfu::evaluation

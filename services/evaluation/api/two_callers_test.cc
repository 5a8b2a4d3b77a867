// Two callers at one moment on every guard between a computed class and a signed ledger: one wins,
// the other gets the reason, and nothing is there twice.
#include "common/testing/at_once.h"
#include "services/evaluation/api/lifecycle_world_for_test.h"

namespace bangfu::evaluation {
namespace {

using absl::StatusCode;
using testing::AtOnce;
using testing::Outcomes;
using testing::StatusIs;
using testing::Tally;

constexpr char kVillage[] = "360733101201";

class TwoCallers : public ::testing::Test {
 protected:
  int64_t Count(const std::string& from, const mysql::Params& params = {}) {
    return w_.database().Int("SELECT COUNT(*) FROM " + from, params);
  }
  Ulid Computed(v1::EvaluationResult result = v1::EVALUATION_RESULT_UPGRADE) {
    return w_.Compute(w_.AddSubject(), result, "G2");
  }
  // Steps of the evaluation's own trail.
  int64_t Steps(const Ulid& id) {
    return Count("audit_log WHERE aggregate_type = 'evaluation' AND aggregate_id = ?", {id});
  }
  absl::StatusOr<publicity::v1::Publicity> Raise(const std::string& id, const std::string& by) {
    publicity::v1::RaiseObjectionRequest request;
    request.set_id(id);
    request.set_raised_by(by);
    request.set_text("类别与实际不符");
    return w_.Call<publicity::v1::Publicity>(Cat(kPublicityService, "RaiseObjection"), request,
                                             w_.Operator());
  }
  absl::StatusOr<v1::LedgerStatus> SignLedger(const std::string& sha, const std::string& person) {
    v1::SignLedgerRequest request;
    request.set_region_code(kVillage);
    request.set_rows_sha256(sha);
    return w_.Call<v1::LedgerStatus>(Cat(kLedgerService, "SignLedger"), request,
                                     w_.Token(auth::Role::ROLE_VILLAGE_REPORTER, kVillage, person));
  }
  v1::LedgerStatus LedgerOf(const std::string& region) {
    v1::GetLedgerStatusRequest request;
    request.set_region_code(region);
    auto status =
        w_.Call<v1::LedgerStatus>(Cat(kLedgerService, "GetLedgerStatus"), request, w_.Province());
    EXPECT_OK(status);
    return status.ok() ? *status : v1::LedgerStatus();
  }

  LifecycleWorld w_;
};

TEST_F(TwoCallers, R019_AnEvaluationIsAcceptedOnce) {
  const Ulid id = Computed();
  EXPECT_EQ(Outcomes(AtOnce(2, [&](int) { return w_.Accept(id); })),
            (Tally{{"OK", 1}, {"FAILED_PRECONDITION/STATE_NOT_ALLOWED", 1}}));
  EXPECT_EQ(Steps(id), 1);
}

TEST_F(TwoCallers, OfAReviewAndAProposalOneStands) {
  const Ulid id = Computed();
  EXPECT_EQ(Outcomes(AtOnce(2,
                            [&](int i) {
                              return i == 0 ? w_.Accept(id)
                                            : w_.Step("ProposeOverride",
                                                      w_.Proposal(type::v1::FOUR_CLASS_REVITALIZE),
                                                      id, w_.Operator());
                            })),
            (Tally{{"OK", 1}, {"FAILED_PRECONDITION/STATE_NOT_ALLOWED", 1}}));
  EXPECT_EQ(Steps(id), 1);
}

TEST_F(TwoCallers, AnOverrideIsProposedOnce) {
  const Ulid id = Computed();
  // The papers are uploaded before the race: the world has one session.
  std::vector<v1::ProposeOverrideRequest> proposals;
  for (int i = 0; i < 4; ++i) proposals.push_back(w_.Proposal(type::v1::FOUR_CLASS_REVITALIZE));
  EXPECT_EQ(Outcomes(AtOnce(4,
                            [&](int i) {
                              return w_.Step("ProposeOverride", proposals[static_cast<size_t>(i)],
                                             id, w_.Operator(Cat("operator-", i)));
                            })),
            (Tally{{"OK", 1}, {"FAILED_PRECONDITION/STATE_NOT_ALLOWED", 3}}));
  EXPECT_EQ(Steps(id), 1);
}

TEST_F(TwoCallers, AnOverrideIsApprovedOrRejected) {
  const Ulid id = Computed();
  ASSERT_OK(
      w_.Step("ProposeOverride", w_.Proposal(type::v1::FOUR_CLASS_REVITALIZE), id, w_.Operator()));
  v1::RejectOverrideRequest reject;
  reject.set_reason("材料不足");
  EXPECT_EQ(Outcomes(AtOnce(3,
                            [&](int i) {
                              return i == 0
                                         ? w_.Step("RejectOverride", reject, id, w_.Approver())
                                         : w_.Step("ApproveOverride", v1::ApproveOverrideRequest(),
                                                   id, w_.Approver());
                            })),
            (Tally{{"OK", 1}, {"FAILED_PRECONDITION/STATE_NOT_ALLOWED", 2}}));
  EXPECT_EQ(Steps(id), 2);
}

TEST_F(TwoCallers, ADepartmentSignsOnce) {
  const Ulid subject = w_.AddSubject();
  w_.NeedDepartments(subject, {"DEVELOPMENT_REFORM", "ETHNIC"});
  const Ulid id = w_.Compute(subject, v1::EVALUATION_RESULT_UPGRADE, "G2");
  ASSERT_OK(w_.Accept(id));
  EXPECT_EQ(Outcomes(AtOnce(3, [&](int i) { return w_.Sign(id, "ETHNIC", Cat("person-", i)); })),
            (Tally{{"OK", 1}, {"FAILED_PRECONDITION/ALREADY_SIGNED", 2}}));
  // One person for two departments at once: for one of them.
  const Ulid other = w_.AddSubject();
  w_.NeedDepartments(other, {"DEVELOPMENT_REFORM", "ETHNIC"});
  const Ulid second = w_.Compute(other, v1::EVALUATION_RESULT_UPGRADE, "G2");
  ASSERT_OK(w_.Accept(second));
  EXPECT_EQ(
      Outcomes(AtOnce(
          2,
          [&](int i) { return w_.Sign(second, i == 0 ? "ETHNIC" : "DEVELOPMENT_REFORM", "one"); })),
      (Tally{{"OK", 1}, {"FAILED_PRECONDITION/SAME_PERSON", 1}}));
}

TEST_F(TwoCallers, AClassIsPublicisedOnce) {
  const Ulid id = Computed();
  ASSERT_OK(w_.Accept(id));
  EXPECT_EQ(Outcomes(AtOnce(3, [&](int) { return w_.Publicise(id); })),
            (Tally{{"OK", 1}, {"FAILED_PRECONDITION/STATE_NOT_ALLOWED", 2}}));
  EXPECT_EQ(Count("publicity"), 1);
}

TEST_F(TwoCallers, AnObjectionIsDecidedOnceAndNoneIsLost) {
  const Ulid id = Computed();
  ASSERT_OK(w_.Accept(id));
  ASSERT_OK_AND_ASSIGN(const v1::Evaluation publicised, w_.Publicise(id));
  const std::string publicity = publicised.publicity_id();
  EXPECT_EQ(Outcomes(AtOnce(3, [&](int i) { return Raise(publicity, Cat("村民", i)); })),
            (Tally{{"OK", 3}}));
  ASSERT_EQ(Count("objection"), 3);
  ASSERT_OK_AND_ASSIGN(const publicity::v1::Publicity now, Raise(publicity, "村民四"));
  ASSERT_EQ(now.objections_size(), 4);
  EXPECT_EQ(Outcomes(AtOnce(3,
                            [&](int) {
                              publicity::v1::DecideObjectionRequest decide;
                              decide.set_id(publicity);
                              decide.set_objection_id(now.objections(0).id());
                              decide.set_decision(publicity::v1::OBJECTION_STATE_REJECTED);
                              decide.set_reply("经核实与台账一致");
                              return w_.Call<publicity::v1::Publicity>(
                                  Cat(kPublicityService, "DecideObjection"), decide, w_.Approver());
                            })),
            (Tally{{"OK", 1}, {"FAILED_PRECONDITION/OBJECTION_DECIDED", 2}}));
  EXPECT_EQ(Count("objection WHERE state = 1"), 3);
}

TEST_F(TwoCallers, NoPublicityPassesOverAnObjectionRaisedAtTheSameMoment) {
  const Ulid id = Computed();
  ASSERT_OK(w_.Accept(id));
  ASSERT_OK_AND_ASSIGN(const v1::Evaluation publicised, w_.Publicise(id));
  const std::string publicity = publicised.publicity_id();
  w_.PassDays(8);
  const auto results = AtOnce(2, [&](int i) {
    return i == 0 ? w_.Conclude(publicity).status() : Raise(publicity, "村民").status();
  });
  // The period is over for an objection, or not for the conclusion: never both.
  EXPECT_FALSE(results[0].ok() && results[1].ok());
  EXPECT_EQ(Count("objection"), results[1].ok() ? 1 : 0);
}

TEST_F(TwoCallers, AClassComesInForceOnce) {
  const Ulid subject = w_.AddSubject();
  const Ulid id = w_.Compute(subject, v1::EVALUATION_RESULT_UPGRADE, "G2");
  ASSERT_OK(w_.Accept(id));
  w_.PassPublicity(id);
  EXPECT_EQ(Outcomes(AtOnce(3, [&](int) { return w_.MakeEffective(id); })),
            (Tally{{"OK", 1}, {"FAILED_PRECONDITION/STATE_NOT_ALLOWED", 2}}));
  EXPECT_EQ(Count("ledger_entry WHERE subject_id = ?", {subject}), 1);
  w_.ExpectRollupsEqualRecount();
}

TEST_F(TwoCallers, ClassesThatComeInForceAtOnceAreAllCounted) {
  std::vector<Ulid> ids;
  for (int i = 0; i < 3; ++i) {
    ids.push_back(Computed(v1::EVALUATION_RESULT_REVITALIZE));
    ASSERT_OK(w_.Accept(ids.back()));
    w_.PassPublicity(ids.back());
  }
  EXPECT_EQ(Outcomes(AtOnce(3, [&](int i) { return w_.MakeEffective(ids[i]); })),
            (Tally{{"OK", 3}}));
  EXPECT_EQ(w_.database().Int("SELECT CAST(SUM(due) AS SIGNED) FROM close_out_rollup"), 3);
  w_.ExpectRollupsEqualRecount();
  // One of them is voided by two callers: it is taken off once.
  v1::VoidEvaluationRequest request;
  request.set_reason("登记有误");
  const auto voided = Outcomes(
      AtOnce(2, [&](int) { return w_.Step("VoidEvaluation", request, ids[0], w_.Approver()); }));
  EXPECT_EQ(voided.at("OK"), 1);
  EXPECT_EQ(w_.database().Int("SELECT CAST(SUM(due) AS SIGNED) FROM close_out_rollup"), 2);
  w_.ExpectRollupsEqualRecount();
}

TEST_F(TwoCallers, AVoidAndAClassThatComesInForceLeaveNoEntryBehind) {
  for (int round = 0; round < 4; ++round) {
    const Ulid subject = w_.AddSubject();
    const Ulid id = w_.Compute(subject, v1::EVALUATION_RESULT_UPGRADE, "G2");
    ASSERT_OK(w_.Accept(id));
    w_.PassPublicity(id);
    v1::VoidEvaluationRequest request;
    request.set_reason("登记有误");
    const auto results = AtOnce(2, [&](int i) {
      return i == 0 ? w_.MakeEffective(id).status()
                    : w_.Step("VoidEvaluation", request, id, w_.Approver()).status();
    });
    // In force first and then void, or void and never in force; who read what the other changed is
    // told so.
    ASSERT_TRUE(results[0].ok() || results[1].ok()) << results[0] << results[1];
    EXPECT_EQ(Count("ledger_entry WHERE is_open = 1 AND subject_id = ?", {subject}),
              results[1].ok() ? 0 : 1);
    w_.ExpectRollupsEqualRecount();
  }
}

TEST_F(TwoCallers, ALedgerIsSignedOnce) {
  w_.BringInForce(Computed());
  const v1::LedgerStatus status = LedgerOf(kVillage);
  EXPECT_EQ(Outcomes(AtOnce(
                3, [&](int i) { return SignLedger(status.rows_sha256(), Cat("reporter-", i)); })),
            (Tally{{"OK", 1}, {"FAILED_PRECONDITION/ALREADY_CURRENT", 2}}));
  EXPECT_EQ(Count("ledger_signature"), 1);
}

TEST_F(TwoCallers, NoSignatureStandsOverRowsThatItDidNotSee) {
  w_.BringInForce(Computed());
  const v1::LedgerStatus shown = LedgerOf(kVillage);
  // Another entry of the village comes while the reporter signs.
  const Ulid second = Computed();
  ASSERT_OK(w_.Accept(second));
  w_.PassPublicity(second);
  const auto results = AtOnce(2, [&](int i) {
    return i == 0 ? SignLedger(shown.rows_sha256(), "reporter").status()
                  : w_.MakeEffective(second).status();
  });
  EXPECT_OK(results[1]);
  if (!results[0].ok()) {
    EXPECT_THAT(results[0], StatusIs(StatusCode::kAborted, "LEDGER_CHANGED"));
  }
  EXPECT_FALSE(LedgerOf(kVillage).has_signature());
}

TEST_F(TwoCallers, MeasuresArePlannedOnce) {
  const Ulid subject = w_.AddSubject();
  w_.BringInForce(w_.Compute(subject, v1::EVALUATION_RESULT_UPGRADE, "G2"));
  ASSERT_OK_AND_ASSIGN(const v1::LedgerEntry entry, w_.OpenEntry(subject));
  const auto outcomes = Outcomes(AtOnce(3, [&](int i) {
    v1::PlanMeasuresRequest request;
    request.set_id(entry.id());
    request.set_etag(entry.etag());
    v1::MeasurePlan* plan = request.mutable_plan();
    plan->add_measures()->set_code("COLD_STORAGE");
    plan->set_responsible_unit(Cat("责任单位", i));
    plan->set_responsible_person("李明");
    SetDay(absl::CivilDay(2027, 6, 30), plan->mutable_due());
    return w_.Call<v1::LedgerEntry>(Cat(kLedgerService, "PlanMeasures"), request, w_.Operator());
  }));
  EXPECT_EQ(outcomes, (Tally{{"OK", 1}, {"ABORTED/ETAG_MISMATCH", 2}}));
}

TEST_F(TwoCallers, AnOverrideIsFiledOnce) {
  const Ulid id = Computed();
  ASSERT_OK(
      w_.Step("ProposeOverride", w_.Proposal(type::v1::FOUR_CLASS_CONSOLIDATE), id, w_.Operator()));
  ASSERT_OK(w_.Step("ApproveOverride", v1::ApproveOverrideRequest(), id, w_.Approver()));
  EXPECT_EQ(
      Outcomes(AtOnce(
          3,
          [&](int) { return w_.Step("FileOverride", v1::FileOverrideRequest(), id, w_.City()); })),
      (Tally{{"OK", 1}, {"FAILED_PRECONDITION/FILING_NOT_REQUIRED", 2}}));
  EXPECT_EQ(Steps(id), 3);
}

TEST_F(TwoCallers, ProgressIsReportedOnWhatWasSeen) {
  const Ulid subject = w_.AddSubject();
  w_.BringInForce(w_.Compute(subject, v1::EVALUATION_RESULT_UPGRADE, "G2"));
  ASSERT_OK_AND_ASSIGN(const v1::LedgerEntry entry, w_.OpenEntry(subject));
  v1::PlanMeasuresRequest plan;
  plan.set_id(entry.id());
  plan.mutable_plan()->add_measures()->set_code("COLD_STORAGE");
  plan.mutable_plan()->set_responsible_unit("麻州镇人民政府");
  plan.mutable_plan()->set_responsible_person("李明");
  SetDay(absl::CivilDay(2027, 6, 30), plan.mutable_plan()->mutable_due());
  ASSERT_OK_AND_ASSIGN(
      const v1::LedgerEntry planned,
      w_.Call<v1::LedgerEntry>(Cat(kLedgerService, "PlanMeasures"), plan, w_.Operator()));
  EXPECT_EQ(Outcomes(AtOnce(3,
                            [&](int i) {
                              v1::ReportMeasureProgressRequest progress;
                              progress.set_id(planned.id());
                              progress.set_etag(planned.etag());
                              progress.set_code("COLD_STORAGE");
                              progress.set_progress_bp(1000 * (i + 1));
                              return w_.Call<v1::LedgerEntry>(
                                  Cat(kLedgerService, "ReportMeasureProgress"), progress,
                                  w_.Operator(Cat("operator-", i)));
                            })),
            (Tally{{"OK", 1}, {"ABORTED/ETAG_MISMATCH", 2}}));
}

TEST_F(TwoCallers, AnAppraisalIsRecordedOnce) {
  const Ulid subject = w_.AddSubject();
  // The papers are uploaded before the race: the world has one session.
  std::vector<v1::RecordAppraisalRequest> requests(3);
  std::vector<std::string> appraisers;
  for (v1::RecordAppraisalRequest& request : requests) {
    v1::Appraisal& appraisal = *request.mutable_appraisal();
    appraisal.set_subject_id(subject.ToString());
    appraisal.set_report_no("赣评〔2026〕3号");
    appraisal.set_appraiser_org("江西某资产评估有限公司");
    appraisal.set_no_revital_value(true);
    SetDay(absl::CivilDay(2026, 2, 1), appraisal.mutable_appraised_on());
    ASSERT_OK_AND_ASSIGN(
        *appraisal.add_evidence(),
        testing::CompleteEvidence(w_.db(), w_.server().ids(), w_.server().clock().Now(),
                                  "APPRAISAL", "360733"));
    appraisers.push_back(w_.Appraiser(Cat("appraiser-", appraisers.size())));
  }
  EXPECT_EQ(Outcomes(AtOnce(3,
                            [&](int i) {
                              return w_.Call<v1::Appraisal>(
                                  "bangfu.evaluation.v1.FactService.RecordAppraisal",
                                  requests[static_cast<size_t>(i)],
                                  appraisers[static_cast<size_t>(i)]);
                            })),
            (Tally{{"OK", 1}, {"ALREADY_EXISTS/APPRAISAL_EXISTS", 2}}));
  EXPECT_EQ(Count("appraisal"), 1);
  EXPECT_EQ(Count("audit_log WHERE aggregate_type = 'appraisal'"), 1);
  // The papers of those who were not taken serve no case.
  EXPECT_EQ(Count("blob_file WHERE case_id IS NOT NULL"), 1);
}

}  // namespace
}  // namespace bangfu::evaluation

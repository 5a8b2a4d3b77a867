// The inbox of evaluations and the ledger through the rpcs, on a real database: what waits for
// whom.
#include <algorithm>
#include <map>

#include "common/inbox/recount.h"
#include "common/testing/at_once.h"
#include "services/evaluation/api/inbox_for_test.h"
#include "services/evaluation/domain/baseline.h"
#include "services/evaluation/domain/criteria.h"
#include "services/evaluation/jobs/ledger_work.h"
#include "services/evaluation/jobs/overrides.h"

namespace bangfu::evaluation {
namespace {

using absl::StatusCode;
using auth::Role;
using testing::AtOnce;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using testing::StatusIs;

TEST_F(EvaluationInbox, R002_AnEvaluationWalksFromReviewToTheSignedLedger) {
  const Ulid subject = w_.AddSubject();
  w_.NeedDepartments(subject, {"ETHNIC"});
  const Ulid id = w_.Compute(subject, v1::EVALUATION_RESULT_CONSOLIDATE);
  ASSERT_THAT(Mine(w_.Approver()), SizeIs(1));
  EXPECT_EQ(Mine(w_.Approver())[0].kind_zh(), "审定分类");
  EXPECT_EQ(Mine(w_.Approver())[0].title(), "脐橙冷库");
  EXPECT_EQ(Mine(w_.Approver())[0].subject_id(), id.ToString());
  // Who computed it does not review it, and another county sees nothing.
  EXPECT_THAT(Kinds(w_.Token(Role::ROLE_COUNTY_APPROVER, "360733", "computer")), IsEmpty());
  EXPECT_THAT(Kinds(w_.Approver("360734")), IsEmpty());

  ASSERT_OK(w_.Accept(id));
  EXPECT_THAT(Kinds(w_.Approver()), IsEmpty());
  EXPECT_THAT(Kinds(w_.Verifier()), ElementsAre("EVALUATION_SIGN ETHNIC"));
  // The reviewer's signature was the lead's: the same person does not sign for another department.
  EXPECT_THAT(Kinds(w_.Token(Role::ROLE_SECTOR_VERIFIER, "360733", "approver")), IsEmpty());
  ASSERT_OK(w_.Sign(id, "ETHNIC", "verifier"));
  EXPECT_THAT(Kinds(w_.Verifier("another")), IsEmpty());
  EXPECT_THAT(Kinds(w_.Operator()), ElementsAre("EVALUATION_PUBLICISE"));

  ASSERT_OK_AND_ASSIGN(const v1::Evaluation publicised, w_.Publicise(id));
  EXPECT_THAT(Kinds(w_.Operator()), IsEmpty());  // the period runs
  w_.PassDays(8);
  EXPECT_THAT(Kinds(w_.Operator()), ElementsAre("PUBLICITY_CONCLUDE"));
  ASSERT_OK(w_.Conclude(publicised.publicity_id()));
  EXPECT_THAT(Kinds(w_.Operator()), IsEmpty());
  EXPECT_THAT(Kinds(w_.Approver()), ElementsAre("EVALUATION_MAKE_EFFECTIVE"));
  ASSERT_OK(w_.MakeEffective(id));

  // In the ledger: a plan to make, and signatures from the village up.
  EXPECT_THAT(Kinds(w_.Operator()), ElementsAre("MEASURE_PLAN"));
  EXPECT_THAT(Kinds(w_.Approver()), IsEmpty());
  ASSERT_OK_AND_ASSIGN(v1::LedgerEntry entry, w_.OpenEntry(subject));
  ASSERT_OK(PlanIt(entry, ""));
  EXPECT_THAT(Kinds(w_.Operator()), ElementsAre("MEASURE_PROGRESS"));
  ASSERT_OK_AND_ASSIGN(entry, w_.OpenEntry(subject));
  ASSERT_OK(ReportProgress(entry, 10000));
  EXPECT_THAT(Kinds(w_.Operator()), IsEmpty());
  EXPECT_THAT(Kinds(SignerOf("360733101201", "v")), ElementsAre("LEDGER_SIGN"));
  EXPECT_THAT(Kinds(SignerOf("360733101", "t")), IsEmpty());
  ASSERT_OK(SignLedger("360733101201", "v"));
  EXPECT_THAT(Kinds(SignerOf("360733101201", "v")), IsEmpty());
  EXPECT_THAT(Kinds(SignerOf("360733101", "t")), ElementsAre("LEDGER_SIGN"));
  EXPECT_THAT(Kinds(SignerOf("360733101", "v")), IsEmpty());  // nobody signs at two levels
  ASSERT_OK(SignLedger("360733101", "t"));
  EXPECT_THAT(Kinds(SignerOf("360733", "c")), ElementsAre("LEDGER_SIGN"));
  ASSERT_OK(SignLedger("360733", "c"));
  EXPECT_THAT(Kinds(SignerOf("360733", "c")), IsEmpty());
  // A changed plan asks for all three again.
  ASSERT_OK_AND_ASSIGN(entry, w_.OpenEntry(subject));
  v1::PlanMeasuresRequest again;
  again.set_id(entry.id());
  *again.mutable_plan() = entry.plan();
  again.mutable_plan()->set_fund_need_fen(100);
  ASSERT_OK(w_.Call<v1::LedgerEntry>(Cat(kLedgerService, "PlanMeasures"), again, w_.Operator()));
  EXPECT_THAT(Kinds(SignerOf("360733101201", "v")), ElementsAre("LEDGER_SIGN"));
  EXPECT_THAT(Kinds(SignerOf("360733", "c")), IsEmpty());
}

TEST_F(EvaluationInbox, R002_AnOverrideWaitsForAnotherPersonAndForTheCity) {
  const Ulid id = w_.Compute(w_.AddSubject(), v1::EVALUATION_RESULT_REVITALIZE, "G5");
  const std::string both = w_.Token(Role::ROLE_COUNTY_OPERATOR, "360733", "proposer");
  ASSERT_OK(w_.Step("ProposeOverride", w_.Proposal(type::v1::FOUR_CLASS_UPGRADE), id, both));
  EXPECT_THAT(Kinds(w_.Approver()), ElementsAre("EVALUATION_APPROVE_OVERRIDE"));
  EXPECT_THAT(Kinds(w_.Token(Role::ROLE_COUNTY_APPROVER, "360733", "proposer")), IsEmpty());
  ASSERT_OK(w_.Step("ApproveOverride", v1::ApproveOverrideRequest(), id, w_.Approver()));
  EXPECT_THAT(Kinds(w_.City()), ElementsAre("EVALUATION_FILE_OVERRIDE"));
  EXPECT_THAT(Kinds(w_.Operator()), IsEmpty());  // not public before it is filed
  ASSERT_OK(w_.Step("FileOverride", v1::FileOverrideRequest(), id, w_.City()));
  EXPECT_THAT(Kinds(w_.City()), IsEmpty());
  EXPECT_THAT(Kinds(w_.Operator()), ElementsAre("EVALUATION_PUBLICISE"));
}

TEST_F(EvaluationInbox, R002_AConfirmationLiesWithThoseWhoSignForTheDepartment) {
  const Ulid subject = w_.AddSubject();
  w_.NeedDepartments(subject, {"ETHNIC", "FINANCE"});
  const Ulid id = w_.Compute(subject, v1::EVALUATION_RESULT_CONSOLIDATE);
  ASSERT_OK(w_.Accept(id));
  EXPECT_THAT(Kinds(w_.Verifier()),
              ElementsAre("EVALUATION_SIGN ETHNIC", "EVALUATION_SIGN FINANCE"));
  EXPECT_THAT(Kinds(w_.Finance()), ElementsAre("EVALUATION_SIGN FINANCE"));
  EXPECT_THAT(Kinds(w_.Operator()), IsEmpty());
  v1::SignJointlyRequest request;
  request.set_department("FINANCE");
  ASSERT_OK(w_.Step("SignJointly", request, id, w_.Finance()));
  EXPECT_THAT(Kinds(w_.Finance()), IsEmpty());
  EXPECT_THAT(Kinds(w_.Finance("another")), IsEmpty());
  EXPECT_THAT(Kinds(w_.Verifier()), ElementsAre("EVALUATION_SIGN ETHNIC"));
}

TEST_F(EvaluationInbox, R002_AnOverrideThatEndedWaitsForItsReevaluation) {
  const auto overridden = [&](const std::string& village) {
    const Ulid subject = w_.AddSubject({.village = village});
    const Ulid id = w_.Compute(subject, v1::EVALUATION_RESULT_CONSOLIDATE);
    EXPECT_OK(
        w_.Step("ProposeOverride", w_.Proposal(type::v1::FOUR_CLASS_UPGRADE), id, w_.Operator()));
    EXPECT_OK(w_.Step("ApproveOverride", v1::ApproveOverrideRequest(), id, w_.Approver()));
    w_.PassPublicity(id);
    EXPECT_OK(w_.MakeEffective(id));
    EXPECT_OK(PlanIt(w_.OpenEntry(subject).value_or(v1::LedgerEntry()), ""));
    EXPECT_OK(ReportProgress(w_.OpenEntry(subject).value_or(v1::LedgerEntry()), 10000));
    return subject;
  };
  const auto night = [&] {
    ASSERT_OK(ExpireOverrides(w_.db(), w_.server().ids(), w_.server().clock().Now()));
  };
  const Ulid subject = overridden("360733101201");
  const Ulid to_void = overridden("360733102201");
  w_.PassDays(340);
  night();
  EXPECT_THAT(Kinds(w_.Operator()), IsEmpty());
  w_.PassDays(30);
  night();
  EXPECT_THAT(Kinds(w_.Operator()), ElementsAre("LEDGER_REEVALUATE", "LEDGER_REEVALUATE"));
  EXPECT_THAT(Kinds(w_.Approver()), ElementsAre("LEDGER_REEVALUATE", "LEDGER_REEVALUATE"));
  // It is the county's, not every county's and not the province's.
  EXPECT_THAT(Kinds(w_.Operator("other", "360734")), IsEmpty());
  EXPECT_THAT(Kinds(w_.Province()), IsEmpty());
  ASSERT_OK_AND_ASSIGN(v1::LedgerEntry entry, w_.OpenEntry(subject));
  bool named = false;
  for (const inbox::v1::WorkItem& item : Mine(w_.Operator())) {
    if (item.subject_id() != entry.id()) continue;
    named = true;
    EXPECT_EQ(item.kind_zh(), "人工调整到期重新评估");
    EXPECT_EQ(item.title(), "脐橙冷库");
    EXPECT_EQ(item.action(), "evaluate");
    EXPECT_TRUE(item.has_due_on());
  }
  EXPECT_TRUE(named);
  // The action as the record's allowed_actions name it, for whom it waits.
  const auto offered = [&](const std::string& token) {
    v1::GetLedgerEntryRequest request;
    request.set_id(entry.id());
    auto got = w_.Call<v1::LedgerEntry>(Cat(kLedgerService, "GetLedgerEntry"), request, token);
    EXPECT_OK(got);
    if (!got.ok()) return false;
    return std::any_of(got->allowed_actions().begin(), got->allowed_actions().end(),
                       [](const auto& a) { return a.action() == "evaluate" && a.allowed(); });
  };
  EXPECT_TRUE(offered(w_.Operator()));
  EXPECT_TRUE(offered(w_.Approver()));
  EXPECT_FALSE(offered(w_.Token(Role::ROLE_TOWNSHIP_REVIEWER, "360733101", "t")));
  // Another night opens nothing twice.
  night();
  EXPECT_EQ(w_.database().Int("SELECT COUNT(*) FROM work_item WHERE kind = 'LEDGER_REEVALUATE'"),
            2);

  // While its project is not verified an evaluation is refused: it waits for nobody meanwhile.
  const auto verified = [&](int yes) {
    ASSERT_OK(
        w_.db().Execute("UPDATE subject SET is_verified = ? WHERE subject_id = ?", {yes, subject}));
    ASSERT_OK(mysql::Transact(w_.db(), [&](mysql::Tx& tx) {
      return SyncEntriesOf(
          tx, {subject},
          {w_.server().ids(), w_.server().clock().Now(), nullptr, "subject_changed", WorkCalendar});
    }));
  };
  verified(0);
  EXPECT_FALSE(offered(w_.Operator()));
  EXPECT_THAT(Kinds(w_.Operator()), ElementsAre("LEDGER_REEVALUATE"));
  verified(1);
  EXPECT_TRUE(offered(w_.Operator()));

  // Computed anew, the ended override still stands in the ledger; in force, it does not.
  const Ulid anew = w_.Compute(subject, v1::EVALUATION_RESULT_UPGRADE, "G2");
  EXPECT_THAT(Kinds(w_.Operator()), ElementsAre("LEDGER_REEVALUATE", "LEDGER_REEVALUATE"));
  w_.BringInForce(anew);
  EXPECT_THAT(Kinds(w_.Operator()), ElementsAre("LEDGER_REEVALUATE"));
  EXPECT_EQ(w_.database().Int("SELECT COUNT(*) FROM work_item WHERE kind = 'LEDGER_REEVALUATE' AND "
                              "state = 2 AND closed_by = 'approver'"),
            1);
  // Nor is it anybody's work once the entry has left the ledger.
  ASSERT_OK_AND_ASSIGN(entry, w_.OpenEntry(to_void));
  v1::VoidEvaluationRequest gone;
  gone.set_reason("登记有误");
  ASSERT_OK(w_.Step("VoidEvaluation", gone, *Ulid::Parse(entry.evaluation_id()), w_.Approver()));
  // The subject is to be evaluated now like any other that has no evaluation.
  EXPECT_THAT(Kinds(w_.Operator()), ElementsAre("EVALUATION_RUN"));
}

TEST_F(EvaluationInbox, R002_ACriteriaDraftWaitsForItsSecondPerson) {
  const auto draft = [&](const std::string& region, bool validate_only = false) {
    CriteriaSet set = DefaultCriteria();
    if (region != "36") set.parent_hash = ContentHash(DefaultCriteria());
    v1::CreateCriteriaDraftRequest request;
    request.set_region_code(region);
    request.set_content_json(CanonicalJson(set));
    request.set_validate_only(validate_only);
    auto made = w_.Call<v1::CriteriaSet>(Cat(kCriteriaService, "CreateCriteriaDraft"), request,
                                         w_.world().Admin("wang"));
    EXPECT_OK(made);
    return made.ok() ? *made : v1::CriteriaSet();
  };
  draft("36", true);
  EXPECT_THAT(Kinds(w_.world().Admin("li")), IsEmpty());
  const v1::CriteriaSet provincial = draft("36");
  const v1::CriteriaSet of_county = draft("360733");
  EXPECT_THAT(Kinds(w_.world().Admin("li")), ElementsAre("CRITERIA_ACTIVATE", "CRITERIA_ACTIVATE"));
  EXPECT_THAT(Kinds(w_.world().Admin("wang")), IsEmpty());  // who drafted it
  EXPECT_THAT(Kinds(w_.Approver()), IsEmpty());
  std::map<std::string, inbox::v1::WorkItem> items;
  for (const inbox::v1::WorkItem& item : Mine(w_.world().Admin("li"))) {
    items[item.subject_id()] = item;
  }
  EXPECT_EQ(items[provincial.id()].title(), Cat("江西省评价标准第", provincial.version_no(), "版"));
  EXPECT_EQ(items[of_county.id()].title(), "会昌县评价标准第1版");
  EXPECT_EQ(items[provincial.id()].kind_zh(), "启用评价标准");
  // The action as the record names it, for the second person and not for the first.
  const auto allowed = [&](const std::string& person) {
    v1::GetCriteriaSetRequest request;
    request.set_id(provincial.id());
    auto got = w_.Call<v1::CriteriaSet>(Cat(kCriteriaService, "GetCriteriaSet"), request,
                                        w_.world().Admin(person));
    EXPECT_OK(got);
    if (!got.ok()) return false;
    return std::any_of(got->allowed_actions().begin(), got->allowed_actions().end(),
                       [&](const auto& a) {
                         return a.action() == items[provincial.id()].action() && a.allowed();
                       });
  };
  EXPECT_TRUE(allowed("li"));
  EXPECT_FALSE(allowed("wang"));

  // An inbox that was not there when the drafts were filed is filled by the recount.
  ASSERT_OK(w_.db().Execute("DELETE FROM work_desk"));
  ASSERT_OK(w_.db().Execute("DELETE FROM work_item"));
  ASSERT_OK(inbox::Recount(w_.db(), {CriteriaSource()}, w_.server().ids(),
                           w_.server().clock().Now(), {.calendar = WorkCalendar}));
  EXPECT_THAT(Kinds(w_.world().Admin("li")), ElementsAre("CRITERIA_ACTIVATE", "CRITERIA_ACTIVATE"));

  v1::ActivateCriteriaRequest activate;
  activate.set_id(provincial.id());
  SetDay(absl::CivilDay(2026, 4, 1), activate.mutable_effective_from());
  const auto put_in_force = [&](const std::string& person) {
    activate.clear_request_id();
    return w_.Call<v1::CriteriaSet>(Cat(kCriteriaService, "ActivateCriteria"), activate,
                                    w_.world().Admin(person));
  };
  EXPECT_THAT(put_in_force("wang"), StatusIs(StatusCode::kFailedPrecondition, "SAME_PERSON"));
  EXPECT_THAT(Kinds(w_.world().Admin("li")), SizeIs(2));
  ASSERT_OK(put_in_force("li"));
  ASSERT_THAT(Mine(w_.world().Admin("li")), SizeIs(1));
  EXPECT_EQ(Mine(w_.world().Admin("li"))[0].subject_id(), of_county.id());
  EXPECT_EQ(w_.database().Int("SELECT COUNT(*) FROM work_item WHERE kind = 'CRITERIA_ACTIVATE' AND "
                              "state = 2 AND closed_by = 'li' AND outcome = 'activate'"),
            1);
}

TEST_F(EvaluationInbox, R002_AManualReviewWaitsForItsArgument) {
  const Ulid subject = w_.AddSubject();
  w_.Compute(subject, v1::EVALUATION_RESULT_MANUAL_REVIEW, "G0");
  EXPECT_THAT(Kinds(w_.Operator()), ElementsAre("EVALUATION_ARGUE"));
  w_.Argue(subject, v1::ARGUMENT_CONCLUSION_CLASS, type::v1::FOUR_CLASS_REVITALIZE);
  EXPECT_THAT(Kinds(w_.Operator()), IsEmpty());
  EXPECT_THAT(Kinds(w_.Approver()), ElementsAre("EVALUATION_ACCEPT"));
  // Computed anew, the older one is nobody's work any more.
  w_.Compute(subject, v1::EVALUATION_RESULT_INSUFFICIENT_DATA, "G0");
  EXPECT_THAT(Kinds(w_.Approver()), IsEmpty());
}

TEST_F(EvaluationInbox, R002_AnObjectionIsAnsweredByAnotherPersonInFiveWorkingDays) {
  const Ulid id = w_.Compute(w_.AddSubject(), v1::EVALUATION_RESULT_CONSOLIDATE);
  ASSERT_OK(w_.Accept(id));
  ASSERT_OK_AND_ASSIGN(const v1::Evaluation publicised, w_.Publicise(id));
  ASSERT_OK(Object(publicised.publicity_id(),
                   w_.Token(Role::ROLE_COUNTY_OPERATOR, "360733", "recorder")));
  ASSERT_THAT(Mine(w_.Approver()), SizeIs(1));
  EXPECT_EQ(Mine(w_.Approver())[0].kind(), "OBJECTION_ANSWER");
  EXPECT_THAT(Kinds(w_.Token(Role::ROLE_COUNTY_APPROVER, "360733", "recorder")), IsEmpty());
  publicity::v1::DecideObjectionRequest decide;
  decide.set_id(publicised.publicity_id());
  decide.set_objection_id(Mine(w_.Approver())[0].slot());
  decide.set_decision(publicity::v1::OBJECTION_STATE_UPHELD);
  decide.set_reply("复核后确有出入");
  ASSERT_OK(w_.Call<publicity::v1::Publicity>(Cat(kPublicityService, "DecideObjection"), decide,
                                              w_.Approver()));
  // Back to the county's review, and nothing of the publicity is left.
  EXPECT_THAT(Kinds(w_.Approver()), ElementsAre("EVALUATION_ACCEPT"));
  w_.PassDays(10);
  EXPECT_THAT(Kinds(w_.Operator()), IsEmpty());
}

TEST_F(EvaluationInbox, R002_AnObjectionThatADeputyRecordedIsAnsweredByAThirdPerson) {
  const Ulid id = w_.Compute(w_.AddSubject(), v1::EVALUATION_RESULT_CONSOLIDATE);
  ASSERT_OK(w_.Accept(id));
  ASSERT_OK_AND_ASSIGN(const v1::Evaluation publicised, w_.Publicise(id));
  ASSERT_OK(Object(publicised.publicity_id(),
                   Lent("deputy", "recorder", Role::ROLE_COUNTY_OPERATOR, "360733")));
  constexpr Role kApprover = Role::ROLE_COUNTY_APPROVER;
  for (const char* person : {"deputy", "recorder"}) {
    EXPECT_THAT(Kinds(w_.Token(kApprover, "360733", person)), IsEmpty()) << person;
    EXPECT_THAT(Kinds(Lent("another", person, kApprover, "360733")), IsEmpty()) << person;
  }
  EXPECT_THAT(Kinds(Lent("deputy", "other", kApprover, "360733")), IsEmpty());
  EXPECT_THAT(Kinds(Lent("another", "other", kApprover, "360733")),
              ElementsAre("OBJECTION_ANSWER"));
  EXPECT_THAT(Kinds(w_.Approver()), ElementsAre("OBJECTION_ANSWER"));
}

TEST_F(EvaluationInbox, R002_WhatADeputySignedBelowWaitsForNeitherOfThemAbove) {
  w_.BringInForce(w_.Compute(w_.AddSubject(), v1::EVALUATION_RESULT_CONSOLIDATE));
  const std::string village = "360733101201", township = "360733101";
  v1::SignLedgerRequest sign;
  sign.set_region_code(village);
  sign.set_rows_sha256(Status(village).rows_sha256());
  ASSERT_OK(
      w_.Call<v1::LedgerStatus>(Cat(kLedgerService, "SignLedger"), sign,
                                Lent("deputy", "principal", Role::ROLE_VILLAGE_REPORTER, village)));
  constexpr Role kSigner = Role::ROLE_TOWNSHIP_APPROVER;
  for (const char* person : {"deputy", "principal"}) {
    EXPECT_THAT(Kinds(SignerOf(township, person)), IsEmpty()) << person;
    EXPECT_THAT(Kinds(Lent("another", person, kSigner, township)), IsEmpty()) << person;
  }
  EXPECT_THAT(Kinds(Lent("deputy", "other", kSigner, township)), IsEmpty());
  EXPECT_THAT(Kinds(Lent("another", "other", kSigner, township)), ElementsAre("LEDGER_SIGN"));
  EXPECT_THAT(Kinds(SignerOf(township, "t")), ElementsAre("LEDGER_SIGN"));
  ASSERT_OK(SignLedger(township, "t"));
  // Two levels up as well.
  EXPECT_THAT(Kinds(SignerOf("360733", "principal")), IsEmpty());
  EXPECT_THAT(Kinds(SignerOf("360733", "c")), ElementsAre("LEDGER_SIGN"));
}

TEST_F(EvaluationInbox, R002_TwoVillagesThatSignAtOncePassItOn) {
  std::vector<std::string> villages = {"360733101201", "360733101202"};
  for (const std::string& village : villages) {
    LifecycleWorld::SubjectOptions options;
    options.village = village;
    w_.BringInForce(w_.Compute(w_.AddSubject(options), v1::EVALUATION_RESULT_CONSOLIDATE));
  }
  std::vector<v1::SignLedgerRequest> requests(2);
  std::vector<std::string> tokens(2);
  for (size_t i = 0; i < 2; ++i) {
    requests[i].set_request_id(Cat("sign-at-once-", i));
    requests[i].set_region_code(villages[i]);
    requests[i].set_rows_sha256(Status(villages[i]).rows_sha256());
    tokens[i] = SignerOf(villages[i], Cat("v", i));
  }
  const auto outcomes = AtOnce(2, [&](int i) {
    return w_.server().Call<v1::LedgerStatus>(Cat(kLedgerService, "SignLedger"), requests[i],
                                              tokens[i]);
  });
  EXPECT_OK(outcomes[0]);
  EXPECT_OK(outcomes[1]);
  EXPECT_THAT(Kinds(SignerOf("360733101", "t")), ElementsAre("LEDGER_SIGN"));
}

TEST_F(EvaluationInbox, R002_TwoWhoAcceptAtOnceCloseOneItemOnce) {
  const Ulid id = w_.Compute(w_.AddSubject(), v1::EVALUATION_RESULT_CONSOLIDATE);
  std::vector<v1::AcceptEvaluationRequest> requests(2);
  std::vector<std::string> tokens;
  for (size_t i = 0; i < 2; ++i) {
    requests[i].set_request_id(Cat("accept-at-once-", i));
    requests[i].set_id(id.ToString());
    tokens.push_back(w_.Token(Role::ROLE_COUNTY_APPROVER, "360733", Cat("a", i)));
  }
  const auto outcomes = AtOnce(2, [&](int i) {
    return w_.server().Call<v1::Evaluation>(Cat(kEvaluationService, "AcceptEvaluation"),
                                            requests[i], tokens[i]);
  });
  EXPECT_EQ(outcomes[0].ok() + outcomes[1].ok(), 1);
  EXPECT_EQ(w_.database().Int(
                "SELECT COUNT(*) FROM work_item WHERE kind = 'EVALUATION_ACCEPT' AND state = 2"),
            1);
  EXPECT_EQ(w_.database().Int("SELECT COUNT(*) FROM work_item WHERE open_mark = 1 AND kind = "
                              "'EVALUATION_PUBLICISE'"),
            1);
}

}  // namespace
}  // namespace bangfu::evaluation

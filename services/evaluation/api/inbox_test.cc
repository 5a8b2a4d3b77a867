// The inbox of evaluations and the ledger through the rpcs, on a real database: what waits for
// whom, and that items are equal to states whatever happens.
#include <iostream>
#include <set>
#include <thread>

#include "bangfu/inbox/v1/inbox.pb.h"
#include "common/testing/deep.h"
#include "common/testing/random.h"
#include "services/evaluation/api/lifecycle_world_for_test.h"
#include "services/evaluation/domain/baseline.h"
#include "services/evaluation/domain/criteria.h"
#include "services/evaluation/domain/measures.h"
#include "services/evaluation/facts/measure_codes.h"
#include "services/evaluation/jobs/ledger_work.h"
#include "services/evaluation/jobs/overrides.h"

namespace bangfu::evaluation {
namespace {

using absl::StatusCode;
using auth::Role;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using testing::StatusIs;

constexpr char kInboxService[] = "bangfu.inbox.v1.InboxService.";
constexpr char kCriteriaService[] = "bangfu.evaluation.v1.CriteriaService.";

class EvaluationInbox : public ::testing::Test {
 protected:
  std::vector<inbox::v1::WorkItem> Mine(const std::string& token) {
    inbox::v1::ListMyWorkRequest request;
    request.set_page_size(500);
    auto page =
        w_.Call<inbox::v1::ListMyWorkResponse>(Cat(kInboxService, "ListMyWork"), request, token);
    EXPECT_OK(page);
    if (!page.ok()) return {};
    return {page->items().begin(), page->items().end()};
  }
  std::vector<std::string> Kinds(const std::string& token) {
    std::vector<std::string> out;
    for (const auto& item : Mine(token)) {
      out.push_back(item.slot().empty() || item.kind() == "OBJECTION_ANSWER"
                        ? item.kind()
                        : Cat(item.kind(), " ", item.slot()));
    }
    std::sort(out.begin(), out.end());
    return out;
  }
  absl::StatusOr<publicity::v1::Publicity> Object(const std::string& publicity_id,
                                                  const std::string& token) {
    publicity::v1::RaiseObjectionRequest raise;
    raise.set_id(publicity_id);
    raise.set_raised_by("王小明");
    raise.set_text("投入金额与公示不符");
    return w_.Call<publicity::v1::Publicity>(Cat(kPublicityService, "RaiseObjection"), raise,
                                             token);
  }
  v1::LedgerStatus Status(const std::string& region) {
    v1::GetLedgerStatusRequest request;
    request.set_region_code(region);
    auto status =
        w_.Call<v1::LedgerStatus>(Cat(kLedgerService, "GetLedgerStatus"), request, w_.Province());
    EXPECT_OK(status);
    return status.ok() ? *status : v1::LedgerStatus();
  }
  std::string SignerOf(const std::string& region, const std::string& person) {
    return w_.Token(region.size() == 6   ? Role::ROLE_COUNTY_APPROVER
                    : region.size() == 9 ? Role::ROLE_TOWNSHIP_APPROVER
                                         : Role::ROLE_VILLAGE_REPORTER,
                    region, person);
  }
  absl::Status SignLedger(const std::string& region, const std::string& person) {
    v1::SignLedgerRequest request;
    request.set_region_code(region);
    request.set_rows_sha256(Status(region).rows_sha256());
    if (request.rows_sha256().empty()) return absl::FailedPreconditionError("no rows");
    return w_
        .Call<v1::LedgerStatus>(Cat(kLedgerService, "SignLedger"), request,
                                SignerOf(region, person))
        .status();
  }
  // A token of one who has this role on another's behalf, until the person is lent another.
  std::string Lent(const std::string& person, const std::string& by, Role role,
                   const std::string& region) {
    w_.world().held().Lend(person, by, role, region, w_.server().ids().Next());
    return testing::PersonToken(w_.server(), person);
  }
  // A plan of the first measure that the class, and for 盘活类 the cause, allows.
  absl::Status PlanIt(const v1::LedgerEntry& entry, const std::string& argument) {
    v1::PlanMeasuresRequest request;
    request.set_id(entry.id());
    v1::MeasurePlan* plan = request.mutable_plan();
    if (entry.class_() == type::v1::FOUR_CLASS_REVITALIZE) plan->set_cause("CASHFLOW_MARKET");
    ASSIGN_OR_RETURN(const MeasureCatalogue catalogue,
                     LoadMeasures(w_.db(), ShanghaiDay(w_.server().clock().Now())));
    for (const MeasureDef& def : catalogue.measures) {
      if (static_cast<int>(def.four_class) != entry.class_() || def.description_required) continue;
      if (!plan->cause().empty() && !IsAllowed(*catalogue.FindCause(plan->cause()), def)) continue;
      plan->add_measures()->set_code(def.code);
      break;
    }
    plan->set_responsible_unit("麻州镇人民政府");
    plan->set_responsible_person("李明");
    SetDay(absl::CivilDay(2027, 6, 30), plan->mutable_due());
    plan->set_argument_id(argument);
    return w_.Call<v1::LedgerEntry>(Cat(kLedgerService, "PlanMeasures"), request, w_.Operator())
        .status();
  }
  absl::Status ReportProgress(const v1::LedgerEntry& entry, int32_t bp) {
    if (entry.plan().measures().empty()) return absl::FailedPreconditionError("no plan");
    v1::ReportMeasureProgressRequest request;
    request.set_id(entry.id());
    request.set_code(entry.plan().measures(0).code());
    request.set_progress_bp(bp);
    return w_
        .Call<v1::LedgerEntry>(Cat(kLedgerService, "ReportMeasureProgress"), request, w_.Operator())
        .status();
  }

  LifecycleWorld w_;
};

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
  std::vector<absl::Status> outcomes(2);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < 2; ++i) {
    threads.emplace_back([&, i] {
      outcomes[i] =
          w_.server()
              .Call<v1::LedgerStatus>(Cat(kLedgerService, "SignLedger"), requests[i], tokens[i])
              .status();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_OK(outcomes[0]);
  EXPECT_OK(outcomes[1]);
  EXPECT_THAT(Kinds(SignerOf("360733101", "t")), ElementsAre("LEDGER_SIGN"));
}

TEST_F(EvaluationInbox, R002_TwoWhoAcceptAtOnceCloseOneItemOnce) {
  const Ulid id = w_.Compute(w_.AddSubject(), v1::EVALUATION_RESULT_CONSOLIDATE);
  std::vector<absl::Status> outcomes(2);
  std::vector<std::thread> threads;
  std::vector<v1::AcceptEvaluationRequest> requests(2);
  std::vector<std::string> tokens;
  for (size_t i = 0; i < 2; ++i) {
    requests[i].set_request_id(Cat("accept-at-once-", i));
    requests[i].set_id(id.ToString());
    tokens.push_back(w_.Token(Role::ROLE_COUNTY_APPROVER, "360733", Cat("a", i)));
  }
  for (size_t i = 0; i < 2; ++i) {
    threads.emplace_back([&, i] {
      outcomes[i] = w_.server()
                        .Call<v1::Evaluation>(Cat(kEvaluationService, "AcceptEvaluation"),
                                              requests[i], tokens[i])
                        .status();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(outcomes[0].ok() + outcomes[1].ok(), 1);
  EXPECT_EQ(w_.database().Int(
                "SELECT COUNT(*) FROM work_item WHERE kind = 'EVALUATION_ACCEPT' AND state = 2"),
            1);
  EXPECT_EQ(w_.database().Int("SELECT COUNT(*) FROM work_item WHERE open_mark = 1 AND kind = "
                              "'EVALUATION_PUBLICISE'"),
            1);
}

// --- whatever happens, items are equal to states

class InboxProperty : public EvaluationInbox {
 protected:
  std::vector<Ulid> Ids(const std::string& sql) {
    auto rows = w_.db().Query(sql);
    EXPECT_OK(rows);
    std::vector<Ulid> out;
    for (const mysql::Row& row : *rows) out.push_back(row.Id(0));
    return out;
  }
  // Newest first.
  std::vector<v1::ArgumentRecord> Arguments(const std::string& subject) {
    v1::ListArgumentsRequest request;
    request.set_subject_id(subject);
    auto list = w_.Call<v1::ListArgumentsResponse>(Cat(kEvaluationService, "ListArguments"),
                                                   request, w_.Province());
    EXPECT_OK(list);
    return {list->arguments().begin(), list->arguments().end()};
  }
  v1::ArgumentRecord Newest(const std::string& subject) {
    const std::vector<v1::ArgumentRecord> all = Arguments(subject);
    return all.empty() ? v1::ArgumentRecord() : all[0];
  }
  // Of a newest argument: whether its panel is waited for, five working days.
  bool Awaited(const v1::ArgumentRecord& a) {
    const absl::CivilDay recorded = ShanghaiDay(absl::FromUnixSeconds(a.recorded_at().seconds()));
    return a.state() == v1::ARGUMENT_STATE_SIGNING &&
           ShanghaiDay(w_.server().clock().Now()) <=
               workflow::AddDays(recorded, 5, workflow::DayKind::kWorking, workflow::Calendar())
                   .day;
  }
  void ExpectSignatures(const Ulid& id, std::set<std::string>* out) {
    const v1::ArgumentRecord argument = w_.GetArgument(id.ToString());
    if (Newest(argument.subject_id()).id() != argument.id()) return;
    for (int seat = 0; seat < argument.panel_size(); ++seat) {
      if (argument.panel(seat).has_signed_at()) continue;
      out->insert(Cat(id.ToString(), " sign_argument ", seat));
    }
  }
  static bool Supports(const v1::ArgumentRecord& a, type::v1::FourClass wanted) {
    switch (a.conclusion()) {
      case v1::ARGUMENT_CONCLUSION_CLASS:
        return a.named_class() == wanted;
      case v1::ARGUMENT_CONCLUSION_FEASIBLE:
        return wanted == type::v1::FOUR_CLASS_REVITALIZE;
      case v1::ARGUMENT_CONCLUSION_NOT_FEASIBLE:
        return wanted == type::v1::FOUR_CLASS_ADJUST;
      default:
        return false;
    }
  }

  absl::Status Recounted() {
    return inbox::Recount(w_.db(),
                          {EvaluationSource(), ArgumentSource(), EntrySource(), SigningSource(),
                           CriteriaSource(), publicity::WorkSource(ClassPublicityOptions().title)},
                          w_.server().ids(), w_.server().clock().Now(),
                          {.every = absl::ZeroDuration(), .calendar = WorkCalendar});
  }

  void ExpectEvaluation(const Ulid& id, std::set<std::string>* out) {
    const v1::Evaluation e = w_.Get(id);
    const auto add = [&](std::string_view action, std::string_view slot = "") {
      out->insert(Cat(id.ToString(), " ", action, " ", slot));
    };
    const Ulid subject = *Ulid::Parse(e.subject_id());
    auto row = w_.db().Query(
        "SELECT latest_evaluation_id, effective_evaluation_id FROM subject WHERE subject_id = ?",
        {subject});
    ASSERT_OK(row);
    const bool latest = row->at(0).Id(0) == id;
    const bool newer = !row->at(0).IsNull(1) && row->at(0).Id(1) > id;
    const bool filed = !e.override().needs_city_filing() || e.override().city_filed();
    switch (e.state()) {
      case v1::EVALUATION_STATE_COMPUTED: {
        if (!latest) break;
        const bool manual = e.result() == v1::EVALUATION_RESULT_MANUAL_REVIEW;
        const bool adjust = e.result() == v1::EVALUATION_RESULT_ADJUST;
        if (e.result() >= v1::EVALUATION_RESULT_CONSOLIDATE &&
            e.result() <= v1::EVALUATION_RESULT_REVITALIZE) {
          add("accept");
        } else if (manual || adjust) {
          const auto will_do = [&](const v1::ArgumentRecord& argument) {
            return manual ? argument.conclusion() == v1::ARGUMENT_CONCLUSION_CLASS
                          : Supports(argument, type::v1::FOUR_CLASS_ADJUST);
          };
          const v1::ArgumentRecord newest = Newest(e.subject_id());
          if (newest.state() == v1::ARGUMENT_STATE_SIGNED && will_do(newest)) {
            add("accept");
          } else if (!Awaited(newest) || !will_do(newest)) {
            add("record_argument");
          }
        }
        break;
      }
      case v1::EVALUATION_STATE_OVERRIDE_PROPOSED:
        add("approve_override");
        break;
      case v1::EVALUATION_STATE_COUNTY_REVIEWED:
        for (const v1::JointSignature& j : e.joint_signatures()) {
          if (!j.has_signed_by()) add("sign", j.department());
        }
        if (!filed) add("file_override");
        break;
      case v1::EVALUATION_STATE_JOINT_CONFIRMED:
        add(filed ? "publicise" : "file_override");
        break;
      case v1::EVALUATION_STATE_PUBLICISED:
        if (e.publicity_passed() && !newer) add("make_effective");
        break;
      default:
        break;
    }
  }
  void ExpectLedger(std::set<std::string>* out) {
    for (const Ulid& id : Ids("SELECT id FROM ledger_entry WHERE is_open = 1")) {
      v1::GetLedgerEntryRequest request;
      request.set_id(id.ToString());
      auto entry =
          w_.Call<v1::LedgerEntry>(Cat(kLedgerService, "GetLedgerEntry"), request, w_.Province());
      ASSERT_OK(entry);
      if (entry->reevaluation_due()) out->insert(Cat(id.ToString(), " evaluate "));
      if (entry->state() == v1::LEDGER_ENTRY_STATE_OPEN) {
        bool argued = entry->class_() != type::v1::FOUR_CLASS_REVITALIZE;
        bool signing = false;
        const std::vector<v1::ArgumentRecord> arguments = Arguments(entry->subject_id());
        for (const v1::ArgumentRecord& a : arguments) {
          if (a.state() == v1::ARGUMENT_STATE_NOT_CARRIED) break;
          if (!Supports(a, type::v1::FOUR_CLASS_REVITALIZE)) continue;
          argued |= a.state() == v1::ARGUMENT_STATE_SIGNED;
          signing |= a.id() == arguments[0].id() && Awaited(a);
        }
        if (argued || !signing) {
          out->insert(Cat(id.ToString(), argued ? " plan_measures " : " record_argument "));
        }
      } else {
        bool done = true;
        for (const auto& p : entry->plan().measures()) done &= p.progress_bp() >= 10000;
        if (!done) out->insert(Cat(id.ToString(), " report_progress "));
      }
    }
    for (const std::string& unit : Units()) {
      const v1::LedgerStatus status = Status(unit);
      if (status.rows() > 0 && !status.has_signature() && status.unsigned_count() == 0) {
        out->insert(Cat(LedgerUnitId(unit).ToString(), " sign_ledger "));
      }
    }
  }
  static std::vector<std::string> Units() {
    return {"360733101201", "360733101202", "360733102201", "360733101", "360733102", "360733"};
  }
  void ExpectPublicity(const Ulid& id, std::set<std::string>* out) {
    publicity::v1::GetPublicityRequest request;
    request.set_id(id.ToString());
    auto p = w_.Call<publicity::v1::Publicity>(Cat(kPublicityService, "GetPublicity"), request,
                                               w_.Province());
    ASSERT_OK(p);
    bool open = false;
    for (const auto& objection : p->objections()) {
      if (objection.state() != publicity::v1::OBJECTION_STATE_OPEN) continue;
      open = true;
      out->insert(Cat(id.ToString(), " decide_objection ", objection.id()));
    }
    if (!open) out->insert(Cat(id.ToString(), " conclude "));
  }
  std::set<std::string> Expected() {
    std::set<std::string> out;
    // One that was only computed and is not the newest is nobody's work.
    for (const Ulid& id :
         Ids("SELECT e.id FROM evaluation e JOIN subject s ON s.subject_id = e.subject_id WHERE "
             "e.state BETWEEN 2 AND 5 OR (e.state = 1 AND s.latest_evaluation_id = e.id)")) {
      ExpectEvaluation(id, &out);
    }
    for (const Ulid& id : Ids("SELECT id FROM publicity WHERE state IN (1, 2, 6)")) {
      ExpectPublicity(id, &out);
    }
    for (const Ulid& id : Ids("SELECT id FROM argument_record WHERE state = 1")) {
      ExpectSignatures(id, &out);
    }
    ExpectLedger(&out);
    for (const Ulid& id : Ids("SELECT id FROM criteria_set WHERE state = 1")) {
      out.insert(Cat(id.ToString(), " activate "));
    }
    return out;
  }
  std::set<std::string> Stored() {
    std::set<std::string> out;
    // What is outstanding by county has a property test of its own.
    auto rows = w_.db().Query(
        "SELECT subject_id, action, slot FROM work_item WHERE open_mark = 1 AND subject_type NOT "
        "IN ('evaluation_runs', 'evaluation_data')");
    EXPECT_OK(rows);
    for (const mysql::Row& row : *rows) {
      out.insert(Cat(row.Id(0).ToString(), " ", row.String(1), " ", row.String(2)));
    }
    return out;
  }
  // What an open item names as its action, its record tells as allowed to somebody of the item's
  // roles who had no hand in it.
  void ExpectToldByRecords() {
    auto rows = w_.db().Query(
        "SELECT subject_type, subject_id, action, region_path, roles, assignee FROM work_item "
        "WHERE open_mark = 1 AND starts_on <= ? AND subject_type NOT IN ('evaluation_runs', "
        "'evaluation_data')",
        {ShanghaiDay(w_.server().clock().Now())});
    ASSERT_OK(rows);
    for (const mysql::Row& row : *rows) {
      const std::string type = row.String(0);
      const std::string id = row.Id(1).ToString();
      const std::string roles = row.String(4);
      int role = 0;
      ASSERT_TRUE(ParseInt(roles.substr(0, roles.find(',')), &role)) << roles;
      const std::string token =
          w_.Token(static_cast<Role>(role), row.String(3),
                   row.String(5).empty() ? "had-no-hand-in-it" : row.String(5));
      if (type == "evaluation") {
        ExpectTold<v1::GetEvaluationRequest, v1::Evaluation>(
            Cat(kEvaluationService, "GetEvaluation"), id, row.String(2), token);
      } else if (type == "argument") {
        ExpectTold<v1::GetArgumentRequest, v1::ArgumentRecord>(
            Cat(kEvaluationService, "GetArgument"), id, row.String(2), token);
      } else if (type == "ledger_entry") {
        ExpectTold<v1::GetLedgerEntryRequest, v1::LedgerEntry>(
            Cat(kLedgerService, "GetLedgerEntry"), id, row.String(2), token);
      } else if (type == "publicity") {
        ExpectTold<publicity::v1::GetPublicityRequest, publicity::v1::Publicity>(
            Cat(kPublicityService, "GetPublicity"), id, row.String(2), token);
      } else if (type == "criteria_set") {
        ExpectTold<v1::GetCriteriaSetRequest, v1::CriteriaSet>(
            Cat(kCriteriaService, "GetCriteriaSet"), id, row.String(2), token);
      } else if (type == "ledger") {
        v1::GetLedgerStatusRequest request;
        request.set_region_code(row.String(3));
        ExpectAllowed(
            w_.Call<v1::LedgerStatus>(Cat(kLedgerService, "GetLedgerStatus"), request, token),
            row.String(2));
      } else {
        ADD_FAILURE() << "no record is known of " << type;
      }
    }
  }
  template <typename Request, typename Response>
  void ExpectTold(const std::string& method, const std::string& id, const std::string& action,
                  const std::string& token) {
    Request request;
    request.set_id(id);
    ExpectAllowed(w_.Call<Response>(method, request, token), action);
  }
  template <typename Response>
  void ExpectAllowed(const absl::StatusOr<Response>& record, const std::string& action) {
    ASSERT_OK(record);
    EXPECT_TRUE(std::any_of(
        record->allowed_actions().begin(), record->allowed_actions().end(),
        [&](const type::v1::AllowedAction& a) { return a.action() == action && a.allowed(); }))
        << "not told: " << action << ": " << record->ShortDebugString();
  }

  // One of the open items, or nothing.
  template <typename T>
  const T* Any(const std::vector<T>& all, const testing::SeededRandom& random) {
    return all.empty() ? nullptr : &all[random.Below(all.size())];
  }
};

TEST_F(InboxProperty, R002_ItemsAreEqualToStatesAfterRandomSteps) {
  const uint64_t seed = testing::TestSeed();
  std::cout << "seed " << seed << " (BANGFU_TEST_SEED)" << std::endl;
  const testing::SeededRandom random(seed);
  std::vector<Ulid> subjects;
  for (const char* village : {"360733101201", "360733101201", "360733101202", "360733102201"}) {
    LifecycleWorld::SubjectOptions options;
    options.village = village;
    subjects.push_back(w_.AddSubject(options));
  }
  w_.NeedDepartments(subjects[0], {"ETHNIC", "DEVELOPMENT"});
  w_.world().Parameter("OVERRIDE_VALID_MONTHS", 1);  // so that some end under way
  w_.world().Sync();
  const int steps = testing::Runs(500, 2000);
  int done = 0;
  for (int i = 0; i < steps; ++i) {
    const Ulid subject = subjects[random.Below(subjects.size())];
    // Mostly the newest evaluation; now and then one that was left behind.
    const std::vector<Ulid> all =
        Ids("SELECT id FROM evaluation WHERE state BETWEEN 1 AND 5 ORDER BY id DESC LIMIT 8");
    const Ulid* some = Any(all, random);
    const Ulid id = some == nullptr ? subject : *some;
    absl::Status status;
    const absl::Time before = w_.server().clock().Now();
    switch (random.Below(22)) {
      case 0: {
        static constexpr v1::EvaluationResult kResults[] = {
            v1::EVALUATION_RESULT_CONSOLIDATE,  v1::EVALUATION_RESULT_UPGRADE,
            v1::EVALUATION_RESULT_REVITALIZE,   v1::EVALUATION_RESULT_REVITALIZE,
            v1::EVALUATION_RESULT_ADJUST,       v1::EVALUATION_RESULT_INSUFFICIENT_DATA,
            v1::EVALUATION_RESULT_MANUAL_REVIEW};
        w_.Compute(subject, kResults[random.Below(7)], "G4");
        break;
      }
      case 1:
      case 2:
      case 3:
        status = w_.Accept(id).status();
        break;
      case 4: {
        static constexpr v1::ArgumentConclusion kConclusions[] = {
            v1::ARGUMENT_CONCLUSION_FEASIBLE, v1::ARGUMENT_CONCLUSION_NOT_FEASIBLE,
            v1::ARGUMENT_CONCLUSION_CLASS};
        const v1::ArgumentConclusion conclusion = kConclusions[random.Below(3)];
        const v1::ArgumentRecord argument =
            w_.RecordUnsigned(subject, conclusion,
                              conclusion == v1::ARGUMENT_CONCLUSION_CLASS
                                  ? static_cast<type::v1::FourClass>(random.Between(1, 4))
                                  : type::v1::FOUR_CLASS_UNSPECIFIED);
        if (random.Below(2) == 0) w_.SignAll(argument);
        break;
      }
      case 19:
      case 20: {
        const std::vector<Ulid> unsigned_now =
            Ids("SELECT id FROM argument_record WHERE state = 1");
        const Ulid* one = Any(unsigned_now, random);
        if (one == nullptr) break;
        const v1::ArgumentRecord argument = w_.GetArgument(one->ToString());
        status = w_.SignWith(argument.id(), random.Below(3) != 0,
                             w_.Appraiser(argument.panel(random.Below(3)).person()))
                     .status();
        break;
      }
      case 5:
        status = w_.Step("ProposeOverride",
                         w_.Proposal(static_cast<type::v1::FourClass>(random.Between(1, 3))), id,
                         w_.Operator("proposer"))
                     .status();
        break;
      case 6:
        status =
            w_.Step("ApproveOverride", v1::ApproveOverrideRequest(), id, w_.Approver()).status();
        break;
      case 7: {
        v1::RejectOverrideRequest reject;
        reject.set_reason("依据不足");
        status = w_.Step("RejectOverride", reject, id, w_.Approver()).status();
        break;
      }
      case 8:
        status = w_.Step("FileOverride", v1::FileOverrideRequest(), id, w_.City()).status();
        break;
      case 9:
        status = w_.Sign(id, random.Below(2) == 0 ? "ETHNIC" : "DEVELOPMENT",
                         Cat("verifier", random.Below(3)))
                     .status();
        break;
      case 10:
      case 11:
        status = w_.Publicise(id).status();
        break;
      case 12: {
        const std::vector<Ulid> running = Ids("SELECT id FROM publicity WHERE state IN (1, 2, 6)");
        const Ulid* one = Any(running, random);
        if (one == nullptr) break;
        if (random.Below(3) == 0) {
          status = Object(one->ToString(), w_.Operator("recorder")).status();
          break;
        }
        w_.PassDays(8);
        status = w_.Conclude(one->ToString()).status();
        break;
      }
      case 13: {
        auto rows = w_.db().Query("SELECT publicity_id, id FROM objection WHERE state = 1");
        ASSERT_OK(rows);
        if (rows->empty()) break;
        const mysql::Row& row = rows->at(random.Below(rows->size()));
        publicity::v1::DecideObjectionRequest decide;
        decide.set_id(row.Id(0).ToString());
        decide.set_objection_id(row.Id(1).ToString());
        decide.set_decision(random.Below(3) == 0 ? publicity::v1::OBJECTION_STATE_UPHELD
                                                 : publicity::v1::OBJECTION_STATE_REJECTED);
        decide.set_reply("已复核");
        status = w_.Call<publicity::v1::Publicity>(Cat(kPublicityService, "DecideObjection"),
                                                   decide, w_.Approver())
                     .status();
        break;
      }
      case 14:
        status = w_.MakeEffective(id).status();
        break;
      case 15: {
        if (random.Below(4) != 0) break;
        v1::VoidEvaluationRequest request;
        request.set_reason("测算口径有误");
        status = w_.Step("VoidEvaluation", request, id, w_.Approver()).status();
        break;
      }
      case 16: {
        auto entry = w_.OpenEntry(subject);
        if (!entry.ok()) break;
        status = entry->state() == v1::LEDGER_ENTRY_STATE_OPEN || random.Below(4) == 0
                     ? PlanIt(*entry, Newest(subject.ToString()).id())
                     : ReportProgress(*entry, random.Below(2) == 0 ? 5000 : 10000);
        break;
      }
      case 17:
        w_.PassDays(static_cast<int>(random.Between(0, 10)));
        ASSERT_OK(ExpireOverrides(w_.db(), w_.server().ids(), w_.server().clock().Now()));
        break;
      case 18: {
        const std::vector<Ulid> drafts = Ids("SELECT id FROM criteria_set WHERE state = 1");
        const Ulid* draft = Any(drafts, random);
        if (draft == nullptr || random.Below(2) == 0) {
          v1::CreateCriteriaDraftRequest request;
          request.set_region_code("36");
          request.set_content_json(CanonicalJson(DefaultCriteria()));
          status = w_.Call<v1::CriteriaSet>(Cat(kCriteriaService, "CreateCriteriaDraft"), request,
                                            w_.world().Admin("drafter"))
                       .status();
          break;
        }
        v1::ActivateCriteriaRequest request;
        request.set_id(draft->ToString());
        SetDay(ShanghaiDay(w_.server().clock().Now()) + static_cast<int>(random.Between(0, 5)),
               request.mutable_effective_from());
        status = w_.Call<v1::CriteriaSet>(
                       Cat(kCriteriaService, "ActivateCriteria"), request,
                       w_.world().Admin(random.Below(3) == 0 ? "drafter" : "activator"))
                     .status();
        break;
      }
      default: {
        const std::string unit = Units()[random.Below(Units().size())];
        status = SignLedger(unit, Cat("signer-", unit));
      }
    }
    ASSERT_NE(status.code(), StatusCode::kInternal) << status;
    done += status.ok() ? 1 : 0;
    // The term of a panel's signatures runs out with the days alone.
    if (w_.server().clock().Now() != before) {
      ASSERT_OK(Recounted());
    }
    ASSERT_EQ(Stored(), Expected()) << "step " << i << ", seed " << seed;
    if (i % 25 == 0) ExpectToldByRecords();
    if (HasFailure()) return;
  }
  std::cout << steps << " steps, " << done << " of them taken, "
            << w_.database().Int("SELECT COUNT(*) FROM work_item WHERE kind = 'LEDGER_REEVALUATE'")
            << " overrides ended" << std::endl;
  EXPECT_GT(done, steps / 10);
  EXPECT_EQ(w_.database().Int("SELECT COUNT(*) FROM work_desk d LEFT JOIN work_item w ON w.id = "
                              "d.item_id AND w.open_mark = 1 WHERE w.id IS NULL"),
            0);
  // The recount agrees.
  const int64_t version = w_.database().Int("SELECT SUM(version) FROM work_item");
  const int64_t items = w_.database().Int("SELECT COUNT(*) FROM work_item");
  ASSERT_OK(Recounted());
  EXPECT_EQ(w_.database().Int("SELECT SUM(version) FROM work_item"), version);
  EXPECT_EQ(w_.database().Int("SELECT COUNT(*) FROM work_item"), items);
}

}  // namespace
}  // namespace bangfu::evaluation

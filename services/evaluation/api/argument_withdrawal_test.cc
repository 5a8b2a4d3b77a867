// An argument that was entered wrongly is taken back while its panel has not settled it (R034).
#include "bangfu/inbox/v1/inbox.pb.h"
#include "common/inbox/recount.h"
#include "common/testing/at_once.h"
#include "services/evaluation/api/lifecycle_world_for_test.h"

namespace bangfu::evaluation {
namespace {

using absl::StatusCode;
using auth::Role;
using testing::AtOnce;
using ::testing::Contains;
using ::testing::ElementsAre;
using testing::HasViolation;
using ::testing::IsEmpty;
using testing::Outcomes;
using ::testing::SizeIs;
using testing::StatusIs;
using testing::Tally;

class ArgumentWithdrawal : public ::testing::Test {
 protected:
  // An evaluation that only an argument lets go on.
  Ulid Adjust() {
    const Ulid subject = w_.AddSubject();
    evaluation_ = w_.Compute(subject, v1::EVALUATION_RESULT_ADJUST, "G4");
    return subject;
  }
  v1::ArgumentRecord Record(const Ulid& subject) {
    return w_.RecordUnsigned(subject, v1::ARGUMENT_CONCLUSION_NOT_FEASIBLE);
  }
  static v1::WithdrawArgumentRequest Request(const std::string& id) {
    v1::WithdrawArgumentRequest request;
    request.set_id(id);
    request.set_reason("专家账号登记有误");
    return request;
  }
  absl::StatusOr<v1::ArgumentRecord> Withdraw(const v1::WithdrawArgumentRequest& request,
                                              const std::string& token) {
    return w_.Call<v1::ArgumentRecord>(Cat(kEvaluationService, "WithdrawArgument"), request, token);
  }
  absl::StatusOr<v1::ArgumentRecord> Withdraw(const std::string& id) {
    return Withdraw(Request(id), w_.Operator());
  }
  absl::StatusOr<v1::ArgumentRecord> Sign(const std::string& argument, const std::string& person,
                                          bool agrees = true) {
    return w_.SignWith(argument, agrees, w_.Appraiser(person));
  }
  // Why the caller may not withdraw it; empty: they may.
  std::string RefusalOf(const std::string& id, const std::string& token) {
    v1::GetArgumentRequest request;
    request.set_id(id);
    auto got = w_.Call<v1::ArgumentRecord>(Cat(kEvaluationService, "GetArgument"), request, token);
    EXPECT_OK(got);
    if (!got.ok()) return "not there";
    for (const auto& a : got->allowed_actions()) {
      if (a.action() == "withdraw_argument") return a.allowed() ? "" : a.refusal_reason();
    }
    return "not offered";
  }
  std::vector<std::string> Kinds(const std::string& token) {
    auto list = w_.Call<inbox::v1::ListMyWorkResponse>("bangfu.inbox.v1.InboxService.ListMyWork",
                                                       inbox::v1::ListMyWorkRequest(), token);
    EXPECT_OK(list);
    std::vector<std::string> out;
    if (!list.ok()) return out;
    for (const auto& item : list->items()) out.push_back(item.kind());
    return out;
  }
  // The items are as the states have them.
  void ExpectNothingToRecount() {
    const auto open = [&] {
      return w_.database().Int("SELECT COUNT(*) FROM work_item WHERE state = 1");
    };
    const int64_t before = open();
    ASSERT_OK(inbox::Recount(w_.db(), {EvaluationSource(), ArgumentSource(), EntrySource()},
                             w_.server().ids(), w_.server().clock().Now(),
                             {.every = absl::ZeroDuration(), .calendar = WorkCalendar}));
    EXPECT_EQ(open(), before);
  }
  LifecycleWorld w_;
  Ulid evaluation_;
};

TEST_F(ArgumentWithdrawal, R034_WhatWasWithdrawnCountsForNothingAndStaysOnRecord) {
  const Ulid subject = Adjust();
  EXPECT_THAT(Kinds(w_.Operator()), ElementsAre("EVALUATION_ARGUE"));
  const v1::ArgumentRecord argument = Record(subject);
  EXPECT_THAT(Kinds(w_.Operator()), IsEmpty());
  EXPECT_EQ(RefusalOf(argument.id(), w_.Operator()), "");
  ASSERT_OK(Sign(argument.id(), "甲"));
  ASSERT_OK_AND_ASSIGN(const v1::ArgumentRecord withdrawn, Withdraw(argument.id()));
  EXPECT_EQ(withdrawn.state(), v1::ARGUMENT_STATE_WITHDRAWN);
  EXPECT_EQ(withdrawn.withdrawal().reason(), "专家账号登记有误");
  EXPECT_EQ(withdrawn.withdrawal().withdrawn_by().subject(), argument.recorded_by().subject());
  EXPECT_TRUE(withdrawn.withdrawal().has_withdrawn_at());
  EXPECT_EQ(withdrawn.signed_count(), 1);
  EXPECT_NE(withdrawn.etag(), argument.etag());
  EXPECT_EQ(RefusalOf(argument.id(), w_.Operator()), "STATE_NOT_ALLOWED");
  // Nobody of its panel is waited for; the county has to argue again.
  for (const char* expert : {"甲", "乙", "丙"}) {
    EXPECT_THAT(Kinds(w_.Appraiser(expert)), IsEmpty()) << expert;
  }
  EXPECT_THAT(Kinds(w_.Operator()), ElementsAre("EVALUATION_ARGUE"));
  ExpectNothingToRecount();
  EXPECT_THAT(Sign(argument.id(), "乙"),
              StatusIs(StatusCode::kFailedPrecondition, "STATE_NOT_ALLOWED"));
  for (const std::string& named : {std::string(), argument.id()}) {
    EXPECT_THAT(w_.Accept(evaluation_, named),
                StatusIs(StatusCode::kFailedPrecondition, "ARGUMENT_REQUIRED"));
  }
  EXPECT_EQ(w_.database().Int(
                "SELECT COUNT(*) FROM audit_log WHERE aggregate_type = 'argument' AND action LIKE "
                "'%WithdrawArgument' AND reason = '专家账号登记有误'"),
            1);
  // Another one can be recorded, and the class rests on it.
  w_.Argue(subject, v1::ARGUMENT_CONCLUSION_NOT_FEASIBLE);
  EXPECT_OK(w_.Accept(evaluation_));
  v1::ListArgumentsRequest list;
  list.set_subject_id(subject.ToString());
  ASSERT_OK_AND_ASSIGN(const auto all,
                       w_.Call<v1::ListArgumentsResponse>(Cat(kEvaluationService, "ListArguments"),
                                                          list, w_.Province()));
  EXPECT_THAT(all.arguments(), SizeIs(2));
}

TEST_F(ArgumentWithdrawal, R034_TheOneBeforeItStandsAgain) {
  const Ulid subject = Adjust();
  const v1::ArgumentRecord first = Record(subject);
  const v1::ArgumentRecord second = Record(subject);
  ASSERT_OK(Withdraw(second.id()));
  EXPECT_THAT(Kinds(w_.Appraiser("甲")), ElementsAre("ARGUMENT_TO_SIGN"));
  ExpectNothingToRecount();
  w_.SignAll(first);
  // Nor does one that is recorded and withdrawn after it take anything from it.
  const v1::ArgumentRecord third = Record(subject);
  EXPECT_THAT(w_.Accept(evaluation_),
              StatusIs(StatusCode::kFailedPrecondition, "ARGUMENT_UNSIGNED"));
  ASSERT_OK(Withdraw(third.id()));
  EXPECT_THAT(Kinds(w_.Approver()), ElementsAre("EVALUATION_ACCEPT"));
  EXPECT_OK(w_.Accept(evaluation_));
}

TEST_F(ArgumentWithdrawal, WhatThePanelHasSettledIsNotWithdrawn) {
  const Ulid subject = Adjust();
  const auto settled = StatusIs(StatusCode::kFailedPrecondition, "STATE_NOT_ALLOWED");
  const v1::ArgumentRecord carried = Record(subject);
  w_.SignAll(carried);
  EXPECT_THAT(Withdraw(carried.id()), settled);
  EXPECT_EQ(RefusalOf(carried.id(), w_.Operator()), "STATE_NOT_ALLOWED");
  // One that is lost does not vanish before its last signature says so.
  const v1::ArgumentRecord lost = Record(subject);
  ASSERT_OK(Sign(lost.id(), "甲", false));
  EXPECT_EQ(RefusalOf(lost.id(), w_.Operator()), "");
  ASSERT_OK(Sign(lost.id(), "乙", false));
  EXPECT_THAT(Withdraw(lost.id()), StatusIs(StatusCode::kFailedPrecondition, "PANEL_DISSENTS"));
  EXPECT_EQ(RefusalOf(lost.id(), w_.Operator()), "PANEL_DISSENTS");
  ASSERT_OK(Sign(lost.id(), "丙"));
  EXPECT_THAT(Withdraw(lost.id()), settled);
}

TEST_F(ArgumentWithdrawal, WhoMayRecordOneMayWithdrawIt) {
  const Ulid subject = Adjust();
  const v1::ArgumentRecord argument = Record(subject);
  const v1::WithdrawArgumentRequest request = Request(argument.id());
  const auto denied = StatusIs(StatusCode::kPermissionDenied);
  EXPECT_THAT(Withdraw(request, w_.Appraiser("甲")), denied);
  EXPECT_THAT(Withdraw(request, w_.Province()), denied);
  EXPECT_THAT(Withdraw(request, w_.Token(Role::ROLE_COUNTY_OPERATOR, "360734", "else")),
              StatusIs(StatusCode::kNotFound));
  EXPECT_EQ(RefusalOf(argument.id(), w_.Province()), "not offered");
  // A colleague of who recorded it.
  EXPECT_OK(Withdraw(request, w_.Approver()));
}

TEST_F(ArgumentWithdrawal, WhatIsAskedIsChecked) {
  const Ulid subject = Adjust();
  const v1::ArgumentRecord argument = Record(subject);
  v1::WithdrawArgumentRequest request = Request(argument.id());
  request.set_reason("  ");
  EXPECT_THAT(Withdraw(request, w_.Operator()), HasViolation("reason"));
  request = Request(argument.id());
  request.set_etag("77");
  EXPECT_THAT(Withdraw(request, w_.Operator()), StatusIs(StatusCode::kAborted, "ETAG_MISMATCH"));
  request.set_etag(argument.etag());
  request.set_validate_only(true);
  ASSERT_OK_AND_ASSIGN(const v1::ArgumentRecord tried, Withdraw(request, w_.Operator()));
  EXPECT_EQ(tried.state(), v1::ARGUMENT_STATE_WITHDRAWN);
  EXPECT_EQ(w_.GetArgument(argument.id()).state(), v1::ARGUMENT_STATE_SIGNING);
  EXPECT_THAT(Kinds(w_.Appraiser("甲")), ElementsAre("ARGUMENT_TO_SIGN"));
  request.set_validate_only(false);
  EXPECT_OK(Withdraw(request, w_.Operator()));
  EXPECT_THAT(Withdraw(argument.id()),
              StatusIs(StatusCode::kFailedPrecondition, "STATE_NOT_ALLOWED"));
  EXPECT_THAT(Withdraw(subject.ToString()), StatusIs(StatusCode::kNotFound));
}

TEST_F(ArgumentWithdrawal, NothingOfAVoidSubjectIsWithdrawn) {
  const std::string industry = w_.world().AddIndustry();
  const std::string id = w_.world().AddProject(industry);
  w_.world().Sync();
  registry::v1::Project project = sample::Project(id, industry);
  ASSERT_OK_AND_ASSIGN(const Ulid subject, Ulid::Parse(id));
  const v1::ArgumentRecord argument = w_.RecordUnsigned(subject, v1::ARGUMENT_CONCLUSION_FEASIBLE);
  project.set_is_void(true);
  w_.world().Tell(project);
  w_.world().Sync();
  EXPECT_THAT(Withdraw(argument.id()), StatusIs(StatusCode::kFailedPrecondition, "SUBJECT_VOID"));
}

TEST_F(ArgumentWithdrawal, APlanToRevitaliseIsAskedForAgain) {
  const Ulid subject = w_.AddSubject();
  w_.BringInForce(w_.Compute(subject, v1::EVALUATION_RESULT_REVITALIZE, "G4"));
  ASSERT_OK_AND_ASSIGN(const v1::LedgerEntry entry, w_.OpenEntry(subject));
  EXPECT_THAT(Kinds(w_.Operator()), Contains("LEDGER_ARGUE"));
  const v1::ArgumentRecord argument = w_.RecordUnsigned(subject, v1::ARGUMENT_CONCLUSION_FEASIBLE);
  EXPECT_THAT(Kinds(w_.Operator()), ::testing::Not(Contains("LEDGER_ARGUE")));
  ASSERT_OK(Withdraw(argument.id()));
  EXPECT_THAT(Kinds(w_.Operator()), Contains("LEDGER_ARGUE"));
  ExpectNothingToRecount();
  v1::PlanMeasuresRequest request = w_.PlanToRevitalise(entry, argument.id());
  const auto planned = [&] {
    return w_.Call<v1::LedgerEntry>(Cat(kLedgerService, "PlanMeasures"), request, w_.Operator());
  };
  EXPECT_THAT(planned(), StatusIs(StatusCode::kFailedPrecondition, "ARGUMENT_REQUIRED"));
  request.mutable_plan()->set_argument_id(w_.Argue(subject, v1::ARGUMENT_CONCLUSION_FEASIBLE));
  EXPECT_OK(planned());
}

// Either all of the panel have signed it or it was withdrawn; never both, and the inbox says which.
TEST_F(ArgumentWithdrawal, OfAWithdrawalBesideTheLastSignatureOneHolds) {
  for (int round = 0; round < 4; ++round) {
    const Ulid subject = Adjust();
    const v1::ArgumentRecord argument = Record(subject);
    ASSERT_OK(Sign(argument.id(), "甲"));
    ASSERT_OK(Sign(argument.id(), "乙"));
    EXPECT_EQ(Outcomes(AtOnce(2,
                              [&](int i) {
                                return (i + round) % 2 == 0 ? Withdraw(argument.id())
                                                            : Sign(argument.id(), "丙");
                              })),
              (Tally{{"OK", 1}, {"FAILED_PRECONDITION/STATE_NOT_ALLOWED", 1}}));
    const v1::ArgumentRecord after = w_.GetArgument(argument.id());
    const bool withdrawn = after.state() == v1::ARGUMENT_STATE_WITHDRAWN;
    EXPECT_EQ(after.state(), withdrawn ? v1::ARGUMENT_STATE_WITHDRAWN : v1::ARGUMENT_STATE_SIGNED);
    EXPECT_EQ(after.signed_count(), withdrawn ? 2 : 3);
    EXPECT_EQ(after.has_withdrawal(), withdrawn);
    EXPECT_THAT(Kinds(w_.Appraiser("丙")), IsEmpty());
    ExpectNothingToRecount();
  }
}

TEST_F(ArgumentWithdrawal, OfSeveralWithdrawalsOneHolds) {
  const v1::ArgumentRecord argument = Record(Adjust());
  EXPECT_EQ(Outcomes(AtOnce(4, [&](int) { return Withdraw(argument.id()); })),
            (Tally{{"OK", 1}, {"FAILED_PRECONDITION/STATE_NOT_ALLOWED", 3}}));
}

}  // namespace
}  // namespace bangfu::evaluation

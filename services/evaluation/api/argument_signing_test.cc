// Experts sign the arguments that name them, in person, and an argument counts once they have
// (R034).
#include "bangfu/inbox/v1/inbox.pb.h"
#include "common/inbox/recount.h"
#include "common/testing/at_once.h"
#include "services/evaluation/api/lifecycle_world_for_test.h"

namespace bangfu::evaluation {
namespace {

using absl::StatusCode;
using auth::Role;
using testing::AtOnce;
using ::testing::ElementsAre;
using testing::HasViolation;
using ::testing::IsEmpty;
using testing::Outcomes;
using ::testing::SizeIs;
using testing::StatusIs;
using testing::Tally;
using ::testing::UnorderedElementsAre;

constexpr char kFacts[] = "bangfu.evaluation.v1.FactService.";

class ArgumentSigning : public ::testing::Test {
 protected:
  // An evaluation that only an argument lets go on, and the argument, unsigned.
  struct Case {
    Ulid subject, evaluation;
    std::string argument;
  };
  Case Adjust(const std::string& recorder = "") {
    Case out;
    out.subject = w_.AddSubject();
    out.evaluation = w_.Compute(out.subject, v1::EVALUATION_RESULT_ADJUST, "G4");
    auto recorded = w_.Record(w_.Argument(out.subject, v1::ARGUMENT_CONCLUSION_NOT_FEASIBLE),
                              recorder.empty() ? w_.Operator() : recorder);
    EXPECT_OK(recorded);
    if (recorded.ok()) out.argument = recorded->id();
    return out;
  }
  absl::StatusOr<v1::ArgumentRecord> Sign(const std::string& argument, const std::string& person,
                                          bool agrees = true) {
    return w_.SignWith(argument, agrees, w_.Appraiser(person));
  }
  std::string RefusalOf(const v1::ArgumentRecord& argument) {
    for (const auto& a : argument.allowed_actions()) {
      if (a.action() == "sign_argument") return a.allowed() ? "" : a.refusal_reason();
    }
    return "not offered";
  }
  v1::ArgumentRecord GetAs(const std::string& id, const std::string& token) {
    v1::GetArgumentRequest request;
    request.set_id(id);
    auto got = w_.Call<v1::ArgumentRecord>(Cat(kEvaluationService, "GetArgument"), request, token);
    EXPECT_OK(got);
    return got.ok() ? *got : v1::ArgumentRecord();
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
  std::string Deputy(const std::string& deputy, const std::string& principal, Role role) {
    w_.world().held().Lend(deputy, principal, role, "360733", w_.server().ids().Next());
    return testing::PersonToken(w_.server(), deputy);
  }
  LifecycleWorld w_;
};

TEST_F(ArgumentSigning, R034_AnArgumentCountsOnceAllOfItsPanelHaveSigned) {
  const Case c = Adjust();
  EXPECT_EQ(w_.GetArgument(c.argument).state(), v1::ARGUMENT_STATE_SIGNING);
  EXPECT_THAT(w_.Accept(c.evaluation),
              StatusIs(StatusCode::kFailedPrecondition, "ARGUMENT_UNSIGNED"));
  EXPECT_THAT(w_.Accept(c.evaluation, c.argument),
              StatusIs(StatusCode::kFailedPrecondition, "ARGUMENT_UNSIGNED"));
  ASSERT_OK(Sign(c.argument, "甲"));
  ASSERT_OK_AND_ASSIGN(const v1::ArgumentRecord two, Sign(c.argument, "丙"));
  EXPECT_EQ(two.state(), v1::ARGUMENT_STATE_SIGNING);
  EXPECT_EQ(two.signed_count(), 2);
  EXPECT_EQ(two.panel(0).opinion(), v1::PANEL_OPINION_AGREES);
  EXPECT_TRUE(two.panel(0).has_signed_at());
  EXPECT_FALSE(two.panel(1).has_signed_at());
  EXPECT_THAT(w_.Accept(c.evaluation),
              StatusIs(StatusCode::kFailedPrecondition, "ARGUMENT_UNSIGNED"));
  ASSERT_OK_AND_ASSIGN(const v1::ArgumentRecord all, Sign(c.argument, "乙"));
  EXPECT_EQ(all.state(), v1::ARGUMENT_STATE_SIGNED);
  EXPECT_EQ(all.agreed_count(), 3);
  w_.BringInForce(c.evaluation, c.argument);
  // Each signature is in the trail, under the expert's own name.
  EXPECT_EQ(w_.database().Int("SELECT COUNT(DISTINCT actor_subject) FROM audit_log WHERE "
                              "aggregate_type = 'argument' AND action LIKE '%SignArgument'"),
            3);
  v1::BatchGetArgumentsRequest batch;
  batch.add_ids(c.argument);
  batch.add_ids(c.subject.ToString());
  ASSERT_OK_AND_ASSIGN(const auto got,
                       w_.Call<v1::BatchGetArgumentsResponse>(
                           Cat(kEvaluationService, "BatchGetArguments"), batch, w_.Province()));
  ASSERT_THAT(got.arguments(), SizeIs(1));
  EXPECT_EQ(got.arguments(0).signed_count(), 3);
  EXPECT_THAT(got.missing_ids(), ElementsAre(c.subject.ToString()));
}

TEST_F(ArgumentSigning, R034_APlanToRevitaliseRestsOnASignedArgument) {
  const Ulid subject = w_.AddSubject();
  w_.BringInForce(w_.Compute(subject, v1::EVALUATION_RESULT_REVITALIZE, "G4"));
  ASSERT_OK_AND_ASSIGN(const v1::LedgerEntry entry, w_.OpenEntry(subject));
  const v1::ArgumentRecord argument = w_.RecordUnsigned(subject, v1::ARGUMENT_CONCLUSION_FEASIBLE);
  const v1::PlanMeasuresRequest request = w_.PlanToRevitalise(entry, argument.id());
  const auto planned = [&] {
    return w_.Call<v1::LedgerEntry>(Cat(kLedgerService, "PlanMeasures"), request, w_.Operator());
  };
  EXPECT_THAT(planned(), StatusIs(StatusCode::kFailedPrecondition, "ARGUMENT_UNSIGNED"));
  w_.SignAll(argument);
  EXPECT_OK(planned());
}

TEST_F(ArgumentSigning, WhatIsNotSignedIsNoFact) {
  const Ulid subject = w_.AddSubject();
  v1::RecordArgumentRequest request = w_.Argument(subject, v1::ARGUMENT_CONCLUSION_FEASIBLE);
  request.mutable_argument()->set_cause("MANAGEMENT_IDLE");
  ASSERT_OK_AND_ASSIGN(const v1::ArgumentRecord argument, w_.Record(request, w_.Operator()));
  const auto told = [&] {
    v1::ListFactsRequest list;
    list.set_subject_id(subject.ToString());
    auto facts = w_.Call<v1::ListFactsResponse>(Cat(kFacts, "ListFacts"), list, w_.Province());
    EXPECT_OK(facts);
    return facts.ok() && std::any_of(facts->facts().begin(), facts->facts().end(),
                                     [](const v1::Fact& f) { return f.code() == "cause"; });
  };
  const auto version = [&] {
    return w_.database().Int("SELECT facts_version FROM subject WHERE subject_id = ?", {subject});
  };
  const int64_t before = version();
  EXPECT_FALSE(told());
  w_.SignAll(argument);
  EXPECT_TRUE(told());
  EXPECT_GT(version(), before);
}

TEST_F(ArgumentSigning, OnlyWhoIsNamedSignsAndOnce) {
  const Case c = Adjust();
  EXPECT_THAT(Sign(c.argument, "丁"), StatusIs(StatusCode::kFailedPrecondition, "NOT_NAMED"));
  EXPECT_EQ(RefusalOf(GetAs(c.argument, w_.Appraiser("丁"))), "NOT_NAMED");
  EXPECT_EQ(RefusalOf(GetAs(c.argument, w_.Appraiser("甲"))), "");
  EXPECT_EQ(RefusalOf(GetAs(c.argument, w_.Operator("甲"))), "not offered");
  // The name without the role, and the role elsewhere.
  EXPECT_THAT(w_.SignWith(c.argument, true, w_.Operator("甲")),
              StatusIs(StatusCode::kPermissionDenied, "ROLE_REQUIRED"));
  EXPECT_THAT(w_.SignWith(c.argument, true, w_.Appraiser("甲", "360734")),
              StatusIs(StatusCode::kNotFound));
  v1::SignArgumentRequest request;
  request.set_id(c.argument);
  request.set_opinion(v1::PANEL_OPINION_AGREES);
  const auto sign = [&] {
    return w_.Call<v1::ArgumentRecord>(Cat(kEvaluationService, "SignArgument"), request,
                                       w_.Appraiser("甲"));
  };
  request.set_validate_only(true);
  ASSERT_OK(sign());
  EXPECT_EQ(w_.GetArgument(c.argument).signed_count(), 0);
  request.set_validate_only(false);
  request.set_dissent("多余");
  EXPECT_THAT(sign(), HasViolation("dissent"));
  request.set_opinion(v1::PANEL_OPINION_DISSENTS);
  request.set_dissent(" ");
  EXPECT_THAT(sign(), HasViolation("dissent"));
  request.set_opinion(v1::PANEL_OPINION_UNSPECIFIED);
  EXPECT_THAT(sign(), HasViolation("opinion"));
  request.set_opinion(v1::PANEL_OPINION_AGREES);
  request.clear_dissent();
  request.set_etag("77");
  EXPECT_THAT(sign(), StatusIs(StatusCode::kAborted, "ETAG_MISMATCH"));
  request.set_etag(w_.GetArgument(c.argument).etag());
  ASSERT_OK(sign());
  EXPECT_THAT(Sign(c.argument, "甲"), StatusIs(StatusCode::kFailedPrecondition, "ALREADY_SIGNED"));
  ASSERT_OK(Sign(c.argument, "乙"));
  ASSERT_OK(Sign(c.argument, "丙"));
  EXPECT_THAT(Sign(c.argument, "丙"), StatusIs(StatusCode::kFailedPrecondition, "ALREADY_SIGNED"));
  const Case gone = Adjust();
  ASSERT_OK(w_.db().Execute("UPDATE subject SET is_void = 1 WHERE subject_id = ?", {gone.subject}));
  EXPECT_THAT(Sign(gone.argument, "甲"), StatusIs(StatusCode::kFailedPrecondition, "SUBJECT_VOID"));
}

TEST_F(ArgumentSigning, NobodySignsOrScoresInAnExpertsPlace) {
  const Case c = Adjust();
  const std::string of_a = Deputy("deputy", "甲", Role::ROLE_APPRAISER);
  EXPECT_THAT(w_.SignWith(c.argument, true, of_a),
              StatusIs(StatusCode::kPermissionDenied, "DELEGATE_NOT_ALLOWED"));
  EXPECT_EQ(RefusalOf(GetAs(c.argument, of_a)), "DELEGATE_NOT_ALLOWED");
  // Who is named holds the role in their own right.
  EXPECT_THAT(w_.SignWith(c.argument, true, Deputy("乙", "丁", Role::ROLE_APPRAISER)),
              StatusIs(StatusCode::kPermissionDenied, "DELEGATE_NOT_ALLOWED"));
  EXPECT_EQ(w_.GetArgument(c.argument).signed_count(), 0);

  v1::SubmitExpertScoresRequest scores;
  scores.add_scores()->set_subject_id(c.subject.ToString());
  scores.mutable_scores(0)->set_market_outlook(80);
  scores.mutable_scores(0)->set_resource_basis(80);
  EXPECT_THAT(
      w_.Call<v1::SubmitExpertScoresResponse>(Cat(kFacts, "SubmitExpertScores"), scores, of_a),
      StatusIs(StatusCode::kPermissionDenied, "DELEGATE_NOT_ALLOWED"));
  EXPECT_OK(w_.Call<v1::SubmitExpertScoresResponse>(Cat(kFacts, "SubmitExpertScores"), scores,
                                                    w_.Appraiser("甲")));
}

TEST_F(ArgumentSigning, ADissentIsKeptAndTheMajorityDecides) {
  const Case one = Adjust();
  ASSERT_OK(Sign(one.argument, "甲"));
  ASSERT_OK(Sign(one.argument, "乙", false));
  ASSERT_OK_AND_ASSIGN(const v1::ArgumentRecord carried, Sign(one.argument, "丙"));
  EXPECT_EQ(carried.state(), v1::ARGUMENT_STATE_SIGNED);
  EXPECT_EQ(carried.signed_count(), 3);
  EXPECT_EQ(carried.agreed_count(), 2);
  EXPECT_EQ(carried.panel(1).opinion(), v1::PANEL_OPINION_DISSENTS);
  EXPECT_EQ(carried.panel(1).dissent(), "市场前景估计过高");
  EXPECT_OK(w_.Accept(one.evaluation));

  const Case two = Adjust();
  EXPECT_THAT(Kinds(w_.Operator()), ElementsAre("EVALUATION_PUBLICISE"));
  ASSERT_OK(Sign(two.argument, "甲", false));
  ASSERT_OK(Sign(two.argument, "乙", false));
  ASSERT_OK_AND_ASSIGN(const v1::ArgumentRecord lost, Sign(two.argument, "丙"));
  EXPECT_EQ(lost.state(), v1::ARGUMENT_STATE_NOT_CARRIED);
  EXPECT_THAT(w_.Accept(two.evaluation),
              StatusIs(StatusCode::kFailedPrecondition, "ARGUMENT_UNSIGNED"));
  // The county has to argue again; the later argument counts.
  EXPECT_THAT(Kinds(w_.Operator()),
              UnorderedElementsAre("EVALUATION_PUBLICISE", "EVALUATION_ARGUE"));
  w_.Argue(two.subject, v1::ARGUMENT_CONCLUSION_NOT_FEASIBLE);
  EXPECT_OK(w_.Accept(two.evaluation));
}

TEST_F(ArgumentSigning, WhatThePanelOfANewerOneRefusedIsNotDecidedByAnOlderOne) {
  const Case c = Adjust();
  w_.SignAll(w_.GetArgument(c.argument));
  EXPECT_THAT(Kinds(w_.Approver()), ElementsAre("EVALUATION_ACCEPT"));
  const auto unsigned_yet = StatusIs(StatusCode::kFailedPrecondition, "ARGUMENT_UNSIGNED");
  const auto in_bulk = [&] {
    v1::BatchAdvanceRequest batch;
    batch.set_step(v1::ADVANCE_STEP_ACCEPT);
    batch.set_validate_only(true);
    batch.add_items()->set_id(c.evaluation.ToString());
    auto bulk = w_.Call<v1::BatchAdvanceResponse>(Cat(kEvaluationService, "BatchAdvance"), batch,
                                                  w_.Approver());
    EXPECT_OK(bulk);
    return bulk.ok() ? bulk->results(0).refusal().reason() : "?";
  };
  const auto with = [&](const std::string& argument) {
    v1::AcceptEvaluationRequest request;
    request.set_argument_id(argument);
    request.set_validate_only(true);
    return w_.Step("AcceptEvaluation", request, c.evaluation, w_.Approver()).status();
  };
  // While the newer panel signs, the older one counts for who names it.
  const v1::ArgumentRecord newer =
      w_.RecordUnsigned(c.subject, v1::ARGUMENT_CONCLUSION_NOT_FEASIBLE);
  EXPECT_THAT(with(""), unsigned_yet);
  EXPECT_EQ(in_bulk(), "ARGUMENT_UNSIGNED");
  EXPECT_THAT(Kinds(w_.Approver()), IsEmpty());
  EXPECT_OK(with(c.argument));
  for (const char* expert : {"甲", "乙", "丙"}) ASSERT_OK(Sign(newer.id(), expert, false));
  EXPECT_THAT(with(""), unsigned_yet);
  EXPECT_THAT(with(newer.id()), unsigned_yet);
  EXPECT_THAT(with(c.argument), unsigned_yet);
  EXPECT_EQ(in_bulk(), "ARGUMENT_UNSIGNED");
  EXPECT_THAT(Kinds(w_.Operator()), ElementsAre("EVALUATION_ARGUE"));
  // A third one that counts does not bring back the first.
  const std::string third = w_.Argue(c.subject, v1::ARGUMENT_CONCLUSION_NOT_FEASIBLE);
  EXPECT_THAT(with(c.argument), unsigned_yet);
  EXPECT_OK(with(third));
  EXPECT_OK(w_.Accept(c.evaluation));
}

TEST_F(ArgumentSigning, R002_WhatItsPanelDoesNotSignInTimeIsArguedAnew) {
  const Case c = Adjust();
  const Ulid idle = w_.AddSubject();
  w_.BringInForce(w_.Compute(idle, v1::EVALUATION_RESULT_REVITALIZE, "G4"));
  // One of the panel is nobody.
  v1::RecordArgumentRequest request = w_.Argument(idle, v1::ARGUMENT_CONCLUSION_FEASIBLE);
  request.mutable_argument()->mutable_panel(2)->set_person("mistyped");
  ASSERT_OK_AND_ASSIGN(const v1::ArgumentRecord stranded, w_.Record(request, w_.Operator()));
  ASSERT_OK(Sign(stranded.id(), "甲"));
  const auto recount = [&] {
    ASSERT_OK(inbox::Recount(w_.db(), {EvaluationSource(), ArgumentSource(), EntrySource()},
                             w_.server().ids(), w_.server().clock().Now(),
                             {.every = absl::ZeroDuration(), .calendar = WorkCalendar}));
  };
  const auto argue = [&] {
    std::vector<std::string> out = Kinds(w_.Operator());
    std::erase_if(out, [](const std::string& kind) { return !kind.ends_with("_ARGUE"); });
    return out;
  };
  // BringInForce took more than the term of the first one; the second one's begins today.
  recount();
  EXPECT_THAT(argue(), ElementsAre("EVALUATION_ARGUE"));
  w_.PassDays(8);
  recount();
  EXPECT_THAT(argue(), UnorderedElementsAre("EVALUATION_ARGUE", "LEDGER_ARGUE"));
  // The panels can still sign until there is another one; then nobody waits for them.
  EXPECT_THAT(Kinds(w_.Appraiser("乙")), ElementsAre("ARGUMENT_TO_SIGN", "ARGUMENT_TO_SIGN"));
  for (const Ulid& subject : {c.subject, idle}) {
    request = w_.Argument(subject, subject == idle ? v1::ARGUMENT_CONCLUSION_FEASIBLE
                                                   : v1::ARGUMENT_CONCLUSION_NOT_FEASIBLE);
    for (int seat = 0; seat < 3; ++seat) {
      request.mutable_argument()->mutable_panel(seat)->set_person(Cat("expert-", seat));
    }
    ASSERT_OK(w_.Record(request, w_.Operator()));
  }
  EXPECT_THAT(argue(), IsEmpty());
  EXPECT_THAT(Kinds(w_.Appraiser("乙")), IsEmpty());
  EXPECT_THAT(Kinds(w_.Appraiser("expert-1")), ElementsAre("ARGUMENT_TO_SIGN", "ARGUMENT_TO_SIGN"));
  recount();
  EXPECT_THAT(argue(), IsEmpty());
  EXPECT_THAT(Kinds(w_.Appraiser("乙")), IsEmpty());
  EXPECT_THAT(Kinds(w_.Appraiser("mistyped")), IsEmpty());
}

TEST_F(ArgumentSigning, R034_APlanDoesNotRestOnWhatANewerPanelRefused) {
  const Ulid subject = w_.AddSubject();
  w_.BringInForce(w_.Compute(subject, v1::EVALUATION_RESULT_REVITALIZE, "G4"));
  ASSERT_OK_AND_ASSIGN(const v1::LedgerEntry entry, w_.OpenEntry(subject));
  v1::PlanMeasuresRequest request =
      w_.PlanToRevitalise(entry, w_.Argue(subject, v1::ARGUMENT_CONCLUSION_FEASIBLE));
  request.set_validate_only(true);
  const auto planned = [&] {
    return w_.Call<v1::LedgerEntry>(Cat(kLedgerService, "PlanMeasures"), request, w_.Operator());
  };
  EXPECT_OK(planned());
  const v1::ArgumentRecord newer = w_.RecordUnsigned(subject, v1::ARGUMENT_CONCLUSION_FEASIBLE);
  EXPECT_OK(planned());
  for (const char* expert : {"甲", "乙", "丙"}) ASSERT_OK(Sign(newer.id(), expert, false));
  EXPECT_THAT(planned(), StatusIs(StatusCode::kFailedPrecondition, "ARGUMENT_UNSIGNED"));
  EXPECT_THAT(Kinds(w_.Operator()), ::testing::Contains("LEDGER_ARGUE"));
}

TEST_F(ArgumentSigning, WhoRecordsAnArgumentIsNotOfItsPanel) {
  const Ulid subject = w_.AddSubject();
  const v1::RecordArgumentRequest request = w_.Argument(subject, v1::ARGUMENT_CONCLUSION_FEASIBLE);
  EXPECT_THAT(w_.Record(request, w_.Operator("乙")),
              StatusIs(StatusCode::kFailedPrecondition, "RECORDER_ON_PANEL"));
  // Nor a deputy of one of them.
  EXPECT_THAT(w_.Record(request, Deputy("deputy", "乙", Role::ROLE_COUNTY_OPERATOR)),
              StatusIs(StatusCode::kFailedPrecondition, "RECORDER_ON_PANEL"));
  v1::RecordArgumentRequest twice = request;
  *twice.mutable_argument()->add_panel() = request.argument().panel(0);
  EXPECT_THAT(w_.Record(twice, w_.Operator()), HasViolation("argument.panel[3].person"));
}

TEST_F(ArgumentSigning, WhoRecordedOrSignedAnArgumentDoesNotDecideByIt) {
  const auto accept = [&](const Case& c, const std::string& token) {
    return w_.Step("AcceptEvaluation", v1::AcceptEvaluationRequest(), c.evaluation, token);
  };
  const auto approver = [&](const std::string& person) {
    return w_.Token(Role::ROLE_COUNTY_APPROVER, "360733", person);
  };
  const Case c = Adjust(approver("recorder"));
  for (const char* expert : {"甲", "乙", "丙"}) ASSERT_OK(Sign(c.argument, expert));
  const auto same_person = StatusIs(StatusCode::kFailedPrecondition, "SAME_PERSON");
  EXPECT_THAT(accept(c, approver("recorder")), same_person);
  EXPECT_THAT(accept(c, approver("甲")), same_person);
  EXPECT_THAT(accept(c, Deputy("deputy", "recorder", Role::ROLE_COUNTY_APPROVER)), same_person);
  v1::BatchAdvanceRequest batch;
  batch.set_step(v1::ADVANCE_STEP_ACCEPT);
  batch.add_items()->set_id(c.evaluation.ToString());
  ASSERT_OK_AND_ASSIGN(const auto bulk,
                       w_.Call<v1::BatchAdvanceResponse>(Cat(kEvaluationService, "BatchAdvance"),
                                                         batch, approver("recorder")));
  EXPECT_EQ(bulk.results(0).refusal().reason(), "SAME_PERSON");
  // It waits for the others.
  EXPECT_THAT(Kinds(approver("recorder")), IsEmpty());
  EXPECT_THAT(Kinds(w_.Approver()), ElementsAre("EVALUATION_ACCEPT"));
  ASSERT_OK(accept(c, w_.Approver()));
  w_.PassPublicity(c.evaluation);
  const auto into_force = [&](const std::string& token) {
    return w_.Step("MakeEffective", v1::MakeEffectiveRequest(), c.evaluation, token);
  };
  EXPECT_THAT(into_force(approver("recorder")), same_person);
  EXPECT_THAT(into_force(approver("丙")), same_person);
  EXPECT_OK(into_force(w_.Approver()));
  // Where the class rests on no argument, one that stands by bars nobody.
  const Ulid other = w_.AddSubject();
  ASSERT_OK(w_.Record(w_.Argument(other, v1::ARGUMENT_CONCLUSION_FEASIBLE), approver("recorder")));
  EXPECT_OK(w_.Step("AcceptEvaluation", v1::AcceptEvaluationRequest(),
                    w_.Compute(other, v1::EVALUATION_RESULT_UPGRADE, "G2"), approver("recorder")));
}

TEST_F(ArgumentSigning, AnApproverOfAnOverrideToAdjustDidNotRecordItsArgument) {
  const Ulid subject = w_.AddSubject();
  const Ulid id = w_.Compute(subject, v1::EVALUATION_RESULT_CONSOLIDATE, "G1");
  ASSERT_OK_AND_ASSIGN(
      const v1::ArgumentRecord argument,
      w_.Record(w_.Argument(subject, v1::ARGUMENT_CONCLUSION_NOT_FEASIBLE), w_.Approver()));
  const auto propose = [&] {
    return w_.Step("ProposeOverride", w_.Proposal(type::v1::FOUR_CLASS_ADJUST), id, w_.Operator());
  };
  EXPECT_THAT(propose(), StatusIs(StatusCode::kFailedPrecondition, "ARGUMENT_UNSIGNED"));
  w_.SignAll(argument);
  ASSERT_OK(propose());
  EXPECT_THAT(w_.Step("ApproveOverride", v1::ApproveOverrideRequest(), id, w_.Approver()),
              StatusIs(StatusCode::kFailedPrecondition, "SAME_PERSON"));
  EXPECT_OK(w_.Step("ApproveOverride", v1::ApproveOverrideRequest(), id,
                    w_.Token(Role::ROLE_COUNTY_APPROVER, "360733", "other")));
}

TEST_F(ArgumentSigning, WhatWasRecordedBeforeSignaturesWereKeptCountsAsSigned) {
  const Case c = Adjust();
  // As the migration leaves it.
  ASSERT_OK(
      w_.db().Execute("UPDATE argument_record SET state = DEFAULT(state), version = "
                      "DEFAULT(version)"));
  const v1::ArgumentRecord argument = w_.GetArgument(c.argument);
  EXPECT_EQ(argument.state(), v1::ARGUMENT_STATE_SIGNED);
  EXPECT_EQ(argument.signed_count(), 0);
  EXPECT_THAT(Sign(c.argument, "甲"), StatusIs(StatusCode::kFailedPrecondition, "ALREADY_SIGNED"));
  w_.BringInForce(c.evaluation, c.argument);
}

TEST_F(ArgumentSigning, R002_EachExpertFindsWhatToSignAndNobodyElseDoes) {
  const Case c = Adjust();
  EXPECT_THAT(Kinds(w_.Appraiser("甲")), ElementsAre("ARGUMENT_TO_SIGN"));
  EXPECT_THAT(Kinds(w_.Appraiser("乙", "3607")), ElementsAre("ARGUMENT_TO_SIGN"));
  EXPECT_THAT(Kinds(w_.Appraiser("丙", "360733101")), ElementsAre("ARGUMENT_TO_SIGN"));
  EXPECT_THAT(Kinds(w_.Appraiser("丁")), IsEmpty());
  EXPECT_THAT(Kinds(w_.Appraiser("甲", "360734")), IsEmpty());
  // The county has argued.
  EXPECT_THAT(Kinds(w_.Operator()), IsEmpty());
  EXPECT_THAT(Kinds(w_.Approver()), IsEmpty());
  ASSERT_OK(Sign(c.argument, "甲"));
  EXPECT_THAT(Kinds(w_.Appraiser("甲")), IsEmpty());
  EXPECT_THAT(Kinds(w_.Appraiser("乙")), ElementsAre("ARGUMENT_TO_SIGN"));
  ASSERT_OK(Sign(c.argument, "乙"));
  ASSERT_OK(Sign(c.argument, "丙"));
  EXPECT_THAT(Kinds(w_.Appraiser("丙")), IsEmpty());
  EXPECT_THAT(Kinds(w_.Approver()), ElementsAre("EVALUATION_ACCEPT"));
  EXPECT_EQ(w_.database().Int("SELECT COUNT(*) FROM work_item WHERE kind = 'ARGUMENT_TO_SIGN' AND "
                              "state = 2 AND closed_by = assignee AND outcome = 'sign_argument'"),
            3);
}

TEST_F(ArgumentSigning, R002_NothingIsToSignOfWhatBecameVoid) {
  const std::string industry = w_.world().AddIndustry();
  const std::string id = w_.world().AddProject(industry);
  w_.world().Sync();
  registry::v1::Project project = sample::Project(id, industry);
  ASSERT_OK_AND_ASSIGN(const Ulid subject, Ulid::Parse(id));
  w_.RecordUnsigned(subject, v1::ARGUMENT_CONCLUSION_FEASIBLE);
  EXPECT_THAT(Kinds(w_.Appraiser("甲")), ElementsAre("ARGUMENT_TO_SIGN"));
  project.set_is_void(true);
  w_.world().Tell(project);
  w_.world().Sync();
  EXPECT_THAT(Kinds(w_.Appraiser("甲")), IsEmpty());
  project.set_is_void(false);
  w_.world().Tell(project);
  w_.world().Sync();
  EXPECT_THAT(Kinds(w_.Appraiser("甲")), ElementsAre("ARGUMENT_TO_SIGN"));
}

TEST_F(ArgumentSigning, OfTwoSignaturesOfOnePersonOneStands) {
  const Case c = Adjust();
  EXPECT_EQ(Outcomes(AtOnce(4, [&](int) { return Sign(c.argument, "甲"); })),
            (Tally{{"OK", 1}, {"FAILED_PRECONDITION/ALREADY_SIGNED", 3}}));
  EXPECT_EQ(w_.GetArgument(c.argument).signed_count(), 1);
}

TEST_F(ArgumentSigning, TheLastSignatureCompletesItWhoeverGivesIt) {
  const Case c = Adjust();
  const std::vector<std::string> experts = {"甲", "乙", "丙"};
  EXPECT_EQ(Outcomes(AtOnce(3, [&](int i) { return Sign(c.argument, experts[i]); })),
            (Tally{{"OK", 3}}));
  EXPECT_EQ(w_.GetArgument(c.argument).state(), v1::ARGUMENT_STATE_SIGNED);
  EXPECT_OK(w_.Accept(c.evaluation));
}

}  // namespace
}  // namespace bangfu::evaluation

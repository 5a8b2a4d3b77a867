#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/testing/status_matchers.h"
#include "common/workflow/triples.h"
#include "services/evaluation/domain/argument_actions.h"
#include "services/evaluation/domain/evaluation_actions.h"

namespace bangfu::evaluation {
namespace {

using ::bangfu::testing::StatusIs;
using ::testing::IsEmpty;
using workflow::Actor;
using workflow::EveryRole;

// The way of an evaluation itself is tried through its rpcs (api/lifecycle_test.cc).

TEST(Transitions, EveryTripleOfALedgerEntry) {
  using P = EntryPhase;
  const std::vector<P> states = {P::kOpen, P::kPlanned, P::kInProgress, P::kLeft};
  const auto attempt = [](P phase, const std::string& action, int role) {
    EntrySubject s;
    s.phase = phase;
    return EntryTable().Execute(s, action, Actor{"p", {role}});
  };
  EXPECT_THAT(workflow::TryTriples<P>(EntryTable(), states, EveryRole(), attempt), IsEmpty());
}

TEST(Transitions, AnEntryIsEvaluatedAgainWhileItsSubjectStandsAndIsVerified) {
  const auto attempt = [](bool is_void, bool unverified) {
    EntrySubject s;
    s.phase = EntryPhase::kPlanned;
    s.subject_void = is_void;
    s.subject_unverified = unverified;
    return EntryTable().Execute(s, "evaluate", Actor{"p", {kCountyOperator}});
  };
  EXPECT_OK(attempt(false, false));
  EXPECT_THAT(attempt(true, false),
              StatusIs(absl::StatusCode::kFailedPrecondition, "SUBJECT_VOID"));
  EXPECT_THAT(attempt(false, true),
              StatusIs(absl::StatusCode::kFailedPrecondition, "NOT_VERIFIED"));
}

TEST(Transitions, EveryTripleOfWhatIsPutOnRecordForASubject) {
  using P = SubjectPhase;
  const auto attempt = [](P phase, const std::string& action, int role) -> absl::StatusOr<P> {
    const absl::StatusOr<P> got = SubjectTable().Execute(phase, action, Actor{"p", {role}});
    // A void one has rows only so that the refusal says why.
    if (phase == P::kVoid) {
      EXPECT_FALSE(got.ok()) << action;
      if (ReasonOf(got.status()) == "SUBJECT_VOID") return P::kLive;
    }
    return got;
  };
  EXPECT_THAT(workflow::TryTriples<P>(SubjectTable(), std::vector<P>{P::kLive, P::kVoid},
                                      EveryRole(), attempt),
              IsEmpty());
}

TEST(Transitions, EveryTripleOfAnArgument) {
  using S = ArgumentState;
  const auto attempt = [](S state, const std::string& action, int role) {
    ArgumentSubject s;
    s.state = S::kSigning;
    s.panel = {{"p"}, {"q"}};
    const auto got = ArgumentTable().Execute(s, action, Actor{"p", {role}});
    if (state == S::kSigning) return got;
    // Signed, it has rows only so that the refusal says why.
    s.state = state;
    const auto refused = ArgumentTable().Execute(s, action, Actor{"p", {role}});
    EXPECT_FALSE(refused.ok());
    return ReasonOf(refused.status()) == "ALREADY_SIGNED" ? got : refused;
  };
  EXPECT_THAT(
      workflow::TryTriples<S>(
          ArgumentTable(), std::vector<S>{S::kSigning, S::kSigned, S::kNotCarried, S::kWithdrawn},
          EveryRole(), attempt),
      IsEmpty());
}

TEST(Transitions, AnArgumentThatIsLostIsNotTakenBack) {
  const auto withdrawn = [](const std::vector<PanelOpinion>& opinions) {
    ArgumentSubject s;
    s.state = ArgumentState::kSigning;
    for (const PanelOpinion opinion : opinions) s.panel.push_back({"p", opinion});
    return ArgumentTable().Execute(s, "withdraw_argument", Actor{"q", {kCountyOperator}}).status();
  };
  constexpr PanelOpinion kNone = PanelOpinion::kUnspecified;
  constexpr PanelOpinion kYes = PanelOpinion::kAgrees;
  constexpr PanelOpinion kNo = PanelOpinion::kDissents;
  const auto lost = StatusIs(absl::StatusCode::kFailedPrecondition, "PANEL_DISSENTS");
  EXPECT_OK(withdrawn({kNone, kNone, kNone}));
  EXPECT_OK(withdrawn({kYes, kYes, kNone}));
  EXPECT_OK(withdrawn({kNo, kNone, kNone}));
  EXPECT_THAT(withdrawn({kNo, kNo, kNone}), lost);
  EXPECT_THAT(withdrawn({kNo, kNone, kNo, kNone}), lost);
}

TEST(Transitions, AnArgumentCountsWhenAllHaveSignedAndMoreThanHalfAgree) {
  const auto state = [](const std::vector<PanelOpinion>& opinions) {
    std::vector<PanelSeat> panel;
    for (const PanelOpinion opinion : opinions) panel.push_back({"p", opinion});
    return StateOf(panel);
  };
  constexpr PanelOpinion kNone = PanelOpinion::kUnspecified;
  constexpr PanelOpinion kYes = PanelOpinion::kAgrees;
  constexpr PanelOpinion kNo = PanelOpinion::kDissents;
  EXPECT_EQ(state({}), ArgumentState::kSigning);
  EXPECT_EQ(state({kYes, kYes, kNone}), ArgumentState::kSigning);
  EXPECT_EQ(state({kNo, kNo, kNone}), ArgumentState::kSigning);
  EXPECT_EQ(state({kYes, kYes, kYes}), ArgumentState::kSigned);
  EXPECT_EQ(state({kYes, kYes, kNo}), ArgumentState::kSigned);
  EXPECT_EQ(state({kYes, kNo, kNo}), ArgumentState::kNotCarried);
  EXPECT_EQ(state({kYes, kYes, kNo, kNo}), ArgumentState::kNotCarried);
}

}  // namespace
}  // namespace bangfu::evaluation

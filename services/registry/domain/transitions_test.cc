#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/testing/status_matchers.h"
#include "common/workflow/triples.h"
#include "services/registry/domain/campaign.h"
#include "services/registry/domain/project_actions.h"
#include "services/registry/domain/record_actions.h"
#include "services/registry/domain/roles.h"
#include "services/registry/domain/short_board.h"

namespace bangfu::registry {
namespace {

using ::bangfu::testing::StatusIs;
using ::testing::IsEmpty;
using workflow::Actor;
using workflow::EveryRole;

TEST(Transitions, EveryTripleOfACampaign) {
  using State = CampaignState;
  const std::vector<State> states = {State::kPlanned, State::kOpening, State::kOpen,
                                     State::kClosed};
  const auto attempt = [](State state, const std::string& action,
                          int role) -> absl::StatusOr<State> {
    CampaignSubject s{.state = state, .pending = 1, .force = true, .verified = 1};
    const absl::StatusOr<State> got = CampaignTransitions().Execute(s, action, Actor{"p", {role}});
    // These have rows for the other states only so that their refusal says what is the matter.
    if (state != State::kOpen && (action == "draw_sample" || action == "confirm")) {
      EXPECT_FALSE(got.ok()) << action;
      const std::string reason = action == "confirm" ? "CAMPAIGN_CLOSED" : "CAMPAIGN_NOT_OPEN";
      if (ReasonOf(got.status()) == reason) return State::kOpen;
    }
    return got;
  };
  EXPECT_THAT(workflow::TryTriples<State>(CampaignTransitions(), states, EveryRole(), attempt),
              IsEmpty());
}

TEST(Transitions, ACampaignClosesWhenNothingIsPendingOrByForce) {
  const auto close = [](CampaignSubject s) {
    return CampaignTransitions().Execute(s, "close", Actor{"p", {kCountyApprover}});
  };
  EXPECT_OK(close({.state = CampaignState::kOpen}));
  EXPECT_THAT(close({.state = CampaignState::kOpen, .pending = 1}),
              StatusIs(absl::StatusCode::kFailedPrecondition, "UNITS_PENDING"));
  EXPECT_OK(close({.state = CampaignState::kOpen, .pending = 1, .force = true}));
  EXPECT_THAT(close({.state = CampaignState::kOpening}),
              StatusIs(absl::StatusCode::kFailedPrecondition, "CAMPAIGN_OPENING"));
  EXPECT_THAT(CampaignTransitions().Execute({.state = CampaignState::kOpen}, "draw_sample",
                                            Actor{"p", {kCitySupervisor}}),
              StatusIs(absl::StatusCode::kFailedPrecondition, "NOTHING_TO_SAMPLE"));
}

TEST(Transitions, EveryTripleOfAProject) {
  std::vector<ProjectState> states;
  for (int s = 1; s <= 15; ++s) states.push_back(static_cast<ProjectState>(s));
  const auto attempt = [](ProjectState state, const std::string& action,
                          int role) -> absl::StatusOr<ProjectState> {
    ProjectSubject s;
    s.state = state;
    const absl::StatusOr<ProjectState> got = ProjectTable().Execute(s, action, Actor{"p", {role}});
    // Before completion there are rows for the monthly report only so that the refusal says why.
    if (action == "submit_operation_report" && !MayReportOperation(state)) {
      EXPECT_FALSE(got.ok());
      if (ReasonOf(got.status()) == "NOT_PRODUCING") return state;
    }
    return got;
  };
  EXPECT_THAT(workflow::TryTriples<ProjectState>(ProjectTable(), states, EveryRole(), attempt),
              IsEmpty());
}

TEST(Transitions, NothingIsDoneWithAVoidProject) {
  for (const char* action : {"update", "void", "submit_operation_report"}) {
    ProjectSubject s;
    s.state = ProjectState::kOperating;
    s.is_void = true;
    EXPECT_THAT(ProjectTable().Execute(s, action, Actor{"p", {kCountyOperator}}),
                StatusIs(absl::StatusCode::kFailedPrecondition, "PROJECT_VOID"))
        << action;
  }
}

TEST(Transitions, EveryTripleOfAShortBoard) {
  using State = ShortBoardState;
  const std::vector<State> states = {State::kOpen, State::kCompleted, State::kOfVoidProject,
                                     State::kVoid};
  const auto attempt = [](State state, const std::string& action,
                          int role) -> absl::StatusOr<State> {
    const absl::StatusOr<State> got =
        ShortBoardTransitions().Execute(state, action, Actor{"p", {role}});
    // Only an open one is completed, and one that stands is voided; the others have a row so that
    // the refusal says why.
    const std::string reason = state == State::kVoid            ? "RECORD_VOID"
                               : state == State::kOfVoidProject ? "PROJECT_VOID"
                               : action == "complete" && state == State::kCompleted
                                   ? "SHORT_BOARD_CLOSED"
                                   : "";
    if (!reason.empty()) {
      EXPECT_FALSE(got.ok());
      if (ReasonOf(got.status()) == reason) {
        return action == "void" ? State::kVoid : State::kCompleted;
      }
    }
    return got;
  };
  EXPECT_THAT(workflow::TryTriples<State>(ShortBoardTransitions(), states, EveryRole(), attempt),
              IsEmpty());
}

TEST(Transitions, EveryTripleOfALeadingIndustryAndABrand) {
  EXPECT_THAT(
      workflow::TryTriples<LeadingState>(
          LeadingTransitions(),
          std::vector<LeadingState>{LeadingState::kSelected, LeadingState::kWithdrawn}, EveryRole(),
          [](LeadingState state, const std::string& action, int role) {
            return LeadingTransitions().Execute(state, action, Actor{"p", {role}});
          }),
      IsEmpty());
  EXPECT_THAT(workflow::TryTriples<BrandState>(
                  BrandTransitions(),
                  std::vector<BrandState>{BrandState::kRegistered, BrandState::kEnded}, EveryRole(),
                  [](BrandState state, const std::string& action, int role) {
                    return BrandTransitions().Execute(state, action, Actor{"p", {role}});
                  }),
              IsEmpty());
}

TEST(Transitions, EveryTripleOfARecordThatStandsOrIsVoid) {
  for (const RecordTransitions* table : {&OperatorTransitions(), &HelperTransitions(),
                                         &PairingTransitions(), &TrainingTransitions()}) {
    const auto attempt = [&](RecordState state, const std::string& action,
                             int role) -> absl::StatusOr<RecordState> {
      const absl::StatusOr<RecordState> got =
          table->Execute({state, ""}, action, Actor{"p", {role}});
      if (state == RecordState::kStanding) return got;
      // Nothing is done with a void one; there are rows so that the refusal says why.
      EXPECT_FALSE(got.ok());
      if (ReasonOf(got.status()) != "RECORD_VOID") return got;
      return action == "void" ? RecordState::kVoid : RecordState::kStanding;
    };
    EXPECT_THAT(workflow::TryTriples<RecordState>(
                    *table, std::vector<RecordState>{RecordState::kStanding, RecordState::kVoid},
                    EveryRole(), attempt),
                IsEmpty());
  }
}

TEST(Transitions, WhatAProjectNamesIsNotMadeVoid) {
  const Actor actor{"p", {kCountyOperator}};
  const RecordSubject used = {RecordState::kStanding, "PJ360733-2019-000001"};
  const absl::Status of_operator = OperatorTransitions().Execute(used, "void", actor).status();
  EXPECT_THAT(of_operator, StatusIs(absl::StatusCode::kFailedPrecondition, "OPERATOR_IN_USE"));
  EXPECT_EQ(GetErrorDetail(of_operator).metadata["project_code"], used.used_by);
  EXPECT_THAT(HelperTransitions().Execute(used, "void", actor),
              StatusIs(absl::StatusCode::kFailedPrecondition, "HELPER_IN_USE"));
  EXPECT_OK(OperatorTransitions().Execute(used, "update", actor));
  // That it is void goes before.
  EXPECT_THAT(OperatorTransitions().Execute({RecordState::kVoid, used.used_by}, "void", actor),
              StatusIs(absl::StatusCode::kFailedPrecondition, "RECORD_VOID"));
}

}  // namespace
}  // namespace bangfu::registry

#include "services/registry/domain/short_board.h"

#include "services/registry/domain/roles.h"

namespace bangfu::registry {
namespace {

std::string ShortBoardZh(ShortBoardState state) {
  switch (state) {
    case ShortBoardState::kOpen:
      return "未补齐";
    case ShortBoardState::kCompleted:
      return "已补齐";
    case ShortBoardState::kOfVoidProject:
      return "项目已作废";
    case ShortBoardState::kVoid:
      break;
  }
  return "已作废";
}

}  // namespace

const workflow::Table<ShortBoardState, ShortBoardState>& ShortBoardTransitions() {
  using State = ShortBoardState;
  const workflow::Guard<State> standing = {
      "standing", [](const State& state, const workflow::Actor&) -> absl::Status {
        if (state == State::kVoid) return FailedPrecondition("RECORD_VOID", "短板已作废");
        if (state == State::kOfVoidProject) {
          return FailedPrecondition("PROJECT_VOID", "项目已作废");
        }
        return absl::OkStatus();
      }};
  const workflow::Guard<State> open = {
      "open", [](const State& state, const workflow::Actor&) -> absl::Status {
        if (state != State::kCompleted) return absl::OkStatus();
        return FailedPrecondition("SHORT_BOARD_CLOSED", "短板已补齐");
      }};
  const std::vector<State> any = {State::kOpen, State::kCompleted, State::kOfVoidProject,
                                  State::kVoid};
  static const auto* table = new workflow::Table<State, State>(
      [](const State& state) { return state; }, ShortBoardZh,
      {{any,
        "complete",
        "补齐",
        {kTownshipReviewer, kCountyOperator},
        {standing, open},
        {},
        State::kCompleted,
        {"PHOTO", "ACCEPTANCE", "CONTRACT", "VOUCHER", "MINUTES", "OTHER"}},
       {any, "void", "作废", {kCountyOperator, kCountyApprover}, {standing}, {}, State::kVoid}});
  return *table;
}

const std::vector<workflow::Work>& ShortBoardWorks() {
  static const auto* works = new std::vector<workflow::Work>{{"complete", "SHORT_BOARD_COMPLETE"}};
  return *works;
}

}  // namespace bangfu::registry

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
    case ShortBoardState::kVoid:
      break;
  }
  return "项目已作废";
}

}  // namespace

const workflow::Table<ShortBoardState, ShortBoardState>& ShortBoardTransitions() {
  using State = ShortBoardState;
  const workflow::Guard<State> open = {
      "open", [](const State& state, const workflow::Actor&) -> absl::Status {
        if (state == State::kOpen) return absl::OkStatus();
        if (state == State::kVoid) return FailedPrecondition("PROJECT_VOID", "项目已作废");
        return FailedPrecondition("SHORT_BOARD_CLOSED", "短板已补齐");
      }};
  static const auto* table = new workflow::Table<State, State>(
      [](const State& state) { return state; }, ShortBoardZh,
      {{{State::kOpen, State::kCompleted, State::kVoid},
        "complete",
        "补齐",
        {kTownshipReviewer, kCountyOperator},
        {open},
        {},
        State::kCompleted,
        {"PHOTO", "ACCEPTANCE", "CONTRACT", "VOUCHER", "MINUTES", "OTHER"}}});
  return *table;
}

const std::vector<workflow::Work>& ShortBoardWorks() {
  static const auto* works = new std::vector<workflow::Work>{{"complete", "SHORT_BOARD_COMPLETE"}};
  return *works;
}

}  // namespace bangfu::registry

#include "services/registry/domain/short_board.h"

#include "services/registry/domain/roles.h"

namespace bangfu::registry {

const workflow::Table<ShortBoardState, ShortBoardState>& ShortBoardTransitions() {
  using State = ShortBoardState;
  const workflow::Guard<State> open = {
      "open", [](const State& state, const workflow::Actor&) -> absl::Status {
        if (state == State::kOpen) return absl::OkStatus();
        return FailedPrecondition("SHORT_BOARD_CLOSED", "短板已补齐");
      }};
  static const auto* table = new workflow::Table<State, State>(
      [](const State& state) { return state; },
      [](State state) { return state == State::kOpen ? "未补齐" : "已补齐"; },
      {{{State::kOpen, State::kCompleted},
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

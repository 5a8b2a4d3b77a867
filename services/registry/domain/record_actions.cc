#include "services/registry/domain/record_actions.h"

#include <string>

#include "services/registry/domain/roles.h"

namespace bangfu::registry {

const workflow::Table<LeadingState, LeadingState>& LeadingTransitions() {
  using State = LeadingState;
  static const auto* table = new workflow::Table<State, State>(
      [](const State& state) { return state; },
      [](State state) { return std::string(state == State::kSelected ? "已选定" : "已撤回"); },
      {{{State::kSelected},
        "withdraw",
        "撤回",
        {kCountyApprover, kCountyGovernment},
        {},
        {},
        State::kWithdrawn}});
  return *table;
}

const workflow::Table<BrandState, BrandState>& BrandTransitions() {
  using State = BrandState;
  static const auto* table = new workflow::Table<State, State>(
      [](const State& state) { return state; },
      [](State state) { return std::string(state == State::kRegistered ? "已登记" : "已注销"); },
      {{{State::kRegistered}, "end", "注销", {kCountyOperator}, {}, {}, State::kEnded}});
  return *table;
}

}  // namespace bangfu::registry

#include "services/asset/domain/linkage_actions.h"

#include <string>
#include <vector>

namespace bangfu::asset {

const LinkageTable& Linkages() {
  using enum LinkageState;
  const workflow::Guard<LinkageState> running = {
      "running", [](const LinkageState& state, const workflow::Actor&) -> absl::Status {
        if (state == kRunning) return absl::OkStatus();
        return Error(absl::StatusCode::kFailedPrecondition, "LINKAGE_ENDED").Zh("利益联结已终止");
      }};
  // Village reporters, townships, counties and other systems, as the contract declares.
  const std::vector<workflow::RoleId> roles = {1, 2, 4, 15};
  static const auto* table = new LinkageTable(
      [](const LinkageState& state) { return state; },
      [](LinkageState state) { return std::string(state == kRunning ? "联结中" : "已终止"); },
      {{{kRunning, kEnded}, "update_counts", "修改联结户数", roles, {running}, {}, kRunning},
       {{kRunning}, "record_income", "登记联结收入", roles, {}, {}, kRunning},
       {{kEnded}, "record_income", "登记联结收入", roles, {}, {}, kEnded},
       {{kRunning, kEnded}, "end", "终止", roles, {running}, {}, kEnded}});
  return *table;
}

}  // namespace bangfu::asset

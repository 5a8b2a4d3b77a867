#include "services/registry/domain/record_actions.h"

#include <string>
#include <utility>
#include <vector>

#include "common/base/strings.h"
#include "services/registry/domain/roles.h"

namespace bangfu::registry {
namespace {

using RecordGuard = workflow::Guard<RecordSubject>;

RecordGuard Standing(std::string refusal_zh) {
  return {
      "standing",
      [zh = std::move(refusal_zh)](const RecordSubject& s, const workflow::Actor&) -> absl::Status {
        if (s.state == RecordState::kStanding) return absl::OkStatus();
        return FailedPrecondition("RECORD_VOID", zh);
      }};
}
// `by`: how a project uses it, 主体运营.
RecordGuard Unused(std::string reason, std::string by) {
  return {"unused",
          [reason = std::move(reason), by = std::move(by)](const RecordSubject& s,
                                                           const workflow::Actor&) -> absl::Status {
            if (s.used_by.empty()) return absl::OkStatus();
            return FailedPrecondition(reason, Cat("项目", s.used_by, "仍由该", by, "，不能作废"))
                .With("project_code", s.used_by);
          }};
}

// Every step has a row for a void one, too: its refusal says what is the matter.
workflow::Transition<RecordState, RecordSubject> Step(std::string action, std::string label_zh,
                                                      std::vector<workflow::RoleId> roles,
                                                      std::vector<RecordGuard> guards) {
  const RecordState to = action == "void" ? RecordState::kVoid : RecordState::kStanding;
  return {{RecordState::kStanding, RecordState::kVoid},
          std::move(action),
          std::move(label_zh),
          std::move(roles),
          std::move(guards),
          {},
          to};
}

const RecordTransitions* TableOf(
    std::vector<workflow::Transition<RecordState, RecordSubject>> rows) {
  return new RecordTransitions(
      [](const RecordSubject& s) { return s.state; },
      [](RecordState state) {
        return std::string(state == RecordState::kStanding ? "已登记" : "已作废");
      },
      std::move(rows));
}

// Operators and helpers alike.
const RecordTransitions* NamedByProjects(std::vector<workflow::RoleId> editors,
                                         const std::string& reason, const std::string& by) {
  const RecordGuard standing = Standing("记录已作废");
  return TableOf(
      {Step("update", "修改", std::move(editors), {standing}),
       Step("void", "作废", {kCountyOperator, kProvAdmin}, {standing, Unused(reason, by)})});
}

}  // namespace

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

const RecordTransitions& OperatorTransitions() {
  static const auto* table =
      NamedByProjects({kTownshipReviewer, kCountyOperator, kProvAdmin, kSystemIntegrator},
                      "OPERATOR_IN_USE", "主体运营");
  return *table;
}

const RecordTransitions& HelperTransitions() {
  static const auto* table = NamedByProjects({kTownshipReviewer, kCountyOperator, kProvAdmin},
                                             "HELPER_IN_USE", "单位帮扶");
  return *table;
}

const RecordTransitions& PairingTransitions() {
  static const auto* table = [] {
    const RecordGuard standing = Standing("技术结对已作废");
    return TableOf(
        {Step("add_visit", "登记服务",
              {kTownshipReviewer, kCountyOperator, kProvOffice, kSystemIntegrator}, {standing}),
         Step("void", "作废", {kCountyOperator, kProvOffice}, {standing})});
  }();
  return *table;
}

const RecordTransitions& TrainingTransitions() {
  static const auto* table =
      TableOf({Step("void", "作废", {kCountyOperator}, {Standing("培训记录已作废")})});
  return *table;
}

}  // namespace bangfu::registry

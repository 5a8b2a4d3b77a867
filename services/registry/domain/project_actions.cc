#include "services/registry/domain/project_actions.h"

#include <array>

#include "common/status/error.h"
#include "services/registry/domain/roles.h"

namespace bangfu::registry {
namespace {

using Subject = ProjectSubject;
using workflow::Actor;
using workflow::Guard;

constexpr std::array<std::string_view, 16> kLabels = {
    "未指定",   "草稿",       "已申报", "乡镇已审",        "已论证", "列入年度计划",
    "已立项",   "在建",       "停工",   "已竣工",          "已验收", "运营",
    "停产闲置", "已销号退出", "终止",   "已被新版申报替代"};

Guard<Subject> NotVoid() {
  return {"not_void", [](const Subject& s, const Actor&) -> absl::Status {
            if (!s.is_void) return absl::OkStatus();
            return FailedPrecondition("PROJECT_VOID", "项目已作废");
          }};
}
Guard<Subject> Window() {
  return {"edit_window", [](const Subject& s, const Actor& actor) {
            return CheckEditWindow(s.window, EditorLevel(actor));
          }};
}

Guard<Subject> Reporting() {
  return {"reporting", [](const Subject& s, const Actor&) -> absl::Status {
            if (MayReportOperation(s.state)) return absl::OkStatus();
            return FailedPrecondition("NOT_PRODUCING", "项目尚未竣工，不填运营月报");
          }};
}

// What shows a project: its ground and money, how it was decided, bid, built, accepted and run.
// Papers of other cases are theirs: the title and the hand-over are an asset's, the ground of an
// override an evaluation's.
std::vector<std::string> ProjectEvidence() {
  return {"PHOTO",    "FUND_DOC", "APPROVAL",   "ARGUMENT",  "MINUTES", "PUBLICITY",
          "CONTRACT", "VOUCHER",  "ACCEPTANCE", "APPRAISAL", "BOOKS",   "OTHER"};
}

}  // namespace

int EditorLevel(const Actor& actor) {
  if (actor.Holds(kCountyOperator) || actor.Holds(kCountyApprover) ||
      actor.Holds(kSystemIntegrator)) {
    return kCountyLevel;
  }
  return actor.Holds(kTownshipReviewer) ? kTownshipLevel : kVillageLevel;
}

bool MindsEditWindow(const Actor& actor) {
  return EditorLevel(actor) != kCountyLevel &&
         (actor.Holds(kVillageReporter) || actor.Holds(kTownshipReviewer));
}

std::string ProjectStateLabel(ProjectState state) {
  const size_t i = static_cast<size_t>(state);
  return std::string(i < kLabels.size() ? kLabels[i] : kLabels[0]);
}

const workflow::Table<ProjectState, ProjectSubject>& ProjectTable() {
  static const auto* table = [] {
    std::vector<workflow::Transition<ProjectState, Subject>> rows;
    for (int s = 1; s < static_cast<int>(kLabels.size()); ++s) {
      const ProjectState state = static_cast<ProjectState>(s);
      rows.push_back({{state},
                      "submit_operation_report",
                      "填报运营月报",
                      {kVillageReporter, kTownshipReviewer, kCountyOperator, kSystemIntegrator},
                      {NotVoid(), Reporting()},
                      {},
                      state});
      if (state == ProjectState::kClosedOut || state == ProjectState::kSuperseded) continue;
      rows.push_back({{state},
                      "update",
                      "修改",
                      {kVillageReporter, kTownshipReviewer, kCountyOperator, kSystemIntegrator},
                      {NotVoid(), Window()},
                      {},
                      state,
                      ProjectEvidence()});
      rows.push_back({{state},
                      "void",
                      "作废",
                      {kTownshipReviewer, kCountyOperator, kCountyApprover},
                      {NotVoid(), Window()},
                      {},
                      state});
    }
    return new workflow::Table<ProjectState, Subject>([](const Subject& s) { return s.state; },
                                                      ProjectStateLabel, std::move(rows));
  }();
  return *table;
}

}  // namespace bangfu::registry

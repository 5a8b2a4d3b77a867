#include "services/registry/domain/campaign.h"

#include "common/base/strings.h"
#include "services/registry/domain/roles.h"

namespace bangfu::registry {
namespace {

using State = CampaignState;
using Subject = CampaignSubject;

workflow::Guard<Subject> NothingPending() {
  return {"nothing_pending", [](const Subject& s, const workflow::Actor&) -> absl::Status {
            if (s.pending == 0 || s.force) return absl::OkStatus();
            return FailedPrecondition("UNITS_PENDING",
                                      Cat("尚有", s.pending, "个村的报告未完成县级核实"))
                .With("pending", Cat(s.pending));
          }};
}

workflow::Guard<Subject> ByForce() {
  return {"by_force", [](const Subject& s, const workflow::Actor&) -> absl::Status {
            if (s.force) return absl::OkStatus();
            return FailedPrecondition("CAMPAIGN_OPENING", "批次正在开放，尚不能结束");
          }};
}

}  // namespace

std::string CampaignStateLabel(CampaignState state) {
  switch (state) {
    case State::kPlanned:
      return "未开放";
    case State::kOpen:
      return "进行中";
    case State::kClosed:
      return "已结束";
    case State::kOpening:
      return "开放中";
    case State::kUnspecified:
      break;
  }
  return "未指定";
}

const workflow::Table<CampaignState, CampaignSubject>& CampaignTransitions() {
  static const auto* table = new workflow::Table<State, Subject>(
      [](const Subject& s) { return s.state; }, CampaignStateLabel,
      {
          {{State::kPlanned}, "open", "开放", {kCountyApprover, kProvAdmin}, {}, {}, State::kOpening},
          {{State::kOpening},
           "close",
           "结束",
           {kCountyApprover, kProvAdmin},
           {ByForce()},
           {},
           State::kClosed},
          {{State::kOpen},
           "close",
           "结束",
           {kCountyApprover, kProvAdmin},
           {NothingPending()},
           {},
           State::kClosed},
      });
  return *table;
}

}  // namespace bangfu::registry

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

workflow::Guard<Subject> IsOpen(std::string_view reason, std::string_view zh) {
  return {"is_open",
          [reason = std::string(reason), zh = std::string(zh)](
              const Subject& s, const workflow::Actor&) -> absl::Status {
            if (s.state == State::kOpen) return absl::OkStatus();
            return FailedPrecondition(reason, zh);
          }};
}

workflow::Guard<Subject> SomeVerified() {
  return {"some_verified", [](const Subject& s, const workflow::Actor&) -> absl::Status {
            if (s.verified > 0) return absl::OkStatus();
            return FailedPrecondition("NOTHING_TO_SAMPLE", "没有已完成县级核实的报告可抽查");
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
          {{State::kPlanned},
           "open",
           "开放",
           {kCountyApprover, kProvOffice},
           {},
           {},
           State::kOpening},
          {{State::kOpening},
           "close",
           "结束",
           {kCountyApprover, kProvOffice},
           {ByForce()},
           {},
           State::kClosed},
          {{State::kOpen},
           "close",
           "结束",
           {kCountyApprover, kProvOffice},
           {NothingPending()},
           {},
           State::kClosed},
          {{State::kPlanned, State::kOpening, State::kOpen, State::kClosed},
           "draw_sample",
           "抽取抽查样本",
           {kCitySupervisor, kProvOffice},
           {IsOpen("CAMPAIGN_NOT_OPEN", "摸排批次未开放"), SomeVerified()},
           {},
           State::kOpen},
          {{State::kPlanned, State::kOpening, State::kOpen, State::kClosed},
           "confirm",
           "省级确认",
           {kProvOffice},
           {IsOpen("CAMPAIGN_CLOSED", "摸排批次已结束或未开放")},
           {},
           State::kOpen},
      });
  return *table;
}

const std::vector<workflow::Work>& CampaignWorks() {
  static const auto* works =
      new std::vector<workflow::Work>{{"open", "CAMPAIGN_OPEN"}, {"close", "CAMPAIGN_CLOSE"}};
  return *works;
}

}  // namespace bangfu::registry

#include "services/evaluation/domain/argument_actions.h"

#include <algorithm>

#include "common/status/error.h"
#include "services/evaluation/domain/evaluation_actions.h"

namespace bangfu::evaluation {

namespace {

using workflow::Actor;
using Guard = workflow::Guard<ArgumentSubject>;

std::string StateLabel(ArgumentState state) {
  switch (state) {
    case ArgumentState::kSigning:
      return "待签字";
    case ArgumentState::kSigned:
      return "已签字";
    case ArgumentState::kNotCarried:
      return "未获多数同意";
    case ArgumentState::kWithdrawn:
      return "已撤回";
    default:
      return "未知";
  }
}

Guard NotVoid() {
  return {"subject_not_void", [](const ArgumentSubject& s, const Actor&) -> absl::Status {
            if (!s.subject_void) return absl::OkStatus();
            return FailedPrecondition("SUBJECT_VOID", "对象已作废");
          }};
}
Guard InPerson() {
  return {"in_person",
          [](const ArgumentSubject&, const Actor& a) -> absl::Status { return CheckInPerson(a); }};
}
Guard NamedAndUnsigned() {
  return {"named_and_unsigned", [](const ArgumentSubject& s, const Actor& a) -> absl::Status {
            const auto seat =
                std::find_if(s.panel.begin(), s.panel.end(),
                             [&](const PanelSeat& one) { return one.person == a.subject; });
            if (seat == s.panel.end()) {
              return FailedPrecondition("NOT_NAMED", "您不是该论证的专家，不能签字");
            }
            // What was recorded before signatures were kept is signed without any.
            if (seat->opinion != PanelOpinion::kUnspecified || s.state != ArgumentState::kSigning) {
              return FailedPrecondition("ALREADY_SIGNED", "该论证您已签字，不能重签");
            }
            return absl::OkStatus();
          }};
}

// An argument that is lost is not to vanish before the last of the panel says so: one that is not
// carried ends those before it, one that is withdrawn does not.
Guard NotLost() {
  return {"not_lost", [](const ArgumentSubject& s, const Actor&) -> absl::Status {
            const auto dissents = std::count_if(
                s.panel.begin(), s.panel.end(),
                [](const PanelSeat& seat) { return seat.opinion == PanelOpinion::kDissents; });
            if (2 * static_cast<size_t>(dissents) < s.panel.size()) return absl::OkStatus();
            return FailedPrecondition("PANEL_DISSENTS", "专家反对意见已使该论证不能通过，不得撤回");
          }};
}

}  // namespace

absl::Status CheckInPerson(const Actor& actor) {
  if (actor.on_behalf_of.empty()) return absl::OkStatus();
  return Error(absl::StatusCode::kPermissionDenied, "DELEGATE_NOT_ALLOWED")
      .Zh("专家意见须由专家本人签署，不得代理");
}

ArgumentState StateOf(const std::vector<PanelSeat>& panel) {
  size_t signed_by = 0, agreed = 0;
  for (const PanelSeat& seat : panel) {
    signed_by += seat.opinion == PanelOpinion::kUnspecified ? 0 : 1;
    agreed += seat.opinion == PanelOpinion::kAgrees ? 1 : 0;
  }
  if (panel.empty() || signed_by < panel.size()) return ArgumentState::kSigning;
  return 2 * agreed > panel.size() ? ArgumentState::kSigned : ArgumentState::kNotCarried;
}

const workflow::Table<ArgumentState, ArgumentSubject>& ArgumentTable() {
  using S = ArgumentState;
  static const auto* table = new workflow::Table<S, ArgumentSubject>(
      [](const ArgumentSubject& s) { return s.state; }, StateLabel,
      {{{S::kSigning, S::kSigned, S::kNotCarried},
        "sign_argument",
        "论证签字",
        {kAppraiser},
        {NotVoid(), InPerson(), NamedAndUnsigned()},
        {},
        S::kSigning},
       {{S::kSigning},
        "withdraw_argument",
        "撤回论证",
        {kCountyOperator, kCountyApprover},
        {NotVoid(), NotLost()},
        {},
        S::kWithdrawn}});
  return *table;
}

}  // namespace bangfu::evaluation

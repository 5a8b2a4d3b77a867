// State machines as one table: who may do what in which state, under which guards, with which
// evidence, and what comes of it. The same table executes a transition, tells a caller which
// actions are open and why not, and is tried in full by tests (triples.h).
//
// Needs neither protobuf nor SQL: a service's domain declares its tables with it. Roles are the
// numbers of bangfu.options.v1.Role.
#pragma once

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/status/error.h"

namespace bangfu::workflow {

using RoleId = int;
// What the service itself does (a job, a feed consumer): never held by a caller.
inline constexpr RoleId kSystem = -1;

// Who did a thing, as separated duties compare persons: with the one on whose behalf it was done.
struct Person {
  Person() = default;
  Person(std::string subject, std::string delegated_by = "")  // a name alone is a person, too
      : subject(std::move(subject)), delegated_by(std::move(delegated_by)) {}
  Person(const char* subject) : subject(subject) {}

  std::string subject;
  std::string delegated_by;  // empty: in their own right

  bool empty() const { return subject.empty(); }
  bool Names(const std::string& name) const {
    return !name.empty() && (name == subject || name == delegated_by);
  }
};
// A principal and the deputy who acts on their behalf count as one: what one of them did, the other
// does not check. Nobody is one with nobody.
inline bool OnePerson(const Person& a, const Person& b) {
  return b.Names(a.subject) || b.Names(a.delegated_by);
}

// Who acts: the roles that the caller holds in the subject's region.
struct Actor {
  std::string subject;  // the person's id
  std::vector<RoleId> roles;
  // Roles of grants whose scope (clauses, fund sources, industries) leaves the subject out: they
  // open nothing, and the refusal says so.
  std::vector<RoleId> narrowed{};
  // Those of `roles` that others lent, none of which the person holds in their own right.
  struct Lent {
    RoleId role = 0;
    std::string by;
  };
  std::vector<Lent> lent{};
  // Whose roles a step rests on: empty where one of its roles is the person's own. A table fills it
  // in for each of its rows.
  std::vector<std::string> on_behalf_of{};

  bool Holds(RoleId role) const {
    return std::find(roles.begin(), roles.end(), role) != roles.end();
  }
  // What guards of separated duties ask: whether they, or one on whose behalf they act, is one of
  // those who did a thing.
  bool Is(const Person& person) const {
    return person.Names(subject) ||
           std::any_of(on_behalf_of.begin(), on_behalf_of.end(),
                       [&](const std::string& name) { return person.Names(name); });
  }
  // As one who acts by one of these roles.
  Actor By(const std::vector<RoleId>& step_roles) const {
    Actor out = *this;
    out.on_behalf_of.clear();
    for (const RoleId role : step_roles) {
      if (!Holds(role)) continue;
      bool own = true;
      for (const Lent& one : lent) {
        if (one.role != role) continue;
        own = false;
        out.on_behalf_of.push_back(one.by);
      }
      if (!own) continue;
      out.on_behalf_of.clear();
      break;
    }
    return out;
  }
  static Actor System() { return Actor{"system", {kSystem}}; }
};

// The refusal of one who has the role, but by a grant whose scope leaves the thing out. `label_zh`:
// what was not allowed.
inline Error ScopeExcludes(std::string_view label_zh) {
  return Error(absl::StatusCode::kPermissionDenied, "SCOPE_EXCLUDES")
      .Zh(absl::StrCat("您的授权范围（条款、资金来源或产业）不含该事项，不能",
                       std::string(label_zh)));
}

// Among the kinds of evidence of a step: whatever the EVIDENCE_KIND list holds.
inline constexpr std::string_view kAnyEvidence = "ANY";

// A condition beyond state and role. OK, or the refusal with its reason and zh-CN text
// (status/error.h), exactly as the rpc gives it.
template <typename Subject>
struct Guard {
  std::string name;
  std::function<absl::Status(const Subject&, const Actor&)> check;
};

template <typename State, typename Subject>
struct Transition {
  std::vector<State> from;
  std::string action;         // "submit": the rpc's verb
  std::string label_zh;       // 提交: the button's text
  std::vector<RoleId> roles;  // any of these
  std::vector<Guard<Subject>> guards;
  std::vector<std::string> evidence;  // kinds, each of which must be there
  State to;
  // Kinds that the step takes beside these, any of them or none. What is in neither list is refused
  // (blob::UseEvidence with Table::EvidenceKinds), so that what a caller is told is what is
  // checked.
  std::vector<std::string> takes;
  // At least one of all these has to come. Told here; checked by the rule of the request's field,
  // which names the field.
  bool wants_one = false;

  // Every kind that the step takes.
  std::vector<std::string> Kinds() const {
    std::vector<std::string> out = evidence;
    for (const std::string& kind : takes) {
      if (std::find(out.begin(), out.end(), kind) == out.end()) out.push_back(kind);
    }
    return out;
  }
};

struct AllowedAction {
  std::string action;
  std::string label_zh;
  bool allowed = false;
  std::string refusal_reason;
  std::string refusal_zh;
  std::vector<std::string> evidence_kinds;
  // Those of them that must be there, each; kAnyEvidence: one of them, whichever.
  std::vector<std::string> evidence_required;
};

template <typename State, typename Subject>
class Table {
 public:
  using TransitionType = Transition<State, Subject>;

  // `state_label` gives a state's zh-CN name for refusals.
  Table(std::function<State(const Subject&)> state_of,
        std::function<std::string(State)> state_label, std::vector<TransitionType> transitions)
      : state_of_(std::move(state_of)),
        state_label_(std::move(state_label)),
        transitions_(std::move(transitions)) {}

  // The state after `action`. `evidence`: the kinds that come with the call. Checked in this order:
  //   INVALID_ARGUMENT ACTION_UNKNOWN          no such action
  //   PERMISSION_DENIED ROLE_NOT_ALLOWED       not an action of the caller's roles
  //   PERMISSION_DENIED SCOPE_EXCLUDES         of a role whose grant leaves the subject out
  //   FAILED_PRECONDITION STATE_NOT_ALLOWED    not in this state
  //   PERMISSION_DENIED ROLE_NOT_ALLOWED       not of the caller's roles in this state
  //   a guard's own error                      in the order of the table
  //   FAILED_PRECONDITION EVIDENCE_MISSING     naming each missing kind
  // Where several rows fit, the first that lets the caller through counts; if none does, the first
  // one's refusal.
  absl::StatusOr<State> Execute(const Subject& subject, std::string_view action, const Actor& actor,
                                const std::vector<std::string>& evidence = {}) const {
    const TransitionType* row = nullptr;
    if (absl::Status status = Check(subject, action, actor, &evidence, &row); !status.ok()) {
      return status;
    }
    return row->to;
  }

  // Each action that one of the caller's roles, narrowed ones among them, could ever take, allowed
  // now or the reason why not.
  // Evidence is not asked for: its kinds are named.
  std::vector<AllowedAction> Allowed(const Subject& subject, const Actor& actor) const {
    std::vector<AllowedAction> out;
    for (const TransitionType& candidate : transitions_) {
      if (!HoldsOne(candidate, actor) && !NarrowedOne(candidate, actor)) continue;
      if (std::any_of(out.begin(), out.end(),
                      [&](const AllowedAction& a) { return a.action == candidate.action; })) {
        continue;
      }
      const TransitionType* row = nullptr;
      const absl::Status status = Check(subject, candidate.action, actor, nullptr, &row);
      AllowedAction action;
      action.action = candidate.action;
      action.label_zh = candidate.label_zh;
      action.allowed = status.ok();
      const TransitionType& told = row != nullptr ? *row : candidate;
      action.evidence_kinds = told.Kinds();
      action.evidence_required = told.evidence;
      if (told.wants_one) action.evidence_required.emplace_back(kAnyEvidence);
      if (!status.ok()) {
        const ErrorDetail detail = GetErrorDetail(status);
        action.refusal_reason = detail.reason;
        action.refusal_zh = detail.message_zh;
      }
      out.push_back(std::move(action));
    }
    return out;
  }

  // The roles each of which alone would let `person` take the action now, evidence aside; not the
  // service's own. Made for many subjects at a time: nothing is worded for those refused by state.
  std::vector<RoleId> RolesFor(const Subject& subject, std::string_view action,
                               const std::string& person) const {
    const State state = state_of_(subject);
    std::vector<RoleId> out;
    for (const TransitionType& row : transitions_) {
      if (row.action != action) continue;
      if (std::find(row.from.begin(), row.from.end(), state) == row.from.end()) continue;
      for (const RoleId role : row.roles) {
        if (role == kSystem || std::find(out.begin(), out.end(), role) != out.end()) continue;
        if (CheckRow(row, subject, Actor{person, {role}}, nullptr).ok()) out.push_back(role);
      }
    }
    return out;
  }

  // Every kind of evidence that one of the action's rows takes, in the order of the table.
  std::vector<std::string> EvidenceKinds(std::string_view action) const {
    std::vector<std::string> out;
    for (const TransitionType& row : transitions_) {
      if (row.action != action) continue;
      for (std::string& kind : row.Kinds()) {
        if (std::find(out.begin(), out.end(), kind) == out.end()) out.push_back(std::move(kind));
      }
    }
    return out;
  }

  const std::vector<TransitionType>& transitions() const { return transitions_; }

 private:
  static bool HoldsOne(const TransitionType& row, const Actor& actor) {
    return std::any_of(row.roles.begin(), row.roles.end(),
                       [&](RoleId role) { return actor.Holds(role); });
  }
  static bool NarrowedOne(const TransitionType& row, const Actor& actor) {
    return std::find_first_of(row.roles.begin(), row.roles.end(), actor.narrowed.begin(),
                              actor.narrowed.end()) != row.roles.end();
  }

  absl::Status Check(const Subject& subject, std::string_view action, const Actor& actor,
                     const std::vector<std::string>* evidence, const TransitionType** found) const {
    const State state = state_of_(subject);
    std::string label;
    bool of_role = false;
    bool in_state = false;
    bool narrowed = false;
    absl::Status refusal;
    for (const TransitionType& row : transitions_) {
      if (row.action != action) continue;
      if (label.empty()) label = row.label_zh;
      const bool role_fits = HoldsOne(row, actor);
      const bool state_fits = std::find(row.from.begin(), row.from.end(), state) != row.from.end();
      of_role |= role_fits;
      in_state |= state_fits;
      narrowed |= (state_fits || !of_role) && NarrowedOne(row, actor);
      if (!role_fits || !state_fits) continue;
      absl::Status status = CheckRow(row, subject, actor, evidence);
      if (status.ok()) {
        *found = &row;
        return status;
      }
      if (refusal.ok()) {
        refusal = std::move(status);
        *found = &row;
      }
    }
    if (!refusal.ok()) return refusal;
    if (label.empty()) {
      return Error(absl::StatusCode::kInvalidArgument, "ACTION_UNKNOWN")
          .Zh("没有此操作")
          .With("action", action);
    }
    if (of_role && !in_state) {
      return FailedPrecondition(
                 "STATE_NOT_ALLOWED",
                 absl::StrCat("当前状态为「", state_label_(state), "」，不能", label))
          .With("action", action)
          .With("state", state_label_(state));
    }
    if (narrowed) return ScopeExcludes(label).With("action", action);
    return Error(absl::StatusCode::kPermissionDenied, "ROLE_NOT_ALLOWED")
        .Zh(absl::StrCat("您的角色不能", label))
        .With("action", action);
  }

  static absl::Status CheckRow(const TransitionType& row, const Subject& subject,
                               const Actor& actor, const std::vector<std::string>* evidence) {
    // Few act on another's behalf: nothing is copied for the others.
    std::optional<Actor> deputy;
    if (!actor.lent.empty()) deputy = actor.By(row.roles);
    for (const Guard<Subject>& guard : row.guards) {
      absl::Status status = guard.check(subject, deputy ? *deputy : actor);
      if (!status.ok()) return status;
    }
    if (evidence == nullptr) return absl::OkStatus();
    std::vector<std::string> missing;
    for (const std::string& kind : row.evidence) {
      if (std::find(evidence->begin(), evidence->end(), kind) == evidence->end()) {
        missing.push_back(kind);
      }
    }
    if (missing.empty()) return absl::OkStatus();
    return FailedPrecondition("EVIDENCE_MISSING",
                              absl::StrCat("缺少佐证材料：", absl::StrJoin(missing, "、")))
        .With("action", row.action)
        .With("kinds", absl::StrJoin(missing, ","));
  }

  std::function<State(const Subject&)> state_of_;
  std::function<std::string(State)> state_label_;
  std::vector<TransitionType> transitions_;
};

}  // namespace bangfu::workflow

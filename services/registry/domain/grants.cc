#include "services/registry/domain/grants.h"

#include <algorithm>
#include <array>

#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/status/error.h"
#include "services/registry/domain/roles.h"

namespace bangfu::registry {
namespace {

using workflow::Actor;
using workflow::Guard;

constexpr std::array<std::string_view, 5> kLabels = {"未指定", "有效", "已撤销", "未生效",
                                                     "已到期"};

absl::Status Wrong(std::string_view reason, std::string_view zh) {
  return Error(absl::StatusCode::kInvalidArgument, reason).Zh(zh);
}
absl::Status Denied(std::string_view reason, std::string_view zh) {
  return Error(absl::StatusCode::kPermissionDenied, reason).Zh(zh);
}

bool Subset(const std::vector<std::string>& outer, const std::vector<std::string>& inner) {
  if (outer.empty()) return true;
  if (inner.empty()) return false;
  return std::all_of(inner.begin(), inner.end(), [&](const std::string& one) {
    return std::find(outer.begin(), outer.end(), one) != outer.end();
  });
}

// Whether one of `outer` holds the region.
bool Contains(const std::vector<std::string>& outer, const std::string& region) {
  return std::any_of(outer.begin(), outer.end(), [&](const std::string& one) {
    return !one.empty() && RegionContains(one, region);
  });
}

Guard<GrantSubject> NotOwn() {
  return {"not_own", [](const GrantSubject& s, const Actor& actor) -> absl::Status {
            if (s.is_client || !actor.Is(s.person)) return absl::OkStatus();
            return Denied("SELF_GRANT", "不能处理自己的授权");
          }};
}
Guard<GrantSubject> Granted() {
  return {"granted", [](const GrantSubject& s, const Actor&) -> absl::Status {
            if (s.delegator.empty()) return absl::OkStatus();
            return FailedPrecondition("DELEGATED_GRANT", "代理授权不能变更有效期");
          }};
}
Guard<GrantSubject> OwnRight() {
  return {"own_right", [](const GrantSubject& s, const Actor&) -> absl::Status {
            if (!s.delegator.empty()) {
              return FailedPrecondition("DELEGATION_CHAIN", "代理的权限不能再委托");
            }
            if (s.is_client)
              return FailedPrecondition("ROLE_FOR_MACHINES", "系统对接的授权不能委托");
            return absl::OkStatus();
          }};
}
Guard<GrantSubject> Delegated() {
  return {"delegated", [](const GrantSubject& s, const Actor&) -> absl::Status {
            if (!s.delegator.empty()) return absl::OkStatus();
            return FailedPrecondition("NOT_DELEGATED", "不是代理授权");
          }};
}

}  // namespace

std::string GrantStateLabel(GrantState state) {
  const size_t i = static_cast<size_t>(state);
  return std::string(i < kLabels.size() ? kLabels[i] : kLabels[0]);
}

bool Covers(const WorkScope& outer, const WorkScope& inner) {
  return Subset(outer.clauses, inner.clauses) && Subset(outer.fund_sources, inner.fund_sources) &&
         Subset(outer.industries, inner.industries);
}

GrantState GrantFacts::StateAt(absl::Time now) const {
  if (revoked) return GrantState::kRevoked;
  if (now >= validity.to) return GrantState::kExpired;
  return now < validity.from ? GrantState::kPending : GrantState::kActive;
}

absl::Status CheckRole(const RoleRule& rule, bool is_client, const std::vector<int>& levels) {
  if (rule.machine && !is_client) return Wrong("ROLE_FOR_MACHINES", "该角色只授予系统对接");
  if (!rule.machine && is_client) return Wrong("ROLE_FOR_PERSONS", "该角色只授予人员");
  for (const int level : levels) {
    if (std::find(rule.levels.begin(), rule.levels.end(), level) == rule.levels.end()) {
      return Wrong("ROLE_LEVEL_MISMATCH", "该角色不能授予此级区划");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckGrant(const std::vector<Administration>& rights, std::string_view granter,
                        const GrantFacts& grant) {
  bool regions_fit = false;
  bool covered = false;
  bool for_whom_one_stands_in = false;
  for (const Administration& right : rights) {
    if (!std::all_of(grant.regions.begin(), grant.regions.end(), [&](const std::string& region) {
          return !right.region.empty() && RegionContains(right.region, region);
        })) {
      continue;
    }
    regions_fit = true;
    if (!Covers(right.scope, grant.scope)) continue;
    covered = true;
    if (right.on_behalf_of.empty() || grant.is_client || right.on_behalf_of != grant.person) {
      for_whom_one_stands_in = false;
      break;
    }
    for_whom_one_stands_in = true;
  }
  if (!regions_fit) {
    // Each region may lie in another of the rights; then they are several grants.
    std::string outside;
    for (const std::string& region : grant.regions) {
      if (std::none_of(rights.begin(), rights.end(), [&](const Administration& right) {
            return !right.region.empty() && RegionContains(right.region, region);
          })) {
        outside = region;
      }
    }
    if (!outside.empty()) return NotFound("region", outside);
    return Denied("GRANT_BEYOND_SCOPE", "各区划须在同一项管理权限之内，请分别授权");
  }
  if (!covered) return Denied("GRANT_BEYOND_SCOPE", "超出本人的管理范围");
  if ((!grant.is_client && grant.person == granter) || for_whom_one_stands_in) {
    return Denied("SELF_GRANT", "不能给自己（或委托自己的人）授权");
  }
  return absl::OkStatus();
}

absl::Status CheckValidity(const Validity& validity, absl::Time now) {
  if (validity.to <= validity.from) return Wrong("VALIDITY_INVALID", "失效时间须晚于生效时间");
  if (validity.to <= now) return Wrong("VALIDITY_INVALID", "失效时间须晚于现在");
  return absl::OkStatus();
}

bool SameDuty(const GrantFacts& a, const GrantFacts& b) {
  if (a.role != b.role) return false;
  return std::any_of(a.regions.begin(), a.regions.end(), [&](const std::string& one) {
    return std::any_of(b.regions.begin(), b.regions.end(), [&](const std::string& other) {
      return RegionContains(one, other) || RegionContains(other, one);
    });
  });
}

bool Repeats(const GrantFacts& a, const GrantFacts& b) {
  const auto sorted = [](std::vector<std::string> list) {
    std::sort(list.begin(), list.end());
    return list;
  };
  const auto same_scope = [&](const WorkScope& x, const WorkScope& y) {
    return sorted(x.clauses) == sorted(y.clauses) &&
           sorted(x.fund_sources) == sorted(y.fund_sources) &&
           sorted(x.industries) == sorted(y.industries);
  };
  return !a.revoked && !b.revoked && a.delegator.empty() && b.delegator.empty() &&
         a.person == b.person && a.is_client == b.is_client && a.role == b.role &&
         sorted(a.regions) == sorted(b.regions) && same_scope(a.scope, b.scope) &&
         a.validity.Overlaps(b.validity);
}

absl::Status CheckDelegation(const GrantFacts& source, const GrantFacts& wanted,
                             const std::vector<GrantFacts>& lent_to_delegator,
                             const DelegationRules& rules) {
  if (!source.delegator.empty()) {
    return FailedPrecondition("DELEGATION_CHAIN", "代理的权限不能再委托");
  }
  if (wanted.person == source.person) {
    return FailedPrecondition("DELEGATION_CIRCULAR", "不能委托给自己");
  }
  const GrantState state = source.StateAt(rules.now);
  if (state == GrantState::kRevoked || state == GrantState::kExpired) {
    return FailedPrecondition("GRANT_NOT_ACTIVE", "授权已撤销或已到期");
  }
  if (absl::Status status = CheckValidity(wanted.validity, rules.now); !status.ok()) return status;
  if (wanted.validity.to - wanted.validity.from > absl::Hours(24) * rules.max_days) {
    return Error(absl::StatusCode::kInvalidArgument, "DELEGATION_TOO_LONG")
        .Field("valid_to", Cat("委托最长", rules.max_days, "天"))
        .With("max_days", Cat(rules.max_days))
        .Zh(Cat("委托最长", rules.max_days, "天"));
  }
  if (!wanted.validity.Inside(source.validity)) {
    return Wrong("DELEGATION_OUTSIDE_GRANT", "委托时间超出本人授权的有效期");
  }
  for (const std::string& region : wanted.regions) {
    if (!Contains(source.regions, region)) {
      return Wrong("DELEGATION_OUTSIDE_GRANT", "委托区域超出本人的授权");
    }
  }
  if (!Covers(source.scope, wanted.scope)) {
    return Wrong("DELEGATION_OUTSIDE_GRANT", "委托业务范围超出本人的授权");
  }
  for (const GrantFacts& lent : lent_to_delegator) {
    if (!lent.revoked && lent.delegator == wanted.person && SameDuty(lent, wanted) &&
        lent.validity.Overlaps(wanted.validity)) {
      return FailedPrecondition("DELEGATION_CIRCULAR",
                                "对方同期已把同一职责委托给您，不能互相委托");
    }
  }
  return absl::OkStatus();
}

const workflow::Table<GrantState, GrantSubject>& GrantTable() {
  static const auto* table = [] {
    const std::vector<GrantState> standing = {GrantState::kActive, GrantState::kPending};
    std::vector<workflow::Transition<GrantState, GrantSubject>> rows = {
        {standing, "revoke", "撤销", {kOrgAdmin}, {NotOwn()}, {}, GrantState::kRevoked},
        {standing,
         "end_delegation",
         "结束代理",
         {kGrantDelegator, kGrantHolder, kOrgAdmin},
         {Delegated()},
         {},
         GrantState::kRevoked},
    };
    // These leave the state as the times say.
    for (const GrantState state : standing) {
      rows.push_back({{state},
                      "change_validity",
                      "变更有效期",
                      {kOrgAdmin},
                      {Granted(), NotOwn()},
                      {},
                      state});
      rows.push_back({{state}, "delegate", "委托", {kGrantHolder}, {OwnRight()}, {}, state});
    }
    return new workflow::Table<GrantState, GrantSubject>(
        [](const GrantSubject& s) { return s.state; }, GrantStateLabel, std::move(rows));
  }();
  return *table;
}

}  // namespace bangfu::registry

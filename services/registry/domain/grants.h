// Who may give whom which right (domain.md §2.0): rules over grants. Pure: what stands and what is
// asked for in, the refusal out.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/base/ulid.h"
#include "common/workflow/workflow.h"

namespace bangfu::registry {

// Numbers of bangfu.type.v1.GrantState.
enum class GrantState : int {
  kUnspecified = 0,
  kActive = 1,
  kRevoked = 2,
  kPending = 3,
  kExpired = 4
};
std::string GrantStateLabel(GrantState state);

// A field of work; an empty list: all.
struct WorkScope {
  std::vector<std::string> clauses, fund_sources, industries;
  friend bool operator==(const WorkScope&, const WorkScope&) = default;
};
// Whoever holds `outer` may give `inner`.
bool Covers(const WorkScope& outer, const WorkScope& inner);

struct Validity {
  absl::Time from = absl::InfinitePast();
  absl::Time to = absl::InfiniteFuture();  // not in it

  bool Holds(absl::Time now) const { return from <= now && now < to; }
  bool Overlaps(const Validity& other) const { return from < other.to && other.from < to; }
  bool Inside(const Validity& outer) const { return outer.from <= from && to <= outer.to; }
};

// What the rules look at of a grant.
struct GrantFacts {
  Ulid id;
  std::string person;
  bool is_client = false;
  int role = 0;
  std::vector<std::string> regions;  // paths
  WorkScope scope;
  Validity validity;
  bool revoked = false;
  std::string delegator;  // empty: granted, not delegated

  GrantState StateAt(absl::Time now) const;
};

// How the contract limits a role (bangfu.options.v1.role_rule).
struct RoleRule {
  std::vector<int> levels;  // 1 province … 5 village
  bool machine = false;
};
// INVALID_ARGUMENT ROLE_LEVEL_MISMATCH, ROLE_FOR_MACHINES, ROLE_FOR_PERSONS.
absl::Status CheckRole(const RoleRule& rule, bool is_client, const std::vector<int>& levels);

// A right of the caller to administer: ORG_ADMIN in a region.
struct Administration {
  std::string region;
  WorkScope scope;
  std::string on_behalf_of;  // of a deputy
};
// Whether one of the rights carries the grant: every region in one of theirs, with a field of work
// that covers. NOT_FOUND for a region outside, PERMISSION_DENIED GRANT_BEYOND_SCOPE, SELF_GRANT.
// `granter` is the caller.
absl::Status CheckGrant(const std::vector<Administration>& rights, std::string_view granter,
                        const GrantFacts& grant);

// INVALID_ARGUMENT VALIDITY_INVALID: ends before it begins, or is over already.
absl::Status CheckValidity(const Validity& validity, absl::Time now);

// The same role in an overlapping region.
bool SameDuty(const GrantFacts& a, const GrantFacts& b);
// The same right once more: role, regions, field of work, in overlapping time; neither revoked nor
// delegated.
bool Repeats(const GrantFacts& a, const GrantFacts& b);

struct DelegationRules {
  absl::Time now;
  int64_t max_days = 30;
};
// Of `source` (the caller's own) to the person of `wanted`. `lent_to_delegator`: what the delegator
// holds on behalf of others. FAILED_PRECONDITION DELEGATION_CHAIN, DELEGATION_CIRCULAR,
// GRANT_NOT_ACTIVE, ROLE_FOR_PERSONS; INVALID_ARGUMENT DELEGATION_TOO_LONG,
// DELEGATION_OUTSIDE_GRANT, VALIDITY_INVALID.
absl::Status CheckDelegation(const GrantFacts& source, const GrantFacts& wanted,
                             const std::vector<GrantFacts>& lent_to_delegator,
                             const DelegationRules& rules);

// Who acts on a grant beside the administrator of its regions: relations, not roles of the
// contract.
inline constexpr workflow::RoleId kGrantHolder = -2;
inline constexpr workflow::RoleId kGrantDelegator = -3;

struct GrantSubject {
  GrantState state = GrantState::kActive;
  std::string person, delegator;
  bool is_client = false;
};
// Actions: revoke, change_validity, delegate, end_delegation.
const workflow::Table<GrantState, GrantSubject>& GrantTable();

}  // namespace bangfu::registry

#include "common/auth/caller.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "common/base/region.h"
#include "common/status/error.h"

namespace bangfu::auth {
namespace {

bool Holds(const Grant& grant, const std::vector<Role>& roles) {
  return roles.empty() || std::find(roles.begin(), roles.end(), grant.role) != roles.end();
}

// An empty list on either side narrows nothing.
bool Meets(const std::vector<std::string>& granted, const std::vector<std::string>& wanted) {
  return granted.empty() || wanted.empty() ||
         std::find_first_of(granted.begin(), granted.end(), wanted.begin(), wanted.end()) !=
             granted.end();
}

}  // namespace

Facets Everything() { return {{""}, {""}}; }

bool Grant::Covers(const Facets& thing) const {
  return Meets(fund_sources, thing.fund_sources) && Meets(industries, thing.industries);
}

bool Grant::Serves(const std::vector<std::string>& rpc_clauses) const {
  return Meets(clauses, rpc_clauses);
}

bool Caller::MindsFacets() const {
  return std::any_of(grants.begin(), grants.end(), [](const Grant& grant) {
    return !grant.fund_sources.empty() || !grant.industries.empty();
  });
}

ActingOn::ActingOn(Caller& caller, const Facets& thing) : caller_(caller) {
  const auto covers = [&](const Grant& grant) { return grant.Covers(thing); };
  // Nearly every grant is of all sources and industries: nothing is copied then.
  if (std::all_of(caller.grants.begin(), caller.grants.end(), covers)) return;
  changed_ = true;
  grants_ = caller.grants;
  narrowed_ = caller.narrowed;
  const auto out = std::stable_partition(caller.grants.begin(), caller.grants.end(), covers);
  std::move(out, caller.grants.end(), std::back_inserter(caller.narrowed));
  caller.grants.erase(out, caller.grants.end());
}

ActingOn::~ActingOn() {
  if (!changed_) return;
  caller_.grants = std::move(grants_);
  caller_.narrowed = std::move(narrowed_);
}

const Grant* Caller::Find(const std::vector<Role>& roles, std::string_view region_path) const {
  return Find(roles, region_path, Facets());
}

const Grant* Caller::Find(const std::vector<Role>& roles, std::string_view region_path,
                          const Facets& thing) const {
  const Grant* lent = nullptr;
  for (const Grant& grant : grants) {
    // A grant without a region holds nowhere: an empty prefix would hold everywhere.
    if (!grant.region_path.empty() && Holds(grant, roles) &&
        RegionContains(grant.region_path, region_path) && grant.Covers(thing)) {
      if (grant.delegated_by.empty()) return &grant;
      if (lent == nullptr) lent = &grant;
    }
  }
  return lent;
}

bool Caller::May(const std::vector<Role>& roles, std::string_view region_path) const {
  return Find(roles, region_path) != nullptr;
}

RegionScope Caller::Scope(const std::vector<Role>& roles) const {
  RegionScope all;
  for (const Grant& grant : grants) {
    if (!grant.region_path.empty() && Holds(grant, roles)) all.push_back(grant.region_path);
  }
  std::sort(all.begin(), all.end());
  RegionScope scope;
  for (std::string& path : all) {
    // In sorted order a prefix comes before everything inside it.
    if (scope.empty() || !RegionContains(scope.back(), path)) scope.push_back(std::move(path));
  }
  return scope;
}

absl::Status LookUpGrants(const GrantSource& source, absl::Time now, Caller* caller,
                          absl::Time* until) {
  if (until != nullptr) *until = absl::InfiniteFuture();
  if (!IsLookedUp(*caller)) return absl::OkStatus();
  if (source.version() == 0) {
    return Error(absl::StatusCode::kUnavailable, "GRANTS_NOT_LOADED")
        .Message("the service has not read the grants yet")
        .Zh("服务正在启动，请稍后重试")
        .RetryAfter(absl::Seconds(1));
  }
  const auto held = source.Of(caller->subject, caller->is_system);
  if (held == nullptr && caller->grants_in_token) return absl::OkStatus();
  caller->grants.clear();
  caller->grants_in_token = false;
  if (held == nullptr) return absl::OkStatus();
  if (caller->name.empty()) caller->name = held->name;
  for (const Grant& grant : held->grants) {
    if (grant.LiveAt(now)) caller->grants.push_back(grant);
    if (until == nullptr) continue;
    if (grant.from > now) *until = std::min(*until, grant.from);
    if (grant.to > now) *until = std::min(*until, grant.to);
  }
  return absl::OkStatus();
}

bool InScope(const RegionScope& scope, std::string_view region_path) {
  return std::any_of(scope.begin(), scope.end(), [&](const std::string& prefix) {
    return RegionContains(prefix, region_path);
  });
}

}  // namespace bangfu::auth

// Who calls: a person or a machine with a set of grants. A grant is a role in a region.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bangfu/options/v1/access.pb.h"

namespace bangfu::auth {

using options::v1::Role;

struct Grant {
  Role role = options::v1::ROLE_UNSPECIFIED;
  std::string region_path;                // "36", "360733" …: holds there and below
  std::vector<std::string> clauses;       // empty = all
  std::vector<std::string> fund_sources;  // empty = all
  std::vector<std::string> industries;    // empty = all
};

// The regions a caller may see or change, as prefixes of region_path: sorted, none inside another.
// Empty means nothing at all.
using RegionScope = std::vector<std::string>;

struct Caller {
  std::string subject;  // person or client id; separation of duties compares this
  std::string name;
  std::vector<Grant> grants;
  bool is_system = false;
  std::string client_ip;
  std::string source_system;  // x-source-system

  // Holds one of `roles` at `region_path` or an ancestor of it.
  bool May(const std::vector<Role>& roles, std::string_view region_path) const;
  // The grant that lets the caller act, nullptr when none: named in the audit.
  const Grant* Find(const std::vector<Role>& roles, std::string_view region_path) const;
  // Regions in which the caller holds one of `roles`; no roles = any role.
  RegionScope Scope(const std::vector<Role>& roles = {}) const;
};

bool InScope(const RegionScope& scope, std::string_view region_path);

}  // namespace bangfu::auth

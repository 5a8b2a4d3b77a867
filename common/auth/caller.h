// Who calls: a person or a machine with a set of grants. A grant is a role in a region.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "bangfu/options/v1/access.pb.h"
#include "common/base/ulid.h"

namespace bangfu::auth {

using options::v1::Role;

// What is acted on, as far as grants are narrowed by it. An empty list: the thing has none of that
// kind, and no grant is narrowed by it.
struct Facets {
  std::vector<std::string> fund_sources;  // codes of the list FUND_SOURCE
  std::vector<std::string> industries;    // its industry's code and those above it
};

// What an act on the whole of a unit or region is about: of all money and every industry there. The
// code of no narrowed grant is among these, so that only grants for everything cover it.
Facets Everything();

struct Grant {
  Role role = options::v1::ROLE_UNSPECIFIED;
  std::string region_path;                // "36", "360733" …: holds there and below
  std::vector<std::string> clauses;       // empty = all
  std::vector<std::string> fund_sources;  // empty = all
  std::vector<std::string> industries;    // empty = all
  // Of a grant of the registry; a right that came with a token has none of these.
  Ulid id{};
  absl::Time from = absl::InfinitePast();
  absl::Time to = absl::InfiniteFuture();  // not in it
  std::string delegated_by{};              // the person on whose behalf; empty: one's own right
  // The organisation on whose behalf the person acts; empty: none is named.
  std::string org_code{};
  std::string org_name{};

  bool LiveAt(absl::Time now) const { return from <= now && now < to; }
  // Names one of the thing's fund sources and one of its industries, or is not narrowed by them.
  bool Covers(const Facets& thing) const;
  // The same of the policy's clauses ("四") that an rpc serves.
  bool Serves(const std::vector<std::string>& rpc_clauses) const;
};

// The regions a caller may see or change, as prefixes of region_path: sorted, none inside another.
// Empty means nothing at all.
using RegionScope = std::vector<std::string>;

struct Caller {
  std::string subject;  // person or client id; separation of duties compares this
  std::string name;
  std::vector<Grant> grants;
  // Live too, but their scope leaves out what the call is about: they open nothing, and a refusal
  // can say that it is for this.
  std::vector<Grant> narrowed;
  bool is_system = false;
  std::string client_ip;
  std::string source_system;  // x-source-system
  // The token says what its holder may do, and is believed: a development key's, or that of a
  // machine client of which the registry knows nothing. Otherwise the grants are looked up when the
  // call comes in.
  bool grants_in_token = false;

  // Whether the sources or industries of a thing matter to any of the grants: else nobody need read
  // them.
  bool MindsFacets() const;
  // Holds one of `roles` at `region_path` or an ancestor of it.
  bool May(const std::vector<Role>& roles, std::string_view region_path) const;
  // The grant that lets the caller act, nullptr when none: named in the audit. One's own right
  // rather than one that was lent.
  const Grant* Find(const std::vector<Role>& roles, std::string_view region_path) const;
  // The same among the grants that cover the thing.
  const Grant* Find(const std::vector<Role>& roles, std::string_view region_path,
                    const Facets& thing) const;
  // Regions in which the caller holds one of `roles`; no roles = any role.
  RegionScope Scope(const std::vector<Role>& roles = {}) const;
};

// While it lives, the caller holds only those of its grants that cover a thing, so that whatever
// asks it (tables of steps, rows that name who acted and by which grant) obeys their scope. The
// others are in `narrowed` meanwhile.
class ActingOn {
 public:
  ActingOn(Caller& caller, const Facets& thing);
  ~ActingOn();
  ActingOn(const ActingOn&) = delete;
  ActingOn& operator=(const ActingOn&) = delete;

 private:
  Caller& caller_;
  bool changed_ = false;
  std::vector<Grant> grants_, narrowed_;  // as they were
};

bool InScope(const RegionScope& scope, std::string_view region_path);

// Subjects of client certificates begin so; no token may name one.
inline constexpr std::string_view kCertificateSubject = "cert:";

// The grants of one subject, those included that are over or yet to come: when they hold is for the
// call's own time to say.
struct SubjectGrants {
  std::string name;
  std::vector<Grant> grants;   // one per region
  std::vector<Grant> revoked;  // taken back lately: only so that a refusal can say it
};

// Where the grants of people and of client certificates are looked up, by every call: must be quick
// and thread safe.
class GrantSource {
 public:
  virtual ~GrantSource() = default;
  // nullptr: none known.
  virtual std::shared_ptr<const SubjectGrants> Of(std::string_view subject,
                                                  bool is_client) const = 0;
  // Rises with every change of any grant; 0: not read yet.
  virtual int64_t version() const = 0;
};

// Whether what the caller may do can change by a grant.
inline bool IsLookedUp(const Caller& caller) { return caller.is_system || !caller.grants_in_token; }

// Gives the caller what the grants say at `now`. A machine client that was ever granted anything is
// governed by its grants alone, whatever its token says: one taken back, or ended, cuts it off,
// however many tokens are out. One that nobody granted anything goes by its token. `until`: when
// one of the grants begins or ends. UNAVAILABLE GRANTS_NOT_LOADED.
absl::Status LookUpGrants(const GrantSource& source, absl::Time now, Caller* caller,
                          absl::Time* until = nullptr);

}  // namespace bangfu::auth

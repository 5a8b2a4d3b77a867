// A bearer token (JWT, RFC 7519) becomes a Caller, or is refused.
//
// Claims: iss, aud, sub, exp, iat (all required), nbf, name, client (true: a machine), and
// grants: [{"role": "ROLE_COUNTY_OPERATOR", "region": "360733", "clauses": [], "fund_sources": [],
// "industries": []}]. Regions are normalised; a role that this build does not know gives nothing.
// The grants claim counts for machines, and for persons only under a development key: a token
// proves the person, what a person may do is looked up. A machine's token holds roles for machines
// only and does not live long; that of a machine that the registry knows proves it and no more
// (LookUpGrants).
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "absl/status/statusor.h"
#include "common/auth/caller.h"
#include "common/auth/jwks.h"
#include "common/base/clock.h"
#include "common/metrics/metrics.h"

namespace bangfu::auth {

struct AuthenticatorOptions {
  // One of the two or both: the keys of both count, those of the file before others of their kid.
  std::string jwks_file;
  std::string jwks_url;     // http:// or https://; production mode takes https only
  std::string jwks_url_ca;  // PEM file that proves the URL's server; empty: the machine's own
  std::string issuer = "bangfu";
  std::string audience = "bangfu";
  // Keys that `DevKey` made (kid "dev-…") are refused.
  bool production = false;
  absl::Duration leeway = absl::Seconds(60);  // clocks of issuer and server may differ by this much
  // From iat to exp: what a client may do is in its token, and goes no sooner.
  absl::Duration max_client_lifetime = absl::Hours(24);
  size_t max_token_bytes = 8192;
  size_t cache_entries = 4096;  // a verified token is remembered until it expires
};

class Authenticator {
 public:
  // Fails when the file's key set cannot be read or holds a dev key in production, or when the URL
  // is not one to go to. A URL that does not answer fails nothing: see KeysReady.
  static absl::StatusOr<std::unique_ptr<Authenticator>> Create(
      AuthenticatorOptions options, const Clock& clock, metrics::Registry* metrics = nullptr);
  // With keys from elsewhere; the options' own sources are not looked at.
  static absl::StatusOr<std::unique_ptr<Authenticator>> WithKeys(AuthenticatorOptions options,
                                                                 const Clock& clock,
                                                                 std::unique_ptr<KeySource> keys);

  // UNAUTHENTICATED with reason TOKEN_MISSING, TOKEN_INVALID or TOKEN_EXPIRED; UNAVAILABLE with
  // KEYS_REFRESHING when a key that is not known is being looked for. Never blocks on more than a
  // small local file. Thread safe.
  absl::StatusOr<std::shared_ptr<const Caller>> Authenticate(std::string_view token);

  // UNAVAILABLE while there is no key at all: nobody could be let in.
  absl::Status KeysReady() const;

  // Tokens whose signature was computed, for tests and metrics: the rest came from the cache.
  int64_t verifications() const;

 private:
  struct Entry {
    std::string digest;
    std::shared_ptr<const Caller> caller;
    std::shared_ptr<const KeySet> keys;  // those that verified it: other keys, other verdict
    absl::Time not_before;
    absl::Time expires;
  };
  Authenticator(AuthenticatorOptions options, const Clock& clock, std::unique_ptr<KeySource> keys);
  absl::StatusOr<Entry> Verify(std::string_view token, absl::Time now);

  const AuthenticatorOptions options_;
  const Clock& clock_;
  const std::unique_ptr<KeySource> keys_;
  mutable std::mutex mu_;
  std::list<Entry> recent_;  // the front was used last
  std::unordered_map<std::string_view, std::list<Entry>::iterator> by_digest_;
  int64_t verifications_ = 0;
};

}  // namespace bangfu::auth

// A local key that mints tokens for development and tests. Its kid begins with "dev-", and a server
// in production mode refuses it.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/auth/caller.h"
#include "common/auth/jwks.h"

namespace bangfu::auth {

class DevKey {
 public:
  // Loads the key of `directory`, or makes the directory (mode 0700), the key pair
  // (dev-key-es256.pem or dev-key-rs256.pem, mode 0600) and the key set (jwks.json, with every dev
  // key of the directory). Several processes may do so at once: one key wins.
  static absl::StatusOr<DevKey> LoadOrCreate(const std::string& directory,
                                             Algorithm algorithm = Algorithm::kEs256);

  const std::string& kid() const { return kid_; }
  const std::string& jwks_file() const { return jwks_file_; }

  // A token for `caller` (subject, name, grants, is_system), valid from `now` for `lifetime`. A
  // caller without grants gets a token that claims none: they are looked up then.
  absl::StatusOr<std::string> Mint(const Caller& caller, absl::Time now,
                                   absl::Duration lifetime = absl::Hours(12),
                                   std::string_view issuer = "bangfu",
                                   std::string_view audience = "bangfu") const;

  // Signs any header and claims, for tests of what a server must refuse.
  absl::StatusOr<std::string> Sign(std::string_view header_json,
                                   std::string_view claims_json) const;

 private:
  std::string kid_;
  std::string jwks_file_;
  Algorithm algorithm_ = Algorithm::kEs256;
  std::shared_ptr<void> key_;  // EVP_PKEY
};

}  // namespace bangfu::auth

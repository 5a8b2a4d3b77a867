// Encryption at rest of what identifies a person (PIPL): phone numbers and names that cannot be
// avoided. Who reads the database or a backup without the key file reads nothing of it.
//
// Sealing is deterministic: the nonce is derived from the text, so equal texts under one key and
// context seal equally. That lets records be compared and counts as the blind index (an equality
// search seals what it looks for); it tells who has the database which values are equal, and no
// more. Each sealed value names its algorithm and key: keys rotate by adding one, and SM4 can come.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

struct evp_mac_ctx_st;  // of OpenSSL

namespace bangfu::seal {

class Keyring {
 public:
  // {"current": "2026a", "keys": [{"kid": "2026a", "alg": "A256GCM", "key": "<base64, 32 bytes>"}]}
  // New values are sealed under `current`; the others still open what they sealed.
  // INVALID_ARGUMENT naming what is wrong; never prints a key.
  static absl::StatusOr<std::shared_ptr<const Keyring>> Parse(std::string_view json);

  // Reads the file; makes one with a random key (mode 0600) when it is not there. Several processes
  // may do so at once: one key wins. For development.
  static absl::StatusOr<std::shared_ptr<const Keyring>> LoadOrCreate(const std::string& file);

  // The key under which new values are sealed.
  const std::string& current() const { return current_; }

  // Binary form. `context` ties the value to its place: another context does not open it.
  std::string Seal(std::string_view plain, std::string_view context) const;
  // DATA_LOSS SEAL_BROKEN when the value was changed, belongs to another context, or its key is not
  // in the ring.
  absl::StatusOr<std::string> Open(std::string_view sealed, std::string_view context) const;

 private:
  struct Key {
    std::string cipher;  // 32 bytes
    // Makes nonces: HMAC under a derived key, never the cipher's key itself. Copied for each.
    std::shared_ptr<evp_mac_ctx_st> nonces;
  };
  std::string current_;
  std::map<std::string, Key, std::less<>> keys_;
};

}  // namespace bangfu::seal

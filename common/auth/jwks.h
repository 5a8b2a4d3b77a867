// Public keys that sign tokens: a JSON Web Key Set (RFC 7517) in a file that may be replaced while
// the server runs, or behind a URL (jwks_url.h).
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/clock.h"

namespace bangfu::auth {

// Of the kids of development keys (dev_key.h), which production mode refuses.
inline constexpr std::string_view kDevPrefix = "dev-";

// The only algorithms there are. A key has one, and a token must name that one: "none" and a public
// key used as an HMAC secret have no way in.
enum class Algorithm { kRs256, kEs256 };
std::string_view AlgorithmName(Algorithm algorithm);

class PublicKey {
 public:
  // `signature` as in a JWS (RFC 7518): PKCS#1 v1.5 for RS256, r‖s for ES256.
  bool Verify(std::string_view signed_bytes, std::string_view signature) const;
  Algorithm algorithm() const { return algorithm_; }
  const std::string& kid() const { return kid_; }

 private:
  friend class KeySet;
  std::string kid_;
  Algorithm algorithm_ = Algorithm::kEs256;
  std::shared_ptr<void> key_;  // EVP_PKEY
};

class KeySet {
 public:
  // Keeps RSA keys of 2048 to 8192 bits and P-256 keys that have a kid and are for signatures;
  // other entries of a valid set are not ours and are passed over. InvalidArgument when the text is
  // no key set, a key of ours is malformed or two keys share a kid.
  static absl::StatusOr<KeySet> Parse(std::string_view json);
  // The keys of both; of two with one kid the one of `first`.
  static KeySet Merge(const KeySet& first, const KeySet& second);
  const PublicKey* Find(std::string_view kid) const;
  const std::vector<PublicKey>& keys() const { return keys_; }

 private:
  std::vector<PublicKey> keys_;
};

// Where keys come from. Thread safe; never waits for more than a small local file.
class KeySource {
 public:
  virtual ~KeySource() = default;
  // The same object until there are others; never null.
  virtual std::shared_ptr<const KeySet> Current() = 0;
  // A token names a kid that is not there: looks for newer keys, as far as its limits allow.
  virtual std::shared_ptr<const KeySet> AfterUnknownKid() = 0;
  // True while newer keys are on their way: what is unknown now may be known in a moment.
  virtual bool Looking() const { return false; }
  // Why the last reading failed; OK when it did not.
  virtual absl::Status last_error() const = 0;
};

// The key set in a file, read again when the file changes (looked at once a second at most) or when
// a token names a kid that is not there (once in five seconds at most). A file that cannot be read
// or parsed leaves the keys as they were. Thread safe.
class JwksFile final : public KeySource {
 public:
  // UNAVAILABLE or InvalidArgument when the first reading fails.
  static absl::StatusOr<std::unique_ptr<JwksFile>> Open(std::string path, const Clock& clock);

  std::shared_ptr<const KeySet> Current() override;
  // Looks at the file at once, as far as the limit allows.
  std::shared_ptr<const KeySet> AfterUnknownKid() override;
  absl::Status last_error() const override;

 private:
  JwksFile(std::string path, const Clock& clock) : path_(std::move(path)), clock_(clock) {}
  std::string Stamp() const;  // changes when the file does
  void ReadLocked();

  const std::string path_;
  const Clock& clock_;
  mutable std::mutex mu_;
  std::shared_ptr<const KeySet> keys_;
  std::string stamp_;
  absl::Time looked_ = absl::InfinitePast();
  absl::Time forced_ = absl::InfinitePast();
  absl::Status error_;
};

}  // namespace bangfu::auth

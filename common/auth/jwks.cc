#include "common/auth/jwks.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <sys/stat.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "absl/strings/escaping.h"
#include "common/base/strings.h"
#include "common/status/macros.h"

namespace bangfu::auth {
namespace {

using Json = nlohmann::json;
using BigNumber = std::unique_ptr<BIGNUM, decltype(&BN_free)>;

constexpr size_t kCoordinateSize = 32;  // of P-256
constexpr size_t kMaxFileBytes = 1 << 20;

std::string Text(const Json& object, const char* name) {
  auto it = object.find(name);
  return it != object.end() && it->is_string() ? it->get<std::string>() : "";
}

std::string Decoded(const Json& object, const char* name) {
  std::string bytes;
  return absl::WebSafeBase64Unescape(Text(object, name), &bytes) ? bytes : "";
}

BigNumber ToBigNumber(std::string_view bytes) {
  return {BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()),
                    static_cast<int>(bytes.size()), nullptr),
          &BN_free};
}

std::shared_ptr<void> BuildKey(const char* type, OSSL_PARAM_BLD* builder) {
  EVP_PKEY* key = nullptr;
  OSSL_PARAM* params = OSSL_PARAM_BLD_to_param(builder);
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr);
  if (params != nullptr && context != nullptr && EVP_PKEY_fromdata_init(context) == 1) {
    EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params);
  }
  EVP_PKEY_CTX_free(context);
  OSSL_PARAM_free(params);
  return {key, [](void* k) { EVP_PKEY_free(static_cast<EVP_PKEY*>(k)); }};
}

std::shared_ptr<void> RsaKey(const Json& entry) {
  const std::string n = Decoded(entry, "n"), e = Decoded(entry, "e");
  if (n.empty() || e.empty()) return nullptr;
  BigNumber modulus = ToBigNumber(n), exponent = ToBigNumber(e);
  OSSL_PARAM_BLD* builder = OSSL_PARAM_BLD_new();
  std::shared_ptr<void> key;
  if (OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, modulus.get()) == 1 &&
      OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, exponent.get()) == 1) {
    key = BuildKey("RSA", builder);
  }
  OSSL_PARAM_BLD_free(builder);
  if (key == nullptr) return nullptr;
  const int bits = EVP_PKEY_get_bits(static_cast<EVP_PKEY*>(key.get()));
  return bits >= 2048 && bits <= 8192 ? key : nullptr;
}

std::shared_ptr<void> EcKey(const Json& entry) {
  const std::string x = Decoded(entry, "x"), y = Decoded(entry, "y");
  if (x.size() != kCoordinateSize || y.size() != kCoordinateSize) return nullptr;
  const std::string point = Cat("\x04", x, y);  // uncompressed
  OSSL_PARAM_BLD* builder = OSSL_PARAM_BLD_new();
  std::shared_ptr<void> key;
  if (OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) == 1 &&
      OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                       point.size()) == 1) {
    key = BuildKey("EC", builder);  // null when the point is not on the curve
  }
  OSSL_PARAM_BLD_free(builder);
  return key;
}

// r‖s -> the DER that OpenSSL verifies.
std::string DerSignature(std::string_view raw) {
  if (raw.size() != 2 * kCoordinateSize) return "";
  ECDSA_SIG* signature = ECDSA_SIG_new();
  BigNumber r = ToBigNumber(raw.substr(0, kCoordinateSize));
  BigNumber s = ToBigNumber(raw.substr(kCoordinateSize));
  ECDSA_SIG_set0(signature, r.release(), s.release());
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(signature, &der);
  std::string out;
  if (size > 0) out.assign(reinterpret_cast<char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  ECDSA_SIG_free(signature);
  return out;
}

}  // namespace

std::string_view AlgorithmName(Algorithm algorithm) {
  return algorithm == Algorithm::kRs256 ? "RS256" : "ES256";
}

bool PublicKey::Verify(std::string_view signed_bytes, std::string_view signature) const {
  std::string der;
  if (algorithm_ == Algorithm::kEs256) {
    der = DerSignature(signature);
    if (der.empty()) return false;
    signature = der;
  }
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  const bool ok =
      context != nullptr &&
      EVP_DigestVerifyInit(context, nullptr, EVP_sha256(), nullptr,
                           static_cast<EVP_PKEY*>(key_.get())) == 1 &&
      EVP_DigestVerify(
          context, reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
          reinterpret_cast<const unsigned char*>(signed_bytes.data()), signed_bytes.size()) == 1;
  EVP_MD_CTX_free(context);
  return ok;
}

absl::StatusOr<KeySet> KeySet::Parse(std::string_view text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return absl::InvalidArgumentError("key set: not a JSON object");
  auto list = json.find("keys");
  if (list == json.end() || !list->is_array()) {
    return absl::InvalidArgumentError("key set: no array \"keys\"");
  }
  KeySet set;
  for (const Json& entry : *list) {
    if (!entry.is_object()) return absl::InvalidArgumentError("key set: a key is not an object");
    const std::string kid = Text(entry, "kid"), type = Text(entry, "kty");
    const std::string algorithm = Text(entry, "alg"), use = Text(entry, "use");
    if (kid.empty() || (!use.empty() && use != "sig")) continue;
    PublicKey key;
    key.kid_ = kid;
    if (type == "RSA" && (algorithm.empty() || algorithm == "RS256")) {
      key.algorithm_ = Algorithm::kRs256;
      key.key_ = RsaKey(entry);
    } else if (type == "EC" && Text(entry, "crv") == "P-256" &&
               (algorithm.empty() || algorithm == "ES256")) {
      key.algorithm_ = Algorithm::kEs256;
      key.key_ = EcKey(entry);
    } else {
      continue;
    }
    if (key.key_ == nullptr) {
      return absl::InvalidArgumentError(Cat("key set: key ", kid, " is malformed"));
    }
    if (set.Find(kid) != nullptr) {
      return absl::InvalidArgumentError(Cat("key set: kid ", kid, " appears twice"));
    }
    set.keys_.push_back(std::move(key));
  }
  return set;
}

KeySet KeySet::Merge(const KeySet& first, const KeySet& second) {
  KeySet both = first;
  for (const PublicKey& key : second.keys_) {
    if (first.Find(key.kid()) == nullptr) both.keys_.push_back(key);
  }
  return both;
}

const PublicKey* KeySet::Find(std::string_view kid) const {
  for (const PublicKey& key : keys_) {
    if (key.kid_ == kid) return &key;
  }
  return nullptr;
}

absl::StatusOr<std::unique_ptr<JwksFile>> JwksFile::Open(std::string path, const Clock& clock) {
  std::unique_ptr<JwksFile> file(new JwksFile(std::move(path), clock));
  std::lock_guard lock(file->mu_);
  file->looked_ = clock.Now();
  file->stamp_ = file->Stamp();
  file->ReadLocked();
  RETURN_IF_ERROR(file->error_);
  return file;
}

std::string JwksFile::Stamp() const {
  struct stat info {};
  if (stat(path_.c_str(), &info) != 0) return "";
  return Cat(info.st_ino, ":", info.st_size, ":", info.st_mtim.tv_sec, ":", info.st_mtim.tv_nsec);
}

void JwksFile::ReadLocked() {
  std::ifstream in(path_, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in || text.str().empty() || text.str().size() > kMaxFileBytes) {
    error_ = absl::UnavailableError(Cat("key set file cannot be read: ", path_));
    return;
  }
  auto keys = KeySet::Parse(text.str());
  error_ = keys.status();
  if (keys.ok()) keys_ = std::make_shared<const KeySet>(*std::move(keys));
}

std::shared_ptr<const KeySet> JwksFile::Current() {
  const absl::Time now = clock_.Now();
  std::lock_guard lock(mu_);
  if (now - looked_ >= absl::Seconds(1)) {
    looked_ = now;
    std::string stamp = Stamp();
    if (stamp != stamp_) {
      stamp_ = std::move(stamp);
      ReadLocked();
    }
  }
  return keys_;
}

std::shared_ptr<const KeySet> JwksFile::AfterUnknownKid() {
  const absl::Time now = clock_.Now();
  std::lock_guard lock(mu_);
  if (now - forced_ >= absl::Seconds(5)) {
    forced_ = now;
    std::string stamp = Stamp();
    if (stamp != stamp_) {
      stamp_ = std::move(stamp);
      ReadLocked();
    }
  }
  return keys_;
}

absl::Status JwksFile::last_error() const {
  std::lock_guard lock(mu_);
  return error_;
}

}  // namespace bangfu::auth

#include "common/auth/dev_key.h"

#include <fcntl.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "absl/strings/escaping.h"
#include "common/base/digest.h"
#include "common/base/random.h"
#include "common/base/strings.h"
#include "common/status/macros.h"

namespace bangfu::auth {
namespace {

using Json = nlohmann::json;
using Key = std::shared_ptr<void>;

EVP_PKEY* Raw(const Key& key) { return static_cast<EVP_PKEY*>(key.get()); }

Key Own(EVP_PKEY* key) {
  return {key, [](void* k) { EVP_PKEY_free(static_cast<EVP_PKEY*>(k)); }};
}

std::string Number(const Key& key, const char* name, int pad) {
  BIGNUM* number = nullptr;
  if (EVP_PKEY_get_bn_param(Raw(key), name, &number) != 1) return "";
  std::string bytes(static_cast<size_t>(std::max(pad, BN_num_bytes(number))), '\0');
  BN_bn2binpad(number, reinterpret_cast<unsigned char*>(bytes.data()),
               static_cast<int>(bytes.size()));
  BN_free(number);
  return absl::WebSafeBase64Escape(bytes);
}

Json ToJwk(const Key& key, Algorithm algorithm) {
  Json jwk = {{"use", "sig"}, {"alg", std::string(AlgorithmName(algorithm))}};
  if (algorithm == Algorithm::kRs256) {
    jwk["kty"] = "RSA";
    jwk["n"] = Number(key, OSSL_PKEY_PARAM_RSA_N, 0);
    jwk["e"] = Number(key, OSSL_PKEY_PARAM_RSA_E, 0);
  } else {
    jwk["kty"] = "EC";
    jwk["crv"] = "P-256";
    jwk["x"] = Number(key, OSSL_PKEY_PARAM_EC_PUB_X, 32);
    jwk["y"] = Number(key, OSSL_PKEY_PARAM_EC_PUB_Y, 32);
  }
  jwk["kid"] = Cat(kDevPrefix, Sha256Hex(jwk.dump()).substr(0, 16));
  return jwk;
}

std::string PemFile(const std::string& directory, Algorithm algorithm) {
  return directory + (algorithm == Algorithm::kRs256 ? "/dev-key-rs256.pem" : "/dev-key-es256.pem");
}

absl::Status Failed(std::string_view what, const std::string& path) {
  return absl::UnavailableError(Cat(what, " ", path, ": ", std::strerror(errno)));
}

// Writes beside the target and moves it there: nobody sees half a file. With `keep`, a file that is
// there already stays.
absl::Status WriteFile(const std::string& path, std::string_view text, mode_t mode, bool keep) {
  const std::string part = Cat(path, ".", absl::Hex(SystemRandom()));
  const int fd = open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (fd < 0) return Failed("cannot create", part);
  const bool written = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const bool closed = close(fd) == 0;
  absl::Status status;
  if (!written || !closed) {
    status = Failed("cannot write", part);
  } else if (keep) {
    if (link(part.c_str(), path.c_str()) != 0 && errno != EEXIST) {
      status = Failed("cannot create", path);
    }
  } else if (rename(part.c_str(), path.c_str()) == 0) {
    return absl::OkStatus();
  } else {
    status = Failed("cannot replace", path);
  }
  unlink(part.c_str());
  return status;
}

absl::StatusOr<Key> Load(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return absl::NotFoundError(path);
  std::ostringstream text;
  text << in.rdbuf();
  const std::string pem = text.str();
  BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  EVP_PKEY* key = PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  if (key == nullptr) return absl::DataLossError(Cat("no private key in ", path));
  return Own(key);
}

absl::Status Create(const std::string& path, Algorithm algorithm) {
  const Key key =
      Own(algorithm == Algorithm::kRs256 ? EVP_RSA_gen(2048) : EVP_EC_gen("prime256v1"));
  if (key == nullptr) return absl::InternalError("cannot make a key");
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(bio, Raw(key), nullptr, nullptr, 0, nullptr, nullptr);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  const std::string pem(data, static_cast<size_t>(size));
  BIO_free(bio);
  return WriteFile(path, pem, 0600, /*keep=*/true);
}

// DER -> r‖s of a JWS.
std::string RawSignature(std::string_view der) {
  const auto* in = reinterpret_cast<const unsigned char*>(der.data());
  ECDSA_SIG* signature = d2i_ECDSA_SIG(nullptr, &in, static_cast<long>(der.size()));
  if (signature == nullptr) return "";
  std::string raw(64, '\0');
  auto* out = reinterpret_cast<unsigned char*>(raw.data());
  BN_bn2binpad(ECDSA_SIG_get0_r(signature), out, 32);
  BN_bn2binpad(ECDSA_SIG_get0_s(signature), out + 32, 32);
  ECDSA_SIG_free(signature);
  return raw;
}

}  // namespace

absl::StatusOr<DevKey> DevKey::LoadOrCreate(const std::string& directory, Algorithm algorithm) {
  std::error_code error;
  const bool fresh = std::filesystem::create_directories(directory, error);
  if (error) {
    return absl::UnavailableError(Cat("cannot make ", directory, ": ", error.message()));
  }
  if (fresh) chmod(directory.c_str(), 0700);
  const std::string path = PemFile(directory, algorithm);
  auto key = Load(path);
  if (absl::IsNotFound(key.status())) {
    RETURN_IF_ERROR(Create(path, algorithm));
    key = Load(path);
  }
  RETURN_IF_ERROR(key.status());

  DevKey dev;
  dev.algorithm_ = algorithm;
  dev.key_ = *key;
  dev.jwks_file_ = directory + "/jwks.json";
  Json keys = Json::array();
  for (Algorithm one : {Algorithm::kRs256, Algorithm::kEs256}) {
    auto held = Load(PemFile(directory, one));
    if (!held.ok()) continue;
    keys.push_back(ToJwk(*held, one));
    if (one == algorithm) dev.kid_ = keys.back()["kid"].get<std::string>();
  }
  const std::string text = Json({{"keys", keys}}).dump(1) + "\n";
  std::ifstream in(dev.jwks_file_, std::ios::binary);
  std::ostringstream present;
  if (in) present << in.rdbuf();
  if (present.str() != text) RETURN_IF_ERROR(WriteFile(dev.jwks_file_, text, 0644, /*keep=*/false));
  return dev;
}

absl::StatusOr<std::string> DevKey::Mint(const Caller& caller, absl::Time now,
                                         absl::Duration lifetime, std::string_view issuer,
                                         std::string_view audience) const {
  const Json header = {
      {"alg", std::string(AlgorithmName(algorithm_))}, {"typ", "JWT"}, {"kid", kid_}};
  Json claims = {{"iss", std::string(issuer)},
                 {"aud", std::string(audience)},
                 {"sub", caller.subject},
                 {"iat", absl::ToUnixSeconds(now)},
                 {"exp", absl::ToUnixSeconds(now + lifetime)}};
  if (!caller.name.empty()) claims["name"] = caller.name;
  if (caller.is_system) claims["client"] = true;
  Json grants = Json::array();
  for (const Grant& grant : caller.grants) {
    Json one = {{"role", options::v1::Role_Name(grant.role)}, {"region", grant.region_path}};
    if (!grant.clauses.empty()) one["clauses"] = grant.clauses;
    if (!grant.fund_sources.empty()) one["fund_sources"] = grant.fund_sources;
    if (!grant.industries.empty()) one["industries"] = grant.industries;
    grants.push_back(std::move(one));
  }
  // Without the claim the holder's grants are looked up.
  if (!grants.empty()) claims["grants"] = std::move(grants);
  // Names are not ours to trust: what is not UTF-8 is replaced, not thrown at us.
  return Sign(header.dump(), claims.dump(-1, ' ', false, Json::error_handler_t::replace));
}

absl::StatusOr<std::string> DevKey::Sign(std::string_view header_json,
                                         std::string_view claims_json) const {
  std::string token = Cat(absl::WebSafeBase64Escape(AbslView(header_json)), ".",
                          absl::WebSafeBase64Escape(AbslView(claims_json)));
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  const auto* data = reinterpret_cast<const unsigned char*>(token.data());
  size_t size = 0;
  std::string signature;
  bool ok = EVP_DigestSignInit(context, nullptr, EVP_sha256(), nullptr, Raw(key_)) == 1 &&
            EVP_DigestSign(context, nullptr, &size, data, token.size()) == 1;
  if (ok) {
    signature.resize(size);
    ok = EVP_DigestSign(context, reinterpret_cast<unsigned char*>(signature.data()), &size, data,
                        token.size()) == 1;
    signature.resize(size);
  }
  EVP_MD_CTX_free(context);
  if (!ok) return absl::InternalError("cannot sign");
  if (algorithm_ == Algorithm::kEs256) signature = RawSignature(signature);
  absl::StrAppend(&token, ".", absl::WebSafeBase64Escape(signature));
  return token;
}

}  // namespace bangfu::auth

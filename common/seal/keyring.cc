#include "common/seal/keyring.h"

#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "absl/strings/escaping.h"
#include "common/base/random.h"
#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace bangfu::seal {
namespace {

using Json = nlohmann::json;

constexpr char kAlgorithmName[] = "A256GCM";
constexpr char kAlgorithm = 1;  // the first byte of a sealed value; SM4-GCM will be the next
constexpr size_t kKeyBytes = 32;
constexpr size_t kNonceBytes = 12;
constexpr size_t kTagBytes = 16;

using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* Bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

// OpenSSL fails here only when memory is out or it has no default provider: nothing can go on.
void Require(bool ok) {
  if (!ok) std::abort();
}

// Looked up among OpenSSL's providers once: a lookup costs more than opening a short text.
const EVP_CIPHER* Cipher() {
  static const EVP_CIPHER* const cipher = [] {
    const EVP_CIPHER* found = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
    Require(found != nullptr);
    return found;
  }();
  return cipher;
}

using MacContext = std::shared_ptr<EVP_MAC_CTX>;

// HMAC with SHA-256 under a key, ready for a text.
MacContext MacUnder(std::string_view key) {
  std::unique_ptr<EVP_MAC, decltype(&EVP_MAC_free)> mac(EVP_MAC_fetch(nullptr, "HMAC", nullptr),
                                                        &EVP_MAC_free);
  Require(mac != nullptr);
  MacContext context(EVP_MAC_CTX_new(mac.get()), &EVP_MAC_CTX_free);
  char digest[] = "SHA256";
  const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                               OSSL_PARAM_END};
  Require(context != nullptr && EVP_MAC_init(context.get(), Bytes(key), key.size(), params) == 1);
  return context;
}

// The MAC of a text at its place, under the key that `keyed` has.
std::string MacOf(const EVP_MAC_CTX& keyed, std::string_view context, std::string_view text) {
  MacContext mac(EVP_MAC_CTX_dup(&keyed), &EVP_MAC_CTX_free);
  Require(mac != nullptr);
  // The length before the context: no two pairs have the same bytes.
  const std::string head = Cat(context.size(), ":", context);
  std::string out(EVP_MAX_MD_SIZE, '\0');
  size_t size = 0;
  Require(EVP_MAC_update(mac.get(), Bytes(head), head.size()) == 1 &&
          EVP_MAC_update(mac.get(), Bytes(text), text.size()) == 1 &&
          EVP_MAC_final(mac.get(), Bytes(out), &size, out.size()) == 1);
  out.resize(size);
  return out;
}

absl::Status Broken(std::string_view why) {
  return Error(absl::StatusCode::kDataLoss, "SEAL_BROKEN")
      .Message(Cat("a sealed value does not open: ", why))
      .Zh("加密保存的内容无法读取，请联系运维人员");
}

absl::Status Invalid(std::string_view why) {
  return absl::InvalidArgumentError(Cat("seal keys: ", why));
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Keyring>> Keyring::Parse(std::string_view json) {
  const Json parsed = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!parsed.is_object() || !parsed.contains("keys") || !parsed["keys"].is_array()) {
    return Invalid("no JSON object with an array \"keys\"");
  }
  auto ring = std::make_shared<Keyring>();
  for (const Json& item : parsed["keys"]) {
    if (!item.is_object()) return Invalid("a key is no object");
    const std::string kid =
        item.value("kid", Json()).is_string() ? item["kid"].get<std::string>() : "";
    const std::string alg =
        item.value("alg", Json()).is_string() ? item["alg"].get<std::string>() : "";
    const std::string text =
        item.value("key", Json()).is_string() ? item["key"].get<std::string>() : "";
    if (kid.empty() || kid.size() > 64) return Invalid("a key has no kid of 1 to 64 bytes");
    if (alg != kAlgorithmName) return Invalid(Cat("key ", kid, " has an unknown alg"));
    Key key;
    if (!absl::Base64Unescape(text, &key.cipher) || key.cipher.size() != kKeyBytes) {
      return Invalid(Cat("key ", kid, " is not 32 bytes in base64"));
    }
    key.nonces = MacUnder(MacOf(*MacUnder(key.cipher), "nonces", ""));
    if (!ring->keys_.emplace(kid, std::move(key)).second)
      return Invalid(Cat("key ", kid, " twice"));
  }
  ring->current_ =
      parsed.value("current", Json()).is_string() ? parsed["current"].get<std::string>() : "";
  if (!ring->keys_.contains(ring->current_)) return Invalid("\"current\" names no key of the ring");
  return std::shared_ptr<const Keyring>(std::move(ring));
}

absl::StatusOr<std::shared_ptr<const Keyring>> Keyring::LoadOrCreate(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) {
    std::string key(kKeyBytes, '\0');
    for (size_t i = 0; i < kKeyBytes; i += sizeof(uint64_t)) {
      const uint64_t random = SystemRandom();
      std::memcpy(key.data() + i, &random, sizeof(random));
    }
    const std::string text =
        Json{
            {"current", "dev"},
            {"keys", {{{"kid", "dev"}, {"alg", kAlgorithmName}, {"key", absl::Base64Escape(key)}}}}}
            .dump();
    // Written beside it and linked there: nobody reads half a file, and the first one stays.
    const std::string part = Cat(file, ".", absl::Hex(SystemRandom()));
    const int fd = open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
      return absl::UnavailableError(Cat("cannot create ", part, ": ", std::strerror(errno)));
    const bool written = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    const bool closed = close(fd) == 0;
    const bool linked =
        written && closed && (link(part.c_str(), file.c_str()) == 0 || errno == EEXIST);
    unlink(part.c_str());
    if (!linked) return absl::UnavailableError(Cat("cannot write ", file));
    in.open(file, std::ios::binary);
  }
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) return absl::UnavailableError(Cat("cannot read ", file));
  return Parse(text.str());
}

// algorithm (1) | length of kid (1) | kid | nonce (12) | ciphertext | tag (16)
std::string Keyring::Seal(std::string_view plain, std::string_view context) const {
  const Key& key = keys_.find(current_)->second;
  const std::string nonce = MacOf(*key.nonces, context, plain).substr(0, kNonceBytes);
  std::string out;
  out.reserve(2 + current_.size() + kNonceBytes + plain.size() + kTagBytes);
  out.push_back(kAlgorithm);
  out.push_back(static_cast<char>(current_.size()));
  out.append(current_).append(nonce);
  const size_t begin = out.size();
  out.resize(begin + plain.size() + kTagBytes);
  CipherContext cipher(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  int size = 0;
  EVP_EncryptInit_ex(cipher.get(), Cipher(), nullptr, Bytes(key.cipher), Bytes(nonce));
  EVP_EncryptUpdate(cipher.get(), nullptr, &size, Bytes(context), static_cast<int>(context.size()));
  EVP_EncryptUpdate(cipher.get(), Bytes(out) + begin, &size, Bytes(plain),
                    static_cast<int>(plain.size()));
  EVP_EncryptFinal_ex(cipher.get(), Bytes(out) + begin + plain.size(), &size);
  EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes,
                      Bytes(out) + begin + plain.size());
  return out;
}

absl::StatusOr<std::string> Keyring::Open(std::string_view sealed, std::string_view context) const {
  if (sealed.size() < 2 || sealed[0] != kAlgorithm) return Broken("unknown algorithm");
  const size_t kid_size = static_cast<unsigned char>(sealed[1]);
  sealed.remove_prefix(2);
  if (sealed.size() < kid_size + kNonceBytes + kTagBytes) return Broken("too short");
  const auto key = keys_.find(sealed.substr(0, kid_size));
  if (key == keys_.end()) return Broken("its key is not in the ring");
  sealed.remove_prefix(kid_size);
  const std::string_view nonce = sealed.substr(0, kNonceBytes);
  const std::string_view text = sealed.substr(kNonceBytes, sealed.size() - kNonceBytes - kTagBytes);
  std::string tag(sealed.substr(sealed.size() - kTagBytes));
  std::string plain(text.size(), '\0');
  CipherContext cipher(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  int size = 0;
  EVP_DecryptInit_ex(cipher.get(), Cipher(), nullptr, Bytes(key->second.cipher), Bytes(nonce));
  EVP_DecryptUpdate(cipher.get(), nullptr, &size, Bytes(context), static_cast<int>(context.size()));
  EVP_DecryptUpdate(cipher.get(), Bytes(plain), &size, Bytes(text), static_cast<int>(text.size()));
  EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, Bytes(tag));
  if (EVP_DecryptFinal_ex(cipher.get(), Bytes(plain) + plain.size(), &size) != 1) {
    return Broken("changed, or of another place");
  }
  return plain;
}

}  // namespace bangfu::seal

#include "common/base/digest.h"

#include <openssl/evp.h>

#include <cstdlib>

#include "absl/strings/escaping.h"
#include "common/base/strings.h"

namespace bangfu {
namespace {

constexpr size_t kSha256Size = 32;

// OpenSSL fails here only when memory is out or the provider is missing: nothing can go on.
void Require(int ok) {
  if (ok != 1) std::abort();
}

// Looked up among OpenSSL's providers once, which costs more than digesting a short text.
const EVP_MD* Algorithm() {
  static const EVP_MD* const digest = [] {
    const EVP_MD* found = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    Require(found != nullptr);
    return found;
  }();
  return digest;
}

}  // namespace

struct Sha256Stream::Impl {
  Impl() : context(EVP_MD_CTX_new()) {
    Require(context != nullptr && EVP_DigestInit_ex(context, Algorithm(), nullptr) == 1);
  }
  ~Impl() { EVP_MD_CTX_free(context); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  EVP_MD_CTX* context;
};

Sha256Stream::Sha256Stream() : impl_(std::make_unique<Impl>()) {}
Sha256Stream::~Sha256Stream() = default;

void Sha256Stream::Update(std::string_view bytes) {
  Require(EVP_DigestUpdate(impl_->context, bytes.data(), bytes.size()));
}

std::string Sha256Stream::Finish() {
  std::string out(kSha256Size, '\0');
  Require(
      EVP_DigestFinal_ex(impl_->context, reinterpret_cast<unsigned char*>(out.data()), nullptr));
  return out;
}

std::string Sha256(std::string_view bytes) {
  Sha256Stream stream;
  stream.Update(bytes);
  return stream.Finish();
}

std::string Sha256Hex(std::string_view bytes) { return HexEncode(Sha256(bytes)); }

std::string HexEncode(std::string_view bytes) { return absl::BytesToHexString(AbslView(bytes)); }

}  // namespace bangfu

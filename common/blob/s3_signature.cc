#include "common/blob/s3_signature.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "absl/strings/ascii.h"
#include "common/base/digest.h"
#include "common/base/strings.h"

namespace bangfu::blob {
namespace {

std::string Hmac(std::string_view key, std::string_view text) {
  std::string out(EVP_MAX_MD_SIZE, '\0');
  unsigned int length = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(),
       reinterpret_cast<unsigned char*>(out.data()), &length);
  out.resize(length);
  return out;
}

}  // namespace

std::string S3Escape(std::string_view text) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (absl::ascii_isalnum(byte) || c == '-' || c == '_' || c == '.' || c == '~') {
      out.push_back(c);
    } else {
      out.push_back('%');
      out.push_back(kDigits[byte >> 4]);
      out.push_back(kDigits[byte & 15]);
    }
  }
  return out;
}

std::string S3Query(const std::map<std::string, std::string>& query) {
  std::string out;
  for (const auto& [name, value] : query) {
    out += Cat(out.empty() ? "" : "&", S3Escape(name), "=", S3Escape(value));
  }
  return out;
}

std::map<std::string, std::string> SignS3(const S3Request& request, const S3Key& key,
                                          absl::Time now) {
  const std::string stamp = absl::FormatTime("%Y%m%dT%H%M%SZ", now, absl::UTCTimeZone());
  const std::string scope = Cat(stamp.substr(0, 8), "/", key.region, "/s3/aws4_request");
  std::map<std::string, std::string> headers = request.headers;
  headers["host"] = request.host;
  headers["x-amz-content-sha256"] = request.payload_sha256;
  headers["x-amz-date"] = stamp;
  std::string lines, names;
  for (const auto& [name, value] : headers) {
    lines += Cat(name, ":", value, "\n");
    names += Cat(names.empty() ? "" : ";", name);
  }
  const std::string canonical =
      Cat(request.method, "\n", request.path, "\n", S3Query(request.query), "\n", lines, "\n",
          names, "\n", request.payload_sha256);
  const std::string text =
      Cat("AWS4-HMAC-SHA256\n", stamp, "\n", scope, "\n", Sha256Hex(canonical));
  std::string secret = Hmac(Cat("AWS4", key.secret_key), stamp.substr(0, 8));
  for (std::string_view part :
       {std::string_view(key.region), std::string_view("s3"), std::string_view("aws4_request")}) {
    secret = Hmac(secret, part);
  }
  return {{"authorization",
           Cat("AWS4-HMAC-SHA256 Credential=", key.access_key, "/", scope, ",SignedHeaders=", names,
               ",Signature=", HexEncode(Hmac(secret, text)))},
          {"x-amz-content-sha256", request.payload_sha256},
          {"x-amz-date", stamp}};
}

}  // namespace bangfu::blob

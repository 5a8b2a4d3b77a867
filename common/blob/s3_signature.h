// Inside the room: AWS Signature Version 4, as S3-compatible stores ask for it.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "absl/time/time.h"

namespace bangfu::blob {

struct S3Request {
  std::string method;                          // "PUT"
  std::string host;                            // "127.0.0.1:8333", as sent
  std::string path;                            // "/bucket/key": nothing in it needs escaping
  std::map<std::string, std::string> query;    // not escaped
  std::map<std::string, std::string> headers;  // lower-case names; signed along
  std::string payload_sha256;                  // hexadecimal
};

struct S3Key {
  std::string access_key;
  std::string secret_key;
  std::string region;
};

// Escapes all but unreserved characters, as the signature wants it.
std::string S3Escape(std::string_view text);
// "a=1&b=", in order and escaped.
std::string S3Query(const std::map<std::string, std::string>& query);

// The headers to send beside `request.headers`: authorization, x-amz-date, x-amz-content-sha256.
std::map<std::string, std::string> SignS3(const S3Request& request, const S3Key& key,
                                          absl::Time now);

}  // namespace bangfu::blob

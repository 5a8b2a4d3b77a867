// Evidence in S3-compatible storage.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/blob/store.h"

namespace bangfu::blob {

struct S3Options {
  std::string endpoint;  // "https://s3.example.cn" or "http://127.0.0.1:8333": path-style addresses
  std::string bucket;
  std::string region = "us-east-1";
  std::string prefix = "evidence";  // of every key: letters, digits, "-", "_", "/"
  std::string access_key;
  std::string secret_key;
  std::string ca;  // PEM file that proves the endpoint; empty: the system's
  absl::Duration connect_timeout = absl::Seconds(5);
  // A transfer that moves next to nothing for so long is given up.
  absl::Duration stall_timeout = absl::Seconds(20);
  // Objects above this size are put together in parts of it; S3 wants 5 MiB at least.
  int64_t part_bytes = 8 << 20;
};

// Objects: <prefix>/parts/<id>/<offset> while bytes come, then <prefix>/<id>. An upload in parts
// that a crash left half done is for the bucket's own rule (AbortIncompleteMultipartUpload).
// INVALID_ARGUMENT when the options are wrong; whether the store answers is seen when it is used.
absl::StatusOr<std::unique_ptr<Store>> OpenS3(S3Options options, const Clock& clock);

}  // namespace bangfu::blob

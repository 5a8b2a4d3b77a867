// The key set behind a URL, as an identity provider publishes it.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/auth/jwks.h"
#include "common/base/clock.h"
#include "common/base/loop.h"
#include "common/curl/library.h"
#include "common/metrics/metrics.h"

namespace bangfu::auth {

struct JwksUrlOptions {
  std::string url;
  std::string ca;           // PEM file that proves the server; empty: the machine's own
  bool production = false;  // https only, and no key set with a development key
  // Between two readings when all is well.
  absl::Duration refresh = absl::Minutes(5);
  // Between two readings when the last one failed, or when tokens name kids that are not there.
  absl::Duration retry = absl::Seconds(30);
  absl::Duration connect_timeout = absl::Seconds(3);
  absl::Duration timeout = absl::Seconds(10);  // for the whole answer
  size_t max_bytes = 1 << 20;
};

// Reads on a thread of its own, so that no call waits for another's server. A reading that fails,
// is no key set or has no key of ours leaves the keys as they were. Redirects are not followed.
class JwksUrl final : public KeySource {
 public:
  // Reads once; a URL that does not answer gives no keys for now. InvalidArgument when it is no
  // URL or, in production, not https; FAILED_PRECONDITION when the machine has no libcurl.
  // `metrics` may be null.
  static absl::StatusOr<std::unique_ptr<JwksUrl>> Open(JwksUrlOptions options, const Clock& clock,
                                                       metrics::Registry* metrics);
  ~JwksUrl() override;

  // Begins to read again as time goes by and when asked for.
  void Start();
  // Reads now, and says how long to rest.
  absl::Duration Read();

  std::shared_ptr<const KeySet> Current() override;
  std::shared_ptr<const KeySet> AfterUnknownKid() override;
  bool Looking() const override;
  absl::Status last_error() const override;

 private:
  JwksUrl(JwksUrlOptions options, const Clock& clock, const curl::Library& library,
          metrics::Registry* metrics);
  absl::StatusOr<std::string> Fetch() const;
  absl::StatusOr<KeySet> Keys(const std::string& text) const;

  const JwksUrlOptions options_;
  const Clock& clock_;
  const curl::Library& curl_;
  metrics::Counter good_, failed_;
  metrics::Gauge read_at_, held_;

  mutable std::mutex mu_;
  std::shared_ptr<const KeySet> keys_ = std::make_shared<const KeySet>();
  std::string text_;  // that they were read from
  absl::Time began_ = absl::InfinitePast();
  bool asked_ = false;  // by a kid that is not there, and not begun since
  bool reading_ = false;
  absl::Status error_;

  Loop loop_;
  std::thread thread_;
};

}  // namespace bangfu::auth

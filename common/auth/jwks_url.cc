#include "common/auth/jwks_url.h"

#include <utility>

#include "common/base/strings.h"
#include "common/log/log.h"
#include "common/status/macros.h"

namespace bangfu::auth {
namespace {

struct Answer {
  std::string body;
  size_t limit = 0;
};

size_t TakeBody(char* data, size_t size, size_t count, void* target) {
  auto& answer = *static_cast<Answer*>(target);
  if (answer.body.size() + size * count > answer.limit) return 0;
  answer.body.append(data, size * count);
  return size * count;
}

int StopWith(void* loop, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<const Loop*>(loop)->stopped() ? 1 : 0;
}

}  // namespace

absl::StatusOr<std::unique_ptr<JwksUrl>> JwksUrl::Open(JwksUrlOptions options, const Clock& clock,
                                                       metrics::Registry* metrics) {
  const bool secret = HasPrefix(options.url, "https://");
  if (!secret && !HasPrefix(options.url, "http://")) {
    return absl::InvalidArgumentError("jwks-url is https://host/path or http://host/path");
  }
  if (options.production && !secret) {
    // Who can change what comes over the wire could sign tokens of anybody.
    return absl::InvalidArgumentError("production mode takes jwks-url over https only");
  }
  ASSIGN_OR_RETURN(const curl::Library* library, curl::Load());
  std::unique_ptr<JwksUrl> url(new JwksUrl(std::move(options), clock, *library, metrics));
  url->Read();
  return url;
}

JwksUrl::JwksUrl(JwksUrlOptions options, const Clock& clock, const curl::Library& library,
                 metrics::Registry* metrics)
    : options_(std::move(options)), clock_(clock), curl_(library) {
  if (metrics == nullptr) return;
  constexpr char kReads[] = "bangfu_auth_jwks_reads_total";
  constexpr char kHelp[] = "Readings of the key set behind jwks-url";
  good_ = metrics->AddCounter(kReads, kHelp, {{"result", "good"}});
  failed_ = metrics->AddCounter(kReads, kHelp, {{"result", "failed"}});
  read_at_ = metrics->AddGauge("bangfu_auth_jwks_read_timestamp_seconds",
                               "When the key set behind jwks-url was read well last");
  held_ = metrics->AddGauge("bangfu_auth_jwks_keys", "Keys held of the set behind jwks-url");
}

JwksUrl::~JwksUrl() {
  loop_.Stop();
  if (thread_.joinable()) thread_.join();
}

void JwksUrl::Start() {
  thread_ = std::thread([this, first = true]() mutable {
    loop_.Run([&] {
      if (std::exchange(first, false)) {
        // The first reading was in Open.
        std::lock_guard lock(mu_);
        if (!asked_) return error_.ok() ? options_.refresh : options_.retry;
      }
      return Read();
    });
  });
}

absl::StatusOr<std::string> JwksUrl::Fetch() const {
  CURL* const handle = curl_.easy_init();
  if (handle == nullptr) return absl::UnavailableError("no handle for a request");
  Answer answer{"", options_.max_bytes};
  const auto set = [&](CURLoption option, auto value) { curl_.easy_setopt(handle, option, value); };
  set(CURLOPT_URL, options_.url.c_str());
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_PROTOCOLS_STR, options_.production ? "https" : "http,https");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_NOPROXY, "*");
  set(CURLOPT_CONNECTTIMEOUT_MS,
      static_cast<long>(absl::ToInt64Milliseconds(options_.connect_timeout)));
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(absl::ToInt64Milliseconds(options_.timeout)));
  set(CURLOPT_WRITEFUNCTION, TakeBody);
  set(CURLOPT_WRITEDATA, &answer);
  // A server that stops waits for no answer.
  set(CURLOPT_NOPROGRESS, 0L);
  set(CURLOPT_XFERINFOFUNCTION, StopWith);
  set(CURLOPT_XFERINFODATA, &loop_);
  if (!options_.ca.empty()) set(CURLOPT_CAINFO, options_.ca.c_str());
  const CURLcode code = curl_.easy_perform(handle);
  long status = 0;
  curl_.easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  curl_.easy_cleanup(handle);
  if (code == CURLE_WRITE_ERROR) {
    return absl::UnavailableError(Cat("key set: more than ", options_.max_bytes, " bytes"));
  }
  if (code != CURLE_OK) {
    return absl::UnavailableError(Cat("key set: ", curl_.easy_strerror(code)));
  }
  if (status != 200) return absl::UnavailableError(Cat("key set: the server answers ", status));
  return std::move(answer.body);
}

absl::StatusOr<KeySet> JwksUrl::Keys(const std::string& text) const {
  ASSIGN_OR_RETURN(KeySet keys, KeySet::Parse(text));
  // An empty set would lock everybody out, as no provider means to.
  if (keys.keys().empty()) return absl::InvalidArgumentError("key set: no key that we can use");
  for (const PublicKey& key : keys.keys()) {
    if (options_.production && HasPrefix(key.kid(), kDevPrefix)) {
      return absl::InvalidArgumentError(
          Cat("production mode refuses the development key ", key.kid()));
    }
  }
  return keys;
}

absl::Duration JwksUrl::Read() {
  {
    std::lock_guard lock(mu_);
    began_ = clock_.Now();
    asked_ = false;
    reading_ = true;
  }
  const absl::StatusOr<std::string> text = Fetch();
  absl::Status status = text.status();
  std::shared_ptr<const KeySet> fresh;
  if (status.ok()) {
    // The same text leaves the same object: what was verified by it stays so.
    bool same = false;
    {
      std::lock_guard lock(mu_);
      same = !text_.empty() && *text == text_;
    }
    if (!same) {
      absl::StatusOr<KeySet> keys = Keys(*text);
      status = keys.status();
      if (keys.ok()) fresh = std::make_shared<const KeySet>(*std::move(keys));
    }
  }
  (status.ok() ? good_ : failed_).Increment();
  if (!status.ok()) log::Warning("jwks_url", {{"url", options_.url}, {"error", status}});
  std::lock_guard lock(mu_);
  reading_ = false;
  error_ = std::move(status);
  if (fresh != nullptr) {
    keys_ = std::move(fresh);
    text_ = *text;
  }
  if (error_.ok()) read_at_.Set(absl::ToDoubleSeconds(clock_.Now() - absl::UnixEpoch()));
  held_.Set(static_cast<double>(keys_->keys().size()));
  return error_.ok() ? options_.refresh : options_.retry;
}

std::shared_ptr<const KeySet> JwksUrl::Current() {
  std::lock_guard lock(mu_);
  return keys_;
}

std::shared_ptr<const KeySet> JwksUrl::AfterUnknownKid() {
  std::lock_guard lock(mu_);
  // Whoever makes up kids makes us ask another's server no oftener than that.
  if (!asked_ && !reading_ && clock_.Now() - began_ >= options_.retry) {
    asked_ = true;
    loop_.Wake();
  }
  return keys_;
}

bool JwksUrl::Looking() const {
  std::lock_guard lock(mu_);
  return asked_ || reading_;
}

absl::Status JwksUrl::last_error() const {
  std::lock_guard lock(mu_);
  return error_;
}

}  // namespace bangfu::auth

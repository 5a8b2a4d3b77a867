#include "common/auth/authenticator.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "common/auth/jwks_url.h"
#include "common/base/digest.h"
#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace bangfu::auth {
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxGrants = 200;

// `why` is for the caller's developers and holds nothing of the token.
absl::Status Invalid(std::string_view why, std::string_view zh = "登录凭证无效，请重新登录") {
  return Error(absl::StatusCode::kUnauthenticated, "TOKEN_INVALID")
      .Message(Cat("token refused: ", why))
      .Zh(zh);
}

absl::Status Expired() {
  return Error(absl::StatusCode::kUnauthenticated, "TOKEN_EXPIRED")
      .Message("token refused: expired")
      .Zh("登录已过期，请重新登录");
}

std::optional<std::string> Text(const Json& object, const char* name) {
  auto it = object.find(name);
  if (it == object.end() || !it->is_string()) return std::nullopt;
  return it->get<std::string>();
}

// NumericDate, RFC 7519 §2: seconds, possibly with a fraction.
std::optional<absl::Time> Instant(const Json& object, const char* name) {
  auto it = object.find(name);
  if (it == object.end() || !it->is_number()) return std::nullopt;
  const double seconds = it->get<double>();
  if (!std::isfinite(seconds) || seconds < 0 || seconds > 253402300799.0) return std::nullopt;
  return absl::UnixEpoch() + absl::Seconds(seconds);
}

bool Names(const Json& claims, const char* name, const std::string& wanted) {
  auto it = claims.find(name);
  if (it == claims.end()) return false;
  if (it->is_string()) return it->get_ref<const std::string&>() == wanted;
  if (!it->is_array()) return false;
  for (const Json& one : *it) {
    if (one.is_string() && one.get_ref<const std::string&>() == wanted) return true;
  }
  return false;
}

absl::StatusOr<std::vector<std::string>> Texts(const Json& object, const char* name) {
  std::vector<std::string> out;
  auto it = object.find(name);
  if (it == object.end() || it->is_null()) return out;
  if (!it->is_array()) return Invalid("a grant's list is no list");
  for (const Json& one : *it) {
    if (!one.is_string()) return Invalid("a grant's list holds something else than texts");
    out.push_back(one.get<std::string>());
  }
  return out;
}

absl::StatusOr<std::shared_ptr<const Caller>> ToCaller(const Json& claims, bool dev_key) {
  auto caller = std::make_shared<Caller>();
  const auto subject = Text(claims, "sub");
  if (!subject || subject->empty() || subject->size() > 128) return Invalid("no usable sub");
  // Those names are for who shows a certificate.
  if (subject->starts_with(kCertificateSubject)) return Invalid("a certificate's name as sub");
  caller->subject = *subject;
  caller->name = Text(claims, "name").value_or("");
  if (auto it = claims.find("client"); it != claims.end()) {
    if (!it->is_boolean()) return Invalid("client is not true or false");
    caller->is_system = it->get<bool>();
  }
  auto grants = claims.find("grants");
  caller->grants_in_token = caller->is_system;
  if (!caller->is_system && !dev_key) return caller;
  if (grants == claims.end() || grants->is_null()) return caller;
  if (!grants->is_array() || grants->size() > kMaxGrants) return Invalid("grants is no short list");
  caller->grants_in_token = true;
  for (const Json& one : *grants) {
    if (!one.is_object()) return Invalid("a grant is no object");
    Grant grant;
    const auto role = Text(one, "role"), region = Text(one, "region");
    if (!role || !region) return Invalid("a grant without role or region");
    auto path = NormalizeRegionCode(*region);
    if (!path.ok()) return Invalid("a grant's region is no region code");
    grant.region_path = *std::move(path);
    // A restriction that cannot be read must not widen the grant: the token is refused instead.
    ASSIGN_OR_RETURN(grant.clauses, Texts(one, "clauses"));
    ASSIGN_OR_RETURN(grant.fund_sources, Texts(one, "fund_sources"));
    ASSIGN_OR_RETURN(grant.industries, Texts(one, "industries"));
    if (!options::v1::Role_Parse(*role, &grant.role) ||
        grant.role == options::v1::ROLE_UNSPECIFIED) {
      continue;
    }
    if (caller->is_system && !options::v1::Role_descriptor()
                                  ->FindValueByNumber(grant.role)
                                  ->options()
                                  .GetExtension(options::v1::role_rule)
                                  .machine()) {
      return Invalid("a client's token holds a role for persons",
                     "系统对接凭证只能带系统对接的角色，不能带人员的角色");
    }
    caller->grants.push_back(std::move(grant));
  }
  return caller;
}

// Exactly three parts of the base64url alphabet, no padding (RFC 7515 §2).
bool Split(std::string_view token, std::string_view parts[3]) {
  size_t part = 0, begin = 0;
  for (size_t i = 0; i <= token.size(); ++i) {
    if (i == token.size() || token[i] == '.') {
      if (part == 3) return false;
      parts[part++] = token.substr(begin, i - begin);
      begin = i + 1;
    } else if (!absl::ascii_isalnum(static_cast<unsigned char>(token[i])) && token[i] != '-' &&
               token[i] != '_') {
      return false;
    }
  }
  return part == 3;
}

// A token may be of a key that its issuer has just begun to sign with.
absl::Status Refreshing() {
  return Error(absl::StatusCode::kUnavailable, "KEYS_REFRESHING")
      .Message("the token's key is not known; keys are being read")
      .Zh("正在更新登录密钥，请稍后重试")
      .RetryAfter(absl::Seconds(1));
}

// The keys of a file and of a URL.
class BothKeys final : public KeySource {
 public:
  BothKeys(std::unique_ptr<KeySource> first, std::unique_ptr<KeySource> second)
      : first_(std::move(first)), second_(std::move(second)) {}

  std::shared_ptr<const KeySet> Current() override {
    return Both(first_->Current(), second_->Current());
  }
  std::shared_ptr<const KeySet> AfterUnknownKid() override {
    return Both(first_->AfterUnknownKid(), second_->AfterUnknownKid());
  }
  bool Looking() const override { return first_->Looking() || second_->Looking(); }
  absl::Status last_error() const override {
    absl::Status status = first_->last_error();
    status.Update(second_->last_error());
    return status;
  }

 private:
  std::shared_ptr<const KeySet> Both(std::shared_ptr<const KeySet> first,
                                     std::shared_ptr<const KeySet> second) {
    std::lock_guard lock(mu_);
    if (both_ == nullptr || first != of_first_ || second != of_second_) {
      both_ = std::make_shared<const KeySet>(KeySet::Merge(*first, *second));
      of_first_ = std::move(first);
      of_second_ = std::move(second);
    }
    return both_;
  }

  const std::unique_ptr<KeySource> first_, second_;
  std::mutex mu_;
  std::shared_ptr<const KeySet> of_first_, of_second_, both_;
};

}  // namespace

Authenticator::Authenticator(AuthenticatorOptions options, const Clock& clock,
                             std::unique_ptr<KeySource> keys)
    : options_(std::move(options)), clock_(clock), keys_(std::move(keys)) {}

absl::StatusOr<std::unique_ptr<Authenticator>> Authenticator::Create(AuthenticatorOptions options,
                                                                     const Clock& clock,
                                                                     metrics::Registry* metrics) {
  std::unique_ptr<KeySource> keys;
  if (!options.jwks_file.empty() || options.jwks_url.empty()) {
    ASSIGN_OR_RETURN(keys, JwksFile::Open(options.jwks_file, clock));
  }
  if (!options.jwks_url.empty()) {
    JwksUrlOptions of_url;
    of_url.url = options.jwks_url;
    of_url.ca = options.jwks_url_ca;
    of_url.production = options.production;
    ASSIGN_OR_RETURN(std::unique_ptr<JwksUrl> url,
                     JwksUrl::Open(std::move(of_url), clock, metrics));
    url->Start();
    if (keys == nullptr) {
      keys = std::move(url);
    } else {
      keys = std::make_unique<BothKeys>(std::move(keys), std::move(url));
    }
  }
  return WithKeys(std::move(options), clock, std::move(keys));
}

absl::StatusOr<std::unique_ptr<Authenticator>> Authenticator::WithKeys(
    AuthenticatorOptions options, const Clock& clock, std::unique_ptr<KeySource> keys) {
  if (options.production) {
    for (const PublicKey& key : keys->Current()->keys()) {
      if (key.kid().starts_with(kDevPrefix)) {
        return absl::FailedPreconditionError(
            Cat("production mode refuses the development key ", key.kid()));
      }
    }
  }
  return std::unique_ptr<Authenticator>(
      new Authenticator(std::move(options), clock, std::move(keys)));
}

absl::StatusOr<Authenticator::Entry> Authenticator::Verify(std::string_view token, absl::Time now) {
  std::string_view parts[3];
  if (!Split(token, parts)) return Invalid("not a signed token");
  std::string header_text, claims_text, signature;
  if (!absl::WebSafeBase64Unescape(AbslView(parts[0]), &header_text) ||
      !absl::WebSafeBase64Unescape(AbslView(parts[1]), &claims_text) ||
      !absl::WebSafeBase64Unescape(AbslView(parts[2]), &signature)) {
    return Invalid("not base64url");
  }
  const Json header = Json::parse(header_text, nullptr, /*allow_exceptions=*/false);
  if (!header.is_object()) return Invalid("header is no JSON object");
  // Extensions that must be understood, or a key that the token brings along: we understand none.
  if (header.contains("crit")) return Invalid("critical header extension");
  const auto kid = Text(header, "kid"), algorithm = Text(header, "alg");
  if (!kid || !algorithm) return Invalid("header without kid or alg");
  if (options_.production && kid->starts_with(kDevPrefix)) {
    return Invalid("development key in production");
  }
  Entry entry;
  entry.keys = keys_->Current();
  const PublicKey* key = entry.keys->Find(*kid);
  if (key == nullptr) {
    entry.keys = keys_->AfterUnknownKid();
    key = entry.keys->Find(*kid);
  }
  if (key == nullptr) return keys_->Looking() ? Refreshing() : Invalid("unknown kid");
  // The key decides the algorithm, never the token.
  if (*algorithm != AlgorithmName(key->algorithm())) return Invalid("alg is not the key's");
  const std::string_view signed_bytes = token.substr(0, parts[0].size() + 1 + parts[1].size());
  if (!key->Verify(signed_bytes, signature)) return Invalid("bad signature");

  const Json claims = Json::parse(claims_text, nullptr, /*allow_exceptions=*/false);
  if (!claims.is_object()) return Invalid("claims are no JSON object");
  if (Text(claims, "iss") != options_.issuer) return Invalid("other issuer");
  if (!Names(claims, "aud", options_.audience)) return Invalid("other audience");
  const auto expires = Instant(claims, "exp"), issued = Instant(claims, "iat");
  if (!expires || !issued) return Invalid("no exp or iat");
  entry.expires = *expires + options_.leeway;
  entry.not_before = *issued - options_.leeway;
  if (claims.contains("nbf")) {
    const auto not_before = Instant(claims, "nbf");
    if (!not_before) return Invalid("nbf is no time");
    entry.not_before = std::max(entry.not_before, *not_before - options_.leeway);
  }
  if (now >= entry.expires) return Expired();
  if (now < entry.not_before) return Invalid("not valid yet");
  ASSIGN_OR_RETURN(entry.caller, ToCaller(claims, kid->starts_with(kDevPrefix)));
  if (entry.caller->is_system && *expires - *issued > options_.max_client_lifetime) {
    return Invalid(Cat("a client's token lives for ",
                       StdView(absl::FormatDuration(options_.max_client_lifetime)), " at most"),
                   "系统对接凭证的有效期过长，请换用短期凭证");
  }
  return entry;
}

absl::StatusOr<std::shared_ptr<const Caller>> Authenticator::Authenticate(std::string_view token) {
  if (token.empty()) {
    return Error(absl::StatusCode::kUnauthenticated, "TOKEN_MISSING")
        .Message("no bearer token")
        .Zh("请先登录")
        .Build();
  }
  if (token.size() > options_.max_token_bytes) return Invalid("too long");
  const absl::Time now = clock_.Now();
  const std::string digest = Sha256(token);
  const auto keys = keys_->Current();
  {
    std::lock_guard lock(mu_);
    if (auto it = by_digest_.find(digest); it != by_digest_.end()) {
      Entry& entry = *it->second;
      if (entry.keys == keys && now < entry.expires && now >= entry.not_before) {
        recent_.splice(recent_.begin(), recent_, it->second);
        return entry.caller;
      }
      auto stale = it->second;
      by_digest_.erase(it);
      recent_.erase(stale);
    }
    ++verifications_;
  }
  ASSIGN_OR_RETURN(Entry entry, Verify(token, now));
  entry.digest = digest;
  auto caller = entry.caller;
  std::lock_guard lock(mu_);
  if (by_digest_.contains(digest)) return caller;  // another thread was quicker
  recent_.push_front(std::move(entry));
  by_digest_.emplace(recent_.front().digest, recent_.begin());
  if (recent_.size() > options_.cache_entries) {
    by_digest_.erase(recent_.back().digest);
    recent_.pop_back();
  }
  return caller;
}

absl::Status Authenticator::KeysReady() const {
  if (!keys_->Current()->keys().empty()) return absl::OkStatus();
  return absl::UnavailableError(
      Cat("no keys that sign tokens: ", StdView(keys_->last_error().message())));
}

int64_t Authenticator::verifications() const {
  std::lock_guard lock(mu_);
  return verifications_;
}

}  // namespace bangfu::auth

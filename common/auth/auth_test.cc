#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "absl/strings/escaping.h"
#include "common/auth/authenticator.h"
#include "common/auth/caller.h"
#include "common/auth/dev_key.h"
#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/testing/temporary_folder.h"

namespace bangfu::auth {
namespace {

using Json = nlohmann::json;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ManualClock : public Clock {
 public:
  absl::Time Now() const override { return now; }
  absl::Time now = absl::FromUnixSeconds(1800000000);
};

class AuthTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto key = DevKey::LoadOrCreate(folder_.path());
    ASSERT_TRUE(key.ok()) << key.status();
    key_ = *key;
    options_.jwks_file = key_.jwks_file();
    Make();
  }

  void Make() {
    auto made = Authenticator::Create(options_, clock_);
    ASSERT_TRUE(made.ok()) << made.status();
    authenticator_ = *std::move(made);
  }
  static Caller Operator() {
    Caller caller;
    caller.subject = "u1";
    caller.name = "张三";
    caller.grants.push_back({Role::ROLE_COUNTY_OPERATOR, "360733", {"c1"}, {}, {"tea"}});
    return caller;
  }
  std::string Header(std::string_view algorithm = "ES256") {
    return Json{{"alg", std::string(algorithm)}, {"kid", key_.kid()}}.dump();
  }
  Json Claims() {
    const int64_t now = absl::ToUnixSeconds(clock_.now);
    return {{"iss", "bangfu"}, {"aud", "bangfu"}, {"sub", "u1"}, {"iat", now}, {"exp", now + 600}};
  }
  std::string Reason(std::string_view token) {
    const auto caller = authenticator_->Authenticate(token);
    EXPECT_TRUE(caller.ok() || absl::IsUnauthenticated(caller.status())) << caller.status();
    return ReasonOf(caller.status());
  }
  std::string SignedReason(const Json& claims) {
    return Reason(*key_.Sign(Header(), claims.dump()));
  }

  testing::TemporaryFolder folder_{"auth"};
  ManualClock clock_;
  DevKey key_;
  AuthenticatorOptions options_;
  std::unique_ptr<Authenticator> authenticator_;
};

TEST_F(AuthTest, AcceptsASignedTokenAndReadsItsGrants) {
  Caller who = Operator();
  who.grants.push_back({Role::ROLE_AUDITOR, "360000000000", {}, {}, {}});
  auto caller = authenticator_->Authenticate(*key_.Mint(who, clock_.now));
  ASSERT_TRUE(caller.ok()) << caller.status();
  EXPECT_EQ((*caller)->subject, "u1");
  EXPECT_EQ((*caller)->name, "张三");
  EXPECT_FALSE((*caller)->is_system);
  ASSERT_EQ((*caller)->grants.size(), 2u);
  EXPECT_EQ((*caller)->grants[0].role, Role::ROLE_COUNTY_OPERATOR);
  EXPECT_THAT((*caller)->grants[0].clauses, ElementsAre("c1"));
  EXPECT_THAT((*caller)->grants[0].industries, ElementsAre("tea"));
  EXPECT_EQ((*caller)->grants[1].region_path, "36");  // normalised
}

TEST_F(AuthTest, AcceptsRs256Too) {
  auto rsa = DevKey::LoadOrCreate(folder_.path(), Algorithm::kRs256);
  ASSERT_TRUE(rsa.ok()) << rsa.status();
  EXPECT_NE(rsa->kid(), key_.kid());
  Make();
  EXPECT_TRUE(authenticator_->Authenticate(*rsa->Mint(Operator(), clock_.now)).ok());
  EXPECT_TRUE(authenticator_->Authenticate(*key_.Mint(Operator(), clock_.now)).ok());
}

TEST_F(AuthTest, RefusesWhatIsNoToken) {
  EXPECT_EQ(Reason(""), "TOKEN_MISSING");
  for (const std::string& token :
       {std::string("x"), std::string("a.b"), std::string("a.b.c"), std::string("a.b.c.d"),
        std::string("...."), std::string("é.b.c"), std::string(9000, 'a'),
        *key_.Sign("[]", Claims().dump()), *key_.Sign("{}", Claims().dump()),
        *key_.Sign(Header(), "[1]"), *key_.Sign(Header(), "not json"),
        *key_.Sign(R"({"alg":7,"kid":[]})", Claims().dump()), *key_.Sign(Header(), "{}")}) {
    EXPECT_EQ(Reason(token), "TOKEN_INVALID") << token.substr(0, 40);
  }
}

TEST_F(AuthTest, RefusesOtherAlgorithms) {
  // "none", with and without the signature that is there.
  const std::string none = *key_.Sign(Header("none"), Claims().dump());
  EXPECT_EQ(Reason(none), "TOKEN_INVALID");
  EXPECT_EQ(Reason(none.substr(0, none.rfind('.') + 1)), "TOKEN_INVALID");
  // Another algorithm's name over a right signature.
  for (const char* name : {"RS256", "HS256", "ES384", "es256", ""}) {
    EXPECT_EQ(Reason(*key_.Sign(Header(name), Claims().dump())), "TOKEN_INVALID") << name;
  }
  // HMAC with the public key as its secret, the classic confusion.
  std::ifstream in(key_.jwks_file());
  std::stringstream jwks;
  jwks << in.rdbuf();
  const Json key = Json::parse(jwks.str())["keys"][0];
  for (const std::string& secret :
       {jwks.str(), key.dump(), key["x"].get<std::string>(), std::string()}) {
    const std::string body = Cat(absl::WebSafeBase64Escape(Header("HS256")), ".",
                                 absl::WebSafeBase64Escape(Claims().dump()));
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
         reinterpret_cast<const unsigned char*>(body.data()), body.size(), mac, &size);
    EXPECT_EQ(
        Reason(Cat(body, ".",
                   absl::WebSafeBase64Escape(std::string(reinterpret_cast<char*>(mac), size)))),
        "TOKEN_INVALID");
  }
}

TEST_F(AuthTest, RefusesForeignAndAlteredSignatures) {
  const std::string token = *key_.Mint(Operator(), clock_.now);
  const size_t first = token.find('.'), last = token.rfind('.');
  Json claims = Claims();
  claims["grants"] = Json::array({{{"role", "ROLE_PROV_ADMIN"}, {"region", "36"}}});
  EXPECT_EQ(Reason(Cat(token.substr(0, first + 1), absl::WebSafeBase64Escape(claims.dump()),
                       token.substr(last))),
            "TOKEN_INVALID");
  EXPECT_EQ(Reason(token.substr(0, last + 1)), "TOKEN_INVALID");
  EXPECT_EQ(Reason(Cat(token.substr(0, last + 1), std::string(86, 'A'))), "TOKEN_INVALID");
  auto other = DevKey::LoadOrCreate(folder_.path() + "/other");
  ASSERT_TRUE(other.ok());
  EXPECT_EQ(Reason(*other->Mint(Operator(), clock_.now)), "TOKEN_INVALID");
  // The other key under our kid.
  EXPECT_EQ(Reason(*other->Sign(Header(), Claims().dump())), "TOKEN_INVALID");
  // An extension that must be understood.
  const Json critical = {{"alg", "ES256"}, {"kid", key_.kid()}, {"crit", {"b64"}}, {"b64", false}};
  EXPECT_EQ(Reason(*key_.Sign(critical.dump(), Claims().dump())), "TOKEN_INVALID");
}

TEST_F(AuthTest, ChecksTheClaims) {
  EXPECT_EQ(SignedReason(Claims()), "");
  for (const char* name : {"iss", "aud", "sub", "exp", "iat"}) {
    Json claims = Claims();
    claims.erase(name);
    EXPECT_EQ(SignedReason(claims), "TOKEN_INVALID") << name;
    claims[name] = "other";
    const bool any_text = std::string(name) == "sub";
    EXPECT_EQ(SignedReason(claims), any_text ? "" : "TOKEN_INVALID") << name;
  }
  Json claims = Claims();
  claims["aud"] = {"other", "bangfu"};
  EXPECT_EQ(SignedReason(claims), "");
  claims["aud"] = {"other"};
  EXPECT_EQ(SignedReason(claims), "TOKEN_INVALID");
  claims = Claims();
  claims["nbf"] = absl::ToUnixSeconds(clock_.now) + 120;
  EXPECT_EQ(SignedReason(claims), "TOKEN_INVALID");
  claims["nbf"] = absl::ToUnixSeconds(clock_.now) + 30;  // within the leeway
  EXPECT_EQ(SignedReason(claims), "");
  claims = Claims();
  claims["iat"] = absl::ToUnixSeconds(clock_.now) + 120;
  EXPECT_EQ(SignedReason(claims), "TOKEN_INVALID");
  claims["exp"] = 1e300;
  EXPECT_EQ(SignedReason(claims), "TOKEN_INVALID");
}

// A key of the same kind that no development server made: what a production issuer signs with.
TEST_F(AuthTest, R118_APersonsTokenProvesThePersonAndNothingElse) {
  std::ifstream in(key_.jwks_file());
  Json keys = Json::parse(in);
  keys["keys"][0]["kid"] = "issuer-2026";
  const std::string file = folder_.path() + "/issuer.json";
  std::ofstream(file) << keys.dump();
  options_.jwks_file = file;
  options_.production = true;
  Make();
  const std::string header = Json{{"alg", "ES256"}, {"kid", "issuer-2026"}}.dump();
  Json claims = Claims();
  claims["grants"] = Json::array({{{"role", "ROLE_PROV_ADMIN"}, {"region", "36"}}});
  auto person = authenticator_->Authenticate(*key_.Sign(header, claims.dump()));
  ASSERT_TRUE(person.ok()) << person.status();
  EXPECT_THAT((*person)->grants, IsEmpty());
  EXPECT_FALSE((*person)->grants_in_token);
  claims["client"] = true;
  claims["grants"] = Json::array({{{"role", "ROLE_SYSTEM_INTEGRATOR"}, {"region", "36"}}});
  auto machine = authenticator_->Authenticate(*key_.Sign(header, claims.dump()));
  ASSERT_TRUE(machine.ok()) << machine.status();
  EXPECT_EQ((*machine)->grants.size(), 1u);
  EXPECT_TRUE((*machine)->grants_in_token);
  // Certificates' names are not for tokens.
  claims["sub"] = "cert:finance";
  EXPECT_EQ(Reason(*key_.Sign(header, claims.dump())), "TOKEN_INVALID");
}

TEST_F(AuthTest, AClientsTokenHoldsRolesForClientsOnly) {
  Json claims = Claims();
  claims["client"] = true;
  for (int i = 1; i < options::v1::Role_descriptor()->value_count(); ++i) {
    const std::string& role = options::v1::Role_descriptor()->value(i)->name();
    claims["grants"] = Json::array({{{"role", role}, {"region", "36"}}});
    EXPECT_EQ(SignedReason(claims), role == "ROLE_SYSTEM_INTEGRATOR" ? "" : "TOKEN_INVALID")
        << role;
  }
  claims["grants"] = Json::array({{{"role", "ROLE_SYSTEM_INTEGRATOR"}, {"region", "36"}},
                                  {{"role", "ROLE_PROV_ADMIN"}, {"region", "36"}}});
  EXPECT_EQ(
      GetErrorDetail(authenticator_->Authenticate(*key_.Sign(Header(), claims.dump())).status())
          .message_zh,
      "系统对接凭证只能带系统对接的角色，不能带人员的角色");
}

TEST_F(AuthTest, AClientsTokenDoesNotLiveLong) {
  Json claims = Claims();
  const int64_t now = absl::ToUnixSeconds(clock_.now);
  const auto lives = [&](absl::Duration lifetime) {
    claims["exp"] = now + absl::ToInt64Seconds(lifetime);
    return SignedReason(claims);
  };
  EXPECT_EQ(lives(absl::Hours(24 * 30)), "");  // a person's grants are looked up
  claims["client"] = true;
  EXPECT_EQ(lives(absl::Hours(24)), "");
  EXPECT_EQ(lives(absl::Hours(24) + absl::Seconds(1)), "TOKEN_INVALID");
  options_.max_client_lifetime = absl::Minutes(5);
  Make();
  EXPECT_EQ(lives(absl::Minutes(5)), "");
  EXPECT_EQ(lives(absl::Minutes(6)), "TOKEN_INVALID");
}

TEST_F(AuthTest, ADevelopmentTokenMayLeaveTheGrantsToTheRegistry) {
  Caller who;
  who.subject = "u1";
  auto caller = authenticator_->Authenticate(*key_.Mint(who, clock_.now));
  ASSERT_TRUE(caller.ok()) << caller.status();
  EXPECT_FALSE((*caller)->grants_in_token);
  caller = authenticator_->Authenticate(*key_.Mint(Operator(), clock_.now));
  ASSERT_TRUE(caller.ok()) << caller.status();
  EXPECT_TRUE((*caller)->grants_in_token);
}

TEST_F(AuthTest, ChecksTheGrants) {
  Json claims = Claims();
  claims["grants"] = Json::array({{{"role", "ROLE_OF_TOMORROW"}, {"region", "36"}}});
  auto caller = authenticator_->Authenticate(*key_.Sign(Header(), claims.dump()));
  ASSERT_TRUE(caller.ok());
  EXPECT_THAT((*caller)->grants, IsEmpty());
  for (const Json& grant :
       {Json{{"role", "ROLE_AUDITOR"}}, Json{{"role", "ROLE_AUDITOR"}, {"region", ""}},
        Json{{"role", "ROLE_AUDITOR"}, {"region", "36x"}}, Json{{"region", "36"}}, Json("text"),
        Json{{"role", "ROLE_AUDITOR"}, {"region", "36"}, {"clauses", "all"}},
        Json{{"role", "ROLE_AUDITOR"}, {"region", "36"}, {"industries", {1}}}}) {
    claims["grants"] = Json::array({grant});
    EXPECT_EQ(SignedReason(claims), "TOKEN_INVALID") << grant.dump();
  }
  claims["grants"] = "all";
  EXPECT_EQ(SignedReason(claims), "TOKEN_INVALID");
}

TEST_F(AuthTest, ExpiresWithLeewayAlsoFromTheCache) {
  const std::string token = *key_.Mint(Operator(), clock_.now, absl::Minutes(10));
  EXPECT_EQ(Reason(token), "");
  EXPECT_EQ(Reason(token), "");
  EXPECT_EQ(authenticator_->verifications(), 1);
  clock_.now += absl::Minutes(10) + absl::Seconds(59);
  EXPECT_EQ(Reason(token), "");
  clock_.now += absl::Seconds(1);
  EXPECT_EQ(Reason(token), "TOKEN_EXPIRED");
}

TEST_F(AuthTest, TheCacheIsBounded) {
  options_.cache_entries = 2;
  Make();
  std::vector<std::string> tokens;
  for (int i = 0; i < 3; ++i) {
    Caller who = Operator();
    who.subject = Cat("u", i);
    tokens.push_back(*key_.Mint(who, clock_.now));
    EXPECT_EQ(Reason(tokens.back()), "");
  }
  EXPECT_EQ(authenticator_->verifications(), 3);
  EXPECT_EQ(Reason(tokens[2]), "");
  EXPECT_EQ(authenticator_->verifications(), 3);
  EXPECT_EQ(Reason(tokens[0]), "");  // had to go
  EXPECT_EQ(authenticator_->verifications(), 4);
}

TEST_F(AuthTest, KeysRotateWithoutARestart) {
  auto next = DevKey::LoadOrCreate(folder_.path() + "/next");
  ASSERT_TRUE(next.ok());
  const std::string old_token = *key_.Mint(Operator(), clock_.now);
  const std::string new_token = *next->Mint(Operator(), clock_.now);
  EXPECT_EQ(Reason(old_token), "");
  EXPECT_EQ(Reason(new_token), "TOKEN_INVALID");
  std::filesystem::rename(next->jwks_file(), key_.jwks_file());
  clock_.now += absl::Seconds(6);
  EXPECT_EQ(Reason(new_token), "");
  EXPECT_EQ(Reason(old_token), "TOKEN_INVALID");  // though it was in the cache
  // A broken file leaves the keys as they are.
  std::ofstream(key_.jwks_file()) << "{";
  clock_.now += absl::Seconds(6);
  EXPECT_EQ(Reason(new_token), "");
}

TEST_F(AuthTest, ProductionRefusesTheDevelopmentKey) {
  options_.production = true;
  EXPECT_TRUE(absl::IsFailedPrecondition(Authenticator::Create(options_, clock_).status()));
  // Also when it comes into the key set later.
  std::ifstream in(key_.jwks_file());
  std::stringstream dev;
  dev << in.rdbuf();
  in.close();
  std::ofstream(key_.jwks_file()) << R"({"keys":[]})";
  Make();
  std::ofstream(key_.jwks_file()) << dev.str();
  clock_.now += absl::Seconds(10);
  EXPECT_EQ(Reason(*key_.Mint(Operator(), clock_.now)), "TOKEN_INVALID");
}

TEST_F(AuthTest, KeySetsAreReadStrictly) {
  EXPECT_FALSE(KeySet::Parse("").ok());
  EXPECT_FALSE(KeySet::Parse("[]").ok());
  EXPECT_FALSE(KeySet::Parse(R"({"keys":[1]})").ok());
  EXPECT_FALSE(
      KeySet::Parse(R"({"keys":[{"kty":"EC","crv":"P-256","kid":"a","x":"AA","y":"AA"}]})").ok());
  // 512 bits of RSA are no key.
  EXPECT_FALSE(KeySet::Parse(R"({"keys":[{"kty":"RSA","kid":"a","e":"AQAB","n":")" +
                             std::string(86, 'B') + R"("}]})")
                   .ok());
  // What is not for us is passed over: secrets, encryption keys, other curves.
  auto set = KeySet::Parse(R"({"keys":[{"kty":"oct","kid":"a","k":"AAAA","alg":"HS256"},
      {"kty":"EC","crv":"P-384","kid":"b"},{"kty":"RSA","use":"enc","kid":"c"}]})");
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_THAT(set->keys(), IsEmpty());
  std::ifstream in(key_.jwks_file());
  Json twice = Json::parse(in);
  twice["keys"].push_back(twice["keys"][0]);
  EXPECT_FALSE(KeySet::Parse(twice.dump()).ok());
}

TEST_F(AuthTest, OneDevKeyWinsWhenSeveralProcessesStart) {
  std::vector<std::string> kids(8);
  std::vector<std::thread> threads;
  for (auto& kid : kids) {
    threads.emplace_back([&, this] {
      auto key = DevKey::LoadOrCreate(folder_.path() + "/shared");
      if (key.ok()) kid = key->kid();
    });
  }
  for (auto& thread : threads) thread.join();
  for (const auto& kid : kids) EXPECT_EQ(kid, kids[0]);
  EXPECT_THAT(kids[0], ::testing::StartsWith("dev-"));
  const auto mode =
      std::filesystem::status(folder_.path() + "/shared/dev-key-es256.pem").permissions();
  EXPECT_EQ(mode, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST(CallerTest, ActsWhereItsGrantsReach) {
  Caller caller;
  caller.grants = {{Role::ROLE_COUNTY_OPERATOR, "360733", {}, {}, {}},
                   {Role::ROLE_CITY_SUPERVISOR, "3607", {}, {}, {}},
                   {Role::ROLE_COUNTY_OPERATOR, "3601", {}, {}, {}}};
  const std::vector<Role> operators = {Role::ROLE_COUNTY_OPERATOR};
  EXPECT_TRUE(caller.May(operators, "360733"));
  EXPECT_TRUE(caller.May(operators, "360733101"));
  EXPECT_FALSE(caller.May(operators, "3607"));
  EXPECT_FALSE(caller.May(operators, "360702"));
  EXPECT_TRUE(caller.May({}, "360702"));
  EXPECT_EQ(caller.Find({Role::ROLE_AUDITOR}, "360733"), nullptr);
  EXPECT_THAT(caller.Scope(operators), ElementsAre("3601", "360733"));
  EXPECT_THAT(caller.Scope(), ElementsAre("3601", "3607"));
  EXPECT_THAT(caller.Scope({Role::ROLE_AUDITOR}), IsEmpty());
  EXPECT_TRUE(InScope({"3601", "360733"}, "360733204"));
  EXPECT_FALSE(InScope({"3601", "360733"}, "3607"));
  EXPECT_FALSE(InScope({}, "36"));
  Caller nowhere;
  nowhere.grants = {{Role::ROLE_PROV_ADMIN, "", {}, {}, {}}};
  EXPECT_FALSE(nowhere.May({}, "36"));
}

}  // namespace
}  // namespace bangfu::auth

#include "common/auth/jwks_url.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "common/auth/authenticator.h"
#include "common/auth/dev_key.h"
#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/testing/certificates.h"
#include "common/testing/clock.h"
#include "common/testing/temporary_folder.h"

namespace bangfu::auth {
namespace {

using Json = nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// An issuer's web server, of one answer at a time.
class KeyServer {
 public:
  KeyServer() : KeyServer("", "") {}
  // PEM files: over TLS.
  KeyServer(const std::string& certificate, const std::string& key) {
    if (!certificate.empty()) {
      tls_ = SSL_CTX_new(TLS_server_method());
      EXPECT_EQ(SSL_CTX_use_certificate_chain_file(tls_, certificate.c_str()), 1);
      EXPECT_EQ(SSL_CTX_use_PrivateKey_file(tls_, key.c_str(), SSL_FILETYPE_PEM), 1);
    }
    listening_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(listening_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(listening_, 8), 0);
    EXPECT_EQ(getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { Serve(); });
  }
  ~KeyServer() {
    stopped_ = true;
    shutdown(listening_, SHUT_RDWR);
    thread_.join();
    close(listening_);
    SSL_CTX_free(tls_);
  }

  std::string Url() const {
    return Cat(tls_ == nullptr ? "http" : "https", "://127.0.0.1:", port_, "/keys");
  }
  void Answers(std::string body, std::string status = "200 OK", std::string headers = "") {
    std::lock_guard lock(mu_);
    body_ = std::move(body);
    status_ = std::move(status);
    headers_ = std::move(headers);
  }
  // Takes a request and says nothing.
  void FallsSilent() { Answers("", "", ""); }
  int asked() const {
    std::lock_guard lock(mu_);
    return asked_;
  }
  void WaitUntilAsked(int times) {
    std::unique_lock lock(mu_);
    cv_.wait(lock, [&] { return asked_ >= times; });
  }

 private:
  void Serve() {
    while (!stopped_) {
      const int connection = accept(listening_, nullptr, nullptr);
      if (connection < 0) return;
      SSL* ssl = nullptr;
      bool open = true;
      if (tls_ != nullptr) {
        ssl = SSL_new(tls_);
        SSL_set_fd(ssl, connection);
        open = SSL_accept(ssl) == 1;
      }
      const auto take = [&](char* to, int n) {
        return ssl != nullptr ? SSL_read(ssl, to, n)
                              : static_cast<int>(recv(connection, to, static_cast<size_t>(n), 0));
      };
      std::string request;
      char buffer[1024];
      while (open && request.find("\r\n\r\n") == std::string::npos) {
        const int n = take(buffer, sizeof buffer);
        if (n <= 0) break;
        request.append(buffer, static_cast<size_t>(n));
      }
      if (!request.empty()) {
        std::string answer;
        {
          std::lock_guard lock(mu_);
          ++asked_;
          if (!status_.empty()) {
            answer = Cat("HTTP/1.1 ", status_, "\r\nContent-Length: ", body_.size(),
                         "\r\nConnection: close\r\n", headers_, "\r\n", body_);
          }
        }
        cv_.notify_all();
        if (answer.empty()) {
          take(buffer, sizeof buffer);  // until the other one has enough of it
        } else if (ssl != nullptr) {
          SSL_write(ssl, answer.data(), static_cast<int>(answer.size()));
        } else {
          send(connection, answer.data(), answer.size(), MSG_NOSIGNAL);
        }
      }
      if (ssl != nullptr) SSL_free(ssl);
      close(connection);
    }
  }

  SSL_CTX* tls_ = nullptr;
  int listening_ = -1;
  int port_ = 0;
  std::atomic<bool> stopped_{false};
  std::thread thread_;
  mutable std::mutex mu_;
  std::condition_variable cv_;
  std::string body_, status_ = "200 OK", headers_;
  int asked_ = 0;
};

class JwksUrlTest : public ::testing::Test {
 protected:
  struct Issuer {
    DevKey key;
    std::string set;  // its JWKS
  };
  // `kid` empty: that of a development key.
  Issuer NewIssuer(const std::string& kid = "") {
    folders_.push_back(std::make_unique<testing::TemporaryFolder>("jwks"));
    auto key = DevKey::LoadOrCreate(folders_.back()->path());
    EXPECT_TRUE(key.ok()) << key.status();
    std::ifstream in(key->jwks_file());
    std::stringstream text;
    text << in.rdbuf();
    Json set = Json::parse(text.str());
    if (!kid.empty()) set["keys"][0]["kid"] = kid;
    return {*key, set.dump()};
  }
  std::unique_ptr<JwksUrl> Open(JwksUrlOptions options) {
    options.connect_timeout = absl::Seconds(5);
    if (options.url.empty()) options.url = server_.Url();
    auto url = JwksUrl::Open(std::move(options), clock_, &metrics_);
    EXPECT_TRUE(url.ok()) << url.status();
    return url.ok() ? *std::move(url) : nullptr;
  }
  static std::vector<std::string> Kids(KeySource& source) {
    std::vector<std::string> out;
    for (const PublicKey& key : source.Current()->keys()) out.push_back(key.kid());
    return out;
  }
  double Reads(const std::string& result) {
    return metrics_
        .AddCounter("bangfu_auth_jwks_reads_total", "Readings of the key set behind jwks-url",
                    {{"result", result}})
        .Value();
  }

  std::vector<std::unique_ptr<testing::TemporaryFolder>> folders_;
  testing::FakeClock clock_;
  metrics::Registry metrics_;
  KeyServer server_;
};

TEST_F(JwksUrlTest, KeysRotateWithoutARestart) {
  server_.Answers(NewIssuer("k1").set);
  const auto url = Open({});
  EXPECT_THAT(Kids(*url), ElementsAre("k1"));
  const auto before = url->Current();
  EXPECT_EQ(url->Read(), absl::Minutes(5));
  EXPECT_EQ(url->Current(), before);  // the same text: what was verified stays verified
  server_.Answers(NewIssuer("k2").set);
  url->Read();
  EXPECT_THAT(Kids(*url), ElementsAre("k2"));
  EXPECT_EQ(Reads("good"), 3);
  EXPECT_EQ(Reads("failed"), 0);
}

TEST_F(JwksUrlTest, WhatIsNoKeySetLeavesTheKeysAsTheyWere) {
  const std::string good = NewIssuer("k1").set;
  server_.Answers(good);
  JwksUrlOptions options;
  options.max_bytes = 4096;
  const auto url = Open(options);
  struct Bad {
    std::string body, status, headers, why;
  };
  const std::vector<Bad> all = {
      {"no JSON", "200 OK", "", "not a JSON object"},
      {R"({"keys":[]})", "200 OK", "", "no key that we can use"},
      {"", "200 OK", "", "not a JSON object"},
      {good, "404 Not Found", "", "404"},
      {good, "302 Found", "Location: http://127.0.0.1:1/\r\n", "302"},
      {good + std::string(5000, ' '), "200 OK", "", "more than 4096 bytes"}};
  for (const Bad& bad : all) {
    SCOPED_TRACE(bad.why);
    server_.Answers(bad.body, bad.status, bad.headers);
    EXPECT_EQ(url->Read(), absl::Seconds(30));
    EXPECT_THAT(std::string(url->last_error().message()), HasSubstr(bad.why));
    EXPECT_THAT(Kids(*url), ElementsAre("k1"));
  }
  EXPECT_EQ(Reads("failed"), static_cast<double>(all.size()));
  server_.Answers(good);
  EXPECT_EQ(url->Read(), absl::Minutes(5));
  EXPECT_TRUE(url->last_error().ok());
}

TEST_F(JwksUrlTest, AServerThatDoesNotAnswerIsNotWaitedForForLong) {
  server_.FallsSilent();
  JwksUrlOptions options;
  options.timeout = absl::Milliseconds(50);
  const auto url = Open(options);
  ASSERT_NE(url, nullptr);
  EXPECT_THAT(Kids(*url), ElementsAre());
  EXPECT_FALSE(url->last_error().ok());
  // Nobody can be let in: the server says so, and is there as soon as there are keys.
  AuthenticatorOptions without;
  auto authenticator = Authenticator::WithKeys(without, clock_, Open(options));
  ASSERT_TRUE(authenticator.ok());
  EXPECT_EQ((*authenticator)->KeysReady().code(), absl::StatusCode::kUnavailable);
}

TEST_F(JwksUrlTest, AnUnknownKidMakesItReadAgainButSeldom) {
  server_.Answers(NewIssuer("k1").set);
  const auto url = Open({});
  EXPECT_EQ(server_.asked(), 1);
  url->AfterUnknownKid();
  EXPECT_FALSE(url->Looking());  // it was read just now
  clock_.Advance(absl::Seconds(31));
  url->AfterUnknownKid();
  EXPECT_TRUE(url->Looking());
  url->Read();
  EXPECT_FALSE(url->Looking());
  url->AfterUnknownKid();
  EXPECT_FALSE(url->Looking());
}

TEST_F(JwksUrlTest, ATokenOfAKeyThatIsNewIsToldToComeAgainAndThenTaken) {
  server_.Answers(NewIssuer("k1").set);
  const Issuer next = NewIssuer();
  auto opened = Open({});
  JwksUrl* url = opened.get();
  AuthenticatorOptions options;
  auto made = Authenticator::WithKeys(options, clock_, std::move(opened));
  ASSERT_TRUE(made.ok()) << made.status();
  Authenticator& authenticator = **made;
  Caller caller;
  caller.subject = "u1";
  const std::string token = *next.key.Mint(caller, clock_.Now());
  const auto reason = [&] { return ReasonOf(authenticator.Authenticate(token).status()); };
  EXPECT_EQ(reason(), "TOKEN_INVALID");  // read just now: it is of nobody's
  clock_.Advance(absl::Seconds(31));
  server_.Answers(next.set);
  EXPECT_EQ(reason(), "KEYS_REFRESHING");
  const absl::Status status = authenticator.Authenticate(token).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(GetErrorDetail(status).retry_after, absl::Seconds(1));
  url->Read();
  EXPECT_TRUE(authenticator.Authenticate(token).ok());
}

TEST_F(JwksUrlTest, ReadsOnItsOwnThreadAndStopsThoughTheServerIsSilent) {
  server_.Answers(NewIssuer("k1").set);
  auto url = Open({});
  url->Start();
  clock_.Advance(absl::Seconds(31));
  server_.FallsSilent();
  url->AfterUnknownKid();
  server_.WaitUntilAsked(2);
  EXPECT_TRUE(url->Looking());
  EXPECT_THAT(Kids(*url), ElementsAre("k1"));
  url.reset();  // before the ten seconds of an answer are over
}

TEST_F(JwksUrlTest, TheKeysOfAFileAndOfAUrlBothCount) {
  const Issuer machines = NewIssuer(), people = NewIssuer();
  server_.Answers(people.set);
  AuthenticatorOptions options;
  options.jwks_file = machines.key.jwks_file();
  options.jwks_url = server_.Url();
  auto made = Authenticator::Create(options, clock_, &metrics_);
  ASSERT_TRUE(made.ok()) << made.status();
  Caller caller;
  caller.subject = "u1";
  for (const Issuer* issuer : {&machines, &people}) {
    EXPECT_TRUE((*made)->Authenticate(*issuer->key.Mint(caller, clock_.Now())).ok());
  }
  EXPECT_TRUE((*made)->KeysReady().ok());
}

TEST_F(JwksUrlTest, ProductionTakesHttpsAloneAndNoDevelopmentKey) {
  JwksUrlOptions plain;
  plain.url = server_.Url();
  plain.production = true;
  EXPECT_EQ(JwksUrl::Open(plain, clock_, nullptr).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(server_.asked(), 0);
  plain.url = "file:///etc/passwd";
  plain.production = false;
  EXPECT_EQ(JwksUrl::Open(plain, clock_, nullptr).status().code(),
            absl::StatusCode::kInvalidArgument);

  testing::Certificates certificates;
  certificates.MakeCa("ca");
  certificates.MakeCa("other");
  certificates.Sign("server", "localhost", "ca", testing::kLocalServer);
  KeyServer secret(certificates.File("server.pem"), certificates.File("server.key"));
  secret.Answers(NewIssuer("k1").set);
  JwksUrlOptions options;
  options.url = secret.Url();
  options.production = true;
  options.ca = certificates.File("ca.pem");
  const auto url = Open(options);
  EXPECT_THAT(Kids(*url), ElementsAre("k1"));
  secret.Answers(NewIssuer().set);
  url->Read();
  EXPECT_THAT(std::string(url->last_error().message()), HasSubstr("development key"));
  EXPECT_THAT(Kids(*url), ElementsAre("k1"));
  // Of a server that nobody vouches for.
  secret.Answers(NewIssuer("k3").set);
  options.ca = certificates.File("other.pem");
  EXPECT_THAT(Kids(*Open(options)), ElementsAre());
}

}  // namespace
}  // namespace bangfu::auth

// Who calls and what they may do now: grants that begin, end and are taken back while calls come in
// and streams are open; client certificates.
#include <stdlib.h>

#include <atomic>
#include <map>
#include <mutex>
#include <thread>

#include "common/base/strings.h"
#include "common/rpc/server.h"
#include "common/rpc/server_for_test.h"
#include "common/status/error.h"
#include "common/testing/temporary_folder.h"

namespace bangfu::rpc {
namespace {

using ::bangfu::testing::IsOk;
using ::bangfu::testing::StatusIs;
using ::testing::ElementsAre;

class FakeGrants final : public auth::GrantSource {
 public:
  std::shared_ptr<const auth::SubjectGrants> Of(std::string_view subject,
                                                bool is_client) const override {
    std::lock_guard lock(mu_);
    auto it = held_.find({std::string(subject), is_client});
    return it == held_.end() ? nullptr : it->second;
  }
  int64_t version() const override { return version_; }
  void Set(const std::string& subject, auth::SubjectGrants grants, bool is_client = false) {
    std::lock_guard lock(mu_);
    held_[{subject, is_client}] = std::make_shared<auth::SubjectGrants>(std::move(grants));
    ++version_;
  }
  std::atomic<int64_t> version_{1};

 private:
  mutable std::mutex mu_;
  std::map<std::pair<std::string, bool>, std::shared_ptr<const auth::SubjectGrants>> held_;
};

auth::Grant Operator(std::string region = "360733") {
  auth::Grant grant;
  grant.role = auth::Role::ROLE_COUNTY_OPERATOR;
  grant.region_path = std::move(region);
  return grant;
}

class GuardTest : public SampleServerTest {
 protected:
  void Start(TlsFiles tls = {}) {
    ServerOptions options = testing::RpcServer::DefaultServerOptions();
    options.pipeline.grants = &grants_;
    options.tls = std::move(tls);
    StartServer(options);
    auth::Caller li;
    li.subject = "li";
    token_ = server_->Token(li);  // says who it is and nothing else
  }
  absl::StatusOr<sample::ListSamplesResponse> List() {
    return server_->Call<sample::ListSamplesResponse>(kList, sample::ListSamplesRequest(), token_);
  }
  template <typename Condition>
  void Await(Condition condition) {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition()) {
      ASSERT_LT(std::chrono::steady_clock::now(), give_up);
      std::this_thread::yield();
    }
  }
  FakeGrants grants_;
};

TEST_F(GuardTest, R118_GrantsAreHeldToTheMinute) {
  Start();
  EXPECT_THAT(List(), StatusIs(absl::StatusCode::kPermissionDenied, "ROLE_REQUIRED"));
  const absl::Time now = server_->clock().Now();
  auth::Grant grant = Operator();
  grant.from = now + absl::Hours(1);
  grant.to = now + absl::Hours(2);
  grants_.Set("li", {"李四", {grant}, {}});
  EXPECT_THAT(List(), StatusIs(absl::StatusCode::kPermissionDenied, "GRANT_NOT_YET_VALID"));
  server_->clock().Set(grant.from - absl::Nanoseconds(1));
  EXPECT_THAT(List(), StatusIs(absl::StatusCode::kPermissionDenied, "GRANT_NOT_YET_VALID"));
  server_->clock().Set(grant.from);
  auto listed = List();
  ASSERT_THAT(listed, IsOk());
  EXPECT_THAT(listed->scope(), ElementsAre("360733"));
  server_->clock().Set(grant.to - absl::Nanoseconds(1));
  EXPECT_THAT(List(), IsOk());
  server_->clock().Set(grant.to);
  const auto over = List();
  EXPECT_THAT(over, StatusIs(absl::StatusCode::kPermissionDenied, "GRANT_EXPIRED"));
  EXPECT_EQ(GetErrorDetail(over.status()).message_zh, "您的授权已到期（2026-03-01 11:00）");
  grants_.Set("li", {"李四", {}, {grant}});
  EXPECT_THAT(List(), StatusIs(absl::StatusCode::kPermissionDenied, "GRANT_REVOKED"));
  // What is a machine's is not a person's of the same name.
  grants_.Set("li", {"", {Operator()}, {}}, /*is_client=*/true);
  EXPECT_FALSE(List().ok());
}

TEST_F(GuardTest, NobodyIsServedBeforeTheGrantsAreRead) {
  Start();
  grants_.version_ = 0;
  EXPECT_THAT(List(), StatusIs(absl::StatusCode::kUnavailable, "GRANTS_NOT_LOADED"));
}

// Counts up while it is let.
class Counter : public Subscription<sample::Sample> {
 public:
  explicit Counter(std::atomic<int>& steps) : steps_(steps) {}
  absl::StatusOr<Next> Step(CallContext&, Writer<sample::Sample>& out) override {
    ++steps_;
    sample::Sample one;
    if (absl::Status status = out.Write(one); !status.ok()) return status;
    return Next::After(absl::Milliseconds(1));
  }

 private:
  std::atomic<int>& steps_;
};

TEST_F(GuardTest, R118_AWatchEndsWhenTheGrantIsTakenBackUnderWay) {
  std::atomic<int> steps{0};
  handlers_.watch = [&](CallContext&, const sample::WatchSamplesRequest&) {
    return absl::StatusOr<std::unique_ptr<Subscription<sample::Sample>>>(
        std::make_unique<Counter>(steps));
  };
  Start();
  grants_.Set("li", {"", {Operator()}, {}});
  std::thread revoker([&] {
    Await([&] { return steps > 5; });
    grants_.Set("li", {"", {}, {Operator()}});
  });
  EXPECT_THAT(server_->Read<sample::Sample>(kWatch, sample::WatchSamplesRequest(), token_),
              StatusIs(absl::StatusCode::kPermissionDenied, "GRANT_REVOKED"));
  revoker.join();
}

TEST_F(GuardTest, AWatchEndsWithItsToken) {
  std::atomic<int> steps{0};
  handlers_.watch = [&](CallContext&, const sample::WatchSamplesRequest&) {
    return absl::StatusOr<std::unique_ptr<Subscription<sample::Sample>>>(
        std::make_unique<Counter>(steps));
  };
  Start();
  grants_.Set("li", {"", {Operator()}, {}});
  std::thread later([&] {
    Await([&] { return steps > 5; });
    server_->clock().Advance(absl::Hours(24 * 366));
  });
  EXPECT_THAT(server_->Read<sample::Sample>(kWatch, sample::WatchSamplesRequest(), token_),
              StatusIs(absl::StatusCode::kUnauthenticated, "TOKEN_EXPIRED"));
  later.join();
}

TEST_F(GuardTest, R118_AnExportEndsWhenItsRegionsChangeUnderWay) {
  std::atomic<int> written{0};
  handlers_.stream = [&](CallContext& context, const sample::StreamSamplesRequest&,
                         Writer<sample::Sample>& out) -> absl::Status {
    while (true) {
      if (absl::Status status = out.Write(sample::Sample()); !status.ok()) return status;
      // Who began it is who is written into the audit, whatever comes.
      if (context.caller.grants.size() != 2) return absl::InternalError("another caller");
      ++written;
    }
  };
  Start();
  grants_.Set("li", {"", {Operator(), Operator("360783")}, {}});
  std::thread changer([&] {
    Await([&] { return written > 5; });
    grants_.Set("someone", {"", {Operator()}, {}});  // no concern of this one
    const int before = written;
    Await([&] { return written > before + 5; });
    grants_.Set("li", {"", {Operator()}, {}});
  });
  EXPECT_THAT(server_->Read<sample::Sample>(kStream, sample::StreamSamplesRequest(), token_),
              StatusIs(absl::StatusCode::kPermissionDenied, "GRANTS_CHANGED"));
  changer.join();
}

// Certificates as an operator makes them, by openssl.
class CertificateTest : public GuardTest {
 protected:
  void SetUp() override {
    for (const char* ca : {"ca", "foreign"}) {
      Run(Cat(
          "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=",
          ca, " -keyout ", ca, ".key -out ", ca, ".pem"));
    }
    Sign("server", "localhost", "ca", "subjectAltName=DNS:localhost,IP:127.0.0.1");
    Sign("finance", "finance-system", "ca", "subjectAltName=DNS:finance.example");
    Sign("stranger", "finance-system", "foreign", "subjectAltName=DNS:finance.example");
  }

  void Run(const std::string& command) {
    ASSERT_EQ(system(Cat("cd ", folder_.path(), " && ", command, " 2>>log").c_str()), 0) << command;
  }
  void Sign(const std::string& name, const std::string& common_name, const std::string& ca,
            const std::string& extension) {
    Run(Cat("openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=",
            common_name, " -keyout ", name, ".key -out ", name, ".csr"));
    Run(Cat("printf '", extension, "\\n' > ", name, ".ext && openssl x509 -req -in ", name,
            ".csr -CA ", ca, ".pem -CAkey ", ca, ".key -CAcreateserial -days 2 -extfile ", name,
            ".ext -out ", name, ".pem"));
  }
  std::string File(std::string_view name) const { return Cat(folder_.path(), "/", name); }
  TlsFiles ServerFiles(bool optional) {
    return {File("server.pem"), File("server.key"), File("ca.pem"), optional};
  }
  absl::StatusOr<sample::ListSamplesResponse> As(const std::string& certificate,
                                                 const std::string& token = "") {
    ClientOptions options;
    options.target = Cat("localhost:", server_->port());
    options.ca = File("ca.pem");
    if (!certificate.empty()) {
      options.certificate = File(certificate + ".pem");
      options.key = File(certificate + ".key");
    }
    options.read_attempts = 1;
    auto client = Client::Create(options);
    if (!client.ok()) return client.status();
    return (*client)->Call<sample::ListSamplesResponse>(
        kList, sample::ListSamplesRequest(), {.timeout = absl::Seconds(5), .token = token});
  }
  testing::TemporaryFolder folder_{"tls"};
};

TEST_F(CertificateTest, R118_ASystemsCertificateIsItsName) {
  Start(ServerFiles(/*optional=*/false));
  // Known to nobody yet.
  EXPECT_THAT(As("finance"), StatusIs(absl::StatusCode::kPermissionDenied, "ROLE_REQUIRED"));
  grants_.Set("cert:finance-system", {"财政系统", {Operator("3607")}, {}}, /*is_client=*/true);
  auto listed = As("finance");
  ASSERT_THAT(listed, IsOk());
  EXPECT_THAT(listed->scope(), ElementsAre("3607"));
  // A token goes before the certificate: behind the edge that one is the edge's.
  grants_.Set("li", {"", {Operator("360733")}, {}});
  listed = As("finance", token_);
  ASSERT_THAT(listed, IsOk());
  EXPECT_THAT(listed->scope(), ElementsAre("360733"));
  EXPECT_THAT(As("finance", "not-a-token"),
              StatusIs(absl::StatusCode::kUnauthenticated, "TOKEN_INVALID"));
  // Another CA's certificate of the same name, and none, do not get as far as a call.
  EXPECT_TRUE(absl::IsUnavailable(As("stranger").status()));
  EXPECT_TRUE(absl::IsUnavailable(As("").status()));
  EXPECT_TRUE(absl::IsUnavailable(As("", token_).status()));
}

TEST_F(CertificateTest, WithoutACertificateATokenDoesWhereItIsOptional) {
  Start(ServerFiles(/*optional=*/true));
  grants_.Set("cert:finance-system", {"", {Operator("3607")}, {}}, /*is_client=*/true);
  grants_.Set("li", {"", {Operator("360733")}, {}});
  EXPECT_THAT(As("finance"), IsOk());
  EXPECT_THAT(As("", token_), IsOk());
  EXPECT_THAT(As(""), StatusIs(absl::StatusCode::kUnauthenticated, "TOKEN_MISSING"));
  EXPECT_TRUE(absl::IsUnavailable(As("stranger").status()));
  EXPECT_TRUE(absl::IsUnavailable(As("stranger", token_).status()));
}

}  // namespace
}  // namespace bangfu::rpc

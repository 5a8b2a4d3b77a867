// Who calls and what they may do now: grants that begin, end and are taken back while calls come in
// and streams are open; client certificates.
#include <atomic>
#include <thread>

#include "common/base/strings.h"
#include "common/rpc/server.h"
#include "common/rpc/server_for_test.h"
#include "common/status/error.h"
#include "common/testing/certificates.h"
#include "common/testing/held_grants.h"

namespace bangfu::rpc {
namespace {

using ::bangfu::testing::IsOk;
using ::bangfu::testing::StatusIs;
using ::testing::ElementsAre;

auth::Grant Operator(std::string region = "360733") {
  auth::Grant grant;
  grant.role = auth::Role::ROLE_COUNTY_OPERATOR;
  grant.region_path = std::move(region);
  return grant;
}

class GuardTest : public SampleServerTest {
 protected:
  void Start(TlsFiles tls = {}) {
    ServerOptions options = grants_.ServerOptions();
    options.tls = std::move(tls);
    StartServer(options);
    token_ = testing::PersonToken(*server_, "li");
  }
  absl::StatusOr<sample::ListSamplesResponse> List() {
    return server_->Call<sample::ListSamplesResponse>(kList, sample::ListSamplesRequest(), token_);
  }
  testing::HeldGrants grants_;
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

// A client that comes with a token: what its grants say goes before what the token says.
TEST_F(GuardTest, R118_AGrantThatIsTakenBackCutsOffAClientWhateverItsTokenSays) {
  Start();
  auth::Caller client;
  client.subject = "finance-system";
  client.is_system = true;
  auth::Grant grant = Operator("3607");
  grant.role = auth::Role::ROLE_SYSTEM_INTEGRATOR;
  client.grants = {grant};
  token_ = server_->Token(client);
  const auto who = [&] { return Get().status(); };
  std::vector<auth::Grant> seen;
  handlers_.get = [&](CallContext& context,
                      const sample::GetSampleRequest&) -> absl::StatusOr<sample::Sample> {
    seen = context.caller.grants;
    return sample::Sample();
  };
  // Known to nobody: by its token.
  ASSERT_THAT(who(), IsOk());
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].region_path, "3607");
  // A person of that name is somebody else.
  grants_.Set("finance-system", {"", {}, {grant}});
  ASSERT_THAT(who(), IsOk());
  EXPECT_EQ(seen.size(), 1u);
  // From its first grant on by its grants.
  grant.region_path = "360733";
  grants_.Set("finance-system", {"财政系统", {grant}, {}}, /*is_client=*/true);
  ASSERT_THAT(who(), IsOk());
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].region_path, "360733");
  grants_.Set("finance-system", {"财政系统", {}, {grant}}, /*is_client=*/true);
  ASSERT_THAT(who(), IsOk());  // the rpc asks for no role
  EXPECT_TRUE(seen.empty());
  EXPECT_THAT(List(), StatusIs(absl::StatusCode::kPermissionDenied, "ROLE_REQUIRED"));
  // Ended is as good as taken back.
  grant.to = server_->clock().Now();
  grants_.Set("finance-system", {"财政系统", {grant}, {}}, /*is_client=*/true);
  ASSERT_THAT(who(), IsOk());
  EXPECT_TRUE(seen.empty());
  // Not told whether it is known: nobody is let in by guess.
  grants_.version_ = 0;
  EXPECT_THAT(who(), StatusIs(absl::StatusCode::kUnavailable, "GRANTS_NOT_LOADED"));
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
  handlers_.stream = [&](CallContext&,
                         const sample::StreamSamplesRequest&) -> sample::Handlers::Streamed {
    return MakeSource<sample::Sample>(
        [&](CallContext& context) -> absl::StatusOr<std::optional<sample::Sample>> {
          // Who began it is who is written into the audit, whatever comes.
          if (context.caller.grants.size() != 2) return absl::InternalError("another caller");
          ++written;
          return sample::Sample();
        });
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

class CertificateTest : public GuardTest {
 protected:
  void SetUp() override {
    for (const char* ca : {"ca", "foreign"}) files_.MakeCa(ca);
    files_.Sign("server", "localhost", "ca", testing::kLocalServer);
    files_.Sign("finance", "finance-system", "ca", "subjectAltName=DNS:finance.example");
    files_.Sign("stranger", "finance-system", "foreign", "subjectAltName=DNS:finance.example");
  }

  std::string File(std::string_view name) const { return files_.File(name); }
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
  testing::Certificates files_;
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

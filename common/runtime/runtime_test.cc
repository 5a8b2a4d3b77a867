#include "common/runtime/runtime.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <thread>

#include "bangfu/testing/v1/sample.pb.h"
#include "common/auth/dev_key.h"
#include "common/base/strings.h"
#include "common/rpc/client.h"
#include "common/runtime/http.h"
#include "common/seal/seal.h"
#include "common/testing/certificates.h"
#include "common/testing/database.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temporary_folder.h"

extern char** environ;

namespace bangfu::runtime {
namespace {

using ::bangfu::testing::IsOk;
using ::bangfu::testing::StatusIs;
using ::testing::HasSubstr;

constexpr char kGet[] = "bangfu.testing.v1.SampleService.GetSample";

template <typename Condition>
bool Await(Condition condition) {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > give_up) return false;
    std::this_thread::yield();
  }
  return true;
}

// "HTTP/1.1 200 OK…" of a request as given; empty when nobody listens.
std::string Http(int port, const std::string& request) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
  std::string answer;
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0 &&
      write(fd, request.data(), request.size()) == static_cast<ssize_t>(request.size())) {
    char buffer[4096];
    for (ssize_t n; (n = read(fd, buffer, sizeof(buffer))) > 0;)
      answer.append(buffer, static_cast<size_t>(n));
  }
  close(fd);
  return answer;
}
std::string HttpGet(int port, const std::string& path) {
  return Http(port, Cat("GET ", path, " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
}

std::string ReadFile(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

int NumberAfter(const std::string& text, const std::string& name) {
  const size_t at = text.find("\"" + name + "\":");
  return at == std::string::npos ? 0 : std::atoi(text.c_str() + at + name.size() + 3);
}

TEST(HttpTest, AnswersItsPagesAndNothingElse) {
  auto server = HttpServer::Start("127.0.0.1", 0, {{"/livez", [] {
                                                      return HttpAnswer{200, "alive\n"};
                                                    }}});
  ASSERT_THAT(server, IsOk());
  const int port = (*server)->port();
  EXPECT_THAT(HttpGet(port, "/livez"), HasSubstr("200 OK"));
  EXPECT_THAT(HttpGet(port, "/livez"), HasSubstr("\r\n\r\nalive\n"));
  EXPECT_THAT(HttpGet(port, "/"), HasSubstr("404"));
  EXPECT_THAT(HttpGet(port, "/../etc/passwd"), ::testing::Not(HasSubstr("root")));
  EXPECT_THAT(Http(port, "POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"),
              HasSubstr("405"));
  EXPECT_FALSE(HttpServer::Start("127.0.0.1", port, {}).ok());
}

TEST(JobsTest, RunUntilStoppedAndGoOnAfterFailures) {
  metrics::Registry metrics;
  std::atomic<int> steps = 0, own = 0;
  {
    Jobs jobs([] { return mysql::Session::Create({}); }, metrics);
    jobs.AddPeriodic("good", absl::Milliseconds(1), [&](mysql::Session&) {
      ++steps;
      return absl::OkStatus();
    });
    jobs.AddPeriodic("bad", absl::Milliseconds(1),
                     [&](mysql::Session&) { return absl::UnavailableError("away"); });
    jobs.Add("own", [&](mysql::Session&, Loop& loop) {
      loop.Run([&] {
        ++own;
        return absl::Hours(1);
      });
    });
    jobs.Start();
    EXPECT_TRUE(Await([&] { return steps > 3 && own == 1; }));
    EXPECT_TRUE(Await([&] {
      jobs.Wake("own");
      return own > 1;
    }));
    EXPECT_TRUE(Await([&] {
      jobs.Wake("bad");
      return metrics.Expose().find("bangfu_job_failures_total{job=\"bad\"}") != std::string::npos;
    }));
  }
  const int at_end = steps;
  EXPECT_EQ(steps, at_end);
}

TEST(ReadinessTest, FollowsItsChecksUntilItDrains) {
  std::atomic<bool> healthy = false;
  std::mutex mu;
  std::vector<bool> changes;
  Readiness readiness([] { return mysql::Session::Create({}); }, absl::Milliseconds(1),
                      [&](bool ready) {
                        std::lock_guard lock(mu);
                        changes.push_back(ready);
                      });
  readiness.Add("thing", [&](mysql::Session&) {
    return healthy ? absl::OkStatus() : absl::UnavailableError("no thing");
  });
  EXPECT_FALSE(readiness.ready());
  readiness.Start();
  EXPECT_TRUE(Await([&] { return readiness.reason() == "thing: no thing"; }));
  healthy = true;
  EXPECT_TRUE(Await([&] { return readiness.ready(); }));
  healthy = false;
  EXPECT_TRUE(Await([&] { return !readiness.ready(); }));
  healthy = true;
  EXPECT_TRUE(Await([&] { return readiness.ready(); }));
  readiness.StartDraining();
  EXPECT_FALSE(readiness.ready());
  readiness.Stop();
  EXPECT_EQ(readiness.reason(), "draining");
  std::lock_guard lock(mu);
  EXPECT_THAT(changes, ::testing::ElementsAre(true, false, true, false));
}

// The whole: a service as a process.
class ServiceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::ofstream(folder_.path() + "/password") << database_.options().password;
  }
  void TearDown() override {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
  }

  std::vector<std::string> Flags() {
    const mysql::Options db = database_.options();
    std::vector<std::string> flags = {"--db-host=" + db.host,
                                      Cat("--db-port=", db.port),
                                      "--db-user=" + db.user,
                                      "--db-schema=" + db.schema,
                                      "--db-io-timeout=5s",
                                      "--drain-grace=10s",
                                      "--dev-key-dir=" + folder_.path() + "/key",
                                      "--port-file=" + folder_.path() + "/ports",
                                      "--freeze-file=" + folder_.path() + "/freeze",
                                      "--check-interval=50ms",
                                      "--mate-address=127.0.0.1:1"};
    if (!db.password.empty()) flags.push_back("--db-password-file=" + folder_.path() + "/password");
    return flags;
  }
  // `instance`: of several at once, in the names of its files.
  pid_t Spawn(std::vector<std::string> arguments, const std::string& instance = "") {
    arguments.insert(arguments.begin(), SAMPLE_BINARY);
    std::vector<char*> argv;
    for (auto& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, (folder_.path() + "/out" + instance).c_str(),
                                     O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_addopen(&actions, 2, (folder_.path() + "/err" + instance).c_str(),
                                     O_WRONLY | O_CREAT | O_APPEND, 0600);
    pid_t pid = 0;
    EXPECT_EQ(posix_spawn(&pid, SAMPLE_BINARY, &actions, nullptr, argv.data(), environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    return pid;
  }
  static int ExitCode(pid_t pid) {
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  int RunToEnd(const std::vector<std::string>& arguments) { return ExitCode(Spawn(arguments)); }
  std::vector<std::string> With(const std::string& first) {
    auto flags = Flags();
    flags.insert(flags.begin(), first);
    return flags;
  }
  void Serve() {
    pid_ = Spawn(Flags());
    ASSERT_TRUE(Await([&] {
      return ReadFile(folder_.path() + "/ports").find('}') != std::string::npos;
    })) << ReadFile(folder_.path() + "/err");
    const std::string ports = ReadFile(folder_.path() + "/ports");
    port_ = NumberAfter(ports, "port");
    http_port_ = NumberAfter(ports, "http_port");
    auto key = auth::DevKey::LoadOrCreate(folder_.path() + "/key");
    ASSERT_THAT(key, IsOk());
    auth::Caller caller;
    caller.subject = "p1";
    caller.grants = {{auth::Role::ROLE_COUNTY_OPERATOR, "360733", {}, {}, {}}};
    token_ = *key->Mint(caller, SystemClock().Now());
    auto client = rpc::Client::Create({.target = Cat("127.0.0.1:", port_)});
    ASSERT_THAT(client, IsOk());
    client_ = *std::move(client);
  }
  absl::StatusOr<testing::v1::Sample> Get() {
    testing::v1::GetSampleRequest request;
    request.set_id("01ARZ3NDEKTSV4RRFFQ69G5FAV");
    return client_->Call<testing::v1::Sample>(kGet, request, {.token = token_});
  }

  testing::TestDatabase database_{{}, /*own_schema=*/true};
  testing::TemporaryFolder folder_{"runtime"};
  pid_t pid_ = 0;
  int port_ = 0, http_port_ = 0;
  std::string token_;
  std::unique_ptr<rpc::Client> client_;
};

TEST_F(ServiceTest, IsAliveButNotReadyUntilItsSchemaIs) {
  Serve();
  EXPECT_THAT(HttpGet(http_port_, "/livez"), HasSubstr("200 OK"));
  ASSERT_TRUE(
      Await([&] { return HttpGet(http_port_, "/readyz").find("schema:") != std::string::npos; }));
  EXPECT_THAT(HttpGet(http_port_, "/readyz"), HasSubstr("503"));
  EXPECT_EQ(ReadFile(folder_.path() + "/out"), "");
  EXPECT_EQ(RunToEnd(With("migrate")), 0) << ReadFile(folder_.path() + "/err");
}

TEST_F(ServiceTest, ServesDrainsAndEnds) {
  ASSERT_EQ(RunToEnd(With("migrate")), 0) << ReadFile(folder_.path() + "/err");
  ASSERT_EQ(RunToEnd(With("migrate")), 0) << "migrating twice does nothing";
  Serve();
  ASSERT_TRUE(Await([&] {
    return ReadFile(folder_.path() + "/out").find("\"ready\":\"sample\"") != std::string::npos;
  }));
  EXPECT_EQ(NumberAfter(ReadFile(folder_.path() + "/out"), "port"), port_);
  EXPECT_THAT(HttpGet(http_port_, "/readyz"), HasSubstr("200 OK"));
  auto first = Get();
  ASSERT_THAT(first, IsOk());
  EXPECT_GT(first->amount_fen(), 0) << "the job runs";
  EXPECT_THAT(HttpGet(http_port_, "/metrics"), HasSubstr("bangfu_rpc_calls_total"));

  // Told to stop with a call under way: the call is answered, the process ends with 0.
  ASSERT_TRUE(Await([&] {  // the first one is off the count
    return HttpGet(http_port_, "/metrics").find("bangfu_rpc_in_flight 0") != std::string::npos;
  }));
  std::atomic<bool> sent = false;
  std::thread caller([&] {
    sent = true;
    EXPECT_THAT(Get(), IsOk());
  });
  ASSERT_TRUE(Await([&] {
    return sent &&
           HttpGet(http_port_, "/metrics").find("bangfu_rpc_in_flight 1") != std::string::npos;
  }));
  kill(pid_, SIGTERM);
  EXPECT_EQ(ExitCode(pid_), 0) << ReadFile(folder_.path() + "/err");
  pid_ = 0;
  caller.join();
  EXPECT_FALSE(std::filesystem::exists(folder_.path() + "/ports"));
  EXPECT_FALSE(Get().ok());
}

TEST_F(ServiceTest, FreezesWhileTheFileIsThere) {
  ASSERT_EQ(RunToEnd(With("migrate")), 0);
  Serve();
  testing::v1::CreateSampleRequest request;
  request.set_request_id("request-1");
  request.mutable_sample()->set_name("油茶");
  request.mutable_sample()->set_kind(testing::v1::SAMPLE_KIND_FARM);
  const auto create = [&] {
    return client_->Call<testing::v1::Sample>("bangfu.testing.v1.SampleService.CreateSample",
                                              request, {.token = token_});
  };
  EXPECT_THAT(create(), IsOk());
  std::ofstream(folder_.path() + "/freeze") << "年终结账，暂停填报\n";
  const auto frozen = create();
  EXPECT_THAT(frozen, StatusIs(absl::StatusCode::kFailedPrecondition, "SERVICE_FROZEN"));
  EXPECT_EQ(GetErrorDetail(frozen.status()).message_zh, "年终结账，暂停填报");
  std::filesystem::remove(folder_.path() + "/freeze");
  EXPECT_THAT(create(), IsOk());
}

TEST_F(ServiceTest, WrongOptionsAreSaidAtOnce) {
  EXPECT_EQ(RunToEnd({}), 2);
  EXPECT_EQ(RunToEnd(With("dance")), 2);
  EXPECT_EQ(RunToEnd({"--help"}), 0);
  EXPECT_THAT(ReadFile(folder_.path() + "/out"), HasSubstr("--freeze-file"));
  EXPECT_THAT(ReadFile(folder_.path() + "/out"), HasSubstr("default 0, with --mode=production 2s"));
  auto flags = Flags();
  flags.push_back("--drain-grace=5s");
  EXPECT_EQ(RunToEnd(flags), 2);
  flags = Flags();
  flags.push_back("--mode=production");
  flags.push_back("--plain-text=inside-pod");
  EXPECT_EQ(RunToEnd(flags), 1);  // with a development key
}

TEST_F(ServiceTest, ProductionRefusesAKeySetWithADevelopmentKey) {
  auto key = auth::DevKey::LoadOrCreate(folder_.path() + "/key");
  ASSERT_THAT(key, IsOk());
  std::vector<std::string> flags;
  for (const std::string& flag : Flags()) {
    if (!flag.starts_with("--dev-key-dir")) flags.push_back(flag);
  }
  flags.push_back("--mode=production");
  flags.push_back("--plain-text=inside-pod");
  flags.push_back("--jwks-file=" + key->jwks_file());
  EXPECT_EQ(RunToEnd(flags), 1);
  EXPECT_THAT(ReadFile(folder_.path() + "/err"), HasSubstr("refuses the development key"));
}

// As an operator runs it: a key set that no development server made, a token for peers in a file.
class ProductionTest : public ServiceTest {
 protected:
  void SetUp() override {
    ServiceTest::SetUp();
    auto key = auth::DevKey::LoadOrCreate(folder_.path() + "/key");
    ASSERT_THAT(key, IsOk());
    std::string keys = ReadFile(key->jwks_file());
    for (size_t at; (at = keys.find(key->kid())) != std::string::npos;) {
      keys.replace(at, key->kid().size(), "issuer");
    }
    std::ofstream(folder_.path() + "/jwks.json") << keys;
    const int64_t now = absl::ToUnixSeconds(SystemClock().Now());
    const auto token = key->Sign(
        R"({"alg":"ES256","typ":"JWT","kid":"issuer"})",
        Cat(R"({"iss":"bangfu","aud":"bangfu","sub":"service-sample","client":true,"iat":)", now,
            R"(,"exp":)", now + 3600,
            R"(,"grants":[{"role":"ROLE_SYSTEM_INTEGRATOR","region":"36"}]})"));
    ASSERT_THAT(token, IsOk());
    token_ = *token;
    std::ofstream(folder_.path() + "/token") << token_ << "\n";
    ASSERT_THAT(seal::Keyring::LoadOrCreate(folder_.path() + "/seal-keys.json"), IsOk());
    files_.MakeCa("ca");
    files_.Sign("server", "localhost", "ca", testing::kLocalServer);
    files_.Sign("peer", "service-sample", "ca", "subjectAltName=DNS:sample.example");
    ASSERT_EQ(RunToEnd(With("migrate")), 0) << ReadFile(folder_.path() + "/err");
  }
  void TearDown() override {
    ServiceTest::TearDown();
    if (mate_ <= 0) return;
    kill(mate_, SIGKILL);
    waitpid(mate_, nullptr, 0);
  }
  std::vector<std::string> Production(const std::vector<std::string>& more) {
    std::vector<std::string> flags;
    for (const std::string& flag : Flags()) {
      if (!flag.starts_with("--dev-key-dir")) flags.push_back(flag);
    }
    for (const char* flag : {"--mode=production", "--drain-delay=0s"}) flags.emplace_back(flag);
    flags.push_back("--jwks-file=" + folder_.path() + "/jwks.json");
    flags.push_back("--seal-key-file=" + folder_.path() + "/seal-keys.json");
    flags.push_back("--peer-token-file=" + folder_.path() + "/token");
    flags.insert(flags.end(), more.begin(), more.end());
    return flags;
  }
  std::vector<std::string> Tls(const std::vector<std::string>& more) {
    std::vector<std::string> flags = {"--tls-certificate=" + files_.File("server.pem"),
                                      "--tls-key=" + files_.File("server.key"),
                                      "--peer-ca=" + files_.File("ca.pem")};
    flags.insert(flags.end(), more.begin(), more.end());
    return Production(flags);
  }
  // Its gRPC port once it listens.
  int Up(std::vector<std::string> flags, const std::string& instance, pid_t* pid) {
    const std::string ports = folder_.path() + "/ports" + instance;
    flags.push_back("--port-file=" + ports);
    *pid = Spawn(std::move(flags), instance);
    EXPECT_TRUE(Await([&] { return ReadFile(ports).find('}') != std::string::npos; }))
        << ReadFile(folder_.path() + "/err" + instance);
    return NumberAfter(ReadFile(ports), "port");
  }
  absl::Status Ask(int port, std::string_view rpc, rpc::ClientOptions options) {
    options.target = Cat("localhost:", port);
    options.read_attempts = 1;
    auto client = rpc::Client::Create(options);
    if (!client.ok()) return client.status();
    testing::v1::GetSampleRequest request;
    request.set_id("01ARZ3NDEKTSV4RRFFQ69G5FAV");
    return (*client)
        ->Call<testing::v1::Sample>(Cat("bangfu.testing.v1.SampleService.", rpc), request,
                                    {.timeout = absl::Seconds(10), .token = token_})
        .status();
  }

  testing::Certificates files_;
  pid_t mate_ = 0;
};

TEST_F(ProductionTest, PlainTextHasToBeAskedForByName) {
  const std::string err = folder_.path() + "/err";
  EXPECT_EQ(RunToEnd(Production({})), 2);
  EXPECT_THAT(ReadFile(err), HasSubstr("there is no tls-certificate, tls-key, peer-ca;"));
  EXPECT_EQ(RunToEnd(Production({"--tls-certificate=" + files_.File("server.pem"),
                                 "--tls-key=" + files_.File("server.key")})),
            2);
  EXPECT_THAT(ReadFile(err), HasSubstr("there is no peer-ca;"));
  EXPECT_EQ(RunToEnd(Production({"--plain-text=why-not"})), 2);
  const int port = Up(Production({"--plain-text=inside-pod"}), "", &pid_);
  EXPECT_THAT(Ask(port, "GetSample", {}), IsOk());
}

TEST_F(ProductionTest, KeysComeFromTheIssuersUrlToo) {
  const std::string keys = ReadFile(folder_.path() + "/jwks.json");
  auto issuer = HttpServer::Start("127.0.0.1", 0, {{"/keys", [&] {
                                                      return HttpAnswer{200, keys};
                                                    }}});
  ASSERT_THAT(issuer, IsOk());
  const auto flags = [&](const std::string& url, const std::string& mode) {
    std::vector<std::string> out;
    for (const std::string& flag : Production({"--jwks-url=" + url, "--plain-text=inside-pod"})) {
      if (!flag.starts_with("--jwks-file") && !flag.starts_with("--mode")) out.push_back(flag);
    }
    out.push_back("--mode=" + mode);
    return out;
  };
  const std::string url = Cat("http://127.0.0.1:", (*issuer)->port(), "/keys");
  EXPECT_EQ(RunToEnd(flags(url, "production")), 1);
  EXPECT_THAT(ReadFile(folder_.path() + "/err"), HasSubstr("over https only"));

  const auto http = [&](const std::string& instance, const std::string& path) {
    return HttpGet(NumberAfter(ReadFile(folder_.path() + "/ports" + instance), "http_port"), path);
  };
  const int port = Up(flags(url, "dev"), "", &pid_);
  EXPECT_THAT(Ask(port, "GetSample", {}), IsOk());
  EXPECT_THAT(http("", "/metrics"), HasSubstr("bangfu_auth_jwks_keys 1"));
  // Without any key it lets nobody in, and says that it is not ready.
  const int keyless = Up(flags("http://127.0.0.1:1/keys", "dev"), "-keyless", &mate_);
  ASSERT_TRUE(Await([&] {
    return http("-keyless", "/readyz").find("token_keys") != std::string::npos;
  })) << http("-keyless", "/readyz");
  EXPECT_THAT(Ask(keyless, "GetSample", {}),
              StatusIs(absl::StatusCode::kUnauthenticated, "TOKEN_INVALID"));
}

TEST_F(ProductionTest, ServicesTalkToEachOtherByMutualTls) {
  // One that wants to see the other's certificate, and one that shows its own.
  const int mate = Up(Tls({"--tls-client-ca=" + files_.File("ca.pem")}), "-mate", &mate_);
  const std::string address = Cat("--mate-address=localhost:", mate);
  int port = Up(Tls({address, "--peer-certificate=" + files_.File("peer.pem"),
                     "--peer-key=" + files_.File("peer.key")}),
                "", &pid_);
  const rpc::ClientOptions with_ca = {.ca = files_.File("ca.pem")};
  EXPECT_THAT(Ask(port, "AskPeer", with_ca), IsOk());
  EXPECT_FALSE(Ask(port, "GetSample", {}).ok()) << "plain text";
  EXPECT_FALSE(Ask(mate, "GetSample", with_ca).ok()) << "no certificate";
  kill(pid_, SIGTERM);
  EXPECT_EQ(ExitCode(pid_), 0) << ReadFile(folder_.path() + "/err");
  // Without its certificate nobody answers it.
  port = Up(Tls({address}), "", &pid_);
  EXPECT_TRUE(absl::IsUnavailable(Ask(port, "AskPeer", with_ca)));
}

}  // namespace
}  // namespace bangfu::runtime

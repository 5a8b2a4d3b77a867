#include "common/config/loader.h"

#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <map>

#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bangfu::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class LoaderTest : public ::testing::Test {
 protected:
  LoaderTest() {
    loader.Text("name", &name, "who");
    loader.Port("rpc-port", &port, "where");
    loader.Number("limit", &limit, "how many", 1, 100);
    loader.Switch("fast", &fast, "quickly");
    loader.Duration("grace", &grace, "how long");
    loader.List("peers", &peers, "others");
    loader.Choice("mode", &mode, "how", {"dev", "production"});
    loader.Secret("db-password", &password, "password");
  }
  ~LoaderTest() override { std::remove(path.c_str()); }

  absl::Status Load(std::vector<const char*> flags) {
    flags.insert(flags.begin(), "program");
    return loader.Load(static_cast<int>(flags.size()), flags.data(),
                       [this](const std::string& n) -> std::optional<std::string> {
                         const auto it = environment.find(n);
                         if (it == environment.end()) return std::nullopt;
                         return it->second;
                       });
  }
  void WriteSecret(std::string_view content) { std::ofstream(path, std::ios::binary) << content; }

  std::string name = "default";
  int port = 7001;
  int64_t limit = 10;
  bool fast = false;
  absl::Duration grace = absl::Seconds(30);
  std::vector<std::string> peers = {"a"};
  std::string mode = "dev";
  std::string password;
  std::string path = ::testing::TempDir() + "loader_test_" + std::to_string(getpid()) + "_" +
                     ::testing::UnitTest::GetInstance()->current_test_info()->name();
  std::map<std::string, std::string> environment;
  Loader loader{"program", "A program."};
};

TEST_F(LoaderTest, DefaultsStayWithoutSources) {
  ASSERT_TRUE(Load({}).ok());
  EXPECT_EQ(name, "default");
  EXPECT_EQ(port, 7001);
  EXPECT_THAT(peers, ElementsAre("a"));
  EXPECT_EQ(password, "");
}

TEST_F(LoaderTest, FlagsInBothFormsBeatTheEnvironment) {
  environment = {{"BANGFU_RPC_PORT", "1"}, {"BANGFU_LIMIT", "7"}, {"BANGFU_FAST", "off"}};
  ASSERT_TRUE(Load({"--rpc-port=8080", "--name", "x", "--fast", "--grace", "1m30s",
                    "--peers=b, c,,d", "--mode=production", "--name=y"})
                  .ok());
  EXPECT_EQ(port, 8080);
  EXPECT_EQ(limit, 7);
  EXPECT_EQ(name, "y");
  EXPECT_TRUE(fast);
  EXPECT_EQ(grace, absl::Seconds(90));
  EXPECT_THAT(peers, ElementsAre("b", "c", "d"));
  EXPECT_EQ(mode, "production");
}

TEST_F(LoaderTest, NamesEverythingThatIsWrong) {
  environment = {{"BANGFU_LIMIT", "101"}, {"BANGFU_UNKNOWN", "tolerated"}};
  const absl::Status status = Load({"--nam=x", "-x", "--rpc-port=http", "--fast=maybe",
                                    "--grace=-1s", "--mode=test", "stray", "--name"});
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  const std::string message(status.message());
  for (const char* part : {"unknown flag --nam", "unknown flag -x",
                           "--rpc-port=http: expected a number from 0 to 65535", "BANGFU_LIMIT=101",
                           "--fast=maybe", "--grace=-1s", "--mode=test: expected one of dev",
                           "unexpected argument \"stray\"", "--name needs a value"}) {
    EXPECT_THAT(message, HasSubstr(part));
  }
  EXPECT_THAT(message, Not(HasSubstr("UNKNOWN")));
}

TEST_F(LoaderTest, SecretsComeFromFilesOnly) {
  WriteSecret("s3cret\n");
  environment["BANGFU_DB_PASSWORD_FILE"] = path;
  ASSERT_TRUE(Load({}).ok());
  EXPECT_EQ(password, "s3cret");
  for (const auto& setting : loader.Settings())
    EXPECT_THAT(setting.value, Not(HasSubstr("s3cret")));
}

TEST_F(LoaderTest, ASecretGivenOpenlyIsRefusedAndNotRepeated) {
  environment["BANGFU_DB_PASSWORD"] = "open-env";
  const absl::Status status = Load({"--db-password=open-flag", "--db-password", "open-word"});
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  const std::string message(status.message());
  EXPECT_THAT(message, HasSubstr("--db-password-file"));
  EXPECT_THAT(message, HasSubstr("BANGFU_DB_PASSWORD_FILE"));
  EXPECT_THAT(message, Not(HasSubstr("open-")));
  EXPECT_EQ(password, "");
}

TEST_F(LoaderTest, ASecretFileMustBeThereAndHoldSomething) {
  const std::string flag = "--db-password-file=" + path;
  EXPECT_THAT(std::string(Load({flag.c_str()}).message()), HasSubstr("cannot read"));
  WriteSecret("\n");
  EXPECT_THAT(std::string(Load({flag.c_str()}).message()), HasSubstr("is empty"));
  WriteSecret("two\nlines\r\n");
  EXPECT_TRUE(Load({flag.c_str()}).ok());
  EXPECT_EQ(password, "two\nlines");
}

TEST_F(LoaderTest, RequiredOptionsAreRequired) {
  std::string must, key;
  loader.Text("must", &must, "needed").Required();
  loader.Secret("key", &key, "needed").Required();
  const std::string message(Load({}).message());
  EXPECT_THAT(message, HasSubstr("--must is required"));
  EXPECT_THAT(message, HasSubstr("--key-file is required"));
}

TEST_F(LoaderTest, HelpComesBeforeAllChecks) {
  std::string must;
  loader.Text("must", &must, "needed").Required();
  ASSERT_TRUE(Load({"--help"}).ok());
  EXPECT_TRUE(loader.help_requested());
  const std::string help = loader.Help();
  EXPECT_THAT(help, HasSubstr("--rpc-port=…  (BANGFU_RPC_PORT)\n      where; default 7001"));
  EXPECT_THAT(help, HasSubstr("--db-password-file=…  (BANGFU_DB_PASSWORD_FILE)"));
  EXPECT_THAT(help, HasSubstr("needed; required"));
}

TEST_F(LoaderTest, ArgumentsWhereAllowed) {
  loader.AllowArguments("[migrate]");
  ASSERT_TRUE(Load({"migrate", "--fast", "--", "--name"}).ok());
  EXPECT_THAT(loader.arguments(), ElementsAre("migrate", "--name"));
  EXPECT_TRUE(fast);
  EXPECT_THAT(loader.Help(), HasSubstr("program [flags] [migrate]"));
}

TEST_F(LoaderTest, AFaultyDeclarationShowsAtStart) {
  loader.Text("name", &name, "again");
  loader.Text("Bad_Name", &mode, "bad");
  const std::string message(Load({}).message());
  EXPECT_THAT(message, HasSubstr("--name is declared twice"));
  EXPECT_THAT(message, HasSubstr("Bad_Name"));
}

TEST_F(LoaderTest, ADefaultMayHangOnAnotherOption) {
  const auto load = [this](std::vector<const char*> flags, std::string_view other = "mode",
                           std::string_view instead = "2s") -> absl::StatusOr<absl::Duration> {
    std::string how = "dev";
    absl::Duration pause = absl::ZeroDuration();
    Loader some("program", "A program.");
    some.Duration("pause", &pause, "between").DefaultWhere(other, "production", instead);
    some.Choice("mode", &how, "how", {"dev", "production"});
    EXPECT_THAT(some.Help(), HasSubstr("default 0, with --"));
    flags.insert(flags.begin(), "program");
    const absl::Status status =
        some.Load(static_cast<int>(flags.size()), flags.data(),
                  [this](const std::string& n) -> std::optional<std::string> {
                    const auto it = environment.find(n);
                    if (it == environment.end()) return std::nullopt;
                    return it->second;
                  });
    if (!status.ok()) return status;
    return pause;
  };
  EXPECT_EQ(*load({}), absl::ZeroDuration());
  EXPECT_EQ(*load({"--mode=production"}), absl::Seconds(2));
  EXPECT_EQ(*load({"--mode=production", "--pause=0s"}), absl::ZeroDuration());
  EXPECT_EQ(*load({"--mode=dev", "--pause=5s"}), absl::Seconds(5));
  environment["BANGFU_MODE"] = "production";
  EXPECT_EQ(*load({}), absl::Seconds(2));
  environment["BANGFU_PAUSE"] = "1s";
  EXPECT_EQ(*load({}), absl::Seconds(1));
  // Mistakes of the declaration show at once.
  EXPECT_FALSE(load({}, "no-such").ok());
  environment.clear();
  EXPECT_FALSE(load({"--mode=production"}, "mode", "soon").ok());
}

TEST_F(LoaderTest, SettingsSayWhereAValueComesFrom) {
  environment["BANGFU_LIMIT"] = "7";
  ASSERT_TRUE(Load({"--name=x"}).ok());
  std::vector<std::string> lines;
  for (const auto& s : loader.Settings()) lines.push_back(s.name + "=" + s.value + " " + s.source);
  EXPECT_THAT(lines, ElementsAre("name=x flag", "rpc-port=7001 default", "limit=7 environment",
                                 "fast=false default", "grace=30s default", "peers=a default",
                                 "mode=dev default", "db-password= default"));
}

}  // namespace
}  // namespace bangfu::config

#include "services/ctl/services.h"

#include <cstdlib>
#include <set>

#include "absl/strings/ascii.h"
#include "bangfu/contracts.h"
#include "common/base/strings.h"
#include "gtest/gtest.h"
#include "services/ctl/context.h"

namespace bangfu::ctl {
namespace {

std::string VariableOf(const std::string& service) {
  return Cat("BANGFU_", absl::AsciiStrToUpper(service));
}

TEST(ServicesTest, EachIsOnceInTheListAndHasContracts) {
  std::set<std::string> areas;
  for (const std::string& file : ContractFiles()) {  // bangfu/registry/v1/project.proto
    const size_t from = file.find('/') + 1;
    areas.insert(file.substr(from, file.find('/', from) - from));
  }
  std::set<std::string> seen;
  for (const std::string& service : ServiceNames()) {
    EXPECT_EQ(areas.count(service), 1u) << service;
    EXPECT_TRUE(seen.insert(service).second) << service;
  }
  EXPECT_EQ(seen.count("registry"), 1u);
}

TEST(ServicesTest, HelpNamesThemAsASentenceDoes) {
  EXPECT_EQ(OneOfText({}), "");
  EXPECT_EQ(OneOfText({"registry"}), "registry");
  EXPECT_EQ(OneOfText({"registry", "asset"}), "registry 或 asset");
  EXPECT_EQ(OneOfText({"registry", "asset", "evaluation"}), "registry, asset 或 evaluation");
  EXPECT_EQ(OneOfText({"registry", "asset", "evaluation", "all"}, "、"),
            "registry、asset、evaluation 或 all");
}

TEST(ServicesTest, TheEnvironmentTellsTheAddressOfEachAndOfNobodyElse) {
  for (const std::string& service : ServiceNames()) {
    setenv(VariableOf(service).c_str(), Cat(service, ":1").c_str(), 1);
  }
  setenv("BANGFU_NOWHERE", "nowhere:1", 1);
  Context context;
  ASSERT_TRUE(context.LoadEndpoints("").ok());
  for (const std::string& service : ServiceNames()) {
    EXPECT_EQ(context.endpoints[service], Cat(service, ":1"));
    unsetenv(VariableOf(service).c_str());
  }
  unsetenv("BANGFU_NOWHERE");
  EXPECT_EQ(context.endpoints.count("nowhere"), 0u);
  EXPECT_EQ(context.endpoints.size(), ServiceNames().size());
}

TEST(ServicesTest, AServiceWithoutAnAddressIsUnavailable) {
  Context context;
  const auto client = context.ClientOf(ServiceNames().front());
  ASSERT_FALSE(client.ok());
  EXPECT_EQ(client.status().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace bangfu::ctl

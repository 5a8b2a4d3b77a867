#include "common/seal/canary.h"

#include "common/seal/seal.h"
#include "common/status/error.h"
#include "common/testing/database.h"

namespace bangfu::seal {
namespace {

using ::bangfu::testing::TestDatabase;

// The 43 characters before "=" of a key.
std::shared_ptr<const Keyring> Keys(const std::string& current, char first, char second) {
  const auto key = [](const char* kid, char c) {
    return std::string(R"({"alg":"A256GCM","kid":")") + kid + R"(","key":")" + std::string(42, c) +
           R"(A="})";
  };
  return *Keyring::Parse(R"({"current":")" + current + R"(","keys":[)" + key("a", first) + "," +
                         key("b", second) + "]}");
}

TEST(Canary, KnowsTheKeysThatSealedHere) {
  TestDatabase database(CanarySchema());
  const auto rows = [&] {
    return (*database.db().Query("SELECT COUNT(*) FROM seal_canary")).front().Int(0);
  };
  Use(Keys("a", 'A', 'B'));
  ASSERT_TRUE(CheckCanary(database.db()).ok());
  ASSERT_TRUE(CheckCanary(database.db()).ok());
  EXPECT_EQ(rows(), 1);

  Use(Keys("b", 'A', 'B'));  // rotated
  ASSERT_TRUE(CheckCanary(database.db()).ok());
  EXPECT_EQ(rows(), 2);

  Use(Keys("b", 'C', 'B'));  // another key under an old name
  EXPECT_EQ(ReasonOf(CheckCanary(database.db())), "SEAL_KEYS_WRONG");
  EXPECT_EQ(rows(), 2);
}

}  // namespace
}  // namespace bangfu::seal

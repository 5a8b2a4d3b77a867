#include "common/printed/share.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace bangfu::printed {
namespace {

TEST(Share, Percentages) {
  EXPECT_EQ(ParsePercent("60%"), 6000);
  EXPECT_EQ(ParsePercent("12.5%"), 1250);
  EXPECT_EQ(ParsePercent("33.33%"), 3333);
  EXPECT_EQ(ParsePercent("100%"), 10000);
  for (std::string_view text :
       {"", "%", "60", "0%", "100.01%", "33.333%", "1.2.3%", "-5%", "六成", "60%左右"}) {
    EXPECT_FALSE(ParsePercent(text).has_value()) << text;
  }
}

TEST(Share, IsTakenOffTheName) {
  const auto taken = [](std::string_view name) {
    std::string share = TakeShare(&name);
    return std::string(name) + "|" + share;
  };
  EXPECT_EQ(taken("团山村(60%)"), "团山村|60%");
  EXPECT_EQ(taken("团山村(投入:30万元)"), "团山村|30万元");
  EXPECT_EQ(taken("团山村30.5万元"), "团山村|30.5万元");
  EXPECT_EQ(taken("团山村:30万元"), "团山村|30万元");
  EXPECT_EQ(taken("村集体占股51%"), "村集体|51%");
  EXPECT_EQ(taken("投资公司49%"), "投资公司|49%");
  EXPECT_EQ(taken("村集体占股 51%"), "村集体|51%");
  EXPECT_EQ(taken("1村60%"), "1村|60%");
  EXPECT_EQ(taken("红星村3组30万"), "红星村3组|30万");
  // What is no share is part of the name.
  for (std::string_view name :
       {"团山村", "团山村(原东联村)", "团山村3组", "团山村(30)", "1村", "60%", "(60%)",
        "团山村约30万元", "团山村投入资金30万元", "各村各50万元", ""}) {
    EXPECT_EQ(taken(name), std::string(name) + "|");
  }
}

TEST(Share, RoundedPartsAreMadeTheWhole) {
  const auto whole = [](std::vector<int64_t> parts) {
    return MakeWhole(&parts) ? parts : std::vector<int64_t>();
  };
  EXPECT_EQ(whole({5100, 4900}), (std::vector<int64_t>{5100, 4900}));
  EXPECT_EQ(whole({3333, 3333, 3333}), (std::vector<int64_t>{3334, 3333, 3333}));
  EXPECT_EQ(whole({1667, 1667, 1667, 1667, 1667, 1667}),
            (std::vector<int64_t>{1667, 1667, 1667, 1667, 1666, 1666}));
  EXPECT_TRUE(whole({3300, 3300, 3300}).empty());
  EXPECT_TRUE(whole({6000, 6000}).empty());
  EXPECT_TRUE(whole({}).empty());
}

}  // namespace
}  // namespace bangfu::printed

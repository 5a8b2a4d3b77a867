#include "common/base/region.h"

#include "gtest/gtest.h"

namespace bangfu {
namespace {

TEST(Region, StripsPadding) {
  EXPECT_EQ(*NormalizeRegionCode("360700000000"), "3607");
  EXPECT_EQ(*NormalizeRegionCode("360700"), "3607");
  EXPECT_EQ(*NormalizeRegionCode("360000000000"), "36");
  EXPECT_EQ(*NormalizeRegionCode("360733000"), "360733");
  EXPECT_EQ(*NormalizeRegionCode(" 360733105201\n"), "360733105201");
  EXPECT_EQ(*NormalizeRegionCode("360733100000"), "360733100");
  EXPECT_EQ(*NormalizeRegionCode("441900003000"), "441900003");
  EXPECT_EQ(*NormalizeRegionCode("36"), "36");
}

TEST(Region, RefusesWhatIsNoCode) {
  for (const char* text : {"", "3", "360", "36073", "3607331", "36073a", "0", "00", "000000",
                           "000000000000", "3607331052011", "３６"}) {
    EXPECT_EQ(NormalizeRegionCode(text).status().code(), absl::StatusCode::kInvalidArgument)
        << text;
  }
}

TEST(Region, JurisdictionIsAPrefixOfThePath) {
  const std::string user = *NormalizeRegionCode("360700000000");
  EXPECT_EQ(user, *NormalizeRegionCode("3607"));
  EXPECT_TRUE(RegionContains(user, "360733105201"));
  EXPECT_TRUE(RegionContains(user, "3607"));
  EXPECT_FALSE(RegionContains(user, "361102"));
  EXPECT_FALSE(RegionContains(user, "36"));
}

TEST(Region, LevelsAndAncestors) {
  EXPECT_EQ(LevelOfRegion("36"), RegionLevel::kProvince);
  EXPECT_EQ(LevelOfRegion("3607"), RegionLevel::kCity);
  EXPECT_EQ(LevelOfRegion("360733"), RegionLevel::kCounty);
  EXPECT_EQ(LevelOfRegion("360733105"), RegionLevel::kTownship);
  EXPECT_EQ(LevelOfRegion("360733105201"), RegionLevel::kVillage);
  EXPECT_EQ(RegionAncestor("360733105201", RegionLevel::kCounty), "360733");
  EXPECT_EQ(RegionAncestor("3607", RegionLevel::kCounty), "3607");
  EXPECT_EQ(RegionParent("360733105201"), "360733105");
  EXPECT_EQ(RegionParent("360733105"), "360733");
  EXPECT_EQ(RegionParent("3607"), "36");
  EXPECT_EQ(RegionParent("36"), "");
  EXPECT_EQ(RegionLevelDigits(RegionLevel::kVillage), 12);
}

// 360402: 庐山区 1980–2016, then 濂溪区.
TEST(Region, ACopyKeepsTheBearerOfToday) {
  const RegionYears first{1960, 1979}, second{1980, 2016}, today{2016, 0};
  EXPECT_TRUE(TakesOver(today, second));
  EXPECT_FALSE(TakesOver(second, today));
  EXPECT_TRUE(TakesOver(second, first));
  EXPECT_FALSE(TakesOver(first, second));
  // The same bearer again, also as one that has ended.
  EXPECT_TRUE(TakesOver({2016, 2026}, today));
  EXPECT_TRUE(TakesOver(today, {2016, 2026}));
  // Of most regions nobody knows since when.
  EXPECT_TRUE(TakesOver({0, 0}, second));
  EXPECT_FALSE(TakesOver(second, {0, 0}));
}

}  // namespace
}  // namespace bangfu

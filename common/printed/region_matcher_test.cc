#include "common/printed/region_matcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "common/printed/sample_for_test.h"

namespace bangfu::printed {
namespace {

const RegionMatcher& Matcher() {
  static const auto* const matcher = new RegionMatcher(SampleRegions(), SampleHistory());
  return *matcher;
}

RegionMatch Match(std::string county, std::string township, std::string village,
                  std::optional<int> year, std::string city = "九江市") {
  RegionQuery q;
  q.province = "江西省";
  q.city = std::move(city);
  q.county = std::move(county);
  q.township = std::move(township);
  q.village = std::move(village);
  q.year = year;
  return Matcher().Match(q);
}

std::vector<std::string> Codes(const RegionMatch& m) {
  std::vector<std::string> out;
  for (const RegionCandidate& c : m.candidates) out.push_back(c.code);
  return out;
}

TEST(Region, CodesPaddedDamagedAndUnknown) {
  RegionQuery q;
  q.code = "360700000000";
  EXPECT_EQ(Matcher().Match(q).code, "3607");
  EXPECT_EQ(Matcher().Match(q).grade, MatchGrade::kCode);
  q.code = "360404202";
  EXPECT_EQ(Matcher().Match(q).level, RegionLevel::kTownship);
  q.code = "3.6E+11";
  EXPECT_EQ(Matcher().Match(q).reason, "CODE_DAMAGED");
  EXPECT_EQ(Matcher().Match(q).grade, MatchGrade::kNone);
  EXPECT_TRUE(Matcher().Match(q).ask);
  q.code = "110000";
  EXPECT_EQ(Matcher().Match(q).reason, "CODE_UNKNOWN");
  q.code = "360421";  // 九江县, retired
  EXPECT_EQ(Matcher().Match(q).code, "360404");
  EXPECT_EQ(Matcher().Match(q).grade, MatchGrade::kAtYear);
  q.code = "360404202";
  q.township = "新合镇";
  EXPECT_EQ(Matcher().Match(q).reason, "CODE_NAME_DIFFER");
}

TEST(Region, ExactNames) {
  RegionMatch m = Match("浔阳区", "白水湖街道", "白水湖村", 2024);
  EXPECT_EQ(m.code, "360403004201");
  EXPECT_EQ(m.grade, MatchGrade::kExact);
  EXPECT_FALSE(m.ask);
  EXPECT_TRUE(m.complete);
  EXPECT_EQ(Match("潯陽區", "白水湖街道", "白水湖村", 2024).code,
            "360403004201");  // traditional characters
}

TEST(Region, NameOfTheYear) {
  RegionMatch m = Match("九江县", "新塘乡", "", 2015);
  EXPECT_EQ(m.code, "360404202");
  EXPECT_EQ(m.grade, MatchGrade::kAtYear);
  m = Match("九江县", "", "", 2015);
  EXPECT_EQ(m.code, "360404");
  EXPECT_FALSE(m.ask);
  EXPECT_EQ(Match("龙南县", "", "", 2019, "赣州市").code, "360783");
  EXPECT_EQ(Match("星子县", "", "", 2015).code, "360483");
  EXPECT_EQ(Match("湾里区", "", "", 2018, "南昌市").code, "360112");
}

TEST(Region, NameThatSplitNeedsTheTownship) {
  RegionMatch m = Match("庐山区", "", "", 2015);
  EXPECT_TRUE(m.ask);
  EXPECT_EQ(m.code, "");
  EXPECT_EQ(m.reason, "COUNTY_AMBIGUOUS");
  EXPECT_THAT(Codes(m), ::testing::ElementsAre("360402", "360483"));
  m = Match("庐山区", "海会镇", "", 2015);
  EXPECT_EQ(m.code, "360483108");
  EXPECT_EQ(m.grade, MatchGrade::kSplitByTownship);
  EXPECT_FALSE(m.ask);
  m = Match("庐山区", "新港镇", "荷塘村", 2015);
  EXPECT_EQ(m.code, "360402102208");
  EXPECT_EQ(m.grade, MatchGrade::kSplitByTownship);
}

TEST(Region, ShortNamesZonesAndOtherProvinces) {
  RegionMatch m = Match("都昌", "西源", "长溪", 2020);
  EXPECT_EQ(m.grade, MatchGrade::kShort);
  EXPECT_EQ(m.code, "360428202203");
  m = Match("仙女湖区", "", "", 2021, "新余市");
  EXPECT_EQ(m.grade, MatchGrade::kZone);
  EXPECT_TRUE(m.ask);
  EXPECT_EQ(m.reason, "ZONE_UNREGISTERED");
  RegionQuery q;
  q.province = "辽宁省";
  q.county = "岫岩县";
  m = Matcher().Match(q);
  EXPECT_EQ(m.grade, MatchGrade::kNone);
  EXPECT_EQ(m.reason, "OTHER_PROVINCE");
  EXPECT_EQ(Match("岫岩县", "", "", 2024).reason, "COUNTY_UNKNOWN");

  // With its full name in the table the short one matches.
  RegionMatcher other({{"2103", "鞍山市", RegionLevel::kCity, "21"},
                       {"210323", "岫岩满族自治县", RegionLevel::kCounty, "2103"}},
                      {});
  RegionQuery liaoning;
  liaoning.county = "岫岩县";
  EXPECT_EQ(other.Match(liaoning).grade, MatchGrade::kShort);
  EXPECT_EQ(other.Match(liaoning).code, "210323");
}

TEST(Region, RegisteredZone) {
  std::vector<RegionRow> regions = SampleRegions();
  regions.push_back({"3605X1", "仙女湖区", RegionLevel::kCounty, "3605", true});
  RegionMatcher matcher(std::move(regions), SampleHistory());
  RegionQuery q;
  q.city = "新余市";
  q.county = "仙女湖区";
  const RegionMatch m = matcher.Match(q);
  EXPECT_EQ(m.code, "3605X1");
  EXPECT_EQ(m.grade, MatchGrade::kZone);
}

TEST(Region, SameVillageNameInTwoTownshipsNeverMatchesAlone) {
  RegionMatch m = Match("南昌县", "", "团结村", 2021, "南昌市");
  EXPECT_EQ(m.code, "360121201209");  // one only in this county
  m = Match("新建区", "", "团结村", 2021, "南昌市");
  EXPECT_TRUE(m.ask);
  EXPECT_EQ(m.reason, "VILLAGE_AMBIGUOUS");
  EXPECT_GE(m.candidates.size(), 2U);
  m = Match("", "", "鹅湖村", 2021, "景德镇市");
  EXPECT_TRUE(m.ask);
  m = Match("", "", "", 2021);
  EXPECT_EQ(m.code, "3604");
}

TEST(Region, MergedVillages) {
  std::vector<RegionRow> regions = {
      {"36", "江西省", RegionLevel::kProvince, ""},
      {"3604", "九江市", RegionLevel::kCity, "36"},
      {"360428", "都昌县", RegionLevel::kCounty, "3604"},
      {"360428202", "西源乡", RegionLevel::kTownship, "360428"},
      {"360428202201", "东联村委会", RegionLevel::kVillage, "360428202"}};
  RegionHistoryRow gone{"360428202299", "梨园村", RegionLevel::kVillage, "九江市",
                        2000,           2019,     {{"360428202201", 0}}};
  RegionMatcher matcher(regions, {gone});
  RegionQuery q;
  q.county = "都昌县";
  q.township = "西源乡";
  q.village = "原东联村与原梨园村";
  RegionMatch m = matcher.Match(q);
  EXPECT_EQ(m.grade, MatchGrade::kMerged);
  EXPECT_EQ(m.code, "360428202201");
  EXPECT_TRUE(m.ask);
  q.village = "梨园村";
  EXPECT_EQ(matcher.Match(q).code, "360428202201");
}

TEST(Region, TownshipWithoutCounty) {
  const RegionMatch m = Match("", "新港镇", "荷塘村", std::nullopt);
  EXPECT_EQ(m.code, "360402102208");
}

TEST(Region, EveryVillageFindsItselfByNameOrIsAsked) {
  const std::vector<RegionRow> regions = SampleRegions();
  std::map<std::string, std::string> names;
  for (const RegionRow& row : regions) names[row.code] = row.name;
  int matched = 0, asked = 0;
  for (const RegionRow& row : regions) {
    if (row.level != RegionLevel::kVillage) continue;
    RegionQuery q;
    q.province = names[row.code.substr(0, 2)];
    q.city = names[row.code.substr(0, 4)];
    q.county = names[row.code.substr(0, 6)];
    q.township = names[row.code.substr(0, 9)];
    q.village = row.name;
    q.year = 2023;
    const RegionMatch m = Matcher().Match(q);
    if (m.ask) {
      ++asked;  // two villages of one name in one township
    } else {
      ++matched;
      EXPECT_EQ(m.code, row.code) << m.explanation_zh;
      EXPECT_EQ(m.grade, MatchGrade::kExact);
    }
    RegionQuery by_code;
    by_code.code = row.code;
    EXPECT_EQ(Matcher().Match(by_code).code, row.code);
  }
  EXPECT_EQ(matched + asked, 22080);
  EXPECT_EQ(asked, 2);
}

TEST(Region, SuccessorLists) {
  const auto s = ParseSuccessors("360482[2010];360483");
  ASSERT_EQ(s.size(), 2U);
  EXPECT_EQ(s[0].year, 2010);
  EXPECT_EQ(s[1].code, "360483");
  EXPECT_TRUE(ParseSuccessors("").empty());
}

}  // namespace
}  // namespace bangfu::printed

#include "common/printed/villages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace bangfu::printed {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> Names(const PlaceList& list) {
  std::vector<std::string> out;
  for (const PlaceName& p : list.names) out.push_back(p.name);
  return out;
}

TEST(Villages, SeveralInOneCell) {
  EXPECT_THAT(Names(SplitVillages("立斯达村、邑等村")), ElementsAre("立斯达村", "邑等村"));
  PlaceList list = SplitVillages("尧口、陂角、大湾等行政村");
  EXPECT_THAT(Names(list), ElementsAre("尧口", "陂角", "大湾"));
  EXPECT_TRUE(list.incomplete);
  list = SplitVillages("罗厝村等15村社");
  EXPECT_THAT(Names(list), ElementsAre("罗厝村"));
  EXPECT_EQ(list.stated_count, 15);
  list = SplitVillages("荷塘村、杨家场村、官洲村、洪垅埂村、竹林村、芳兰村等7个村");
  EXPECT_EQ(list.names.size(), 6U);
  EXPECT_EQ(list.stated_count, 7);
  EXPECT_TRUE(list.incomplete);
  list = SplitVillages("杨家堡镇团山村、苏家堡村");
  EXPECT_THAT(Names(list), ElementsAre("团山村", "苏家堡村"));
  EXPECT_EQ(list.names[0].township, "杨家堡镇");
  EXPECT_FALSE(list.names[0].township_inferred);
  EXPECT_EQ(list.names[1].township, "杨家堡镇");
  EXPECT_TRUE(list.names[1].township_inferred);
  EXPECT_THAT(Names(SplitVillages("原东联村与原梨园村")), ElementsAre("东联村", "梨园村"));
  EXPECT_TRUE(SplitVillages("原东联村与原梨园村").names[0].former);
  EXPECT_THAT(Names(SplitVillages("和睦村")), ElementsAre("和睦村"));
  EXPECT_THAT(Names(SplitVillages("1村")), ElementsAre("1村"));
  EXPECT_THAT(Names(SplitVillages("镇前村")), ElementsAre("镇前村"));
  EXPECT_EQ(SplitVillages("三个村").stated_count, 3);
  EXPECT_TRUE(SplitVillages("全镇各村").all);
  EXPECT_THAT(SplitVillages("").names, IsEmpty());
  list = SplitTownships("新塘乡、新合镇、狮子镇等乡镇");
  EXPECT_THAT(Names(list), ElementsAre("新塘乡", "新合镇", "狮子镇"));
  EXPECT_TRUE(list.incomplete);
}

TEST(Villages, SharesBehindTheNames) {
  const auto shares = [](std::string_view cell) {
    std::vector<std::string> out;
    for (const PlaceName& p : SplitVillages(cell).names) out.push_back(p.name + "=" + p.share_text);
    return out;
  };
  EXPECT_THAT(shares("立斯达村（60％）、邑等村（40％）"),
              ElementsAre("立斯达村=60%", "邑等村=40%"));
  EXPECT_THAT(shares("团山村30万元、苏家堡村20.5万元"),
              ElementsAre("团山村=30万元", "苏家堡村=20.5万元"));
  EXPECT_THAT(shares("团山村：30万元；苏家堡村投入20万元"),
              ElementsAre("团山村=30万元", "苏家堡村=20万元"));
  EXPECT_THAT(shares("团山村 60%、苏家堡村"), ElementsAre("团山村=60%", "苏家堡村="));
  EXPECT_THAT(shares("团山村 （60％）、苏家堡村： 30万元"),
              ElementsAre("团山村=60%", "苏家堡村=30万元"));
  EXPECT_THAT(shares("团山村 苏家堡村 40%"), ElementsAre("团山村=", "苏家堡村=40%"));
  EXPECT_THAT(shares("团山村  60%\n苏家堡村\n40%"), ElementsAre("团山村=60%", "苏家堡村=40%"));
  EXPECT_THAT(shares("团山村、苏家堡村 2个村 60万元"), ElementsAre("团山村=", "苏家堡村="));
  EXPECT_THAT(shares("1村60%、5村40%"), ElementsAre("1村=60%", "5村=40%"));
  EXPECT_THAT(shares("团山村60%和苏家堡村40%"), ElementsAre("团山村=60%", "苏家堡村=40%"));
  // What is no share stays in the name.
  EXPECT_THAT(shares("1村、团山村(原东联村)"), ElementsAre("1村=", "团山村(原东联村)="));
  EXPECT_THAT(shares("团山村3组"), ElementsAre("团山村3组="));
  EXPECT_THAT(shares("团山村、60%"), ElementsAre("团山村=", "60%="));  // whose?
}

}  // namespace
}  // namespace bangfu::printed

#include "common/printed/columns.h"

#include "gtest/gtest.h"

namespace bangfu::printed {
namespace {

TEST(Columns, AreCalledByTheirHeadersAndNoTwoAlike) {
  ColumnNames names;
  EXPECT_EQ(names.Next(0, "养殖品种"), "养殖品种");
  EXPECT_EQ(names.Next(1, ""), "第2列");
  EXPECT_EQ(names.Next(2, "养殖品种"), "养殖品种（第3列）");
  EXPECT_EQ(names.Next(3, ""), "第4列");
  // Not what a field's own text is kept under.
  EXPECT_EQ(names.Next(4, "planned_total"), "planned_total（第5列）");
  EXPECT_EQ(names.Next(5, "maintenance.person"), "maintenance.person（第6列）");
  EXPECT_EQ(names.Next(6, "GPS"), "GPS");
  // Cut, at a character's end.
  std::string longest;
  for (int i = 0; i < 120; ++i) longest += "长";
  EXPECT_EQ(names.Next(7, longest), longest.substr(0, 300));
}

TEST(Columns, OfPeopleAreKnownByTheirHeaders) {
  for (const char* header :
       {"联系电话", "项目负责人", "户主姓名", "管护责任人", "填报人（签字）"}) {
    EXPECT_TRUE(IsPersonalHeader(header)) << header;
  }
  for (const char* header : {"", "养殖品种", "建设内容", "责任单位", "编号"}) {
    EXPECT_FALSE(IsPersonalHeader(header)) << header;
  }
}

}  // namespace
}  // namespace bangfu::printed

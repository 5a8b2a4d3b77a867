#include "common/mysql/session.h"
#include "common/mysql/value.h"
#include "common/testing/status_matchers.h"

namespace bangfu::mysql {
namespace {

using ::bangfu::testing::IsOkAndHolds;
using ::bangfu::testing::StatusIs;
using ::testing::ElementsAre;

TEST(LiteralTest, WritesEachKindOfValue) {
  EXPECT_EQ(Literal(nullptr), "NULL");
  EXPECT_EQ(Literal(int64_t{-5}), "-5");
  EXPECT_EQ(Literal("冷库"), "'冷库'");
  EXPECT_EQ(Literal(absl::CivilDay(2026, 1, 2)), "'2026-01-02'");
  EXPECT_EQ(Literal(absl::FromUnixMicros(1)), "'1970-01-01 00:00:00.000001'");
  EXPECT_EQ(Literal(absl::InfinitePast()), "NULL");
  EXPECT_EQ(Literal(std::optional<int64_t>()), "NULL");
  EXPECT_EQ(Literal(std::string("\xff\x00", 2)), "x'ff00'");
}

TEST(LiteralTest, WhatIsNotTextIsHexadecimal) {
  for (const char* bad :
       {"\x80", "\xc0\xaf", "\xc1\xbf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf0\x80\x80\xaf",
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe5\x86", "12345678\xff", "\xe5\x86\x41"}) {
    EXPECT_THAT(Literal(bad), ::testing::StartsWith("x'")) << Literal(bad);
  }
  for (const char* good : {"", "a", "12345678", "冷库12345678𠮷", "\xc2\x80", "\xed\x9f\xbf",
                           "\xee\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_EQ(Literal(good), absl::StrCat("'", good, "'"));
  }
}

TEST(LiteralTest, EscapesWhatCouldEndTheText) {
  EXPECT_EQ(Literal(R"(a'b"c\)"), R"('a\'b\"c\\')");
  EXPECT_EQ(Literal(std::string("a\0b\n\r\x1a", 6)), R"('a\0b\n\r\Z')");
}

TEST(InterpolateTest, LeavesQuotedQuestionMarksAlone) {
  EXPECT_THAT(Interpolate("SELECT '?', \"a\\\"?\", `?` -- ?\n, /* ? */ ? FROM t", {"x"}),
              IsOkAndHolds(std::string("SELECT '?', \"a\\\"?\", `?` -- ?\n, /* ? */ 'x' FROM t")));
  EXPECT_THAT(Interpolate("a = 'it''s ?' AND b = ?", {1}),
              IsOkAndHolds(std::string("a = 'it''s ?' AND b = 1")));
  EXPECT_THAT(Interpolate("? ?", {"? '"}), StatusIs(absl::StatusCode::kInternal));
  EXPECT_THAT(Interpolate("?", {1, 2}), StatusIs(absl::StatusCode::kInternal));
}

TEST(SplitStatementsTest, SplitsAtLineEndsOutsideTexts) {
  EXPECT_THAT(SplitStatements(
                  "-- head\nCREATE TABLE a (b INT); \nINSERT INTO a VALUES ('x;\ny'), (';');\n\n"
                  "-- the end;\n"),
              ElementsAre("CREATE TABLE a (b INT)", "INSERT INTO a VALUES ('x;\ny'), (';')"));
  EXPECT_THAT(SplitStatements("SELECT 1; -- one; it's\nSELECT 2;"),
              ElementsAre("SELECT 1", "SELECT 2"));
  EXPECT_THAT(SplitStatements("SELECT 1; SELECT 2"), ElementsAre("SELECT 1; SELECT 2"));
}

TEST(RegionClauseTest, IsARangePerPrefix) {
  Params params = {7};
  EXPECT_EQ(
      RegionClause({"3607", "360821"}, "p.region_path", &params),
      "((p.region_path >= ? AND p.region_path < ?) OR (p.region_path >= ? AND p.region_path < ?))");
  ASSERT_EQ(params.size(), 5u);
  EXPECT_EQ(Literal(params[1]), "'3607'");
  EXPECT_EQ(Literal(params[2]), "'3607~'");
  Params none;
  EXPECT_EQ(RegionClause({}, "region_path", &none), "FALSE");
  EXPECT_TRUE(none.empty());
}

}  // namespace
}  // namespace bangfu::mysql

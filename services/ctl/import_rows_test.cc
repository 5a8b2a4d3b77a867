#include "services/ctl/import_rows.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bangfu::ctl {
namespace {

using testing::ElementsAre;

constexpr char kId[] = "01JBZ3V7Q8X4M2N6P9R0S1T2V3";

NamedRow Report(const NamedRow& cells) {
  NamedRow row = {{"项目编码", "PJ1"}, {"月份", "2026-10"}, {"单位", "吨"}};
  for (const auto& [column, text] : cells) row[column] = text;
  return row;
}

std::vector<std::string> Refusals(const absl::Status& status) {
  std::vector<std::string> out;
  for (const RefusedRow& line : RefusalOf(7, status)) out.push_back(line.Text());
  return out;
}

TEST(ImportRowsTest, AnEmptyCellIsNotZero) {
  const auto report = ReportOfRow(Report({{"务工人数", ""}, {"工资（万元）", " "}}), kId);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_FALSE(report->has_workers());
  EXPECT_FALSE(report->has_wages_fen());
  EXPECT_FALSE(report->has_person_days());
  EXPECT_FALSE(report->has_output());
  const auto score = ScoreOfRow({{"编码", "PJ1"}, {"市场前景", ""}, {"资源支撑", "0"}}, kId);
  ASSERT_TRUE(score.ok()) << score.status();
  EXPECT_FALSE(score->has_market_outlook());
  EXPECT_TRUE(score->has_resource_basis());  // a nought that was written is one
}

TEST(ImportRowsTest, NumbersAreReadAsPeopleWriteThem) {
  const auto report = ReportOfRow(Report({{"务工人数", "1,234"},
                                          {"其中脱贫人数", "８０"},
                                          {"务工人日", "160.0"},
                                          {"产值（万元）", "724.712484"},
                                          {"产量", "12.5"},
                                          {"停产天数", " 3 "},
                                          {"季节性停产", "是"}}),
                                  kId);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->workers(), 1234);
  EXPECT_EQ(report->poor_workers(), 80);
  EXPECT_EQ(report->person_days(), 160);
  EXPECT_EQ(report->output_value_fen(), 724712484);
  EXPECT_EQ(report->output().value_milli(), 12500);
  EXPECT_EQ(report->output().unit(), "吨");
  EXPECT_EQ(report->stop_days(), 3);
  EXPECT_TRUE(report->off_season());
}

TEST(ImportRowsTest, EveryBadCellOfARowIsNamed) {
  const auto report = ReportOfRow(Report({{"产值（万元）", "十万"},
                                          {"务工人数", "80人"},
                                          {"务工人日", "85.5"},
                                          {"季节性停产", "有"},
                                          {"产量", "约12"}}),
                                  kId);
  EXPECT_THAT(
      Refusals(report.status()),
      ElementsAre("第 7 行 产值（万元）：“十万”不是数字", "第 7 行 务工人数：“80人”不是数字",
                  "第 7 行 务工人日：“85.5”应为整数，且不得过大",
                  "第 7 行 季节性停产：“有”应为是或否", "第 7 行 产量：“约12”不是数字"));
}

TEST(ImportRowsTest, AScoreThatCannotBeReadIsNoNought) {
  for (const char* cell : {"80分", "85.5", "优", "8O", "1e2"}) {
    const auto score = ScoreOfRow({{"编码", "PJ1"}, {"市场前景", cell}, {"资源支撑", "70"}}, kId);
    ASSERT_FALSE(score.ok()) << cell;
    EXPECT_EQ(RefusalOf(3, score.status())[0].column, "市场前景") << cell;
  }
}

TEST(ImportRowsTest, AScoreMayTellItsDay) {
  const auto row = [](const char* cell) {
    return ScoreOfRow({{"编码", "PJ1"}, {"市场前景", "80"}, {"资源支撑", "70"}, {"评分日期", cell}},
                      kId);
  };
  const auto told = row(" ２０２６-10-09 ");
  ASSERT_TRUE(told.ok()) << told.status();
  EXPECT_EQ(FormatDate(told->scored_on()), "2026-10-09");
  EXPECT_FALSE(row("")->has_scored_on());
  EXPECT_FALSE(
      ScoreOfRow({{"编码", "PJ1"}, {"市场前景", "80"}, {"资源支撑", ""}}, kId)->has_scored_on());
  for (const char* cell : {"2026年10月9日", "2026-13-01", "昨天"}) {
    const auto score = row(cell);
    ASSERT_FALSE(score.ok()) << cell;
    EXPECT_EQ(RefusalOf(3, score.status())[0].column, "评分日期") << cell;
  }
}

TEST(ImportRowsTest, WhatTheContractForbidsIsRefusedByItsColumn) {
  const auto column = [](const absl::Status& status) {
    const auto lines = RefusalOf(2, status);
    return lines.size() == 1 ? lines[0].column : "";
  };
  EXPECT_EQ(column(ReportOfRow(Report({{"停产天数", "32"}}), kId).status()), "停产天数");
  EXPECT_EQ(column(ReportOfRow(Report({{"务工人数", "-1"}}), kId).status()), "务工人数");
  EXPECT_EQ(column(ReportOfRow(Report({{"务工人数", "4294967296"}}), kId).status()), "务工人数");
  EXPECT_EQ(column(ReportOfRow(Report({{"月份", "10月"}}), kId).status()), "月份");
  EXPECT_EQ(column(ReportOfRow(Report({{"产量", "-5"}}), kId).status()), "产量");
  EXPECT_EQ(column(ScoreOfRow({{"市场前景", "101"}, {"资源支撑", "70"}}, kId).status()),
            "市场前景");
}

TEST(ImportRowsTest, YearsAreYears) {
  EXPECT_EQ(*YearOfCell(""), 0);
  EXPECT_EQ(*YearOfCell("1983"), 1983);
  EXPECT_FALSE(YearOfCell("1983年").ok());
  EXPECT_FALSE(YearOfCell("-1").ok());
}

TEST(ImportRowsTest, ARefusedBatchNamesItsRows) {
  const absl::Status refusal = Error(absl::StatusCode::kInvalidArgument, "FIELD_INVALID")
                                   .Field("scores[1].cause", "不是规定的困难原因代码")
                                   .Field("scores[9].cause", "不在批内")
                                   .Field("request_id", "与行无关");
  const auto faults =
      FaultsOfBatch(refusal, "scores", *evaluation::v1::ExpertScore::descriptor(), 2);
  ASSERT_EQ(faults.size(), 1u);
  EXPECT_THAT(Refusals(faults.at(1)), ElementsAre("第 7 行 困难原因：不是规定的困难原因代码"));
  EXPECT_TRUE(FaultsOfBatch(absl::UnavailableError("away"), "scores",
                            *evaluation::v1::ExpertScore::descriptor(), 2)
                  .empty());
}

}  // namespace
}  // namespace bangfu::ctl

#include "common/printed/amount.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>

namespace bangfu::printed {
namespace {

struct AmountCase {
  std::string raw;
  ParseState state;
  std::optional<int64_t> fen, low, high;
};

class Amounts : public ::testing::TestWithParam<AmountCase> {};

TEST_P(Amounts, AsPublished) {
  const AmountCase& c = GetParam();
  const Amount a = ParseAmount(c.raw);
  EXPECT_EQ(ParseStateName(a.state), ParseStateName(c.state)) << c.raw << " " << a.note_zh;
  EXPECT_EQ(a.fen, c.fen) << c.raw;
  EXPECT_EQ(a.low_fen, c.low) << c.raw;
  EXPECT_EQ(a.high_fen, c.high) << c.raw;
  EXPECT_EQ(a.raw, c.raw);
}

constexpr std::nullopt_t kNo = std::nullopt;

INSTANTIATE_TEST_SUITE_P(
    Published, Amounts,
    ::testing::Values(AmountCase{"2315.61万元", ParseState::kExact, 231561'0000, kNo, kNo},
                      AmountCase{"724.712484万元", ParseState::kExact, 724712484, kNo, kNo},
                      AmountCase{"26045.5340万元", ParseState::kExact, 26045534000, kNo, kNo},
                      AmountCase{"159993.26元", ParseState::kExact, 15999326, kNo, kNo},
                      AmountCase{"2.23亿元", ParseState::kExact, 22300000000, kNo, kNo},
                      AmountCase{"6亿元", ParseState::kExact, 60000000000, kNo, kNo},
                      AmountCase{"1亿2000万元", ParseState::kExact, 12000000000, kNo, kNo},
                      AmountCase{"１，２３４．５万元", ParseState::kExact, 1234500000, kNo, kNo},
                      AmountCase{"３００萬元", ParseState::kExact, 300000000, kNo, kNo},
                      AmountCase{"2億圓", ParseState::kExact, 20000000000, kNo, kNo},
                      AmountCase{" 600万 ", ParseState::kExact, 600000000, kNo, kNo},
                      AmountCase{"-12.5万元", ParseState::kExact, -12500000, kNo, kNo},
                      AmountCase{"0.000001万元", ParseState::kExact, 1, kNo, kNo},
                      AmountCase{"1.00000000万元", ParseState::kExact, 1000000, kNo, kNo},
                      AmountCase{"1.0000001万元", ParseState::kAbsent, kNo, kNo, kNo},
                      AmountCase{"约600万元", ParseState::kApproximate, 600000000, kNo, kNo},
                      AmountCase{"約６００萬元", ParseState::kApproximate, 600000000, kNo, kNo},
                      AmountCase{"600万元左右", ParseState::kApproximate, 600000000, kNo, kNo},
                      AmountCase{"200余万元", ParseState::kApproximate, kNo, 200000000, kNo},
                      AmountCase{"1500多万元", ParseState::kApproximate, kNo, 1500000000, kNo},
                      AmountCase{"5000余万元", ParseState::kApproximate, kNo, 5000000000, kNo},
                      AmountCase{"近13万元", ParseState::kApproximate, kNo, kNo, 13000000},
                      AmountCase{"不超过13万元", ParseState::kApproximate, kNo, kNo, 13000000},
                      AmountCase{"突破50万元", ParseState::kApproximate, kNo, 50000000, kNo},
                      AmountCase{"800至1000元", ParseState::kRange, kNo, 80000, 100000},
                      AmountCase{"3000至4000元", ParseState::kRange, kNo, 300000, 400000},
                      AmountCase{"10万元—20万元", ParseState::kRange, kNo, 10000000, 20000000},
                      AmountCase{"*元", ParseState::kMasked, kNo, kNo, kNo},
                      AmountCase{"***万元", ParseState::kMasked, kNo, kNo, kNo},
                      AmountCase{"XX万元", ParseState::kMasked, kNo, kNo, kNo},
                      AmountCase{"投资万元", ParseState::kAbsent, kNo, kNo, kNo},
                      AmountCase{"", ParseState::kAbsent, kNo, kNo, kNo},
                      AmountCase{"/", ParseState::kAbsent, kNo, kNo, kNo},
                      AmountCase{"300", ParseState::kAbsent, kNo, kNo, kNo},
                      AmountCase{"3.6E+07元", ParseState::kAbsent, kNo, kNo, kNo},
                      AmountCase{"28.1万人", ParseState::kAbsent, kNo, kNo, kNo},
                      AmountCase{"99999999999999999999万元", ParseState::kAbsent, kNo, kNo, kNo},
                      AmountCase{"连续两年每年投入1000万元(全项目)", ParseState::kSplitUnknown, kNo,
                                 kNo, kNo},
                      AmountCase{"省级730万元、市级394.2万元、县级配套362.128万元(未分摊)",
                                 ParseState::kSplitUnknown, kNo, kNo, kNo},
                      AmountCase{"8060亩专项奖补:每亩500元;2020年每亩1000元",
                                 ParseState::kSplitUnknown, kNo, kNo, kNo},
                      AmountCase{"每村100万元", ParseState::kSplitUnknown, kNo, kNo, kNo},
                      AmountCase{"350元/亩", ParseState::kSplitUnknown, kNo, kNo, kNo},
                      AmountCase{"300万元、48万元", ParseState::kSplitUnknown, kNo, kNo, kNo}));

TEST(Amount, UnitFromCellThenHeaderThenTitleElseAsked) {
  Amount a = ParseAmount("300元", {"总投资（万元）", "单位：亿元"});
  EXPECT_EQ(a.fen, 30000);
  EXPECT_EQ(a.unit_source, UnitSource::kCell);
  a = ParseAmount("300", {"总投资（万元）", "单位：亿元"});
  EXPECT_EQ(a.fen, 300000000);
  EXPECT_EQ(a.unit_source, UnitSource::kHeader);
  a = ParseAmount("300", {"总投资", "2021年项目计划表 单位:元"});
  EXPECT_EQ(a.fen, 30000);
  EXPECT_EQ(a.unit_source, UnitSource::kTitle);
  a = ParseAmount("300", {"总投资", "多元化产业项目表"});
  EXPECT_EQ(a.unit_source, UnitSource::kAsk);
  EXPECT_FALSE(a.fen.has_value());
  EXPECT_EQ(a.state, ParseState::kAbsent);
  EXPECT_EQ(ParseAmount("800-1000", {"金额（元）", ""}).high_fen, 100000);
  EXPECT_EQ(ParseAmount("约300", {"金额（万元）", ""}).state, ParseState::kApproximate);
  EXPECT_EQ(ParseAmount("-3.5", {"金额（万元）", ""}).fen, -3500000);
  EXPECT_EQ(ParseAmount("13912345678", {"金额（分厘）", "单位：元"}).fen,
            1391234567800);  // looks like a phone number
  EXPECT_TRUE(ParseAmount("1.1234567", {"金额（万元）", ""}).refused);
}

TEST(Amount, TotalAndThisAllocationAreTwoFields) {
  const AllocationFigures f = ParseAllocation("总投资340万元，本次安排310万元");
  EXPECT_EQ(f.planned_total->fen, 340000000);
  EXPECT_EQ(f.allocation->fen, 310000000);
  EXPECT_FALSE(ParseAllocation("总投资340万元").allocation.has_value());
}

TEST(Amount, WhatWasUnderstoodIsTold) {
  EXPECT_EQ(AmountText(ParseAmount("300万元")), "300万元");
  EXPECT_EQ(AmountText(ParseAmount("约600万元")), "600万元");
  EXPECT_EQ(AmountText(ParseAmount("30至50万元")), "30—50万元");
  EXPECT_EQ(AmountText(ParseAmount("200余万元")), "不少于200万元");
  EXPECT_EQ(AmountText(ParseAmount("近13万元")), "不超过13万元");
  EXPECT_EQ(AmountText(ParseAmount("*元")), "");
  EXPECT_EQ(AmountText(ParseAmount("")), "");
}

}  // namespace
}  // namespace bangfu::printed

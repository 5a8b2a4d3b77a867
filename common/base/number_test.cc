#include <cstdint>
#include <limits>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "common/base/bp.h"
#include "common/base/decimal.h"
#include "common/base/money.h"
#include "common/testing/deep.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bangfu {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

std::vector<int64_t> Split(int64_t total, std::vector<int64_t> weights) {
  return SplitLargestRemainder(total, weights);
}

TEST(Decimal, ParsesExactly) {
  EXPECT_EQ(*ParseScaledDecimal("724.712484", 6), 724712484);
  EXPECT_EQ(*ParseScaledDecimal("26045.5340", 6), 26045534000);
  EXPECT_EQ(*ParseScaledDecimal("-12.3400", 2), -1234);
  EXPECT_EQ(*ParseScaledDecimal("+0.1", 1), 1);
  EXPECT_EQ(*ParseScaledDecimal("007", 0), 7);
  EXPECT_EQ(*ParseScaledDecimal("1,234.5", 2), 123450);
  EXPECT_EQ(*ParseScaledDecimal("12,345,678", 0), 12345678);
  EXPECT_EQ(*ParseScaledDecimal("0.10000000000000000000000", 1), 1);
}

TEST(Decimal, RefusesWhatIsNoNumber) {
  for (const char* text : {"", "-", ".", ".5", "5.", "1.2.3", "1e3", "NaN", " 1", "1 ", "--1",
                           "12,34", "1234,567", ",123", "1,,234", "1,234,", "0.1,2", "１２"}) {
    EXPECT_EQ(ParseScaledDecimal(text, 6).status().code(), absl::StatusCode::kInvalidArgument)
        << text;
  }
}

TEST(Decimal, RefusesWhatDoesNotFit) {
  EXPECT_EQ(ParseScaledDecimal("0.0000001", 6).status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(*ParseScaledDecimal("9223372036854775807", 0), kMax);
  EXPECT_EQ(*ParseScaledDecimal("-9223372036854775808", 0), kMin);
  EXPECT_EQ(ParseScaledDecimal("9223372036854775808", 0).status().code(),
            absl::StatusCode::kOutOfRange);
  EXPECT_EQ(ParseScaledDecimal("1000000000000000000", 2).status().code(),
            absl::StatusCode::kOutOfRange);
  EXPECT_EQ(ParseScaledDecimal(std::string(10000, '9'), 0).status().code(),
            absl::StatusCode::kOutOfRange);
}

TEST(Decimal, FormatsTheShortestForm) {
  EXPECT_EQ(FormatScaledDecimal(72471248400, 10), "7.24712484");
  EXPECT_EQ(FormatScaledDecimal(0, 6), "0");
  EXPECT_EQ(FormatScaledDecimal(1000000, 6), "1");
  EXPECT_EQ(FormatScaledDecimal(-5, 2), "-0.05");
  EXPECT_EQ(FormatScaledDecimal(120, 0), "120");
  EXPECT_EQ(FormatScaledDecimal(kMin, 0), "-9223372036854775808");
  EXPECT_EQ(FormatScaledDecimal(kMin, 18), "-9.223372036854775808");
  for (const int64_t v : {kMin, kMax, int64_t{-1}, int64_t{1}, int64_t{10}, int64_t{123456789}}) {
    EXPECT_EQ(*ParseScaledDecimal(FormatScaledDecimal(v, 6), 6), v);
  }
}

TEST(Money, IsExactInEveryUnit) {
  EXPECT_EQ(*ParseFen("724.712484", MoneyUnit::kWanYuan), 724712484);
  EXPECT_EQ(*ParseFen("159993.26", MoneyUnit::kYuan), 15999326);
  EXPECT_EQ(*ParseFen("2.23", MoneyUnit::kYiYuan), 22300000000);
  EXPECT_EQ(*ParseFen("17", MoneyUnit::kFen), 17);
  EXPECT_EQ(FormatWanYuan(724712484), "724.712484");
  EXPECT_EQ(FormatWanYuan(4479100000), "4479.1");
  EXPECT_EQ(FormatYuan(15999326), "159993.26");
}

TEST(Money, RefusesMoreThanAFenAndOverflow) {
  EXPECT_EQ(ParseFen("1.0000001", MoneyUnit::kWanYuan).status().code(),
            absl::StatusCode::kOutOfRange);
  EXPECT_EQ(ParseFen("0.001", MoneyUnit::kYuan).status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(*AddFen(1, -2), -1);
  EXPECT_EQ(AddFen(kMax, 1).status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(AddFen(kMin, -1).status().code(), absl::StatusCode::kOutOfRange);
}

TEST(BasisPoints, RoundHalfUp) {
  EXPECT_EQ(RatioBp(4, 6), 6667);
  EXPECT_EQ(RatioBp(4, 9), 4444);
  EXPECT_EQ(RatioBp(1, 0), 0);
  EXPECT_EQ(RatioBp(-4, -6), 6667);
  EXPECT_EQ(MulDivHalfUp(1, 1, 2), 1);
  EXPECT_EQ(MulDivHalfUp(-1, 1, 2), 0);
  EXPECT_EQ(MulDivHalfUp(-3, 1, 2), -1);
  EXPECT_EQ(MulDivHalfUp(-5, 1, 3), -2);
  EXPECT_EQ(MulDivHalfUp(2, 1, 3), 1);
  EXPECT_EQ(MulDivHalfUp(kMax, kMax, kMax), kMax);
  EXPECT_EQ(MulDivHalfUp(kMin, kMin, 1), kMax);
  EXPECT_EQ(MulDivHalfUp(kMin, kMax, 1), kMin);
}

TEST(Decimal, WhatIsWrittenReadsBackExactly) {
  std::mt19937_64 random(testing::PropertySeed(1));
  for (int i = 0; i < testing::Runs(2000, 2'000'000); ++i) {
    // As many small numbers as large ones.
    const int64_t v = static_cast<int64_t>(random()) >> (random() % 63);
    const int scale = static_cast<int>(random() % 19);
    ASSERT_EQ(*ParseScaledDecimal(FormatScaledDecimal(v, scale), scale), v) << v << " " << scale;
    ASSERT_EQ(*ParseFen(FormatWanYuan(v), MoneyUnit::kWanYuan), v);
    ASSERT_EQ(*ParseFen(FormatYuan(v), MoneyUnit::kYuan), v);
  }
}

TEST(Decimal, NoTextIsReadAsAnotherNumber) {
  std::mt19937_64 random(testing::PropertySeed(2));
  constexpr std::string_view kAtoms = "0123456789,.-+eE ";
  for (int i = 0; i < testing::Runs(5000, 2'000'000); ++i) {
    std::string text;
    for (size_t n = random() % 12; n > 0; --n) text += kAtoms[random() % kAtoms.size()];
    const absl::StatusOr<int64_t> value = ParseScaledDecimal(text, 6);
    if (!value.ok()) continue;
    // What was read is what stands there: written again, it reads the same.
    ASSERT_EQ(*ParseScaledDecimal(FormatScaledDecimal(*value, 6), 6), *value) << text;
    ASSERT_EQ(text.find_first_of("eE"), std::string::npos) << text;
  }
}

TEST(Split, AHundredYuanIntoThree) {
  EXPECT_THAT(Split(10000, {1, 1, 1}), ElementsAre(3334, 3333, 3333));
}

TEST(Split, GivesTheLargestRemainderFirst) {
  EXPECT_THAT(Split(10, {1, 2, 4}), ElementsAre(1, 3, 6));
  EXPECT_THAT(Split(100, {0, 5, 0}), ElementsAre(0, 100, 0));
  EXPECT_THAT(Split(-10000, {1, 1, 1}), ElementsAre(-3334, -3333, -3333));
  EXPECT_THAT(Split(0, {3, 4}), ElementsAre(0, 0));
  EXPECT_THAT(Split(1, {}), IsEmpty());
  EXPECT_THAT(Split(1, {0, 0}), IsEmpty());
  EXPECT_THAT(Split(1, {-1, 2}), IsEmpty());
}

TEST(Split, AlwaysSumsToTheTotal) {
  uint64_t state = 1;
  const auto next = [&] {
    return (state = state * 6364136223846793005u + 1442695040888963407u) >> 1;
  };
  for (int round = 0; round < testing::Runs(500, 200'000); ++round) {
    std::vector<int64_t> weights(1 + next() % 20);
    for (auto& w : weights) w = static_cast<int64_t>(next() % 1'000'000'007);
    weights[0] += 1;
    const int64_t total = static_cast<int64_t>(next());
    const auto parts = Split(total, weights);
    EXPECT_EQ(std::accumulate(parts.begin(), parts.end(), int64_t{0}), total);
  }
  EXPECT_THAT(Split(kMax, {kMax, kMax}), ElementsAre(kMax / 2 + 1, kMax / 2));
}

}  // namespace
}  // namespace bangfu

#include "services/evaluation/domain/wording.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/evaluation/domain/baseline.h"
#include "services/evaluation/domain/engine.h"
#include "services/evaluation/domain/vectors_for_test.h"

namespace bangfu::evaluation {
namespace {

TEST(Wording, QuantitiesAreExactAndCarryTheirUnit) {
  EXPECT_EQ(QuantityZh(1250, "bp"), "12.5%");
  EXPECT_EQ(QuantityZh(-250, "bp"), "-2.5%");
  EXPECT_EQ(QuantityZh(5500, "bp"), "55%");
  EXPECT_EQ(QuantityZh(18, "month"), "18个月");
  EXPECT_EQ(QuantityZh(2500, "milli_household"), "2.5户");
  EXPECT_EQ(QuantityZh(0, "count"), "0个");
  EXPECT_EQ(QuantityZh(3'200'000, "fen"), "3.2万元");
  EXPECT_EQ(QuantityZh(-3'200'000, "fen"), "-3.2万元");
  EXPECT_EQ(QuantityZh(1'000'000, "fen"), "1万元");
  EXPECT_EQ(QuantityZh(999'999, "fen"), "9999.99元");
  EXPECT_EQ(QuantityZh(1'234'567, "fen"), "12345.67元");  // 万元 would need four decimals
  EXPECT_EQ(QuantityZh(7, "parsec"), "7parsec");
}

TEST(Wording, EveryUnitOfTheBaselineHasAName) {
  const CriteriaSet set = BaselineV1();
  for (const IndicatorDef& def : set.indicators) {
    if (def.value_type == ValueType::kCategory) {
      for (const CategoryScore& category : def.categories) {
        EXPECT_EQ(CategoryZh(set, def.code, category.code), category.name_zh);
      }
    } else {
      EXPECT_FALSE(UnitZh(def.unit).empty()) << def.code << " " << def.unit;
    }
  }
  for (const ParamInfo& info : ParamTable()) EXPECT_FALSE(UnitZh(info.unit).empty()) << info.name;
  EXPECT_EQ(CategoryZh(set, "D2-01", "NO_SUCH"), "NO_SUCH");
}

TEST(Wording, AGateSaysWhatItWantsAndWhatItFound) {
  GateTrace gate;
  gate.name = "consolidate_d3_min";
  gate.name_zh = "资产收益得分";
  gate.threshold = 6000;
  gate.actual = 7250;
  gate.passed = true;
  EXPECT_EQ(GateZh(gate), "资产收益得分不低于60分：实际72.5分，达到。");
  EXPECT_EQ(GateUnitZh(gate.name), "分");
  gate.name = "viable_idle_months_below";
  gate.name_zh = "连续闲置月数";
  gate.at_least = false;
  gate.threshold = 6;
  gate.actual = 8;
  gate.passed = false;
  EXPECT_EQ(GateZh(gate), "连续闲置月数低于6个月：实际8个月，未达到。");
  EXPECT_EQ(GateValueZh("market_margin_min", 1250), "12.5%");
}

// Whatever the engine can put into an explanation has words, also after a reading back of its
// bytes.
TEST(Wording, R044_EveryLineOfEveryPublishedVectorReadsInChinese) {
  auto engine = Engine::Create(BaselineV1());
  ASSERT_TRUE(engine.ok()) << engine.status();
  int lines = 0;
  for (const Vector& v : AllVectors()) {
    auto outcome = engine->Evaluate(SnapshotOf(v));
    if (!outcome.ok()) continue;
    auto read = ParseExplanation(outcome->explanation_json);
    ASSERT_TRUE(read.ok()) << read.status();
    const Wording words(engine->criteria(), *read);
    for (const IndicatorTrace& x : read->indicators) {
      ++lines;
      const std::string value = words.IndicatorValueZh(x);
      EXPECT_FALSE(value.empty()) << v.name << " " << x.code;
      if (!x.raw.empty()) {
        EXPECT_NE(value, x.raw) << v.name << " " << x.code;
      }
      EXPECT_EQ(words.MissingPolicyZh(x).empty(),
                x.missing_policy_applied.empty() && x.state != FactState::kNotApplicable)
          << v.name << " " << x.code;
    }
    for (const RuleTrace& rule : read->rules) {
      EXPECT_FALSE(words.OutcomeZh(rule).empty());
      for (const RuleInput& input : rule.inputs) {
        ++lines;
        EXPECT_NE(words.InputNameZh(input), input.name) << v.name << " " << rule.rule_id;
        const std::string value = words.InputValueZh(input);
        EXPECT_FALSE(value.empty()) << v.name << " " << input.name;
        if (input.name != "appraisal_id") {
          EXPECT_NE(value, input.value) << v.name << " " << input.name;
        }
      }
    }
    for (const GateTrace& gate : read->gates) {
      ++lines;
      EXPECT_FALSE(GateUnitZh(gate.name).empty()) << gate.name;
      EXPECT_NE(GateValueZh(gate.name, gate.actual), std::to_string(gate.actual)) << gate.name;
    }
  }
  EXPECT_GT(lines, 500);
}

}  // namespace
}  // namespace bangfu::evaluation

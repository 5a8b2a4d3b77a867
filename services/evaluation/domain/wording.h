// How the figures of an explanation read for people, in zh-CN. An explanation holds integers,
// machine units and codes, so that its bytes can be computed again; the words are made of them
// when it is read, and explanations stored earlier read like new ones. Pure and deterministic.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "services/evaluation/domain/criteria.h"
#include "services/evaluation/domain/explanation.h"

namespace bangfu::evaluation {

// The unit's name for a heading or an axis: "bp" is "%", "fen" is "元", "month" is "个月". "" for a
// code and for a unit that is not known.
std::string_view UnitZh(std::string_view unit);

// A figure with its unit, exact: (1250, "bp") is "12.5%"; (3200000, "fen") is "3.2万元",
// (123456, "fen") is "1234.56元" (万元 from 10,000 yuan on where two decimals say it exactly);
// (18, "month") is "18个月". A unit that is not known follows the number.
std::string QuantityZh(int64_t value, std::string_view unit);

// How a gate's numbers read: a basis point of a score is a hundredth of a point (分), of a share a
// hundredth of a percent.
enum class GateReading { kScore, kShare, kMonths, kPoints };
struct GateName {
  Param param;
  // What the gate compares: "经营管理得分".
  std::string_view zh;
  GateReading reading;
};
// The first entry for a parameter that no gate has.
const GateName& GateNameOf(Param param);
// By the name that a trace holds: "72.5分", "55%", "18个月". The bare number for an unknown name.
std::string GateValueZh(std::string_view gate, int64_t value);
std::string_view GateUnitZh(std::string_view gate);
// "不低于60分", "低于6个月".
std::string GateThresholdZh(const GateTrace& gate);
// "资产收益得分不低于60分：实际72.5分，达到。"
std::string GateZh(const GateTrace& gate);

// The words of one explanation. Both must outlive it.
class Wording {
 public:
  // `criteria` is the set that the explanation was computed with: it names the categories.
  Wording(const CriteriaSet& criteria, const Explanation& explanation)
      : criteria_(criteria), e_(explanation) {}

  // Value of an indicator: "55%", "正常运营"; "缺报" or "不适用" without one.
  std::string IndicatorValueZh(const IndicatorTrace& indicator) const;
  std::string_view MissingPolicyZh(const IndicatorTrace& indicator) const;
  // What a rule looked at: an indicator, a dimension or a fact of the rules.
  std::string InputNameZh(const RuleInput& input) const;
  // "缺报" without a value; yes and no, days and stages in words.
  std::string InputValueZh(const RuleInput& input) const;
  std::string_view InputUnitZh(const RuleInput& input) const;
  // "判定为升级类"; "成立" and "未触发" of a rule that did not decide.
  std::string OutcomeZh(const RuleTrace& rule) const;

 private:
  const DimensionTrace* Dimension(std::string_view code) const;

  const CriteriaSet& criteria_;
  const Explanation& e_;
};

// A category in words: "D2-01", "NORMAL" is 正常运营; the code itself when the set has no such
// category.
std::string_view CategoryZh(const CriteriaSet& criteria, std::string_view indicator,
                            std::string_view category);

}  // namespace bangfu::evaluation

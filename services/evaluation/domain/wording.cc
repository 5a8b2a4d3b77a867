#include "services/evaluation/domain/wording.h"

#include <optional>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/time/civil_time.h"
#include "common/base/decimal.h"
#include "common/base/money.h"
#include "common/base/strings.h"
#include "services/evaluation/domain/indicator.h"
#include "services/evaluation/domain/types.h"

namespace bangfu::evaluation {

namespace {

constexpr int64_t kWanYuanInFen = 1'000'000;
constexpr std::string_view kMissing = "缺报";
constexpr std::string_view kNotApplicable = "不适用";

struct Unit {
  std::string_view code;
  std::string_view zh;
  int scale;  // decimals between the stored integer and the unit
};
constexpr Unit kUnits[] = {
    {"bp", "%", 2},
    {"fen", "元", 2},
    {"month", "个月", 0},
    {"day", "天", 0},
    {"count", "个", 0},
    {"grade", "级", 0},
    {"milli_household", "户", 3},
    {"point", "分", 0},
    {"person_day", "人日", 0},
};

const Unit* FindUnit(std::string_view code) {
  for (const Unit& unit : kUnits) {
    if (unit.code == code) return &unit;
  }
  return nullptr;
}

constexpr GateName kGateNames[] = {
    {Param::kViableD2, "经营管理得分", GateReading::kScore},
    {Param::kViableD3, "资产收益得分", GateReading::kScore},
    {Param::kViableIdleMonths, "连续闲置月数", GateReading::kMonths},
    {Param::kChainComplete, "产业链环节覆盖率", GateReading::kShare},
    {Param::kMarketMargin, "经营利润率", GateReading::kShare},
    {Param::kMarketUtilisation, "产能利用率", GateReading::kShare},
    {Param::kMarketReceived, "收益兑现率", GateReading::kShare},
    {Param::kResourceSupport, "资源支撑评分", GateReading::kPoints},
    {Param::kConsolidateD1, "产业发展水平得分", GateReading::kScore},
    {Param::kConsolidateD3, "资产收益得分", GateReading::kScore},
    {Param::kConsolidateD4, "联农带农得分", GateReading::kScore},
    {Param::kConsolidateD5, "发展前景得分", GateReading::kScore},
    {Param::kUpgradeD5, "发展前景得分", GateReading::kScore},
    {Param::kRevitalizeD5, "发展前景得分", GateReading::kScore},
    {Param::kManualD5, "发展前景得分", GateReading::kScore},
    {Param::kAdjustD4, "联农带农得分", GateReading::kScore},
    {Param::kAdjustD5, "发展前景得分", GateReading::kScore},
    {Param::kLifeExpiredShare, "达到报废期限的资产占比", GateReading::kShare},
};

const GateName* FindGate(std::string_view name) {
  for (const GateName& gate : kGateNames) {
    if (ParamTable()[static_cast<size_t>(gate.param)].name == name) return &gate;
  }
  return nullptr;
}

std::string_view UnitOf(GateReading reading) {
  switch (reading) {
    case GateReading::kScore:
    case GateReading::kPoints:
      return "分";
    case GateReading::kShare:
      return "%";
    case GateReading::kMonths:
      return "个月";
  }
  return {};
}

// The facts of the rules, as the engine names them.
struct FactName {
  std::string_view name;
  std::string_view zh;
};
constexpr FactName kFactNames[] = {
    {"county_verified", "县级已核实"},
    {"stage", "项目阶段"},
    {"planned_end", "计划完工日期"},
    {"planting_date", "定植日期"},
    {"cultivation_months", "培育期"},
    {"maintenance_inspection_failed", "管护检查不合格"},
    {"damaged_irreparable", "全部损毁且无法修复"},
    {"no_revital_value", "经评估无盘活价值"},
    {"appraisal_id", "评估报告"},
    {"life_expired_share_bp", "达到报废期限的资产占比"},
    {"tech_backward", "技术落后"},
    {"open_red", "红色预警未解除"},
    {"open_fund_case", "资金问题未整改"},
    {"revitalise_feasible", "盘活可行性论证结论"},
};

std::string TextZh(std::string_view name, std::string_view value) {
  if (value == "true") return "是";
  if (value == "false") return "否";
  if (name == "stage") {
    if (std::optional<Stage> stage = ParseEnum<Stage>(value)) return std::string(EnumZh(*stage));
  }
  if (name == "revitalise_feasible") {
    if (std::optional<Feasibility> conclusion = ParseEnum<Feasibility>(value)) {
      return std::string(EnumZh(*conclusion));
    }
  }
  absl::CivilDay day;
  if (value.size() == 10 && absl::ParseCivilTime(AbslView(value), &day)) {
    return Cat(day.year(), "年", day.month(), "月", day.day(), "日");
  }
  return std::string(value);
}

std::string RawZh(std::string_view raw, std::string_view unit) {
  int64_t number = 0;
  return ParseInt(raw, &number) ? QuantityZh(number, unit) : std::string(raw);
}

}  // namespace

std::string_view UnitZh(std::string_view unit) {
  const Unit* known = FindUnit(unit);
  return known == nullptr ? std::string_view() : known->zh;
}

std::string QuantityZh(int64_t value, std::string_view unit) {
  const Unit* known = FindUnit(unit);
  if (known == nullptr) return Cat(value, unit);
  const bool large = value >= kWanYuanInFen || value <= -kWanYuanInFen;
  if (unit == "fen" && large && value % (kWanYuanInFen / 100) == 0) {
    return Cat(FormatWanYuan(value), "万元");
  }
  return Cat(FormatScaledDecimal(value, known->scale), known->zh);
}

const GateName& GateNameOf(Param param) {
  for (const GateName& gate : kGateNames) {
    if (gate.param == param) return gate;
  }
  return kGateNames[0];
}

std::string GateValueZh(std::string_view gate, int64_t value) {
  const GateName* known = FindGate(gate);
  if (known == nullptr) return Cat(value);
  const bool bp = known->reading == GateReading::kScore || known->reading == GateReading::kShare;
  return Cat(FormatScaledDecimal(value, bp ? 2 : 0), UnitOf(known->reading));
}

std::string_view GateUnitZh(std::string_view gate) {
  const GateName* known = FindGate(gate);
  return known == nullptr ? std::string_view() : UnitOf(known->reading);
}

std::string GateThresholdZh(const GateTrace& gate) {
  return Cat(gate.at_least ? "不低于" : "低于", GateValueZh(gate.name, gate.threshold));
}

std::string GateZh(const GateTrace& gate) {
  return Cat(gate.name_zh, GateThresholdZh(gate), "：实际", GateValueZh(gate.name, gate.actual),
             gate.passed ? "，达到。" : "，未达到。");
}

std::string_view CategoryZh(const CriteriaSet& criteria, std::string_view indicator,
                            std::string_view category) {
  for (const IndicatorDef& def : criteria.indicators) {
    if (def.code != indicator) continue;
    for (const CategoryScore& each : def.categories) {
      if (each.code == category) return each.name_zh;
    }
  }
  return category;
}

std::string Wording::IndicatorValueZh(const IndicatorTrace& indicator) const {
  if (indicator.state == FactState::kNotApplicable) return std::string(kNotApplicable);
  if (indicator.raw.empty()) return std::string(kMissing);
  const std::string_view category = CategoryZh(criteria_, indicator.code, indicator.raw);
  return category != indicator.raw ? std::string(category) : RawZh(indicator.raw, indicator.unit);
}

std::string_view Wording::MissingPolicyZh(const IndicatorTrace& indicator) const {
  if (indicator.state == FactState::kNotApplicable) return kNotApplicable;
  const std::optional<MissingPolicy> policy =
      ParseEnum<MissingPolicy>(indicator.missing_policy_applied);
  return policy ? EnumZh(*policy) : std::string_view(indicator.missing_policy_applied);
}

const DimensionTrace* Wording::Dimension(std::string_view code) const {
  for (const DimensionTrace& d : e_.dimensions) {
    if (d.code == code) return &d;
  }
  return nullptr;
}

std::string Wording::InputNameZh(const RuleInput& input) const {
  for (const FactName& fact : kFactNames) {
    if (fact.name == input.name) return std::string(fact.zh);
  }
  if (const DimensionTrace* d = Dimension(input.name)) return Cat(d->name_zh, "得分");
  for (const IndicatorTrace& x : e_.indicators) {
    if (x.code == input.name) return x.name_zh;
  }
  for (const MissingField& m : e_.missing) {
    if (m.code == input.name) return m.name_zh;
  }
  for (const IndicatorDef& def : criteria_.indicators) {
    if (def.code == input.name) return def.name_zh;
  }
  return input.name;
}

std::string Wording::InputValueZh(const RuleInput& input) const {
  if (Dimension(input.name) != nullptr) {
    int64_t score = 0;
    return ParseInt(input.value, &score) ? Cat(FormatScaledDecimal(score, 2), "分") : "无得分";
  }
  if (input.value.empty()) {
    for (const IndicatorTrace& x : e_.indicators) {
      if (x.code == input.name && x.state == FactState::kNotApplicable) {
        return std::string(kNotApplicable);
      }
    }
    return std::string(kMissing);
  }
  const std::string_view category = CategoryZh(criteria_, input.name, input.value);
  if (category != input.value) return std::string(category);
  return input.unit.empty() ? TextZh(input.name, input.value) : RawZh(input.value, input.unit);
}

std::string_view Wording::InputUnitZh(const RuleInput& input) const {
  return Dimension(input.name) != nullptr ? "分" : UnitZh(input.unit);
}

std::string Wording::OutcomeZh(const RuleTrace& rule) const {
  if (rule.rule_id == e_.rule_id) return Cat("判定为", EnumZh(e_.result));
  return rule.fired ? "成立" : "未触发";
}

}  // namespace bangfu::evaluation

#include "services/evaluation/domain/criteria.h"

#include <algorithm>
#include <set>
#include <utility>

#include "common/base/bp.h"
#include "common/base/digest.h"
#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/evaluation/domain/canonical_json.h"

namespace bangfu::evaluation {

namespace {

constexpr ParamInfo kParams[kParamCount] = {
    {Param::kViableD2, "viable_d2_min", "可持续经营：经营管理得分不低于", "bp", 0, 10000},
    {Param::kViableD3, "viable_d3_min", "可持续经营：资产收益得分不低于", "bp", 0, 10000},
    {Param::kViableIdleMonths, "viable_idle_months_below", "可持续经营：连续闲置月数少于", "month",
     1, 120},
    {Param::kChainComplete, "chain_complete_min", "链条较完备：环节覆盖率不低于", "bp", 0, 10000},
    {Param::kMarketMargin, "market_margin_min", "市场效益好：经营利润率不低于", "bp", -10000,
     10000},
    {Param::kMarketUtilisation, "market_utilisation_min", "市场效益好：产能利用率不低于", "bp", 0,
     10000},
    {Param::kMarketReceived, "market_received_min", "市场效益好：收益兑现率不低于", "bp", 0, 10000},
    {Param::kResourceSupport, "resource_support_min", "资源有支撑：专家评分不低于", "point", 0,
     100},
    {Param::kConsolidateD1, "consolidate_d1_min", "巩固类：产业发展水平得分不低于", "bp", 0, 10000},
    {Param::kConsolidateD3, "consolidate_d3_min", "巩固类：资产收益得分不低于", "bp", 0, 10000},
    {Param::kConsolidateD4, "consolidate_d4_min", "巩固类：联农带农得分不低于", "bp", 0, 10000},
    {Param::kConsolidateD5, "consolidate_d5_min", "巩固类：发展前景得分不低于", "bp", 0, 10000},
    {Param::kUpgradeD5, "upgrade_d5_min", "升级类：发展前景得分不低于", "bp", 0, 10000},
    {Param::kRevitalizeD5, "revitalize_d5_min", "盘活类：发展前景得分不低于", "bp", 0, 10000},
    {Param::kManualD5, "manual_d5_min", "人工研判可盘活：发展前景得分不低于", "bp", 0, 10000},
    {Param::kAdjustD4, "adjust_d4_below", "起不到带动作用：联农带农得分低于", "bp", 0, 10000},
    {Param::kAdjustD5, "adjust_d5_below", "市场前景不看好：发展前景得分低于", "bp", 0, 10000},
    {Param::kLifeExpiredShare, "life_expired_share_min", "达到报废期限：资产价值占比不低于", "bp",
     1, 10000},
    {Param::kMinPresent, "dimension_present_min", "维度得分有效：已报权重占比不低于", "bp", 0,
     10000},
    {Param::kOverdueDays, "overdue_days", "在建逾期：超过计划完工日天数", "day", 0, 3650},
    {Param::kRampUpMonths, "ramp_up_months", "投产爬坡期", "month", 0, 120},
    {Param::kLevelExcellent, "level_excellent_min", "等次优：总分不低于", "bp", 0, 10000},
    {Param::kLevelGood, "level_good_min", "等次良：总分不低于", "bp", 0, 10000},
    {Param::kLevelFair, "level_fair_min", "等次中：总分不低于", "bp", 0, 10000},
    {Param::kConfidenceHighCoverage, "confidence_high_coverage_min", "可信度高：数据覆盖率不低于",
     "bp", 0, 10000},
    {Param::kConfidenceHighMargin, "confidence_high_margin_min", "可信度高：距门槛不少于", "bp", 0,
     10000},
    {Param::kConfidenceLowCoverage, "confidence_low_coverage_below", "可信度低：数据覆盖率低于",
     "bp", 0, 10000},
    {Param::kConfidenceLowMargin, "confidence_low_margin_below", "可信度低：距门槛少于", "bp", 0,
     10000},
    {Param::kIndustryNormalShare, "industry_normal_share_min", "产业正常运营：资产价值占比不低于",
     "bp", 1, 10000},
    {Param::kIndustryPartialShare, "industry_partial_share_min", "产业部分运营：资产价值占比不低于",
     "bp", 1, 10000},
};

// The parameters in JSON, as an object of name → integer.
struct ParamObject {
  std::array<int64_t, kParamCount>* values;
};

const std::vector<size_t>& ParamsByName() {
  static const std::vector<size_t>& order = *[] {
    auto* indices = new std::vector<size_t>;
    for (size_t i = 0; i < kParamCount; ++i) indices->push_back(i);
    std::sort(indices->begin(), indices->end(),
              [](size_t a, size_t b) { return kParams[a].name < kParams[b].name; });
    return indices;
  }();
  return order;
}

template <typename Archive>
void Fields(Archive& ar, ParamObject& x) {
  for (size_t i : ParamsByName()) ar.Field(kParams[i].name, (*x.values)[i]);
}

}  // namespace

template <typename Archive>
void Fields(Archive& ar, Breakpoint& x) {
  ar.Field("raw", x.raw);
  ar.Field("score_bp", x.score_bp);
}

template <typename Archive>
void Fields(Archive& ar, CategoryScore& x) {
  ar.Field("code", x.code);
  ar.Field("name_zh", x.name_zh);
  ar.Field("score_bp", x.score_bp);
}

template <typename Archive>
void Fields(Archive& ar, IndicatorDef& x) {
  ar.Field("breakpoints", x.breakpoints);
  ar.Field("categories", x.categories);
  ar.Field("code", x.code);
  ar.Field("dimension", x.dimension);
  ar.Field("direction", x.direction);
  ar.Field("max_age_days", x.max_age_days);
  ar.Field("may_be_not_applicable", x.may_be_not_applicable);
  ar.Field("missing_policy", x.missing_policy);
  ar.Field("name_zh", x.name_zh);
  ar.Field("needs_operating_assets", x.needs_operating_assets);
  ar.Field("not_applicable_when_stopped", x.not_applicable_when_stopped);
  ar.Field("not_before_acceptance", x.not_before_acceptance);
  ar.Field("source", x.source);
  ar.Field("unit", x.unit);
  ar.Field("value_type", x.value_type);
  ar.Field("weight", x.weight);
}

template <typename Archive>
void Fields(Archive& ar, DimensionDef& x) {
  ar.Field("code", x.code);
  ar.Field("industry_aggregate", x.industry_aggregate);
  ar.Field("name_zh", x.name_zh);
  ar.Field("needs_operating_assets", x.needs_operating_assets);
  ar.Field("weight_bp", x.weight_bp);
}

template <typename Archive>
void Fields(Archive& ar, CriteriaSet& x) {
  ParamObject params{&x.params};
  ar.Field("dimensions", x.dimensions);
  ar.Field("indicators", x.indicators);
  ar.Field("name_zh", x.name_zh);
  ar.Field("needed_sources", x.needed_sources);
  ar.Field("note", x.note);
  ar.Field("parameters", params);
  ar.Field("parent_hash", x.parent_hash);
  ar.Field("scope_region", x.scope_region);
  ar.Field("version_no", x.version_no);
}

std::span<const ParamInfo> ParamTable() { return kParams; }

int32_t ScoreOf(const IndicatorDef& indicator, int64_t raw) {
  const std::vector<Breakpoint>& points = indicator.breakpoints;
  if (raw <= points.front().raw) return points.front().score_bp;
  for (size_t i = 1; i < points.size(); ++i) {
    if (raw > points[i].raw) continue;
    const Breakpoint& a = points[i - 1];
    const Breakpoint& b = points[i];
    return static_cast<int32_t>(a.score_bp +
                                MulDivHalfUp(b.score_bp - a.score_bp, raw - a.raw, b.raw - a.raw));
  }
  return points.back().score_bp;
}

int32_t ScoreOf(const IndicatorDef& indicator, std::string_view category) {
  for (const CategoryScore& entry : indicator.categories) {
    if (entry.code == category) return entry.score_bp;
  }
  return -1;
}

absl::Status Validate(const CriteriaSet& criteria) {
  Error error(absl::StatusCode::kInvalidArgument, "CRITERIA_INVALID");
  error.Zh("分类标准内容不符合要求");
  bool valid = true;
  auto fault = [&](std::string field, std::string_view why) {
    valid = false;
    error.Field(field, why);
  };

  if (criteria.version_no < 1) fault("version_no", "版本号应为正整数");
  int64_t sum = 0;
  std::set<std::string_view> dimensions;
  for (size_t i = 0; i < criteria.dimensions.size(); ++i) {
    const DimensionDef& d = criteria.dimensions[i];
    std::string at = Cat("dimensions[", i, "]");
    if (d.code.empty() || !dimensions.insert(d.code).second) fault(at + ".code", "代码为空或重复");
    if (d.weight_bp < 0 || d.weight_bp > kBpOne)
      fault(at + ".weight_bp", "权重应在 0 到 10000 之间");
    sum += d.weight_bp;
    bool used = std::any_of(criteria.indicators.begin(), criteria.indicators.end(),
                            [&d](const IndicatorDef& x) { return x.dimension == d.code; });
    if (!used) fault(at, "维度没有指标");
  }
  if (sum != kBpOne) fault("dimensions", Cat("各维度权重之和应为 10000，实为 ", sum));

  std::set<std::string_view> indicators;
  for (size_t i = 0; i < criteria.indicators.size(); ++i) {
    const IndicatorDef& d = criteria.indicators[i];
    std::string at = Cat("indicators[", i, "]");
    if (d.code.empty() || !indicators.insert(d.code).second) fault(at + ".code", "代码为空或重复");
    if (!dimensions.contains(d.dimension)) fault(at + ".dimension", "维度不存在");
    if (d.weight <= 0 || d.weight > 1000000) fault(at + ".weight", "权重应为正整数");
    if (d.missing_policy == MissingPolicy::kUnspecified)
      fault(at + ".missing_policy", "未注明缺报处理");
    if (d.missing_policy == MissingPolicy::kCarryForward && d.max_age_days <= 0) {
      fault(at + ".max_age_days", "沿用前期数据须注明最长天数");
    }
    if (d.source == FactSource::kUnspecified) fault(at + ".source", "未注明数据来源");
    if (d.source != FactSource::kUnspecified &&
        std::find(criteria.needed_sources.begin(), criteria.needed_sources.end(), d.source) ==
            criteria.needed_sources.end()) {
      fault("needed_sources", Cat("缺少指标 ", d.code, " 的数据来源"));
    }
    auto in_range = [](int32_t score) { return score >= 0 && score <= kBpOne; };
    if (d.value_type == ValueType::kNumber) {
      if (d.direction != Direction::kHigherBetter && d.direction != Direction::kLowerBetter) {
        fault(at + ".direction", "数值指标应注明方向");
      }
      if (d.breakpoints.size() < 2) fault(at + ".breakpoints", "至少两个分段点");
      for (size_t k = 0; k < d.breakpoints.size(); ++k) {
        const Breakpoint& b = d.breakpoints[k];
        std::string here = Cat(at, ".breakpoints[", k, "]");
        if (!in_range(b.score_bp)) fault(here, "得分应在 0 到 10000 之间");
        // Keeps differences inside 64 bits.
        if (b.raw < -(int64_t{1} << 60) || b.raw > (int64_t{1} << 60))
          fault(here, "分段点超出范围");
        if (k == 0) continue;
        const Breakpoint& a = d.breakpoints[k - 1];
        if (b.raw <= a.raw) fault(here, "分段点应严格递增");
        if (d.direction == Direction::kHigherBetter ? b.score_bp < a.score_bp
                                                    : b.score_bp > a.score_bp) {
          fault(here, "得分变化与指标方向不一致");
        }
      }
    } else if (d.value_type == ValueType::kCategory) {
      if (d.direction != Direction::kCategory) fault(at + ".direction", "类别指标没有方向");
      if (d.categories.empty()) fault(at + ".categories", "类别表为空");
      std::set<std::string_view> codes;
      for (const CategoryScore& c : d.categories) {
        if (c.code.empty() || !codes.insert(c.code).second)
          fault(at + ".categories", "类别为空或重复");
        if (!in_range(c.score_bp)) fault(at + ".categories", "得分应在 0 到 10000 之间");
      }
    } else {
      fault(at + ".value_type", "未注明取值类型");
    }
  }

  // What the gates read.
  for (std::string_view code : {"D1", "D2", "D3", "D4", "D5"}) {
    if (!dimensions.contains(code)) fault("dimensions", Cat("缺少维度 ", code));
  }
  for (std::string_view code : {"D1-01", "D1-02", "D2-01", "D2-02", "D2-03", "D3-02", "D5-03"}) {
    if (!indicators.contains(code)) fault("indicators", Cat("缺少指标 ", code));
  }
  for (const IndicatorDef& d : criteria.indicators) {
    bool category = d.code == "D2-01";
    bool read = category || d.code == "D1-01" || d.code == "D1-02" || d.code == "D2-02" ||
                d.code == "D2-03" || d.code == "D3-02" || d.code == "D5-03";
    if (read && (d.value_type == ValueType::kCategory) != category) {
      fault("indicators", Cat(d.code, " 的取值类型与判定规则不符"));
    }
    // A gate must never be answered by a value that is not there.
    bool gate = category || d.code == "D1-01" || d.code == "D2-02" || d.code == "D5-03";
    if (gate && d.missing_policy != MissingPolicy::kRequired &&
        d.missing_policy != MissingPolicy::kDerived) {
      fault("indicators", Cat(d.code, " 为判定规则所需，缺报处理只能是必报或推算"));
    }
  }

  for (const ParamInfo& info : kParams) {
    int64_t value = criteria.Get(info.param);
    if (value < info.min || value > info.max) {
      fault(Cat("parameters.", info.name),
            Cat(info.zh, "：应在 ", info.min, " 到 ", info.max, " 之间"));
    }
  }
  auto ordered = [&](Param low, Param high) {
    if (criteria.Get(low) <= criteria.Get(high)) return;
    const ParamInfo& a = kParams[static_cast<size_t>(low)];
    const ParamInfo& b = kParams[static_cast<size_t>(high)];
    fault(Cat("parameters.", a.name), Cat("不得高于 ", b.name));
  };
  // A poor outlook must always leave an unmet condition of 巩固类, else an 升级类 had no short
  // board.
  ordered(Param::kUpgradeD5, Param::kConsolidateD5);
  ordered(Param::kManualD5, Param::kRevitalizeD5);
  ordered(Param::kLevelFair, Param::kLevelGood);
  ordered(Param::kLevelGood, Param::kLevelExcellent);
  ordered(Param::kConfidenceLowCoverage, Param::kConfidenceHighCoverage);
  ordered(Param::kConfidenceLowMargin, Param::kConfidenceHighMargin);
  ordered(Param::kIndustryPartialShare, Param::kIndustryNormalShare);

  return valid ? absl::OkStatus() : error.Build();
}

std::string CanonicalJson(const CriteriaSet& criteria) {
  CriteriaSet sorted = criteria;
  auto by_code = [](const auto& a, const auto& b) { return a.code < b.code; };
  std::sort(sorted.dimensions.begin(), sorted.dimensions.end(), by_code);
  std::sort(sorted.indicators.begin(), sorted.indicators.end(), by_code);
  for (IndicatorDef& d : sorted.indicators) {
    std::sort(d.categories.begin(), d.categories.end(), by_code);
  }
  auto& sources = sorted.needed_sources;
  std::sort(sources.begin(), sources.end());
  sources.erase(std::unique(sources.begin(), sources.end()), sources.end());
  std::string out;
  json::Writer(out).Value(sorted);
  return out;
}

absl::StatusOr<CriteriaSet> ParseCriteria(std::string_view json) {
  CriteriaSet criteria;
  RETURN_IF_ERROR(json::Parse(json, "CRITERIA_MALFORMED", criteria));
  return criteria;
}

std::string ContentHash(const CriteriaSet& criteria) { return Sha256Hex(CanonicalJson(criteria)); }

CriteriaSet WithoutIndicator(CriteriaSet criteria, std::string_view code) {
  std::erase_if(criteria.indicators, [&](const IndicatorDef& d) { return d.code == code; });
  std::erase_if(criteria.needed_sources, [&](FactSource source) {
    return std::none_of(criteria.indicators.begin(), criteria.indicators.end(),
                        [&](const IndicatorDef& d) { return d.source == source; });
  });
  return criteria;
}

}  // namespace bangfu::evaluation

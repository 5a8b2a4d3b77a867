#include "services/evaluation/domain/criteria_refinement.h"

#include <algorithm>
#include <string>

#include "common/base/bp.h"
#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace bangfu::evaluation {

namespace {

constexpr EnumEntry<RefinementDirection> kDirections[] = {
    {RefinementDirection::kUnspecified, "UNSPECIFIED", "未定"},
    {RefinementDirection::kLocked, "LOCKED", "不可调整"},
    {RefinementDirection::kWithinBounds, "WITHIN_BOUNDS", "可在范围内调整"},
    {RefinementDirection::kStricterOnly, "STRICTER_ONLY", "只能从严"},
};

RefinementDirection DirectionOf(Param param) {
  switch (param) {
    case Param::kConsolidateD1:
    case Param::kConsolidateD3:
    case Param::kConsolidateD4:
    case Param::kConsolidateD5:
    case Param::kChainComplete:
    case Param::kMarketMargin:
    case Param::kMarketUtilisation:
    case Param::kMarketReceived:
      return RefinementDirection::kStricterOnly;
    case Param::kViableD2:
    case Param::kViableD3:
    case Param::kViableIdleMonths:
    case Param::kResourceSupport:
    case Param::kUpgradeD5:
    case Param::kRevitalizeD5:
    case Param::kManualD5:
    case Param::kAdjustD4:
    case Param::kAdjustD5:
      return RefinementDirection::kWithinBounds;
    default:
      return RefinementDirection::kLocked;
  }
}

template <typename T>
const T* ByCode(const std::vector<T>& list, std::string_view code) {
  auto it = std::find_if(list.begin(), list.end(), [&](const T& x) { return x.code == code; });
  return it == list.end() ? nullptr : &*it;
}

}  // namespace

std::span<const EnumEntry<RefinementDirection>> Entries(const RefinementDirection*) {
  return kDirections;
}

RefinementBound BoundOf(const CriteriaSet& baseline, Param param, const RefinementLimits& limits) {
  const ParamInfo& info = ParamTable()[static_cast<size_t>(param)];
  const int64_t value = baseline.Get(param);
  int64_t tolerance = info.unit == "point"   ? limits.point_tolerance
                      : info.unit == "month" ? limits.month_tolerance
                                             : limits.gate_tolerance_bp;
  RefinementBound bound;
  bound.direction = DirectionOf(param);
  if (bound.direction == RefinementDirection::kLocked) tolerance = 0;
  bound.min = bound.direction == RefinementDirection::kStricterOnly
                  ? value
                  : std::max(info.min, value - tolerance);
  bound.max = std::min(info.max, value + tolerance);
  return bound;
}

absl::Status CheckRefinement(const CriteriaSet& baseline, const CriteriaSet& county,
                             const RefinementLimits& limits) {
  RETURN_IF_ERROR(Validate(county));
  if (county.parent_hash != ContentHash(baseline)) {
    return FailedPrecondition("REBASE_REQUIRED",
                              "县级标准不是在现行省级基准版上细化的，须重新对照");
  }
  Error error(absl::StatusCode::kInvalidArgument, "REFINEMENT_OUT_OF_BOUNDS");
  error.Zh("县级细化超出省级允许的范围");
  bool valid = true;
  auto fault = [&](std::string field, std::string why) {
    valid = false;
    error.Field(field, why);
  };

  for (const ParamInfo& info : ParamTable()) {
    RefinementBound bound = BoundOf(baseline, info.param, limits);
    int64_t value = county.Get(info.param);
    if (value >= bound.min && value <= bound.max) continue;
    fault(Cat("parameters.", info.name),
          bound.direction == RefinementDirection::kLocked
              ? Cat(info.zh, "：不可调整，应为 ", bound.min)
              : Cat(info.zh, "：", EnumZh(bound.direction), "，应在 ", bound.min, " 到 ", bound.max,
                    " 之间"));
  }

  for (const DimensionDef& d : baseline.dimensions) {
    const DimensionDef* own = ByCode(county.dimensions, d.code);
    if (own == nullptr) {
      fault("dimensions", Cat("不能取消维度 ", d.code));
      continue;
    }
    DimensionDef same = *own;
    same.weight_bp = d.weight_bp;
    if (!(same == d)) fault(Cat("dimensions.", d.code), "除权重外不能改动");
    int64_t tolerance = limits.dimension_weight_tolerance_bp;
    if (own->weight_bp < d.weight_bp - tolerance || own->weight_bp > d.weight_bp + tolerance) {
      fault(Cat("dimensions.", d.code, ".weight_bp"),
            Cat("应在 ", d.weight_bp - tolerance, " 到 ", d.weight_bp + tolerance, " 之间"));
    }
  }
  for (const DimensionDef& d : county.dimensions) {
    if (ByCode(baseline.dimensions, d.code) == nullptr) {
      fault(Cat("dimensions.", d.code), "增设维度须由省级确定");
    }
  }

  for (const IndicatorDef& d : baseline.indicators) {
    const IndicatorDef* own = ByCode(county.indicators, d.code);
    if (own == nullptr) {
      fault("indicators", Cat("不能取消指标 ", d.code));
    } else if (!(*own == d)) {
      fault(Cat("indicators.", d.code), "省级指标不能改动");
    }
  }
  int own_count = 0;
  int64_t own_weight = 0;
  for (const DimensionDef& d : county.dimensions) {
    int64_t all = 0;
    int64_t own = 0;
    for (const IndicatorDef& x : county.indicators) {
      if (x.dimension != d.code) continue;
      all += x.weight;
      if (ByCode(baseline.indicators, x.code) != nullptr) continue;
      own += x.weight;
      ++own_count;
    }
    if (all > 0) own_weight += MulDivHalfUp(d.weight_bp, own, all);
  }
  if (own_count > limits.own_indicators) {
    fault("indicators", Cat("自设指标不超过 ", limits.own_indicators, " 个，实为 ", own_count));
  }
  if (own_weight > limits.own_weight_bp) {
    fault("indicators",
          Cat("自设指标合计权重不超过 ", limits.own_weight_bp, "，实为 ", own_weight));
  }
  return valid ? absl::OkStatus() : error.Build();
}

}  // namespace bangfu::evaluation

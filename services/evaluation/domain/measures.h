// The measures that clause (三) names for each class, and which cause calls for which of them.
#pragma once

#include <span>
#include <string_view>

#include "services/evaluation/domain/types.h"

namespace bangfu::evaluation {

struct MeasureDef {
  std::string_view code;
  FourClass four_class;
  RevitalizeCategory category;  // kUnspecified outside 盘活类
  std::string_view name_zh;
};
// R030 five of 巩固, R032 seven of 升级, the 盘活 measures by 五优化, the three paths of 调整.
std::span<const MeasureDef> Measures();

// nullptr when the class has no such measure.
const MeasureDef* FindMeasure(FourClass four_class, std::string_view code);

struct CauseMeasure {
  Cause cause;
  std::string_view measure;  // of 盘活类
};
// R035–R042, in the policy's order.
std::span<const CauseMeasure> CauseMeasures();

// Whether a 盘活 plan for `cause` may take the measure. OTHER goes with every cause (R043), but
// needs a description.
bool IsAllowed(Cause cause, std::string_view measure);

struct ShortBoardMeasure {
  ShortBoardKind kind;
  std::string_view link;     // "" = any
  std::string_view measure;  // of 升级类
};
// The first row that matches a short board is its suggestion.
std::span<const ShortBoardMeasure> ShortBoardMeasures();

}  // namespace bangfu::evaluation

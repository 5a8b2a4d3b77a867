// The measures that clause (三) names for each class, and which cause calls for which of them. Both
// are data of the registry's code lists: the rules take the catalogue as a value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "services/evaluation/domain/facts.h"
#include "services/evaluation/domain/types.h"

namespace bangfu::evaluation {

// What a measure may consist of: a code of the list that the measure names.
struct MeasurePart {
  std::string code;
  std::string name_zh;
  bool in_force = true;
};

// A code of the MEASURE list.
struct MeasureDef {
  std::string code;
  FourClass four_class = FourClass::kUnspecified;
  RevitalizeCategory category = RevitalizeCategory::kUnspecified;  // 盘活类 only
  std::string name_zh;
  // 盘活类: goes with every cause (R043).
  bool any_cause = false;
  // A plan says in words what is done.
  bool description_required = false;
  // 调整类: the path A, B or C that the measure is on.
  std::string path;
  // 升级类: the short boards that it answers, "KIND" or "KIND/LINK".
  std::vector<std::string> short_boards;
  // A plan names at least one of these as what the measure consists of; empty: none.
  std::vector<MeasurePart> parts;
  // New plans may take it; what was planned before keeps its name.
  bool in_force = true;
};

// A code of the CAUSE list with the measures that it calls for (R035–R042), in order.
struct CauseDef {
  std::string code;
  std::string name_zh;
  std::vector<std::string> measures;
  bool in_force = true;
};

// A code of the OVERRIDE_REASON list.
struct OverrideReasonDef {
  std::string code;
  std::string name_zh;
  bool in_force = true;
};

// What the code lists say on one day; each list in its order.
struct MeasureCatalogue {
  std::vector<MeasureDef> measures;
  std::vector<CauseDef> causes;
  std::vector<OverrideReasonDef> override_reasons;

  // nullptr when the class has no such measure.
  const MeasureDef* FindMeasure(FourClass four_class, std::string_view code) const;
  const CauseDef* FindCause(std::string_view code) const;
  const OverrideReasonDef* FindOverrideReason(std::string_view code) const;
};

// Whether a 盘活 plan for `cause` may take the measure.
bool IsAllowed(const CauseDef& cause, const MeasureDef& measure);

// The measures that an evaluation of these facts can come to suggest, for its snapshot: so that the
// explanation stays a function of criteria and snapshot alone.
std::vector<MeasureOption> MeasureOptions(const MeasureCatalogue& catalogue,
                                          const RuleFacts& facts);

}  // namespace bangfu::evaluation

// What a county may refine in the province's baseline (牵头细化分类标准): refine, not replace.
#pragma once

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "services/evaluation/domain/criteria.h"

namespace bangfu::evaluation {

enum class RefinementDirection {
  kUnspecified = 0,
  kLocked,        // as in the baseline
  kWithinBounds,  // up to the tolerance, both ways
  kStricterOnly,  // not below the baseline, up to the tolerance above: no inflation of 巩固类
};
std::span<const EnumEntry<RefinementDirection>> Entries(const RefinementDirection*);

struct RefinementBound {
  RefinementDirection direction = RefinementDirection::kLocked;
  int64_t min = 0;
  int64_t max = 0;
};

// How far a refinement may go; the defaults are ours and wait for the province (待省厅确认).
struct RefinementLimits {
  int64_t gate_tolerance_bp = 1000;
  int64_t point_tolerance = 10;
  int64_t month_tolerance = 1;
  int64_t dimension_weight_tolerance_bp = 500;
  int own_indicators = 5;
  int64_t own_weight_bp = 1000;  // of the total, all own indicators together
};

// The bound of one constant. Hard rules, data-quality and display constants are locked.
RefinementBound BoundOf(const CriteriaSet& baseline, Param param,
                        const RefinementLimits& limits = {});

// INVALID_ARGUMENT REFINEMENT_OUT_OF_BOUNDS with one violation per fault, the bound in its text;
// INVALID_ARGUMENT CRITERIA_INVALID when the county's set is not valid by itself;
// FAILED_PRECONDITION REBASE_REQUIRED when it does not refine this baseline (parent_hash).
// Baseline dimensions and indicators stay as they are, but for the dimension weights.
absl::Status CheckRefinement(const CriteriaSet& baseline, const CriteriaSet& county,
                             const RefinementLimits& limits = {});

}  // namespace bangfu::evaluation

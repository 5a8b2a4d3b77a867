// One indicator of a criteria set: everything the engine needs to turn a raw value into a score.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "services/evaluation/domain/types.h"

namespace bangfu::evaluation {

enum class ValueType { kUnspecified = 0, kNumber, kCategory };

enum class Direction { kUnspecified = 0, kHigherBetter, kLowerBetter, kCategory };

// What happens when an applicable indicator has no value. Never: "missing is zero".
enum class MissingPolicy {
  kUnspecified = 0,
  kRequired,      // the dimension has no score, the result is INSUFFICIENT_DATA
  kExclude,       // leaves the weight base, if enough weight stays (Param::kMinPresent)
  kPenalise,      // an overdue report: counts 0 and is shown as such
  kZeroReal,      // nothing recorded really is 0 (a brand that was never certified)
  kDerived,       // worked out from other facts; when those are missing: as kRequired
  kCarryForward,  // an older value counts up to max_age_days, the age is shown; then as kExclude
};

std::span<const EnumEntry<ValueType>> Entries(const ValueType*);
std::span<const EnumEntry<Direction>> Entries(const Direction*);
std::span<const EnumEntry<MissingPolicy>> Entries(const MissingPolicy*);

struct Breakpoint {
  int64_t raw = 0;
  int32_t score_bp = 0;  // 0 … 10000
  friend bool operator==(const Breakpoint&, const Breakpoint&) = default;
};

struct CategoryScore {
  std::string code;
  int32_t score_bp = 0;
  std::string name_zh;
  friend bool operator==(const CategoryScore&, const CategoryScore&) = default;
};

struct IndicatorDef {
  std::string code;       // "D1-01"
  std::string dimension;  // "D1"
  std::string name_zh;
  std::string unit;  // unit of the raw value: "bp", "count", "month", "fen", "point", "code", …
  ValueType value_type = ValueType::kNumber;
  Direction direction = Direction::kHigherBetter;
  std::vector<Breakpoint> breakpoints;    // kNumber: raw strictly increasing, score monotone
  std::vector<CategoryScore> categories;  // kCategory: the code table
  int32_t weight = 0;                     // within its dimension, > 0; any scale
  FactSource source = FactSource::kRegistry;
  MissingPolicy missing_policy = MissingPolicy::kRequired;
  int32_t max_age_days = 0;  // kCarryForward only

  // Applicability. An indicator that does not apply leaves the weight base.
  bool not_applicable_when_stopped = false;  // status IDLE or NOT_STARTED
  bool needs_operating_assets = false;
  bool not_before_acceptance = false;  // stages UNDER_CONSTRUCTION, PAUSED, COMPLETED
  bool may_be_not_applicable = false;  // the snapshot may say so (no dividend was declared)

  friend bool operator==(const IndicatorDef&, const IndicatorDef&) = default;
};

// Piecewise-linear score of a raw number, each segment rounded half up, clamped at both ends;
// 0 … 10000. Needs at least one breakpoint.
int32_t ScoreOf(const IndicatorDef& indicator, int64_t raw);
// Score of a category; -1 when the code is not in the table.
int32_t ScoreOf(const IndicatorDef& indicator, std::string_view category);

}  // namespace bangfu::evaluation

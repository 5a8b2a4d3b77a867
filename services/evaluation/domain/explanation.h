// Why an evaluation came out as it did (R024–R038, R044). The bytes are a function of the criteria
// hash and the snapshot hash alone: when it was computed, by which run and on which watermarks
// stands beside it, never inside.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "services/evaluation/domain/facts.h"
#include "services/evaluation/domain/types.h"

namespace bangfu::evaluation {

// What a rule looked at. `value` is the integer as text, a category code, "true"/"false" or ""
// (missing).
struct RuleInput {
  std::string name;
  std::string value;
  std::string unit;
  FactSource source = FactSource::kUnspecified;
  std::string source_record;
  std::optional<absl::CivilDay> as_of;
  friend bool operator==(const RuleInput&, const RuleInput&) = default;
};

// One line of the decision, in the order in which the rules were asked.
struct RuleTrace {
  std::string rule_id;  // P0, E1, H1 … G6
  std::string text_zh;
  bool fired = false;  // for G0: the subject is viable
  std::vector<RuleInput> inputs;
  friend bool operator==(const RuleTrace&, const RuleTrace&) = default;
};

struct DimensionTrace {
  std::string code;
  std::string name_zh;
  FactState state = FactState::kMissing;
  std::optional<int64_t> score_bp;
  int64_t weight_bp = 0;    // effective: after leaving out what does not apply
  int64_t coverage_bp = 0;  // present ÷ applicable weight
  std::string note_zh;      // why it was left out or has no score
  friend bool operator==(const DimensionTrace&, const DimensionTrace&) = default;
};

struct IndicatorTrace {
  std::string code;
  std::string name_zh;
  FactState state = FactState::kMissing;
  std::string raw;  // integer as text or category code; "" when missing
  std::string unit;
  FactSource source = FactSource::kUnspecified;
  std::string source_record;
  std::optional<absl::CivilDay> as_of;
  std::optional<int64_t> age_days;  // of a value carried forward
  std::optional<int64_t> score_bp;
  int64_t effective_weight_bp = 0;     // of the total
  int64_t contribution_bp = 0;         // to the total
  std::string missing_policy_applied;  // policy name when a value was missing, else ""
  friend bool operator==(const IndicatorTrace&, const IndicatorTrace&) = default;
};

struct GateTrace {
  std::string rule_id;
  std::string name;  // "consolidate_d3_min"
  std::string name_zh;
  std::string unit;
  bool at_least = true;  // actual >= threshold passes; false: actual < threshold passes
  int64_t threshold = 0;
  int64_t actual = 0;
  int64_t margin = 0;  // distance on the passing side; negative when the gate failed
  bool passed = false;
  friend bool operator==(const GateTrace&, const GateTrace&) = default;
};

// What would have to change.
struct Condition {
  std::string code;
  std::string text_zh;
  std::string unit;
  std::optional<int64_t> actual;
  std::optional<int64_t> threshold;
  friend bool operator==(const Condition&, const Condition&) = default;
};

struct NearestBetter {
  FourClass target = FourClass::kUnspecified;
  std::vector<Condition> conditions;
  friend bool operator==(const NearestBetter&, const NearestBetter&) = default;
};

struct ShortBoard {
  ShortBoardKind kind = ShortBoardKind::kUnspecified;
  std::string link;         // chain link, or ""
  std::string existing_id;  // the open record of the same kind, referred to instead of doubled
  std::string text_zh;
  friend bool operator==(const ShortBoard&, const ShortBoard&) = default;
};

struct SuggestedMeasure {
  std::string code;
  std::string name_zh;
  RevitalizeCategory category = RevitalizeCategory::kUnspecified;
  friend bool operator==(const SuggestedMeasure&, const SuggestedMeasure&) = default;
};

struct MissingField {
  std::string code;
  std::string name_zh;
  FactSource source = FactSource::kUnspecified;
  friend bool operator==(const MissingField&, const MissingField&) = default;
};

struct Explanation {
  int32_t criteria_version = 0;
  std::string criteria_hash;
  std::string snapshot_hash;
  SubjectType subject_type = SubjectType::kProject;
  std::string subject_id;
  std::string period;
  Result result = Result::kUnspecified;
  std::string rule_id;                       // the rule that decided
  Result suggestion = Result::kUnspecified;  // MANUAL_REVIEW only
  std::string reason;                        // NOT_APPLICABLE only: UPPER_SNAKE
  bool review_required = false;              // G3: it runs now, but a person looks
  Confidence confidence = Confidence::kUnspecified;
  int64_t coverage_bp = 0;
  std::optional<int64_t> margin_bp;  // smallest distance to a threshold on the path taken
  std::optional<int64_t> total_bp;   // only when every applicable dimension has a score
  Level level = Level::kUnspecified;
  std::vector<RuleTrace> rules;
  std::vector<DimensionTrace> dimensions;
  std::vector<IndicatorTrace> indicators;
  std::vector<GateTrace> gates;
  std::vector<MissingField> missing;  // INSUFFICIENT_DATA: exactly what has to be reported
  std::optional<NearestBetter> nearest_better;
  std::vector<ShortBoard> short_boards;
  std::vector<SuggestedMeasure> suggested_measures;
  std::vector<ClassCount> distribution;  // INDUSTRY only
  std::string summary_zh;
  friend bool operator==(const Explanation&, const Explanation&) = default;
};

// Canonical JSON: keys sorted, integers only, no white space.
std::string CanonicalJson(const Explanation& explanation);
// INVALID_ARGUMENT EXPLANATION_MALFORMED on anything that CanonicalJson would not write.
absl::StatusOr<Explanation> ParseExplanation(std::string_view json);

// 8705 -> "87.05": basis points as the points (分) that officials read.
std::string PointsZh(int64_t bp);

}  // namespace bangfu::evaluation

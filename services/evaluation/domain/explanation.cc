#include "services/evaluation/domain/explanation.h"

#include <cstdio>

#include "common/status/macros.h"
#include "services/evaluation/domain/canonical_json.h"

namespace bangfu::evaluation {

template <typename Archive>
void Fields(Archive& ar, RuleInput& x) {
  ar.Field("as_of", x.as_of);
  ar.Field("name", x.name);
  ar.Field("source", x.source);
  ar.Field("source_record", x.source_record);
  ar.Field("unit", x.unit);
  ar.Field("value", x.value);
}

template <typename Archive>
void Fields(Archive& ar, RuleTrace& x) {
  ar.Field("fired", x.fired);
  ar.Field("inputs", x.inputs);
  ar.Field("rule_id", x.rule_id);
  ar.Field("text_zh", x.text_zh);
}

template <typename Archive>
void Fields(Archive& ar, DimensionTrace& x) {
  ar.Field("code", x.code);
  ar.Field("coverage_bp", x.coverage_bp);
  ar.Field("name_zh", x.name_zh);
  ar.Field("note_zh", x.note_zh);
  ar.Field("score_bp", x.score_bp);
  ar.Field("state", x.state);
  ar.Field("weight_bp", x.weight_bp);
}

template <typename Archive>
void Fields(Archive& ar, IndicatorTrace& x) {
  ar.Field("age_days", x.age_days);
  ar.Field("as_of", x.as_of);
  ar.Field("code", x.code);
  ar.Field("contribution_bp", x.contribution_bp);
  ar.Field("effective_weight_bp", x.effective_weight_bp);
  ar.Field("missing_policy_applied", x.missing_policy_applied);
  ar.Field("name_zh", x.name_zh);
  ar.Field("raw", x.raw);
  ar.Field("score_bp", x.score_bp);
  ar.Field("source", x.source);
  ar.Field("source_record", x.source_record);
  ar.Field("state", x.state);
  ar.Field("unit", x.unit);
}

template <typename Archive>
void Fields(Archive& ar, GateTrace& x) {
  ar.Field("actual", x.actual);
  ar.Field("at_least", x.at_least);
  ar.Field("margin", x.margin);
  ar.Field("name", x.name);
  ar.Field("name_zh", x.name_zh);
  ar.Field("passed", x.passed);
  ar.Field("rule_id", x.rule_id);
  ar.Field("threshold", x.threshold);
  ar.Field("unit", x.unit);
}

template <typename Archive>
void Fields(Archive& ar, Condition& x) {
  ar.Field("actual", x.actual);
  ar.Field("code", x.code);
  ar.Field("text_zh", x.text_zh);
  ar.Field("threshold", x.threshold);
  ar.Field("unit", x.unit);
}

template <typename Archive>
void Fields(Archive& ar, NearestBetter& x) {
  ar.Field("class", x.target);
  ar.Field("conditions", x.conditions);
}

template <typename Archive>
void Fields(Archive& ar, ShortBoard& x) {
  ar.Field("existing_id", x.existing_id);
  ar.Field("kind", x.kind);
  ar.Field("link", x.link);
  ar.Field("text_zh", x.text_zh);
}

template <typename Archive>
void Fields(Archive& ar, SuggestedMeasure& x) {
  ar.Field("category", x.category);
  ar.Field("code", x.code);
  ar.Field("name_zh", x.name_zh);
}

template <typename Archive>
void Fields(Archive& ar, MissingField& x) {
  ar.Field("code", x.code);
  ar.Field("name_zh", x.name_zh);
  ar.Field("source", x.source);
}

template <typename Archive>
void Fields(Archive& ar, Explanation& x) {
  ar.Field("confidence", x.confidence);
  ar.Field("coverage_bp", x.coverage_bp);
  ar.Field("criteria_hash", x.criteria_hash);
  ar.Field("criteria_version", x.criteria_version);
  ar.Field("dimensions", x.dimensions);
  ar.Field("distribution", x.distribution);
  ar.Field("gates", x.gates);
  ar.Field("indicators", x.indicators);
  ar.Field("level", x.level);
  ar.Field("margin_bp", x.margin_bp);
  ar.Field("missing", x.missing);
  ar.Field("nearest_better", x.nearest_better);
  ar.Field("period", x.period);
  ar.Field("reason", x.reason);
  ar.Field("result", x.result);
  ar.Field("review_required", x.review_required);
  ar.Field("rule_id", x.rule_id);
  ar.Field("rules_fired", x.rules);
  ar.Field("short_boards", x.short_boards);
  ar.Field("snapshot_hash", x.snapshot_hash);
  ar.Field("subject_id", x.subject_id);
  ar.Field("subject_type", x.subject_type);
  ar.Field("suggested_measures", x.suggested_measures);
  ar.Field("suggestion", x.suggestion);
  ar.Field("summary_zh", x.summary_zh);
  ar.Field("total_bp", x.total_bp);
}

std::string CanonicalJson(const Explanation& explanation) {
  std::string out;
  out.reserve(16384);
  json::Writer(out).Value(explanation);
  return out;
}

absl::StatusOr<Explanation> ParseExplanation(std::string_view json) {
  Explanation explanation;
  RETURN_IF_ERROR(json::Parse(json, "EXPLANATION_MALFORMED", explanation));
  return explanation;
}

std::string PointsZh(int64_t bp) {
  int64_t magnitude = bp < 0 ? -bp : bp;
  char buffer[48];
  std::snprintf(buffer, sizeof(buffer), "%s%lld.%02lld", bp < 0 ? "-" : "",
                static_cast<long long>(magnitude / 100), static_cast<long long>(magnitude % 100));
  return buffer;
}

}  // namespace bangfu::evaluation

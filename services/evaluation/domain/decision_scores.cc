// From the values of a snapshot to the scores of indicators and dimensions and the total: what
// applies to the subject, what a missing value does, and the weights that are left.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/time/civil_time.h"
#include "common/base/bp.h"
#include "common/base/strings.h"
#include "services/evaluation/domain/decision.h"

namespace bangfu::evaluation {

namespace {

bool IsStopped(std::string_view status) { return status == "IDLE" || status == "NOT_STARTED"; }

bool BeforeAcceptance(Stage stage) {
  return stage == Stage::kUnderConstruction || stage == Stage::kPaused ||
         stage == Stage::kCompleted;
}

}  // namespace

void Decision::ReadStatus() {
  const FactValue* v = Find("D2-01");
  if (v == nullptr || v->state != FactState::kPresent) return;
  for (const IndicatorDef& d : set_.indicators) {
    if (d.code == "D2-01" && ScoreOf(d, std::string_view(v->category)) >= 0) status_ = v->category;
  }
}

// --- what applies --------------------------------------------------------------------------------

bool Decision::NoOperatingAssets() const {
  return s_.subject_type == SubjectType::kProject &&
         (!s_.facts.has_operating_assets || s_.facts.is_public_welfare_only);
}

bool Decision::Applies(const IndicatorDef& d, const FactValue* v) const {
  if (d.not_applicable_when_stopped && IsStopped(status_)) return false;
  if (d.needs_operating_assets && NoOperatingAssets()) return false;
  if (d.not_before_acceptance && BeforeAcceptance(s_.stage)) return false;
  if (d.may_be_not_applicable && v != nullptr && v->state == FactState::kNotApplicable) {
    return false;
  }
  return true;
}

std::string_view Decision::WhyLeftOut(const DimensionDef& d) const {
  if (!d.needs_operating_assets) return "";
  if (s_.facts.is_public_welfare_only) return "仅有公益性资产，不评价资产收益";
  if (!s_.facts.has_operating_assets) return "没有经营性资产，不评价资产收益";
  if (s_.facts.production_start && set_.Get(Param::kRampUpMonths) > 0) {
    absl::CivilDay over = AddMonths(*s_.facts.production_start, set_.Get(Param::kRampUpMonths));
    if (s_.period_end < over) return "处于投产爬坡期，暂不评价资产收益";
  }
  return "";
}

std::optional<int64_t> Decision::RawNumber(std::string_view code) const {
  const FactValue* v = Find(code);
  if (v == nullptr || v->state != FactState::kPresent) return std::nullopt;
  for (const IndicatorDef& d : set_.indicators) {
    if (d.code == code) return Applies(d, v) ? std::optional<int64_t>(v->number) : std::nullopt;
  }
  return std::nullopt;
}

// --- scores --------------------------------------------------------------------------------------

void Decision::Score() {
  const size_t n = set_.dimensions.size();
  e_.dimensions.resize(n);
  e_.indicators.reserve(set_.indicators.size());
  int64_t weight_sum = 0;
  std::vector<size_t> first(n + 1, 0);
  std::vector<int64_t> bases(n, 0);
  for (size_t i = 0; i < n; ++i) {
    const DimensionDef& d = set_.dimensions[i];
    DimensionTrace& t = e_.dimensions[i];
    t.code = d.code;
    t.name_zh = d.name_zh;
    first[i] = e_.indicators.size();
    if (s_.subject_type == SubjectType::kIndustry && d.industry_aggregate) {
      ScoreAggregate(d, t);
    } else {
      bases[i] = ScoreMembers(i, d, t);
    }
    if (t.state != FactState::kNotApplicable) weight_sum += d.weight_bp;
  }
  first[n] = e_.indicators.size();

  bool complete = weight_sum > 0;
  int64_t total = 0;
  int64_t coverage = 0;
  for (size_t i = 0; i < n; ++i) {
    DimensionTrace& t = e_.dimensions[i];
    if (t.state == FactState::kNotApplicable || weight_sum == 0) continue;
    int64_t weight = set_.dimensions[i].weight_bp;
    t.weight_bp = MulDivHalfUp(weight, kBpOne, weight_sum);
    coverage += weight * t.coverage_bp;
    if (t.score_bp) {
      total += weight * *t.score_bp;
    } else {
      complete = false;
    }
    for (size_t k = first[i]; k < first[i + 1] && bases[i] > 0; ++k) {
      IndicatorTrace& x = e_.indicators[k];
      if (!x.score_bp) continue;
      // effective_weight_bp holds the weight inside the dimension until here.
      int64_t inside = x.effective_weight_bp;
      x.effective_weight_bp = MulDivHalfUp(weight * inside, kBpOne, weight_sum * bases[i]);
      x.contribution_bp = MulDivHalfUp(weight * inside, *x.score_bp, weight_sum * bases[i]);
    }
  }
  if (weight_sum > 0) e_.coverage_bp = MulDivHalfUp(coverage, 1, weight_sum);
  if (complete) {
    e_.total_bp = MulDivHalfUp(total, 1, weight_sum);
    int64_t t = *e_.total_bp;
    e_.level = t >= set_.Get(Param::kLevelExcellent) ? Level::kExcellent
               : t >= set_.Get(Param::kLevelGood)    ? Level::kGood
               : t >= set_.Get(Param::kLevelFair)    ? Level::kFair
                                                     : Level::kPoor;
  }
}

void Decision::ScoreAggregate(const DimensionDef& d, DimensionTrace& t) {
  t.state = FactState::kMissing;
  for (const AggregatedDimension& a : s_.aggregated) {
    if (a.code != d.code) continue;
    t.state = a.state;
    t.coverage_bp = a.coverage_bp;
    if (a.state == FactState::kPresent) t.score_bp = a.score_bp;
  }
  if (t.state == FactState::kNotApplicable) {
    t.note_zh = "所属项目均不适用";
  } else if (t.state == FactState::kPresent) {
    t.note_zh = "由所属项目按资产价值加权";
  } else {
    t.state = FactState::kMissing;
    t.note_zh = "所属项目有效得分不足";
    e_.missing.push_back({d.code, d.name_zh, FactSource::kUnspecified});
  }
}

int64_t Decision::ScoreMembers(size_t index, const DimensionDef& d, DimensionTrace& t) {
  std::string_view left_out = WhyLeftOut(d);
  int64_t applicable = 0;
  int64_t present = 0;
  int64_t base = 0;
  int64_t sum = 0;
  bool required_missing = false;
  std::vector<size_t> excluded;
  for (size_t k : engine_.members_[index]) {
    const IndicatorDef& def = set_.indicators[k];
    const FactValue* v = Find(def.code);
    IndicatorTrace& x = e_.indicators.emplace_back();
    x.code = def.code;
    x.name_zh = def.name_zh;
    x.unit = def.unit;
    x.source = def.source;
    if (v != nullptr) {
      if (v->source != FactSource::kUnspecified) x.source = v->source;
      x.source_record = v->source_record;
      x.as_of = v->as_of;
      if (v->state == FactState::kPresent) {
        x.raw = def.value_type == ValueType::kCategory ? v->category : Cat(v->number);
      }
    }
    if (!left_out.empty() || !Applies(def, v)) {
      x.state = FactState::kNotApplicable;
      continue;
    }
    applicable += def.weight;
    bool has = v != nullptr && v->state == FactState::kPresent;
    int32_t score = -1;
    if (has) {
      score = def.value_type == ValueType::kCategory ? ScoreOf(def, std::string_view(v->category))
                                                     : ScoreOf(def, v->number);
      if (def.missing_policy == MissingPolicy::kCarryForward && v->as_of) {
        x.age_days = s_.period_end - *v->as_of;
        if (*x.age_days > def.max_age_days) score = -1;
      }
    }
    if (score >= 0) {
      x.state = FactState::kPresent;
      present += def.weight;
    } else {
      x.state = FactState::kMissing;
      x.missing_policy_applied = EnumName(def.missing_policy);
      switch (def.missing_policy) {
        case MissingPolicy::kPenalise:
          score = 0;
          break;
        case MissingPolicy::kZeroReal:
          // Nothing on record is the value 0, not a gap.
          score = def.value_type == ValueType::kNumber ? ScoreOf(def, int64_t{0}) : 0;
          present += def.weight;
          break;
        case MissingPolicy::kExclude:
        case MissingPolicy::kCarryForward:
          excluded.push_back(k);
          continue;
        default:
          required_missing = true;
          e_.missing.push_back({def.code, def.name_zh, def.source});
          continue;
      }
    }
    x.score_bp = score;
    x.effective_weight_bp = def.weight;
    base += def.weight;
    sum += int64_t{def.weight} * score;
  }
  if (!left_out.empty() || applicable == 0) {
    t.state = FactState::kNotApplicable;
    t.note_zh = left_out.empty() ? "没有适用的指标" : left_out;
    return 0;
  }
  t.coverage_bp = MulDivHalfUp(present, kBpOne, applicable);
  t.state = FactState::kMissing;
  if (required_missing) {
    t.note_zh = "缺少必报指标，不计分";
    return base;
  }
  // What was dropped must not leave a score that rests on too little.
  if (base == 0 || base * kBpOne < applicable * set_.Get(Param::kMinPresent)) {
    t.note_zh = "已报指标权重不足，不计分";
    for (size_t k : excluded) {
      const IndicatorDef& def = set_.indicators[k];
      e_.missing.push_back({def.code, def.name_zh, def.source});
    }
    return base;
  }
  t.state = FactState::kPresent;
  t.score_bp = MulDivHalfUp(sum, 1, base);
  return base;
}

}  // namespace bangfu::evaluation

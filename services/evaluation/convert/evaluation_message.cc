#include "services/evaluation/convert/evaluation_message.h"

#include <algorithm>
#include <array>

#include "absl/strings/numbers.h"
#include "common/base/strings.h"
#include "common/status/error.h"
#include "services/evaluation/domain/baseline.h"
#include "services/evaluation/domain/wording.h"

namespace bangfu::evaluation {

namespace {

// The figures that go into Evaluation.key_figures.
constexpr std::array<std::string_view, 6> kKeyFigures = {"D1-02", "D1-03", "D2-01",
                                                         "D2-02", "D2-03", "D3-02"};

std::string DayText(const std::optional<absl::CivilDay>& day) {
  return day ? absl::FormatCivilTime(*day) : "";
}

void FillDimensions(const std::vector<DimensionTrace>& dimensions,
                    google::protobuf::RepeatedPtrField<v1::DimensionScore>* out) {
  out->Clear();
  for (const DimensionTrace& d : dimensions) {
    v1::DimensionScore* score = out->Add();
    score->set_code(d.code);
    score->set_name_zh(d.name_zh);
    if (d.score_bp) score->set_score_bp(static_cast<int32_t>(*d.score_bp));
    score->set_weight_bp(static_cast<int32_t>(d.weight_bp));
    score->set_coverage_bp(static_cast<int32_t>(d.coverage_bp));
    score->set_applicable(d.state != FactState::kNotApplicable);
  }
}

// The only category among them is D2-01, whose codes are fixed: the rules name them.
void FillWords(v1::KeyFigure& figure) {
  static const CriteriaSet& baseline = *new CriteriaSet(BaselineV1());
  figure.set_unit_zh(std::string(UnitZh(figure.unit())));
  int64_t number = 0;
  figure.set_value_zh(ParseInt(figure.raw(), &number)
                          ? QuantityZh(number, figure.unit())
                          : std::string(CategoryZh(baseline, figure.code(), figure.raw())));
}

std::string SourceZh(FactSource source) {
  return source == FactSource::kUnspecified ? std::string() : std::string(EnumZh(source));
}

}  // namespace

absl::StatusOr<v1::Evaluation> ToMessage(const EvaluationRow& row) {
  v1::Evaluation message;
  if (!message.ParseFromString(row.details)) {
    return Error(absl::StatusCode::kDataLoss, "EVALUATION_MALFORMED")
        .With("id", row.id.ToString())
        .Build();
  }
  message.set_etag(Cat(row.version));
  message.set_state(static_cast<v1::EvaluationState>(row.state));
  message.set_result(static_cast<v1::EvaluationResult>(row.result));
  message.set_final_class(static_cast<type::v1::FourClass>(row.final_class));
  message.set_is_void(row.is_void);
  message.set_region_path(row.region_path);  // a region may have another code since
  FillWords(message);
  return message;
}

void FillWords(v1::Evaluation& message) {
  if (std::optional<Confidence> confidence = ParseEnum<Confidence>(message.confidence())) {
    message.set_confidence_zh(std::string(EnumZh(*confidence)));
  }
  for (v1::KeyFigure& figure : *message.mutable_key_figures()) FillWords(figure);
}

void StoreMessage(const v1::Evaluation& message, EvaluationRow& row) {
  row.result = message.result();
  row.state = message.state();
  row.final_class = message.final_class();
  row.is_void = message.is_void();
  row.total_bp.reset();
  if (message.has_total_bp()) row.total_bp = message.total_bp();
  if (message.etag().empty() && message.allowed_actions().empty()) {
    row.details = message.SerializeAsString();
    return;
  }
  v1::Evaluation stored = message;
  stored.clear_etag();
  stored.clear_allowed_actions();
  stored.clear_confidence_zh();
  for (v1::KeyFigure& figure : *stored.mutable_key_figures()) {
    figure.clear_unit_zh();
    figure.clear_value_zh();
  }
  row.details = stored.SerializeAsString();
}

void FillFromExplanation(const Explanation& e, v1::Evaluation& message) {
  message.set_criteria_version(e.criteria_version);
  message.set_criteria_sha256(e.criteria_hash);
  message.set_snapshot_sha256(e.snapshot_hash);
  message.set_result(ToMessage(e.result));
  message.set_suggestion(ToMessage(e.suggestion));
  message.set_rule_id(e.rule_id);
  message.clear_total_bp();
  if (e.total_bp) message.set_total_bp(static_cast<int32_t>(*e.total_bp));
  FillDimensions(e.dimensions, message.mutable_dimensions());
  message.set_confidence(std::string(EnumName(e.confidence)));
  message.set_level_zh(std::string(EnumZh(e.level)));
  message.set_review_required(e.review_required);
  message.clear_missing();
  for (const MissingField& m : e.missing) message.add_missing(m.code);
  message.set_summary_zh(e.summary_zh);
  message.clear_key_figures();
  for (const IndicatorTrace& x : e.indicators) {
    if (x.state != FactState::kPresent || x.raw.empty() ||
        std::find(kKeyFigures.begin(), kKeyFigures.end(), x.code) == kKeyFigures.end()) {
      continue;
    }
    v1::KeyFigure* figure = message.add_key_figures();
    figure->set_code(x.code);
    figure->set_name_zh(x.name_zh);
    figure->set_raw(x.raw);
    figure->set_unit(x.unit);
  }
}

v1::Explanation ToMessage(const Explanation& e, const CriteriaSet& criteria) {
  const Wording words(criteria, e);
  v1::Explanation out;
  out.set_criteria_version(e.criteria_version);
  out.set_criteria_sha256(e.criteria_hash);
  out.set_snapshot_sha256(e.snapshot_hash);
  out.set_result(ToMessage(e.result));
  out.set_suggestion(ToMessage(e.suggestion));
  out.set_confidence(std::string(EnumName(e.confidence)));
  out.set_confidence_zh(std::string(EnumZh(e.confidence)));
  for (const MissingField& m : e.missing) {
    v1::MissingLine* line = out.add_missing();
    line->set_code(m.code);
    line->set_name_zh(m.name_zh);
    line->set_source(SourceName(m.source));
    line->set_source_zh(SourceZh(m.source));
  }
  out.set_summary_zh(e.summary_zh);
  for (const RuleTrace& r : e.rules) {
    v1::RuleTrace* rule = out.add_rules_fired();
    rule->set_rule_id(r.rule_id);
    rule->set_text_zh(r.text_zh);
    rule->set_outcome(r.rule_id == e.rule_id ? std::string(EnumName(e.result))
                      : r.fired              ? "FIRED"
                                             : "PASSED_OVER");
    rule->set_outcome_zh(words.OutcomeZh(r));
    for (const RuleInput& i : r.inputs) {
      v1::RuleInput* input = rule->add_inputs();
      input->set_name(i.name);
      input->set_value(i.value);
      input->set_unit(i.unit);
      input->set_source(SourceName(i.source));
      input->set_source_record(i.source_record);
      input->set_as_of(DayText(i.as_of));
      input->set_name_zh(words.InputNameZh(i));
      input->set_value_zh(words.InputValueZh(i));
      input->set_unit_zh(std::string(words.InputUnitZh(i)));
      input->set_source_zh(SourceZh(i.source));
    }
  }
  FillDimensions(e.dimensions, out.mutable_dimensions());
  for (const IndicatorTrace& x : e.indicators) {
    v1::IndicatorLine* line = out.add_indicators();
    line->set_code(x.code);
    line->set_name_zh(x.name_zh);
    line->set_raw(x.raw);
    line->set_unit(x.unit);
    line->set_source(SourceName(x.source));
    line->set_source_record(x.source_record);
    line->set_as_of(DayText(x.as_of));
    if (x.score_bp) line->set_score_bp(static_cast<int32_t>(*x.score_bp));
    line->set_effective_weight_bp(static_cast<int32_t>(x.effective_weight_bp));
    line->set_contribution_bp(static_cast<int32_t>(x.contribution_bp));
    line->set_missing_policy_applied(
        x.state == FactState::kNotApplicable ? "NOT_APPLICABLE" : x.missing_policy_applied);
    line->set_unit_zh(std::string(UnitZh(x.unit)));
    line->set_value_zh(words.IndicatorValueZh(x));
    line->set_source_zh(SourceZh(x.source));
    line->set_missing_policy_zh(std::string(words.MissingPolicyZh(x)));
  }
  for (const GateTrace& g : e.gates) {
    v1::GateLine* gate = out.add_gates();
    gate->set_name(g.name);
    gate->set_name_zh(g.name_zh);
    gate->set_threshold(g.threshold);
    gate->set_actual(g.actual);
    gate->set_margin(g.margin);
    gate->set_passed(g.passed);
    gate->set_unit(g.unit);
    gate->set_unit_zh(std::string(GateUnitZh(g.name)));
    gate->set_threshold_zh(GateThresholdZh(g));
    gate->set_actual_zh(GateValueZh(g.name, g.actual));
    gate->set_margin_zh(GateValueZh(g.name, g.margin));
    gate->set_outcome_zh(g.passed ? "达到" : "未达到");
    gate->set_text_zh(GateZh(g));
  }
  if (e.nearest_better) {
    out.mutable_nearest_better()->set_class_(
        static_cast<type::v1::FourClass>(e.nearest_better->target));
    for (const Condition& c : e.nearest_better->conditions) {
      out.mutable_nearest_better()->add_conditions_zh(c.text_zh);
    }
  }
  for (const ShortBoard& s : e.short_boards) {
    v1::ShortBoardLine* line = out.add_short_boards();
    line->set_kind(std::string(EnumName(s.kind)));
    line->set_detail(s.link);
    line->set_text_zh(s.text_zh);
    line->set_kind_zh(std::string(EnumZh(s.kind)));
    line->set_detail_zh(std::string(ChainLinkZh(s.link)));
  }
  for (const SuggestedMeasure& m : e.suggested_measures) {
    v1::MeasureLine* line = out.add_suggested_measures();
    line->set_code(m.code);
    line->set_name_zh(m.name_zh);
    line->set_category(std::string(EnumName(m.category)));
    line->set_category_zh(std::string(EnumZh(m.category)));
  }
  return out;
}

ProjectContribution ContributionOf(const v1::Evaluation& project, int64_t value_fen) {
  ProjectContribution c;
  c.value_fen = value_fen;
  c.result = FromMessage(project.result());
  for (const v1::DimensionScore& d : project.dimensions()) {
    DimensionTrace& t = c.dimensions.emplace_back();
    t.code = d.code();
    t.coverage_bp = d.coverage_bp();
    if (!d.applicable()) {
      t.state = FactState::kNotApplicable;
    } else if (d.has_score_bp()) {
      t.state = FactState::kPresent;
      t.score_bp = d.score_bp();
    } else {
      t.state = FactState::kMissing;
    }
  }
  for (const v1::KeyFigure& f : project.key_figures()) {
    int64_t number = 0;
    if (f.code() == "D2-01") {
      c.status = f.raw();
    } else if (!absl::SimpleAtoi(f.raw(), &number)) {
      continue;
    } else if (f.code() == "D2-02") {
      c.idle_months = number;
    } else if (f.code() == "D2-03") {
      c.margin_bp = number;
    } else if (f.code() == "D3-02") {
      c.received_bp = number;
    }
  }
  return c;
}

std::string SourceName(FactSource source) {
  switch (source) {
    case FactSource::kUnspecified:
      return "";
    case FactSource::kRegistry:
      return "registry";
    case FactSource::kAsset:
      return "asset";
    case FactSource::kFund:
      return "fund";
    case FactSource::kRisk:
      return "risk";
    case FactSource::kExpert:
    case FactSource::kDispatch:
      return "evaluation";
    case FactSource::kExternal:
      return "external";
  }
  return "";
}

v1::EvaluationResult ToMessage(Result result) { return static_cast<v1::EvaluationResult>(result); }
Result FromMessage(v1::EvaluationResult result) { return static_cast<Result>(result); }

}  // namespace bangfu::evaluation

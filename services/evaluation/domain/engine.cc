#include "services/evaluation/domain/engine.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <span>
#include <utility>

#include "absl/time/civil_time.h"
#include "common/base/bp.h"
#include "common/base/digest.h"
#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/evaluation/domain/wording.h"

namespace bangfu::evaluation {

namespace {

constexpr int64_t kRawLimit = int64_t{1} << 60;  // differences stay inside 64 bits

bool IsRunning(std::string_view status) { return status == "NORMAL" || status == "SEASONAL"; }
bool IsStopped(std::string_view status) { return status == "IDLE" || status == "NOT_STARTED"; }

bool BeforeAcceptance(Stage stage) {
  return stage == Stage::kUnderConstruction || stage == Stage::kPaused ||
         stage == Stage::kCompleted;
}

bool IsProcessing(std::string_view link) {
  return link == "PRIMARY_PROC" || link == "DEEP_PROC" || link == "COMPREHENSIVE_UTIL";
}

std::string ValueZh(GateReading reading, int64_t value) {
  switch (reading) {
    case GateReading::kScore:
      return Cat(PointsZh(value), "分");
    case GateReading::kShare:
      return Cat(PointsZh(value), "%");
    case GateReading::kMonths:
      return Cat(value, "个月");
    case GateReading::kPoints:
      return Cat(value, "分");
  }
  return "";
}

template <typename... T>
void Append(std::string& out, const T&... parts) {
  out += Cat(parts...);
}

template <typename List, typename Format>
std::string Join(const List& list, std::string_view separator, Format format) {
  std::string out;
  for (const auto& item : list) {
    if (!out.empty()) out += separator;
    format(&out, item);
  }
  return out;
}
std::string Join(const std::vector<std::string_view>& list, std::string_view separator) {
  return Join(list, separator, [](std::string* out, std::string_view item) { *out += item; });
}

absl::Status InvalidSnapshot(std::string_view field, std::string_view why) {
  return Error(absl::StatusCode::kInvalidArgument, "SNAPSHOT_INVALID")
      .Zh(Cat("评估数据有误：", why))
      .Field(field, why)
      .Build();
}

}  // namespace

// One evaluation. The snapshot is normalised, so lookups are binary searches.
class Evaluator {
 public:
  Evaluator(const Engine& engine, const Snapshot& snapshot, Explanation& out)
      : engine_(engine), set_(engine.criteria()), s_(snapshot), e_(out) {}

  void Run() {
    e_.rules.reserve(14);
    e_.gates.reserve(16);
    Line("P0", false, "对象有效，已经县级核实。").inputs.push_back(Flag("county_verified", true));
    if (!Eligible()) return Finish();
    ReadStatus();
    Score();
    if (HardRules()) return Finish();
    if (Missing()) return Finish();
    bool viable = Viable();
    if (viable) {
      Line("H4", false, "经营可持续，不属于难以为继。");
      DecideRunning();
    } else if (!FourPart()) {
      DecideStopped();
    }
    Finish();
  }

 private:
  // --- trace -------------------------------------------------------------------------------------
  RuleTrace& Line(std::string_view rule, bool fired, std::string text) {
    RuleTrace& line = e_.rules.emplace_back();
    line.rule_id = rule;
    line.fired = fired;
    line.text_zh = std::move(text);
    return line;
  }

  RuleInput Input(std::string_view name, std::string value, std::string_view unit) const {
    RuleInput input;
    input.name = name;
    input.value = std::move(value);
    input.unit = unit;
    for (const FactEvidence& evidence : s_.facts.evidence) {
      if (evidence.name != name) continue;
      input.source = evidence.source;
      input.source_record = evidence.source_record;
      input.as_of = evidence.as_of;
      break;
    }
    return input;
  }
  RuleInput Flag(std::string_view name, bool value) const {
    return Input(name, value ? "true" : "false", "");
  }
  RuleInput Raw(std::string_view code) const {
    RuleInput input;
    input.name = code;
    if (const FactValue* v = Find(code); v != nullptr) {
      if (v->state == FactState::kPresent) {
        input.value = v->category.empty() ? Cat(v->number) : v->category;
      }
      input.unit = v->unit;
      input.source = v->source;
      input.source_record = v->source_record;
      input.as_of = v->as_of;
    }
    return input;
  }
  RuleInput DimensionInput(std::string_view code) const {
    std::optional<int64_t> score = ScoreOfDimension(code);
    return Input(code, score ? Cat(*score) : "", "bp");
  }

  const FactValue* Find(std::string_view code) const {
    auto it = std::lower_bound(
        s_.values.begin(), s_.values.end(), code,
        [](const FactValue& v, std::string_view c) { return std::string_view(v.code) < c; });
    return it != s_.values.end() && it->code == code ? &*it : nullptr;
  }

  // The raw number that a gate reads: only of an indicator that applies and was reported.
  std::optional<int64_t> RawNumber(std::string_view code) const {
    const FactValue* v = Find(code);
    if (v == nullptr || v->state != FactState::kPresent) return std::nullopt;
    for (const IndicatorDef& d : set_.indicators) {
      if (d.code == code) return Applies(d, v) ? std::optional<int64_t>(v->number) : std::nullopt;
    }
    return std::nullopt;
  }

  std::optional<int64_t> ScoreOfDimension(std::string_view code) const {
    for (const DimensionTrace& d : e_.dimensions) {
      if (d.code == code) return d.score_bp;
    }
    return std::nullopt;
  }

  // A gate on the path taken.
  bool Gate(std::string_view rule, Param param, int64_t actual, bool at_least = true) {
    const ParamInfo& info = ParamTable()[static_cast<size_t>(param)];
    GateTrace& gate = e_.gates.emplace_back();
    gate.rule_id = rule;
    gate.name = info.name;
    gate.name_zh = GateNameOf(param).zh;
    gate.unit = info.unit;
    gate.at_least = at_least;
    gate.threshold = set_.Get(param);
    gate.actual = actual;
    gate.margin = at_least ? actual - gate.threshold : gate.threshold - actual;
    gate.passed = at_least ? gate.margin >= 0 : gate.margin > 0;
    gate_params_[e_.gates.size() - 1] = param;
    // Months and days have no distance in bp; points of an expert are hundredths of a score.
    int64_t distance = std::abs(gate.margin);
    if (info.unit == "point") distance *= 100;
    if (info.unit == "bp" || info.unit == "point") {
      e_.margin_bp = e_.margin_bp ? std::min(*e_.margin_bp, distance) : distance;
    }
    return gate.passed;
  }

  // A gate on a dimension score: a dimension that does not apply puts no condition.
  bool DimensionGate(std::string_view rule, Param param, std::string_view code) {
    std::optional<int64_t> score = ScoreOfDimension(code);
    return !score || Gate(rule, param, *score);
  }

  // --- E1 ----------------------------------------------------------------------------------------
  bool Eligible() {
    if (s_.subject_type == SubjectType::kIndustry) {
      Line("E1", false, "产业整体评估，不受单个项目阶段限制。");
      return true;
    }
    std::string reason;
    std::string text;
    switch (s_.stage) {
      case Stage::kAccepted:
      case Stage::kOperating:
      case Stage::kIdle:
      case Stage::kPaused:
      case Stage::kCompleted:
        break;
      case Stage::kUnderConstruction: {
        int64_t late = s_.planned_end ? s_.period_end - *s_.planned_end : 0;
        if (late <= set_.Get(Param::kOverdueDays)) {
          reason = "UNDER_CONSTRUCTION";
          text = "项目按计划在建，在建暂不分类。";
        }
        break;
      }
      default:
        reason = "STAGE_NOT_ELIGIBLE";
        text = Cat("项目处于“", EnumZh(s_.stage), "”阶段，不参加分类评估。");
    }
    const RuleFacts& f = s_.facts;
    if (reason.empty() && f.planting_date && f.cultivation_months > 0 &&
        !f.maintenance_inspection_failed) {
      absl::CivilMonth end = absl::CivilMonth(*f.planting_date) + f.cultivation_months;
      // The day of the month counts; a day that the last month does not have is its last day.
      absl::CivilDay last = absl::CivilDay(end + 1) - 1;
      absl::CivilDay bears(end.year(), end.month(), std::min(f.planting_date->day(), last.day()));
      if (s_.period_end < bears) {
        reason = "CULTIVATING";
        text = "尚在培育期内且管护检查未发现不合格，培育期暂不分类。";
      }
    }
    bool fired = !reason.empty();
    if (!fired) text = Cat("项目处于“", EnumZh(s_.stage), "”阶段，应当分类评估。");
    RuleTrace& line = Line("E1", fired, std::move(text));
    line.inputs.push_back(Input("stage", std::string(EnumName(s_.stage)), ""));
    if (s_.planned_end) {
      line.inputs.push_back(Input("planned_end", absl::FormatCivilTime(*s_.planned_end), ""));
    }
    if (f.planting_date) {
      line.inputs.push_back(Input("planting_date", absl::FormatCivilTime(*f.planting_date), ""));
      line.inputs.push_back(Input("cultivation_months", Cat(f.cultivation_months), "month"));
      line.inputs.push_back(Flag("maintenance_inspection_failed", f.maintenance_inspection_failed));
    }
    if (!fired) return true;
    e_.result = Result::kNotApplicable;
    e_.rule_id = "E1";
    e_.reason = std::move(reason);
    return false;
  }

  // --- scores ------------------------------------------------------------------------------------
  void ReadStatus() {
    const FactValue* v = Find("D2-01");
    if (v == nullptr || v->state != FactState::kPresent) return;
    for (const IndicatorDef& d : set_.indicators) {
      if (d.code == "D2-01" && ScoreOf(d, std::string_view(v->category)) >= 0)
        status_ = v->category;
    }
  }

  bool NoOperatingAssets() const {
    return s_.subject_type == SubjectType::kProject &&
           (!s_.facts.has_operating_assets || s_.facts.is_public_welfare_only);
  }

  bool Applies(const IndicatorDef& d, const FactValue* v) const {
    if (d.not_applicable_when_stopped && IsStopped(status_)) return false;
    if (d.needs_operating_assets && NoOperatingAssets()) return false;
    if (d.not_before_acceptance && BeforeAcceptance(s_.stage)) return false;
    if (d.may_be_not_applicable && v != nullptr && v->state == FactState::kNotApplicable) {
      return false;
    }
    return true;
  }

  // "" when the dimension applies, else why it does not.
  std::string_view WhyLeftOut(const DimensionDef& d) const {
    if (!d.needs_operating_assets) return "";
    if (s_.facts.is_public_welfare_only) return "仅有公益性资产，不评价资产收益";
    if (!s_.facts.has_operating_assets) return "没有经营性资产，不评价资产收益";
    if (s_.facts.production_start && set_.Get(Param::kRampUpMonths) > 0) {
      absl::CivilMonth end =
          absl::CivilMonth(*s_.facts.production_start) + set_.Get(Param::kRampUpMonths);
      absl::CivilDay last = absl::CivilDay(end + 1) - 1;
      absl::CivilDay over(end.year(), end.month(),
                          std::min(s_.facts.production_start->day(), last.day()));
      if (s_.period_end < over) return "处于投产爬坡期，暂不评价资产收益";
    }
    return "";
  }

  void Score() {
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

  void ScoreAggregate(const DimensionDef& d, DimensionTrace& t) {
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

  // Returns the weight base of the dimension.
  int64_t ScoreMembers(size_t index, const DimensionDef& d, DimensionTrace& t) {
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

  // --- H1–H3, P1 ---------------------------------------------------------------------------------
  bool Decide(Result result, std::string_view rule) {
    e_.result = result;
    e_.rule_id = rule;
    return true;
  }

  bool HardRules() {
    if (s_.subject_type == SubjectType::kIndustry) {
      Line("H1", false, "产业整体评估，不适用损毁规则。");
      Line("H2", false, "产业整体评估，不适用无盘活价值规则。");
      Line("H3", false, "产业整体评估，不适用报废期限规则。");
      return false;
    }
    const RuleFacts& f = s_.facts;
    Line("H1", f.damaged_irreparable,
         f.damaged_irreparable ? "生产性资产全部损毁且无法修复，属于调整类，可履行手续后规范处置。"
                               : "没有全部损毁且无法修复的认定。")
        .inputs.push_back(Flag("damaged_irreparable", f.damaged_irreparable));
    if (f.damaged_irreparable) return Decide(Result::kAdjust, "H1");

    bool valid = !f.appraisal_id.empty() &&
                 (!f.appraisal_valid_until || *f.appraisal_valid_until >= s_.period_end);
    bool no_value = f.no_revital_value && valid;
    RuleTrace& h2 =
        Line("H2", no_value,
             no_value ? "经有效评估认定已无盘活价值，属于调整类。"
             : f.no_revital_value ? "无盘活价值的认定没有在有效期内的评估报告，不予采信。"
                                  : "没有无盘活价值的评估认定。");
    h2.inputs.push_back(Flag("no_revital_value", f.no_revital_value));
    if (f.no_revital_value) h2.inputs.push_back(Input("appraisal_id", f.appraisal_id, ""));
    if (no_value) return Decide(Result::kAdjust, "H2");

    // Only a share that says something is a gate on the path: most subjects have none.
    bool expired = f.life_expired_share_bp > 0 &&
                   Gate("H3", Param::kLifeExpiredShare, f.life_expired_share_bp);
    bool fired = expired && !status_.empty() && !IsRunning(status_);
    RuleTrace& h3 = Line("H3", fired,
                         fired ? "大部分资产已达到报废期限且未正常运营，属于调整类。"
                         : expired ? "大部分资产已达到报废期限，但仍在正常运营或运营状态不明。"
                                   : "达到报废期限的资产占比未到规定比例。");
    h3.inputs.push_back(Input("life_expired_share_bp", Cat(f.life_expired_share_bp), "bp"));
    h3.inputs.push_back(Raw("D2-01"));
    return fired && Decide(Result::kAdjust, "H3");
  }

  bool Missing() {
    bool fired = !e_.missing.empty() || status_.empty();
    for (const DimensionTrace& d : e_.dimensions) fired |= d.state == FactState::kMissing;
    if (status_.empty() && std::none_of(e_.missing.begin(), e_.missing.end(),
                                        [](const MissingField& m) { return m.code == "D2-01"; })) {
      e_.missing.push_back({"D2-01", "运营状态", FactSource::kAsset});
    }
    std::sort(e_.missing.begin(), e_.missing.end(),
              [](const MissingField& a, const MissingField& b) { return a.code < b.code; });
    if (!fired) {
      Line("P1", false, "必报数据齐全，各维度已报权重符合要求。");
      return false;
    }
    RuleTrace& line = Line("P1", true, Cat("数据不足，须补报：", MissingList(), "。"));
    for (const MissingField& m : e_.missing) {
      RuleInput& input = line.inputs.emplace_back();
      input.name = m.code;
      input.source = m.source;
    }
    return Decide(Result::kInsufficientData, "P1");
  }

  std::string MissingList() const {
    return Join(e_.missing, "、", [](std::string* out, const MissingField& m) {
      Append(*out, m.code, " ", m.name_zh);
    });
  }

  // --- gates -------------------------------------------------------------------------------------
  bool Viable() {
    bool seasonal = status_ == "SEASONAL";
    bool running = IsRunning(status_) || status_ == "PARTIAL";
    bool d2 = DimensionGate("G0", Param::kViableD2, "D2");
    bool d3 = DimensionGate("G0", Param::kViableD3, "D3");
    std::optional<int64_t> idle = RawNumber("D2-02");
    bool in_use = seasonal || !idle || Gate("G0", Param::kViableIdleMonths, *idle, false);
    running_ = running;
    bool viable = running && d2 && d3 && in_use;
    std::string text = viable ? "经营可持续。" : "经营不可持续：";
    if (!viable) {
      std::vector<std::string_view> why;
      if (!running) why.push_back("已停产或未投产");
      if (!d2) why.push_back("经营管理得分偏低");
      if (!d3) why.push_back("资产收益得分偏低");
      if (!in_use) why.push_back("连续闲置时间较长");
      Append(text, Join(why, "、"), "。");
    }
    if (seasonal) Append(text, "季节性停产不计连续闲置。");
    for (const DimensionTrace& d : e_.dimensions) {
      if (d.code == "D3" && d.state == FactState::kNotApplicable) {
        Append(text, "资产收益维度不参加判定：", d.note_zh, "。");
      }
    }
    RuleTrace& line = Line("G0", viable, std::move(text));
    line.inputs.reserve(4);
    line.inputs.push_back(Raw("D2-01"));
    line.inputs.push_back(DimensionInput("D2"));
    line.inputs.push_back(DimensionInput("D3"));
    line.inputs.push_back(Raw("D2-02"));
    return viable;
  }

  // The policy's definition of 调整类: all four parts, nothing less.
  bool FourPart() {
    std::optional<int64_t> d4 = ScoreOfDimension("D4");
    std::optional<int64_t> d5 = ScoreOfDimension("D5");
    bool fired = false;
    if (s_.facts.tech_backward && d4 && d5) {
      bool no_linkage = Gate("H4", Param::kAdjustD4, *d4, false);
      bool poor = Gate("H4", Param::kAdjustD5, *d5, false);
      fired = no_linkage && poor;
    }
    RuleTrace& line = Line(
        "H4", fired,
        fired ? "难以为继、起不到带动作用、技术落后、市场前景不看好，四项同时具备，属于调整类。"
              : "难以为继、起不到带动作用、技术落后、市场前景不看好未同时具备。");
    line.inputs.push_back(DimensionInput("D4"));
    line.inputs.push_back(Flag("tech_backward", s_.facts.tech_backward));
    line.inputs.push_back(DimensionInput("D5"));
    return fired && Decide(Result::kAdjust, "H4");
  }

  bool MarketBenefit() {
    if (std::optional<int64_t> margin = RawNumber("D2-03")) {
      return Gate("G1", Param::kMarketMargin, *margin);
    }
    std::optional<int64_t> used = RawNumber("D1-02");
    std::optional<int64_t> received = RawNumber("D3-02");
    bool a = used && Gate("G1", Param::kMarketUtilisation, *used);
    bool b = received && Gate("G1", Param::kMarketReceived, *received);
    return a && b;
  }

  void DecideRunning() {
    market_ = MarketBenefit();
    std::optional<int64_t> chain = RawNumber("D1-01");
    chain_ = chain && Gate("G1", Param::kChainComplete, *chain);
    d1_ = DimensionGate("G1", Param::kConsolidateD1, "D1");
    d3_ = DimensionGate("G1", Param::kConsolidateD3, "D3");
    d4_ = DimensionGate("G1", Param::kConsolidateD4, "D4");
    d5_ = DimensionGate("G1", Param::kConsolidateD5, "D5");
    const RuleFacts& f = s_.facts;
    bool g1 = market_ && chain_ && d1_ && d3_ && d4_ && d5_ && !f.open_red && !f.open_fund_case;
    std::string text;
    if (g1) {
      text = "市场效益好、链条较完备且发展前景广，属于巩固类。";
    } else {
      std::vector<std::string_view> why;
      if (!market_) why.push_back("市场效益");
      if (!chain_) why.push_back("产业链环节");
      if (!d1_) why.push_back("产业发展水平");
      if (!d3_) why.push_back("资产收益");
      if (!d4_) why.push_back("联农带农");
      if (!d5_) why.push_back("发展前景");
      if (f.open_red) why.push_back("未解除的红色预警");
      if (f.open_fund_case) why.push_back("未办结的资金问题");
      text = Cat("未达到巩固类条件：", Join(why, "、"), "。");
    }
    RuleTrace& line = Line("G1", g1, std::move(text));
    line.inputs.reserve(10);
    line.inputs.push_back(Raw("D2-03"));
    if (!RawNumber("D2-03")) {
      line.inputs.push_back(Raw("D1-02"));
      line.inputs.push_back(Raw("D3-02"));
    }
    line.inputs.push_back(Raw("D1-01"));
    for (std::string_view code : {"D1", "D3", "D4", "D5"}) {
      line.inputs.push_back(DimensionInput(code));
    }
    line.inputs.push_back(Flag("open_red", f.open_red));
    line.inputs.push_back(Flag("open_fund_case", f.open_fund_case));
    if (g1) {
      Decide(Result::kConsolidate, "G1");
      return;
    }

    std::optional<int64_t> resource = RawNumber("D5-03");
    resource_ = resource && Gate("G2", Param::kResourceSupport, *resource);
    prospect_ = DimensionGate("G2", Param::kUpgradeD5, "D5");
    bool g2 = prospect_ && resource_;
    RuleTrace& second = Line("G2", g2,
                             g2 ? "资源有支撑、发展有基础，但有短板，属于升级类。"
                                : "发展前景或资源支撑未达到升级类一般条件。");
    second.inputs.push_back(DimensionInput("D5"));
    second.inputs.push_back(Raw("D5-03"));
    if (!g2) {
      RuleTrace& third = Line("G3", true,
                              Cat("目前经营可持续，但", !prospect_ ? "发展前景不佳" : "",
                                  !prospect_ && !resource_ ? "且" : "",
                                  !resource_ ? "缺少资源支撑" : "", "，列入升级类并须人工复核。"));
      third.inputs.push_back(DimensionInput("D5"));
      third.inputs.push_back(Raw("D5-03"));
      e_.review_required = true;
    }
    Decide(Result::kUpgrade, g2 ? "G2" : "G3");
    FindShortBoards();
  }

  void DecideStopped() {
    std::optional<int64_t> d5 = ScoreOfDimension("D5");
    Feasibility feasible = s_.facts.revitalise_feasible;
    auto inputs = [&](RuleTrace& line) {
      line.inputs.push_back(DimensionInput("D5"));
      line.inputs.push_back(Input("revitalise_feasible", std::string(EnumName(feasible)), ""));
    };
    // A prospect that does not apply cannot be good: a person decides.
    bool good = d5 && Gate("G4", Param::kRevitalizeD5, *d5);
    bool g4 = good && feasible != Feasibility::kNo;
    inputs(Line("G4", g4,
                g4 ? "暂时经营困难但前景看好，属于盘活类，须经严格论证。"
                : good ? "发展前景较好，但论证结论为不可行。"
                       : "发展前景未达到盘活类条件。"));
    if (g4) {
      Decide(Result::kRevitalize, "G4");
      return;
    }
    bool middling = !good && d5 && Gate("G5", Param::kManualD5, *d5);
    if (middling) {
      bool yes = feasible == Feasibility::kYes;
      e_.suggestion = yes ? Result::kRevitalize : Result::kAdjust;
      inputs(Line("G5", true,
                  Cat("经营困难而前景不明，由县级论证研判，倾向", EnumZh(e_.suggestion), "。")));
      Decide(Result::kManualReview, "G5");
      return;
    }
    inputs(Line("G5", false, "不在前景不明的区间。"));
    e_.suggestion = Result::kAdjust;
    inputs(Line("G6", true,
                good ? "前景较好但论证结论为盘活不可行，由县级论证研判，倾向调整类。"
                     : "经营困难且前景不看好，但不足以认定为调整类，由县级论证研判，倾向调整类。"));
    Decide(Result::kManualReview, "G6");
  }

  // --- short boards ------------------------------------------------------------------------------
  void AddShortBoard(ShortBoardKind kind, std::string_view link, std::string text) {
    for (const ShortBoard& b : e_.short_boards) {
      if (b.kind == kind && (b.link == link || link.empty())) return;
    }
    ShortBoard& board = e_.short_boards.emplace_back();
    board.kind = kind;
    board.link = link;
    board.text_zh = std::move(text);
    for (const OpenShortBoard& open : s_.facts.open_short_boards) {
      if (open.kind != kind || (!link.empty() && !open.link.empty() && open.link != link)) continue;
      board.existing_id = open.id;
      break;
    }
  }

  void FindShortBoards() {
    using K = ShortBoardKind;
    const RuleFacts& f = s_.facts;
    if (!chain_) {
      for (const std::string& link : f.missing_links) {
        AddShortBoard(K::kChain, link, Cat("产业链缺少", ChainLinkZh(link), "环节"));
      }
      if (f.missing_links.empty()) AddShortBoard(K::kChain, "", "产业链环节不完整");
      for (const std::string& link : f.missing_links) {
        if (link != "COLD_STORAGE" && !IsProcessing(link)) continue;
        AddShortBoard(K::kFacility, link, Cat("缺少", ChainLinkZh(link), "设施"));
      }
    }
    if (!d1_) WeakestOfD1();
    if (!market_ || !d3_) {
      AddShortBoard(K::kBenefit, "", !market_ ? "市场效益有待提升" : "资产收益有待提升");
    }
    if (!d4_) AddShortBoard(K::kLinkage, "", "联农带农作用有待增强");
    if (!d5_) AddShortBoard(K::kProspect, "", "发展前景有待拓展");
    if (!resource_) AddShortBoard(K::kResource, "", "资源支撑不足");
    if (f.open_red || f.open_fund_case) {
      AddShortBoard(K::kRisk, "", f.open_red ? "红色预警未解除" : "资金问题未办结");
    }
  }

  void WeakestOfD1() {
    using K = ShortBoardKind;
    const IndicatorTrace* weakest = nullptr;
    for (const IndicatorTrace& x : e_.indicators) {
      if (!x.score_bp || !x.code.starts_with("D1-")) continue;
      if (weakest == nullptr || *x.score_bp < *weakest->score_bp) weakest = &x;
    }
    if (weakest == nullptr) return;
    if (weakest->code == "D1-01") {
      for (const std::string& link : s_.facts.missing_links) {
        AddShortBoard(K::kChain, link, Cat("产业链缺少", ChainLinkZh(link), "环节"));
      }
      if (s_.facts.missing_links.empty()) AddShortBoard(K::kChain, "", "产业链环节不完整");
    } else if (weakest->code == "D1-04" && !s_.facts.open_short_boards.empty()) {
      const OpenShortBoard& open = s_.facts.open_short_boards.front();
      AddShortBoard(open.kind, open.link, "已登记的短板尚未补上");
    } else if (weakest->code == "D1-05") {
      AddShortBoard(K::kMarketing, "", "品牌建设不足");
    } else {
      AddShortBoard(K::kFacility, "", Cat(weakest->name_zh, "偏低，设施设备有待改善"));
    }
  }

  // --- what follows from the result --------------------------------------------------------------
  void Finish() {
    if (e_.result != Result::kNotApplicable) {
      SuggestMeasures();
      FindNearestBetter();
      SetConfidence();
    }
    e_.distribution = s_.distribution;
    Summarise();
  }

  bool Suggest(std::string_view reason) {
    bool any = false;
    for (const MeasureOption& option : s_.measures) {
      if (option.reason != reason) continue;
      any = true;
      bool there = std::any_of(e_.suggested_measures.begin(), e_.suggested_measures.end(),
                               [&](const SuggestedMeasure& m) { return m.code == option.code; });
      if (!there) e_.suggested_measures.push_back({option.code, option.name_zh, option.category});
    }
    return any;
  }

  void SuggestMeasures() {
    if (e_.result == Result::kRevitalize || e_.suggestion == Result::kRevitalize) {
      Suggest(kOptionForCause);
    } else if (e_.result == Result::kUpgrade) {
      for (const ShortBoard& board : e_.short_boards) {
        // What answers the very link comes before what answers its kind.
        const std::string_view kind = EnumName(board.kind);
        if (board.link.empty() || !Suggest(Cat(kind, "/", board.link))) Suggest(kind);
      }
    } else if (e_.result == Result::kAdjust) {
      // 尽力转型 first; a document that says nothing is left goes to disposal.
      Suggest(Cat(kOptionForPath, e_.rule_id == "H4" ? "A" : "C"));
    }
  }

  void Want(Param param, int64_t actual, bool at_least) {
    const GateName& name = GateNameOf(param);
    const ParamInfo& info = ParamTable()[static_cast<size_t>(param)];
    int64_t threshold = set_.Get(param);
    Condition& c = e_.nearest_better->conditions.emplace_back();
    c.code = info.name;
    c.unit = info.unit;
    c.actual = actual;
    c.threshold = threshold;
    c.text_zh = Cat(name.zh, "由", ValueZh(name.reading, actual), at_least ? "提高到" : "降到",
                    ValueZh(name.reading, threshold), at_least ? "以上" : "以下");
  }
  void Want(std::string_view code, std::string_view text) {
    Condition& c = e_.nearest_better->conditions.emplace_back();
    c.code = code;
    c.text_zh = text;
  }
  void WantFailedGates(std::string_view rule) {
    for (size_t i = 0; i < e_.gates.size(); ++i) {
      const GateTrace& gate = e_.gates[i];
      if (gate.rule_id == rule && !gate.passed) Want(gate_params_[i], gate.actual, gate.at_least);
    }
  }
  void WantProspect() {
    std::optional<int64_t> d5 = ScoreOfDimension("D5");
    if (d5 && *d5 < set_.Get(Param::kRevitalizeD5)) Want(Param::kRevitalizeD5, *d5, true);
    if (s_.facts.revitalise_feasible == Feasibility::kNo) {
      Want("revitalise_feasible", "重新论证，结论为盘活可行");
    }
  }

  void FindNearestBetter() {
    const RuleFacts& f = s_.facts;
    NearestBetter& better = e_.nearest_better.emplace();
    better.target = FourClass::kRevitalize;
    switch (e_.result) {
      case Result::kUpgrade:
        better.target = FourClass::kConsolidate;
        WantFailedGates("G1");
        if (!market_ && !RawNumber("D2-03") && (!RawNumber("D1-02") || !RawNumber("D3-02"))) {
          Want("market_benefit", "报送经营利润率，或报送产能利用率和收益兑现率");
        }
        if (f.open_red) Want("open_red", "解除红色预警");
        if (f.open_fund_case) Want("open_fund_case", "办结资金问题");
        return;
      case Result::kRevitalize:
        better.target = FourClass::kUpgrade;
        if (!running_) Want("operating_status", "恢复生产经营");
        WantFailedGates("G0");
        return;
      case Result::kManualReview:
        WantProspect();
        return;
      case Result::kAdjust:
        if (e_.rule_id == "H1") {
          Want("damaged_irreparable", "重新鉴定，资产可以修复或已经修复");
        } else if (e_.rule_id == "H2") {
          Want("no_revital_value", "重新评估，认定仍有盘活价值");
        } else if (e_.rule_id == "H3") {
          Want(Param::kLifeExpiredShare, f.life_expired_share_bp, false);
          Want("operating_status", "或者恢复正常运营");
        } else {
          WantProspect();
        }
        return;
      default:
        e_.nearest_better.reset();
    }
  }

  void SetConfidence() {
    auto below = [&](Param p, int64_t v) { return v < set_.Get(p); };
    bool low = e_.result == Result::kInsufficientData ||
               below(Param::kConfidenceLowCoverage, e_.coverage_bp) ||
               (e_.margin_bp && below(Param::kConfidenceLowMargin, *e_.margin_bp));
    bool high = !below(Param::kConfidenceHighCoverage, e_.coverage_bp) &&
                (!e_.margin_bp || !below(Param::kConfidenceHighMargin, *e_.margin_bp));
    e_.confidence = low ? Confidence::kLow : high ? Confidence::kHigh : Confidence::kMid;
  }

  void Summarise() {
    std::string& out = e_.summary_zh;
    out.reserve(512);
    const RuleTrace& deciding = e_.rules.back();
    if (e_.result == Result::kNotApplicable) {
      Append(out, "暂不分类。", deciding.text_zh);
      return;
    }
    if (e_.result == Result::kInsufficientData) {
      Append(out, "数据不足，暂不能分类。请补报：", MissingList(), "。补报后重新评估。");
      return;
    }
    if (std::optional<FourClass> c = ClassOf(e_.result)) {
      Append(out, "建议列入", EnumZh(*c), "（依据规则", e_.rule_id, "）。");
    } else {
      Append(out, "须人工研判（依据规则", e_.rule_id, "）。");
    }
    if (e_.total_bp) {
      Append(out, "综合得分", PointsZh(*e_.total_bp), "分，等次为", EnumZh(e_.level), "：");
    } else {
      Append(out, "部分维度数据未报，不计综合得分：");
    }
    bool first = true;
    for (const DimensionTrace& d : e_.dimensions) {
      Append(out, first ? "" : "，", d.name_zh,
             d.score_bp                             ? PointsZh(*d.score_bp)
             : d.state == FactState::kNotApplicable ? std::string("不适用")
                                                    : std::string("未评"));
      first = false;
    }
    Append(out, "。", deciding.text_zh);
    if (!e_.short_boards.empty()) {
      Append(out, "短板：",
             Join(e_.short_boards, "、",
                  [](std::string* o, const ShortBoard& b) { Append(*o, b.text_zh); }),
             "。");
    }
    if (!e_.suggested_measures.empty()) {
      Append(out, "建议措施：",
             Join(e_.suggested_measures, "、",
                  [](std::string* o, const SuggestedMeasure& m) { Append(*o, m.name_zh); }),
             "。");
    }
    if (e_.nearest_better && !e_.nearest_better->conditions.empty()) {
      Append(out, "如要转为", EnumZh(e_.nearest_better->target), "，需要：",
             Join(e_.nearest_better->conditions, "；",
                  [](std::string* o, const Condition& c) { Append(*o, c.text_zh); }),
             "。");
    }
    if (e_.result == Result::kAdjust) Append(out, "调整类须经论证后方可生效。");
  }

  const Engine& engine_;
  const CriteriaSet& set_;
  const Snapshot& s_;
  Explanation& e_;
  std::string_view status_;  // D2-01 category; "" = unknown
  std::array<Param, 32> gate_params_{};
  bool running_ = false;
  bool market_ = false;
  bool chain_ = false;
  bool d1_ = false;
  bool d3_ = false;
  bool d4_ = false;
  bool d5_ = false;
  bool resource_ = true;
  bool prospect_ = true;
};

absl::StatusOr<Engine> Engine::Create(CriteriaSet criteria) {
  RETURN_IF_ERROR(Validate(criteria));
  std::string json = CanonicalJson(criteria);
  Engine engine;
  engine.hash_ = Sha256Hex(json);
  // The canonical order, so that equal hashes give equal bytes.
  ASSIGN_OR_RETURN(engine.criteria_, ParseCriteria(json));
  for (const DimensionDef& d : engine.criteria_.dimensions) {
    std::vector<size_t>& members = engine.members_.emplace_back();
    for (size_t i = 0; i < engine.criteria_.indicators.size(); ++i) {
      if (engine.criteria_.indicators[i].dimension == d.code) members.push_back(i);
    }
  }
  return engine;
}

absl::StatusOr<Outcome> Engine::Evaluate(const Snapshot& given) const {
  if (given.subject_id.empty()) return InvalidSnapshot("subject_id", "没有评估对象");
  if (given.subject_type == SubjectType::kUnspecified) {
    return InvalidSnapshot("subject_type", "没有注明对象类型");
  }
  if (given.is_void) return FailedPrecondition("SUBJECT_VOID", "对象已作废，不能评估");
  if (!given.county_verified) {
    return FailedPrecondition("SUBJECT_NOT_VERIFIED", "对象未经县级核实，不能评估");
  }
  Snapshot snapshot = given;
  Normalise(snapshot);
  for (size_t i = 0; i < snapshot.values.size(); ++i) {
    const FactValue& v = snapshot.values[i];
    if (i > 0 && v.code == snapshot.values[i - 1].code) {
      return InvalidSnapshot("values", Cat("指标 ", v.code, " 重复"));
    }
    if (v.number > kRawLimit || v.number < -kRawLimit) {
      return InvalidSnapshot("values", Cat("指标 ", v.code, " 的数值超出范围"));
    }
    if (v.unit.empty()) continue;
    auto def = std::lower_bound(
        criteria_.indicators.begin(), criteria_.indicators.end(), v.code,
        [](const IndicatorDef& d, const std::string& code) { return d.code < code; });
    if (def != criteria_.indicators.end() && def->code == v.code && def->unit != v.unit) {
      return InvalidSnapshot("values", Cat("指标 ", v.code, " 的单位应为 ", def->unit));
    }
  }
  for (size_t i = 0; i < snapshot.aggregated.size(); ++i) {
    const AggregatedDimension& a = snapshot.aggregated[i];
    if (i > 0 && a.code == snapshot.aggregated[i - 1].code) {
      return InvalidSnapshot("aggregated", Cat("维度 ", a.code, " 重复"));
    }
    if (a.score_bp < 0 || a.score_bp > kBpOne || a.coverage_bp < 0 || a.coverage_bp > kBpOne) {
      return InvalidSnapshot("aggregated", Cat("维度 ", a.code, " 的得分超出范围"));
    }
  }
  if (snapshot.facts.life_expired_share_bp < 0 || snapshot.facts.life_expired_share_bp > kBpOne) {
    return InvalidSnapshot("facts.life_expired_share_bp", "占比应在 0 到 10000 之间");
  }
  if (snapshot.facts.cultivation_months < 0 || snapshot.facts.cultivation_months > 1200) {
    return InvalidSnapshot("facts.cultivation_months", "培育期月数超出范围");
  }

  Outcome outcome;
  outcome.snapshot_json = bangfu::evaluation::CanonicalJson(snapshot);
  Explanation& e = outcome.explanation;
  e.criteria_version = criteria_.version_no;
  e.criteria_hash = hash_;
  e.snapshot_hash = Sha256Hex(outcome.snapshot_json);
  e.subject_type = snapshot.subject_type;
  e.subject_id = snapshot.subject_id;
  e.period = snapshot.period;
  Evaluator(*this, snapshot, e).Run();
  outcome.explanation_json = bangfu::evaluation::CanonicalJson(e);
  return outcome;
}

absl::StatusOr<Outcome> Evaluate(const CriteriaSet& criteria, const Snapshot& snapshot) {
  ASSIGN_OR_RETURN(Engine engine, Engine::Create(criteria));
  return engine.Evaluate(snapshot);
}

}  // namespace bangfu::evaluation

// What is told beside the class: the short boards (短板) of an upgrade, the measures that answer,
// what would lead to the next better class, how sure the result is, and the summary.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "common/base/strings.h"
#include "services/evaluation/domain/decision.h"
#include "services/evaluation/domain/decision_text.h"
#include "services/evaluation/domain/wording.h"

namespace bangfu::evaluation {

namespace {

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

}  // namespace

void Decision::Finish() {
  if (e_.result != Result::kNotApplicable) {
    SuggestMeasures();
    FindNearestBetter();
    SetConfidence();
  }
  e_.distribution = s_.distribution;
  Summarise();
}

// --- short boards --------------------------------------------------------------------------------

void Decision::AddShortBoard(ShortBoardKind kind, std::string_view link, std::string text) {
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

void Decision::FindShortBoards() {
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

void Decision::WeakestOfD1() {
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

// --- measures ------------------------------------------------------------------------------------

bool Decision::Suggest(std::string_view reason) {
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

void Decision::SuggestMeasures() {
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

// --- the next better class -----------------------------------------------------------------------

void Decision::Want(Param param, int64_t actual, bool at_least) {
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

void Decision::Want(std::string_view code, std::string_view text) {
  Condition& c = e_.nearest_better->conditions.emplace_back();
  c.code = code;
  c.text_zh = text;
}

void Decision::WantFailedGates(std::string_view rule) {
  for (size_t i = 0; i < e_.gates.size(); ++i) {
    const GateTrace& gate = e_.gates[i];
    if (gate.rule_id == rule && !gate.passed) Want(gate_params_[i], gate.actual, gate.at_least);
  }
}

void Decision::WantProspect() {
  std::optional<int64_t> d5 = ScoreOfDimension("D5");
  if (d5 && *d5 < set_.Get(Param::kRevitalizeD5)) Want(Param::kRevitalizeD5, *d5, true);
  if (s_.facts.revitalise_feasible == Feasibility::kNo) {
    Want("revitalise_feasible", "重新论证，结论为盘活可行");
  }
}

void Decision::FindNearestBetter() {
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

// --- confidence and summary ----------------------------------------------------------------------

void Decision::SetConfidence() {
  auto below = [&](Param p, int64_t v) { return v < set_.Get(p); };
  bool low = e_.result == Result::kInsufficientData ||
             below(Param::kConfidenceLowCoverage, e_.coverage_bp) ||
             (e_.margin_bp && below(Param::kConfidenceLowMargin, *e_.margin_bp));
  bool high = !below(Param::kConfidenceHighCoverage, e_.coverage_bp) &&
              (!e_.margin_bp || !below(Param::kConfidenceHighMargin, *e_.margin_bp));
  e_.confidence = low ? Confidence::kLow : high ? Confidence::kHigh : Confidence::kMid;
}

void Decision::Summarise() {
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

}  // namespace bangfu::evaluation

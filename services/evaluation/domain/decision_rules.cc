// The rules by the names of the decision order: whether the subject is classified at all (E1), what
// decides before any score (H1–H3), what is missing (P1), and the gates on the scores (G0–G6, H4).
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/civil_time.h"
#include "common/base/strings.h"
#include "services/evaluation/domain/decision.h"
#include "services/evaluation/domain/decision_text.h"

namespace bangfu::evaluation {

// --- E1 ------------------------------------------------------------------------------------------

bool Decision::Eligible() {
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
    if (s_.period_end < AddMonths(*f.planting_date, f.cultivation_months)) {
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

// --- H1–H3, P1 -----------------------------------------------------------------------------------

bool Decision::HardRules() {
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
  RuleTrace& h2 = Line("H2", no_value,
                       no_value ? "经有效评估认定已无盘活价值，属于调整类。"
                       : f.no_revital_value ? "无盘活价值的认定没有在有效期内的评估报告，不予采信。"
                                            : "没有无盘活价值的评估认定。");
  h2.inputs.push_back(Flag("no_revital_value", f.no_revital_value));
  if (f.no_revital_value) h2.inputs.push_back(Input("appraisal_id", f.appraisal_id, ""));
  if (no_value) return Decide(Result::kAdjust, "H2");

  // Only a share that says something is a gate on the path: most subjects have none.
  bool expired =
      f.life_expired_share_bp > 0 && Gate("H3", Param::kLifeExpiredShare, f.life_expired_share_bp);
  bool fired = expired && !status_.empty() && !IsRunning();
  RuleTrace& h3 = Line("H3", fired,
                       fired ? "大部分资产已达到报废期限且未正常运营，属于调整类。"
                       : expired ? "大部分资产已达到报废期限，但仍在正常运营或运营状态不明。"
                                 : "达到报废期限的资产占比未到规定比例。");
  h3.inputs.push_back(Input("life_expired_share_bp", Cat(f.life_expired_share_bp), "bp"));
  h3.inputs.push_back(Raw("D2-01"));
  return fired && Decide(Result::kAdjust, "H3");
}

bool Decision::Missing() {
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

std::string Decision::MissingList() const {
  return Join(e_.missing, "、", [](std::string* out, const MissingField& m) {
    Append(*out, m.code, " ", m.name_zh);
  });
}

// --- gates ---------------------------------------------------------------------------------------

bool Decision::Viable() {
  bool seasonal = status_ == "SEASONAL";
  bool running = IsRunning() || status_ == "PARTIAL";
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
bool Decision::FourPart() {
  std::optional<int64_t> d4 = ScoreOfDimension("D4");
  std::optional<int64_t> d5 = ScoreOfDimension("D5");
  bool fired = false;
  if (s_.facts.tech_backward && d4 && d5) {
    bool no_linkage = Gate("H4", Param::kAdjustD4, *d4, false);
    bool poor = Gate("H4", Param::kAdjustD5, *d5, false);
    fired = no_linkage && poor;
  }
  RuleTrace& line =
      Line("H4", fired,
           fired ? "难以为继、起不到带动作用、技术落后、市场前景不看好，四项同时具备，属于调整类。"
                 : "难以为继、起不到带动作用、技术落后、市场前景不看好未同时具备。");
  line.inputs.push_back(DimensionInput("D4"));
  line.inputs.push_back(Flag("tech_backward", s_.facts.tech_backward));
  line.inputs.push_back(DimensionInput("D5"));
  return fired && Decide(Result::kAdjust, "H4");
}

bool Decision::MarketBenefit() {
  if (std::optional<int64_t> margin = RawNumber("D2-03")) {
    return Gate("G1", Param::kMarketMargin, *margin);
  }
  std::optional<int64_t> used = RawNumber("D1-02");
  std::optional<int64_t> received = RawNumber("D3-02");
  bool a = used && Gate("G1", Param::kMarketUtilisation, *used);
  bool b = received && Gate("G1", Param::kMarketReceived, *received);
  return a && b;
}

void Decision::DecideRunning() {
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

void Decision::DecideStopped() {
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
              g4     ? "暂时经营困难但前景看好，属于盘活类，须经严格论证。"
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

}  // namespace bangfu::evaluation

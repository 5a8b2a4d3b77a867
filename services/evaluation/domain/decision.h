// One evaluation inside the engine: what the snapshot says, what the rules have found so far, and
// the explanation that they write as they go. For engine.cc and decision*.cc only:
//   decision.cc         the order of the rules, and how each tells what it looked at
//   decision_scores.cc  from values to the scores of indicators and dimensions
//   decision_rules.cc   the rules E1, H1–H3, P1, G0–G6 and H4
//   decision_advice.cc  short boards, measures, the next better class, confidence, summary
// Rule P0 is a refusal of engine.cc.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/time/civil_time.h"
#include "services/evaluation/domain/criteria.h"
#include "services/evaluation/domain/engine.h"
#include "services/evaluation/domain/explanation.h"
#include "services/evaluation/domain/facts.h"
#include "services/evaluation/domain/indicator.h"
#include "services/evaluation/domain/types.h"

namespace bangfu::evaluation {

// The snapshot is normalised, so lookups are binary searches. The small things that the rules ask
// over and over are inline: a batch is measured by what one evaluation takes.
class Decision {
 public:
  Decision(const Engine& engine, const Snapshot& snapshot, Explanation& out)
      : engine_(engine), set_(engine.criteria()), s_(snapshot), e_(out) {}

  void Run();

 private:
  // --- lookups -----------------------------------------------------------------------------------
  const FactValue* Find(std::string_view code) const {
    auto it = std::lower_bound(
        s_.values.begin(), s_.values.end(), code,
        [](const FactValue& v, std::string_view c) { return std::string_view(v.code) < c; });
    return it != s_.values.end() && it->code == code ? &*it : nullptr;
  }
  std::optional<int64_t> ScoreOfDimension(std::string_view code) const {
    for (const DimensionTrace& d : e_.dimensions) {
      if (d.code == code) return d.score_bp;
    }
    return std::nullopt;
  }
  bool IsRunning() const { return status_ == "NORMAL" || status_ == "SEASONAL"; }
  // The day of the month counts; a day that the last month does not have is its last day.
  static absl::CivilDay AddMonths(absl::CivilDay day, int64_t months) {
    absl::CivilMonth end = absl::CivilMonth(day) + months;
    absl::CivilDay last = absl::CivilDay(end + 1) - 1;
    return absl::CivilDay(end.year(), end.month(), std::min(day.day(), last.day()));
  }

  // --- trace and gates (decision.cc) -------------------------------------------------------------
  bool Decide(Result result, std::string_view rule);
  RuleTrace& Line(std::string_view rule, bool fired, std::string text) {
    RuleTrace& line = e_.rules.emplace_back();
    line.rule_id = rule;
    line.fired = fired;
    line.text_zh = std::move(text);
    return line;
  }
  RuleInput Input(std::string_view name, std::string value, std::string_view unit) const;
  RuleInput Flag(std::string_view name, bool value) const {
    return Input(name, value ? "true" : "false", "");
  }
  RuleInput Raw(std::string_view code) const;
  RuleInput DimensionInput(std::string_view code) const;
  // A gate on the path taken.
  bool Gate(std::string_view rule, Param param, int64_t actual, bool at_least = true);
  // A gate on a dimension score: a dimension that does not apply puts no condition.
  bool DimensionGate(std::string_view rule, Param param, std::string_view code) {
    std::optional<int64_t> score = ScoreOfDimension(code);
    return !score || Gate(rule, param, *score);
  }

  // --- scores (decision_scores.cc) ---------------------------------------------------------------
  void ReadStatus();
  bool NoOperatingAssets() const;
  bool Applies(const IndicatorDef& d, const FactValue* v) const;
  // "" when the dimension applies, else why it does not.
  std::string_view WhyLeftOut(const DimensionDef& d) const;
  // The raw number that a gate reads: only of an indicator that applies and was reported.
  std::optional<int64_t> RawNumber(std::string_view code) const;
  void Score();
  void ScoreAggregate(const DimensionDef& d, DimensionTrace& t);
  // Returns the weight base of the dimension.
  int64_t ScoreMembers(size_t index, const DimensionDef& d, DimensionTrace& t);

  // --- rules (decision_rules.cc) -----------------------------------------------------------------
  bool Eligible();       // E1
  bool HardRules();      // H1–H3: whether one decided
  bool Missing();        // P1: whether data is missing
  bool Viable();         // G0
  bool FourPart();       // H4: whether it decided
  void DecideRunning();  // G1–G3
  void DecideStopped();  // G4–G6
  bool MarketBenefit();
  std::string MissingList() const;

  // --- what follows from the result (decision_advice.cc) -----------------------------------------
  void Finish();
  void AddShortBoard(ShortBoardKind kind, std::string_view link, std::string text);
  void FindShortBoards();
  void WeakestOfD1();
  bool Suggest(std::string_view reason);
  void SuggestMeasures();
  void Want(Param param, int64_t actual, bool at_least);
  void Want(std::string_view code, std::string_view text);
  void WantFailedGates(std::string_view rule);
  void WantProspect();
  void FindNearestBetter();
  void SetConfidence();
  void Summarise();

  const Engine& engine_;
  const CriteriaSet& set_;
  const Snapshot& s_;
  Explanation& e_;
  std::string_view status_;  // D2-01 category; "" = unknown
  std::array<Param, 32> gate_params_{};
  // What Viable and DecideRunning found, for the advice.
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

}  // namespace bangfu::evaluation

// The order of the rules, and how each of them tells what it looked at.
#include "services/evaluation/domain/decision.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "common/base/strings.h"
#include "services/evaluation/domain/wording.h"

namespace bangfu::evaluation {

void Decision::Run() {
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

bool Decision::Decide(Result result, std::string_view rule) {
  e_.result = result;
  e_.rule_id = rule;
  return true;
}

RuleInput Decision::Input(std::string_view name, std::string value, std::string_view unit) const {
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

RuleInput Decision::Raw(std::string_view code) const {
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

RuleInput Decision::DimensionInput(std::string_view code) const {
  std::optional<int64_t> score = ScoreOfDimension(code);
  return Input(code, score ? Cat(*score) : "", "bp");
}

bool Decision::Gate(std::string_view rule, Param param, int64_t actual, bool at_least) {
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

}  // namespace bangfu::evaluation

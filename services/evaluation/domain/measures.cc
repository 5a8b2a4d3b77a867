#include "services/evaluation/domain/measures.h"

#include <algorithm>

namespace bangfu::evaluation {

namespace {

template <typename Def>
const Def* Find(const std::vector<Def>& list, std::string_view code) {
  auto it = std::find_if(list.begin(), list.end(), [&](const Def& d) { return d.code == code; });
  return it == list.end() ? nullptr : &*it;
}

}  // namespace

const MeasureDef* MeasureCatalogue::FindMeasure(FourClass four_class, std::string_view code) const {
  const MeasureDef* found = Find(measures, code);
  return found != nullptr && found->four_class == four_class ? found : nullptr;
}

const CauseDef* MeasureCatalogue::FindCause(std::string_view code) const {
  return Find(causes, code);
}

const OverrideReasonDef* MeasureCatalogue::FindOverrideReason(std::string_view code) const {
  return Find(override_reasons, code);
}

bool IsAllowed(const CauseDef& cause, const MeasureDef& measure) {
  if (measure.four_class != FourClass::kRevitalize) return false;
  return measure.any_cause || std::find(cause.measures.begin(), cause.measures.end(),
                                        measure.code) != cause.measures.end();
}

std::vector<MeasureOption> MeasureOptions(const MeasureCatalogue& catalogue,
                                          const RuleFacts& facts) {
  std::vector<MeasureOption> out;
  const auto add = [&out](std::string reason, const MeasureDef& m) {
    out.push_back(
        {std::move(reason), static_cast<int64_t>(out.size()), m.code, m.name_zh, m.category});
  };
  if (const CauseDef* cause = catalogue.FindCause(facts.cause)) {
    for (const std::string& code : cause->measures) {
      const MeasureDef* m = catalogue.FindMeasure(FourClass::kRevitalize, code);
      if (m != nullptr && m->in_force) add(std::string(kOptionForCause), *m);
    }
  }
  for (const MeasureDef& m : catalogue.measures) {
    if (!m.in_force) continue;
    if (m.four_class == FourClass::kAdjust && !m.path.empty()) {
      add(std::string(kOptionForPath) + m.path, m);
    }
    if (m.four_class != FourClass::kUpgrade) continue;
    for (const std::string& board : m.short_boards) {
      // A link that is there leaves no short board behind.
      const size_t slash = board.find('/');
      const auto& missing = facts.missing_links;
      if (slash != std::string::npos &&
          std::find(missing.begin(), missing.end(), board.substr(slash + 1)) == missing.end()) {
        continue;
      }
      add(board, m);
    }
  }
  return out;
}

}  // namespace bangfu::evaluation

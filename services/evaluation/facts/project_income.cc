#include "services/evaluation/facts/project_income.h"

#include <algorithm>

namespace bangfu::evaluation {

std::optional<ProjectIncome> ReadProjectIncome(const asset::v1::ProjectAssetFacts& facts) {
  if (!facts.household_income_reported()) return std::nullopt;
  ProjectIncome out;
  for (const asset::v1::MonthlyFacts& m : facts.months()) {
    out.income_fen[m.month()] += m.household_income_fen();
  }
  for (const asset::v1::LinkedHouseholds& l : facts.households_by_month()) {
    std::optional<int64_t>& households = out.linked[l.month()];
    if (l.has_households()) households = l.households();
  }
  out.linked_now = facts.linked_households();
  for (const auto& [month, households] : out.linked) {
    out.linked_most = std::max(out.linked_most, households.value_or(0));
  }
  out.linked_most = std::max(out.linked_most, out.linked_now);
  if (out.linked_most <= 0) return std::nullopt;
  return out;
}

std::optional<int64_t> HouseholdsOf(const ProjectIncome& project, const std::string& month) {
  const auto income = project.income_fen.find(month);
  const bool paid = income != project.income_fen.end() && income->second > 0;
  auto at = project.linked.upper_bound(month);
  while (at != project.linked.begin()) {
    --at;
    // What is paid after the last link has ended went to the households that it had.
    if (paid && at->second == 0) continue;
    return at->second;
  }
  // Before the first link on record there was none, unless there was income.
  if (paid || project.linked.empty()) return std::nullopt;
  return 0;
}

}  // namespace bangfu::evaluation

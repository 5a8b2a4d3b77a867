#include "services/evaluation/jobs/household_income.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "common/base/clock.h"
#include "common/status/macros.h"
#include "services/evaluation/facts/moment.h"
#include "services/evaluation/store/fact_store.h"
#include "services/evaluation/store/subject_store.h"

namespace bangfu::evaluation {

namespace {

// What the facts of a project say of it, and no more: a county's projects are held at once.
struct ProjectIncome {
  std::map<std::string, int64_t> income_fen;  // by month
  // By the month from which it holds; nullopt: not known. Empty: nothing is known of any month.
  std::map<std::string, std::optional<int64_t>> linked;
  int64_t linked_now = 0;
  int64_t linked_most = 0;
};

// nullopt: not reported, which is no series of zeros.
std::optional<ProjectIncome> ReadIncome(const asset::v1::ProjectAssetFacts& facts) {
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
  // Income of nobody that is known is no household's.
  if (out.linked_most <= 0) return std::nullopt;
  return out;
}

// Households linked in a month, or that its income went to. nullopt: not known.
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

std::vector<IncomeMonth> SumUp(const std::vector<ProjectIncome>& projects) {
  std::map<std::string, int64_t> income_fen;
  for (const ProjectIncome& p : projects) {
    for (const auto& [month, fen] : p.income_fen) income_fen[month] += fen;
  }
  std::vector<IncomeMonth> out;
  for (const auto& [month, fen] : income_fen) {
    IncomeMonth& sum = out.emplace_back();
    sum.month = month;
    sum.income_fen = fen;
    for (const ProjectIncome& p : projects) {
      const std::optional<int64_t> households = HouseholdsOf(p, month);
      if (!households) sum.households_known = false;
      // Of an ended link nobody is linked now.
      sum.households += households.value_or(p.linked_now > 0 ? p.linked_now : p.linked_most);
    }
  }
  return out;
}

}  // namespace

std::vector<IncomeMonth> HouseholdIncome(const asset::v1::ProjectAssetFacts& facts) {
  std::optional<ProjectIncome> project = ReadIncome(facts);
  if (!project) return {};
  return SumUp({*std::move(project)});
}

absl::StatusOr<std::vector<IncomeMonth>> SumHouseholdIncome(mysql::Executor& db,
                                                            const std::string& region) {
  std::vector<ProjectIncome> projects;
  asset::v1::ProjectAssetFacts facts;
  RETURN_IF_ERROR(StreamFacts(db, region, kAssetFacts, [&](std::string_view payload) {
    // A payload that cannot be read counts as not reported; the consumer parks such events.
    if (!facts.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) return;
    std::optional<ProjectIncome> project = ReadIncome(facts);
    if (project) projects.push_back(*std::move(project));
  }));
  return SumUp(projects);
}

absl::Status RefreshHouseholdIncome(mysql::Session& db, const std::string& region, absl::Time now) {
  // The months that the asset facts carry.
  constexpr int kFactMonths = 36;
  const std::string from = MonthText(absl::CivilMonth(ShanghaiDay(now)) - (kFactMonths - 1));
  ASSIGN_OR_RETURN(auto counties, ListCounties(db, region));
  for (const auto& [county, subjects] : counties) {
    ASSIGN_OR_RETURN(std::vector<IncomeMonth> months, SumHouseholdIncome(db, county));
    RETURN_IF_ERROR(mysql::Transact(db, [&](mysql::Tx& tx) -> absl::Status {
      return PutIncome(tx, county, from, months, now);
    }));
  }
  return absl::OkStatus();
}

}  // namespace bangfu::evaluation

#include "services/evaluation/jobs/household_income.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "common/base/clock.h"
#include "common/status/macros.h"
#include "services/evaluation/facts/moment.h"
#include "services/evaluation/facts/project_income.h"
#include "services/evaluation/store/fact_store.h"
#include "services/evaluation/store/subject_store.h"

namespace bangfu::evaluation {

namespace {

absl::StatusOr<std::vector<ProjectIncome>> ReadProjects(mysql::Executor& db,
                                                        const std::string& region) {
  std::vector<ProjectIncome> projects;
  asset::v1::ProjectAssetFacts facts;
  RETURN_IF_ERROR(StreamFacts(db, region, kAssetFacts, [&](std::string_view payload) {
    // A payload that cannot be read counts as not reported; the consumer parks such events.
    if (!facts.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) return;
    std::optional<ProjectIncome> project = ReadProjectIncome(facts);
    if (project) projects.push_back(*std::move(project));
  }));
  return projects;
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

// Of the projects alone whose households are known in each month: one that is not would hide the
// year before for its whole county, or put it beside a year of other households.
ComparedIncome Compare(const std::vector<ProjectIncome>& projects, absl::CivilMonth last_month) {
  constexpr int kYear = 12;
  constexpr int kYears = 2;
  ComparedIncome out;
  out.last_month = MonthText(last_month);
  if (projects.empty()) return out;
  for (int before = kYears * kYear - 1; before >= 0; --before) {
    out.months.emplace_back().month = MonthText(last_month - before);
  }
  std::vector<const ProjectIncome*> known;
  for (const ProjectIncome& p : projects) {
    const bool always =
        std::all_of(out.months.begin(), out.months.end(),
                    [&p](const IncomeMonth& m) { return HouseholdsOf(p, m.month).has_value(); });
    if (always) {
      known.push_back(&p);
    } else {
      ++out.left_out;
    }
  }
  bool told[kYears] = {};
  for (size_t i = 0; i < out.months.size(); ++i) {
    IncomeMonth& m = out.months[i];
    for (const ProjectIncome* p : known) {
      m.households += HouseholdsOf(*p, m.month).value_or(0);
      const auto income = p->income_fen.find(m.month);
      if (income == p->income_fen.end()) continue;
      told[i / kYear] = true;
      m.income_fen += income->second;
    }
  }
  // As in the sums of all, a year that nothing was told of has no number of households. One that
  // something was told of has it in each month: the counties that are added to it were paid in
  // others.
  for (size_t i = 0; i < out.months.size(); ++i) {
    if (!told[i / kYear]) out.months[i].households = 0;
  }
  return out;
}

}  // namespace

std::vector<IncomeMonth> HouseholdIncome(const asset::v1::ProjectAssetFacts& facts) {
  std::optional<ProjectIncome> project = ReadProjectIncome(facts);
  if (!project) return {};
  return SumUp({*std::move(project)});
}

absl::StatusOr<std::vector<IncomeMonth>> SumHouseholdIncome(mysql::Executor& db,
                                                            const std::string& region) {
  ASSIGN_OR_RETURN(const std::vector<ProjectIncome> projects, ReadProjects(db, region));
  return SumUp(projects);
}

absl::StatusOr<RegionIncome> CompareHouseholdIncome(mysql::Executor& db, const std::string& region,
                                                    absl::CivilMonth last_month) {
  ASSIGN_OR_RETURN(const std::vector<ProjectIncome> projects, ReadProjects(db, region));
  return RegionIncome{SumUp(projects), Compare(projects, last_month)};
}

absl::Status RefreshHouseholdIncome(mysql::Session& db, const std::string& region, absl::Time now) {
  // The months that the asset facts carry.
  constexpr int kFactMonths = 36;
  const absl::CivilDay today = ShanghaiDay(now);
  const std::string from = MonthText(absl::CivilMonth(today) - (kFactMonths - 1));
  // Tomorrow's years are asked for before the next night is over.
  const std::set<absl::CivilMonth> last_months = {YearBefore(today).back(),
                                                  YearBefore(today + 1).back()};
  // A county that all its projects have left is refreshed too: they count elsewhere now.
  ASSIGN_OR_RETURN(const std::vector<std::string> kept, ListIncomeCounties(db, region));
  std::set<std::string> counties(kept.begin(), kept.end());
  ASSIGN_OR_RETURN(const auto with_subjects, ListCounties(db, region));
  for (const auto& [county, subjects] : with_subjects) counties.insert(county);
  for (const std::string& county : counties) {
    ASSIGN_OR_RETURN(const std::vector<ProjectIncome> projects, ReadProjects(db, county));
    const std::vector<IncomeMonth> months = SumUp(projects);
    std::vector<ComparedIncome> compared;
    for (const absl::CivilMonth last : last_months) compared.push_back(Compare(projects, last));
    RETURN_IF_ERROR(mysql::Transact(db, [&](mysql::Tx& tx) -> absl::Status {
      return PutIncome(tx, county, from, months, compared, now);
    }));
  }
  return absl::OkStatus();
}

}  // namespace bangfu::evaluation

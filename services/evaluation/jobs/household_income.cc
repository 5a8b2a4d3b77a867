#include "services/evaluation/jobs/household_income.h"

#include <map>
#include <utility>

#include "bangfu/asset/v1/events.pb.h"
#include "common/status/macros.h"
#include "services/evaluation/facts/moment.h"
#include "services/evaluation/store/fact_store.h"
#include "services/evaluation/store/subject_store.h"

namespace bangfu::evaluation {

absl::StatusOr<std::vector<IncomeMonth>> SumHouseholdIncome(mysql::Executor& db,
                                                            const std::string& region) {
  std::map<std::string, int64_t> income;
  int64_t households = 0;
  asset::v1::ProjectAssetFacts facts;
  RETURN_IF_ERROR(StreamFacts(db, region, kAssetFacts, [&](std::string_view payload) {
    // A payload that cannot be read counts as not reported; the consumer parks such events.
    if (!facts.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) return;
    if (!facts.household_income_reported() || facts.linked_households() <= 0) return;
    households += facts.linked_households();
    for (const asset::v1::MonthlyFacts& m : facts.months()) {
      income[m.month()] += m.household_income_fen();
    }
  }));
  std::vector<IncomeMonth> out;
  for (const auto& [month, fen] : income) out.push_back({month, fen, households});
  return out;
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

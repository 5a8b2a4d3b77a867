// Income of the households that projects are linked with (带动增收, R007), out of the asset facts.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "bangfu/asset/v1/events.pb.h"
#include "common/mysql/session.h"
#include "services/evaluation/store/income_store.h"

namespace bangfu::evaluation {

// By month, oldest first, of one project; empty: it does not report it.
std::vector<IncomeMonth> HouseholdIncome(const asset::v1::ProjectAssetFacts& facts);
// By month, oldest first, of the projects inside a region that report it. Reads every project of
// the region: a county at most.
absl::StatusOr<std::vector<IncomeMonth>> SumHouseholdIncome(mysql::Executor& db,
                                                            const std::string& region);
struct RegionIncome {
  std::vector<IncomeMonth> months;
  ComparedIncome compared;
};
// The same, and what of it can be compared in the two years that end with `last_month`.
absl::StatusOr<RegionIncome> CompareHouseholdIncome(mysql::Executor& db, const std::string& region,
                                                    absl::CivilMonth last_month);
// Refreshes the counties of a region, one transaction each; for the night.
absl::Status RefreshHouseholdIncome(mysql::Session& db, const std::string& region, absl::Time now);

}  // namespace bangfu::evaluation

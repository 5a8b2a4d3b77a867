// Income of the households that projects are linked with (带动增收, R007), out of the asset facts.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/mysql/session.h"
#include "services/evaluation/store/ledger_store.h"

namespace bangfu::evaluation {

// By month, oldest first, of the projects inside a region that report it. Reads every project of
// the region: a county at most.
absl::StatusOr<std::vector<IncomeMonth>> SumHouseholdIncome(mysql::Executor& db,
                                                            const std::string& region);
// Refreshes the counties of a region, one transaction each; for the night.
absl::Status RefreshHouseholdIncome(mysql::Session& db, const std::string& region, absl::Time now);

}  // namespace bangfu::evaluation

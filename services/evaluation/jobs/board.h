// The counts of the first screen beside those of the classes: villages by state, ledgers to sign,
// close-outs.
#pragma once

#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "bangfu/evaluation/v1/dashboard.pb.h"
#include "common/mysql/session.h"
#include "services/evaluation/store/close_out_store.h"

namespace bangfu::evaluation {

// Of the units of `digits` digits inside `region`, counted now: of a county at most, or counties
// for the refresh.
absl::StatusOr<std::map<std::string, v1::DashboardUnit>> CountUnits(mysql::Executor& db,
                                                                    const std::string& region,
                                                                    int digits,
                                                                    absl::CivilDay today);
// Adds up; shares are computed anew.
void AddUnit(const v1::DashboardUnit& one, v1::DashboardUnit* sum);
// The rates' parts, as the progress figures take them.
CloseOuts CloseOutsOf(const v1::DashboardUnit& unit);

// Counts every county of the province anew.
absl::Status RefreshBoards(mysql::Session& session, absl::Time now);

}  // namespace bangfu::evaluation

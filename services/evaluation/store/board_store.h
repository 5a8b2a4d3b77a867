// Counts behind the first screen.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"

namespace bangfu::evaluation {

struct VillageStates {
  std::string unit;
  Ulid campaign_id;
  int state = 0;  // number of registry.v1.UnitReportState
  int64_t villages = 0;
  int64_t nil = 0;
};
// The villages of each unit of `digits` digits inside `region` by the state of their report in
// their newest campaign.
absl::StatusOr<std::vector<VillageStates>> SumVillageStates(mysql::Executor& db,
                                                            const std::string& region, int digits);

struct CountyBoardRow {
  std::string county;
  std::string payload;
  absl::Time counted_at;
};
absl::Status PutBoards(mysql::Tx& tx, const std::vector<CountyBoardRow>& rows);
absl::StatusOr<std::vector<CountyBoardRow>> LoadBoards(mysql::Executor& db,
                                                       const std::string& region);

}  // namespace bangfu::evaluation

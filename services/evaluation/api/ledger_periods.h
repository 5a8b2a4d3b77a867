// T2 and T14 as tables of report periods (common/period).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/period/service.h"
#include "common/rpc/router.h"
#include "services/evaluation/api/deps.h"

namespace bangfu::evaluation {

// This service's tables, for RegisterPeriodService and RegisterFreeze. `operations` may be null.
period::ServiceOptions PeriodOptions(operation::OperationRunner* operations);

// How far the feeds of registry and asset have come here.
absl::StatusOr<std::vector<type::v1::Watermark>> SourceWatermarks(mysql::Executor& db);

// What both tables have in common.
class LedgerTable : public period::Table {
 public:
  absl::StatusOr<std::vector<std::string>> ComponentRegions(
      mysql::Executor& db, const std::string& region_path) const override;
  absl::StatusOr<std::vector<type::v1::Watermark>> Watermarks(mysql::Executor& db) const override;
  absl::StatusOr<int64_t> CutOffDays(mysql::Executor& db) const override;
  absl::StatusOr<int64_t> StepDays(mysql::Executor& db) const override;
};

// 四个一批台账 of a county, all classes (t2.cc).
std::shared_ptr<const period::Table> T2Table();
void RegisterT2(rpc::Router& router, const Deps& deps);
// 四个一批汇总表 of a county, a city or the province (t14.cc).
std::shared_ptr<const period::Table> T14Table();
void RegisterT14(rpc::Router& router);

}  // namespace bangfu::evaluation

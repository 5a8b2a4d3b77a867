#include "services/evaluation/api/ledger_periods.h"

#include <optional>

#include "common/feed/consumer.h"
#include "common/status/macros.h"
#include "services/evaluation/api/ledger_units.h"
#include "services/evaluation/facts/parameters.h"
#include "services/evaluation/facts/work_calendar.h"
#include "services/evaluation/jobs/asset_effects.h"
#include "services/evaluation/jobs/registry_effects.h"
#include "services/evaluation/store/reference_store.h"

namespace bangfu::evaluation {

namespace {

// Days from the end of a report period to its cut-off; 待省厅确认.
constexpr ParameterDef kCutOffDays{"PERIOD_CUT_OFF_DAYS", 10};
// Working days to accept a table and to issue a returned one anew; 待省厅确认.
constexpr ParameterDef kPeriodStepDays{"PERIOD_STEP_DAYS", 5};

}  // namespace

absl::StatusOr<std::vector<type::v1::Watermark>> SourceWatermarks(mysql::Executor& db) {
  ASSIGN_OR_RETURN(std::vector<feed::ConsumerProgress> all, feed::ReadProgress(db));
  std::vector<type::v1::Watermark> out;
  for (const feed::ConsumerProgress& progress : all) {
    if (progress.consumer != kFactsConsumer) continue;
    type::v1::Watermark& w = out.emplace_back();
    w.set_source(progress.source);
    w.set_epoch(progress.epoch);
    w.set_sequence(progress.sequence);
  }
  return out;
}

absl::StatusOr<std::vector<std::string>> LedgerTable::ComponentRegions(mysql::Executor&,
                                                                       const std::string&) const {
  return std::vector<std::string>();
}

absl::StatusOr<std::vector<type::v1::Watermark>> LedgerTable::Watermarks(
    mysql::Executor& db) const {
  return SourceWatermarks(db);
}

absl::StatusOr<int64_t> LedgerTable::CutOffDays(mysql::Executor& db) const {
  return ReadParameter(db, kCutOffDays);
}

absl::StatusOr<int64_t> LedgerTable::StepDays(mysql::Executor& db) const {
  return ReadParameter(db, kPeriodStepDays);
}

period::ServiceOptions PeriodOptions(operation::OperationRunner* operations) {
  period::ServiceOptions options;
  options.tables = {T2Table(), T14Table()};
  options.region_path = [](mysql::Executor& db,
                           const std::string& code) -> absl::StatusOr<std::optional<std::string>> {
    ASSIGN_OR_RETURN(std::optional<RegionRow> row, GetRegion(db, code));
    if (!row) return std::nullopt;
    return row->region_path.empty() ? row->code : row->region_path;
  };
  options.names = RegionNamesOf;
  options.calendar = WorkCalendar;
  options.operations = operations;
  return options;
}

}  // namespace bangfu::evaluation

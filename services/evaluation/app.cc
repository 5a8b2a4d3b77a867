#include "services/evaluation/app.h"

#include <memory>
#include <utility>

#include "common/base/region.h"
#include "common/period/schema.h"
#include "common/period/service.h"
#include "common/period/work.h"
#include "common/publicity/schema.h"
#include "common/publicity/service.h"
#include "common/runtime/standard_parts.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/evaluation/api/deps.h"
#include "services/evaluation/api/ledger_periods.h"
#include "services/evaluation/api/lifecycle_api.h"
#include "services/evaluation/api/prefill.h"
#include "services/evaluation/api/work_kinds.h"
#include "services/evaluation/facts/parameters.h"
#include "services/evaluation/facts/work_calendar.h"
#include "services/evaluation/jobs/argument_work.h"
#include "services/evaluation/jobs/asset_effects.h"
#include "services/evaluation/jobs/batch_evaluation.h"
#include "services/evaluation/jobs/board.h"
#include "services/evaluation/jobs/bootstrap.h"
#include "services/evaluation/jobs/criteria_work.h"
#include "services/evaluation/jobs/dispatch_work.h"
#include "services/evaluation/jobs/evaluation_work.h"
#include "services/evaluation/jobs/evaluator.h"
#include "services/evaluation/jobs/ledger_entries.h"
#include "services/evaluation/jobs/ledger_work.h"
#include "services/evaluation/jobs/nightly.h"
#include "services/evaluation/jobs/outstanding_work.h"
#include "services/evaluation/jobs/overrides.h"
#include "services/evaluation/jobs/registry_effects.h"
#include "services/evaluation/jobs/snapshot.h"
#include "services/evaluation/jobs/void_subjects.h"
#include "services/evaluation/schema/migrations.h"
#include "services/evaluation/store/reference_store.h"
#include "services/evaluation/store/region_part.h"

namespace bangfu::evaluation {

namespace {

// An option; its variable outlives main.
int batch_workers = BatchOptions().workers;

// Today's path of a region that a file is uploaded for.
absl::StatusOr<std::string> RegionPathOf(mysql::Executor& db, std::string_view region_code) {
  absl::StatusOr<std::string> code = NormalizeRegionCode(region_code);
  if (!code.ok()) return InvalidField("region_code", "区划代码无效").Build();
  ASSIGN_OR_RETURN(const std::optional<RegionRow> row, GetRegion(db, *code));
  if (!row) return InvalidField("region_code", "未知的行政区划代码").Build();
  return row->region_path.empty() ? row->code : row->region_path;
}

absl::Status Compose(runtime::App& app) {
  runtime::StandardOptions standard;
  standard.region_names = identity::NamesFromCopy("region_copy");
  standard.region_path = RegionPathOf;
  standard.region_parts = RegionParts();
  standard.reference_lag = [](mysql::Executor& db) -> absl::StatusOr<absl::Duration> {
    ASSIGN_OR_RETURN(const int64_t minutes, ReadParameter(db, kReferenceLagMinutes));
    return absl::Minutes(minutes);
  };
  standard.parameter = [](mysql::Executor& db, const std::string& code, int64_t fallback) {
    return ReadParameter(db, {code, fallback});
  };
  auto states = std::make_shared<Snapshots>();
  states->Add("publicity", [source = publicity::PublicityStates()](
                               mysql::Executor& db, const Ulid& after, int limit,
                               const std::optional<feed::RegionPrefixes>& scope) {
    return source->Page(db, "publicity", after, limit, scope);
  });
  states->Add(period::kAggregate,
              [source = period::PeriodStates()](mysql::Executor& db, const Ulid& after, int limit,
                                                const std::optional<feed::RegionPrefixes>& scope) {
                return source->Page(db, period::kAggregate, after, limit, scope);
              });
  states->Add(kEntryAggregate, PageLedgerEntries);
  states->Add(kSignatureAggregate, PageLedgerSignatures);
  states->Add(kOverrideNoticeAggregate, PageOverrideNoticeEvents);
  standard.states = states;
  standard.sensitive = {publicity::SensitivePublicities()};
  standard.following = {
      {kRegistrySource, kFactsConsumer, RegistryAggregates(),
       std::make_shared<RegistryEffects>(app.ids(), RegionParts(), app.clock())},
      {.peer = kAssetSource,
       .consumer = kFactsConsumer,
       .aggregate_types = AssetAggregates(),
       .handler = std::make_shared<AssetEffects>(app.ids()),
       // 2: with what was disposed of. No asset service so far can dispose of an asset; should a
       // later one that can be installed before this release, what it disposed of until then would
       // be missing. So the assets are asked for once anew.
       .copy_versions = {{"asset", 2}}},
  };
  Deps deps;
  deps.evaluator = &app.Make<Evaluator>(app.ids());
  standard.dictionary.prefills = Prefills(*deps.evaluator);
  standard.inbox.kinds = WorkKinds();
  standard.inbox.calendar = WorkCalendar;
  standard.inbox.escalation_days = [](mysql::Executor& db) {
    return ReadParameter(db, kEscalationDays);
  };
  standard.work = {EvaluationSource(),
                   ArgumentSource(),
                   EntrySource(),
                   SigningSource(),
                   CriteriaSource(),
                   DispatchSource(),
                   ToEvaluateSource(),
                   LackingDataSource(),
                   inbox::StoppedSource({StoppedBatch()}),
                   ClassPublicitySource(),
                   period::WorkSource(PeriodOptions(nullptr))};
  operation::OperationRunner& operations = runtime::InstallStandardParts(app, standard);

  deps.operations = &operations;
  deps.allowed_actions = FillAllowedActions;
  BatchOptions batch;
  batch.workers = batch_workers;
  batch.sessions = app.sessions();
  RegisterBatchEvaluation(operations, *deps.evaluator, std::move(batch));
  period::RegisterFreeze(operations, PeriodOptions(&operations));
  RegisterCriteriaHandlers(app.router(), deps);
  RegisterFactHandlers(app.router(), deps);
  RegisterEvaluationHandlers(app.router(), deps);
  RegisterLifecycleHandlers(app.router(), deps);
  RegisterLedgerHandlers(app.router(), deps);
  RegisterDashboardHandlers(app.router());
  publicity::RegisterPublicityService(app.router(), ClassPublicityOptions());

  app.jobs().AddPeriodic("seed_baseline", absl::Hours(1), [&app](mysql::Session& session) {
    return SeedBaseline(session, app.ids(), app.clock().Now());
  });
  app.jobs().AddPeriodic("leave_void_subjects", absl::Minutes(5), [&app](mysql::Session& session) {
    return LeaveVoidSubjects(session, app.ids(), app.clock().Now());
  });
  app.jobs().AddPeriodic("refresh_boards", absl::Minutes(10), [&app](mysql::Session& session) {
    return RefreshBoards(session, app.clock().Now());
  });
  app.jobs().AddPeriodic("expire_overrides", absl::Hours(6), [&app](mysql::Session& session) {
    return ExpireOverrides(session, app.ids(), app.clock().Now());
  });
  app.jobs().AddPeriodic("notice_override_shares", absl::Hours(24),
                         [&app](mysql::Session& session) {
                           return NoticeOverrideShares(session, app.ids(), app.clock().Now());
                         });
  app.jobs().AddPeriodic("recount_rollups", absl::Hours(24), [&app](mysql::Session& session) {
    return RecountAndRefresh(session, app.ids(), app.clock().Now());
  });
  return absl::OkStatus();
}

}  // namespace

recode::Parts RegionParts() {
  recode::Parts parts = runtime::StandardRegionParts();
  for (recode::Part part : {publicity::RegionPart(), period::RegionPart(), RegionPart()}) {
    parts.push_back(std::move(part));
  }
  return parts;
}

runtime::ServiceDefinition Definition() {
  runtime::ServiceDefinition definition;
  definition.name = "evaluation";
  definition.summary = "evaluates assistance industries and keeps the four-class ledger (四个一批)";
  definition.services = runtime::StandardServices();
  for (const char* service : {"CriteriaService", "FactService", "EvaluationService",
                              "LedgerService", "DashboardService"}) {
    definition.services.push_back(std::string("bangfu.evaluation.v1.") + service);
  }
  definition.services.push_back("bangfu.publicity.v1.PublicityService");
  definition.services.push_back("bangfu.period.v1.PeriodService");
  definition.migrations = migrate::Concat(runtime::StandardMigrations(), publicity::Schema(),
                                          period::Schema(), EvaluationMigrations());
  definition.peers = {"registry", "asset"};
  definition.options = [](config::Loader& loader) {
    loader.Number("batch-workers", &batch_workers,
                  "counties that a batch evaluation takes at a time", 1, 64);
  };
  definition.compose = Compose;
  return definition;
}

}  // namespace bangfu::evaluation

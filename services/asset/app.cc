#include "services/asset/app.h"

#include <memory>

#include "common/external/schema.h"
#include "common/intake/import_service.h"
#include "common/intake/schema.h"
#include "common/runtime/standard_parts.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/asset/api/asset_handlers.h"
#include "services/asset/api/asset_work.h"
#include "services/asset/api/checks.h"
#include "services/asset/api/contract_handlers.h"
#include "services/asset/api/prefill.h"
#include "services/asset/jobs/asset_import.h"
#include "services/asset/jobs/registry_copies.h"
#include "services/asset/jobs/states.h"
#include "services/asset/jobs/sweep.h"
#include "services/asset/jobs/work_kinds.h"
#include "services/asset/schema/migrations.h"
#include "services/asset/store/reference_store.h"
#include "services/asset/store/region_part.h"

namespace bangfu::asset {
namespace {

absl::Status Compose(runtime::App& app) {
  runtime::StandardOptions standard;
  standard.region_names = identity::NamesFromCopy("region_copy");
  standard.states = AssetStates();
  standard.sensitive = {api::SensitiveAssets()};
  standard.following = {
      {.peer = api::kRegistry,
       .consumer = api::kReferenceConsumer,
       .aggregate_types = RegistryAggregates(),
       .handler = std::make_shared<RegistryCopies>(RegionParts(), app.clock()),
       // 2: with the category above each, which grants are looked up by.
       .copy_versions = {{"industry_category_batch", 2}}},
      {api::kRegistry, kCalendarConsumer, CalendarAggregates(), std::make_shared<CalendarCopies>()},
      {api::kRegistry, kReportsConsumer, ReportAggregates(), std::make_shared<ReportCopies>()}};
  standard.dictionary.prefills = api::Prefills();
  standard.region_path = RegionPathOf;
  standard.region_parts = RegionParts();
  standard.reference_lag = [](mysql::Executor& db) -> absl::StatusOr<absl::Duration> {
    ASSIGN_OR_RETURN(const int64_t minutes, store::ParameterOf(db, "REFERENCE_LAG_MINUTES", 15));
    return absl::Minutes(minutes);
  };
  standard.parameter = [](mysql::Executor& db, const std::string& code, int64_t fallback) {
    return store::ParameterOf(db, code, fallback);
  };
  standard.inbox = api::AssetInbox();
  standard.inbox.kinds = WorkKinds();
  standard.inbox.escalation_days = [](mysql::Executor& db) {
    return store::ParameterOf(db, "ESCALATION_DAYS", 5);
  };
  const api::HandlerOptions options;
  const auto kinds = [&app, &options] {
    std::vector<std::unique_ptr<intake::Kind>> out;
    out.push_back(NewAssetImport(app.ids(), options));
    return out;
  };
  intake::ImportServiceOptions imports;
  imports.region_path = RegionPathOf;
  imports.grants = app.grants();
  imports.resume_days = [](mysql::Executor& db) {
    return store::ParameterOf(db, "OPERATION_RESUME_DAYS", 2);
  };
  imports.calendar = store::WorkCalendar;
  const inbox::StoppedKind stopped = intake::StoppedCommit(imports);
  standard.work = {api::AssetSource(), api::ContractSource(), api::DividendSource(),
                   intake::WorkSource(kinds()), inbox::StoppedSource({stopped})};
  operation::OperationRunner& operations = runtime::InstallStandardParts(app, standard);

  app.Make<api::AssetHandlers>(options).Register(app.router());
  app.Make<api::ContractHandlers>(options).Register(app.router());

  app.Make<intake::ImportService>(kinds(), std::move(imports), operations).Register(app.router());

  const Clock& clock = app.clock();
  app.jobs().AddPeriodic("asset_sweep", absl::Minutes(10), [&clock](mysql::Session& session) {
    return SweepAll(session, clock.Now());
  });
  app.jobs().AddPeriodic(
      "sweep_imports", absl::Hours(6), [&clock](mysql::Session& session) -> absl::Status {
        while (true) {
          ASSIGN_OR_RETURN(const bool more, intake::SweepExpired(session, clock.Now()));
          if (!more) return absl::OkStatus();
        }
      });
  return absl::OkStatus();
}

}  // namespace

recode::Parts RegionParts() {
  recode::Parts parts = runtime::StandardRegionParts();
  parts.push_back(::bangfu::intake::RegionPart());
  parts.push_back(store::RegionPart());
  return parts;
}

runtime::ServiceDefinition Definition() {
  runtime::ServiceDefinition definition;
  definition.name = "asset";
  definition.summary =
      "keeps the ledger of assistance assets, their contracts and income (资产台账)";
  definition.services = runtime::StandardServices();
  for (const char* service : {"bangfu.asset.v1.AssetService", "bangfu.asset.v1.ContractService",
                              "bangfu.intake.v1.ImportService"}) {
    definition.services.emplace_back(service);
  }
  definition.migrations = migrate::Concat(runtime::StandardMigrations(), intake::Schema(),
                                          external::Schema(), AssetMigrations());
  definition.peers = {api::kRegistry};
  definition.compose = Compose;
  return definition;
}

}  // namespace bangfu::asset

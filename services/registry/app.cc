#include "services/registry/app.h"

#include <memory>

#include "common/external/schema.h"
#include "common/intake/import_service.h"
#include "common/intake/schema.h"
#include "common/notice/schema.h"
#include "common/runtime/standard_parts.h"
#include "services/registry/api/campaign_work.h"
#include "services/registry/api/convert.h"
#include "services/registry/api/dictionary.h"
#include "services/registry/api/grants.h"
#include "services/registry/api/handlers.h"
#include "services/registry/api/inventory_api.h"
#include "services/registry/api/notices.h"
#include "services/registry/api/project_writer.h"
#include "services/registry/api/reference_feed.h"
#include "services/registry/api/report_work.h"
#include "services/registry/api/short_board_work.h"
#include "services/registry/api/stopped_work.h"
#include "services/registry/api/unit_report_work.h"
#include "services/registry/jobs/campaign_closing.h"
#include "services/registry/jobs/campaign_opening.h"
#include "services/registry/jobs/project_import.h"
#include "services/registry/jobs/work_kinds.h"
#include "services/registry/schema/migrations.h"
#include "services/registry/store/parameter_store.h"
#include "services/registry/store/region_part.h"
#include "services/registry/store/region_store.h"

namespace bangfu::registry {
namespace {

absl::StatusOr<std::string> RegionOfImport(mysql::Executor& db, std::string_view code) {
  return ResolvePath(db, std::string(code), "region_code");
}

::bangfu::intake::ImportServiceOptions ImportOptions() {
  ::bangfu::intake::ImportServiceOptions options;
  options.region_path = RegionOfImport;
  options.resume_days = ResumeDays;
  options.calendar = InboxCalendar();
  return options;
}

std::vector<std::unique_ptr<::bangfu::intake::Kind>> ImportKinds(UlidGenerator& ids) {
  std::vector<std::unique_ptr<::bangfu::intake::Kind>> kinds;
  kinds.push_back(MakeProjectImport(ids));
  return kinds;
}

// --bootstrap-admin: read before the process composes itself.
std::string first_admin, first_admin_name;

recode::Parts RoomRegionParts() {
  recode::Parts parts = runtime::StandardRegionParts();
  parts.push_back(::bangfu::intake::RegionPart());
  parts.push_back(notice::RegionPart());
  return parts;
}

absl::Status Compose(runtime::App& app) {
  if (!first_admin.empty()) {
    // After the schema is known to be right, before the grants are read and anybody is served.
    app.readiness().Add(
        "bootstrap_admin", [&app, done = false](mysql::Session& session) mutable -> absl::Status {
          if (done) return absl::OkStatus();
          RETURN_IF_ERROR(
              EnsureFirstAdmin(session, app.clock().Now(), first_admin, first_admin_name));
          done = true;
          return absl::OkStatus();
        });
  }
  // After the schema is known to be right: what its steps changed is in the feed before anybody is
  // served.
  app.readiness().Add("reference_feed",
                      [&app, done = false](mysql::Session& session) mutable -> absl::Status {
                        if (done) return absl::OkStatus();
                        RETURN_IF_ERROR(PublishChangedReferences(session, app.clock().Now()));
                        done = true;
                        return absl::OkStatus();
                      });
  runtime::StandardOptions standard;
  standard.region_names = RegionNames;
  standard.states = MakeStates();
  standard.dictionary = MakeDictionaryOptions();
  standard.inbox.kinds = WorkKinds();
  standard.inbox.calendar = InboxCalendar();
  standard.inbox.escalation_days = [](mysql::Executor& db) {
    return ParameterValue(db, "ESCALATION_DAYS", 5);
  };
  standard.work = {UnitReportSource(),
                   ConfirmationSource(),
                   MonthlyReportSource(app.clock()),
                   ShortBoardSource(),
                   CampaignSource(),
                   NoticeSource(),
                   inbox::StoppedSource({StoppedOpening(), StoppedClosing(),
                                         ::bangfu::intake::StoppedCommit(ImportOptions())}),
                   ::bangfu::intake::WorkSource(ImportKinds(app.ids()))};
  standard.region_path = RegionOfImport;
  standard.parameter = ParameterValue;
  standard.region_parts = RegionParts();
  standard.region_swept = PublishSwept;
  standard.sensitive = {SensitiveProjects()};
  operation::OperationRunner& operations = runtime::InstallStandardParts(app, standard);
  RegisterHandlers(app.router(), operations, app.ids());
  RegisterNotices(app.router());

  ::bangfu::intake::ImportServiceOptions imports = ImportOptions();
  imports.grants = app.grants();
  app.Make<::bangfu::intake::ImportService>(ImportKinds(app.ids()), std::move(imports), operations)
      .Register(app.router());
  const Clock& clock = app.clock();
  app.jobs().AddPeriodic(
      "sweep_imports", absl::Hours(6), [&clock](mysql::Session& session) -> absl::Status {
        while (true) {
          ASSIGN_OR_RETURN(const bool more, ::bangfu::intake::SweepExpired(session, clock.Now()));
          if (!more) return absl::OkStatus();
        }
      });
  return absl::OkStatus();
}

}  // namespace

void RegisterHandlers(rpc::Router& router, operation::OperationRunner& operations,
                      UlidGenerator& ids) {
  RegisterRegionHandlers(router);
  RegisterRegionRecode(router, RoomRegionParts());
  RegisterOrganisationHandlers(router);
  RegisterCodeListHandlers(router);
  RegisterParameterHandlers(router);
  RegisterFundSourceHandlers(router);
  RegisterCalendarHandlers(router);
  RegisterTaxonomyHandlers(router);
  RegisterProjectHandlers(router);
  RegisterOperatorHandlers(router);
  RegisterIndustryHandlers(router);
  RegisterLeadingIndustryHandlers(router);
  RegisterServiceRecordHandlers(router);
  RegisterPairingHandlers(router);
  RegisterShortBoardHandlers(router);
  RegisterReportHandlers(router);
  RegisterInventoryHandlers(router, operations);
  RegisterCampaignOpening(operations, ids);
  RegisterCampaignClosing(operations, ids);
  RegisterGrantHandlers(router);
}

std::vector<std::string> OwnServices() {
  std::vector<std::string> out;
  for (const char* service :
       {"RegionService", "OrganisationService", "CodeListService", "CalendarService",
        "TaxonomyService", "ProjectService", "OperatorService", "IndustryService",
        "OperationReportService", "InventoryService", "VerificationService", "GrantService"}) {
    out.push_back(std::string("bangfu.registry.v1.") + service);
  }
  return out;
}

const migrate::Migrations& OwnMigrations() { return RegistryMigrations(); }

recode::Parts RegionParts() {
  recode::Parts parts = RoomRegionParts();
  parts.insert(parts.begin(), RegionPart());
  return parts;
}

runtime::ServiceDefinition Definition() {
  runtime::ServiceDefinition definition;
  definition.name = "registry";
  definition.summary =
      "registers assistance projects and industries, and their inventory (帮扶产业登记与摸排)";
  definition.services = runtime::StandardServices();
  for (std::string& service : OwnServices()) definition.services.push_back(std::move(service));
  definition.services.push_back("bangfu.intake.v1.ImportService");
  definition.services.push_back(notice::kService);
  definition.migrations = migrate::Concat(runtime::StandardMigrations(), ::bangfu::intake::Schema(),
                                          external::Schema(), notice::Schema(), OwnMigrations());
  definition.options = [](config::Loader& loader) {
    loader.Text("bootstrap-admin", &first_admin,
                "person who becomes ORG_ADMIN of the province when there is no grant at all");
    loader.Text("bootstrap-admin-name", &first_admin_name, "that person's name");
  };
  definition.compose = Compose;
  return definition;
}

}  // namespace bangfu::registry

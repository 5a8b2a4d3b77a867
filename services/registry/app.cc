#include "services/registry/app.h"

#include "common/runtime/standard_parts.h"
#include "services/registry/api/handlers.h"
#include "services/registry/api/inventory_api.h"
#include "services/registry/schema/migrations.h"

namespace bangfu::registry {
namespace {

absl::Status Compose(runtime::App& app) {
  runtime::StandardOptions standard;
  standard.states = MakeSnapshotSource();
  runtime::InstallStandardParts(app, standard);
  RegisterHandlers(app.router());
  return absl::OkStatus();
}

}  // namespace

void RegisterHandlers(rpc::Router& router) {
  RegisterReferenceHandlers(router);
  RegisterProjectHandlers(router);
  RegisterOperatorHandlers(router);
  RegisterIndustryHandlers(router);
  RegisterReportHandlers(router);
  RegisterInventoryHandlers(router);
}

std::vector<std::string> OwnServices() {
  std::vector<std::string> out;
  for (const char* service :
       {"RegionService", "OrganisationService", "CodeListService", "CalendarService", "TaxonomyService",
        "ProjectService", "OperatorService", "IndustryService", "OperationReportService", "InventoryService"}) {
    out.push_back(std::string("bangfu.registry.v1.") + service);
  }
  return out;
}

const migrate::Migrations& OwnMigrations() { return RegistryMigrations(); }

runtime::ServiceDefinition Definition() {
  runtime::ServiceDefinition definition;
  definition.name = "registry";
  definition.summary = "registers assistance projects and industries, and their inventory (帮扶产业登记与摸排)";
  definition.services = runtime::StandardServices();
  for (std::string& service : OwnServices()) definition.services.push_back(std::move(service));
  definition.migrations = migrate::Concat(runtime::StandardMigrations(), OwnMigrations());
  definition.compose = Compose;
  return definition;
}

}  // namespace bangfu::registry

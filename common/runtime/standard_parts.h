// What every service has beside its own rpcs: the audit trail, long work, its change feed, who may
// do what and whether it takes writes, the dictionary and forms of its contracts, drafts of those
// forms, the inbox, evidence files, and the jobs that keep their tables.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/audit/service.h"
#include "common/dictionary/service.h"
#include "common/feed/service.h"
#include "common/identity/service.h"
#include "common/inbox/recount.h"
#include "common/inbox/service.h"
#include "common/migrate/migration.h"
#include "common/operation/operation.h"
#include "common/recode/tables.h"
#include "common/runtime/service_main.h"

namespace bangfu::runtime {

// The rpc services that InstallStandardParts registers, for ServiceDefinition::services.
std::vector<std::string> StandardServices();
// The tables behind them, for ServiceDefinition::migrations.
migrate::Migrations StandardMigrations();
// What of them follows a region to another code.
recode::Parts StandardRegionParts();
// The work of theirs that waits in the service's inbox.
std::vector<inbox::Kind> StandardWorkKinds();

// A feed that the service follows.
struct Following {
  std::string peer;      // of ServiceDefinition::peers; also the feed's source name
  std::string consumer;  // "evaluation.facts"
  std::vector<std::string> aggregate_types;  // empty: all
  std::shared_ptr<feed::EffectHandler> handler;
  // When the process that follows is killed, another one takes over after so long.
  absl::Duration lease = absl::Seconds(30);
  // Of feed::ConsumerOptions: the types whose copy an upgrade made hold more.
  std::map<std::string, int> copy_versions = {};
};

struct StandardOptions {
  // What a new subscriber of this service's feed gets; null: nothing to copy.
  std::shared_ptr<feed::SnapshotSource> states;
  std::vector<Following> following;
  dictionary::Options dictionary;
  // The kinds of work that wait in this service, its calendar, and the subjects to recount.
  inbox::ServiceOptions inbox;
  std::vector<inbox::Source> work;
  // How old what is copied of the owner of grants may be while the service still writes (§3.8); its
  // consumers are those of `following` and the grants' own. Asked once a second.
  std::function<absl::StatusOr<absl::Duration>(mysql::Executor& db)> reference_lag =
      [](mysql::Executor&) { return absl::Minutes(15); };
  // A number that the province may change (参数), by its code; `fallback` while it is not known
  // here. Null: the fallbacks hold.
  std::function<absl::StatusOr<int64_t>(mysql::Executor& db, const std::string& code,
                                        int64_t fallback)>
      parameter;
  // Names of regions, for WhoAmI.
  identity::RegionNames region_names;
  // The path in today's codes of a region code as filed; empty: the code itself, normalised.
  std::function<absl::StatusOr<std::string>(mysql::Executor& db, std::string_view code)>
      region_path;
  // All that the service keeps by region path: what steps wrote under an old path while the region
  // moved is looked for some days more.
  recode::Parts region_parts;
  // In the transaction in which such rows moved: how many it were, none too.
  std::function<absl::Status(mysql::Tx& tx, const recode::Move& move, int64_t rows, absl::Time now)>
      region_swept;
  // Records with sensitive fields, for AuditService.RevealSensitive.
  std::vector<audit::SensitiveRecord> sensitive;
  // Threads that run long work.
  int operation_workers = 2;
};

// Registers the rpcs and the jobs, and refuses writes while the service is frozen or its copies are
// too old: sequencer, consumers, operations, sweeps, the daily audit
// anchor. The grants of the registry are followed by every service that names it as a peer. The
// runner is given back so that the service registers its kinds (before the jobs start) and wakes
// it.
operation::OperationRunner& InstallStandardParts(App& app, StandardOptions options);

}  // namespace bangfu::runtime

// How projects are written, one or five hundred at a time: the handlers and the import go the same
// way. All writes of a batch are a handful of statements.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "bangfu/registry/v1/project.pb.h"
#include "common/audit/service.h"
#include "common/auth/caller.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"
#include "services/registry/api/project_checks.h"
#include "services/registry/api/project_villages.h"
#include "services/registry/store/project_store.h"

namespace bangfu::registry {

// On whose behalf records are written; what audit rows say.
struct Author {
  const auth::Caller& caller;
  std::vector<auth::Role> roles;  // under which the caller acts
  std::string action;             // "ProjectService.RegisterProject"
  std::string request_id;
  absl::Time now;
  UlidGenerator& ids;
};

// Whether a field that the county has verified differs (IsVerifiedField).
bool VerifiedFieldChanged(const v1::Project& before, const v1::Project& after);

struct ProjectChange {
  v1::Project project;                // checked; `id` set by the caller (or empty: a new one)
  std::optional<v1::Project> before;  // of a change; nullopt: a registration
  int editor_level = 5;               // at its lead region
  std::string reason;
};
// Writes checked projects in `tx` with their industries, codes, audit rows and events, and with the
// monthly reports that wait where other projects run than before; fills id, project_code,
// industry_id, etag and audit fields. Changed rows must be locked (LockProjects) and `before.etag`
// their version. The reports of its villages, lead and covered, are locked before anything is
// written: each that gets the project as a new subject is opened again, where the author may do so
// there. Reports are locked by id, but after the projects, whereas the steps of a
// report lock it and then its projects: two that meet crosswise are a deadlock, and one of them
// runs again (mysql::Transact).
// Errors: REPORT_LOCKED when a report moved on; ALREADY_EXISTS EXTERNAL_ID_TAKEN.
absl::Status WriteProjects(mysql::Tx& tx, const Author& author, const ProjectReferences& references,
                           std::vector<ProjectChange>* changes);

// The contract's project of a row: the record with what columns decide.
v1::Project ProjectOf(const ProjectRow& row);
// As every answer shows it: contact data is masked.
v1::Project Masked(v1::Project project);
// The contact data of a project, for the one rpc that records who looks.
audit::SensitiveRecord SensitiveProjects();
// As other systems and the audit see it: without contact data and allowed actions.
v1::Project PublicProject(v1::Project project);

}  // namespace bangfu::registry

// 核实更正: what the county finds otherwise than it was filed, and the project as it then reads.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/auth/caller.h"
#include "services/registry/api/inventory_internal.h"
#include "services/registry/api/project_writer.h"
#include "services/registry/store/project_store.h"
#include "services/registry/store/unit_report_store.h"
#include "services/registry/store/verification_store.h"

namespace bangfu::registry::inventory {

struct Correction {
  v1::Project before, after;
};
struct Corrections {
  ProjectReferences references;
  std::vector<Correction> projects;
};
// The projects with their corrections, each checked like an update of the project. `at`: the one
// that a refusal is about.
absl::StatusOr<Corrections> ApplyCorrections(
    rpc::CallContext& c, mysql::Tx& tx, const std::vector<ProjectRow>& rows,
    const std::map<Ulid, std::vector<v1::VerificationFinding>>& findings, std::optional<Ulid>* at);

// The rows of projects that are corrected, locked: after the report, where an update of a project
// locks its reports last. Two that meet so are a deadlock, and one of them runs again.
absl::StatusOr<std::vector<ProjectRow>> CorrectedRows(
    mysql::Tx& tx, const std::map<Ulid, std::vector<v1::VerificationFinding>>& findings);

// A project is written by those where it is led from; whoever verifies another village that it
// covers raises what differs as disputed. Where another county leads it, by that county's own
// people, who can complete the report too: a verifier of the whole city would sign what nobody
// completes. To correct is an act on one project: `caller` has all grants, and one that covers the
// project will do. PERMISSION_DENIED NOT_LEAD_REGION, or SCOPE_EXCLUDES when the grants there are
// for other money or industries.
absl::Status CheckLedFrom(const rpc::CallContext& c, mysql::Executor& db,
                          const auth::Caller& caller, const UnitReportRow& unit,
                          const std::vector<ProjectRow>& rows);

// A refusal of a corrected project, at the findings of it that brought it.
absl::Status OnFindings(const absl::Status& status, const std::optional<Ulid>& project,
                        const google::protobuf::RepeatedPtrField<v1::VerificationFinding>& all);

// What the project says in the field that each finding is about, as a person reads it (上报值): on
// record already, and never asked for (R129). Empty: of the whole project, or nothing is filled in.
absl::StatusOr<std::vector<std::string>> ReportedTexts(
    mysql::Executor& db,
    const google::protobuf::RepeatedPtrField<v1::VerificationFinding>& findings);

// Findings of a step that `by` takes, checked against the village's projects and made ready to
// store. A correction that an update of the project would be refused for is refused here, where it
// can be mended. `caller`: as CheckLedFrom.
absl::StatusOr<std::vector<FindingRow>> TakeFindings(
    rpc::CallContext& c, mysql::Tx& tx, const auth::Caller& caller, const UnitReportRow& unit,
    const type::v1::Actor& by, const std::vector<Ulid>& projects,
    const google::protobuf::RepeatedPtrField<v1::VerificationFinding>& findings);

}  // namespace bangfu::registry::inventory

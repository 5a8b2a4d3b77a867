// Shared by the inventory's handler files and what its forms are prefilled with.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "bangfu/registry/v1/inventory_service.pb.h"
#include "bangfu/registry/v1/project.pb.h"
#include "common/audit/audit.h"
#include "common/base/random.h"
#include "common/operation/operation.h"
#include "common/rpc/mutation.h"
#include "common/rpc/router.h"
#include "common/workflow/workflow.h"
#include "services/registry/api/convert.h"
#include "services/registry/api/unit_reports.h"
#include "services/registry/store/sample_store.h"
#include "services/registry/store/unit_report_store.h"
#include "services/registry/store/village_project_store.h"

namespace bangfu::registry::inventory {

type::v1::Actor ActorMessage(const rpc::CallContext& context, std::string_view region_path);
// The roles that the caller holds where the report lies, or the campaign: a step is on the whole of
// it, by a grant that no fund source or industry narrows. Departments alone sign by their money
// (AllowedOn).
workflow::Actor WorkflowActor(const auth::Caller& caller, std::string_view region_path);
// A report in a step: read and locked, so that steps and new projects of a village wait for each
// other.
struct Loaded {
  UnitReportRow unit;
  UnitReportState from = UnitReportState::kNotStarted;
  CampaignDeadlines deadlines;
  UnitReportSubject subject;  // state, open, locked, submitter, approval
  v1::InventoryUnitReport before, after;
  // Samples whose population the report has left in this step.
  std::vector<Ulid> left_samples;
  // Villages that projects lie in or cover whose verification the step changes, its own too.
  std::set<std::string> reverified;
  // Who takes the step, where the rpc's roles at the village do not tell the grant.
  std::optional<audit::Actor> actor;
};
// `etag`: "" of an item of a bulk call that takes whatever stands.
absl::StatusOr<Loaded> LoadForStep(rpc::Mutation& m, std::string_view id, std::string_view etag);
// What the guards look at, except what only a request says.
absl::StatusOr<UnitReportSubject> SubjectOf(mysql::Executor& db, const UnitReportRow& unit,
                                            bool campaign_open, const CampaignDeadlines& deadlines,
                                            absl::Time now);
// The same for many reports, with the departments that have not signed, in a handful of queries.
absl::StatusOr<std::vector<UnitReportSubject>> SubjectsOf(
    mysql::Executor& db, const std::vector<UnitWithCampaign>& units, absl::Time now);
// Whether the result is of the report's verification as it stands: one of before the report was
// returned and verified anew does not stand on it any more.
bool ChecksVerification(const SampleOfUnit& sample, const UnitReportRow& unit);
// The samples that drew the reports, for the subjects of them.
absl::Status AddSamples(mysql::Executor& db, const std::vector<const UnitReportRow*>& units,
                        std::vector<UnitReportSubject*> subjects);
// What the caller could do with a report whose subject is one of SubjectsOf. Signing is told as
// refused when no department that has to sign is left for the caller's grants.
std::vector<workflow::AllowedAction> AllowedOn(const UnitReportSubject& subject,
                                               const auth::Caller& caller,
                                               std::string_view region_path);
// Writes the report in its new state with step, audit row and event, and gives it as the contract
// shows it. `l.unit` and `l.after` carry the changes.
absl::StatusOr<v1::InventoryUnitReport> SaveStep(rpc::Mutation& m, Loaded& l, UnitReportState to,
                                                 std::string_view action, std::string_view reason);
// A verification state for projects of `village`, with audit and events under the grant that holds
// there: a project that covers it may be led from elsewhere. `apply` may change the message
// further. Gives how many are verified then, and adds to `villages` where those changed lie.
absl::StatusOr<int64_t> SetProjectVerification(
    rpc::Mutation& m, std::string_view village, std::vector<VillageProject> projects,
    const std::function<absl::Status(const Ulid&, v1::Project*)>& apply, std::string_view reason,
    std::set<std::string>* villages);
// Of a village's locked projects those that another village's report still stands for as they are,
// verified or disputed, when the report of `unit`, as it stands, is taken back.
absl::StatusOr<std::set<Ulid>> StandingElsewhere(mysql::Executor& db,
                                                 const std::vector<VillageProject>& projects,
                                                 const UnitReportRow& unit);
// How many of a village's disputed projects the report of `unit` does not dispute, but another
// village's does.
absl::StatusOr<int64_t> DisputedOnlyElsewhere(mysql::Executor& db,
                                              const std::vector<Ulid>& disputed,
                                              const UnitReportRow& unit);
// Departments that have to sign for each of the units, in their order.
absl::StatusOr<std::vector<std::vector<RequiredDepartment>>> DepartmentsOf(
    mysql::Executor& db, const std::vector<UnitReportRow>& units, absl::CivilDay day);
// The first department that has to sign for the unit, has not, and for which the caller may; empty:
// none.
absl::StatusOr<std::string> DepartmentToSign(rpc::CallContext& c, const UnitReportRow& unit);

// Too many issues were found for the sample's size, and it can be enlarged: the one rule for what
// the contract shows, what waits in inboxes and what holds a confirmation up.
absl::StatusOr<bool> NeedsEnlargement(mysql::Executor& db, const SampleRow& row, int32_t limit_bp);

// The steps of the joint verification on one report.
absl::StatusOr<v1::VerificationTask> SignVerification(rpc::CallContext& c,
                                                      const v1::SignVerificationRequest& request);
absl::StatusOr<v1::VerificationTask> CompleteVerification(
    rpc::CallContext& c, const v1::CompleteVerificationRequest& request);

// Joint verification, also in bulk, samples and confirmation (inventory_verification.cc,
// inventory_verification_bulk.cc, inventory_sample.cc).
void RegisterVerificationHandlers(rpc::Router& router);
void RegisterBulkVerificationHandlers(rpc::Router& router);
void RegisterSampleHandlers(rpc::Router& router, Random random);
// Campaigns, completeness, overdue list, milestone, lock exceptions (inventory_campaign.cc).
void RegisterCampaignHandlers(rpc::Router& router, operation::OperationRunner& operations);

inline constexpr char kService[] = "bangfu.registry.v1.InventoryService.";
inline constexpr char kVerificationService[] = "bangfu.registry.v1.VerificationService.";

}  // namespace bangfu::registry::inventory

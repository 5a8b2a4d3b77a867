#include "services/registry/api/unit_reports.h"

#include <set>

#include "bangfu/registry/v1/events.pb.h"
#include "common/audit/audit.h"
#include "common/feed/outbox.h"
#include "common/rpc/actor.h"
#include "services/registry/api/campaign_work.h"
#include "services/registry/api/convert.h"
#include "services/registry/api/unit_report_work.h"
#include "services/registry/domain/inventory.h"
#include "services/registry/store/sample_store.h"

namespace bangfu::registry {

v1::InventoryUnitReport UnitReportOf(const UnitReportRow& row) {
  v1::InventoryUnitReport report = FromBytes<v1::InventoryUnitReport>(row.record);
  report.set_id(row.id.ToString());
  report.set_campaign_id(row.campaign_id.ToString());
  report.set_region_code(row.region_code);
  report.set_region_path(row.region_path);
  report.set_state(static_cast<v1::UnitReportState>(row.state));
  report.set_is_nil(row.is_nil);
  report.set_late(row.late);
  report.set_reopened(row.reopened);
  report.set_in_city_sample(row.in_city_sample);
  report.set_in_province_sample(row.in_province_sample);
  const auto time = [](const std::optional<absl::Time>& t, google::protobuf::Timestamp* out) {
    if (t) SetTime(*t, out);
  };
  report.clear_submitted_at();
  report.clear_passed_at();
  report.clear_verified_at();
  report.clear_confirmed_at();
  if (row.submitted_at) time(row.submitted_at, report.mutable_submitted_at());
  if (row.passed_at) time(row.passed_at, report.mutable_passed_at());
  if (row.verified_at) time(row.verified_at, report.mutable_verified_at());
  if (row.confirmed_at) time(row.confirmed_at, report.mutable_confirmed_at());
  if (row.state != v1::UNIT_REPORT_STATE_RETURNED) report.clear_current_return();
  report.set_etag(EtagOf(row.version));
  return report;
}

workflow::Person SubmitterOf(const UnitReportRow& row) {
  if (row.submitted_by.empty()) return {};
  const auto report = FromBytes<v1::InventoryUnitReport>(row.record);
  return {row.submitted_by, report.submitted_by().delegated_by()};
}

void StoreUnitReport(const v1::InventoryUnitReport& report, UnitReportRow* row) {
  row->state = report.state();
  row->is_nil = report.is_nil();
  row->late = report.late();
  row->reopened = report.reopened();
  row->in_city_sample = report.in_city_sample();
  row->in_province_sample = report.in_province_sample();
  v1::InventoryUnitReport record = report;
  record.clear_etag();
  record.clear_allowed_actions();
  record.clear_project_count();
  record.clear_verified_count();
  row->record = ToBytes(record);
}

absl::Status ReopenForNewSubject(mysql::Tx& tx, const Author& author,
                                 std::vector<UnitReportRow> reports) {
  std::vector<UnitReportStep> steps;
  std::vector<Ulid> were_verified;
  std::set<Ulid> were_confirmed;  // campaigns
  std::vector<audit::Entry> audits;
  std::vector<feed::OutboxEvent> events;
  for (UnitReportRow& row : reports) {
    const UnitReportState from = static_cast<UnitReportState>(row.state);
    // A report in work takes the subject in; one that was returned to a higher level does not stay
    // there.
    if (from == UnitReportState::kDraft) continue;
    if (from == UnitReportState::kReturned && row.return_to_level == kVillageLevel && !row.is_nil)
      continue;
    UnitReportSubject subject;
    subject.state = from;
    ASSIGN_OR_RETURN(const UnitReportState to,
                     UnitReportTable().Execute(subject, "reopen", workflow::Actor::System()));
    const v1::InventoryUnitReport before = UnitReportOf(row);
    if (from != UnitReportState::kNotStarted) ++row.reopened;
    if (row.verified_at) were_verified.push_back(row.id);
    if (from == UnitReportState::kProvConfirmed) were_confirmed.insert(row.campaign_id);
    row.state = static_cast<int>(to);
    row.is_nil = false;
    row.submitted_by.clear();
    row.submitted_delegated_by.clear();
    row.passed_by.clear();
    row.submitted_at = row.passed_at = row.verified_at = row.confirmed_at = std::nullopt;
    row.return_to_level = 0;
    row.return_due_on = std::nullopt;
    ++row.verification_round;  // signatures of the round before do not count any more
    ++row.version;
    RETURN_IF_ERROR(UpdateUnitReport(tx, row));
    const v1::InventoryUnitReport after = UnitReportOf(row);
    steps.push_back({row.id, row.campaign_id, row.region_path, "reopen", static_cast<int>(from),
                     row.state, false, author.caller.subject, author.now});
    audit::Entry entry;
    entry.aggregate_type = "unit_report";
    entry.aggregate_id = row.id;
    entry.region_path = row.region_path;
    entry.action = author.action;
    entry.actor = rpc::ActorOf(author.caller, author.roles, row.region_path);
    entry.before_json = audit::ToJson(before);
    entry.after_json = audit::ToJson(after);
    entry.reason = "登记了新项目";
    entry.request_id = author.request_id;
    entry.source_system = author.caller.source_system;
    entry.client_ip = author.caller.client_ip;
    entry.occurred_at = author.now;
    audits.push_back(std::move(entry));
    v1::UnitReportChanged event;
    *event.mutable_unit_report() = after;
    events.push_back(feed::MakeEvent("unit_report", row.id, row.region_path, event, author.now));
  }
  ASSIGN_OR_RETURN(const std::vector<Ulid> left, LeaveSamplePopulations(tx, were_verified));
  RETURN_IF_ERROR(AppendSteps(tx, steps));
  RETURN_IF_ERROR(audit::AppendBatch(tx, audits));
  RETURN_IF_ERROR(feed::PublishBatch(tx, events));
  const inbox::Act act{author.ids, author.now, &author.caller, "reopen", InboxCalendar()};
  RETURN_IF_ERROR(SyncUnitReports(tx, reports, act));
  RETURN_IF_ERROR(SyncLeftSamples(tx, left, act));
  return SyncCampaigns(tx, were_confirmed, act);
}

}  // namespace bangfu::registry

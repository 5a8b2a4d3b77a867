#include "services/registry/api/inventory_api.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "bangfu/registry/v1/events.pb.h"
#include "bangfu/registry/v1/inventory_service.pb.h"
#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/blob/service.h"
#include "common/contract/time.h"
#include "common/feed/outbox.h"
#include "common/rpc/actor.h"
#include "common/rpc/batch_get.h"
#include "common/rpc/bulk.h"
#include "common/rpc/mutation.h"
#include "common/rpc/whole.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/workflow/proto.h"
#include "common/workflow/return_reason.h"
#include "services/registry/api/campaign_work.h"
#include "services/registry/api/inventory_internal.h"
#include "services/registry/api/project_writer.h"
#include "services/registry/api/unit_report_work.h"
#include "services/registry/domain/calendar.h"
#include "services/registry/domain/roles.h"
#include "services/registry/store/calendar_store.h"
#include "services/registry/store/campaign_store.h"
#include "services/registry/store/claim_store.h"
#include "services/registry/store/lock_exception_store.h"
#include "services/registry/store/parameter_store.h"
#include "services/registry/store/sample_store.h"
#include "services/registry/store/unit_report_store.h"
#include "services/registry/store/verification_store.h"
#include "services/registry/store/village_project_store.h"

namespace bangfu::registry {

namespace inventory {

type::v1::Actor ActorMessage(const rpc::CallContext& context, std::string_view region_path) {
  return rpc::ActorMessage(rpc::ActorOf(context.caller, context.roles, region_path));
}

workflow::Actor WorkflowActor(const auth::Caller& caller, std::string_view region_path) {
  return workflow::ActorAt(caller, region_path, auth::Everything());
}

namespace {

// A return gives time of its own.
bool PastDue(const UnitReportRow& unit, const CampaignDeadlines& deadlines, absl::Time now) {
  absl::CivilDay due = deadlines.village;
  if (static_cast<UnitReportState>(unit.state) == UnitReportState::kReturned &&
      unit.return_due_on) {
    due = std::max(due, *unit.return_due_on);
  }
  return ShanghaiDay(now) > due;
}

UnitReportSubject SubjectFrom(const UnitReportRow& unit, bool campaign_open, bool locked) {
  UnitReportSubject s;
  s.state = static_cast<UnitReportState>(unit.state);
  s.campaign_open = campaign_open;
  s.submitted_by = SubmitterOf(unit);
  s.return_to_level = unit.return_to_level;
  s.approval_level = ApprovalLevel(s.state);
  s.locked = locked;
  return s;
}

}  // namespace

absl::StatusOr<UnitReportSubject> SubjectOf(mysql::Executor& db, const UnitReportRow& unit,
                                            bool campaign_open, const CampaignDeadlines& deadlines,
                                            absl::Time now) {
  bool locked = PastDue(unit, deadlines, now);
  if (locked) {
    ASSIGN_OR_RETURN(const bool unlocked,
                     HasLockException(db, unit.campaign_id, unit.region_path, now));
    locked = !unlocked;
  }
  return SubjectFrom(unit, campaign_open, locked);
}

bool ChecksVerification(const SampleOfUnit& sample, const UnitReportRow& unit) {
  if (!sample.has_result || !unit.verified_at) return false;
  return TimeOf(FromBytes<v1::SampleUnit>(sample.bytes).checked_at()) >= *unit.verified_at;
}

absl::Status AddSamples(mysql::Executor& db, const std::vector<const UnitReportRow*>& units,
                        std::vector<UnitReportSubject*> subjects) {
  std::vector<Ulid> verified;
  std::map<Ulid, size_t> places;
  for (size_t i = 0; i < units.size(); ++i) {
    if (!IsCountyVerified(static_cast<UnitReportState>(units[i]->state))) continue;
    verified.push_back(units[i]->id);
    places[units[i]->id] = i;
  }
  ASSIGN_OR_RETURN(const std::vector<SampleOfUnit> samples, SamplesOf(db, verified));
  for (const SampleOfUnit& sample : samples) {
    const size_t i = places[sample.unit_report_id];
    subjects[i]->samples[sample.level] = sample.has_result;
    if (ChecksVerification(sample, *units[i])) subjects[i]->checked_above = true;
  }
  return absl::OkStatus();
}

absl::StatusOr<Loaded> LoadForStep(rpc::Mutation& m, std::string_view id_text,
                                   std::string_view etag) {
  rpc::CallContext& context = m.context();
  ASSIGN_OR_RETURN(const Ulid id, ParseId(id_text, "id"));
  ASSIGN_OR_RETURN(UnitWithCampaign read, GetUnit(m.tx(), id, context.scope, /*for_update=*/true));
  ASSIGN_OR_RETURN(const bool open, TouchOpenUnits(m.tx(), {read.unit.region_path}));
  if (!etag.empty()) RETURN_IF_ERROR(CheckEtag(std::string(etag), read.unit.version));
  Loaded l;
  l.unit = std::move(read.unit);
  l.from = static_cast<UnitReportState>(l.unit.state);
  l.deadlines = read.deadlines;
  ASSIGN_OR_RETURN(l.subject,
                   SubjectOf(m.tx(), l.unit, open && read.campaign_state == kCampaignOpen,
                             l.deadlines, context.now));
  l.before = UnitReportOf(l.unit);
  l.after = l.before;
  return l;
}

absl::StatusOr<v1::InventoryUnitReport> SaveStep(rpc::Mutation& m, Loaded& l, UnitReportState to,
                                                 std::string_view action, std::string_view reason) {
  UnitReportRow& unit = l.unit;
  unit.state = static_cast<int>(to);
  unit.version += 1;
  if (to != UnitReportState::kReturned) {
    unit.return_to_level = 0;
    unit.return_due_on.reset();
  }
  const int32_t projects = l.after.project_count(), verified = l.after.verified_count();
  l.after.clear_etag();
  l.after.clear_project_count();
  l.after.clear_verified_count();
  unit.record = ToBytes(l.after);
  v1::InventoryUnitReport after = UnitReportOf(unit);
  after.set_project_count(projects);
  after.set_verified_count(verified);
  RETURN_IF_ERROR(
      StepUnit(m.tx(), unit, l.from, action, m.context().caller.subject, m.context().now));
  audit::Entry entry =
      m.EntryFor("unit_report", unit.id, unit.region_path, &l.before, after, reason);
  if (l.actor) entry.actor = *l.actor;
  RETURN_IF_ERROR(audit::Append(m.tx(), entry));
  v1::UnitReportChanged event;
  *event.mutable_unit_report() = after;
  RETURN_IF_ERROR(m.Publish("unit_report", unit.id, unit.region_path, event));
  RETURN_IF_ERROR(SyncUnitReports(m.tx(), {unit}, inbox::ActOf(m, action, InboxCalendar())));
  // Now that it is written what this report says: others stand by it, or do not any more.
  l.reverified.erase(unit.region_path);
  RETURN_IF_ERROR(
      SyncReverification(m.tx(), l.reverified, inbox::ActOf(m, "verify", InboxCalendar())));
  RETURN_IF_ERROR(
      SyncLeftSamples(m.tx(), l.left_samples, inbox::ActOf(m, action, InboxCalendar())));
  if (l.from == UnitReportState::kProvConfirmed && to != l.from) {
    RETURN_IF_ERROR(
        SyncCampaigns(m.tx(), {unit.campaign_id}, inbox::ActOf(m, action, InboxCalendar())));
  }
  return after;
}

absl::StatusOr<int64_t> SetProjectVerification(
    rpc::Mutation& m, std::string_view village, std::vector<VillageProject> projects,
    const std::function<absl::Status(const Ulid&, v1::Project*)>& apply, std::string_view reason,
    std::set<std::string>* villages) {
  rpc::CallContext& context = m.context();
  const audit::Actor actor = m.ActorAt(village);
  std::vector<VillageProject> changed;
  std::vector<audit::Entry> audits;
  std::vector<feed::OutboxEvent> events;
  int64_t verified = 0;
  for (VillageProject& p : projects) {
    v1::Project before;
    if (!before.ParseFromString(p.bytes))
      return absl::DataLossError("a stored project is no Project");
    OpenSealed(&before);
    before.set_id(p.id.ToString());
    before.set_region_path(p.region_path);
    before.set_verification_state(static_cast<v1::VerificationState>(p.verification_state));
    before.set_etag(EtagOf(p.version));
    v1::Project after = before;
    RETURN_IF_ERROR(apply(p.id, &after));
    if (after.verification_state() == v1::VERIFICATION_STATE_COUNTY_VERIFIED) ++verified;
    if (ToBytes(after) == ToBytes(before)) continue;
    if (p.verification_state != after.verification_state()) {
      villages->merge(RegionsOf(before));
    }
    p.version += 1;
    p.verification_state = after.verification_state();
    after.set_etag(EtagOf(p.version));
    SetTime(context.now, after.mutable_updated_at());
    *after.mutable_updated_by() = rpc::ActorMessage(actor);
    v1::Project record = after;
    record.clear_etag();
    p.bytes = ToBytes(record);
    audit::Entry entry = m.EntryFor("project", p.id, p.region_path, &before, after, reason);
    entry.actor = actor;
    audits.push_back(std::move(entry));
    v1::ProjectChanged event;
    *event.mutable_project() = PublicProject(std::move(after));
    events.push_back(feed::MakeEvent("project", p.id, p.region_path, event, context.now));
    changed.push_back(std::move(p));
  }
  if (changed.empty()) return verified;
  RETURN_IF_ERROR(UpdateVerification(m.tx(), changed, context.now));
  RETURN_IF_ERROR(audit::AppendBatch(m.tx(), audits));
  RETURN_IF_ERROR(feed::PublishBatch(m.tx(), events));
  return verified;
}

namespace {

using rpc::CallContext;
using rpc::Mutation;

absl::Status FillCounts(mysql::Executor& db, std::vector<v1::InventoryUnitReport>* reports) {
  std::vector<std::string> villages;
  for (const v1::InventoryUnitReport& r : *reports) villages.push_back(r.region_path());
  ASSIGN_OR_RETURN(const auto counts, CountProjects(db, villages));
  for (v1::InventoryUnitReport& r : *reports) {
    const auto count = counts.find(r.region_path());
    r.set_project_count(count == counts.end() ? 0 : static_cast<int32_t>(count->second.projects));
    r.set_verified_count(count == counts.end() ? 0 : static_cast<int32_t>(count->second.verified));
  }
  return absl::OkStatus();
}

// The reports with their counts and what the caller could do, in a handful of queries.
absl::StatusOr<std::vector<v1::InventoryUnitReport>> Shown(
    CallContext& c, const std::vector<UnitWithCampaign>& units) {
  std::vector<v1::InventoryUnitReport> reports;
  for (const UnitWithCampaign& u : units) reports.push_back(UnitReportOf(u.unit));
  RETURN_IF_ERROR(FillCounts(c.db, &reports));
  ASSIGN_OR_RETURN(const std::vector<UnitReportSubject> subjects, SubjectsOf(c.db, units, c.now));
  for (size_t i = 0; i < units.size(); ++i) {
    UnitReportSubject subject = subjects[i];
    subject.subjects = reports[i].project_count();
    // A submit is offered in the form that the village's projects call for.
    subject.is_nil = subject.subjects == 0;
    subject.signatory = reports[i].signatory().empty() ? "-" : reports[i].signatory();
    workflow::FillAllowedActions(AllowedOn(subject, c.caller, units[i].unit.region_path),
                                 reports[i].mutable_allowed_actions());
  }
  return reports;
}

absl::StatusOr<v1::InventoryUnitReport> GetUnitReport(CallContext& c,
                                                      const v1::GetUnitReportRequest& request) {
  ASSIGN_OR_RETURN(const Ulid id, ParseId(request.id(), "id"));
  ASSIGN_OR_RETURN(const UnitWithCampaign read, GetUnit(c.db, id, c.scope));
  ASSIGN_OR_RETURN(std::vector<v1::InventoryUnitReport> one, Shown(c, {read}));
  return std::move(one[0]);
}

absl::StatusOr<v1::BatchGetUnitReportsResponse> BatchGetUnitReports(
    CallContext& c, const v1::BatchGetUnitReportsRequest& request) {
  ASSIGN_OR_RETURN(const std::vector<Ulid> ids, rpc::ParseIds(request.ids()));
  ASSIGN_OR_RETURN(const std::vector<UnitWithCampaign> units, GetUnits(c.db, ids, c.scope));
  ASSIGN_OR_RETURN(const std::vector<v1::InventoryUnitReport> reports, Shown(c, units));
  v1::BatchGetUnitReportsResponse response;
  rpc::AnswerInOrder(ids, reports, response.mutable_unit_reports(), response.mutable_missing_ids());
  return response;
}

absl::StatusOr<v1::ListUnitReportsResponse> ListUnitReports(
    CallContext& c, const v1::ListUnitReportsRequest& request) {
  UnitQuery query;
  ASSIGN_OR_RETURN(query.campaign_id, ParseId(request.campaign_id(), "campaign_id"));
  ASSIGN_OR_RETURN(query.scope, ScopeAt(c, request.region_code()));
  for (const int state : request.states()) query.states.push_back(state);
  query.nil_only = request.nil_only();
  ASSIGN_OR_RETURN(const Page page, OpenPage(request));
  if (page.key.size() == 1) query.after_path = page.key[0];
  query.limit = page.size + 1;
  ASSIGN_OR_RETURN(std::vector<UnitReportRow> rows, ListUnits(c.db, query));
  v1::ListUnitReportsResponse response;
  ClosePage(page, &rows, &response,
            [](const UnitReportRow& row) { return std::vector<std::string>{row.region_path}; });
  std::vector<v1::InventoryUnitReport> reports;
  for (const UnitReportRow& row : rows) reports.push_back(UnitReportOf(row));
  RETURN_IF_ERROR(FillCounts(c.db, &reports));
  for (v1::InventoryUnitReport& r : reports) *response.add_unit_reports() = std::move(r);
  return response;
}

absl::StatusOr<v1::InventoryUnitReport> SaveDraft(CallContext& c,
                                                  const v1::SaveUnitReportDraftRequest& request) {
  return rpc::Mutate<v1::InventoryUnitReport>(
      c, request, [&](Mutation& m) -> absl::StatusOr<v1::InventoryUnitReport> {
        ASSIGN_OR_RETURN(Loaded l, LoadForStep(m, request.id(), request.etag()));
        ASSIGN_OR_RETURN(const UnitReportState to,
                         UnitReportTable().Execute(l.subject, "save_draft",
                                                   WorkflowActor(c.caller, l.unit.region_path)));
        l.after.set_signatory(request.signatory());
        l.after.set_note(request.note());
        *l.after.mutable_evidence() = request.evidence();
        RETURN_IF_ERROR(
            blob::UseEvidence(m, l.after.mutable_evidence(),
                              {"unit_report", l.unit.id, "SaveUnitReportDraft", "evidence",
                               UnitReportTable().EvidenceKinds("save_draft")}));
        // A return that stands keeps its level and day.
        return SaveStep(m, l, to, "save_draft", "");
      });
}

absl::StatusOr<v1::InventoryUnitReport> Submit(CallContext& c,
                                               const v1::SubmitUnitReportRequest& request) {
  return rpc::Mutate<v1::InventoryUnitReport>(
      c, request, [&](Mutation& m) -> absl::StatusOr<v1::InventoryUnitReport> {
        ASSIGN_OR_RETURN(Loaded l, LoadForStep(m, request.id(), request.etag()));
        ASSIGN_OR_RETURN(const auto counts, CountProjects(m.tx(), {l.unit.region_path}));
        const auto count = counts.find(l.unit.region_path);
        const VillageCount projects = count == counts.end() ? VillageCount() : count->second;
        if (request.has_signatory()) l.after.set_signatory(request.signatory());
        l.subject.is_nil = request.is_nil();
        l.subject.subjects = projects.projects;
        l.subject.signatory = l.after.signatory();
        ASSIGN_OR_RETURN(const UnitReportState to,
                         UnitReportTable().Execute(l.subject, "submit",
                                                   WorkflowActor(c.caller, l.unit.region_path)));
        if (request.has_note()) l.after.set_note(request.note());
        if (!request.evidence().empty()) {
          *l.after.mutable_evidence() = request.evidence();
          RETURN_IF_ERROR(
              blob::UseEvidence(m, l.after.mutable_evidence(),
                                {"unit_report", l.unit.id, "SubmitUnitReport", "evidence",
                                 UnitReportTable().EvidenceKinds("submit")}));
        }
        UnitReportRow& unit = l.unit;
        unit.is_nil = request.is_nil();
        unit.late = ShanghaiDay(c.now) > l.deadlines.village;
        unit.submitted_by = c.caller.subject;
        unit.submitted_at = c.now;
        unit.passed_by.clear();
        unit.passed_at.reset();
        *l.after.mutable_submitted_by() = ActorMessage(c, unit.region_path);
        unit.submitted_delegated_by = l.after.submitted_by().delegated_by();
        l.after.clear_passed_by();
        l.after.set_project_count(static_cast<int32_t>(projects.projects));
        l.after.set_verified_count(static_cast<int32_t>(projects.verified));
        return SaveStep(m, l, to, "submit", request.answer());
      });
}

absl::StatusOr<v1::InventoryUnitReport> Pass(CallContext& c,
                                             const v1::PassUnitReportRequest& request) {
  return rpc::Mutate<v1::InventoryUnitReport>(
      c, request, [&](Mutation& m) -> absl::StatusOr<v1::InventoryUnitReport> {
        ASSIGN_OR_RETURN(Loaded l, LoadForStep(m, request.id(), request.etag()));
        ASSIGN_OR_RETURN(const UnitReportState to,
                         UnitReportTable().Execute(l.subject, "pass",
                                                   WorkflowActor(c.caller, l.unit.region_path)));
        l.unit.passed_by = c.caller.subject;
        l.unit.passed_at = c.now;
        l.unit.verification_round += 1;
        *l.after.mutable_passed_by() = ActorMessage(c, l.unit.region_path);
        return SaveStep(m, l, to, "pass", request.opinion());
      });
}

// The level that a return speaks for: one above the level that has to act, the province where none
// below it asked.
int ReturningLevel(int to_level, const workflow::Actor& actor) {
  if (to_level != kCountyLevel) return to_level - 1;
  return actor.Holds(kCitySupervisor) ? 2 : 1;
}

// Nothing stands behind the report until the county has signed anew, nor behind its projects,
// unless a report of another village that they cover does.
absl::Status TakeBackVerification(Mutation& m, Loaded& l, std::string_view reason) {
  ASSIGN_OR_RETURN(std::vector<VillageProject> projects,
                   LockVillageProjects(m.tx(), l.unit.region_path));
  // Under the projects' locks: of two reports that are taken back at once the second sees that the
  // first stands no more.
  ASSIGN_OR_RETURN(const std::set<Ulid> standing, StandingElsewhere(m.tx(), projects, l.unit));
  ASSIGN_OR_RETURN(l.left_samples, LeaveSamplePopulations(m.tx(), {l.unit.id}));
  l.unit.verified_at.reset();
  l.unit.confirmed_at.reset();
  l.unit.verification_round += 1;
  ASSIGN_OR_RETURN(const int64_t verified,
                   SetProjectVerification(
                       m, l.unit.region_path, std::move(projects),
                       [&](const Ulid& id, v1::Project* p) {
                         if (standing.count(id) == 0) {
                           p->set_verification_state(v1::VERIFICATION_STATE_UNVERIFIED);
                         }
                         return absl::OkStatus();
                       },
                       reason, &l.reverified));
  l.after.set_verified_count(static_cast<int32_t>(verified));
  return absl::OkStatus();
}

// By when a report that goes back is due again: as asked for, or so many working days.
absl::StatusOr<Deadline> DueAgain(Mutation& m, bool has_due_on, const google::type::Date& due_on) {
  const absl::CivilDay today = ShanghaiDay(m.context().now);
  if (has_due_on) {
    const std::optional<absl::CivilDay> day = DayOf(due_on);
    if (!day) return InvalidField("due_on", "日期不正确").Build();
    if (*day < today) return InvalidField("due_on", "整改时限不能早于今天").Build();
    Deadline due;
    due.day = *day;
    return due;
  }
  ASSIGN_OR_RETURN(const int64_t days, ParameterValue(m.tx(), "REPORT_RETURN_DAYS", 5));
  ASSIGN_OR_RETURN(const WorkCalendar calendar, LoadCalendar(m.tx(), today));
  return AddWorkingDays(today, static_cast<int>(days), calendar);
}

// Writes down the return that stands, without its reasons.
v1::ReportReturn* NoteReturn(Mutation& m, Loaded& l, int from_level, int to_level,
                             const Deadline& due) {
  l.unit.return_to_level = to_level;
  l.unit.return_due_on = due.day;
  v1::ReportReturn* note = l.after.mutable_current_return();
  note->Clear();
  *note->mutable_returned_by() = ActorMessage(m.context(), l.unit.region_path);
  SetTime(m.context().now, note->mutable_returned_at());
  note->set_from_level(static_cast<v1::RegionLevel>(from_level));
  note->set_to_level(static_cast<v1::RegionLevel>(to_level));
  SetDay(due.day, note->mutable_due_on());
  note->set_due_provisional(due.provisional);
  return note;
}

absl::StatusOr<v1::InventoryUnitReport> Return(CallContext& c,
                                               const v1::ReturnUnitReportRequest& request) {
  if (request.reasons().empty()) {
    return Error(absl::StatusCode::kInvalidArgument, "REASONS_REQUIRED")
        .Zh("须逐项说明退回原因")
        .Build();
  }
  auto reasons = request.reasons();
  RETURN_IF_ERROR(workflow::LabelFields(
      reasons, {v1::SubmitUnitReportRequest::descriptor(), v1::Project::descriptor()},
      *v1::Project::descriptor()));
  return rpc::Mutate<v1::InventoryUnitReport>(
      c, request, [&](Mutation& m) -> absl::StatusOr<v1::InventoryUnitReport> {
        ASSIGN_OR_RETURN(Loaded l, LoadForStep(m, request.id(), request.etag()));
        const workflow::Actor actor = WorkflowActor(c.caller, l.unit.region_path);
        ASSIGN_OR_RETURN(const UnitReportState to,
                         UnitReportTable().Execute(l.subject, "return", actor));
        ASSIGN_OR_RETURN(const Deadline due, DueAgain(m, request.has_due_on(), request.due_on()));
        const int to_level = ReturnLevel(l.from, l.unit.return_to_level);
        UnitReportRow& unit = l.unit;
        *NoteReturn(m, l, ReturningLevel(to_level, actor), to_level, due)->mutable_reasons() =
            reasons;
        std::string reason;
        for (const auto& r : reasons) {
          absl::StrAppend(&reason, reason.empty() ? "" : "；", r.field_label_zh(),
                          r.field().empty() ? "" : "：", r.text());
        }
        if (to_level >= kTownshipLevel) {
          unit.passed_by.clear();
          unit.passed_at.reset();
          l.after.clear_passed_by();
        } else {
          RETURN_IF_ERROR(TakeBackVerification(m, l, reason));
        }
        return SaveStep(m, l, to, "return", reason);
      });
}

absl::StatusOr<v1::InventoryUnitReport> Recall(CallContext& c,
                                               const v1::RecallUnitReportRequest& request) {
  return rpc::Mutate<v1::InventoryUnitReport>(
      c, request, [&](Mutation& m) -> absl::StatusOr<v1::InventoryUnitReport> {
        ASSIGN_OR_RETURN(Loaded l, LoadForStep(m, request.id(), request.etag()));
        // Results lock the report first, as this does: what is read now is all there is.
        RETURN_IF_ERROR(AddSamples(m.tx(), {&l.unit}, {&l.subject}));
        ASSIGN_OR_RETURN(const UnitReportState to,
                         UnitReportTable().Execute(l.subject, "recall",
                                                   WorkflowActor(c.caller, l.unit.region_path)));
        ASSIGN_OR_RETURN(const Deadline due, DueAgain(m, request.has_due_on(), request.due_on()));
        NoteReturn(m, l, kCountyLevel, kCountyLevel, due)
            ->add_reasons()
            ->set_text(request.reason());
        RETURN_IF_ERROR(TakeBackVerification(m, l, request.reason()));
        return SaveStep(m, l, to, "recall", request.reason());
      });
}

absl::StatusOr<v1::BatchPassUnitReportsResponse> BatchPass(
    CallContext& c, const v1::BatchPassUnitReportsRequest& request) {
  v1::PassUnitReportRequest one;
  one.set_opinion(request.opinion());
  one.set_validate_only(request.validate_only());
  v1::BatchPassUnitReportsResponse response;
  RETURN_IF_ERROR(rpc::RunBulk(c, request, Cat(kService, "PassUnitReport"), std::move(one), Pass,
                               response.mutable_results()));
  return response;
}

absl::StatusOr<v1::BatchReturnUnitReportsResponse> BatchReturn(
    CallContext& c, const v1::BatchReturnUnitReportsRequest& request) {
  v1::ReturnUnitReportRequest one;
  *one.mutable_reasons() = request.reasons();
  if (request.has_due_on()) *one.mutable_due_on() = request.due_on();
  one.set_validate_only(request.validate_only());
  v1::BatchReturnUnitReportsResponse response;
  RETURN_IF_ERROR(rpc::RunBulk(c, request, Cat(kService, "ReturnUnitReport"), std::move(one),
                               Return, response.mutable_results()));
  return response;
}

}  // namespace

absl::StatusOr<std::vector<UnitReportSubject>> SubjectsOf(
    mysql::Executor& db, const std::vector<UnitWithCampaign>& units, absl::Time now) {
  // Lock exceptions of those past their day, a query a campaign.
  std::map<Ulid, std::vector<std::string>> past;
  std::vector<UnitReportRow> rows;
  for (const UnitWithCampaign& u : units) {
    rows.push_back(u.unit);
    if (PastDue(u.unit, u.deadlines, now)) past[u.unit.campaign_id].push_back(u.unit.region_path);
  }
  std::map<Ulid, std::set<std::string>> unlocked;
  for (const auto& [campaign, villages] : past) {
    ASSIGN_OR_RETURN(unlocked[campaign], UnlockedVillages(db, campaign, villages, now));
  }
  std::vector<UnitReportSubject> subjects;
  if (units.empty()) return subjects;
  ASSIGN_OR_RETURN(const auto departments, DepartmentsOf(db, rows, ShanghaiDay(now)));
  ASSIGN_OR_RETURN(const std::vector<SignatureRow> signatures, Signatures(db, rows));
  std::set<std::pair<Ulid, std::string>> signed_by;
  for (const SignatureRow& s : signatures) signed_by.insert({s.unit_report_id, s.department_code});
  for (size_t i = 0; i < units.size(); ++i) {
    const UnitReportRow& unit = units[i].unit;
    const bool locked = PastDue(unit, units[i].deadlines, now) &&
                        unlocked[unit.campaign_id].count(unit.region_path) == 0;
    UnitReportSubject subject = SubjectFrom(unit, units[i].campaign_state == kCampaignOpen, locked);
    for (const RequiredDepartment& d : departments[i]) {
      if (signed_by.count({unit.id, d.department_code}) == 0) {
        subject.missing_departments.push_back(d.department_code);
        subject.sources_of_department[d.department_code] = d.source_codes;
      }
    }
    subjects.push_back(std::move(subject));
  }
  std::vector<const UnitReportRow*> of;
  std::vector<UnitReportSubject*> to;
  for (size_t i = 0; i < units.size(); ++i) {
    of.push_back(&units[i].unit);
    to.push_back(&subjects[i]);
  }
  RETURN_IF_ERROR(AddSamples(db, of, to));
  return subjects;
}

}  // namespace inventory

void RegisterInventoryHandlers(rpc::Router& router, operation::OperationRunner& operations,
                               Random random) {
  using inventory::kService;
  router.Unary<v1::GetUnitReportRequest, v1::InventoryUnitReport>(Cat(kService, "GetUnitReport"),
                                                                  inventory::GetUnitReport);
  router.Unary<v1::ListUnitReportsRequest, v1::ListUnitReportsResponse>(
      Cat(kService, "ListUnitReports"), inventory::ListUnitReports);
  router.Unary<v1::SaveUnitReportDraftRequest, v1::InventoryUnitReport>(
      Cat(kService, "SaveUnitReportDraft"), rpc::OfWhole(inventory::SaveDraft));
  router.Unary<v1::SubmitUnitReportRequest, v1::InventoryUnitReport>(
      Cat(kService, "SubmitUnitReport"), rpc::OfWhole(inventory::Submit));
  router.Unary<v1::PassUnitReportRequest, v1::InventoryUnitReport>(Cat(kService, "PassUnitReport"),
                                                                   rpc::OfWhole(inventory::Pass));
  router.Unary<v1::ReturnUnitReportRequest, v1::InventoryUnitReport>(
      Cat(kService, "ReturnUnitReport"), rpc::OfWhole(inventory::Return));
  router.Unary<v1::RecallUnitReportRequest, v1::InventoryUnitReport>(
      Cat(kService, "RecallUnitReport"), rpc::OfWhole(inventory::Recall));
  router.Unary<v1::BatchGetUnitReportsRequest, v1::BatchGetUnitReportsResponse>(
      Cat(kService, "BatchGetUnitReports"), inventory::BatchGetUnitReports);
  router.Unary<v1::BatchPassUnitReportsRequest, v1::BatchPassUnitReportsResponse>(
      Cat(kService, "BatchPassUnitReports"), rpc::OfWhole(inventory::BatchPass));
  router.Unary<v1::BatchReturnUnitReportsRequest, v1::BatchReturnUnitReportsResponse>(
      Cat(kService, "BatchReturnUnitReports"), rpc::OfWhole(inventory::BatchReturn));
  inventory::RegisterCampaignHandlers(router, operations);
  inventory::RegisterVerificationHandlers(router);
  inventory::RegisterSampleHandlers(router, std::move(random));
}

}  // namespace bangfu::registry

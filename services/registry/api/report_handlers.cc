#include <map>
#include <set>

#include "bangfu/registry/v1/events.pb.h"
#include "bangfu/registry/v1/operation_report.pb.h"
#include "common/audit/audit.h"
#include "common/base/clock.h"
#include "common/feed/outbox.h"
#include "common/rpc/actor.h"
#include "common/rpc/bulk.h"
#include "common/rpc/mutation.h"
#include "common/workflow/proto.h"
#include "services/registry/api/convert.h"
#include "services/registry/api/grant_scope.h"
#include "services/registry/api/handlers.h"
#include "services/registry/api/report_work.h"
#include "services/registry/api/reports.h"
#include "services/registry/api/unit_report_work.h"
#include "services/registry/domain/project.h"
#include "services/registry/store/operation_report_store.h"
#include "services/registry/store/parameter_store.h"
#include "services/registry/store/project_store.h"

namespace bangfu::registry {

v1::OperationReport ReportOf(const ReportRow& row) {
  v1::OperationReport r = FromBytes<v1::OperationReport>(row.record);
  r.set_id(row.id.ToString());
  r.set_project_id(row.project_id.ToString());
  r.set_period(row.period);
  r.set_region_path(row.region_path);
  r.set_late(row.late);
  r.set_etag(EtagOf(row.version));
  return r;
}

namespace {

using rpc::Mutation;

// What the reporter says: without what the server sets.
v1::OperationReport Figures(v1::OperationReport r) {
  r.clear_id();
  r.clear_region_path();
  r.clear_submitted_by();
  r.clear_submitted_at();
  r.clear_late();
  r.clear_etag();
  return r;
}

absl::Status CheckOne(const v1::OperationReport& r, absl::CivilDay today,
                      int64_t scope_start_year) {
  ReportFigures f;
  f.period = r.period();
  if (r.has_workers()) f.workers = r.workers();
  if (r.has_poor_workers()) f.poor_workers = r.poor_workers();
  if (r.has_person_days()) f.person_days = r.person_days();
  if (r.has_poor_person_days()) f.poor_person_days = r.poor_person_days();
  f.stop_days = r.stop_days();
  return CheckReport(f, today, scope_start_year);
}

std::string ActionOf(const Context& context) {
  const size_t at = context.method.rfind('.', context.method.rfind('.') - 1);
  return at == std::string::npos ? context.method : context.method.substr(at + 1);
}

absl::StatusOr<v1::OperationReport> Submit(Context& context,
                                           const v1::SubmitOperationReportRequest& request) {
  return rpc::Mutate<v1::OperationReport>(
      context, request, [&](Mutation& m) -> absl::StatusOr<v1::OperationReport> {
        const Author author{context.caller, context.roles, ActionOf(context),
                            m.request_id(), context.now,   context.ids};
        std::vector<ReportInput> inputs = {
            {request.report(), ReportInput::Mode::kEtag, request.etag()}};
        ASSIGN_OR_RETURN(std::vector<ReportResult> results,
                         WriteReports(m.tx(), author, context.scope, inputs));
        if (!results[0].status.ok()) return results[0].status;
        return std::move(results[0].report);
      });
}

absl::StatusOr<v1::BatchSubmitOperationReportsResponse> BatchSubmit(
    Context& context, const v1::BatchSubmitOperationReportsRequest& request) {
  return rpc::Mutate<v1::BatchSubmitOperationReportsResponse>(
      context, request,
      [&](Mutation& m) -> absl::StatusOr<v1::BatchSubmitOperationReportsResponse> {
        const Author author{context.caller, context.roles, ActionOf(context),
                            m.request_id(), context.now,   context.ids};
        std::vector<ReportInput> inputs;
        for (const v1::OperationReport& r : request.reports()) {
          inputs.push_back(
              {r, request.overwrite() ? ReportInput::Mode::kOverwrite : ReportInput::Mode::kKeep,
               ""});
        }
        ASSIGN_OR_RETURN(const std::vector<ReportResult> results,
                         WriteReports(m.tx(), author, context.scope, inputs));
        v1::BatchSubmitOperationReportsResponse response;
        for (size_t i = 0; i < results.size(); ++i) {
          v1::BatchSubmitResult& line = *response.add_results();
          line.set_index(static_cast<int32_t>(i));
          if (!results[i].status.ok()) {
            line.set_outcome("REFUSED");
            *line.mutable_refusal() = rpc::RefusalOf(results[i].status);
            line.set_reason(line.refusal().reason());
            line.set_message_zh(line.refusal().message_zh());
            response.set_refused(response.refused() + 1);
            continue;
          }
          line.set_outcome(results[i].outcome);
          if (results[i].outcome == "CREATED") response.set_created(response.created() + 1);
          if (results[i].outcome == "UPDATED") response.set_updated(response.updated() + 1);
          if (results[i].outcome == "UNCHANGED") response.set_unchanged(response.unchanged() + 1);
        }
        return response;
      });
}

absl::StatusOr<v1::OperationReport> Get(Context& context,
                                        const v1::GetOperationReportRequest& request) {
  ASSIGN_OR_RETURN(const Ulid id, ParseId(request.project_id(), "project_id"));
  ASSIGN_OR_RETURN(const auto row, FindReport(context.db, id, request.period(), context.scope));
  if (!row)
    return NotFound("operation_report", Cat(request.project_id(), "/", request.period())).Build();
  return ReportOf(*row);
}

absl::StatusOr<v1::ListOperationReportsResponse> List(
    Context& context, const v1::ListOperationReportsRequest& request) {
  ASSIGN_OR_RETURN(const Page page, OpenPage(request));
  ReportQuery query;
  ASSIGN_OR_RETURN(query.scope, ScopeAt(context, request.region_code()));
  v1::ListOperationReportsResponse response;
  if (query.scope.empty()) return response;
  query.project_id = OptionalId(request.project_id());
  query.period_from = request.period_from();
  query.period_to = request.period_to();
  query.limit = page.size + 1;
  if (page.key.size() == 3) {
    query.after_path = page.key[0];
    query.after_project = OptionalId(page.key[1]);
    query.after_period = page.key[2];
  }
  ASSIGN_OR_RETURN(std::vector<ReportRow> rows, ListReports(context.db, query));
  ClosePage(page, &rows, &response, [](const ReportRow& r) -> std::vector<std::string> {
    return {r.region_path, r.project_id.ToString(), r.period};
  });
  for (const ReportRow& row : rows) *response.add_reports() = ReportOf(row);
  return response;
}

absl::StatusOr<v1::ListMissingReportsResponse> ListMissing(
    Context& context, const v1::ListMissingReportsRequest& request) {
  ASSIGN_OR_RETURN(const Page page, OpenPage(request));
  ASSIGN_OR_RETURN(const RegionScope scope, ScopeAt(context, request.region_code()));
  v1::ListMissingReportsResponse response;
  if (scope.empty()) return response;
  ASSIGN_OR_RETURN(
      std::vector<MissingRow> rows,
      ListMissingReports(context.db, scope, {v1::PROJECT_STATE_OPERATING, v1::PROJECT_STATE_IDLE},
                         request.period(), page.after(), page.size + 1));
  ClosePage(page, &rows, &response, [](const MissingRow& r) -> std::vector<std::string> {
    return {r.project.region_path, r.project.id.ToString()};
  });
  for (const MissingRow& row : rows) {
    v1::MissingReport& out = *response.add_missing();
    out.set_project_id(row.project.id.ToString());
    out.set_project_code(row.project.project_code);
    out.set_project_name(FromBytes<v1::Project>(row.project.record).name());
    out.set_region_path(row.project.region_path);
    out.set_last_period(row.last_period);
  }
  return response;
}

}  // namespace

absl::StatusOr<std::vector<ReportResult>> WriteReports(mysql::Tx& tx, const Author& author,
                                                       const auth::RegionScope& scope,
                                                       const std::vector<ReportInput>& inputs) {
  std::vector<ReportResult> results(inputs.size());
  const absl::CivilDay today = ShanghaiDay(author.now);
  ASSIGN_OR_RETURN(const int64_t deadline_day, ParameterValue(tx, "OPERATION_REPORT_DAY", 10));
  ASSIGN_OR_RETURN(const int64_t scope_start_year, ScopeStartYear(tx));
  std::set<Ulid> ids;
  std::vector<std::pair<Ulid, std::string>> keys;
  for (const ReportInput& input : inputs) {
    if (const auto id = OptionalId(input.report.project_id())) {
      ids.insert(*id);
      keys.emplace_back(*id, input.report.period());
    }
  }
  std::map<Ulid, ProjectRow> projects;
  ASSIGN_OR_RETURN(std::vector<ProjectRow> rows, GetProjects(tx, {ids.begin(), ids.end()}, scope));
  for (ProjectRow& row : rows) {
    const Ulid id = row.id;
    projects.emplace(id, std::move(row));
  }
  ASSIGN_OR_RETURN(const Categories categories, CategoriesFor(tx, author.caller));
  ASSIGN_OR_RETURN(auto standing, LockReports(tx, keys));
  std::vector<ReportRow> writes;
  std::vector<audit::Entry> audits;
  std::vector<feed::OutboxEvent> events;
  std::set<std::pair<Ulid, std::string>> written;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const ReportInput& input = inputs[i];
    ReportResult& result = results[i];
    const std::optional<Ulid> id = OptionalId(input.report.project_id());
    const auto project = id ? projects.find(*id) : projects.end();
    if (project == projects.end() || !auth::InScope(scope, project->second.region_path)) {
      result.status = NotFound("project", input.report.project_id());
      continue;
    }
    auth::Facets thing;
    if (author.caller.MindsFacets()) {
      thing = FacetsOf(FromBytes<v1::Project>(project->second.record), categories);
      result.status = workflow::CheckScope(author.caller, author.roles, project->second.region_path,
                                           thing, "填报该项目的月报");
      if (!result.status.ok()) continue;
    }
    if (project->second.is_void) {
      result.status = FailedPrecondition("PROJECT_VOID", "项目已作废");
      continue;
    }
    result.status = CheckOne(input.report, today, scope_start_year);
    if (!result.status.ok()) continue;
    if (!MayReportOperation(static_cast<ProjectState>(project->second.state))) {
      result.status = FailedPrecondition("NOT_PRODUCING", "项目尚未竣工，不填运营月报");
      continue;
    }
    const std::pair<Ulid, std::string> key = {*id, input.report.period()};
    if (!written.insert(key).second) {
      result.status = InvalidField("report.period", "同一项目同一月份重复填报");
      continue;
    }
    const auto before = standing.find(key);
    if (before == standing.end()) {
      if (input.mode == ReportInput::Mode::kEtag && !input.etag.empty()) {
        result.status = EtagMismatch();
        continue;
      }
    } else {
      const v1::OperationReport stands = ReportOf(before->second);
      if (input.mode == ReportInput::Mode::kEtag) {
        result.status = CheckEtag(input.etag, before->second.version);
        if (!result.status.ok()) continue;
      }
      v1::OperationReport as_given = Figures(input.report);
      as_given.set_is_sample(as_given.is_sample() || stands.is_sample());
      if (SameContent(Figures(stands), as_given)) {
        result.report = stands;
        result.outcome = "UNCHANGED";
        continue;
      }
      if (input.mode == ReportInput::Mode::kKeep) {
        result.status =
            Error(absl::StatusCode::kAlreadyExists, "REPORT_DIFFERS").Zh("该月已有不同的月报");
        continue;
      }
    }
    v1::OperationReport r = Figures(input.report);
    r.set_is_sample(input.report.is_sample() || project->second.is_sample);
    ReportRow row;
    row.project_id = *id;
    row.period = r.period();
    row.id = before == standing.end() ? author.ids.Next() : before->second.id;
    row.region_path = project->second.region_path;
    row.version = before == standing.end() ? 1 : before->second.version + 1;
    // Late is what came first after the deadline; a correction does not make a report late.
    row.late = before == standing.end() ? IsLateReport(row.period, today, deadline_day)
                                        : before->second.late;
    r.set_id(row.id.ToString());
    r.set_region_path(row.region_path);
    r.set_late(row.late);
    const audit::Actor actor = rpc::ActorOf(author.caller, author.roles, row.region_path, thing);
    *r.mutable_submitted_by() = rpc::ActorMessage(actor);
    SetTime(author.now, r.mutable_submitted_at());
    row.record = ToBytes(r);
    r.set_etag(EtagOf(row.version));
    audit::Entry entry;
    entry.aggregate_type = "operation_report";
    entry.aggregate_id = row.id;
    entry.region_path = row.region_path;
    entry.action = author.action;
    entry.actor = actor;
    if (before != standing.end()) entry.before_json = audit::ToJson(ReportOf(before->second));
    entry.after_json = audit::ToJson(r);
    entry.request_id = author.request_id;
    entry.source_system = author.caller.source_system;
    entry.client_ip = author.caller.client_ip;
    entry.occurred_at = author.now;
    audits.push_back(std::move(entry));
    v1::OperationReportChanged event;
    *event.mutable_report() = r;
    events.push_back(
        feed::MakeEvent("operation_report", row.id, row.region_path, event, author.now));
    result.outcome = before == standing.end() ? "CREATED" : "UPDATED";
    result.report = std::move(r);
    writes.push_back(std::move(row));
  }
  RETURN_IF_ERROR(StoreReports(tx, writes));
  RETURN_IF_ERROR(audit::AppendBatch(tx, audits));
  RETURN_IF_ERROR(feed::PublishBatch(tx, events));
  std::set<std::pair<std::string, std::string>> months;
  for (const ReportResult& result : results) {
    if (result.outcome != "CREATED") continue;
    months.emplace(result.report.region_path(), result.report.period());
  }
  RETURN_IF_ERROR(SyncMonthlyReports(
      tx, months, {author.ids, author.now, &author.caller, "submit", InboxCalendar()}));
  return results;
}

void RegisterReportHandlers(rpc::Router& router) {
  const std::string service = "bangfu.registry.v1.OperationReportService.";
  router.Unary<v1::SubmitOperationReportRequest, v1::OperationReport>(
      service + "SubmitOperationReport", Submit);
  router.Unary<v1::BatchSubmitOperationReportsRequest, v1::BatchSubmitOperationReportsResponse>(
      service + "BatchSubmitOperationReports", BatchSubmit);
  router.Unary<v1::GetOperationReportRequest, v1::OperationReport>(service + "GetOperationReport",
                                                                   Get);
  router.Unary<v1::ListOperationReportsRequest, v1::ListOperationReportsResponse>(
      service + "ListOperationReports", List);
  router.Unary<v1::ListMissingReportsRequest, v1::ListMissingReportsResponse>(
      service + "ListMissingReports", ListMissing);
}

}  // namespace bangfu::registry

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "bangfu/evaluation/v1/fact.pb.h"
#include "common/audit/audit.h"
#include "common/base/page_token.h"
#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/blob/service.h"
#include "common/contract/time.h"
#include "common/feed/consumer.h"
#include "common/inbox/service.h"
#include "common/rpc/covering.h"
#include "common/rpc/mutation.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/workflow/proto.h"
#include "services/evaluation/api/actors.h"
#include "services/evaluation/api/deps.h"
#include "services/evaluation/api/dispatch_figures.h"
#include "services/evaluation/convert/evaluation_message.h"
#include "services/evaluation/domain/argument_actions.h"
#include "services/evaluation/domain/evaluation_actions.h"
#include "services/evaluation/facts/fact_loader.h"
#include "services/evaluation/facts/grant_scope.h"
#include "services/evaluation/facts/measure_codes.h"
#include "services/evaluation/facts/moment.h"
#include "services/evaluation/facts/parameters.h"
#include "services/evaluation/facts/work_calendar.h"
#include "services/evaluation/jobs/dispatch_work.h"
#include "services/evaluation/jobs/evaluator.h"
#include "services/evaluation/jobs/outstanding_work.h"
#include "services/evaluation/jobs/registry_effects.h"
#include "services/evaluation/store/fact_store.h"
#include "services/evaluation/store/subject_store.h"

namespace bangfu::evaluation {

namespace {

using rpc::CallContext;

// A subject that the caller may see; NOT_FOUND otherwise.
absl::StatusOr<SubjectRow> FindSubject(mysql::Executor& db, const CallContext& context,
                                       const std::string& text) {
  ASSIGN_OR_RETURN(Ulid id, Ulid::Parse(text));
  ASSIGN_OR_RETURN(SubjectMap found, LoadSubjects(db, {id}, context.scope));
  auto it = found.find(id);
  if (it == found.end()) return NotFound("subject", text);
  return it->second;
}

// --- facts ---------------------------------------------------------------------------------------

void AddFact(v1::ListFactsResponse& out, std::string_view code, FactSource source,
             const std::string& record, const std::optional<absl::CivilDay>& as_of,
             const std::map<std::string, int64_t>& sequences, std::optional<int64_t> value,
             std::string_view text, std::string_view unit) {
  v1::Fact* fact = out.add_facts();
  fact->set_code(std::string(code));
  if (value) fact->set_value(*value);
  fact->set_text(std::string(text));
  fact->set_unit(std::string(unit));
  if (as_of) SetDay(*as_of, fact->mutable_as_of());
  fact->set_source(SourceName(source));
  fact->set_source_record(record);
  if (auto it = sequences.find(SourceName(source)); it != sequences.end()) {
    fact->set_source_sequence(it->second);
  }
}

absl::StatusOr<v1::ListFactsResponse> ListFacts(CallContext& context, const Deps& deps,
                                                const v1::ListFactsRequest& request) {
  ASSIGN_OR_RETURN(SubjectRow subject, FindSubject(context.db, context, request.subject_id()));
  const absl::CivilDay today = ShanghaiDay(context.now);
  const Moment moment{MonthText(absl::CivilMonth(today)), today};
  FactLoader loader(moment);
  std::vector<SubjectFacts> facts;
  if (subject.type == kProjectSubject) {
    ASSIGN_OR_RETURN(facts, loader.LoadProjects(context.db, {subject}));
  } else {
    ASSIGN_OR_RETURN(CriteriaPtr criteria,
                     deps.evaluator->CriteriaFor(context.db, subject.region_path, today));
    ASSIGN_OR_RETURN(facts,
                     loader.LoadIndustries(context.db, criteria->engine.criteria(), {subject}));
  }
  std::map<std::string, int64_t> sequences;
  ASSIGN_OR_RETURN(std::vector<FactSourceRow> rows, LoadFactSources(context.db, {subject.id}, {}));
  for (const FactSourceRow& row : rows) {
    int64_t& sequence = sequences[row.source];
    sequence = std::max(sequence, row.source_sequence);
  }

  v1::ListFactsResponse response;
  const Snapshot& s = facts.at(0).snapshot;
  for (const FactValue& v : s.values) {
    if (v.state != FactState::kPresent) continue;
    std::optional<int64_t> number;
    if (v.category.empty()) number = v.number;
    AddFact(response, v.code, v.source, v.source_record, v.as_of, sequences, number, v.category,
            v.unit);
  }
  auto text_of = [&](const std::string& name) -> std::string {
    auto day = [](const std::optional<absl::CivilDay>& d) {
      return d ? absl::FormatCivilTime(*d) : std::string();
    };
    auto flag = [](bool b) { return std::string(b ? "true" : "false"); };
    const RuleFacts& f = s.facts;
    if (name == "stage") return std::string(EnumName(s.stage));
    if (name == "county_verified") return flag(s.county_verified);
    if (name == "planned_end") return day(s.planned_end);
    if (name == "planting_date") return day(f.planting_date);
    if (name == "has_operating_assets") return flag(f.has_operating_assets);
    if (name == "damaged_irreparable") return flag(f.damaged_irreparable);
    if (name == "maintenance_inspection_failed") return flag(f.maintenance_inspection_failed);
    if (name == "no_revital_value") return flag(f.no_revital_value);
    if (name == "appraisal_id") return f.appraisal_id;
    if (name == "tech_backward") return flag(f.tech_backward);
    if (name == "cause") return f.cause;
    if (name == "revitalise_feasible") return std::string(EnumName(f.revitalise_feasible));
    return "";
  };
  for (const FactEvidence& e : s.facts.evidence) {
    std::optional<int64_t> number;
    std::string_view unit;
    if (e.name == "life_expired_share_bp") {
      number = s.facts.life_expired_share_bp;
      unit = "bp";
    } else if (e.name == "cultivation_months") {
      number = s.facts.cultivation_months;
      unit = "month";
    }
    std::string text = text_of(e.name);
    if (text.empty() && !number) continue;
    AddFact(response, e.name, e.source, e.source_record, e.as_of, sequences, number, text, unit);
  }
  ASSIGN_OR_RETURN(std::vector<feed::ConsumerProgress> progress, feed::ReadProgress(context.db));
  for (const feed::ConsumerProgress& p : progress) {
    if (p.consumer != kFactsConsumer) continue;
    type::v1::Watermark* w = response.add_watermarks();
    w->set_source(p.source);
    w->set_epoch(p.epoch);
    w->set_sequence(p.sequence);
  }
  return response;
}

// --- expert scores -------------------------------------------------------------------------------

absl::StatusOr<v1::SubmitExpertScoresResponse> SubmitExpertScores(
    CallContext& context, const v1::SubmitExpertScoresRequest& request) {
  Error error(absl::StatusCode::kInvalidArgument, "FIELD_INVALID");
  bool valid = true;
  auto fault = [&](int i, std::string_view field, std::string_view why) {
    error.Field(Cat("scores[", i, "].", field), why);
    valid = false;
  };
  ASSIGN_OR_RETURN(const MeasureCatalogue catalogue,
                   LoadMeasures(context.db, ShanghaiDay(context.now)));
  const absl::CivilDay today = ShanghaiDay(context.now);
  std::map<Ulid, int> index;
  for (int i = 0; i < request.scores_size(); ++i) {
    const v1::ExpertScore& score = request.scores(i);
    ASSIGN_OR_RETURN(Ulid id, Ulid::Parse(score.subject_id()));
    if (!index.emplace(id, i).second) fault(i, "subject_id", "同一对象重复评分");
    if (!score.has_market_outlook() && !score.has_resource_basis()) {
      fault(i, "market_outlook", "市场前景与资源支撑至少评一项");
    }
    const CauseDef* cause = catalogue.FindCause(score.cause());
    if (!score.cause().empty() && (cause == nullptr || !cause->in_force)) {
      fault(i, "cause", "不是规定的困难原因代码");
    }
    if (score.has_scored_on()) {
      const std::optional<absl::CivilDay> on = DayOf(score.scored_on());
      if (!on) {
        fault(i, "scored_on", "没有此日期");
      } else if (*on > today) {
        fault(i, "scored_on", "评分日期不得晚于今天");
      }
    }
  }
  if (!valid) return error.Zh("评分有误").Build();
  std::vector<Ulid> ids;
  for (const auto& [id, i] : index) ids.push_back(id);
  return rpc::Mutate<v1::SubmitExpertScoresResponse>(
      context, request, [&](rpc::Mutation& m) -> absl::StatusOr<v1::SubmitExpertScoresResponse> {
        ASSIGN_OR_RETURN(SubjectMap visible, LoadSubjects(m.tx(), ids, context.scope));
        Error missing(absl::StatusCode::kNotFound, "RESOURCE_NOT_FOUND");
        bool complete = true;
        for (const auto& [id, i] : index) {
          if (visible.contains(id)) continue;
          missing.Field(Cat("scores[", i, "].subject_id"), "没有此评估对象");
          missing.With("id", id.ToString());
          complete = false;
        }
        if (!complete) return missing.Zh("有评估对象不存在").Build();
        ASSIGN_OR_RETURN(const GrantScope scope,
                         GrantScope::Load(m.tx(), context.caller, ids, ShanghaiDay(context.now)));
        for (const auto& [id, subject] : visible) {
          RETURN_IF_ERROR(workflow::CheckScope(context.caller, context.roles, subject.region_path,
                                               scope.Of(id), "为该对象评分"));
          RETURN_IF_ERROR(
              CheckInPerson(workflow::ActorAt(context.caller, subject.region_path, scope.Of(id))
                                .By({kAppraiser})));
        }
        ASSIGN_OR_RETURN(SubjectMap subjects, LockSubjects(m.tx(), ids));
        std::vector<ExpertScoreRow> rows;
        std::vector<audit::Entry> trail;
        for (const auto& [id, i] : index) {
          const SubjectRow& s = subjects.at(id);
          if (s.is_void) {
            return FailedPrecondition("SUBJECT_VOID", "对象已作废，不能评分")
                .With("id", id.ToString())
                .Build();
          }
          v1::ExpertScore score = request.scores(i);
          const audit::Actor actor =
              rpc::ActorOf(context.caller, context.roles, s.region_path, scope.Of(id));
          *score.mutable_expert() = ToMessage(actor);
          SetTime(context.now, score.mutable_scored_at());
          const absl::CivilDay on = DayOf(score.scored_on()).value_or(today);
          SetDay(on, score.mutable_scored_on());
          rows.push_back({id, context.caller.subject, on, score.SerializeAsString(), context.now});
          audit::Entry& entry = trail.emplace_back();
          entry.aggregate_type = "expert_score";
          entry.aggregate_id = id;
          entry.region_path = s.region_path;
          entry.action = "FactService.SubmitExpertScores";
          entry.actor = actor;
          entry.after_json = audit::ToJson(score);
          entry.request_id = m.request_id();
          entry.source_system = context.caller.source_system;
          entry.client_ip = context.caller.client_ip;
          entry.occurred_at = context.now;
        }
        RETURN_IF_ERROR(PutExpertScores(m.tx(), rows));
        RETURN_IF_ERROR(NoteNewFacts(m.tx(), subjects, ids, context.now,
                                     inbox::ActOf(m, "score", WorkCalendar)));
        RETURN_IF_ERROR(audit::AppendBatch(m.tx(), trail));
        ASSIGN_OR_RETURN(std::vector<ExpertScoreRow> all, LoadExpertScores(m.tx(), ids, today));
        ASSIGN_OR_RETURN(const int64_t minimum, ReadParameter(m.tx(), kExpertScoresMinimum));
        std::map<Ulid, int64_t> experts;
        for (const ExpertScoreRow& row : all) ++experts[row.subject_id];
        v1::SubmitExpertScoresResponse response;
        response.set_accepted(static_cast<int32_t>(rows.size()));
        response.set_complete(static_cast<int32_t>(std::count_if(
            experts.begin(), experts.end(), [&](const auto& e) { return e.second >= minimum; })));
        return response;
      });
}

absl::StatusOr<v1::ListExpertScoresResponse> ListExpertScoresOf(
    CallContext& context, const v1::ListExpertScoresRequest& request) {
  ASSIGN_OR_RETURN(SubjectRow subject, FindSubject(context.db, context, request.subject_id()));
  ASSIGN_OR_RETURN(std::vector<ExpertScoreRow> rows,
                   request.include_earlier()
                       ? ListExpertScores(context.db, subject.id)
                       : LoadExpertScores(context.db, {subject.id}, ShanghaiDay(context.now)));
  v1::ListExpertScoresResponse response;
  for (const ExpertScoreRow& row : rows) {
    v1::ExpertScore& score = *response.add_scores();
    if (!score.ParseFromString(row.payload)) {
      return absl::DataLossError("a stored expert score cannot be read");
    }
    SetDay(row.scored_on, score.mutable_scored_on());
  }
  return response;
}

// --- appraisals ----------------------------------------------------------------------------------

absl::StatusOr<v1::Appraisal> RecordAppraisal(CallContext& context,
                                              const v1::RecordAppraisalRequest& request) {
  std::optional<absl::CivilDay> on = DayOf(request.appraisal().appraised_on());
  if (!on) return InvalidField("appraisal.appraised_on", "请填写评估日期").Build();
  if (*on > ShanghaiDay(context.now)) {
    return InvalidField("appraisal.appraised_on", "评估日期不得晚于今天").Build();
  }
  if (request.appraisal().evidence().empty()) {
    return InvalidField("appraisal.evidence", "请附评估报告").Build();
  }
  return rpc::Mutate<v1::Appraisal>(
      context, request, [&](rpc::Mutation& m) -> absl::StatusOr<v1::Appraisal> {
        ASSIGN_OR_RETURN(SubjectRow seen,
                         FindSubject(m.tx(), context, request.appraisal().subject_id()));
        ASSIGN_OR_RETURN(SubjectMap locked, LockSubjects(m.tx(), {seen.id}));
        const SubjectRow& subject = locked.at(seen.id);
        ASSIGN_OR_RETURN(
            const GrantScope scope,
            GrantScope::Load(m.tx(), context.caller, {subject.id}, ShanghaiDay(context.now)));
        RETURN_IF_ERROR(
            SubjectTable()
                .Execute(
                    subject.is_void ? SubjectPhase::kVoid : SubjectPhase::kLive, "record_appraisal",
                    workflow::ActorAt(context.caller, subject.region_path, scope.Of(subject.id)))
                .status());
        const rpc::Covering covering(m, scope.Of(subject.id));
        AppraisalRow row;
        row.id = context.ids.Next();
        row.subject_id = subject.id;
        row.region_path = subject.region_path;
        row.report_no = request.appraisal().report_no();
        row.recorded_at = context.now;
        v1::Appraisal appraisal = request.appraisal();
        appraisal.set_id(row.id.ToString());
        ASSIGN_OR_RETURN(int64_t months, ReadParameter(m.tx(), kAppraisalMonths));
        SetDay(AddMonths(*on, months), appraisal.mutable_valid_to());
        *appraisal.mutable_recorded_by() =
            ToMessage(covering.mutation().ActorAt(subject.region_path));
        RETURN_IF_ERROR(
            blob::UseEvidence(m, appraisal.mutable_evidence(),
                              {"appraisal", row.id, "RecordAppraisal", "appraisal.evidence",
                               SubjectTable().EvidenceKinds("record_appraisal")}));
        row.payload = appraisal.SerializeAsString();
        RETURN_IF_ERROR(InsertAppraisal(m.tx(), row));
        RETURN_IF_ERROR(NoteNewFacts(m.tx(), locked, {subject.id}, context.now,
                                     inbox::ActOf(m, "appraise", WorkCalendar)));
        RETURN_IF_ERROR(
            covering.mutation().Audit("appraisal", row.id, row.region_path, nullptr, appraisal));
        return appraisal;
      });
}

// --- dispatch reports (产业调度) -----------------------------------------------------------------

// DISPATCH_FIGURE_HELD, naming each figure that records say already.
absl::Status CheckFigures(mysql::Executor& db, Evaluator& evaluator, const SubjectRow& industry,
                          absl::CivilDay today, const v1::DispatchReport& report) {
  ASSIGN_OR_RETURN(const DispatchFigures figures,
                   DispatchFiguresOf(db, evaluator, industry, today));
  Error held(absl::StatusCode::kInvalidArgument, "DISPATCH_FIGURE_HELD");
  bool any = false;
  for (int i = 0; i < report.figures_size(); ++i) {
    const auto found = figures.held.find(report.figures(i).code());
    if (found == figures.held.end()) continue;
    held.Field(Cat("report.figures[", i, "].code"),
               Cat("该指标已由系统数据得出（", found->second, "），请去掉此项"));
    any = true;
  }
  if (!any) return absl::OkStatus();
  return held.Zh("有指标已由系统数据得出，不再填报").Build();
}

absl::StatusOr<v1::DispatchReport> SubmitDispatchReport(
    CallContext& context, const Deps& deps, const v1::SubmitDispatchReportRequest& request) {
  const v1::DispatchReport& wanted = request.report();
  if (!MomentOf(wanted.period(), ShanghaiDay(context.now))) {
    return InvalidField("report.period", "月份应为已开始的月份").Build();
  }
  Error error(absl::StatusCode::kInvalidArgument, "FIELD_INVALID");
  bool valid = true;
  std::set<std::string> seen;
  for (int i = 0; i < wanted.figures_size(); ++i) {
    const v1::DispatchFigure& f = wanted.figures(i);
    if (!IsDispatchGroup(f.group())) {
      error.Field(Cat("report.figures[", i, "].group"), "不是规定的六类调度指标");
      valid = false;
    }
    // Figures are facts by their code, so that a code stands in one group only.
    if (!seen.insert(f.code()).second) {
      error.Field(Cat("report.figures[", i, "].code"), "指标重复");
      valid = false;
    }
  }
  if (!valid) return error.Zh("调度指标有误").Build();
  return rpc::Mutate<v1::DispatchReport>(
      context, request, [&](rpc::Mutation& m) -> absl::StatusOr<v1::DispatchReport> {
        ASSIGN_OR_RETURN(SubjectRow industry, FindSubject(m.tx(), context, wanted.industry_id()));
        if (industry.type != kIndustrySubject) {
          return InvalidField("report.industry_id", "不是县级帮扶产业").Build();
        }
        ASSIGN_OR_RETURN(
            const GrantScope scope,
            GrantScope::Load(m.tx(), context.caller, {industry.id}, ShanghaiDay(context.now)));
        RETURN_IF_ERROR(workflow::CheckScope(context.caller, context.roles, industry.region_path,
                                             scope.Of(industry.id), "报送该产业的调度"));
        const rpc::Covering covering(m, scope.Of(industry.id));
        if (industry.is_void) return FailedPrecondition("SUBJECT_VOID", "对象已作废").Build();
        RETURN_IF_ERROR(
            CheckFigures(m.tx(), *deps.evaluator, industry, ShanghaiDay(context.now), wanted));
        // Locked before its report, as an evaluation locks it before its facts.
        ASSIGN_OR_RETURN(const SubjectMap locked, LockSubjects(m.tx(), {industry.id}));
        ASSIGN_OR_RETURN(std::optional<DispatchReportRow> old,
                         LockDispatchReport(m.tx(), industry.id, wanted.period()));
        DispatchReportRow row;
        std::optional<v1::DispatchReport> before;
        if (old) {
          if (wanted.etag() != Cat(old->version)) return EtagMismatch();
          row.id = old->id;
          row.version = old->version + 1;
          if (!before.emplace().ParseFromString(old->payload)) {
            return absl::DataLossError("a stored dispatch report cannot be read");
          }
        } else {
          if (!wanted.etag().empty()) return EtagMismatch();
          row.id = context.ids.Next();
        }
        row.industry_id = industry.id;
        row.period = wanted.period();
        row.region_path = industry.region_path;
        row.reported_at = context.now;
        v1::DispatchReport report = wanted;
        report.set_id(row.id.ToString());
        report.set_etag(Cat(row.version));
        *report.mutable_reported_by() = ToMessage(covering.mutation().ActorAt(row.region_path));
        SetTime(context.now, report.mutable_reported_at());
        row.payload = report.SerializeAsString();
        RETURN_IF_ERROR(PutDispatchReport(m.tx(), row));
        // Its figures are facts: the next batch judges the industry again.
        RETURN_IF_ERROR(NoteNewFacts(m.tx(), locked, {industry.id}, context.now,
                                     inbox::ActOf(covering.mutation(), "report", WorkCalendar)));
        RETURN_IF_ERROR(covering.mutation().Audit("dispatch_report", row.id, row.region_path,
                                                  before ? &*before : nullptr, report));
        RETURN_IF_ERROR(
            SyncDispatchReports(m.tx(), {locked.at(industry.id)},
                                inbox::ActOf(covering.mutation(), "report", WorkCalendar)));
        return report;
      });
}

// What may be reported of an industry now, for those who could ever do it.
absl::Status TellDispatchActions(const CallContext& context, const SubjectRow& industry,
                                 v1::ListDispatchReportsResponse* response) {
  const std::vector<auth::Role> reporters = {auth::Role::ROLE_COUNTY_OPERATOR};
  const auto reports_here = [&](const auth::Grant& grant) {
    return grant.role == reporters[0] && !grant.region_path.empty() &&
           RegionContains(grant.region_path, industry.region_path);
  };
  const auto& grants = context.caller.grants;
  const auto& narrowed = context.caller.narrowed;
  const bool may = std::any_of(grants.begin(), grants.end(), reports_here);
  if (!may && std::none_of(narrowed.begin(), narrowed.end(), reports_here)) {
    return absl::OkStatus();
  }
  constexpr std::string_view kLabelZh = "报送该产业的调度";
  absl::Status check = workflow::ScopeExcludes(kLabelZh).Build();
  if (may) {
    ASSIGN_OR_RETURN(
        const GrantScope scope,
        GrantScope::Load(context.db, context.caller, {industry.id}, ShanghaiDay(context.now)));
    check = workflow::CheckScope(context.caller, reporters, industry.region_path,
                                 scope.Of(industry.id), kLabelZh);
  }
  if (check.ok() && industry.is_void)
    check = FailedPrecondition("SUBJECT_VOID", "对象已作废").Build();
  workflow::FillAllowedActions({workflow::ActionOf(kSubmitDispatch, "报送调度", check)},
                               response->mutable_allowed_actions());
  return absl::OkStatus();
}

absl::StatusOr<v1::ListDispatchReportsResponse> ListDispatchReportsOf(
    CallContext& context, const v1::ListDispatchReportsRequest& request) {
  ASSIGN_OR_RETURN(int limit, ResolvePageSize(request.page_size()));
  const std::string query = Cat("dispatch/", request.industry_id());
  ASSIGN_OR_RETURN(std::vector<std::string> key, DecodePageToken(request.page_token(), query));
  if (key.size() > 1) return InvalidField("page_token", "分页标记无效").Build();
  ASSIGN_OR_RETURN(Ulid industry, Ulid::Parse(request.industry_id()));
  ASSIGN_OR_RETURN(std::vector<DispatchReportRow> rows,
                   ListDispatchReports(context.db, industry, key.empty() ? "" : key[0], limit + 1,
                                       context.scope));
  v1::ListDispatchReportsResponse response;
  for (size_t i = 0; i < rows.size() && i < static_cast<size_t>(limit); ++i) {
    if (!response.add_reports()->ParseFromString(rows[i].payload)) {
      return absl::DataLossError("a stored dispatch report cannot be read");
    }
  }
  if (rows.size() > static_cast<size_t>(limit)) {
    response.set_next_page_token(EncodePageToken({rows[limit - 1].period}, query));
  }
  ASSIGN_OR_RETURN(const SubjectMap subjects, LoadSubjects(context.db, {industry}, context.scope));
  if (const auto found = subjects.find(industry);
      found != subjects.end() && found->second.type == kIndustrySubject) {
    RETURN_IF_ERROR(TellDispatchActions(context, found->second, &response));
  }
  return response;
}

}  // namespace

void RegisterFactHandlers(rpc::Router& router, const Deps& deps) {
  const std::string service = "bangfu.evaluation.v1.FactService.";
  router.Unary<v1::ListFactsRequest, v1::ListFactsResponse>(
      service + "ListFacts", [deps](CallContext& context, const v1::ListFactsRequest& request) {
        return ListFacts(context, deps, request);
      });
  router.Unary<v1::SubmitExpertScoresRequest, v1::SubmitExpertScoresResponse>(
      service + "SubmitExpertScores", SubmitExpertScores);
  router.Unary<v1::ListExpertScoresRequest, v1::ListExpertScoresResponse>(
      service + "ListExpertScores", ListExpertScoresOf);
  router.Unary<v1::RecordAppraisalRequest, v1::Appraisal>(service + "RecordAppraisal",
                                                          RecordAppraisal);
  router.Unary<v1::SubmitDispatchReportRequest, v1::DispatchReport>(
      service + "SubmitDispatchReport",
      [deps](CallContext& context, const v1::SubmitDispatchReportRequest& request) {
        return SubmitDispatchReport(context, deps, request);
      });
  router.Unary<v1::ListDispatchReportsRequest, v1::ListDispatchReportsResponse>(
      service + "ListDispatchReports", ListDispatchReportsOf);
}

}  // namespace bangfu::evaluation

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "bangfu/evaluation/v1/evaluation_service.pb.h"
#include "bangfu/operation/v1/operation_service.pb.h"
#include "common/base/digest.h"
#include "common/base/page_token.h"
#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/inbox/service.h"
#include "common/inbox/stopped.h"
#include "common/operation/operation.h"
#include "common/operation/service.h"
#include "common/rpc/actor.h"
#include "common/rpc/mutation.h"
#include "common/rpc/page.h"
#include "common/rpc/whole.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/workflow/proto.h"
#include "services/evaluation/api/actors.h"
#include "services/evaluation/api/deps.h"
#include "services/evaluation/convert/evaluation_message.h"
#include "services/evaluation/facts/grant_scope.h"
#include "services/evaluation/facts/work_calendar.h"
#include "services/evaluation/jobs/batch_evaluation.h"
#include "services/evaluation/jobs/evaluator.h"
#include "services/evaluation/store/evaluation_store.h"
#include "services/evaluation/store/reference_store.h"
#include "services/evaluation/store/subject_store.h"

namespace bangfu::evaluation {

namespace {

using rpc::CallContext;

// --- evaluating ----------------------------------------------------------------------------------

// The place of the grant by which the caller evaluates the subject; of callers whose grants are all
// for everything it does not matter which.
ptrdiff_t GrantOf(const CallContext& context, const SubjectRow& subject, const GrantScope& scope) {
  if (!context.caller.MindsFacets()) return 0;
  const auth::Grant* grant =
      context.caller.Find(context.roles, subject.region_path, scope.Of(subject.id));
  return grant == nullptr ? -1 : grant - context.caller.grants.data();
}

absl::StatusOr<v1::EvaluateSubjectsResponse> EvaluateSubjects(
    CallContext& context, const Deps& deps, const v1::EvaluateSubjectsRequest& request) {
  std::optional<Moment> moment = MomentOf(request.period(), ShanghaiDay(context.now));
  if (!moment) return InvalidField("period", "月份应为已开始的月份，如2026-10").Build();
  std::vector<Ulid> wanted;
  for (const std::string& text : request.subject_ids()) {
    ASSIGN_OR_RETURN(Ulid id, Ulid::Parse(text));
    if (std::find(wanted.begin(), wanted.end(), id) == wanted.end()) wanted.push_back(id);
  }
  return rpc::Mutate<v1::EvaluateSubjectsResponse>(
      context, request, [&](rpc::Mutation& m) -> absl::StatusOr<v1::EvaluateSubjectsResponse> {
        ASSIGN_OR_RETURN(SubjectMap subjects, LoadSubjects(m.tx(), wanted, context.scope));
        // Projects before the industries that add them up; a county has criteria of its own.
        // What is written names one grant, so that subjects of several are evaluated apart.
        std::map<std::tuple<int, std::string, ptrdiff_t>, std::vector<Ulid>> groups;
        std::map<Ulid, SubjectOutcome> outcomes;
        ASSIGN_OR_RETURN(const GrantScope scope, GrantScope::Load(m.tx(), context.caller, wanted,
                                                                  ShanghaiDay(context.now)));
        for (const Ulid& id : wanted) {
          const auto it = subjects.find(id);
          if (it == subjects.end()) continue;
          const SubjectRow& subject = it->second;
          if (const absl::Status may = workflow::CheckScope(
                  context.caller, context.roles, subject.region_path, scope.Of(id), "评估该对象");
              !may.ok()) {
            outcomes[id].refusal_reason = ReasonOf(may);
            outcomes[id].refusal_zh = GetErrorDetail(may).message_zh;
            continue;
          }
          groups[{subject.type, subject.county, GrantOf(context, subject, scope)}].push_back(id);
        }
        for (const auto& [group, ids] : groups) {
          const auto& [type, county, grant] = group;
          EvaluationJob job;
          job.moment = *moment;
          ASSIGN_OR_RETURN(job.criteria,
                           deps.evaluator->CriteriaFor(m.tx(), county, moment->as_of));
          // Only whether the sources are fresh enough; the evaluator notes what it read.
          RETURN_IF_ERROR(
              deps.evaluator->PinWatermarks(m.tx(), job.criteria->engine.criteria(), context.now)
                  .status());
          job.audit.actor =
              rpc::ActorOf(context.caller, context.roles, county, scope.Of(ids.front()));
          job.audit.action = "EvaluationService.EvaluateSubjects";
          job.audit.request_id = m.request_id();
          job.audit.source_system = context.caller.source_system;
          job.audit.client_ip = context.caller.client_ip;
          job.computed_by = ToMessage(job.audit.actor);
          job.now = context.now;
          job.caller = &context.caller;
          ASSIGN_OR_RETURN(std::vector<SubjectOutcome> part,
                           deps.evaluator->Evaluate(m.tx(), job, type, ids, true));
          for (SubjectOutcome& o : part) {
            Ulid id = o.subject_id;
            outcomes[id] = std::move(o);
          }
        }
        v1::EvaluateSubjectsResponse response;
        for (const Ulid& id : wanted) {
          v1::SubjectOutcome* out = response.add_outcomes();
          out->set_subject_id(id.ToString());
          auto it = outcomes.find(id);
          if (it == outcomes.end()) {
            out->set_refusal_reason("RESOURCE_NOT_FOUND");
            out->set_refusal_zh("没有此评估对象");
          } else if (it->second.evaluation) {
            *out->mutable_evaluation() = std::move(*it->second.evaluation);
            FillWords(*out->mutable_evaluation());
          } else {
            out->set_refusal_reason(it->second.refusal_reason);
            out->set_refusal_zh(it->second.refusal_zh);
          }
        }
        return response;
      });
}

absl::StatusOr<operation::v1::Operation> StartBatchEvaluation(
    CallContext& context, const Deps& deps, const v1::StartBatchEvaluationRequest& request) {
  absl::StatusOr<std::string> code = NormalizeRegionCode(request.region_code());
  if (!code.ok()) return InvalidField("region_code", "区划代码无效").Build();
  if (LevelOfRegion(*code) > RegionLevel::kCounty) {
    return InvalidField("region_code", "批量评估的区域应为县、市或省").Build();
  }
  absl::StatusOr<operation::v1::Operation> started = rpc::Mutate<operation::v1::Operation>(
      context, request, [&](rpc::Mutation& m) -> absl::StatusOr<operation::v1::Operation> {
        // A code that is no longer in use stands for today's.
        std::string region = *code;
        ASSIGN_OR_RETURN(std::optional<RegionRow> known, GetRegion(m.tx(), region));
        if (known && !known->region_path.empty()) region = known->region_path;
        if (!auth::InScope(context.scope, region)) return NotFound("region", *code);
        RETURN_IF_ERROR(
            workflow::CheckWhole(context.caller, context.roles, region, "评估该区域的全部对象"));
        ASSIGN_OR_RETURN(int64_t total, CountSubjects(m.tx(), region));
        v1::StartBatchEvaluationRequest kept = request;
        kept.set_region_code(region);
        ASSIGN_OR_RETURN(operation::v1::Operation operation,
                         operation::StartOperation(m, kBatchKind, region, kept, total));
        ASSIGN_OR_RETURN(Ulid id, Ulid::Parse(operation.id()));
        RETURN_IF_ERROR(PinRun(m.tx(), *deps.evaluator, id, region, request.period(),
                               context.caller.subject, context.now));
        RETURN_IF_ERROR(inbox::SyncStoppedIn(m.tx(), StoppedBatch(), region,
                                             inbox::ActOf(m, "start", WorkCalendar)));
        return operation;
      });
  if (started.ok() && deps.operations != nullptr) deps.operations->Wake();
  return started;
}

// --- reading -------------------------------------------------------------------------------------

absl::StatusOr<v1::Evaluation> GetEvaluationOf(CallContext& context, const Deps& deps,
                                               const v1::GetEvaluationRequest& request) {
  ASSIGN_OR_RETURN(Ulid id, Ulid::Parse(request.id()));
  ASSIGN_OR_RETURN(EvaluationRow row, GetEvaluation(context.db, id, context.scope));
  ASSIGN_OR_RETURN(v1::Evaluation message, ToMessage(row));
  if (deps.allowed_actions) RETURN_IF_ERROR(deps.allowed_actions(context, {&message}));
  return message;
}

absl::StatusOr<v1::BatchGetEvaluationsResponse> BatchGetEvaluations(
    CallContext& context, const Deps& deps, const v1::BatchGetEvaluationsRequest& request) {
  std::vector<Ulid> ids;
  for (const std::string& text : request.ids()) {
    ASSIGN_OR_RETURN(Ulid id, Ulid::Parse(text));
    ids.push_back(id);
  }
  ASSIGN_OR_RETURN(std::vector<EvaluationRow> rows, GetEvaluations(context.db, ids, context.scope));
  std::map<Ulid, const EvaluationRow*> by_id;
  for (const EvaluationRow& row : rows) by_id[row.id] = &row;
  v1::BatchGetEvaluationsResponse response;
  for (const Ulid& id : ids) {
    auto it = by_id.find(id);
    if (it == by_id.end()) {
      response.add_missing_ids(id.ToString());
      continue;
    }
    v1::Evaluation* message = response.add_evaluations();
    ASSIGN_OR_RETURN(*message, ToMessage(*it->second));
  }
  if (deps.allowed_actions) {
    RETURN_IF_ERROR(deps.allowed_actions(context, {response.mutable_evaluations()->pointer_begin(),
                                                   response.mutable_evaluations()->pointer_end()}));
  }
  return response;
}

// One page of a list; `filter` is everything that decides the result.
template <typename Response>
absl::StatusOr<Response> Page(CallContext& context, EvaluationQuery query,
                              const std::string& filter, int32_t page_size,
                              const std::string& page_token) {
  ASSIGN_OR_RETURN(int limit, ResolvePageSize(page_size));
  ASSIGN_OR_RETURN(const auto start, rpc::PageStartOf(page_token, filter));
  if (start) query.after = {start->region_path, start->id};
  query.limit = limit + 1;
  ASSIGN_OR_RETURN(std::vector<EvaluationRow> rows,
                   ListEvaluations(context.db, query, context.scope));
  Response response;
  for (size_t i = 0; i < rows.size() && i < static_cast<size_t>(limit); ++i) {
    ASSIGN_OR_RETURN(*response.add_evaluations(), ToMessage(rows[i]));
  }
  if (rows.size() > static_cast<size_t>(limit)) {
    const EvaluationRow& last = rows[limit - 1];
    response.set_next_page_token(EncodePageToken({last.region_path, last.id.ToString()}, filter));
  }
  return response;
}

absl::StatusOr<v1::ListEvaluationsResponse> ListEvaluationsOf(
    CallContext& context, const v1::ListEvaluationsRequest& request) {
  EvaluationQuery query;
  if (!request.region_code().empty()) {
    absl::StatusOr<std::string> region = NormalizeRegionCode(request.region_code());
    if (!region.ok()) return InvalidField("region_code", "区划代码无效").Build();
    query.region = *region;
  }
  if (!request.subject_id().empty()) {
    ASSIGN_OR_RETURN(query.subject_id, Ulid::Parse(request.subject_id()));
  }
  query.subject_type = request.subject_type();
  query.result = request.result();
  query.state = request.state();
  query.period = request.period();
  query.include_void = request.state() == v1::EVALUATION_STATE_VOID;
  const std::string filter =
      Cat("evaluations/", request.region_code(), "/", request.subject_id(), "/",
          static_cast<int>(request.subject_type()), "/", static_cast<int>(request.result()), "/",
          static_cast<int>(request.state()), "/", request.period());
  return Page<v1::ListEvaluationsResponse>(context, std::move(query), filter, request.page_size(),
                                           request.page_token());
}

absl::StatusOr<v1::ListClassHistoryResponse> ListClassHistory(
    CallContext& context, const v1::ListClassHistoryRequest& request) {
  EvaluationQuery query;
  ASSIGN_OR_RETURN(query.subject_id, Ulid::Parse(request.subject_id()));
  query.in_force_once = true;
  query.include_void = true;
  return Page<v1::ListClassHistoryResponse>(context, std::move(query),
                                            Cat("history/", request.subject_id()),
                                            request.page_size(), request.page_token());
}

absl::StatusOr<v1::Explanation> ExplainEvaluation(CallContext& context, const Deps& deps,
                                                  const v1::ExplainEvaluationRequest& request) {
  ASSIGN_OR_RETURN(Ulid id, Ulid::Parse(request.id()));
  ASSIGN_OR_RETURN(EvaluationRow row, GetEvaluation(context.db, id, context.scope));
  ASSIGN_OR_RETURN(v1::Evaluation evaluation, ToMessage(row));
  ASSIGN_OR_RETURN(EvaluationRecord record, GetEvaluationRecord(context.db, id));
  absl::StatusOr<Explanation> parsed = ParseExplanation(record.explanation);
  if (!parsed.ok()) return absl::DataLossError("a stored explanation cannot be read");
  // A published set never changes, so the words of an explanation do not either.
  ASSIGN_OR_RETURN(CriteriaPtr criteria, deps.evaluator->CriteriaById(context.db, row.criteria_id));
  v1::Explanation out = ToMessage(*parsed, criteria->engine.criteria());
  out.set_evaluation_id(request.id());
  out.set_snapshot_id(row.id.ToString());
  out.set_canonical_json(record.explanation);
  out.set_canonical_sha256(record.explanation_sha256);
  *out.mutable_watermarks() = evaluation.watermarks();
  *out.mutable_evaluated_at() = evaluation.computed_at();
  return out;
}

absl::StatusOr<v1::VerifyEvaluationResponse> VerifyEvaluation(
    CallContext& context, const Deps& deps, const v1::VerifyEvaluationRequest& request) {
  ASSIGN_OR_RETURN(Ulid id, Ulid::Parse(request.id()));
  ASSIGN_OR_RETURN(EvaluationRow row, GetEvaluation(context.db, id, context.scope));
  ASSIGN_OR_RETURN(EvaluationRecord record, GetEvaluationRecord(context.db, id));
  ASSIGN_OR_RETURN(CriteriaPtr criteria, deps.evaluator->CriteriaById(context.db, row.criteria_id));
  v1::VerifyEvaluationResponse response;
  response.set_stored_sha256(record.explanation_sha256);
  absl::StatusOr<Snapshot> snapshot = ParseSnapshot(record.snapshot);
  // Bytes that cannot be read any more are not the ones that were stored.
  if (!snapshot.ok()) return response;
  absl::StatusOr<Outcome> again = criteria->engine.Evaluate(*snapshot);
  if (!again.ok()) return response;
  response.set_recomputed_sha256(Sha256Hex(again->explanation_json));
  response.set_identical(again->explanation_json == record.explanation &&
                         response.recomputed_sha256() == record.explanation_sha256 &&
                         again->explanation.snapshot_hash == row.snapshot_sha256);
  return response;
}

}  // namespace

void RegisterEvaluationHandlers(rpc::Router& router, const Deps& deps) {
  const std::string service = "bangfu.evaluation.v1.EvaluationService.";
  router.Unary<v1::EvaluateSubjectsRequest, v1::EvaluateSubjectsResponse>(
      service + "EvaluateSubjects",
      [deps](CallContext& context, const v1::EvaluateSubjectsRequest& request) {
        return EvaluateSubjects(context, deps, request);
      });
  router.Unary<v1::StartBatchEvaluationRequest, operation::v1::Operation>(
      service + "StartBatchEvaluation",
      rpc::OfWhole([deps](CallContext& context, const v1::StartBatchEvaluationRequest& request) {
        return StartBatchEvaluation(context, deps, request);
      }));
  router.Unary<v1::GetEvaluationRequest, v1::Evaluation>(
      service + "GetEvaluation",
      [deps](CallContext& context, const v1::GetEvaluationRequest& request) {
        return GetEvaluationOf(context, deps, request);
      });
  router.Unary<v1::BatchGetEvaluationsRequest, v1::BatchGetEvaluationsResponse>(
      service + "BatchGetEvaluations",
      [deps](CallContext& context, const v1::BatchGetEvaluationsRequest& request) {
        return BatchGetEvaluations(context, deps, request);
      });
  router.Unary<v1::ListEvaluationsRequest, v1::ListEvaluationsResponse>(service + "ListEvaluations",
                                                                        ListEvaluationsOf);
  router.Unary<v1::ExplainEvaluationRequest, v1::Explanation>(
      service + "ExplainEvaluation",
      [deps](CallContext& context, const v1::ExplainEvaluationRequest& request) {
        return ExplainEvaluation(context, deps, request);
      });
  router.Unary<v1::VerifyEvaluationRequest, v1::VerifyEvaluationResponse>(
      service + "VerifyEvaluation",
      [deps](CallContext& context, const v1::VerifyEvaluationRequest& request) {
        return VerifyEvaluation(context, deps, request);
      });
  router.Unary<v1::ListClassHistoryRequest, v1::ListClassHistoryResponse>(
      service + "ListClassHistory", ListClassHistory);
}

}  // namespace bangfu::evaluation

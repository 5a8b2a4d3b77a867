#include "services/evaluation/api/lifecycle_api.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "bangfu/evaluation/v1/evaluation_service.pb.h"
#include "common/base/strings.h"
#include "common/rpc/bulk.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/evaluation/api/deps.h"
#include "services/evaluation/api/lifecycle_handlers.h"

namespace bangfu::evaluation {

namespace {

using rpc::CallContext;

absl::StatusOr<v1::BatchAdvanceResponse> BatchAdvance(CallContext& context,
                                                      const v1::BatchAdvanceRequest& request) {
  if (request.step() == v1::ADVANCE_STEP_SIGN && request.department().empty()) {
    return InvalidField("department", "联合确认须注明部门").Build();
  }
  if (request.step() == v1::ADVANCE_STEP_PUBLICISE && request.channels().empty()) {
    return InvalidField("channels", "公示须注明公示渠道").Build();
  }
  if (request.step() == v1::ADVANCE_STEP_REJECT_OVERRIDE && request.reason().empty()) {
    return InvalidField("reason", "驳回人工调整须注明理由").Build();
  }
  const auto run = [&](std::string_view step, auto one, auto handler,
                       const v1::BatchAdvanceRequest& bulk,
                       v1::BatchAdvanceResponse* out) -> absl::Status {
    one.set_validate_only(bulk.validate_only());
    return rpc::RunBulk(context, bulk, Cat("bangfu.evaluation.v1.EvaluationService.", step),
                        std::move(one), handler, out->mutable_results());
  };
  v1::BatchAdvanceResponse response;
  switch (request.step()) {
    case v1::ADVANCE_STEP_ACCEPT:
      RETURN_IF_ERROR(run("AcceptEvaluation", v1::AcceptEvaluationRequest(), AcceptEvaluation,
                          request, &response));
      return response;
    case v1::ADVANCE_STEP_SIGN: {
      v1::SignJointlyRequest one;
      one.set_department(request.department());
      RETURN_IF_ERROR(run("SignJointly", std::move(one), SignJointly, request, &response));
      return response;
    }
    case v1::ADVANCE_STEP_PUBLICISE: {
      v1::StartClassPublicityRequest one;
      *one.mutable_channels() = request.channels();
      RETURN_IF_ERROR(
          run("StartClassPublicity", std::move(one), StartClassPublicity, request, &response));
      return response;
    }
    case v1::ADVANCE_STEP_APPROVE_OVERRIDE:
      RETURN_IF_ERROR(run("ApproveOverride", v1::ApproveOverrideRequest(), ApproveOverride, request,
                          &response));
      return response;
    case v1::ADVANCE_STEP_REJECT_OVERRIDE: {
      v1::RejectOverrideRequest one;
      one.set_reason(request.reason());
      RETURN_IF_ERROR(run("RejectOverride", std::move(one), RejectOverride, request, &response));
      return response;
    }
    case v1::ADVANCE_STEP_FILE_OVERRIDE:
      RETURN_IF_ERROR(
          run("FileOverride", v1::FileOverrideRequest(), FileOverride, request, &response));
      return response;
    case v1::ADVANCE_STEP_MAKE_EFFECTIVE:
      break;
    default:
      return InvalidField("step", "没有此步骤").Build();
  }
  // Newest first: of two evaluations of one subject the newer is taken, wherever it stands in the
  // list. The answer keeps the list's order.
  v1::BatchAdvanceRequest newest_first = request;
  std::stable_sort(newest_first.mutable_items()->begin(), newest_first.mutable_items()->end(),
                   [](const auto& a, const auto& b) { return a.id() > b.id(); });
  v1::BatchAdvanceResponse done;
  RETURN_IF_ERROR(
      run("MakeEffective", v1::MakeEffectiveRequest(), MakeOneEffective, newest_first, &done));
  std::map<std::string_view, const type::v1::BulkResult*> by_id;
  for (const type::v1::BulkResult& result : done.results()) by_id[result.id()] = &result;
  for (const type::v1::BulkItem& item : request.items()) {
    *response.add_results() = *by_id.at(item.id());
  }
  return response;
}

}  // namespace

void RegisterLifecycleHandlers(rpc::Router& router, const Deps&) {
  const std::string service = "bangfu.evaluation.v1.EvaluationService.";
  router.Unary<v1::AcceptEvaluationRequest, v1::Evaluation>(service + "AcceptEvaluation",
                                                            AcceptEvaluation);
  router.Unary<v1::ProposeOverrideRequest, v1::Evaluation>(service + "ProposeOverride",
                                                           ProposeOverride);
  router.Unary<v1::ApproveOverrideRequest, v1::Evaluation>(service + "ApproveOverride",
                                                           ApproveOverride);
  router.Unary<v1::RejectOverrideRequest, v1::Evaluation>(service + "RejectOverride",
                                                          RejectOverride);
  router.Unary<v1::FileOverrideRequest, v1::Evaluation>(service + "FileOverride", FileOverride);
  router.Unary<v1::SignJointlyRequest, v1::Evaluation>(service + "SignJointly", SignJointly);
  router.Unary<v1::StartClassPublicityRequest, v1::Evaluation>(service + "StartClassPublicity",
                                                               StartClassPublicity);
  router.Unary<v1::MakeEffectiveRequest, v1::Evaluation>(service + "MakeEffective",
                                                         MakeOneEffective);
  router.Unary<v1::BatchAdvanceRequest, v1::BatchAdvanceResponse>(service + "BatchAdvance",
                                                                  BatchAdvance);
  router.Unary<v1::VoidEvaluationRequest, v1::Evaluation>(service + "VoidEvaluation",
                                                          VoidEvaluation);
  router.Unary<v1::WithdrawArgumentRequest, v1::ArgumentRecord>(service + "WithdrawArgument",
                                                                WithdrawArgument);
  router.Unary<v1::RecordArgumentRequest, v1::ArgumentRecord>(service + "RecordArgument",
                                                              RecordArgument);
  router.Unary<v1::SignArgumentRequest, v1::ArgumentRecord>(service + "SignArgument", SignArgument);
  router.Unary<v1::GetArgumentRequest, v1::ArgumentRecord>(service + "GetArgument", GetOneArgument);
  router.Unary<v1::BatchGetArgumentsRequest, v1::BatchGetArgumentsResponse>(
      service + "BatchGetArguments", BatchGetArguments);
  router.Unary<v1::ListArgumentsRequest, v1::ListArgumentsResponse>(service + "ListArguments",
                                                                    ListArguments);
}

}  // namespace bangfu::evaluation

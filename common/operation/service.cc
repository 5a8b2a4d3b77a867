#include "common/operation/service.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/page_token.h"
#include "common/rpc/actor.h"
#include "common/rpc/page.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/workflow/proto.h"

namespace bangfu::operation {
namespace {

using rpc::CallContext;

absl::StatusOr<v1::ListOperationsResponse> ListOperations(
    CallContext& context, const v1::ListOperationsRequest& request) {
  ListQuery query;
  ASSIGN_OR_RETURN(query.limit, ResolvePageSize(request.page_size()));
  const std::string filter = absl::StrCat(request.kind(), "/", request.state());
  ASSIGN_OR_RETURN(const auto start, rpc::PageStartOf(request.page_token(), filter));
  if (start) {
    query.after_region_path = start->region_path;
    query.after_id = start->id;
  }
  query.scope = context.scope;
  query.kind = request.kind();
  query.state = request.state();
  ASSIGN_OR_RETURN(std::vector<v1::Operation> page, List(context.db, query));
  v1::ListOperationsResponse response;
  if (page.size() == static_cast<size_t>(query.limit)) {
    response.set_next_page_token(
        EncodePageToken({page.back().region_path(), page.back().id()}, filter));
  }
  for (v1::Operation& operation : page) *response.add_operations() = std::move(operation);
  return response;
}

// Who may cancel or resume: the person who started it, or the province's administrator.
absl::Status CheckOwner(const CallContext& context, const v1::Operation& operation) {
  if (operation.created_by().subject() == context.caller.subject ||
      context.caller.May({auth::Role::ROLE_PROV_ADMIN}, operation.region_path())) {
    return absl::OkStatus();
  }
  return Error(absl::StatusCode::kPermissionDenied, "OPERATION_OF_ANOTHER")
      .Zh("只有发起人或省级管理员可以操作该任务")
      .Build();
}

// Cancel or resume: `change` under the rules that both share.
template <typename Request, typename Change>
absl::StatusOr<v1::Operation> Steer(CallContext& context, const Request& request, Change change,
                                    const StandFunction& stand) {
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(request.id()));
  return rpc::Mutate<v1::Operation>(
      context, request, [&](rpc::Mutation& mutation) -> absl::StatusOr<v1::Operation> {
        // Locked before it is read: the trail tells from which state the step really went.
        RETURN_IF_ERROR(
            mutation.tx().Query("SELECT id FROM operation WHERE id = ? FOR UPDATE", {id}).status());
        ASSIGN_OR_RETURN(const v1::Operation before, Get(mutation.tx(), id, context.scope));
        RETURN_IF_ERROR(CheckOwner(context, before));
        RETURN_IF_ERROR(change(mutation.tx(), id, context.now));
        ASSIGN_OR_RETURN(const v1::Operation after, Get(mutation.tx(), id, context.scope));
        RETURN_IF_ERROR(mutation.Audit("operation", id, after.region_path(), &before, after));
        if (stand) RETURN_IF_ERROR(stand(mutation.tx(), after, context.now));
        return after;
      });
}

}  // namespace

absl::StatusOr<v1::Operation> StartOperation(rpc::Mutation& mutation, std::string_view kind,
                                             std::string_view region_path,
                                             const google::protobuf::Message& request,
                                             int64_t total) {
  const type::v1::Actor created_by = rpc::ActorMessage(mutation.ActorAt(region_path));
  const Ulid id = mutation.context().ids.Next();
  ASSIGN_OR_RETURN(v1::Operation operation,
                   Start(mutation.tx(), {.id = id,
                                         .kind = std::string(kind),
                                         .region_path = std::string(region_path),
                                         .created_by = created_by,
                                         .request = request,
                                         .total = total,
                                         .now = mutation.context().now}));
  RETURN_IF_ERROR(mutation.Audit("operation", id, region_path, nullptr, operation));
  return operation;
}

void RegisterOperationService(rpc::Router& router, std::function<void()> wake,
                              StandFunction stand) {
  router.Unary<v1::GetOperationRequest, v1::Operation>(
      "bangfu.operation.v1.OperationService.GetOperation",
      [](CallContext& context,
         const v1::GetOperationRequest& request) -> absl::StatusOr<v1::Operation> {
        ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(request.id()));
        ASSIGN_OR_RETURN(v1::Operation operation, Get(context.db, id, context.scope));
        const absl::Status owner = CheckOwner(context, operation);
        const auto check = [&](const absl::Status& state) { return owner.ok() ? state : owner; };
        workflow::FillAllowedActions(
            {workflow::ActionOf("cancel", "取消", check(CheckCancel(operation.state()))),
             workflow::ActionOf("resume", "继续", check(CheckResume(operation.state())))},
            operation.mutable_allowed_actions());
        return operation;
      });
  router.Unary<v1::ListOperationsRequest, v1::ListOperationsResponse>(
      "bangfu.operation.v1.OperationService.ListOperations", ListOperations);
  router.Unary<v1::CancelOperationRequest, v1::Operation>(
      "bangfu.operation.v1.OperationService.CancelOperation",
      [stand](CallContext& context, const v1::CancelOperationRequest& request) {
        return Steer(context, request, Cancel, stand);
      });
  router.Unary<v1::ResumeOperationRequest, v1::Operation>(
      "bangfu.operation.v1.OperationService.ResumeOperation",
      [wake = std::move(wake), stand](CallContext& context,
                                      const v1::ResumeOperationRequest& request) {
        absl::StatusOr<v1::Operation> operation = Steer(context, request, Resume, stand);
        if (operation.ok() && wake) wake();
        return operation;
      });
}

}  // namespace bangfu::operation

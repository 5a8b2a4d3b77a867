// Joint verification of many villages at once: each report by itself, as its own rpc would do it.
#include <string>
#include <utility>

#include "common/base/strings.h"
#include "common/rpc/bulk.h"
#include "common/status/macros.h"
#include "services/registry/api/inventory_internal.h"

namespace bangfu::registry::inventory {
namespace {

using rpc::CallContext;

// The request of a step on one report, which names it by `unit_report_id`.
template <typename Request>
struct OnReport {
  Request request;
  void set_request_id(const std::string& id) { request.set_request_id(id); }
  void set_id(const std::string& id) { request.set_unit_report_id(id); }
  void set_etag(const std::string& etag) { request.set_etag(etag); }
};

// What has become of the report.
v1::InventoryUnitReport After(const v1::VerificationTask& task) {
  v1::InventoryUnitReport report;
  report.set_etag(task.etag());
  report.set_state(task.report_state());
  return report;
}

absl::StatusOr<v1::BatchSignVerificationsResponse> BatchSign(
    CallContext& c, const v1::BatchSignVerificationsRequest& request) {
  OnReport<v1::SignVerificationRequest> one;
  one.request.set_department_code(request.department_code());
  one.request.set_opinion(request.opinion());
  one.request.set_validate_only(request.validate_only());
  v1::BatchSignVerificationsResponse response;
  const auto sign = [](CallContext& context, const OnReport<v1::SignVerificationRequest>& on)
      -> absl::StatusOr<v1::InventoryUnitReport> {
    ASSIGN_OR_RETURN(const v1::VerificationTask task, SignVerification(context, on.request));
    return After(task);
  };
  RETURN_IF_ERROR(rpc::RunBulk(c, request, Cat(kVerificationService, "SignVerification"),
                               std::move(one), sign, response.mutable_results()));
  return response;
}

absl::StatusOr<v1::BatchCompleteVerificationsResponse> BatchComplete(
    CallContext& c, const v1::BatchCompleteVerificationsRequest& request) {
  OnReport<v1::CompleteVerificationRequest> one;
  one.request.set_validate_only(request.validate_only());
  v1::BatchCompleteVerificationsResponse response;
  const auto complete = [](CallContext& context,
                           const OnReport<v1::CompleteVerificationRequest>& on)
      -> absl::StatusOr<v1::InventoryUnitReport> {
    ASSIGN_OR_RETURN(const v1::VerificationTask task, CompleteVerification(context, on.request));
    return After(task);
  };
  RETURN_IF_ERROR(rpc::RunBulk(c, request, Cat(kVerificationService, "CompleteVerification"),
                               std::move(one), complete, response.mutable_results()));
  return response;
}

}  // namespace

void RegisterBulkVerificationHandlers(rpc::Router& router) {
  router.Unary<v1::BatchSignVerificationsRequest, v1::BatchSignVerificationsResponse>(
      Cat(kVerificationService, "BatchSignVerifications"), BatchSign);
  router.Unary<v1::BatchCompleteVerificationsRequest, v1::BatchCompleteVerificationsResponse>(
      Cat(kVerificationService, "BatchCompleteVerifications"), BatchComplete);
}

}  // namespace bangfu::registry::inventory

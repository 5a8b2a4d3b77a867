// Which department answers for which fund source, served beside the code lists.
#include <algorithm>
#include <optional>
#include <string>

#include "bangfu/registry/v1/events.pb.h"
#include "bangfu/registry/v1/reference_service.pb.h"
#include "common/base/clock.h"
#include "common/contract/time.h"
#include "common/rpc/mutation.h"
#include "services/registry/api/convert.h"
#include "services/registry/api/handlers.h"
#include "services/registry/api/reference_messages.h"
#include "services/registry/store/fund_source_store.h"

namespace bangfu::registry {
namespace {

using rpc::Mutation;

absl::StatusOr<v1::ListFundSourceDepartmentsResponse> ListFsd(
    Context& context, const v1::ListFundSourceDepartmentsRequest& request) {
  ASSIGN_OR_RETURN(const auto rows, ListFundSourceDepartments(context.db));
  const absl::CivilDay on = request.has_on()
                                ? DayOf(request.on()).value_or(ShanghaiDay(context.now))
                                : ShanghaiDay(context.now);
  v1::ListFundSourceDepartmentsResponse response;
  for (const FundSourceDepartmentRow& row : rows) {
    if (row.rule.valid_from > on || (row.rule.valid_to && *row.rule.valid_to < on)) continue;
    *response.add_rows() = FundSourceDepartmentMessage(row);
  }
  return response;
}

absl::StatusOr<v1::FundSourceDepartment> SetFsd(Context& context,
                                                const v1::SetFundSourceDepartmentRequest& request) {
  return rpc::Mutate<v1::FundSourceDepartment>(
      context, request, [&](Mutation& m) -> absl::StatusOr<v1::FundSourceDepartment> {
        const v1::FundSourceDepartment& r = request.row();
        CodeCheck codes;
        codes.Want("FUND_SOURCE", r.source_code(), "row.source_code");
        codes.Want("FUND_TASK", r.task_code(), "row.task_code");
        codes.Want("DEPARTMENT", r.department_code(), "row.department_code");
        RETURN_IF_ERROR(codes.Run(m.tx(), ShanghaiDay(context.now)));
        FundSourceDepartmentRow row;
        row.rule = {r.source_code(), r.task_code(), r.department_code(), ShanghaiDay(context.now),
                    std::nullopt};
        if (r.has_valid_from())
          row.rule.valid_from = DayOf(r.valid_from()).value_or(row.rule.valid_from);
        if (r.has_valid_to()) row.rule.valid_to = DayOf(r.valid_to());
        if (row.rule.valid_to && *row.rule.valid_to < row.rule.valid_from) {
          return InvalidField("row.valid_to", "停用日期不能早于启用日期").Build();
        }
        row.unconfirmed = r.unconfirmed();
        v1::FundSourceDepartment before;
        bool changed = false;
        if (r.id().empty()) {
          row.id = context.ids.Next();
          const absl::Status inserted = InsertFundSourceDepartment(m.tx(), row);
          if (mysql::IsDuplicateKey(inserted)) {
            return Error(absl::StatusCode::kAlreadyExists, "ROW_EXISTS")
                .Zh("该对应关系已存在")
                .Build();
          }
          RETURN_IF_ERROR(inserted);
        } else {
          ASSIGN_OR_RETURN(const Ulid id, ParseId(r.id(), "row.id"));
          ASSIGN_OR_RETURN(const auto all, ListFundSourceDepartments(m.tx()));
          const auto found = std::find_if(
              all.begin(), all.end(), [&](const FundSourceDepartmentRow& f) { return f.id == id; });
          if (found == all.end()) return NotFound("fund_source_department", r.id()).Build();
          RETURN_IF_ERROR(CheckEtag(r.etag(), found->version));
          before = FundSourceDepartmentMessage(*found);
          changed = true;
          // What it says stays; it can end, and be confirmed.
          row.id = id;
          const auto valid_to = row.rule.valid_to;
          row.rule = found->rule;
          row.rule.valid_to = valid_to;
          row.version = found->version + 1;
          RETURN_IF_ERROR(UpdateFundSourceDepartment(m.tx(), row));
        }
        const v1::FundSourceDepartment after = FundSourceDepartmentMessage(row);
        RETURN_IF_ERROR(
            m.Audit("fund_source_department", row.id, "36", changed ? &before : nullptr, after));
        v1::FundSourceDepartmentChanged event;
        *event.mutable_row() = after;
        RETURN_IF_ERROR(m.Publish("fund_source_department", row.id, "", event));
        return after;
      });
}

}  // namespace

void RegisterFundSourceHandlers(rpc::Router& router) {
  const std::string codes = "bangfu.registry.v1.CodeListService.";
  router.Unary<v1::ListFundSourceDepartmentsRequest, v1::ListFundSourceDepartmentsResponse>(
      codes + "ListFundSourceDepartments", ListFsd);
  router.Unary<v1::SetFundSourceDepartmentRequest, v1::FundSourceDepartment>(
      codes + "SetFundSourceDepartment", SetFsd);
}

}  // namespace bangfu::registry

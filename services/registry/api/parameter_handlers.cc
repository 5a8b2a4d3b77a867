// Parameters: numbers and days that the policy leaves open, served beside the code lists.
#include <string>
#include <string_view>
#include <vector>

#include "bangfu/registry/v1/events.pb.h"
#include "bangfu/registry/v1/reference_service.pb.h"
#include "common/audit/retention.h"
#include "common/base/strings.h"
#include "common/blob/blob.h"
#include "common/rpc/mutation.h"
#include "services/registry/api/convert.h"
#include "services/registry/api/handlers.h"
#include "services/registry/api/reference_messages.h"
#include "services/registry/store/parameter_store.h"
#include "services/registry/store/reference_id.h"

namespace bangfu::registry {
namespace {

using rpc::Mutation;

absl::StatusOr<v1::ListParametersResponse> ListParametersRpc(Context& context,
                                                             const v1::ListParametersRequest&) {
  ASSIGN_OR_RETURN(const std::vector<ParameterRow> rows, ListParameters(context.db));
  v1::ListParametersResponse response;
  for (const ParameterRow& row : rows) *response.add_parameters() = ParameterMessage(row);
  return response;
}

// 20251031.
bool IsDay(int64_t ymd) {
  const absl::CivilDay day(ymd / 10000, ymd / 100 % 100, ymd % 100);
  return day.year() >= 1000 && day.year() * 10000 + day.month() * 100 + day.day() == ymd;
}

// What may not be set lower, whoever confirms it.
constexpr struct {
  std::string_view code;
  int64_t least;
} kLeast[] = {{audit::kKeepYears, audit::kLeastKeepYears}};
// A longer term is a slip of the pen, and may end on a day that no date can tell.
constexpr int64_t kMostDays = 3660;

absl::StatusOr<v1::Parameter> SetParameter(Context& context,
                                           const v1::SetParameterRequest& request) {
  return rpc::Mutate<v1::Parameter>(
      context, request, [&](Mutation& m) -> absl::StatusOr<v1::Parameter> {
        ASSIGN_OR_RETURN(const auto found, FindParameter(m.tx(), request.code()));
        if (!found) return NotFound("parameter", request.code()).Build();
        RETURN_IF_ERROR(CheckEtag(request.etag(), found->version));
        ParameterRow row = *found;
        row.value = request.value();
        if (request.value() < 0 || (row.unit == "BP" && request.value() > 10000)) {
          return InvalidField("value", "数值超出范围").Build();
        }
        if (row.unit == "DAY" && row.value > kMostDays) {
          return InvalidField("value", Cat(row.name_zh, "：不得超过", kMostDays, "天")).Build();
        }
        for (const auto& [code, least] : kLeast) {
          if (row.code == code && row.value < least) {
            return InvalidField("value", Cat(row.name_zh, "：不得小于", least)).Build();
          }
        }
        if (row.unit == "DATE" && !IsDay(request.value())) {
          return InvalidField("value", "日期应为八位数字，如20251031").Build();
        }
        if (request.day_kind() != v1::DAY_KIND_UNSPECIFIED) row.day_kind = request.day_kind();
        row.unconfirmed = !request.confirmed();
        ++row.version;
        RETURN_IF_ERROR(UpdateParameter(m.tx(), row));
        RETURN_IF_ERROR(blob::PutSetting(m.tx(), row.code, row.value));
        const v1::Parameter before = ParameterMessage(*found);
        const v1::Parameter after = ParameterMessage(row);
        const Ulid id = IdOfKey("parameter", row.code);
        RETURN_IF_ERROR(m.Audit("parameter", id, "36", &before, after, request.reason()));
        v1::ParameterChanged event;
        *event.mutable_parameter() = after;
        RETURN_IF_ERROR(m.Publish("parameter", id, "", event));
        return after;
      });
}

}  // namespace

void RegisterParameterHandlers(rpc::Router& router) {
  const std::string codes = "bangfu.registry.v1.CodeListService.";
  router.Unary<v1::ListParametersRequest, v1::ListParametersResponse>(codes + "ListParameters",
                                                                      ListParametersRpc);
  router.Unary<v1::SetParameterRequest, v1::Parameter>(codes + "SetParameter", SetParameter);
}

}  // namespace bangfu::registry

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bangfu/registry/v1/events.pb.h"
#include "bangfu/registry/v1/reference_service.pb.h"
#include "common/base/clock.h"
#include "common/base/strings.h"
#include "common/blob/blob.h"
#include "common/contract/time.h"
#include "common/rpc/mutation.h"
#include "services/registry/api/convert.h"
#include "services/registry/api/handlers.h"
#include "services/registry/api/reference_messages.h"
#include "services/registry/store/code_list_store.h"
#include "services/registry/store/reference_id.h"

namespace bangfu::registry {
namespace {

using rpc::Mutation;

absl::StatusOr<v1::ListCodeListsResponse> ListCodeListsRpc(Context& context,
                                                           const v1::ListCodeListsRequest&) {
  ASSIGN_OR_RETURN(const std::vector<CodeListRow> rows, ListCodeLists(context.db));
  v1::ListCodeListsResponse response;
  for (const CodeListRow& row : rows) {
    v1::CodeList& out = *response.add_lists();
    out.set_list(row.list);
    out.set_name_zh(row.name_zh);
    out.set_version(row.version);
    out.set_code_count(static_cast<int32_t>(row.codes));
  }
  return response;
}

absl::StatusOr<v1::ListCodesResponse> ListCodesRpc(Context& context,
                                                   const v1::ListCodesRequest& request) {
  ASSIGN_OR_RETURN(const std::vector<CodeRow> rows, ListCodes(context.db, request.list()));
  if (rows.empty()) return NotFound("code_list", request.list()).Build();
  const absl::CivilDay on = request.has_on()
                                ? DayOf(request.on()).value_or(ShanghaiDay(context.now))
                                : ShanghaiDay(context.now);
  v1::ListCodesResponse response;
  for (const CodeRow& row : rows) {
    response.set_version(std::max(response.version(), row.version));
    if (request.include_ended() || row.ValidOn(on)) *response.add_codes() = CodeMessage(row);
  }
  return response;
}

// A measure that belongs to no class could be taken by no plan.
absl::Status CheckAttributes(const CodeRow& row, std::string_view field) {
  if (row.list != "MEASURE") return absl::OkStatus();
  for (const auto& [name, value] : row.attributes) {
    if (name == "class" && (value == "CONSOLIDATE" || value == "UPGRADE" || value == "REVITALIZE" ||
                            value == "ADJUST")) {
      return absl::OkStatus();
    }
  }
  return InvalidField(Cat(field, ".attributes"),
                      "措施须有属性 class：CONSOLIDATE、UPGRADE、REVITALIZE 或 ADJUST");
}

absl::StatusOr<v1::CreateCodesResponse> CreateCodes(Context& context,
                                                    const v1::CreateCodesRequest& request) {
  return rpc::Mutate<v1::CreateCodesResponse>(
      context, request, [&](Mutation& m) -> absl::StatusOr<v1::CreateCodesResponse> {
        std::vector<CodeRow> rows;
        std::set<CodeKey> seen;
        for (int i = 0; i < request.codes_size(); ++i) {
          const v1::Code& c = request.codes(i);
          const std::string field = absl::StrCat("codes[", i, "]");
          CodeRow row;
          row.list = c.list();
          row.code = c.code();
          row.name_zh = c.name_zh();
          row.description_zh = c.description_zh();
          for (const v1::CodeAttribute& a : c.attributes()) {
            if (a.name().find_first_of(";=") != std::string::npos ||
                a.value().find(';') != std::string::npos) {
              return InvalidField(Cat(field, ".attributes"), "属性不能含分号或等号").Build();
            }
            row.attributes.emplace_back(a.name(), a.value());
          }
          RETURN_IF_ERROR(CheckAttributes(row, field));
          row.sort = c.sort();
          if (c.has_valid_from()) row.valid_from = DayOf(c.valid_from());
          if (c.has_valid_to()) row.valid_to = DayOf(c.valid_to());
          if (row.valid_from && row.valid_to && *row.valid_to < *row.valid_from) {
            return InvalidField(Cat(field, ".valid_to"), "停用日期不能早于启用日期").Build();
          }
          row.unconfirmed = c.unconfirmed();
          if (!seen.insert({row.list, row.code}).second) {
            return InvalidField(Cat(field, ".code"), "代码重复").Build();
          }
          rows.push_back(std::move(row));
        }
        std::map<CodeKey, CodeRow> before;
        RETURN_IF_ERROR(UpsertCodes(m.tx(), &rows, &before));
        for (const CodeRow& row : rows) {
          if (row.list != "EVIDENCE_KIND") continue;
          int64_t max_mib = 0;
          ParseInt(row.Attribute("max_mib"), &max_mib);
          RETURN_IF_ERROR(blob::PutKind(m.tx(), row.code, row.name_zh, row.Attribute("formats"),
                                        max_mib, row.ValidOn(ShanghaiDay(context.now))));
        }
        v1::CreateCodesResponse response;
        v1::CodesChanged event;
        for (const CodeRow& row : rows) {
          const v1::Code message = CodeMessage(row);
          *response.add_codes() = message;
          *event.add_codes() = message;
          const auto old = before.find({row.list, row.code});
          const v1::Code old_message = old == before.end() ? v1::Code() : CodeMessage(old->second);
          RETURN_IF_ERROR(m.Audit("code", IdOfKey("code", Cat(row.list, "/", row.code)), "36",
                                  old == before.end() ? nullptr : &old_message, message));
        }
        RETURN_IF_ERROR(m.Publish(
            "code_batch", IdOfKey("code", Cat(rows[0].list, "/", rows[0].code)), "", event));
        return response;
      });
}

}  // namespace

void RegisterCodeListHandlers(rpc::Router& router) {
  const std::string codes = "bangfu.registry.v1.CodeListService.";
  router.Unary<v1::ListCodeListsRequest, v1::ListCodeListsResponse>(codes + "ListCodeLists",
                                                                    ListCodeListsRpc);
  router.Unary<v1::ListCodesRequest, v1::ListCodesResponse>(codes + "ListCodes", ListCodesRpc);
  router.Unary<v1::CreateCodesRequest, v1::CreateCodesResponse>(codes + "CreateCodes", CreateCodes);
}

}  // namespace bangfu::registry

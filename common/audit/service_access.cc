// RevealSensitive and ListAccesses.
#include <memory>
#include <utility>

#include "common/audit/access.h"
#include "common/audit/service_rows.h"
#include "common/base/page_token.h"
#include "common/base/strings.h"
#include "common/contract/sensitive.h"
#include "common/rpc/actor.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace bangfu::audit {

namespace {

using rpc::CallContext;

absl::StatusOr<v1::RevealSensitiveResponse> RevealSensitive(
    const std::vector<SensitiveRecord>& kinds, CallContext& context,
    const v1::RevealSensitiveRequest& request) {
  const SensitiveRecord* kind = nullptr;
  for (const SensitiveRecord& k : kinds) {
    if (k.aggregate_type == request.aggregate_type()) kind = &k;
  }
  if (kind == nullptr) return InvalidField("aggregate_type", "此类记录没有敏感信息");
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(request.aggregate_id()));
  // No answer is kept for a repeated request: it would be another place that holds what is
  // sensitive. A repeated look is another look.
  return mysql::Transact(
      context.db, [&](mysql::Tx& tx) -> absl::StatusOr<v1::RevealSensitiveResponse> {
        ASSIGN_OR_RETURN(const SensitiveRecord::Read read, kind->read(tx, id, context.scope));
        v1::RevealSensitiveResponse response;
        Access access;
        for (contract::SensitiveField& field : contract::SensitiveFields(*read.message)) {
          access.fields.push_back(field.field);
          v1::RevealedField* to = response.add_fields();
          to->set_field(std::move(field.field));
          to->set_label_zh(std::move(field.label_zh));
          to->set_value(std::move(field.value));
        }
        access.id = context.ids.Next();
        access.action = ActionOf(context);
        access.actor = ActorAt(context, read.region_path);
        access.aggregate_type = kind->aggregate_type;
        access.aggregate_id = id;
        access.region_path = read.region_path;
        access.reason = request.reason();
        access.request_id = request.request_id();
        access.client_ip = context.caller.client_ip;
        access.occurred_at = context.now;
        RETURN_IF_ERROR(RecordAccess(tx, access));
        return response;
      });
}

absl::StatusOr<v1::ListAccessesResponse> List(CallContext& context,
                                              const v1::ListAccessesRequest& request) {
  AccessQuery query;
  query.scope = context.scope;
  ASSIGN_OR_RETURN(query.region, RegionOf(request.region_code()));
  if (!request.aggregate_id().empty()) {
    RETURN_IF_ERROR(CheckRecord(request.aggregate_type(), request.aggregate_id()));
    ASSIGN_OR_RETURN(query.aggregate_id, Ulid::Parse(request.aggregate_id()));
  }
  query.subject = request.subject();
  query.aggregate_type = request.aggregate_type();
  if (request.has_from()) query.from = TimeOf(request.from());
  if (request.has_to()) query.to = TimeOf(request.to());
  ASSIGN_OR_RETURN(const int page_size, ResolvePageSize(request.page_size()));
  const std::string filter =
      Cat("access/", request.region_code(), "/", request.subject(), "/", request.aggregate_type(),
          "/", request.aggregate_id(), "/", request.from().seconds(), "/", request.to().seconds());
  ASSIGN_OR_RETURN(std::vector<std::string> key, DecodePageToken(request.page_token(), filter));
  if (!key.empty()) {
    absl::StatusOr<Ulid> id =
        key.size() == 1 ? Ulid::Parse(key[0]) : absl::InvalidArgumentError("");
    if (!id.ok()) return InvalidField("page_token", "翻页标记无效").Build();
    query.before = *id;
  }
  query.limit = page_size + 1;
  ASSIGN_OR_RETURN(std::vector<Access> accesses, ListAccesses(context.db, query));
  v1::ListAccessesResponse response;
  for (const Access& a : accesses) {
    if (response.accesses_size() == page_size) {
      response.set_next_page_token(
          EncodePageToken({response.accesses(page_size - 1).id()}, filter));
      break;
    }
    v1::AccessEntry* out = response.add_accesses();
    out->set_id(a.id.ToString());
    out->set_action(a.action);
    *out->mutable_actor() = rpc::ActorMessage(a.actor);
    out->set_actor_org_code(a.actor.org_code);
    out->set_actor_org_name(a.actor.org_name);
    out->set_aggregate_type(a.aggregate_type);
    if (!a.aggregate_id.is_zero()) out->set_aggregate_id(a.aggregate_id.ToString());
    out->set_region_path(a.region_path);
    for (const std::string& field : a.fields) out->add_fields(field);
    out->set_reason(a.reason);
    out->set_client_ip(a.client_ip);
    SetTime(a.occurred_at, out->mutable_occurred_at());
  }
  return response;
}

}  // namespace

void RegisterAccess(rpc::Router& router, std::vector<SensitiveRecord> sensitive) {
  auto kinds = std::make_shared<const std::vector<SensitiveRecord>>(std::move(sensitive));
  router.Unary<v1::RevealSensitiveRequest, v1::RevealSensitiveResponse>(
      "bangfu.audit.v1.AuditService.RevealSensitive",
      [kinds](CallContext& context, const v1::RevealSensitiveRequest& request) {
        return RevealSensitive(*kinds, context, request);
      });
  router.Unary<v1::ListAccessesRequest, v1::ListAccessesResponse>(
      "bangfu.audit.v1.AuditService.ListAccesses", List);
}

}  // namespace bangfu::audit

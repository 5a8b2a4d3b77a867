#include "common/audit/service_rows.h"

#include <utility>

#include "common/audit/changes.h"
#include "common/base/digest.h"
#include "common/base/region.h"
#include "common/rpc/actor.h"

namespace bangfu::audit {

v1::AuditEntry ToProto(const Record& record, bool with_json) {
  const Entry& e = record.entry;
  v1::AuditEntry out;
  out.set_aggregate_type(e.aggregate_type);
  out.set_aggregate_id(e.aggregate_id.ToString());
  out.set_chain_no(record.chain_no);
  out.set_action(e.action);
  *out.mutable_actor() = rpc::ActorMessage(e.actor);
  out.set_actor_org_code(e.actor.org_code);
  out.set_actor_org_name(e.actor.org_name);
  if (with_json) {
    out.set_before_json(e.before_json);
    out.set_after_json(e.after_json);
  }
  out.set_reason(e.reason);
  out.set_request_id(e.request_id);
  out.set_source_system(e.source_system);
  out.set_client_ip(e.client_ip);
  SetTime(e.occurred_at, out.mutable_occurred_at());
  out.set_previous_hash(HexEncode(record.prev_hash));
  out.set_hash(HexEncode(record.hash));
  out.set_region_path(e.region_path);
  for (contract::Difference& change : ChangesOf(e.aggregate_type, e.before_json, e.after_json)) {
    type::v1::FieldChange* to = out.add_changes();
    to->set_field(std::move(change.field));
    to->set_label_zh(std::move(change.label_zh));
    to->set_before(std::move(change.before));
    to->set_after(std::move(change.after));
  }
  return out;
}

Actor ActorAt(const rpc::CallContext& context, std::string_view region_path) {
  return rpc::ActorOf(context.caller, context.roles, region_path);
}

std::string ActionOf(const rpc::CallContext& context) {
  const std::string& method = context.method;
  const size_t last = method.rfind('.');
  if (last == std::string::npos || last == 0) return method;
  const size_t before = method.rfind('.', last - 1);
  return before == std::string::npos ? method : method.substr(before + 1);
}

absl::Status CheckRecord(const std::string& type, const std::string& id) {
  if (type.empty() == id.empty()) return absl::OkStatus();
  return InvalidField(type.empty() ? "aggregate_type" : "aggregate_id", "对象类型与编号须同时填写");
}

absl::StatusOr<std::optional<std::string>> RegionOf(const std::string& region_code) {
  if (region_code.empty()) return std::nullopt;
  absl::StatusOr<std::string> region = NormalizeRegionCode(region_code);
  if (!region.ok()) return InvalidField("region_code", "区划代码无效").Build();
  return *std::move(region);
}

}  // namespace bangfu::audit

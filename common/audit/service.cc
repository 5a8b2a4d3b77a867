#include "common/audit/service.h"

#include <charconv>

#include "bangfu/audit/v1/audit_service.pb.h"
#include "common/audit/audit.h"
#include "common/base/digest.h"
#include "common/base/page_token.h"
#include "common/base/strings.h"
#include "common/rpc/actor.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace bangfu::audit {
namespace {

constexpr int kDefaultPage = 20;
constexpr int kMaxPage = 100;
// A page ends early rather than outgrow a message: one entry may hold a record of megabytes twice.
constexpr size_t kMaxPageBytes = 3 << 20;
constexpr size_t kProvinceDigits = 2;

v1::AuditEntry ToProto(const Record& record) {
  const Entry& e = record.entry;
  v1::AuditEntry out;
  out.set_aggregate_type(e.aggregate_type);
  out.set_aggregate_id(e.aggregate_id.ToString());
  out.set_chain_no(record.chain_no);
  out.set_action(e.action);
  *out.mutable_actor() = rpc::ActorMessage(e.actor);
  out.set_before_json(e.before_json);
  out.set_after_json(e.after_json);
  out.set_reason(e.reason);
  out.set_request_id(e.request_id);
  out.set_source_system(e.source_system);
  out.set_client_ip(e.client_ip);
  const int64_t micros = absl::ToUnixMicros(e.occurred_at);
  out.mutable_occurred_at()->set_seconds(micros / 1000000);
  out.mutable_occurred_at()->set_nanos(static_cast<int32_t>(micros % 1000000 * 1000));
  out.set_previous_hash(HexEncode(record.prev_hash));
  out.set_hash(HexEncode(record.hash));
  out.set_region_path(e.region_path);
  return out;
}

absl::StatusOr<v1::ListHistoryResponse> ListHistory(rpc::CallContext& context,
                                                    const v1::ListHistoryRequest& request) {
  ASSIGN_OR_RETURN(Ulid id, Ulid::Parse(request.aggregate_id()));
  ASSIGN_OR_RETURN(int page_size, ResolvePageSize(request.page_size(), kDefaultPage, kMaxPage));
  const std::string query = Cat(request.aggregate_type(), "/", id.ToString());
  ASSIGN_OR_RETURN(std::vector<std::string> key, DecodePageToken(request.page_token(), query));
  int64_t before = 0;
  if (!key.empty()) {
    std::from_chars(key[0].data(), key[0].data() + key[0].size(), before);
    if (key.size() != 1 || before <= 0) return InvalidField("page_token", "翻页标记无效");
  }
  ASSIGN_OR_RETURN(std::vector<Record> records,
                   History(context.db, request.aggregate_type(), id, context.scope, before, page_size + 1));
  v1::ListHistoryResponse response;
  size_t bytes = 0;
  for (const Record& record : records) {
    const size_t size = record.entry.before_json.size() + record.entry.after_json.size();
    if (response.entries_size() == page_size || (response.entries_size() > 0 && bytes + size > kMaxPageBytes)) {
      response.set_next_page_token(EncodePageToken(
          {Cat(response.entries(response.entries_size() - 1).chain_no())}, query));
      break;
    }
    bytes += size;
    *response.add_entries() = ToProto(record);
  }
  return response;
}

void AddProblems(const Report& report, v1::VerifyAuditResponse* response) {
  for (const Problem& p : report.problems) {
    v1::BrokenChain* broken = response->add_broken();
    broken->set_aggregate_type(p.aggregate_type);
    if (!p.aggregate_id.is_zero()) broken->set_aggregate_id(p.aggregate_id.ToString());
    broken->set_chain_no(p.chain_no);
    broken->set_problem(p.text);
  }
}

absl::StatusOr<v1::VerifyAuditResponse> VerifyAudit(rpc::CallContext& context,
                                                    const v1::VerifyAuditRequest& request) {
  VerifyScope scope;
  scope.regions = context.scope;
  scope.cancelled = context.cancelled;
  if (request.aggregate_type().empty() != request.aggregate_id().empty()) {
    return InvalidField(request.aggregate_type().empty() ? "aggregate_type" : "aggregate_id",
                        "对象类型与编号须同时填写");
  }
  if (!request.aggregate_id().empty()) {
    scope.aggregate_type = request.aggregate_type();
    ASSIGN_OR_RETURN(scope.aggregate_id, Ulid::Parse(request.aggregate_id()));
  }
  ASSIGN_OR_RETURN(Report report, Verify(context.db, scope));
  v1::VerifyAuditResponse response;
  response.set_chains(report.chains);
  response.set_entries(report.entries);
  AddProblems(report, &response);
  // Anchors are over every region, so they are for those who see every region.
  bool province = false;
  for (const std::string& region : context.scope) province |= region.size() <= kProvinceDigits;
  if (province && !scope.aggregate_id.has_value()) {
    ASSIGN_OR_RETURN(Report anchors, VerifyAnchors(context.db, std::nullopt));
    AddProblems(anchors, &response);
  }
  return response;
}

}  // namespace

void RegisterAuditService(rpc::Router& router) {
  router.Unary<v1::ListHistoryRequest, v1::ListHistoryResponse>(
      "bangfu.audit.v1.AuditService.ListHistory", ListHistory);
  router.Unary<v1::VerifyAuditRequest, v1::VerifyAuditResponse>(
      "bangfu.audit.v1.AuditService.VerifyAudit", VerifyAudit);
}

}  // namespace bangfu::audit

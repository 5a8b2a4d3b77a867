#include "common/audit/service.h"

#include <charconv>
#include <utility>

#include "absl/strings/escaping.h"
#include "bangfu/audit/v1/audit_service.pb.h"
#include "common/audit/audit.h"
#include "common/audit/service_rows.h"
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
  ASSIGN_OR_RETURN(std::vector<Record> records, History(context.db, request.aggregate_type(), id,
                                                        context.scope, before, page_size + 1));
  v1::ListHistoryResponse response;
  size_t bytes = 0;
  for (const Record& record : records) {
    const size_t size = record.entry.before_json.size() + record.entry.after_json.size();
    if (response.entries_size() == page_size ||
        (response.entries_size() > 0 && bytes + size > kMaxPageBytes)) {
      response.set_next_page_token(
          EncodePageToken({Cat(response.entries(response.entries_size() - 1).chain_no())}, query));
      break;
    }
    bytes += size;
    *response.add_entries() = ToProto(record, true);
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
  RETURN_IF_ERROR(CheckRecord(request.aggregate_type(), request.aggregate_id()));
  if (!request.aggregate_id().empty()) {
    scope.aggregate_type = request.aggregate_type();
    ASSIGN_OR_RETURN(scope.aggregate_id, Ulid::Parse(request.aggregate_id()));
  }
  ASSIGN_OR_RETURN(Report report, Verify(context.db, scope));
  v1::VerifyAuditResponse response;
  response.set_chains(report.chains);
  response.set_entries(report.entries);
  response.set_entries_cut(report.cut);
  AddProblems(report, &response);
  // Anchors are over every region, so they are for those who see every region.
  bool province = false;
  for (const std::string& region : context.scope) province |= region.size() <= kProvinceDigits;
  if (province && !scope.aggregate_id.has_value()) {
    std::vector<Anchor> kept;
    for (const v1::Anchor& anchor : request.kept_anchors()) {
      kept.push_back({anchor.anchor_no(), anchor.items(), absl::HexStringToBytes(anchor.hash()),
                      TimeOf(anchor.taken_at())});
    }
    ASSIGN_OR_RETURN(Report anchors, VerifyAnchors(context.db, kept, context.now));
    response.set_anchors(anchors.chains);
    AddProblems(anchors, &response);
  }
  return response;
}

absl::StatusOr<v1::ListAnchorsResponse> ListAnchorPage(rpc::CallContext& context,
                                                       const v1::ListAnchorsRequest& request) {
  ASSIGN_OR_RETURN(const int page_size, ResolvePageSize(request.page_size(), kMaxPage));
  ASSIGN_OR_RETURN(std::vector<std::string> key, DecodePageToken(request.page_token(), "anchors"));
  int64_t before = 0;
  if (!key.empty()) {
    std::from_chars(key[0].data(), key[0].data() + key[0].size(), before);
    if (key.size() != 1 || before <= 0) return InvalidField("page_token", "翻页标记无效");
  }
  ASSIGN_OR_RETURN(std::vector<Anchor> anchors, ListAnchors(context.db, before, page_size + 1));
  v1::ListAnchorsResponse response;
  for (const Anchor& anchor : anchors) {
    if (response.anchors_size() == page_size) {
      response.set_next_page_token(
          EncodePageToken({Cat(response.anchors(page_size - 1).anchor_no())}, "anchors"));
      break;
    }
    v1::Anchor* out = response.add_anchors();
    out->set_anchor_no(anchor.anchor_no);
    out->set_items(anchor.items);
    out->set_hash(HexEncode(anchor.hash));
    SetTime(anchor.taken_at, out->mutable_taken_at());
  }
  return response;
}

}  // namespace

void RegisterAuditService(rpc::Router& router, std::vector<SensitiveRecord> sensitive) {
  router.Unary<v1::ListHistoryRequest, v1::ListHistoryResponse>(
      "bangfu.audit.v1.AuditService.ListHistory", ListHistory);
  router.Unary<v1::VerifyAuditRequest, v1::VerifyAuditResponse>(
      "bangfu.audit.v1.AuditService.VerifyAudit", VerifyAudit);
  router.Unary<v1::ListAnchorsRequest, v1::ListAnchorsResponse>(
      "bangfu.audit.v1.AuditService.ListAnchors", ListAnchorPage);
  RegisterSearch(router);
  RegisterAccess(router, std::move(sensitive));
}

}  // namespace bangfu::audit

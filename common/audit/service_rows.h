// Entries, places and filters in the words of the contract; inside this room only.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bangfu/audit/v1/audit_service.pb.h"
#include "common/audit/search.h"
#include "common/audit/service.h"
#include "common/contract/time.h"
#include "common/rpc/call_context.h"
#include "common/status/error.h"

namespace bangfu::audit {

v1::AuditEntry ToProto(const Record& record, bool with_json);

// The caller under the grant by which he may act at that region.
Actor ActorAt(const rpc::CallContext& context, std::string_view region_path);
// "AuditService.ListAnchors" of a full method name.
std::string ActionOf(const rpc::CallContext& context);

// Both of a record's names or none; else INVALID_ARGUMENT.
absl::Status CheckRecord(const std::string& type, const std::string& id);
absl::StatusOr<std::optional<std::string>> RegionOf(const std::string& region_code);

// The filters that a search and an export have in common.
template <typename Request>
absl::StatusOr<Search> SearchOf(const rpc::CallContext& context, const Request& request) {
  Search search;
  search.scope = context.scope;
  absl::StatusOr<std::optional<std::string>> region = RegionOf(request.region_code());
  if (!region.ok()) return region.status();
  search.region = *region;
  search.subject = request.subject();
  search.delegated_by = request.delegated_by();
  search.aggregate_type = request.aggregate_type();
  if (!request.aggregate_id().empty()) {
    if (request.aggregate_type().empty()) {
      return InvalidField("aggregate_type", "对象类型与编号须同时填写").Build();
    }
    absl::StatusOr<Ulid> id = Ulid::Parse(request.aggregate_id());
    if (!id.ok()) return id.status();
    search.aggregate_id = *id;
  }
  search.action = request.action();
  if (request.has_from()) search.from = TimeOf(request.from());
  if (request.has_to()) search.to = TimeOf(request.to());
  return search;
}

// service_search.cc, service_access.cc
void RegisterSearch(rpc::Router& router);
void RegisterAccess(rpc::Router& router, std::vector<SensitiveRecord> sensitive);

}  // namespace bangfu::audit

// One step for many things (批量办理): the step's own handler is run for each item, in a
// transaction of its own and under a request id of its own, so that a refused item undoes no other,
// a repeated call gives the same answers, and what was refused is tried again.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bangfu/type/v1/common.pb.h"
#include "common/rpc/call_context.h"
#include "google/protobuf/message.h"

namespace bangfu::rpc {

// The id under which an item's step is stored: one per bulk call and item.
std::string ItemRequestId(std::string_view request_id, std::string_view item_id);

// The refusal as the step's own rpc would give it.
type::v1::Refusal RefusalOf(const absl::Status& status);

// A done item's result, read from the record that the step gave: its `etag` and `state`.
type::v1::BulkResult DoneItem(const std::string& id, const google::protobuf::Message& record);
type::v1::BulkResult RefusedItem(const std::string& id, const absl::Status& status);

// Whether a failure is the server's, not the item's: the call ends with it, and the same call again
// goes on where this one ended.
bool EndsBulk(const absl::Status& status);

// `step`: the full name of the single rpc, under which each item is audited; `common`: its request
// but for request_id, id and etag; `one`: its handler, StatusOr<Record>(CallContext&, Request).
//
//   RETURN_IF_ERROR(RunBulk(context, request, "bangfu.x.v1.XService.PassX", PassXRequest(), Pass,
//                           response.mutable_results()));
template <typename BulkRequest, typename Request, typename F>
absl::Status RunBulk(const CallContext& context, const BulkRequest& request, std::string_view step,
                     Request common, F one,
                     google::protobuf::RepeatedPtrField<type::v1::BulkResult>* results) {
  CallContext item_context = context;
  item_context.method = step;
  for (const type::v1::BulkItem& item : request.items()) {
    if (context.cancelled()) return absl::CancelledError("the caller has gone");
    common.set_request_id(ItemRequestId(request.request_id(), item.id()));
    common.set_id(item.id());
    common.set_etag(item.etag());
    const auto record = one(item_context, common);
    if (record.ok()) {
      *results->Add() = DoneItem(item.id(), *record);
    } else if (EndsBulk(record.status())) {
      return record.status();
    } else {
      *results->Add() = RefusedItem(item.id(), record.status());
    }
  }
  return absl::OkStatus();
}

}  // namespace bangfu::rpc

// One step for many things (批量办理), from the command line.
#pragma once

#include <algorithm>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bangfu/type/v1/common.pb.h"
#include "services/ctl/context.h"

namespace bangfu::ctl {

// What became of each item of a bulk step, and how many were done.
std::string RenderBulkResults(
    const google::protobuf::RepeatedPtrField<type::v1::BulkResult>& results);
// A failure when one was refused.
absl::Status BulkOutcome(const google::protobuf::RepeatedPtrField<type::v1::BulkResult>& results);

// What one bulk call takes.
inline constexpr size_t kBulkItems = 500;

// The step `method` of `service` for all of `ids`, in as many calls as it takes; `request` is
// without items. Prints a line for each.
template <typename Response, typename Request>
absl::Status RunMany(Context& context, std::string_view service, std::string_view method,
                     Request request, const std::vector<std::string>& ids) {
  Response all;
  const auto show = [&] {
    if (!context.PrintJson(all)) std::printf("%s", RenderBulkResults(all.results()).c_str());
  };
  for (size_t at = 0; at < ids.size(); at += kBulkItems) {
    request.set_request_id(Context::NewRequestId());
    request.clear_items();
    for (size_t i = at; i < std::min(ids.size(), at + kBulkItems); ++i) {
      request.add_items()->set_id(ids[i]);
    }
    const absl::StatusOr<Response> response = context.CallOn<Response>(service, method, request);
    if (!response.ok()) {
      // What the calls before it did is done: the caller is to see it.
      if (at > 0) show();
      return response.status();
    }
    all.MergeFrom(*response);
  }
  show();
  return BulkOutcome(all.results());
}

}  // namespace bangfu::ctl

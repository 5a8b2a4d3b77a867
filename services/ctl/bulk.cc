#include "services/ctl/bulk.h"

#include "common/base/strings.h"
#include "common/status/error.h"

namespace bangfu::ctl {

std::string RenderBulkResults(
    const google::protobuf::RepeatedPtrField<type::v1::BulkResult>& results) {
  std::string out;
  int done = 0;
  for (const type::v1::BulkResult& result : results) {
    done += result.done() ? 1 : 0;
    out += Cat(result.id(), "  ",
               result.done() ? result.state_zh() : Cat("未办理：", result.refusal().message_zh()),
               "\n");
  }
  return Cat(out, "共 ", results.size(), "，办理 ", done, "，未办理 ", results.size() - done, "\n");
}

absl::Status BulkOutcome(const google::protobuf::RepeatedPtrField<type::v1::BulkResult>& results) {
  for (const type::v1::BulkResult& result : results) {
    if (result.done()) continue;
    return Error(absl::StatusCode::kFailedPrecondition, "ITEMS_REFUSED").Zh("有未能办理的").Build();
  }
  return absl::OkStatus();
}

}  // namespace bangfu::ctl

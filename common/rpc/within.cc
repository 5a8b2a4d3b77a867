#include "common/rpc/within.h"

#include "common/base/random.h"
#include "common/base/strings.h"

namespace bangfu::rpc {

CallOptions Within(const CallContext& context) {
  CallOptions options;
  options.deadline = context.deadline;
  if (context.trace_id.size() == 32) {
    uint64_t span = SystemRandom();
    if (span == 0) span = 1;
    options.traceparent =
        Cat("00-", context.trace_id, "-", absl::Hex(span, absl::kZeroPad16), "-01");
  }
  return options;
}

}  // namespace bangfu::rpc

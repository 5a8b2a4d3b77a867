// What a closed campaign (结束) leaves in the inbox: an open item or more for each of up to 22,000
// villages, taken away in chunks that each commit with their cursor. The campaign is closed and its
// claims are gone by then, so that no step of a report makes new ones meanwhile. A clearing that
// was cancelled or failed is itself work (api/stopped_work.h).
#pragma once

#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "common/base/ulid.h"
#include "common/operation/operation.h"

namespace bangfu::registry {

struct ClosingOptions {
  int chunk = 500;  // villages of one transaction
  // Before each commit, with how many villages are done then: for tests that break off there.
  std::function<absl::Status(int64_t done)> before_commit = {};
};

// `ids` outlives the runner.
void RegisterCampaignClosing(operation::OperationRunner& runner, UlidGenerator& ids,
                             ClosingOptions options = {});

}  // namespace bangfu::registry

// Opening a campaign (开放): a report, a claim and an event for each of up to 22,000 villages, in
// chunks that each commit with their cursor. The county claims were taken when it began, so nothing
// else opens here meanwhile, and no step of a report is allowed before the last chunk.
#pragma once

#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "common/base/ulid.h"
#include "common/operation/operation.h"

namespace bangfu::registry {

struct OpeningOptions {
  int chunk = 500;  // villages of one transaction
  // Before each commit, with how many villages are done then: for tests that break off there.
  std::function<absl::Status(int64_t done)> before_commit = {};
};

// `ids` outlives the runner.
void RegisterCampaignOpening(operation::OperationRunner& runner, UlidGenerator& ids,
                             OpeningOptions options = {});

}  // namespace bangfu::registry

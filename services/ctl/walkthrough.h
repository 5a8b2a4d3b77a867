// The main job of the policy on one county, step by step through the public contracts.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "services/ctl/context.h"

namespace bangfu::ctl {

struct WalkthroughOptions {
  std::string county;
  std::string data;     // directory that deploy/sample/generate wrote
  std::string samples;  // directory of the published tables and the regions
  std::string period;   // YYYY-MM
  std::string output;   // where ledgers and mirrors are written
  // "report": inventory to publicity; "conclude": what comes after the publicity's days; "all".
  std::string phase = "all";
};

// A step that finds its work done says so and does nothing: running again repeats nothing.
absl::Status Walkthrough(const Context& context, const WalkthroughOptions& options);

}  // namespace bangfu::ctl

// The matcher of region names over the regions as they stand, rebuilt when one changes.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

#include "absl/status/statusor.h"
#include "common/mysql/session.h"
#include "common/printed/region_matcher.h"

namespace bangfu::registry {

class RegionIndex {
 public:
  // Thread safe. Asks the database whether a region changed (one short query).
  absl::StatusOr<std::shared_ptr<const printed::RegionMatcher>> Matcher(mysql::Executor& db);

 private:
  std::mutex mu_;
  std::pair<int64_t, int64_t> stamp_{-1, -1};
  std::shared_ptr<const printed::RegionMatcher> matcher_;
};

}  // namespace bangfu::registry

// What the asset service's events change here: the asset facts of projects.
#pragma once

#include <string>
#include <vector>

#include "common/feed/consumer.h"

namespace bangfu::evaluation {

std::vector<std::string> AssetAggregates();

class AssetEffects final : public feed::EffectHandler {
 public:
  absl::Status Apply(mysql::Tx& tx, const feed::Batch& batch) override;
  absl::Status FinishSnapshot(mysql::Tx& tx, const std::string& source,
                              int64_t generation) override;
};

}  // namespace bangfu::evaluation

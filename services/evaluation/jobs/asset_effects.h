// What the asset service's events change here: the asset facts of projects, what the chain links of
// county industries may rest on, and which assets have been disposed of.
#pragma once

#include <string>
#include <vector>

#include "common/base/ulid.h"
#include "common/feed/consumer.h"

namespace bangfu::evaluation {

std::vector<std::string> AssetAggregates();

class AssetEffects final : public feed::EffectHandler {
 public:
  // `ids` outlives the effects.
  explicit AssetEffects(UlidGenerator& ids) : ids_(ids) {}
  absl::Status Apply(mysql::Tx& tx, const feed::Batch& batch) override;
  absl::Status FinishSnapshot(mysql::Tx& tx, const std::string& source,
                              int64_t generation) override;

 private:
  UlidGenerator& ids_;
};

}  // namespace bangfu::evaluation

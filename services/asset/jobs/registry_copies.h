// Follows the registry's feed: keeps the read copies and what they change in the facts.
#pragma once

#include <string>
#include <vector>

#include "common/feed/consumer.h"

namespace bangfu::asset {

// Aggregate types of the registry that are followed.
std::vector<std::string> RegistryAggregates();

class RegistryCopies final : public feed::EffectHandler {
 public:
  absl::Status Apply(mysql::Tx& tx, const feed::Batch& batch) override;
  absl::Status FinishSnapshot(mysql::Tx& tx, const std::string& source,
                              int64_t generation) override;
};

}  // namespace bangfu::asset

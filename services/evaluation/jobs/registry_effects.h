// What the registry's events change here: subjects, facts and read copies.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "common/base/clock.h"
#include "common/base/ulid.h"
#include "common/feed/consumer.h"
#include "common/recode/tables.h"

namespace bangfu::evaluation {

inline constexpr char kFactsConsumer[] = "evaluation.facts";
inline constexpr char kRegistrySource[] = "registry";
inline constexpr char kAssetSource[] = "asset";

// The aggregate types that are asked for; the rest of the registry's feed is not ours.
std::vector<std::string> RegistryAggregates();

class RegistryEffects final : public feed::EffectHandler {
 public:
  // `ids` and `clock` outlive the handler. `parts`: what follows a region to another code.
  RegistryEffects(UlidGenerator& ids, recode::Parts parts, const Clock& clock)
      : ids_(ids), parts_(std::move(parts)), clock_(clock) {}
  absl::Status Apply(mysql::Tx& tx, const feed::Batch& batch) override;
  // Projects and industries that the source has no more are void here.
  absl::Status FinishSnapshot(mysql::Tx& tx, const std::string& source,
                              int64_t generation) override;

 private:
  UlidGenerator& ids_;
  const recode::Parts parts_;
  const Clock& clock_;
};

// Months of operation reports that are kept of a project.
inline constexpr int kReportMonthsKept = 36;

}  // namespace bangfu::evaluation

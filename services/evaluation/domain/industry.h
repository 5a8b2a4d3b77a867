// From the projects of an industry (county × industry) to the facts of the INDUSTRY subject (R079).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "services/evaluation/domain/criteria.h"
#include "services/evaluation/domain/explanation.h"
#include "services/evaluation/domain/facts.h"

namespace bangfu::evaluation {

// One project as it counts for its industry.
struct ProjectContribution {
  int64_t value_fen = 0;  // operating-asset original value; the weight
  Result result = Result::kUnspecified;
  std::vector<DimensionTrace> dimensions;
  std::string status;                  // D2-01 category; "" = unknown
  std::optional<int64_t> idle_months;  // D2-02
  std::optional<int64_t> margin_bp;    // D2-03
  std::optional<int64_t> received_bp;  // D3-02
};

// Reads what counts out of a project's explanation.
ProjectContribution ContributionOf(const Explanation& project, int64_t value_fen);

// Fills `industry` (whose D1 and D5 values come from industry-level facts): the aggregated
// dimensions, the status, the idle months (value-weighted median), the operating margin and the
// received share (value-weighted means), and the distribution of classes. Projects that are
// NOT_APPLICABLE count in the distribution only. Projects without any value weigh alike.
void AggregateIndustry(const CriteriaSet& criteria, std::span<const ProjectContribution> projects,
                       Snapshot& industry);

}  // namespace bangfu::evaluation

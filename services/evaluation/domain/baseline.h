// The provincial baseline, version 1. Every number is a placeholder for provincial confirmation.
#pragma once

#include "services/evaluation/domain/criteria.h"

namespace bangfu::evaluation {

// All five dimensions and 22 indicators.
CriteriaSet BaselineV1();

// BaselineV1 without D5-04 (highest open warning): what is activated as long as no source keeps
// warnings. Leaving the indicator out is a decision of the set; computing with a hole would be a
// guess of the engine.
CriteriaSet DefaultCriteria();

}  // namespace bangfu::evaluation

// The registry's code lists of measures, causes and override reasons, as the feed brought them.
#pragma once

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "common/mysql/session.h"
#include "services/evaluation/domain/measures.h"

namespace bangfu::evaluation {

// Lists of the registry, and the attributes of their codes:
//   MEASURE          class=REVITALIZE  category=POLICY  path=A  short_boards=CHAIN/BRAND,MARKETING
//                    any_cause=1  description_required=1
//   CAUSE            measures=RENT_RELIEF,CREDIT
//   OVERRIDE_REASON
// A measure without a class that is known is left out: no plan could take it. A 盘活 measure of an
// unknown category counts as OTHER (因地制宜).
absl::StatusOr<MeasureCatalogue> LoadMeasures(mysql::Executor& db, absl::CivilDay on);

}  // namespace bangfu::evaluation

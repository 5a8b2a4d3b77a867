// The progress figures (R003, R004, R005, R007) with their dates; shared by the ledger and the
// first screen.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/time/civil_time.h"
#include "bangfu/evaluation/v1/ledger_service.pb.h"
#include "common/mysql/session.h"
#include "services/evaluation/store/close_out_store.h"
#include "services/evaluation/store/rollup_store.h"

namespace bangfu::evaluation {

// The subjects of a type that have no class in force, by why: by their latest evaluation. With
// those that have one they are all there are.
struct Unclassified {
  int64_t insufficient_data = 0;
  int64_t manual_review = 0;
  int64_t not_applicable = 0;
  int64_t under_way = 0;  // one of the four classes, on its way into force
  int64_t not_evaluated = 0;
  // Not among them: stands in its class, while a later evaluation that came to no class waits.
  int64_t pending = 0;
};
Unclassified UnclassifiedOf(const UnitFigures& figures, int subject_type);

// Sums of the region that the figures are shares of.
struct ProgressInput {
  UnitFigures figures;
  CloseOuts close_outs;
};
// Queries of its own: the targets, what is due for re-evaluation, and the income of households (of
// a county or below out of the facts, above out of the nightly sums, in two where there are any).
absl::Status FillProgress(mysql::Executor& db, const std::string& region, absl::CivilDay today,
                          const ProgressInput& input,
                          google::protobuf::RepeatedPtrField<v1::ProgressFigure>* out);

}  // namespace bangfu::evaluation

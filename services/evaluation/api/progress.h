// The progress figures (R003, R004, R005, R007) with their dates; shared by the ledger and the
// first screen.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/time/civil_time.h"
#include "bangfu/evaluation/v1/ledger_service.pb.h"
#include "common/mysql/session.h"
#include "services/evaluation/store/close_out_store.h"
#include "services/evaluation/store/ledger_store.h"

namespace bangfu::evaluation {

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

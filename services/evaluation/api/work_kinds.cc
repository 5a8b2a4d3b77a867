#include "services/evaluation/api/work_kinds.h"

#include "common/inbox/stopped.h"
#include "common/period/work.h"
#include "common/publicity/work.h"
#include "services/evaluation/jobs/argument_work.h"
#include "services/evaluation/jobs/batch_evaluation.h"
#include "services/evaluation/jobs/criteria_work.h"
#include "services/evaluation/jobs/dispatch_work.h"
#include "services/evaluation/jobs/evaluation_work.h"
#include "services/evaluation/jobs/ledger_work.h"
#include "services/evaluation/jobs/outstanding_work.h"

namespace bangfu::evaluation {

std::vector<inbox::Kind> WorkKinds() {
  std::vector<inbox::Kind> kinds;
  for (const std::vector<inbox::Kind>& some :
       {EvaluationKinds(), ArgumentKinds(), LedgerKinds(), CriteriaKinds(), DispatchKinds(),
        OutstandingKinds(), publicity::WorkKinds(), period::WorkKinds()}) {
    kinds.insert(kinds.end(), some.begin(), some.end());
  }
  kinds.push_back(inbox::KindOf(StoppedBatch()));
  return kinds;
}

}  // namespace bangfu::evaluation

// What the handlers of this service share beside the CallContext (which gives the caller, the
// session, the clock and the ids).
#pragma once

#include <functional>

#include "bangfu/evaluation/v1/evaluation.pb.h"
#include "common/rpc/call_context.h"
#include "common/rpc/router.h"

namespace bangfu::operation {
class OperationRunner;
}

namespace bangfu::evaluation {

class Evaluator;

struct Deps {
  // Woken after the commit that starts an operation; may be null in tests.
  operation::OperationRunner* operations = nullptr;
  // Facts to evaluations; never null.
  Evaluator* evaluator = nullptr;
  // Fills allowed_actions of the evaluations for the caller on Get; empty: none are told.
  std::function<absl::Status(const rpc::CallContext&, const std::vector<v1::Evaluation*>&)>
      allowed_actions;
};

// Each registers the handlers of its rpcs. Deps is copied; what it points to outlives the router.
void RegisterCriteriaHandlers(rpc::Router& router, const Deps& deps);
void RegisterFactHandlers(rpc::Router& router, const Deps& deps);
// EvaluateSubjects, StartBatchEvaluation and the reads of EvaluationService.
void RegisterEvaluationHandlers(rpc::Router& router, const Deps& deps);
// The transitions of EvaluationService and the argument records (api/lifecycle_handlers.h).
void RegisterLifecycleHandlers(rpc::Router& router, const Deps& deps);
// DashboardService (api/dashboard_api.cc).
void RegisterDashboardHandlers(rpc::Router& router);
// LedgerService (api/ledger*.cc).
void RegisterLedgerHandlers(rpc::Router& router, const Deps& deps);

}  // namespace bangfu::evaluation

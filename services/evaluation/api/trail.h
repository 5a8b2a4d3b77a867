// Rows of the trail in a caller's name, for steps that write many at once.
#pragma once

#include <string>
#include <string_view>

#include "common/audit/audit.h"
#include "common/rpc/mutation.h"
#include "services/evaluation/jobs/ledger_entries.h"

namespace bangfu::evaluation {

// All but record, states and place.
inline audit::Entry TrailOfCaller(rpc::Mutation& m, std::string_view region_path) {
  const rpc::CallContext& context = m.context();
  audit::Entry entry;
  // "bangfu.evaluation.v1.EvaluationService.X" -> "EvaluationService.X".
  std::string_view action = context.method;
  if (const size_t dot = action.rfind('.'); dot != std::string_view::npos && dot > 0) {
    if (const size_t second = action.rfind('.', dot - 1); second != std::string_view::npos) {
      action.remove_prefix(second + 1);
    }
  }
  entry.action = action;
  entry.actor = m.ActorAt(region_path);
  entry.request_id = m.request_id();
  entry.source_system = context.caller.source_system;
  entry.client_ip = context.caller.client_ip;
  entry.occurred_at = context.now;
  return entry;
}

// `m` outlives what is returned.
inline ChangeAuthor AuthorOf(rpc::Mutation& m) {
  return {[&m](std::string_view region_path) { return TrailOfCaller(m, region_path); },
          m.context().ids, m.context().now, &m.context().caller};
}

}  // namespace bangfu::evaluation

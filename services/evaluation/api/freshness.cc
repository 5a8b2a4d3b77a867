#include "services/evaluation/api/freshness.h"

#include <utility>

#include "common/contract/access.h"
#include "common/feed/freshness.h"
#include "common/status/macros.h"
#include "services/evaluation/facts/parameters.h"
#include "services/evaluation/jobs/registry_effects.h"

namespace bangfu::evaluation {

namespace {

bool PinsItsSources(std::string_view method) {
  return method.ends_with(".EvaluateSubjects") || method.ends_with(".StartBatchEvaluation");
}

}  // namespace

void GuardWrites(rpc::Router& router, const std::vector<std::string>& services) {
  // A contract that cannot be read does not get past the server's start.
  absl::StatusOr<std::vector<contract::Method>> methods = contract::Catalogue(services);
  if (!methods.ok()) return;
  for (const contract::Method& method : *methods) {
    const std::string name(method.descriptor->full_name());
    auto found = router.handlers().find(name);
    if (!method.writes() || PinsItsSources(name) || found == router.handlers().end() ||
        !found->second.unary) {
      continue;
    }
    rpc::Handler guarded = found->second;
    guarded.unary = [inner = std::move(guarded.unary)](
                        rpc::CallContext& context, const google::protobuf::Message& request,
                        google::protobuf::Message* response) -> absl::Status {
      ASSIGN_OR_RETURN(const int64_t minutes, ReadParameter(context.db, kReferenceLagMinutes));
      RETURN_IF_ERROR(feed::CheckFresh(context.db, kFactsConsumer, kRegistrySource, context.now,
                                       absl::Minutes(minutes)));
      return inner(context, request, response);
    };
    router.Add(name, std::move(guarded));
  }
}

}  // namespace bangfu::evaluation

#include "services/evaluation/facts/parameters.h"

#include <optional>
#include <string>

#include "bangfu/registry/v1/reference.pb.h"
#include "common/status/macros.h"
#include "services/evaluation/store/reference_store.h"

namespace bangfu::evaluation {

absl::StatusOr<int64_t> ReadParameter(mysql::Executor& db, const ParameterDef& parameter) {
  ASSIGN_OR_RETURN(std::optional<ReferenceRow> row,
                   GetReference(db, kParameterRef, parameter.code));
  registry::v1::Parameter message;
  if (!row || !message.ParseFromString(row->payload)) return parameter.fallback;
  return message.value();
}

}  // namespace bangfu::evaluation

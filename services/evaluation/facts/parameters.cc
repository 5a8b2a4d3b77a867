#include "services/evaluation/facts/parameters.h"

#include <map>
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

absl::StatusOr<std::vector<int64_t>> ReadParameters(mysql::Executor& db,
                                                    const std::vector<ParameterDef>& parameters) {
  std::vector<std::string> codes;
  std::vector<int64_t> out;
  for (const ParameterDef& parameter : parameters) {
    codes.emplace_back(parameter.code);
    out.push_back(parameter.fallback);
  }
  ASSIGN_OR_RETURN(const std::vector<ReferenceRow> rows, LoadReferences(db, kParameterRef, codes));
  for (const ReferenceRow& row : rows) {
    registry::v1::Parameter message;
    if (!message.ParseFromString(row.payload)) continue;
    for (size_t i = 0; i < codes.size(); ++i) {
      if (codes[i] == row.key) out[i] = message.value();
    }
  }
  return out;
}

absl::StatusOr<DaysValue> ReadDays(mysql::Executor& db, const ParameterDef& parameter,
                                   bool working_by_default) {
  ASSIGN_OR_RETURN(std::optional<ReferenceRow> row,
                   GetReference(db, kParameterRef, parameter.code));
  registry::v1::Parameter message;
  if (!row || !message.ParseFromString(row->payload)) {
    return DaysValue{parameter.fallback, working_by_default};
  }
  if (message.day_kind() == registry::v1::DAY_KIND_UNSPECIFIED) {
    return DaysValue{message.value(), working_by_default};
  }
  return DaysValue{message.value(), message.day_kind() == registry::v1::DAY_KIND_WORKING};
}

}  // namespace bangfu::evaluation

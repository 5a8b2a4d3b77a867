// Small helpers of the stores; inside this folder only.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/strings.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"

namespace bangfu::evaluation {

inline std::optional<Ulid> OptId(const mysql::Row& row, size_t i) {
  if (row.IsNull(i)) return std::nullopt;
  return row.Id(i);
}

// "column IN (?, …)", adding the ids to `params`; "FALSE" for none.
inline std::string InClause(std::string_view column, const std::vector<Ulid>& ids,
                            mysql::Params* params) {
  if (ids.empty()) return "FALSE";
  for (const Ulid& id : ids) params->emplace_back(id);
  return Cat(column, " IN (", mysql::Placeholders(ids.size()), ")");
}
inline std::string InClause(std::string_view column, const std::vector<std::string>& values,
                            mysql::Params* params) {
  if (values.empty()) return "FALSE";
  for (const std::string& value : values) params->emplace_back(value);
  return Cat(column, " IN (", mysql::Placeholders(values.size()), ")");
}

// " AND (…)" for a scope; "" when everything is in it.
inline std::string AndScope(const std::optional<std::vector<std::string>>& scope,
                            std::string_view column, mysql::Params* params) {
  if (!scope) return "";
  return Cat(" AND ", mysql::RegionClause(*scope, column, params));
}

// What lies inside a county, as roll-ups count it: a path above counties stands for itself alone.
inline std::string InCounty(const std::string& county, std::string_view column,
                            mysql::Params* params) {
  constexpr size_t kCountyDigits = 6;
  if (county.size() >= kCountyDigits) return mysql::RegionClause({county}, column, params);
  params->emplace_back(county);
  return Cat(column, " = ?");
}

}  // namespace bangfu::evaluation

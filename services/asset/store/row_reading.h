// How rows are read and a page is asked for, by the files of this room.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"
#include "services/asset/store/page_key.h"

namespace bangfu::asset::store {

template <typename E>
int Number(E value) {
  return static_cast<int>(value);
}

inline std::optional<Ulid> OptId(const mysql::Row& r, size_t i) {
  if (r.IsNull(i)) return std::nullopt;
  return r.Id(i);
}

// "region in scope AND region in prefix AND behind the key ORDER BY region_path, id LIMIT n".
inline std::string Page(const std::vector<std::string>& scope, const std::string& region_prefix,
                        const std::string& conditions, mysql::Params conditions_params,
                        const PageKey& after, int limit, mysql::Params* params) {
  std::string sql = mysql::RegionClause(scope, "region_path", params);
  if (!region_prefix.empty()) {
    sql += " AND " + mysql::RegionClause({region_prefix}, "region_path", params);
  }
  sql += conditions;
  for (mysql::Param& p : conditions_params) params->push_back(std::move(p));
  if (after.id) {
    sql += " AND region_path >= ? AND (region_path > ? OR id > ?)";
    params->push_back(after.region_path);
    params->push_back(after.region_path);
    params->push_back(*after.id);
  }
  sql += " ORDER BY region_path, id LIMIT ?";
  params->push_back(limit);
  return sql;
}

template <typename T, typename F>
absl::StatusOr<std::vector<T>> Map(absl::StatusOr<mysql::Rows> rows, F from) {
  if (!rows.ok()) return rows.status();
  std::vector<T> out;
  out.reserve(rows->size());
  for (const mysql::Row& row : *rows) out.push_back(from(row));
  return out;
}

template <typename T, typename F>
absl::StatusOr<std::optional<T>> One(absl::StatusOr<mysql::Rows> rows, F from) {
  if (!rows.ok()) return rows.status();
  if (rows->empty()) return std::optional<T>();
  return std::optional<T>(from(rows->front()));
}

inline std::string ForUpdate(bool for_update) { return for_update ? " FOR UPDATE" : ""; }

}  // namespace bangfu::asset::store
